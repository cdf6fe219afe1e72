"""Rounds of the worker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

from webside.core import actor, frames
from webside.core.models import Tenant
from webside.scheduling import calendars, selectors, services

AT_ONCE = 4
ROUND_SECONDS = 15.0
"""A round begins nothing new after this: a server that is slow must not make this loop look dead."""


def watch_lines() -> int:
    """Look after the line of each clinic; return 0, for the loop that calls it and then waits."""
    for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
        with frames.begin(tenant_id=tenant_id, actor=actor.system("line", tenant_id)):
            services.watch_queue()
    return 0


def offer_times() -> int:
    """Go through the waiting list of each clinic, the longest wait first; return 0, for the loop that then waits.

    Each is looked at in a transaction of its own: whoever books meanwhile waits for one of them at most.
    """
    for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
        machine = actor.system("waiting list", tenant_id)
        with frames.begin(tenant_id=tenant_id, actor=machine):
            found = selectors.places_to_look_at()
        for entry_id in found:
            with frames.begin(tenant_id=tenant_id, actor=machine):
                services.offer_next(entry_id=entry_id)
    return 0


def read_calendars() -> int:
    """Read the calendars, kept elsewhere, whose turn it is; return 0, for the loop that then waits.

    Several at once, and none in a transaction: what waits for another server holds nobody up.
    """
    until = time.monotonic() + ROUND_SECONDS
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="calendars") as pool:
        for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
            machine = actor.system("calendars", tenant_id)
            while time.monotonic() < until:
                with frames.begin(tenant_id=tenant_id, actor=machine):
                    claims = services.claim_calendars(most=AT_ONCE)
                if not claims:
                    break
                for claim, reading in zip(claims, pool.map(calendars.read, claims), strict=True):
                    with frames.begin(tenant_id=tenant_id, actor=machine):
                        services.keep_reading(actor=machine, claim=claim, reading=reading)
    return 0


def offer_over(payload: Mapping[str, Any]) -> None:
    """A time was held until now: was it taken?"""
    services.end_offer(offer_id=UUID(payload["offer_id"]))


def unanswered(payload: Mapping[str, Any]) -> None:
    """Somebody was called some minutes ago: has she come?"""
    services.give_up_waiting(**_called(payload))


def message(payload: Mapping[str, Any]) -> None:
    """Somebody was called some seconds ago: did her page go on?"""
    services.call_by_message(**_called(payload))


def _called(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"entry_id": UUID(payload["entry_id"]), "claimed_at": datetime.fromisoformat(payload["claimed_at"])}
