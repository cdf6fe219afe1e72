"""What people said in their own words: whole weeks, never so few that somebody is recognised, and not for everybody."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from webside.core import clock
from webside.core.dated import ended, load
from webside.portal import rules, selectors
from webside.portal.tests.factories import appointment, visit
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import page_queries
from webside.visits import rules as visit_rules
from webside.visits.models import Participant, SurveyAnswer

MINUTES_OF_A_WEEK = 7 * 24 * 60


def _say(cast: Cast, weeks_ago: int, *texts: str) -> None:
    """Let somebody say each of ``texts`` on the Wednesday of a week that is so many weeks ago."""
    now = clock.now().astimezone(ZoneInfo(cast.larkspur.timezone))
    wednesday = now - timedelta(days=now.weekday() - 2, weeks=weeks_ago)
    with cast.as_(cast.maya_user):
        for place, text in enumerate(texts):
            booked = appointment(cast, minutes=-weeks_ago * MINUTES_OF_A_WEEK + 30 * place)
            seat = Participant.objects.create(visit=visit(booked), role="patient", name="Liz")
            SurveyAnswer.objects.create(participant=seat, call=4, purpose=2, words=text, answered_at=wednesday)


def _words(cast: Cast, **asked: object) -> selectors.Words:
    with cast.as_(cast.admin_user) as actor:
        found = selectors.words(actor, cast.larkspur, **asked)  # type: ignore[arg-type]
        assert found is not None
        found.said._fetch_all()
    return found


@pytest.mark.parametrize(
    ("counts", "fewest", "expected"),
    [
        ([5, 4, 1, 7], 5, [(0, 0), (1, 2), (3, 3)]),
        ([1, 1, 1], 5, []),
        ([2, 2, 2, 1], 5, [(0, 2)]),
        ([9], 5, [(0, 0)]),
        ([], 5, []),
        ([9, 9], None, []),
    ],
)
def test_weeks_are_read_together_until_they_are_enough(
    counts: list[int], fewest: int | None, expected: list[tuple[int, int]]
) -> None:
    assert rules.bundles(counts, fewest) == expected
    for more in range(4):
        assert rules.bundles([*counts, more], fewest)[: len(expected)] == expected, "what comes later changes none"


def test_words_come_once_they_are_enough_and_never_from_a_week_that_is_not_over(cast: Cast) -> None:
    _say(cast, 3, "slow", "kind")
    _say(cast, 2, "clear", "late")
    _say(cast, 0, *(f"today {number}" for number in range(9)))
    assert (_words(cast).since, _words(cast).waiting) == (None, 13)
    _say(cast, 1, "patient")
    found = _words(cast)
    assert {each["words"] for each in found.said} == {"slow", "kind", "clear", "late", "patient"}
    assert set(found.said[0]) == {"words", "call", "purpose"}, "nothing beside it says who, when or with whom"
    assert (found.number, found.waiting, found.earlier, found.later) == (5, 9, None, None)


def test_one_goes_from_bundle_to_bundle(cast: Cast) -> None:
    _say(cast, 5, *"abcde")
    _say(cast, 2, *"fghij")
    newest = _words(cast)
    assert {each["words"] for each in newest.said} == set("fghij") and newest.later is None
    older = _words(cast, within=newest.earlier)
    assert {each["words"] for each in older.said} == set("abcde") and older.earlier is None
    assert older.later == newest.since


def test_without_a_row_that_says_how_few_are_too_few_nothing_is_read(cast: Cast) -> None:
    _say(cast, 2, *"abcdef")
    row = next(row for row in load(visit_rules.FIGURES).rows if row.id == "survey-fewest")
    with ended(row):
        assert (_words(cast).since, _words(cast).waiting) == (None, 6)


def test_who_reads_them_and_what_the_page_does_not_tell(cast: Cast) -> None:
    _say(cast, 2, "It <b>froze</b>\ntwice", *"abcde")
    page = reverse("portal:words", args=["larkspur"])
    for who in ("admin", "ingrid"):
        text = sign_in(Client(), getattr(cast, f"{who}_user")).get(page).content.decode()
        assert "It &lt;b&gt;froze&lt;/b&gt;<br>twice" in text and "4 of 5" in text
        assert cast.liz.family not in text and cast.maya.family not in text
    for who in ("grace", "liz", "maya", "marcus", "mallory"):
        assert sign_in(Client(), getattr(cast, f"{who}_user")).get(page).status_code == 404


@pytest.mark.parametrize("asked", ["", "yesterday", "2026-02-31", "0001-01-01", "9999-12-31", "2026-11-02T03:00"])
def test_any_address_gives_a_page(cast: Cast, asked: str) -> None:
    _say(cast, 2, *"abcde")
    client, page = sign_in(Client(), cast.admin_user), reverse("portal:words", args=["larkspur"])
    answer = client.get(page, {"within": asked, "page": asked})
    assert answer.status_code == 200 and ">a<" in answer.content.decode()


def test_many_words_cost_as_many_queries_as_few_and_come_in_pages(cast: Cast) -> None:
    client, page = sign_in(Client(), cast.admin_user), reverse("portal:words", args=["larkspur"])
    _say(cast, 2, *"abcde")
    with page_queries() as few:
        client.get(page)
    _say(cast, 1, *(f"word {number}" for number in range(60)))
    with page_queries() as many:
        answer = client.get(page)
    assert len(many) == len(few) == 2
    assert answer.content.decode().count("<blockquote>") == 50 and "1 to 50 of 60" in answer.content.decode()
