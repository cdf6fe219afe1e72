"""Reading what was sent, to whom, how it went, and how people want to be reached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.core import clock, frames, jobs, timers
from webside.core.actor import Actor
from webside.core.crypto import Unreadable, keyring
from webside.core.jobs import JobGivenUp
from webside.core.models import Tenant, Timer
from webside.notifications import policies, ports, registry
from webside.notifications.codes import Channel, MessageKind, MessageStatus, Reason
from webside.notifications.models import (
    ChannelState,
    ContactPreference,
    IncomingText,
    OutgoingMessage,
    PushDevice,
    TextNumber,
)
from webside.notifications.rules import Quiet
from webside.notifications.telephone import e164, is_affordable
from webside.people.models import Patient
from webside.people.selectors import patient_of

OF_TIMES = frozenset({MessageKind.REMINDER, MessageKind.CHANGE})
"""Texts of these kinds end when what they tell of begins."""

FAILURES: dict[str, tuple[Promise, Promise]] = {
    Reason.NO_NUMBER: (
        _("We have no number that takes texts."),
        _("Ask for a mobile number; until then, call or e-mail."),
    ),
    Reason.INVALID: (
        _("There is no such number or address."),
        _("Ask the person for the right one. Then send again."),
    ),
    Reason.ABROAD: (
        _("The number is abroad or costs extra: we send nothing there."),
        _("Call the person, or ask for another number."),
    ),
    Reason.LANDLINE: (_("The number is a landline: it takes no texts."), _("Call the person at this number.")),
    Reason.STOPPED: (
        _("The person asked for no more texts."),
        _("Call or e-mail. Only the person can start texts again, by texting START."),
    ),
    Reason.UNREACHABLE: (
        _("The phone can’t be reached: off, without signal, or its network refuses texts."),
        _("Call the person, or send again later."),
    ),
    Reason.FILTERED: (
        _("The phone company took it for junk and did not deliver it."),
        _("Call the person. Tell whoever runs Webside: the sending number may not be registered."),
    ),
    Reason.REFUSED: (_("The service refused this message."), _("Call the person. Look at the code beside it.")),
    Reason.AWAY: (_("The service did not answer."), _("Nothing: it is tried again by itself.")),
    Reason.CREDENTIALS: (
        _("The service does not accept our password."),
        _("Tell whoever runs Webside: the account or its password has changed."),
    ),
    Reason.PACE: (_("The service takes no more messages for a moment."), _("Nothing: it is tried again by itself.")),
    Reason.TOO_LATE: (
        _("The service was away until it was too late to send it."),
        _("Call the person if the visit is still ahead."),
    ),
    Reason.WITHDRAWN: (_("What it says had changed before it left."), _("Nothing: the newer message says what holds.")),
    Reason.TOO_LONG: (_("It is longer than the service takes."), _("Call the person.")),
    Reason.GONE: (
        _("This device takes no notifications any more: they were turned off there."),
        _("Nothing: the person can turn them on again on that device."),
    ),
    Reason.UNREADABLE: (_("Its words can’t be opened any more."), _("Write a new message.")),
}
"""Why a message did not arrive, and what to do, in words."""


def messages(actor: Actor) -> QuerySet[OutgoingMessage]:
    """Return the messages that the actor may see, newest first."""
    return policies.visible_messages(actor, OutgoingMessage.objects.order_by("-queued_at"))


def message(actor: Actor, message_id: UUID) -> OutgoingMessage | None:
    """Return one message that the actor may see."""
    return messages(actor).filter(id=message_id).first()


def counts(actor: Actor, channel: str = "") -> dict[str, int]:
    """Return how many of the actor's tenant's messages stand where, of one channel or of all."""
    chosen = messages(actor).filter(channel=channel) if channel else messages(actor)
    found = dict(chosen.order_by().values_list("status").annotate(number=Count("id")))
    return {status.value: found.get(status.value, 0) for status in MessageStatus}


def channels_away() -> list[ChannelState]:
    """Return the channels that take nothing at present, and since when."""
    return list(ChannelState.objects.filter(away_since__isnull=False).order_by("channel"))


def messages_about(about_id: UUID, kinds: frozenset[MessageKind]) -> list[OutgoingMessage]:
    """Return what was sent about one thing of the frame's tenant, oldest first; who may see the thing may see this."""
    found = OutgoingMessage.objects.filter(tenant_id=frames.current_tenant_id(), about_id=about_id, kind__in=kinds)
    return explained(found.order_by("queued_at"))


