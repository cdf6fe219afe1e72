"""When somebody comes of age, and what of a minor's care stays hers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webside.compliance.codes import PrivateTopic
from webside.compliance.rules.tables import DATA, is_sure, state_name, table
from webside.core.dated import load
from webside.people.rules import age_on, same_day_later

CONSENT = DATA / "minor_consent.csv"


@dataclass(frozen=True, slots=True)
class Majority:
    """On which day somebody comes of age in a state, or nothing where that isn't known; with the words and the source."""

    on: date | None
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Privacy:
    """Whether care of a topic stays between a minor and the clinic. Not ``checked``: nobody knows, so it does."""

    private: bool
    checked: bool
    text: str
    source: str = ""


def majority(born: date, state: str, day: date) -> Majority:
    """Return when somebody born on a day comes of age, by the law of her state as it stands on ``day``."""
    row = table("guardian_ages").one(day, state=state) if state else None
    if row is None:
        return Majority(None, "Not checked: the age of majority where the patient lives.")
    age = int(row["age"])
    return Majority(same_day_later(born, age), f"Of age at {age} in {state_name(state, day)}.", row.citation)


def stays_private(topic: str, born: date, state: str, day: date) -> Privacy:
    """Say whether care of ``topic`` of a minor is not shown to her guardian, by the law of a state on a day.

    Where no row says it, or nobody has confirmed the row, it isn't shown: what a parent has read can't be taken back.
    """
    row = load(CONSENT).one(day, state=state, topic=topic) if state else None
    if row is None or not is_sure(row):
        return Privacy(True, False, "Not checked: whether a minor agrees alone to this care here.")
    needed = int(row["age"])
    if age_on(born, day) >= needed:
        return Privacy(True, True, "The minor agrees alone to this care here.", row.citation)
    return Privacy(False, True, f"Under {needed} a guardian agrees to this care here.", row.citation)


def private_topics(born: date, state: str, day: date) -> frozenset[str]:
    """Return the topics that a guardian isn't shown."""
    return frozenset(topic.value for topic in PrivateTopic if stays_private(topic, born, state, day).private)
