"""The lists of patients and of notes in pages: all are reached, each once, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.chart.codes import NoteStatus
from webside.chart.models import Encounter, Note
from webside.core import clock, frames
from webside.core.actor import system
from webside.people.models import Patient
from webside.testing.cast import Cast, sign_in

MANY = 120
PATIENTS = reverse("chart:patient-list", kwargs={"slug": "larkspur"})
NOTES = reverse("chart:note-list", kwargs={"slug": "larkspur"})


@pytest.fixture
def maya(cast: Cast, client: Client) -> Client:
    """Maya, who has seen 120 people once: every tenth note waits for her signature."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        for number in range(MANY):
            patient = Patient.objects.create(
                record_number=f"PG-{number:03}", given="Pat", family=f"Page-{number:03}", birth_date=date(1970, 1, 1)
            )
            _seen(cast, patient, number, signed=number % 10 != 0)
    sign_in(client, cast.maya_user)
    return client


def _seen(cast: Cast, patient: Patient, days_ago: int, *, signed: bool, **given: Any) -> None:
    encounter = Encounter.objects.create(
        patient=patient, status="finished", started_at=clock.now() - timedelta(days=days_ago),
        **{"practitioner": cast.maya, "service": cast.video_visit, **given},
    )  # fmt: skip
    Note.objects.create(
        encounter=encounter, status=NoteStatus.FINAL if signed else NoteStatus.PRELIMINARY,
        signed_at=clock.now() if signed else None,
    )  # fmt: skip


def _names(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return re.findall(r"<b>(Pat Page-\d{3})</b>", answer.content.decode())


def _walk(client: Client, address: str) -> Iterator[list[str]]:
    """Give the names of each page, by the link to the next one."""
    query: str | None = ""
    while query is not None:
        answer = client.get(address + query)
        yield _names(answer)
        found = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        query = found.group(1).replace("&amp;", "&") if found else None
        address = address.partition("?")[0]


def _named(numbers: Any) -> list[str]:
    return [f"Pat Page-{number:03}" for number in numbers]


def test_every_patient_is_on_one_page_by_name(maya: Client) -> None:
    pages = list(_walk(maya, PATIENTS))
    assert [len(page) for page in pages] == [50, 50, 20]
    assert list(chain(*pages)) == _named(range(MANY))
    assert "120 people who have, or had, a visit with you" in maya.get(PATIENTS).content.decode()


def test_a_page_of_patients_beyond_the_end_is_the_last_one(maya: Client) -> None:
    assert _names(maya.get(PATIENTS, {"page": "9"})) == _named(range(100, MANY))


def test_pages_of_a_name_are_asked_for_by_post(maya: Client) -> None:
    first = maya.post(PATIENTS, {"q": "page"})
    assert _names(first) == _named(range(50))
    assert "120 people found" in first.content.decode()
    assert 'rel="next"' not in first.content.decode()
    assert _names(maya.post(PATIENTS, {"q": "page", "page": "3"})) == _named(range(100, MANY))
    assert _names(maya.post(PATIENTS, {"q": "PG-007"})) == _named([7])


def test_notes_to_sign_come_oldest_first_and_signed_ones_newest_first_in_pages(maya: Client) -> None:
    assert list(_walk(maya, NOTES)) == [_named(range(110, -1, -10))]
    pages = list(_walk(maya, f"{NOTES}?show=signed"))
    assert [len(page) for page in pages] == [50, 50, 8]
    assert list(chain(*pages)) == _named(number for number in range(MANY) if number % 10)
    for query in ("", "?show=signed"):
        assert 'To sign <span class="ws-tabs__count">12</span>' in maya.get(NOTES + query).content.decode()


def test_a_page_of_signed_notes_beyond_the_end_is_the_last_one(maya: Client) -> None:
    assert len(_names(maya.get(NOTES, {"show": "signed", "page": "77"}))) == 8


def test_lists_without_rows_say_what_will_be_there(cast: Cast, client: Client) -> None:
    sign_in(client, cast.maya_user)
    assert "No patients yet" in client.get(PATIENTS).content.decode()
    assert "Every note is signed" in client.get(NOTES).content.decode()
    assert "No note is signed yet" in client.get(NOTES, {"show": "signed"}).content.decode()


def test_nothing_of_a_colleague_or_of_another_clinic_is_listed_or_counted(maya: Client, cast: Cast) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        patient = Patient.objects.create(
            record_number="DW-1", given="Pat", family="Page-900", birth_date=date(1970, 1, 1)
        )
        _seen(cast, patient, 0, signed=True, practitioner=cast.daniel)
    with frames.begin(tenant_id=cast.northgate.id, actor=system("tests", cast.northgate.id)):
        Patient.objects.create(record_number="NG-9", given="Pat", family="Page-901", birth_date=date(1970, 1, 1))
    for query in ("", "?page=3"):
        assert not {"Pat Page-900", "Pat Page-901"} & set(_names(maya.get(PATIENTS + query)))
    assert "120 people" in maya.get(PATIENTS).content.decode()
    assert "Pat Page-900" not in _names(maya.get(NOTES, {"show": "signed"}))
    assert _names(maya.post(PATIENTS, {"q": "Page-90"})) == []
