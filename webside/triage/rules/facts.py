"""What ``triage.choose_service`` is asked with, and what it answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from webside.catalog.codes import Kind, Need
from webside.core.decisions import Answer, Facts, Reason
from webside.triage.codes import Action, Language, Person


class PatientFacts(Facts, frozen=True, kw_only=True):
    """The person who is ill, not the one who writes. Everything may be absent.

    ``age`` in whole years, 0 for infants. ``state`` (two letters), ``sex`` and ``conditions`` are
    taken, so that the same facts can be given to every rule of triage; this rule doesn't use them.
    """

    age: Annotated[int, msgspec.Meta(ge=0)] | None = None
    sex: str | None = None
    state: str | None = None
    pregnant: bool | None = None
    immune_weak: bool | None = None
    blood_thinner: bool | None = None
    conditions: tuple[str, ...] | None = None

    def says(self, person: Person) -> bool:
        """Whether these facts say so; what is not given says nothing."""
        given = {
            Person.PREGNANT: self.pregnant,
            Person.IMMUNE_WEAK: self.immune_weak,
            Person.BLOOD_THINNER: self.blood_thinner,
            Person.INFANT: self.age == 0,
        }
        return bool(given.get(person))


class ChooserFacts(Facts, frozen=True, kw_only=True):
    """A person's own words, in English or Spanish, as typed.

    ``on``: the day whose rows are asked; without it the rows that hold until further notice.
    """

    text: str
    patient: PatientFacts = PatientFacts()
    on: date | None = None


class Ground(Reason, frozen=True, kw_only=True):
    """A reason, with the words of the text that it rests on."""

    words: str


class RedFlag(Ground, frozen=True, kw_only=True):
    """A sign of danger: ``action`` says what it asks for."""

    action: Action


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now, in the language of the text. ``phone`` is the number to call, if there is one."""

    action: Action
    phone: str | None
    text: str
    source: str


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """Another service that the words fit, less well: ``text`` says why."""

    kind: Kind
    service: Need
    label: str
    text: str
    source: str


class ChooserAnswer(Answer, frozen=True, kw_only=True):
    """What the words ask for.

    - ``kind``, ``service``, ``label``: null where the words don't say enough; then ``question`` asks.
    - ``sure``: false where another service fits nearly as well, or nothing was understood.
    - ``language``: of the text; every ``text`` and ``label`` is in it.
    - ``red_flags``, ``now``: signs of danger, and what to do at once, the most urgent first.
    - ``reasons``: what in the text led there. ``set_aside``: signs of danger that the text denies, or
      tells of another time.
    - ``alternatives``: the next best, best first; none in an emergency, which nothing stands beside.
    - ``not_checked``: what could not be judged.
    """

    kind: Kind | None
    service: Need | None
    label: str | None
    sure: bool
    language: Language
    red_flags: list[RedFlag]
    now: list[Step]
    reasons: list[Ground]
    set_aside: list[Ground]
    alternatives: list[Alternative]
    question: str | None
    not_checked: list[str]
