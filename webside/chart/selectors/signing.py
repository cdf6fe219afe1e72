"""What the gates say before a note is signed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.catalog import gates
from webside.catalog.gates import Case, Finding, Moment
from webside.chart.models import Encounter
from webside.chart.selectors.encounters import ENCOUNTER


@dataclass(frozen=True, slots=True)
class Column:
    """What the gates said about one of: care, law, payment. What must be mended stands first."""

    area: str
    title: str | Promise
    findings: list[Finding]
    stops: list[Finding]

    @property
    def open(self) -> int:
        """How many can wait: a warning, or what nobody could check."""
        return sum(1 for finding in self.findings if finding.outcome != "pass") - len(self.stops)


_AREAS: tuple[tuple[str, str | Promise], ...] = (
    ("care", _("For care")), ("law", _("For law")), ("payment", _("For payment")),
)  # fmt: skip
_ORDER = {"stop": 0, "not_checked": 1, "warn": 2, "pass": 3}  # nosec B105 - outcomes of gates


def sign_case(encounter: Encounter) -> Case:
    """Return what the gates are asked before a note is signed: the place and time of the encounter itself."""
    return Case(
        moment=Moment.SIGN,
        at=encounter.started_at,
        service=encounter.service,
        patient=encounter.patient,
        practitioner=encounter.practitioner,
        state=encounter.location_state,
        visit_id=encounter.visit_id,
        encounter_id=encounter.id,
        facts={ENCOUNTER: encounter},
    )


def sign_columns(case: Case) -> list[Column]:
    """Return what the gates say about signing (:func:`sign_case`), by area. The caller has guarded the encounter."""
    findings = gates.ask(case)
    stops = gates.stops(findings)
    return [
        Column(
            area=area,
            title=title,
            findings=sorted(
                (finding for finding in findings if finding.area == area),
                key=lambda finding: (finding not in stops, _ORDER[finding.outcome]),
            ),
            stops=[finding for finding in stops if finding.area == area],
        )
        for area, title in _AREAS
    ]
