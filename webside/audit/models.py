"""The trail and its seals.

``AuditEvent`` is append-only: the application may insert and select, nothing else (``schema.py``
takes the other grants away). ``Seal`` rows chain what was committed; a role of its own writes them.
"""

from __future__ import annotations

from django.db import models

from webside.audit.codes import Outcome
from webside.core import clock
from webside.core.ids import uuid7


class AuditEvent(models.Model):
    """Who did what to what, when, from where, on what ground. FHIR AuditEvent.

    ``tenant_id`` is empty only for what happens before a tenant is known (a failed sign-in). The
    actor stands as id and label, without a foreign key: the trail outlives accounts. ``changes``
    holds the changed fields of things that FHIR versions can't express.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sequence = models.BigIntegerField(db_default=models.Value(0), editable=False)
    transaction = models.BigIntegerField(db_default=models.Value(0), editable=False)
    tenant_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=clock.now)
    action = models.CharField(max_length=80)
    kind = models.CharField(max_length=1)
    outcome = models.CharField(max_length=1, default="0")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=160)
    actor_roles = models.CharField(max_length=120, blank=True)
    target_type = models.CharField(max_length=60, blank=True)
    target_id = models.UUIDField(null=True)
    target_label = models.CharField(max_length=200, blank=True)
    patient_id = models.UUIDField(null=True)
    ground = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=dict)
    request_id = models.CharField(max_length=32, blank=True)
    remote = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "-sequence"], name="audit_tenant_seq"),
            models.Index(fields=["tenant_id", "patient_id", "-sequence"], name="audit_patient_seq"),
            models.Index(fields=["tenant_id", "action", "-sequence"], name="audit_action_seq"),
            models.Index(
                fields=["tenant_id", "action", "actor_kind", "-sequence"],
                name="audit_refused_seq",
                condition=models.Q(outcome=Outcome.REFUSED.value),
            ),
            models.Index(fields=["transaction", "sequence"], name="audit_unsealed"),
        ]

    def __str__(self) -> str:
        return self.action


class Seal(models.Model):
    """A link of the chain over committed audit rows, in the order (transaction, sequence).

    ``digest`` is SHA-256 over the previous digest and the digests of the rows it covers;
    ``row_digests`` are those, 32 bytes each, so that a verifier names the very row that was altered
    and a tenant can check its own rows without seeing another's.
    """

    number = models.BigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField()
    last_transaction = models.BigIntegerField()
    last_sequence = models.BigIntegerField()
    count = models.PositiveIntegerField()
    row_digests = models.BinaryField()
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)


class SealedRow(models.Model):
    """Where an audit row stands in the chain. Written by the sealer; shows a row that was removed."""

    event_id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField(null=True)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["tenant_id"], name="sealedrow_tenant")]
