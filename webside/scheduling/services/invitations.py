"""What whoever is booked beside the two is told: asked, moved, cancelled, taken off, reminded. Nothing of the patient."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.core import clock
from webside.core.crypto import keyring
from webside.notifications.codes import MessageKind
from webside.notifications.services import send_email, send_sms
from webside.scheduling import calendars, selectors
from webside.scheduling.codes import HOLDS_TIME, PersonNews
from webside.scheduling.models import Appointment, BookedPerson
from webside.scheduling.services.appointments import tell_lists
from webside.scheduling.services.links import token_hash
from webside.scheduling.services.reminders import long_when, long_when_at, short_when

SUBJECTS: dict[PersonNews, Promise] = {
    PersonNews.BOOKED: _("You are asked into a video visit at %s"),
    PersonNews.MOVED: _("A video visit at %s has moved"),
    PersonNews.CANCELLED: _("A video visit at %s is cancelled"),
    PersonNews.REMOVED: _("You are not needed in a video visit at %s"),
    PersonNews.REMINDER: _("A video visit at %s is coming"),
}
OFF = (PersonNews.CANCELLED, PersonNews.REMOVED)


def tell_person(person: BookedPerson, news: PersonNews, key: str) -> None:
    """Tell one person, as long as it is so; ``key`` makes of the same news one letter, however often it is told."""
    if not _is_so(person, news):
        return
    appointment = person.appointment
    if person.practitioner is not None:
        tell_lists(person.practitioner.id)
        if news is not PersonNews.REMINDER:
            _tell_colleague(person, appointment, news, key)
    elif not person.is_wish:
        _tell_guest(person, appointment, news, key)


def tell_everybody(appointment_id: UUID, news: PersonNews, key: str) -> None:
    """Tell all who are booked for an appointment beside the two."""
    for person in _people().filter(appointment_id=appointment_id, removed_at=None).order_by("created_at"):
        tell_person(person, news, key)


def tell_one(person_id: UUID, news: PersonNews, key: str) -> None:
    """Tell the person with an id."""
    tell_person(_people().get(id=person_id), news, key)


def _people() -> Any:
    return BookedPerson.objects.select_related(
        "practitioner__user", "appointment__practitioner", "appointment__patient", "appointment__tenant",
        "appointment__service",
    )  # fmt: skip


def _is_so(person: BookedPerson, news: PersonNews) -> bool:
    """Events may come late: what is no longer so is not told, nor what is over."""
    appointment = person.appointment
    if appointment.end < clock.now():
        return False
    on = person.removed_at is None and appointment.status in HOLDS_TIME
    return on is (news not in OFF)


def _tell_guest(person: BookedPerson, appointment: Appointment, news: PersonNews, key: str) -> None:
    tenant = appointment.tenant
    link = "" if news in OFF else settings.PUBLIC_URL + _path(person)
    with translation.override(person.language or settings.LANGUAGE_CODE):
        context = {
            "person": person, "title": selectors.title_of(person), "clinic": tenant, "news": news.value, "link": link,
            "practitioner": appointment.practitioner, "when": long_when(appointment),
        }  # fmt: skip
        if person.email:
            send_email(
                template="scheduling/person", to=person.email, context=context, subject=SUBJECTS[news] % tenant.name,
                idempotency_key=_once(person, news, key),
                attachments=[_file(appointment, person.email, news)], kind=MessageKind.CHANGE, about_id=appointment.id,
            )  # fmt: skip
        if person.phone:
            send_sms(
                template="scheduling/person", to=person.phone, context=context | {"when": short_when(appointment)},
                idempotency_key=_once(person, news, key) + ":text", kind=MessageKind.CHANGE,
                about_id=appointment.id, expires_at=appointment.end,
            )  # fmt: skip


def _tell_colleague(person: BookedPerson, appointment: Appointment, news: PersonNews, key: str) -> None:
    """Tell a colleague: when and with whom; whose visit it is stands on the schedule, behind its guard."""
    colleague, tenant = person.practitioner, appointment.tenant
    if colleague is None or not colleague.mail_to:
        return
    zone = colleague.timezone or tenant.timezone
    send_email(
        template="scheduling/person_colleague", to=colleague.mail_to, subject=SUBJECTS[news] % tenant.name,
        context={
            "colleague": colleague, "title": selectors.title_of(person), "clinic": tenant, "news": news.value,
            "practitioner": appointment.practitioner, "when": long_when_at(appointment.start, zone),
            "link": settings.PUBLIC_URL + _day(tenant.slug, appointment.start.astimezone(ZoneInfo(zone)).date()),
        },
        idempotency_key=_once(person, news, key),
        attachments=[_file(appointment, colleague.mail_to, news)], kind=MessageKind.CHANGE, about_id=appointment.id,
    )  # fmt: skip


def _once(person: BookedPerson, news: PersonNews, key: str) -> str:
    """Return what makes one letter of the same news to the same person, in few enough letters."""
    return f"scheduling.person:{uuid5(person.id, f'{news}:{key}')}"


def _day(slug: str, day: date) -> str:
    return f"{reverse('scheduling:schedule', args=[slug])}?{urlencode({'day': day.isoformat()})}"


def _file(appointment: Appointment, to: str, news: PersonNews) -> tuple[str, bytes, str]:
    method = calendars.CANCEL if news in OFF else calendars.REQUEST
    body = calendars.entry(appointment, appointment.tenant, method=method, attendee=to)
    return "visit.ics", body, f"text/calendar; method={method}"


def _path(person: BookedPerson) -> str:
    return reverse("scheduling:person-link", args=[person.appointment.tenant.slug, link_of(person)])


def link_of(person: BookedPerson) -> str:
    """Return the token of somebody's link, and let only this one work from now on.

    It is drawn from the server's key, so that every letter of one time holds the same link, and nothing that opens it is
    kept; each move draws another.
    """
    drawn = keyring().blind_index(str(person.appointment.sequence), place=f"booked-person:{person.id}")
    token = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    if (digest := token_hash(token)) != bytes(person.link_hash or b""):
        person.link_hash = digest
        person.save(update_fields=["link_hash", "updated_at"])
    return token
