"""A visit by phone: the codes by which people come in, the calls, and for how long both were on the phone.

The code of a seat is derived from the seat and this installation's secret, and kept nowhere. What is kept is a digest of it
under the same secret: no two seats of a clinic have the same, and who holds the tables alone can neither read nor try codes.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import JSONObject
from django.utils.crypto import salted_hmac
from psycopg.types.range import TimestamptzRange

from webside.core import clock
from webside.core.rows import prepared
from webside.notifications.selectors import may_be_reached
from webside.notifications.telephone import e164, masked, shown
from webside.visits import policies, rules
from webside.visits.codes import MAIN, ParticipantRole, PhonePlace, PhoneState, PhoneWhy, Stage
from webside.visits.models import Participant, PhoneCall, PhoneMove, QualitySample, Visit
from webside.visits.rules import Move, Stretch
from webside.visits.selectors.team import meets

DIGITS = 8
HOUR = timedelta(hours=1)
AROUND = timedelta(hours=24)
"""No code of a visit is open longer before or after its time."""
SILENT = timedelta(seconds=90)
"""A caller in the lobby is spoken to more often than this; one that isn't heard of is gone, though nobody said so."""


# Codes


def code_for(seat: Participant) -> str:
    """Return the code of a seat. One that was never given (:func:`has_code`) opens nothing."""
    made = salted_hmac("webside.visits.dial", f"{seat.id}:{seat.dial_turn}", algorithm="sha256").digest()
    return f"{int.from_bytes(made[:16]) % 10**DIGITS:0{DIGITS}d}"


def digest_of(code: str) -> bytes:
    """Return what is kept of a code."""
    return salted_hmac("webside.visits.dial.digest", code, algorithm="sha256").digest()


def has_code(seat: Participant) -> bool:
    """Whether a seat's code was given out; it was not before somebody saw it, and after the installation's secret changed."""
    return seat.dial_digest is not None and hmac.compare_digest(bytes(seat.dial_digest), digest_of(code_for(seat)))


def seat_by_code(code: str) -> Participant | None:
    """Return the seat whose code this is, whatever became of its visit. Looked for by digest: time tells nothing of codes."""
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    found = Participant.objects.filter(dial_digest=digest_of(code)).select_related("visit__appointment").first()
    return found if found is not None and hmac.compare_digest(code_for(found), code) else None


@dataclass(frozen=True, slots=True)
class DialIn:
    """How one person comes into a visit by phone: the clinic's number, her code, and a link that dials both.

    The link ends without "#": telephones refuse to dial a link that has one, and eight digits end by themselves.
    """

    number: str
    code: str

    @property
    def shown(self) -> str:
        """The number as people write it."""
        return shown(self.number)

    @property
    def spaced(self) -> str:
        """The code in two halves, for reading it out."""
        return f"{self.code[:4]} {self.code[4:]}"

    @property
    def link(self) -> str:
        """What dials number and code, with a pause between."""
        return f"tel:{self.number},,{self.code}"


# Who may dial in, and when


def standing_at(visit: Visit, now: datetime) -> PhoneWhy | None:
    """Return why the codes of a visit open nothing now (too early, over), or nothing where they do."""
    if not policies.is_open(visit):
        return PhoneWhy.OVER
    if visit.encounter_id is None and visit.waiting_since is None and now > rules.phone_closes(visit.appointment.end):
        return PhoneWhy.OVER
    opens = rules.check_in_opens(visit.appointment.start)
    return PhoneWhy.EARLY if opens is not None and now < opens and visit.waiting_since is None else None


def wrong_codes(number: str, since: datetime) -> tuple[int, int]:
    """Return how many wrong codes came since then: from one caller, from all. Who hide their numbers count as one."""
    found = PhoneCall.objects.filter(began_at__gt=since - HOUR, updated_at__gt=since, wrong__gt=0)
    sums = found.aggregate(all=Sum("wrong"), own=Sum("wrong", filter=Q(number=number, outgoing=False)))
    return sums["own"] or 0, sums["all"] or 0


def is_expected(number: str, now: datetime) -> bool:
    """Whether a number is that of the patient or the clinician of a visit whose codes are open now."""
    day = TimestamptzRange(now - AROUND, now + AROUND)
    near = Visit.objects.filter(appointment__period__overlap=day).select_related(
        "appointment__patient", "appointment__practitioner", "safe_start"
    )
    return bool(number) and any(
        standing_at(visit, now) is None and number in (callable_number(visit, role) for role in MAIN) for visit in near
    )


# Calls


def phone_call(call_id: UUID) -> PhoneCall | None:
    """Return a call of the clinic with its seat. The caller asks who may."""
    return PhoneCall.objects.select_related("seat").filter(id=call_id).first()


def phone_call_of_carrier(carrier_id: str) -> PhoneCall | None:
    """Return a call by the carrier's id, or nothing."""
    found = PhoneCall.objects.select_related("seat").filter(carrier_id=carrier_id)
    return found.first() if carrier_id else None


def phone_calls(visit: Visit) -> list[PhoneCall]:
    """Return the calls of a visit, the oldest first."""
    return _phone_calls(visit=visit.id)


