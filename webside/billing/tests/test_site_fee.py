"""The fee of the place where the patient sits: whose it is, by which row, and what is not known."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from webside.billing import services
from webside.billing.codes import SiteFeeOf
from webside.billing.rules import tables
from webside.billing.rules.site_fee import site_fee
from webside.billing.tests.test_claims import encounter_at, room_of
from webside.core import frames
from webside.core.actor import system
from webside.core.dated import Row, ended, load
from webside.testing.cast import Cast, sign_in
from webside.visits.codes import SiteKind

ENDED = tables.SITE_FEES.paths
DAY = date(2026, 11, 27)
OF_SITE, NONE, NOT_CHECKED = SiteFeeOf.OF_SITE, SiteFeeOf.NONE, SiteFeeOf.NOT_CHECKED


@pytest.mark.parametrize(
    ("payer", "at", "site", "said"),
    [
        ("medicare", "home", "", NONE),
        ("medicaid", "home", "", NONE),
        ("medicare", "clinic", "clinic", OF_SITE),
        ("medicare", "clinic", "health_center", OF_SITE),
        ("medicare", "clinic", "hospital", OF_SITE),
        ("medicare", "clinic", "mental_health", OF_SITE),
        ("medicare", "clinic", "nursing_home", OF_SITE),
        ("medicare_advantage", "clinic", "clinic", OF_SITE),
        ("medicare", "clinic", "school", NOT_CHECKED),
        ("medicare", "clinic", "", NOT_CHECKED),
        ("medicaid", "clinic", "school", NOT_CHECKED),
        ("commercial", "clinic", "clinic", NOT_CHECKED),
        ("medicare", "other", "", NOT_CHECKED),
    ],
)
def test_whose_it_is(payer: str, at: str, site: str, said: SiteFeeOf) -> None:
    found = site_fee(DAY, payer=payer, at=at, site=site)
    assert found.of is said
    assert bool(found.source) is (said is not NOT_CHECKED)
    assert (found.code == "Q3014") is (said is OF_SITE)


def test_a_nursing_home_must_be_one_that_the_law_names() -> None:
    assert "skilled nursing" in site_fee(DAY, payer="medicare", at="clinic", site="nursing_home").check
    before = site_fee(date(2008, 12, 31), payer="medicare", at="clinic", site="nursing_home")
    assert before.of is NOT_CHECKED


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_leaves_it_not_checked(row: Row) -> None:
    site = "" if row["site"] == "any" else row["site"]
    with ended(row):
        assert site_fee(DAY, payer="medicare", at=row["at"], site=site).of is NOT_CHECKED


def test_no_amount_is_said() -> None:
    for path in ENDED:
        assert "$" not in path.read_text(encoding="utf-8")


def _claim_page(cast: Cast, kind: str = "medicare", **place: str) -> str:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)) as frame:
        encounter = encounter_at(cast, kind=kind, **place)
        room_of(cast, encounter, sound=10, picture=10)
        claim = services.draft_claim(actor=frame.actor, encounter=encounter)
    marcus = sign_in(Client(), cast.marcus_user)
    return marcus.get(reverse("billing:claim-detail", args=["larkspur", claim.id])).content.decode()


def test_the_biller_reads_that_the_place_bills_its_own_and_pos_02_stands_on_ours(cast: Cast) -> None:
    page = _claim_page(
        cast, location="clinic", location_name="Rondout House", location_kind=SiteKind.NURSING_HOME.value
    )
    assert "At Rondout House (nursing home), NY" in page
    assert "Rondout House may bill a fee of its own" in page and "Q3014" in page and "confidence medium" in page
    assert "skilled nursing facility" in page and "$" not in page[page.index("site-fee") :]
    assert ">02</td>" in page and ">10</td>" not in page


def test_a_school_is_not_checked(cast: Cast) -> None:
    page = _claim_page(cast, location="clinic", location_name="Kingston School", location_kind=SiteKind.SCHOOL.value)
    assert "Not checked: whether Kingston School has a fee of its own" in page and "Q3014" not in page


def test_at_home_there_is_none(cast: Cast) -> None:
    page = _claim_page(cast)
    assert "no place has a fee of its own" in page and ">10</td>" in page
