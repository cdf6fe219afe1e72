"""How visits go: real numbers, none of too few, and as many queries for two thousand visits as for one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.core import clock
from webside.core.dated import ended, load
from webside.core.ids import uuid7
from webside.people.models import Patient
from webside.portal import rules, selectors
from webside.portal.codes import By
from webside.scheduling.codes import Missed
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import page_queries
from webside.visits import rules as visit_rules
from webside.visits.models import Participant, QualitySample, SafeStart, Site, SurveyAnswer, Visit
from webside.visits.tests.factories import make_site

ZONE = ZoneInfo("America/New_York")
MANY = 2_000


def _make(cast: Cast, number: int, **given: Any) -> list[Visit]:
    """Make visits of yesterday in the past of the frame's clinic: ``wait`` minutes after the booked time, on a line."""
    now = clock.now().astimezone(ZONE)
    noon = (now - timedelta(days=given.get("days", 1))).replace(hour=12, minute=0, second=0, microsecond=0)
    length = timedelta(minutes=given.get("length", 30))
    reason, minutes = given.get("reason", "completed"), given.get("wait", 2)
    booked, rooms, seats = [], [], []
    for place in range(number):
        begin = noon - length * place if given.get("back") else noon + length * place
        booked.append(
            Appointment(
                tenant_id=cast.larkspur.id, patient=given.get("patient", cast.liz),
                practitioner=given.get("practitioner", cast.maya),
                service=given.get("service", cast.video_visit), period=TimestamptzRange(begin, begin + length),
                patient_state="NY", patient_timezone="America/New_York", booked_by="tests", idempotency_key=uuid7().hex,
                status=given.get("status", "fulfilled"), missed_reason=given.get("missed", ""),
            )
        )  # fmt: skip
        met = given.get("status", "fulfilled") == "fulfilled"
        rooms.append(
            Visit(
                id=booked[-1].id, tenant_id=cast.larkspur.id, appointment=booked[-1], end_reason=reason if met else "noshow",
                status="finished", waiting_since=begin - timedelta(minutes=5) if met else None,
                admitted_at=begin + timedelta(minutes=minutes) if met else None,
            )
        )  # fmt: skip
        seats.append(Participant(tenant_id=cast.larkspur.id, visit=rooms[-1], role="patient", name="Liz",
                                 device_check={"verdict": given["verdict"]} | given.get("line", {})
                                 if "verdict" in given else None))  # fmt: skip
    Appointment.objects.bulk_create(booked)
    Visit.objects.bulk_create(rooms)
    Participant.objects.bulk_create(seats)
    if "kbps" in given:
        QualitySample.objects.bulk_create(
            QualitySample(tenant_id=cast.larkspur.id, participant=seat, seconds=10, sound_seconds=10, picture_seconds=10,
                          digest={"kbps_in": given["kbps"]})
            for seat in seats
        )  # fmt: skip
    if "place" in given:
        SafeStart.objects.bulk_create(
            SafeStart(tenant_id=cast.larkspur.id, visit=room, **given["place"]) for room in rooms
        )
    if "mark" in given:
        SurveyAnswer.objects.bulk_create(
            SurveyAnswer(tenant_id=cast.larkspur.id, participant=seat, call=given["mark"]) for seat in seats
        )
    return rooms


def _figures(cast: Cast, by: By = By.SERVICE, who: str = "admin", weeks: int = 4) -> selectors.Figures:
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        found = selectors.figures(actor, cast.larkspur, by=by, weeks=weeks)
    assert found is not None
    return found


def test_the_numbers_are_those_of_the_visits(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 8, wait=2, verdict="video", kbps=900)
        _make(cast, 6, days=2, wait=20, reason="technical", verdict="low_video", kbps=100)
        _make(cast, 6, days=3, status="noshow", missed=Missed.PATIENT)
        _make(cast, 3, days=4, status="cancelled")
    found = _figures(cast)
    (line,) = found.lines
    assert line == found.total or line.key == cast.video_visit.name
    assert (line.booked, line.held.number, line.failed.number, line.missed.number, line.unknown) == (20, 8, 6, 6, 0)
    assert (line.failed.of, line.failed.percent, line.missed.percent) == (14, 43, 30)
    assert (line.waited, line.wait, line.wait_long) == (14, 2, 20), (
        "counted from the booked time: who came sooner waited for it"
    )
    assert (line.on_time.number, line.on_time.of) == (8, 14)
    assert found.reasons == [(Missed.PATIENT, 6)]
    assert {key: (share.number, share.of) for key, share in found.devices} == {"video": (0, 8), "low_video": (6, 6)}
    assert {key: (share.number, share.of) for key, share in found.bandwidths} == {"wide": (0, 8), "narrow": (6, 6)}