def letters_about(about_ids: Collection[UUID]) -> dict[UUID, OutgoingMessage]:
    """Return the newest e-mail about each of several things of the frame's tenant, by the thing's id.

    Who may see the things may see this.
    """
    if not about_ids:
        return {}
    found = OutgoingMessage.objects.filter(
        tenant_id=frames.current_tenant_id(), about_id__in=about_ids, channel=Channel.EMAIL
    )
    return {row.about_id: row for row in explained(found.order_by("queued_at")) if row.about_id is not None}


def explained(found: Iterable[OutgoingMessage]) -> list[OutgoingMessage]:
    """Return messages with the reason why they did not arrive, and what to do, in words."""
    rows = list(found)
    for row in rows:
        if row.status != MessageStatus.SENT:
            row.why, row.todo = FAILURES.get(row.reason, ("", ""))
    return rows


def jobs_given_up(actor: Actor) -> list[JobGivenUp]:
    """Return the jobs of the actor's tenant and of the whole installation that were given up, newest first."""
    if actor.tenant_id is None or not policies.can_see_events(actor):
        return []
    return jobs.given_up(actor.tenant_id)


def timers_given_up(actor: Actor) -> QuerySet[Timer]:
    """Return the timers of the actor's tenant that were given up, newest first."""
    if actor.tenant_id is None or not policies.can_see_events(actor):
        return Timer.objects.none()
    return timers.given_up(actor.tenant_id)


def recipients_of(row: OutgoingMessage) -> list[str]:
    """Return the addresses of a row; raise ``crypto.Unreadable`` if it can't be opened."""
    return list(json.loads(keyring().open(bytes(row.recipient), place=f"mail.{row.id}.recipient")))


def content_of(row: OutgoingMessage) -> bytes:
    """Return the whole message (RFC 5322) of a row; raise ``crypto.Unreadable`` if it can't be opened."""
    return keyring().open(bytes(row.body), place=f"mail.{row.id}")


def recipient(message: OutgoingMessage) -> str:
    """Return to whom a message goes, or an empty text if the row can't be opened any more."""
    try:
        return ", ".join(recipients_of(message))
    except Unreadable:
        return ""


# ------------------------------------------------------------------------------------------------- texts


def text_of(row: OutgoingMessage) -> str:
    """Return the words of a text; raise ``crypto.Unreadable`` if they can't be opened."""
    return content_of(row).decode()


def digest_of(number: str) -> bytes:
    """Return by what a number in E.164 form is found, within the frame's tenant."""
    return keyring().blind_index(number, place=f"text-number.{frames.current_tenant_id()}")


def number_state(number: str) -> TextNumber | None:
    """Return what is known of a number in E.164 form."""
    return TextNumber.objects.filter(digest=digest_of(number)).first() if number else None


def may_be_reached(number: str) -> bool:
    """Whether this installation calls and texts a number in E.164 form (``WEBSIDE_PHONE_REGIONS``)."""
    return is_affordable(number, settings.ENV.phone_regions)


def why_no_text(number: str) -> Reason:
    """Return why no text can go to a number in E.164 form; ``Reason.NONE`` if one can, as far as is known."""
    return _why_no_text(number, number_state(number))


def _why_no_text(number: str, state: TextNumber | None) -> Reason:
    if not number:
        return Reason.NO_NUMBER
    if not may_be_reached(number):
        return Reason.ABROAD
    if state is None:
        return Reason.NONE
    return Reason.STOPPED if state.stopped_at else Reason(state.unusable)


def can_be_texted(patient: Patient, clinic: Tenant) -> bool:
    """Whether a text to a patient can arrive, as far as is known: a sender, a number, no STOP."""
    return bool(ports.texts_from(clinic.slug)) and why_no_text(e164(patient.phone)) is Reason.NONE


