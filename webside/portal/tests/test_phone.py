"""Booking for somebody on the phone."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from webside.people.services import register_patient
from webside.portal import selectors
from webside.scheduling.models import Appointment
from webside.testing.cast import sign_in


def test_a_form_that_was_sent_for_somebody_else_books_nothing_and_says_so(client: Client, cast: Any) -> None:
    sign_in(client, cast.grace_user)
    with cast.as_(cast.grace_user) as grace:
        other = register_patient(
            actor=grace, given="Nora", family="Quist", birth_date=date(1988, 2, 29), email="nora@example.test",
            phone="518-555-0161", state="NY", timezone="America/New_York",
        )  # fmt: skip
    addresses = [f"/o/larkspur/home/book/{who.id}/{cast.video_visit.id}/" for who in (cast.liz, other)]
    slots = re.findall(r'name="slot" value="([^"]+)"', client.get(addresses[0], {"state": "NY"}).content.decode())
    values = {"state": "NY", "key": str(uuid4()), "consent": "on", "reason_text": "A cough that stays"}
    assert client.post(addresses[0], {**values, "slot": slots[-1]}).status_code == 302
    again = client.post(addresses[1], {**values, "slot": slots[0]})
    html = again.content.decode()
    assert again.status_code == 409
    assert "Nothing is booked yet" in html
    assert "A cough that stays" in html
    key = re.search(r'name="key" value="([^"]+)"', html)
    assert key
    assert key[1] != values["key"]
    with cast.as_(cast.grace_user):
        assert Appointment.objects.count() == 1
    assert client.post(addresses[1], {**values, "key": key[1], "slot": slots[0]}).status_code == 302


@pytest.mark.parametrize("words", ["04/18/1969", "4/18/1969", "04-18-1969", "1969-04-18", "mor 4/18/1969"])
def test_a_caller_is_found_by_the_day_of_birth_as_people_say_it(cast: Any, words: str) -> None:
    with cast.as_(cast.grace_user) as grace:
        assert selectors.find_patients(grace, words) == [cast.liz]
        assert selectors.find_patients(grace, words.replace("1969", "1970")) == []
