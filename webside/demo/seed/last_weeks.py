"""Weeks that are over: visits that took place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from webside.accounts import selectors as accounts
from webside.accounts.models import User
from webside.chart import services as chart
from webside.chart.models import Encounter
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.demo import past
from webside.demo.seed.clinic import Demo, key_of
from webside.demo.seed.hours import working_morning
from webside.demo.seed.plans import agree_with_joe
from webside.people.models import Patient
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.visits import services as visits
from webside.visits.codes import DeviceVerdict
from webside.visits.models import Participant, QualitySample, Visit


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit that took place: whose, what, how many days ago (or on the last working day before), what was written."""

    patient: str
    by: str
    service: str
    days: int
    minutes: int
    reason: str
    note: dict[str, str]
    codes: tuple[str, ...] = ()
    seen_document: bool = True
    sign: bool = True


LAST_WEEKS: tuple[PastVisit, ...] = (
    PastVisit(
        "liz", "maya", "Diabetes video visit", 92, 18, "Check-up, three months after the last one",
        {
            "subjective": "Feels well. Walks most days. Morning sugars 125 to 145. No low readings.",
            "objective": "Looks well by video. Home blood pressure 136/84. Weight 84.2 kg.",
            "assessment": "Type 2 diabetes, steady. Blood pressure slightly above goal.",
            "plan": "Go on with all medicines. Less salt. HbA1c in three months. Call if mornings stay above 160.",
            "patient_instructions": "Take your medicines as before. Leave out the salt shaker. Call us if your "
            "morning sugar is above 160 for three days.",
            "mdm": "moderate",
            "total_minutes": "26",
        },
        ("E11.65", "I10"),
    ),
    PastVisit(
        "liz", "priya", "Wellness coaching", 20, 28, "I want to walk more",
        {
            "subjective": "Wants to walk after dinner. Knee is fine. Evenings are busy on Tuesdays.",
            "plan": "Fifteen minutes after dinner, five days a week. Daughter joins on Sundays.",
            "patient_instructions": "Walk fifteen minutes after dinner, five days a week.",
        },
    ),
    PastVisit(
        "theo", "daniel", "Same-day video visit", 6, 14, "Wheezing since the pollen started",
        {
            "subjective": "Wheeze in the evening for a week. Sleeps through. Uses the inhaler once a day instead of "
            "twice.",
            "objective": "Speaks in full sentences, no use of neck muscles seen by video.",
            "assessment": "Mild persistent asthma, not well controlled: inhaler used half as often as prescribed.",
            "plan": "Inhaler twice a day again, technique shown. Message in two weeks. Visit in person if worse.",
            "patient_instructions": "Use the inhaler every morning and every evening. Rinse your mouth afterwards.",
            "mdm": "low",
            "total_minutes": "19",
        },
        ("J45.30",),
    ),
    PastVisit(
        "joe", "maya", "Same-day video visit", 5, 17, "What must be ready before my hip is replaced?",
        {
            "subjective": "Hip replacement on the right in about two weeks. Lives alone, two steps at the door. His "
            "daughter Nina was there by video.",
            "objective": "Walks with a cane, seen by video. Comfortable at rest.",
            "assessment": "Osteoarthritis of the right hip, waiting for the operation.",
            "plan": "One plan agreed with him, his daughter, the coach and the front desk, from before the operation to "
            "after discharge.",
            "patient_instructions": "Walk with crutches for ten minutes each day. Call us if you get a fever or a cold.",
            "mdm": "low",
            "total_minutes": "22",
        },
        ("M16.11",),
    ),
    PastVisit(
        "rosa", "maya", "Same-day video visit", 1, 16, "My watch says my pulse is uneven",
        {
            "subjective": "Watch reported an uneven pulse twice this week, at rest. No chest pain, no dizziness. "
            "Takes apixaban every day.",
            "objective": "Comfortable. Pulse 68 by hand, uneven.",
            "assessment": "",
            "plan": "",
        },
        seen_document=False,
        sign=False,
    ),
)  # fmt: skip


