"""What follows a booking: a message with a link, and reminders. And what an ended licence means for what is booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from webside.core import clock, frames, timers
from webside.core.actor import Actor, Role
from webside.core.models import Tenant
from webside.notifications import registry as pushes
from webside.notifications import selectors as notifications
from webside.notifications.codes import Channel, Choice, MessageKind, MessageStatus
from webside.notifications.events import NotificationFailed, TextDelayed, TextReceived
from webside.notifications.models import OutgoingMessage
from webside.notifications.rules import channels
from webside.notifications.services import push_to_patient, send_email, send_sms
from webside.outbox.events import Event
from webside.outbox.registry import subscribe
from webside.people.models import Practitioner
from webside.scheduling import calendars, registry, rules, selectors, services
from webside.scheduling.codes import (
    HOLDS_TIME,
    REST_CANCELLED,
    AppointmentStatus,
    OfferStatus,
    PersonNews,
    QueueStatus,
    WaitlistStatus,
)
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentLinkAsked,
    AppointmentMoved,
    AppointmentTaken,
    HoursChanged,
    OnCallChanged,
    OnCallUncovered,
    PersonBooked,
    PersonRemoved,
    QueueAlone,
    QueueCalled,
    QueueClosing,
    QueueJoined,
    QueueLeft,
    QueueNear,
    QueueShut,
    QueueUnanswered,
    SeriesBooked,
    SeriesCancelled,
    WaitlistJoined,
    WaitlistOffered,
    WaitlistOfferEnded,
    WaitlistOver,
)
from webside.scheduling.models import Appointment, QueueEntry, WaitlistEntry, WaitlistOffer

OF_A_VISIT: dict[str, Promise] = {
    "appointment_booked": gettext_lazy("Your visit with %s is booked"),
    "appointment_moved": gettext_lazy("Your visit with %s has moved"),
    "appointment_cancelled": gettext_lazy("Your visit with %s is cancelled"),
    "appointment_link": gettext_lazy("Your link to the visit with %s"),
}
"""The subjects of the e-mails about one visit, by the name of their words and of the texts'."""


def send_booked(event: AppointmentBooked, event_id: UUID) -> None:
    """Tell the patient what was booked, with a link and a calendar file."""
    _send(event.appointment_id, event_id, "appointment_booked")


def send_moved(event: AppointmentMoved, event_id: UUID) -> None:
    """Tell the patient the new time, with a new link and the changed calendar file."""
    _send(event.appointment_id, event_id, "appointment_moved")


def send_cancelled(event: AppointmentCancelled, event_id: UUID) -> None:
    """Tell the patient that nothing takes place, with a calendar file that takes the entry out."""
    _send(event.appointment_id, event_id, "appointment_cancelled")


def send_link_again(event: AppointmentLinkAsked, event_id: UUID) -> None:
    """Send the patient who has lost her link another one."""
    appointment = Appointment.objects.select_related("patient", "practitioner", "service", "tenant").get(
        id=event.appointment_id
    )
    if not selectors.takes_link(appointment):
        return
    ways = selectors.ways_of_links(appointment, asked=True)
    with translation.override(appointment.patient.language or settings.LANGUAGE_CODE):
        if Channel.EMAIL in ways:
            _email(appointment, event_id, "appointment_link", MessageKind.ASKED)
        if Channel.SMS in ways:
            _text(appointment, event_id, "appointment_link", MessageKind.ASKED)


def _send(appointment_id: UUID, event_id: UUID, template: str) -> None:
    appointment = Appointment.objects.select_related("patient", "practitioner", "service", "tenant").get(
        id=appointment_id
    )
    if selectors.is_of_the_line(appointment_id):
        return  # who waits in line is told in other words, by tell_in_line
    if appointment.series_id is not None and (
        (template == "appointment_booked" and appointment.sequence == 0)
        or (template == "appointment_cancelled" and appointment.cancellation_reason == REST_CANCELLED)
    ):
        return  # visits that were booked or cancelled together are told of in one letter, by tell_series
    cancelled = template == "appointment_cancelled"
    # Events may come late: what is no longer so is not told.
    if cancelled != (appointment.status == AppointmentStatus.CANCELLED) or appointment.end < clock.now():
        return
    if not cancelled and appointment.status not in HOLDS_TIME:
        return
    chosen = selectors.ways_of_links(appointment)
    with translation.override(appointment.patient.language or settings.LANGUAGE_CODE):
        if Channel.EMAIL in chosen:
            _email(appointment, event_id, template)
        if Channel.SMS in chosen:
            _text(appointment, event_id, template)


