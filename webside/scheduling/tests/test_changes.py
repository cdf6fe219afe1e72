"""Moving, cancelling, taking back, not coming; hours and time off; who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from webside.audit.models import AuditEvent
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.fhirkit.models import ResourceVersion
from webside.outbox.models import OutboxEvent
from webside.scheduling import policies, selectors, services
from webside.scheduling.models import AppointmentLink
from webside.scheduling.tests.factories import book, some_slots


def link_actor(cast: Any, appointment: Any) -> Actor:
    return Actor(kind=ActorKind.LINK, label="Liz Moreno", tenant_id=cast.larkspur.id, roles=frozenset({Role.PATIENT}),
                 subject_id=appointment.id)  # fmt: skip


def test_moving_revokes_links_and_counts_up(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        appointment = book(cast, liz, slots[0].start)
        services.issue_link(appointment=appointment)
        moved = services.move_appointment(actor=liz, appointment=appointment, start=slots[5].start)
        assert (moved.start, moved.sequence, moved.id) == (slots[5].start, 1, appointment.id)
        assert AppointmentLink.objects.get().revoked_at is not None
        assert ResourceVersion.objects.filter(resource_type="Appointment").count() == 2
        assert OutboxEvent.objects.filter(name="scheduling.AppointmentMoved").count() == 1
        assert slots[0].start in {slot.start for slot in some_slots(cast)}


def test_moving_a_little_may_overlap_ones_own_time(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[0].start
        appointment = book(cast, liz, start)
        again = services.move_appointment(actor=liz, appointment=appointment, start=start)
        assert again.start == start


def test_moving_to_a_taken_time_leaves_everything(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        appointment = book(cast, liz, slots[0].start)
    with cast.as_(cast.grace_user) as grace:
        from webside.people.services import register_patient
        from webside.scheduling.tests.factories import VISITOR

        other = register_patient(actor=grace, given="Al", family="Fox", birth_date=VISITOR.birth_date)
        book(cast, grace, slots[1].start, patient=other)
        with pytest.raises(services.SlotTaken):
            services.move_appointment(actor=grace, appointment=appointment, start=slots[1].start)
        appointment.refresh_from_db()
        assert (appointment.start, appointment.sequence) == (slots[0].start, 0)


def test_moving_to_another_state_asks_the_gates(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        appointment = book(cast, liz, slots[0].start)
        with pytest.raises(services.GatesStop):
            services.move_appointment(actor=liz, appointment=appointment, start=slots[1].start, state="OR")


def test_cancelling_frees_the_time_and_can_be_taken_back(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[0].start
        appointment = book(cast, liz, start)
        services.issue_link(appointment=appointment)
        cancelled = services.cancel_appointment(actor=liz, appointment=appointment, reason="feels better")
        assert (cancelled.status, cancelled.sequence) == ("cancelled", 1)
        assert AppointmentLink.objects.get().revoked_at is not None
        assert start in {slot.start for slot in some_slots(cast)}
        services.cancel_appointment(actor=liz, appointment=appointment)
        assert OutboxEvent.objects.filter(name="scheduling.AppointmentCancelled").count() == 1
        restored = services.restore_appointment(actor=liz, appointment=appointment)
        assert (restored.status, restored.sequence, restored.start) == ("booked", 2, start)


def test_a_cancellation_can_not_be_taken_back_when_the_time_is_gone(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[0].start
        appointment = book(cast, liz, start)
        services.cancel_appointment(actor=liz, appointment=appointment)
        book(cast, liz, start)
        with pytest.raises(services.CannotBook):
            services.restore_appointment(actor=liz, appointment=appointment)


def test_what_is_over_does_not_change(cast: Any) -> None:
    with cast.as_(cast.grace_user) as grace:
        appointment = book(cast, grace, some_slots(cast)[0].start)
        with pytest.raises(services.WrongStatus):
            services.mark_noshow(actor=grace, appointment=appointment)
        services.check_in_appointment(actor=grace, appointment=appointment)
        services.fulfil_appointment(actor=grace, appointment=appointment)
        with pytest.raises(services.WrongStatus):
            services.cancel_appointment(actor=grace, appointment=appointment)
        with pytest.raises(services.WrongStatus):
            services.move_appointment(actor=grace, appointment=appointment, start=some_slots(cast)[1].start)


def test_somebody_who_did_not_come(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        appointment = book(cast, maya, some_slots(cast)[0].start, consent_scope="", **_with_consent(cast))
        with time_machine.travel(appointment.start + timedelta(minutes=15), tick=False):
            assert services.mark_noshow(actor=maya, appointment=appointment).status == "noshow"
            assert selectors.standing(selectors.appointment(maya, appointment.id)) == "missed"


def _with_consent(cast: Any) -> dict[str, Any]:
    from webside.compliance.services import give_consent

    with cast.as_(cast.liz_user) as liz:
        give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
    return {}


def test_who_sees_and_changes_an_appointment(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, some_slots(cast)[0].start)
        own_link = link_actor(cast, appointment)
        may = {
            "liz": liz, "grace": cast.actor_of(cast.grace_user), "maya": cast.actor_of(cast.maya_user), "link": own_link,
        }  # fmt: skip
        may_not = {
            "daniel": cast.actor_of(cast.daniel_user), "priya": cast.actor_of(cast.priya_user),
            "marcus": cast.actor_of(cast.marcus_user), "ingrid": cast.actor_of(cast.ingrid_user),
            "admin": cast.actor_of(cast.admin_user),
            "other link": link_actor(cast, cast.liz),
            "visitor": Actor(kind=ActorKind.ANONYMOUS, label="visitor", tenant_id=cast.larkspur.id),
        }  # fmt: skip
        for name, actor in may.items():
            assert policies.can_view_appointment(actor, appointment), name
            assert selectors.appointment(actor, appointment.id) == appointment, name
        for name, actor in may_not.items():
            assert not policies.can_view_appointment(actor, appointment), name
            assert selectors.appointment(actor, appointment.id) is None, name
            with pytest.raises(services.NotAllowed):
                services.cancel_appointment(actor=actor, appointment=appointment)
    with cast.as_(cast.mallory_user) as mallory:
        assert selectors.appointment(mallory, appointment.id) is None


def test_time_off_takes_slots_away_and_extra_time_adds_them(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        slot = some_slots(cast, practitioner=cast.maya)[0]
        services.add_exception(actor=maya, practitioner=cast.maya, start=slot.start - timedelta(hours=1), end=slot.end)
        assert slot.start not in {other.start for other in some_slots(cast)}
        night = clock.now().replace(hour=7, minute=0, second=0, microsecond=0) + timedelta(days=2)  # 2 am in New York
        services.add_exception(
            actor=maya, practitioner=cast.maya, start=night, end=night + timedelta(hours=1), available=True
        )
        assert night in {other.start for other in some_slots(cast)}
        assert AuditEvent.objects.filter(action="scheduling.exception.add").count() == 2
        with pytest.raises(services.NotAllowed):
            services.add_exception(actor=maya, practitioner=cast.daniel, start=night, end=night + timedelta(hours=1))
