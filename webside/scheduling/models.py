"""When practitioners can be booked, and what was booked. Slots are computed, never stored."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from webside.core.models import TenantForeignKey, TenantModel
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus


class Availability(TenantModel):
    """A practitioner's weekly hours, in wall-clock time of ``timezone`` (FHIR Schedule).

    ``weekday`` is 0 for Monday. The hour that a clock change skips has no slots; the hour that it
    repeats is offered once.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="availability")
    weekday = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    timezone = models.CharField(max_length=60)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)


class AvailabilityException(TenantModel):
    """A stretch of time that is off (holiday, meeting) or, with ``available``, on besides the weekly hours."""

    practitioner = TenantForeignKey("people.Practitioner", related_name="availability_exceptions")
    period = DateTimeRangeField()
    available = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True)


class Appointment(TenantModel):
    """FHIR Appointment. PostgreSQL refuses a second one for the same person in the same time.

    ``sequence`` counts each move, cancellation and restoring. ``doors_since``: where a hand-over let open doors follow,
    the sequence since which they stand; else empty, and only those of the present sequence do.
    """

    patient = TenantForeignKey("people.Patient", related_name="appointments")
    practitioner = TenantForeignKey("people.Practitioner", related_name="appointments")
    service = TenantForeignKey("catalog.HealthcareService", related_name="appointments")
    status = models.CharField(max_length=12, default=AppointmentStatus.BOOKED)
    period = DateTimeRangeField()
    patient_state = models.CharField(max_length=2)
    patient_timezone = models.CharField(max_length=60)
    reason_text = models.TextField(blank=True)
    booked_by = models.CharField(max_length=160)
    idempotency_key = models.CharField(max_length=64)
    cancelled_at = models.DateTimeField(null=True)
    cancellation_reason = models.CharField(max_length=160, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    doors_since = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="appointment_idempotent"),
            *(
                ExclusionConstraint(
                    name=f"appointment_{who}_free",
                    expressions=[
                        ("tenant", RangeOperators.EQUAL),
                        (who, RangeOperators.EQUAL),
                        ("period", RangeOperators.OVERLAPS),
                    ],
                    condition=Q(status__in=[status.value for status in HOLDS_TIME]),
                )
                for who in ("practitioner", "patient")
            ),
        ]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.period.lower

    @property
    def end(self) -> datetime:
        """When it ends; the next one may begin then."""
        return self.period.upper


class AppointmentLink(TenantModel):
    """A link in an e-mail that opens one appointment without a password. Its token is kept as a hash.

    It works until ``expires_at`` or until it is revoked (moved, cancelled); it can open the
    appointment and its visit, nothing else.
    """

    appointment = TenantForeignKey("scheduling.Appointment", related_name="links")
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="appointment_link_once")]
