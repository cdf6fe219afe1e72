"""What both sides share: the room, where somebody belongs, the chat, a visit that may not begin, its end."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.accounts import doors
from webside.audit.services import refuse
from webside.catalog import law
from webside.core.decisions import Reason
from webside.people.codes import Scope
from webside.scheduling.selectors import ABOUT_LICENCES, door_proof
from webside.visits import panels, policies, selectors, services
from webside.visits.codes import EndReason, ParticipantRole, Stage
from webside.visits.views import _talk as talk
from webside.visits.views import clinician, destination, people
from webside.visits.views._guard import GivenAway, Page, page_of
from webside.visits.views._keeping import questions


# Compressed, as few other pages are: a call is opened on thin lines. Whoever measures lengths learns little of what is secret in
# it: Django pads them by chance and draws each token anew, and no other site's request carries the session.
@gzip_page
@never_cache
@require_GET
def room(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Show the call to whoever belongs in it; the clinician's side also shows the door before it."""
    try:
        page = page_of(request, slug, visit_id, leads_on=True)
    except GivenAway as given:
        return redirect(given.url)
    if page.belongs_on != "visit-room":
        return page.go_on()
    if page.role is ParticipantRole.CLINICIAN:
        return clinician.room(page)
    there = people.room_people(page)
    chat_lines = talk.lines_for(page.visit, page.zone, slug=slug, role=page.role)
    return page.render(
        "visits/visit_room_patient.html",
        **there,
        chat=chat_lines,
        **talk.sending("visit", slug, visit_id),
        **(questions(page) if any(line["file"] for line in chat_lines) else {}),
        follow_url=f"{page.url('visit-where')}?page=visit-room",
        ended_url=page.url("visit-ended"),
        chat_url=page.url("visit-chat"),
        ticket=f"{reverse('realtime:ticket-mint', args=[slug])}?topic=visit:{page.visit.id}",
        main_role=ParticipantRole.CLINICIAN.value,
        ice_policy=talk.ice_policy(),
        chat_key=uuid4(),
        came_from=_came_from(page),
    )


