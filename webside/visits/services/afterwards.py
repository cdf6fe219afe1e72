"""After a visit: the clinician proposes to meet again, and the patient books it with one press."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from webside.audit.services import action
from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.visits import policies, rules, selectors
from webside.visits.codes import FOLLOW_UP_DAYS, Stage, VisitStatus
from webside.visits.models import FollowUp, SurveyAnswer, Visit
from webside.visits.services.errors import NotAllowed, NotOffered, WrongStage
from webside.visits.services.rooms import locked, note_step, require_stage, tell

LONGEST_SURVEY = 1000
BEST = 5


@action("visits.survey.answer")
def answer_survey(
    *, actor: Actor, visit: Visit, call: int | None, purpose: int | None, words: str = ""
) -> SurveyAnswer:
    """Say how a visit was: once for each seat, changed for a day. ``call`` and ``purpose`` are 1 to 5; either may be left.

    Nothing of it goes to the chart, and the trail says that something was answered, not what.
    Raises :class:`NotAllowed`, :class:`WrongStage` before the end and when it is fixed, :class:`ValueError`.
    """
    seat = selectors.own_seat(actor, visit)
    if seat is None or not policies.can_answer_survey(actor, visit):
        raise NotAllowed
    words = words.strip()
    marks = [mark for mark in (call, purpose) if mark is not None]
    if not (marks or words) or any(mark not in range(1, BEST + 1) for mark in marks) or len(words) > LONGEST_SURVEY:
        raise ValueError("not an answer")
    visit = locked(visit)
    found = SurveyAnswer.objects.filter(participant=seat).first()
    given_at = found.answered_at if found else None
    if not selectors.was_held(visit) or not rules.survey_is_open(given_at, clock.now()):
        raise WrongStage(selectors.stage_of(visit))
    found = found or SurveyAnswer(participant=seat)
    found.call, found.purpose, found.words = call, purpose, words
    found.save()
    note_step("visits.survey.answer", actor, visit)
    return found


@action("visits.follow-up.propose")
def propose_follow_up(*, actor: Actor, visit: Visit, days: int) -> FollowUp | None:
    """Say that the patient should be seen again in so many days, for the same, by the same; 0 takes it back.

    Nothing is booked: the patient chooses a time. Again changes it, until she has booked.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`ValueError` for days that nobody offers.
    """
    if days not in (0, *FOLLOW_UP_DAYS):
        raise ValueError("not offered")
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.ROOM, Stage.ENDED)
    found = FollowUp.objects.select_related("appointment").filter(visit=visit).first()
    if selectors.is_booked(found):
        raise WrongStage(Stage.ENDED)
    note_step("visits.follow-up.propose", actor, visit, changes={"days": days})
    tell(visit, "follow-up")
    if not days:
        if found is not None:
            found.delete()
        return None
    found = found or FollowUp(visit=visit)
    found.days, found.proposed_by, found.proposed_at, found.appointment = days, actor.label, clock.now(), None
    found.save()
    return found


@action("visits.follow-up.book")
def book_follow_up(*, actor: Actor, visit: Visit, start: datetime) -> Appointment:
    """Book the time of a proposed follow-up that the patient pressed. Once it is booked, that is what comes back.

    ``scheduling`` books it and asks the gates. Who shows the link of the visit may press too: the clinician has proposed
    this visit to her, and such a link moves and cancels visits; the booking then says that it came by a link.
    Raises :class:`NotAllowed`, :class:`NotOffered`, and what ``scheduling.book_appointment`` raises.
    """
    visit = locked(visit)
    if not policies.can_book_follow_up(actor, visit):
        raise NotAllowed
    found = FollowUp.objects.select_related("appointment__practitioner").filter(visit=visit).first()
    if found is None or visit.status not in (VisitStatus.FINISHED, VisitStatus.IN_PROGRESS):
        raise NotOffered
    booked = found.appointment
    if booked is None or not selectors.is_booked(found):
        if start.tzinfo is None or not selectors.is_near(visit, found, start):
            raise NotOffered
        last = visit.appointment
        booked = scheduling.book_appointment(
            actor=_books(actor, visit), patient=last.patient, service=last.service, practitioner=last.practitioner,
            start=start, state=last.patient_state, timezone=last.patient_timezone,
            # One booking for each proposal, and one more after each that was cancelled.
            idempotency_key=f"follow-up:{(booked or found).id.hex}",
        )  # fmt: skip
        found.appointment, found.booked_at = booked, clock.now()
        found.save()
    note_step("visits.follow-up.book", actor, visit)
    tell(visit, "follow-up")
    return booked


def _books(actor: Actor, visit: Visit) -> Actor:
    """Return as whom ``scheduling`` books: a bearer of a link is nobody there, and the trail says that it was one."""
    if actor.kind is not ActorKind.LINK:
        return actor
    return replace(actor, kind=ActorKind.SYSTEM, label=f"{visit.appointment.patient.full_name}, by a link")
