"""Booking for a patient who calls: finding her, and what can be offered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.text import capfirst

from webside.catalog import selectors as catalog
from webside.compliance import selectors as compliance
from webside.compliance.models import ConsentText
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.people import selectors as people
from webside.people.models import Patient, Practitioner
from webside.scheduling import selectors as scheduling
from webside.scheduling.forms import parse_slot, slot_value
from webside.ui import when


def find_patients(actor: Actor, words: str, limit: int = 12) -> list[Patient]:
    """Return patients by the beginning of their names, record number, phone or birth date (04/18/1969, 1969-04-18)."""
    found: QuerySet[Patient] = people.visible_patients(actor)
    for word in words.split()[:4]:
        match = Q(family__istartswith=word) | Q(given__istartswith=word) | Q(record_number__iexact=word)
        digits = "".join(letter for letter in word if letter.isdigit())
        if len(digits) >= 4:
            match |= Q(phone__contains=digits) | Q(phone__endswith=digits[-4:])
        if (born := _day(word)) is not None:
            match |= Q(birth_date=born)
        found = found.filter(match)
    return list(found[:limit])


def _day(word: str) -> date | None:
    """Return the day that somebody typed, month first as people here say it, or None for what is no day."""
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y"):
        with suppress(ValueError):
            return datetime.strptime(word, form).date()  # noqa: DTZ007 - a day has no zone
    return None


@dataclass(frozen=True, slots=True)
class PhoneOffer:
    """What can be offered to a patient on the phone: where she will be, the times there, what she must agree to."""

    state: str
    zone: str
    states: list[scheduling.State]
    slots: list[scheduling.Slot]
    scope: str
    agree_to: ConsentText | None
    needs_guardian: bool = False

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The times as the slot picker draws them, by day."""
        now = when.local(clock.now(), self.zone)
        days: dict[str, list[dict[str, str]]] = {}
        for slot in self.slots:
            here = when.local(slot.start, self.zone)
            days.setdefault(capfirst(when.day(here, now)), []).append(
                {
                    "value": slot_value(slot.start, slot.practitioner.id),
                    "time": when.clock_time(here),
                    "who": slot.practitioner.display_name,
                }
            )
        return [{"title": title, "slots": found} for title, found in days.items()]


def picked(service: Any, value: str) -> tuple[datetime, Practitioner] | None:
    """Return when and with whom a form's value says, if that person gives the service. Booking asks whether it is free."""
    parsed = parse_slot(value)
    person = next((each for each in catalog.practitioners_for(service) if parsed and each.id == parsed[1]), None)
    return (parsed[0], person) if parsed and person else None


PHONE_DAYS = 3
PHONE_SLOTS = 18


def phone_offer(*, patient: Patient, service: Any, tenant: Tenant, state: str | None) -> PhoneOffer:
    """Return what can be offered for a service; ``state`` is where the patient says she will be, else where she lives."""
    states = scheduling.states(clock.now().date())
    known = {each.code: each for each in states}
    code = state if state in known else patient.state if patient.state in known else ""
    home = patient.timezone if patient.timezone and code == patient.state else ""
    zone = home or (known[code].zones[0] if code else tenant.timezone)
    slots = []
    if code:
        slots = scheduling.free_slots(
            service=service, state=code, since=clock.now(), days=PHONE_DAYS, patient=patient, free_for=patient
        )
    scope = scheduling.CONSENT_SCOPES.get(service.kind, "")
    if scope and scheduling.has_consent(patient, scope):
        scope = ""
    text = compliance.current_text(scope, patient.language) if scope else None
    offers = (
        [] if slots or not code else scheduling.offers(service=service, state=code, at=clock.now(), patient=patient)
    )
    return PhoneOffer(
        code, zone, states, slots[:PHONE_SLOTS], scope, text, any(offer.lacks_guardian for offer in offers)
    )


def comes_too(actor: Actor) -> list[tuple[str, str]]:
    """Return who may be booked beside whom the patient sees, as a form offers them."""
    return [(str(each.id), each.display_name) for each in scheduling.colleagues_to_book(actor)]