def _link(appointment: Appointment, *, short: bool = False) -> str:
    if appointment.status == AppointmentStatus.CANCELLED:
        return ""
    token = services.issue_link(appointment=appointment, short=short)
    return settings.PUBLIC_URL + reverse("scheduling:link-open", args=[appointment.tenant.slug, token])


def _email(appointment: Appointment, event_id: UUID, template: str, kind: MessageKind = MessageKind.CHANGE) -> None:
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
            "by_phone": None if method == calendars.CANCEL else registry.way_by_phone(appointment),
            "services_url": settings.PUBLIC_URL
            + reverse("scheduling:service-detail", args=[tenant.slug, appointment.service_id]),
        },
        subject=str(OF_A_VISIT[template]) % tenant.name,
        idempotency_key=f"scheduling.{template}:{event_id}",
        patient_id=appointment.patient_id,
        attachments=[
            (
                "visit.ics",
                calendars.entry(appointment, tenant, method=method),
                f"text/calendar; method={method}",
            )
        ],
        kind=kind,
        about_id=appointment.id,
    )


def _text(appointment: Appointment, event_id: UUID, template: str, kind: MessageKind = MessageKind.CHANGE) -> None:
    start = appointment.start
    if template == "appointment_cancelled":  # she was never told of a move that is cancelled before its text has left
        start = notifications.time_still_believed(appointment.id, appointment.patient_id) or start
    send_sms(
        template=f"scheduling/{template}", to=appointment.patient.phone,
        context={"when": services.short_when_at(start, appointment.patient_timezone),
                 "link": _link(appointment, short=True)},
        idempotency_key=f"scheduling.{template}.text:{event_id}", kind=kind,
        patient_id=appointment.patient_id, about_id=appointment.id,
        expires_at=appointment.end if kind is MessageKind.ASKED else appointment.start,
    )  # fmt: skip


def plan_reminders(event: AppointmentBooked | AppointmentMoved | AppointmentCancelled, event_id: UUID) -> None:
    """Set, move or drop the timers of the reminders."""
    found = Appointment.objects.select_related("patient", "service", "tenant").get(id=event.appointment_id)
    services.plan_reminders(appointment=found)


def remind(payload: Mapping[str, Any]) -> None:
    """Send the reminder of a timer that is due, and remind whoever is booked too."""
    appointment_id, sequence, step = UUID(payload["appointment"]), int(payload["sequence"]), str(payload["step"])
    if services.send_reminder(appointment_id=appointment_id, sequence=sequence, step=step):
        services.tell_everybody(appointment_id, PersonNews.REMINDER, f"{sequence}:{step}")


def tell_people(event: AppointmentBooked | AppointmentMoved | AppointmentCancelled, event_id: UUID) -> None:
    """Tell whoever is booked too that it has moved, is cancelled, or is on again. Of a first booking each has an event."""
    if isinstance(event, AppointmentBooked):
        again = Appointment.objects.filter(id=event.appointment_id, sequence__gt=0).exists()
        news = PersonNews.BOOKED if again else None
    else:
        news = PersonNews.MOVED if isinstance(event, AppointmentMoved) else PersonNews.CANCELLED
    if news is not None:
        services.tell_everybody(event.appointment_id, news, str(event_id))


def tell_person(event: PersonBooked | PersonRemoved, event_id: UUID) -> None:
    """Ask somebody into a visit that is booked, or tell her that she is no longer."""
    news = PersonNews.BOOKED if isinstance(event, PersonBooked) else PersonNews.REMOVED
    services.tell_one(event.person_id, news, str(event_id))


