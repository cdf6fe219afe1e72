"""What follows a visit: the proposed follow-up and its times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import first, prepared
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.selectors import Slot
from webside.visits import policies, rules
from webside.visits.codes import MAIN, EndReason, ParticipantRole
from webside.visits.models import FollowUp, QualitySample, SurveyAnswer, Visit
from webside.visits.rules import ConnectionReport, Sample
from webside.visits.selectors.rooms import came_with_guardian

SOONER = timedelta(days=4)
LATER = timedelta(days=10)
"""So much before and after the day that the clinician named, a free time still counts as around then."""
NOTICE = timedelta(hours=1)
"""A follow-up is offered no sooner than this."""
OFFERED = 3


def visit_afterwards(actor: Actor, visit_id: UUID) -> Visit | None:
    """Return a visit that the actor may see with what follows it, in one query; nothing if there is none for them."""
    return first(_afterwards(actor=actor, visit=visit_id))


@prepared
def _afterwards(actor: Actor, visit: UUID) -> QuerySet[Visit]:
    said = JSONObject(call="call", purpose="purpose", words="words", answered_at="answered_at")
    answers = _surveys().filter(participant__visit=OuterRef("pk")).order_by().annotate(_row=said).values("_row")
    found = Visit.objects.select_related(
        "appointment__patient", "appointment__practitioner", "appointment__service", "follow_up__appointment"
    ).annotate(survey=ArraySubquery(answers))
    return policies.visible_visits(actor, found).filter(id=visit).order_by()


def was_held(visit: Visit) -> bool:
    """Whether a visit took place, or was tried and did not work: then she may say how it was."""
    return visit.end_reason in (EndReason.COMPLETED, EndReason.TECHNICAL)


def survey_of(visit: Visit) -> dict[str, Any] | None:
    """Return what the patient said of a visit (``call``, ``purpose``, ``words``, ``answered_at``), or nothing."""
    if hasattr(visit, "survey"):
        return visit.survey[0] if visit.survey else None
    return next(iter(_surveys().filter(participant__visit=visit)), None)


def _surveys() -> QuerySet[SurveyAnswer, dict[str, Any]]:
    answers = SurveyAnswer.objects.filter(participant__role=ParticipantRole.PATIENT)
    return answers.values("call", "purpose", "words", "answered_at")


def follow_up_of(visit: Visit) -> FollowUp | None:
    """Return what was proposed after a visit, if anything was."""
    return getattr(visit, "follow_up", None)


def is_booked(follow_up: FollowUp | None) -> bool:
    """Whether the follow-up is booked and was not cancelled."""
    return follow_up is not None and follow_up.appointment is not None and follow_up.appointment.status in HOLDS_TIME


def follow_up_day(visit: Visit, follow_up: FollowUp) -> datetime:
    """Return the moment that the clinician named: so many days on, at the same time on the patient's clock."""
    zone = ZoneInfo(visit.appointment.patient_timezone)
    return visit.appointment.start.astimezone(zone) + timedelta(days=follow_up.days)


def is_near(visit: Visit, follow_up: FollowUp, start: datetime) -> bool:
    """Whether a time is around the day that the clinician named."""
    wanted = follow_up_day(visit, follow_up)
    return max(wanted - SOONER, clock.now()) <= start <= min(wanted + LATER, _horizon())


def _horizon() -> datetime:
    """Return until when ``scheduling`` books."""
    return clock.now() + timedelta(days=scheduling.LOOK_AHEAD_DAYS)


def connection_reports(visit: Visit) -> dict[ParticipantRole, ConnectionReport]:
    """Return how the call of the two people of a visit arrived at each side, in one query. Who sent no numbers has none."""
    rows = QualitySample.objects.filter(
        Q(peer=None) | Q(peer__role__in=MAIN), participant__visit=visit, participant__role__in=MAIN
    ).order_by("taken_at", "id")
    sides: dict[ParticipantRole, list[Sample]] = {}
    for role, seconds, sound, picture, digest in rows.values_list(
        "participant__role", "seconds", "sound_seconds", "picture_seconds", "digest"
    ):
        sides.setdefault(ParticipantRole(role), []).append(
            Sample(
                seconds=seconds, sound=sound, picture=picture, broken=digest.get("broken_s") or 0.0,
                concealed=digest.get("concealed_pct"), rtt=digest.get("rtt_ms"),
                reconnects=int(digest.get("reconnects") or 0),
            )
        )  # fmt: skip
    on = (visit.started_at or visit.appointment.start).date()
    found = {role: rules.connection_report(samples, on) for role, samples in sides.items()}
    return {role: report for role, report in found.items() if report is not None}


@dataclass(frozen=True, slots=True)
class FollowUpTimes:
    """The free time nearest to what was proposed, and others around then, on other days where there are any."""

    best: Slot | None
    others: list[Slot]


def follow_up_times(visit: Visit, follow_up: FollowUp) -> FollowUpTimes:
    """Return the times that the patient may choose: with the same person, where the law lets them, when she is free."""
    appointment = visit.appointment
    wanted = follow_up_day(visit, follow_up)
    since = max(wanted - SOONER, clock.now() + NOTICE)
    days = (min(wanted + LATER, _horizon()) - since).days
    if days <= 0:
        return FollowUpTimes(None, [])
    free = scheduling.free_slots(
        service=appointment.service, state=appointment.patient_state, since=since, days=days,
        practitioner=appointment.practitioner, patient=appointment.patient, guardian=came_with_guardian(visit),
        free_for=appointment.patient,
    )  # fmt: skip
    return _chosen(free, wanted, ZoneInfo(appointment.patient_timezone))


def _chosen(free: list[Slot], wanted: datetime, zone: ZoneInfo) -> FollowUpTimes:
    by_nearness = sorted(free, key=lambda slot: (abs(slot.start - wanted), slot.start))
    if not by_nearness:
        return FollowUpTimes(None, [])
    best, rest = by_nearness[0], by_nearness[1:]
    others: list[Slot] = []
    days = {best.start.astimezone(zone).date()}
    for slot in rest:
        day = slot.start.astimezone(zone).date()
        if day not in days and len(others) < OFFERED - 1:
            days.add(day)
            others.append(slot)
    others += [slot for slot in rest if slot not in others][: OFFERED - 1 - len(others)]
    return FollowUpTimes(best, sorted(others, key=lambda slot: slot.start))
