"""When somebody is reminded of a visit: never at night, never of what was booked since, no two close together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from webside.core.dated import load
from webside.notifications.rules import Quiet

STEPS = Path(__file__).resolve().parents[1] / "data" / "reminders.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One reminder: ``days`` (on the wall clock) and ``hours`` before the visit; see ``data/reminders.yaml``."""

    id: str
    days: int
    hours: int
    latest: timedelta
    earlier: timedelta
    apart: timedelta

    def wanted(self, start: datetime, zone: ZoneInfo) -> datetime:
        """Return when it would come if there were no night: "a day before" is the same time by the wall, whatever clocks do."""
        here = start.astimezone(zone)
        wall = datetime.combine(here.date() - timedelta(days=self.days), here.time(), tzinfo=zone)
        return wall.astimezone(UTC) - timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True)
class Planned:
    """A reminder that will be sent, and when."""

    step: str
    at: datetime


def steps(kind: str, on: date) -> list[Step]:
    """Return the reminders for a kind of service that hold on a day. No row: nobody is reminded."""
    return [
        Step(
            row.id, int(row["days"]), int(row["hours"]),
            *(timedelta(minutes=int(row[name])) for name in ("latest", "earlier", "apart")),
        )
        for row in load(STEPS).in_force(on, kind=kind)
    ]  # fmt: skip


def plan(*, start: datetime, zone: str, since: datetime, quiet: Quiet, steps: Iterable[Step]) -> list[Planned]:
    """Return when a visit is reminded of, earliest first.

    ``since``: when it was booked, or moved to this time. What would have come before that is not made up for: whoever has
    just booked knows.
    """
    found: list[Planned] = []
    wanted = [(step.wanted(start, ZoneInfo(zone)), step) for step in steps]
    timely = [
        (at, step) for wish, step in wanted if wish > since and (at := _awake(wish, start, quiet, step)) is not None
    ]
    for at, step in sorted(timely, key=lambda pair: pair[0]):
        if since < at < start and (not found or at - found[-1].at >= step.apart):
            found.append(Planned(step.id, at))
    return found


def _awake(wish: datetime, start: datetime, quiet: Quiet, step: Step) -> datetime | None:
    """Return the moment nearest to a wish at which nobody is woken, if there is one."""
    if not quiet.holds(wish):
        return wish
    later = quiet.ends(wish)
    if later <= start - step.latest:
        return later
    before = quiet.began(wish) - step.earlier
    return None if quiet.holds(before) else before


def still_useful(step: Step, start: datetime, now: datetime) -> bool:
    """Whether a reminder that comes late, after an outage, still helps: it leaves as much time as it must."""
    return now <= start - step.latest
