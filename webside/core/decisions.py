"""What every rule of Webside answers with, and the register of rules that anyone may ask.

A *rule* is a pure function from facts to an answer. It reads no clock, no database and no
setting: the day it must judge is one of its facts, and what the law or a payer says on that day
comes from dated rows (:mod:`webside.core.dated`). The page, the audit line and the test therefore
say the same thing.

>>> @rule("demo.is_adult", facts=Facts, answer=Answer)          # doctest: +SKIP
... def is_adult(facts: Facts) -> Answer: ...

Facts and answers are :class:`msgspec.Struct` types. That gives one strict entrance (an unknown
field is refused by name, a wrong type with its path) and the JSON Schema for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One ground of an answer.

    ``code`` is stable and for machines (``licence.missing``), ``text`` is a sentence for people,
    ``source`` names the law, standard or data row that it rests on.
    """

    code: str
    text: str
    source: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every rule's facts: frozen, and closed against fields that nobody declared."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of every rule's answer."""


F = TypeVar("F", bound=Facts)
A = TypeVar("A", bound=Answer)


class UnknownRule(LookupError):
    """No rule is registered under that name."""


class InvalidFacts(ValueError):
    """The facts are not of the rule's form. The message names the field; it holds no values."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule: its name, its types and its pure function."""

    name: str
    facts: type[Facts]
    answer: type[Answer]
    decide: Callable[[Any], Answer]
    summary: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the facts and of the answer, under ``facts`` and ``answer``."""
        (facts, answer), components = msgspec.json.schema_components(
            [self.facts, self.answer], ref_template="#/$defs/{name}"
        )
        return {"facts": facts, "answer": answer, "$defs": components}


_rules: dict[str, Rule] = {}


def rule(name: str, *, facts: type[F], answer: type[A]) -> Callable[[Callable[[F], A]], Callable[[F], A]]:
    """Register a pure function as the rule ``name`` (dotted: app, then verb).

    Raises :class:`ValueError` if another function holds the name already.
    """

    def register(function: Callable[[F], A]) -> Callable[[F], A]:
        known = _rules.get(name)
        if known is not None and known.decide.__qualname__ != function.__qualname__:
            raise ValueError(f"two rules are named {name}")
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        _rules[name] = Rule(name, facts, answer, function, summary)
        return function

    return register


def get(name: str) -> Rule:
    """Return the rule called ``name``, or raise :class:`UnknownRule`."""
    try:
        return _rules[name]
    except KeyError:
        raise UnknownRule(name) from None


def all_rules() -> Iterator[Rule]:
    """Yield every registered rule in the order of its name."""
    for name in sorted(_rules):
        yield _rules[name]


def parse(name: str, raw: bytes | str) -> Facts:
    """Turn one JSON document into the facts of the rule ``name``.

    Raises :class:`UnknownRule`, or :class:`InvalidFacts` with the path of what is wrong.
    """
    try:
        return msgspec.json.decode(raw, type=get(name).facts)
    except msgspec.ValidationError as error:
        raise InvalidFacts(str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidFacts(f"not valid JSON: {error}") from None


def encode(answer: Answer) -> bytes:
    """Return an answer as JSON."""
    return msgspec.json.encode(answer)


def ask(name: str, facts: Facts) -> Answer:
    """Ask the rule ``name``. Facts in, answer out; nothing is kept."""
    return get(name).decide(facts)
