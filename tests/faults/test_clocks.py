"""F8: the server's clock is wrong by an hour or a day, is set back, meets the nights of the time change and a leap day.

The application asks one clock, ``webside.core.clock`` (``tests/architecture/test_rooms.py`` and the check *semgrep* hold
that); here it is moved under the running code. No system clock is touched.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
import websockets
from django.test import Client
from django.urls import reverse

from webside.audit import sealing
from webside.audit.selectors import trail
from webside.audit.services import record
from webside.audit.tests.factories import seal_all
from webside.compliance.models import Credentialing, Licence
from webside.core import clock, frames, loops, timers
from webside.core.actor import system
from webside.core.ids import uuid7
from webside.core.models import Heartbeat, Timer
from webside.notifications import selectors as mails
from webside.notifications.models import OutgoingMessage
from webside.outbox.services import deliver_due
from webside.people.rules import age_on
from webside.realtime import registry, services
from webside.scheduling import selectors as scheduling
from webside.scheduling import services as bookings
from webside.scheduling.models import Appointment, Availability
from webside.scheduling.tests import factories
from webside.testing.cast import Cast, agreed, make_cast, sign_in
from webside.ui.templatetags._page import when

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WRONG = [-HOUR, HOUR, DAY]
NAMES = ["an hour behind", "an hour ahead", "a day ahead"]
NEW_YORK = ZoneInfo("America/New_York")
EDT, EST = "EDT (UTC\N{MINUS SIGN}4)", "EST (UTC\N{MINUS SIGN}5)"


def real() -> datetime:
    """Return what the machine's own clock says."""
    return datetime.now(UTC)


# ---- tickets and tokens


async def _word(address: str, ticket: str) -> str:
    """Return the first word that the live lane says to a ticket."""
    async with websockets.connect(address.replace("http", "ws") + "/ws", origin=address) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"ticket": ticket}))
        return str(json.loads(await asyncio.wait_for(socket.recv(), 30))["type"])


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(registry._topics, "test", registry.Topic("test", lambda _actor, _id: True))
    return f"test:{uuid7()}"


@pytest.mark.parametrize("wrong", WRONG, ids=NAMES)
def test_a_ticket_lives_a_minute_by_the_clock_that_made_it(
    transactional_db: None, address: str, topic: str, wrong: timedelta
) -> None:
    """Shown failing with the database's ``now()`` in ``realtime/lean.py``: a ticket of a server that is behind was dead
    when it was made, and one of a server that is ahead lived an hour."""
    cast = make_cast()
    said = []
    with time_machine.travel(real() + wrong) as clock_:
        for later in (timedelta(), timedelta(seconds=61)):
            with cast.as_(cast.maya_user) as maya:
                ticket = services.mint_ticket(actor=maya, topics=[topic])
            clock_.shift(later)
            said.append(asyncio.run(_word(address, ticket)))
    assert said == ["welcome", "bye"]


@pytest.mark.parametrize("wrong", WRONG, ids=NAMES)
def test_a_link_works_until_a_day_after_its_visit(cast: Cast, wrong: timedelta) -> None:
    """Shown failing with ``LINK_OUTLIVES_VISIT`` added to the moment of sending instead."""
    with time_machine.travel(real() + wrong, tick=False) as clock_, cast.as_(cast.liz_user) as liz:
        booked = factories.book(cast, liz, factories.some_slots(cast)[0].start)
        token = bookings.issue_link(appointment=booked)
        link = scheduling.link_by_hash(bookings.token_hash(token))
        assert link is not None
        standings = []
        for moment in (clock.now(), booked.end + DAY - timedelta(seconds=1), booked.end + DAY):
            clock_.move_to(moment)
            standings.append(scheduling.link_standing(link))
    assert standings[0] == standings[1] != standings[2]


# ---- timers and heartbeats


