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
from webside.scheduling.tests.factories import book, some_slots, write_of_one_visit


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
        write_of_one_visit(cast, liz)
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


class Phone:
    """A patient's calendar, which takes what is sent to her as RFC 5546 says, in whatever order it comes."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.cancelled: dict[str, int] = {}

    def take(self, calendar: Any) -> None:
        for event in calendar.events:
            uid, sequence = str(event["uid"]), int(event["sequence"])
            known = self.entries.get(uid)
            if known is not None:
                assert str(known["organizer"]) == str(event["organizer"]), (
                    "a change by somebody else is not taken (6.1)"
                )
            newest = max(int(known["sequence"]) if known else -1, self.cancelled.get(uid, -1))
            if sequence < newest or (known and sequence == newest and event["dtstamp"].dt < known["dtstamp"].dt):
                continue  # 2.1.5: an older word than the one that is known
            if str(calendar["method"]) == "CANCEL":
                assert str(event["status"]) == "CANCELLED"
                self.cancelled[uid] = sequence
                self.entries.pop(uid, None)
            else:
                self.entries[uid] = event

    def times(self) -> list[Any]:
        return sorted(each.start for each in self.entries.values())


def calendars_in(row: OutgoingMessage) -> list[Any]:
    message = email.message_from_bytes(content_of(row), policy=default)
    found = []
    for attachment in message.iter_attachments():
        calendar = Calendar.from_ical(attachment.get_content())
        assert attachment["content-type"].params["method"] == calendar["method"]
        found.append(calendar)
    return found


def test_a_moved_visit_moves_in_the_patients_calendar_and_a_cancelled_one_is_gone(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        appointment = book(cast, liz, slots[0].start)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        steps = [[slots[0].start]]
        appointment = services.move_appointment(actor=liz, appointment=appointment, start=slots[4].start)
        handlers.send_moved(AppointmentMoved(appointment_id=appointment.id), uuid4())
        steps.append([slots[4].start])
        appointment = services.cancel_appointment(actor=liz, appointment=appointment)
        handlers.send_cancelled(AppointmentCancelled(appointment_id=appointment.id), uuid4())
        steps.append([])
        appointment = services.restore_appointment(actor=liz, appointment=appointment)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        steps.append([slots[4].start])
        rows = list(OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id).order_by("queued_at"))
    phone = Phone()
    for row, times in zip(rows, steps, strict=True):
        for calendar in calendars_in(row):
            phone.take(calendar)
        assert phone.times() == times
    for row in rows:
        for calendar in calendars_in(row):
            phone.take(calendar)
    assert phone.times() == steps[-1], "what comes late, or twice, changes nothing"


def test_one_of_a_series_moves_and_the_rest_is_gone_in_the_patients_calendar(cast: Any) -> None:
    from webside.scheduling import calendars

    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast)
        first = book(cast, liz, slots[0].start)
        second = book(cast, liz, slots[4].start, consent_scope="")
        phone = Phone()
        phone.take(Calendar.from_ical(calendars.several([first, second], cast.larkspur)))
        assert phone.times() == [slots[0].start, slots[4].start]
        moved = services.move_appointment(actor=liz, appointment=first, start=slots[2].start)
        phone.take(Calendar.from_ical(calendars.entry(moved, cast.larkspur, method=calendars.REQUEST)))
        assert phone.times() == [slots[2].start, slots[4].start]
        for each in (moved, second):
            gone = services.cancel_appointment(actor=liz, appointment=each)
            phone.take(Calendar.from_ical(calendars.entry(gone, cast.larkspur, method=calendars.CANCEL)))
        assert phone.times() == []
