"""Reminding of a visit: timers that ask again, when they are due, whether there is still something to remind of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.dateformat import format as django_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from webside.audit.services import action, record
from webside.core import clock, frames, timers
from webside.core.locks import lock
from webside.notifications import selectors as notifications
from webside.notifications.codes import Channel, Choice, MessageKind
from webside.notifications.rules import channels
from webside.notifications.services import push_to_patient, send_email, send_sms
from webside.notifications.telephone import e164
from webside.scheduling import rules
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment, Reminder
from webside.scheduling.services.links import issue_link
from webside.ui.when import clock_time, zone_name

TIMER = "scheduling.reminder"


def plan_reminders(*, appointment: Appointment) -> None:
    """Set the timers of an appointment as it stands, and drop those of what it was before. Again changes nothing."""
    clinic, patient = appointment.tenant, appointment.patient
    steps = rules.steps(appointment.service.kind, clock.now().date())
    planned: dict[str, datetime] = {}
    if appointment.status == AppointmentStatus.BOOKED:
        quiet = notifications.quiet_of(patient, clinic)
        found = rules.plan(start=appointment.start, zone=appointment.patient_timezone, since=clock.now(), quiet=quiet,
                           steps=steps)  # fmt: skip
        planned = {each.step: each.at for each in found}
    for step in steps:
        key = f"{appointment.id}:{step.id}"
        if step.id in planned:
            payload = {"appointment": str(appointment.id), "sequence": appointment.sequence, "step": step.id}
            timers.set_timer(TIMER, key=key, due_at=planned[step.id], payload=payload)
        else:
            timers.cancel_timer(TIMER, key=key)


@action("scheduling.appointment.remind")
def send_reminder(*, appointment_id: UUID, sequence: int, step: str) -> bool:
    """Remind of a visit, if it still stands as it did when the timer was set, and once for each step; return whether so."""
    appointment = _current(appointment_id)
    why_not = _why_not(appointment, sequence, step)
    record("scheduling.appointment.remind", actor=frames.current().actor, target=appointment,
           patient_id=appointment.patient_id, ground="reminder",
           changes={"step": step, **({"not_sent": why_not} if why_not else {})})  # fmt: skip
    if not why_not:
        _send(appointment, step)
    return not why_not


def _current(appointment_id: UUID) -> Appointment:
    lock(Appointment(id=appointment_id))
    return Appointment.objects.select_related("patient", "service", "tenant").get(id=appointment_id)


def _why_not(appointment: Appointment, sequence: int, step: str) -> str:
    if appointment.status != AppointmentStatus.BOOKED or appointment.sequence != sequence:
        return "changed"
    if Reminder.objects.filter(appointment=appointment, sequence=sequence, step=step).exists():
        return "sent"
    row = next((each for each in rules.steps(appointment.service.kind, clock.now().date()) if each.id == step), None)
    if row is None:
        return "ended"  # the rule that asked for it holds no more
    return "" if rules.still_useful(row, appointment.start, clock.now()) else "late"


def _send(appointment: Appointment, step: str) -> None:
    patient, clinic = appointment.patient, appointment.tenant
    number = notifications.can_be_texted(patient, clinic)
    chosen = channels(Choice(notifications.preference_of(patient).reminders), email=bool(patient.email), number=number)
    reminder = Reminder(appointment=appointment, sequence=appointment.sequence, step=step)
    if Channel.SMS in chosen:
        reminder.digest = notifications.digest_of(e164(patient.phone))
        reminder.text_id = _text(appointment, f"reminder:{appointment.id}:{appointment.sequence}:{step}")
    if Channel.EMAIL in chosen:
        reminder.email_id = _email(appointment, f"reminder-mail:{appointment.id}:{appointment.sequence}:{step}")
    reminder.save()
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        push_to_patient(
            template="scheduling/reminder", patient=patient, kind=MessageKind.REMINDER, about_id=appointment.id,
            idempotency_key=f"reminder-push:{appointment.id}:{appointment.sequence}:{step}", expires_at=appointment.start,
        )  # fmt: skip


def _text(appointment: Appointment, key: str) -> UUID:
    patient = appointment.patient
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        return send_sms(
            template="scheduling/reminder", to=patient.phone,
            context={"when": short_when(appointment), "link": answer_link(appointment)}, idempotency_key=key,
            kind=MessageKind.REMINDER, patient_id=patient.id, about_id=appointment.id, expires_at=appointment.start,
        ).id  # fmt: skip


def _email(appointment: Appointment, key: str) -> UUID:
    patient, clinic = appointment.patient, appointment.tenant
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        return send_email(
            template="scheduling/reminder", to=patient.email,
            context={"appointment": appointment, "clinic": clinic, "when": long_when(appointment),
                     "link": answer_link(appointment, short=False)},
            subject=_("Your visit with %s is coming") % clinic.name, idempotency_key=key, patient_id=patient.id,
            kind=MessageKind.REMINDER, about_id=appointment.id,
        ).id  # fmt: skip


@action("scheduling.appointment.remind")
def remind_by_email(*, message_id: UUID) -> None:
    """Send a reminder by e-mail whose text did not arrive, if none went and it still helps."""
    reminder = Reminder.objects.filter(text_id=message_id, email_id=None).first()
    sent = False
    if reminder is not None:
        appointment = _current(reminder.appointment_id)
        stands = appointment.status == AppointmentStatus.BOOKED and appointment.sequence == reminder.sequence
        if stands and appointment.start > clock.now() and appointment.patient.email:
            reminder.email_id = _email(appointment, f"reminder-mail:{reminder.id}")
            reminder.save()
            sent = True
    record("scheduling.appointment.remind", actor=frames.current().actor, ground="the text did not arrive",
           target=reminder.appointment if reminder else None,
           patient_id=reminder.appointment.patient_id if reminder else None, changes={"e-mail": sent})  # fmt: skip


# --------------------------------------------------------------------------------------------- words


def answer_link(appointment: Appointment, *, short: bool = True) -> str:
    """Return the address of a new link by which the patient answers."""
    token = issue_link(appointment=appointment, short=short)
    return settings.PUBLIC_URL + reverse("scheduling:answer", args=[appointment.tenant.slug, token])


def long_when(appointment: Appointment) -> str:
    """Return the time as the patient's clock shows it, with its zone: an e-mail may be read anywhere, any day."""
    return long_when_at(appointment.start, appointment.patient_timezone)


def short_when(appointment: Appointment) -> str:
    """Return the same for a text, where letters are dear."""
    return short_when_at(appointment.start, appointment.patient_timezone)


def long_when_at(moment: datetime, zone: str) -> str:
    """Return a moment as the clock of a zone shows it, with that zone's name."""
    here = moment.astimezone(ZoneInfo(zone))
    day = django_format(here, pgettext("date with weekday and year", "l, F j, Y"))
    return f"{day}, {clock_time(here)} {_zone(here, zone, zone_name(here))}"


def short_when_at(moment: datetime, zone: str) -> str:
    """Return the same in few letters."""
    here = moment.astimezone(ZoneInfo(zone))
    day = django_format(here, pgettext("short date with weekday", "D, M j"))
    return f"{day}, {clock_time(here)} {_zone(here, zone, here.tzname() or '')}"


def _zone(here: datetime, zone: str, name: str) -> str:
    if rules.comes_twice(here, ZoneInfo(zone)):
        return f"{here.tzname()} ({rules.offset_text(here)})"
    return name
