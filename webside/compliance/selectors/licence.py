"""Licences and credentialing as their pages show them, and when a licence ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Window
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from webside.compliance import registry
from webside.compliance.codes import LicenceStatus, LicenceType
from webside.compliance.models import Credentialing, Licence
from webside.compliance.rules.tables import table
from webside.compliance.selectors.law import states
from webside.core import clock
from webside.core.actor import Actor
from webside.people import selectors as people
from webside.people.models import Practitioner

WARN_DAYS = 60
"""Licences that end within so many days are shown as ending soon."""
STEPS = ((8, "danger"), (30, "warning"), (WARN_DAYS, "info"))
"""How loudly an end is said: so many days before it, in this tone."""
LOOK_AGAIN_DAYS = 31
"""Exclusion lists are published every month (OIG, Special Advisory Bulletin of 8 May 2013)."""

LICENCE_TYPES: dict[str, str | Promise] = {
    LicenceType.FULL: gettext_lazy("Full licence"),
    LicenceType.COMPACT_PRIVILEGE: gettext_lazy("Compact privilege"),
    LicenceType.TELEHEALTH_REGISTRATION: gettext_lazy("Telehealth registration"),
}
LICENCE_STATUSES: dict[str, str | Promise] = {
    LicenceStatus.ACTIVE: gettext_lazy("Active"),
    LicenceStatus.PROBATION: gettext_lazy("On probation"),
    LicenceStatus.SUSPENDED: gettext_lazy("Suspended"),
    LicenceStatus.REVOKED: gettext_lazy("Revoked"),
    LicenceStatus.LAPSED: gettext_lazy("Lapsed"),
}


def _zone(licence: Licence) -> ZoneInfo:
    """Return the clock that ends a licence: the one of its state that is ahead.

    In a state with two zones the rule wants a licence to be good on both local days.
    """
    row = table("jurisdictions").one(clock.now().date(), state=licence.state)
    zones = [ZoneInfo(name) for name in (row["zones"] if row else ())]
    if not zones or licence.period_end is None:
        return ZoneInfo(licence.practitioner.timezone or "UTC")
    midnight = datetime.combine(licence.period_end + timedelta(days=1), time())
    return min(zones, key=lambda zone: midnight.replace(tzinfo=zone).timestamp())


def ends_at(licence: Licence) -> datetime | None:
    """Return the first moment at which a licence no longer counts: the midnight after its last day, in its state."""
    if licence.period_end is None:
        return None
    return datetime.combine(licence.period_end + timedelta(days=1), time(), tzinfo=_zone(licence))


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """A licence as its page shows it. ``days`` counts to the last day, which still holds; negative: over.

    ``booked``: appointments beyond the last day; None where nobody can say.
    """

    licence: Licence
    state: str
    kind: str
    status: str
    days: int | None
    tone: str
    booked: int | None

    @property
    def over(self) -> bool:
        """Whether the last day has passed."""
        return self.days is not None and self.days < 0


def _row(licence: Licence, names: dict[str, str], booked: int | None) -> LicenceRow:
    days = (licence.period_end - clock.now().astimezone(_zone(licence)).date()).days if licence.period_end else None
    tone = ""
    if licence.status != LicenceStatus.ACTIVE:
        tone = "danger"
    elif days is not None:
        tone = next((tone for within, tone in STEPS if days <= within), "")
    return LicenceRow(
        licence=licence,
        state=names.get(licence.state, licence.state),
        kind=" ".join(filter(None, (str(LICENCE_TYPES.get(licence.licence_type, licence.licence_type)),
                                    licence.compact))),
        status=str(LICENCE_STATUSES.get(licence.status, licence.status)),
        days=days,
        tone=tone,
        booked=booked,
    )  # fmt: skip


def licences(actor: Actor) -> QuerySet[Licence]:
    """Return the tenant's licences, the one that ends first on top."""
    return Licence.objects.select_related("practitioner").order_by("period_end", "practitioner__family", "state")


def licence_rows(found: Iterable[Licence]) -> list[LicenceRow]:
    """Return licences as their page shows them, in the same order."""
    kept = list(found)
    names = dict(states())
    booked = registry.booked_beyond(kept)
    return [_row(each, names, None if booked is None else booked.get(each.id, 0)) for each in kept]


def licences_ending(actor: Actor, *, within_days: int = WARN_DAYS) -> QuerySet[Licence]:
    """Return active licences that end within so many days, or have ended in the last thirty."""
    today = clock.now().date()
    return licences(actor).filter(
        status="active",
        practitioner__active=True,
        period_end__gte=today - timedelta(days=30),
        period_end__lte=today + timedelta(days=within_days),
    )


def first_ending(actor: Actor, most: int) -> tuple[list[Licence], int]:
    """Return the licences that end first (:func:`licences_ending`), at most so many, and how many there are in all."""
    found: list[Any] = list(licences_ending(actor).annotate(in_all=Window(Count("id")))[:most])
    return found, found[0].in_all if found else 0


@dataclass(frozen=True, slots=True)
class Colleague:
    """A practitioner with the clinic's own check of them. ``look_again``: the exclusion lists are due."""

    practitioner: Practitioner
    credentialing: Credentialing | None
    licences: int
    over: bool
    look_again: bool


def colleagues(actor: Actor) -> list[Colleague]:
    """Return the clinic's practitioners with their credentialing, by name."""
    found = list(people.practitioners(actor).annotate(held=Count("licences")).select_related("credentialing"))
    today = clock.now().date()
    rows = []
    for each in found:
        kept: Credentialing | None = getattr(each, "credentialing", None)
        checked = kept.exclusion_checked_at if kept else None
        until = kept.credentialed_until if kept else None
        rows.append(
            Colleague(
                practitioner=each,
                credentialing=kept,
                licences=each.held,  # type: ignore[attr-defined]
                over=until is not None and until < today,
                look_again=checked is None or (today - checked.date()).days > LOOK_AGAIN_DAYS,
            )
        )
    return rows
