"""What visits show on other apps' pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext

from webside.catalog.gates import Case
from webside.chart.models import Encounter
from webside.core import clock
from webside.people.codes import Scope
from webside.scheduling.models import Appointment
from webside.ui import panels
from webside.visits import policies, rules, selectors, services
from webside.visits.codes import FOLLOW_UP_DAYS, ParticipantRole, Stage, VisitStatus


def after_the_visit(request: HttpRequest, encounter: Encounter, **_: Any) -> str:
    """Draw what a patient can do now, beside her summary; nothing for whoever else reads it."""
    actor = request.actor  # type: ignore[attr-defined]
    for_others = actor.is_staff and encounter.patient.user_id != actor.user_id
    if encounter.appointment_id is None or for_others:
        return ""
    visit = selectors.visit_afterwards(actor, encounter.appointment_id)
    if visit is None or policies.role_in(actor, visit) is not ParticipantRole.PATIENT:
        return ""
    appointment = visit.appointment
    context = {
        "visit": visit,
        "practitioner": appointment.practitioner,
        "service": appointment.service,
        "zone": appointment.patient_timezone,
        **follow_up(visit, actor),
        **survey(visit),
    }
    return render_to_string("visits/_afterwards.html", context, request)


def before_signing(request: HttpRequest, encounter: Encounter, case: Case, **_: Any) -> str:
    """Let the clinician propose when to meet again, on the page before signing; what the gates have read is not read again."""
    actor, visit = request.actor, selectors.room_of(case)  # type: ignore[attr-defined]
    if visit is None or encounter.practitioner.user_id != actor.user_id:
        return ""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    context = {**proposal(slug, visit, request.path), "zone": request.tenant.timezone}  # type: ignore[attr-defined]
    return render_to_string("visits/_propose.html", context, request)


def survey(visit: Any) -> dict[str, Any]:
    """Return what ``_survey.html`` shows a patient: whether she is asked, and whether she has answered."""
    if not selectors.was_held(visit):
        return {}
    said = selectors.survey_of(visit)
    at = said["answered_at"] if said else None
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return {"survey_asked": rules.survey_is_open(at, clock.now()), "survey_said": said is not None}


def follow_up(visit: Any, actor: Any) -> dict[str, Any]:
    """Return what ``_follow_up.html`` shows a patient: what was proposed, what is free around then, or what is booked."""
    found = selectors.follow_up_of(visit)
    if found is None or visit.status not in (VisitStatus.FINISHED, VisitStatus.IN_PROGRESS):
        return {}
    context: dict[str, Any] = {"follow_up": found, "in_words": in_words(found.days)}
    if selectors.is_booked(found):
        return context | {"again": found.appointment}
    if not actor.may(Scope.APPOINTMENTS):
        return context
    times = selectors.follow_up_times(visit, found)
    return context | {"best": _choice(times.best), "others": [_choice(slot) for slot in times.others], "may_book": True}


def _choice(slot: Any) -> dict[str, Any] | None:
    return {"start": slot.start, "value": slot.start.isoformat()} if slot else None


def in_words(days: int) -> str:
    """Return a proposal in words: "in 2 weeks"."""
    weeks = days // 7
    return ngettext("in %(weeks)d week", "in %(weeks)d weeks", weeks) % {"weeks": weeks}


def proposal(slug: str, visit: Any, back: str) -> dict[str, Any]:
    """Return what ``_propose.html`` shows a clinician."""
    found = selectors.follow_up_of(visit)
    return {
        "propose_url": reverse("visits:visit-propose", args=[slug, visit.id]),
        "follow_up": found,
        "again": found.appointment if found is not None and selectors.is_booked(found) else None,
        "choices": [{"value": days, "text": in_words(days)} for days in FOLLOW_UP_DAYS],
        "in_words": in_words(found.days) if found else "",
        "back": back,
    }


def way_by_phone(request: HttpRequest, appointment: Appointment, **_: Any) -> str:
    """Draw how the patient comes into a booked visit by phone, on the page of her booking; nothing for whoever else reads it."""
    actor, slug = request.actor, request.tenant.slug  # type: ignore[attr-defined]
    if not services.has_line(slug) or not policies.is_patients(actor, appointment):
        return ""
    seat = selectors.patients_seat(appointment.id)
    seat = seat or selectors.participants(services.open_visit(appointment=appointment))[ParticipantRole.PATIENT]
    dial = services.dial_in(seat=seat, clinic=slug)
    context = {"by_phone": {"dial": dial}, "practitioner": appointment.practitioner}
    return render_to_string("visits/_way_by_phone.html", context, request)


def calls_beside(request: HttpRequest, visit: Any, **_: Any) -> str:
    """Draw where the calls of a visit are shown beside it; the part fetches itself, so that the page asks for nothing more."""
    if not services.has_line(request.tenant.slug) or not policies.can_run_visit(request.actor, visit):  # type: ignore[attr-defined]
        return ""
    return render_to_string("visits/_phone_in_room.html", {"visit": visit}, request)


def helping_site(request: HttpRequest, visit: Any, **_: Any) -> str:
    """Draw, at the door and beside the call, the place where the patient is helped: who sits there, what the room has.

    One press asks who sits there into the visit, by a link of their own.
    """
    start = selectors.safe_start_of(visit)
    if start is None or start.site_id is None or not policies.can_run_visit(request.actor, visit):  # type: ignore[attr-defined]
        return ""
    context = {
        "visit": visit,
        "patient": visit.appointment.patient,
        "start": start,
        "kind": selectors.kind_name(start.site_kind),
        "kit": selectors.kit_names(start.site_kit),
        "presenter": selectors.presenter_name(start.presenter_role),
        "asked": bool(start.nearby_name) and selectors.presenter_asked(visit),
        "may_ask": selectors.stage_of(visit) in (Stage.WAITING, Stage.ROOM),
    }
    return render_to_string("visits/_site.html", context, request)


def left_undone(request: HttpRequest, **_: Any) -> str:
    """Draw what nobody has answered in time, on the page of who is on call: not whom it is about."""
    actor = request.actor  # type: ignore[attr-defined]
    hand_overs = selectors.left_unanswered(actor)
    if hand_overs is None:
        return ""
    context = {
        "helps": [each for each in selectors.open_help(actor) if each.alarms],
        "hand_overs": hand_overs,
        "zone": request.tenant.timezone,  # type: ignore[attr-defined]
    }
    return render_to_string("visits/_left_undone.html", context, request)


def register() -> None:
    """Fill the slots."""
    panels.register("chart.summary", "visits.afterwards", after_the_visit, order=20)
    panels.register("visits.beside", "visits.phone", calls_beside, order=5)
    panels.register("visits.door", "visits.site", helping_site, order=5)
    panels.register("visits.beside", "visits.site", helping_site, order=3)
    panels.register("scheduling.appointment", "visits.phone", way_by_phone)
    panels.register("scheduling.on-call", "visits.left-undone", left_undone)
    panels.register("chart.sign.codes", "visits.propose", before_signing, order=40)
