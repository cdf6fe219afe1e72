"""Tickets that open a socket. Looked up before a tenant is known, so not under RLS."""

from __future__ import annotations

from django.db import models

from webside.core.models import BaseModel


class Ticket(BaseModel):
    """A right to open one socket within a minute, until ``ends_at``. The token itself is kept as a hash.

    The socket has the ticket's id: of two sockets the newer one has the greater id.
    """

    token_hash = models.BinaryField(max_length=32, unique=True)
    tenant_id = models.UUIDField()
    user_id = models.UUIDField(null=True)
    actor = models.JSONField()
    topics = models.JSONField()
    expires_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="ticket_expiry")]
