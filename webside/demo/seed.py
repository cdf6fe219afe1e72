"""The demo clinic: made once through the services, and made fresh again at each start.

Everything that a person could have done goes through the service that they would have used, with
their own actor, so the trail, the events and the FHIR versions are those of a real clinic. What has
no service yet (a payer, the words of a consent) is set up as rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db.models import Q

from webside.accounts import selectors as accounts
from webside.accounts.models import Membership, User
from webside.billing.models import Coverage, Payer
from webside.catalog import services as catalog
from webside.catalog.models import HealthcareService
from webside.chart import services as chart
from webside.chart.codes import ListCode
from webside.chart.models import Encounter
from webside.compliance import services as compliance
from webside.compliance.models import ConsentText, Credentialing, Licence
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role, system
from webside.core.models import Tenant
from webside.demo import past
from webside.demo.people import CONSENTS, EVERYBODY, PASSWORD, PATIENTS, SERVICES, PatientFacts
from webside.people import services as people
from webside.people.models import Patient, Practitioner
from webside.scheduling import selectors as times
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment, Availability
from webside.visits import services as visits
from webside.visits.codes import DeviceVerdict
from webside.visits.models import Participant, QualitySample, Visit

LICENCE_LEFT = timedelta(days=8)
SOON = timedelta(minutes=7)
AT_HAND = timedelta(minutes=45)
SOONEST = timedelta(minutes=4)
STILL_RUNNING = timedelta(hours=2)


@dataclass(slots=True)
class Demo:
    """What the generator knows while it works in one tenant."""

    tenant: Tenant
    users: dict[str, User]
    practitioners: dict[str, Practitioner] = field(default_factory=dict)
    patients: dict[str, Patient] = field(default_factory=dict)
    services: dict[str, HealthcareService] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(20261123))  # noqa: S311 - a seeded demo

    @property
    def machine(self) -> Actor:
        """Webside itself."""
        return system("demo", self.tenant.id)

    def actor(self, key: str) -> Actor:
        """One of the people, as they act here."""
        return accounts.actor_in(self.users[key], self.tenant.id)


def seed() -> list[str]:
    """Make or refresh the demo; return what was done, in words. Run it as often as you like."""
    users = _users()
    larkspur = _tenant(
        "larkspur", name="Larkspur Clinic", strapline="Online care", phone="(845) 555-0110",
        opening_hours="Monday to Friday, 8 am to 6 pm", timezone="America/New_York",
    )  # fmt: skip
    northgate = _tenant(
        "northgate", name="Northgate Health", phone="(212) 555-0190", timezone="America/New_York",
        opening_hours="Monday to Friday, 9 am to 5 pm",
    )  # fmt: skip
    for somebody in EVERYBODY:
        tenant = {"larkspur": larkspur, "northgate": northgate}[somebody.tenant]
        Membership.objects.get_or_create(
            user=users[somebody.key], tenant=tenant, defaults={"roles": [somebody.role.value]}
        )
    said = []
    with _frame(Demo(larkspur, users)) as demo:
        said += _larkspur(demo)
    with _frame(Demo(northgate, users)) as demo:
        said += _northgate(demo)
    return said


@contextmanager
def _frame(demo: Demo) -> Iterator[Demo]:
    with frames.begin(tenant_id=demo.tenant.id, actor=demo.machine):
        yield demo


def _tenant(slug: str, **details: Any) -> Tenant:
    tenant, _ = Tenant.objects.update_or_create(slug=slug, defaults=details)
    return tenant


def _users() -> dict[str, User]:
    """Return the account of everybody, made where there is none."""
    known = {user.email: user for user in User.objects.filter(email__in=[each.email for each in EVERYBODY])}
    missing = [each for each in EVERYBODY if each.email not in known]
    # One password, so one hash: hashing is slow on purpose, and nine times that is felt at each first start.
    password = make_password(PASSWORD) if missing else ""
    for each in missing:
        known[each.email] = User.objects.create(email=each.email, name=each.name, password=password)
    return {each.key: known[each.email] for each in EVERYBODY}


# ------------------------------------------------------------------------------------ Larkspur


def _larkspur(demo: Demo) -> list[str]:
    fresh = not Practitioner.objects.exists()
    _consent_texts()
    _staff(demo)
    _services(demo)
    for facts in PATIENTS:
        _patient(demo, facts)
    if fresh:
        _consents(demo)
        _last_weeks(demo)
        _lists(demo)
    _licences_now(demo)
    said = ["Larkspur Clinic is set up" if fresh else "Larkspur Clinic is there already"]
    said += _today(demo)
    return said


def _consent_texts() -> None:
    for scope, (title, body) in CONSENTS.items():
        ConsentText.objects.get_or_create(
            scope=scope,
            version="2026-01-01",
            defaults={"title": title, "body": body, "effective_from": date(2026, 1, 1)},
        )


_STAFF: dict[str, dict[str, Any]] = {
    "maya": {
        "given": "Maya", "family": "Chen", "profession": "physician", "prefix": "Dr.", "qualification": "MD",
        "specialty": "Family doctor, diabetes", "home_state": "NY", "languages": ["en", "zh"], "npi": "1730000017",
        "timezone": "America/New_York", "about": "English, Mandarin.",
    },
    "daniel": {
        "given": "Daniel", "family": "Whitfield", "profession": "physician", "prefix": "Dr.", "qualification": "MD",
        "specialty": "Family doctor, same-day care", "home_state": "OR", "languages": ["en", "es"],
        "npi": "1730000025", "timezone": "America/Los_Angeles", "about": "English, Spanish.",
    },
    "priya": {
        "given": "Priya", "family": "Nair", "profession": "coach", "specialty": "Wellness coach",
        "languages": ["en", "hi"], "timezone": "America/New_York", "about": "English, Hindi.",
    },
}  # fmt: skip
_LICENCES = {"maya": ("NY", "NJ"), "daniel": ("OR", "WA"), "priya": ()}


def _staff(demo: Demo) -> None:
    for key, details in _STAFF.items():
        practitioner = Practitioner.objects.filter(user=demo.users[key]).first()
        if practitioner is None:
            practitioner = people.add_practitioner(
                actor=demo.machine, user_id=demo.users[key].id, email=demo.users[key].email, **details
            )
            _open_day_and_night(practitioner)
            if key in _LICENCES:
                _credentials(demo, practitioner, _LICENCES[key])
        demo.practitioners[key] = practitioner


def _open_day_and_night(practitioner: Practitioner) -> None:
    # Whoever tries the demo, at whatever hour, finds a free time within the next half hour.
    Availability.objects.bulk_create(
        Availability(
            tenant_id=practitioner.tenant_id, practitioner=practitioner, weekday=weekday, starts_at=time(0),
            ends_at=time(0), timezone=practitioner.timezone,
        )
        for weekday in range(7)
    )  # fmt: skip


def _credentials(demo: Demo, practitioner: Practitioner, states: tuple[str, ...]) -> None:
    officer = demo.actor("ingrid")
    today = clock.now().date()
    compliance.set_credentialing(
        actor=officer, practitioner=practitioner, credentialed_until=today + timedelta(days=500), excluded=False
    )
    for number, state in enumerate(states):
        compliance.add_licence(
            actor=officer, practitioner=practitioner, state=state, licence_type="full",
            number=f"{state}-{31000 + demo.chance.randrange(9000)}", status="active",
            period_start=today - timedelta(days=700 + 90 * number), period_end=today + timedelta(days=610),
            verified_with=f"{state} medical board",
        )  # fmt: skip


def _licences_now(demo: Demo) -> None:
    """Let Dr. Chen's New Jersey licence end in eight days, whenever the demo is started."""
    officer, today = demo.actor("ingrid"), clock.now().date()
    ending = Licence.objects.get(practitioner=demo.practitioners["maya"], state="NJ")
    if ending.period_end != today + LICENCE_LEFT:
        compliance.change_licence(actor=officer, licence=ending, period_end=today + LICENCE_LEFT)
    for licence in Licence.objects.exclude(id=ending.id).filter(period_end__lt=today + timedelta(days=100)):
        compliance.change_licence(actor=officer, licence=licence, period_end=today + timedelta(days=610))
    for each in Credentialing.objects.filter(credentialed_until__lt=today + timedelta(days=60)):
        compliance.set_credentialing(
            actor=officer, practitioner=each.practitioner, credentialed_until=today + timedelta(days=500),
            excluded=False,
        )  # fmt: skip


