"""Handing a patient over who is there: a colleague is asked, takes it or says no; until then nothing changes for her."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from webside.audit.services import action, record
from webside.chart import selectors as chart_selectors
from webside.chart import services as chart
from webside.core import clock, frames, timers
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.realtime.services import push_on_commit, say_on_commit
from webside.scheduling import services as scheduling
from webside.visits import policies, rules, selectors
from webside.visits.codes import HandOverOutcome, ParticipantRole, Stage
from webside.visits.events import HandOverAsked, HandOverUnanswered
from webside.visits.models import HandOver, Participant, Visit
from webside.visits.rules import Permissions
from webside.visits.services.errors import (
    Answered,
    AskedAlready,
    MayNotTreat,
    NeedsReason,
    NotAllowed,
    NoTime,
    NotOffered,
    SignedAlready,
    WithSomebody,
    WrongStage,
)
from webside.visits.services.rooms import (
    close_meeting,
    dismiss,
    follow_calls,
    locked,
    note_step,
    open_visit,
    require_stage,
    tell,
)
from webside.visits.services.seats import send_everybody_out
from webside.visits.services.stops import ask_gates

LONGEST_WORDS = 500
HAND_OVER_TIMER = "visits.hand-over"
"""Its key is the request's id: when it is due, who asked is told that nobody has answered."""
STAFF = "staff"
"""The hint for the clinicians' pages. A patient's page hears it too, and must not learn from it what is asked of whom."""


@action("visits.hand-over.ask")
def ask_hand_over(*, actor: Actor, visit: Visit, practitioner_id: UUID, words: str, stays: bool = False) -> HandOver:
    """Ask a colleague to go on with a visit whose patient waits or is in the room. The same one asked again is asked once.

    ``words`` say what matters and why, for the colleague alone. ``stays``: who hands over stays in the call as a guest.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotOffered` for who doesn't give this service here,
    :class:`MayNotTreat`, :class:`AskedAlready`, :class:`SignedAlready`, and :class:`ValueError` for no words, or too many.
    """
    words = words.strip()
    if not words or len(words) > LONGEST_WORDS:
        raise ValueError("not words")
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, *selectors.HANDED_AT)
    if selectors.signed_encounter(visit) is not None:
        raise SignedAlready
    asked = HandOver.objects.filter(visit=visit, answered_at=None).select_related("to").first()
    if asked is not None and asked.asked_by_id != visit.appointment.practitioner_id:
        _close(asked, HandOverOutcome.OVER)  # of a practitioner from whom it was moved away meanwhile
        asked = None
    if asked is not None and asked.to_id != practitioner_id:
        raise AskedAlready(asked.to.display_name)
    if asked is None:
        colleague = next(
            (each for each in selectors.who_may_go_on(visit) if each.practitioner.id == practitioner_id), None
        )
        if colleague is None:
            raise NotOffered
        if colleague.barring:
            raise MayNotTreat(colleague.barring)
        now = clock.now()
        asked = HandOver.objects.create(
            visit=visit, asked_by=visit.appointment.practitioner, to=colleague.practitioner, words=words, stays=stays,
            asked_at=now,
        )  # fmt: skip
        timers.set_timer(
            HAND_OVER_TIMER, key=str(asked.id), due_at=now + rules.hand_over_waits(now.date()),
            payload={"hand_over": str(asked.id)},
        )  # fmt: skip
        publish(HandOverAsked(hand_over_id=asked.id))
        _tell(asked)
    note_step("visits.hand-over.ask", actor, visit, changes={"to": str(asked.to_id)})
    return asked


