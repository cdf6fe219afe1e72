"""A calendar follows visits until it is told to stop; a visit that did not take place is noted, with why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.e2e.conftest import Demo, someone
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.apart, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
AN_HOUR_EARLIER = """
from datetime import timedelta
from psycopg.types.range import TimestamptzRange
from webside.core import clock, frames
from webside.core.actor import system
from webside.core.models import Tenant
from webside.scheduling.models import Appointment
tenant = Tenant.objects.get(slug="larkspur")
with frames.begin(tenant_id=tenant.id, actor=system("tests", tenant.id)):
    visit = Appointment.objects.filter(patient__given="Theo", status="booked").earliest("period")
    start = clock.now() - timedelta(minutes=50)
    Appointment.objects.filter(id=visit.id).update(period=TimestamptzRange(start, start + (visit.end - visit.start)))
    print("visit:", visit.id)
"""
"""Let the time of Theo's next visit have come and gone, as it would have without a test that can't wait."""


def asks(address: str) -> tuple[int, str]:
    """Ask as a calendar program does: without a session; return the status and what came."""
    try:
        with urlopen(address, timeout=30) as answer:  # noqa: S310 - our own address
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def test_a_calendar_follows_visits_until_it_is_withdrawn(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as page:
        page.goto("/o/larkspur/calendar/")
        page.get_by_role("button", name="Make an address").click()
        address = page.get_by_label("Address").input_value()
        examine(page, "calendar-made")
        status, calendar = asks(address)
        assert status == 200 and "BEGIN:VEVENT" in calendar and "SUMMARY:Visit" in calendar
        for word in ("Moreno", "Chen", "Diabetes", "Larkspur", "sugar"):
            assert word not in calendar, f"a calendar is shared, and is told {word}"
        page.goto("/o/larkspur/calendar/")
        page.get_by_text("It was asked last").wait_for()
        assert address not in page.content(), "it is shown once"
        page.get_by_role("button", name="End this address").click()
        page.get_by_text("No calendar follows them.").wait_for()
        examine(page, "calendar-withdrawn")
        status, refused = asks(address)
        assert status in {404, 410} and "VEVENT" not in refused


def test_a_visit_that_did_not_take_place_is_noted_with_why(demo: Demo, chromium: Any) -> None:
    moved = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", AN_HOUR_EARLIER],
        cwd=ROOT, env={**demo_environment(demo)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "visit: " in moved.stdout, moved.stderr
    visit = moved.stdout.split("visit: ")[1].split()[0]
    with someone(chromium, demo, "Grace Lin") as desk:
        desk.goto(f"/o/larkspur/appointments/{visit}/")
        desk.get_by_role("heading", name="It did not take place?").wait_for()
        examine(desk, "missed-to-note")
        desk.get_by_label("Why", exact=True).select_option(label="Something else")
        desk.get_by_role("button", name="Note that it did not take place").click()
        desk.get_by_text("Nothing was noted yet: say in a few words what it was.").wait_for()
        desk.get_by_label("Why", exact=True).select_option(index=1)
        desk.get_by_role("button", name="Note that it did not take place").click()
        desk.get_by_text("Noted:").wait_for()
        desk.goto(f"/o/larkspur/appointments/{visit}/")
        desk.get_by_role("heading").first.wait_for()
        assert not desk.get_by_role("button", name="Note that it did not take place").count()
        examine(desk, "missed-noted")


def demo_environment(demo: Demo) -> dict[str, str]:
    """Return where the demo's own data is, for a program beside it."""
    import os

    return {**os.environ, "WEBSIDE_VAR": str(demo.var), "WEBSIDE_DEMO": "1"}
