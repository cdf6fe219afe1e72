"""What lasts beyond one encounter: allergies, medicines, problems and the trends of vital signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from webside.catalog.gates import Case
from webside.chart import policies
from webside.chart.codes import ClinicalStatus, ConditionCategory, ListCode, MedicationStatus, ReadingSource
from webside.chart.models import AllergyIntolerance, Condition, Encounter, List, MedicationStatement, Observation
from webside.chart.rules import vitals
from webside.chart.rules.confirmation import Confirmation, confirmation
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import array_of, instances, prepared
from webside.people.models import Patient

READINGS_SHOWN = 12
ALLERGY = ("id", "substance", "reaction", "criticality")
MEDICATION = ("id", "medication", "dosage", "status", "ended_on")
PROBLEM = ("id", "code", "display", "onset_date")
"""What a list shows of an entry."""


SOURCES: Mapping[str, Any] = {
    ReadingSource.SAID: _("said by the patient"),
    ReadingSource.SHOWN: _("read off her device"),
    ReadingSource.MEASURED: _("measured by staff"),
}
"""How a vital sign is known, in words; what was typed before that was asked has none."""


class Reading(NamedTuple):
    """What a trend takes of an observation. Of all that a chart shows, readings are the most."""

    code: str
    display: str
    value: Decimal
    unit: str
    effective_at: datetime
    source: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Reading:
        """Make it of a row of :func:`array_of`."""
        taken_at = datetime.fromisoformat(row["effective_at"])
        return cls(row["code"], row["display"], Decimal(row["value"]), row["unit"], taken_at, row["source"])


@dataclass(frozen=True, slots=True)
class Trend:
    """The readings of one sign: the last one, and those before it for a small line."""

    code: str
    label: str
    value: str
    unit: str
    taken_at: datetime
    source: Any
    points: str
    values: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class ClinicalLists:
    """What lasts beyond one encounter. ``confirmed`` holds the confirmations by the list's code."""

    allergies: list[AllergyIntolerance]
    medications: list[MedicationStatement]
    past_medications: list[MedicationStatement]
    problems: list[Condition]
    trends: list[Trend]
    confirmed: Mapping[str, List]
    signs: list[vitals.VitalSign] = field(default_factory=list)
    sources: Sequence[tuple[str, Any]] = tuple(SOURCES.items())

    def entries(self, code: ListCode) -> Sequence[AllergyIntolerance | MedicationStatement | Condition]:
        """Return what stands on a list now."""
        found: dict[ListCode, Sequence[Any]] = {
            ListCode.ALLERGIES: self.allergies,
            ListCode.MEDICATIONS: self.medications,
            ListCode.PROBLEMS: self.problems,
        }
        return found[code]

    @property
    def allergies_confirmed(self) -> List | None:
        """When allergies were asked for."""
        return self.confirmed.get(ListCode.ALLERGIES)

    @property
    def medications_confirmed(self) -> List | None:
        """When medicines were asked for."""
        return self.confirmed.get(ListCode.MEDICATIONS)

    @property
    def problems_confirmed(self) -> List | None:
        """When problems were asked for."""
        return self.confirmed.get(ListCode.PROBLEMS)

    @property
    def allergies_seen(self) -> str:
        """What a page shows of the allergies, for who confirms them."""
        return marks_of(self.allergies)

    @property
    def medications_seen(self) -> str:
        """What a page shows of the medicines, for who confirms them."""
        return marks_of(self.medications)

    @property
    def problems_seen(self) -> str:
        """What a page shows of the problems, for who confirms them."""
        return marks_of(self.problems)

    @property
    def worst_allergies(self) -> list[AllergyIntolerance]:
        """The allergies as they stand in the banner: the most dangerous first."""
        rank = {"high": 0, "unable-to-assess": 1, "low": 2}
        return sorted(self.allergies, key=lambda row: rank.get(row.criticality, 1))


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of a patient's record that lists are made of, and the diagnoses of one encounter, as they were read."""

    allergies: list[AllergyIntolerance]
    medications: list[MedicationStatement]
    problems: list[Condition]
    readings: list[Reading]
    confirmed: list[List]
    diagnoses: list[Condition]


