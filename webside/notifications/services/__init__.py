"""Queueing and sending, what comes back, and how people want to be reached."""

from __future__ import annotations

from webside.notifications.services.devices import (
    add_device,
    follow_sign_in,
    forget_device,
    forget_signed_out,
    remove_device,
    renew_device,
)
from webside.notifications.services.email import MAX_ATTEMPTS, message_id_of, queue_email, send_due, send_email
from webside.notifications.services.errors import Emptied, NoSender, NotAllowed, NotTaken
from webside.notifications.services.incoming import answer_text, mark_text_done, note_about, receive_text
from webside.notifications.services.preferences import change_preference
from webside.notifications.services.pushes import push_to_patient, push_to_users, send_due_pushes, try_device
from webside.notifications.services.retrying import retry_event, retry_job, retry_message, retry_timer
from webside.notifications.services.rows import withdraw_messages
from webside.notifications.services.texts import note_text_status, send_due_texts, send_sms

__all__ = [
    "MAX_ATTEMPTS",
    "Emptied",
    "NoSender",
    "NotAllowed",
    "NotTaken",
    "add_device",
    "answer_text",
    "change_preference",
    "follow_sign_in",
    "forget_device",
    "forget_signed_out",
    "mark_text_done",
    "message_id_of",
    "note_about",
    "note_text_status",
    "push_to_patient",
    "push_to_users",
    "queue_email",
    "receive_text",
    "remove_device",
    "renew_device",
    "retry_event",
    "retry_job",
    "retry_message",
    "retry_timer",
    "send_due",
    "send_due_pushes",
    "send_due_texts",
    "send_email",
    "send_sms",
    "try_device",
    "withdraw_messages",
]
