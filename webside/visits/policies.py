"""Who may see, join and run a visit: its two people. Who was asked in has a seat, and that alone."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.catalog import policies as catalog
from webside.core.actor import Actor, ActorKind, Role
from webside.people import policies as people
from webside.people.codes import Scope
from webside.scheduling import policies as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment
from webside.visits import rules
from webside.visits.codes import MAIN, OVER, ParticipantRole
from webside.visits.models import HandOver, HelpRequest, Participant, Visit


def visible_visits(actor: Actor, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """A patient (or who may be in it for her) and a practitioner see their own, a link its one; the front desk no room."""
    if actor.kind is ActorKind.SYSTEM:
        return visits
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return visits.filter(appointment_id=actor.subject_id)
    own = people.own(actor, Scope.VISITS, by="appointment__patient__") & catalog.shown(actor, "appointment__service__")
    if actor.has(Role.CLINICIAN, Role.COACH):
        # Who let her go back to the line meets her no more, until it is her turn again.
        with_them = ~Q(appointment__status=AppointmentStatus.WAITLIST)
        own |= Q(appointment__practitioner__user_id=actor.user_id) & with_them
    return visits.filter(own)


def role_in(actor: Actor, visit: Visit) -> ParticipantRole | None:
    """Return on whose side the actor is in a visit, or nothing."""
    if scheduling.is_patient_of(actor, visit.appointment, Scope.VISITS):
        return ParticipantRole.PATIENT
    if scheduling.is_practitioner_of(actor, visit.appointment):
        return ParticipantRole.CLINICIAN
    return None


def is_patients(actor: Actor, appointment: Appointment) -> bool:
    """Whether the actor is on the patient's side of a booked visit."""
    return scheduling.is_patient_of(actor, appointment, Scope.VISITS)


def can_view_visit(actor: Actor, visit: Visit) -> bool:
    """The two people of the visit."""
    return role_in(actor, visit) is not None


def can_check_in(actor: Actor, visit: Visit) -> bool:
    """The patient, as long as the visit is to come or goes on."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and is_open(visit)


def can_run_visit(actor: Actor, visit: Visit) -> bool:
    """The practitioner: letting in, holding, ending, and answering for what was not as it should be."""
    return role_in(actor, visit) is ParticipantRole.CLINICIAN


def audible_visits(actor: Actor, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """The two people hear of a visit, over or not, so that a page can be told that it is over; Webside itself has no ears."""
    return visits.none() if actor.kind is ActorKind.SYSTEM else visible_visits(actor, visits)


def can_read_chat(actor: Actor, visit: Visit) -> bool:
    """The two people of the visit; when it is over, nobody who shows a link alone."""
    return can_view_visit(actor, visit) and (is_open(visit) or not actor.only_by_link)


def own_seats(actor: Actor, seats: QuerySet[Participant]) -> QuerySet[Participant]:
    """The seats that the actor was asked to take: a guest her one, a colleague of this clinic what bears their name."""
    seats = seats.exclude(role__in=MAIN)
    if actor.kind is ActorKind.GUEST and actor.subject_id is not None:
        return seats.filter(id=actor.subject_id)
    if actor.user_id is None or not actor.is_staff:
        return seats.none()
    return seats.filter(user_id=actor.user_id)


def can_ask_in(actor: Actor, visit: Visit, role: ParticipantRole) -> bool:
    """The clinician anybody; the patient her family, which the clinician lets in."""
    if role in MAIN or not is_open(visit):
        return False
    return can_run_visit(actor, visit) or (
        role is ParticipantRole.FAMILY and role_in(actor, visit) is ParticipantRole.PATIENT
    )


def visible_hand_overs(actor: Actor, asked: QuerySet[HandOver]) -> QuerySet[HandOver]:
    """Who asked, and whom she asked: the words are for these two."""
    if actor.kind is ActorKind.SYSTEM:
        return asked
    if actor.user_id is None or actor.on_behalf is not None or not actor.has(Role.CLINICIAN, Role.COACH):
        return asked.none()
    return asked.filter(Q(to__user_id=actor.user_id) | Q(asked_by__user_id=actor.user_id))


def is_asked(actor: Actor, asked: HandOver) -> bool:
    """Take it or say no: the colleague who was asked, and nobody else."""
    return actor.user_id is not None and asked.to.user_id == actor.user_id


def can_withdraw(actor: Actor, asked: HandOver) -> bool:
    """Take it back: who asked."""
    return actor.user_id is not None and asked.asked_by.user_id == actor.user_id


def can_ask_away(actor: Actor, visit: Visit) -> bool:
    """The patient may ask that somebody leaves, or everybody but the clinician; the clinician then does it."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and is_open(visit)


