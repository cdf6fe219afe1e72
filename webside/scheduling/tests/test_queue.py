"""The line, from joining to being seen; and what goes wrong on the way."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import time_machine
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.compliance import services as compliance
from webside.compliance.models import Licence
from webside.core import clock, frames, timers
from webside.core.actor import Actor, ActorKind, Role, system
from webside.core.models import Timer
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.notifications.models import OutgoingMessage
from webside.outbox.services import deliver_due
from webside.people.models import Patient
from webside.scheduling import registry, selectors, services
from webside.scheduling.codes import CallOutcome, CallWindow, QueueStatus, QueueTrouble, Urgency
from webside.scheduling.models import Appointment, CallBack, QueueDuty, QueueEntry
from webside.scheduling.rules import WeeklyHours
from webside.scheduling.tests.factories import some_slots
from webside.scheduling.tests.line import (
    ZONE,
    call,
    join,
    join_visitor,
    now_of,
    on_duty,
    open_line,
    silent_since,
    the_line,
    watch,
)
from webside.visits import selectors as visits
from webside.visits import services as rooms


def told(cast: Any) -> list[str]:
    """Deliver what is due; return the templates of what was sent since, in order."""
    while deliver_due():
        pass
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        found = OutgoingMessage.objects.filter(template__startswith="scheduling/").order_by("queued_at", "id")
        return [each.template.removeprefix("scheduling/") for each in found]


def appointment_of(cast: Any, entry: QueueEntry) -> Appointment | None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        return selectors.appointment_of(entry)


def come(cast: Any, entry: QueueEntry) -> Appointment:
    """Let Liz, who was called, check in by the page of her visit, without a look at that of her place."""
    with cast.as_(cast.liz_user) as liz:
        appointment = selectors.appointment_of(entry)
        assert appointment is not None
        return services.check_in_appointment(actor=liz, appointment=appointment)


def as_door(cast: Any, entry: QueueEntry) -> Actor:
    return Actor(ActorKind.LINK, "Nora Quist", cast.larkspur.id, roles=frozenset({Role.PATIENT}), subject_id=entry.id)


# --------------------------------------------------------------------------------------------------- joining


def test_somebody_joins_and_is_told_an_honest_range(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    assert (entry.status, entry.promised_low, entry.promised_high) == (QueueStatus.WAITING, 0, 5)
    assert told(cast) == ["queue_joined"]


def test_the_same_form_twice_is_one_place(cast: Any) -> None:
    open_line(cast)
    key = uuid4().hex
    assert join(cast, idempotency_key=key).id == join(cast, idempotency_key=key).id
    with pytest.raises(services.InLineAlready):
        join(cast)
    assert told(cast) == ["queue_joined"]


def test_a_key_of_somebody_else_opens_nothing(cast: Any) -> None:
    open_line(cast)
    entry = join(cast)
    with pytest.raises(services.KeyReused):
        join_visitor(cast, idempotency_key=entry.idempotency_key)


def test_a_visitor_who_comes_back_has_one_place(cast: Any) -> None:
    open_line(cast)
    entry = join_visitor(cast)
    assert entry.patient.user_id is None and entry.phone == "518-555-0161"
    with pytest.raises(services.InLineAlready) as held:
        join_visitor(cast, actor=as_door(cast, entry))
    assert held.value.entry.id == entry.id
    with cast.as_(cast.grace_user):
        assert Patient.objects.filter(family="Quist").count() == 1


def test_nobody_joins_while_the_line_is_closed(cast: Any) -> None:
    open_line(cast, hours=[])
    with pytest.raises(services.QueueShut) as shut:
        join(cast)
    assert shut.value.opens_at is None
    with pytest.raises(services.QueueShut):
        join_visitor(cast)
    with cast.as_(cast.grace_user):
        assert not Patient.objects.filter(family="Quist").exists()


def test_a_place_where_nobody_of_the_clinic_is_licensed_is_no_place_in_line(cast: Any) -> None:
    open_line(cast)
    with pytest.raises(services.NobodyMay):
        join(cast, state="TX")


def test_who_takes_nobody_now_is_waited_for_without_a_number(cast: Any) -> None:
    open_line(cast)
    entry = join(cast)
    assert entry.promised_high is None
    assert the_line(cast).range_of(entry.id) is None


def test_the_words_of_a_screen_raise_and_never_lower(cast: Any) -> None:
    open_line(cast)
    entry = join(cast, urgency=Urgency.SOON, urgency_reason="Fever in a small child", urgency_by="screen 4")
    machine = system("screen", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=machine):
        lower = services.raise_urgency(actor=machine, entry=entry, urgency=Urgency.ROUTINE, reason="mild", by="screen")
        assert lower.urgency == Urgency.SOON
        higher = services.raise_urgency(actor=machine, entry=entry, urgency=Urgency.URGENT, reason="worse", by="screen")
        assert (higher.urgency, higher.urgency_reason) == (Urgency.URGENT, "worse")
    with cast.as_(cast.grace_user) as grace:
        with pytest.raises(services.ReasonMissing):
            services.set_urgency(actor=grace, entry=entry, urgency=Urgency.ROUTINE, reason="  ")
        services.set_urgency(actor=grace, entry=entry, urgency=Urgency.ROUTINE, reason="Spoke to her: a cold")
    assert now_of(cast, entry).urgency == Urgency.ROUTINE


# ---------------------------------------------------------------------------------------------------- order


def test_who_may_not_see_her_is_never_offered_her(cast: Any) -> None:
    open_line(cast)
    on_duty(cast, "maya", "daniel")
    york, oregon = join(cast), join_visitor(cast, state="OR")
    line = the_line(cast)
    assert [each.id for each in line.waiting_for(cast.maya)] == [york.id]
    assert [each.id for each in line.waiting_for(cast.daniel)] == [oregon.id]
    assert call(cast, "daniel").entry.id == oregon.id  # type: ignore[union-attr]
    assert call(cast, "daniel").entry.id == oregon.id  # type: ignore[union-attr]  # pressed twice
    assert now_of(cast, york).status == QueueStatus.WAITING


def test_a_licence_that_ended_meanwhile_takes_her_off_the_list(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    with cast.as_(cast.ingrid_user):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(
            period_end=clock.now().date() - timedelta(days=2)
        )
    line = the_line(cast)
    assert line.waiting_for(cast.maya) == [] and line.range_of(entry.id) is None
    assert call(cast).entry is None
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NobodyMay):
        services.call_entry(actor=maya, practitioner=cast.maya, entry=entry, reason="I know her")
    with cast.as_(cast.grace_user):
        opened = selectors.opening(cast.video_visit, line.now)
        assert selectors.troubles_of(line, line.entries[entry.id], opened)[0] is QueueTrouble.NOBODY_LICENSED
    assert now_of(cast, entry).status == QueueStatus.WAITING  # and nobody dropped her


def test_a_consent_that_was_taken_back_is_asked_at_the_call_and_the_next_one_is_seen(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry, after = join(cast), join_visitor(cast)
    with cast.as_(cast.liz_user) as liz:
        compliance.withdraw_consent(actor=liz, consent=entry.patient.consents.get(scope="telehealth"))
    called = call(cast)
    assert called.entry is not None and called.entry.id == after.id
    assert [each.id for each, _why in called.passed_over] == [entry.id]
    assert now_of(cast, entry).status == QueueStatus.WAITING


def test_the_urgent_one_is_called_first_and_the_reason_is_said(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    first, urgent = join(cast), join_visitor(cast, urgency=Urgency.URGENT)
    line = the_line(cast)
    assert [each.id for each in line.in_order] == [urgent.id, first.id]
    before = line.why_after(first.id)
    assert before is not None and (before[0].id, before[1]) == (urgent.id, "urgency")
    assert line.place(first.id) == 1 and line.why_after(urgent.id) is None


def test_another_one_is_called_with_a_reason(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    join(cast)
    second = join_visitor(cast)
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.ReasonMissing):
            services.call_entry(actor=maya, practitioner=cast.maya, entry=second, reason="")
        called = services.call_entry(actor=maya, practitioner=cast.maya, entry=second, reason="She is in pain")
    assert called.entry is not None and called.entry.id == second.id
    with cast.as_(cast.grace_user):
        event = AuditEvent.objects.filter(action="scheduling.queue.claim").order_by("-sequence").first()
        assert event is not None and event.reason == "She is in pain"


def test_whom_the_front_desk_chose_waits_for_them_while_they_are_on_duty(cast: Any) -> None:
    open_line(cast)
    with cast.as_(cast.ingrid_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    on_duty(cast, "maya", "daniel")
    first, second = join(cast), join_visitor(cast)
    with cast.as_(cast.grace_user) as grace:
        services.assign_entry(actor=grace, entry=first, practitioner=cast.daniel, reason="He knows her")
    line = the_line(cast)
    assert [each.id for each in line.waiting_for(cast.maya)] == [second.id]
    assert [each.id for each in line.waiting_for(cast.daniel)] == [first.id, second.id]
    with cast.as_(cast.daniel_user) as daniel:
        services.go_off_duty(actor=daniel, practitioner=cast.daniel)
    assert [each.id for each in the_line(cast).waiting_for(cast.maya)] == [first.id, second.id]


# --------------------------------------------------------------------------------------------------- calling


def test_a_call_makes_the_visit_and_she_goes_on_to_it(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join_visitor(cast)
    called = call(cast)
    assert called.appointment is not None and called.appointment.id == entry.id
    told(cast)
    door = as_door(cast, entry)
    with frames.begin(tenant_id=cast.larkspur.id, actor=door):
        answered = services.answer_call(actor=door, entry=entry)
        assert services.answer_call(actor=door, entry=entry).id == answered.id
        assert visits.visit(door, entry.id) is not None
    with cast.as_(cast.maya_user) as maya:
        assert visits.visit(maya, entry.id) is not None
    assert not Timer.objects.filter(key=str(entry.id), done_at=None).exists()
    assert told(cast) == ["queue_joined"]  # no letter about a booking or a calendar


def test_a_visit_that_takes_place_is_seen_and_frees_its_time(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry, after = join(cast), join_visitor(cast)
    call(cast)
    with cast.as_(cast.maya_user) as maya:
        appointment = selectors.appointment_of(entry)
        services.fulfil_appointment(actor=maya, appointment=appointment)
    assert now_of(cast, entry).status == QueueStatus.SEEN
    following = call(cast).entry
    assert following is not None and following.id == after.id  # the rest of the twenty minutes is free again


def test_a_booked_visit_that_was_over_sooner_keeps_nobody_waiting(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    with cast.as_(cast.grace_user):
        now = clock.now()
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=now.date())
        Appointment.objects.create(
            patient=other, practitioner=cast.maya, service=cast.video_visit, status="fulfilled", patient_state="NY",
            period=TimestamptzRange(now - timedelta(minutes=9), now + timedelta(minutes=11)), patient_timezone=ZONE,
            booked_by="x", idempotency_key="y",
        )  # fmt: skip
    assert call(cast).entry.id == entry.id  # type: ignore[union-attr]


@pytest.mark.parametrize(("minutes", "length"), [(3, None), (12, 12), (90, 20)])
def test_a_booked_visit_that_comes_is_kept(cast: Any, minutes: int, length: int | None) -> None:
    open_line(cast)
    on_duty(cast)
    join(cast)
    with cast.as_(cast.grace_user):
        start = clock.now() + timedelta(minutes=minutes)
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=start.date())
        Appointment.objects.create(
            patient=other, practitioner=cast.maya, service=cast.video_visit, patient_state="NY", patient_timezone=ZONE,
            period=TimestamptzRange(start, start + timedelta(minutes=20)), booked_by="x", idempotency_key="y",
        )  # fmt: skip
    if length is None:
        with pytest.raises(services.NoTime) as too_soon:
            call(cast)
        assert too_soon.value.start == start
        return
    appointment = call(cast).appointment
    assert appointment is not None
    assert round((appointment.end - appointment.start) / timedelta(minutes=1)) == length


def test_nobody_is_called_without_being_on_duty_or_by_somebody_else(cast: Any) -> None:
    open_line(cast)
    join(cast)
    with pytest.raises(services.NotOnDuty):
        call(cast)
    with cast.as_(cast.grace_user) as grace, pytest.raises(services.NotAllowed):
        services.call_next(actor=grace, practitioner=cast.maya)
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.go_on_duty(actor=daniel, practitioner=cast.maya)
    with cast.as_(cast.priya_user) as priya, pytest.raises(services.NotOnDuty):
        services.go_on_duty(actor=priya, practitioner=cast.priya)  # gives nothing that people wait in line for


# ----------------------------------------------------------------------------------------------- letting go


def test_who_does_not_come_is_not_waited_for_and_keeps_her_place(cast: Any) -> None:
    """The clinician's process may die between the call and the answer: what follows is a row, not a sleep."""
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    called = call(cast)
    assert told(cast) == ["queue_joined"]
    with time_machine.travel(clock.now() + timedelta(seconds=50), tick=False):
        timers.run_due()
        assert told(cast) == ["queue_joined", "queue_called"]
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        timers.run_due()
        assert timers.run_due() == 0
        found = now_of(cast, entry)
        assert (found.status, found.practitioner_id) == (QueueStatus.UNANSWERED, cast.maya.id)
        assert appointment_of(cast, entry).status == "waitlist"  # type: ignore[union-attr]
        assert told(cast)[-1] == "queue_unanswered"
        after = join_visitor(cast)
        assert call(cast).entry.id == after.id  # type: ignore[union-attr]
    with cast.as_(cast.liz_user) as liz:
        back = services.return_to_queue(actor=liz, entry=entry)
        assert (back.status, back.joined_at) == (QueueStatus.WAITING, entry.joined_at)
    assert called.appointment is not None


