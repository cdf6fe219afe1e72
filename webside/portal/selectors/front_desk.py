"""The board of the front desk: today's appointments of the whole clinic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from webside.compliance.models import Licence
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.portal import policies, rules
from webside.portal.codes import Readiness
from webside.portal.selectors.rows import Row, in_force, rooms_of, rows_of
from webside.scheduling import selectors as scheduling


@dataclass(frozen=True, slots=True)
class Board:
    """Today at the front desk."""

    rows: list[Row]
    now: datetime
    shown: str = ""
    able: dict[str, str] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Row]:
        """Who sits in the waiting room, the longest first."""
        return [row for row in self.rows if row.pressing]

    @property
    def longest(self) -> int:
        """Minutes of the longest wait."""
        waits = ((self.now - row.since).total_seconds() / 60 for row in self.waiting)
        return max(0, round(max(waits, default=0)))

    def count(self, *ready: Readiness) -> int:
        """How many rows are in one of these states."""
        return sum(row.ready in ready for row in self.rows)

    @property
    def topics(self) -> str:
        """What the board listens to: the clinic and the rooms of the visits at hand."""
        tenant = [f"tenant:{row.appointment.tenant_id}" for row in self.rows[:1]]
        return " ".join([*tenant, *rooms_of(row for row in self.rows if not row.over)])

    @property
    def visible(self) -> list[Row]:
        """The rows of the chosen view."""
        return [row for row in self.rows if _in_view(row, self.shown)]


def _in_view(row: Row, view: str) -> bool:
    if view == "waiting":
        return row.pressing
    if view == "attention":
        return row.tone in ("danger", "warning") and not row.over
    if view == "over":
        return row.over
    return True


def board(actor: Actor, tenant: Tenant, shown: str = "") -> Board | None:
    """Return today's appointments of the whole clinic, or nothing for who may not see them."""
    if not policies.can_see_board(actor):
        return None
    now = clock.now()
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    of_today = scheduling.with_clashes(scheduling.day_for(actor, today, tenant.timezone))
    found = list(of_today.select_related("visit__safe_start"))
    licences = list(
        Licence.objects.filter(status="active", practitioner__active=True)
        .select_related("practitioner")
        .order_by("practitioner__family")
    )
    rows = rows_of(found, tenant, licences, now)
    rows.sort(key=lambda row: rules.harm_order(row.ready, row.since))
    able: dict[str, list[str]] = {}
    for licence in licences:
        if in_force(licence, today):
            able.setdefault(licence.state, []).append(licence.practitioner.display_name)
    names = {state: ", ".join(dict.fromkeys(people_)) for state, people_ in able.items()}
    return Board(rows=rows, now=now, shown=shown, able=names)
