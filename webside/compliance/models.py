"""Licences, credentialing, consent."""

from __future__ import annotations

from hashlib import sha256

from django.db import models

from webside.core import clock
from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField


class Licence(TenantModel):
    """An authority of one clinician in one state: a full licence, a compact privilege, a registration.

    ``licence_type``, ``compact`` and ``status`` are the words of ``compliance.may_treat``. Both days
    of the period count.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="licences")
    state = models.CharField(max_length=2)
    licence_type = models.CharField(max_length=30, default="full")
    compact = models.CharField(max_length=10, blank=True)
    number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=12, default="active")
    period_start = models.DateField()
    period_end = models.DateField(null=True)
    verified_at = models.DateTimeField(null=True)
    verified_with = models.CharField(max_length=160, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "period_end"], name="licence_period_end")]

    def __str__(self) -> str:
        return f"{self.state} {self.licence_type}"


class Credentialing(TenantModel):
    """Until when a practitioner is credentialed here, and what the exclusion lists said."""

    practitioner = TenantOneToOneField("people.Practitioner", related_name="credentialing")
    credentialed_until = models.DateField(null=True)
    excluded = models.BooleanField(null=True)
    exclusion_checked_at = models.DateTimeField(null=True)


class ConsentText(TenantModel):
    """The words that people agree to, one version after another, each in one language or more.

    ``confirmed_by``: the lawyer who confirmed the words in this language, and when; empty while nobody has.
    """

    scope = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=8, default="en")
    title = models.CharField(max_length=120)
    body = models.TextField()
    effective_from = models.DateField()
    confirmed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "scope", "version", "language"], name="consent_text_once")
        ]

    @property
    def digest(self) -> str:
        """The SHA-256 of title and body, in hex: one letter changed, and these are other words."""
        return digest_of(self.title, self.body)


def digest_of(title: str, body: str) -> str:
    """Return what names a text: see :attr:`ConsentText.digest`."""
    return sha256(f"{title}\n\n{body}".encode()).hexdigest()


class Consent(TenantModel):
    """FHIR Consent: a patient agreed to telehealth or telecare, or to one visit (``visit_id``).

    ``text`` is what stood above the box that was ticked: none where nothing did. ``language`` and ``digest`` are kept of
    it as it was then.
    """

    patient = TenantForeignKey("people.Patient", related_name="consents")
    scope = models.CharField(max_length=20)
    status = models.CharField(max_length=12, default="active")
    text = TenantForeignKey("compliance.ConsentText", null=True, related_name="+")
    language = models.CharField(max_length=8, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    visit_id = models.UUIDField(null=True)
    given_at = models.DateTimeField(default=clock.now)
    given_by = models.CharField(max_length=160)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "patient", "scope"], name="consent_patient_scope")]

    @property
    def is_altered(self) -> bool:
        """Whether the words on file are others now than those that were agreed to."""
        return bool(self.digest) and (self.text is None or self.text.digest != self.digest)