def kept_of(patient_id: UUID, encounter_id: UUID | None = None) -> Kept:
    """Return what is kept about a patient, in one query however much it is. The caller has guarded the chart."""
    if encounter_id is None:
        (row,) = _kept(patient=patient_id)
    else:
        (row,) = _kept_with_diagnoses(patient=patient_id, encounter=encounter_id)
    return Kept(
        allergies=instances(AllergyIntolerance, row["kept_allergies"], only=ALLERGY),
        medications=instances(MedicationStatement, row["kept_medications"], only=MEDICATION),
        problems=instances(Condition, row["kept_problems"], only=PROBLEM),
        readings=[Reading.of(each) for each in row["kept_readings"]],
        confirmed=instances(List, row["kept_confirmed"]),
        diagnoses=instances(Condition, row.get("kept_diagnoses", ())),
    )


@prepared
def _kept(patient: UUID) -> QuerySet[Patient, Any]:
    return Patient.objects.filter(id=patient).values(**_columns())


@prepared
def _kept_with_diagnoses(patient: UUID, encounter: UUID) -> QuerySet[Patient, Any]:
    diagnoses = Condition.objects.filter(patient=OuterRef("pk"), encounter_id=encounter)
    return Patient.objects.filter(id=patient).values(
        **_columns(), kept_diagnoses=array_of(diagnoses.order_by("position", "created_at"))
    )


def _columns() -> dict[str, Any]:
    own = {"patient": OuterRef("pk")}
    number = Window(RowNumber(), partition_by=[F("code"), F("unit")], order_by=F("effective_at").desc())
    newest = Observation.objects.filter(**own).annotate(number=number).filter(number__lte=READINGS_SHOWN)
    allergies = AllergyIntolerance.objects.filter(**own, clinical_status=ClinicalStatus.ACTIVE)
    problems = Condition.objects.filter(
        **own, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    )
    return {
        "kept_allergies": array_of(allergies.order_by("substance")),
        "kept_medications": array_of(MedicationStatement.objects.filter(**own).order_by("-ended_on", "medication")),
        "kept_problems": array_of(problems.order_by("position", "onset_date", "display")),
        "kept_readings": array_of(newest.order_by("effective_at")),
        "kept_confirmed": array_of(List.objects.filter(**own)),
    }


def lists_of(patient: Patient, kept: Kept | None = None) -> ClinicalLists:
    """Return the clinical lists of a patient. The caller has checked that the actor may see them."""
    kept = kept or kept_of(patient.id)
    return ClinicalLists(
        allergies=kept.allergies,
        medications=[row for row in kept.medications if row.status == MedicationStatus.ACTIVE],
        past_medications=[row for row in kept.medications if row.status != MedicationStatus.ACTIVE],
        problems=kept.problems,
        trends=_trends(kept.readings),
        confirmed={row.code: row for row in kept.confirmed},
        signs=vitals.signs(clock.now().date()),
    )


def _trends(readings: Iterable[Reading]) -> list[Trend]:
    """Return the newest readings of each sign, in the order in which signs are entered."""
    groups: dict[tuple[str, str], list[Reading]] = {}
    for row in readings:
        groups.setdefault((row.code, row.unit), []).append(row)
    order = {row["loinc"]: place for place, row in enumerate(vitals.table().rows)}
    shown = shown_units()
    found = [_trend(rows, shown.get(unit, unit)) for (_, unit), rows in groups.items()]
    found = _with_pairs(found)
    return sorted(found, key=lambda trend: (order.get(trend.code, len(order)), trend.unit))


def shown_units() -> dict[str, str]:
    """Return how units are written for people, by their UCUM code."""
    return {row["ucum"]: row["unit"] for row in vitals.table().rows}


