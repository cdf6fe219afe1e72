"""A day of the line, lived through by chance: who comes, who goes, who takes whom. Used by tests and by the figures."""

from __future__ import annotations

import heapq
import random
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from webside.scheduling import rules
from webside.scheduling.codes import Urgency
from webside.scheduling.rules import Range, Server
from webside.scheduling.rules.line import Place

OPENS = datetime(2026, 11, 27, 13, tzinfo=UTC)
HOURS = 12
ARRIVALS = 300
USUAL_MINUTES = 20
"""What the catalogue says; visits really take about 13 minutes, so the first ranges of a day are learnt from few."""
STATES = {"NY": 0.55, "NJ": 0.25, "PA": 0.2}
#: Where each of the clinicians may see people, from which hour on, until which, and between which they have a break.
SHIFTS = (
    ("NY NJ", 0, 8, 4.0), ("NY NJ PA", 0, 6, 3.0), ("NY PA", 0, 12, 6.0), ("NY NJ PA", 0, 12, 5.0), ("NY", 1, 9, 5.5),
    ("NY NJ", 2, 12, 7.0), ("NY PA", 3, 12, 8.0), ("NY NJ PA", 4, 12, 9.0), ("NJ PA", 5, 12, 8.5),
    ("NY NJ PA", 6, 12, 10.0),
)  # fmt: skip


@dataclass
class Clinician:
    """One who takes people: a stretch on duty, with a break; ``since`` is when the present visit began."""

    id: UUID
    states: frozenset[str]
    comes: float
    goes: float
    rests: float
    since: float | None = None
    ready: float = 0.0
    rested: bool = False

    def on(self, at: float) -> bool:
        """Whether the switch is on."""
        return self.comes <= at < self.goes and not (self.rested and at < self.ready and self.since is None)


@dataclass
class Person:
    """One who comes, and what she was told at the beginning."""

    id: UUID
    at: float
    state: str
    urgency: Urgency
    leaves: float
    told: Range | None = None
    taken: float | None = None


@dataclass
class Day:
    """What came of a day."""

    people: list[Person]

    @property
    def seen(self) -> list[tuple[float, Range]]:
        """The true wait, in minutes, and the range that was told, of everybody who was seen and was told one."""
        return [(each.taken - each.at, each.told) for each in self.people if each.taken is not None and each.told]

    @property
    def unsaid(self) -> int:
        """How many were told that nobody can say."""
        return sum(each.told is None for each in self.people)

    @property
    def median_width(self) -> float:
        """The middle of the widths that were shown, in minutes."""
        return statistics.median(told.high - told.low for _waited, told in self.seen)


def _id(source: random.Random) -> UUID:
    return UUID(int=source.getrandbits(128))


def live(seed: int, *, on: datetime = OPENS) -> Day:
    """Live through a day. Times are minutes from its opening."""
    source = random.Random(seed)
    day = on.date()
    clinicians = [
        Clinician(_id(source), frozenset(states.split()), comes * 60 + source.uniform(-10, 10) * bool(comes),
                  goes * 60 + source.uniform(-15, 15), rests * 60)
        for states, comes, goes, rests in SHIFTS
    ]  # fmt: skip
    people = []
    for _ in range(ARRIVALS):
        # A first wave in the morning, a second one after work.
        at = min(max(source.choice((source.gauss(150, 90), source.gauss(520, 100), source.uniform(0, 700))), 1), 700)
        urgency = source.choices(list(Urgency), (0.75, 0.17, 0.08))[0]
        people.append(Person(_id(source), at, source.choices(list(STATES), list(STATES.values()))[0], urgency,
                             at + source.expovariate(1 / 400)))  # fmt: skip
    people.sort(key=lambda each: each.at)
    result = Day(people)
    waiting: list[Person] = []
    recent: list[float] = []
    came: list[tuple[float, Urgency]] = []
    events = [(each.at, index, "comes") for index, each in enumerate(people)]
    events += [(float(minute), 10_000 + minute, "minute") for minute in range(HOURS * 60 + 180)]
    heapq.heapify(events)

    def moment(at: float) -> datetime:
        return on + timedelta(minutes=at)

    def place(each: Person, at: float) -> Place:
        may = frozenset(one.id for one in clinicians if each.state in one.states and one.on(at))
        return Place(each.id, moment(each.at), each.urgency, may)

    def take(at: float) -> None:
        for one in sorted(clinicians, key=lambda each: each.ready):
            if one.since is not None and one.ready <= at:
                recent.append(one.ready - one.since)
                one.since = None
                if not one.rested and at >= one.rests:
                    one.rested, one.ready = True, at + 30
                    continue
                one.ready = at + source.uniform(0.5, 4)
            if one.since is not None or one.ready > at or not one.on(at):
                continue
            line = rules.in_order([place(each, at) for each in waiting], day)
            turn = next((each.id for each in line if one.id in each.may), None)
            if turn is None:
                continue
            person = next(each for each in waiting if each.id == turn)
            waiting.remove(person)
            person.taken = at
            length = source.lognormvariate(2.45, 0.5)
            one.since, one.ready = at, at + length

    while events:
        at, index, kind = heapq.heappop(events)
        waiting[:] = [each for each in waiting if each.leaves > at]
        if kind == "comes":
            person = people[index]
            waiting.append(person)
            came.append((at, person.urgency))
            line = rules.in_order([place(each, at) for each in waiting], day)
            servers = [
                Server(one.id, moment(one.since) if one.since is not None else None, until=moment(one.goes))
                for one in clinicians
                if one.on(at)
            ]
            urgent = sum(urgency is Urgency.URGENT and at - then < 120 for then, urgency in came) / 2
            person.told = rules.estimate(
                line, servers=servers, visits=rules.lengths(recent[-40:], USUAL_MINUTES, day), now=moment(at), on=day,
                urgent_an_hour=urgent,
            )[person.id]  # fmt: skip
        take(at)
    return result
