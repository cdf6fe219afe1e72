"""Something is wrong: the patient says so, and the front desk takes it and answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.audit.services import record, refuse
from webside.scheduling.registry import screened
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.visits import policies, selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.forms import HelpAnswerForm, HelpForm
from webside.visits.views._guard import Page, page_of


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say what to do in an emergency, take a few words, and say truly whether somebody has them. ``part=state``: only that."""
    page = page_of(request, slug, visit_id, ParticipantRole.PATIENT)
    if request.method == "POST":
        return _ask(page)
    if request.GET.get("part") == "state":
        return page.render("visits/_help_state.html", **_state(page))
    kept = kept_for(request)
    start = selectors.safe_start_of(page.visit)
    # Whoever shows a link alone types the number: what stands in the check-in is not told to a forwarded e-mail.
    known = start.phone if start is not None and not page.actor.only_by_link else ""
    form = HelpForm(kept.data if kept else None, initial={"key": uuid4().hex, "phone": known})
    too_many = bool(kept and kept.trouble == "too-many")
    return page.render(
        "visits/visit_help.html", form=form, too_many=too_many, back_url=page.url(page.belongs_on), **_state(page)
    )


def _ask(page: Page) -> HttpResponse:
    form = HelpForm(page.request.POST)
    if not form.is_valid():
        return ask_again(page.request, Kept.of(form))
    data = form.cleaned_data
    try:
        services.ask_for_help(
            actor=page.actor, visit=page.visit, words=data["words"], phone=data["phone"], client_key=data["key"]
        )
    except services.TooMany:
        return ask_again(page.request, Kept.of(form, trouble="too-many"))
    except ValueError:
        return ask_again(page.request, Kept.of(form))
    forget(page.request)
    messages.success(page.request, _("It is with the front desk now."))
    return redirect(f"{page.url('visit-help')}#state")


def _state(page: Page) -> dict[str, Any]:
    requests = selectors.help_of(page.visit)
    # What sounds dangerous is sent all the same: a program that misreads must hold nothing back. It says 911 besides.
    urgent = any(found.danger for each in requests if each.answered_at is None for found in screened(each.words))
    return {
        "requests": requests,
        "urgent": urgent,
        "state_url": f"{page.url('visit-help')}?part=state",
    }


# The front desk, and who is on call


def _only_desk(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_answer_help(actor):
        refuse("visits.help.refuse", actor=actor)
    return actor


@never_cache
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who said that something is wrong: what is open first. ``part=list`` gives the part that follows what changes."""
    actor, tenant = _only_desk(request), request.tenant  # type: ignore[attr-defined]
    waiting, answered = selectors.open_help(actor), selectors.answered_help(actor)
    if request.GET.get("part") != "list" and (waiting or answered):
        record("visits.help.read", actor=actor, ground=policies.ground_of_help(actor),
               changes={"requests": [str(each.id) for each in (*waiting, *answered)]})  # fmt: skip
    context = {
        "waiting": waiting,
        "answered": answered,
        "zone": tenant.timezone,
        "live_topic": f"tenant:{tenant.id}",
    }
    template = "visits/_help_list.html" if request.GET.get("part") == "list" else "visits/help_list.html"
    return render(request, template, context)


@never_cache
@require_POST
def take(request: HttpRequest, slug: str, help_id: UUID) -> HttpResponse:
    """Note that one looks after a request; ``over`` takes it from a colleague."""
    actor = _only_desk(request)
    try:
        found = services.take_help(actor=actor, help_id=help_id, over=request.POST.get("over") == "1")
    except services.TakenAlready as taken:
        messages.error(request, _("%(who)s has it already. Press Take over if you do it instead.") % {"who": taken.by})
    except services.NotAllowed:
        refuse("visits.help.refuse", actor=actor, target_type="HelpRequest", target_id=help_id)
    else:
        if found.answered_at is None:
            messages.success(request, _("It is yours. The patient reads that you have it."))
        else:
            messages.info(request, _("It was answered meanwhile."))
    return redirect(reverse("visits:help-list", args=[slug]))


@never_cache
@require_POST
def answer(request: HttpRequest, slug: str, help_id: UUID) -> HttpResponse:
    """Note what was done and close a request."""
    actor = _only_desk(request)
    form = HelpAnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what was done. Then it is closed."))
        return redirect(reverse("visits:help-list", args=[slug]))
    try:
        services.answer_help(actor=actor, help_id=help_id, answer=form.cleaned_data["answer"])
    except services.NotAllowed:
        refuse("visits.help.refuse", actor=actor, target_type="HelpRequest", target_id=help_id)
    messages.success(request, _("Noted as answered. The patient reads it too."))
    return redirect(reverse("visits:help-list", args=[slug]))