def lead_to_visit(actor: Actor, appointment_id: UUID) -> str:
    """Return the page on which a reminder's visit is confirmed, moved or cancelled, for who may see it."""
    found = selectors.appointment(actor, appointment_id)
    return reverse("scheduling:appointment-detail", args=[found.tenant.slug, found.id]) if found else ""


def lead_to_place(actor: Actor, entry_id: UUID) -> str:
    """Return the page of a place in line, for who may see it."""
    found = selectors.queue_entry(actor, entry_id)
    return reverse("scheduling:queue-entry", args=[found.tenant.slug, found.id]) if found else ""


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
    if own := practitioner.mail_to:
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


HELD = "scheduling/waitlist_offered"
"""The message that a time is held for somebody."""

STILL_NEWS = timedelta(minutes=30)
"""What a text says of the line is so no longer after this: it is given up then."""


@dataclass(frozen=True, slots=True)
class News:
    """What is told to somebody in line: in which words, and as long as she stands so. ``by_push``: to her devices too."""

    template: str
    subject: Promise
    while_: tuple[QueueStatus, ...]
    by_text: bool = True
    by_push: bool = False


IN_LINE_NEWS: dict[type[Event], News] = {
    QueueJoined: News(
        "queue_joined",
        gettext_lazy("Your place in line"),
        (QueueStatus.WAITING, QueueStatus.CLAIMED),
        by_text=False,
    ),
    QueueNear: News("queue_near", gettext_lazy("You are nearly next"), (QueueStatus.WAITING,), by_push=True),
    QueueCalled: News("queue_called", gettext_lazy("It is your turn"), (QueueStatus.CLAIMED,), by_push=True),
    QueueUnanswered: News("queue_unanswered", gettext_lazy("We called you"), (QueueStatus.UNANSWERED,), by_push=True),
    QueueClosing: News("queue_closing", gettext_lazy("We close soon"), (QueueStatus.WAITING,)),
    QueueAlone: News("queue_alone", gettext_lazy("Nobody can see you at the moment"), (QueueStatus.WAITING,)),
    QueueShut: News("queue_shut", gettext_lazy("We closed before we saw you"), (QueueStatus.CALLBACK,)),
}


def tell_in_line(event: Any, event_id: UUID) -> None:
    """Tell somebody in line what is new, with a link back to her place. Nothing that is no longer so is told."""
    news = IN_LINE_NEWS[type(event)]
    entry = _in_line(event.entry_id)
    if entry.status not in news.while_:
        return
    tenant, context = entry.tenant, _words_in_line(entry)
    key = f"scheduling.{news.template}:{event_id}"
    with translation.override(entry.patient.language or settings.LANGUAGE_CODE):
        if news.by_push:
            push_to_patient(
                template=f"scheduling/{news.template}", patient=entry.patient, kind=MessageKind.READY, about_id=entry.id,
                idempotency_key=f"{key}:push", expires_at=clock.now() + STILL_NEWS,
            )  # fmt: skip
        # The place itself comes by e-mail, with words; what can't wait comes as a text to who asked for one.
        if news.by_text and entry.wants_message and entry.phone:
            text = send_sms(
                template=f"scheduling/{news.template}", to=entry.phone, context=context, idempotency_key=f"{key}:text",
                kind=MessageKind.READY, patient_id=entry.patient_id, about_id=entry.id,
                expires_at=clock.now() + STILL_NEWS,
            )  # fmt: skip
            if text.status != MessageStatus.WITHHELD and not notifications.texts_wait(tenant):
                return
            key = _instead_of(text)
    _write_in_line(entry, news, context, key)


def _instead_of(text: OutgoingMessage) -> str:
    """Return the key of the e-mail that goes where a text doesn't: one for each text, whoever finds that out first."""
    return f"{text.template}.instead-of:{text.id}".replace("/", ".")


def _in_line(entry_id: UUID) -> QueueEntry:
    return QueueEntry.objects.select_related("patient", "service", "practitioner", "tenant").get(id=entry_id)


def _words_in_line(entry: QueueEntry) -> dict[str, Any]:
    path = reverse("scheduling:link-open", args=[entry.tenant.slug, services.issue_queue_link(entry=entry)])
    return {"entry": entry, "clinic": entry.tenant, "link": settings.PUBLIC_URL + path}