def pairs_of_signs() -> dict[str, tuple[str, str]]:
    """Return what is said in one breath: the lower sign's code by the upper one's, and the words for both."""
    rows = vitals.table().rows
    codes = {row["key"]: row["loinc"] for row in rows}
    return {
        row["loinc"]: (codes[row["above_key"]], str(row["label"]).partition(" (")[0])
        for row in rows
        if row.get("above_key")
    }


def _with_pairs(trends: list[Trend]) -> list[Trend]:
    """Say 131/79 where both were taken together last; what was taken alone stays alone."""
    by_code = {trend.code: trend for trend in trends}
    for upper_code, (lower_code, label) in pairs_of_signs().items():
        upper, lower = by_code.get(upper_code), by_code.get(lower_code)
        if upper is None or lower is None or upper.taken_at != lower.taken_at:
            continue
        below = dict(lower.values)
        values = tuple((at, f"{value}/{below[at]}") for at, value in upper.values if at in below)
        together = replace(upper, label=label, value=f"{upper.value}/{lower.value}", values=values)
        trends = [together if trend is upper else trend for trend in trends if trend is not lower]
    return trends


def _trend(readings: Sequence[Reading], unit: str) -> Trend:
    last = readings[-1]
    values = [row.value for row in readings]
    return Trend(
        code=last.code,
        label=last.display,
        value=number_text(last.value),
        unit=unit,
        taken_at=last.effective_at,
        source=SOURCES.get(last.source, ""),
        points=_line(values),
        values=tuple((row.effective_at, number_text(row.value)) for row in reversed(readings)),
    )


def number_text(value: Decimal) -> str:
    """Return a value without needless zeros: 98.6, 131."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(values: Sequence[Decimal], width: int = 72, height: int = 20) -> str:
    """Return the points of a small line, in the coordinates of an SVG of that size."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = float(high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    return " ".join(
        f"{3 + step * place:.1f},{height - 3 - (height - 6) * float(value - low) / span:.1f}"
        for place, value in enumerate(values)
    )


def entry_name(entry: AllergyIntolerance | MedicationStatement | Condition) -> str:
    """Return what people call an entry of a list."""
    return entry.display if isinstance(entry, Condition) else str(entry)


def marks_of(entries: Iterable[AllergyIntolerance | MedicationStatement | Condition]) -> str:
    """Return what entries of a list are and say, in few letters: a page brings it along when the list is confirmed."""
    return "-".join(_mark_of(entry) for entry in entries)


_SHOWN: dict[type[Any], tuple[str, ...]] = {
    AllergyIntolerance: ALLERGY,
    MedicationStatement: MEDICATION,
    Condition: PROBLEM,
}
_ID = 6
"""Letters of a mark that say which entry it is; the others say what it says."""


def _mark_of(entry: AllergyIntolerance | MedicationStatement | Condition) -> str:
    said = repr([str(getattr(entry, name)) for name in _SHOWN[type(entry)]])
    return _short_id(entry) + sha256(said.encode()).hexdigest()[:6]


def _short_id(entry: AllergyIntolerance | MedicationStatement | Condition) -> str:
    return entry.id.hex[-_ID:]


@dataclass(frozen=True, slots=True)
class ListChange:
    """The names of what came to a list, left it or says something else than a page showed."""

    came: list[str]
    gone: list[str]
    changed: list[str]


