"""Appointments, schedules and slots as FHIR R4."""

from __future__ import annotations

from typing import Any

import orjson

from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.scheduling import fhir, services
from webside.scheduling.tests.factories import book, some_slots


def test_an_appointment_and_its_versions(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast)[0]
        appointment = book(cast, liz, slot.start)
        services.cancel_appointment(actor=liz, appointment=appointment, reason="ill")
        first, second = (
            orjson.loads(read_body(version))
            for version in ResourceVersion.objects.filter(resource_id=appointment.id).order_by("version")
        )
        assert (first["resourceType"], first["status"], first["minutesDuration"]) == ("Appointment", "booked", 20)
        assert first["start"] == slot.start.isoformat(timespec="milliseconds")
        assert [one["actor"]["reference"].partition("/")[0] for one in first["participant"]] == [
            "Patient", "Practitioner", "HealthcareService",
        ]  # fmt: skip
        assert (second["status"], second["cancelationReason"]["text"]) == ("cancelled", "ill")
        assert {one["status"] for one in second["participant"]} == {"declined"}


def test_slots_are_computed_with_a_lasting_id(cast: Any) -> None:
    with cast.as_(cast.liz_user):
        free = some_slots(cast)[0]
        slot = fhir.slot(free, cast.video_visit)
        assert slot == fhir.slot(some_slots(cast)[0], cast.video_visit)
        assert slot["status"] == "free"
        schedule = fhir.schedule(free.practitioner)
        assert slot["schedule"]["reference"] == f"{schedule['resourceType']}/{schedule['id']}"
