"""The patient's summary on paper: a tagged PDF (PDF/UA-1) by Typst.

Texts reach the document as JSON values, never as markup: whatever somebody typed is text there.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from webside.chart.selectors import AgreedPlan, AgreedStep, Summary
from webside.core import clock
from webside.ui import when

logger = logging.getLogger(__name__)

DATA = Path(__file__).resolve().parent.parent / "data"


def summary_pdf(summary: Summary, *, language: str = "en") -> bytes:
    """Return the PDF of a signed summary. ``language``: of the page's words, for screen readers."""
    inputs = {"data": json.dumps(_content(summary, language), ensure_ascii=False)}
    signed = summary.encounter.note.signed_at or summary.encounter.started_at
    # The same summary gives the same file: its date is that of the signature.
    moment = signed.astimezone(UTC).replace(microsecond=0)
    try:
        return _compile(inputs, moment, ["ua-1"])
    except typst.TypstError:
        # A sign that no font has can't be in a PDF/UA. A plain PDF is better than none.
        logger.warning("a summary could not be made as PDF/UA-1; made as plain PDF")
        return _compile(inputs, moment, [])


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(DATA / "fonts")])


def _compile(inputs: dict[str, str], moment: datetime, standards: list[Any]) -> bytes:
    return typst.compile(
        DATA / "summary.typ",
        root=DATA,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=standards,
        timestamp=int(moment.timestamp()),
    )


def _content(summary: Summary, language: str) -> dict[str, Any]:
    """Return all that the document shows, as plain texts in the page's language."""
    encounter = summary.encounter
    note = encounter.note
    zone = ZoneInfo(summary.zone)
    started, now = encounter.started_at.astimezone(zone), clock.now().astimezone(zone)
    place = when.zone_name(started)
    doctor = encounter.practitioner.display_name
    signed = note.signed_at.astimezone(zone) if note.signed_at else started
    sections: list[dict[str, Any]] = []

    def section(title: str, items: list[str], *, text: str = "", empty: str = "") -> None:
        if items or text or empty:
            sections.append({"title": title, "items": items, "text": text or ("" if items else empty)})

    section(_("In short"), [], text=summary.in_short)
    section(_("What this visit was about"), [plain for plain, _code in summary.diagnoses])
    section(_("What you do"), summary.you_do)
    section(_("What we do"), summary.we_do)
    for plan in summary.plans:
        title = _("The plan that we agreed on: %(what)s") % {"what": plan.title}
        section(title, [_step_line(step) for step in plan.steps], text=_present(plan))
    if summary.with_medicines:
        section(
            _("Your medicines now"),
            [f"{row.medication}: {row.dosage}" if row.dosage else row.medication for row in summary.medications],
            text=_confirmed(summary, zone) if summary.medications else "",
            empty=_("No medicines are on your list."),
        )
    section(_("Your numbers today"), [f"{name}: {value}" for name, value in summary.vital_signs])
    if summary.again is not None:
        again = summary.again.start.astimezone(zone)
        moment = f"{_day(again)}, {when.clock_time(again)} {when.zone_name(again)}"
        section(_("You see %(name)s again") % {"name": doctor}, [], text=moment)
    for addendum in summary.addenda:
        added = addendum.added_at.astimezone(zone)
        title = _("Added on %(day)s by %(name)s") % {"day": _day(added), "name": addendum.author.display_name}
        section(title, [], text=addendum.text)
    return {
        "lang": language.split("-")[0],
        "clinic": summary.clinic.name,
        "title": _("Your visit with %(name)s") % {"name": doctor},
        "when": f"{_day(started)}, {when.clock_time(started)} {place}",
        "patient": encounter.patient.full_name,
        "record": _("Record %(number)s") % {"number": encounter.patient.record_number},
        "service": encounter.service.name,
        "sections": sections,
        "help": _("When to get help"),
        "emergency": _("In danger right now? Call 911. Thinking of hurting yourself? Call or text 988, day or night."),
        "call_title": _("Call us the same day"),
        "call": summary.call_us or [_("You feel worse, or something worries you.")],
        "phone": _("%(clinic)s: %(phone)s. %(hours)s") % {
            "clinic": summary.clinic.name, "phone": summary.clinic.phone, "hours": summary.clinic.opening_hours,
        } if summary.clinic.phone else "",
        "signed": _("Written and signed by %(name)s on %(day)s, %(time)s.") % {
            "name": doctor, "day": _day(signed), "time": when.clock_time(signed),
        },
        "printed": _("Printed on %(day)s.") % {"day": _day(now)},
        "page": _("Page"),
    }  # fmt: skip


def _step_line(step: AgreedStep) -> str:
    line = f"{step.text}: {step.owner}"
    return f"{line}, {step.until}" if step.until else line


def _present(plan: AgreedPlan) -> str:
    return _("There: %(names)s.") % {"names": ", ".join(plan.present)} if plan.present else ""


def _confirmed(summary: Summary, zone: ZoneInfo) -> str:
    at = summary.medications_confirmed_at
    if at is None:
        return _("Not confirmed with you yet. If something is wrong here, tell us.")
    return _("Last confirmed with you on %(day)s.") % {"day": _day(at.astimezone(zone))}


def _day(moment: datetime) -> str:
    # Paper is read later: the year is always there.
    return date_format(moment, pgettext("full date", "l, F j, Y"))
