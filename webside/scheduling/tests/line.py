"""Short ways to a line: its hours, who takes people, who waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any
from uuid import uuid4

from webside.core import frames
from webside.core.actor import anonymous, system
from webside.people.models import Practitioner
from webside.scheduling import selectors, services
from webside.scheduling.models import QueueDuty, QueueEntry
from webside.scheduling.rules import WeeklyHours
from webside.scheduling.tests.factories import VISITOR

ZONE = "America/New_York"
DAY_AND_NIGHT = [WeeklyHours(weekday, time(0), time(0), ZONE) for weekday in range(7)]


def open_line(cast: Any, service: Any = None, hours: list[WeeklyHours] | None = None) -> Any:
    """Let people wait in line for a service, day and night unless ``hours`` say otherwise."""
    service = service or cast.video_visit
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)) as frame:
        service.on_demand = True
        service.save()
        services.set_queue_hours(actor=frame.actor, service=service, hours=DAY_AND_NIGHT if hours is None else hours)
    return service


def on_duty(cast: Any, *people: str, **more: Any) -> None:
    """Let people of the cast take somebody from the line ("maya", "daniel")."""
    for name in people or ("maya",):
        with cast.as_(getattr(cast, f"{name}_user")) as actor:
            services.go_on_duty(actor=actor, practitioner=getattr(cast, name), **more)


def join(cast: Any, **changes: Any) -> QueueEntry:
    """Let Liz wait for a video visit."""
    values: dict[str, Any] = {
        "patient": cast.liz, "service": cast.video_visit, "state": "NY", "timezone": ZONE, "phone": "845-555-0142",
        "reason_text": "A sore throat", "idempotency_key": uuid4().hex, "consent_scope": "telehealth", **changes,
    }  # fmt: skip
    with cast.as_(cast.liz_user) as liz:
        return services.join_queue(actor=liz, **values)


def join_visitor(cast: Any, name: str = "Nora", actor: Any = None, **changes: Any) -> QueueEntry:
    """Let somebody without an account wait."""
    values: dict[str, Any] = {
        "details": replace(VISITOR, given=name, email=f"{name.lower()}@example.test"), "service": cast.video_visit,
        "state": "NY", "timezone": ZONE, "idempotency_key": uuid4().hex, "consent_scope": "telehealth", **changes,
    }  # fmt: skip
    visitor = actor or anonymous(cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=visitor):
        return services.join_as_visitor(actor=visitor, **values)


def call(cast: Any, name: str = "maya") -> services.Called:
    """Let somebody of the cast press *See next*."""
    with cast.as_(getattr(cast, f"{name}_user")) as actor:
        return services.call_next(actor=actor, practitioner=getattr(cast, name))


def now_of(cast: Any, entry: QueueEntry) -> QueueEntry:
    """Return an entry as it stands now."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        return QueueEntry.objects.select_related("patient", "service", "practitioner").get(id=entry.id)


def silent_since(cast: Any, practitioner: Practitioner, moment: Any) -> None:
    """Let the last sign of somebody's page lie at a moment."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        QueueDuty.objects.filter(practitioner=practitioner, ended_at=None).update(seen_at=moment)


def watch(cast: Any) -> int:
    """Look after the line once, as the worker does."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("line", cast.larkspur.id)):
        return services.watch_queue()


def the_line(cast: Any) -> selectors.Line:
    """Return the line as it stands now."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        return selectors.line()
