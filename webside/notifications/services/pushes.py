"""Queueing pushes and sending them.

A push is a sealed row of the transaction that caused it, one for each browser in which the person turned pushes on. What it
says is made here of the clinic's name and a sentence that is the same for everybody: a caller can't put anything else in.

It is claimed before it is handed over. A push service knows no id of ours, but the topic: what is sent again after a
crash replaces what waits there, and the browser shows what has the same tag once.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils.translation import get_language

from webside.accounts.selectors import belongs
from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor, system
from webside.core.crypto import Unreadable, keyring
from webside.core.ids import uuid7
from webside.core.models import Tenant
from webside.notifications import policies, ports, selectors
from webside.notifications.codes import Channel, MessageKind, MessageStatus, Reason
from webside.notifications.models import OutgoingMessage, PushDevice
from webside.notifications.services.devices import forget_useless
from webside.notifications.services.errors import NotAllowed
from webside.notifications.services.rows import (
    end,
    give_up,
    held_until,
    insert_once,
    key_of,
    known,
    let_wait,
    next_due,
    note_channel,
    queued,
    seal,
)
from webside.people.models import Patient

LIVES = timedelta(hours=24)
LEASE = timedelta(minutes=2)
LONGEST_TTL = 28 * 24 * 3600
"""Push services keep nothing longer than about four weeks."""


def push_to_patient(
    *,
    template: str,
    patient: Patient,
    kind: MessageKind,
    about_id: UUID,
    idempotency_key: str,
    expires_at: datetime | None = None,
) -> list[OutgoingMessage]:
    """Queue a push to each browser of a patient, if she wants pushes of this kind. See :func:`push_to_users`."""
    if patient.user_id is None or kind.value not in selectors.preference_of(patient).pushes:
        return []
    return push_to_users(
        template=template, user_ids=[patient.user_id], kind=kind, about_id=about_id, patient_id=patient.id,
        idempotency_key=idempotency_key, expires_at=expires_at,
    )  # fmt: skip


def push_to_users(
    *,
    template: str,
    user_ids: Collection[UUID],
    kind: MessageKind,
    about_id: UUID,
    idempotency_key: str,
    patient_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> list[OutgoingMessage]:
    """Queue a push in the current transaction to each browser of these people; return the rows.

    ``template`` is ``<app>/<name>``: ``<app>/push/<name>.txt`` is one sentence, and each further line the words of a
    button, which opens the same page. It is rendered with ``tenant`` and nothing else, in the language that holds now.
    Where it leads is registered (``registry.register_lead``). After ``expires_at`` (a day, where nothing is said) it is of
    no use. A patient's quiet hours hold it, but for ``codes.ALWAYS_LEAVES``. A second call with the same key in the
    tenant queues nothing.
    """
    devices = list(PushDevice.objects.filter(user_id__in=user_ids).order_by("id")) if user_ids else []
    return _queue(
        devices, template=template, kind=kind, about_id=about_id, idempotency_key=idempotency_key, patient_id=patient_id,
        expires_at=expires_at,
    )  # fmt: skip


def _queue(
    devices: list[PushDevice],
    *,
    template: str,
    kind: MessageKind,
    about_id: UUID,
    idempotency_key: str,
    patient_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> list[OutgoingMessage]:
    if not devices:
        return []
    tenant = Tenant.objects.get(id=frames.current_tenant_id())
    sentence, *buttons = _lines(template, tenant)
    rows = []
    for device in devices:
        key = _key(idempotency_key, device)
        if (row := known(key)) is not None:
            rows.append(row)
            continue
        row = OutgoingMessage(
            id=uuid7(),
            tenant_id=tenant.id,
            patient_id=patient_id,
            user_id=device.user_id,
            device_id=device.id,
            channel=Channel.PUSH,
            kind=kind,
            about_id=about_id,
            template=template,
            urgent=kind == MessageKind.READY,
            expires_at=expires_at or clock.now() + LIVES,
            idempotency_key=key,
        )
        told = {
            "title": tenant.name,
            "body": sentence,
            "lang": get_language() or "en",
            "tag": topic_of(row),
            "url": reverse("notifications:push-open", args=[tenant.slug, row.id]),
            "actions": [{"action": str(number), "title": words} for number, words in enumerate(buttons, 1)],
            "urgent": row.urgent,
        }
        seal(row, [device.name], json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())
        rows.append(insert_once(row))
    return rows


@action("notifications.device.try")
def try_device(*, actor: Actor, device: PushDevice) -> OutgoingMessage:
    """Queue a push to one browser of the actor's, for trying it out; within ten seconds again the same one.

    Raises :class:`NotAllowed`.
    """
    if not policies.can_have_pushes(actor) or device.user_id != actor.user_id:
        raise NotAllowed
    row = _queue(
        [device], template="notifications/try_out", kind=MessageKind.ANSWER, about_id=device.id,
        idempotency_key=f"push-try:{int(clock.now().timestamp()) // 10}",
    )[0]  # fmt: skip
    record("notifications.device.try", actor=actor, target=device, changes={"device": device.name})
    return row


def _key(idempotency_key: str, device: PushDevice) -> str:
    """Return the key of a push to one browser, whatever the caller's own length is."""
    return key_of(f"push:{hashlib.sha256(f'{idempotency_key}:{device.id}'.encode()).hexdigest()}")


