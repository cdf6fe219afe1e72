"""Addresses by which calendars follow somebody's visits, and what they give."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from webside.accounts import selectors as accounts
from webside.core import clock, frames
from webside.people.models import Patient, Practitioner
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment, CalendarFeed
from webside.scheduling.selectors.people import is_beside

SINCE = timedelta(days=30)
"""So far back a feed goes; ahead it goes as far as anything is booked."""

MOST = 2000
"""More visits than a practitioner has in a year: a feed is never longer."""


def feed_by_hash(token_hash: bytes) -> CalendarFeed | None:
    """Return the feed of this tenant with a token's hash."""
    found = CalendarFeed.objects.filter(token_hash=token_hash)
    return found.select_related("practitioner__user", "patient__user").first()


def feed_stands(feed: CalendarFeed) -> bool:
    """Whether a feed still gives anything: it wasn't ended, and its owner may still come in here."""
    owner = feed.practitioner or feed.patient
    if feed.ended_at is not None or owner is None or owner.user is None:
        return False
    if feed.practitioner is not None and not feed.practitioner.active:
        return False
    return any(each.tenant_id == frames.current_tenant_id() for each in accounts.memberships_of(owner.user))


def feeds_of(*owners: Practitioner | Patient) -> dict[Practitioner | Patient, CalendarFeed]:
    """Return the feeds that these people have now."""
    practitioners = [each for each in owners if isinstance(each, Practitioner)]
    patients = [each for each in owners if isinstance(each, Patient)]
    rows = CalendarFeed.objects.filter(ended_at=None)
    found = rows.filter(practitioner__in=practitioners) | rows.filter(patient__in=patients)
    by_id = {each.practitioner_id or each.patient_id: each for each in found}
    return {owner: by_id[owner.id] for owner in owners if owner.id in by_id}


def visits_of_feed(feed: CalendarFeed) -> list[Appointment]:
    """Return the visits that a feed gives, the earliest first."""
    whose = is_beside(feed.practitioner) if feed.practitioner else Q(patient=feed.patient)
    held = Appointment.objects.filter(whose, status__in=HOLDS_TIME, period__endswith__gt=clock.now() - SINCE)
    return list(held.order_by("period")[:MOST])
