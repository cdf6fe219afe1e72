"""The patient's summary, and what is sent ahead of her, on paper: tagged PDF (PDF/UA-1) by Typst.

Texts reach the document as JSON values, never as markup: whatever somebody typed is text there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from django.utils import translation
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from webside.chart.selectors import SHEET_LANGUAGE, AgreedPlan, AgreedStep, GoTo, Sheet, Summary
from webside.core import clock
from webside.ui import when

logger = logging.getLogger(__name__)

DATA = Path(__file__).resolve().parent.parent / "data"


def summary_pdf(summary: Summary, *, language: str = "en") -> bytes:
    """Return the PDF of a signed summary. ``language``: of the page's words, for screen readers."""
    signed = summary.encounter.note.signed_at or summary.encounter.started_at
    # The same summary gives the same file: its date is that of the signature.
    moment = signed.astimezone(UTC).replace(microsecond=0)
    return _made("summary.typ", _content(summary, language), moment)


def _made(template: str, content: dict[str, Any], moment: datetime) -> bytes:
    inputs = {"data": json.dumps(content, ensure_ascii=False)}
    try:
        return _compile(template, inputs, moment, ["ua-1"])
    except typst.TypstError:
        # A sign that no font has can't be in a PDF/UA. A plain PDF is better than none.
        logger.warning("%s could not be made as PDF/UA-1; made as plain PDF", template)
        return _compile(template, inputs, moment, [])


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(DATA / "fonts")])


def _compile(template: str, inputs: dict[str, str], moment: datetime, standards: list[Any]) -> bytes:
    return typst.compile(
        DATA / template,
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
    service = encounter.service.said("name", language)
    signed = note.signed_at.astimezone(zone) if note.signed_at else started
    sections: list[dict[str, Any]] = []

    def section(title: str, items: list[str], *, text: str = "", empty: str = "") -> None:
        if items or text or empty:
            sections.append({"title": title, "items": items, "text": text or ("" if items else empty)})

    if summary.go is not None:
        _go_section(section, summary.go)
    section(_("In short"), [], text=summary.in_short)
    section(_("What this visit was about"), [plain for plain, _code in summary.diagnoses])
    section(_("What you do"), summary.you_do)
    section(_("What we do"), summary.we_do)
    for plan in summary.plans:
        title = _("The plan that we agreed on: %(what)s") % {"what": plan.title}
        section(title, [_step_line(step) for step in plan.steps], text=_present(plan))
    if summary.with_medicines:
        elsewhere = _("Prescriptions and orders for tests are not on this page. Ask us how you get yours.")
        section(
            _("Your medicines now"),
            [f"{row.medication}: {row.dosage}" if row.dosage else row.medication for row in summary.medications],
            text=f"{_confirmed(summary, zone)} {elsewhere}" if summary.medications else "",
            empty=f"{_('No medicines are on your list.')} {elsewhere}",
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
        "service": service.text,
        "service_lang": service.language,
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


def _go_section(section: Callable[..., None], go: GoTo) -> None:
    """Say first where she is to go, as the page does."""
    if go.emergency:
        section(_("This is an emergency"), list(go.if_worse), text=_("Do what your clinician told you."))
        return
    said = " ".join(filter(None, (go.where, go.how_soon, go.travel)))
    section(_("You need to be seen in person"), [], text="\n".join(filter(None, (said, go.place))))
    section(_("Take with you:"), list(go.bring))
    section(_("If it gets worse:"), list(go.if_worse))


def sheet_pdf(sheet: Sheet, *, zone: str) -> bytes:
    """Return what is sent ahead as a PDF, in the language of the sheet. ``zone``: of the clinic."""
    with translation.override(SHEET_LANGUAGE):
        return _sheet_pdf(sheet, zone)


def _sheet_pdf(sheet: Sheet, zone: str) -> bytes:
    content = {
        "lang": SHEET_LANGUAGE.split("-")[0],
        "clinic": sheet.clinic,
        "title": sheet.title,
        "patient": sheet.patient,
        "record": _("Record %(number)s") % {"number": sheet.record},
        "checked": _checked(sheet, ZoneInfo(zone)),
        "is_checked": sheet.is_checked,
        "parts": [{"title": part.title, "text": part.text, "items": list(part.items)} for part in sheet.parts],
        "page": _("Page"),
    }
    moment = sheet.transfer.changed_at.astimezone(UTC).replace(microsecond=0)
    return _made("transfer.typ", content, moment)


def _checked(sheet: Sheet, zone: ZoneInfo) -> str:
    at = sheet.transfer.checked_at
    if not sheet.is_checked or at is None:
        return _("Nobody has checked this yet.")
    there = at.astimezone(zone)
    said = {"name": sheet.transfer.checked_by, "day": _day(there), "time": when.clock_time(there)}
    return _("Checked by %(name)s on %(day)s, %(time)s.") % said


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