def _write_in_line(entry: QueueEntry, news: News, context: dict[str, Any], key: str) -> None:
    """Tell somebody in line by e-mail, if she has an address."""
    if not entry.patient.email:
        return
    with translation.override(entry.patient.language or settings.LANGUAGE_CODE):
        send_email(
            template=f"scheduling/{news.template}", to=entry.patient.email, context=context,
            subject=f"{news.subject}, {entry.tenant.name}", idempotency_key=key, patient_id=entry.patient_id,
            about_id=entry.id,
        )  # fmt: skip


SERIES_BOOKED, SERIES_CANCELLED = "scheduling/series_booked", "scheduling/series_cancelled"
OVER = "scheduling/waitlist_over"

SOON = timedelta(days=1)
"""News of what is so near doesn't wait for the carrier."""


def write_instead(event: NotificationFailed | TextDelayed, event_id: UUID) -> None:
    """Send by e-mail what can't wait for a text: news of the line, a time that is held for minutes, news of a near visit.

    Once for each text, and only what is still so. A text that is late may come as well. News of a visit that is
    further away waits for the carrier, and is sent by e-mail once its text has failed.
    """
    text = notifications.text_about(event.message_id)
    if text is None or text.about_id is None:
        return
    if text.template == OVER and isinstance(event, NotificationFailed):
        _write_over(_waiting(text.about_id), _cause_of(text))
        return
    series = text.template in (SERIES_BOOKED, SERIES_CANCELLED)
    if series or text.template.removeprefix("scheduling/") in OF_A_VISIT:
        helps = notifications.helps_until(text)
        if isinstance(event, NotificationFailed) or (helps is not None and helps - clock.now() <= SOON):
            _write_what_holds(text) if series else _write_of_visit(text)
        return
    if text.template == HELD:
        _write_held(WaitlistOffer.objects.get(id=text.about_id))
        return
    news = next((each for each in IN_LINE_NEWS.values() if text.template == f"scheduling/{each.template}"), None)
    if news is None:
        return
    entry = _in_line(text.about_id)
    if entry.status in news.while_:
        _write_in_line(entry, news, _words_in_line(entry), _instead_of(text))


def _write_of_visit(text: OutgoingMessage) -> None:
    """Send by e-mail what a text about a visit was to say, while it is so and nothing newer was said.

    By the key of the e-mail of the same news: who gets both is sent no second one.
    """
    appointment = Appointment.objects.select_related("patient", "practitioner", "service", "tenant").get(
        id=text.about_id
    )
    template = text.template.removeprefix("scheduling/")
    so = (AppointmentStatus.CANCELLED,) if template == "appointment_cancelled" else HOLDS_TIME
    if appointment.status not in so or appointment.end < clock.now() or not appointment.patient.email:
        return
    if not notifications.is_newest(text):
        return
    with translation.override(appointment.patient.language or settings.LANGUAGE_CODE):
        _email(appointment, _cause_of(text), template, MessageKind(text.kind))


def _write_what_holds(text: OutgoingMessage) -> None:
    """Send by e-mail which visits of a series are booked, or were cancelled together, as far as that is still so."""
    first = Appointment.objects.get(id=text.about_id)
    visits: list[Appointment] = []
    if text.template == SERIES_BOOKED and first.series_id is not None:
        visits = [each for each in selectors.visits_in_series(first.series_id) if each.end > clock.now()]
    elif first.status == AppointmentStatus.CANCELLED:
        visits = selectors.cancelled_with(first.id)
    if visits:
        _write_of_series(visits, text.template, _cause_of(text))


def _cause_of(text: OutgoingMessage) -> UUID:
    """Return the event by which the keys of a text and of the e-mail of the same news end."""
    return UUID(text.idempotency_key.rpartition(":")[2])


