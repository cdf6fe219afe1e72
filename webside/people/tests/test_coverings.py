"""Covering for a colleague: who sets it, for whom, from when until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from webside.accounts.models import Membership
from webside.core import clock
from webside.people import selectors, services
from webside.people.models import Covering
from webside.testing.cast import Cast, sign_in


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("maya", True),
        ("grace", True),
        ("daniel", False),
        ("priya", False),
        ("ingrid", False),
        ("admin", False),
        ("liz", False),
    ],
)
def test_who_is_away_says_so_or_the_front_desk(cast: Cast, who: str, may: bool) -> None:
    """Nobody takes a colleague's patients by wish: Daniel can't make himself the cover of Maya."""
    now = clock.now()
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        given = {"actor": actor, "absent": cast.maya, "cover": cast.daniel, "starts_at": now}
        if not may:
            with pytest.raises(services.NotAllowed):
                services.set_covering(**given, ends_at=now + timedelta(days=1))
            return
        made = services.set_covering(**given, ends_at=now + timedelta(days=1))
        assert [each.absent for each in selectors.covered(cast.daniel_user.id, now)] == [cast.maya]
        services.end_covering(actor=actor, covering=made)
        assert not selectors.covered(cast.daniel_user.id, now).exists()


def test_it_holds_from_its_first_moment_until_its_last(cast: Cast) -> None:
    now = clock.now()
    with cast.as_(cast.maya_user) as maya:
        services.set_covering(
            actor=maya, absent=cast.maya, cover=cast.daniel, starts_at=now, ends_at=now + timedelta(hours=2)
        )
        for hours, holds in ((-1, False), (0, True), (1, True), (2, False)):
            assert selectors.covered(cast.daniel_user.id, now + timedelta(hours=hours)).exists() is holds


@pytest.mark.parametrize("wrong", ["herself", "coach", "backwards", "too long", "past"])
def test_what_can_not_be(cast: Cast, wrong: str) -> None:
    now = clock.now()
    cover = {"herself": cast.maya, "coach": cast.priya}.get(wrong, cast.daniel)
    starts, ends = {
        "backwards": (now + timedelta(days=2), now + timedelta(days=1)),
        "too long": (now, now + timedelta(days=61)),
        "past": (now - timedelta(days=2), now - timedelta(days=1)),
    }.get(wrong, (now, now + timedelta(days=1)))
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NoSuchCover):
        services.set_covering(actor=maya, absent=cast.maya, cover=cover, starts_at=starts, ends_at=ends)


def test_the_database_too_wants_two_people(cast: Cast) -> None:
    now = clock.now()
    with cast.as_(cast.maya_user), pytest.raises(IntegrityError), transaction.atomic():
        Covering.objects.create(
            absent=cast.maya, cover=cast.maya, starts_at=now, ends_at=now + timedelta(days=1), set_by="x"
        )


@pytest.mark.parametrize(("who", "led"), [("maya", True), ("grace", True), ("ingrid", False), ("liz", False)])
def test_who_may_finds_the_place(cast: Cast, client: Client, who: str, led: bool) -> None:
    home = sign_in(client, getattr(cast, f"{who}_user")).get("/o/larkspur/home/", follow=True).content.decode()
    assert (reverse("people:covering-list", args=["larkspur"]) in home) is led
    assert (reverse("people:delegate-list", args=["larkspur"]) in home) is (who == "liz")


def test_the_page_sets_and_ends_it(cast: Cast, client: Client) -> None:
    maya = sign_in(client, cast.maya_user)
    page = reverse("people:covering-list", args=["larkspur"])
    begins = timezone.localtime(clock.now()) + timedelta(hours=1)
    sent = {
        "absent": cast.maya.id, "cover": cast.daniel.id, "starts_at": begins.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begins + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    assert maya.post(page, sent | {"cover": cast.maya.id}).status_code == 422
    assert maya.post(page, sent).status_code == 302
    assert "Dr. Daniel Whitfield" in maya.get(page).content.decode()
    with cast.as_(cast.maya_user):
        made = Covering.objects.get()
    end = reverse("people:covering-end", args=["larkspur", made.id])
    assert sign_in(Client(), cast.daniel_user).post(end).status_code == 404
    assert sign_in(client, cast.maya_user).post(end).status_code == 302
    assert "Nobody covers" in client.get(page).content.decode()


def test_nobody_makes_herself_the_cover_of_another_though_she_is_the_front_desk_too(cast: Cast) -> None:
    Membership.objects.filter(user=cast.daniel_user).update(roles=["clinician", "coordinator"])
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.set_covering(
            actor=daniel, absent=cast.maya, cover=cast.daniel, starts_at=clock.now(),
            ends_at=clock.now() + timedelta(days=1),
        )  # fmt: skip
