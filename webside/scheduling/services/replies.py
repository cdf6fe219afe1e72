"""What somebody texts in answer to a reminder: confirmed, cancelled after asking once more, or a matter for the front desk.

A text answers the visit of which its number was reminded, as that visit stands, and only while the number is still the
patient's. Who writes from any other number is told nothing about anybody. Where a number stands for more than one visit,
nothing is guessed and no name is said: each has its link.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import translation

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import system
from webside.notifications import selectors as notifications
from webside.notifications.codes import Reply
from webside.notifications.models import IncomingText
from webside.notifications.services import answer_text, note_about
from webside.notifications.telephone import e164
from webside.scheduling.codes import AppointmentStatus, Confirmed
from webside.scheduling.models import Appointment, Reminder
from webside.scheduling.services.appointments import cancel_appointment, confirm_appointment
from webside.scheduling.services.errors import WrongStatus
from webside.scheduling.services.reminders import answer_link, short_when

ASKED_WITHIN = timedelta(hours=2)
"""How long the question holds whether a visit shall be cancelled."""
WHO = "text from the patient’s number"
MOST_LINKS = 3


@action("scheduling.appointment.answer")
def take_reply(*, text_id: UUID) -> None:
    """Do what a text says about the visit that it answers, and answer it. Once: a text that is known stays as it is."""
    text = IncomingText.objects.filter(id=text_id).first()
    record("scheduling.appointment.answer", actor=frames.current().actor, target=text)
    if text is None:
        return
    found = _answered(text)
    if len(found) == 1:
        _take(text, found[0])
    elif found and text.reply in (Reply.CONFIRM, Reply.CANCEL):
        _ask_which(text, [each.appointment for each in found])
    else:
        # Nobody's visit, or a sentence about one of several: a person reads it.
        note_about(text=text, patient=None, about_id=None, needs_person=True)
        answer_text(text=text, template="notifications/text_unknown", context={})


def _answered(text: IncomingText) -> list[Reminder]:
    """Return the newest reminder of each visit that a text may answer, the nearest visit first."""
    number, _ = notifications.words_of(text)
    found: dict[UUID, Reminder] = {}
    reminders = Reminder.objects.filter(
        digest=bytes(text.digest), appointment__status=AppointmentStatus.BOOKED,
        appointment__period__startswith__gt=clock.now(),
    ).select_related("appointment__patient", "appointment__tenant")  # fmt: skip
    for each in reminders.order_by("appointment__period", "created_at"):
        stands = each.sequence == each.appointment.sequence
        if stands and e164(each.appointment.patient.phone) == number:
            found[each.appointment_id] = each
    return list(found.values())


def _take(text: IncomingText, reminder: Reminder) -> None:
    appointment = reminder.appointment
    try:
        answer = _do(text, reminder)
    except WrongStatus:  # it has begun, or was cancelled a moment ago
        answer = ""
    note_about(text=text, patient=appointment.patient, about_id=appointment.id, needs_person=not answer)
    with translation.override(appointment.patient.language or translation.get_language()):
        when = short_when(appointment)
    answer_text(text=text, template=f"scheduling/{answer or 'call_us'}", context={"when": when},
                patient=appointment.patient)  # fmt: skip


def _do(text: IncomingText, reminder: Reminder) -> str:
    """Do what a text says; return the template of the answer, or nothing where a person must read it."""
    actor = system(WHO, frames.current_tenant_id())
    now = clock.now()
    if text.reply == Reply.CONFIRM:
        confirm_appointment(actor=actor, appointment=reminder.appointment, how=Confirmed.TEXT)
        _note_asked(reminder, False)
        return "confirmed"
    if text.reply != Reply.CANCEL:
        return ""
    if reminder.cancel_asked_at is not None and now - reminder.cancel_asked_at <= ASKED_WITHIN:
        cancel_appointment(actor=actor, appointment=reminder.appointment, reason="by text")
        return "cancelled"
    _note_asked(reminder, True)
    return "cancel_ask"


def _note_asked(reminder: Reminder, asked: bool) -> None:
    reminder.cancel_asked_at = clock.now() if asked else None
    reminder.save()


def _ask_which(text: IncomingText, appointments: list[Appointment]) -> None:
    note_about(text=text, patient=None, about_id=None, needs_person=False)
    visits = [{"when": short_when(each), "link": answer_link(each)} for each in appointments[:MOST_LINKS]]
    answer_text(text=text, template="scheduling/which", context={"visits": visits})
