"""After a visit: the clinician proposes when to meet again, and one press books it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.compliance.models import Licence
from webside.core import clock
from webside.people.models import Patient
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.scheduling.services import issue_link
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import FOLLOW_UP_DAYS
from webside.visits.models import FollowUp, SafeStart, Visit
from webside.visits.tests import factories

ZONE = ZoneInfo("America/New_York")


def _over(cast: Cast, days: int = 14, **given: Any) -> Visit:
    """Return a visit that took place, after which the clinician has proposed to meet again."""
    visit = factories.admitted(cast, **given)
    with cast.as_(cast.maya_user) as maya:
        services.start_visit(actor=maya, visit=visit, started_at=clock.now())
        services.end_visit(actor=maya, visit=visit)
        if days:
            services.propose_follow_up(actor=maya, visit=visit, days=days)
        return selectors.visit(maya, visit.id)


def _url(name: str, visit: Visit) -> str:
    return reverse(f"visits:{name}", args=["larkspur", visit.id])


def _times(cast: Cast, visit: Visit) -> selectors.FollowUpTimes:
    with cast.as_(cast.liz_user) as liz:
        found = selectors.visit_afterwards(liz, visit.id)
        return selectors.follow_up_times(found, found.follow_up)


def test_the_nearest_time_and_two_on_other_days_are_offered(cast: Cast) -> None:
    visit = _over(cast)
    times = _times(cast, visit)
    wanted = visit.appointment.start + timedelta(days=14)
    assert times.best is not None and len(times.others) == 2
    assert all(slot.practitioner.id == cast.maya.id for slot in (times.best, *times.others))
    assert all(abs(times.best.start - wanted) <= abs(slot.start - wanted) for slot in times.others)
    assert len({slot.start.astimezone(ZONE).date() for slot in (times.best, *times.others)}) == 3
    with cast.as_(cast.liz_user):
        # A time at which she has another visit is not offered, whoever that is with.
        factories.make_appointment(cast, starts=times.best.start, practitioner=cast.priya, service=cast.coaching)
    assert _times(cast, visit).best != times.best


def test_one_press_books_the_offered_time_without_javascript(cast: Cast) -> None:
    visit = _over(cast)
    liz = sign_in(Client(), cast.liz_user)
    page = liz.get(_url("visit-ended", visit)).content.decode()
    assert "wants to see you again in 2 weeks" in page
    best = _times(cast, visit).best
    assert best is not None and f'value="{best.start.isoformat()}"' in page
    said = liz.post(_url("visit-book-again", visit), {"start": best.start.isoformat()}, follow=True).content.decode()
    assert "We send you a confirmation" in said and "Your next visit is booked" in said
    liz.post(_url("visit-book-again", visit), {"start": best.start.isoformat()})
    with cast.as_(cast.maya_user):
        booked = Appointment.objects.exclude(id=visit.appointment_id).get()
        assert (booked.start, booked.service_id, booked.practitioner_id) == (
            best.start, visit.appointment.service_id, cast.maya.id,
        )  # fmt: skip
        assert FollowUp.objects.get().appointment_id == booked.id
        assert AuditEvent.objects.filter(action="visits.follow-up.book").count() == 2
    maya = sign_in(Client(), cast.maya_user)
    assert "Booked by the patient" in maya.get(_url("visit-ended", visit)).content.decode()


def test_a_link_books_what_was_proposed_and_the_trail_says_that_it_was_one(cast: Cast) -> None:
    visit = _over(cast)
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=visit.appointment, since=clock.now())
    by_link = Client()
    by_link.get(reverse("scheduling:link-open", args=["larkspur", token]))
    best = _times(cast, visit).best
    assert best is not None
    by_link.post(_url("visit-book-again", visit), {"start": best.start.isoformat()})
    with cast.as_(cast.maya_user):
        assert Appointment.objects.exclude(id=visit.appointment_id).get().booked_by == "Liz Moreno, by a link"


def test_no_other_time_is_booked_this_way(cast: Cast) -> None:
    visit = _over(cast)
    with cast.as_(cast.liz_user) as liz:
        for start in (clock.now() + timedelta(days=1), clock.now() + timedelta(days=60)):
            with pytest.raises(services.NotOffered):
                services.book_follow_up(actor=liz, visit=visit, start=start)
    none = _over(cast, days=0, starts=clock.now() + timedelta(hours=1))
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.NotOffered):
        services.book_follow_up(actor=liz, visit=none, start=clock.now() + timedelta(days=14))


def test_the_gates_are_asked_and_what_they_say_is_shown(cast: Cast) -> None:
    """A licence that ends before the follow-up: no time is offered, and a press on an old page books nothing."""
    visit = _over(cast)
    best = _times(cast, visit).best
    assert best is not None
    with cast.as_(cast.maya_user):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(
            period_end=clock.now().date() + timedelta(days=3)
        )
    assert _times(cast, visit).best is None
    liz = sign_in(Client(), cast.liz_user)
    assert "No time is free around then" in liz.get(_url("visit-ended", visit)).content.decode()
    said = liz.post(_url("visit-book-again", visit), {"start": best.start.isoformat()}, follow=True).content.decode()
    assert "be booked as it is" in said
    with cast.as_(cast.maya_user):
        assert not Appointment.objects.exclude(id=visit.appointment_id).exists()


def test_a_time_that_went_meanwhile_shows_what_is_free_now(cast: Cast) -> None:
    visit = _over(cast)
    best = _times(cast, visit).best
    assert best is not None
    with cast.as_(cast.maya_user):
        factories.make_appointment(cast, starts=best.start, patient=_somebody(cast))
    liz = sign_in(Client(), cast.liz_user)
    said = liz.post(_url("visit-book-again", visit), {"start": best.start.isoformat()}, follow=True).content.decode()
    assert "That time is not free any more" in said and "One press books it" in said


def _somebody(cast: Cast) -> Any:
    from webside.people.services import register_patient

    return register_patient(
        actor=cast.actor_of(cast.grace_user), given="Sam", family="Ode", birth_date=cast.liz.birth_date, email="",
        phone="", state="NY", timezone="America/New_York", user_id=None,
    )  # fmt: skip


def test_what_was_cancelled_is_booked_anew_and_what_is_booked_is_not_changed(cast: Cast) -> None:
    visit = _over(cast)
    best = _times(cast, visit).best
    assert best is not None
    with cast.as_(cast.liz_user) as liz:
        booked = services.book_follow_up(actor=liz, visit=visit, start=best.start)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.WrongStage):
        services.propose_follow_up(actor=maya, visit=visit, days=7)
    with cast.as_(cast.liz_user) as liz:
        scheduling.cancel_appointment(actor=liz, appointment=booked)
        assert services.book_follow_up(actor=liz, visit=visit, start=best.start).id != booked.id


def test_the_clinician_proposes_changes_and_takes_back(cast: Cast) -> None:
    visit = _over(cast, days=0)
    maya, liz = sign_in(Client(), cast.maya_user), sign_in(Client(), cast.liz_user)
    assert "wants to see you again" not in liz.get(_url("visit-ended", visit)).content.decode()
    for days, shown in ((7, "in 1 week"), (28, "in 4 weeks")):
        page = maya.post(_url("visit-propose", visit), {"days": days}, follow=True).content.decode()
        assert f"Proposed: {shown}" in page
    assert "in 4 weeks" in liz.get(_url("visit-ended", visit)).content.decode()
    maya.post(_url("visit-propose", visit), {"days": 0})
    assert "wants to see you again" not in liz.get(_url("visit-ended", visit)).content.decode()
    assert "Choose when" in maya.post(_url("visit-propose", visit), {"days": 3}, follow=True).content.decode()


def test_it_stands_on_the_page_before_signing_and_leads_back_there(cast: Cast) -> None:
    visit = _over(cast, days=0)
    maya = sign_in(Client(), cast.maya_user)
    sign = reverse("chart:encounter-sign", args=["larkspur", visit.encounter_id])
    assert "See again" in maya.get(sign).content.decode()
    answer = maya.post(_url("visit-propose", visit), {"days": 14, "next": sign})
    assert answer["Location"] == sign
    assert "Proposed: in 2 weeks" in maya.get(sign).content.decode()
    away = maya.post(_url("visit-propose", visit), {"days": 14, "next": "https://example.test/"})
    assert "example.test" not in away["Location"]


@pytest.mark.parametrize("who", ["daniel", "grace", "mallory"])
def test_nobody_else_proposes_or_books(cast: Cast, who: str) -> None:
    visit = _over(cast)
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    for name in ("visit-propose", "visit-book-again"):
        assert client.post(_url(name, visit), {"days": 7, "start": clock.now().isoformat()}).status_code == 404
    assert sign_in(Client(), cast.liz_user).post(_url("visit-propose", visit), {"days": 7}).status_code == 404
    assert sign_in(Client(), cast.maya_user).post(_url("visit-book-again", visit), {}).status_code == 404


def test_the_clocks_change_between_and_the_hour_on_the_wall_stays(cast: Cast) -> None:
    with time_machine.travel("2026-10-30T15:00:00+00:00", tick=False):
        visit = _over(cast, days=7)
        with cast.as_(cast.maya_user) as maya:
            found = selectors.visit_afterwards(maya, visit.id)
            wanted = selectors.follow_up_day(found, found.follow_up)
    assert wanted.astimezone(ZONE).time() == visit.appointment.start.astimezone(ZONE).time()


@pytest.mark.parametrize("days", FOLLOW_UP_DAYS)
def test_whatever_is_proposed_can_be_booked(cast: Cast, days: int) -> None:
    """Found by pressing: thirteen weeks were proposed, and scheduling books four ahead."""
    visit = _over(cast, days=days)
    times = _times(cast, visit)
    assert times.best is not None
    with cast.as_(cast.liz_user) as liz:
        for slot in (times.best, *times.others):
            scheduling.cancel_appointment(
                actor=liz, appointment=services.book_follow_up(actor=liz, visit=visit, start=slot.start)
            )


@pytest.mark.parametrize("came", [True, None])
def test_a_child_comes_again_as_she_came(cast: Cast, came: bool | None) -> None:
    """Who was checked in by her guardian is offered times; of who came alone the law is not asked for more than it gave."""
    visit = _over(cast)
    with cast.as_(cast.grace_user):
        Patient.objects.filter(id=cast.liz.id).update(birth_date=date(2020, 3, 1))
        SafeStart.objects.filter(visit=visit).update(guardian_present=came)
    assert (_times(cast, visit).best is not None) is (came is True)