def test_timers_follow_the_clock_and_run_once_when_it_is_set_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown failing with ``done_at=None`` taken out of ``timers.run_due``: set back, the clock brings them again."""
    ran: list[str] = []
    monkeypatch.setattr(timers, "_handlers", {"test": lambda payload: ran.append(payload["n"])})
    with time_machine.travel(real(), tick=False) as clock_:
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
            for name, due in (("soon", HOUR), ("later", DAY), ("much later", 2 * DAY)):
                timers.set_timer("test", key=name, due_at=clock.now() + due, payload={"n": name})
        seen = []
        for shift in (timedelta(), HOUR, DAY, -DAY - HOUR, DAY, 2 * DAY):
            clock_.shift(shift)
            timers.run_due()
            seen.append(list(ran))
    assert seen == [
        [],
        ["soon"],
        ["soon", "later"],
        ["soon", "later"],
        ["soon", "later"],
        ["soon", "later", "much later"],
    ]
    assert not Timer.objects.filter(name="test", done_at=None).exists()


def test_a_heartbeat_from_the_future_says_nothing_about_now(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown failing with the lower bound taken out of ``loops.pulses``: the dead worker counts as alive for an hour."""
    monkeypatch.setattr(loops, "_loops", {"test": loops.Loop("test", lambda: 0, 5)})
    with time_machine.travel(real() + HOUR, tick=False):
        loops.beat("test", 5)
        assert [pulse.alive for pulse in loops.pulses()] == [True]
    assert [pulse.alive for pulse in loops.pulses()] == [False]


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_set_back_does_not_silence_the_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown failing with the beat measured by ``clock.now()``: the next one comes when the hour is over."""
    stop, rounds = threading.Event(), iter(range(100))

    def run() -> int:
        if next(rounds) == 3:
            traveller.shift(-HOUR)
        if Heartbeat.objects.filter(name="test", beat_at__lt=began).exists():
            stop.set()
        return 0

    monkeypatch.setattr(loops, "_loops", {"test": loops.Loop("test", run, 0.1)})
    began = real()
    with time_machine.travel(began) as traveller:
        thread = threading.Thread(target=loops._turn, args=(loops.registered()[0], stop), daemon=True)
        thread.start()
        assert stop.wait(15), "it beats by the new clock"
        thread.join(5)


# ---- the trail


def test_the_trail_is_in_the_order_of_what_happened_whatever_the_clock_said(transactional_db: None) -> None:
    """Shown failing with ``order_by("-at")`` in ``audit.selectors.trail``."""
    cast = make_cast()
    for number, wrong in enumerate((timedelta(), HOUR, -HOUR, DAY, timedelta())):
        with time_machine.travel(real() + wrong), cast.as_(cast.ingrid_user) as ingrid:
            record("compliance.trail.read", actor=ingrid, ground=str(number))
    with cast.as_(cast.ingrid_user):
        grounds = [event.ground for event in trail().filter(action="compliance.trail.read")]
    assert grounds == ["4", "3", "2", "1", "0"]
    seal_all()
    with cast.as_(cast.ingrid_user):
        found = sealing.verify(cast.larkspur.id)
    assert (found.whole, found.unsealed) == (True, 0)


# ---- the two nights of the year, and the day that comes every four years


def _night(cast: Cast, day: date) -> list[datetime]:
    """Return the starts, in New York's time, that are offered between midnight and six on a day."""
    Availability.objects.filter(practitioner=cast.maya).delete()
    for weekday in range(7):
        Availability.objects.create(
            practitioner=cast.maya, weekday=weekday, starts_at=time(0), ends_at=time(6), timezone="America/New_York"
        )
    slots = scheduling.free_slots(
        service=cast.video_visit, state="NY", since=datetime.combine(day, time(0), NEW_YORK), days=1,
        practitioner=cast.maya,
    )  # fmt: skip
    return [slot.start.astimezone(NEW_YORK) for slot in slots if slot.start.astimezone(NEW_YORK).date() == day]


def _valid_until(cast: Cast, day: date) -> None:
    Licence.objects.filter(practitioner=cast.maya).update(period_end=day)
    Credentialing.objects.filter(practitioner=cast.maya).update(credentialed_until=day + 30 * DAY)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2027, 3, 14), 5), (date(2027, 11, 7), 6), (date(2027, 11, 8), 6)],
    ids=["spring", "autumn", "an ordinary night"],
)  # fmt: skip
def test_a_night_of_the_time_change_offers_real_times_that_lie_apart(cast: Cast, day: date, hours: int) -> None:
    """Shown failing with slots laid out in wall time: the hour that does not exist is offered, and twice at one moment."""
    two_days_before = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) - 2 * DAY
    with time_machine.travel(two_days_before, tick=False), cast.as_(cast.liz_user) as liz:
        _valid_until(cast, day + 30 * DAY)
        starts = _night(cast, day)
        moments = [start.astimezone(UTC) for start in starts]
        assert len(moments) == hours * 3
        assert all(later - earlier >= timedelta(minutes=20) for earlier, later in pairwise(moments))
        assert not (day == date(2027, 3, 14) and any(start.hour == 2 for start in starts))
        booked = factories.book(cast, liz, moments[4])
        shown = when(booked.start, style="time", zone="America/New_York", show_zone=True)
        assert (starts[4].strftime("%I:%M").lstrip("0")) in shown
        assert booked.end - booked.start == timedelta(minutes=20)


