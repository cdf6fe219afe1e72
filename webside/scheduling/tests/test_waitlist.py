"""The waiting list: who is offered a time that becomes free, how long it is hers, and what becomes of her answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from webside.audit.models import AuditEvent
from webside.compliance.models import Consent, Licence
from webside.core import clock
from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.core.models import Timer
from webside.fhirkit.models import ResourceVersion
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import recipients_of, text_of
from webside.people.models import Patient
from webside.scheduling import selectors, services
from webside.scheduling.codes import AppointmentStatus, DayPart, OfferStatus, WaitlistStatus
from webside.scheduling.models import Appointment, WaitlistEntry
from webside.scheduling.services.times import period_of
from webside.scheduling.tests.factories import VISITOR, book, book_visitor
from webside.scheduling.tests.waits import (
    FREE,
    TEN,
    at_ten,
    by_machine,
    offers_of,
    only,
    place_of,
    visits,
    wait,
    wait_visitor,
    work,
)

now = pytest.fixture(at_ten, name="now")


@pytest.fixture(autouse=True)
def one_time(now: Any, cast: Any) -> Iterator[Any]:
    """There is one free time, on Thursday at nine."""
    only(cast, FREE)
    yield now


def letters(cast: Any, to: str) -> list[str]:
    """Return the e-mails to somebody, the oldest first."""
    with by_machine(cast):
        rows = OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id, channel="email").order_by("queued_at")
        return [text_of(row) for row in rows if to in recipients_of(row)]


def _with_daniel(cast: Any, period: Any) -> None:
    """Let Liz have a visit with somebody else."""
    Appointment.objects.create(
        patient=cast.liz, practitioner=cast.daniel, service=cast.video_visit, period=period,
        patient_state="NY", patient_timezone="America/New_York", booked_by="x", idempotency_key=uuid4().hex,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ whose turn it is


def test_the_longest_wait_is_asked_first_and_the_time_is_held(cast: Any) -> None:
    nora = wait_visitor(cast)
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, nora)
    assert (offer.status, offer.start) == (OfferStatus.OPEN, FREE)
    assert timedelta(0) <= offer.until - (TEN + timedelta(hours=2)) < timedelta(minutes=1)
    assert offers_of(cast, liz) == []
    with cast.as_(cast.liz_user) as actor:
        assert selectors.next_free(service=cast.video_visit, state="NY") is None, "nobody else is shown what is held"
        with pytest.raises(services.SlotTaken):
            book(cast, actor, FREE)


def test_who_says_no_stays_on_the_list_and_the_next_one_is_asked(cast: Any) -> None:
    nora, liz = wait_visitor(cast), wait(cast)
    work()
    [offer] = offers_of(cast, nora)
    with cast.as_(cast.grace_user) as grace:
        services.decline_offer(actor=grace, offer=offer)
        services.decline_offer(actor=grace, offer=offer)
    work()
    work()
    assert place_of(cast, nora).status == WaitlistStatus.WAITING
    assert [each.status for each in offers_of(cast, nora)] == [OfferStatus.DECLINED], "she isn’t asked the same again"
    assert [each.status for each in offers_of(cast, liz)] == [OfferStatus.OPEN]


def test_who_doesnt_answer_in_time_loses_the_time_and_not_her_place(cast: Any, now: Any) -> None:
    nora, liz = wait_visitor(cast), wait(cast)
    work()
    work(now, timedelta(minutes=119))
    assert [each.status for each in offers_of(cast, nora)] == [OfferStatus.OPEN]
    work(now, timedelta(minutes=1))
    assert [each.status for each in offers_of(cast, nora)] == [OfferStatus.LAPSED]
    assert place_of(cast, nora).status == WaitlistStatus.WAITING
    assert [each.status for each in offers_of(cast, liz)] == [OfferStatus.OPEN]
    assert len([each for each in visits(cast) if each.status == AppointmentStatus.PENDING]) == 1


def test_whom_it_doesnt_suit_is_passed_over(cast: Any) -> None:
    afternoons = wait_visitor(cast, "Ada", day_parts=[DayPart.AFTERNOON])
    fridays = wait_visitor(cast, "Ben", weekdays=[4])
    too_short = wait_visitor(cast, "Cleo", notice_hours=48)
    another = wait_visitor(cast, "Dov", until=date(2026, 12, 2))
    liz = wait(cast)
    work()
    for entry in (afternoons, fridays, too_short, another):
        assert offers_of(cast, entry) == []
    assert len(offers_of(cast, liz)) == 1


def test_whom_the_gates_stop_is_passed_over_and_stays(cast: Any) -> None:
    nora, liz = wait_visitor(cast), wait(cast)
    with by_machine(cast):
        Consent.objects.filter(patient=nora.patient).update(status="inactive")
    work()
    assert offers_of(cast, nora) == []
    assert place_of(cast, nora).status == WaitlistStatus.WAITING
    assert len(offers_of(cast, liz)) == 1


def test_nobody_waits_where_the_law_lets_nobody_see_her(cast: Any) -> None:
    with pytest.raises((services.NobodyMay, services.GatesStop)):
        wait(cast, state="TX")
    assert not visits(cast)


def test_nobody_is_woken_for_a_time(cast: Any, now: Any) -> None:
    now.move_to(TEN + timedelta(hours=12))
    liz = wait(cast, consent_scope="telehealth")
    work()
    assert offers_of(cast, liz) == []
    work(now, timedelta(hours=10))
    [offer] = offers_of(cast, liz)
    assert timedelta(0) <= offer.until - (TEN + timedelta(hours=24)) < timedelta(minutes=1)


def test_a_time_at_which_she_has_a_visit_already_is_passed_over_for_the_next_one(cast: Any) -> None:
    later = FREE + timedelta(hours=4)
    only(cast, FREE, later)
    liz = wait(cast)
    with by_machine(cast):
        _with_daniel(cast, period_of(cast.video_visit, FREE))
    work()
    assert [each.start for each in offers_of(cast, liz)] == [later], "it isn’t tried again and again"


def test_an_earlier_time_that_overlaps_the_visit_that_would_move_is_offered(cast: Any) -> None:
    with by_machine(cast):
        _with_daniel(cast, period_of(cast.video_visit, FREE + timedelta(minutes=10)))
        hers = Appointment.objects.get(practitioner=cast.daniel)
    liz = wait(cast, appointment=hers)
    work()
    assert [each.start for each in offers_of(cast, liz)] == [FREE]


def test_a_time_too_near_for_an_answer_is_passed_over_for_the_next_one(cast: Any) -> None:
    soon, later = TEN + timedelta(minutes=30), FREE
    only(cast, soon, later)
    liz = wait(cast, notice_hours=0)
    with by_machine(cast):
        assert selectors.hold_of(liz, soon) is None
        assert [each.start for each in selectors.offerable(liz)] == [later]
    work()
    assert [each.start for each in offers_of(cast, liz)] == [later]


def test_a_cancelled_time_is_offered_when_it_cant_be_taken_back_any_more(cast: Any, now: Any) -> None:
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)) as frame:
        [slot] = selectors.free_slots(service=cast.video_visit, state="NY", since=clock.now(), days=9)
        booked = book_visitor(cast, frame.actor, slot)
    liz = wait(cast)
    work()
    assert offers_of(cast, liz) == [], "nothing is free"
    with cast.as_(cast.grace_user) as grace:
        services.cancel_appointment(actor=grace, appointment=booked)
    work()
    assert offers_of(cast, liz) == [], "who cancelled may take it back for some minutes"
    work(now, timedelta(minutes=3))
    assert [each.start for each in offers_of(cast, liz)] == [FREE]
    with cast.as_(cast.grace_user) as grace, pytest.raises(services.SlotTaken):
        services.restore_appointment(actor=grace, appointment=booked)


def test_new_hours_are_offered(cast: Any) -> None:
    only(cast)
    liz = wait(cast)
    work()
    assert offers_of(cast, liz) == []
    with cast.as_(cast.maya_user) as maya:
        services.add_hours(
            actor=maya, practitioner=cast.maya, weekday=4, starts_at=FREE.time(), timezone="America/New_York",
            ends_at=(FREE + timedelta(minutes=20)).time(), valid_from=date(2026, 12, 4), valid_to=date(2026, 12, 4),
        )  # fmt: skip
    work()
    assert [each.start for each in offers_of(cast, liz)] == [FREE + timedelta(days=1)]


def test_what_no_event_tells_of_is_found_within_the_quarter_of_an_hour(cast: Any, now: Any) -> None:
    only(cast)
    liz = wait(cast)
    work()
    only(cast, FREE)
    work(now, timedelta(minutes=14))
    assert offers_of(cast, liz) == []
    work(now, timedelta(minutes=1))
    assert len(offers_of(cast, liz)) == 1


# -------------------------------------------------------------------------------------------- taking it


def test_taking_it_books_it_once(cast: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with cast.as_(cast.liz_user) as actor:
        assert selectors.appointment(actor, offer.id) is None, "what is held is no visit of hers yet"
        first = services.accept_offer(actor=actor, offer=offer)
        again = services.accept_offer(actor=actor, offer=offer)
        assert first.id == again.id
        assert (first.status, first.start, first.practitioner) == ("booked", FREE, cast.maya)
        assert ResourceVersion.objects.filter(resource_type="Appointment", resource_id=first.id).count() == 1
        assert AuditEvent.objects.filter(action="scheduling.waitlist.accept", patient_id=cast.liz.id).count() == 2
    assert place_of(cast, liz).status == WaitlistStatus.BOOKED
    assert len(visits(cast)) == 1
    work()
    assert any("your visit with Larkspur Clinic is booked" in text for text in letters(cast, cast.liz.email))


def test_the_visit_that_she_has_is_moved_and_not_booked_twice(cast: Any) -> None:
    later = FREE + timedelta(days=4)
    only(cast, FREE, later)
    with cast.as_(cast.liz_user) as actor:
        had = book(cast, actor, later)
    liz = wait(cast, appointment=had, consent_scope="")
    work()
    [offer] = offers_of(cast, liz)
    assert offer.start == FREE
    with cast.as_(cast.liz_user) as actor:
        moved = services.accept_offer(actor=actor, offer=offer)
        assert services.accept_offer(actor=actor, offer=offer).id == moved.id == had.id
    assert [(each.id, each.start) for each in visits(cast)] == [(had.id, FREE)]
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        assert selectors.next_free(service=cast.video_visit, state="NY").start == later, "the other one is free"


def test_who_books_a_later_time_herself_is_offered_only_earlier_ones(cast: Any) -> None:
    later = FREE + timedelta(days=4)
    only(cast, later)
    wait_visitor(cast, "Ada", weekdays=[6])
    liz = wait(cast, weekdays=[3])
    with cast.as_(cast.liz_user) as actor:
        had = book(cast, actor, later)
    work()
    assert place_of(cast, liz).appointment_id == had.id
    only(cast, FREE, later, later + timedelta(days=3))
    with by_machine(cast):
        services.look_soon()
    work()
    assert [each.start for each in offers_of(cast, liz)] == [FREE]


def test_an_offer_that_has_run_out_books_nothing_though_the_worker_was_dead(cast: Any, now: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    now.move_to(offer.until)
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.OfferOver):
        services.accept_offer(actor=actor, offer=offer)
    assert [each.status for each in visits(cast)] == [AppointmentStatus.PENDING]
    now.move_to(FREE + timedelta(days=1))  # the worker comes back the day after the visit would have been
    work()
    assert [each.status for each in offers_of(cast, liz)] == [OfferStatus.LAPSED]
    assert visits(cast) == []
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.OfferOver):
        services.accept_offer(actor=actor, offer=offer)


def test_a_timer_that_runs_again_changes_nothing(cast: Any, now: Any) -> None:
    """A worker that is killed between doing and marking does it again."""
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with cast.as_(cast.liz_user) as actor:
        services.accept_offer(actor=actor, offer=offer)
    assert not Timer.objects.filter(name=services.OFFER_TIMER, done_at=None).exists()
    now.move_to(offer.until + timedelta(minutes=1))
    with by_machine(cast):
        services.end_offer(offer_id=offer.id)
    assert [each.status for each in visits(cast)] == ["booked"]


def test_a_licence_that_ended_meanwhile_stops_the_booking(cast: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with by_machine(cast):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end=date(2026, 12, 1))
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.GatesStop):
        services.accept_offer(actor=actor, offer=offer)
    assert [each.status for each in visits(cast)] == [AppointmentStatus.PENDING]
    assert place_of(cast, liz).status == WaitlistStatus.WAITING


def test_who_has_another_visit_then_is_told_and_keeps_the_offer(cast: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with by_machine(cast):
        _with_daniel(cast, offer.period)
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.PatientBusy):
        services.accept_offer(actor=actor, offer=offer)
    assert [each.status for each in offers_of(cast, liz)] == [OfferStatus.OPEN]


def test_leaving_gives_free_what_was_held(cast: Any) -> None:
    nora, liz = wait_visitor(cast), wait(cast)
    work()
    with cast.as_(cast.grace_user) as grace:
        services.leave_waitlist(actor=grace, entry=nora)
        services.leave_waitlist(actor=grace, entry=nora)
    work()
    assert [each.status for each in offers_of(cast, nora)] == [OfferStatus.WITHDRAWN]
    assert len(offers_of(cast, liz)) == 1


def test_who_was_seen_meanwhile_is_asked_no_more(cast: Any, now: Any) -> None:
    with cast.as_(cast.liz_user) as actor:
        had = book(cast, actor, FREE)
    liz = wait(cast, appointment=had, consent_scope="")
    only(cast, FREE + timedelta(days=7))
    now.move_to(FREE + timedelta(minutes=1))
    work()
    assert (place_of(cast, liz).status, offers_of(cast, liz)) == (WaitlistStatus.BOOKED, [])


def test_who_waited_in_vain_is_told(cast: Any, now: Any) -> None:
    only(cast)
    liz = wait(cast, until=date(2026, 12, 5))
    work()
    now.move_to(TEN + timedelta(days=4))
    work()
    assert place_of(cast, liz).status == WaitlistStatus.WAITING, "her last day is not over"
    now.move_to(TEN + timedelta(days=5))
    work()
    work()
    assert place_of(cast, liz).status == WaitlistStatus.OVER
    assert sum("none became free that suits you" in text for text in letters(cast, cast.liz.email)) == 1


# ----------------------------------------------------------------------------------------- joining


def test_the_same_form_twice_is_one_place(cast: Any) -> None:
    key = uuid4().hex
    assert wait(cast, idempotency_key=key).id == wait(cast, idempotency_key=key).id
    first = wait_visitor(cast, idempotency_key="b" * 32)
    assert wait_visitor(cast, idempotency_key="b" * 32).id == first.id
    with by_machine(cast):
        assert Patient.objects.filter(email="nora@example.test").count() == 1
    with pytest.raises(services.KeyReused):
        wait_visitor(cast, "Mallory", idempotency_key="b" * 32)
    with pytest.raises(services.WaitsAlready):
        wait(cast)


def test_nobody_waits_for_another_or_for_anothers_visit(cast: Any) -> None:
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)) as frame:
        [slot] = selectors.free_slots(service=cast.video_visit, state="NY", since=clock.now(), days=9)
        booked = book_visitor(cast, frame.actor, slot)
    nora = booked.patient
    for user in (cast.liz_user, cast.maya_user, cast.marcus_user):
        with pytest.raises(services.NotAllowed):
            wait(cast, user, patient=nora, consent_scope="")
    with pytest.raises(services.NotAllowed):
        wait(cast, appointment=booked)
    assert wait(cast, cast.grace_user, patient=nora, appointment=booked, consent_scope="").patient_id == nora.id


def test_who_may_answer(cast: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    for user in (cast.maya_user, cast.marcus_user, cast.ingrid_user, cast.ana_user):
        with cast.as_(user) as actor:
            for service in (services.accept_offer, services.decline_offer):
                with pytest.raises(services.NotAllowed):
                    service(actor=actor, offer=offer)
            with pytest.raises(services.NotAllowed):
                services.leave_waitlist(actor=actor, entry=liz)
            assert selectors.waitlist_entry(actor, liz.id) is None
            assert selectors.waiting_list(actor) == []
    with cast.as_(cast.mallory_user, cast.northgate) as mallory:
        assert selectors.waitlist_entry(mallory, liz.id) is None
        assert not WaitlistEntry.objects.exists()
    with cast.as_(cast.grace_user) as grace:
        assert services.accept_offer(actor=grace, offer=offer).patient_id == cast.liz.id


def test_the_database_itself_keeps_what_is_held(cast: Any) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with by_machine(cast):
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=VISITOR.birth_date)
        with pytest.raises(IntegrityError, match="appointment_practitioner_free"), transaction.atomic():
            Appointment.objects.create(
                patient=other, practitioner=cast.maya, service=cast.video_visit, period=offer.period,
                patient_state="NY", patient_timezone="America/New_York", booked_by="x", idempotency_key="y",
            )  # fmt: skip


def test_what_is_written_to_her(cast: Any) -> None:
    """When, until when and a link; not with whom, not what for."""
    nora = wait_visitor(cast, reason_text="A rash that itches")
    work()
    joined, offered = letters(cast, "nora@example.test")
    assert "you are on the waiting list of Larkspur Clinic" in joined
    assert "Thursday, December 3, 2026, 9 am Eastern Time" in offered.replace(":00", "")
    assert "until Tuesday, December 1, 2026, 12 pm Eastern Time" in offered.replace(":00", "").replace("noon", "12 pm")
    for text in (joined, offered):
        for secret in ("rash", "Chen", "Quist", cast.video_visit.name):
            assert secret not in text
        [token] = re.findall(r"/waits/([\w-]+)/", text)
        with by_machine(cast):
            assert selectors.waitlist_link_by_hash(services.token_hash(token)).entry_id == nora.id


def test_by_hand_the_front_desk_offers_what_doesnt_suit_too(cast: Any) -> None:
    liz = wait(cast, weekdays=[6])
    work()
    assert offers_of(cast, liz) == []
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.offer_time(actor=maya, entry=liz, practitioner=cast.maya, start=FREE)
    with cast.as_(cast.grace_user) as grace:
        offer = services.offer_time(actor=grace, entry=liz, practitioner=cast.maya, start=FREE)
        assert offer.offered_by == str(cast.grace_user)
        with pytest.raises(services.WrongPlace):
            services.offer_time(actor=grace, entry=liz, practitioner=cast.maya, start=FREE)
        with pytest.raises(services.ReasonMissing):
            services.remove_from_waitlist(actor=grace, entry=liz, reason=" ")
        services.remove_from_waitlist(actor=grace, entry=liz, reason="Was seen elsewhere")
    assert (place_of(cast, liz).status, visits(cast)) == (WaitlistStatus.REMOVED, [])
