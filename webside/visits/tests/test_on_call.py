"""What is left undone in a visit reaches who is on call, who then sees it, and nothing else."""

from __future__ import annotations

import email
from datetime import date, timedelta
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.compliance.models import Licence
from webside.core import clock, timers
from webside.core.models import Timer
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.services import deliver_due
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, sign_in
from webside.visits import rules, selectors, services
from webside.visits.handlers import lead_to_help
from webside.visits.models import HandOver, HelpRequest, Visit
from webside.visits.tests import factories

WORDS = "I hear nobody, and my doctor asked about my chest"
LIST = reverse("visits:help-list", args=["larkspur"])
PAGE = reverse("scheduling:on-call", args=["larkspur"])


def on_call(cast: Cast, who: str = "daniel") -> None:
    """Let somebody be on call since an hour, for a day."""
    with cast.as_(cast.grace_user) as grace:
        here = clock.now().astimezone(ZoneInfo(cast.larkspur.timezone)).replace(microsecond=0, tzinfo=None)
        scheduling.plan_on_call(
            actor=grace, practitioner=getattr(cast, who), starts=here - timedelta(hours=1),
            ends=here + timedelta(days=1), phone="845-555-0177",
        )  # fmt: skip


def ask_help(cast: Cast, visit: Visit) -> HelpRequest:
    with cast.as_(cast.liz_user) as liz:
        return services.ask_for_help(actor=liz, visit=visit, words=WORDS, phone="845-555-0142", client_key="one")


def run_due(at: Any) -> None:
    with time_machine.travel(at, tick=False):
        timers.run_due()
        deliver_due()


def reached() -> list[tuple[str, str]]:
    """Return what was queued for who is on call, by which way: the words as they go."""
    found = []
    for row in OutgoingMessage.objects.filter(template="scheduling/on_call").order_by("queued_at"):
        raw = content_of(row)
        is_mail = row.channel == "email"
        words = email.message_from_bytes(raw, policy=default).get_content() if is_mail else raw.decode()
        found.append((row.channel, words))
    return found


def test_an_unanswered_call_for_help_reaches_who_is_on_call_again_and_again(cast: Cast) -> None:
    on_call(cast)
    found = ask_help(cast, factories.admitted(cast))
    deliver_due()
    assert reached() == []
    after = found.asked_at + rules.help_alarm(found.asked_at.date()) + timedelta(seconds=1)
    run_due(after)
    assert sorted(channel for channel, _words in reached()) == ["email", "sms"]
    for _channel, words in reached():
        assert PAGE in words and "help" in words
        assert "chest" not in words and cast.liz.family not in words and cast.liz.given not in words
    run_due(after + rules.help_again(found.asked_at.date()) + timedelta(seconds=1))
    assert len(reached()) == 4, "nobody has answered still"
    with cast.as_(cast.grace_user) as grace:
        services.answer_help(actor=grace, help_id=found.id, answer="Called her")
    run_due(after + timedelta(days=1))
    assert len(reached()) == 4
    assert not Timer.objects.filter(name=services.HELP_TIMER, done_at=None).exists()


def test_who_is_on_call_sees_takes_and_answers_what_was_left_and_nothing_before(cast: Cast) -> None:
    on_call(cast)
    found = ask_help(cast, factories.admitted(cast))
    daniel = sign_in(Client(), cast.daniel_user)
    assert WORDS not in daniel.get(LIST).content.decode()
    assert daniel.post(reverse("visits:help-take", args=["larkspur", found.id])).status_code == 404
    assert "Nothing is left undone" in daniel.get(PAGE).content.decode()
    with cast.as_(cast.daniel_user):
        HelpRequest.objects.update(alarms=1)
    page = daniel.get(PAGE).content.decode()
    assert "1 person asked for help and has no answer" in page
    assert cast.liz.family not in page and WORDS not in page
    assert WORDS in daniel.get(LIST).content.decode()
    daniel.post(reverse("visits:help-take", args=["larkspur", found.id]))
    daniel.post(reverse("visits:help-answer", args=["larkspur", found.id]), {"answer": "Called her"})
    with cast.as_(cast.daniel_user):
        assert HelpRequest.objects.get().answer == "Called her"
        rows = AuditEvent.objects.filter(
            action__in=["visits.help.read", "visits.help.answer"], actor_label=str(cast.daniel_user)
        )
        assert {row.ground for row in rows} == {"on call"}


@pytest.mark.parametrize("who", ["maya", "priya", "admin", "ingrid", "marcus", "liz", "mallory"])
def test_nobody_else_reads_it(cast: Cast, who: str) -> None:
    on_call(cast)
    ask_help(cast, factories.admitted(cast))
    with cast.as_(cast.daniel_user):
        HelpRequest.objects.update(alarms=1)
    other = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert other.get(LIST).status_code == 404
    assert "asked for help" not in other.get(PAGE).content.decode()