def _lines(template: str, tenant: Tenant) -> list[str]:
    app, _, name = template.partition("/")
    found = get_template(f"{app}/push/{name}.txt")
    rendered = found.template.render(Context({"tenant": tenant}, autoescape=False))  # type: ignore[attr-defined]
    return [" ".join(line.split()) for line in str(rendered).splitlines() if line.strip()]


def topic_of(row: OutgoingMessage) -> str:
    """Return what a newer push about the same thing has too (RFC 8030, 5.4: up to 32 letters). It tells nobody what it is."""
    digest = keyring().blind_index(f"{row.kind} {row.about_id}", place=f"push-topic.{row.tenant_id}")
    return base64.urlsafe_b64encode(digest[:24]).decode()


# -------------------------------------------------------------------------------------------- sending


@dataclass(frozen=True, slots=True)
class _Claim:
    """A push that is ours to hand over."""

    row: OutgoingMessage
    target: ports.PushTarget
    payload: bytes


def send_due_pushes(limit: int = 20) -> int:
    """Send the pushes that are due; return how many were tried. Safe in several workers at once.

    Nothing is tried while no sender is configured. When a push service doesn't answer, the round ends, and others come
    first in the next.
    """
    port = ports.push()
    if port is None:
        return 0
    tried = 0
    while tried < limit and (row := next_due(Channel.PUSH)) is not None:
        tried += 1
        claim = _claim(port, row.id)
        if claim is not None and not _hand_over(port, claim):
            break
    return tried


def _claim(port: ports.PushPort, row_id: UUID) -> _Claim | None:
    """Claim a push and commit that, or note why it doesn't leave (now); nothing where another worker was faster."""
    with transaction.atomic():
        row = OutgoingMessage.objects.select_for_update(skip_locked=True).filter(
            id=row_id, status=MessageStatus.QUEUED, due_at__lte=clock.now()
        ).first()  # fmt: skip
        if row is None:
            return None
        with frames.begin(tenant_id=row.tenant_id, actor=system("pushes", row.tenant_id)):
            return _claimed(port, row, Tenant.objects.get(id=frames.current_tenant_id()))


def _claimed(port: ports.PushPort, row: OutgoingMessage, tenant: Tenant) -> _Claim | None:
    now = clock.now()
    device = PushDevice.objects.filter(id=row.device_id, user_id=row.user_id).first()
    if device is None:
        end(row, Reason.GONE)
        return None
    if why := _why_useless(port, device, tenant):
        forget_useless(device_id=device.id, ground=why)
        end(row, Reason.GONE)
        return None
    if row.expires_at is not None and row.expires_at <= now:
        end(row, Reason.TOO_LATE)
        return None
    try:
        target, payload = selectors.target_of(device), selectors.content_of(row)
    except Unreadable as failure:
        give_up(row, str(failure), Reason.UNREADABLE)
        return None
    if (later := held_until(row, tenant, now)) is not None:
        row.due_at = later
        row.save()
        return None
    row.attempts += 1
    row.trying_at, row.due_at = now, now + LEASE
    row.save()
    return _Claim(row, target, payload)


def _why_useless(port: ports.PushPort, device: PushDevice, tenant: Tenant) -> str:
    if not belongs(device.user_id, tenant.id):
        return "is no longer here"
    if device.key_id != selectors.key_id_of(port):
        return "was made for a key that is not ours any more"  # its push service would refuse us
    return ""


def _hand_over(port: ports.PushPort, claim: _Claim) -> bool:
    """Hand a claimed push to its service and note what that said; return whether it answers at all."""
    row = claim.row
    left = (row.expires_at - clock.now()).total_seconds() if row.expires_at else LONGEST_TTL
    try:
        port.send(target=claim.target, payload=claim.payload, topic=topic_of(row),
                  ttl=max(0, min(LONGEST_TTL, int(left))), urgent=row.urgent)  # fmt: skip
    except ports.TemporaryFailure as failure:
        with transaction.atomic():
            if failure.reason is Reason.CREDENTIALS:  # ours; a service that is away is one of several
                note_channel(Channel.PUSH, failure.reason)
            if (found := queued(row.id)) is not None:
                let_wait(found, failure)
        return failure.reason is not Reason.AWAY
    except ports.PermanentFailure as failure:
        _refused(row.id, failure)
    else:
        note_channel(Channel.PUSH)
        mark_push_sent(row.id)
    return True


def mark_push_sent(row_id: UUID) -> None:
    """Note that a push service has taken a push."""
    OutgoingMessage.objects.filter(id=row_id, status=MessageStatus.QUEUED).update(
        status=MessageStatus.SENT, sent_at=clock.now(), trying_at=None, last_error="", reason=""
    )


def _refused(row_id: UUID, failure: ports.PermanentFailure) -> None:
    with transaction.atomic():
        row = queued(row_id)
        if row is None:
            return
        give_up(row, str(failure), failure.reason)
        if failure.reason is Reason.GONE and row.device_id is not None:
            with frames.begin(tenant_id=row.tenant_id, actor=system("pushes", row.tenant_id)):
                forget_useless(device_id=row.device_id, ground="the push service says that it is gone")


def payload_of(row: OutgoingMessage) -> dict[str, Any]:
    """Return what a push says, as the browser reads it; raise ``crypto.Unreadable``."""
    found: dict[str, Any] = json.loads(selectors.content_of(row))
    return found
