"""A browser that nobody uses is signed out; others of the same person can be signed out from here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from webside.accounts import rules, selectors, services
from webside.accounts.models import SignIn
from webside.core import clock
from webside.testing.cast import PASSWORD, Cast, sign_in
from webside.testing.queries import page_queries

HOME = "/o/larkspur/home/"
FETCHED = {"Sec-Fetch-Mode": "cors"}
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@contextmanager
def later(**after: float) -> Iterator[datetime]:
    """Let time pass."""
    moment = clock.now() + timedelta(**after)
    with time_machine.travel(moment, tick=False):
        yield moment


@contextmanager
def writes(action: str) -> Iterator[None]:
    """Assert that the trail gets one entry with ``action``. It is of no clinic, so that none can read it back."""
    with CaptureQueriesContext(connection) as asked:  # type: ignore[no-untyped-call]
        yield
    entries = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("INSERT INTO audit_")]
    assert len([sql for sql in entries if f"'{action}'" in sql and "'Liz Moreno'" in sql]) == 1, entries


@pytest.mark.parametrize(
    ("says", "name"),
    [
        (CHROME, "Chrome on Windows"),
        (CHROME + " Edg/140.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_browsers_have_names(says: str, name: str) -> None:
    assert rules.device_name(says) == name


def test_who_leaves_the_browser_alone_is_signed_out_and_led_back(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    assert client.get(HOME).status_code == 200
    with later(minutes=31):
        assert client.get(HOME).status_code == 200, "the page asks for two minutes; the server waits as long"
    with later(minutes=31 + 33), writes("accounts.session.expire"):
        answer = client.get(HOME + "?day=1")
        assert answer.status_code == 302
        assert answer["Location"] == "/accounts/login/?next=/o/larkspur/home/%3Fday%3D1"
        assert "nobody used this browser" in client.get(answer["Location"]).content.decode()
        assert client.get(HOME).status_code == 302
    assert not SignIn.objects.exists()


def test_staff_are_signed_out_sooner(cast: Cast, client: Client) -> None:
    sign_in(client, cast.maya_user)
    with later(minutes=16):
        assert client.get(HOME).status_code == 200
    with later(minutes=16 + 18):
        assert client.get(HOME)["Location"].startswith("/accounts/login/")


def test_what_a_page_fetches_by_itself_is_no_use_of_it(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    for minute in range(5, 32, 3):
        with later(minutes=minute):
            assert client.get(HOME, headers=FETCHED).status_code == 200
    with later(minutes=33):
        assert client.get(HOME, headers=FETCHED)["Location"].startswith("/accounts/login/"), "as any visitor's"
        assert "_auth_user_id" not in client.session


def test_typing_is_use(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    for minute in range(20, 101, 20):
        with later(minutes=minute):
            assert client.post(reverse("accounts:session"), headers=FETCHED).json()["who"]


def test_a_page_asks_who_is_signed_in_and_gets_a_mark_and_a_token(cast: Cast, client: Client) -> None:
    state = reverse("accounts:session")
    assert client.get(state).json() == {"who": ""}
    sign_in(client, cast.liz_user)
    liz = client.get(state).json()
    assert f'data-who="{liz["who"]}"' in client.get(HOME).content.decode()
    assert str(cast.liz_user.id) not in liz["who"] and liz["csrf"]
    client.post(reverse("accounts:session-end"))
    assert client.get(state).json() == {"who": ""}
    assert client.post(reverse("accounts:session-end")).status_code == 204, "asked twice"
    sign_in(client, cast.daniel_user)
    assert client.get(state).json()["who"] != liz["who"]


def test_use_is_written_once_a_minute(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    client.get(HOME)
    for seconds, more in ((0, 0), (50, 0), (70, 1)):
        with later(seconds=seconds) as then, page_queries() as asked:
            client.get("/devices/")
        assert len(asked) == 1 + more, asked
    assert SignIn.objects.get().seen_at == then


def test_somebody_signs_out_in_another_browser(cast: Cast, client: Client) -> None:
    phone, stranger = Client(headers={"User-Agent": CHROME}), Client()
    cast.liz_user.set_password(PASSWORD)
    cast.liz_user.save()
    sign_in(client, cast.liz_user)
    phone.post("/accounts/login/", {"login": cast.liz_user.email, "password": PASSWORD})
    sign_in(stranger, cast.daniel_user)
    page = client.get("/devices/")
    assert "Chrome on Windows" in page.content.decode()
    assert [each.user for each in (page.context["this"], *page.context["others"])] == [cast.liz_user] * 2
    other = page.context["others"][0]
    assert client.post(reverse("accounts:device-end", args=[page.context["this"].id])).status_code == 404, "this one"
    assert stranger.post(reverse("accounts:device-end", args=[other.id])).status_code == 302
    assert phone.get(HOME).status_code == 200, "somebody else can’t"
    client.post(reverse("accounts:device-end", args=[other.id]))
    assert phone.get(HOME).status_code == 302
    assert client.get(HOME).status_code == stranger.get(HOME).status_code == 200
    assert client.post(reverse("accounts:device-end", args=[other.id])).status_code == 302, "gone already"


def test_somebody_signs_out_everywhere_else(cast: Cast, client: Client) -> None:
    browsers = [Client() for _ in range(3)]
    for browser in (client, *browsers):
        sign_in(browser, cast.liz_user)
    with writes("accounts.device.end"):
        client.post(reverse("accounts:device-end-others"))
    assert [browser.get(HOME).status_code for browser in (client, *browsers)] == [200, 302, 302, 302]
    assert "nowhere else" in client.get("/devices/").content.decode()


def test_a_session_that_changes_its_key_is_still_found(cast: Cast, client: Client) -> None:
    """A new password gives the session another key. Shown failing with the key of the sign-in alone."""
    phone = Client()
    for browser in (client, phone):
        sign_in(browser, cast.liz_user)
    session = phone.session
    session.cycle_key()
    session.save()
    phone.cookies["webside_session"] = session.session_key
    assert phone.get(HOME).status_code == 200
    client.post(reverse("accounts:device-end-others"))
    with later(seconds=70):
        assert phone.get(HOME).status_code == 302


def test_nobody_ends_what_is_somebody_elses(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    theirs = list(SignIn.objects.all())
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.end_sign_ins(actor=daniel, sign_ins=theirs)
    with cast.as_(cast.daniel_user) as daniel:
        assert not selectors.sign_ins(daniel)
    assert client.get(HOME).status_code == 200


def test_a_sign_in_from_before_they_were_noted_goes_on(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    SignIn.objects.all().delete()
    session: Any = client.session
    for name in ("sign_in", "sign_in_began", "sign_in_used", "sign_in_minutes"):
        del session[name]
    session.save()
    assert client.get(HOME).status_code == 200
    assert SignIn.objects.get().user == cast.liz_user
