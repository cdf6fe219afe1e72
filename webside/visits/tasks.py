"""Rounds of the worker."""

from __future__ import annotations

from datetime import timedelta

from webside.core import actor, clock, frames
from webside.core.models import Tenant
from webside.visits.models import Signal

SIGNAL_LIVES = timedelta(seconds=60)


def drop_stale_signals() -> int:
    """Delete signalling messages that nobody fetched in time; return 0, for the loop that calls it.

    They are deleted when they are delivered; what is left here was meant for a socket that died.
    """
    before = clock.now() - SIGNAL_LIVES
    for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
        with frames.begin(tenant_id=tenant_id, actor=actor.system("visits", tenant_id)):
            Signal.objects.filter(created_at__lt=before).delete()
    return 0
