"""Who pays, and what is claimed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from webside.core import clock
from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField


class Payer(TenantModel):
    """An insurer or programme. ``kind`` is one of the nine payer kinds of ``data/payers``."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    uses_98000 = models.BooleanField(null=True)

    def __str__(self) -> str:
        return self.name


class Coverage(TenantModel):
    """FHIR Coverage: by whom a patient is insured, in what order."""

    patient = TenantForeignKey("people.Patient", related_name="coverages")
    payer = TenantForeignKey("billing.Payer", related_name="+")
    member_id = models.CharField(max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(default=1)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    checked_at = models.DateTimeField(null=True)


class Claim(TenantModel):
    """FHIR Claim, drafted from a signed note: what ``billing.codes`` was asked and what it answered.

    ``event_id`` is the id of the NoteSigned event that drafted it, so that a repeated delivery
    drafts nothing twice.
    """

    encounter = TenantOneToOneField("chart.Encounter", related_name="claim")
    patient = TenantForeignKey("people.Patient", related_name="claims")
    practitioner = TenantForeignKey("people.Practitioner", related_name="+")
    payer = TenantForeignKey("billing.Payer", null=True, related_name="+")
    status = models.CharField(max_length=12, default="draft")
    service_date = models.DateField()
    facts = models.JSONField()
    rejected = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    not_checked = models.JSONField(default=list)
    diagnoses = ArrayField(models.CharField(max_length=10), default=list)
    price_cents = models.PositiveIntegerField(null=True)
    event_id = models.UUIDField(null=True)
    drafted_at = models.DateTimeField(default=clock.now)
    reviewed_by = models.CharField(max_length=160, blank=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "-service_date", "-drafted_at", "-id"], name="claim_newest")]


class ClaimItem(TenantModel):
    """One line of a claim: a code with its modifiers, place and reasons."""

    claim = TenantForeignKey("billing.Claim", related_name="items")
    sequence = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=10)
    label = models.CharField(max_length=160, blank=True)
    modifiers = ArrayField(models.CharField(max_length=2), default=list)
    pos = models.CharField(max_length=2)
    units = models.PositiveSmallIntegerField(default=1)
    reasons = models.JSONField(default=list)
