"""Where somebody will be during a visit, as far as she has said: which times she sees, and who may treat her."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from webside.core import clock
from webside.people.codes import Scope
from webside.people.selectors import patient_for
from webside.scheduling import selectors
from webside.scheduling.selectors import State
from webside.ui import when


@dataclass(frozen=True, slots=True)
class Place:
    """Where the visitor will be, as far as she has said. ``zone`` is empty while a state has two clocks."""

    state: State | None
    zone: str = ""

    @property
    def known(self) -> bool:
        """Whether times can be shown."""
        return self.state is not None and bool(self.zone)

    def query(self, **more: str) -> str:
        """Return the place as a query string, with ``more`` that has a value."""
        pairs = {"state": self.state.code if self.state else "", "zone": self.zone, **more}
        return urlencode({key: value for key, value in pairs.items() if value})


def place_of(request: HttpRequest) -> Place:
    """Return where the visitor will be: what she says now, said before, or has in her record.

    What she says is kept in the session, so that the next page knows it. ``place=ask`` asks again.
    """
    given = request.GET if request.method == "GET" else request.POST
    today = clock.now().date()
    kept: dict[str, str] = request.session.get("place", {})
    code, zone = str(given.get("state", "")), str(given.get("zone", ""))
    if not code and given.get("place") == "ask":
        return Place(None)
    if not code:
        code, zone = kept.get("state", ""), kept.get("zone", "")
    if not code and (patient := patient_for(request.actor, Scope.APPOINTMENTS)):  # type: ignore[attr-defined]
        code, zone = patient.state, patient.timezone
    state = selectors.state(code, today)
    if state is None:
        return Place(None)
    if zone not in state.zones:
        zone = state.zones[0] if len(_clocks(state)) == 1 else ""
    if zone and (kept.get("state"), kept.get("zone")) != (state.code, zone) and given.get("state"):
        request.session["place"] = {"state": state.code, "zone": zone}
    return Place(state, zone)


def _clocks(state: State) -> set[tuple[timedelta | None, ...]]:
    """Return the different clocks of a state; two zones that show the same time all year are one."""
    year = clock.now().year
    return {
        tuple(datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in range(1, 13))
        for zone in state.zones
    }


def zone_choices(state: State) -> list[dict[str, str]]:
    """Return the clocks that run in a state: ``zone``, ``name``, ``now`` ("3:20 pm")."""
    now = clock.now()
    return [
        {
            "zone": zone,
            "name": when.zone_name(when.local(now, zone)),
            "now": when.clock_time(when.local(now, zone)),
        }
        for zone in state.zones
    ]
