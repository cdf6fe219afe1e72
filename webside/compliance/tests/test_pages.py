"""The compliance officer's pages."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from webside.audit.services import record
from webside.catalog import services as catalog
from webside.compliance import registry, services
from webside.compliance.models import Credentialing, Licence
from webside.core.ids import uuid7
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import counted

TRAIL_PAGES = ["compliance:trail", "compliance:trail-csv", "compliance:overrides", "compliance:consents"]
PAGES = [*TRAIL_PAGES, "compliance:licences"]


def _url(name: str, **parts: Any) -> str:
    return reverse(name, kwargs={"slug": "larkspur", **parts})


@pytest.mark.parametrize("page", PAGES)
def test_the_officer_sees_each_page(cast: Cast, client: Client, page: str) -> None:
    assert sign_in(client, cast.ingrid_user).get(_url(page)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["liz_user", "maya_user", "priya_user", "grace_user", "marcus_user", "mallory_user"])
def test_nobody_else_does(cast: Cast, client: Client, page: str, who: str) -> None:
    assert sign_in(client, getattr(cast, who)).get(_url(page)).status_code == 404


@pytest.mark.parametrize("page", TRAIL_PAGES)
def test_the_administrator_sees_no_trail(cast: Cast, client: Client, page: str) -> None:
    assert sign_in(client, cast.admin_user).get(_url(page)).status_code == 404


def test_the_administrator_sees_licences_and_changes_none(cast: Cast, client: Client) -> None:
    with cast.as_(cast.ingrid_user):
        licence = Licence.objects.get(practitioner=cast.maya, state="NY")
    sign_in(client, cast.admin_user)
    page = client.get(_url("compliance:licences"))
    assert b"NY-CHE-1" in page.content
    assert b"/compliance/licences/add/" not in page.content
    for address in (
        _url("compliance:licence-detail", licence_id=licence.id),
        _url("compliance:licence-add", practitioner_id=cast.maya.id),
        _url("compliance:credentialing-set", practitioner_id=cast.maya.id),
    ):
        assert client.get(address).status_code == 404


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
    (row,) = page.context["rows"]
    # The address takes the id of the override itself as well as that of its entry in the trail.
    client.post(_url("compliance:override-review", override_id=row.event.target_id), {"verdict": "justified"})
    reviewed = client.get(_url("compliance:overrides"))
    assert b"Justified" in reviewed.content
    assert [row.verdict for row in reviewed.context["rows"]] == ["justified"]


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


@pytest.mark.parametrize(
    ("page", "limit"),
    [("compliance:trail", 8), ("compliance:overrides", 8), ("compliance:consents", 8), ("compliance:licences", 8)],
)
def test_a_page_asks_the_database_few_times(cast: Cast, client: Client, page: str, limit: int) -> None:
    for number in range(12):
        _override(cast, f"reason {number}")
    sign_in(client, cast.ingrid_user)
    client.get(_url(page))  # the session and what is kept once a process
    with CaptureQueriesContext(connection) as caught:
        assert client.get(_url(page)).status_code == 200
    asked = counted(query["sql"] for query in caught)
    assert len(asked) <= limit, "\n".join(asked)
    trail = [query["sql"] for query in caught if "audit_" in query["sql"] and query["sql"].startswith("SELECT")]
    assert len(trail) <= 11, "\n".join(trail)


def test_a_licence_shows_what_it_would_allow_and_keeps_nothing(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    typed = {"state": "CT", "licence_type": "full", "status": "active", "preview": "1"}
    address = _url("compliance:licence-add", practitioner_id=cast.maya.id)
    page = client.post(address, typed)
    assert page.status_code == 200
    assert (page.context["reach"].added, page.context["reach"].now) == (["Connecticut"], ["New Jersey", "New York"])
    fragment = client.post(address, typed, headers={"HX-Request": "true"}).content
    assert fragment.lstrip().startswith(b"<section")
    assert b"Connecticut" in fragment
    with cast.as_(cast.ingrid_user):
        assert not Licence.objects.filter(state="CT").exists()


def test_changing_a_licence_shows_what_would_be_lost(cast: Cast, client: Client) -> None:
    with cast.as_(cast.ingrid_user):
        licence = Licence.objects.get(practitioner=cast.maya, state="NY")
    sign_in(client, cast.ingrid_user)
    page = client.post(
        _url("compliance:licence-detail", licence_id=licence.id),
        {"state": "NY", "licence_type": "full", "status": "suspended", "period_start": "2024-01-01",
         "period_end": licence.period_end.isoformat(), "preview": "1"},
    )  # fmt: skip
    assert page.context["reach"].lost == ["New York"]
    assert not page.context["reach"].answer.allowed


def test_a_coachs_licence_allows_nothing_and_says_why(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    page = client.post(
        _url("compliance:licence-add", practitioner_id=cast.priya.id),
        {"state": "NY", "licence_type": "full", "status": "active", "preview": "1"},
    )
    reach = page.context["reach"]
    assert (reach.added, reach.answer.allowed) == ([], False)
    assert "profession.not_clinical" in {reason.code for reason in reach.answer.reasons}


def test_a_privilege_needs_its_compact(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    page = client.post(
        _url("compliance:licence-add", practitioner_id=cast.maya.id),
        {"state": "CT", "licence_type": "compact_privilege", "number": "1", "status": "active",
         "period_start": "2026-05-02", "period_end": "2027-05-01", "verified_with": "board"},
    )  # fmt: skip
    assert page.status_code == 422
    assert b"which compact" in page.content


def test_credentials_are_noted_and_the_lists_keep_their_day_when_nobody_looked(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    address = _url("compliance:credentialing-set", practitioner_id=cast.maya.id)
    with cast.as_(cast.ingrid_user):
        looked = Credentialing.objects.get(practitioner=cast.maya).exclusion_checked_at
    client.post(address, {"credentialed_until": "2029-01-31", "lists": "not-looked"})
    with cast.as_(cast.ingrid_user):
        kept = Credentialing.objects.get(practitioner=cast.maya)
    assert (kept.credentialed_until, kept.excluded, kept.exclusion_checked_at) == (date(2029, 1, 31), False, looked)
    client.post(address, {"credentialed_until": "2029-01-31", "lists": "excluded"})
    with cast.as_(cast.ingrid_user):
        kept = Credentialing.objects.get(practitioner=cast.maya)
    assert kept.excluded is True
    assert kept.exclusion_checked_at > looked


def test_consents_show_what_was_given_and_taken_back(cast: Cast, client: Client) -> None:
    with cast.as_(cast.liz_user) as liz:
        services.give_consent(actor=liz, patient=cast.liz, scope="visit", given_by="Liz", visit_id=uuid7())
        given = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        services.withdraw_consent(actor=liz, consent=given)
    sign_in(client, cast.ingrid_user)
    assert client.get(_url("compliance:consents")).content.count(b"LC-20418") == 2
    withdrawn = client.get(_url("compliance:consents") + "?show=withdrawn")
    assert [row.id for row in withdrawn.context["rows"]] == [given.id]
    assert [row.scope for row in client.get(_url("compliance:consents") + "?show=visit").context["rows"]] == ["visit"]
    assert list(client.get(_url("compliance:consents") + "?show=standing").context["rows"]) == []


def test_consents_go_on_where_the_page_ended(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webside.compliance.views.operations.PAGE", 2)
    with cast.as_(cast.liz_user) as liz:
        for _ in range(5):
            services.give_consent(actor=liz, patient=cast.liz, scope="visit", given_by="Liz", visit_id=uuid7())
    sign_in(client, cast.ingrid_user)
    seen, address = [], _url("compliance:consents")
    while True:
        page = client.get(address)
        seen += [row.id for row in page.context["rows"]]
        if not page.context["more"]:
            break
        address = f"{_url('compliance:consents')}?{page.context['more']}"
    assert len(seen) == len(set(seen)) == 5


def test_the_account_of_disclosures_lists_what_left(cast: Cast, client: Client) -> None:
    with cast.as_(cast.liz_user) as liz:
        record("chart.summary.download", actor=liz, patient_id=cast.liz.id, ground="own record")
        record("chart.summary.read", actor=liz, patient_id=cast.liz.id, ground="own record")
    sign_in(client, cast.ingrid_user)
    page = client.get(_url("compliance:disclosures", patient_id=cast.liz.id))
    assert [entry.event.action for entry in page.context["entries"]] == ["chart.summary.download"]
    assert client.get(_url("compliance:disclosures", patient_id=cast.oscar.id)).status_code == 404


def test_what_is_booked_beyond_a_licence_is_shown(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client, cast.ingrid_user)
    monkeypatch.setattr(registry, "_count_booked", None)
    assert b"Visits booked after it" not in client.get(_url("compliance:licences")).content
    monkeypatch.setattr(
        registry, "_count_booked", lambda licences: {each.id: 12 for each in licences if each.state == "NJ"}
    )
    page = client.get(_url("compliance:licences"))
    assert {(row.licence.state, row.booked) for row in page.context["rows"]} >= {("NJ", 12), ("NY", 0)}
    assert b"Visits booked after it" in page.content
