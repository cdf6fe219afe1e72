"""The care team meets in a visit's room without the patient, and she says whom of her family she lets be there then."""

from __future__ import annotations

from uuid import UUID

from webside.audit.services import action
from webside.core import clock
from webside.core.actor import Actor
from webside.scheduling import services as scheduling
from webside.visits import policies, rules, selectors
from webside.visits.codes import ParticipantRole, Stage
from webside.visits.models import ApartConsent, Participant, Visit
from webside.visits.services.errors import NotAllowed, NotAsked, WrongStage
from webside.visits.services.rooms import close_meeting, locked, note_step, open_meeting, require_stage, tell
from webside.visits.services.seats import send_everybody_out, send_out, send_out_without_patient

MEETING = "meeting"
"""The hint that the team meets, or does no more. A waiting patient's page hears it, and who is there it doesn't say."""
APART = "apart"
"""The hint that the patient is asked, or has said, who of her family may be there without her."""


@action("visits.team.meet")
def meet_team(*, actor: Actor, visit: Visit) -> Visit:
    """Open the room for the team while the patient is not in it: before she has come, or while she waits. Again changes nothing.

    Nothing of the visit begins with it: no gate is asked, no encounter made, no minute counts. All that is done when she
    is let in. Raises :class:`NotAllowed`, and :class:`WrongStage` while she is in the room or the visit can't go on.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit) or not policies.is_open(visit):
        raise NotAllowed
    require_stage(visit, Stage.CHECK_IN, Stage.WAITING)
    if open_meeting(visit, actor.label):
        send_out_without_patient(visit)
        tell(visit, MEETING)
        scheduling.tell_lists(visit.appointment.practitioner_id)
    note_step("visits.team.meet", actor, visit)
    return visit


@action("visits.team.part")
def part_team(*, actor: Actor, visit: Visit) -> Visit:
    """End the team's meeting without letting the patient in: everybody who was asked in goes back to the lobby.

    Where it has ended, changes nothing. Raises :class:`NotAllowed`.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    end_meeting(visit)
    note_step("visits.team.part", actor, visit)
    return visit


def end_meeting(visit: Visit) -> None:
    """End the team's meeting, if there is one, and send everybody out who was let into it. The caller has locked the visit."""
    if close_meeting(visit):
        send_everybody_out(visit)
        tell(visit, MEETING)


# Family


@action("visits.apart.ask")
def ask_apart(*, actor: Actor, visit: Visit, seat_id: UUID) -> ApartConsent:
    """Ask the patient whether one of her family may be with the team without her. One that is open or agreed to stands.

    Raises :class:`NotAllowed`, :class:`WrongStage`, and :class:`NotAsked` for somebody who needs no such leave.
    """
    visit = locked(visit)
    seat = selectors.seat_in(visit, seat_id)
    if seat is None or not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if not policies.is_open(visit) or seat.removed_at is not None:
        raise WrongStage(selectors.stage_of(visit))
    if not selectors.asks_patient(seat):
        raise NotAsked
    asked = selectors.apart_consents([seat]).get(seat.id)
    if asked is None or not (asked.holds or asked.is_open):
        own = selectors.participants(visit)[ParticipantRole.CLINICIAN]
        asked = ApartConsent.objects.create(seat=seat, asked_by=own)
        tell(visit, APART)
        tell(visit, "seats")
    note_step("visits.apart.ask", actor, visit, target_label=seat.name)
    return asked


@action("visits.apart.answer")
def answer_apart(*, actor: Actor, visit: Visit, seat_id: UUID, agrees: bool) -> ApartConsent:
    """Let one of the family be with the team without the patient, or not. The same answer again changes nothing.

    She need not have been asked: who asks somebody of her family in may say it at once.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotAsked`.
    """
    visit, seat = _hers(actor, visit, seat_id)
    found = selectors.apart_consents([seat]).get(seat.id)
    if found is not None and found.holds and not agrees:
        raise NotAsked  # that is taking it back, and is kept as such
    if found is None or found.withdrawn_at is not None or (found.agreed is False and agrees):
        found = ApartConsent.objects.create(seat=seat)
    if found.agreed is None:
        found.agreed, found.answered_at = agrees, clock.now()
        found.answered_by = selectors.attends(actor) or visit.appointment.patient.full_name
        found.save()
        _follow(visit, seat, agrees=agrees)
    note_step("visits.apart.answer", actor, visit, target_label=seat.name, changes={"agrees": agrees})
    return found


@action("visits.apart.withdraw")
def withdraw_apart(*, actor: Actor, visit: Visit, seat_id: UUID) -> None:
    """Take back that one of the family may be with the team without the patient: who is there goes out at once.

    Again changes nothing. Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotAsked`.
    """
    visit, seat = _hers(actor, visit, seat_id)
    found = selectors.apart_consents([seat]).get(seat.id)
    if found is not None and found.holds:
        found.withdrawn_at = clock.now()
        found.save(update_fields=["withdrawn_at", "updated_at"])
        _follow(visit, seat, agrees=False)
    note_step("visits.apart.withdraw", actor, visit, target_label=seat.name)


def _hers(actor: Actor, visit: Visit, seat_id: UUID) -> tuple[Visit, Participant]:
    """Return a visit, locked, and the seat of one of the family in it: for the patient's side, while the visit is open."""
    visit = locked(visit)
    seat = selectors.seat_in(visit, seat_id)
    if seat is None or not policies.can_answer_apart(actor, visit):
        raise NotAllowed
    if seat.removed_at is not None:
        raise WrongStage(selectors.stage_of(visit))
    if not selectors.asks_patient(seat):
        raise NotAsked
    return visit, seat


def _follow(visit: Visit, seat: Participant, *, agrees: bool) -> None:
    """Let a seat be what the patient said: with her yes it may stay without her, else it is out of a room where she is not."""
    wanted = rules.Permissions(stay_without_patient=agrees)
    may = rules.allowed(
        wanted, role=ParticipantRole(seat.role), opens_charts=False, on=clock.now().date(), agreed=agrees
    )
    seat.stay_without_patient = may.stay_without_patient
    seat.save(update_fields=["stay_without_patient", "updated_at"])
    if not seat.stay_without_patient and not selectors.patient_is_inside(visit):
        send_out(visit, [seat])
    tell(visit, APART)
    tell(visit, "seats")
