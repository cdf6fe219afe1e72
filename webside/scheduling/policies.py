"""Who may see, book and change appointments."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.catalog import policies as catalog
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.people import policies as people
from webside.people.codes import Scope
from webside.people.models import Patient, Practitioner
from webside.scheduling.codes import NO_APPOINTMENT, AppointmentStatus
from webside.scheduling.models import (
    Appointment,
    BookedPerson,
    CalendarFeed,
    OnCallStretch,
    QueueEntry,
    WaitlistEntry,
)

SEEN_WITH = (Scope.APPOINTMENTS, Scope.VISITS)
"""With any of these, who acts for a patient sees her appointments."""


def visible_appointments(actor: Actor, appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """The front desk sees all, a practitioner and a patient their own, a link its one; others none.

    What went back to the line is the patient's alone: it is with nobody, and stands on the board of the line. What is
    only offered is nobody's visit: it stands on the waiting list.
    """
    if actor.kind is ActorKind.SYSTEM:
        return appointments
    appointments = appointments.exclude(status=AppointmentStatus.PENDING)
    if actor.has(Role.COORDINATOR):
        return appointments.exclude(status=AppointmentStatus.WAITLIST)
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return appointments.filter(id=actor.subject_id)
    own = people.own(actor, *SEEN_WITH, by="patient__") & catalog.shown(actor)
    if actor.has(Role.CLINICIAN, Role.COACH):
        own |= Q(practitioner__user_id=actor.user_id) & ~Q(status=AppointmentStatus.WAITLIST)
    return appointments.filter(own)


def can_view_appointment(actor: Actor, appointment: Appointment) -> bool:
    """The same as :func:`visible_appointments`, for one that is at hand."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR):
        return True
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == appointment.id
    return is_patient_of(actor, appointment) or is_practitioner_of(actor, appointment)


def can_read_reason(actor: Actor, appointment: Appointment) -> bool:
    """Read what she would like to talk about: who may see the appointment, but nobody who shows a link alone.

    Who acts for her reads it only where she may be in the visit or read what came of it.
    """
    seen = can_view_appointment(actor, appointment) and not actor.only_by_link
    return seen and actor.may(Scope.VISITS, Scope.SUMMARIES)


def is_patient_of(actor: Actor, appointment: Appointment, *scopes: str) -> bool:
    """Whether the actor is the appointment's patient, signed in or come by its link, or acts for her with any of ``scopes``.

    Without scopes: with any of those that let her see it.
    """
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == appointment.id
    own = people.is_own(actor, appointment.patient, *(scopes or SEEN_WITH))
    return own and (actor.on_behalf is None or catalog.is_shown(actor, appointment.service))


def is_practitioner_of(actor: Actor, appointment: Appointment) -> bool:
    """Whether the actor is the appointment's practitioner."""
    return (
        actor.user_id is not None
        and actor.has(Role.CLINICIAN, Role.COACH)
        and appointment.practitioner.user_id == actor.user_id
        and appointment.status not in NO_APPOINTMENT
    )


def can_book_for(actor: Actor, patient: Patient) -> bool:
    """The front desk for anyone, a patient for herself (or who books for her), a practitioner for the people they care for.

    A visitor (or somebody come by the link of another appointment) books for a patient who has just
    been registered with the booking itself; never for one who already has an account or a visit.
    """
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.CLINICIAN, Role.COACH):
        return True
    if people.is_own(actor, patient, Scope.APPOINTMENTS):
        return True
    return actor.on_behalf is None and _is_new(patient)


def _is_new(patient: Patient) -> bool:
    if patient.user_id is not None or Appointment.objects.filter(patient=patient).exists():
        return False
    waits = (QueueEntry.objects.filter(patient=patient), WaitlistEntry.objects.filter(patient=patient))
    return not any(found.exists() for found in waits)


