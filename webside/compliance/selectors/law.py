"""Asking the law about real people: what is on record about them, what the rule makes of it, and where a licence reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet

from webside.compliance.codes import PASSING, Modality, ReasonCode, ServiceKind
from webside.compliance.models import Consent, Licence
from webside.compliance.rules.facts import (
    ClinicianFacts,
    LicenceFacts,
    MayTreatAnswer,
    MayTreatFacts,
    PatientFacts,
    ServiceFacts,
)
from webside.compliance.rules.may_treat import may_treat as decide
from webside.compliance.rules.tables import table
from webside.core import clock
from webside.core.rows import array_of, instances, prepared
from webside.people.models import Patient, Practitioner
from webside.people.rules import age_on


class Service(Protocol):
    """What of a service the law asks: its kind and how it is given."""

    @property
    def kind(self) -> str: ...

    @property
    def modality(self) -> str: ...


def licence_facts(licence: Licence) -> dict[str, Any]:
    """Return a licence in the words of the rule."""
    return {
        "state": licence.state,
        "type": licence.licence_type,
        **({"compact": licence.compact} if licence.compact else {}),
        "status": licence.status,
        "from": licence.period_start.isoformat(),
        **({"to": licence.period_end.isoformat()} if licence.period_end else {}),
    }


def facts_of(licence: Licence) -> LicenceFacts:
    """Return a licence as the rule's own type."""
    return msgspec.convert(licence_facts(licence), LicenceFacts)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What compliance has on record for a question of law: clinicians by their id, and a patient's consents."""

    clinicians: Mapping[UUID, ClinicianFacts]
    consents: frozenset[str] = frozenset()


def on_record(practitioners: Iterable[Practitioner], patient: Patient | None = None) -> OnRecord:
    """Return what is on record about practitioners and a patient, in one query for all of them.

    What is not on record stays absent. Without a practitioner nothing is read.
    """
    wanted = {each.id for each in practitioners}
    if len(wanted) == 1 and patient is not None:
        found = _one_with_patient(practitioner=min(wanted), patient=patient.id)
    else:
        asked = _known(Practitioner.objects.filter(id__in=wanted))
        found = list(_with_patient(asked, patient.id) if patient is not None else asked)
    return OnRecord(
        clinicians={row["id"]: _clinician(row) for row in found},
        consents=frozenset(found[0].get("agreed", ()) if found else ()),
    )


@prepared
def _one_with_patient(practitioner: UUID, patient: UUID) -> QuerySet[Practitioner, Any]:
    return _with_patient(_known(Practitioner.objects.filter(id=practitioner)), patient)


def _known(found: QuerySet[Practitioner]) -> QuerySet[Practitioner, Any]:
    held = Licence.objects.filter(practitioner=OuterRef("pk")).order_by("id")
    return found.values(
        "id", "profession", "home_state", "credentialing__excluded", "credentialing__credentialed_until",
        held=array_of(held),
    )  # fmt: skip


def _with_patient(found: QuerySet[Practitioner, Any], patient_id: UUID) -> QuerySet[Practitioner, Any]:
    agreed = Consent.objects.filter(patient=patient_id, status="active").values("scope")
    return found.annotate(agreed=ArraySubquery(agreed))


def _clinician(row: Mapping[str, Any]) -> ClinicianFacts:
    facts: dict[str, Any] = {
        "profession": row["profession"],
        "licences": [licence_facts(licence) for licence in instances(Licence, row["held"])],
        "excluded": row["credentialing__excluded"],
        "credentialed_until": row["credentialing__credentialed_until"],
        "home_state": row["home_state"] or None,
    }
    return msgspec.convert({name: value for name, value in facts.items() if value is not None}, ClinicianFacts)


def facts_for(
    record: OnRecord,
    *,
    practitioner: Practitioner,
    patient: Patient | None,
    service: Service,
    state: str,
    at: datetime,
    consents: Iterable[str] = (),
    guardian_present: bool | None = None,
) -> MayTreatFacts:
    """Return the facts of ``compliance.may_treat`` from what :func:`on_record` read; asks the database nothing.

    Raises :class:`KeyError` for a practitioner of whom nothing was read.
    """
    person: dict[str, Any] = {"state": state or None, "consents": sorted({*consents})}
    if patient is not None:
        person |= {
            "age": age_on(patient.birth_date, at.date()),
            "consents": sorted({*consents, *record.consents}),
        }
        if guardian_present is not None:
            person["guardian_present"] = guardian_present
    return MayTreatFacts(
        on=at.isoformat(),
        service=ServiceFacts(kind=ServiceKind(service.kind), modality=Modality(service.modality)),
        clinician=record.clinicians[practitioner.id],
        patient=msgspec.convert({key: value for key, value in person.items() if value is not None}, PatientFacts),
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
        facts_for(
            on_record([practitioner], patient),
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


def states() -> list[tuple[str, str]]:
    """Return the jurisdictions that the rules know, as (code, name) in the order of their names."""
    rows = table("jurisdictions").in_force(clock.now().date())
    return sorted(((row["state"], row["name"]) for row in rows), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may treat an adult by video: now, and with a licence more. Names of states.

    ``answer`` is the rule's answer for the licence's own state: what refuses, or what makes it good.
    """

    now: list[str]
    added: list[str]
    lost: list[str]
    answer: MayTreatAnswer
    state: str


@dataclass(frozen=True, slots=True)
class _Visit:
    kind: str = ServiceKind.TELEMEDICINE
    modality: str = Modality.VIDEO


def _about_the_licence(answer: MayTreatAnswer) -> MayTreatAnswer:
    """Leave only what refuses, or, where nothing does, what the licence itself is good for."""
    refusing = [reason for reason in answer.reasons if reason.code not in PASSING]
    licence = [reason for reason in answer.reasons if reason.code == ReasonCode.LICENCE_VALID]
    return msgspec.structs.replace(answer, reasons=refusing or licence)


GROWN_UP = 40
"""The age of the patient that nobody knows yet, when the reach of a licence is asked."""


def reach(practitioner: Practitioner, *, licence: LicenceFacts, instead_of: Licence | None = None) -> Reach:
    """Return what a licence would allow, asked of the rule for every state; nothing is kept.

    It is asked for today, or for the licence's first day if that is still to come.
    """
    today = clock.now().date()
    on = max(today, licence.from_ or today)
    moment = datetime.combine(on, time(12), tzinfo=ZoneInfo("UTC"))
    held = Licence.objects.filter(practitioner=practitioner)
    record = on_record([practitioner])
    clinician = record.clinicians[practitioner.id]
    facts = facts_for(record, practitioner=practitioner, patient=None, service=_Visit(), state="", at=moment)
    others = [facts_of(each) for each in held if instead_of is None or each.id != instead_of.id]
    then = msgspec.structs.replace(clinician, licences=[*others, licence])

    def asked(who: ClinicianFacts, state: str) -> MayTreatAnswer:
        person = PatientFacts(state=state, age=GROWN_UP, consents=["telehealth"])
        return decide(msgspec.structs.replace(facts, on=on.isoformat(), clinician=who, patient=person))

    before = {name for code, name in states() if asked(clinician, code).allowed}
    after = {name for code, name in states() if asked(then, code).allowed}
    return Reach(
        now=sorted(before),
        added=sorted(after - before),
        lost=sorted(before - after),
        answer=_about_the_licence(asked(then, licence.state or "")),
        state=dict(states()).get(licence.state or "", licence.state or ""),
    )
