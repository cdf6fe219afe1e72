"""Mails are queued with their cause, sent by SMTP, repeated with the same id, and given up in sight."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as installation
from django.core.mail import EmailMessage
from django.db import connection, transaction

from webside.core import clock, frames, loops
from webside.core.actor import system
from webside.core.models import Tenant
from webside.integrations.smtp.stand_in import StandIn
from webside.notifications import ports, selectors, services
from webside.notifications.backends import RecordedEmailBackend
from webside.notifications.codes import MessageStatus
from webside.notifications.models import OutgoingMessage
from webside.outbox.models import OutboxEvent

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[StandIn]:
    """Give a real SMTP server on loopback, and let mail leave by it."""
    server = StandIn(tmp_path / "mailbox")
    server.start()
    ports.lend_smtp(lambda: ports.SmtpServer("127.0.0.1", server.port))
    yield server
    ports.lend_smtp(None)
    server.stop()


def mails(mailbox: StandIn) -> list[Any]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted(mailbox.folder.glob("*.eml"))
    ]


def queue(to: str = "liz@example.test", key: str = "", subject: str = "Your visit") -> OutgoingMessage:
    return services.queue_email(
        EmailMessage(subject=subject, body="A link:\nhttp://localhost/x\n\nÄrztin", to=[to]), idempotency_key=key
    )


@pytest.mark.django_db
def test_a_mail_leaves_with_the_id_of_its_row(mailbox: StandIn) -> None:
    row = queue()
    assert b"http://localhost/x" not in bytes(row.body) and b"liz@" not in bytes(row.recipient)
    assert services.send_due() == 1
    (mail,) = mails(mailbox)
    assert mail["Message-ID"] == f"<{row.id}@localhost>"
    assert mail["To"] == "liz@example.test" and "Ärztin" in mail.get_content()
    row.refresh_from_db()
    assert row.status == MessageStatus.SENT and row.sent_at is not None
    assert services.send_due() == 0


@pytest.mark.django_db
def test_a_sealed_body_moved_to_another_row_is_not_sent(mailbox: StandIn) -> None:
    one, two = queue(), queue("someone@example.test")
    OutgoingMessage.objects.filter(id=two.id).update(body=one.body)
    services.send_due()
    assert len(mails(mailbox)) == 1
    two.refresh_from_db()
    assert two.status == MessageStatus.FAILED


@pytest.mark.django_db
def test_the_same_key_queues_once_and_each_tenant_has_its_own_keys() -> None:
    tenants = [Tenant.objects.create(slug=f"t{number}", name=f"T{number}") for number in (1, 2)]
    rows = []
    for tenant in (*tenants, tenants[0]):
        with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
            rows.append(queue(key="booked:1:0"))
    assert rows[0].id == rows[2].id != rows[1].id
    assert OutgoingMessage.objects.count() == 2


@pytest.mark.django_db
def test_a_rolled_back_change_sends_nothing() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        queue()
        raise RuntimeError
    assert not OutgoingMessage.objects.exists()


@pytest.mark.django_db
def test_the_mails_of_sign_in_come_the_same_way() -> None:
    sent = RecordedEmailBackend().send_messages([EmailMessage("Reset", "link", to=["a@example.test"]), EmailMessage()])
    assert sent == 1
    assert OutgoingMessage.objects.get().subject == "Reset"
    with pytest.raises(ValueError, match="recipient"):
        services.queue_email(EmailMessage("x", "y"))


@pytest.mark.django_db
def test_a_template_with_its_attachment(mailbox: StandIn, settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / "notifications" / "email"
    folder.mkdir(parents=True)
    (folder / "test.txt").write_text("Hello {{ name }}, this is {{ tenant.name }}.")
    (folder / "test.html").write_text("<p>Hello {{ name }}</p>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    tenant = Tenant.objects.create(slug="larkspur", name="Larkspur Clinic")
    with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
        row = services.send_email(
            template="notifications/test", to="liz@example.test", context={"name": "Liz <b>"},
            subject="Two\nlines", idempotency_key="k", attachments=[("visit.ics", b"BEGIN:VCALENDAR", "text/calendar")],
        )  # fmt: skip
    assert row.tenant_id == tenant.id and row.subject == "Two lines"
    services.send_due()
    (mail,) = mails(mailbox)
    plain = mail.get_body(("plain",)).get_content()
    assert "Liz <b>" in plain and "Larkspur Clinic" in plain, "plain text is never escaped"
    assert "Liz &lt;b&gt;" in mail.get_body(("html",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["visit.ics"]


@pytest.mark.django_db
def test_no_sender_is_a_state_and_nothing_is_lost() -> None:
    queue()
    assert services.send_due() == 0
    assert OutgoingMessage.objects.get().attempts == 0
    assert set(ports.missing()) == {"email", "sms"}, "a key for pushes is made at first start"


@pytest.mark.django_db
def test_a_server_that_is_away_is_tried_again_later_and_given_up_in_sight(mailbox: StandIn) -> None:
    row = queue()
    mailbox.stop()
    services.send_due()
    row.refresh_from_db()
    assert row.status == MessageStatus.QUEUED and row.last_error == "ConnectionRefusedError"
    assert clock.now() < row.due_at < clock.now() + timedelta(seconds=4)
    for _ in range(services.MAX_ATTEMPTS):
        row.refresh_from_db()
        with time_machine.travel(row.due_at + timedelta(seconds=1)):
            services.send_due()
    row.refresh_from_db()
    assert row.status == MessageStatus.FAILED and row.attempts == services.MAX_ATTEMPTS
    assert OutboxEvent.objects.get().payload == {"message_id": str(row.id)}


@pytest.mark.django_db
def test_a_refused_address_fails_at_once_and_a_busy_one_waits(mailbox: StandIn) -> None:
    gone, busy, fine = queue("refuse@example.test"), queue("later@example.test"), queue()
    assert services.send_due() == 3
    for row in (gone, busy, fine):
        row.refresh_from_db()
    assert [row.status for row in (gone, busy, fine)] == ["failed", "queued", "sent"]
    assert "example" not in gone.last_error, "no address in what is shown and logged"
    assert OutboxEvent.objects.filter(name="notifications.NotificationFailed").count() == 1


@pytest.mark.django_db
def test_the_worker_has_the_loop() -> None:
    assert "mail" in {loop.name for loop in loops.registered()}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.test", ports.SmtpServer("mail.test", 25)),
        ("smtp://a%40b:p%2Fw@mail.test?tls=1", ports.SmtpServer("mail.test", 587, "a@b", "p/w", "starttls")),
        ("smtps://u:p@mail.test:4650", ports.SmtpServer("mail.test", 4650, "u", "p", "implicit")),
    ],
)
def test_addresses_of_mail_servers(url: str, expected: ports.SmtpServer) -> None:
    assert ports.parse_smtp(url) == expected


@pytest.mark.parametrize("url", ["http://mail.test", "smtp://", "mail.test:25"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="WEBSIDE_EMAIL_URL"):
        ports.parse_smtp(url)


@pytest.mark.django_db(transaction=True)
def test_two_senders_share_the_work(mailbox: StandIn) -> None:
    for number in range(12):
        queue(f"p{number}@example.test")

    def work() -> None:
        try:
            services.send_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail["To"] for mail in mails(mailbox)) == sorted(f"p{number}@example.test" for number in range(12))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kills", [2, pytest.param(200, marks=pytest.mark.drill)])
@pytest.mark.timeout(900)
def test_f5_killed_between_sent_and_marked_loses_nothing_and_repeats_the_id(mailbox: StandIn, kills: int) -> None:
    """Shown failing with a Message-ID of each try's own: the second copy is another letter to whoever gets it."""
    rows = [queue(f"p{number}@example.test") for number in range(kills)]
    program = subprocess.run(
        [sys.executable, "-m", "webside.notifications.tests.killed_sender",
         connection.settings_dict["NAME"], str(mailbox.port), str(kills)],
        cwd=ROOT, env={**os.environ, "WEBSIDE_VAR": str(installation.VAR)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert program.stdout.strip() == str(kills), program.stderr[-2000:]
    assert Counter(mail["Message-ID"] for mail in mails(mailbox)) == {services.message_id_of(row.id): 2 for row in rows}
    assert set(OutgoingMessage.objects.values_list("status", flat=True)) == {MessageStatus.SENT}
    assert selectors.recipient(rows[0]) == "p0@example.test"
