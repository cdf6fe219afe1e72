"""What follows a booking: an e-mail with a calendar file and a link."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.dateformat import format as django_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from webside.core import clock
from webside.notifications.services import send_email
from webside.outbox.registry import subscribe
from webside.scheduling import calendars, services
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentMoved
from webside.scheduling.models import Appointment
from webside.scheduling.rules import comes_twice, offset_text
from webside.ui.when import clock_time, zone_name


def send_booked(event: AppointmentBooked, event_id: UUID) -> None:
    """Tell the patient what was booked, with a link and a calendar file."""
    _send(
        event.appointment_id, event_id, "appointment_booked", lambda clinic: _("Your visit with %s is booked") % clinic
    )


def send_moved(event: AppointmentMoved, event_id: UUID) -> None:
    """Tell the patient the new time, with a new link and the changed calendar file."""
    _send(
        event.appointment_id, event_id, "appointment_moved", lambda clinic: _("Your visit with %s has moved") % clinic
    )


def send_cancelled(event: AppointmentCancelled, event_id: UUID) -> None:
    """Tell the patient that nothing takes place, with a calendar file that takes the entry out."""
    _send(
        event.appointment_id,
        event_id,
        "appointment_cancelled",
        lambda clinic: _("Your visit with %s is cancelled") % clinic,
    )


def _send(appointment_id: UUID, event_id: UUID, template: str, subject: Callable[[str], str]) -> None:
    appointment = Appointment.objects.select_related("patient", "practitioner", "service", "tenant").get(
        id=appointment_id
    )
    cancelled = template == "appointment_cancelled"
    # Events may come late: what is no longer so is not told.
    if cancelled != (appointment.status == AppointmentStatus.CANCELLED) or appointment.end < clock.now():
        return
    if not cancelled and appointment.status not in HOLDS_TIME:
        return
    if not appointment.patient.email:
        return
    tenant = appointment.tenant
    link = "" if cancelled else settings.PUBLIC_URL + reverse(
        "scheduling:link-open", args=[tenant.slug, services.issue_link(appointment=appointment)]
    )  # fmt: skip
    method = calendars.CANCEL if cancelled else calendars.REQUEST
    with translation.override(appointment.patient.language or settings.LANGUAGE_CODE):
        send_email(
            template=f"scheduling/{template}",
            to=appointment.patient.email,
            context={
                "appointment": appointment,
                "clinic": tenant,
                "when": _when(appointment),
                "link": link,
                "services_url": settings.PUBLIC_URL
                + reverse("scheduling:service-detail", args=[tenant.slug, appointment.service_id]),
            },
            subject=subject(tenant.name),
            idempotency_key=f"scheduling.{template}:{event_id}",
            patient_id=appointment.patient_id,
            attachments=[
                (
                    "visit.ics",
                    calendars.entry(appointment, tenant, method=method),
                    f"text/calendar; method={method}",
                )
            ],
        )


def _when(appointment: Appointment) -> str:
    """Return the time as the patient's clock shows it, with its zone: an e-mail may be read anywhere, any day."""
    here = appointment.start.astimezone(ZoneInfo(appointment.patient_timezone))
    day = django_format(here, pgettext("date with weekday and year", "l, F j, Y"))
    zone = zone_name(here)
    if comes_twice(appointment.start, ZoneInfo(appointment.patient_timezone)):
        zone = f"{here.tzname()} ({offset_text(here)})"
    return f"{day}, {clock_time(here)} {zone}"


def register() -> None:
    """Listen to our own events: the e-mail follows the commit, it doesn't hold it up."""
    subscribe(AppointmentBooked, send_booked)
    subscribe(AppointmentMoved, send_moved)
    subscribe(AppointmentCancelled, send_cancelled)
