"""A clinic at work around the cast: many patients, full days, years of notes, claims, messages.

It is made in bulk, past the services: what matters is how many rows a page finds, not how they came.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.billing.models import Claim, ClaimItem
from webside.catalog.models import GateOverride, HealthcareService, ServicePractitioner
from webside.chart.models import (
    AllergyIntolerance,
    CarePlan,
    Condition,
    Encounter,
    MedicationStatement,
    Note,
    NoteAddendum,
    Observation,
    PlanAgreement,
    PlanChange,
    PlanStep,
    Transfer,
    TransferContact,
)
from webside.compliance.models import Consent, Credentialing, Licence
from webside.core import clock, frames
from webside.core.crypto import keyring
from webside.core.ids import uuid7
from webside.notifications.models import OutgoingMessage
from webside.outbox.models import Delivery, OutboxEvent
from webside.people.models import Patient, Practitioner
from webside.scheduling.models import (
    Appointment,
    AppointmentLink,
    Availability,
    AvailabilityException,
    CallBack,
    QueueEntry,
    WaitlistEntry,
)
from webside.testing.cast import Cast
from webside.visits.models import ChatMessage, Participant, QualitySample, SafeStart, Site, Visit

PATIENTS = 300
COLLEAGUES = 6
VISITS_A_DAY = 60
LENGTH = timedelta(minutes=20)
IN_LINE = 50
TRANSFERS = 20


def _keep(rows: list[Any]) -> list[Any]:
    """Save rows of one model at once, in the frame's tenant."""
    for row in rows:
        row.tenant_id = frames.current_tenant_id()
    return list(type(rows[0])._default_manager.bulk_create(rows))


def make_crowd(cast: Cast) -> None:
    """Fill Larkspur around the cast; call it within a frame of Larkspur.

    300 patients; six physicians more; 60 visits today and on each of the two days about it; for Liz a
    chart of years; on every list that a page shows, rows beyond what fits.
    """
    patients = _keep([_patient(number) for number in range(PATIENTS)])
    colleagues = _colleagues(cast)
    for day in (-1, 0, 1):
        _day(cast, patients, colleagues, day)
    _years(cast, patients)
    _services(cast, colleagues)
    _line(patients)
    _waits(cast, patients)
    _trail(cast, patients)
    messages(cast, 120)
    _keep([Site(name=f"School {number}", kind="school", address_line="3 Creek Lane", city="Kingston", state="NY",
                postal_code="12401", phone="845-555-0170") for number in range(40)])  # fmt: skip
    for number in range(8):
        plan(cast, f"Plan {number}", steps=12)


def _patient(number: int) -> Patient:
    return Patient(
        record_number=f"CR-{number:05}", given=f"Given{number}", family=f"Family{number}", state="NY",
        birth_date=date(1950, 1, 1) + timedelta(days=number * 67), timezone="America/New_York",
        phone=f"845-555-{number:04}",
    )  # fmt: skip


def _colleagues(cast: Cast) -> list[Practitioner]:
    found = _keep(
        [
            Practitioner(given=f"Colleague{number}", family=f"Crowd{number}", prefix="Dr.", qualification="MD",
                         profession="physician", home_state="NY")
            for number in range(COLLEAGUES)
        ]
    )  # fmt: skip
    today = clock.now().date()
    _keep([Credentialing(practitioner=each, credentialed_until=today + timedelta(days=300), excluded=False,
                         exclusion_checked_at=clock.now()) for each in found])  # fmt: skip
    _keep(
        [
            Licence(practitioner=each, state=state, number=f"{state}-{each.family}", verified_at=clock.now(),
                    period_start=date(2024, 1, 1), period_end=today + timedelta(days=40 + number))
            for number, each in enumerate(found)
            for state in ("NY", "NJ", "CT")
        ]
    )  # fmt: skip
    _keep(
        [
            Availability(practitioner=each, weekday=weekday, starts_at="08:00", ends_at="18:00",
                         timezone="America/New_York")
            for each in found
            for weekday in range(7)
        ]
    )  # fmt: skip
    now = clock.now()
    _keep(
        [
            AvailabilityException(practitioner=each, reason="Away",
                                  period=TimestamptzRange(now + timedelta(days=days), now + timedelta(days=days + 1)))
            for each in [*found, cast.maya]
            for days in (20, 30, 40)
        ]
    )  # fmt: skip
    _keep([ServicePractitioner(service=cast.video_visit, practitioner=each) for each in found])
    return found