@never_cache
@require_GET
def who(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say to the patient who goes on with the visit where it was handed over, as a fragment."""
    page = page_of(request, slug, visit_id, ParticipantRole.PATIENT)
    return page.render("visits/_came.html", came_from=_came_from(page))


def _came_from(page: Page) -> str:
    """Return who handed the visit over; mostly nobody, which the appointment says without a look."""
    return selectors.came_from(page.visit) if page.visit.appointment.doors_since is not None else ""


@never_cache
@require_GET
def where(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say on which page somebody belongs; a page that isn't it goes there."""
    try:
        page = page_of(request, slug, visit_id, leads_on=True)
    except GivenAway as given:
        return render(request, "visits/_where.html", {"url": given.url, "elsewhere": True})
    shown = request.GET.get("page", "visit-room")
    url = destination.url_of(slug, page.visit, page.role)
    elsewhere = page.belongs_on != shown
    if page.role is ParticipantRole.PATIENT and not elsewhere and (summary := _summary_url(page)):
        url, elsewhere = summary, True
    return render(request, "visits/_where.html", {"url": url, "elsewhere": elsewhere})


def _summary_url(page: Page) -> str:
    """Return the path of the patient's summary once the note is signed, else nothing; nothing for who may not read it."""
    if not page.actor.may(Scope.SUMMARIES):
        return ""
    encounter = selectors.signed_encounter(page.visit)
    if encounter is None or selectors.stage_of(page.visit) is not Stage.ENDED:
        return ""
    return reverse("chart:encounter-summary", args=[page.slug, encounter.id])


# Chat


@never_cache
@require_http_methods(["GET", "POST"])
def chat(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Read the chat as a fragment, or write a line. The same ``key`` writes one line, however often it comes."""
    page = page_of(request, slug, visit_id)
    if request.method == "GET":
        if not policies.can_read_chat(page.actor, page.visit):
            return page.go_on()
        return page.render("visits/_chat.html", chat=talk.lines_for(page.visit, page.zone, slug=slug, role=page.role))
    return talk.write(request, page.actor, page.visit, back=page.url("visit-room"), elsewhere=page.go_on)


# A visit that may not begin


@never_cache
@require_GET
def stopped(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say to both sides why a visit may not begin, and what they can do now."""
    page = page_of(request, slug, visit_id)
    if selectors.stage_of(page.visit) is not Stage.STOPPED:
        return page.go_on()
    context = stopped_context(page)
    if page.role is ParticipantRole.CLINICIAN:
        clinician.note_look(page)
        context |= {"card": selectors.emergency_card(page.visit)}
        return page.render("visits/visit_blocked.html", **context)
    return page.render("visits/visit_stopped.html", **context)


def stopped_context(page: Page) -> dict[str, Any]:
    """Return why a visit was stopped and the colleague who may hold it."""
    visit = page.visit
    found = visit.stopped_by or {}
    findings = found.get("findings", [])
    start = selectors.safe_start_of(visit)
    # Another time with another person is a booking: who acts for her and may not book is offered none.
    slot = selectors.colleague_for(visit) if page.actor.may(Scope.APPOINTMENTS) else None
    state = selectors.state_name(found.get("state", ""))
    codes = [reason["code"] for finding in findings for reason in finding["reasons"]]
    return {
        "findings": findings,
        "why": [why for found in findings for why in _told(visit, found, state)],
        "state": state,
        "asked_at": datetime.fromisoformat(found["at"]) if found.get("at") else None,
        "about_place": any(code.startswith(ABOUT_LICENCES) for code in codes),
        "lacks_guardian": law.lacks_guardian(codes),
        "unsure": bool(findings) and all(finding["outcome"] == "not_checked" for finding in findings),
        "slot": slot,
        "slot_value": slot.start.isoformat() if slot else "",
        "licensed": sorted(selectors.licensed_state_names(visit)),
        "booked_state": selectors.state_name(visit.appointment.patient_state),
        "start": start,
    }


def _told(visit: Any, finding: dict[str, Any], state: str) -> list[dict[str, str]]:
    """Return why a visit was stopped, as kept, in the reader's language."""
    reasons = [Reason(**why) for why in finding["reasons"]]
    who = visit.appointment.practitioner.display_name
    kept = [{"text": finding["text"], "lang": "", "source": ""}]
    return law.told_reasons(finding["gate"], reasons, who=who, place=state) or kept


@never_cache
@require_POST
def hand_over(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Give the visit to the colleague who was offered."""
    page = page_of(request, slug, visit_id)
    try:
        visit = services.hand_over(
            actor=page.actor, visit=page.visit, practitioner_id=UUID(request.POST.get("practitioner", "")),
            start=datetime.fromisoformat(request.POST.get("start", "")),
        )  # fmt: skip
    except (services.NotOffered, ValueError):
        messages.error(request, _("That time is gone. Here is what is free now."))
        return redirect(page.url("visit-stopped"))
    except services.WrongStage:
        return page.go_on()
    except services.NotAllowed:
        refuse("visits.visit.hand-over", actor=page.actor, target_type="Visit", target_id=visit_id)
    who = visit.appointment.practitioner.display_name
    if page.role is ParticipantRole.CLINICIAN:
        name = visit.appointment.patient.full_name
        said = _("%(who)s has %(name)s’s visit now. The check-in went along.") % {"who": who, "name": name}
        messages.success(request, said)
        return redirect(clinician.day_url(slug))
    messages.success(request, _("Your visit is with %(who)s now. You don’t have to start again.") % {"who": who})
    page.visit = visit
    doors.renew(request, subject_id=visit.appointment_id, proof=door_proof(visit.appointment))
    return page.go_on()


# The end


@never_cache
@require_GET
def ended(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say how a visit ended and what comes next. To whoever left a call that goes on: that she is out of it."""
    page = page_of(request, slug, visit_id)
    stage = selectors.stage_of(page.visit)
    if stage is Stage.ROOM and page.role is ParticipantRole.PATIENT:
        return page.render("visits/visit_left.html", room_url=page.url("visit-room"))
    if stage not in (Stage.ENDED, Stage.CANCELLED) or selectors.is_back_in_line(page.visit):
        return page.go_on()
    if page.role is ParticipantRole.CLINICIAN:
        return clinician.ended(page)
    if summary := _summary_url(page):
        return redirect(summary)
    after = {**panels.follow_up(page.visit, page.actor), **panels.survey(page.visit)}
    return page.render(
        "visits/visit_ended.html",
        **after,
        cancelled=stage is Stage.CANCELLED,
        failed=page.visit.end_reason == EndReason.TECHNICAL,
        missed=page.visit.end_reason == EndReason.NOSHOW,
        **questions(page),
        facts=selectors.call_facts(page.visit),
        start=selectors.safe_start_of(page.visit),
        service_url=page.service_url,
    )
