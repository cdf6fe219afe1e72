"""Asking the law about real people: rows in, the rule's answer out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from webside.audit.models import AuditEvent, Seal, SealedRow
from webside.audit.selectors import trail
from webside.compliance.models import Consent, ConsentText, Credentialing, Licence
from webside.compliance.rules.facts import MayTreatAnswer, MayTreatFacts
from webside.compliance.rules.may_treat import may_treat as decide
from webside.compliance.rules.tables import table
from webside.core import clock
from webside.core.actor import Actor
from webside.people.models import Patient, Practitioner

WARN_DAYS = 60
"""Licences that end within so many days are shown as ending soon."""


class Service(Protocol):
    """What of a service the law asks: its kind and how it is given."""

    kind: str
    modality: str


def age_on(born: date, on: date) -> int:
    """Return the age in whole years on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def active_consents(patient: Patient) -> set[str]:
    """Return the scopes that the patient agrees to now."""
    return set(Consent.objects.filter(patient=patient, status="active").values_list("scope", flat=True))


def consents_of(patient: Patient) -> QuerySet[Consent]:
    """Return what a patient agreed to and took back, newest first."""
    return Consent.objects.filter(patient=patient).select_related("text").order_by("-given_at")


def current_text(scope: str) -> ConsentText | None:
    """Return the words that people agree to today."""
    today = clock.now().date()
    return ConsentText.objects.filter(scope=scope, effective_from__lte=today).order_by("-effective_from").first()


def licences_of(practitioner: Practitioner) -> list[dict[str, Any]]:
    """Return a practitioner's licences in the words of the rule."""
    return [
        {
            "state": licence.state,
            "type": licence.licence_type,
            **({"compact": licence.compact} if licence.compact else {}),
            "status": licence.status,
            "from": licence.period_start.isoformat(),
            **({"to": licence.period_end.isoformat()} if licence.period_end else {}),
        }
        for licence in Licence.objects.filter(practitioner=practitioner)
    ]


def may_treat_facts(
    *,
    practitioner: Practitioner,
    patient: Patient | None,
    service: Service,
    state: str,
    at: datetime,
    consents: Iterable[str] = (),
    guardian_present: bool | None = None,
) -> MayTreatFacts:
    """Return the facts of ``compliance.may_treat`` for real people. What is not on record stays absent."""
    credentialing = Credentialing.objects.filter(practitioner=practitioner).first()
    clinician: dict[str, Any] = {
        "profession": practitioner.profession,
        "licences": licences_of(practitioner),
        "excluded": credentialing.excluded if credentialing else None,
        "credentialed_until": credentialing.credentialed_until if credentialing else None,
        "home_state": practitioner.home_state or None,
    }
    person: dict[str, Any] = {"state": state or None, "consents": sorted({*consents})}
    if patient is not None:
        person |= {
            "age": age_on(patient.birth_date, at.date()),
            "consents": sorted({*consents, *active_consents(patient)}),
        }
        if guardian_present is not None:
            person["guardian_present"] = guardian_present
    return msgspec.convert(
        {
            "on": at.isoformat(),
            "service": {"kind": service.kind, "modality": service.modality},
            "clinician": {key: value for key, value in clinician.items() if value is not None},
            "patient": {key: value for key, value in person.items() if value is not None},
        },
        MayTreatFacts,
    )


def may_treat(
    *,
    practitioner: Practitioner,
    patient: Patient | None,
    service: Service,
    state: str,
    at: datetime,
    consents: Iterable[str] = (),
    guardian_present: bool | None = None,
) -> MayTreatAnswer:
    """Ask ``compliance.may_treat`` about real people. ``consents`` are given in the same step, on top of those kept."""
    return decide(
        may_treat_facts(
            practitioner=practitioner,
            patient=patient,
            service=service,
            state=state,
            at=at,
            consents=consents,
            guardian_present=guardian_present,
        )
    )