@pytest.mark.parametrize(("who", "leads"), [("grace", LIST), ("daniel", LIST), ("admin", PAGE), ("maya", PAGE)])
def test_everybody_who_is_told_is_led_to_a_page_of_theirs(cast: Cast, who: str, leads: str) -> None:
    """Who may not read what it is, is led to whom to call, never to a page that is not there for them."""
    on_call(cast)
    found = ask_help(cast, factories.admitted(cast))
    run_due(found.asked_at + rules.help_alarm(found.asked_at.date()) + timedelta(seconds=1))
    user = getattr(cast, f"{who}_user")
    with cast.as_(user) as actor:
        assert lead_to_help(actor, found.id) == leads
    assert sign_in(Client(), user).get(leads).status_code == 200
    if who == "daniel":
        return  # his letter is the one of who is on call
    sent = OutgoingMessage.objects.filter(template="visits/help_unanswered")
    mails = [email.message_from_bytes(content_of(row), policy=default) for row in sent]
    letters = [mail.get_content() for mail in mails if user.email in str(mail["To"])]
    assert len(letters) == 1
    assert leads in letters[0] and {LIST, PAGE}.difference([leads]).pop() not in letters[0]


def test_when_it_is_over_so_is_the_right_to_read(cast: Cast) -> None:
    on_call(cast)
    ask_help(cast, factories.admitted(cast))
    with cast.as_(cast.daniel_user) as daniel:
        HelpRequest.objects.update(alarms=1)
        assert len(selectors.open_help(daniel)) == 1
    with (
        time_machine.travel(clock.now() + timedelta(days=1, minutes=1), tick=False),
        cast.as_(cast.daniel_user) as daniel,
    ):
        assert selectors.open_help(daniel) == []


def test_an_unanswered_hand_over_reaches_who_is_on_call_once(cast: Cast) -> None:
    with cast.as_(cast.admin_user):
        Licence.objects.create(
            practitioner=cast.daniel, state="NY", number="NY-WHI-9", period_start=date(2024, 1, 1),
            period_end=clock.now().date() + timedelta(days=400), verified_at=clock.now(), verified_with="state board",
        )  # fmt: skip
    on_call(cast, "priya")
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        asked = services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words="She vomits")
    due = asked.asked_at + rules.hand_over_waits(asked.asked_at.date()) + timedelta(seconds=1)
    for _ in range(2):
        run_due(due)
    assert sorted(channel for channel, _words in reached()) == ["email", "sms"]
    assert all("vomits" not in words and cast.liz.family not in words for _channel, words in reached())
    page = sign_in(Client(), cast.priya_user).get(PAGE).content.decode()
    assert "Dr. Maya Chen asked Dr. Daniel Whitfield" in page and cast.liz.family not in page
    with cast.as_(cast.daniel_user) as daniel:
        services.decline_hand_over(actor=daniel, hand_over_id=asked.id, answer="In surgery")
    assert "asked Dr. Daniel" not in sign_in(Client(), cast.priya_user).get(PAGE).content.decode()


@pytest.mark.parametrize("gone", [{"status": "waitlist"}, {"practitioner": "priya"}])
@pytest.mark.parametrize("after_due", [False, True])
def test_a_hand_over_that_can_not_be_taken_any_more_calls_nobody(
    cast: Cast, gone: dict[str, str], after_due: bool
) -> None:
    """She is back in line, or somebody else's patient: that nobody answered is nobody's matter, before and after it was due."""
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    on_call(cast, "priya")
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        asked = services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words="She vomits")
    due = asked.asked_at + timedelta(hours=1)
    if after_due:
        with time_machine.travel(due, tick=False):
            timers.run_due()
    with cast.as_(cast.admin_user):
        Appointment.objects.filter(id=visit.id).update(
            **{name: getattr(cast, value, value) for name, value in gone.items()}
        )
    run_due(due)
    assert reached() == []
    with cast.as_(cast.priya_user) as priya:
        assert selectors.left_unanswered(priya) == []
        assert (HandOver.objects.get().outcome == "over") is not after_due


def test_with_nobody_on_call_the_front_desk_is_told(cast: Cast) -> None:
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        asked = services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words="She vomits")
    run_due(asked.asked_at + timedelta(hours=1))
    (channel, words), = reached()  # fmt: skip
    assert channel == "email" and "Nobody is on call now" in words
    with cast.as_(cast.grace_user):
        assert HandOver.objects.get().overdue_at is not None
