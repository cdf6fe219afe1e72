"""Requests in people's own words with what they ask for, and the examples of the rule's page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from webside.core import decisions
from webside.triage.rules import ChooserAnswer

RULE = "triage.choose_service"
REQUESTS = Path(__file__).parent / "data" / "requests.jsonl"
EDGES = Path(__file__).parent / "data" / "edges.jsonl"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules" / f"{RULE}.md"


@dataclass(frozen=True)
class Example:
    """Words (and facts about the patient), and what must come of them.

    ``flags``: each is the name of a flag, or its beginning; ``x`` stands for any. None: no flag may stand.
    """

    text: str
    patient: dict[str, Any] | None
    kind: str | None
    service: str | None
    flags: tuple[str, ...]
    lang: str
    known_wrong: str
    origin: str

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def facts(self) -> dict[str, Any]:
        return {"text": self.text} | ({"patient": self.patient} if self.patient else {})

    def ask(self) -> ChooserAnswer:
        return ask(self.text, self.patient)


def ask(text: str, patient: dict[str, Any] | None = None, **more: Any) -> ChooserAnswer:
    """Ask the rule as ``decide`` does: from one line of JSON."""
    facts = {"text": text} | ({"patient": patient} if patient else {}) | more
    answer = decisions.ask(RULE, decisions.parse(RULE, json.dumps(facts)))
    assert isinstance(answer, ChooserAnswer)
    return answer


def flags(answer: ChooserAnswer) -> list[str]:
    """Return the names of the red flags of an answer."""
    return [flag.code.removeprefix("flag.") for flag in answer.red_flags]


def _example(line: str, origin: str) -> Example:
    raw = json.loads(line)
    return Example(
        text=raw["text"],
        patient=raw.get("patient"),
        kind=raw["kind"],
        service=raw["service"],
        flags=tuple(raw["flags"]),
        lang=raw.get("lang", "mixed"),
        known_wrong=raw.get("known_wrong", ""),
        origin=raw.get("set", origin),
    )


@cache
def page_examples() -> tuple[Example, ...]:
    """Return the examples that the rule's page shows."""
    block = PAGE.read_text(encoding="utf-8").split("```jsonl\n")[1].split("```")[0]
    return tuple(_example(line, "page") for line in block.splitlines())


@cache
def requests() -> tuple[Example, ...]:
    """Return every request."""
    return tuple(_example(line, "") for line in REQUESTS.read_text(encoding="utf-8").splitlines())


@cache
def edges() -> tuple[Example, ...]:
    """Return the requests that a row of the data stands or falls by."""
    return tuple(_example(line, "edge") for line in EDGES.read_text(encoding="utf-8").splitlines())


def all_examples() -> tuple[Example, ...]:
    """Return everything that is tried."""
    return page_examples() + requests() + edges()
