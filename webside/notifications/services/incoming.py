"""What people text to us: STOP, START and HELP are answered here, the rest by whoever knows what it answers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import translation

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.crypto import keyring
from webside.core.ids import uuid7
from webside.notifications import policies, selectors, telephone
from webside.notifications.codes import MessageKind, Reply
from webside.notifications.events import TextReceived
from webside.notifications.models import IncomingText
from webside.notifications.services.errors import NotAllowed
from webside.notifications.services.numbers import start_number, stop_number
from webside.notifications.services.texts import send_sms
from webside.outbox.services import publish
from webside.people.models import Patient

MOST_ANSWERS = 6
ANSWERS_WITHIN = timedelta(hours=1)
"""How many texts of one number are answered within an hour: two machines must not talk to each other."""

SHARED = {Reply.STOP: "text_stopped", Reply.START: "text_started", Reply.HELP: "text_help"}


@action("notifications.text.receive")
def receive_text(*, actor: Actor, carrier_id: str, number: str, body: str, answered: bool = False) -> IncomingText:
    """Keep a text that came and do what it asks for; the same ``carrier_id`` again changes nothing.

    ``number`` is in E.164 form. ``answered``: the carrier has said the word of STOP, START or HELP itself.
    """
    known = IncomingText.objects.filter(carrier_id=carrier_id).first()
    text = known or _keep(carrier_id, number, body)
    record("notifications.text.receive", actor=actor, target=text, changes={"repeated": True} if known else None)
    if known is None:
        _understand(text, number, answered=answered)
    return text


def _keep(carrier_id: str, number: str, body: str) -> IncomingText:
    text = IncomingText(
        id=uuid7(), carrier_id=carrier_id, digest=selectors.digest_of(number), reply=telephone.reply(body),
    )  # fmt: skip
    for column, value in (("number", number), ("body", body)):
        setattr(text, column, keyring().seal(value.encode(), place=f"incoming-text.{text.id}.{column}"))
    try:
        with transaction.atomic():
            text.save(force_insert=True)
    except IntegrityError:  # the carrier sent it twice at once
        return IncomingText.objects.get(carrier_id=carrier_id)
    return text


def _understand(text: IncomingText, number: str, *, answered: bool) -> None:
    if text.reply not in SHARED:
        publish(TextReceived(text_id=text.id))
        return
    news = True
    if text.reply == Reply.STOP:
        news = stop_number(number=number)
    elif text.reply == Reply.START:
        start_number(number=number)
    if news and not answered:
        answer_text(text=text, template=f"notifications/{SHARED[Reply(text.reply)]}", context={})


def answer_text(
    *, text: IncomingText, template: str, context: dict[str, object], patient: Patient | None = None
) -> None:
    """Answer a text with a template, in the patient's language where one is known; nothing where too many were answered."""
    since = clock.now() - ANSWERS_WITHIN
    if IncomingText.objects.filter(digest=bytes(text.digest), received_at__gte=since).count() > MOST_ANSWERS:
        return
    number, _ = selectors.words_of(text)
    with translation.override(patient.language if patient and patient.language else translation.get_language()):
        send_sms(
            template=template, to=number, context=context, idempotency_key=f"answer:{text.id}",
            kind=MessageKind.ANSWER, patient_id=patient.id if patient else None, about_id=text.about_id,
        )  # fmt: skip


@action("notifications.text.note")
def note_about(
    *, text: IncomingText, patient: Patient | None, about_id: UUID | None, needs_person: bool
) -> IncomingText:
    """Note what a text answers, as far as that is known, and whether the front desk should look at it."""
    text.patient, text.about_id, text.needs_person = patient, about_id, needs_person
    text.save()
    record("notifications.text.note", actor=frames.current().actor, target=text,
           patient_id=patient.id if patient else None)  # fmt: skip
    return text


@action("notifications.text.done")
def mark_text_done(*, actor: Actor, text: IncomingText) -> IncomingText:
    """Note that the front desk has taken care of a text; again changes nothing. Raises :class:`NotAllowed`."""
    if not policies.can_see_texts(actor):
        raise NotAllowed
    text = IncomingText.objects.select_for_update().get(id=text.id)
    if text.done_at is None:
        text.done_at, text.done_by = clock.now(), actor.label[:160]
        text.save()
    record("notifications.text.done", actor=actor, target=text, patient_id=text.patient_id)
    return text
