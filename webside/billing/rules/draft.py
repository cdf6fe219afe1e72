"""The answer while it is being worked out: what was found for one code, and for the claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from webside.billing.codes import Modality, PayerGroup, Service, ServiceKind
from webside.billing.rules.facts import CodesAnswer, CodesFacts, Line, Rejection
from webside.core.dated import Row
from webside.core.decisions import Reason

FACTS_SOURCE = "the facts as given"


class Ground(NamedTuple):
    """A reason for a line, and the data row on which it rests."""

    reason: Reason
    row: Row


def ground(row: Row, code: str, text: str) -> Ground:
    """Return a ground that cites its row."""
    return Ground(Reason(code=code, text=text, source=row.citation), row)


class Refusal(NamedTuple):
    """Why a code is not billed."""

    reason: str
    text: str
    source: str


@dataclass(slots=True)
class Candidate:
    """A code that the facts of the service point to. ``tag``: how the code itself names its modality."""

    row: Row
    units: int = 1
    grounds: list[Ground] = field(default_factory=list)
    billers: tuple[str, ...] = ()
    tag: str = ""

    @property
    def code(self) -> str:
        """The billing code."""
        return str(self.row["code"])


@dataclass(slots=True)
class Findings:
    """What the checks of one candidate found. A refusal takes the line away, the rest does not."""

    grounds: list[Ground] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    modifiers: list[str] = field(default_factory=list)
    pos: str = ""

    def support(self, row: Row, code: str, text: str) -> None:
        """Add a ground for the line."""
        self.grounds.append(ground(row, code, text))

    def refuse(self, row: Row | None, reason: str, text: str) -> None:
        """Refuse the code. ``row`` is the data row that says so, ``None`` if the facts do."""
        self.refusals.append(Refusal(reason, text, row.citation if row else FACTS_SOURCE))

    def lack(self, fact: str) -> None:
        """Refuse the code because ``fact`` was not given and a payer asks for it."""
        self.missing.append(fact)
        self.refuse(None, "fact.missing", f"Cannot be chosen: {fact} was not given.")


@dataclass(slots=True)
class Draft:
    """The question, what is known of its parties, and the answer so far."""

    facts: CodesFacts
    service: Row
    payer: PayerGroup
    payer_row: Row | None = None
    profession: Row | None = None
    lines: list[Line] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The day that is judged."""
        return self.facts.on

    @property
    def kind(self) -> ServiceKind:
        """How payers see the service."""
        return ServiceKind(self.service["kind"])

    @property
    def name(self) -> Service:
        """The service."""
        return Service(self.service["service"])

    @property
    def scope(self) -> str:
        """Which of the Medicare rows for sites and for sound alone apply."""
        if self.name is Service.VISIT and self.facts.behavioural:
            return "behavioural"
        return str(self.service["scope"])

    @property
    def modality(self) -> Modality | None:
        """Picture, or sound alone; ``None`` where the facts do not say."""
        if self.facts.video_minutes is None:
            return None
        return Modality.VIDEO if self.facts.video_minutes else Modality.AUDIO

    def missing(self, fact: str) -> None:
        """Name a fact that matters and was not given."""
        self.check(fact)

    def check(self, text: str) -> None:
        """Say what was not checked."""
        if text not in self.not_checked:
            self.not_checked.append(text)

    def warn(self, text: str) -> None:
        """Tell the biller something that changes no line."""
        if text not in self.warnings:
            self.warnings.append(text)

    def reject(self, code: str, row: Row | None, reason: str, text: str) -> None:
        """Refuse a code, or the service as a whole, on a data row or on the facts alone."""
        self._reject(code, Refusal(reason, text, row.citation if row else FACTS_SOURCE))

    def lack(self, *facts: str, what: str = "code") -> None:
        """Refuse a part of the service for facts that were not given."""
        for fact in facts:
            self.missing(fact)
        text = f"No {what} can be chosen without {', '.join(facts)}."
        self._reject("fact.missing", Refusal("fact.missing", text, FACTS_SOURCE))

    def close(self, candidate: Candidate, findings: Findings) -> bool:
        """Take a candidate into the answer: as a line, or as refused. Return whether it is a line."""
        for fact in findings.missing:
            self.missing(fact)
        for refusal in findings.refusals:
            self._reject(candidate.code, refusal)
        if findings.refusals:
            return False
        for text in findings.checks:
            self.check(text)
        for text in findings.warnings:
            self.warn(text)
        self.lines.append(
            Line(
                code=candidate.code,
                label=str(candidate.row["label"]),
                modifiers=findings.modifiers,
                pos=findings.pos,
                units=candidate.units,
                reasons=[item.reason for item in (*candidate.grounds, *findings.grounds)],
            )
        )
        return True

    def codes(self) -> set[str]:
        """The codes that stand as lines."""
        return {line.code for line in self.lines}

    def answer(self) -> CodesAnswer:
        """Return the finished answer."""
        return CodesAnswer(
            lines=self.lines, rejected=self.rejected, warnings=self.warnings, not_checked=self.not_checked
        )

    def _reject(self, code: str, refusal: Refusal) -> None:
        entry = Rejection(code=code, reason=refusal.reason, text=refusal.text, source=refusal.source)
        if entry not in self.rejected:
            self.rejected.append(entry)


def spoken(items: Iterable[str]) -> str:
    """Return words of the data as a person reads them."""
    return ", ".join(item.replace("_", " ") for item in items)
