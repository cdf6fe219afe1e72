"""Reading claims, and turning the record into the facts of ``billing.codes``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from webside.billing import policies
from webside.billing.codes import Payer as PayerKind
from webside.billing.models import Claim, Coverage
from webside.billing.rules import CodesAnswer, CodesFacts, codes_for
from webside.catalog.gates import Case
from webside.chart.models import Condition, DiagnosisCode, Encounter, Note
from webside.core.actor import Actor
from webside.visits import selectors as visits
from webside.visits.rules import CallFacts

NEW_PATIENT_YEARS = 3
"""Not seen by this specialty of this group within three years: a new patient (AMA E/M guidelines)."""


def claims(actor: Actor) -> QuerySet[Claim]:
    """Return the claims that the actor may see, newest service first."""
    found = Claim.objects.select_related("patient", "practitioner", "payer", "encounter__service")
    return policies.visible_claims(actor, found.prefetch_related("items")).order_by("-service_date", "-drafted_at")


def claim(actor: Actor, claim_id: UUID) -> Claim | None:
    """Return one claim that the actor may see."""
    return claims(actor).filter(id=claim_id).first()


COVERAGE, MEASURED, PREVIEW = "billing.coverage", "billing.measured", "billing.preview"
"""Names of the facts of a ``Case`` that are read here: the cover, what the call measured, what would be drafted."""


def coverage_in(case: Case, encounter: Encounter) -> Coverage | None:
    """Return :func:`coverage_of` the encounter of a case, read once for it."""
    return case.once(COVERAGE, lambda: coverage_of(encounter))


def preview(case: Case, encounter: Encounter) -> CodesAnswer:
    """Return what would be drafted if the note were signed now, asked once for the case. Nothing is kept."""

    def asked() -> CodesAnswer:
        return codes_for(_facts(encounter, coverage_in(case, encounter), measured(case)))

    return case.once(PREVIEW, asked)


def measured(case: Case) -> CallFacts | None:
    """Return what the call of the case measured, asked once for it; nothing where there was no room."""

    def asked() -> CallFacts | None:
        room = visits.room_of(case)
        return visits.call_facts(room) if room else None

    return case.once(MEASURED, asked)


def diagnoses_of(claim: Claim) -> list[dict[str, Any]]:
    """Return a claim's diagnoses with their letters (A, B, …) and words."""
    words = dict(Condition.objects.filter(encounter_id=claim.encounter_id).values_list("code", "display"))
    missing = [code for code in claim.diagnoses if code not in words]
    if missing:
        words |= dict(DiagnosisCode.objects.filter(code__in=missing).values_list("code", "display"))
    return [
        {"letter": chr(ord("A") + number), "code": code, "display": words.get(code, "")}
        for number, code in enumerate(claim.diagnoses)
    ]


def coverage_of(encounter: Encounter) -> Coverage | None:
    """Return the first cover that held on the day of the encounter."""
    on = day_of(encounter)
    for coverage in Coverage.objects.filter(patient_id=encounter.patient_id).select_related("payer").order_by("order"):
        starts_by = coverage.period_start is None or coverage.period_start <= on
        ends_after = coverage.period_end is None or coverage.period_end >= on
        if starts_by and ends_after:
            return coverage
    return None


def day_of(encounter: Encounter) -> date:
    """Return the day of service, as the clinic's calendar has it."""
    return encounter.started_at.astimezone(ZoneInfo(encounter.tenant.timezone)).date()


def is_new(encounter: Encounter) -> bool:
    """Whether nobody of this specialty here has seen the patient within three years."""
    since = encounter.started_at - timedelta(days=365 * NEW_PATIENT_YEARS + 1)
    return (
        not Encounter.objects.filter(
            patient_id=encounter.patient_id,
            practitioner__profession=encounter.practitioner.profession,
            practitioner__specialty=encounter.practitioner.specialty,
            started_at__gte=since,
            started_at__lt=encounter.started_at,
            status="finished",
        )
        .exclude(id=encounter.id)
        .exists()
    )


def facts_of(encounter: Encounter, coverage: Coverage | None) -> CodesFacts:
    """Return what ``billing.codes`` is asked for one encounter. What was not recorded stays absent."""
    call = visits.call_facts_of(encounter.visit_id) if encounter.visit_id else None
    return _facts(encounter, coverage, call)


def _facts(encounter: Encounter, coverage: Coverage | None, call: CallFacts | None) -> CodesFacts:
    note: Note | None = getattr(encounter, "note", None)
    raw: dict[str, Any] = {
        "on": day_of(encounter).isoformat(),
        "payer": coverage.payer.kind if coverage else PayerKind.SELF_PAY.value,
        "service": encounter.service.billing_service,
        "patient": {"state": encounter.location_state or None, "new": is_new(encounter), "at": encounter.location},
        "clinician": {"profession": encounter.practitioner.profession},
        "mdm": note.mdm or None if note else None,
        "total_minutes": note.total_minutes if note else None,
    }
    if call is not None:
        raw |= {
            "connected": call.connected,
            "video_minutes": call.video_minutes,
            "audio_minutes": call.audio_minutes,
            "audio_reason": call.audio_reason or None,
        }
    if coverage is not None and coverage.payer.uses_98000:
        raw["payer_row"] = "telemedicine_codes"
    return msgspec.convert({key: value for key, value in raw.items() if value is not None}, CodesFacts)


_FACT_WORDS = {
    "on": _("Day of service"),
    "payer": _("Payer"),
    "service": _("Service"),
    "connected": _("Both were connected"),
    "video_minutes": _("Minutes with picture"),
    "audio_minutes": _("Minutes by sound alone"),
    "audio_reason": _("Why sound alone"),
    "total_minutes": _("Clinician’s own minutes that day"),
    "mdm": _("Decision-making"),
    "payer_row": _("The payer’s own rule"),
}
_PATIENT_WORDS = {"new": _("New patient"), "at": _("Patient was at"), "state": _("State")}


def in_words(not_checked: Iterable[str]) -> list[str]:
    """Return what a rule did not check as people say it: a fact's name becomes its words, a sentence stays."""
    known = {**_FACT_WORDS, **{f"patient.{name}": words for name, words in _PATIENT_WORDS.items()}}
    return [str(known.get(text, text)) for text in not_checked]


def fact_rows(claim: Claim) -> list[tuple[str, str]]:
    """Return what the rule was asked, as pairs of words for people."""
    rows = []
    for key, value in {**claim.facts, **claim.facts.get("patient", {})}.items():
        if value in (None, "", [], {}) or isinstance(value, dict):
            continue
        words = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        label = _FACT_WORDS.get(key) or _PATIENT_WORDS.get(key)
        if label:
            rows.append((str(label), str(words)))
    return rows
