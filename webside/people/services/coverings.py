"""Covering for a colleague who is away."""

from __future__ import annotations

from datetime import datetime, timedelta

from webside.audit.services import action, record
from webside.core import clock
from webside.core.actor import Actor
from webside.people import policies, selectors
from webside.people.models import Covering, Practitioner
from webside.people.services.people import NotAllowed

LONGEST = timedelta(days=60)
"""Whoever is away for longer is covered for anew: somebody looks at it again."""


class NoSuchCover(ValueError):
    """These two can't cover for one another, or not for this time."""


@action("people.covering.set")
def set_covering(
    *, actor: Actor, absent: Practitioner, cover: Practitioner, starts_at: datetime, ends_at: datetime
) -> Covering:
    """Let ``cover`` treat the patients of ``absent`` between two moments.

    Raises :class:`NotAllowed`, and :class:`NoSuchCover` unless both are clinicians here, two people, and the time lies
    ahead and lasts no longer than :data:`LONGEST`.
    """
    if not policies.can_set_covering(actor, absent, cover):
        raise NotAllowed
    clinicians = {each.id for each in selectors.clinicians()}
    there = absent.id != cover.id and {absent.id, cover.id} <= clinicians
    if not there or not starts_at < ends_at <= starts_at + LONGEST or ends_at <= clock.now():
        raise NoSuchCover
    covering = Covering.objects.create(
        absent=absent, cover=cover, starts_at=starts_at, ends_at=ends_at, set_by=actor.label
    )
    _note("people.covering.set", actor, covering)
    return covering


@action("people.covering.end")
def end_covering(*, actor: Actor, covering: Covering) -> Covering:
    """End it at once. Again changes nothing."""
    if not policies.can_set_covering(actor, covering.absent):
        raise NotAllowed
    covering = Covering.objects.select_for_update(of=("self",)).select_related("absent", "cover").get(id=covering.id)
    if covering.ended_at is None:
        covering.ended_at = clock.now()
        covering.save()
    _note("people.covering.end", actor, covering)
    return covering


def _note(name: str, actor: Actor, covering: Covering) -> None:
    changes = {
        "absent": covering.absent.display_name,
        "cover": covering.cover.display_name,
        "from": covering.starts_at.isoformat(),
        "until": covering.ends_at.isoformat(),
    }
    record(name, actor=actor, target=covering, target_label=covering.cover.display_name, changes=changes)
