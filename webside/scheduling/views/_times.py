"""How free times are laid out on a page: the days, the times of one day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.dateformat import format as django_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from webside.catalog import law
from webside.compliance.codes import ReasonCode
from webside.core import clock
from webside.scheduling import rules, selectors
from webside.scheduling.codes import NOON, DayPart
from webside.scheduling.forms import slot_value
from webside.scheduling.selectors import Offer, Slot
from webside.scheduling.views.places import Place
from webside.ui import when
from webside.ui.listing import listed

DAYS_ON_A_PAGE = 7


def time_text(moment: datetime, zone: str) -> str:
    """Return "3:20 pm"; with its offset where the clock shows this time twice that day."""
    here = moment.astimezone(ZoneInfo(zone))
    text = when.clock_time(here)
    if rules.comes_twice(moment, ZoneInfo(zone)):
        return f"{text} {here.tzname()} ({rules.offset_text(here)})"
    return text


def slot_item(slot: Slot, zone: str, *, with_day: bool = False) -> dict[str, str]:
    """Return a slot as ``slot_picker`` draws it."""
    text = time_text(slot.start, zone)
    if with_day:
        here, now = when.local(slot.start, zone), when.local(clock.now(), zone)
        text = f"{capfirst(when.day(here, now))}, {text}"
    return {
        "value": slot_value(slot.start, slot.practitioner.id),
        "time": text,
        "who": slot.practitioner.display_name,
    }


@dataclass(slots=True)
class Times:
    """The free times of one page: the days of a week, the parts of the chosen day."""

    days: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    chosen_day: date | None = None
    legend: str = ""
    short_day: str = ""
    earlier_url: str = ""
    later_url: str = ""
    any_free: bool = False


def first_day(request: HttpRequest, zone: str) -> date:
    """Return the first day to show: ``from``, but not in the past nor beyond what can be booked."""
    today = when.local(clock.now(), zone).date()
    asked = day_of(request.GET.get("from", "")) or day_of(request.GET.get("day", "")) or today
    last = today + timedelta(days=selectors.LOOK_AHEAD_DAYS - DAYS_ON_A_PAGE)
    asked = min(max(asked, today), last)
    # Pages of whole weeks from today, so that a day's address leads to the same page of days.
    return today + timedelta(days=(asked - today).days // DAYS_ON_A_PAGE * DAYS_ON_A_PAGE)


def lay_out(
    slots: Iterable[Slot], *, zone: str, start: date, day: str, path: str, place: Place, who: str = "",
    more: dict[str, str] | None = None,
) -> Times:  # fmt: skip
    """Lay out slots of the week from ``start`` in the visitor's zone; ``day`` is the day that she chose."""
    now = when.local(clock.now(), zone)
    today = now.date()
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.astimezone(ZoneInfo(zone)).date(), []).append(slot)
    days = [start + timedelta(days=number) for number in range(DAYS_ON_A_PAGE)]
    asked = day_of(day)
    chosen = asked if asked in days else next((one for one in days if by_day.get(one)), start)
    times = Times(chosen_day=chosen, any_free=any(by_day.get(one) for one in days))

    def address(**query: str) -> str:
        return f"{path}?{place.query(who=who, **(more or {}), **query)}"

    for one in days:
        found = len(by_day.get(one, []))
        here = datetime.combine(one, NOON, tzinfo=now.tzinfo)
        times.days.append(
            {
                "url": address(day=one.isoformat()) if found else "",
                "weekday": _("Today") if one == today else django_format(here, "D"),
                "number": one.day,
                "note": ngettext("%d free", "%d free", found) % found if found else _("None free"),
                "current": one == chosen,
                "label": capfirst(when.weekday_date(here)),
            }
        )
    if start > today:
        times.earlier_url = address(**{"from": (start - timedelta(days=DAYS_ON_A_PAGE)).isoformat()})
    if start + timedelta(days=DAYS_ON_A_PAGE) < today + timedelta(days=selectors.LOOK_AHEAD_DAYS):
        times.later_url = address(**{"from": (start + timedelta(days=DAYS_ON_A_PAGE)).isoformat()})
    noon = datetime.combine(chosen, NOON, tzinfo=now.tzinfo)
    named = capfirst(when.day(noon, now))
    times.short_day = named
    date_text = when.weekday_date(noon)
    times.legend = named if named.endswith(date_text) else f"{named}, {date_text}"
    parts: dict[str, list[dict[str, str]]] = {_("Before noon"): [], _("Afternoon"): [], _("Evening"): []}
    names = list(parts)
    for slot in by_day.get(chosen, []):
        parts[names[list(DayPart).index(rules.part_of(slot.start, zone))]].append(slot_item(slot, zone))
    times.groups = [{"title": title, "slots": found} for title, found in parts.items() if found]
    return times


def nearest_groups(slots: Iterable[Slot], zone: str) -> list[dict[str, Any]]:
    """Return slots near a lost one as one group, each with its day."""
    found = [slot_item(slot, zone, with_day=True) for slot in slots]
    return [{"title": "", "slots": found}] if found else []


def week_of(start: date, zone: str) -> tuple[datetime, int]:
    """Return from when, and for how many days, slots are asked for a page that begins with a day."""
    # A day more: the week in which the clock goes back is longer than seven times 24 hours.
    return datetime.combine(start, time(0), tzinfo=ZoneInfo(zone)).astimezone(UTC), DAYS_ON_A_PAGE + 1


def day_of(text: str) -> date | None:
    """Return the day that an address names, or nothing for what is none or can't be counted from."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if clock.countable(day) else None


def may_names(offers: Iterable[Offer]) -> str:
    """Return the names of those who may, as a list in words."""
    return listed(offer.practitioner.display_name for offer in offers if offer.allowed)


WHY_NOT: dict[str, Promise] = {
    ReasonCode.LICENCE_MISSING: gettext_lazy("They have no licence there."),
    ReasonCode.LICENCE_EXPIRED: gettext_lazy("Their licence there has ended."),
    ReasonCode.LICENCE_NOT_STARTED: gettext_lazy("Their licence there begins later."),
    ReasonCode.LICENCE_INACTIVE: gettext_lazy("Their licence there doesn’t hold now."),
}
"""What the commonest refusals mean for a patient; the rule's own words and sources stand under "Why"."""


def refusals(offers: Iterable[Offer], place: str) -> list[dict[str, Any]]:
    """Return who may not in a place (a state's name), each with ``name``, ``words`` for patients, and ``reasons``."""
    result = []
    for offer in offers:
        if offer.allowed:
            continue
        stops = offer.why_not
        codes = [reason.code for reason in stops[0].reasons]
        name = offer.practitioner.display_name
        told = law.told_finding(stops[0], who=name, place=place)
        words = next((WHY_NOT[code] for code in codes if code in WHY_NOT), told["text"])
        reasons = [why for stop in stops for why in law.told_reasons(stop.gate, stop.reasons, who=name, place=place)]
        result.append({"name": name, "words": words, "reasons": reasons})
    return result
