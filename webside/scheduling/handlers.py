"""What follows a booking: a message with a link, and reminders. And what an ended licence means for what is booked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.dateformat import format as django_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from webside.accounts.selectors import emails_of
from webside.compliance.events import LicenceExpired
from webside.compliance.models import Licence
from webside.core import clock, timers
from webside.core.actor import Role
from webside.notifications import selectors as notifications
from webside.notifications.codes import Channel, Choice, MessageKind, MessageStatus
from webside.notifications.events import NotificationFailed, TextReceived
from webside.notifications.rules import channels
from webside.notifications.services import send_email, send_sms
from webside.outbox.events import Event
from webside.outbox.registry import subscribe
from webside.people.models import Practitioner
from webside.scheduling import calendars, selectors, services
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus, QueueStatus
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    QueueAlone,
    QueueCalled,
    QueueClosing,
    QueueJoined,
    QueueNear,
    QueueShut,
    QueueUnanswered,
)
from webside.scheduling.models import Appointment, QueueEntry


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
    if selectors.is_of_the_line(appointment_id):
        return  # who waits in line is told in other words, by tell_in_line
    cancelled = template == "appointment_cancelled"
    # Events may come late: what is no longer so is not told.
    if cancelled != (appointment.status == AppointmentStatus.CANCELLED) or appointment.end < clock.now():
        return
    if not cancelled and appointment.status not in HOLDS_TIME:
        return
    patient = appointment.patient
    choice = Choice(notifications.preference_of(patient).changes)
    number = choice is not Choice.EMAIL and notifications.can_be_texted(patient, appointment.tenant)
    chosen = channels(choice, email=bool(patient.email), number=number)
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        if Channel.EMAIL in chosen:
            _email(appointment, event_id, template, subject(appointment.tenant.name))
        if Channel.SMS in chosen:
            _text(appointment, event_id, template)


def _link(appointment: Appointment, *, short: bool = False) -> str:
    if appointment.status == AppointmentStatus.CANCELLED:
        return ""
    token = services.issue_link(appointment=appointment, short=short)
    return settings.PUBLIC_URL + reverse("scheduling:link-open", args=[appointment.tenant.slug, token])


def _email(appointment: Appointment, event_id: UUID, template: str, subject: str) -> None:
    tenant = appointment.tenant
    method = calendars.CANCEL if appointment.status == AppointmentStatus.CANCELLED else calendars.REQUEST
    send_email(
        template=f"scheduling/{template}",
        to=appointment.patient.email,
        context={
            "appointment": appointment,
            "clinic": tenant,
            "when": services.long_when(appointment),
            "link": _link(appointment),
            "services_url": settings.PUBLIC_URL
            + reverse("scheduling:service-detail", args=[tenant.slug, appointment.service_id]),
        },
        subject=subject,
        idempotency_key=f"scheduling.{template}:{event_id}",
        patient_id=appointment.patient_id,
        attachments=[
            (
                "visit.ics",
                calendars.entry(appointment, tenant, method=method),
                f"text/calendar; method={method}",
            )
        ],
        kind=MessageKind.CHANGE,
        about_id=appointment.id,
    )


def _text(appointment: Appointment, event_id: UUID, template: str) -> None:
    send_sms(
        template=f"scheduling/{template}", to=appointment.patient.phone,
        context={"when": services.short_when(appointment), "link": _link(appointment, short=True)},
        idempotency_key=f"scheduling.{template}.text:{event_id}", kind=MessageKind.CHANGE,
        patient_id=appointment.patient_id, about_id=appointment.id, expires_at=appointment.start,
    )  # fmt: skip


def plan_reminders(event: AppointmentBooked | AppointmentMoved | AppointmentCancelled, event_id: UUID) -> None:
    """Set, move or drop the timers of the reminders."""
    found = Appointment.objects.select_related("patient", "service", "tenant").get(id=event.appointment_id)
    services.plan_reminders(appointment=found)


def remind(payload: Mapping[str, Any]) -> None:
    """Send the reminder of a timer that is due."""
    services.send_reminder(
        appointment_id=UUID(payload["appointment"]), sequence=int(payload["sequence"]), step=str(payload["step"])
    )


def remind_otherwise(event: NotificationFailed, event_id: UUID) -> None:
    """Send by e-mail what did not arrive as a text."""
    services.remind_by_email(message_id=event.message_id)


def take_reply(event: TextReceived, event_id: UUID) -> None:
    """Take the answer to a reminder."""
    services.take_reply(text_id=event.text_id)


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


STILL_NEWS = timedelta(minutes=30)
"""What a text says of the line is so no longer after this: it is given up then."""


@dataclass(frozen=True, slots=True)
class News:
    """What is told to somebody in line: in which words, and as long as she stands so."""

    template: str
    subject: Promise
    while_: tuple[QueueStatus, ...]
    by_text: bool = True


IN_LINE_NEWS: dict[type[Event], News] = {
    QueueJoined: News(
        "queue_joined",
        gettext_lazy("Your place in line"),
        (QueueStatus.WAITING, QueueStatus.CLAIMED),
        by_text=False,
    ),
    QueueNear: News("queue_near", gettext_lazy("You are nearly next"), (QueueStatus.WAITING,)),
    QueueCalled: News("queue_called", gettext_lazy("It is your turn"), (QueueStatus.CLAIMED,)),
    QueueUnanswered: News("queue_unanswered", gettext_lazy("We called you"), (QueueStatus.UNANSWERED,)),
    QueueClosing: News("queue_closing", gettext_lazy("We close soon"), (QueueStatus.WAITING,)),
    QueueAlone: News("queue_alone", gettext_lazy("Nobody can see you at the moment"), (QueueStatus.WAITING,)),
    QueueShut: News("queue_shut", gettext_lazy("We closed before we saw you"), (QueueStatus.CALLBACK,)),
}


def tell_in_line(event: Any, event_id: UUID) -> None:
    """Tell somebody in line what is new, with a link back to her place. Nothing that is no longer so is told."""
    news = IN_LINE_NEWS[type(event)]
    entry = QueueEntry.objects.select_related("patient", "service", "practitioner", "tenant").get(id=event.entry_id)
    if entry.status not in news.while_:
        return
    tenant = entry.tenant
    path = reverse("scheduling:link-open", args=[tenant.slug, services.issue_queue_link(entry=entry)])
    context = {"entry": entry, "clinic": tenant, "link": settings.PUBLIC_URL + path}
    key = f"scheduling.{news.template}:{event_id}"
    with translation.override(entry.patient.language or settings.LANGUAGE_CODE):
        # The place itself comes by e-mail, with words; what can't wait comes as a text to who asked for one.
        if news.by_text and entry.wants_message and entry.phone:
            text = send_sms(
                template=f"scheduling/{news.template}", to=entry.phone, context=context, idempotency_key=f"{key}:text",
                kind=MessageKind.READY, patient_id=entry.patient_id, about_id=entry.id,
                expires_at=clock.now() + STILL_NEWS,
            )  # fmt: skip
            if text.status != MessageStatus.WITHHELD:
                return
        if entry.patient.email:
            send_email(
                template=f"scheduling/{news.template}", to=entry.patient.email, context=context,
                subject=f"{news.subject}, {tenant.name}", idempotency_key=key, patient_id=entry.patient_id,
                about_id=entry.id,
            )  # fmt: skip


def register() -> None:
    """Listen: the e-mail follows the commit, it doesn't hold it up."""
    for event in IN_LINE_NEWS:
        subscribe(event, tell_in_line)
    subscribe(LicenceExpired, tell_licence_ended)
    subscribe(AppointmentBooked, send_booked)
    subscribe(AppointmentMoved, send_moved)
    subscribe(AppointmentCancelled, send_cancelled)
    appointments: tuple[type[Any], ...] = (AppointmentBooked, AppointmentMoved, AppointmentCancelled)
    for event in appointments:
        subscribe(event, plan_reminders)
    subscribe(NotificationFailed, remind_otherwise)
    subscribe(TextReceived, take_reply)
    timers.register(services.TIMER, remind)
