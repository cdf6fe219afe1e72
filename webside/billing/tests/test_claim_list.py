"""The biller's list: its pages, its states, its order, and a name that is looked for."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.billing.models import Claim, ClaimItem
from webside.catalog.models import HealthcareService
from webside.chart.models import Encounter
from webside.core import clock, frames
from webside.core.actor import system
from webside.testing.cast import Cast, sign_in

CLAIMS = 120
PAGE = 50
FIRST = date(2026, 1, 1)
FILE = reverse("billing:claim-csv", kwargs={"slug": "larkspur"})
LIST = reverse("billing:claim-list", kwargs={"slug": "larkspur"})


@pytest.fixture
def biller(cast: Cast, client: Client) -> Client:
    """Marcus, with 120 claims of Liz's, a visit a day: each third is looked through, each second of the others is empty."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        for number in range(CLAIMS):
            day = FIRST + timedelta(days=number)
            encounter = Encounter.objects.create(
                patient=cast.liz, practitioner=cast.maya, service=cast.video_visit, started_at=clock.now()
            )
            claim = Claim.objects.create(
                encounter=encounter, patient=cast.liz, practitioner=cast.maya, service_date=day, facts={},
                reviewed_at=clock.now() if number % 3 == 0 else None,
            )  # fmt: skip
            if number % 2 == 0:
                ClaimItem.objects.create(claim=claim, sequence=1, code="99214", modifiers=["95"], pos="10")
    sign_in(client, cast.marcus_user)
    return client


def _days(answer: Any) -> list[date]:
    assert answer.status_code == 200
    return [date.fromisoformat(day) for day in re.findall(r'">(\d{4}-\d\d-\d\d)<span', answer.content.decode())]


def _links(answer: Any) -> dict[str, str]:
    found = re.findall(r'rel="(prev|next)" href="([^"]+)"', answer.content.decode())
    return {rel: url.replace("&amp;", "&") for rel, url in found}


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


def test_the_pages_hold_every_claim_once_the_newest_first(biller: Client) -> None:
    seen, url = [], LIST
    for shown in ("1 to 50 of 120", "51 to 100 of 120", "101 to 120 of 120"):
        answer = biller.get(url)
        assert shown in answer.content.decode()
        seen += _days(answer)
        url = LIST + _links(answer).get("next", "")
    assert seen == [_day(number) for number in reversed(range(CLAIMS))]
    assert url == LIST, "nothing comes after the last page"


@pytest.mark.parametrize("asked", ["4", "99999999999", "-1", "0"])
def test_a_page_beyond_the_end_is_the_last_one(biller: Client, asked: str) -> None:
    assert _days(biller.get(LIST, {"page": asked}))[-1] == _day(0)


def test_a_state_is_kept_from_page_to_page(biller: Client) -> None:
    answer = biller.get(LIST, {"show": "reviewed"})
    assert _days(answer) == [_day(number) for number in range(117, -1, -3)]
    assert _links(answer) == {}
    answer = biller.get(LIST, {"show": "nothing", "order": "oldest"})
    assert _days(answer)[:2] == [_day(1), _day(5)]
    text = answer.content.decode()
    for chip in ("All 120", "To look through 40", "Nothing to claim 40", "Looked through 40"):
        assert f">{chip}</a>" in text


def test_an_order_and_a_state_are_in_the_addresses_of_the_pages(biller: Client) -> None:
    assert _links(biller.get(LIST, {"order": "oldest"})) == {"next": "?order=oldest&page=2"}
    second = biller.get(LIST, {"order": "oldest", "page": "2"})
    assert _days(second)[0] == _day(PAGE)
    assert _links(second)["prev"] == "?order=oldest&page=1"


def test_a_name_is_looked_for_by_post_and_its_pages_too(biller: Client, cast: Cast) -> None:
    answer = biller.post(LIST, {"q": cast.liz.family[:3]})
    assert "120 claims found" in answer.content.decode()
    assert _links(answer) == {}
    assert _days(biller.post(LIST, {"q": cast.liz.family, "page": "3"}))[-1] == _day(0)
    assert "Nobody found" in biller.post(LIST, {"q": "Nobody"}).content.decode()
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        assert AuditEvent.objects.filter(action="billing.claim.search", actor_id=cast.marcus_user.id).count() == 3


def test_the_file_holds_every_page_of_a_state_and_is_in_the_trail(biller: Client, cast: Cast) -> None:
    page = biller.get(LIST, {"show": "to-review", "order": "oldest"}).content.decode()
    assert f"{FILE}?show=to-review&amp;order=oldest" in page
    answer = biller.get(FILE, {"show": "to-review", "order": "oldest"})
    head, *rows = answer.content.decode("utf-8-sig").splitlines()
    assert head == "Visit,Patient,Clinician,Payer,Codes,State"
    assert len(rows) == CLAIMS // 3
    assert rows[0] == f"{_day(2)},Liz Moreno,Dr. Maya Chen,,99214 95,To look through"
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        assert AuditEvent.objects.filter(action="billing.claim.export", actor_id=cast.marcus_user.id).count() == 1


def test_what_is_no_state_shows_all_and_an_empty_state_says_so(biller: Client, cast: Cast) -> None:
    assert len(_days(biller.get(LIST, {"show": "paid", "order": "random"}))) == PAGE
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        Claim.objects.update(reviewed_at=None)
    assert "No claim is in this state" in biller.get(LIST, {"show": "reviewed"}).content.decode()


def test_nothing_of_another_clinic_is_listed_counted_or_found(biller: Client, cast: Cast) -> None:
    with frames.begin(tenant_id=cast.northgate.id, actor=system("tests", cast.northgate.id)):
        service = HealthcareService.objects.create(name="Visit", kind="telemedicine", professions=["physician"])
        encounter = Encounter.objects.create(
            patient=cast.oscar, practitioner=cast.mallory, service=service, started_at=clock.now()
        )
        Claim.objects.create(encounter=encounter, patient=cast.oscar, practitioner=cast.mallory,
                             service_date=_day(CLAIMS), facts={})  # fmt: skip
    answer = biller.get(LIST)
    assert _days(answer)[0] == _day(CLAIMS - 1)
    assert "of 120" in answer.content.decode()
    assert "Nobody found" in biller.post(LIST, {"q": cast.oscar.family}).content.decode()
