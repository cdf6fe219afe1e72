"""What the text of another calendar says of when somebody is busy: a table of texts, and what must not be in the answer."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from webside.scheduling.calendars import READER, reader
from webside.scheduling.calendars.reader import Asked, Busy, NotACalendar, TooMany, busy_in, merged
from webside.scheduling.tests.other import event, meeting, text

NEW_YORK = ZoneInfo("America/New_York")
SAMPLES = Path("/work/shared/samples/ics")
OURS = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000"


def asked(since: str = "2026-11-01", until: str = "2026-12-01", zone: str = "America/New_York", **more: Any) -> Asked:
    return Asked(
        *(datetime.fromisoformat(each).replace(tzinfo=ZoneInfo(zone)) for each in (since, until)), zone, **more
    )


def found(*events: str, head: str = "", **more: Any) -> Busy:
    return busy_in(text(*events, head=head).encode(), asked(**more))


def on_the_clock(busy: Busy, zone: ZoneInfo = NEW_YORK) -> list[str]:
    """Return the periods as people write them there."""
    return [
        f"{start.astimezone(zone):%m-%d %H:%M}-{end.astimezone(zone):%H:%M}"
        if start.astimezone(zone).date() == end.astimezone(zone).date()
        else f"{start.astimezone(zone):%m-%d %H:%M}-{end.astimezone(zone):%m-%d %H:%M}"
        for start, end in busy.periods
    ]


BERLIN = """BEGIN:VTIMEZONE
TZID:Firm/Head office
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE"""
WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=3",)
HERE = ";TZID=America/New_York:"
TABLE: list[tuple[str, list[str], list[str]]] = [
    ("a moment in UTC", [event(":20261110T150000Z", ":20261110T160000Z")], ["11-10 10:00-11:00"]),
    ("the clock of a place", [event(";TZID=Europe/Berlin:20261110T160000", ";TZID=Europe/Berlin:20261110T170000")],
     ["11-10 10:00-11:00"]),
    ("a zone that the text describes", [BERLIN, event(";TZID=Firm/Head office:20261110T160000",
     ";TZID=Firm/Head office:20261110T170000")], ["11-10 10:00-11:00"]),
    ("a zone by its name in Windows", [event(";TZID=Eastern Standard Time:20261110T100000",
     ";TZID=Eastern Standard Time:20261110T110000")], ["11-10 10:00-11:00"]),
    ("a time that floats is of her clock", [event(":20261110T100000", ":20261110T110000")], ["11-10 10:00-11:00"]),
    ("a length instead of an end", [event(f"{HERE}20261110T100000", "", "DURATION:PT45M")], ["11-10 10:00-10:45"]),
    ("a moment that lasts no time", [event(f"{HERE}20261110T100000")], []),
    ("a whole day", [event(";VALUE=DATE:20261110", ";VALUE=DATE:20261111")], ["11-10 00:00-11-11 00:00"]),
    ("a day without an end", [event(";VALUE=DATE:20261110")], ["11-10 00:00-11-11 00:00"]),
    ("a day that ends as it begins", [event(";VALUE=DATE:20261110", ";VALUE=DATE:20261110")], ["11-10 00:00-11-11 00:00"]),
    ("the day on which the clock goes back", [event(";VALUE=DATE:20261101", ";VALUE=DATE:20261102")],
     ["11-01 00:00-11-02 00:00"]),
    ("shown as free", [event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", "TRANSP:TRANSPARENT")], []),
    ("cancelled", [event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", "STATUS:CANCELLED")], []),
    ("not certain yet is busy", [event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", "STATUS:TENTATIVE")],
     ["11-10 10:00-11:00"]),
    ("free in Outlook", [event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", "X-MICROSOFT-CDO-BUSYSTATUS:FREE")],
     []),
    ("away in Outlook", [event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", "X-MICROSOFT-CDO-BUSYSTATUS:OOF")],
     ["11-10 10:00-11:00"]),
    ("each week", [event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", *WEEKLY)],
     ["11-03 10:00-11:00", "11-10 10:00-11:00", "11-17 10:00-11:00"]),
    ("each week since long ago, and no end", [event(f"{HERE}20190305T100000", f"{HERE}20190305T110000", "RRULE:FREQ=WEEKLY")],
     ["11-03 10:00-11:00", "11-10 10:00-11:00", "11-17 10:00-11:00", "11-24 10:00-11:00"]),
    ("each week until a day", [event(f"{HERE}20261103T100000", f"{HERE}20261103T110000",
     "RRULE:FREQ=WEEKLY;UNTIL=20261110T235959Z")], ["11-03 10:00-11:00", "11-10 10:00-11:00"]),
    ("each week but once", [event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", *WEEKLY,
     f"EXDATE{HERE}20261110T100000")], ["11-03 10:00-11:00", "11-17 10:00-11:00"]),
    ("and once more", [event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", f"RDATE{HERE}20261105T100000")],
     ["11-03 10:00-11:00", "11-05 10:00-11:00"]),
    ("once at another time", [
        event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", *WEEKLY),
        event(f"{HERE}20261111T140000", f"{HERE}20261111T143000", f"RECURRENCE-ID{HERE}20261110T100000"),
     ], ["11-03 10:00-11:00", "11-11 14:00-14:30", "11-17 10:00-11:00"]),
    ("once cancelled", [
        event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", *WEEKLY),
        event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", f"RECURRENCE-ID{HERE}20261110T100000",
              "STATUS:CANCELLED"),
     ], ["11-03 10:00-11:00", "11-17 10:00-11:00"]),
    ("later from then on", [
        event(f"{HERE}20261103T100000", f"{HERE}20261103T110000", *WEEKLY),
        event(f"{HERE}20261110T120000", f"{HERE}20261110T130000",
              "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20261110T100000"),
     ], ["11-03 10:00-11:00", "11-10 12:00-13:00", "11-17 12:00-13:00"]),
    ("at nine in Berlin over the change of the clock there and here", [event(";TZID=Europe/Berlin:20261020T150000",
     ";TZID=Europe/Berlin:20261020T160000", "RRULE:FREQ=WEEKLY;COUNT=4")], ["11-03 09:00-10:00", "11-10 09:00-10:00"]),
    ("what overlaps or touches is one", [
        event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", uid="a"),
        event(f"{HERE}20261110T103000", f"{HERE}20261110T113000", uid="b"),
        event(f"{HERE}20261110T113000", f"{HERE}20261110T120000", uid="c"),
     ], ["11-10 10:00-12:00"]),
    ("what began before and goes on beyond, whole", [event(":20261020T000000Z", ":20270101T000000Z")],
     ["10-19 20:00-12-31 19:00"]),
    ("what is over or far away", [event(":20261001T150000Z", ":20261001T160000Z", uid="a"),
     event(":20270110T150000Z", ":20270110T160000Z", uid="b")], []),
    ("nothing but when somebody is busy", ["BEGIN:VFREEBUSY\nUID:x\nDTSTAMP:20261101T000000Z\n"
     "FREEBUSY;FBTYPE=BUSY:20261110T150000Z/20261110T160000Z,20261111T150000Z/PT30M\n"
     "FREEBUSY;FBTYPE=FREE:20261112T150000Z/20261112T160000Z\nEND:VFREEBUSY"],
     ["11-10 10:00-11:00", "11-11 10:00-10:30"]),
    ("things to do and diaries", ["BEGIN:VTODO\nUID:x\nDTSTART:20261110T150000Z\nDUE:20261110T160000Z\nEND:VTODO"], []),
]  # fmt: skip


@pytest.mark.parametrize(("events", "times"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_when_a_calendar_says_busy(events: list[str], times: list[str]) -> None:
    busy = found(*events)
    assert on_the_clock(busy) == times
    assert busy.unclear == 0


def test_the_day_on_which_the_clock_goes_back_is_longer() -> None:
    [(start, end)] = found(event(";VALUE=DATE:20261101", ";VALUE=DATE:20261102")).periods
    assert end - start == timedelta(hours=25)


def test_nine_oclock_stays_nine_oclock_over_the_change_of_the_clock() -> None:
    busy = found(
        event(f"{HERE}20261025T090000", f"{HERE}20261025T100000", "RRULE:FREQ=WEEKLY;COUNT=3"), since="2026-10-20"
    )
    assert on_the_clock(busy) == ["10-25 09:00-10:00", "11-01 09:00-10:00", "11-08 09:00-10:00"]
    assert [start.hour for start, _end in busy.periods] == [13, 14, 14]


def test_a_time_that_the_clock_skips_and_one_that_it_shows_twice_block_something() -> None:
    spring = found(event(f"{HERE}20270314T021500", f"{HERE}20270314T040000"), since="2027-03-01", until="2027-04-01")
    assert on_the_clock(spring) == ["03-14 03:15-04:00"]
    autumn = found(event(f"{HERE}20261101T013000", f"{HERE}20261101T023000"))
    [(start, end)] = autumn.periods
    assert (start, end) == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC))


def test_what_she_has_declined_does_not_block_and_what_others_have_does() -> None:
    def invited(who: str) -> list[str]:
        line = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{who}"
        return on_the_clock(
            found(event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", line), people=("maya@clinic.example",))
        )

    assert invited("Maya@clinic.example") == []
    assert invited("somebody@clinic.example") == ["11-10 10:00-11:00"]


def test_what_webside_put_there_is_told_apart() -> None:
    busy = found(
        event(f"{HERE}20261110T100000", f"{HERE}20261110T110000", uid=f"{OURS}@clinic.example"),
        event(f"{HERE}20261111T100000", f"{HERE}20261111T110000", uid=f"{OURS}@clinic.example.evil"),
        host="clinic.example",
    )
    assert on_the_clock(busy) == ["11-11 10:00-11:00"]
    assert {each: len(spans) for each, spans in busy.ours.items()} == {OURS: 1}


def test_the_zone_that_a_calendar_names_is_whose_clock_its_floating_times_are_of() -> None:
    floating = event(":20261110T100000", ":20261110T110000")
    assert on_the_clock(found(floating, head="X-WR-TIMEZONE:America/Los_Angeles")) == ["11-10 13:00-14:00"]
    again = event(":20261110T100000", ":20261110T110000", "RRULE:FREQ=DAILY;COUNT=2")
    assert on_the_clock(found(again, head="X-WR-TIMEZONE:America/Los_Angeles"))[1] == "11-11 13:00-14:00"
    assert on_the_clock(found(floating, head="X-WR-TIMEZONE:Nowhere/At all")) == ["11-10 10:00-11:00"]


@pytest.mark.parametrize(
    ("broken", "blocks"),
    [
        (event(":tomorrow", ":20261110T160000Z"), 0),
        (event(":20261110T150000Z", ":20261110T140000Z"), 0),
        (event(":20261110T150000Z", ":20261110T160000Z", "RRULE:FREQ=NEVER"), 0),
        (event(":20261110T150000Z", ":20261110T150100Z", "RRULE:FREQ=SECONDLY"), 0),
        (event(":20261110T150000Z", ":20261110T150100Z", "RRULE:FREQ=MINUTELY"), 0),
        (event(":20261110T150000Z", ":20261110T150100Z", "RRULE:FREQ=HOURLY;BYSECOND=" + ",".join(map(str, range(60)))), 0),
        ("BEGIN:VEVENT\nUID:nothing\nDTSTAMP:20261101T000000Z\nEND:VEVENT", 0),
        (event(";TZID=Mars/Olympus:20261110T100000", ";TZID=Mars/Olympus:20261110T110000"), 1),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_counted_and_the_rest_is_read(broken: str, blocks: int) -> None:
    good = event(f"{HERE}20261112T100000", f"{HERE}20261112T110000", uid="good")
    busy = found(broken, good)
    assert busy.unclear == 1
    assert on_the_clock(busy)[-1] == "11-12 10:00-11:00"
    assert len(busy.periods) == 1 + blocks


@pytest.mark.parametrize(
    "nonsense", [b"", b"<!doctype html><p>BEGIN</p>", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"\x00\xff" * 50,
                 b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" + b"<p>And more</p>"],
)  # fmt: skip
def test_what_is_no_calendar_is_said_to_be_none(nonsense: bytes) -> None:
    with pytest.raises(NotACalendar):
        busy_in(nonsense, asked())


def test_more_than_anybody_has_is_a_mistake() -> None:
    often = event(":19700101T000000Z", ":19700101T000100Z", "RRULE:FREQ=HOURLY")
    with pytest.raises(TooMany):
        found(often, since="2026-01-01", until="2029-01-01")


def test_a_byte_order_mark_and_lines_without_carriage_returns_are_read() -> None:
    raw = b"\xef\xbb\xbf" + text(event(":20261110T150000Z", ":20261110T160000Z")).replace("\r", "").encode()
    assert len(busy_in(raw, asked()).periods) == 1


def test_merging_keeps_what_is_apart_apart() -> None:
    at = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in range(6)]
    assert merged([(at[3], at[4]), (at[0], at[2]), (at[1], at[2])]) == [(at[0], at[2]), (at[3], at[4])]


def test_nothing_but_times_leaves_the_process_that_reads() -> None:
    start = datetime(2026, 11, 10, 10, tzinfo=NEW_YORK)
    body = text(meeting(start, start + timedelta(hours=1))).encode()
    wanted = {"since": "2026-11-01T00:00:00+00:00", "until": "2026-12-01T00:00:00+00:00", "zone": "America/New_York",
              "host": "localhost", "people": []}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", str(READER)], input=json.dumps(wanted).encode() + b"\n" + body, capture_output=True,
        check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer == {
        "periods": [["2026-11-10T15:00:00+00:00", "2026-11-10T16:00:00+00:00"]], "ours": {}, "unclear": 0
    }  # fmt: skip


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")
def test_calendars_of_the_world_are_read_or_refused_and_never_break() -> None:
    read = 0
    for path in sorted(SAMPLES.glob("*.ics")):
        try:
            busy = busy_in(path.read_bytes(), asked("1990-01-01", "2030-01-01"))
        except NotACalendar:
            continue
        read += bool(busy.periods)
        assert all(start < end for start, end in busy.periods)
    assert read >= 10


def test_what_looks_like_ours_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted together with the rest: 80 of somebody's, and 80 that claim to be ours, are more than 100."""
    monkeypatch.setattr(reader, "MOST", 100)
    days = ("FREQ=HOURLY;COUNT=80", f"{uuid4()}@care.example"), ("FREQ=HOURLY;COUNT=80", "two@elsewhere.example")
    often = [event(":20261105T000000Z", ":20261105T000100Z", f"RRULE:{rule}", uid=uid) for rule, uid in days]
    assert busy_in(text(often[0]).encode(), asked(host="care.example")).ours
    with pytest.raises(TooMany):
        busy_in(text(*often).encode(), asked(host="care.example"))
