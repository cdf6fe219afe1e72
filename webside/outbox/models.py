"""Events and their deliveries. One dispatcher serves all tenants, so neither is under RLS."""

from __future__ import annotations

from django.db import models

from webside.core import clock
from webside.core.models import BaseModel


class OutboxEvent(BaseModel):
    """An event as it was published. ``payload`` holds ids, never clinical content."""

    tenant_id = models.UUIDField(null=True)
    name = models.CharField(max_length=120)
    payload = models.JSONField()
    published_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Delivery(BaseModel):
    """One handler's share of an event: due, delivered, or dead after too many tries."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=160)
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(delivered_at=None, dead_at=None), name="delivery_due")
        ]
