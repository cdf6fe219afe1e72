"""What happens to appointments, in the line of who waits to be seen now, and on the waiting list."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentBooked(Event):
    """Somebody booked a time."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMoved(Event):
    """An appointment has another time, perhaps with somebody else."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentTaken(Event):
    """A colleague has taken over a visit whose patient is there: the same appointment, another practitioner."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentLetGo(Event):
    """Who was called from the line is seen by nobody now: back in line, to be called by phone, or gone."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCancelled(Event):
    """An appointment will not take place."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBooked(Event):
    """Somebody was booked for an appointment beside its patient and its practitioner."""

    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRemoved(Event):
    """Somebody is no longer booked for an appointment."""

    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentLinkAsked(Event):
    """The patient has lost the link to an appointment, and the clinic sends it again."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMissed(Event):
    """The patient did not come."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueJoined(Event):
    """Somebody waits to be seen now."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCalled(Event):
    """It is somebody's turn, and the page that she had open did not go on by itself, or she asked for a message."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueUnanswered(Event):
    """Somebody was called and did not come in time."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNear(Event):
    """Somebody who asked to be told is nearly next."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueClosing(Event):
    """Somebody waits who may not be seen before the line closes."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAlone(Event):
    """Somebody waits, and nobody who may see her takes people from the line any more."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueShut(Event):
    """The line has closed before somebody was seen: the front desk calls her."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBooked(Event):
    """Somebody booked several times in one go; each is an appointment with an event of its own."""

    series_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCancelled(Event):
    """A visit of a series and all later ones were cancelled together; each has an event of its own."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChanged(Event):
    """Somebody gives care at other times than before: times may have become free."""

    practitioner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistJoined(Event):
    """Somebody waits for a time that becomes free."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistOffered(Event):
    """A time is held for somebody on the waiting list until she answers, or until it runs out."""

    offer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistOfferEnded(Event):
    """A time that was offered is held no longer: it is for the next one."""

    offer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistOver(Event):
    """The last day that suited somebody on the waiting list is over, and no time was found."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLeft(Event):
    """Somebody waits, nobody who may see her takes people from the line, and it was not so before: who is on call is reached."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallChanged(Event):
    """Somebody else changed when a person is on call."""

    stretch_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallUncovered(Event):
    """Nobody is on call in a stretch in which the clinic wants somebody."""

    gap_id: UUID
