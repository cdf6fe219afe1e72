"""Something is wrong: it reaches a person, and the patient is told truly whether somebody has it."""

from __future__ import annotations

import email
from datetime import timedelta
from email.policy import default
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.core import clock, timers
from webside.core.models import Timer
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.services import deliver_due
from webside.scheduling.services import issue_link
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import page_queries
from webside.visits import rules, selectors, services
from webside.visits.models import HelpRequest, Visit
from webside.visits.tests import factories

WORDS = "I hear nobody, and my doctor asked about my chest"


def _ask(cast: Cast, visit: Visit, key: str = "one", words: str = WORDS) -> HelpRequest:
    with cast.as_(cast.liz_user) as liz:
        return services.ask_for_help(actor=liz, visit=visit, words=words, phone="845-555-0142", client_key=key)


def _page(visit: Visit) -> str:
    return reverse("visits:visit-help", args=["larkspur", visit.id])


def _state(cast: Cast, visit: Visit) -> str:
    return sign_in(Client(), cast.liz_user).get(_page(visit), {"part": "state"}).content.decode()


def _told(template: str) -> int:
    return OutgoingMessage.objects.filter(template=template).count()


def test_the_page_says_first_what_to_do_in_an_emergency_then_takes_a_few_words(cast: Cast) -> None:
    visit = factories.admitted(cast)
    liz = sign_in(Client(), cast.liz_user)
    page = liz.get(_page(visit)).content.decode()
    assert page.index("tel:911") < page.index("<textarea")
    assert "tel:988" in page and "Nobody watches this page all the time" in page
    answer = liz.post(_page(visit), {"words": WORDS, "phone": "845-555-0142", "key": "one"}, follow=True)
    assert "Nobody has seen it yet" in answer.content.decode()
    with cast.as_(cast.liz_user):
        assert HelpRequest.objects.get().words == WORDS


def test_what_is_refused_keeps_what_was_typed(cast: Cast) -> None:
    visit = factories.planned(cast)
    liz = sign_in(Client(), cast.liz_user)
    answer = liz.post(_page(visit), {"words": WORDS, "phone": "12", "key": "one"}, follow=True).content.decode()
    assert "This number is too short" in answer and WORDS in answer
    with cast.as_(cast.liz_user):
        assert not HelpRequest.objects.exists()


def test_a_link_is_enough_and_shows_nothing_that_was_typed_before(cast: Cast) -> None:
    visit = factories.admitted(cast)
    _ask(cast, visit)
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=visit.appointment, since=clock.now())
    by_link = Client()
    by_link.get(reverse("scheduling:link-open", args=["larkspur", token]))
    page = by_link.get(_page(visit)).content.decode()
    assert "Nobody has seen it yet" in page
    assert WORDS not in page and factories.ANSWERS["phone"] not in page
    assert by_link.post(_page(visit), {"words": "Help", "key": "two"}).status_code == 302
    with cast.as_(cast.maya_user):
        assert HelpRequest.objects.count() == 2


def test_the_same_form_twice_is_one_request_and_a_flood_is_told_to_call(cast: Cast) -> None:
    visit = factories.admitted(cast)
    assert _ask(cast, visit).id == _ask(cast, visit).id
    most = rules.most_help(clock.now().date())
    assert most is not None
    for number in range(1, most):
        _ask(cast, visit, f"more-{number}")
    with pytest.raises(services.TooMany):
        _ask(cast, visit, "too many")
    liz = sign_in(Client(), cast.liz_user)
    answer = liz.post(_page(visit), {"words": WORDS, "key": "too many"}, follow=True).content.decode()
    assert "This one was not sent" in answer and WORDS in answer
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1), tick=False):
        _ask(cast, visit, "later")
    with cast.as_(cast.maya_user), transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        HelpRequest.objects.create(visit=visit, asked_by="", words="", client_key="one")


def test_the_patient_reads_who_has_it_and_that_it_was_answered(cast: Cast) -> None:
    visit = factories.admitted(cast)
    found = _ask(cast, visit)
    assert "Nobody has seen it yet" in _state(cast, visit)
    with cast.as_(cast.grace_user) as grace:
        services.take_help(actor=grace, help_id=found.id)
    state = _state(cast, visit)
    assert "A person has it" in state and str(cast.grace_user) in state and "Nobody has seen it yet" not in state
    with cast.as_(cast.grace_user) as grace:
        services.answer_help(actor=grace, help_id=found.id, answer="Called her; goes on by phone")
    state = _state(cast, visit)
    assert "Answered" in state and "goes on by phone" not in state


def test_what_sounds_dangerous_is_sent_and_says_911_again(cast: Cast) -> None:
    visit = factories.admitted(cast)
    _ask(cast, visit, words="I have crushing chest pain and can't breathe")
    assert "What you wrote sounds dangerous" in _state(cast, visit)


def test_who_takes_it_from_a_colleague_says_so(cast: Cast) -> None:
    visit = factories.admitted(cast)
    found = _ask(cast, visit)
    with cast.as_(cast.grace_user) as grace:
        services.take_help(actor=grace, help_id=found.id)
        HelpRequest.objects.filter(id=found.id).update(taker=cast.maya_user, taken_by="Somebody else")
        with pytest.raises(services.TakenAlready):
            services.take_help(actor=grace, help_id=found.id)
        assert services.take_help(actor=grace, help_id=found.id, over=True).taken_by == str(cast.grace_user)