def test_an_old_timer_does_nothing_to_a_new_call(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    first = call(cast).entry
    assert first is not None and first.claimed_at is not None
    with cast.as_(cast.maya_user) as maya:
        services.release_entry(actor=maya, entry=entry, reason="I must take a call")
    call(cast)
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("timer", cast.larkspur.id)):
        services.give_up_waiting(entry_id=entry.id, claimed_at=first.claimed_at)
    assert now_of(cast, entry).status == QueueStatus.CLAIMED


@pytest.mark.parametrize("who", ["maya", "grace"])
def test_she_goes_back_to_her_place_or_did_not_come(cast: Any, who: str) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        with pytest.raises(services.ReasonMissing):
            services.release_entry(actor=actor, entry=entry, reason="")
        back = services.release_entry(actor=actor, entry=entry, reason="An emergency")
        assert (back.status, back.joined_at, back.practitioner) == (QueueStatus.WAITING, entry.joined_at, None)
    call(cast)
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        services.mark_absent(actor=actor, entry=entry, reason="Three calls, no answer")
    assert now_of(cast, entry).status == QueueStatus.NOSHOW
    assert appointment_of(cast, entry).status == "noshow"  # type: ignore[union-attr]
    assert join(cast).id != entry.id  # she may come again


def test_a_colleague_takes_over_only_where_he_may(cast: Any) -> None:
    open_line(cast)
    on_duty(cast, "maya", "daniel")
    entry = join(cast)
    call(cast)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NobodyMay):
        services.hand_over_entry(actor=maya, entry=entry, to=cast.daniel, reason="My shift ends")
    with cast.as_(cast.ingrid_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    with cast.as_(cast.maya_user) as maya:
        services.hand_over_entry(actor=maya, entry=entry, to=cast.daniel, reason="My shift ends")
        assert selectors.appointment(maya, entry.id) is None
    told(cast)
    found = now_of(cast, entry)
    assert (found.status, found.practitioner_id) == (QueueStatus.CLAIMED, cast.daniel.id)
    with cast.as_(cast.daniel_user) as daniel:
        assert visits.visit(daniel, entry.id) is not None
    after = join_visitor(cast)
    call(cast)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.WithSomebody):
        services.hand_over_entry(actor=maya, entry=after, to=cast.daniel, reason="My shift ends")


