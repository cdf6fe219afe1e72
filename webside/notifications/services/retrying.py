"""Taking back into the queue what was given up."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from webside.audit.services import action, record
from webside.core import clock, jobs, timers
from webside.core.actor import Actor
from webside.notifications import policies
from webside.notifications.codes import Channel, MessageStatus
from webside.notifications.models import OutgoingMessage
from webside.notifications.services.errors import Emptied, NotAllowed
from webside.notifications.services.numbers import forget_unusable
from webside.notifications.services.texts import LIVES
from webside.outbox.services import retry_delivery


@action("notifications.message.retry")
def retry_message(*, actor: Actor, message: OutgoingMessage) -> OutgoingMessage:
    """Take a message that was given up back into the queue.

    Raises :class:`NotAllowed`, and :class:`Emptied` if its words were deleted by then.
    """
    if not policies.can_see_messages(actor) or message.tenant_id != actor.tenant_id:
        raise NotAllowed
    message = OutgoingMessage.objects.select_for_update().get(id=message.id)
    if not message.body:
        raise Emptied
    if message.status == MessageStatus.FAILED:
        message.status, message.reason = MessageStatus.QUEUED, ""
        message.attempts = 0
        message.due_at = clock.now()
        message.failed_at = message.expires_at = None
        if message.channel == Channel.SMS:
            message.expires_at = clock.now() + LIVES
            forget_unusable(message)
        message.save()
    record("notifications.message.retry", actor=actor, target=message, patient_id=message.patient_id,
           target_label=message.subject)  # fmt: skip
    return message


def _try_again(name: str, again: Callable[..., bool], actor: Actor, **which: UUID | int) -> None:
    """Let ``again`` take back what was given up, of the actor's tenant, and write that under ``name``."""
    if not policies.can_see_events(actor) or actor.tenant_id is None:
        raise NotAllowed
    if not again(**which, tenant_id=actor.tenant_id):
        raise LookupError
    record(name, actor=actor, target_label=" ".join(map(str, which.values())))


@action("outbox.delivery.retry")
def retry_event(*, actor: Actor, delivery_id: UUID) -> None:
    """Deliver an event again that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("outbox.delivery.retry", retry_delivery, actor, delivery_id=delivery_id)


@action("core.timer.retry")
def retry_timer(*, actor: Actor, timer_id: UUID) -> None:
    """Run a timer again that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("core.timer.retry", timers.try_again, actor, timer_id=timer_id)


@action("core.job.retry")
def retry_job(*, actor: Actor, job_id: int) -> None:
    """Take a job back into the queue that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("core.job.retry", jobs.try_again, actor, job_id=job_id)
