"""Single figures of the clinic, of the day: how long, how many. What no row says is the careful answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from webside.core.dated import figure

DATA = Path(__file__).resolve().parents[1] / "data"
FIGURES = DATA / "figures.csv"
SEATS = DATA / "seats.csv"


def lasting(name: str, on: date) -> timedelta | None:
    """Return a figure that is a length of time; nothing where no row says."""
    row = figure(FIGURES, name, on)
    return timedelta(**{row["unit"]: int(row["value"])}) if row else None


def count(name: str, on: date) -> int:
    """Return a figure that counts; nought where no row says."""
    row = figure(FIGURES, name, on)
    return int(row["value"]) if row else 0


def hand_over_waits(on: date) -> timedelta:
    """Return after how long who hands over is told that her colleague has not answered; at once where no row says."""
    return lasting("hand_over_waits", on) or timedelta(0)


def hand_over_reads(on: date) -> timedelta:
    """Return for how long who handed a patient over may still read her chart; not at all where no row says."""
    return lasting("hand_over_reads", on) or timedelta(0)


def help_alarm(on: date) -> timedelta:
    """Return after how long nobody's having taken a request for help is told to more people; at once where no row says."""
    return lasting("help_alarm", on) or timedelta()


def help_again(on: date) -> timedelta:
    """Return after how long one that was taken and not answered is told again; as soon as the first where no row says."""
    return lasting("help_again", on) or help_alarm(on)


def most_help(on: date) -> int | None:
    """Return how many requests for help one visit may send within an hour; no bound where no row says."""
    return count("help_most", on) or None


def survey_is_open(answered_at: datetime | None, now: datetime) -> bool:
    """Whether an answer about a visit may still be given or changed; one that was given is fixed where no row says."""
    changes = lasting("survey_changes", now.date())
    return answered_at is None or (changes is not None and now < answered_at + changes)


def on_time(on: date) -> timedelta | None:
    """Return how long after its booked time a visit still begins on time; nothing where no row says."""
    return lasting("on_time", on)


def fewest_answers(on: date) -> int | None:
    """Return from how many answers on a figure about one clinician or service is shown; none is where no row says."""
    return count("survey_fewest", on) or None


def most_files(on: date) -> int:
    """Return how many pictures and documents may be in one visit; none where no row says."""
    return count("files_most", on)