def can_change_appointment(actor: Actor, appointment: Appointment) -> bool:
    """Move and cancel: everybody who may see it; who acts for the patient only where she may book for her."""
    return can_view_appointment(actor, appointment) and actor.may(Scope.APPOINTMENTS)


def can_bring(actor: Actor, appointment: Appointment) -> bool:
    """Book somebody from outside too, or ask for an interpreter: whoever may move the visit."""
    return can_change_appointment(actor, appointment)


def can_book_colleague(actor: Actor, appointment: Appointment) -> bool:
    """Book a colleague too, whose time is held: the front desk, and whose visit it is."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or is_practitioner_of(actor, appointment)


def can_take_off(actor: Actor, appointment: Appointment, person: BookedPerson) -> bool:
    """Take somebody off a booking: whoever may book them."""
    own = person.appointment_id == appointment.id
    may = can_book_colleague if person.is_colleague else can_bring
    return own and may(actor, appointment)


def can_take_over(actor: Actor, practitioner: Practitioner) -> bool:
    """Take an appointment over for oneself. That it was offered to them the app asks in which it was."""
    mine = actor.user_id is not None and actor.on_behalf is None and practitioner.user_id == actor.user_id
    return mine and actor.has(Role.CLINICIAN, Role.COACH)


def can_run_appointment(actor: Actor, appointment: Appointment) -> bool:
    """Say that somebody came, did not come, or was seen: the practitioner, the front desk, Webside itself."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or is_practitioner_of(actor, appointment)


def can_send_link(actor: Actor, appointment: Appointment) -> bool:
    """Send the patient her link once more: the front desk, and whose visit it is. It goes to her alone, never to who asks."""
    return actor.has(Role.COORDINATOR) or is_practitioner_of(actor, appointment)


def can_see_messages_of(actor: Actor, appointment: Appointment) -> bool:
    """Whether messages about a visit arrived: the front desk, which calls where they did not, and its practitioner."""
    return actor.has(Role.COORDINATOR) or is_practitioner_of(actor, appointment)


def can_check_in(actor: Actor, appointment: Appointment) -> bool:
    """The patient comes by herself, or who may be in the visit for her; the others may note it."""
    return is_patient_of(actor, appointment, Scope.VISITS) or can_run_appointment(actor, appointment)


def can_change_hours(actor: Actor, practitioner: Practitioner) -> bool:
    """One's own hours; the front desk and administrators those of all."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR):
        return True
    return actor.user_id is not None and practitioner.user_id == actor.user_id


def can_see_schedules(actor: Actor) -> bool:
    """Who works with appointments: practitioners (their own) and the front desk (all)."""
    return actor.has(Role.CLINICIAN, Role.COACH, Role.COORDINATOR)


def can_see_hours(actor: Actor) -> bool:
    """Who keeps weekly hours (their own), the front desk and administrators (all)."""
    return can_see_schedules(actor) or actor.has(Role.ADMINISTRATOR)


def can_choose_whose_hours(actor: Actor) -> bool:
    """The front desk and administrators look at anybody's hours; others at their own."""
    return actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


# The line of who waits to be seen now


def visible_queue_entries(actor: Actor, entries: QuerySet[QueueEntry]) -> QuerySet[QueueEntry]:
    """The front desk sees all, a patient (or who acts for her) her own, a link its one; who gives care, whom they have called.

    Whom they may call, they read from the line itself (``selectors.waiting_for``): the law says who that is, now.
    """
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR):
        return entries
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return entries.filter(id=actor.subject_id)
    own = people.own(actor, *SEEN_WITH, by="patient__") & catalog.shown(actor)
    if actor.has(Role.CLINICIAN, Role.COACH):
        own |= Q(practitioner__user_id=actor.user_id)
    return entries.filter(own)


def is_person_of(actor: Actor, entry: QueueEntry) -> bool:
    """Whether it is she who waits: signed in, or come by her door."""
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == entry.id
    own = people.is_own(actor, entry.patient, *SEEN_WITH)
    return own and (actor.on_behalf is None or catalog.is_shown(actor, entry.service))


