"""Queueing and sending, what comes back, and how people want to be reached."""

from __future__ import annotations

from webside.notifications.services.email import MAX_ATTEMPTS, message_id_of, queue_email, send_due, send_email
from webside.notifications.services.errors import Emptied, NotAllowed
from webside.notifications.services.incoming import answer_text, mark_text_done, note_about, receive_text
from webside.notifications.services.preferences import change_preference
from webside.notifications.services.retrying import retry_event, retry_job, retry_message, retry_timer
from webside.notifications.services.rows import withdraw_messages
from webside.notifications.services.texts import note_text_status, send_due_texts, send_sms

__all__ = [
    "MAX_ATTEMPTS",
    "Emptied",
    "NotAllowed",
    "answer_text",
    "change_preference",
    "mark_text_done",
    "message_id_of",
    "note_about",
    "note_text_status",
    "queue_email",
    "receive_text",
    "retry_event",
    "retry_job",
    "retry_message",
    "retry_timer",
    "send_due",
    "send_due_texts",
    "send_email",
    "send_sms",
    "withdraw_messages",
]
