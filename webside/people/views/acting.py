"""Choosing for whom one acts, and taking an invitation to act for somebody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.accounts import acting
from webside.accounts.forms import PasswordForm
from webside.audit.services import record_guess, refuse
from webside.people import selectors, services


@never_cache
@require_safe
@login_required
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Show for whom the person may act here."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.on_behalf is not None:
        return (
            redirect("portal:home", slug=slug) if actor.on_behalf.stands else render(request, "people/acting_over.html")
        )
    choices = [
        {"delegation": each, "scopes": [selectors.SCOPE_NAMES.get(scope, scope) for scope in each.scopes]}
        for each in selectors.choices_of(actor)
    ]
    return render(request, "people/acting.html", {"choices": choices, "herself": selectors.patient_of(actor)})


@require_POST
def begin(request: HttpRequest, slug: str, delegation_id: UUID) -> HttpResponse:
    """Act for the patient of a grant from now on, in this browser."""
    actor = request.actor  # type: ignore[attr-defined]
    chosen = next((each for each in selectors.choices_of(actor) if each.id == delegation_id), None)
    if chosen is None or actor.on_behalf is not None:
        refuse("people.delegation.begin", actor=actor, target_type="Delegation", target_id=delegation_id)
    acting.begin(request, services.begin_acting(actor=actor, delegation=chosen))
    return redirect("portal:home", slug=slug)


@require_POST
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Act for oneself again."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.on_behalf is not None:
        services.stop_acting(actor=actor)
        acting.end(request)
    return redirect("portal:start")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Say yes to acting for somebody: choose a password, or sign in to the account that is there."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        invitation = services.open_invitation(token)
    except services.InvitationGone:
        record_guess("people.delegation.guess", actor=actor)
        return render(request, "people/invitation_gone.html", status=404)
    signed_in = request.user.is_authenticated
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not (signed_in or form.is_valid()):
        return _page(request, invitation, form)
    try:
        user = services.accept_delegation(
            actor=actor, token=token, password=None if signed_in else form.cleaned_data["password"]
        )
    except services.NotAllowed:
        form.errors.pop("password", None)
        form.add_error(
            None,
            _("This invitation is for another address. Sign out, then open the link again.")
            if signed_in
            else _("There is an account for this address. Sign in to it, then open the link again."),
        )
        return _page(request, invitation, form)
    messages.success(request, _("You can act for %(name)s now.") % {"name": invitation.patient.full_name})
    after = reverse("people:acting", args=[slug])
    if signed_in:
        return redirect(after)
    record_authentication(request, user, method="password", email=user.email)
    return perform_login(request, user, redirect_url=after)


def _page(request: HttpRequest, invitation: Any, form: PasswordForm) -> HttpResponse:
    context = {
        "invitation": invitation,
        "form": form,
        "scopes": [selectors.SCOPE_NAMES.get(scope, scope) for scope in invitation.scopes],
    }
    return render(request, "people/invitation_accept.html", context, status=422 if form.errors else 200)