@action("visits.hand-over.take")
def take_over(*, actor: Actor, hand_over_id: UUID) -> Visit:
    """Go on with a visit that a colleague hands over: it is the actor's from here on, with the check-in as it was given.

    The gates are asked again, for the one who takes it, at this moment. The first clinician's seat stays with its minutes
    and becomes a guest's, or is over; the new one has a seat of her own, so that nobody's minutes are another's. A note that
    was begun stays with who began it (``chart.take_encounter``). Taken twice it is taken once.
    Raises :class:`NotAllowed`, :class:`Answered`, :class:`WrongStage`, :class:`WithSomebody`, :class:`NoTime`,
    :class:`MayNotTreat`, :class:`NeedsReason` in a call for what is answered for at the door, :class:`SignedAlready`,
    :class:`NotOffered` where the calendars leave no room.
    """
    asked, visit = _locked(actor, hand_over_id)
    if not policies.is_asked(actor, asked):
        raise NotAllowed
    if asked.outcome != HandOverOutcome.TAKEN:
        _require_open(asked, visit)
        _require_free(asked, visit)
        start = visit.safe_start
        findings = selectors.findings_for(visit, asked.to)
        if barring := selectors.barring(findings):
            raise MayNotTreat(barring)
        if selectors.stage_of(visit) is Stage.ROOM and (reasons := selectors.to_answer_for(findings)):
            raise NeedsReason(reasons)
        try:
            moved = scheduling.take_over_appointment(actor=actor, appointment=visit.appointment, to=asked.to)
        except scheduling.NoTime as booked:
            raise NoTime(booked.start) from None
        except scheduling.WithSomebody:
            raise WithSomebody from None
        except (scheduling.CannotBook, scheduling.WrongStatus):
            raise NotOffered from None
        if close_meeting(visit):
            # A meeting is its clinician's; who goes on opens one of their own.
            send_everybody_out(visit)
            tell(visit, "meeting")
        stays = _change_seats(visit, asked)
        visit = open_visit(appointment=moved)
        if visit.encounter_id is not None:
            _take_encounter(actor, visit)
        ask_gates(visit, start)
        start.save(update_fields=["decision", "updated_at"])
        asked.reads_until = clock.now() + rules.hand_over_reads(clock.now().date())
        _close(asked, HandOverOutcome.TAKEN)
        tell(visit, "handed-over")
        _follow_seats(visit, stays)
        follow_calls(visit)
        scheduling.tell_lists(asked.asked_by_id, asked.to_id)
    note_step("visits.hand-over.take", actor, visit, changes={"was": str(asked.asked_by_id), "now": str(asked.to_id)})
    return visit


def _require_open(asked: HandOver, visit: Visit) -> None:
    if asked.answered_at is not None:
        raise Answered(asked.outcome)
    if not selectors.can_be_taken(asked):
        raise WrongStage(selectors.stage_of(visit))


def _require_free(asked: HandOver, visit: Visit) -> None:
    if selectors.is_with_somebody(asked.to, besides=visit.id):
        raise WithSomebody
    if selectors.signed_encounter(visit) is not None:
        raise SignedAlready


def _change_seats(visit: Visit, asked: HandOver) -> Participant:
    """Make the first clinician's seat a guest's, or end it, and end the one that the colleague had as a guest.

    It stays the same row: her minutes, her call and what she found of the code are hers, and count for nobody else.
    """
    seats = selectors.seats_of(visit)
    for seat in seats:
        if seat.user_id == asked.to.user_id:
            seat.removed_at, seat.admitted_at = clock.now(), None
            dismiss(seat, "removed")
            seat.socket_id = None
            seat.save()
    inside = sum(seat.admitted_at is not None and seat.removed_at is None for seat in seats)
    first = selectors.participants(visit)[ParticipantRole.CLINICIAN]
    now = clock.now()
    room = selectors.stage_of(visit) is Stage.ROOM and inside < selectors.places_for_guests(visit)
    wanted = rules.default_permissions(ParticipantRole.SPECIALIST, now.date())
    opens_charts = selectors.opens_charts(first.user_id)
    may = rules.allowed(wanted, role=ParticipantRole.SPECIALIST, opens_charts=opens_charts, on=now.date())
    for name in Permissions.__slots__:
        setattr(first, name, getattr(may, name))
    first.role, first.invited_at = ParticipantRole.SPECIALIST, now
    if asked.stays and room:
        first.admitted_at = now
    else:
        first.removed_at = now
    first.save()
    return first


def _follow_seats(visit: Visit, first: Participant) -> None:
    """Tell the room what became of the first clinician's seat: the others learn her new part, or that she is gone."""
    if first.removed_at is None:
        say_on_commit(f"visit:{visit.id}", f"changed {first.id}")
    else:
        dismiss(first, "removed")
        Participant.objects.filter(id=first.id).update(socket_id=None)


def _take_encounter(actor: Actor, visit: Visit) -> None:
    encounter = chart_selectors.encounter_of_visit(actor, visit.id)
    if encounter is None:
        raise NotAllowed
    try:
        chart.take_encounter(actor=actor, encounter=encounter)
    except chart.NoteClosed:
        raise SignedAlready from None