def test_the_hour_that_comes_twice_says_on_each_page_which_one_is_meant(cast: Cast) -> None:
    """From the list of times to the mail. Shown failing with ``comes_twice`` that never finds one, in ``scheduling.rules.times``
    and in ``ui.when``: two times of one day read the same."""
    with time_machine.travel(datetime(2027, 11, 5, 16, tzinfo=UTC), tick=False):
        with cast.as_(cast.liz_user):
            _valid_until(cast, date(2027, 12, 31))
            # Her evening in Los Angeles is the hour that New York has twice.
            Availability.objects.filter(practitioner=cast.maya).delete()
            Availability.objects.create(
                practitioner=cast.maya,
                weekday=5,
                starts_at=time(22),
                ends_at=time(23, 59),
                timezone="America/Los_Angeles",
            )
        client = sign_in(Client(), cast.liz_user)
        place = {"state": "NY", "zone": "America/New_York"}
        service = reverse("scheduling:service-detail", args=["larkspur", cast.video_visit.id])
        listed = client.get(service, {**place, "day": "2027-11-07"}).content.decode()
        times = re.findall(r'name="slot" value="([^"]+)".*?(\d+:\d\d [ap]m[^<]*)<', listed, re.DOTALL)
        shown = [text.strip() for _, text in times]
        assert shown == [f"1:00 am {EDT}", f"1:20 am {EDT}", f"1:40 am {EDT}", f"1:00 am {EST}", f"1:20 am {EST}"]
        slot = next(value for value, text in times if text.startswith(f"1:20 am {EST}"))
        book = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
        form = client.get(book, {**place, "slot": slot}).content.decode()
        assert "1:20 am EST</time>" in form and f"1:20 am {EST}" in form and "EDT" not in form
        key = re.search(r'name="key" value="([^"]+)"', form)
        assert key
        done = client.post(
            book, {**place, "slot": slot, "key": key[1], "consent": agreed("telehealth")}, follow=True
        ).content.decode()
        assert "Your visit is booked" in done
        assert "1:20 am EST</time>" in done and "EDT" not in done
        with cast.as_(cast.liz_user):
            assert Appointment.objects.get().start == datetime(2027, 11, 7, 6, 20, tzinfo=UTC)
        while deliver_due():
            pass
        (mail,) = OutgoingMessage.objects.filter(template="scheduling/appointment_booked")
        assert f"1:20 am {EST}".encode() in mails.content_of(mail).replace(b"=E2=88=92", "\N{MINUS SIGN}".encode())


def test_the_29th_of_february_is_a_day_like_others(cast: Cast) -> None:
    """Shown failing with a date made by ``replace(year=…)``: it raises on that day."""
    day = date(2028, 2, 29)
    with (
        time_machine.travel(datetime(2028, 2, 28, 17, tzinfo=UTC), tick=False) as clock_,
        cast.as_(cast.liz_user) as liz,
    ):
        _valid_until(cast, day)
        starts = _night(cast, day)
        assert len(starts) == 18
        booked = factories.book(cast, liz, starts[0])
        assert booked.start.astimezone(NEW_YORK).date() == day
        # Her licence ends with that day: the next one offers nothing.
        assert _night(cast, day + DAY) == []
        clock_.move_to(datetime(2028, 2, 29, 6, tzinfo=UTC))
        assert clock.today("America/New_York") == day


def test_whoever_was_born_on_the_29th_of_february_comes_of_age_on_the_first_of_march() -> None:
    """Shown failing with days divided by 365.25."""
    born, days = date(2012, 2, 29), [date(2030, 2, 28), date(2030, 3, 1), date(2032, 2, 28), date(2032, 2, 29)]
    assert [age_on(born, day) for day in days] == [17, 18, 19, 20]
