"""Django's mail backend: what anybody sends becomes a row of the current transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from webside.notifications.services import queue_email


class RecordedEmailBackend(BaseEmailBackend):
    """Queues instead of sending; the worker's loop ``mail`` sends. Sign-in mails come this way too."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue messages; return how many. One without a recipient is passed over, as Django's own backends do."""
        queued = [queue_email(message) for message in email_messages if message.recipients()]
        return len(queued)
