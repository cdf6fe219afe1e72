"""The administrator's pages about staff, and the page that an invitation opens."""

from __future__ import annotations

from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webside.accounts import selectors, services
from webside.accounts.forms import ROLE_NAMES, InvitationForm, MembershipForm, PasswordForm
from webside.accounts.views._guard import administrator, not_here
from webside.core import frames
from webside.core.actor import Actor, Role


def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who works here and who is invited."""
    actor = administrator(request)
    staff = [
        {
            "membership": each,
            "roles": ", ".join(str(ROLE_NAMES[Role(role)]) for role in each.roles if role in ROLE_NAMES),
        }
        for each in selectors.staff_of(actor)
    ]
    return render(
        request, "accounts/staff_list.html", {"staff": staff, "invitations": selectors.open_invitations(actor)}
    )


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite a colleague."""
    actor = administrator(request)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.invite_staff(
            actor=actor,
            link_to=lambda token: request.build_absolute_uri(reverse("accounts:invitation-accept", args=[token])),
            **form.cleaned_data,
        )
        messages.success(request, _("The invitation is on its way. The link works for 7 days."))
        return redirect("accounts:staff-list", slug=slug)
    return render(request, "accounts/staff_invite.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, slug: str, membership_id: UUID) -> HttpResponse:
    """Change what a colleague may do."""
    actor = administrator(request)
    membership = selectors.staff_of(actor).filter(id=membership_id).first()
    if membership is None:
        not_here(actor, "Membership", membership_id)
    form = MembershipForm(request.POST or None, initial={"roles": membership.roles, "active": membership.active})
    if request.method == "POST" and form.is_valid():
        try:
            services.change_membership(actor=actor, membership=membership, **form.cleaned_data)
        except services.LastAdministrator:
            form.add_error(None, _("Somebody must stay administrator. Make a colleague administrator first."))
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:staff-list", slug=slug)
    return render(
        request,
        "accounts/staff_detail.html",
        {"form": form, "membership": membership},
        status=422 if form.errors else 200,
    )


@require_POST
def revoke(request: HttpRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    actor = administrator(request)
    invitation = selectors.open_invitations(actor).filter(id=invitation_id).first()
    if invitation is None:
        not_here(actor, "Invitation", invitation_id)
    services.revoke_invitation(actor=actor, invitation=invitation)
    messages.success(request, _("The invitation no longer works."))
    return redirect("accounts:staff-list", slug=slug)


@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Take an invitation: choose a password, or sign in to the account that is there."""
    try:
        invitation = services.open_invitation(token)
    except services.InvitationGone:
        return render(request, "accounts/invitation_gone.html", status=404)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = PasswordForm(request.POST if request.method == "POST" else None)
    signed_in = request.user.is_authenticated
    if request.method == "POST" and (signed_in or form.is_valid()):
        with frames.begin(tenant_id=invitation.tenant_id, actor=actor):
            try:
                user = services.accept_invitation(
                    actor=actor, token=token, password=None if signed_in else form.cleaned_data["password"]
                )
            except services.NotAllowed:
                form.errors.pop("password", None)  # nobody who is signed in is asked for one
                form.add_error(
                    None,
                    _("This invitation is for another address. Sign out, then open the link again.")
                    if signed_in
                    else _("There is an account for this address. Sign in to it, then open the link again."),
                )
                return render(
                    request, "accounts/invitation_accept.html", {"invitation": invitation, "form": form}, status=422
                )
        messages.success(request, _("Welcome to %(clinic)s.") % {"clinic": invitation.tenant.name})
        if signed_in:
            return redirect("portal:start")
        # The link and the new password have shown who it is: nobody is asked for either a second time.
        record_authentication(request, user, method="password", email=user.email)
        return perform_login(request, user, redirect_url=reverse("portal:start"))
    return render(
        request,
        "accounts/invitation_accept.html",
        {"invitation": invitation, "form": form},
        status=422 if form.errors else 200,
    )