def can_answer_call(actor: Actor, entry: QueueEntry) -> bool:
    """Come when called: she herself, or who may be in the visit for her."""
    return is_person_of(actor, entry) and actor.may(Scope.VISITS)


def can_read_entry_reason(actor: Actor, entry: QueueEntry) -> bool:
    """Read what she told us when she got in line; as with an appointment (:func:`can_read_reason`)."""
    return is_person_of(actor, entry) and not actor.only_by_link and actor.may(Scope.VISITS, Scope.SUMMARIES)


def has_called(actor: Actor, entry: QueueEntry) -> bool:
    """Whether the actor is who has called her."""
    return (
        actor.user_id is not None
        and actor.has(Role.CLINICIAN, Role.COACH)
        and entry.practitioner is not None
        and entry.practitioner.user_id == actor.user_id
    )


def can_join_queue(actor: Actor, patient: Patient) -> bool:
    """The same as for a booking: herself, a visitor who has just been registered, the front desk for her."""
    gives_care = actor.has(Role.CLINICIAN, Role.COACH) and not actor.has(Role.COORDINATOR)
    return can_book_for(actor, patient) and not gives_care


def can_change_place(actor: Actor, entry: QueueEntry) -> bool:
    """Leave, come back, be called or be told: she herself, and the front desk for her."""
    own = is_person_of(actor, entry) and actor.may(Scope.APPOINTMENTS)
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or own


def can_read_line(actor: Actor) -> bool:
    """The board of the line is the front desk's."""
    return actor.has(Role.COORDINATOR)


def can_order_line(actor: Actor) -> bool:
    """Say how urgent somebody is, for whom she waits, that she can't be seen: the front desk, with a reason."""
    return actor.has(Role.COORDINATOR)


def can_take_from_line(actor: Actor, practitioner: Practitioner) -> bool:
    """One takes people oneself, and for nobody else."""
    return (
        actor.user_id is not None
        and actor.has(Role.CLINICIAN, Role.COACH)
        and practitioner.user_id == actor.user_id
        and practitioner.active
    )


def can_let_go(actor: Actor, entry: QueueEntry) -> bool:
    """Put back, hand over, note that somebody did not come: who has called her; the front desk too."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or has_called(actor, entry)


def can_follow_queue(actor: Actor) -> bool:
    """Who works with the line hears that it has changed; whom else it is told, ``selectors.hears_queue`` says."""
    return actor.has(Role.CLINICIAN, Role.COACH, Role.COORDINATOR)


def can_set_queue_hours(actor: Actor) -> bool:
    """When the line is open, the front desk and administrators say, and Webside itself when it sets a clinic up."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def can_book_series(actor: Actor, patient: Patient) -> bool:
    """Book several visits in one go: a patient for herself (or who books for her), the front desk for anyone."""
    return actor.has(Role.COORDINATOR) or people.is_own(actor, patient, Scope.APPOINTMENTS)


# The waiting list: who waits for a time that becomes free


def visible_waitlist_entries(actor: Actor, entries: QuerySet[WaitlistEntry]) -> QuerySet[WaitlistEntry]:
    """The front desk sees all, a patient (or who books for her) her own, a link its one; nobody else any."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR):
        return entries
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return entries.filter(id=actor.subject_id)
    return entries.filter(people.own(actor, Scope.APPOINTMENTS, by="patient__") & catalog.shown(actor))


def waits_for_time(actor: Actor, entry: WaitlistEntry) -> bool:
    """Whether it is she who waits: signed in, come by the link of a message, or who books for her."""
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == entry.id
    own = people.is_own(actor, entry.patient, Scope.APPOINTMENTS)
    return own and (actor.on_behalf is None or catalog.is_shown(actor, entry.service))


def can_join_waitlist(actor: Actor, patient: Patient, appointment: Appointment | None = None) -> bool:
    """The same as for a place in line: herself, a visitor who has just been registered, the front desk for her.

    Who came by the link of a visit may wait for an earlier time of that one.
    """
    by_link = appointment is not None and actor.kind is ActorKind.LINK and actor.subject_id == appointment.id
    return by_link or can_join_queue(actor, patient)


def can_change_wait(actor: Actor, entry: WaitlistEntry) -> bool:
    """Take or decline what is offered, and leave: she herself, and the front desk when she says so on the phone."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or waits_for_time(actor, entry)


