"""A licence ends: what is booked beyond it is counted, named to those who may know, and told."""

from __future__ import annotations

import email
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.compliance import selectors as compliance
from webside.compliance.events import LicenceExpired
from webside.compliance.models import Licence
from webside.core import clock
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.scheduling import handlers, selectors
from webside.scheduling.models import Appointment
from webside.scheduling.services import appointments
from webside.testing.cast import Cast, sign_in

DAY = timedelta(days=1)


def _booked(cast: Cast, days: float, **changes: Any) -> Appointment:
    start = clock.now() + days * DAY
    values = {
        "patient": cast.liz, "practitioner": cast.maya, "service": cast.video_visit, "patient_state": "NY",
        "period": TimestamptzRange(start, start + timedelta(minutes=20)), "patient_timezone": "America/New_York",
        "booked_by": "tests", "idempotency_key": uuid4().hex, **changes,
    }  # fmt: skip
    return Appointment.objects.create(**values)


def _end(cast: Cast, state: str, days: int) -> Licence:
    licence = Licence.objects.select_related("practitioner").get(practitioner=cast.maya, state=state)
    licence.period_end = clock.now().date() + days * DAY
    licence.save()
    return licence


@pytest.fixture
def ended(cast: Cast) -> Licence:
    with cast.as_(cast.ingrid_user):
        return _end(cast, "NY", -2)


def test_visits_beyond_each_last_day_are_counted_in_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    with cast.as_(cast.ingrid_user) as ingrid:
        new_york, new_jersey = _end(cast, "NY", 5), _end(cast, "NJ", 9)
        _booked(cast, 2)
        _booked(cast, 8)
        _booked(cast, 9)
        _booked(cast, 12, patient_state="NJ")
        _booked(cast, 13, patient_state="NJ", status="cancelled")
        _booked(cast, 14, patient_state="NJ", service=cast.coaching)
        _booked(cast, 15, practitioner=cast.daniel)
        kept = [new_york, new_jersey]
        with django_assert_num_queries(1):
            assert selectors.booked_beyond(kept) == {new_york.id: 2, new_jersey.id: 1}
        rows = {row.licence.state: row.booked for row in compliance.licence_rows(compliance.licences(ingrid))}
        assert rows == {"NY": 2, "NJ": 1, "OR": 0, "WA": 0}


def test_a_visit_that_another_licence_carries_lacks_nothing(cast: Cast, ended: Licence) -> None:
    with cast.as_(cast.ingrid_user):
        first, second = _booked(cast, 1), _booked(cast, 4)
        _booked(cast, 2, patient_state="NJ")
        assert selectors.lacking_licence(cast.maya, "NY") == [first, second]
        renewed = clock.now().date() + 2 * DAY
        Licence.objects.create(practitioner=cast.maya, state="NY", period_start=renewed, verified_at=clock.now(),
                               period_end=renewed + 700 * DAY)  # fmt: skip
        assert selectors.lacking_licence(cast.maya, "NY") == [first]


def _text(row: OutgoingMessage) -> str:
    message = email.message_from_bytes(content_of(row), policy=default)
    assert isinstance(message, EmailMessage)
    return " ".join(str(message["to"]).split() + message.get_body(("plain",)).get_content().split())


def test_the_practitioner_and_the_front_desk_are_told_once_and_no_patient_is_named(
    cast: Cast, ended: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(appointments, "push_on_commit", lambda topic, kind: told.append(topic))
    event_id = uuid4()
    with cast.as_(cast.ingrid_user):
        _booked(cast, 1)
        _booked(cast, 4)
        for _ in range(2):
            handlers.tell_licence_ended(LicenceExpired(licence_id=ended.id), event_id)
        hers, desk = sorted(OutgoingMessage.objects.all(), key=lambda row: "desk" in row.template)
        for row in (hers, desk):
            text = _text(row)
            for secret in ("Liz", "Moreno", "sugar", "LC-20418"):
                assert secret not in text + row.subject
            assert "New York" in text
            assert "2 visits" in text
            assert f"/o/larkspur/schedule/?who={cast.maya.id}&day=" in text
        assert "maya@example.test" in _text(hers)
        assert "grace@example.test" in _text(desk)
    assert {f"day:{cast.maya.id}", f"tenant:{cast.larkspur.id}"} == set(told)


def test_where_nothing_is_booked_only_the_practitioner_is_told(cast: Cast, ended: Licence) -> None:
    with cast.as_(cast.ingrid_user):
        handlers.tell_licence_ended(LicenceExpired(licence_id=ended.id), uuid4())
        assert "No visit is booked with you there." in _text(OutgoingMessage.objects.get())


def test_the_page_of_the_licence_names_the_visits_for_those_who_keep_licences(cast: Cast, ended: Licence) -> None:
    with cast.as_(cast.ingrid_user):
        _booked(cast, 1)
        other = Licence.objects.get(practitioner=cast.maya, state="NJ")
    client = sign_in(Client(HTTP_HOST="localhost"), cast.ingrid_user)
    page = client.get(reverse("compliance:licence-detail", args=["larkspur", ended.id])).content.decode()
    assert "Booked in New York without a licence" in page
    assert "LC-20418" in page
    page = client.get(reverse("compliance:licence-detail", args=["larkspur", other.id])).content.decode()
    assert "without a licence" not in page
