"""How a call arrived at one side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from webside.visits.codes import Advice, Grade
from webside.visits.rules.figures import count


@dataclass(frozen=True, slots=True)
class Sample:
    """A stretch of one side's call: ``seconds`` of which ``broken`` without a connection, and what arrived.

    ``concealed``: percent of the sound that the browser had to guess; ``rtt``: round trip in milliseconds; both ``None``
    where nothing was measured. ``reconnects`` counts since the page was loaded.
    """

    seconds: float
    sound: float
    picture: float
    broken: float = 0.0
    concealed: float | None = None
    rtt: float | None = None
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """How the call arrived at one side. ``minutes`` were measured, rounded; nothing is said of the others."""

    minutes: int
    interruptions: int
    broken_seconds: int
    sound: Grade
    picture: Grade
    delayed: bool | None
    advice: tuple[Advice, ...]


def connection_report(samples: Iterable[Sample], on: date) -> ConnectionReport | None:
    """Say how a call arrived at one side, from its samples in the order of time; nothing where there are none.

    ``on`` is the day of the visit. A number that nobody measured is not good: it is unknown.
    """
    taken = [sample for sample in samples if sample.seconds > 0]
    if not taken:
        return None
    seconds = sum(sample.seconds for sample in taken)
    broken = sum(min(sample.broken, sample.seconds) for sample in taken)
    connected = seconds - broken
    sound = grade_sound(_mean([(sample.concealed, sample.seconds) for sample in taken]), on)
    share = 100 * sum(min(sample.picture, sample.seconds) for sample in taken) / connected if connected > 0 else None
    picture = grade_picture(share, on)
    delayed = is_delayed(_mean([(sample.rtt, sample.seconds) for sample in taken]), on)
    interruptions = _reconnected(taken)
    found = {
        Advice.NEARER: interruptions > 0,
        Advice.LINE: sound in (Grade.FAIR, Grade.POOR),
        Advice.DELAY: delayed is True,
        Advice.PICTURE: picture is Grade.POOR,
    }
    return ConnectionReport(
        minutes=round(seconds / 60),
        interruptions=interruptions,
        broken_seconds=round(broken),
        sound=sound,
        picture=picture,
        delayed=delayed,
        advice=tuple(advice for advice in Advice if found[advice]),
    )


def _mean(values: Iterable[tuple[float | None, float]]) -> float | None:
    """Return the mean of what was measured, by how long each was; nothing where nothing was."""
    known = [(value, weight) for value, weight in values if value is not None]
    weights = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weights if weights else None


def _reconnected(samples: Iterable[Sample]) -> int:
    """Count how often the connection came back. A page that was loaded again counts from nought."""
    total = before = 0
    for sample in samples:
        total += sample.reconnects - before if sample.reconnects >= before else sample.reconnects
        before = sample.reconnects
    return total


def grade_sound(concealed: float | None, on: date) -> Grade:
    """Say how sound was, from the percent of it that had to be guessed."""
    fair, poor = count("report_sound_fair", on), count("report_sound_poor", on)
    if concealed is None or not fair or not poor:
        return Grade.UNKNOWN
    return Grade.GOOD if concealed < fair else Grade.FAIR if concealed < poor else Grade.POOR


def grade_picture(share: float | None, on: date) -> Grade:
    """Say how the picture was, from the percent of the connected time in which it was there."""
    fair, poor = count("report_picture_fair", on), count("report_picture_poor", on)
    if share is None or not fair or not poor:
        return Grade.UNKNOWN
    return Grade.GOOD if share >= fair else Grade.FAIR if share >= poor else Grade.POOR


def is_delayed(rtt: float | None, on: date) -> bool | None:
    """Whether the two had to wait for each other's words; nothing where nobody measured or no row says."""
    fair = count("report_delay_fair", on)
    return None if rtt is None or not fair else rtt >= fair
