"""Seats of whoever was booked for a visit beside the two: made when the patient has checked in, from who is booked then."""

from __future__ import annotations

from webside.audit.services import record
from webside.core import clock
from webside.core.actor import Actor
from webside.people.models import Practitioner
from webside.scheduling import selectors as scheduling
from webside.scheduling import services as scheduling_services
from webside.scheduling.codes import PersonRelation, PersonRole
from webside.scheduling.models import BookedPerson
from webside.visits import rules, selectors
from webside.visits.codes import ParticipantRole, Relation
from webside.visits.models import Invitation, Participant, Visit
from webside.visits.services.rooms import tell

ROLES: dict[PersonRole, ParticipantRole] = {
    PersonRole.SPECIALIST: ParticipantRole.SPECIALIST,
    PersonRole.NURSE: ParticipantRole.NURSE,
    PersonRole.INTERPRETER: ParticipantRole.INTERPRETER,
    PersonRole.FAMILY: ParticipantRole.FAMILY,
    # Whoever comes as neither is given what a member of the family is given: to speak, and nothing to read.
    PersonRole.OTHER: ParticipantRole.FAMILY,
}


def seat_booked(actor: Actor, visit: Visit) -> None:
    """Give each person who is booked a seat, of the same id, and let the link that was sent take it, once.

    Who was taken off since an earlier check-in has none any more; a wish for an interpreter has none yet. The caller has
    locked the visit.
    """
    booked = [each for each in scheduling.people_of(visit.appointment) if not each.is_wish]
    _drop_others(visit, booked)
    seated = {seat.id: seat for seat in Participant.objects.filter(visit=visit, id__in=[each.id for each in booked])}
    users = {seat.user_id for seat in selectors.seats_of(visit) if seat.user_id}
    for person in booked:
        seat = seated.get(person.id)
        if seat is None and (person.practitioner is None or person.practitioner.user_id not in users):
            seat = _seat(visit, person)
            record("visits.seat.invite", actor=actor, target=visit, patient_id=visit.appointment.patient_id,
                   ground="booked with the visit", target_label=seat.name, changes={"role": str(seat.role)})  # fmt: skip
        if seat is not None and person.link_hash is not None:
            _let_link_in(seat, person)
    if booked:
        tell(visit, "seats")
        colleagues = [each.practitioner_id for each in booked if each.practitioner_id is not None]
        scheduling_services.tell_lists(*Practitioner.objects.filter(id__in=colleagues).values_list("id", flat=True))


def _drop_others(visit: Visit, booked: list[BookedPerson]) -> None:
    gone = BookedPerson.objects.filter(appointment=visit.appointment).exclude(removed_at=None)
    seats = Participant.objects.filter(visit=visit, id__in=gone.values("id"), removed_at=None)
    Invitation.objects.filter(participant__in=seats, revoked_at=None).update(revoked_at=clock.now())
    seats.update(removed_at=clock.now(), admitted_at=None)


def _seat(visit: Visit, person: BookedPerson) -> Participant:
    now = clock.now()
    role, user_id = ROLES[PersonRole(person.role)], person.practitioner.user_id if person.practitioner else None
    relation = _relation(person, role)
    may = rules.allowed(
        rules.default_permissions(role, now.date()), role=role, opens_charts=selectors.opens_charts(user_id),
        on=now.date(),
    )  # fmt: skip
    return Participant.objects.create(
        id=person.id, visit=visit, role=role, user_id=user_id, name=person.shown_name, relation=relation,
        speak=may.speak, see_chart=may.see_chart, write=may.write, stay_without_patient=may.stay_without_patient,
        show_screen=may.show_screen, invited_by=selectors.participants(visit).get(ParticipantRole.CLINICIAN),
        invited_at=now,
    )  # fmt: skip


def _relation(person: BookedPerson, role: ParticipantRole) -> str:
    if role is not ParticipantRole.FAMILY:
        return ""
    return Relation(PersonRelation(person.relation or PersonRelation.OTHER).value).value


def _let_link_in(seat: Participant, person: BookedPerson) -> None:
    """Let the newest link that was sent take the seat; older ones end."""
    links = Invitation.objects.filter(participant=seat)
    if links.filter(token_hash=bytes(person.link_hash or b"")).exists():
        return
    now = clock.now()
    links.filter(revoked_at=None).update(revoked_at=now, updated_at=now)
    Invitation.objects.create(
        participant=seat, token_hash=bytes(person.link_hash or b""), email=person.email, expires_at=rules.link_ends(now)
    )