@prepared
def _phone_calls(visit: UUID) -> QuerySet[PhoneCall]:
    return PhoneCall.objects.select_related("seat").filter(visit=visit).order_by("began_at", "id")


def live_calls(visit: Visit) -> list[PhoneCall]:
    """Return the calls of a visit that go on, as far as anybody knows, the oldest first."""
    return [call for call in phone_calls(visit) if call.ended_at is None]


def newest_ended(calls: list[PhoneCall], role: ParticipantRole) -> PhoneCall | None:
    """Return of all calls of a visit the last one of one side, where it is over: the page says how it ended."""
    last = next((call for call in reversed(calls) if call.seat and call.seat.role == role), None)
    return last if last is not None and last.ended_at is not None else None


def is_lost(call: PhoneCall, now: datetime) -> bool:
    """Whether a caller who waits has not been heard of for too long."""
    return call.state in (PhoneState.LOBBY, PhoneState.ASKING) and now - (call.heard_at or call.began_at) > SILENT


def place_of(call: PhoneCall, visit: Visit, stage: Stage) -> PhonePlace:
    """Return where a call with a seat belongs."""
    seat = call.caller
    return rules.phone_place(
        closed=stage in (Stage.ENDED, Stage.CANCELLED) or not policies.is_open(visit),
        stopped=stage is Stage.STOPPED,
        hung_up=call.hung_up_at is not None,
        removed=seat.removed_at is not None,
        admitted=call.admitted_at is not None,
        inside=is_let_in(visit, seat),
    )


def is_let_in(visit: Visit, seat: Participant) -> bool:
    """Whether a seat may be in the room by phone: the two people of a visit, the patient not while the team meets without her."""
    if seat.role == ParticipantRole.PATIENT:
        return not meets(visit)
    return seat.role in MAIN or seat.admitted_at is not None


def callable_number(visit: Visit, role: ParticipantRole) -> str:
    """Return the number at which one side can be called, in E.164 form: one that was given before.

    The patient's is what she said at the check-in, else her record's; the clinician's stands in hers. Never one that is dear.
    """
    start = getattr(visit, "safe_start", None)
    hers = (start.phone if start else "") or visit.appointment.patient.phone
    number = e164(visit.appointment.practitioner.phone if role is ParticipantRole.CLINICIAN else hers)
    return number if may_be_reached(number) else ""


def hint_of(number: str) -> str:
    """Return the last digits of a number, enough to know one's own."""
    return masked(number)


def asked_lately(visit: Visit, since: datetime) -> int:
    """Return how many calls were asked for from a visit since then."""
    return PhoneCall.objects.filter(visit=visit, outgoing=True, began_at__gt=since).count()


def is_on_phone(visit: Visit, role: ParticipantRole) -> bool:
    """Whether one side is in the room by phone now."""
    return PhoneCall.objects.filter(visit=visit, seat__role=role, state=PhoneState.ROOM, ended_at=None).exists()


# Minutes


def phone_moves() -> ArraySubquery:
    """Return the moves of the two people of a visit, as one array beside it."""
    found = PhoneMove.objects.filter(call__visit=OuterRef("pk"), call__seat__role__in=MAIN).order_by("at", "id")
    row = JSONObject(
        call="call_id", role="call__seat__role", conference="conference", sequence="sequence", joined="joined", at="at",
        ended=F("call__ended_at"),
    )  # fmt: skip
    return ArraySubquery(found.annotate(_row=row).values("_row"))


def talked(visit: Visit, rows: Iterable[dict[str, Any]]) -> float:
    """Return for how many seconds both were on the phone together in a visit (``rows`` of :func:`phone_moves`)."""
    moves = [_move(row) for row in rows]
    if not moves or visit.started_at is None:
        return 0.0
    until = visit.ended_at or clock.now()
    return rules.phone_seconds(rules.phone_stretches(moves, until), _measured(visit), visit.started_at, until)


def _move(row: dict[str, Any]) -> Move:
    return Move(
        call=UUID(row["call"]), role=ParticipantRole(row["role"]), conference=row["conference"],
        sequence=row["sequence"], joined=row["joined"], at=datetime.fromisoformat(row["at"]),
        ended_at=datetime.fromisoformat(row["ended"]) if row["ended"] else None,
    )  # fmt: skip


def both_on_phone_since(visit: Visit) -> datetime | None:
    """Return since when both people of a visit are in the room by phone, if they are now."""
    rows = Visit.objects.filter(id=visit.id).values_list(phone_moves(), flat=True).get()
    now = clock.now()
    there = rules.phone_stretches([_move(row) for row in rows], now + HOUR)
    last = [stretches[-1] for role in MAIN if (stretches := there.get(role))]
    # Who has not left is there until a moment that is still to come.
    return max(began for began, _ in last) if len(last) == len(MAIN) and all(end > now for _, end in last) else None


def _measured(visit: Visit) -> list[Stretch]:
    """Return when a page of either side reported sound of the other."""
    rows: QuerySet[QualitySample, Any] = QualitySample.objects.filter(
        Q(peer=None) | Q(peer__role__in=MAIN), participant__visit=visit, participant__role__in=MAIN, sound_seconds__gt=0
    ).values_list("taken_at", "seconds")
    return [(taken - timedelta(seconds=seconds), taken) for taken, seconds in rows]
