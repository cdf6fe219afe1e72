"""Booking: the same form twice, times that are gone, what the gates say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from webside.audit.models import AuditEvent
from webside.compliance.models import Consent, Licence
from webside.core import clock
from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.fhirkit.models import ResourceVersion
from webside.outbox.models import OutboxEvent
from webside.people.models import Patient
from webside.scheduling import selectors, services
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import VISITOR, book, book_visitor, some_slots


def test_a_patient_books(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast)[0]
        appointment = book(cast, liz, slot.start)
        assert (appointment.start, appointment.end) == (slot.start, slot.start + timedelta(minutes=20))
        assert appointment.status == "booked"
        assert Consent.objects.get(patient=cast.liz, scope="telehealth").text.version == "2026-10-01"
        assert ResourceVersion.objects.filter(resource_type="Appointment", resource_id=appointment.id).count() == 1
        assert OutboxEvent.objects.filter(
            name="scheduling.AppointmentBooked", payload={"appointment_id": str(appointment.id)}
        ).exists()
        assert AuditEvent.objects.filter(action="scheduling.appointment.book", target_id=appointment.id).exists()


def test_the_booked_time_is_offered_no_more(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast)[0]
        book(cast, liz, slot.start)
        assert slot.start not in {other.start for other in some_slots(cast, practitioner=cast.maya)}


def test_the_same_form_twice_is_one_appointment(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        start, key = some_slots(cast)[0].start, uuid4().hex
        first = book(cast, liz, start, idempotency_key=key)
        second = book(cast, liz, start, idempotency_key=key)
        assert first.id == second.id
        assert Appointment.objects.count() == 1
        assert OutboxEvent.objects.filter(name="scheduling.AppointmentBooked").count() == 1


def test_the_same_form_with_another_time_says_what_was_booked(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots, key = some_slots(cast), uuid4().hex
        first = book(cast, liz, slots[0].start, idempotency_key=key)
        with pytest.raises(services.AlreadyBooked) as earlier:
            book(cast, liz, slots[1].start, idempotency_key=key)
        assert earlier.value.appointment.id == first.id
        assert Appointment.objects.count() == 1


def test_a_new_form_for_a_visit_that_one_has_says_so(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[0].start
        first = book(cast, liz, start)
        with pytest.raises(services.AlreadyBooked) as earlier:
            book(cast, liz, start)
        assert earlier.value.appointment.id == first.id
        assert Appointment.objects.count() == 1


def test_a_taken_slot_offers_the_nearest(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        # Three on one day: the time before the first of a day is a night away, and not among the nearest.
        before, middle, after = next(
            three for three in zip(slots, slots[1:], slots[2:], strict=False)
            if three[2].start - three[0].start < timedelta(hours=4)
        )  # fmt: skip
        book(cast, liz, middle.start)
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        with pytest.raises(services.SlotTaken) as taken:
            book_visitor(cast, anonymous(cast.larkspur.id), middle)
        starts = [slot.start for slot in taken.value.nearest]
        assert middle.start not in starts
        assert {before.start, after.start} <= set(starts)
        assert starts == sorted(starts)
        assert not Patient.objects.filter(email=VISITOR.email).exists(), "nothing of a failed booking stays"
        assert not Consent.objects.exclude(patient=cast.liz).exists()


def test_a_slot_that_passed_is_refused_with_the_nearest(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast)[0]
        with time_machine.travel(slot.start + timedelta(seconds=1), tick=False):
            with pytest.raises(services.SlotPassed) as passed:
                book(cast, liz, slot.start)
            assert passed.value.nearest
            assert all(near.start > clock.now() for near in passed.value.nearest)


def test_a_patient_has_one_visit_at_a_time(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        # Visits of 20 and of 30 minutes begin together once an hour, whatever time the test runs at.
        coached = {each.start for each in some_slots(cast, cast.coaching)}
        slot = next(each for each in some_slots(cast) if each.start in coached)
        book(cast, liz, slot.start)
        with pytest.raises(services.PatientBusy) as busy:
            book(cast, liz, slot.start, service=cast.coaching, practitioner=cast.priya, consent_scope="")
        assert busy.value.nearest
        assert all(near.start >= slot.end or near.end <= slot.start for near in busy.value.nearest)


@pytest.mark.parametrize("minutes", [1, -7, 60 * 24 * 400])
def test_a_time_that_was_never_offered_is_refused(cast: Any, minutes: int) -> None:
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[0].start + timedelta(minutes=minutes)
        expected = services.GatesStop if minutes > 10_000 else services.SlotTaken  # licences have ended by then
        with pytest.raises((expected, services.SlotTaken)):
            book(cast, liz, start)


def test_a_time_beyond_what_any_page_offers_is_refused(cast: Any) -> None:
    """Coaching has no licence that ends, so nothing else would stop the year 2500."""
    with cast.as_(cast.liz_user) as liz:
        free = selectors.free_slots(service=cast.coaching, state="NY", since=clock.now(), days=60)
        late = next(slot for slot in free if slot.start > clock.now() + timedelta(days=35))
        with pytest.raises(services.SlotTaken) as refused:
            book(cast, liz, late.start, service=cast.coaching, practitioner=cast.priya, consent_scope="")
        assert refused.value.nearest and refused.value.nearest[0].start < clock.now() + timedelta(days=7)


def test_somebody_who_does_not_give_the_service_is_refused(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.CannotBook):
        book(cast, liz, some_slots(cast)[0].start, practitioner=cast.priya)


def test_the_wrong_state_is_stopped_and_a_colleague_offered(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast, state="OR")[0]
        assert slot.practitioner == cast.daniel
        with pytest.raises(services.GatesStop) as stopped:
            book(cast, liz, some_slots(cast)[0].start, state="OR", timezone="America/Los_Angeles")
        finding = stopped.value.findings[0]
        assert (finding.gate, finding.outcome, finding.overridable) == ("licence", "stop", False)
        assert {near.practitioner.id for near in stopped.value.nearest} == {cast.daniel.id}


def test_without_consent_nothing_is_booked(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.GatesStop) as stopped:
            book(cast, liz, some_slots(cast)[0].start, consent_scope="")
        assert [finding.gate for finding in stopped.value.findings] == ["consent"]


def test_a_licence_that_ends_between_ends_the_offer(cast: Any) -> None:
    with cast.as_(cast.liz_user):
        slots = some_slots(cast)
        days = sorted({slot.start.date() for slot in slots})
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end=days[1])
        left = {slot.start.date() for slot in some_slots(cast)}
        assert days[1] in left
        assert max(left) < days[-1] or max(left) == days[1]


def test_coaching_asks_for_no_licence_and_no_consent(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        for state in ("NY", "OR", "TX"):
            assert some_slots(cast, service=cast.coaching, state=state)
        start = some_slots(cast, service=cast.coaching, state="TX")[0].start
        appointment = book(cast, liz, start, service=cast.coaching, practitioner=cast.priya, state="TX",
                           timezone="America/Chicago", consent_scope="")  # fmt: skip
        assert appointment.patient_state == "TX"
        assert not Consent.objects.exists()


def test_a_visitor_books_and_becomes_a_patient_once(cast: Any) -> None:
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        slot, key = some_slots(cast)[0], uuid4().hex
        first = book_visitor(cast, visitor, slot, idempotency_key=key)
        second = book_visitor(cast, visitor, slot, idempotency_key=key)
        assert first.id == second.id
        assert Patient.objects.filter(email=VISITOR.email).count() == 1
        with pytest.raises(services.KeyReused):
            book_visitor(cast, visitor, slot, idempotency_key=key, details=replace(VISITOR, family="Other"))


def test_a_visitor_can_not_book_for_a_known_patient(cast: Any) -> None:
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor), pytest.raises(services.NotAllowed):
        book(cast, visitor, some_slots(cast)[0].start)


def test_next_free_of_all_services_takes_few_queries(cast: Any, django_assert_max_num_queries: Any) -> None:
    with cast.as_(cast.liz_user):
        every = [cast.video_visit, cast.coaching]
        with django_assert_max_num_queries(16):
            found = selectors.next_free_for_all(services=every, state="NY")
        assert found[cast.video_visit.id].practitioner == cast.maya
        assert found[cast.coaching.id].practitioner == cast.priya
        assert selectors.next_free(service=cast.video_visit, state="TX") is None