def _services(demo: Demo) -> None:
    for position, each in enumerate(SERVICES, start=1):
        service = HealthcareService.objects.filter(name=each.name).first()
        if service is None:
            service = catalog.add_service(
                actor=demo.machine, name=each.name, kind=each.kind, modality=each.modality, summary=each.summary,
                description=each.description, professions=list(each.professions), duration_minutes=each.minutes,
                price_cents=each.cents, price_note=each.price, billing_service=each.billing,
                documentation=list(each.documentation), position=position,
            )  # fmt: skip
            for key in each.by:
                catalog.assign_practitioner(actor=demo.machine, service=service, practitioner=demo.practitioners[key])
        demo.services[each.name] = service


def _patient(demo: Demo, facts: PatientFacts) -> None:
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
    _cover(patient)
    return patient


def _cover(patient: Patient) -> None:
    payers = {
        "LC-20418": ("Hudson Valley Health Plan", "commercial"),
        "LC-20377": ("Medicare", "medicare"),
    }
    if patient.record_number not in payers:
        return
    name, kind = payers[patient.record_number]
    payer, _ = Payer.objects.get_or_create(name=name, defaults={"kind": kind})
    Coverage.objects.create(
        patient=patient, payer=payer, member_id=f"{patient.record_number[-5:]}-01", order=1,
        period_start=date(2024, 1, 1), checked_at=clock.now() - timedelta(days=20),
    )  # fmt: skip


