"""Quiet hours, and by which channels a message goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webside.notifications.codes import Channel, Choice


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the night, on the wall clock of a zone, in which nothing comes that can wait. Equal ends: none."""

    start: time
    end: time
    zone: str

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` lies within; the last minute is no longer quiet."""
        wall = at.astimezone(ZoneInfo(self.zone)).time()
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end

    def ends(self, at: datetime) -> datetime:
        """Return when the quiet hours end in which ``at`` lies, in UTC: on a night with two such moments, the later."""
        here = at.astimezone(ZoneInfo(self.zone))
        day = here.date() + timedelta(days=self.start > self.end and here.time() >= self.start)
        return max(self._moments(datetime.combine(day, self.end)))

    def began(self, at: datetime) -> datetime:
        """Return when the quiet hours began in which ``at`` lies, in UTC: of two such moments, the earlier."""
        here = at.astimezone(ZoneInfo(self.zone))
        day = here.date() - timedelta(days=self.start > self.end and here.time() < self.end)
        return min(self._moments(datetime.combine(day, self.start)))

    def _moments(self, wall: datetime) -> tuple[datetime, datetime]:
        """Return both readings of a time of the wall: they differ where a clock change repeats or skips it."""
        zone = ZoneInfo(self.zone)
        return wall.replace(tzinfo=zone, fold=0).astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def channels(choice: Choice, *, email: bool, number: bool) -> list[Channel]:
    """Return by which channels a message goes to somebody who chose so and can be reached so.

    Who chose texts and can't get any gets the e-mail: a wish how is no wish that nothing comes.
    """
    able = {Channel.EMAIL: email, Channel.SMS: number}
    wished = {
        Choice.BOTH: [Channel.EMAIL, Channel.SMS],
        Choice.EMAIL: [Channel.EMAIL],
        Choice.SMS: [Channel.SMS],
        Choice.NONE: [],
    }[choice]
    found = [channel for channel in wished if able[channel]]
    if not found and choice in (Choice.EMAIL, Choice.SMS):
        found = [channel for channel in (Channel.EMAIL, Channel.SMS) if able[channel]]
    return found