def can_read_waitlist(actor: Actor) -> bool:
    """The whole list is the front desk's."""
    return actor.has(Role.COORDINATOR)


def can_offer_time(actor: Actor) -> bool:
    """Offer a free time to somebody: Webside itself, and the front desk by hand."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR)


def can_set_sites(actor: Actor) -> bool:
    """Say on which sites of the clinic's own its times may be shown: administrators."""
    return actor.has(Role.ADMINISTRATOR)


# Calendars that practitioners keep elsewhere


def can_keep_calendars(actor: Actor, practitioner: Practitioner) -> bool:
    """Give, or take away, the address of a calendar: whose it is, and an administrator for her. It opens all that is in it."""
    own = actor.user_id is not None and practitioner.user_id == actor.user_id and can_see_schedules(actor)
    return own or actor.has(Role.ADMINISTRATOR)


def can_choose_whose_calendars(actor: Actor) -> bool:
    """Administrators look after anybody's; others after their own."""
    return actor.has(Role.ADMINISTRATOR)


# Calendars that subscribe to somebody's visits


def can_keep_feed(actor: Actor, owner: Practitioner | Patient) -> bool:
    """An address of one's own visits: one's own alone, and nobody's who acts for another."""
    return actor.on_behalf is None and actor.user_id is not None and owner.user_id == actor.user_id


def is_feed_of(actor: Actor, feed: CalendarFeed) -> bool:
    """Whether a feed is the actor's own."""
    owner = feed.practitioner or feed.patient
    return owner is not None and can_keep_feed(actor, owner)


# On call


def can_see_on_call(actor: Actor) -> bool:
    """Who is on call, and how she is reached, everybody sees who gives care, the front desk and administrators."""
    return can_see_hours(actor)


def can_plan_on_call(actor: Actor, practitioner: Practitioner) -> bool:
    """Let somebody be on call: the front desk and administrators anybody, others themselves."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR):
        return True
    return can_take_from_line(actor, practitioner)


def can_plan_for_all(actor: Actor) -> bool:
    """Plan for anybody, and say when the clinic wants somebody on call: the front desk and administrators."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def can_remove_stretch(actor: Actor, stretch: OnCallStretch) -> bool:
    """Who plans for all; others only what they planned for themselves: what somebody counts on is offered, not dropped."""
    if can_plan_for_all(actor):
        return True
    own = actor.user_id is not None and stretch.planner_id == actor.user_id
    return own and can_take_from_line(actor, stretch.practitioner)


def can_offer_stretch(actor: Actor, stretch: OnCallStretch) -> bool:
    """Only who is on call then may offer it to colleagues."""
    return can_take_from_line(actor, stretch.practitioner)


def can_take_stretch(actor: Actor, stretch: OnCallStretch, practitioner: Practitioner | None) -> bool:
    """A colleague takes what was offered, for themselves."""
    mine = practitioner is not None and can_take_from_line(actor, practitioner)
    return mine and stretch.offered_at is not None and practitioner != stretch.practitioner


def is_on_call(actor: Actor) -> bool:
    """Whether the actor is on call now, and still works here."""
    if actor.user_id is None or actor.on_behalf is not None or not actor.has(Role.CLINICIAN, Role.COACH):
        return False
    now = OnCallStretch.objects.filter(period__contains=clock.now(), removed_at=None)
    return now.filter(practitioner__user_id=actor.user_id, practitioner__active=True).exists()
