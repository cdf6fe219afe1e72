"""Larkspur's patients: registered, insured, with their consents and lists."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from webside.billing import services as billing
from webside.billing.models import Payer
from webside.chart import services as chart
from webside.chart.codes import ListCode, ReadingSource
from webside.compliance import selectors as law
from webside.compliance import services as compliance
from webside.core import clock
from webside.demo import past
from webside.demo.people import PATIENTS, PatientFacts
from webside.demo.seed.clinic import Demo
from webside.people import services as people
from webside.people.codes import OFFERED, Relation
from webside.people.models import Patient


def add_patient(demo: Demo, facts: PatientFacts) -> None:
    """Register a patient, if she is not there, and keep her at hand."""
    patient = Patient.objects.filter(record_number=facts.record_number).first()
    if patient is None:
        patient = _register(demo, facts)
    demo.patients[facts.key] = patient


def _register(demo: Demo, facts: PatientFacts) -> Patient:
    line, city, state, postal_code = facts.address
    user = demo.users.get(facts.key)
    patient = people.register_patient(
        actor=demo.machine, given=facts.given, family=facts.family, birth_date=facts.born, email=facts.email,
        phone=facts.phone, state=state, user_id=user.id if user else None, gender=facts.gender,
        timezone=facts.timezone, address_line=line, city=city, postal_code=postal_code,
        record_number=facts.record_number,
    )  # fmt: skip
    people.change_patient(actor=demo.actor("grace"), patient=patient, pronouns=facts.pronouns)
    _cover(demo, patient)
    return patient


def _cover(demo: Demo, patient: Patient) -> None:
    payers = {
        "LC-20418": ("Hudson Valley Health Plan", "commercial"),
        "LC-20377": ("Medicare", "medicare"),
    }
    if patient.record_number not in payers:
        return
    name, kind = payers[patient.record_number]
    payer, _ = Payer.objects.get_or_create(name=name, defaults={"kind": kind})
    billing.add_coverage(
        actor=demo.actor("marcus"), patient=patient, payer=payer, member_id=f"{patient.record_number[-5:]}-01",
        period_start=date(2024, 1, 1), checked_at=clock.now() - timedelta(days=20),
    )  # fmt: skip


def fill_lists(demo: Demo) -> None:
    """Fill the lists of the chart, as the doctor who treats each patient."""
    for facts in PATIENTS:
        patient, doctor = demo.patients[facts.key], demo.actor(facts.doctor)
        for code, onset in facts.problems:
            chart.add_problem(actor=doctor, patient=patient, code=code, onset_date=onset)
        for substance, reaction, criticality in facts.allergies:
            chart.add_allergy(
                actor=doctor, patient=patient, substance=substance, reaction=reaction, criticality=criticality
            )
        for medication, dosage, since in facts.medications:
            with past.at(datetime.combine(since, time(15), UTC)):
                chart.add_medication(
                    actor=doctor, patient=patient, medication=medication, dosage=dosage, started_on=since
                )
        with past.at(clock.now() - timedelta(days=facts.allergies_confirmed)):
            chart.confirm_list(actor=doctor, patient=patient, code=ListCode.ALLERGIES)
        for days, readings in facts.vitals:
            chart.add_vitals(
                actor=doctor, patient=patient, at=clock.now() - timedelta(days=days, hours=2),
                readings=[(key, ucum, Decimal(value)) for key, ucum, value in readings], source=ReadingSource.SAID,
            )  # fmt: skip


def give_consents(demo: Demo) -> None:
    """Let the patients who were here before agree to telehealth, months ago."""
    for key, days in (("liz", 240), ("rosa", 120), ("theo", 60), ("joe", 20)):
        patient = demo.patients[key]
        with past.at(clock.now() - timedelta(days=days)):
            compliance.give_consent(
                actor=demo.machine, patient=patient, scope="telehealth", given_by=patient.full_name,
                words=text.digest if (text := law.current_text("telehealth", patient.language)) else "",
            )  # fmt: skip


def let_ana_help(demo: Demo) -> None:
    """Let Liz's daughter act for her, since a month ago."""
    tokens: list[str] = []
    liz, ana = demo.patients["liz"], demo.actor("ana")
    with past.at(clock.now() - timedelta(days=30)):
        people.grant_delegation(
            actor=demo.actor("liz"), patient=liz, name=ana.label, email=demo.users["ana"].email,
            relation=Relation.DAUGHTER, scopes=OFFERED, expires_at=clock.now() + timedelta(days=365),
            link_to=lambda token: tokens.append(token) or token,  # type: ignore[func-returns-value]
        )  # fmt: skip
        people.accept_delegation(actor=ana, token=tokens[0], password=None)
