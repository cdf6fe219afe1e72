"""Places that help with visits: who keeps them, what is asked of them, closing and opening again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.core import frames
from webside.core.actor import system
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import Kit, SiteKind
from webside.visits.models import Site
from webside.visits.tests.factories import SCHOOL, make_site

FORM: dict[str, Any] = {
    "name": "Kingston School, health room", "kind": "school", "address_line": "77 Ulster Road, side entrance",
    "city": "Kingston", "state": "NY", "postal_code": "12401", "phone": "845-555-0170",
    "kit": ["stethoscope", "exam_camera"],
}  # fmt: skip


def _url(name: str, *parts: Any) -> str:
    return reverse(f"visits:{name}", args=["larkspur", *parts])


def _signed_in(cast: Cast, who: str) -> Client:
    return sign_in(Client(), getattr(cast, f"{who}_user"))


@pytest.mark.parametrize("who", ["grace", "admin"])
def test_front_desk_and_administrators_add_a_place(cast: Cast, who: str) -> None:
    client = _signed_in(cast, who)
    assert "No place is on the list yet" in client.get(_url("site-list")).content.decode()
    page = client.post(_url("site-add"), FORM, follow=True).content.decode()
    assert "is added" in page and "77 Ulster Road" in page and "digital stethoscope" in page
    with cast.as_(cast.grace_user) as grace:
        (site,) = selectors.sites(grace)
        assert (site.kind, site.kit) == (SiteKind.SCHOOL, [Kit.EXAM_CAMERA, Kit.STETHOSCOPE])
        assert AuditEvent.objects.filter(action="visits.site.add", target_label=site.name).exists()


@pytest.mark.parametrize("who", ["liz", "maya", "marcus", "ingrid", "mallory"])
def test_nobody_else_sees_or_changes_them(cast: Cast, who: str) -> None:
    site = make_site(cast)
    client = _signed_in(cast, who)
    assert client.get(_url("site-list")).status_code == 404
    assert client.post(_url("site-add"), FORM).status_code == 404
    for name in ("site-change", "site-close", "site-reopen"):
        assert client.post(_url(name, site.id), FORM).status_code == 404
    with cast.as_(cast.maya_user) as maya:
        assert not selectors.sites(maya)
        for refused in (services.close_site, services.reopen_site):
            with pytest.raises(services.NotAllowed):
                refused(actor=maya, site=site)
        with pytest.raises(services.NotAllowed):
            services.add_site(actor=maya, **SCHOOL | {"name": "Another"})
        with pytest.raises(services.NotAllowed):
            services.change_site(actor=maya, site=site, **SCHOOL)
        assert Site.objects.get().closed_at is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": " "}, "Enter the name of the place."),
        ({"kind": "castle"}, "castle is not one of"),
        ({"address_line": ""}, "Enter the street and number."),
        ({"state": "ZZ"}, "ZZ is not one of"),
        ({"postal_code": "124"}, "Enter the five digits of the ZIP code"),
        ({"phone": "555"}, "This number is too short"),
        ({"kit": ["scalpel"]}, "scalpel is not one of"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(cast: Cast, given: dict[str, Any], said: str) -> None:
    grace = _signed_in(cast, "grace")
    page = grace.post(_url("site-add"), FORM | given, follow=True).content.decode()
    assert said in page
    assert ("77 Ulster Road" in page) is ("address_line" not in given)
    with cast.as_(cast.grace_user):
        assert not Site.objects.exists()


def test_the_same_place_twice_is_said_not_added(cast: Cast) -> None:
    site = make_site(cast)
    grace = _signed_in(cast, "grace")
    page = grace.post(_url("site-add"), FORM | {"name": SCHOOL["name"].upper()}, follow=True).content.decode()
    assert "is on your list already" in page
    with cast.as_(cast.grace_user) as actor:
        with pytest.raises(services.KnownSite):
            services.add_site(actor=actor, **SCHOOL)
        with pytest.raises(IntegrityError), transaction.atomic():
            Site.objects.create(**SCHOOL)
        # One that is closed stands in nobody's way; it can't be opened again beside the new one.
        services.close_site(actor=actor, site=site)
        services.add_site(actor=actor, **SCHOOL)
        with pytest.raises(services.KnownSite):
            services.reopen_site(actor=actor, site=site)


def test_a_change_says_what_was_changed(cast: Cast) -> None:
    site = make_site(cast)
    grace = _signed_in(cast, "grace")
    assert SCHOOL["phone"] in grace.get(_url("site-change", site.id)).content.decode()
    page = grace.post(_url("site-change", site.id), FORM | {"phone": "845-555-0199"}, follow=True).content.decode()
    assert "is changed" in page and "845-555-0199" in page
    with cast.as_(cast.grace_user):
        event = AuditEvent.objects.get(action="visits.site.change")
    assert event.changes == {"phone": "845-555-0199", "kit": ["exam_camera", "stethoscope"]}


def test_one_that_is_closed_can_be_chosen_by_nobody_and_comes_back_with_one_press(cast: Cast) -> None:
    site = make_site(cast)
    grace = _signed_in(cast, "grace")
    page = grace.post(_url("site-close", site.id), follow=True).content.decode()
    assert "is closed" in page and _url("site-reopen", site.id) in page
    with cast.as_(cast.grace_user):
        assert selectors.open_sites() == []
    assert "is open again" in grace.post(_url("site-reopen", site.id), follow=True).content.decode()
    with cast.as_(cast.grace_user):
        assert selectors.open_sites() == [site]


def test_there_are_no_more_than_a_list_holds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    make_site(cast)
    monkeypatch.setattr("webside.visits.services.sites.MOST_SITES", 1)
    page = _signed_in(cast, "grace").post(_url("site-add"), FORM | {"name": "Another"}, follow=True).content.decode()
    assert "There are 1 places already" in page


def test_a_place_of_another_clinic_is_none_here(cast: Cast) -> None:
    with frames.begin(tenant_id=cast.northgate.id, actor=(actor := system("tests", cast.northgate.id))):
        theirs = services.add_site(actor=actor, **SCHOOL)
    grace = _signed_in(cast, "grace")
    assert grace.get(_url("site-change", theirs.id)).status_code == 404
    assert SCHOOL["name"] not in grace.get(_url("site-list")).content.decode()
