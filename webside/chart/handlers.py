"""What the chart does when something happens. Each may run twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.urls import reverse

from webside.chart import selectors
from webside.chart.events import PlanStepGiven
from webside.core import clock
from webside.core.actor import Actor
from webside.notifications.codes import MessageKind
from webside.notifications.registry import register_lead
from webside.notifications.services import push_to_users
from webside.outbox.registry import subscribe

GIVEN = "chart/plan_step"
STILL_NEWS = timedelta(days=1)


def tell_owner(event: PlanStepGiven, event_id: UUID) -> None:
    """Tell who works here that something was given to her to do. What it is, and for whom, stands behind the sign-in."""
    if selectors.is_to_do(event.user_id, event.step_id):
        push_to_users(
            template=GIVEN, user_ids=[event.user_id], kind=MessageKind.OTHER, about_id=event.step_id,
            idempotency_key=f"chart.plan-step:{event_id}", expires_at=clock.now() + STILL_NEWS,
        )  # fmt: skip


def lead_to_step(actor: Actor, step_id: UUID) -> str:
    """Return the list on which the step stands, as long as it is the actor's to do."""
    step = selectors.own_step(actor, step_id)
    return reverse("chart:to-do", args=[step.plan.tenant.slug]) if step is not None else ""


def register() -> None:
    """Listen."""
    register_lead(GIVEN, lead_to_step)
    subscribe(PlanStepGiven, tell_owner)
