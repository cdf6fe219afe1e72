"""What follows from what is known of a person. Pure."""

from __future__ import annotations

from datetime import date


def age_on(born: date, day: date) -> int:
    """Return the age in whole years on a day. Who is born on 29 February has a birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def full_name(given: str, family: str, prefix: str = "") -> str:
    """Return a name as it is said: title, given name, family name, as far as there is one of each."""
    return " ".join(part for part in (prefix, given, family) if part)
