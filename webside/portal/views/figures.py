"""How visits go: figures of many, as a page and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from webside.audit.services import record, refuse
from webside.portal import selectors
from webside.portal.codes import WEEKS, By
from webside.scheduling.selectors import MISSED
from webside.ui.paging import page_of
from webside.ui.spreadsheet import csv_file

BY = {
    By.WEEK: gettext_lazy("By week"),
    By.DAY: gettext_lazy("By day"),
    By.SERVICE: gettext_lazy("By service"),
    By.CLINICIAN: gettext_lazy("By clinician"),
}
DEVICES = {
    "video": gettext_lazy("Good for video"),
    "low_video": gettext_lazy("Good for a small picture"),
    "audio_only": gettext_lazy("Good for sound only"),
    "phone": gettext_lazy("Better by phone"),
    "": gettext_lazy("Not checked"),
}
BANDS = {
    "narrow": gettext_lazy("Narrow line: sound only"),
    "middle": gettext_lazy("Middle: a small picture"),
    "wide": gettext_lazy("Wide: a full picture"),
    "": gettext_lazy("Not measured"),
}


PLACES = {
    "home": gettext_lazy("At home"),
    "clinic": gettext_lazy("At a clinic"),
    "other": gettext_lazy("Somewhere else"),
    "": gettext_lazy("Not said"),
}


def _asked(request: HttpRequest) -> tuple[By, int]:
    by, weeks = request.GET.get("by", ""), request.GET.get("weeks", "")
    return By(by) if by in set(By) else By.WEEK, int(weeks) if weeks in {str(each) for each in WEEKS} else WEEKS[0]


def _figures(request: HttpRequest, action: str) -> selectors.Figures:
    actor, (by, weeks) = request.actor, _asked(request)  # type: ignore[attr-defined]
    found = selectors.figures(actor, request.tenant, by=by, weeks=weeks)  # type: ignore[attr-defined]
    if found is None:
        refuse("portal.home.refuse", actor=actor)
    record(action, actor=actor, changes={"by": by.value, "weeks": weeks})
    return found


@require_GET
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Show waits, beginnings, failures, no-shows and what people said, each with how many visits it comes from."""
    found = _figures(request, "portal.figures.read")
    weeks = _asked(request)[1]
    address = f"?by={found.by}&weeks={weeks}"
    context = {
        "figures": found,
        "lines": [{"name": _name(line.key, found.by), "line": line} for line in found.lines],
        "last_day": found.until - timedelta(days=1),
        "on_time_minutes": int(found.on_time.total_seconds() // 60) if found.on_time else None,
        "devices": [{"name": DEVICES.get(key, key), "share": share} for key, share in found.devices],
        "bandwidths": [{"name": BANDS[key], "share": share} for key, share in found.bandwidths],
        "places": [{"name": PLACES.get(place.kind, place.kind), "place": place} for place in found.places],
        "reasons": [{"name": MISSED.get(key) or _("No reason was given"), "number": number}
                    for key, number in found.reasons],
        "by": [{"text": text, "url": f"?by={each}&weeks={weeks}", "current": each is found.by}
               for each, text in BY.items()],
        "ranges": [{"text": _("%(weeks)d weeks") % {"weeks": each}, "url": f"?by={found.by}&weeks={each}",
                    "current": each == weeks} for each in WEEKS],
        "csv_url": f"{request.path.rstrip('/')}.csv{address}",
    }  # fmt: skip
    return render(request, "portal/figures.html", context)


@require_GET
def figures_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the table. An empty cell is not known, or of too few to say."""
    found = _figures(request, "portal.figures.export")
    heads = [
        BY[found.by], _("Visits booked"), _("Took place"), _("Calls that failed"), _("Did not come"), _("Not known"),
        _("Waits measured"), _("Wait, half are shorter (min)"), _("Wait, nine in ten are shorter (min)"), _("Let in"),
        _("On time"),
    ]  # fmt: skip
    if found.surveyed:
        heads += [_("Answers"), _("Call worked well (%)"), _("Got what they came for (%)")]
    return csv_file("visits", [str(head) for head in heads], _cells(found))


@require_GET
def words(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what people said in their own words, of whole weeks and many together, ``within`` the bundle of a day."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    found = selectors.words(actor, tenant, within=_moment(request.GET.get("within", ""), tenant.timezone))
    if found is None:
        refuse("portal.home.refuse", actor=actor)
    record("portal.words.read", actor=actor, changes={"since": found.since.date().isoformat() if found.since else ""})
    context = {
        "words": found,
        "page": page_of(found.said, request.GET.get("page"), count=found.number),
        "kept": {"within": found.since.date().isoformat()} if found.since else {},
        "last_day": found.until - timedelta(days=1) if found.until else None,
    }
    return render(request, "portal/words.html", context)


def _moment(text: str, zone: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), ZoneInfo(zone)) if day else None


def _cells(found: selectors.Figures) -> Iterator[list[Any]]:
    for line in [*found.lines, found.total]:
        cells = [
            _("All") if line is found.total else _name(line.key, found.by), line.booked, line.held.number,
            line.failed.number, line.missed.number, line.unknown, line.waited, line.wait, line.wait_long,
            line.on_time.of, line.on_time.number,
        ]  # fmt: skip
        if found.surveyed:
            shares = (line.call_well, line.purpose_well)
            cells += [line.answers, *(share.percent if share else None for share in shares)]
        yield ["" if cell is None else cell for cell in cells]


def _name(key: Any, by: By) -> str:
    if by is By.WEEK:
        return _("Week of %(day)s") % {"day": date_format(key, "DATE_FORMAT")}
    return date_format(key, "DATE_FORMAT") if by is By.DAY else str(key)
