"""Why a time is not booked, or an appointment not changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from webside.catalog import gates
from webside.people.models import Practitioner
from webside.scheduling.models import Appointment, Availability, OnCallStretch, QueueEntry, WaitlistEntry
from webside.scheduling.selectors import Slot


class NotAllowed(PermissionError):
    """The actor may not do this."""


class CannotBook(Exception):
    """This time can't be booked. ``nearest`` are free times near it, the earliest first."""

    def __init__(self, nearest: Sequence[Slot] = ()) -> None:
        super().__init__(type(self).__name__)
        self.nearest = list(nearest)


class SlotTaken(CannotBook):
    """Somebody else took it, or it was never offered."""


class BusyElsewhere(SlotTaken):
    """Another calendar of whom it is with says that they are busy then."""


class SlotPassed(CannotBook):
    """It began while the form was open."""


class PatientBusy(CannotBook):
    """The patient has another appointment at that time."""


class GatesStop(CannotBook):
    """The gates say no. ``findings`` say why; ``nearest`` are times of colleagues who may."""

    def __init__(self, findings: Sequence[gates.Finding], nearest: Sequence[Slot] = ()) -> None:
        super().__init__(nearest)
        self.findings = list(findings)


class ColleagueBusy(CannotBook):
    """Colleagues who are booked too have something else then: ``people`` are all of them. Nothing was booked or moved."""

    def __init__(self, people: Sequence[Practitioner], nearest: Sequence[Slot] = ()) -> None:
        super().__init__(nearest)
        self.people = list(people)


class ColleagueMayNot(GatesStop):
    """The gates say no to a ``colleague`` who is to treat the patient too."""

    def __init__(self, colleague: Practitioner, findings: Sequence[gates.Finding]) -> None:
        super().__init__(findings)
        self.colleague = colleague


class TooManyPeople(Exception):
    """So many people are not booked for one visit; ``most`` may be beside the two."""

    def __init__(self, most: int) -> None:
        super().__init__("TooManyPeople")
        self.most = most


class WrongStatus(Exception):
    """The appointment is not in a state in which this can be done (it is cancelled, over, missed)."""


class NoWay(Exception):
    """Nothing reaches the patient: there is neither an address nor a number that takes texts."""


class SentJustNow(Exception):
    """A link was sent a moment ago: it is on its way."""


class NeedsWords(ValueError):
    """The reason that was chosen says nothing without words."""


class KeyReused(ValueError):
    """The idempotency key belongs to somebody else's booking."""


class AlreadyBooked(Exception):
    """They have it: the same form was sent before with another time, or an older page of theirs booked this very visit.

    ``appointment`` is what was booked then.
    """

    def __init__(self, appointment: Appointment) -> None:
        super().__init__("AlreadyBooked")
        self.appointment = appointment


class HoursOverlap(Exception):
    """Weekly hours share time with ``hours``, which the same person keeps already (none: with others of the same form)."""

    def __init__(self, hours: Availability | None) -> None:
        super().__init__("HoursOverlap")
        self.hours = hours


class HoursOver(Exception):
    """Weekly hours have ended already, or would end in the past."""


class ReasonMissing(ValueError):
    """What is done to somebody's place in the line needs a reason in words."""


class QueueShut(Exception):
    """The line of a service is closed; ``opens_at`` says when it opens again, if that is known."""

    def __init__(self, opens_at: datetime | None) -> None:
        super().__init__("QueueShut")
        self.opens_at = opens_at


class NobodyMay(Exception):
    """Nobody who gives a service may see somebody where she is."""


class InLineAlready(Exception):
    """She is in line already; ``entry`` is her place."""

    def __init__(self, entry: QueueEntry) -> None:
        super().__init__("InLineAlready")
        self.entry = entry


class WrongPlace(Exception):
    """An entry doesn't stand where this can be done: somebody was faster, or it is over. ``status`` says where it is."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class NotOnDuty(Exception):
    """Who takes people from the line is on duty."""


class WithSomebody(Exception):
    """They have called somebody already and have not let her go; ``entry`` is who."""

    def __init__(self, entry: QueueEntry) -> None:
        super().__init__("WithSomebody")
        self.entry = entry


class NoTime(Exception):
    """A booked visit begins too soon, or goes on; ``start`` is when it begins."""

    def __init__(self, start: datetime) -> None:
        super().__init__("NoTime")
        self.start = start


class SeriesStopped(Exception):
    """One date of a series can't be booked, so none is: ``start`` says which, ``refusal`` why."""

    def __init__(self, start: datetime, refusal: CannotBook) -> None:
        super().__init__("SeriesStopped")
        self.start = start
        self.refusal = refusal


class WaitsAlready(Exception):
    """She waits for a time of this service already; ``entry`` is her place on the list."""

    def __init__(self, entry: WaitlistEntry) -> None:
        super().__init__("WaitsAlready")
        self.entry = entry


class CannotOffer(Exception):
    """A time can't be offered to her now: it is night where she is, or there is too little time to answer."""


class OfferOver(Exception):
    """What was offered is held no longer: it has run out, or was declined or taken back."""


class KnownAlready(ValueError):
    """The same calendar is read already."""


class TooManySites(ValueError):
    """So many sites may not show a clinic's times."""


class TooManyCalendars(ValueError):
    """So many calendars of one person are not read."""


class OnCallAlready(Exception):
    """The same person is on call in a part of that time: ``stretch`` says when."""

    def __init__(self, stretch: OnCallStretch) -> None:
        super().__init__("OnCallAlready")
        self.stretch = stretch


class StretchOver(Exception):
    """A stretch has ended, was removed or is not offered any more."""