def test_who_was_kept_out_by_technology_counts_as_a_call_that_failed(cast: Cast) -> None:
    """She tested her devices and never got in: that she did not come would be said against her."""
    with cast.as_(cast.maya_user):
        _make(cast, 6, verdict="video", kbps=900)
        _make(cast, 5, days=2, status="noshow", missed=Missed.TECHNICAL, verdict="phone")
        _make(cast, 5, days=3, status="noshow", missed=Missed.PATIENT, verdict="video")
    found = _figures(cast)
    total = found.total
    assert (total.held.number, total.failed.number, total.failed.of, total.missed.number) == (6, 5, 11, 5)
    assert {key: (share.number, share.of) for key, share in found.devices} == {"video": (0, 6), "phone": (5, 5)}
    assert {key: (share.number, share.of) for key, share in found.bandwidths} == {"": (5, 5), "wide": (0, 6)}
    assert dict(found.reasons) == {Missed.TECHNICAL: 5, Missed.PATIENT: 5}


def test_what_is_not_known_is_not_counted_as_well(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 6, reason="")
    line = _figures(cast).total
    assert (line.unknown, line.held.number, line.failed.of) == (6, 0, 0)
    assert _figures(cast).devices == []


@pytest.mark.parametrize(("by", "groups"), [(By.DAY, 2), (By.WEEK, 1), (By.SERVICE, 1), (By.CLINICIAN, 2)])
def test_they_are_put_together_by_what_is_asked(cast: Cast, by: By, groups: int) -> None:
    monday = (clock.now().astimezone(ZONE).weekday() or 7) + 3
    with cast.as_(cast.maya_user):
        _make(cast, 5, days=monday)
        _make(cast, 5, days=monday + 1, practitioner=cast.daniel)
    assert len(_figures(cast, by).lines) == groups


def test_of_too_few_nothing_is_told_and_the_sum_gives_nobody_away(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 6, mark=5)
        _make(cast, 4, days=2, mark=1, practitioner=cast.daniel)
    found = _figures(cast, By.CLINICIAN)
    assert found.total.answers == 10
    assert [line.answers for line in found.lines] == [None, None], "with one of two hidden, the sum would give it away"
    daniel = next(line for line in found.lines if "Whitfield" in line.key or cast.daniel.family in line.key)
    assert (daniel.booked, daniel.held.percent, daniel.wait) == (4, None, None)


def test_a_wait_of_too_few_is_said_to_be_so_in_the_sum_as_in_its_row(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 3)
    page = sign_in(Client(), cast.grace_user).get(reverse("portal:figures", args=["larkspur"])).content.decode()
    (tile,) = re.findall(r"<dt>Wait</dt><dd>(.*?)</dd>", page)
    assert "too few to say" in tile and "of 3 measured" in tile


def test_which_groups_are_hidden() -> None:
    assert rules.hidden([9, 8, 4], 5) == {2, 1}
    assert rules.hidden([9, 3, 4], 5) == {1, 2}
    assert rules.hidden([9, 8, 0], 5) == frozenset()
    assert rules.hidden([4], 5) == {0}
    assert rules.hidden([9, 9], None) == {0, 1}


def test_without_a_row_that_says_how_few_are_too_few_no_share_is_shown(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 8, mark=5)
    row = next(row for row in load(visit_rules.FIGURES).rows if row.id == "survey-fewest")
    with ended(row):
        line = _figures(cast).lines[0]
        assert (line.held.percent, line.wait, line.answers) == (None, None, None)