def tell_series(event: SeriesBooked | SeriesCancelled, event_id: UUID) -> None:
    """Tell somebody what was booked, or cancelled, in one go: in one message, by each way that she has for news of visits."""
    if isinstance(event, SeriesBooked):
        template, visits = SERIES_BOOKED, selectors.visits_in_series(event.series_id)
    else:
        template, visits = SERIES_CANCELLED, selectors.cancelled_with(event.appointment_id)
    if not visits:
        return
    first, patient = visits[0], visits[0].patient
    ways = selectors.ways_of_links(first)
    if Channel.EMAIL in ways:
        _write_of_series(visits, template, event_id)
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        if Channel.SMS in ways:
            send_sms(
                template=template, to=patient.phone, kind=MessageKind.CHANGE,
                context={"when": services.short_when(first), "number": len(visits), "link": _link(first, short=True)},
                idempotency_key=f"scheduling.series.text:{event_id}", patient_id=patient.id, about_id=first.id,
                expires_at=first.start,
            )  # fmt: skip


def _write_of_series(visits: list[Appointment], template: str, cause: UUID) -> None:
    """Write an e-mail of all these visits, if an address is known."""
    first, patient, clinic = visits[0], visits[0].patient, visits[0].tenant
    if not patient.email:
        return
    booked = template == SERIES_BOOKED
    method = calendars.PUBLISH if booked else calendars.CANCEL
    files = (
        [("visits.ics", calendars.several(visits, clinic), "text/calendar; method=PUBLISH")]
        if booked
        # A calendar takes a cancellation of one visit at a time (RFC 5546, 3.2.5).
        else [
            (f"visit-{number}.ics", calendars.entry(each, clinic, method=method), f"text/calendar; method={method}")
            for number, each in enumerate(visits, 1)
        ]
    )
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        subject = _("Your visits with %s are booked") if booked else _("Your visits with %s are cancelled")
        send_email(
            template=template, to=patient.email,
            context={"appointment": first, "clinic": clinic, "link": _link(first),
                     "times": [services.long_when(each) for each in visits]},
            subject=subject % clinic.name, idempotency_key=f"scheduling.series:{cause}", patient_id=patient.id,
            attachments=files, kind=MessageKind.CHANGE, about_id=first.id,
        )  # fmt: skip


def look_again(event: AppointmentCancelled | AppointmentMoved | AppointmentTaken, event_id: UUID) -> None:
    """Let the waiting list be gone through when a time may have become free, once who changed it can't take that back."""
    services.look_soon(after=rules.offering("offer_grace", clock.now().date()))


def look_now(event: HoursChanged | WaitlistOfferEnded, event_id: UUID) -> None:
    """Let the waiting list be gone through: there are new times, or one is held no longer."""
    services.look_soon()


def follow_booking(event: AppointmentBooked, event_id: UUID) -> None:
    """Offer to who has booked a time herself only what is earlier."""
    services.follow_booking(
        appointment=Appointment.objects.select_related("patient", "service").get(id=event.appointment_id)
    )


def tell_joined(event: WaitlistJoined, event_id: UUID) -> None:
    """Send somebody who waits for a time a link to her place."""
    entry = _waiting(event.entry_id)
    if entry.status == WaitlistStatus.WAITING and entry.patient.email:
        _tell_waiting(entry, event_id, "waitlist_joined", gettext_lazy("You are on the waiting list"))


def tell_over(event: WaitlistOver, event_id: UUID) -> None:
    """Tell somebody that no time was found until her last day."""
    entry = _waiting(event.entry_id)
    patient = entry.patient
    choice = Choice(notifications.preference_of(patient).changes)
    # Nothing else tells her that nobody looks any more: who wants no news gets the e-mail.
    wished = Choice.EMAIL if choice is Choice.NONE else choice
    number = notifications.can_be_texted(patient, entry.tenant)
    chosen = channels(wished, email=bool(patient.email), number=number)
    if Channel.EMAIL in chosen:
        _write_over(entry, event_id)
    if Channel.SMS in chosen:
        with translation.override(patient.language or settings.LANGUAGE_CODE):
            send_sms(
                template=OVER, to=patient.phone, context={"link": _waitlist_link(entry, short=True)},
                idempotency_key=f"scheduling.waitlist_over.text:{event_id}", kind=MessageKind.CHANGE,
                patient_id=patient.id, about_id=entry.id,
            )  # fmt: skip