def test_once_it_has_begun_nobody_goes_back(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from webside.scheduling import registry

    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    monkeypatch.setattr(registry, "_under_way", [lambda _appointment: True])
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.WrongPlace):
            services.release_entry(actor=maya, entry=entry, reason="x")
        with pytest.raises(services.WithSomebody):
            services.call_next(actor=maya, practitioner=cast.maya)
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.WrongPlace):
        services.leave_queue(actor=liz, entry=entry)


def test_a_patient_leaves_and_takes_it_back(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    with cast.as_(cast.liz_user) as liz:
        services.leave_queue(actor=liz, entry=entry)
        assert services.leave_queue(actor=liz, entry=entry).status == QueueStatus.LEFT
        assert appointment_of(cast, entry).status == "waitlist"  # type: ignore[union-attr]
        back = services.return_to_queue(actor=liz, entry=entry)
        assert back.joined_at == entry.joined_at
        services.leave_queue(actor=liz, entry=entry)
    with (
        time_machine.travel(clock.now() + timedelta(minutes=31), tick=False),
        cast.as_(cast.liz_user) as liz,
        pytest.raises(services.WrongPlace),
    ):
        services.return_to_queue(actor=liz, entry=entry)


def test_who_checks_in_by_another_page_has_come(cast: Any) -> None:
    """Her home page leads to the check-in too; and nobody takes her out of a call that goes on since minutes."""
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    come(cast, entry)
    assert now_of(cast, entry).answered_at is not None
    for later in (timedelta(seconds=50), timedelta(minutes=11)):
        with time_machine.travel(clock.now() + later, tick=False):
            timers.run_due()
    assert now_of(cast, entry).status == QueueStatus.CLAIMED
    assert appointment_of(cast, entry).status == "checked-in"  # type: ignore[union-attr]
    assert told(cast) == ["queue_joined"]


def test_who_is_given_another_time_is_in_line_no_more_and_is_written_to(cast: Any, client: Any) -> None:
    """As when her place turns out to be elsewhere and a colleague can see her tomorrow. Who called her sees the next one."""
    open_line(cast)
    on_duty(cast)
    entry, after = join(cast), join_visitor(cast)
    call(cast)
    come(cast, entry)
    with cast.as_(cast.grace_user) as grace:
        start = some_slots(cast, practitioner=cast.maya)[0].start
        moved = services.move_appointment(actor=grace, appointment=selectors.appointment_of(entry), start=start)
        assert selectors.takes_link(moved)
    assert (moved.start, moved.status, now_of(cast, entry).status) == (start, "booked", QueueStatus.BOOKED)
    assert told(cast)[-1] == "appointment_moved"
    assert call(cast).entry.id == after.id  # type: ignore[union-attr]
    with cast.as_(cast.grace_user) as grace:
        moved = services.cancel_appointment(actor=grace, appointment=moved)
    assert told(cast)[-1] == "appointment_cancelled"
    client.force_login(cast.liz_user)
    page = client.get(reverse("scheduling:queue-entry", args=["larkspur", entry.id])).content.decode()
    assert "You have a time of your own" in page and f"/appointments/{entry.id}/" in page


def test_an_appointment_that_the_front_desk_cancels_ends_her_place(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    with cast.as_(cast.grace_user) as grace:
        services.cancel_appointment(actor=grace, appointment=selectors.appointment_of(entry), reason="She rang")
    assert now_of(cast, entry).status == QueueStatus.LEFT


def test_a_visit_that_did_not_work_is_called(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    told(cast)
    with cast.as_(cast.maya_user) as maya:
        visit = visits.visit(maya, entry.id)
        services.check_in_appointment(actor=maya, appointment=visit.appointment)
    from webside.visits.models import SafeStart, Visit

    with cast.as_(cast.maya_user) as maya:
        SafeStart.objects.create(visit=visit, completed_at=clock.now())
        Visit.objects.filter(id=entry.id).update(status="waiting", admitted_at=clock.now())
        rooms.fail_visit(actor=maya, visit=visits.visit(maya, entry.id))
        task = CallBack.objects.get(entry_id=entry.id)
        assert task.closed_at is None and "did not work" in task.why
    found = now_of(cast, entry)
    assert found.status == QueueStatus.CALLBACK
    with cast.as_(cast.liz_user):
        assert not selectors.can_return(found)  # its room is closed for good


# -------------------------------------------------------------------------------------------- being called back


def test_a_booked_visit_that_did_not_work_keeps_nobody_from_another_one(cast: Any) -> None:
    """She waits in line then, and is called: neither her own time nor the clinician's is taken any more."""
    open_line(cast)
    on_duty(cast)
    with cast.as_(cast.grace_user):
        now = clock.now()
        failed = Appointment.objects.create(
            patient=cast.liz, practitioner=cast.maya, service=cast.video_visit, status="checked-in", patient_state="NY",
            period=TimestamptzRange(now - timedelta(minutes=5), now + timedelta(minutes=25)), patient_timezone=ZONE,
            minutes_after=10, booked_by="x", idempotency_key="y",
        )  # fmt: skip
        visit = rooms.open_visit(appointment=failed)
    from webside.visits.models import SafeStart, Visit

    with cast.as_(cast.maya_user) as maya:
        SafeStart.objects.create(visit=visit, completed_at=clock.now())
        Visit.objects.filter(id=visit.id).update(status="waiting", admitted_at=clock.now())
        rooms.fail_visit(actor=maya, visit=visits.visit(maya, visit.id))
    line = the_line(cast)
    assert (line.booked, line.runs_on) == ({}, {}), "it goes on no more"
    entry = join(cast)
    assert call(cast).entry.id == entry.id  # type: ignore[union-attr]


def test_a_call_back_is_a_task_until_somebody_closes_it(cast: Any) -> None:
    open_line(cast)
    entry = join(cast)
    with cast.as_(cast.liz_user) as liz:
        services.ask_call_back(actor=liz, entry=entry, phone="845-555-0199", window=CallWindow.EVENING)
        again = services.ask_call_back(actor=liz, entry=entry, phone="845-555-0198", window=CallWindow.SOON)
        assert selectors.call_backs(liz).count() == 0
    with cast.as_(cast.grace_user) as grace:
        task = selectors.call_backs(grace).get()
        assert (task.id, task.phone, task.window) == (again.id, "845-555-0198", CallWindow.SOON)
        with pytest.raises(services.ReasonMissing):
            services.note_call(actor=grace, task=task, outcome=CallOutcome.NOT_REACHED)
        services.note_call(actor=grace, task=task, outcome=CallOutcome.NOT_REACHED, words="Busy")
        assert selectors.call_backs(grace).get().tries == 1
        services.note_call(actor=grace, task=task, outcome=CallOutcome.REACHED)
        assert selectors.call_backs(grace).count() == 0
        with pytest.raises(services.WrongPlace):
            services.note_call(actor=grace, task=task, outcome=CallOutcome.REACHED)
    assert now_of(cast, entry).status == QueueStatus.SEEN


def test_closing_time_is_said_again_to_who_waits_again(cast: Any) -> None:
    open_line(cast)
    entry = join(cast)
    with cast.as_(cast.grace_user):
        QueueEntry.objects.filter(id=entry.id).update(told_closing_at=clock.now())
    with cast.as_(cast.liz_user) as liz:
        services.ask_call_back(actor=liz, entry=entry, phone="")
        services.return_to_queue(actor=liz, entry=entry)
    assert now_of(cast, entry).told_closing_at is None


def test_who_changes_her_mind_is_back_at_her_place(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    with cast.as_(cast.liz_user) as liz:
        services.ask_call_back(actor=liz, entry=entry, phone="")
        services.return_to_queue(actor=liz, entry=entry)
    with cast.as_(cast.grace_user):
        assert CallBack.objects.get(entry_id=entry.id).outcome == CallOutcome.IN_LINE_AGAIN
    assert call(cast).entry.id == entry.id  # type: ignore[union-attr]


# ------------------------------------------------------------------------------------------------ the watch


def test_the_last_one_who_goes_is_told_how_many_wait_and_they_are_told(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    join_visitor(cast)
    with cast.as_(cast.maya_user) as maya:
        assert services.go_off_duty(actor=maya, practitioner=cast.maya) == 2
    assert watch(cast) == 2
    watch(cast)
    assert told(cast).count("queue_alone") == 2  # each once
    assert now_of(cast, entry).status == QueueStatus.WAITING


def test_a_page_that_is_gone_ends_the_duty_and_a_visit_does_not(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    gone = clock.now() - timedelta(minutes=5)
    join(cast)
    call(cast)
    silent_since(cast, cast.maya, gone)
    watch(cast)
    assert len(the_line(cast).duties) == 1  # she is with somebody: her page is that of the visit
    with cast.as_(cast.maya_user) as maya:
        entry = QueueEntry.objects.get(status="claimed")
        services.fulfil_appointment(actor=maya, appointment=selectors.appointment_of(entry))
    watch(cast)
    assert len(the_line(cast).duties) == 1
    silent_since(cast, cast.maya, gone)
    watch(cast)
    assert the_line(cast).duties == []
    with cast.as_(cast.grace_user):
        assert QueueDuty.objects.get().end_reason == "page-gone"


@pytest.mark.parametrize("gone", ["silent", "signed out"])
@pytest.mark.parametrize("begun", [False, True])
def test_whom_they_called_who_are_gone_waits_again(
    cast: Any, gone: str, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She has answered and sits in the waiting room. A visit that has begun is its own."""
    from webside.accounts import registry as accounts

    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    come(cast, entry)
    monkeypatch.setattr(registry, "_under_way", [lambda _appointment: begun])
    with time_machine.travel(clock.now() + timedelta(minutes=15), tick=False):
        if gone == "silent":
            watch(cast)
            assert len(the_line(cast).duties) == (1 if begun else 0)
        else:
            with frames.begin(tenant_id=None, actor=system("tests")):
                accounts.revoke(cast.maya_user.id)
        watch(cast)
        assert ("queue_alone" in told(cast)) is not begun
    found = now_of(cast, entry)
    assert found.status == (QueueStatus.CLAIMED if begun else QueueStatus.WAITING)
    assert found.joined_at == entry.joined_at
    assert appointment_of(cast, entry).status == ("checked-in" if begun else "waitlist")  # type: ignore[union-attr]


def test_a_booked_visit_in_between_ends_no_duty(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    open_line(cast)
    on_duty(cast)
    with cast.as_(cast.grace_user):
        now = clock.now()
        Appointment.objects.create(
            patient=cast.liz, practitioner=cast.maya, service=cast.video_visit, status="checked-in", patient_state="NY",
            period=TimestamptzRange(now - timedelta(minutes=9), now + timedelta(minutes=11)), patient_timezone=ZONE,
            booked_by="x", idempotency_key="y",
        )  # fmt: skip
    silent_since(cast, cast.maya, clock.now() - timedelta(minutes=5))
    monkeypatch.setattr(registry, "_under_way", [lambda _appointment: True])
    watch(cast)
    assert len(the_line(cast).duties) == 1
    silent_since(cast, cast.maya, clock.now() - timedelta(minutes=5))
    monkeypatch.setattr(registry, "_under_way", [])  # somebody waits for her, and she isn't there
    watch(cast)
    assert the_line(cast).duties == []


def test_a_duty_ends_with_its_time_and_with_signing_out(cast: Any) -> None:
    from webside.accounts import registry as accounts

    open_line(cast)
    on_duty(cast, "maya", until=clock.now() + timedelta(hours=1))
    on_duty(cast, "daniel")
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1), tick=False):
        silent_since(cast, cast.daniel, clock.now())
        watch(cast)
    assert [duty.practitioner_id for duty in the_line(cast).duties] == [cast.daniel.id]
    with frames.begin(tenant_id=None, actor=system("tests")):
        accounts.revoke(cast.daniel_user.id, accounts.RENEWED)
        accounts.revoke(cast.daniel_user.id)
    assert the_line(cast).duties == []


def test_a_sign_of_her_page_keeps_the_duty(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    silent_since(cast, cast.maya, clock.now() - timedelta(minutes=3))
    with cast.as_(cast.maya_user) as maya:
        assert services.keep_on_duty(actor=maya, practitioner=cast.maya)
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
        watch(cast)
    assert len(the_line(cast).duties) == 1


def test_who_is_nearly_next_is_told_once_if_she_wants_it(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    others = [join_visitor(cast, name) for name in ("Ada", "Ben", "Cleo")]
    entry = join(cast)
    with cast.as_(cast.liz_user) as liz:
        services.ask_for_message(actor=liz, entry=entry, wanted=True, phone="845-555-0111")
    watch(cast)
    assert "queue_near" not in told(cast)  # three are before her
    with cast.as_(cast.grace_user) as grace:
        services.remove_entry(actor=grace, entry=others[0], reason="Rang to say that she is well")
    watch(cast)
    watch(cast)
    assert told(cast).count("queue_near") == 2, "a text, and an e-mail as no text leaves here"


def test_who_wants_a_text_gets_an_email_where_none_leaves(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast, wants_message=True)
    watch(cast)
    told(cast)
    with cast.as_(cast.grace_user):
        text = OutgoingMessage.objects.get(template="scheduling/queue_near", channel="sms")
        letters = OutgoingMessage.objects.filter(template="scheduling/queue_near", channel="email").count()
        assert (text.kind, text.patient_id, text.about_id) == ("ready", entry.patient_id, entry.id)
        assert letters == 1, "this clinic has no sender"


FRIDAY, SATURDAY = 4, 5
EVENING = [WeeklyHours(FRIDAY, time(8), time(21), ZONE)]
HALF_PAST_EIGHT = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)  # Friday in New York


def test_closing_time_is_said_beforehand_and_nobody_is_dropped(cast: Any) -> None:
    open_line(cast, hours=EVENING)
    with time_machine.travel(HALF_PAST_EIGHT, tick=False):
        on_duty(cast)
        entry = join(cast)
        watch(cast)
        watch(cast)
        assert told(cast).count("queue_closing") == 1
    with time_machine.travel(HALF_PAST_EIGHT + timedelta(minutes=31), tick=False):
        silent_since(cast, cast.maya, clock.now())
        watch(cast)
        assert now_of(cast, entry).status == QueueStatus.WAITING  # somebody is still there for her
        with pytest.raises(services.QueueShut):
            join_visitor(cast)
        with cast.as_(cast.maya_user) as maya:
            services.go_off_duty(actor=maya, practitioner=cast.maya)
        watch(cast)
        found = now_of(cast, entry)
        assert found.status == QueueStatus.CALLBACK
        assert told(cast).count("queue_shut") == 1
        with cast.as_(cast.grace_user) as grace:
            task = selectors.call_backs(grace).get()
            assert (task.entry_id, task.window) == (entry.id, CallWindow.NEXT_DAY)


@pytest.mark.parametrize("until", [None, HALF_PAST_EIGHT + timedelta(minutes=30)])
def test_a_visit_under_way_at_closing_time_goes_on_and_the_duty_ends_after_it(
    cast: Any, until: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the duty ends by itself with its page, or was said to end with the line: nobody is sent away."""
    open_line(cast, hours=EVENING)
    with time_machine.travel(HALF_PAST_EIGHT, tick=False):
        on_duty(cast, "maya", until=until)
        entry = join(cast)
        call(cast)
        come(cast, entry)
    monkeypatch.setattr(registry, "_under_way", [lambda _appointment: True])
    with time_machine.travel(HALF_PAST_EIGHT + timedelta(minutes=45), tick=False):  # a quarter past nine
        silent_since(cast, cast.maya, HALF_PAST_EIGHT)
        watch(cast)
        found = now_of(cast, entry)
        assert found.status == QueueStatus.CLAIMED
        assert len(the_line(cast).duties) == (1 if until is None else 0)
        assert not {"queue_shut", "queue_closing"} & set(told(cast))
        with cast.as_(cast.maya_user) as maya:
            services.fulfil_appointment(actor=maya, appointment=selectors.appointment_of(found))
    with time_machine.travel(HALF_PAST_EIGHT + timedelta(minutes=50), tick=False):
        silent_since(cast, cast.maya, HALF_PAST_EIGHT)
        watch(cast)
        assert now_of(cast, entry).status == QueueStatus.SEEN
        assert the_line(cast).duties == []
        with cast.as_(cast.grace_user):
            assert QueueDuty.objects.get().end_reason == ("page-gone" if until is None else "time-over")


def test_a_line_over_midnight_stays_open(cast: Any) -> None:
    open_line(cast, hours=[WeeklyHours(FRIDAY, time(18), time(3), ZONE)])
    with time_machine.travel(datetime(2026, 11, 28, 4, 50, tzinfo=UTC), tick=False):  # ten to midnight
        on_duty(cast)
        entry = join(cast)
    with time_machine.travel(datetime(2026, 11, 28, 5, 10, tzinfo=UTC), tick=False):  # ten past
        silent_since(cast, cast.maya, clock.now())
        watch(cast)
        assert now_of(cast, entry).status == QueueStatus.WAITING
        join_visitor(cast)
        assert call(cast).entry.id == entry.id  # type: ignore[union-attr]


def test_a_visit_that_runs_long_is_no_reason_to_promise_any_moment_now(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        join(cast)
        call(cast)
        waiting = join_visitor(cast)
    with time_machine.travel(start + timedelta(minutes=45), tick=False):
        found = the_line(cast).range_of(waiting.id)
        assert found is not None and found.high >= 10


# -------------------------------------------------------------------------------------- who may, what is kept


def test_another_clinic_sees_nothing_and_does_nothing(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    with cast.as_(cast.mallory_user) as mallory:
        assert selectors.queue_entry(mallory, entry.id) is None
        assert not selectors.line().entries and not selectors.line().duties
        assert not selectors.hears_queue(mallory, cast.larkspur.id)
        with pytest.raises(QueueEntry.DoesNotExist):
            services.release_entry(actor=mallory, entry=entry, reason="mine")


def test_who_sees_whom(cast: Any) -> None:
    open_line(cast)
    on_duty(cast, "maya", "daniel")
    liz, nora = join(cast), join_visitor(cast)
    call(cast)
    door = as_door(cast, nora)
    with frames.begin(tenant_id=cast.larkspur.id, actor=door):
        assert {each.id for each in selectors.queue_entries(door)} == {nora.id}
    for user, seen in (
        (cast.liz_user, {liz.id}), (cast.maya_user, {liz.id}), (cast.daniel_user, set()),
        (cast.grace_user, {liz.id, nora.id}), (cast.marcus_user, set()), (cast.ingrid_user, set()),
    ):  # fmt: skip
        with cast.as_(user) as actor:
            assert {each.id for each in selectors.queue_entries(actor)} == seen, actor.label


@pytest.mark.parametrize("name", ["liz", "daniel", "marcus", "ingrid", "admin"])
def test_who_has_no_say_in_it_is_refused(cast: Any, name: str) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join_visitor(cast)
    call(cast)
    tries = (
        lambda actor: services.leave_queue(actor=actor, entry=entry),
        lambda actor: services.ask_for_message(actor=actor, entry=entry, wanted=True),
        lambda actor: services.ask_call_back(actor=actor, entry=entry, phone=""),
        lambda actor: services.answer_call(actor=actor, entry=entry),
        lambda actor: services.release_entry(actor=actor, entry=entry, reason="x"),
        lambda actor: services.mark_absent(actor=actor, entry=entry, reason="x"),
        lambda actor: services.hand_over_entry(actor=actor, entry=entry, to=cast.maya, reason="x"),
        lambda actor: services.set_urgency(actor=actor, entry=entry, urgency=Urgency.URGENT, reason="x"),
        lambda actor: services.raise_urgency(actor=actor, entry=entry, urgency=Urgency.URGENT, reason="x", by="x"),
        lambda actor: services.assign_entry(actor=actor, entry=entry, practitioner=None, reason="x"),
        lambda actor: services.remove_entry(actor=actor, entry=entry, reason="x"),
        lambda actor: services.return_to_queue(actor=actor, entry=entry),
    )
    for attempt in tries:
        with cast.as_(getattr(cast, f"{name}_user")) as actor, pytest.raises(services.NotAllowed):
            attempt(actor)
    assert now_of(cast, entry).status == QueueStatus.CLAIMED


def test_a_place_in_line_is_an_appointment_from_its_first_version_to_its_last(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast, urgency=Urgency.URGENT)
    call(cast)
    with cast.as_(cast.maya_user) as maya:
        services.release_entry(actor=maya, entry=entry, reason="A fire alarm")
    call(cast)
    with cast.as_(cast.maya_user) as maya:
        services.fulfil_appointment(actor=maya, appointment=selectors.appointment_of(entry))
        rows = ResourceVersion.objects.filter(resource_type="Appointment", resource_id=entry.id).order_by("version")
        written = [orjson.loads(read_body(row)) for row in rows]
    assert [each["status"] for each in written] == ["waitlist", "booked", "waitlist", "booked", "fulfilled"]
    assert [int(each["meta"]["versionId"]) for each in written] == [1, 2, 3, 4, 5]
    assert written[0]["priority"] == 1 and "start" not in written[0] and written[1]["start"]


def test_the_queries_do_not_grow_with_the_line(cast: Any) -> None:
    from webside.testing.queries import page_queries

    open_line(cast)
    on_duty(cast)

    def asked() -> int:
        with cast.as_(cast.grace_user), page_queries() as queries:
            line = selectors.line()
            for entry in line.in_order:
                line.range_of(entry.id), line.why_after(entry.id), line.who_may_see(entry), line.place(entry.id)
        return len(queries)

    join(cast)
    few = asked()
    for name in ("Ada", "Ben", "Cleo", "Dov", "Eve", "Fay", "Gil", "Hal"):
        join_visitor(cast, name)
    assert asked() == few <= 4


def test_what_was_told_is_scored_against_the_truth(cast: Any) -> None:
    open_line(cast)
    on_duty(cast)
    join(cast)
    call(cast)
    assert the_line(cast).told_and_true == (1, 1)
    with cast.as_(cast.grace_user):
        QueueEntry.objects.update(joined_at=clock.now() - timedelta(hours=2))
    assert the_line(cast).told_and_true == (0, 1)
