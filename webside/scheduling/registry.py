"""What higher apps say, in ``AppConfig.ready()``: where an appointment's link leads, whether it is under way, where its
room is; and what somebody's words mean who asks to be seen now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q

from webside.scheduling.codes import Urgency

if TYPE_CHECKING:
    from webside.scheduling.models import Appointment, BookedPerson

Destination = Callable[["Appointment"], "str | None"]

_destinations: list[Destination] = []


def register_destination(destination: Destination) -> None:
    """Let links lead to ``destination(appointment)``, a path; None leaves it to the next, then to the appointment."""
    if destination not in _destinations:
        _destinations.insert(0, destination)


def unregister_destination(destination: Destination) -> None:
    """Take a destination out again (tests)."""
    if destination in _destinations:
        _destinations.remove(destination)


def destination_of(appointment: Appointment) -> str | None:
    """Return the path that an appointment's link leads to, or None if no higher app has a page for it."""
    for destination in _destinations:
        path = destination(appointment)
        if path is not None:
            return path
    return None


UnderWay = Callable[["Appointment"], bool]

_under_way: list[UnderWay] = []


def register_under_way(ask: UnderWay) -> None:
    """Let ``ask`` say whether what an appointment was for has begun: then it is neither moved nor cancelled."""
    if ask not in _under_way:
        _under_way.append(ask)


def is_under_way(appointment: Appointment) -> bool:
    """Whether a higher app says that what an appointment was for has begun and isn't over."""
    return any(ask(appointment) for ask in _under_way)


_closed: list[Q] = []


def register_closed(closed: Q) -> None:
    """Let ``closed`` find the appointments whose room is closed for good: they go on no more, whatever their status says."""
    _closed.append(closed)


def closed() -> Q:
    """Return what finds the appointments that a higher app says are over."""
    return reduce(or_, _closed, Q(pk__isnull=True))


Room = Callable[["Appointment"], str]

_rooms: list[Room] = []


def register_room(room: Room) -> None:
    """Let ``room(appointment)`` say where its practitioner meets the patient (one app's)."""
    _rooms[:] = [room]


def room_of(appointment: Appointment) -> str | None:
    """Return the path where the practitioner meets the patient, or None if no higher app has one."""
    return next((room(appointment) for room in _rooms), None)


Seat = Callable[["BookedPerson", str], "str | None"]

_seats: list[Seat] = []


def register_seat(seat: Seat) -> None:
    """Let ``seat(person, token)`` say where somebody from outside takes her seat, once there is one (one app's)."""
    _seats[:] = [seat]


def seat_of(person: BookedPerson, token: str) -> str | None:
    """Return the path where somebody who was booked takes her seat, or None as long as there is none."""
    return next((seat(person, token) for seat in _seats), None)


@dataclass(frozen=True, slots=True)
class PhoneWay:
    """How a patient comes into her visit by phone: the number and her own code, as people write them."""

    number: str
    code: str


WayByPhone = Callable[["Appointment"], "PhoneWay | None"]

_ways_by_phone: list[WayByPhone] = []


def register_way_by_phone(way: WayByPhone) -> None:
    """Let ``way(appointment)`` say how its patient comes by phone (one app's); None where the clinic has no number."""
    _ways_by_phone[:] = [way]


def way_by_phone(appointment: Appointment) -> PhoneWay | None:
    """Return how the patient of an appointment comes by phone, or None."""
    return next((way(appointment) for way in _ways_by_phone), None)


@dataclass(frozen=True, slots=True)
class Screened:
    """What somebody's words mean for her who asks to be seen now.

    ``danger``: there is something to do before anything else, said in ``title`` and ``text`` (plain words, with what to
    do); she is asked first and joins only after she has read it. ``urgency`` is the least that the words ask for.
    ``source`` says by which rule; ``reason`` is for who takes people from the line, the title where it is empty.
    """

    urgency: Urgency = Urgency.ROUTINE
    danger: bool = False
    title: str = ""
    text: str = ""
    source: str = ""
    reason: str = ""


Screen = Callable[[str], "Screened | None"]

_screens: list[Screen] = []


def register_screen(screen: Screen) -> None:
    """Let ``screen(text)`` look at what somebody writes who asks to be seen now; None where it has nothing to say."""
    if screen not in _screens:
        _screens.append(screen)


Signs = Callable[[], "list[tuple[str, str]]"]
SignsScreen = Callable[[Collection[str]], "Screened | None"]

_signs: list[tuple[Signs, SignsScreen]] = []


def register_signs(asked: Signs, screen: SignsScreen) -> None:
    """Ask everybody who wants to be seen now to tick what is so.

    ``asked()`` gives names and words, ``screen(names)`` what ticked ones mean.
    """
    _signs[:] = [(asked, screen)]


def asked_signs() -> list[tuple[str, str]]:
    """Return the signs of danger that are asked for; none if no app asks."""
    return [each for asked, _screen in _signs for each in asked()]


def screened(text: str, signs: Collection[str] = ()) -> list[Screened]:
    """Return what the screens say of a text and of ticked signs, what is dangerous first."""
    answers = [*(screen(signs) for _asked, screen in _signs), *(screen(text) for screen in _screens)]
    found = [answer for answer in answers if answer is not None]
    return sorted(found, key=lambda answer: (not answer.danger, -list(Urgency).index(answer.urgency)))
