"""Calendar entries (iCalendar, RFC 5545; sent as iTIP, RFC 5546).

Calendars are shared with families and employers and copied to other firms. So an entry says *Visit
with the clinic* and when: no service, no reason, no practitioner, and no link that opens anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from webside.core.models import Tenant
from webside.scheduling.models import Appointment

REQUEST = "REQUEST"
CANCEL = "CANCEL"
PUBLISH = "PUBLISH"


def entry(appointment: Appointment, tenant: Tenant, *, method: str, attendee: str = "") -> bytes:
    """Return the entry as bytes. ``method``: REQUEST (booked, moved), CANCEL, or PUBLISH (downloaded by hand).
    ``attendee``: to whose address it is sent, where it isn't the patient.

    UID stays over moves; SEQUENCE grows with each, so that a calendar replaces what it has.
    """
    event = _event(appointment)
    event.add("summary", _("Visit with %s") % tenant.name)
    event.add("description", _("Open the link in our e-mail a few minutes before it begins."))
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT" if method == CANCEL else "OPAQUE")
    event["organizer"] = _organizer(tenant)
    if method != PUBLISH:
        invited = vCalAddress(f"mailto:{attendee or appointment.patient.email}")
        invited.params["PARTSTAT"] = vText("ACCEPTED")
        invited.params["RSVP"] = vText("FALSE")
        event.add("attendee", invited, encode=False)
    calendar = _calendar()
    calendar.add("method", method)
    calendar.add_component(event)
    return calendar.to_ical()


def several(appointments: Iterable[Appointment], tenant: Tenant) -> bytes:
    """Return the entries of visits that were booked in one go, in one file to take into a calendar."""
    calendar = _calendar()
    calendar.add("method", PUBLISH)
    for appointment in appointments:
        event = _event(appointment)
        event.add("summary", _("Visit with %s") % tenant.name)
        event.add("status", "CONFIRMED")
        event.add("class", "PRIVATE")
        event["organizer"] = _organizer(tenant)
        calendar.add_component(event)
    return calendar.to_ical()


def feed(appointments: Iterable[Appointment]) -> bytes:
    """Return what a calendar that subscribes is told: *Visit* and when, of each; not with whom, nor in which clinic.

    What was cancelled isn't there any more, and a calendar drops it when it asks again: each hour, as it is asked to.
    """
    calendar = _calendar()
    calendar.add("method", PUBLISH)
    calendar.add("x-wr-calname", _("Visits"))
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for appointment in appointments:
        event = _event(appointment)
        event.add("summary", _("Visit"))
        event.add("status", "CONFIRMED")
        event.add("class", "PRIVATE")
        event.add("transp", "OPAQUE")
        calendar.add_component(event)
    return calendar.to_ical()


def _organizer(tenant: Tenant) -> vCalAddress:
    """Return whose entry it is. A calendar takes a change or a cancellation from nobody else (RFC 5546, 3.2 and 6.1)."""
    organizer = vCalAddress(f"mailto:{settings.DEFAULT_FROM_EMAIL.rpartition('<')[2].rstrip('>')}")
    organizer.params["CN"] = vText(tenant.name)
    return organizer


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Webside//Scheduling//EN")
    calendar.add("version", "2.0")
    return calendar


def _event(appointment: Appointment) -> Event:
    """Return an event with its time. UID stays over moves; SEQUENCE grows with each."""
    event = Event()
    event.add("uid", f"{appointment.id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", appointment.updated_at)
    event.add("dtstart", appointment.start)
    event.add("dtend", appointment.end)
    return event