def _write_over(entry: WaitlistEntry, cause: UUID) -> None:
    if entry.patient.email:
        _tell_waiting(entry, cause, "waitlist_over", gettext_lazy("We found no time for you"))


def tell_offered(event: WaitlistOffered, event_id: UUID) -> None:
    """Tell somebody that a time is held for her, and until when; nothing where she has answered meanwhile.

    Who chose texts alone gets the e-mail as well while texts wait: a time that is held ends.
    """
    offer = WaitlistOffer.objects.get(id=event.offer_id)
    if offer.status != OfferStatus.OPEN or offer.until <= clock.now():
        return
    entry = _waiting(offer.entry_id)
    patient = entry.patient
    choice = Choice(notifications.preference_of(patient).changes)
    number = notifications.can_be_texted(patient, entry.tenant)
    # A time that is held for minutes must be heard of: by both ways where both are open.
    chosen = channels(Choice.BOTH if choice is Choice.NONE else choice, email=bool(patient.email), number=number)
    if Channel.EMAIL in chosen or (Channel.SMS in chosen and notifications.texts_wait(entry.tenant)):
        _write_held(offer)
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        if Channel.SMS in chosen:
            send_sms(
                template=HELD, to=patient.phone,
                context={"until": services.short_when_at(offer.until, entry.timezone),
                         "link": _waitlist_link(entry, short=True)},
                idempotency_key=f"scheduling.waitlist_offered.text:{event_id}", kind=MessageKind.CHANGE,
                patient_id=patient.id, about_id=offer.id, expires_at=offer.until,
            )  # fmt: skip


def _write_held(offer: WaitlistOffer) -> None:
    """Tell somebody by e-mail that a time is held for her, once for each time, while it is."""
    entry = _waiting(offer.entry_id)
    if offer.status != OfferStatus.OPEN or offer.until <= clock.now() or not entry.patient.email:
        return
    with translation.override(entry.patient.language or settings.LANGUAGE_CODE):
        words = {
            "when": services.long_when_at(offer.start, entry.timezone),
            "until": services.long_when_at(offer.until, entry.timezone),
        }
        _tell_waiting(entry, offer.id, "waitlist_offered", gettext_lazy("A time is free for you"), **words)


def _waiting(entry_id: UUID) -> WaitlistEntry:
    return WaitlistEntry.objects.select_related("patient", "service", "tenant").get(id=entry_id)


def _waitlist_link(entry: WaitlistEntry, *, short: bool = False) -> str:
    token = services.issue_waitlist_link(entry=entry, short=short)
    return settings.PUBLIC_URL + reverse("scheduling:waitlist-open", args=[entry.tenant.slug, token])


def _tell_waiting(entry: WaitlistEntry, about: UUID, template: str, subject: Promise, **words: Any) -> None:
    """Write an e-mail to somebody on the waiting list, in her language; its subject says nothing of what for."""
    patient, clinic = entry.patient, entry.tenant
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        send_email(
            template=f"scheduling/{template}", to=patient.email,
            context={"entry": entry, "clinic": clinic, "link": _waitlist_link(entry), "services_url":
                     settings.PUBLIC_URL + reverse("scheduling:service-detail", args=[clinic.slug, entry.service_id]),
                     **words},
            subject=f"{subject}, {clinic.name}", idempotency_key=f"scheduling.{template}:{about}",
            patient_id=patient.id, kind=MessageKind.CHANGE, about_id=entry.id,
        )  # fmt: skip


def reach_about_line(event: QueueLeft, event_id: UUID) -> None:
    """Reach who is on call: somebody waits, and nobody is left who takes people from the line."""
    services.reach_about_line(actor=frames.current().actor, key=str(event_id))


def tell_on_call(event: OnCallChanged, event_id: UUID) -> None:
    """Tell somebody whose stretches another person changed when they are on call now."""
    stretch = selectors.on_call_stretch(event.stretch_id)
    if stretch is None or not stretch.practitioner.mail_to:
        return
    who, clinic = stretch.practitioner, stretch.tenant
    ahead = [each for each in selectors.on_call_from(clock.now()) if each.practitioner_id == who.id]
    shown = ahead[:MOST_TOLD]
    send_email(
        template="scheduling/on_call_changed", to=who.mail_to, idempotency_key=f"scheduling.on-call-changed:{event_id}",
        subject=_("When you are on call has changed"),
        context={
            "practitioner": who, "clinic": clinic, "link": services.page_of(clinic), "more": len(ahead) - len(shown),
            "times": [_span_text(each.start, each.end, clinic.timezone) for each in shown],
        },
    )  # fmt: skip