def can_answer_apart(actor: Actor, visit: Visit) -> bool:
    """Say whether one of the family may be with the team without her: the patient, or who is in the visit for her."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and is_open(visit)


def can_write_in_chat(actor: Actor, visit: Visit, seat: Participant | None) -> bool:
    """The two people; of those who were asked in, who is in the room and may speak."""
    if seat is None:
        return False
    if seat.role in MAIN:
        return can_view_visit(actor, visit)
    return seat.removed_at is None and seat.admitted_at is not None and seat.speak


def can_ask_for_help(actor: Actor, visit: Visit) -> bool:
    """Say that something is wrong: the patient's side, at any stage of the visit and after it. A link is enough."""
    return role_in(actor, visit) is ParticipantRole.PATIENT


def can_answer_help(actor: Actor) -> bool:
    """The front desk reads what people say is wrong, takes it and answers; who is on call, what it left unanswered."""
    return actor.has(Role.COORDINATOR) or scheduling.is_on_call(actor)


def visible_help(actor: Actor, asked: QuerySet[HelpRequest]) -> QuerySet[HelpRequest]:
    """All, for the front desk; for who is on call, what was unanswered for too long. Nobody else reads the words."""
    if actor.has(Role.COORDINATOR) or actor.kind is ActorKind.SYSTEM:
        return asked
    return asked.filter(alarms__gt=0) if scheduling.is_on_call(actor) else asked.none()


def ground_of_help(actor: Actor) -> str:
    """Return by what right somebody looks after a request for help, as the trail says it; nothing for who asks for it."""
    if actor.has(Role.COORDINATOR):
        return "front desk"
    return "on call" if scheduling.is_on_call(actor) else ""


def can_see_left_undone(actor: Actor) -> bool:
    """That a colleague was asked to take a visit and has not answered, who is on call sees, and the front desk; not whose."""
    return actor.has(Role.COORDINATOR) or scheduling.is_on_call(actor)


def can_keep_sites(actor: Actor) -> bool:
    """Front desk and administrators say which places help with visits; Webside itself when it sets a clinic up."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def can_book_follow_up(actor: Actor, visit: Visit) -> bool:
    """Book what the clinician proposed: the patient's side, and who acts for her only where she may book for her."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and actor.may(Scope.APPOINTMENTS)


def can_set_waiting_words(actor: Actor) -> bool:
    """Say what people read while they wait: the administrator, for the clinic."""
    return actor.has(Role.ADMINISTRATOR)


def can_answer_survey(actor: Actor, visit: Visit) -> bool:
    """Say how a visit was: the patient's side, and a link is enough. Who gave the care isn't asked."""
    return role_in(actor, visit) is ParticipantRole.PATIENT


def can_read_surveys(actor: Actor) -> bool:
    """Who looks after the clinic and its quality reads what people said, without names."""
    return actor.has(Role.ADMINISTRATOR, Role.COMPLIANCE)


def can_ask_call(actor: Actor, visit: Visit, called: ParticipantRole) -> bool:
    """Have somebody called by phone: a patient herself; the clinician herself and her patient."""
    role = role_in(actor, visit)
    return is_open(visit) and called in MAIN and (role is called or role is ParticipantRole.CLINICIAN)


def can_remove_file(actor: Actor, visit: Visit, author: Participant, seat: Participant | None) -> bool:
    """Who sent it, as long as the visit is open; afterwards it belongs to the record."""
    return seat is not None and seat.id == author.id and is_open(visit) and can_write_in_chat(actor, visit, seat)


def can_answer_for_pictures(actor: Actor, visit: Visit) -> bool:
    """The patient, or who is in it for her; when it is over, nobody who shows a link alone."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and can_read_chat(actor, visit)


def can_show_screen(visit: Visit, seat: Participant | None) -> bool:
    """Who is in the room, as far as the service and their seat let them."""
    if seat is None or not is_open(visit) or (seat.role not in MAIN and seat.admitted_at is None):
        return False
    sharing = visit.appointment.service.screen_sharing
    return rules.may_show_screen(sharing, role=ParticipantRole(seat.role), seat_allows=seat.show_screen)


def can_use_captions(visit: Visit, seat: Participant | None) -> bool:
    """Read what the others say, and say whether one's own voice may be written for who reads: who is in the open room."""
    return seat is not None and is_open(visit) and is_inside(visit, seat)


def is_inside(visit: Visit, seat: Participant) -> bool:
    """Whether somebody is in the room, and not on her way in: the clinician always, others once they were let in."""
    if seat.role == ParticipantRole.CLINICIAN:
        return True
    came = visit.admitted_at if seat.role == ParticipantRole.PATIENT else seat.admitted_at
    return came is not None and seat.removed_at is None


def is_open(visit: Visit) -> bool:
    """Whether the room is open at all: not over, not cancelled."""
    return visit.status not in OVER and visit.appointment.status in (
        AppointmentStatus.BOOKED,
        AppointmentStatus.CHECKED_IN,
    )
