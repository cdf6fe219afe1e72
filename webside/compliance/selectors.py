"""Asking the law about real people: rows in, the rule's answer out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec
from django.db.models import Q, QuerySet

from webside.audit.models import AuditEvent
from webside.audit.selectors import trail
from webside.compliance.models import Consent, ConsentText, Credentialing, Licence
from webside.compliance.rules.facts import MayTreatAnswer, MayTreatFacts
from webside.compliance.rules.may_treat import may_treat as decide
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
