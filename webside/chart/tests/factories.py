"""What the tests of the chart stand on: appointments, encounters, codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from psycopg.types.range import TimestamptzRange

from webside.chart.models import Condition, Encounter, Note
from webside.core import clock
from webside.core.ids import uuid7
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment

PARTS = {
    "subjective": "Fasting glucose up from about 140 to 172 over 3 weeks.",
    "objective": "Well, no distress. BP 131/79 by own cuff.",
    "assessment": "Type 2 diabetes, above goal.",
    "plan": "Metformin up. HbA1c in 3 months.",
    "patient_summary": "Your sugar went up. We talked about why.",
    "patient_instructions": "Take 2 tablets with dinner.\nMeasure your sugar each morning.",
    "clinic_actions": "We look at your numbers each day.",
    "warning_signs": "Your sugar is above 300 or below 70.",
}


def load_codes(*prefixes: str, force: bool = False) -> None:
    """Load ICD-10-CM (all of it without ``prefixes``) as the owner. Its rows outlast the test: no tenant's data."""
    options = {"only": list(prefixes)} if prefixes else {}
    call_command("load_icd10cm", force=force, stdout=open("/dev/null", "w"), **options)  # noqa: PTH123, SIM115


def appointment(
    cast: Any, *, start: datetime | None = None, status: str = AppointmentStatus.BOOKED, **given: Any
) -> Any:
    """Make an appointment of Liz with Maya in the frame's tenant."""
    begins = start or clock.now() - timedelta(minutes=30)
    values = {
        "patient": cast.liz, "practitioner": cast.maya, "service": cast.video_visit, "patient_state": "NY",
        "patient_timezone": "America/New_York", "booked_by": "tests", "idempotency_key": uuid7().hex,
        "period": TimestamptzRange(begins, begins + timedelta(minutes=20)), "status": status, **given,
    }  # fmt: skip
    return Appointment.objects.create(**values)


def encounter(cast: Any, *, parts: dict[str, str] | None = None, **given: Any) -> Encounter:
    """Make an encounter of Liz with Maya with its note, as it stands after the call."""
    booked = given.pop("appointment", None)
    people = {key: given.pop(key) for key in ("patient", "practitioner", "service") if key in given}
    if booked is None:
        booked = appointment(cast, start=given.get("started_at"), **people)
    made = Encounter.objects.create(
        patient=booked.patient, practitioner=booked.practitioner, service=booked.service, appointment=booked,
        visit_id=booked.id, location="home", location_state="NY", **given,
    )  # fmt: skip
    texts = parts or {}
    made.note = Note.objects.create(encounter=made, revision=len(texts), **texts)
    return made


def diagnosis(encounter: Encounter, code: str = "E11.65", display: str = "", position: int = 1) -> Condition:
    """Add a diagnosis to an encounter."""
    return Condition.objects.create(
        patient=encounter.patient, encounter=encounter, category="encounter-diagnosis", code=code,
        display=display or "Type 2 diabetes mellitus with hyperglycemia", position=position,
    )  # fmt: skip
