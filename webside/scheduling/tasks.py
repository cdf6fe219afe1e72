"""Rounds of the worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from webside.core import actor, frames
from webside.core.models import Tenant
from webside.scheduling import services


def watch_lines() -> int:
    """Look after the line of each clinic; return 0, for the loop that calls it and then waits."""
    for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
        with frames.begin(tenant_id=tenant_id, actor=actor.system("line", tenant_id)):
            services.watch_queue()
    return 0


def unanswered(payload: Mapping[str, Any]) -> None:
    """Somebody was called some minutes ago: has she come?"""
    services.give_up_waiting(**_called(payload))


def message(payload: Mapping[str, Any]) -> None:
    """Somebody was called some seconds ago: did her page go on?"""
    services.call_by_message(**_called(payload))


def _called(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"entry_id": UUID(payload["entry_id"]), "claimed_at": datetime.fromisoformat(payload["claimed_at"])}
