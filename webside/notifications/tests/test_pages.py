"""The delivery log and the events that were given up: for whom, of which tenant, and how to try again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core.actor import system
from webside.core.models import Timer
from webside.core.timers import MAX_ATTEMPTS
from webside.notifications import services
from webside.notifications.models import OutgoingMessage
from webside.outbox.models import Delivery, OutboxEvent
from webside.testing.cast import sign_in
from webside.testing.jobs import give_up_a_job

LOG = "/o/larkspur/messages-sent/"
EVENTS = "/o/larkspur/operations/events/"


@pytest.fixture(autouse=True)
def _static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def queue(tenant: Any, to: str, **changes: Any) -> OutgoingMessage:
    with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
        row = services.queue_email(EmailMessage(subject="Your visit", body="Secret words", to=[to]))
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    return row


def test_the_log_shows_the_tenants_own_messages_and_no_content(cast: Any) -> None:
    queue(cast.larkspur, "liz@example.test")
    queue(cast.northgate, "oscar@example.test")
    for user in (cast.grace_user, cast.admin_user):
        page = sign_in(Client(), user).get(LOG).content.decode()
        assert "liz@example.test" in page and "oscar" not in page and "Secret words" not in page
        assert "1 message waits: no mail server is set." in page and "no sender configured" in page
    for user in (cast.liz_user, cast.maya_user, cast.mallory_user):
        assert sign_in(Client(), user).get(LOG).status_code == 404
    with cast.as_(cast.admin_user):
        assert AuditEvent.objects.filter(action="notifications.message.read").count() == 2


def test_what_was_given_up_is_sent_again(cast: Any) -> None:
    ours = queue(cast.larkspur, "liz@example.test", status="failed", attempts=12, failed_at=clock.now())
    theirs = queue(cast.northgate, "oscar@example.test", status="failed")
    client = sign_in(Client(), cast.grace_user)
    assert "Send again" in client.get(f"{LOG}?status=failed").content.decode()
    assert client.post(f"{LOG}{ours.id}/retry/").status_code == 302
    assert client.post(f"{LOG}{theirs.id}/retry/").status_code == 404
    assert client.get(f"{LOG}{ours.id}/retry/").status_code == 405
    ours.refresh_from_db(), theirs.refresh_from_db()
    assert (ours.status, ours.attempts, theirs.status) == ("queued", 0, "failed")
    with cast.as_(cast.grace_user) as actor, pytest.raises(services.NotAllowed):
        services.retry_message(actor=actor, message=theirs)


def dead(tenant: Any) -> Delivery:
    event = OutboxEvent.objects.create(tenant_id=tenant.id, name="scheduling.AppointmentBooked", payload={})
    return Delivery.objects.create(event=event, handler="x.y", attempts=10, dead_at=clock.now(), last_error="KeyError")


def test_dead_deliveries_are_the_administrators(cast: Any) -> None:
    ours, theirs = dead(cast.larkspur), dead(cast.northgate)
    client = sign_in(Client(), cast.admin_user)
    page = client.get(EVENTS).content.decode()
    assert "KeyError" in page and str(ours.event_id) in page and str(theirs.event_id) not in page
    assert client.post(f"{EVENTS}{theirs.id}/retry/").status_code == 404
    assert client.post(f"{EVENTS}{ours.id}/retry/").status_code == 302
    ours.refresh_from_db(), theirs.refresh_from_db()
    assert ours.dead_at is None and theirs.dead_at is not None
    assert "Every event was delivered" in client.get(EVENTS).content.decode()
    for user in (cast.grace_user, cast.maya_user, cast.liz_user, cast.mallory_user):
        assert sign_in(Client(), user).get(EVENTS).status_code == 404
        assert sign_in(Client(), user).post(f"{EVENTS}{ours.id}/retry/").status_code == 404


def status(job_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job_id])
        return str(cursor.fetchone()[0])


def test_a_job_that_was_given_up_stands_beside_the_events_and_runs_again(cast: Any) -> None:
    ours, theirs, nobodys = give_up_a_job(cast.larkspur.id), give_up_a_job(cast.northgate.id), give_up_a_job(None)
    client = sign_in(Client(), cast.admin_user)
    address = "/o/larkspur/operations/jobs/{}/retry/"
    page = client.get(EVENTS).content.decode()
    assert f'data-value="{ours}"' in page and f'data-value="{nobodys}"' in page
    assert f'data-value="{theirs}"' not in page
    assert address.format(ours) in page and address.format(nobodys) not in page
    for user in (cast.grace_user, cast.maya_user, cast.liz_user, cast.mallory_user):
        assert sign_in(Client(), user).post(address.format(ours)).status_code == 404
    assert client.post(address.format(theirs)).status_code == 404
    assert client.post(address.format(nobodys)).status_code == 404
    assert [status(each) for each in (ours, theirs, nobodys)] == ["failed"] * 3
    assert client.get(address.format(ours)).status_code == 405
    assert client.post(address.format(ours)).status_code == 302
    assert [status(each) for each in (ours, theirs, nobodys)] == ["todo", "failed", "failed"]
    assert client.post(address.format(ours)).status_code == 404
    with cast.as_(cast.admin_user):
        assert AuditEvent.objects.filter(action="core.job.retry", outcome="0").count() == 1


def test_a_timer_that_was_given_up_stands_there_too_and_runs_again(cast: Any) -> None:
    def give_up(tenant: Any) -> Timer:
        return Timer.objects.create(
            tenant_id=tenant.id, name="visits.no-show", key=str(uuid4()), due_at=clock.now(), attempts=MAX_ATTEMPTS,
            last_error="KeyError",
        )  # fmt: skip

    ours, theirs = give_up(cast.larkspur), give_up(cast.northgate)
    client = sign_in(Client(), cast.admin_user)
    address = "/o/larkspur/operations/timers/{}/retry/"
    page = client.get(EVENTS).content.decode()
    assert address.format(ours.id) in page and "KeyError" in page
    assert str(theirs.id) not in page
    for user in (cast.grace_user, cast.maya_user, cast.liz_user, cast.mallory_user):
        assert sign_in(Client(), user).post(address.format(ours.id)).status_code == 404
    assert client.post(address.format(theirs.id)).status_code == 404
    assert client.post(address.format(ours.id)).status_code == 302
    ours.refresh_from_db(), theirs.refresh_from_db()
    assert (ours.attempts, theirs.attempts) == (0, MAX_ATTEMPTS)
    assert client.post(address.format(ours.id)).status_code == 404
    with cast.as_(cast.admin_user):
        assert AuditEvent.objects.filter(action="core.timer.retry", outcome="0").count() == 1


def test_a_message_whose_words_are_gone_is_not_sent_again(cast: Any) -> None:
    row = queue(cast.larkspur, "liz@example.test", status="failed", body=b"")
    client = sign_in(Client(), cast.grace_user)
    assert "Send again" not in client.get(f"{LOG}?status=failed").content.decode()
    page = client.post(f"{LOG}{row.id}/retry/", follow=True).content.decode()
    assert "Its words were deleted" in page
    row.refresh_from_db()
    assert row.status == "failed"