def _day(cast: Cast, patients: list[Patient], colleagues: list[Practitioner], day: int) -> None:
    """Fill one day: 60 visits, those of today at every stage. Nobody of the cast's own minutes is taken."""
    base = clock.now() + timedelta(days=day, hours=2)
    givers = [cast.maya, *colleagues]
    appointments, visits, starts = [], [], []
    for number in range(VISITS_A_DAY):
        start = base + LENGTH * (number // len(givers))
        booked = _appointment(cast, patients[(number * 7 + day) % PATIENTS], givers[number % len(givers)], start)
        booked.status = "fulfilled" if day < 0 else ("booked", "checked-in", "booked", "noshow")[number % 4]
        room = Visit(id=booked.id, appointment=booked)
        if day < 0:
            room.status = "finished"
        elif booked.status == "checked-in":
            room.status, room.waiting_since = "waiting", clock.now() - timedelta(minutes=number)
        appointments.append(booked)
        visits.append(room)
        starts.append(SafeStart(visit=room, identity_confirmed=True, phone="845-555-0100", state="NY",
                                place_said_at=clock.now(), completed_at=clock.now()))  # fmt: skip
    _keep(appointments)
    _keep(visits)
    _keep(starts)
    _keep([AppointmentLink(appointment=each, token_hash=each.id.bytes, expires_at=clock.now() + timedelta(days=2))
           for each in appointments])  # fmt: skip
    seats = [(room, role) for room in visits for role in ("patient", "clinician")]
    _keep([Participant(visit=room, role=role, name=role, device_check={"verdict": "good"}) for room, role in seats])


def _appointment(cast: Cast, patient: Patient, practitioner: Practitioner, start: datetime) -> Appointment:
    return Appointment(
        patient=patient, practitioner=practitioner, service=cast.video_visit,
        period=TimestamptzRange(start, start + LENGTH), patient_state="NY", patient_timezone="America/New_York",
        reason_text="A cough", booked_by="crowd", idempotency_key=uuid7().hex,
    )  # fmt: skip


def _years(cast: Cast, patients: list[Patient]) -> None:
    """Give Liz a chart of years, and everybody a past with Maya: notes, claims, consents, overrides."""
    who = [cast.liz] * 60 + patients[:120]
    now = clock.now()
    encounters = _keep(
        [
            Encounter(patient=patient, practitioner=cast.maya, service=cast.video_visit, status="finished",
                      started_at=now - timedelta(days=10 + number), ended_at=now - timedelta(days=10 + number),
                      location_state="NY")
            for number, patient in enumerate(who)
        ]
    )  # fmt: skip
    notes = _keep(
        [
            Note(encounter=each, status="preliminary" if number % 4 == 0 else "final", plan="Rest",
                 signed_at=None if number % 4 == 0 else each.ended_at,
                 signed_by=None if number % 4 == 0 else cast.maya)
            for number, each in enumerate(encounters)
        ]
    )  # fmt: skip
    _keep([NoteAddendum(note=note, author=cast.maya, text="And drink.") for note in notes if note.signed_at])
    _keep([Condition(patient=each.patient, encounter=each, category="encounter-diagnosis", code=code, display=code)
           for each in encounters for code in ("E11.65", "I10")])  # fmt: skip
    _keep([Condition(patient=cast.liz, code=f"I{number}", display=f"Problem {number}") for number in range(20, 40)])
    _keep([AllergyIntolerance(patient=cast.liz, substance=f"Substance {number}") for number in range(15)])
    _keep([MedicationStatement(patient=cast.liz, medication=f"Medicine {number}") for number in range(20)])
    _keep([Observation(patient=cast.liz, code="8480-6", display="Blood pressure (upper)", unit="mm[Hg]",
                       value=Decimal(120 + number % 30), effective_at=now - timedelta(days=number))
           for number in range(200)])  # fmt: skip
    _transfers(encounters[:TRANSFERS])
    claims = _keep([Claim(encounter=each, patient=each.patient, practitioner=cast.maya, facts={"on": "2026-01-01"},
                          service_date=each.started_at.date(), diagnoses=["E11.65", "I10"])
                    for each in encounters])  # fmt: skip
    _keep([ClaimItem(claim=claim, sequence=number, code=f"9921{number}", pos="10") for claim in claims
           for number in (1, 2)])  # fmt: skip
    _keep([Consent(patient=patient, scope="telehealth", given_by="crowd", status=status,
                   withdrawn_at=now if status == "inactive" else None)
           for patient, status in zip(patients, ("active", "active", "inactive") * PATIENTS, strict=False)])  # fmt: skip
    _keep([GateOverride(gate="identity_document", subject_type="encounter", subject_id=each.id, patient=each.patient,
                        reason="Known to me", by_id=cast.maya_user.id, by_label="Dr. Maya Chen")
           for each in encounters])  # fmt: skip


def _services(cast: Cast, colleagues: list[Practitioner]) -> None:
    found = _keep(
        [
            HealthcareService(name=f"Service {number}", kind="telemedicine", modality="video", summary="More",
                              professions=["physician"], billing_service="visit", position=10 + number)
            for number in range(8)
        ]
    )  # fmt: skip
    _keep([ServicePractitioner(service=each, practitioner=person) for each in found for person in colleagues])


def talk(visit: Visit, lines: int = 60) -> None:
    """Let a visit of the cast have gone on for a while: a long chat, and numbers of its call. Once a visit."""
    seats = list(Participant.objects.filter(visit=visit))
    _keep([ChatMessage(visit=visit, author=seats[number % 2], text=f"Line {number}", client_key=f"crowd-{number}")
           for number in range(lines)])  # fmt: skip
    _keep([QualitySample(participant=seats[number % 2], seconds=10, sound_seconds=10, picture_seconds=10, digest={})
           for number in range(lines)])  # fmt: skip


def plan(cast: Cast, title: str, steps: int) -> CarePlan:
    """Let Liz have a plan with so many steps, of hers and of who treats her, all of them late; agreed, then changed."""
    (made,) = _keep(
        [CarePlan(patient=cast.liz, responsible=cast.maya, title=title, written_by="crowd", client_key=title)]
    )
    owners = [("patient", None, "Liz Moreno"), ("staff", cast.maya_user, "Dr. Maya Chen")]
    found = _keep(
        [
            PlanStep(plan=made, position=number, text=f"Step {number}", owner_kind=kind, owner=user, owner_name=name,
                     time="by", day=date(2020, 1, 1), last_day=date(2020, 1, 1), written_by="crowd",
                     client_key=f"crowd-{number}")
            for number in range(steps)
            for kind, user, name in [owners[number % 2]]
        ]
    )  # fmt: skip
    _keep([PlanAgreement(plan=made, agreed_by="crowd", present=["Liz Moreno"], contents={"title": title, "steps": []})])
    _keep([PlanChange(plan=made, step=step, kind="added", by="crowd", after={"text": step.text}) for step in found])
    return made  # type: ignore[no-any-return]


def transfer(encounter: Encounter) -> Transfer:
    """Let a visit have turned into care in person: nobody was reached, then somebody took over."""
    (made,) = _transfers([encounter])
    return made


def _transfers(encounters: list[Encounter]) -> list[Transfer]:
    made = _keep(
        [
            Transfer(encounter=each, patient_id=each.patient_id, kind="in-person", destination="urgent-care",
                     how_soon="today", why="A wound that must be stitched", started_by="crowd")
            for each in encounters
        ]
    )  # fmt: skip
    _keep([TransferContact(transfer=each, reached=reached, name="Sam", by="crowd", client_key=f"crowd-{reached}")
           for each in made for reached in (False, True)])  # fmt: skip
    return made


def _line(patients: list[Patient]) -> None:
    """Let people wait in the line of what is on demand, and some be called back; where nothing is, nobody waits."""
    service = HealthcareService.objects.filter(on_demand=True).first()
    if service is None:
        return
    entries = _keep(
        [
            QueueEntry(
                patient=patient, service=service, state="NY", timezone="America/New_York", phone="845-555-0100",
                status="callback" if number % 4 == 0 else "waiting", idempotency_key=f"crowd-{number}",
                joined_at=clock.now() - timedelta(minutes=number),
            )
            for number, patient in enumerate(patients[:IN_LINE])
        ]
    )  # fmt: skip
    _keep([CallBack(entry=entry, phone=entry.phone) for entry in entries if entry.status == "callback"])


def _waits(cast: Cast, patients: list[Patient]) -> None:
    """Let many wait for a time of the same service."""
    _keep(
        [
            WaitlistEntry(
                patient=patient, service=cast.video_visit, state="NY", timezone="America/New_York", weekdays=[1, 3],
                notice_hours=2, until=clock.now().date() + timedelta(days=30), joined_by="crowd",
                idempotency_key=uuid7().hex,
            )
            for patient in patients[:IN_LINE]
        ]
    )  # fmt: skip


def _trail(cast: Cast, patients: list[Patient]) -> None:
    """Let people have looked, and gone on past gates."""
    looks = [("chart.patient.read", "R", "treating")] * 300 + [("catalog.gate.override", "E", "identity_document")] * 40
    _keep(
        [
            AuditEvent(action=action, kind=kind, ground=ground, actor_kind="person", actor_id=cast.maya_user.id,
                       actor_label="Dr. Maya Chen", actor_roles="clinician", target_type="Patient",
                       patient_id=(cast.liz if number % 3 == 0 else patients[number % PATIENTS]).id,
                       target_id=uuid7(), reason="Known to me" if kind == "E" else "",
                       at=clock.now() - timedelta(minutes=number))
            for number, (action, kind, ground) in enumerate(looks)
        ]
    )  # fmt: skip


def messages(cast: Cast, number: int) -> None:
    """Let so many e-mails have been sent or have failed, and as many handlers have given up."""
    now = clock.now()
    sent = [OutgoingMessage(patient_id=cast.liz.id, template="booked", subject="Your visit", body=b"",
                            idempotency_key=uuid7().hex, status=("sent", "failed")[each % 2], sent_at=now,
                            attempts=1) for each in range(number)]  # fmt: skip
    for row in sent:
        row.recipient = keyring().seal(b'["crowd@example.test"]', place=f"mail.{row.id}.recipient")
    _keep(sent)
    events = _keep([OutboxEvent(name="scheduling.AppointmentBooked", payload={}) for _ in range(number)])
    Delivery.objects.bulk_create([Delivery(event=each, handler="webside.crowd.give_up", attempts=10, dead_at=now,
                                           last_error="ValueError") for each in events])  # fmt: skip