def live_last_weeks(demo: Demo) -> None:
    """Let every past visit take place."""
    for each in LAST_WEEKS:
        _live_through(demo, each)


def _live_through(demo: Demo, each: PastVisit) -> None:
    """Book, check in, meet, write, end and sign, each at its own time."""
    patient, practitioner = demo.patients[each.patient], demo.practitioners[each.by]
    service = demo.services[each.service]
    clinician = demo.actor(each.by)
    begin = working_morning(each.by, practitioner, clock.now() - timedelta(days=each.days))
    with past.at(begin - timedelta(days=3)):
        appointment = scheduling.book_appointment(
            actor=demo.machine, patient=patient, service=service, practitioner=practitioner, start=begin,
            state=patient.state, timezone=patient.timezone, reason_text=each.reason,
            idempotency_key=key_of(f"past-{each.patient}-{each.days}"),
        )  # fmt: skip
    with past.at(begin - timedelta(minutes=4)):
        visit = _check_in(demo, appointment, patient)
    with past.at(begin + timedelta(minutes=1)):
        visit = visits.admit(actor=clinician, visit=visit).visit
        if each.seen_document:
            visits.confirm_identity(actor=clinician, visit=visit)
        visits.start_visit(actor=clinician, visit=visit, started_at=clock.now())
    with past.at(begin + timedelta(minutes=1 + each.minutes)):
        _call_numbers(visit, each.minutes)
        encounter = Encounter.objects.select_related("patient", "practitioner", "service").get(id=visit.encounter_id)
        chart.save_note(actor=clinician, encounter=encounter, fields=each.note, revision=0)
        for code in each.codes:
            chart.add_diagnosis(actor=clinician, encounter=encounter, code=code)
        if each.patient == "joe":
            agree_with_joe(demo, encounter)
        visits.end_visit(actor=clinician, visit=visit)
        chart.finish_encounter(actor=clinician, encounter=encounter)
    if each.sign:
        with past.at(begin + timedelta(minutes=9 + each.minutes)):
            chart.sign_note(actor=clinician, encounter=encounter)


def _check_in(demo: Demo, appointment: Appointment, patient: Patient) -> Visit:
    """Let a patient check her devices and check in from home."""
    visit = visits.open_visit(appointment=appointment)
    herself = _herself(demo, appointment, patient)
    visits.check_devices(actor=herself, visit=visit, verdict=DeviceVerdict.VIDEO)
    answers = {
        "identity_confirmed": True,
        "location": "home",
        "address_line": patient.address_line,
        "city": patient.city,
        "state": patient.state,
        "postal_code": patient.postal_code,
        "phone": patient.phone,
        "alone": True,
        "nearby_name": "",
        "nearby_phone": "",
    }
    words = " ".join(text.digest for text in visits.texts_asked(visit, patient.language))
    return visits.complete_safe_start(actor=herself, visit=visit, answers=answers, agrees=True, words=words).visit


def _herself(demo: Demo, appointment: Appointment, patient: Patient) -> Actor:
    """Return the patient: by her account, or by the link of her e-mail, which opens one appointment."""
    if patient.user_id is not None:
        return accounts.actor_in(User.objects.get(id=patient.user_id), demo.tenant.id)
    return Actor(
        kind=ActorKind.LINK, label=patient.full_name, tenant_id=demo.tenant.id, roles=frozenset({Role.PATIENT}),
        subject_id=appointment.id,
    )  # fmt: skip


def _call_numbers(visit: Visit, minutes: int) -> None:
    """What both sides' browsers would have reported: sound and picture for the whole call."""
    QualitySample.objects.bulk_create(
        QualitySample(
            tenant_id=visit.tenant_id, participant=side, seconds=60, sound_seconds=60, picture_seconds=60, digest={}
        )
        for side in Participant.objects.filter(visit=visit)
        for _ in range(minutes)
    )