def _lists(demo: Demo) -> None:
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
            chart.add_medication(actor=doctor, patient=patient, medication=medication, dosage=dosage, started_on=since)
        with past.at(clock.now() - timedelta(days=facts.allergies_confirmed)):
            chart.confirm_list(actor=doctor, patient=patient, code=ListCode.ALLERGIES)
        for days, readings in facts.vitals:
            chart.add_vitals(
                actor=doctor, patient=patient, at=clock.now() - timedelta(days=days, hours=2),
                readings=[(key, ucum, Decimal(value)) for key, ucum, value in readings],
            )  # fmt: skip


def _consents(demo: Demo) -> None:
    for key, days in (("liz", 240), ("rosa", 120), ("theo", 60)):
        patient = demo.patients[key]
        with past.at(clock.now() - timedelta(days=days)):
            compliance.give_consent(actor=demo.machine, patient=patient, scope="telehealth", given_by=patient.full_name)


# ------------------------------------------------------------------------------- weeks that are over


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit that took place: whose, what, how many days ago, what was written."""

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
        "liz", "priya", "Wellness coaching", 40, 28, "I want to walk more",
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


def _last_weeks(demo: Demo) -> None:
    for each in LAST_WEEKS:
        _live_through(demo, each)


def _live_through(demo: Demo, each: PastVisit) -> None:
    """Book, check in, meet, write, end and sign, each at its own time."""
    patient, practitioner = demo.patients[each.patient], demo.practitioners[each.by]
    service = demo.services[each.service]
    clinician = demo.actor(each.by)
    begin = _morning(clock.now() - timedelta(days=each.days))
    with past.at(begin - timedelta(days=3)):
        appointment = scheduling.book_appointment(
            actor=demo.machine, patient=patient, service=service, practitioner=practitioner, start=begin,
            state=patient.state, timezone=patient.timezone, reason_text=each.reason,
            idempotency_key=_key(f"past-{each.patient}-{each.days}"),
        )  # fmt: skip
    with past.at(begin - timedelta(minutes=4)):
        visit = _check_in(demo, appointment, patient)
    with past.at(begin + timedelta(minutes=1)):
        if each.seen_document:
            visits.confirm_identity(actor=clinician, visit=visit)
        visit = visits.admit(actor=clinician, visit=visit).visit
        visits.start_visit(actor=clinician, visit=visit, started_at=clock.now())
    with past.at(begin + timedelta(minutes=1 + each.minutes)):
        _call_numbers(visit, each.minutes)
        encounter = Encounter.objects.select_related("patient", "practitioner", "service").get(id=visit.encounter_id)
        chart.save_note(actor=clinician, encounter=encounter, fields=each.note, revision=0)
        for code in each.codes:
            chart.add_diagnosis(actor=clinician, encounter=encounter, code=code)
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
    return visits.complete_safe_start(actor=herself, visit=visit, answers=answers, agrees=True).visit


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


def _morning(moment: datetime) -> datetime:
    """Return ten o'clock in New York on the day of ``moment``: a slot of every service begins then."""
    return moment.astimezone(ZoneInfo("America/New_York")).replace(hour=10, minute=0, second=0, microsecond=0)


def _key(name: str) -> str:
    return uuid5(NAMESPACE_URL, f"urn:webside:demo:{name}").hex


# ------------------------------------------------------------------------------------------- today