def test_who_sees_what(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _make(cast, 8, mark=5)
    page, file = (reverse(f"portal:{name}", args=["larkspur"]) for name in ("figures", "figures-csv"))
    for who, answers in (("admin", True), ("ingrid", True), ("grace", False)):
        client = sign_in(Client(), getattr(cast, f"{who}_user"))
        assert ("Call worked well" in client.get(page).content.decode()) is answers
        assert ("Call worked well" in client.get(file).content.decode()) is answers
    for who in ("liz", "maya", "marcus", "mallory"):
        client = sign_in(Client(), getattr(cast, f"{who}_user"))
        assert client.get(page).status_code == client.get(file).status_code == 404


def test_the_file_holds_no_formula_and_no_name_of_a_patient(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        type(cast.video_visit).objects.filter(id=cast.video_visit.id).update(name='=HYPERLINK("x")')
        _make(cast, 6)
    file = sign_in(Client(), cast.admin_user).get(reverse("portal:figures-csv", args=["larkspur"]), {"by": "service"})
    text = file.content.decode()
    assert "'=HYPERLINK" in text and "\n=" not in text and '\n"=' not in text
    assert cast.liz.family not in text


def test_two_thousand_visits_cost_as_many_queries_as_one(cast: Cast) -> None:
    """How long a big clinic's figures take is measured in ``benchmarks/p11_pages.py``."""
    client, page = sign_in(Client(), cast.admin_user), reverse("portal:figures", args=["larkspur"])
    with cast.as_(cast.maya_user):
        _make(cast, 1, mark=5, kbps=500, verdict="video")
    client.get(page, {"weeks": "26"})
    with page_queries() as few:
        client.get(page, {"weeks": "26"})
    with cast.as_(cast.maya_user):
        _make(cast, MANY, days=2, length=60, back=True, mark=4, kbps=700, verdict="video")
    with page_queries() as many:
        answer = client.get(page, {"weeks": "26"})
    assert len(many) == len(few)
    assert f"{MANY + 1} visits that were not cancelled" in answer.content.decode().replace(",", "")


def _people_test(cast: Cast, number: int, line: str, *, days: int, place: str = "home", code: str = "12401", tests: int = 1,
                 kbps: int | None = 2_000, rtt: int = 60, site: Site | None = None) -> None:  # fmt: skip
    """Let so many new patients test their lines from one place, each before so many visits."""
    measured = {"line": line, "rtt_ms": rtt} | ({"kbps": kbps} if kbps is not None else {})
    for each in range(number):
        patient = Patient.objects.create(
            record_number=uuid7().hex[-12:], given="P", family=str(each), birth_date=date(1980, 1, 1), state="NY",
            timezone="America/New_York",
        )  # fmt: skip
        _make(cast, tests, days=days + each, patient=patient, verdict="video", line=measured,
              place={"location": place, "postal_code": code, "site": site})  # fmt: skip


def test_a_school_has_a_row_of_its_own(cast: Cast) -> None:
    """Two places in one town are two lines: one of them may want mending."""
    school = make_site(cast, name="Hill School")
    with cast.as_(cast.maya_user):
        _people_test(cast, 5, "slow", days=1, place="clinic", site=school, code=school.postal_code)
        _people_test(cast, 6, "works", days=7, place="clinic", code=school.postal_code)
    first, second = _figures(cast).places
    assert (first.site, first.people, first.bad.percent) == (f"Hill School, {school.city}", 5, 100)
    assert (second.site, second.people, second.bad.percent) == ("", 6, 0)
    page = sign_in(Client(), cast.grace_user).get(reverse("portal:figures", args=["larkspur"])).content.decode()
    assert f"Hill School, {school.city}" in page


def test_which_places_have_bad_lines_the_worst_first(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _people_test(cast, 5, "works", days=1, kbps=2_000)
        _people_test(cast, 5, "slow", days=6, code="97201", kbps=300, rtt=900)
        _people_test(cast, 1, "offline", days=11, kbps=None)
        _people_test(cast, 6, "unmeasured", days=12, place="clinic")
    first, second = _figures(cast).places
    assert (first.kind, first.area, first.people, first.bad.number, first.bad.percent) == ("home", "972", 5, 5, 100)
    assert (first.kbps, first.rtt_ms) == (300, 900)
    assert (second.area, second.people, second.bad.number, second.bad.of, second.kbps) == ("124", 6, 1, 6, 2_000)
    page = sign_in(Client(), cast.grace_user).get(reverse("portal:figures", args=["larkspur"])).content.decode()
    assert "At home, ZIP 972…" in page and "12401" not in page and "97201" not in page


def test_of_a_place_with_too_few_people_nothing_is_told_however_often_they_tested(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _people_test(cast, 7, "works", days=1)
        _people_test(cast, 5, "works", days=8, place="other", code="10001")
        _people_test(cast, 1, "sound", days=14, code="99950", tests=9)
    found = _figures(cast)
    assert [(place.kind, place.area) for place in found.places] == [("home", "124")], "the next smallest goes along"
    assert found.places_hidden == 2
    page = sign_in(Client(), cast.grace_user).get(reverse("portal:figures", args=["larkspur"])).content.decode()
    assert "2 places are left out: too few people." in page and "ZIP 999" not in page
    row = next(row for row in load(visit_rules.FIGURES).rows if row.id == "survey-fewest")
    with ended(row):
        assert _figures(cast).places == []
