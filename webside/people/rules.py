"""What follows from what is known of a person. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta


def age_on(born: date, day: date) -> int:
    """Return the age in whole years on a day. Who is born on 29 February has a birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def full_name(given: str, family: str, prefix: str = "") -> str:
    """Return a name as it is said: title, given name, family name, as far as there is one of each."""
    return " ".join(part for part in (prefix, given, family) if part)


def stands(*, now: datetime, starts_at: datetime, expires_at: datetime | None, accepted: bool, revoked: bool) -> bool:
    """Whether somebody may act for another person now. It ends at ``expires_at`` itself, not after it."""
    begun = accepted and starts_at <= now
    return begun and not revoked and (expires_at is None or now < expires_at)


def remind_at(starts_at: datetime, expires_at: datetime, before: timedelta) -> datetime:
    """Return when both are told that it ends soon: so long ``before``, or as it begins where it is shorter than that."""
    return max(starts_at, expires_at - before)


def same_day_later(day: date, years: int) -> date:
    """Return the birthday after so many years. Who is born on 29 February has it on 1 March in other years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date.fromordinal(day.toordinal() + 1).replace(year=day.year + years)
