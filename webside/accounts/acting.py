"""For whom somebody acts in one browser: herself, or a person who gave her access.

The session remembers the choice. Whether the grant behind it still stands, and for what, is asked anew at each request,
of the app that keeps grants, in the tenant's frame: a session knows nothing of what others have decided since. A choice
whose grant is over stays until she takes it back herself: what she sends then was meant for another person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from webside.core.actor import Actor, OnBehalf, Role

Check = Callable[[Actor, UUID], OnBehalf | None]

_KEY = "acting"
_STAYS = ("_auth", "account_", "sign_in", "doors", "demo_", _KEY)
"""What the session keeps when she changes: who is signed in, and how. The rest was about the other person."""
_checks: list[Check] = []


def register(check: Check) -> None:
    """Let ``check(actor, grant_id)`` say for whom a grant lets the actor act now, if at all (one app's, at start)."""
    _checks[:] = [check]


def begin(request: HttpRequest, behalf: OnBehalf) -> None:
    """Let this browser act for somebody in the request's tenant, from the next request on."""
    chosen = {"grant": str(behalf.grant_id), "patient": str(behalf.patient_id)}
    _change(request, _acting(request) | {_place(request): chosen})


def end(request: HttpRequest) -> None:
    """Let this browser act for whoever is signed in, from the next request on."""
    _change(request, {place: chosen for place, chosen in _acting(request).items() if place != _place(request)})


def actor_acting(request: HttpRequest, actor: Actor) -> Actor:
    """Return the actor as whom this browser acts in the actor's tenant: the same, where nothing was chosen."""
    chosen = _acting(request).get(str(actor.tenant_id))
    if chosen is None:
        return actor
    grant_id = UUID(chosen["grant"])
    behalf = next((found for check in _checks if (found := check(actor, grant_id)) is not None), None)
    if behalf is None:
        behalf = OnBehalf(grant_id=grant_id, patient_id=UUID(chosen["patient"]), stands=False)
    # Whatever else she is here doesn't count meanwhile: a clinician who acts for her mother opens no chart by it.
    roles = frozenset({Role.PATIENT}) if behalf.stands else frozenset[Role]()
    return replace(actor, roles=roles, on_behalf=behalf)


def mark_of(request: HttpRequest) -> str:
    """Return what stands for whom this browser acts for, in all tenants; empty where it acts for nobody else."""
    return " ".join(sorted(chosen["grant"] for chosen in _acting(request).values()))


def _change(request: HttpRequest, acting: dict[str, Any]) -> None:
    session = request.session
    for key in [key for key in session.keys() if not key.startswith(_STAYS)]:  # noqa: SIM118 - a session is no mapping
        del session[key]
    session[_KEY] = acting
    # A form that was opened for the one is refused for the other: what it holds was meant for the person of its page.
    rotate_token(request)


def _acting(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.get(_KEY, {}))


def _place(request: HttpRequest) -> str:
    return str(request.tenant.id)  # type: ignore[attr-defined]
