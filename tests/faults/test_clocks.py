"""F8: clocks that are wrong, and days that are odd: what has a time limit keeps it, what is ordered stays in order."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
import websockets
from django.test import Client

from webside.audit import sealing
from webside.audit.models import AuditEvent
from webside.audit.services import record
from webside.core import clock, frames, timers
from webside.core.actor import system
from webside.realtime import services as realtime
from webside.scheduling import selectors as slots
from webside.scheduling import services as scheduling
from webside.scheduling.models import Availability
from webside.testing.cast import Cast, make_cast, sign_in
from webside.visits.selectors import age_on

HOUR = timedelta(hours=1)
SKEWS = [-HOUR, HOUR, timedelta(days=1)]
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_a_ticket_of_a_host_with_a_wrong_clock_opens_a_socket(
    people: Cast, address: str, skew: timedelta
) -> None:
    def mint() -> str:
        with time_machine.travel(clock.now() + skew), people.as_(people.grace_user) as grace:
            return realtime.mint_ticket(actor=grace, topics=[f"tenant:{people.larkspur.id}"])

    token = await asyncio.to_thread(mint)
    async with websockets.connect(f"ws{address[4:]}/ws", origin=address) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"ticket": token}))
        assert json.loads(await socket.recv())["type"] == "welcome"


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_the_trail_is_ordered_by_sequence_whatever_the_clock_says(people: Cast, skew: timedelta) -> None:
    def write(ground: str) -> None:
        with people.as_(people.maya_user) as maya:
            record("chart.patient.read", actor=maya, patient_id=people.liz.id, ground=ground)

    write("first")
    with time_machine.travel(clock.now() + skew):
        write("second")
    write("third")
    with people.as_(people.ingrid_user):
        rows = list(AuditEvent.objects.filter(patient_id=people.liz.id).order_by("sequence"))
    assert [row.ground for row in rows] == ["first", "second", "third"]
    assert abs((rows[1].at - rows[0].at) - skew) < timedelta(minutes=1), "the wrong time is kept as it was said"
    while sealing.seal_pending():
        pass
    assert sealing.verify().whole


@pytest.mark.parametrize(("skew", "due"), [(-HOUR, 0), (HOUR, 1), (timedelta(days=1), 1)], ids=str)
def test_a_timer_goes_off_by_the_clock_and_once(people: Cast, skew: timedelta, due: int, monkeypatch: Any) -> None:
    ran: list[dict[str, Any]] = []
    monkeypatch.setattr(timers, "_handlers", {"test": lambda payload: ran.append(dict(payload))})
    with frames.begin(tenant_id=people.larkspur.id, actor=system("tests")):
        timers.set_timer("test", key="once", due_at=clock.now() + timedelta(minutes=30), payload={})
    with time_machine.travel(clock.now() + skew):
        timers.run_due()
        timers.run_due()
    assert len(ran) == due
    with time_machine.travel(clock.now() + HOUR):
        timers.run_due()
    assert len(ran) == 1, "put off or done, never lost and never twice"


def test_a_session_ends_after_its_hours_and_not_before(cast: Cast, client: Client) -> None:
    sign_in(client, cast.maya_user)
    with time_machine.travel(clock.now() + timedelta(hours=11)):
        assert client.get("/o/larkspur/home/").status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=1)):
        assert client.get("/o/larkspur/home/").status_code in (302, 404), "signed out"


def test_a_link_opens_its_visit_until_it_is_over_and_not_a_day_later(cast: Cast, client: Client) -> None:
    token = _booked(cast)
    with time_machine.travel(clock.now() + HOUR):
        assert client.get(f"/o/larkspur/go/{token}/").status_code == 302
    with time_machine.travel(clock.now() + timedelta(days=40)):
        late = Client().get(f"/o/larkspur/go/{token}/")
        assert late.status_code == 410
        assert "Moreno" not in late.content.decode()


def _booked(cast: Cast) -> str:
    with cast.as_(cast.liz_user) as liz:
        slot = slots.next_free(service=cast.coaching, state="NY")
        assert slot is not None
        appointment = scheduling.book_appointment(
            actor=liz, patient=cast.liz, service=cast.coaching, practitioner=slot.practitioner, start=slot.start,
            state="NY", timezone="America/New_York", reason_text="", idempotency_key="clock",
        )  # fmt: skip
        return scheduling.issue_link(appointment=appointment)


@pytest.mark.parametrize(
    ("day", "hours", "times"),
    # The hour that comes twice is offered once: a time that could mean two moments is no time to meet.
    [(date(2027, 3, 14), 23, 46), (date(2027, 11, 7), 25, 48), (date(2028, 2, 29), 24, 48)],
    ids=["clocks go forward", "clocks go back", "leap day"],
)
def test_every_free_time_of_an_odd_day_is_one_moment_with_one_name(
    cast: Cast, day: date, hours: int, times: int
) -> None:
    begin = datetime.combine(day, time(), NEW_YORK)
    end = datetime.combine(day + timedelta(days=1), time(), NEW_YORK)
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        _round_the_clock(cast)
        with time_machine.travel(begin - timedelta(hours=3)):
            found = slots.free_slots(service=cast.coaching, state="NY", since=begin, days=2)
            starts = [slot.start.astimezone(NEW_YORK) for slot in found if begin <= slot.start < end]
    assert len({start.astimezone(UTC) for start in starts}) == len({f"{start:%H:%M}" for start in starts}) == times
    for start in starts:
        there_and_back = start.astimezone(UTC).astimezone(NEW_YORK)
        assert f"{there_and_back:%H:%M}" == f"{start:%H:%M}", "an hour that doesn't exist"


def _round_the_clock(cast: Cast) -> None:
    Availability.objects.filter(practitioner=cast.priya).delete()
    for weekday in range(7):
        Availability.objects.create(
            practitioner=cast.priya, weekday=weekday, starts_at=time(), ends_at=time(), timezone="America/New_York"
        )


@pytest.mark.parametrize(
    ("on", "age"), [(date(2026, 2, 28), 17), (date(2026, 3, 1), 18), (date(2028, 2, 28), 19), (date(2028, 2, 29), 20)]
)
def test_who_was_born_on_a_leap_day_is_a_year_older_on_the_first_of_march(on: date, age: int) -> None:
    assert age_on(date(2008, 2, 29), on) == age