def licensed_states(practitioner: Practitioner, on: date) -> set[str]:
    """Return the states of a practitioner's licences in force on a day (what the law makes of them is the rule's)."""
    held = Licence.objects.filter(practitioner=practitioner, status="active", period_start__lte=on)
    return set(held.filter(Q(period_end=None) | Q(period_end__gte=on)).values_list("state", flat=True))


def licences(actor: Actor) -> QuerySet[Licence]:
    """Return the tenant's licences, the one that ends first on top."""
    return Licence.objects.select_related("practitioner").order_by("period_end", "practitioner__family", "state")


def licences_ending(actor: Actor, *, within_days: int = WARN_DAYS) -> QuerySet[Licence]:
    """Return active licences that end within so many days, or have ended in the last thirty."""
    today = clock.now().date()
    return licences(actor).filter(
        status="active",
        period_end__gte=today - timedelta(days=30),
        period_end__lte=today + timedelta(days=within_days),
    )


def audit_of_patient(actor: Actor, patient: Patient) -> QuerySet[AuditEvent]:
    """Return who looked at and changed a patient's record, newest first, for the patient herself."""
    return trail(patient_id=patient.id).exclude(actor_kind="system")


TRAIL_FILTERS = ("everything", "looked", "changed", "overrides", "refused")


def filtered_trail(chosen: str, *, patient_id: Any = None) -> QuerySet[AuditEvent]:
    """Return the trail that a filter names: everything, looked, changed, overrides, refused."""
    events = trail(patient_id=patient_id)
    if chosen == "looked":
        return events.filter(kind="R", outcome="0")
    if chosen == "changed":
        return events.filter(kind__in=["C", "U", "D"], outcome="0").exclude(actor_kind="system")
    if chosen == "overrides":
        return events.filter(action="catalog.gate.override")
    if chosen == "refused":
        return events.filter(outcome="4")
    return events


def trail_counts(*, patient_id: Any = None) -> dict[str, int]:
    """Return how many entries each filter has."""
    counted = trail(patient_id=patient_id).aggregate(
        everything=Count("id"),
        looked=Count("id", filter=Q(kind="R", outcome="0")),
        changed=Count("id", filter=Q(kind__in=["C", "U", "D"], outcome="0") & ~Q(actor_kind="system")),
        overrides=Count("id", filter=Q(action="catalog.gate.override")),
        refused=Count("id", filter=Q(outcome="4")),
    )
    return {name: int(number or 0) for name, number in counted.items()}


def overrides() -> list[dict[str, Any]]:
    """Return each override with what was said, and its review if there is one, newest first."""
    reviews = {
        event.changes.get("override"): event
        for event in trail().filter(action="compliance.override.review").order_by("sequence")
    }
    found = []
    for event in trail().filter(action="catalog.gate.override")[:200]:
        if not event.changes.get("repeated"):
            found.append({"event": event, "review": reviews.get(str(event.id))})
    return found


def patients_named(ids: Iterable[Any]) -> dict[Any, str]:
    """Return the names of patients by their ids, for the trail."""
    return {patient.id: patient.full_name for patient in Patient.objects.filter(id__in=set(ids))}


def states() -> list[tuple[str, str]]:
    """Return the jurisdictions that the rules know, as (code, name) in the order of their names."""
    rows = table("jurisdictions").in_force(clock.now().date())
    return sorted(((row["state"], row["name"]) for row in rows), key=lambda pair: pair[1])


def trail_state() -> dict[str, Any]:
    """Return how the seals stand: newest seal, its time, its head, and how long the oldest entry waits."""
    seal = Seal.objects.order_by("-number").first()
    sealed = Exists(SealedRow.objects.filter(event_id=OuterRef("id")))
    recent = trail().filter(at__gte=clock.now() - timedelta(hours=1))
    waiting = recent.filter(~sealed).order_by("at").values_list("at", flat=True).first()
    return {
        "sealed_at": seal.sealed_at if seal else None,
        "head": bytes(seal.digest).hex()[:16] if seal else "",
        "number": seal.number if seal else 0,
        "waiting_seconds": (clock.now() - waiting).total_seconds() if waiting else 0.0,
    }
