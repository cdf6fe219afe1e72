"""What a clinic offers, and what was overridden at its gates."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from webside.catalog.codes import Kind, Modality, ScreenSharing
from webside.compliance.codes import PrivateTopic
from webside.core import clock
from webside.core.models import SaidInLanguages, TenantForeignKey, TenantModel


class HealthcareService(SaidInLanguages, TenantModel):
    """FHIR HealthcareService with its kind.

    ``professions`` may perform it; ``billing_service`` is the word of ``billing.codes`` for what it
    may produce (empty: nothing goes to an insurer). ``documentation`` names the parts of the note
    that must not be empty. ``needs``: what it helps with (``Need``); one without any is proposed to nobody who
    says what she needs. Prices are whole cents of US dollars. ``on_demand``: people may also wait in line for it
    and are seen as soon as somebody is free (``scheduling`` keeps the line and its hours). ``privacy_topic``: care to
    which a state may let a minor agree alone. ``screen_sharing``: who may show a screen in its visits.
    ``translations``: what of ``SAID`` the clinic says in other languages, read through ``said``.
    """

    SAID = ("name", "summary", "description", "price_note")

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in Kind])
    modality = models.CharField(max_length=14, choices=[(modality, modality) for modality in Modality])
    summary = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    duration_minutes = models.PositiveIntegerField(default=30)
    price_cents = models.PositiveIntegerField(null=True)
    price_note = models.CharField(max_length=120, blank=True)
    professions = ArrayField(models.CharField(max_length=40))
    billing_service = models.CharField(max_length=30, blank=True)
    needs = ArrayField(models.CharField(max_length=20), default=list)
    documentation = ArrayField(models.CharField(max_length=20), default=list)
    practitioners = models.ManyToManyField(
        "people.Practitioner", through="catalog.ServicePractitioner", related_name="services"
    )
    privacy_topic = models.CharField(max_length=20, blank=True, choices=[(topic, topic) for topic in PrivateTopic])
    active = models.BooleanField(default=True)
    on_demand = models.BooleanField(default=False)
    screen_sharing = models.CharField(
        max_length=10, choices=[(who, who) for who in ScreenSharing], default=ScreenSharing.EVERYBODY
    )
    position = models.PositiveIntegerField(default=100)
    minutes_before = models.PositiveSmallIntegerField(default=0)
    minutes_after = models.PositiveSmallIntegerField(default=0)
    most_a_day = models.PositiveSmallIntegerField(null=True)
    notice_minutes = models.PositiveIntegerField(default=0)
    furthest_days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ServicePractitioner(TenantModel):
    """A practitioner gives a service."""

    service = TenantForeignKey("catalog.HealthcareService", related_name="+")
    practitioner = TenantForeignKey("people.Practitioner", related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "service", "practitioner"], name="service_practitioner_once")
        ]


class GateOverride(TenantModel):
    """A clinician went on past a gate, with a reason. What compliance makes of it stands in the trail."""

    gate = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=30)
    subject_id = models.UUIDField()
    patient = TenantForeignKey("people.Patient", null=True, related_name="+")
    reason = models.TextField()
    said = models.TextField(blank=True)
    by_id = models.UUIDField()
    by_label = models.CharField(max_length=160)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "gate", "subject_type", "subject_id"], name="override_once")
        ]
