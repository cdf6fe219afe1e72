"""Short ways to a waiting list: one free time, who waits for it, the round of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import time_machine

from webside.core import clock, frames, timers
from webside.core.actor import anonymous, system
from webside.notifications import services as notifications
from webside.outbox.services import deliver_due
from webside.people.models import Practitioner
from webside.scheduling import services, tasks
from webside.scheduling.models import Appointment, Availability, WaitlistEntry, WaitlistOffer
from webside.scheduling.tests.factories import VISITOR

ZONE = "America/New_York"
TEN = datetime(2026, 12, 1, 10, tzinfo=ZoneInfo(ZONE))
"""Now: a Tuesday morning on which nobody is woken."""

FREE = datetime(2026, 12, 3, 9, tzinfo=ZoneInfo(ZONE))
"""The one time of Dr. Chen that there is."""


def at_ten() -> Iterator[Any]:
    """Let it be :data:`TEN`; a fixture of the tests."""
    with time_machine.travel(TEN) as traveller:
        yield traveller


def by_machine(cast: Any) -> Any:
    """Open a frame of the clinic as Webside itself."""
    return frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id))


def only(cast: Any, *starts: datetime, who: Practitioner | None = None) -> None:
    """Let a practitioner (Dr. Chen) have these times of twenty minutes and no others."""
    who = who or cast.maya
    with by_machine(cast):
        Availability.objects.filter(practitioner=who).delete()
        for start in starts:
            Availability.objects.create(
                practitioner=who, weekday=start.weekday(), starts_at=start.time(), timezone=ZONE,
                ends_at=(start + timedelta(minutes=20)).time(), valid_from=start.date(), valid_to=start.date(),
            )  # fmt: skip


def wait(cast: Any, actor_user: Any = None, **changes: Any) -> WaitlistEntry:
    """Let Liz wait for a video visit in December."""
    values: dict[str, Any] = {
        "patient": cast.liz, "service": cast.video_visit, "state": "NY", "timezone": ZONE, "notice_hours": 2,
        "until": date(2026, 12, 31), "reason_text": "My sugar", "idempotency_key": uuid4().hex,
        "consent_scope": "telehealth", **changes,
    }  # fmt: skip
    with cast.as_(actor_user or cast.liz_user) as actor:
        return services.join_waitlist(actor=actor, **values)


def wait_visitor(cast: Any, name: str = "Nora", **changes: Any) -> WaitlistEntry:
    """Let somebody without an account wait."""
    values: dict[str, Any] = {
        "details": replace(VISITOR, given=name, email=f"{name.lower()}@example.test"), "service": cast.video_visit,
        "state": "NY", "timezone": ZONE, "notice_hours": 2, "until": date(2026, 12, 31), "idempotency_key": uuid4().hex,
        "consent_scope": "telehealth", **changes,
    }  # fmt: skip
    visitor = anonymous(cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=visitor):
        return services.join_waitlist_as_visitor(actor=visitor, **values)


def work(now: Any = None, later: timedelta | None = None) -> None:
    """Let time come, and let the worker do what is due."""
    if now is not None and later is not None:
        now.move_to(clock.now() + later)
    timers.run_due()
    deliver_due()
    tasks.offer_times()
    deliver_due()


def offers_of(cast: Any, entry: WaitlistEntry) -> list[WaitlistOffer]:
    """Return what somebody was offered, in order."""
    with by_machine(cast):
        return list(
            WaitlistOffer.objects.filter(entry=entry)
            .select_related("entry__patient", "entry__service", "practitioner")
            .order_by("offered_at")
        )


def place_of(cast: Any, entry: WaitlistEntry) -> WaitlistEntry:
    """Return a place as it stands now."""
    with by_machine(cast):
        return WaitlistEntry.objects.select_related("patient", "service", "appointment").get(id=entry.id)


def visits(cast: Any) -> list[Appointment]:
    """Return every appointment that there is, what is held among them."""
    with by_machine(cast):
        return list(Appointment.objects.select_related("patient", "practitioner").order_by("created_at"))


def deliver() -> None:
    """Do what follows, hand texts over, and do what follows of that."""
    for _ in range(3):
        while deliver_due():
            pass
        notifications.send_due_texts()