def texts_wait(clinic: Tenant) -> bool:
    """Whether no text of a clinic leaves at present: it has no sender, or the carrier is away."""
    away = ChannelState.objects.filter(channel=Channel.SMS, away_since__isnull=False)
    return not ports.texts_from(clinic.slug) or away.exists()


def text_about(message_id: UUID) -> OutgoingMessage | None:
    """Return a text of the frame's tenant, for whoever caused it and hears what became of it."""
    own = OutgoingMessage.objects.filter(tenant_id=frames.current_tenant_id(), channel=Channel.SMS)
    return own.filter(id=message_id).first()


def helps_until(row: OutgoingMessage) -> datetime | None:
    """Return until when a text helps: its own end, or the time that the last text about the same told her, if earlier.

    Who was told of tomorrow and is moved to next week must hear it before tomorrow.
    """
    ends = [row.expires_at]
    if row.about_id and row.patient_id:
        earlier = _texts_of_times(row.about_id, row.patient_id).filter(queued_at__lt=row.queued_at)
        told = earlier.filter(status=MessageStatus.SENT).first()
        ends.append(told.expires_at if told else None)
    return min((end for end in ends if end is not None and end > clock.now()), default=None)


def time_still_believed(about_id: UUID, patient_id: UUID) -> datetime | None:
    """Return of which time somebody was told last, where the text that told of a newer one was taken back unsent."""
    found = _texts_of_times(about_id, patient_id)
    newest = found.filter(kind=MessageKind.CHANGE).first()
    if newest is None or newest.reason != Reason.WITHDRAWN:
        return None
    told = found.filter(status=MessageStatus.SENT).first()
    return told.expires_at if told else None


def _texts_of_times(about_id: UUID, patient_id: UUID) -> QuerySet[OutgoingMessage]:
    found = OutgoingMessage.objects.filter(
        tenant_id=frames.current_tenant_id(), about_id=about_id, patient_id=patient_id
    )
    return found.filter(channel=Channel.SMS, kind__in=OF_TIMES).order_by("-queued_at")


def is_newest(text: OutgoingMessage) -> bool:
    """Whether no newer text of its kind about the same was queued to the same person."""
    later = OutgoingMessage.objects.filter(
        tenant_id=text.tenant_id, about_id=text.about_id, patient_id=text.patient_id, channel=Channel.SMS,
        kind=text.kind, queued_at__gt=text.queued_at,
    )  # fmt: skip
    return not later.exists()


def incoming_texts(actor: Actor) -> QuerySet[IncomingText]:
    """Return the texts that the actor may read, newest first."""
    return policies.visible_texts(actor, IncomingText.objects.select_related("patient").order_by("-received_at", "-id"))


def incoming_text(actor: Actor, text_id: UUID) -> IncomingText | None:
    """Return one text that the actor may read."""
    return incoming_texts(actor).filter(id=text_id).first()


def texts_waiting(actor: Actor) -> int:
    """Return how many texts need somebody."""
    return incoming_texts(actor).filter(needs_person=True, done_at=None).count()


def words_of(text: IncomingText) -> tuple[str, str]:
    """Return the number and the words of a text that came; empty where they can't be opened, or are gone."""
    return _opened(text, "number"), _opened(text, "body")


def _opened(text: IncomingText, column: str) -> str:
    try:
        return keyring().open(bytes(getattr(text, column)), place=f"incoming-text.{text.id}.{column}").decode()
    except Unreadable:
        return ""


# ------------------------------------------------------------------------------------------------ pushes

_TOKEN = Signer(salt="notifications.device")


def devices(actor: Actor) -> QuerySet[PushDevice]:
    """Return the browsers in which the actor turned on pushes of this clinic, the newest first."""
    return policies.visible_devices(actor, PushDevice.objects.order_by("-since", "-id"))


def device(actor: Actor, device_id: UUID) -> PushDevice | None:
    """Return one of the actor's own."""
    return devices(actor).filter(id=device_id).first()