@pytest.mark.parametrize("who", ["liz", "maya", "daniel", "ingrid", "admin", "mallory"])
def test_nobody_but_the_front_desk_reads_takes_or_answers(cast: Cast, who: str) -> None:
    found = _ask(cast, factories.admitted(cast))
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    board = reverse("visits:help-list", args=["larkspur"])
    assert client.get(board).status_code == 404
    for name in ("help-take", "help-answer"):
        assert client.post(reverse(f"visits:{name}", args=["larkspur", found.id]), {"answer": "x"}).status_code == 404
    with cast.as_(cast.grace_user):
        found.refresh_from_db()
        assert (found.taken_at, found.answered_at) == (None, None)


def test_the_front_desk_works_through_the_list(cast: Cast) -> None:
    found = _ask(cast, factories.admitted(cast))
    grace = sign_in(Client(), cast.grace_user)
    assert (
        "1 person says that something is wrong"
        in grace.get(reverse("portal:board", args=["larkspur"])).content.decode()
    )
    board = reverse("visits:help-list", args=["larkspur"])
    page = grace.get(board).content.decode()
    assert WORDS in page and "845-555-0142" in page and "Nobody has it" in page
    grace.post(reverse("visits:help-take", args=["larkspur", found.id]))
    answer = reverse("visits:help-answer", args=["larkspur", found.id])
    assert "Say what was done" in grace.post(answer, {"answer": " "}, follow=True).content.decode()
    page = grace.post(answer, {"answer": "Called her"}, follow=True).content.decode()
    assert "Nobody waits for help" in page and "Called her" in page
    with cast.as_(cast.grace_user):
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"visits.help.ask", "visits.help.read", "visits.help.take", "visits.help.answer"} <= actions


def _run_due(at: Any) -> None:
    with time_machine.travel(at, tick=False):
        timers.run_due()
        deliver_due()


def test_nobody_takes_it_so_more_people_are_told_until_somebody_answers(cast: Cast) -> None:
    visit = factories.admitted(cast)
    found = _ask(cast, visit)
    deliver_due()
    assert (_told("visits/help_asked"), _told("visits/help_unanswered")) == (1, 0)
    asked, after = found.asked_at, rules.help_alarm(found.asked_at.date())
    _run_due(asked + after - timedelta(seconds=1))
    assert _told("visits/help_unanswered") == 0
    _run_due(asked + after + timedelta(seconds=1))
    told = _told("visits/help_unanswered")
    assert told >= 1
    assert "We have told more people" in _state(cast, visit)
    with cast.as_(cast.grace_user) as grace:
        services.take_help(actor=grace, help_id=found.id)
    again = clock.now() + rules.help_again(asked.date()) + timedelta(minutes=1)
    _run_due(again)
    assert _told("visits/help_unanswered") == 2 * told, "taken and forgotten is told again"
    with cast.as_(cast.grace_user) as grace:
        services.answer_help(actor=grace, help_id=found.id, answer="Called her")
    _run_due(again + timedelta(days=1))
    assert _told("visits/help_unanswered") == 2 * told
    assert not Timer.objects.filter(name=services.HELP_TIMER, done_at=None).exists()


def test_no_words_and_no_name_leave_the_page(cast: Cast) -> None:
    """What is sent by e-mail names nobody and says nothing of what was written."""
    _ask(cast, factories.admitted(cast))
    deliver_due()
    message = OutgoingMessage.objects.filter(template="visits/help_asked").get()
    text = email.message_from_bytes(content_of(message), policy=default).get_content()
    assert reverse("visits:help-list", args=["larkspur"]) in text
    assert "chest" not in text and cast.liz.family not in text and cast.liz.family not in message.subject


def test_an_open_request_is_never_out_of_sight(cast: Cast) -> None:
    found = _ask(cast, factories.admitted(cast))
    with time_machine.travel(clock.now() + timedelta(days=30), tick=False), cast.as_(cast.grace_user) as grace:
        assert [each.id for each in selectors.open_help(grace)] == [found.id]
        assert selectors.help_waiting(grace) == 1


def test_the_list_costs_the_same_however_long_it_is(cast: Cast) -> None:
    visit = factories.admitted(cast)
    _ask(cast, visit)
    grace = sign_in(Client(), cast.grace_user)
    board = reverse("visits:help-list", args=["larkspur"])
    grace.get(board)
    with page_queries() as few:
        grace.get(board)
    for number in range(8):
        _ask(cast, visit, f"more-{number}")
    with page_queries() as many:
        grace.get(board)
    assert len(few) == len(many)


def test_the_front_desks_devices_say_it_too_and_nothing_of_whom(cast: Cast) -> None:
    from webside.notifications.services import send_due_pushes
    from webside.testing.pushes import a_browser, push_service

    with push_service() as service:
        desk, other = a_browser(service), a_browser(service)
        desk.turn_on(cast, cast.grace_user)
        other.turn_on(cast, cast.daniel_user)
        _ask(cast, factories.admitted(cast))
        deliver_due()
        send_due_pushes()
        (told,) = desk.read()
        (raw,) = desk.raw()
        assert told["body"] == "Somebody asks for help." and told["urgent"] and other.read() == []
        assert b"Liz" not in raw and WORDS.encode() not in raw
        board = sign_in(Client(), cast.grace_user).get(told["url"])
        assert board.status_code == 302 and board.url.startswith(reverse("visits:help-list", args=["larkspur"]))
