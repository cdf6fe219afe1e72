"""When the team meets in a visit's room without the patient, and whom of her family she lets be there then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from webside.core import clock
from webside.visits import rules
from webside.visits.codes import ParticipantRole
from webside.visits.models import ApartConsent, Participant, TeamMeeting, Visit
from webside.visits.rules import Stretch


def meets_since() -> Subquery:
    """Return beside a visit since when the team meets without the patient; nothing while it does not."""
    return Subquery(TeamMeeting.objects.filter(visit=OuterRef("pk"), ended_at=None).values("began_at")[:1])


def meets(visit: Visit) -> bool:
    """Whether the team meets in a visit's room while the patient is not in it."""
    if hasattr(visit, "meets_since"):
        return visit.meets_since is not None
    return TeamMeeting.objects.filter(visit=visit, ended_at=None).exists()


def is_apart(visit: Visit, author: Participant, begun: datetime | None = None) -> bool:
    """Whether what somebody writes now, or has ``begun`` to send, is among the team, and not for the patient."""
    over_by_then = Q(ended_at__lt=begun or clock.now())
    return (
        author.role != ParticipantRole.PATIENT
        and TeamMeeting.objects.filter(visit=visit).exclude(over_by_then).exists()
    )


def team_meetings() -> ArraySubquery:
    """Return when the team met without the patient, as one array beside a visit."""
    found = TeamMeeting.objects.filter(visit=OuterRef("pk")).order_by("began_at", "id")
    return ArraySubquery(found.annotate(_row=JSONObject(began="began_at", ended="ended_at")).values("_row"))


def apart(visit: Visit, rows: Iterable[dict[str, Any]]) -> list[Stretch]:
    """Return the stretches in which the team met (``rows`` of :func:`team_meetings`); one that goes on lasts until now."""
    until = visit.ended_at or clock.now()
    return [
        (datetime.fromisoformat(row["began"]), datetime.fromisoformat(row["ended"]) if row["ended"] else until)
        for row in rows
    ]


# Family


def asks_patient(seat: Participant) -> bool:
    """Whether somebody may be with the team without the patient only once she has said yes."""
    return rules.asks_patient(ParticipantRole(seat.role), clock.now().date())


def apart_consents(seats: Iterable[Participant]) -> dict[UUID, ApartConsent]:
    """Return the newest question about each of some seats, with the patient's answer, by the seat."""
    found = ApartConsent.objects.filter(seat__in=[seat.id for seat in seats]).select_related("asked_by", "seat")
    return {each.seat_id: each for each in found.order_by("asked_at", "id")}


def apart_consents_in(visit: Visit) -> list[ApartConsent]:
    """Return the newest question about each of a visit's family, with the patient's answer."""
    found = ApartConsent.objects.filter(seat__visit=visit, seat__removed_at=None).select_related("seat")
    return list({each.seat_id: each for each in found.order_by("asked_at", "id")}.values())


def agreed_apart(seat: Participant) -> bool:
    """Whether the patient has agreed that this person is with the team without her, and not taken it back."""
    found = apart_consents([seat]).get(seat.id)
    return found is not None and found.holds
