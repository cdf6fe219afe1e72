"""Doors: what a link, or a booking without an account, opens in one browser, for a while.

The session remembers the door and its end. Whether it still stands is asked anew at each request, of the app that
opened it: a session knows nothing of what others have decided since.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from webside.accounts import sessions
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role

LASTS = timedelta(hours=12)
"""From its opening: whatever else is written to the session, and so moves the session's own end, doesn't count."""

Proof = dict[str, Any]
"""What the opening app wants to see again to know whether the door still stands; plain JSON."""

Check = Callable[[UUID, Proof], bool]

_KEY = "doors"
_checks: list[Check] = []


def register(check: Check) -> None:
    """Let ``check(subject_id, proof)`` say, in the tenant's frame, whether a door still stands (one app's, at start)."""
    _checks[:] = [check]


def open_door(request: HttpRequest, *, subject_id: UUID, label: str, proof: Proof) -> None:
    """Let this browser act for one thing of the request's tenant; a door that it had there is gone.

    ``subject_id`` is what the door leads to, ``label`` the name that the trail shows.
    """
    # As at a sign-in: whoever planted the session's id, or read it before, doesn't come in with it.
    request.session.cycle_key()
    request.session[_KEY] = _doors(request) | {
        _place(request): {
            "subject": str(subject_id),
            "label": label,
            "proof": proof,
            "until": (clock.now() + LASTS).isoformat(),
        }
    }


def renew(request: HttpRequest, *, subject_id: UUID, proof: Proof) -> None:
    """Give the door by which this request came another proof: what it did itself doesn't shut it.

    Nothing happens for whoever came otherwise. The door's end stays where it was.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.LINK and actor.subject_id == subject_id:
        door = _doors(request)[_place(request)]
        request.session[_KEY] = _doors(request) | {_place(request): door | {"proof": proof}}


def identify(request: HttpRequest, *, subject_id: UUID) -> None:
    """Remember, for as long as the door by which this request came stands, that it is she who came.

    Whoever opens the door anew is asked anew. Nothing happens for whoever came otherwise.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.LINK and actor.subject_id == subject_id:
        door = _doors(request)[_place(request)]
        request.session.cycle_key()
        request.session[_KEY] = _doors(request) | {_place(request): door | {"identified": True}}


def ends_at(request: HttpRequest) -> datetime | None:
    """Return when what let this request in ends by itself: its session, its door, the grant by which it acts."""
    row = request.session.model.objects.filter(session_key=request.session.session_key)  # type: ignore[attr-defined]
    ends = list(row.values_list("expire_date", flat=True))
    if (end := sessions.ends_at(request)) is not None:
        ends.append(end)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.LINK:
        ends.append(datetime.fromisoformat(_doors(request)[_place(request)]["until"]))
    if actor.on_behalf is not None and actor.on_behalf.until is not None:
        ends.append(actor.on_behalf.until)
    return min(ends, default=None)


def close_door(request: HttpRequest) -> None:
    """Forget the door of the request's tenant, and what else the session knew but doors of other tenants."""
    others = {place: door for place, door in _doors(request).items() if place != _place(request)}
    request.session.flush()
    if others:
        request.session[_KEY] = others


def actor_by_door(request: HttpRequest, tenant_id: UUID) -> Actor | None:
    """Return who somebody without an account is, in the tenant's frame; nothing if no door of theirs stands.

    Of a browser whose door is shut the request knows it (``request.door_is_shut``): what it doesn't find any more is
    explained to it, whatever it was.
    """
    door = _doors(request).get(str(tenant_id))
    if door is None:
        return None
    actor = _who_comes(door, tenant_id)
    request.door_is_shut = actor is None  # type: ignore[attr-defined]
    return actor


def _who_comes(door: dict[str, Any], tenant_id: UUID) -> Actor | None:
    if datetime.fromisoformat(door["until"]) <= clock.now():
        return None
    subject_id = UUID(door["subject"])
    # A door that doesn't stand stays in the session: this request may be older than one that has just renewed it, and
    # writing here would undo that.
    if not any(check(subject_id, door["proof"]) for check in _checks):
        return None
    return Actor(
        kind=ActorKind.LINK,
        label=door["label"],
        tenant_id=tenant_id,
        roles=frozenset({Role.PATIENT}),
        subject_id=subject_id,
        identified=door.get("identified", False),
    )


def _doors(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.get(_KEY, {}))


def _place(request: HttpRequest) -> str:
    return str(request.tenant.id)  # type: ignore[attr-defined]
