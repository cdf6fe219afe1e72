"""Addresses by which calendars follow somebody's visits: making a new one, ending it, noting that it was used."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db.models import QuerySet

from webside.audit.services import action, record
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.people.models import Patient, Practitioner
from webside.scheduling import policies
from webside.scheduling.models import CalendarFeed
from webside.scheduling.services.errors import NotAllowed
from webside.scheduling.services.links import token_hash

NOTED_EVERY = timedelta(days=1)
"""A calendar asks each hour or oftener: the trail says once a day that it does."""


@action("scheduling.feed.renew")
def renew_feed(*, actor: Actor, owner: Practitioner | Patient) -> str:
    """Give somebody a new address for calendars, and end the one before; return its token, which is not kept."""
    if not policies.can_keep_feed(actor, owner):
        raise NotAllowed
    lock(owner)
    _current(owner).update(ended_at=clock.now())
    token = secrets.token_urlsafe(32)
    whose = {"practitioner": owner} if isinstance(owner, Practitioner) else {"patient": owner}
    feed = CalendarFeed.objects.create(token_hash=token_hash(token), **whose)
    record("scheduling.feed.renew", actor=actor, target=feed, patient_id=feed.patient_id)
    return token


@action("scheduling.feed.end")
def end_feed(*, actor: Actor, owner: Practitioner | Patient) -> None:
    """Let somebody's address for calendars give nothing any more. Again changes nothing."""
    if not policies.can_keep_feed(actor, owner):
        raise NotAllowed
    ended = _current(owner).update(ended_at=clock.now())
    record("scheduling.feed.end", actor=actor, target=owner, changes={"ended": ended},
           patient_id=owner.id if isinstance(owner, Patient) else None)  # fmt: skip


def note_fetch(*, actor: Actor, feed: CalendarFeed) -> None:
    """Keep when a calendar asked last, and write into the trail that it does, once a day."""
    now = clock.now()
    if feed.last_used_at is None or now - feed.last_used_at >= NOTED_EVERY:
        record(
            "scheduling.feed.read", actor=actor, target=feed, patient_id=feed.patient_id, ground="a calendar’s address"
        )
        CalendarFeed.objects.filter(id=feed.id).update(last_used_at=now)


def _current(owner: Practitioner | Patient) -> QuerySet[CalendarFeed]:
    whose = {"practitioner": owner} if isinstance(owner, Practitioner) else {"patient": owner}
    return CalendarFeed.objects.filter(ended_at=None, **whose)
