"""The gates: checks that a service's kind brings, asked at booking, joining and signing.

A higher app owns each check and registers it here in ``AppConfig.ready()``; whoever must ask builds
a :class:`Case` and calls :func:`ask`. Three things hold whatever a check does:

- a check that raises is *not checked*, never passed;
- whether a gate may be overridden is said once, at registration; a finding can't widen it;
- a gate that a kind needs but nobody registered is *not checked* as well (:data:`NEEDED`).

Overrides: identity not seen on a document, no call-back number, insurance not
checked, unsuited for video may be overridden with a reason; a licence, an exclusion, refused
consent and prescribing rules never.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from webside.catalog.codes import Kind
from webside.catalog.models import GateOverride, HealthcareService
from webside.core.decisions import Reason

if TYPE_CHECKING:
    from webside.people.models import Patient, Practitioner

logger = logging.getLogger(__name__)

T = TypeVar("T")
Area = Literal["care", "law", "payment"]
Outcome = Literal["pass", "stop", "warn", "not_checked"]


class Moment(StrEnum):
    """When gates are asked."""

    BOOK = "book"
    JOIN = "join"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Case:
    """What the gates are asked about.

    ``at`` is the moment judged (for a booking: when it will be), ``state`` where the patient is then
    (two letters). ``patient`` is None while a visitor only looks; a gate that needs the person then
    judges what it can. ``facts`` are plain values that only the caller knows, for instance
    ``consents``: scopes that the person agrees to in the same form. What several gates must read is
    read through :meth:`once`.
    """

    moment: Moment
    at: datetime
    service: HealthcareService
    patient: Patient | None
    practitioner: Practitioner
    state: str
    visit_id: UUID | None = None
    encounter_id: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    _read: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, read: Callable[[], T]) -> T:
        """Return what the caller gave as fact ``name``, else what ``read`` returns, asked once for each :func:`ask`.

        The name is ``app.noun``, of the app that owns what is read. A read that raises is asked again by
        the next gate, so that each says *not checked* for itself.
        """
        if name in self.facts:
            found: T = self.facts[name]
            return found
        if name not in self._read:
            self._read[name] = read()
        known: T = self._read[name]
        return known


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found, in words for people. ``override`` is set when somebody went on past it.

    ``short`` says it beside the gate's title where there is no room for the sentence; empty: the sentence.
    """

    gate: str
    area: Area
    outcome: Outcome
    text: str
    reasons: tuple[Reason, ...] = ()
    fixes: tuple[str, ...] = ()
    overridable: bool = False
    override: GateOverride | None = None
    short: str = ""


Check = Callable[[Case], Finding | None]


@dataclass(frozen=True, slots=True)
class Gate:
    """A registered gate."""

    name: str
    check: Check
    moments: frozenset[Moment]
    kinds: frozenset[Kind]
    area: Area
    overridable: bool
    title: str | Promise


NEEDED: Mapping[tuple[Kind, Moment], frozenset[str]] = MappingProxyType(
    {
        (Kind.TELEMEDICINE, Moment.BOOK): frozenset({"licence"}),
        (Kind.TELEMEDICINE, Moment.JOIN): frozenset({"licence", "consent"}),
    }
)
"""Gates without which nobody may go on, even if the app that owns them failed to register."""

_gates: dict[str, Gate] = {}


class UnknownGate(LookupError):
    """No gate is registered under that name."""


def register(
    gate: str,
    check: Check,
    *,
    moments: Iterable[Moment],
    kinds: Iterable[Kind],
    area: Area,
    overridable: bool,
    title: str | Promise,
) -> None:
    """Register a gate. ``check`` returns None where it has nothing to say about the case.

    Raises :class:`ValueError` if another check holds the name.
    """
    known = _gates.get(gate)
    if known is not None and known.check is not check:
        raise ValueError(f"two gates are named {gate}")
    _gates[gate] = Gate(gate, check, frozenset(moments), frozenset(kinds), area, overridable, title)


def unregister(gate: str) -> None:
    """Take a gate out again (tests)."""
    _gates.pop(gate, None)


def get(gate: str) -> Gate:
    """Return the gate called ``gate``, or raise :class:`UnknownGate`."""
    try:
        return _gates[gate]
    except KeyError:
        raise UnknownGate(gate) from None


def registered() -> list[Gate]:
    """Return every gate in the order of registration, for the documentation."""
    return list(_gates.values())


def ask(case: Case) -> list[Finding]:
    """Ask every gate that the service's kind brings at this moment; return what they found.

    Overrides already made for the case's visit or encounter are attached to their findings.
    """
    case._read.clear()  # whoever asks again wants to know how it is now
    kind = Kind(case.service.kind)
    asked = [gate for gate in _gates.values() if case.moment in gate.moments and kind in gate.kinds]
    findings = [finding for finding in _ask_all(asked, case) if finding is not None]
    for name in sorted(NEEDED.get((kind, case.moment), frozenset()) - {gate.name for gate in asked}):
        findings.append(_not_checked(name, "law"))
    return _with_overrides(case, findings)


def stops(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stand in the way.

    A *stop* does, and so does *not checked* where care or law is at stake: what could not be checked
    is never taken as fine. An unchecked question of payment doesn't hold up care. An override lifts
    a finding only if its gate may be overridden.
    """
    return [
        finding
        for finding in findings
        if (finding.outcome == "stop" or (finding.outcome == "not_checked" and finding.area != "payment"))
        and not (finding.overridable and finding.override is not None)
    ]


def _ask_all(asked: list[Gate], case: Case) -> list[Finding | None]:
    try:
        # One savepoint for all: a failed query inside a check must not take the request's transaction with it.
        with transaction.atomic():
            return [_ask_one(gate, case) for gate in asked]
    except DatabaseError:
        # Then each again in a savepoint of its own, to know which of them failed. Checks only read.
        findings = []
        for gate in asked:
            try:
                with transaction.atomic():
                    findings.append(_ask_one(gate, case))
            except DatabaseError:
                logger.exception("gate %s failed", gate.name)
                findings.append(_not_checked(gate.name, gate.area))
        return findings


def _ask_one(gate: Gate, case: Case) -> Finding | None:
    try:
        finding = gate.check(case)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("gate %s failed", gate.name)
        return _not_checked(gate.name, gate.area)
    if finding is None:
        return None
    return replace(finding, gate=gate.name, area=gate.area, overridable=gate.overridable)


def _not_checked(name: str, area: Area) -> Finding:
    known = _gates.get(name)
    title = str(known.title) if known else name
    text = _("Not checked: %(gate)s. The check could not run.") % {"gate": title}
    return Finding(
        gate=name,
        area=area,
        outcome="not_checked",
        text=text,
        reasons=(Reason(code="gate.not_checked", text=text, source=_("Webside could not run this check")),),
        fixes=(_("Try again. If it stays so, tell your administrator."),),
        overridable=known.overridable if known else False,
    )


def _with_overrides(case: Case, findings: list[Finding]) -> list[Finding]:
    subjects = [subject for subject in (case.visit_id, case.encounter_id) if subject is not None]
    open_ = [finding.gate for finding in findings if finding.overridable and finding.outcome in ("stop", "not_checked")]
    if not subjects or not open_:
        return findings
    made = {
        override.gate: override for override in GateOverride.objects.filter(gate__in=open_, subject_id__in=subjects)
    }
    return [
        replace(finding, override=made[finding.gate]) if finding.gate in open_ and finding.gate in made else finding
        for finding in findings
    ]
