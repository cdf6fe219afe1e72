"""What is known of a number: that its holder said STOP, or that it takes no texts."""

from __future__ import annotations

from webside.core import clock, frames
from webside.core.crypto import keyring
from webside.notifications import selectors
from webside.notifications.codes import OF_THE_NUMBER, Reason
from webside.notifications.models import OutgoingMessage, TextNumber


def _row(number: str) -> TextNumber:
    digest = selectors.digest_of(number)
    tenant_id = frames.current_tenant_id()
    sealed = keyring().seal(number.encode(), place=f"text-number.{tenant_id}.{digest.hex()}")
    row, _ = TextNumber.objects.get_or_create(tenant_id=tenant_id, digest=digest, defaults={"number": sealed})
    return row


def stop_number(*, number: str) -> bool:
    """Note that no more texts go to a number; return whether that is new."""
    row = _row(number)
    return bool(TextNumber.objects.filter(id=row.id, stopped_at=None).update(stopped_at=clock.now()))


def start_number(*, number: str) -> None:
    """Note that its holder wants texts again, and that the number takes some."""
    TextNumber.objects.filter(digest=selectors.digest_of(number)).update(stopped_at=None, unusable_at=None, unusable="")


def note_unusable(*, number: str, reason: Reason) -> None:
    """Keep that a number takes no texts, so that nobody waits for one there again."""
    if reason in OF_THE_NUMBER:
        row = _row(number)
        row.unusable, row.unusable_at = reason, clock.now()
        row.save()


def forget_unusable(message: OutgoingMessage) -> None:
    """Let a number be tried again: a person says so, who may know better."""
    number = selectors.recipient(message)
    TextNumber.objects.filter(digest=selectors.digest_of(number)).update(unusable_at=None, unusable="")