def changed_since(patient: Patient, lists: ClinicalLists, code: ListCode, seen: str) -> ListChange | None:
    """Return how a list differs from what a page showed (:func:`marks_of`), if it does.

    The caller has checked that the actor may see the lists.
    """
    marks = set(filter(None, seen.split("-")))
    entries = lists.entries(code)
    if marks == {_mark_of(entry) for entry in entries}:
        return None
    shown = {mark[:_ID] for mark in marks}
    left = shown - {_short_id(entry) for entry in entries}
    return ListChange(
        came=[entry_name(entry) for entry in entries if _short_id(entry) not in shown],
        gone=[entry_name(row) for row in _off_the_list(patient, code) if _short_id(row) in left],
        changed=[entry_name(entry) for entry in entries if _short_id(entry) in shown and _mark_of(entry) not in marks],
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry that was taken off a list, and before which of those that stand there now it stood."""

    id: UUID
    name: str
    place: int


def ended_entries(patient: Patient, lists: ClinicalLists, code: ListCode, ids: Sequence[UUID]) -> list[Ended]:
    """Return those of ``ids`` that are off the list. The caller has checked that the actor may see the lists."""
    rows = sorted(_off_the_list(patient, code).filter(id__in=ids), key=_order)
    return [
        Ended(row.id, entry_name(row), sum(_order(other) < _order(row) for other in lists.entries(code)))
        for row in rows
    ]


def _off_the_list(patient: Patient, code: ListCode) -> QuerySet[Any]:
    found: dict[ListCode, QuerySet[Any]] = {
        ListCode.ALLERGIES: AllergyIntolerance.objects.exclude(clinical_status=ClinicalStatus.ACTIVE),
        ListCode.MEDICATIONS: MedicationStatement.objects.exclude(status=MedicationStatus.ACTIVE),
        ListCode.PROBLEMS: Condition.objects.filter(category=ConditionCategory.PROBLEM).exclude(
            clinical_status=ClinicalStatus.ACTIVE
        ),
    }
    return found[code].filter(patient=patient)


def _order(entry: AllergyIntolerance | MedicationStatement | Condition) -> tuple[int, date, str]:
    """Return where an entry stands on its list, as :func:`kept_of` orders it."""
    if isinstance(entry, Condition):
        return entry.position, entry.onset_date or date.max, entry.display.casefold()
    return 0, date.max, str(entry).casefold()


def how_confirmed(row: List | None) -> Confirmation:
    """Return how far a list can be leant on today."""
    return confirmation(row.confirmed_at if row else None, row.changed_at if row else None, clock.now().date())


@dataclass(frozen=True, slots=True)
class AskedBeforeSigning:
    """What two gates ask of the record: the diagnoses of the encounter, and how its patient's lists are confirmed."""

    diagnoses: list[Condition]
    confirmed: Mapping[str, List]


def asked_before_signing(case: Case, encounter: Encounter) -> AskedBeforeSigning:
    """Return what the gates before signing ask of the record, read once for all. The caller has guarded it."""

    def read() -> AskedBeforeSigning:
        row = _asked_before_signing(patient=encounter.patient_id, encounter=encounter.id)[0]
        confirmed = instances(List, row["kept_confirmed"])
        return AskedBeforeSigning(instances(Condition, row["kept_diagnoses"]), {each.code: each for each in confirmed})

    return case.once("chart.asked-before-signing", read)


@prepared
def _asked_before_signing(patient: UUID, encounter: UUID) -> QuerySet[Patient, Any]:
    diagnoses = Condition.objects.filter(patient=OuterRef("pk"), encounter_id=encounter)
    return Patient.objects.filter(id=patient).values(
        kept_diagnoses=array_of(diagnoses.order_by("position", "created_at")),
        kept_confirmed=array_of(List.objects.filter(patient=OuterRef("pk"))),
    )


def allergies_of(actor: Actor, patient: Patient) -> ClinicalLists | None:
    """Return what a banner says of allergies (``chart/_allergy.html``), in one query; nothing to who may see no lists.

    The caller has guarded the patient.
    """
    if not policies.can_view_lists(actor):
        return None
    row = _allergies(patient=patient.id)[0]
    return ClinicalLists(
        allergies=instances(AllergyIntolerance, row["kept_allergies"]),
        medications=[],
        past_medications=[],
        problems=[],
        trends=[],
        confirmed={each.code: each for each in instances(List, row["kept_confirmed"])},
    )


@prepared
def _allergies(patient: UUID) -> QuerySet[Patient, Any]:
    own = {"patient": OuterRef("pk")}
    active = AllergyIntolerance.objects.filter(**own, clinical_status=ClinicalStatus.ACTIVE)
    return Patient.objects.filter(id=patient).values(
        kept_allergies=array_of(active.order_by("substance")),
        kept_confirmed=array_of(List.objects.filter(**own, code=ListCode.ALLERGIES)),
    )
