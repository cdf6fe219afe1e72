"""The compliance officer's pages."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.catalog import services as catalog
from webside.compliance.models import Licence
from webside.core.ids import uuid7
from webside.testing.cast import Cast, sign_in

PAGES = ["compliance:trail", "compliance:trail-csv", "compliance:overrides", "compliance:licences"]


def _url(name: str, **parts: Any) -> str:
    return reverse(name, kwargs={"slug": "larkspur", **parts})


@pytest.mark.parametrize("page", PAGES)
def test_the_officer_sees_each_page(cast: Cast, client: Client, page: str) -> None:
    assert sign_in(client, cast.ingrid_user).get(_url(page)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["liz_user", "maya_user", "priya_user", "grace_user", "marcus_user", "mallory_user"])
def test_nobody_else_does(cast: Cast, client: Client, page: str, who: str) -> None:
    assert sign_in(client, getattr(cast, who)).get(_url(page)).status_code == 404


def _override(cast: Cast, reason: str) -> None:
    with cast.as_(cast.maya_user) as maya:
        catalog.override_gate(
            actor=maya, gate="identity_document", subject_type="visit", subject_id=uuid7(), patient=cast.liz,
            reason=reason, said="No document was shown.",
        )  # fmt: skip


def test_an_override_shows_its_reason_and_takes_a_verdict(cast: Cast, client: Client) -> None:
    _override(cast, "I have known her for ten years")
    sign_in(client, cast.ingrid_user)
    page = client.get(_url("compliance:overrides"))
    assert b"I have known her for ten years" in page.content
    event = page.context["rows"][0]["event"]
    client.post(_url("compliance:override-review", override_id=event.id), {"verdict": "justified"})
    assert b"Justified" in client.get(_url("compliance:overrides")).content


def test_the_officers_own_look_is_written_down(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    client.get(_url("compliance:trail"))
    assert b"looked at the trail" in client.get(_url("compliance:trail")).content


def test_a_formula_in_a_reason_is_harmless_in_the_export(cast: Cast, client: Client) -> None:
    _override(cast, "=HYPERLINK(1)")
    text = sign_in(client, cast.ingrid_user).get(_url("compliance:trail-csv")).content.decode()
    cells = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    assert "'=HYPERLINK(1)" in cells
    assert "=HYPERLINK(1)" not in cells


def test_html_in_a_reason_stays_text(cast: Cast, client: Client) -> None:
    _override(cast, "<script>alert(1)</script>")
    page = sign_in(client, cast.ingrid_user).get(_url("compliance:overrides")).content
    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;" in page


def test_a_licence_that_ends_before_it_begins_keeps_what_was_typed(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    page = client.post(
        _url("compliance:licence-add", practitioner_id=cast.maya.id),
        {"state": "CT", "licence_type": "full", "number": "CT-9", "status": "active", "period_start": "2026-05-02",
         "period_end": "2026-05-01", "verified_with": "board"},
    )  # fmt: skip
    assert page.status_code == 422
    assert b"CT-9" in page.content


def test_a_licence_added_counts_from_then_on(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    client.post(
        _url("compliance:licence-add", practitioner_id=cast.maya.id),
        {"state": "CT", "licence_type": "full", "number": "CT-9", "status": "active", "period_start": "2026-05-02",
         "period_end": "2027-05-01", "verified_with": "board"},
    )  # fmt: skip
    with cast.as_(cast.ingrid_user):
        licence = Licence.objects.get(state="CT")
    assert (licence.period_end, licence.verified_with) == (date(2027, 5, 1), "board")


def test_a_foreign_licence_and_a_missing_one_look_the_same(cast: Cast, client: Client) -> None:
    with cast.as_(cast.mallory_user):
        foreign = Licence.objects.get(practitioner=cast.mallory).id
    sign_in(client, cast.ingrid_user)
    for licence_id in (foreign, uuid7()):
        assert client.get(_url("compliance:licence-detail", licence_id=licence_id)).status_code == 404
