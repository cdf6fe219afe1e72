"""What was sent to whom, and how it went; what came back; how a person wants to be reached."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from webside.core import clock
from webside.core.models import BaseModel, TenantForeignKey, TenantModel, TenantOneToOneField
from webside.notifications.codes import PUSHED, QUIET_FROM, QUIET_UNTIL, Choice, Reason, Reply


def every_push() -> list[str]:
    """Return the kinds that come as a push to somebody who has turned them on and chosen nothing else."""
    return [kind.value for kind in PUSHED]


class OutgoingMessage(BaseModel):
    """One message on one channel. Not under RLS: one sender serves all, and some have no tenant.

    ``recipient`` and ``body`` are sealed; ``subject`` never holds patient data. ``id`` is the
    Message-ID of an e-mail and the key of a text, so a repeat after a crash carries the same one.
    ``about_id`` is what it is about (an appointment). ``trying_at``: a text was handed to the carrier then and no answer
    was noted. ``urgent``: quiet hours don't hold it. A push goes to one device (``device_id``) of one person (``user_id``).
    """

    tenant_id = models.UUIDField(null=True)
    patient_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, default="email")
    kind = models.CharField(max_length=12, blank=True)
    about_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    device_id = models.UUIDField(null=True)
    template = models.CharField(max_length=60, blank=True)
    recipient = models.BinaryField()
    subject = models.CharField(max_length=200)
    body = models.BinaryField()
    status = models.CharField(max_length=10, default="queued")
    reason = models.CharField(max_length=12, blank=True, choices=[(code.value, code.value) for code in Reason])
    urgent = models.BooleanField(default=False)
    queued_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    trying_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    carrier_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True)

    why: Any = ""
    """Why it did not arrive, and what to do, in words: ``selectors.explained`` puts them here for a page."""
    todo: Any = ""

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(status="queued"), name="message_due"),
            models.Index(fields=["about_id"], condition=models.Q(about_id__isnull=False), name="message_about"),
            models.Index(fields=["carrier_id"], condition=~models.Q(carrier_id=""), name="message_of_carrier"),
        ]


class ChannelState(BaseModel):
    """Since when a channel takes nothing, and why. Not under RLS: the channel is the installation's."""

    channel = models.CharField(max_length=8, unique=True)
    away_since = models.DateTimeField(null=True)
    reason = models.CharField(max_length=12, blank=True)


class ContactPreference(TenantModel):
    """How one person wants to be reached. No row: what holds for everybody.

    Quiet hours are on the wall clock of the person's own zone (``people.Patient.timezone``).
    """

    patient = TenantOneToOneField("people.Patient", related_name="contact_preference")
    reminders = models.CharField(max_length=8, default=Choice.BOTH)
    changes = models.CharField(max_length=8, default=Choice.EMAIL)
    pushes = ArrayField(models.CharField(max_length=12), default=every_push)
    quiet_from = models.TimeField(default=QUIET_FROM)
    quiet_until = models.TimeField(default=QUIET_UNTIL)


class PushDevice(TenantModel):
    """A browser in which somebody turned on pushes of this clinic (W3C Push API). Its address and keys are sealed.

    ``device`` is what the browser's own cookie says, so that it is the same one after the next sign-in; ``sign_in`` is the
    last of those (``accounts.SignIn``). ``key_id`` says for which key of ours the push service takes what we send.
    ``digest`` finds the address within the tenant.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    device = models.UUIDField()
    sign_in = models.UUIDField(null=True)
    name = models.CharField(max_length=60, blank=True)
    digest = models.BinaryField(max_length=32)
    target = models.BinaryField()
    key_id = models.CharField(max_length=16)
    since = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="push_address_once"),
            models.UniqueConstraint(fields=["tenant", "user", "device"], name="push_device_once"),
        ]


class TextNumber(TenantModel):
    """What is known of a number that we texted: that its holder said STOP, or that it takes no texts.

    By number and not by person: STOP is said by whoever holds the telephone. ``digest`` finds it; the number is sealed.
    """

    digest = models.BinaryField(max_length=32)
    number = models.BinaryField()
    stopped_at = models.DateTimeField(null=True)
    unusable_at = models.DateTimeField(null=True)
    unusable = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "digest"], name="text_number_once")]


class IncomingText(TenantModel):
    """A text that somebody sent to us. Number and words are sealed.

    ``patient_id`` and ``about_id`` are known only where it answers a text of ours. ``needs_person``: the front desk should look;
    ``done_at``: it did.
    """

    carrier_id = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    number = models.BinaryField()
    body = models.BinaryField()
    received_at = models.DateTimeField(default=clock.now)
    reply = models.CharField(max_length=8, default=Reply.OTHER)
    patient = TenantForeignKey("people.Patient", null=True, related_name="+")
    about_id = models.UUIDField(null=True)
    needs_person = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "carrier_id"], name="incoming_text_once")]
        indexes = [models.Index(fields=["tenant", "digest", "received_at"], name="incoming_text_of_number")]
