"""What was sent to whom, and how it went."""

from __future__ import annotations

from django.db import models

from webside.core import clock
from webside.core.models import BaseModel


class OutgoingMessage(BaseModel):
    """One message on one channel. Not under RLS: one sender serves all, and some have no tenant.

    ``recipient`` and ``body`` are sealed; ``subject`` never holds patient data. ``id`` is the
    Message-ID, so a repeat after a crash carries the same one.
    """

    tenant_id = models.UUIDField(null=True)
    patient_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, default="email")
    template = models.CharField(max_length=60, blank=True)
    recipient = models.BinaryField()
    subject = models.CharField(max_length=200)
    body = models.BinaryField()
    status = models.CharField(max_length=10, default="queued")
    queued_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=models.Q(status="queued"), name="message_due")]
