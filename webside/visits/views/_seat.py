"""Who sits in a seat: a colleague by the account, a guest by the browser that took it. Nobody else finds the page."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from webside.audit.services import refuse
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind
from webside.visits import selectors, services
from webside.visits.codes import SeatStage
from webside.visits.views._phone import seat_by_phone

_KEY = "seats"
"""In the session: the key of each seat that this browser has taken, and until when it holds."""


@dataclass(slots=True)
class SeatPage:
    """A request for a page of somebody who was asked into a visit."""

    request: HttpRequest
    slug: str
    actor: Actor
    seat: Any

    @property
    def visit(self) -> Any:
        """The visit she was asked into."""
        return self.seat.visit

    @property
    def stage(self) -> SeatStage:
        """Where she is in it."""
        return selectors.seat_stage_of(self.seat)

    @property
    def zone(self) -> str:
        """The clinic's clock: where she is nobody has said."""
        return str(self.request.tenant.timezone)  # type: ignore[attr-defined]

    def url(self, name: str) -> str:
        """Return the path of another page of this seat."""
        return reverse(f"visits:{name}", args=[self.slug, self.seat.id])

    def go_on(self) -> HttpResponse:
        """Lead to the seat's page, which is always the right one."""
        return redirect(self.url("seat"))

    def render(self, template: str, *, status: int = 200, **more: Any) -> HttpResponse:
        """Draw a page that knows the seat, and of the visit what the page itself is given."""
        base = {
            "seat": self.seat, "zone": self.zone, "nav": [], "practitioner": self.visit.appointment.practitioner,
            "by_phone": SimpleLazyObject(lambda: seat_by_phone(self.slug, self.seat)),
        }  # fmt: skip
        with timezone.override(self.zone):
            return render(self.request, template, base | more, status=status)


def seat_of(request: HttpRequest, slug: str, seat_id: UUID) -> SeatPage:
    """Return the page's facts, or raise ``Http404`` and note the refusal.

    On the pages of a seat a guest is that guest, whoever else this browser has signed in; everywhere else she is not.
    """
    guest = _guest(request, seat_id)
    if guest is not None:
        frames.current().actor = request.actor = guest  # type: ignore[attr-defined]
    actor: Actor = request.actor  # type: ignore[attr-defined]
    seat = selectors.seat(actor, seat_id)
    if seat is None:
        refuse("visits.seat.refuse", actor=actor, target_type="Participant", target_id=seat_id)
    return SeatPage(request, slug, actor, seat)


def has_taken(request: HttpRequest, seat_id: UUID) -> bool:
    """Whether it was this browser that took a seat."""
    return _guest(request, seat_id) is not None


def hold(request: HttpRequest, seat: Any, key: str, until: datetime) -> None:
    """Remember in this browser that it has taken a seat."""
    # As at a sign-in: whoever planted the session's id, or read it before, doesn't come in with it.
    request.session.cycle_key()
    held = {
        name: found for name, found in _held(request).items() if datetime.fromisoformat(found["until"]) > clock.now()
    }
    request.session[_KEY] = held | {str(seat.id): {"key": key, "until": until.isoformat()}}


def holds_until(request: HttpRequest, seat_id: UUID) -> datetime | None:
    """Return until when this browser has a seat; nothing for a colleague, whose session says it."""
    found = _held(request).get(str(seat_id))
    return datetime.fromisoformat(found["until"]) if found else None


def _held(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.get(_KEY, {}))


def _guest(request: HttpRequest, seat_id: UUID) -> Actor | None:
    found = _held(request).get(str(seat_id))
    if found is None or datetime.fromisoformat(found["until"]) <= clock.now():
        return None
    seat = selectors.seat_by_id(seat_id)
    if seat is None or seat.browser_hash is None:
        return None
    if not hmac.compare_digest(services.secret_hash(found["key"]), bytes(seat.browser_hash)):
        return None
    tenant_id = frames.current().tenant_id
    return Actor(kind=ActorKind.GUEST, label=seat.name, tenant_id=tenant_id, subject_id=seat.id)