def devices_left(user_id: UUID, ended: Collection[UUID], but: UUID | None) -> QuerySet[PushDevice]:
    """Return somebody's browsers of sign-ins that have ended; with ``but``, all except that one's."""
    found = PushDevice.objects.filter(user_id=user_id)
    return found.filter(sign_in__in=ended) if but is None else found.exclude(sign_in=but)


def digest_of_endpoint(endpoint: str) -> bytes:
    """Return by what the address of a browser is found, within the frame's tenant."""
    return keyring().blind_index(endpoint, place=f"push-device.{frames.current_tenant_id()}")


def place_of_target(row: PushDevice) -> str:
    """Return the place to which a browser's address and keys are sealed."""
    return f"push-device.{row.id}"


def target_of(row: PushDevice) -> ports.PushTarget:
    """Return where a browser's pushes go; raise ``crypto.Unreadable``."""
    return ports.PushTarget(**json.loads(keyring().open(bytes(row.target), place=place_of_target(row))))


def key_id_of(port: ports.PushPort) -> str:
    """Return the name of our key, as it is kept beside what was made for it."""
    return hashlib.sha256(port.public_key.encode()).hexdigest()[:16]


def token_of(row: PushDevice) -> str:
    """Return what a browser is given to say that its address is another now."""
    return _TOKEN.sign(str(row.id))


def device_behind(token: str) -> UUID | None:
    """Return which device a token was made for; nothing for one that we did not make."""
    try:
        return UUID(_TOKEN.unsign(token))
    except (BadSignature, ValueError):
        return None


def push(message_id: UUID) -> OutgoingMessage | None:
    """Return a push of the frame's clinic by its id. Who may open it, :func:`push_lead` asks."""
    found = OutgoingMessage.objects.filter(id=message_id, tenant_id=frames.current_tenant_id(), channel=Channel.PUSH)
    return found.first()


def push_lead(actor: Actor, pushed: OutgoingMessage) -> str | None:
    """Return the path to which a push leads, nothing where it leads nowhere; None if it is somebody else's."""
    if not policies.can_open_push(actor, pushed):
        return None
    lead = registry.lead_of(pushed.template)
    return lead(actor, pushed.about_id) if lead and pushed.about_id else ""


def push_answer(pushed: OutgoingMessage, press: str) -> str:
    """Return what the pressed button of a push asks for; empty where the push itself was pressed."""
    return registry.asked_by(pushed.template, press)


# ------------------------------------------------------------------------------------------- preferences


def preference_of(patient: Patient) -> ContactPreference:
    """Return how a patient wants to be reached; what holds for everybody where nothing was chosen (not saved)."""
    found = ContactPreference.objects.filter(patient=patient).first()
    return found or ContactPreference(patient=patient)


def quiet_of(patient: Patient, clinic: Tenant) -> Quiet:
    """Return a patient's quiet hours, on the wall clock of her own zone."""
    chosen = preference_of(patient)
    return Quiet(chosen.quiet_from, chosen.quiet_until, patient.timezone or clinic.timezone)


def own_patient(actor: Actor) -> Patient | None:
    """Return which patient somebody is: signed in, or by what a link stands for."""
    return patient_of(actor) or registry.patient_behind(actor)


def trouble_of(patient: Patient) -> dict[str, Any]:
    """Return what a person's page says of her number: whether texts are stopped, or can't arrive, and since when."""
    number = e164(patient.phone)
    state = number_state(number)
    since: datetime | None = (state.stopped_at or state.unusable_at) if state else None
    return {"number": number, "reason": _why_no_text(number, state), "since": since}


def last_failures(patient: Patient, limit: int = 3) -> list[OutgoingMessage]:
    """Return the newest messages to a patient that did not arrive."""
    found = OutgoingMessage.objects.filter(
        Q(status=MessageStatus.FAILED) | Q(status=MessageStatus.WITHHELD, reason=Reason.STOPPED),
        tenant_id=frames.current_tenant_id(), patient_id=patient.id, channel__in=list(Channel),
    )  # fmt: skip
    return explained(found.order_by("-queued_at")[:limit])