def _today(demo: Demo) -> list[str]:
    """Let Liz see Dr. Chen in about ten minutes, and the others later; what passed unused is moved."""
    now = clock.now()
    said = []
    liz = _book(
        demo, "liz", "maya", "Diabetes video visit", after=now + SOON,
        reason="My morning sugars used to be around 140. Now they’re 170 or more and I haven’t changed what I eat.",
    )  # fmt: skip
    if liz is not None:
        there = liz.start.astimezone(ZoneInfo(liz.patient_timezone))
        said.append(f"Liz Moreno sees Dr. Chen at {there:%H:%M} in New York")
    _book(demo, "rosa", "maya", "Same-day video visit", after=now + timedelta(minutes=70),
          reason="The uneven pulse again, since this morning")  # fmt: skip
    _book(demo, "theo", "daniel", "Same-day video visit", after=now + timedelta(minutes=35),
          reason="Is the inhaler working?")  # fmt: skip
    _book(demo, "liz", "priya", "Wellness coaching", after=now + timedelta(hours=26), reason="How the walks went")
    return said


def _book(demo: Demo, patient: str, by: str, service: str, *, after: datetime, reason: str) -> Appointment | None:
    """Book the first free time after a moment, or move to it what these two have booked and let pass.

    A visit that is about to begin, or in whose room somebody is, stays as it is.
    """
    who, practitioner, what = demo.patients[patient], demo.practitioners[by], demo.services[service]
    known = (
        Appointment.objects.filter(patient=who, practitioner=practitioner, service=what)
        .filter(Q(status="booked") | Q(status="checked-in", period__startswith__gte=clock.now() - STILL_RUNNING))
        .select_related("patient", "practitioner", "service")
        .order_by("-period")
        .first()
    )
    if known is not None and (known.status == "checked-in" or clock.now() + SOONEST <= known.start <= after + AT_HAND):
        return known
    slots = times.free_slots(service=what, state=who.state, since=after, days=2, practitioner=practitioner, patient=who)
    for slot in slots[:6]:
        try:
            if known is not None:
                return scheduling.move_appointment(actor=demo.machine, appointment=known, start=slot.start)
            appointment = scheduling.book_appointment(
                actor=demo.machine, patient=who, service=what, practitioner=practitioner, start=slot.start,
                state=who.state, timezone=who.timezone, reason_text=reason,
                idempotency_key=_key(f"{patient}-{by}-{slot.start.isoformat()}"),
            )  # fmt: skip
        except scheduling.CannotBook:
            continue  # she has something else then
        visits.open_visit(appointment=appointment)
        return appointment
    return None


# --------------------------------------------------------------------------------------- Northgate


def _northgate(demo: Demo) -> list[str]:
    if Practitioner.objects.exists():
        return ["Northgate Health is there already"]
    _consent_texts()
    mallory = people.add_practitioner(
        actor=demo.machine, user_id=demo.users["mallory"].id, given="Mallory", family="Reed", profession="physician",
        prefix="Dr.", qualification="MD", specialty="Internist", home_state="NY", timezone="America/New_York",
        email=demo.users["mallory"].email,
    )  # fmt: skip
    _open_day_and_night(mallory)
    today = clock.now().date()
    Licence.objects.create(
        practitioner=mallory, state="NY", number="NY-40211", period_start=today - timedelta(days=500),
        period_end=today + timedelta(days=500), verified_at=clock.now(), verified_with="NY medical board",
    )  # fmt: skip
    Credentialing.objects.create(
        practitioner=mallory, credentialed_until=today + timedelta(days=500), excluded=False,
        exclusion_checked_at=clock.now(),
    )  # fmt: skip
    service = catalog.add_service(
        actor=demo.machine, name="Video visit", kind="telemedicine", modality="video", summary="Adults, all questions",
        professions=["physician"], duration_minutes=20, price_cents=8000, price_note="Co-pay or $80",
        billing_service="visit", documentation=["subjective", "assessment", "plan"],
    )  # fmt: skip
    catalog.assign_practitioner(actor=demo.machine, service=service, practitioner=mallory)
    people.register_patient(
        actor=demo.machine, given="Oscar", family="Ortiz", birth_date=date(1980, 1, 2), state="NY",
        email="oscar@ortiz.example", phone="212-555-0133", timezone="America/New_York", record_number="NG-10001",
        gender="male",
    )  # fmt: skip
    return ["Northgate Health is set up"]
