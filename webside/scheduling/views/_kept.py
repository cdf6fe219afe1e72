"""What was typed into a booking that wasn't made, kept for the page that asks again.

A refused form is answered by leading to a page that Back can show: the answer to a POST is one that a browser forgets.
What was typed goes along in the session, sealed, since a reason and a birth date stand in it; it is gone when the visit
is booked, and opens for half an hour and for the same service only.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict

from webside.core import clock
from webside.core.crypto import Unreadable, keyring

HOLDS = timedelta(minutes=30)
LONGEST = 5000  # characters of one answer; a session isn't a place to fill
_KEY = "kept_booking"


@dataclass(frozen=True, slots=True)
class Kept:
    """``answers`` as they were sent, by field. What stood in the way: ``trouble``, ``groups`` and ``findings``."""

    answers: dict[str, str]
    trouble: str = ""
    groups: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def data(self) -> QueryDict:
        """The answers as a form takes them."""
        data = QueryDict(mutable=True)
        data.update(self.answers)
        return data


def keep(request: HttpRequest, service_id: UUID, kept: Kept) -> None:
    """Keep what was typed for a service in this browser's session, in place of what was kept before."""
    answers = {name: value[:LONGEST] for name, value in kept.answers.items()}
    plain = json.dumps({**asdict(kept), "answers": answers}).encode()
    sealed = keyring().seal(plain, place=_place(request, service_id))
    request.session[_KEY] = {"at": clock.now().isoformat(), "sealed": base64.b64encode(sealed).decode()}


def kept_for(request: HttpRequest, service_id: UUID) -> Kept | None:
    """Return what was kept for a service, or nothing where there is none, or it is too old."""
    found = request.session.get(_KEY)
    if not found or clock.now() - datetime.fromisoformat(found["at"]) > HOLDS:
        return None
    try:
        plain = keyring().open(base64.b64decode(found["sealed"]), place=_place(request, service_id))
    except Unreadable:
        return None  # of another service, or sealed with a key that is gone
    return Kept(**json.loads(plain))


def forget(request: HttpRequest) -> None:
    """Let go of what was kept: the visit is booked."""
    request.session.pop(_KEY, None)


def _place(request: HttpRequest, service_id: UUID) -> str:
    """Bind what is sealed to the clinic, the service and who was signed in when it was typed."""
    actor = request.actor  # type: ignore[attr-defined]
    return f"scheduling.kept:{request.tenant.id}:{service_id}:{actor.user_id or ''}"  # type: ignore[attr-defined]
