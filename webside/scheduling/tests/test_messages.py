"""What the patient gets by e-mail: words, link, calendar file, and nothing more."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

from icalendar import Calendar

from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.scheduling import handlers, selectors, services
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentMoved
from webside.scheduling.tests.factories import book, some_slots


def sent(row: OutgoingMessage) -> tuple[str, Any]:
    message = email.message_from_bytes(content_of(row), policy=default)
    assert isinstance(message, EmailMessage)
    text = message.get_body(("plain",)).get_content()
    [attachment] = list(message.iter_attachments())
    assert attachment.get_content_type() == "text/calendar"
    assert attachment.get_filename() == "visit.ics"
    method = attachment["content-type"].params["method"]
    content = attachment.get_content()
    calendar = Calendar.from_ical(content)
    assert calendar["method"] == method
    return text, calendar


def test_booked_moved_cancelled(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        appointment = book(cast, liz, slots[0].start)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        appointment = services.move_appointment(actor=liz, appointment=appointment, start=slots[4].start)
        handlers.send_moved(AppointmentMoved(appointment_id=appointment.id), uuid4())
        services.cancel_appointment(actor=liz, appointment=appointment)
        handlers.send_cancelled(AppointmentCancelled(appointment_id=appointment.id), uuid4())
        rows = list(OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id).order_by("queued_at"))
        assert len(rows) == 3
        uids, sequences, methods, tokens = set(), [], [], []
        for row in rows:
            for secret in ("Liz", "Moreno", "sugar", "Chen", cast.video_visit.name):
                assert secret not in row.subject
            text, calendar = sent(row)
            [event] = calendar.events
            assert str(event["summary"]) == "Visit with Larkspur Clinic"
            raw = calendar.to_ical().decode()
            for secret in ("Moreno", "sugar", "Chen", "/go/", cast.video_visit.name):
                assert secret not in raw, f"{secret} is nobody's business in a shared calendar"
            uids.add(str(event["uid"]))
            sequences.append(int(event["sequence"]))
            methods.append(str(calendar["method"]))
            tokens += re.findall(r"/go/([\w-]+)/", text)
            assert "sugar" not in text
        assert (len(uids), sequences, methods) == (1, [0, 1, 2], ["REQUEST", "REQUEST", "CANCEL"])
        first, second = (selectors.link_by_hash(services.token_hash(token)) for token in tokens)
        assert first.revoked_at is not None and first.token_hash != second.token_hash


def test_a_repeated_delivery_sends_once(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, some_slots(cast)[0].start)
        event, event_id = AppointmentBooked(appointment_id=appointment.id), uuid4()
        handlers.send_booked(event, event_id)
        handlers.send_booked(event, event_id)
        assert OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id).count() == 1


def test_a_late_event_says_nothing_that_is_no_longer_so(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, some_slots(cast)[0].start)
        services.cancel_appointment(actor=liz, appointment=appointment)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        assert not OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id).exists()


def test_names_are_text_in_mail_and_calendar(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        cast.larkspur.name = "Larkspur; DROP,\nCLINIC"
        cast.larkspur.save()
        appointment = book(cast, liz, some_slots(cast)[0].start)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        row = OutgoingMessage.objects.get(tenant_id=cast.larkspur.id)
        assert "\n" not in row.subject
        _, calendar = sent(row)
        assert len(calendar.events) == 1
