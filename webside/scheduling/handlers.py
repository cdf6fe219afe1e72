"""What follows a booking: an e-mail with a calendar file and a link. And what an ended licence means for what is booked."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.dateformat import format as django_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from webside.accounts.selectors import emails_of
from webside.compliance.events import LicenceExpired
from webside.compliance.models import Licence
from webside.core import clock
from webside.core.actor import Role
from webside.notifications.services import send_email
from webside.outbox.registry import subscribe
from webside.people.models import Practitioner
from webside.scheduling import calendars, selectors, services
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


def tell_licence_ended(event: LicenceExpired, event_id: UUID) -> None:
    """Tell the practitioner, and the front desk where visits are booked that can't take place any more.

    No patient stands in these messages: the page behind the link, with its own guard, names the visits.
    """
    licence = Licence.objects.select_related("practitioner__user", "tenant").filter(id=event.licence_id).first()
    if licence is None or licence.period_end is None:
        return
    practitioner = licence.practitioner
    lacking = selectors.lacking_licence(practitioner, licence.state)
    place = selectors.state(licence.state, licence.period_end)
    context = {
        "practitioner": practitioner,
        "state": place.name if place else licence.state,
        "ended": django_format(licence.period_end, pgettext("date with weekday and year", "l, F j, Y")),
        "number": len(lacking),
        "link": settings.PUBLIC_URL + _schedule_of(practitioner, lacking, licence.tenant.slug),
    }
    own = practitioner.email or (practitioner.user.email if practitioner.user else "")
    if own:
        send_email(
            template="scheduling/licence_ended", to=own, context=context, subject=_("Your licence has ended"),
            idempotency_key=f"scheduling.licence_ended:{event_id}",
        )  # fmt: skip
    desk = emails_of(Role.COORDINATOR) if lacking else []
    if desk:
        send_email(
            template="scheduling/licence_ended_desk", to=desk, context=context,
            subject=_("Booked visits can’t take place"), idempotency_key=f"scheduling.licence_ended_desk:{event_id}",
        )  # fmt: skip
    services.tell_lists(practitioner.id)


def _schedule_of(practitioner: Practitioner, lacking: list[Appointment], slug: str) -> str:
    """Return the path of the day on which the first of these visits is."""
    query = {"who": str(practitioner.id)}
    if lacking:
        zone = practitioner.timezone or lacking[0].patient_timezone
        query["day"] = lacking[0].start.astimezone(ZoneInfo(zone)).date().isoformat()
    return f"{reverse('scheduling:schedule', args=[slug])}?{urlencode(query)}"


def register() -> None:
    """Listen: the e-mail follows the commit, it doesn't hold it up."""
    subscribe(LicenceExpired, tell_licence_ended)
    subscribe(AppointmentBooked, send_booked)
    subscribe(AppointmentMoved, send_moved)
    subscribe(AppointmentCancelled, send_cancelled)
