"""What is charged for a visit that turned into an emergency or into care in person, and what the biller reads of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.billing import services
from webside.billing.models import Claim, Coverage, Payer
from webside.chart import services as chart
from webside.chart.codes import TransferOutcome
from webside.chart.models import Encounter
from webside.chart.tests import factories
from webside.core import clock, frames
from webside.core.actor import system
from webside.testing.cast import Cast, sign_in

HERE = chart.TransferDraft(destination="our-clinic", how_soon="today", why="A cut that must be stitched")


def _encounter(cast: Cast, *, insured: bool, service: str = "visit") -> Any:
    with cast.as_(cast.maya_user):
        cast.video_visit.billing_service = service
        cast.video_visit.price_cents = 9000
        cast.video_visit.save()
        made = factories.encounter(cast, parts=factories.PARTS, status="finished", started_at=clock.now())
        made.note.mdm, made.note.total_minutes, made.note.signed_at = "moderate", 28, clock.now()
        made.note.save()
        if insured:
            payer = Payer.objects.create(name="Medicare", kind="medicare")
            Coverage.objects.create(patient=cast.liz, payer=payer, member_id="1EG4", checked_at=clock.now())
        return made


def _draft(cast: Cast, encounter: Any) -> Claim:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)) as frame:
        found = Encounter.objects.select_related("service", "practitioner", "tenant", "patient", "note").get(
            id=encounter.id
        )
        return services.draft_claim(actor=frame.actor, encounter=found)


def _page(cast: Cast, claim: Claim) -> str:
    marcus = sign_in(Client(HTTP_HOST="localhost"), cast.marcus_user)
    answer = marcus.get(reverse("billing:claim-detail", args=["larkspur", claim.id]))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize(("turned", "price"), [(False, 9000), (True, None)])
def test_who_pays_herself_is_charged_nothing_for_a_visit_that_turned(
    cast: Cast, turned: bool, price: int | None
) -> None:
    encounter = _encounter(cast, insured=False)
    if turned:
        with cast.as_(cast.maya_user) as maya:
            chart.declare_emergency(actor=maya, encounter=encounter)
    claim = _draft(cast, encounter)
    assert claim.price_cents == price
    assert any(row["reason"] == "transfer.no_charge" for row in claim.rejected) is turned
    if turned:
        page = _page(cast, claim)
        assert "is charged nothing" in page and "The clinic’s own rule" in page


def test_an_alarm_that_was_called_off_leaves_a_visit(cast: Cast) -> None:
    encounter = _encounter(cast, insured=False)
    with cast.as_(cast.maya_user) as maya:
        made = chart.declare_emergency(actor=maya, encounter=encounter)
        chart.close_transfer(
            actor=maya, encounter=encounter, transfer=made, outcome=TransferOutcome.NOT_NEEDED, words="It passed"
        )
    assert _draft(cast, encounter).price_cents == 9000


def test_the_biller_reads_what_is_not_sure_with_its_source_and_what_became_of_it_since(cast: Cast) -> None:
    encounter = _encounter(cast, insured=True)
    with cast.as_(cast.maya_user) as maya:
        made = chart.declare_emergency(actor=maya, encounter=encounter)
    claim = _draft(cast, encounter)
    assert claim.facts["turned_into"] == "emergency"
    said = " ".join(claim.not_checked)
    assert "no such rule was found" in said and "confidence low" in said
    page = _page(cast, claim)
    assert "no such rule was found" in page and "Nobody has noted yet what became of it" in page
    with cast.as_(cast.maya_user) as maya:
        chart.close_transfer(actor=maya, encounter=encounter, transfer=made, outcome=TransferOutcome.ARRIVED)
    assert "The patient is there, or help is with them" in _page(cast, claim)


def test_the_biller_reads_no_word_of_why(cast: Cast) -> None:
    encounter = _encounter(cast, insured=True)
    with cast.as_(cast.maya_user) as maya:
        chart.send_in_person(actor=maya, encounter=encounter, draft=HERE)
    page = _page(cast, _draft(cast, encounter))
    assert "Our clinic" in page and "stitched" not in page


@pytest.mark.parametrize(
    ("outcome", "seen"), [(None, None), (TransferOutcome.ARRIVED, True), (TransferOutcome.NOT_GONE, False)]
)
def test_whether_she_was_seen_is_asked_of_what_became_of_it(
    cast: Cast, outcome: TransferOutcome | None, seen: bool | None
) -> None:
    encounter = _encounter(cast, insured=True)
    with cast.as_(cast.maya_user) as maya:
        made = chart.send_in_person(actor=maya, encounter=encounter, draft=HERE)
        if outcome is not None:
            chart.close_transfer(actor=maya, encounter=encounter, transfer=made, outcome=outcome, words="She said so")
    assert _draft(cast, encounter).facts.get("seen_within_a_day") is seen


def test_a_visit_that_stayed_one_says_nothing_of_it(cast: Cast) -> None:
    encounter = _encounter(cast, insured=True)
    claim = _draft(cast, encounter)
    assert claim.facts.get("turned_into") is None
    assert "turned into" not in _page(cast, claim)
