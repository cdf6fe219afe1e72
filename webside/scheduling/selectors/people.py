"""Who is booked for an appointment beside its patient and its practitioner, and whether a colleague is free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.types.range import TimestamptzRange

from webside.core import clock
from webside.core.actor import Actor
from webside.people import selectors as people
from webside.people.models import Practitioner
from webside.scheduling import policies
from webside.scheduling.codes import HOLDS_TIME, NO_APPOINTMENT, AppointmentStatus, PersonRelation, PersonRole
from webside.scheduling.models import Appointment, AvailabilityException, BookedPerson, BusyTime, HeldTime
from webside.scheduling.selectors.appointments import is_past, of_days_after

ROLES: dict[str, Promise] = {
    PersonRole.SPECIALIST: gettext_lazy("second clinician"),
    PersonRole.NURSE: gettext_lazy("nurse"),
    PersonRole.INTERPRETER: gettext_lazy("interpreter"),
    PersonRole.FAMILY: gettext_lazy("family"),
    PersonRole.OTHER: gettext_lazy("guest"),
}
"""As what somebody is booked, in words."""

RELATIONS: dict[str, Promise] = {
    PersonRelation.SPOUSE: gettext_lazy("husband, wife or partner"),
    PersonRelation.PARENT: gettext_lazy("parent"),
    PersonRelation.CHILD: gettext_lazy("son or daughter"),
    PersonRelation.SIBLING: gettext_lazy("brother or sister"),
    PersonRelation.GUARDIAN: gettext_lazy("guardian"),
    PersonRelation.CARER: gettext_lazy("carer"),
    PersonRelation.FRIEND: gettext_lazy("friend"),
    PersonRelation.OTHER: gettext_lazy("family"),
}
"""What somebody is to the patient, in words."""


def people_of(appointment: Appointment) -> list[BookedPerson]:
    """Return who is booked beside the two, in the order in which they were added. The caller asks who may see them."""
    found = BookedPerson.objects.filter(appointment=appointment, removed_at=None).select_related("practitioner__user")
    return list(found.order_by("created_at", "id"))


def person_in(appointment: Appointment, person_id: UUID) -> BookedPerson | None:
    """Return one of them, or nothing."""
    return next((each for each in people_of(appointment) if each.id == person_id), None)


def person_by_hash(token_hash: bytes) -> BookedPerson | None:
    """Return who comes by the link with a token's hash, of this tenant."""
    found = BookedPerson.objects.filter(link_hash=token_hash)
    return found.select_related("appointment__practitioner", "appointment__tenant").first()


def stands(person: BookedPerson) -> bool:
    """Whether somebody is still booked, for an appointment that is still ahead or going on."""
    appointment = person.appointment
    return person.removed_at is None and appointment.status in HOLDS_TIME and not is_past(appointment)


def title_of(person: BookedPerson) -> str:
    """Return as what somebody comes, in words: "interpreter, Spanish", "son or daughter"."""
    if person.role == PersonRole.FAMILY and person.relation:
        return str(RELATIONS[person.relation])
    words = str(ROLES[person.role])
    return f"{words}, {person.interprets}" if person.interprets else words


def colleagues_to_book(actor: Actor, appointment: Appointment | None = None) -> list[Practitioner]:
    """Return who of the clinic can be booked for an appointment beside those who are; everybody, where none is booked yet."""
    found = people.practitioners(actor).filter(user__is_active=True)
    if appointment is None:
        return list(found)
    booked = BookedPerson.objects.filter(appointment=appointment, removed_at=None).exclude(practitioner=None)
    return list(found.exclude(id=appointment.practitioner_id).exclude(id__in=booked.values("practitioner_id")))


def colleagues_of(appointment: Appointment) -> list[BookedPerson]:
    """Return the colleagues who are booked for an appointment: whose time it holds beside its practitioner's."""
    return [each for each in people_of(appointment) if each.is_colleague]


def not_free(
    practitioners: Iterable[Practitioner], period: TimestamptzRange, *, besides: Appointment | None = None
) -> list[Practitioner]:
    """Return who has something else in a time: a visit, time off, or what another calendar of theirs says.

    Their weekly hours are not asked: they say when patients may book them, and an interpreter may have none.
    """
    everybody = list(practitioners)
    who = {"practitioner__in": everybody}
    held = HeldTime.objects.filter(blocked__overlap=period, **who)
    off = AvailabilityException.objects.filter(available=False, period__overlap=period, **who)
    elsewhere = BusyTime.objects.filter(period__overlap=period, **who)
    if besides is not None:
        held = held.exclude(appointment_id=besides.id)
    taken = set(
        held.values_list("practitioner_id").union(
            off.values_list("practitioner_id"), elsewhere.values_list("practitioner_id")
        )
    )
    return [each for each in everybody if (each.id,) in taken]


def blocked_by(appointment: Appointment) -> TimestamptzRange:
    """Return what an appointment keeps from others: its time and what stays free around it, saved or not yet."""
    before, after = timedelta(minutes=appointment.minutes_before), timedelta(minutes=appointment.minutes_after)
    return TimestamptzRange(appointment.start - before, appointment.end + after)


def names_of(practitioners: Sequence[Practitioner]) -> str:
    """Return people by name, as a sentence takes them."""
    return get_text_list([each.display_name for each in practitioners], _("and"))


def hers_of_days(
    actor: Actor, practitioner: UUID, before: datetime, start: datetime, end: datetime
) -> QuerySet[Appointment]:
    """Return a practitioner's visits of some days, the earliest first: her own that the actor may see, and ``beside``.

    ``beside``: those of colleagues for which her time is held too. The caller has asked whether the actor may see her days.
    ``before`` is a day earlier than ``start``: for queries that are put together once.
    """
    seen = policies.visible_appointments(actor, Appointment.objects.filter(practitioner=practitioner))
    beside = BookedPerson.objects.filter(practitioner=practitioner, removed_at=None)
    found = Appointment.objects.filter(
        of_days_after(before, start, end), Q(id__in=seen.values("id")) | Q(id__in=beside.values("appointment_id"))
    )  # fmt: skip
    shown = found.exclude(status__in=NO_APPOINTMENT).annotate(beside=~Q(practitioner=practitioner))
    return shown.select_related("patient", "practitioner", "service").order_by("period")


def with_wishes(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Let each visit say whether an interpreter is wished for who has still to be found (``wished``)."""
    wished = BookedPerson.objects.filter(appointment=OuterRef("pk"), practitioner=None, name="", removed_at=None)
    return appointments.annotate(wished=Exists(wished))


def is_beside(practitioner: Practitioner) -> Q:
    """Ask for the appointments that somebody has: as their practitioner, or beside another."""
    beside = BookedPerson.objects.filter(practitioner=practitioner, removed_at=None)
    return Q(practitioner=practitioner) | Q(id__in=beside.values("appointment_id"))


def may_bring(actor: Actor, appointment: Appointment) -> bool:
    """Whether the actor may add somebody from outside now: while the visit is booked and not over."""
    return policies.can_bring(actor, appointment) and is_open_for_people(appointment)


def is_open_for_people(appointment: Appointment) -> bool:
    """Whether people are still added on the appointment's page: once the patient is there, it is done in the visit."""
    return appointment.status == AppointmentStatus.BOOKED and appointment.end > clock.now()
