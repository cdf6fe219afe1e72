"""What a clinician is told before a visit: the chart in short, and what the law and the check-in say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.catalog.codes import Kind
from webside.chart.codes import ClinicalStatus, ConditionCategory, ListCode, MedicationStatus
from webside.chart.models import AllergyIntolerance, Condition, List, MedicationStatement, Observation
from webside.chart.rules import vitals
from webside.chart.rules.confirmation import Standing, confirmation
from webside.chart.selectors.lists import number_text, pairs_of_signs
from webside.compliance.models import Licence
from webside.core import clock
from webside.core.rows import array_of, prepared
from webside.people.models import Patient
from webside.portal.codes import Readiness
from webside.portal.selectors.rows import Row, safe_start_of


@dataclass(frozen=True, slots=True)
class Brief:
    """What must be known before a visit."""

    allergy_checks: list[dict[str, str]]
    allergies: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    medications: list[dict[str, Any]]
    vitals: list[dict[str, Any]]


def brief(row: Row) -> Brief:
    """Return what a practitioner must know before their own visit ``row``, in one query.

    The caller records the reading of the chart.
    """
    found = _known(patient=row.appointment.patient_id)[0]
    return Brief(
        allergy_checks=_allergy_check(found["known_allergies"], found["gone_through"]),
        allergies=[
            {"name": each["substance"], "note": each["reaction"], "level": each["criticality"]}
            for each in found["known_allergies"]
        ],
        problems=[{"name": each["display"], "code": each["code"]} for each in found["known_problems"]],
        medications=[{"name": each["medication"], "note": each["dosage"]} for each in found["known_medications"]],
        vitals=_measured(found["known_vitals"]),
    )


@prepared
def _known(patient: UUID) -> QuerySet[Patient, dict[str, Any]]:
    of_patient = {"patient": OuterRef("pk")}
    active = {**of_patient, "clinical_status": ClinicalStatus.ACTIVE}
    return Patient.objects.filter(id=patient).values(
        gone_through=array_of(List.objects.filter(**of_patient, code=ListCode.ALLERGIES)),
        known_allergies=array_of(AllergyIntolerance.objects.filter(**active).order_by("substance")),
        known_problems=array_of(
            Condition.objects.filter(**active, category=ConditionCategory.PROBLEM).order_by("position", "display")
        ),
        known_medications=array_of(
            MedicationStatement.objects.filter(**of_patient, status=MedicationStatus.ACTIVE).order_by("medication")
        ),
        known_vitals=array_of(
            Observation.objects.filter(**of_patient, status="final").order_by("code", "-effective_at").distinct("code")
        ),
    )


def _measured(readings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest of each sign. Two that were taken together are said in one breath, as in the room: 131/79."""
    shown = {ucum: unit for sign in vitals.signs(clock.now().date()) for ucum, unit in sign.units}
    by_code = {each["code"]: each for each in readings}
    said: dict[str, tuple[str, str]] = {}
    for upper_code, (lower_code, words) in pairs_of_signs().items():
        upper, lower = by_code.get(upper_code), by_code.get(lower_code)
        if upper and lower and upper["effective_at"] == lower["effective_at"]:
            said[upper_code] = (words, f"{_number(upper)}/{_number(lower)}")
            by_code.pop(lower_code)
    return [
        {
            "name": name,
            "value": value,
            "unit": shown.get(each["unit"], each["unit"]),
            "on": datetime.fromisoformat(each["effective_at"]),
        }
        for code, each in by_code.items()
        for name, value in [said.get(code, (each["display"], _number(each)))]
    ]


def _number(reading: dict[str, Any]) -> str:
    return number_text(Decimal(str(reading["value"])))


def checks(row: Row, licences: list[Licence]) -> list[dict[str, str]]:
    """Return what the law and the check-in say about a visit. Nothing of the chart."""
    return [*_law_checks(row, licences), *_start_checks(row)]


def _law_checks(row: Row, licences: list[Licence]) -> list[dict[str, str]]:
    if row.appointment.service.kind != Kind.TELEMEDICINE:
        return [{"tone": "success", "text": _("Coaching: no licence needed, no diagnosis, no claim")}]
    state = row.appointment.patient_state
    held = [licence for licence in licences if licence.state == state]
    if row.ready is Readiness.NO_LICENCE or not held:
        return [{"tone": "danger", "text": _("No licence for %(state)s on that day") % {"state": state}}]
    until = max((licence.period_end for licence in held if licence.period_end), default=None)
    if until is None:
        return [{"tone": "success", "text": _("Licence for %(state)s, no end set") % {"state": state}}]
    soon = until - row.appointment.start.date() < timedelta(days=30)
    text = _("Licence for %(state)s to %(day)s") % {"state": state, "day": until.isoformat()}
    return [{"tone": "warning" if soon else "success", "text": text}]


def _start_checks(row: Row) -> list[dict[str, str]]:
    start = safe_start_of(row.visit)
    if start is None or not start.completed_at:
        text = _("Check-in not done yet: who, where now, call-back number, consent")
        return [{"tone": "muted", "text": text}]
    checks = [
        {"tone": "success", "text": _("Identity seen on a document")}
        if start.identity_document
        else {"tone": "warning", "text": _("Identity not seen on a document")}
    ]
    place = ", ".join(part for part in (start.address_line, start.city, start.state) if part)
    checks.append(
        {"tone": "success", "text": _("Is at %(place)s") % {"place": place}}
        if place
        else {"tone": "danger", "text": _("Address now is not known")}
    )
    if not start.phone:
        checks.append({"tone": "warning", "text": _("No call-back number")})
    return checks


def _allergy_check(allergies: list[dict[str, Any]], confirmed: list[dict[str, Any]]) -> list[dict[str, str]]:
    if not confirmed:
        text = _("Allergy list was never confirmed") if allergies else _("No allergies are written down: ask")
        return [{"tone": "warning", "text": text}]
    at, changed = confirmed[0]["confirmed_at"], confirmed[0]["changed_at"]
    on = datetime.fromisoformat(at)
    how = confirmation(on, datetime.fromisoformat(changed) if changed else None, clock.now().date())
    day = on.date().isoformat()
    if how.standing is Standing.CURRENT:
        return [{"tone": "success", "text": _("Allergy list confirmed %(day)s") % {"day": day}}]
    if how.standing is Standing.CHANGED:
        return [{"tone": "warning", "text": _("Allergy list changed since it was confirmed %(day)s") % {"day": day}}]
    months = how.months
    text = ngettext(
        "Allergy list last confirmed %(n)d month ago", "Allergy list last confirmed %(n)d months ago", months
    )
    return [{"tone": "warning", "text": text % {"n": months}}]
