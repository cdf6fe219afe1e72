"""What leaves by mail, what waits as an event, and what lies in files: for its person and its clinic only."""

from __future__ import annotations

import email
import json
import logging
import shutil
from email import policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from tests.isolation.canaries import canary, found_in
from tests.isolation.matrix import Matrix, undone
from tests.isolation.world import Clinic, World
from webside.core import files, frames
from webside.core.actor import system
from webside.core.crypto import Unreadable
from webside.core.logs import NoQuotedValues, PlainFormatter
from webside.core.models import Timer
from webside.notifications import ports, selectors, services
from webside.notifications.models import OutgoingMessage
from webside.outbox.models import OutboxEvent


def _words(row: OutgoingMessage) -> str:
    """Return everything that a mail says, with its attachments and headers read; of a text or a push, its words."""
    if row.channel in ("sms", "push"):
        return selectors.text_of(row)
    mail = email.message_from_bytes(selectors.content_of(row), policy=policy.default)
    said = [f"{name}: {value}" for name, value in mail.items()]
    for part in mail.walk():
        if not part.is_multipart():
            content = part.get_content()
            said.append(content if isinstance(content, str) else content.decode("utf-8", "replace"))
    return "\n".join(said)


def _in(clinic: Clinic) -> Any:
    return frames.begin(tenant_id=clinic.tenant.id, actor=system("tests", clinic.tenant.id))


def test_a_mail_tells_nobody_elses_things(world: World) -> None:
    found = []
    rows = list(OutgoingMessage.objects.all())
    for clinic in (world.larkspur, world.northgate):
        other = "northgate" if clinic is world.larkspur else "larkspur"
        sent = [row for row in rows if row.tenant_id == clinic.tenant.id]
        assert {row.patient_id for row in sent} >= {clinic.patient.id, None}, "her mails and those to colleagues"
        for row in sent:
            outside = f"{row.subject} {row.last_error} {row.idempotency_key} {row.template}"
            found += [f"{row.template}: outside its seal {kind}" for kind in found_in(outside, clinic.slug)]
            said = _words(row)
            found += [f"{row.template} tells {kind} of the other clinic" for kind in found_in(said, other)]
            hers = row.patient_id == clinic.patient.id and selectors.recipients_of(row) == [clinic.patient.email]
            # To herself nothing but her name, since mail is read by whoever sits at her desk.
            may = {"name"} if hers else set()
            found += [f"{row.template} tells {kind}" for kind in found_in(said, clinic.slug) - may]
    assert found == []


def test_a_mail_lies_sealed(world: World) -> None:
    for row in OutgoingMessage.objects.all():
        for clinic in (world.larkspur, world.northgate):
            assert clinic.patient.email.encode() not in bytes(row.recipient)
            assert found_in(bytes(row.body), clinic.slug) == set()
            assert clinic.patient.email.encode() not in bytes(row.body)


def test_a_mail_that_fails_is_logged_without_its_person(matrix: Matrix) -> None:
    world = matrix.world
    ports.lend_smtp(lambda: ports.SmtpServer("127.0.0.1", 1))  # nobody listens there
    try:
        with undone(), matrix.lines as lines:
            assert services.send_due() > 0
            assert OutgoingMessage.objects.filter(attempts__gt=0).exists(), "it was tried"
    finally:
        ports.lend_smtp(None)
    for clinic in (world.larkspur, world.northgate):
        assert found_in(lines.text(), clinic.slug) == set()
        assert clinic.patient.email not in lines.text()


def test_events_and_timers_hold_ids_only(world: World) -> None:
    payloads = [row.payload for row in OutboxEvent.objects.all()] + [row.payload for row in Timer.objects.all()]
    assert len(payloads) > 20
    for clinic in (world.larkspur, world.northgate):
        assert found_in(json.dumps(payloads), clinic.slug) == set()


def test_the_log_of_this_test_would_see_a_canary() -> None:
    """The formatter of production drops an error's message and keeps what a line says: so a line is what is watched."""
    line = PlainFormatter().format(
        logging.LogRecord("x", logging.INFO, "", 0, "hello %s", (canary("larkspur", "name"),), None)
    )
    assert found_in(line, "larkspur") == {"name"}
    assert NoQuotedValues().filter(logging.LogRecord("x", logging.INFO, "", 0, "", (), None)) is True


# --------------------------------------------------------------------------------------------------------- files


def test_a_file_is_read_at_home(world: World) -> None:
    with _in(world.larkspur):
        content = files.read(world.larkspur.things["document_id"])
    assert found_in(content, "larkspur") == {"file"}


@pytest.mark.parametrize("thing", ["file_id", "document_id"])
def test_another_clinics_file_is_as_one_that_is_not_there(world: World, thing: str) -> None:
    told = []
    for file_id in (world.larkspur.things[thing], uuid4()):
        with _in(world.northgate), pytest.raises(FileNotFoundError) as error:
            files.read(file_id)
        told.append(str(error.value).replace(str(file_id), "<id>"))
    assert told[0] == told[1]
    assert str(world.larkspur.tenant.id) not in told[0]


def test_a_file_carried_to_another_clinic_stays_shut(world: World) -> None:
    folder = Path(settings.VAR) / "files"
    file_id = world.larkspur.things["document_id"]
    sealed = folder / str(world.larkspur.tenant.id) / str(file_id)
    carried = folder / str(world.northgate.tenant.id) / str(file_id)
    assert found_in(sealed.read_bytes(), "larkspur") == set(), "it lies sealed"
    shutil.copy(sealed, carried)
    try:
        with _in(world.northgate), pytest.raises(Unreadable) as error:
            files.read(file_id)
        assert found_in(str(error.value), "larkspur") == set()
    finally:
        carried.unlink()


def test_a_file_is_not_read_outside_a_clinic(world: World) -> None:
    with pytest.raises(frames.OutsideFrame):
        files.read(world.larkspur.things["document_id"])
    with frames.begin(tenant_id=None, actor=system("tests")), pytest.raises(frames.OutsideFrame):
        files.read(world.larkspur.things["document_id"])
