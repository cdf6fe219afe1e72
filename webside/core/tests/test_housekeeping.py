"""Housekeeping: what is over goes at its time, nothing else does, and the trail says how much went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from webside.accounts.models import Invitation
from webside.audit.models import AuditEvent
from webside.audit.services import record
from webside.chart.models import Encounter, Note
from webside.compliance.models import Consent
from webside.core import clock, frames, tasks
from webside.core.actor import system
from webside.core.crypto import Unreadable
from webside.core.models import Timer
from webside.core.tasks import delete_expired
from webside.fhirkit.models import ResourceVersion
from webside.notifications import services as mail
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of, recipients_of
from webside.outbox.models import Delivery, OutboxEvent
from webside.people.models import Patient
from webside.realtime.models import Ticket
from webside.scheduling.models import Appointment, AppointmentLink
from webside.testing.cast import Cast
from webside.visits.tests.factories import make_appointment

DAY = timedelta(days=1)


def run(cast: Cast | None = None) -> None:
    """Do what the hourly job does: for the whole installation, or for the clinic of ``cast``."""
    delete_expired.perform(tenant_id=str(cast.larkspur.id) if cast else None)


def in_tenant(tenant: Any) -> Any:
    return frames.begin(tenant_id=tenant.id, actor=system("tests", tenant.id))


def a_session(expires: timedelta, key: str) -> None:
    Session.objects.create(session_key=key * 32, session_data="", expire_date=clock.now() + expires)


def test_a_session_goes_when_it_is_over_and_not_before(cast: Cast) -> None:
    a_session(-timedelta(seconds=1), "a")
    a_session(timedelta(hours=2), "b")
    run()
    assert [each.session_key[0] for each in Session.objects.all()] == ["b"]
    with time_machine.travel(clock.now() + timedelta(hours=2, seconds=1), tick=False):
        run()
    assert not Session.objects.exists()


def test_a_ticket_and_an_invitation_go_at_their_time(cast: Cast) -> None:
    Ticket.objects.create(
        token_hash=b"t", tenant_id=cast.larkspur.id, actor={}, topics=[], expires_at=clock.now(), ends_at=clock.now()
    )
    Invitation.objects.create(
        tenant=cast.larkspur, email="new@example.test", name="New", roles=["biller"], token_hash=b"i",
        invited_by=cast.admin_user, expires_at=clock.now(),
    )  # fmt: skip
    with time_machine.travel(clock.now() + 29 * DAY, tick=False):
        run()
    assert (Ticket.objects.count(), Invitation.objects.count()) == (0, 1)
    with time_machine.travel(clock.now() + 31 * DAY, tick=False):
        run()
    assert Invitation.objects.count() == 0


def test_a_timer_goes_when_it_has_gone_off_and_one_that_failed_stays(cast: Cast) -> None:
    now = clock.now()
    Timer.objects.create(name="t", key="done", due_at=now, done_at=now)
    Timer.objects.create(name="t", key="failed", due_at=now, attempts=8)
    with time_machine.travel(now + 400 * DAY, tick=False):
        run()
    assert [each.key for each in Timer.objects.all()] == ["failed"]


def test_an_event_goes_with_its_last_delivery_and_one_given_up_stays(cast: Cast) -> None:
    now = clock.now()
    done, half, unheard = (OutboxEvent.objects.create(name=name, payload={}) for name in ("done", "half", "unheard"))
    Delivery.objects.create(event=done, handler="a", delivered_at=now)
    Delivery.objects.create(event=half, handler="a", delivered_at=now)
    Delivery.objects.create(event=half, handler="b", dead_at=now)
    with time_machine.travel(now + 29 * DAY, tick=False):
        run()
    assert (OutboxEvent.objects.count(), Delivery.objects.count()) == (3, 3)
    with time_machine.travel(now + 31 * DAY, tick=False):
        run()
        run()  # the deliveries go first
    assert {each.name for each in OutboxEvent.objects.all()} == {"half"}
    assert [each.handler for each in Delivery.objects.all()] == ["b"]
    assert unheard.name == "unheard"


def a_message(cast: Cast, **changes: Any) -> OutgoingMessage:
    with in_tenant(cast.larkspur):
        row = mail.queue_email(EmailMessage(subject="Your visit", body="Secret words", to=["liz@example.test"]))
    OutgoingMessage.objects.filter(id=row.id).update(**changes)
    return row


def test_the_words_of_a_message_go_after_a_week_and_the_log_of_it_stays(cast: Cast) -> None:
    now = clock.now()
    sent = a_message(cast, status="sent", sent_at=now)
    waiting = a_message(cast)
    failed = a_message(cast, status="failed", failed_at=now)

    def words() -> list[bool]:
        return [bool(OutgoingMessage.objects.get(id=each.id).body) for each in (sent, waiting, failed)]

    with time_machine.travel(now + 6 * DAY, tick=False):
        run()
    assert words() == [True, True, True]
    with time_machine.travel(now + 8 * DAY, tick=False):
        run()
        run()
    assert words() == [False, True, True]
    with time_machine.travel(now + 31 * DAY, tick=False):
        run()
    assert words() == [False, True, False]
    sent.refresh_from_db()
    assert (sent.subject, recipients_of(sent)) == ("Your visit", ["liz@example.test"])
    with pytest.raises(Unreadable):
        content_of(sent)


def test_a_link_goes_a_month_after_it_is_over_in_its_own_clinic_only(cast: Cast) -> None:
    with in_tenant(cast.larkspur):
        ours = make_appointment(cast)
        AppointmentLink.objects.create(appointment=ours, token_hash=b"l", expires_at=clock.now())
    later = clock.now() + 31 * DAY

    def left() -> int:
        with in_tenant(cast.larkspur):
            return AppointmentLink.objects.count()

    with time_machine.travel(later, tick=False):
        delete_expired.perform(tenant_id=str(cast.northgate.id))
        run()
        assert left() == 1
        run(cast)
        assert left() == 0
    with in_tenant(cast.larkspur):
        told = AuditEvent.objects.get(action="core.rows.delete")
        assert (told.changes, told.kind, told.actor_kind) == ({"scheduling.AppointmentLink": 1}, "D", "system")
        assert Appointment.objects.filter(id=ours.id).exists()


def test_what_the_law_wants_kept_is_there_after_a_hundred_years(cast: Cast) -> None:
    kept = (Patient, Appointment, Encounter, Note, Consent, ResourceVersion, AuditEvent)
    with in_tenant(cast.larkspur):
        appointment = make_appointment(cast)
        record("people.patient.read", actor=system("tests", cast.larkspur.id), patient_id=cast.liz.id)
        ResourceVersion.objects.create(resource_type="Patient", resource_id=cast.liz.id, version=99, body=b"{}")
        encounter = Encounter.objects.create(
            patient=cast.liz, practitioner=appointment.practitioner, service=appointment.service,
            appointment=appointment, ended_at=clock.now(),
        )  # fmt: skip
        Note.objects.create(encounter=encounter, status="final")
        Consent.objects.create(patient=cast.liz, scope="telehealth", given_by="Liz", withdrawn_at=clock.now())
        before = {model: model.objects.count() for model in kept}
    assert all(before.values()), before
    with time_machine.travel(clock.now() + 36500 * DAY, tick=False):
        run()
        run(cast)
    with in_tenant(cast.larkspur):
        after = {model: model.objects.exclude(pk=None).count() for model in kept}
        said = AuditEvent.objects.filter(action="core.rows.delete").count()
    assert after == before | {AuditEvent: before[AuditEvent] + said}


def test_when_nothing_is_over_nothing_is_written(cast: Cast) -> None:
    run()
    run(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_auditevent WHERE action = 'core.rows.delete'")
        assert cursor.fetchone() == (0,)
    assert not ProcrastinateJob.objects.exists()


def test_what_is_more_than_a_batch_is_left_for_a_job_of_its_own(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    for key in "abc":
        a_session(-timedelta(seconds=1), key)
    run()
    assert Session.objects.count() == 1
    assert [each.args for each in ProcrastinateJob.objects.all()] == [{"tenant_id": None}]
    run()
    assert Session.objects.count() == 0


def test_a_job_given_up_goes_after_a_month(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, args, status) VALUES"
            " ('a', 'default', '{}', 'failed'), ('b', 'default', '{}', 'todo')"
        )
    with time_machine.travel(clock.now() + 29 * DAY, tick=False):
        run()
    assert ProcrastinateJob.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_events (job_id, type) SELECT id, 'failed' FROM procrastinate_jobs")
    with time_machine.travel(clock.now() + 31 * DAY, tick=False):
        run()
    assert [each.task_name for each in ProcrastinateJob.objects.all()] == ["b"]
