"""Visits of the cast, at the stage that a test needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.range import TimestamptzRange

from webside.core import clock
from webside.core.ids import uuid7
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, agreed
from webside.visits import selectors, services
from webside.visits.codes import Kit, SiteKind
from webside.visits.models import Site, Visit

ANSWERS: dict[str, Any] = {
    "identity_confirmed": True,
    "location": "home",
    "phone": "845-555-0142",
    "alone": False,
    "nearby_name": "Rafael Moreno, my husband",
    "nearby_phone": "845-555-0177",
}
AWAY: dict[str, Any] = {
    **ANSWERS,
    "location": "other",
    "address_line": "1406 Columbia Ridge Road",
    "city": "Portland",
    "state": "OR",
    "postal_code": "97201",
}
FORM: dict[str, str] = {
    "identity_confirmed": "on",
    "location": "home",
    "phone": "845-555-0142",
    "near": "yes",
    "nearby_name": "Rafael Moreno",
    "nearby_phone": "845-555-0177",
    "agrees": agreed("visit", "telehealth"),
    "version": "new",
}

SCHOOL: dict[str, Any] = {
    "name": "Kingston School, health room",
    "kind": SiteKind.SCHOOL,
    "address_line": "77 Ulster Road, side entrance",
    "city": "Kingston",
    "state": "NY",
    "postal_code": "12401",
    "phone": "845-555-0170",
    "kit": [Kit.STETHOSCOPE.value],
}


def make_site(cast: Cast, **given: Any) -> Site:
    """Return a place that helps with visits."""
    with cast.as_(cast.grace_user) as grace:
        return services.add_site(actor=grace, **SCHOOL | given)


def make_appointment(cast: Cast, *, starts: datetime | None = None, **given: Any) -> Appointment:
    """Book directly: what free times are is scheduling's to test. In the frame of the caller."""
    start = starts or clock.now() + timedelta(minutes=5)
    return Appointment.objects.create(
        patient=given.get("patient", cast.liz),
        practitioner=given.get("practitioner", cast.maya),
        service=given.get("service", cast.video_visit),
        period=TimestamptzRange(start, start + timedelta(minutes=20)),
        patient_state="NY",
        patient_timezone="America/New_York",
        reason_text="My sugar is up in the morning",
        booked_by="Liz Moreno",
        idempotency_key=str(uuid7()),
    )


def planned(cast: Cast, **given: Any) -> Visit:
    """Return a visit to which nobody has come yet."""
    with cast.as_(cast.liz_user):
        return services.open_visit(appointment=make_appointment(cast, **given))


def waiting(cast: Cast, *, answers: dict[str, Any] | None = None, **given: Any) -> Visit:
    """Return a visit whose patient has checked in."""
    visit = planned(cast, **given)
    with cast.as_(cast.liz_user) as liz:
        services.complete_safe_start(actor=liz, visit=visit, answers=answers or ANSWERS, agrees=True)
        return selectors.visit(liz, visit.id)


def admitted(cast: Cast, **given: Any) -> Visit:
    """Return a visit whose patient has been let in."""
    visit = waiting(cast, **given)
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        return selectors.visit(maya, visit.id)
