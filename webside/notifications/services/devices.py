"""The browsers in which somebody turned on pushes: taken up, kept right, and forgotten.

A browser has one address for all clinics and everybody who uses it. So whoever turns pushes on takes the address over, and
whoever signs in where another person had turned them on ends that person's: nobody is told of somebody else.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.crypto import keyring
from webside.core.ids import uuid7
from webside.notifications import policies, ports, selectors
from webside.notifications.models import PushDevice
from webside.notifications.services.errors import NoSender, NotAllowed, NotTaken


@action("notifications.device.add")
def add_device(*, actor: Actor, target: ports.PushTarget, device: UUID, sign_in: UUID | None, name: str) -> PushDevice:
    """Let pushes of the frame's clinic come to the actor in one browser; the same browser again is brought up to date.

    ``device`` is what the browser's cookie says, ``name`` what it calls itself. Raises :class:`NotAllowed`,
    :class:`NoSender` where no pushes leave, and :class:`NotTaken` for an address to which nothing may be sent.
    """
    user_id = actor.user_id
    if user_id is None or not policies.can_have_pushes(actor):
        raise NotAllowed
    port = _port_for(target)
    digest = selectors.digest_of_endpoint(target.endpoint)
    mine = Q(user_id=user_id, device=device)
    # The address is the browser's: who had it before, or another one in the same browser, has it no longer.
    PushDevice.objects.filter(Q(digest=digest) | Q(device=device)).exclude(mine).delete()
    row = PushDevice.objects.select_for_update().filter(mine).first()
    row = row or PushDevice(id=uuid7(), user_id=user_id, device=device, since=clock.now())
    row.sign_in, row.name = sign_in, name[:60]
    _point(row, port, target)
    record("notifications.device.add", actor=actor, target=row, changes={"device": row.name})
    return row


def _port_for(target: ports.PushTarget) -> ports.PushPort:
    port = ports.push()
    if port is None:
        raise NoSender
    if why := port.why_not(target):
        raise NotTaken(why)
    return port


def _point(row: PushDevice, port: ports.PushPort, target: ports.PushTarget) -> None:
    row.digest = selectors.digest_of_endpoint(target.endpoint)
    plain = json.dumps({"endpoint": target.endpoint, "p256dh": target.p256dh, "auth": target.auth})
    row.target = keyring().seal(plain.encode(), place=selectors.place_of_target(row))
    row.key_id = selectors.key_id_of(port)
    row.seen_at = clock.now()
    row.save()


@action("notifications.device.renew")
def renew_device(*, actor: Actor, token: str, target: ports.PushTarget) -> bool:
    """Follow a browser whose push service gave it another address; return whether it is one of ours.

    ``token`` is what only that browser was given. Raises :class:`NoSender` and :class:`NotTaken`.
    """
    port = _port_for(target)
    device_id = selectors.device_behind(token)
    row = PushDevice.objects.select_for_update().filter(id=device_id).first() if device_id else None
    if row is not None:
        others = PushDevice.objects.filter(digest=selectors.digest_of_endpoint(target.endpoint))
        others.exclude(id=row.id).delete()
        _point(row, port, target)
    record("notifications.device.renew", actor=actor, target=row)
    return row is not None


@action("notifications.device.remove")
def remove_device(*, actor: Actor, device: PushDevice) -> None:
    """Let no more pushes come to one of the actor's browsers. Raises :class:`NotAllowed`."""
    if not policies.can_have_pushes(actor) or device.user_id != actor.user_id:
        raise NotAllowed
    _forget(PushDevice.objects.filter(id=device.id), actor, "own choice")


@action("notifications.device.remove")
def forget_useless(*, device_id: UUID, ground: str) -> None:
    """Forget a browser to which nothing can or may be sent any more; ``ground`` says why, in the trail."""
    _forget(PushDevice.objects.filter(id=device_id), frames.current().actor, ground)


@action("notifications.device.remove")
def forget_device(*, user_id: UUID, device: UUID) -> None:
    """Forget that somebody turned on pushes in a browser: she signed out there, or somebody else signed in."""
    _forget(PushDevice.objects.filter(user_id=user_id, device=device), frames.current().actor, "signed out there")


@action("notifications.device.remove")
def forget_signed_out(*, user_id: UUID, ended: Collection[UUID], but: UUID | None) -> None:
    """Forget the browsers of sign-ins that somebody ended from another one; with ``but``, all except that one's."""
    _forget(selectors.devices_left(user_id, ended, but), frames.current().actor, "signed out there")


def _forget(found: QuerySet[PushDevice], actor: Actor, ground: str) -> None:
    names = list(found.values_list("name", flat=True))
    found.delete()
    record("notifications.device.remove", actor=actor, ground=ground, changes={"devices": names})


def follow_sign_in(*, user_id: UUID, device: UUID, sign_in: UUID) -> None:
    """Note as which sign-in a browser is listed now, so that ending that one ends its pushes. No news, no row in the trail."""
    PushDevice.objects.filter(user_id=user_id, device=device).update(sign_in=sign_in, seen_at=clock.now())
