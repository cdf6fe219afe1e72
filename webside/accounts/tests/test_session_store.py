"""Two pages of one browser write its session at once."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as AsDjangoDoes
from django.test import Client
from django.urls import reverse

from webside.accounts.session_store import SessionStore
from webside.testing.cast import Cast

pytestmark = pytest.mark.django_db


def begun(**data: str) -> str:
    session = SessionStore()
    session.update(data)
    session.save()
    assert session.session_key
    return session.session_key


@pytest.mark.parametrize(("kind", "kept"), [(SessionStore, True), (AsDjangoDoes, False)])
def test_a_request_undoes_nothing_that_another_one_has_written(kind: type[AsDjangoDoes], kept: bool) -> None:
    """Django's own undoes it: this is what the clinic's is there for."""
    key = begun(used="9:00", told="once")
    page, form = kind(key), kind(key)
    assert page["used"] == form["used"]
    form["code"] = "123456"
    del form["told"]
    form.save()
    page["used"] = "9:01"
    page.save()
    now = SessionStore(key)
    assert ("code" in now, "told" not in now) == (kept, kept)
    assert now["used"] == "9:01"


def test_what_both_change_is_as_the_last_one_says() -> None:
    key = begun(place="NY", list="1")
    first, second = SessionStore(key), SessionStore(key)
    first["place"], second["place"] = "NJ", "CT"
    first.save()
    second.pop("list")
    second.save()
    assert dict(SessionStore(key).items()) == {"place": "CT"}


def test_the_same_request_may_write_twice_and_sees_what_came_meanwhile() -> None:
    key = begun(used="9:00")
    page, form = SessionStore(key), SessionStore(key)
    page["used"] = "9:01"
    form["code"] = "123456"
    form.save()
    page.save()
    assert page["code"] == "123456"
    del page["code"]
    page.save()
    assert "code" not in SessionStore(key)


def test_a_session_that_was_ended_is_not_begun_again_by_a_page_that_comes_late() -> None:
    key = begun(used="9:00")
    page = SessionStore(key)
    page["used"] = "9:01"
    SessionStore(key).flush()
    with pytest.raises(UpdateError):
        page.save()
    assert not SessionStore(key).exists(key)


def test_a_session_that_changes_its_key_keeps_all_of_it() -> None:
    key = begun(used="9:00", place="NY")
    page = SessionStore(key)
    page["used"] = "9:01"
    page.cycle_key()
    page.save()
    assert page.session_key != key
    assert dict(SessionStore(page.session_key).items()) == {"used": "9:01", "place": "NY"}


COOKIE = "webside_session"


def test_an_answer_that_comes_late_takes_no_newer_key_from_the_browser(cast: Cast) -> None:
    """A page asked something; she signed in meanwhile, and the session has another key. Django's own answer would end it."""
    browser, page = Client(), Client()
    browser.cookies[COOKIE] = page.cookies[COOKIE] = begun(place="NY")
    browser.force_login(cast.liz_user)
    assert browser.cookies[COOKIE].value != page.cookies[COOKIE].value
    assert COOKIE not in page.get("/o/larkspur/").cookies
    key = browser.cookies[COOKIE].value
    browser.post(reverse("account_logout"))
    assert not SessionStore().exists(key), "who signs out has none"