@action("visits.hand-over.decline")
def decline_hand_over(*, actor: Actor, hand_over_id: UUID, answer: str) -> HandOver:
    """Say no, and why. Said twice it is said once.

    Raises :class:`NotAllowed`, :class:`Answered` where it was taken or taken back, :class:`ValueError` for no reason.
    """
    answer = answer.strip()
    if not answer or len(answer) > LONGEST_WORDS:
        raise ValueError("not a reason")
    asked, visit = _locked(actor, hand_over_id)
    if not policies.is_asked(actor, asked):
        raise NotAllowed
    if asked.outcome != HandOverOutcome.DECLINED:
        if asked.answered_at is not None:
            raise Answered(asked.outcome)
        asked.answer = answer
        _close(asked, HandOverOutcome.DECLINED)
        _tell(asked)
    _note("visits.hand-over.decline", actor, visit, asked)
    return asked


@action("visits.hand-over.withdraw")
def withdraw_hand_over(*, actor: Actor, hand_over_id: UUID) -> HandOver:
    """Take back what was asked. Twice is once. Raises :class:`NotAllowed`, :class:`Answered` where it was answered before."""
    asked, visit = _locked(actor, hand_over_id)
    if not policies.can_withdraw(actor, asked):
        raise NotAllowed
    if asked.outcome != HandOverOutcome.WITHDRAWN:
        if asked.answered_at is not None:
            raise Answered(asked.outcome)
        _close(asked, HandOverOutcome.WITHDRAWN)
        _tell(asked)
    _note("visits.hand-over.withdraw", actor, visit, asked)
    return asked


@action("visits.hand-over.overdue")
def note_unanswered(*, actor: Actor, hand_over_id: UUID) -> None:
    """Let who asked, and who is on call, know that nobody has answered in time; it stays asked.

    What can't be taken any more (she is back in line, or the visit was moved) is over, and nobody is told.
    """
    found = selectors.hand_over_by_id(hand_over_id)
    if found is None:
        record("visits.hand-over.overdue", actor=actor, changes={"outcome": "gone"})
        return
    visit = locked(found.visit)
    lock(found)
    asked = selectors.hand_over_by_id(hand_over_id) or found
    if asked.answered_at is None and not selectors.can_be_taken(asked):
        _close(asked, HandOverOutcome.OVER)
        _tell(asked)
    elif asked.answered_at is None and asked.overdue_at is None:
        asked.overdue_at = clock.now()
        asked.save(update_fields=["overdue_at", "updated_at"])
        publish(HandOverUnanswered(hand_over_id=asked.id))
        _tell(asked)
    _note("visits.hand-over.overdue", actor, visit, asked)


def look_after_hand_over(payload: Mapping[str, Any]) -> None:
    """Do what the timer was set for."""
    note_unanswered(actor=frames.current().actor, hand_over_id=UUID(payload["hand_over"]))


def end_hand_overs(visit: Visit) -> None:
    """Let nobody be asked any more for a visit that is over. The caller has locked the visit, or it is cancelled."""
    for asked in HandOver.objects.filter(visit=visit, answered_at=None):
        _close(asked, HandOverOutcome.OVER)
        scheduling.tell_lists(asked.to_id)


def _close(asked: HandOver, outcome: HandOverOutcome) -> None:
    asked.answered_at, asked.outcome = clock.now(), outcome
    asked.save()
    timers.cancel_timer(HAND_OVER_TIMER, key=str(asked.id))


def _locked(actor: Actor, hand_over_id: UUID) -> tuple[HandOver, Visit]:
    """Return what was asked and its visit, both locked, the visit first: whoever changes a visit waits for the same lock."""
    found = selectors.hand_over(actor, hand_over_id)
    if found is None:
        raise NotAllowed
    visit = locked(found.visit)
    lock(found)
    asked = selectors.hand_over_by_id(hand_over_id)
    if asked is None:
        raise NotAllowed
    return asked, visit


def _tell(asked: HandOver) -> None:
    """Hint to the pages of both: the room and the door of who asks, the day of who is asked."""
    tell(asked.visit, STAFF)
    push_on_commit(f"tenant:{frames.current_tenant_id()}", STAFF, asked.id)
    for practitioner_id in (asked.asked_by_id, asked.to_id):
        push_on_commit(f"day:{practitioner_id}", "changed")


def _note(name: str, actor: Actor, visit: Visit, asked: HandOver) -> None:
    record(name, actor=actor, target=visit, patient_id=visit.appointment.patient_id, ground="handing over",
           changes={"outcome": asked.outcome})  # fmt: skip
