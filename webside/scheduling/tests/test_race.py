"""Two people, one slot, the same moment: real threads, real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.people.models import Patient
from webside.scheduling import services
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import VISITOR, book, book_visitor, some_slots
from webside.testing.cast import make_cast
from webside.testing.locks import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run jobs in threads that start together; return what each gave or raised."""
    gate, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[number] = job()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "they wait for each other"
    return results


def test_one_gets_the_slot_and_the_other_the_nearest_times() -> None:
    cast = make_cast()
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        slot = some_slots(cast)[2]

    def book_as(name: str) -> Callable[[], Any]:
        def job() -> Any:
            with begin(tenant_id=cast.larkspur.id, actor=visitor):
                details = replace(VISITOR, given=name, email=f"{name.lower()}@example.test")
                return book_visitor(cast, visitor, slot, details=details)

        return job

    results = at_once(*(book_as(name) for name in ("Ada", "Ben", "Cleo", "Dov")))
    booked = [result for result in results if isinstance(result, Appointment)]
    lost = [result for result in results if isinstance(result, services.SlotTaken)]
    assert (len(booked), len(lost)) == (1, 3), results
    assert all(loser.nearest and slot.start not in [near.start for near in loser.nearest] for loser in lost)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        assert Appointment.objects.count() == 1
        assert (
            Patient.objects.filter(email__in=[f"{name}@example.test" for name in ("ada", "ben", "cleo", "dov")]).count()
            == 1
        )


def test_the_form_sent_twice_at_once_is_one_appointment() -> None:
    cast = make_cast()
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        slot, key = some_slots(cast)[2], uuid4().hex

    def job() -> Any:
        with begin(tenant_id=cast.larkspur.id, actor=visitor):
            return book_visitor(cast, visitor, slot, idempotency_key=key)

    results = at_once(job, job, job)
    assert len({result.id for result in results}) == 1, results
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        assert Patient.objects.filter(email=VISITOR.email).count() == 1


def test_the_database_itself_refuses_a_second_one() -> None:
    """Without our locks and checks, PostgreSQL's exclusion constraint still stands."""
    from django.db import IntegrityError, transaction

    cast = make_cast()
    with cast.as_(cast.liz_user) as liz:
        slot = some_slots(cast)[0]
        booked = book(cast, liz, slot.start)
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=VISITOR.birth_date)
        with pytest.raises(IntegrityError, match="appointment_practitioner_free"), transaction.atomic():
            Appointment.objects.create(
                patient=other, practitioner=booked.practitioner, service=booked.service, period=booked.period,
                patient_state="NY", patient_timezone="America/New_York", booked_by="x", idempotency_key="y",
            )  # fmt: skip


def test_who_waited_for_a_lock_sees_the_people_as_they_are_then() -> None:
    cast = make_cast()
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        appointment = book_visitor(cast, visitor, some_slots(cast)[2])
    results: list[Any] = []

    def cancel() -> None:
        try:
            with cast.as_(cast.grace_user) as grace:
                results.append(services.cancel_appointment(actor=grace, appointment=appointment))
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    waits = threading.Thread(target=cancel)
    with cast.as_(cast.grace_user):
        Appointment.objects.filter(id=appointment.id).update(practitioner=cast.daniel)
        waits.start()
        until_somebody_waits()
    waits.join(30)
    assert [result.practitioner for result in results] == [cast.daniel], results
