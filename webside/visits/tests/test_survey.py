"""How was it: two questions, never required, once for each seat, not in the chart."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart.models import Note
from webside.core import clock
from webside.scheduling.services import issue_link
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.models import SurveyAnswer, Visit
from webside.visits.tests import factories

WORDS = "The picture froze, but she listened"


def _over(cast: Cast, *, failed: bool = False) -> Visit:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        services.start_visit(actor=maya, visit=visit, started_at=clock.now())
        (services.fail_visit if failed else services.end_visit)(actor=maya, visit=visit)
        return selectors.visit(maya, visit.id)


def _url(visit: Visit, name: str = "visit-survey") -> str:
    return reverse(f"visits:{name}", args=["larkspur", visit.id])


@pytest.mark.parametrize("failed", [False, True])
def test_two_questions_are_asked_after_a_visit_and_after_one_that_failed(cast: Cast, failed: bool) -> None:
    visit = _over(cast, failed=failed)
    liz = sign_in(Client(), cast.liz_user)
    assert "How was it? Two questions" in liz.get(_url(visit, "visit-ended")).content.decode()
    page = liz.get(_url(visit)).content.decode()
    assert page.count('type="radio"') == 10 and "required" not in page.split("<form", 1)[1].split("</form>")[0]
    answer = liz.post(_url(visit), {"call": "2", "purpose": "4", "words": WORDS}, follow=True).content.decode()
    assert "Thank you" in answer and "Change what you said" in answer
    with cast.as_(cast.liz_user):
        found = SurveyAnswer.objects.get()
        assert (found.call, found.purpose, found.words) == (2, 4, WORDS)


def test_one_question_is_enough_and_none_is_told_that_nobody_has_to(cast: Cast) -> None:
    visit = _over(cast)
    liz = sign_in(Client(), cast.liz_user)
    assert "you don’t have to answer" in liz.post(_url(visit), {}, follow=True).content.decode()
    for form in ({"call": "6"}, {"purpose": "0"}, {"call": "x"}):
        liz.post(_url(visit), form)
    with cast.as_(cast.liz_user):
        assert not SurveyAnswer.objects.exists()
    liz.post(_url(visit), {"purpose": "5"})
    with cast.as_(cast.liz_user):
        found = SurveyAnswer.objects.get()
        assert (found.call, found.purpose) == (None, 5)


def test_it_is_changed_for_a_day_and_stays_one_answer(cast: Cast) -> None:
    visit = _over(cast)
    with cast.as_(cast.liz_user) as liz:
        services.answer_survey(actor=liz, visit=visit, call=1, purpose=1)
    with time_machine.travel(clock.now() + timedelta(hours=23), tick=False), cast.as_(cast.liz_user) as liz:
        services.answer_survey(actor=liz, visit=visit, call=4, purpose=None)
        found = SurveyAnswer.objects.get()
        assert (found.call, found.purpose) == (4, None)
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        with cast.as_(cast.liz_user) as liz, pytest.raises(services.WrongStage):
            services.answer_survey(actor=liz, visit=visit, call=5, purpose=5)
        client = sign_in(Client(), cast.liz_user)
        assert client.get(_url(visit)).status_code == 302
        assert "You told us how this visit was" in client.get(_url(visit, "visit-ended")).content.decode()


def test_it_is_not_asked_before_the_end(cast: Cast) -> None:
    visit = factories.admitted(cast)
    assert sign_in(Client(), cast.liz_user).get(_url(visit)).status_code == 302
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.WrongStage):
        services.answer_survey(actor=liz, visit=visit, call=5, purpose=5)


def test_a_link_answers_and_reads_nothing_that_was_said(cast: Cast) -> None:
    visit = _over(cast)
    with cast.as_(cast.liz_user) as liz:
        services.answer_survey(actor=liz, visit=visit, call=2, purpose=2, words=WORDS)
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=visit.appointment, since=clock.now())
    by_link = Client()
    by_link.get(reverse("scheduling:link-open", args=["larkspur", token]))
    page = by_link.get(_url(visit)).content.decode()
    assert WORDS not in page and "checked" not in page
    by_link.post(_url(visit), {"call": "5"})
    with cast.as_(cast.liz_user):
        assert SurveyAnswer.objects.get().call == 5


@pytest.mark.parametrize("who", ["maya", "daniel", "grace", "mallory"])
def test_nobody_else_answers(cast: Cast, who: str) -> None:
    visit = _over(cast)
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert client.get(_url(visit)).status_code == 404
    assert client.post(_url(visit), {"call": "5"}).status_code == 404


def test_nothing_of_it_is_in_the_chart_or_the_trail(cast: Cast) -> None:
    visit = _over(cast)
    with cast.as_(cast.liz_user) as liz:
        services.answer_survey(actor=liz, visit=visit, call=2, purpose=2, words=WORDS)
    maya = sign_in(Client(), cast.maya_user)
    for address in (_url(visit, "visit-ended"), reverse("chart:encounter-sign", args=["larkspur", visit.encounter_id])):
        assert WORDS not in maya.get(address).content.decode()
    with cast.as_(cast.maya_user):
        assert WORDS not in str(list(Note.objects.values()))
        trail = AuditEvent.objects.get(action="visits.survey.answer")
        assert WORDS not in str(trail.changes) and trail.changes == {}
