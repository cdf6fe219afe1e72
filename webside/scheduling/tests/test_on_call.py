"""Who is on call: planned by whom, over midnight and changes of the clock, given away, missing, and reached."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from email.policy import default
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.core import clock, frames, timers
from webside.core.actor import system
from webside.core.models import Timer
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.services import deliver_due
from webside.people.models import Practitioner
from webside.scheduling import policies, rules, selectors, services
from webside.scheduling.codes import OnCallWhy
from webside.scheduling.models import OnCallGap, OnCallStretch
from webside.scheduling.rules import Span, WeeklyHours
from webside.scheduling.tests.line import join, on_duty, open_line, silent_since, watch
from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import Cast, make_cast, sign_in
from webside.testing.queries import page_queries

NEW_YORK = "America/New_York"
FRIDAY = datetime(2026, 11, 27, 18, tzinfo=UTC)  # 1 pm in New York
PAGE = reverse("scheduling:on-call", args=["larkspur"])
PHONE = "845-555-0177"


@pytest.fixture
def friday() -> Iterator[Any]:
    """Let it be Friday, 1 pm in New York, until the test moves the clock."""
    with time_machine.travel(FRIDAY, tick=False) as clockwork:
        yield clockwork


@pytest.fixture
def cast(friday: Any, db: None) -> Cast:
    """Give the cast, made on that Friday."""
    return make_cast()


def at(day: int, hour: int, month: int = 11, year: int = 2026) -> datetime:
    """Return a time as the clock on the wall in New York shows it."""
    return datetime(year, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


def plan(cast: Cast, who: str, starts: datetime, ends: datetime, by: str = "grace", **more: Any) -> list[OnCallStretch]:
    with cast.as_(getattr(cast, f"{by}_user")) as actor:
        return services.plan_on_call(
            actor=actor, practitioner=getattr(cast, who), starts=starts, ends=ends, phone=PHONE, **more
        )


def want(cast: Cast, weekdays: list[int], starts_at: time, ends_at: time) -> None:
    with cast.as_(cast.grace_user) as grace:
        services.add_on_call_hours(actor=grace, weekdays=weekdays, starts_at=starts_at, ends_at=ends_at)


def letters(cast: Cast, template: str) -> list[tuple[str, str]]:
    """Return what was written: to whom, and the words."""
    deliver_due()
    found = []
    with cast.as_(cast.grace_user):
        for row in OutgoingMessage.objects.filter(template=template, channel="email").order_by("queued_at"):
            message = email.message_from_bytes(content_of(row), policy=default)
            found.append((str(message["To"]), message.get_content()))
    return found


def reached_by(cast: Cast) -> dict[str, int]:
    deliver_due()
    with cast.as_(cast.grace_user):
        rows = list(OutgoingMessage.objects.filter(template="scheduling/on_call").values_list("channel", flat=True))
    return {channel: rows.count(channel) for channel in rows}


class TestTheRule:
    def test_a_stretch_may_pass_midnight_and_lasts_as_long_as_the_wall_says(self) -> None:
        night = rules.stretches(at(27, 20), at(28, 8), NEW_YORK, weeks=1, on=date(2026, 11, 27))
        assert night == [Span(datetime(2026, 11, 28, 1, tzinfo=UTC), datetime(2026, 11, 28, 13, tzinfo=UTC))]

    @pytest.mark.parametrize(("first", "hours"), [((2026, 10, 24), [12, 13]), ((2027, 3, 6), [12, 11])])
    def test_over_a_change_of_the_clock_it_begins_and_ends_when_the_wall_says_so(
        self, first: tuple[int, int, int], hours: list[int]
    ) -> None:
        starts = at(first[2], 20, first[1], first[0])
        found = rules.stretches(starts, starts + timedelta(hours=12), NEW_YORK, weeks=2, on=starts.date())
        assert [(span.end - span.start) / timedelta(hours=1) for span in found] == hours

    @pytest.mark.parametrize(
        ("ends", "weeks"),
        [(at(27, 20), 1), (at(27, 19), 1), (at(5, 20, 12), 1), (at(28, 8), 0), (at(28, 8), 27)],
    )
    def test_what_can_not_be(self, ends: datetime, weeks: int) -> None:
        with pytest.raises(rules.NotAStretch):
            rules.stretches(at(27, 20), ends, NEW_YORK, weeks=weeks, on=date(2026, 11, 27))

    def test_what_nobody_covers_is_found_before_between_and_after(self) -> None:
        hours = [WeeklyHours(4, time(18), time(8), NEW_YORK)]  # Friday evening into Saturday
        begins, ends = datetime(2026, 11, 27, 23, tzinfo=UTC), datetime(2026, 11, 28, 13, tzinfo=UTC)
        hour = timedelta(hours=1)
        planned = [Span(begins + 2 * hour, begins + 4 * hour), Span(begins + 3 * hour, begins + 5 * hour),
                   Span(begins + 7 * hour, begins + 8 * hour)]  # fmt: skip
        found = rules.uncovered(hours, planned, since=FRIDAY, until=FRIDAY + timedelta(days=2))
        assert found == [
            Span(begins, begins + 2 * hour), Span(begins + 5 * hour, begins + 7 * hour), Span(begins + 8 * hour, ends)
        ]  # fmt: skip
        assert rules.uncovered(hours, [Span(begins, ends)], since=FRIDAY, until=ends) == []
        assert rules.uncovered([], [], since=FRIDAY, until=ends) == []

    def test_what_runs_counts_from_its_beginning_and_what_is_over_does_not(self) -> None:
        hours = [WeeklyHours(4, time(18), time(8), NEW_YORK)]
        begins, ends = datetime(2026, 11, 27, 23, tzinfo=UTC), datetime(2026, 11, 28, 13, tzinfo=UTC)
        later = begins + timedelta(hours=3)
        assert rules.uncovered(hours, [], since=later, until=ends) == [Span(begins, ends)]
        early = [Span(later, ends)]
        assert rules.uncovered(hours, early, since=later, until=ends) == []

    def test_around_the_clock_each_day_is_a_gap_of_its_own(self) -> None:
        hours = [WeeklyHours(day, time(0), time(0), NEW_YORK) for day in range(7)]
        found = rules.uncovered(hours, [], since=FRIDAY, until=FRIDAY + timedelta(days=2))
        assert len(found) == 3 and all(one.end == two.start for one, two in pairwise(found))

    def test_it_is_told_three_days_before_and_where_nobody_says_how_long_once_it_begins(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gap = Span(FRIDAY, FRIDAY + timedelta(hours=1))
        days = timedelta(days=3)
        assert rules.to_tell([gap], FRIDAY - days) == [gap]
        assert rules.to_tell([gap], FRIDAY - days - timedelta(seconds=1)) == []
        assert rules.next_look([gap], FRIDAY - days - timedelta(hours=2)) == FRIDAY - days
        monkeypatch.setattr("webside.scheduling.rules.on_call.lasting", lambda name, on: None)
        assert rules.to_tell([gap], FRIDAY - timedelta(seconds=1)) == []
        assert rules.to_tell([gap], FRIDAY) == [gap]


class TestThePlan:
    @pytest.mark.parametrize(
        ("by", "whose", "may"),
        [("grace", "maya", True), ("admin", "maya", True), ("maya", "maya", True), ("priya", "priya", True),
         ("maya", "daniel", False), ("priya", "maya", False), ("liz", "maya", False), ("marcus", "maya", False),
         ("ingrid", "maya", False)],
    )  # fmt: skip
    def test_who_plans_for_whom(self, cast: Cast, by: str, whose: str, may: bool) -> None:
        if may:
            assert plan(cast, whose, at(27, 20), at(28, 8), by=by)[0].practitioner == getattr(cast, whose)
        else:
            with pytest.raises(services.NotAllowed):
                plan(cast, whose, at(27, 20), at(28, 8), by=by)

    def test_one_person_is_never_on_call_twice_at_once_and_the_same_again_is_the_same(self, cast: Cast) -> None:
        first = plan(cast, "maya", at(27, 20), at(28, 8), weeks=3)
        assert plan(cast, "maya", at(27, 20), at(28, 8), weeks=3) == first
        plan(cast, "maya", at(28, 8), at(28, 10))
        plan(cast, "daniel", at(27, 20), at(28, 8))
        with pytest.raises(services.OnCallAlready) as refusal:
            plan(cast, "maya", at(4, 7, 12), at(4, 21, 12), weeks=2)
        assert refusal.value.stretch == first[1]
        with cast.as_(cast.grace_user), pytest.raises(IntegrityError), transaction.atomic():
            OnCallStretch.objects.create(
                practitioner=cast.maya, period=TimestamptzRange(first[0].start, first[0].end), planned_by="tests"
            )

    def test_all_weeks_or_none(self, cast: Cast) -> None:
        plan(cast, "maya", at(11, 22, 12), at(12, 2, 12))
        with pytest.raises(services.OnCallAlready):
            plan(cast, "maya", at(27, 20), at(28, 8), weeks=4)
        with cast.as_(cast.grace_user):
            assert OnCallStretch.objects.count() == 1

    def test_what_is_over_is_not_planned(self, cast: Cast) -> None:
        with pytest.raises(services.StretchOver):
            plan(cast, "maya", at(26, 20), at(27, 8))

    def test_what_others_planned_is_offered_and_not_dropped(self, cast: Cast) -> None:
        by_desk, by_maya = (
            plan(cast, "maya", at(27, 20), at(28, 8))[0],
            plan(cast, "maya", at(29, 8), at(29, 20), by="maya")[0],
        )
        with cast.as_(cast.maya_user) as maya:
            with pytest.raises(services.NotAllowed):
                services.remove_stretch(actor=maya, stretch=by_desk)
            for _ in range(2):
                assert services.remove_stretch(actor=maya, stretch=by_maya).removed_at == FRIDAY
        with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
            services.remove_stretch(actor=daniel, stretch=by_desk)
        with cast.as_(cast.grace_user) as grace:
            services.remove_stretch(actor=grace, stretch=by_desk)
            assert selectors.on_call_from(clock.now()) == []

    def test_a_colleague_takes_only_what_is_offered_and_is_on_call_instead(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 20), at(28, 8))[0]
        with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.StretchOver):
            services.take_stretch(actor=daniel, stretch=stretch, practitioner=cast.daniel)
        with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
            services.offer_stretch(actor=daniel, stretch=stretch)
        with cast.as_(cast.maya_user) as maya:
            services.offer_stretch(actor=maya, stretch=stretch)
            services.withdraw_stretch(actor=maya, stretch=stretch)
            services.offer_stretch(actor=maya, stretch=stretch)
            assert selectors.on_call_from(clock.now())[0].practitioner == cast.maya, "hers until somebody takes it"
        with cast.as_(cast.priya_user) as priya, pytest.raises(services.NotAllowed):
            services.take_stretch(actor=priya, stretch=stretch, practitioner=cast.daniel)
        with cast.as_(cast.daniel_user) as daniel:
            taken = services.take_stretch(actor=daniel, stretch=stretch, practitioner=cast.daniel)
            assert services.take_stretch(actor=daniel, stretch=taken, practitioner=cast.daniel) == taken
        with cast.as_(cast.priya_user) as priya, pytest.raises(services.StretchOver):
            services.take_stretch(actor=priya, stretch=stretch, practitioner=cast.priya)
        with cast.as_(cast.grace_user):
            (only,) = selectors.on_call_from(clock.now())
        assert (only.practitioner, only.taken_from, only.start, only.end) == (
            cast.daniel, cast.maya, stretch.start, stretch.end
        )  # fmt: skip
        assert [to for to, _words in letters(cast, "scheduling/on_call_changed")][-1] == cast.maya.mail_to

    def test_what_was_until_now_stays_whose_it_was(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 12), at(27, 20))[0]  # since an hour
        with cast.as_(cast.maya_user) as maya:
            services.offer_stretch(actor=maya, stretch=stretch)
        with cast.as_(cast.daniel_user) as daniel:
            taken = services.take_stretch(actor=daniel, stretch=stretch, practitioner=cast.daniel)
            hers = OnCallStretch.objects.get(id=stretch.id)
        assert (hers.end, hers.removed_at, taken.start, taken.end) == (FRIDAY, None, FRIDAY, stretch.end)

    def test_who_is_on_call_already_takes_no_second(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 20), at(28, 8))[0]
        plan(cast, "daniel", at(28, 7), at(28, 9))
        with cast.as_(cast.maya_user) as maya:
            services.offer_stretch(actor=maya, stretch=stretch)
        with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.OnCallAlready):
            services.take_stretch(actor=daniel, stretch=stretch, practitioner=cast.daniel)

    def test_who_no_longer_works_here_is_not_on_call(self, cast: Cast) -> None:
        plan(cast, "maya", at(27, 12), at(27, 20))
        want(cast, [4], time(12), time(20))
        with cast.as_(cast.maya_user) as maya:
            assert policies.is_on_call(maya)
            Practitioner.objects.filter(id=cast.maya.id).update(active=False)
            assert not policies.is_on_call(maya)
            assert selectors.on_call_at(clock.now()) == []
            assert len(selectors.on_call_plan(clock.now(), FRIDAY + timedelta(hours=12)).gaps) == 1

    def test_nobody_of_another_clinic_sees_or_changes_it(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 20), at(28, 8))[0]
        with cast.as_(cast.mallory_user):
            assert selectors.on_call_stretch(stretch.id) is None
            assert selectors.on_call_from(clock.now()) == []

    def test_the_trail_says_who_planned_and_who_took(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 20), at(28, 8))[0]
        with cast.as_(cast.maya_user) as maya:
            services.offer_stretch(actor=maya, stretch=stretch)
        with cast.as_(cast.daniel_user) as daniel:
            services.take_stretch(actor=daniel, stretch=stretch, practitioner=cast.daniel)
            row = AuditEvent.objects.filter(action="scheduling.on-call.take").get()
        assert row.actor_label == str(cast.daniel_user) and row.changes["instead_of"] == cast.maya.display_name


@pytest.mark.django_db(transaction=True)
def test_two_who_plan_at_once_make_one_stretch_and_two_who_take_make_one_swap() -> None:
    cast = make_cast()
    tomorrow = clock.now().replace(tzinfo=None, microsecond=0) + timedelta(days=1)
    day = timedelta(days=1)
    results = at_once(
        lambda: plan(cast, "maya", tomorrow, tomorrow + day),
        lambda: plan(cast, "maya", tomorrow + day / 2, tomorrow + 2 * day),
    )
    assert sorted(type(each).__name__ for each in results) == ["OnCallAlready", "list"], results
    stretch = next(each for each in results if isinstance(each, list))[0]
    with cast.as_(cast.maya_user) as maya:
        services.offer_stretch(actor=maya, stretch=stretch)

    def take(name: str) -> OnCallStretch:
        with cast.as_(getattr(cast, f"{name}_user")) as actor:
            return services.take_stretch(actor=actor, stretch=stretch, practitioner=getattr(cast, name))

    results = at_once(lambda: take("daniel"), lambda: take("priya"))
    assert sorted(type(each).__name__ for each in results) == ["OnCallStretch", "StretchOver"], results


class TestNobodyIsOnCall:
    def told(self, cast: Cast) -> int:
        return len(letters(cast, "scheduling/on_call_uncovered"))

    def test_the_front_desk_is_told_once_beforehand_by_a_timer_that_lasts(self, cast: Cast, friday: Any) -> None:
        want(cast, [3], time(18), time(8))  # Thursdays, from six until eight on Friday
        assert self.told(cast) == 0
        due = Timer.objects.get(name=services.GAP_TIMER, done_at=None).due_at
        assert due == FRIDAY + timedelta(days=1)
        begins = datetime(2026, 12, 3, 23, tzinfo=UTC)
        while (due := Timer.objects.get(name=services.GAP_TIMER, done_at=None).due_at) < begins:
            friday.move_to(due)
            timers.run_due()
            if due < begins - timedelta(days=3):
                assert self.told(cast) == 0
            else:
                assert self.told(cast) == 1, "once, however often it is looked at"
        (to, words), = letters(cast, "scheduling/on_call_uncovered")  # fmt: skip
        assert to == cast.grace_user.email
        assert "Thu, Dec 3" in words and PAGE in words

    def test_what_is_covered_is_told_to_nobody_and_what_opens_again_is_told_again(self, cast: Cast) -> None:
        want(cast, [5], time(18), time(8))  # tomorrow
        assert self.told(cast) == 1
        stretch = plan(cast, "maya", at(28, 18), at(29, 8))[0]
        assert self.told(cast) == 1
        with cast.as_(cast.grace_user):
            assert not OnCallGap.objects.exists()
        with cast.as_(cast.grace_user) as grace:
            services.remove_stretch(actor=grace, stretch=stretch)
        assert self.told(cast) == 2
        plan(cast, "maya", at(28, 18), at(29, 2))
        assert self.told(cast) == 2, "less of the same is nothing new"

    def test_without_a_front_desk_the_administrators_are_told(self, cast: Cast) -> None:
        from webside.accounts.models import Membership

        Membership.objects.filter(user=cast.grace_user).update(active=False)
        with cast.as_(cast.admin_user) as admin:
            services.add_on_call_hours(actor=admin, weekdays=[5], starts_at=time(18), ends_at=time(8))
        assert [to for to, _words in letters(cast, "scheduling/on_call_uncovered")] == [cast.admin_user.email]

    def test_hours_that_share_time_are_refused_and_removed_ones_are_watched_no_more(self, cast: Cast) -> None:
        want(cast, [5], time(18), time(8))
        with pytest.raises(services.HoursOverlap):
            want(cast, [6], time(7), time(9))
        with cast.as_(cast.maya_user) as maya:
            with pytest.raises(services.NotAllowed):
                services.add_on_call_hours(actor=maya, weekdays=[1], starts_at=time(1), ends_at=time(2))
            (hours,) = selectors.on_call_hours()
            with pytest.raises(services.NotAllowed):
                services.remove_on_call_hours(actor=maya, hours=hours)
        with cast.as_(cast.grace_user) as grace:
            services.remove_on_call_hours(actor=grace, hours=hours)
            assert not OnCallGap.objects.exists()
        assert not Timer.objects.filter(name=services.GAP_TIMER, done_at=None).exists()


class TestReached:
    def reach(self, cast: Cast, key: str = "one", **more: Any) -> list[OnCallStretch]:
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)) as frame:
            return services.reach_on_call(actor=frame.actor, why=OnCallWhy.HELP, key=key, **more)

    def test_who_is_on_call_is_written_to_and_texted_once_and_nobody_else(self, cast: Cast) -> None:
        plan(cast, "maya", at(27, 12), at(27, 20), by="maya")
        plan(cast, "daniel", at(27, 20), at(28, 8), by="daniel")
        for _ in range(2):
            assert [each.practitioner for each in self.reach(cast)] == [cast.maya]
        assert reached_by(cast) == {"email": 1, "sms": 1}
        (to, words), = letters(cast, "scheduling/on_call")  # fmt: skip
        assert to == cast.maya.mail_to and PAGE in words and "asked for help" in words
        assert cast.liz.family not in words
        self.reach(cast, "two")
        assert reached_by(cast) == {"email": 2, "sms": 2}

    def test_where_nobody_is_the_front_desk_is_told_so(self, cast: Cast) -> None:
        assert self.reach(cast, desk=False) == []
        assert letters(cast, "scheduling/on_call") == []
        assert self.reach(cast) == []
        (to, words), = letters(cast, "scheduling/on_call")  # fmt: skip
        assert to == cast.grace_user.email and "Nobody is on call now" in words

    def test_a_line_whose_last_clinician_is_gone_reaches_who_is_on_call_and_again_until_somebody_comes(
        self, cast: Cast, friday: Any
    ) -> None:
        plan(cast, "daniel", at(27, 12), at(27, 20), by="daniel")
        open_line(cast)
        on_duty(cast, "maya")
        join(cast)
        watch(cast)
        assert reached_by(cast) == {}
        silent_since(cast, cast.maya, FRIDAY - timedelta(hours=1))
        for _ in range(3):
            watch(cast)
        assert reached_by(cast) == {"email": 1, "sms": 1}, "one look after another tells nothing new"
        friday.shift(timedelta(minutes=10, seconds=1))
        timers.run_due()
        assert reached_by(cast) == {"email": 2, "sms": 2}
        friday.shift(timedelta(minutes=10, seconds=1))
        timers.run_due()
        assert reached_by(cast) == {"email": 3, "sms": 3}
        on_duty(cast, "maya")
        watch(cast)
        friday.shift(timedelta(minutes=10, seconds=1))
        timers.run_due()
        assert reached_by(cast) == {"email": 3, "sms": 3}, "somebody takes people again"
        silent_since(cast, cast.maya, clock.now() - timedelta(hours=1))
        watch(cast)
        assert reached_by(cast) == {"email": 4, "sms": 4}, "a second time is told at once"

    def test_a_line_that_is_looked_after_or_empty_reaches_nobody(self, cast: Cast) -> None:
        plan(cast, "daniel", at(27, 12), at(27, 20), by="daniel")
        open_line(cast)
        watch(cast)
        on_duty(cast, "maya")
        join(cast)
        watch(cast)
        assert reached_by(cast) == {}


class TestThePage:
    def test_it_says_who_is_on_call_now_and_next_how_to_reach_them_and_what_is_missing(self, cast: Cast) -> None:
        plan(cast, "maya", at(27, 12), at(27, 20))
        plan(cast, "daniel", at(28, 8), at(28, 20))
        want(cast, [4], time(12), time(22))
        for name in ("grace", "maya", "priya", "admin"):
            page = sign_in(Client(), getattr(cast, f"{name}_user")).get(PAGE).content.decode()
            assert "Dr. Maya Chen" in page and "tel:" in page and "Dr. Daniel Whitfield" in page
            assert "Nobody is on call at these times" in page
        board = sign_in(Client(), cast.grace_user).get(reverse("portal:board", args=["larkspur"])).content.decode()
        assert "On call now:" in board and "Nobody is on call at a time ahead" in board
        for name in ("liz", "marcus", "ingrid"):
            assert sign_in(Client(), getattr(cast, f"{name}_user")).get(PAGE).status_code == 404

    def test_the_front_desk_plans_and_what_is_wrong_keeps_what_was_typed(self, cast: Cast) -> None:
        grace = sign_in(Client(), cast.grace_user)
        url = reverse("scheduling:on-call-plan", args=["larkspur"])
        form = {
            "who": str(cast.maya.id),
            "starts": "2026-11-27T20:00",
            "ends": "2026-11-28T08:00",
            "weeks": "2",
            "phone": PHONE,
        }
        assert "in 2 weeks" in grace.post(url, form, follow=True).content.decode()
        again = grace.post(url, {**form, "ends": "2026-11-28T07:00"})
        assert again.status_code == 409 and "2026-11-27T20:00" in again.content.decode()
        wrong = [{"ends": "2026-11-27T19:00"}, {"weeks": "30"}, {"phone": "12"}, {"who": str(cast.mallory.id)},
                 {"starts": "2026-11-25T20:00", "ends": "2026-11-26T08:00", "weeks": "1"}]  # fmt: skip
        for change in wrong:
            answer = grace.post(url, {**form, **change})
            assert (answer.status_code == 422 and PHONE in answer.content.decode()) or "phone" in change

    def test_a_clinician_plans_for_herself_alone(self, cast: Cast) -> None:
        maya = sign_in(Client(), cast.maya_user)
        url = reverse("scheduling:on-call-plan", args=["larkspur"])
        form = {"starts": "2026-11-27T20:00", "ends": "2026-11-28T08:00", "weeks": "1"}
        assert maya.post(url, {**form, "who": str(cast.daniel.id)}).status_code == 422
        assert maya.post(url, {**form, "who": str(cast.maya.id)}).status_code == 302
        assert maya.post(reverse("scheduling:on-call-hours", args=["larkspur"]), {}).status_code == 404

    def test_offered_kept_taken_and_taken_out_by_their_buttons(self, cast: Cast) -> None:
        stretch = plan(cast, "maya", at(27, 20), at(28, 8))[0]
        url = reverse("scheduling:on-call-change", args=["larkspur", stretch.id])
        maya, daniel = sign_in(Client(), cast.maya_user), sign_in(Client(), cast.daniel_user)
        assert maya.post(url, {"do": "remove"}).status_code == 404
        assert daniel.post(url, {"do": "offer"}).status_code == 404
        assert "Offer to colleagues" in maya.get(PAGE).content.decode()
        assert "until a colleague takes it" in maya.post(url, {"do": "offer"}, follow=True).content.decode()
        assert "Take it" in daniel.get(PAGE).content.decode()
        assert "You keep it" in maya.post(url, {"do": "withdraw"}, follow=True).content.decode()
        assert "Nothing was changed" in daniel.post(url, {"do": "take"}, follow=True).content.decode()
        maya.post(url, {"do": "offer"})
        assert "instead of Dr. Maya Chen" in daniel.post(url, {"do": "take"}, follow=True).content.decode()
        assert maya.post(url, {"do": "nonsense"}).status_code == 404

    def test_the_clinics_hours_are_added_refused_and_removed(self, cast: Cast) -> None:
        grace = sign_in(Client(), cast.grace_user)
        url = reverse("scheduling:on-call-hours", args=["larkspur"])
        form = {"weekdays": ["4", "5"], "starts_at": "18:00", "ends_at": "08:00"}
        page = grace.post(url, form, follow=True).content.decode()
        assert "on the next day" in page and "Nobody is on call at these times" in page
        assert grace.post(url, form).status_code == 409
        assert grace.post(url, {"starts_at": "18:00"}).status_code == 422
        with cast.as_(cast.grace_user):
            rows = selectors.on_call_hours()
        for row in rows:
            answer = grace.post(reverse("scheduling:on-call-hours-remove", args=["larkspur", row.id]), follow=True)
        assert "No hours are said" in answer.content.decode()

    def test_it_costs_the_same_however_many_are_planned(self, cast: Cast) -> None:
        plan(cast, "maya", at(27, 20), at(28, 8))
        grace = sign_in(Client(), cast.grace_user)
        grace.get(PAGE)
        with page_queries() as few:
            grace.get(PAGE)
        plan(cast, "daniel", at(27, 20), at(28, 8), weeks=4)
        with page_queries() as many:
            grace.get(PAGE)
        assert len(few) == len(many)


def test_who_is_planned_says_yes_once_and_who_plans_sees_who_has_not(cast: Cast) -> None:
    [stretch] = plan(cast, "maya", at(28, 18), at(29, 8))
    with cast.as_(cast.maya_user) as maya:
        services.plan_on_call(actor=maya, practitioner=cast.maya, starts=at(29, 18), ends=at(30, 8))
    page = reverse("scheduling:on-call", args=["larkspur"])
    desk, hers, other = (sign_in(Client(), who) for who in (cast.grace_user, cast.maya_user, cast.daniel_user))
    told = desk.get(page).content.decode()
    assert (told.count("Has said yes"), told.count("Has not said yes yet")) == (1, 1), (
        "what she planned herself she knows"
    )
    ask = "Yes, I am on call"
    assert ask in hers.get(page).content.decode() and ask not in told
    assert ask not in other.get(page).content.decode()
    change = reverse("scheduling:on-call-change", args=["larkspur", stretch.id])
    for client in (desk, other):
        assert client.post(change, {"do": "confirm"}).status_code == 404, "nobody says it for her"
    for _twice in range(2):
        hers.post(change, {"do": "confirm"})
    told = desk.get(page).content.decode()
    assert "Has not said yes yet" not in told and told.count("Has said yes") == 2
    assert ask not in hers.get(page).content.decode()
    spanish = desk.get(page, headers={"Accept-Language": "es"}).content.decode()
    assert "Ha dicho que sí" in spanish and "Has said yes" not in spanish
    with cast.as_(cast.ingrid_user):
        assert AuditEvent.objects.filter(action="scheduling.on-call.confirm").count() >= 2


def test_who_has_not_said_yes_is_on_call_all_the_same(cast: Cast) -> None:
    [stretch] = plan(cast, "maya", at(28, 18), at(29, 8))
    with cast.as_(cast.grace_user):
        assert not stretch.is_agreed
        assert [each.id for each in selectors.on_call_at(stretch.start)] == [stretch.id]
    over = time_machine.travel(stretch.end + timedelta(minutes=1), tick=False)
    with over, cast.as_(cast.maya_user) as maya, pytest.raises(services.StretchOver):
        services.confirm_stretch(actor=maya, stretch=stretch)