def tell_uncovered(event: OnCallUncovered, event_id: UUID) -> None:
    """Tell the front desk when nobody is on call though the clinic wants it, while somebody can still be found."""
    now = clock.now()
    clinic = Tenant.objects.get(id=frames.current_tenant_id())
    gaps = rules.to_tell(selectors.on_call_plan(now, rules.horizon(now)).gaps, now)
    to = services.desk_addresses()
    if not gaps or not to:
        return
    send_email(
        template="scheduling/on_call_uncovered", to=to, idempotency_key=f"scheduling.on-call-uncovered:{event_id}",
        subject=_("Nobody is on call at some times"),
        context={
            "clinic": clinic, "link": services.page_of(clinic),
            "times": [_span_text(gap.start, gap.end, clinic.timezone) for gap in gaps],
        },
    )  # fmt: skip


MOST_TOLD = 12
"""So many stretches stand in a letter; the page has them all."""


def _span_text(start: datetime, end: datetime, zone: str) -> str:
    return f"{services.short_when_at(start, zone)} – {services.short_when_at(end, zone)}"


def lead_to_on_call(actor: Actor, about_id: UUID) -> str:
    """Return the page of who is on call, whose own guard says who sees it."""
    clinic = Tenant.objects.filter(id=frames.current_tenant_id()).first()
    return reverse("scheduling:on-call", args=[clinic.slug]) if clinic else ""


def register() -> None:
    """Listen: the e-mail follows the commit, it doesn't hold it up."""
    for event in IN_LINE_NEWS:
        subscribe(event, tell_in_line)
    subscribe(LicenceExpired, tell_licence_ended)
    subscribe(AppointmentBooked, send_booked)
    subscribe(AppointmentMoved, send_moved)
    subscribe(AppointmentCancelled, send_cancelled)
    subscribe(AppointmentLinkAsked, send_link_again)
    appointments: tuple[type[Any], ...] = (AppointmentBooked, AppointmentMoved, AppointmentCancelled)
    for event in appointments:
        subscribe(event, plan_reminders)
        subscribe(event, tell_people)
    asked: tuple[type[Any], ...] = (PersonBooked, PersonRemoved)
    for event in asked:
        subscribe(event, tell_person)
    freed: tuple[type[Any], ...] = (AppointmentMoved, AppointmentTaken, AppointmentCancelled)
    for event in freed:
        subscribe(event, look_again)
    opened: tuple[type[Any], ...] = (HoursChanged, WaitlistOfferEnded)
    for event in opened:
        subscribe(event, look_now)
    subscribe(AppointmentBooked, follow_booking)
    together: tuple[type[Any], ...] = (SeriesBooked, SeriesCancelled)
    for event in together:
        subscribe(event, tell_series)
    subscribe(WaitlistJoined, tell_joined)
    subscribe(WaitlistOffered, tell_offered)
    subscribe(WaitlistOver, tell_over)
    subscribe(NotificationFailed, remind_otherwise)
    missing: tuple[type[Any], ...] = (NotificationFailed, TextDelayed)
    for event in missing:
        subscribe(event, write_instead)
    pushes.register_lead("scheduling/reminder", lead_to_visit, buttons=("confirm", "change"))
    for news in IN_LINE_NEWS.values():
        if news.by_push:
            pushes.register_lead(f"scheduling/{news.template}", lead_to_place)
    subscribe(TextReceived, take_reply)
    subscribe(QueueLeft, reach_about_line)
    subscribe(OnCallChanged, tell_on_call)
    subscribe(OnCallUncovered, tell_uncovered)
    pushes.register_lead("scheduling/on_call", lead_to_on_call)
    pushes.register_lead("scheduling/on_call_nobody", lead_to_on_call)
    timers.register(services.TIMER, remind)
