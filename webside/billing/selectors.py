"""Reading claims, and turning the record into the facts of ``billing.codes``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from webside.billing import policies
from webside.billing.codes import ClaimState, PatientAt
from webside.billing.codes import Payer as PayerKind
from webside.billing.models import Claim, ClaimItem, Coverage
from webside.billing.rules import CodesAnswer, CodesFacts, codes_for
from webside.billing.rules.new_patient import seen_since
from webside.billing.rules.site_fee import SiteFee, site_fee
from webside.catalog.gates import Case
from webside.chart import selectors as chart
from webside.chart.models import Condition, DiagnosisCode, Encounter, Note
from webside.core.actor import Actor
from webside.people import selectors as people
from webside.people.rules import full_name
from webside.visits import selectors as visits
from webside.visits.rules import CallFacts


def claim(actor: Actor, claim_id: UUID) -> Claim | None:
    """Return one claim that the actor may see, with its people, its payer and its lines."""
    found = Claim.objects.select_related("patient", "practitioner", "payer", "encounter__service", "encounter__tenant")
    return policies.visible_claims(actor, found.prefetch_related("items")).filter(id=claim_id).first()


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as the list shows it. ``codes``: each with its modifiers; ``payer`` is empty where the patient pays."""

    id: UUID
    service_date: date
    patient: str
    clinician: str
    payer: str
    codes: list[str]
    state: ClaimState


def claims(actor: Actor, words: str = "") -> QuerySet[Claim]:
    """Return the claims that the actor may see; ``words`` narrow by a patient's name or record number."""
    return people.narrowed(policies.visible_claims(actor, Claim.objects.all()), words, by="patient__")


def _in_state(found: QuerySet[Claim], state: ClaimState) -> QuerySet[Claim]:
    if state is ClaimState.REVIEWED:
        return found.filter(reviewed_at__isnull=False)
    lines = Exists(ClaimItem.objects.filter(claim=OuterRef("pk")))
    return found.filter(lines if state is ClaimState.TO_REVIEW else ~lines, reviewed_at=None)


def claim_counts(found: QuerySet[Claim]) -> dict[ClaimState, int]:
    """Return how many of :func:`claims` are in each state. Each claim is in one."""
    counted = found.aggregate(all=Count("id"), reviewed=Count("reviewed_at"))
    # Asked apart: as a part of the count above, the lines of each claim would be looked up one by one.
    to_review = _in_state(found, ClaimState.TO_REVIEW).count()
    return {
        ClaimState.TO_REVIEW: to_review,
        ClaimState.NOTHING: counted["all"] - counted["reviewed"] - to_review,
        ClaimState.REVIEWED: counted["reviewed"],
    }


def claims_listed(
    found: QuerySet[Claim], state: ClaimState | None = None, *, oldest_first: bool = False
) -> QuerySet[Claim, Any]:
    """Return :func:`claims` of one state, or all, in the order of the visits, as :func:`claim_rows` takes them."""
    order = ("service_date", "drafted_at", "id")
    lines = ClaimItem.objects.filter(claim=OuterRef("pk")).order_by("sequence")
    return (
        (_in_state(found, state) if state else found)
        .order_by(*(order if oldest_first else (f"-{name}" for name in order)))
        .values(
            "id", "service_date", "reviewed_at", "payer__name", "patient__given", "patient__family",
            "practitioner__prefix", "practitioner__given", "practitioner__family",
            lines=ArraySubquery(lines.values(row=JSONObject(code="code", modifiers="modifiers"))),
        )
    )  # fmt: skip


def claim_rows(found: Iterable[dict[str, Any]]) -> list[ClaimRow]:
    """Return rows of :func:`claims_listed` as the list shows them."""
    return [
        ClaimRow(
            id=row["id"],
            service_date=row["service_date"],
            patient=full_name(row["patient__given"], row["patient__family"]),
            clinician=full_name(row["practitioner__given"], row["practitioner__family"], row["practitioner__prefix"]),
            payer=row["payer__name"] or "",
            codes=[" ".join([line["code"], *line["modifiers"]]) for line in row["lines"]],
            state=_state(row),
        )
        for row in found
    ]


def _state(row: dict[str, Any]) -> ClaimState:
    if row["reviewed_at"]:
        return ClaimState.REVIEWED
    return ClaimState.TO_REVIEW if row["lines"] else ClaimState.NOTHING


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


def unchecked_release(claim: Claim) -> str:
    """Return the newest release of ICD-10-CM here, if the one in force on the claim's day is not; else nothing."""
    if not claim.diagnoses or chart.release_on(day_of(claim.encounter)) is not None:
        return ""
    return chart.newest_release_label()


def coverage_of(encounter: Encounter) -> Coverage | None:
    """Return the first cover that held on the day of the encounter."""
    on = day_of(encounter)
    for coverage in Coverage.objects.filter(patient_id=encounter.patient_id).select_related("payer").order_by("order"):
        starts_by = coverage.period_start is None or coverage.period_start <= on
        ends_after = coverage.period_end is None or coverage.period_end >= on
        if starts_by and ends_after:
            return coverage
    return None


def site_fee_of(claim: Claim) -> SiteFee | None:
    """Return whose the fee for the place of a claim's visit is; nothing where the patient was at no place of its own."""
    encounter = claim.encounter
    if encounter.location not in (PatientAt.HOME, PatientAt.CLINIC):
        return None
    payer = claim.payer.kind if claim.payer else PayerKind.SELF_PAY
    return site_fee(claim.service_date, payer=payer, at=encounter.location, site=encounter.location_kind)


def day_of(encounter: Encounter) -> date:
    """Return the day of service, as the clinic's calendar has it."""
    return encounter.started_at.astimezone(ZoneInfo(encounter.tenant.timezone)).date()


def is_new(encounter: Encounter) -> bool | None:
    """Whether nobody of this specialty here has seen the patient for years; nothing where no row says how many."""
    since = seen_since(encounter.started_at)
    if since is None:
        return None
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
    if (turned := _turned(encounter)) is not None:
        raw |= turned
    if coverage is not None and coverage.payer.uses_98000:
        raw["payer_row"] = "telemedicine_codes"
    return msgspec.convert({key: value for key, value in raw.items() if value is not None}, CodesFacts)


def _turned(encounter: Encounter) -> dict[str, Any] | None:
    """Return what the visit turned into, and whether she was seen there within a day; nothing where it stayed a visit.

    An alarm that was called off leaves a visit.
    """
    found = chart.governing([each for each in chart.turned_into(encounter) if each.outcome != "not-needed"])
    if found is None:
        return None
    return {
        "turned_into": (found.destination or str(found.kind)).replace("-", "_"),
        "seen_within_a_day": chart.seen_within_a_day(found),
    }


def turned_words(claim: Claim) -> tuple[str, str] | None:
    """Return what the visit of a claim turned into and what became of it, as it is known now; nothing where it stayed a visit.

    Codes only: why, where and by whom stand in the chart, which a biller doesn't open.
    """
    found = chart.governing(chart.turned_into(claim.encounter))
    if found is None:
        return None
    what = chart.words_of(chart.DESTINATIONS, found.destination) or str(_("Emergency"))
    became = chart.words_of(chart.OUTCOMES, found.outcome) or str(_("Nobody has noted yet what became of it"))
    return what, became


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
    "turned_into": _("The visit turned into"),
    "seen_within_a_day": _("Whether the patient was seen there within a day"),
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
