"""What the chart asks before a note is signed: is it complete, are diagnosis and lists right."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.catalog import gates
from webside.catalog.codes import Kind
from webside.catalog.gates import Case, Finding, Moment
from webside.chart import selectors
from webside.chart.codes import EncounterStatus, ListCode, SummaryPart
from webside.chart.rules.confirmation import Confirmation, Standing, months_good
from webside.chart.rules.reading import grade_wanted, reading_grade
from webside.core import clock
from webside.core.decisions import Reason

SOURCE = "The clinic’s rules for the service"
NO_ROW = "figures: no row holds on this day"
ICD_GUIDE = "ICD-10-CM Official Guidelines for Coding and Reporting, section IV"


def _finding(gate: str, outcome: gates.Outcome, text: str, *reasons: Reason, fixes: tuple[str, ...] = ()) -> Finding:
    return Finding(gate=gate, area="care", outcome=outcome, text=text, reasons=reasons, fixes=fixes)


def note_complete(case: Case) -> Finding | None:
    """Whether the parts that the service asks for are written, and the encounter is closed."""
    encounter = selectors.encounter_in(case)
    if encounter is None:
        return None
    missing = selectors.missing_parts(encounter)
    reasons = [
        Reason(
            code=f"note.missing.{part}",
            text=_("%(part)s is empty.") % {"part": selectors.part_label(part)},
            source=SOURCE,
        )
        for part in missing
    ]
    fixes = [_("Write %(part)s.") % {"part": selectors.part_label(part).lower()} for part in missing]
    if encounter.status == EncounterStatus.IN_PROGRESS:
        text = _("The encounter is still open.")
        reasons.append(Reason(code="encounter.open", text=text, source=_("A note is signed after the encounter")))
        fixes.append(_("Close the encounter."))
    if reasons:
        text = " ".join(reason.text for reason in reasons)
        return _finding("note_complete", "stop", text, *reasons, fixes=tuple(fixes))
    text = _("The note is complete: every part that this service asks for is written.")
    return _finding("note_complete", "pass", text)


def diagnosis(case: Case) -> Finding | None:
    """Whether there is a diagnosis, coded to the end, from the release of the day."""
    encounter = selectors.encounter_in(case)
    if encounter is None:
        return None
    diagnoses = selectors.asked_before_signing(case, encounter).diagnoses
    if not diagnoses:
        text = _("No diagnosis is named.")
        reason = Reason(code="diagnosis.missing", text=text, source=ICD_GUIDE)
        return _finding("diagnosis", "stop", text, reason, fixes=(_("Add what you treated."),))
    short = selectors.not_billable([row.code for row in diagnoses])
    if short:
        text = _("%(codes)s is a group of codes: choose one below it.") % {"codes": ", ".join(short)}
        reason = Reason(code="diagnosis.not_specific", text=text, source=ICD_GUIDE)
        return _finding("diagnosis", "stop", text, reason, fixes=(_("Choose a more exact code."),))
    named = ", ".join(row.code for row in diagnoses)
    zone = ZoneInfo(selectors.clinic_zone(encounter))
    release = selectors.release_on(encounter.started_at.astimezone(zone).date())
    if release is None:
        text = _("Diagnoses: %(codes)s. Not checked: the release of ICD-10-CM for this day is not installed.") % {
            "codes": named
        }
        reason = Reason(
            code="diagnosis.release",
            text=_("The codes come from the release of %(release)s.") % {"release": selectors.newest_release_label()},
            source="data/icd10cm_releases.csv",
        )
        return _finding("diagnosis", "warn", text, reason, fixes=(_("The biller checks the codes."),))
    return _finding("diagnosis", "pass", _("Diagnoses: %(codes)s") % {"codes": named})


def patient_summary(case: Case) -> Finding | None:
    """Whether the patient gets something that she can read. It warns and never stops."""
    encounter = selectors.encounter_in(case)
    if encounter is None:
        return None
    note = encounter.note
    text = "\n".join(getattr(note, part) for part in SummaryPart).strip()
    if not note.patient_instructions.strip():
        said = _("The patient’s summary doesn’t say what to do now.")
        reason = Reason(code="summary.instructions", text=said, source=SOURCE)
        return _finding("patient_summary", "warn", said, reason, fixes=(_("Write what the patient does."),))
    wanted = grade_wanted(clock.now().date())
    if wanted is None:
        said = _("Not checked: how hard the patient’s summary is to read.")
        reason = Reason(code="summary.grade", text=said, source=NO_ROW)
        return _finding("patient_summary", "warn", said, reason, fixes=(_("Read it as the patient would."),))
    grade = reading_grade(text)
    if grade is not None and round(grade) > int(wanted["value"]):
        said = _("The patient’s summary reads at grade %(grade)d; grade %(wanted)d is the aim.") % {
            "grade": round(grade),
            "wanted": int(wanted["value"]),
        }
        reason = Reason(code="summary.grade", text=said, source=wanted.citation)
        return _finding("patient_summary", "warn", said, reason, fixes=(_("Use shorter sentences."),))
    return _finding("patient_summary", "pass", _("The patient’s summary is ready and easy to read."))


LISTS_ASKED: tuple[tuple[ListCode, Any], ...] = (
    (ListCode.ALLERGIES, gettext_lazy("Allergies")), (ListCode.MEDICATIONS, gettext_lazy("Medicines")),
)  # fmt: skip


def _day(how: Confirmation, zone: ZoneInfo) -> str:
    return f"{how.confirmed_at.astimezone(zone):%B %-d, %Y}" if how.confirmed_at else ""


def _list_said(name: str, how: Confirmation, zone: ZoneInfo) -> str:
    day = _day(how, zone)
    if how.standing is Standing.NEVER:
        return _("%(list)s: never confirmed with the patient.") % {"list": name}
    if how.standing is Standing.CHANGED:
        return _("%(list)s: changed since confirmed on %(day)s.") % {"list": name, "day": day}
    if how.standing is Standing.OLD:
        return _("%(list)s: last confirmed %(months)d months ago.") % {"list": name, "months": how.months}
    return _("%(list)s confirmed on %(day)s.") % {"list": name, "day": day}


def lists_confirmed(case: Case) -> Finding | None:
    """Whether allergies and medicines were gone through with the patient lately. It warns and never stops."""
    encounter = selectors.encounter_in(case)
    if encounter is None:
        return None
    confirmed = selectors.asked_before_signing(case, encounter).confirmed
    zone = ZoneInfo(selectors.clinic_zone(encounter))
    found = [(code, str(name), selectors.how_confirmed(confirmed.get(code))) for code, name in LISTS_ASKED]
    good = months_good(clock.now().date())
    reasons = [
        Reason(code=f"lists.{code}", text=_list_said(name, how, zone), source=good.citation if good else NO_ROW)
        for code, name, how in found
        if not how.holds
    ]
    if reasons:
        said = " ".join(reason.text for reason in reasons)
        return _finding("lists_confirmed", "warn", said, *reasons, fixes=(_("Go through them with the patient."),))
    days = {_day(how, zone) for _code, _name, how in found}
    if len(days) == 1:
        said = _("Allergies and medicines confirmed on %(day)s.") % {"day": days.pop()}
    else:
        said = " ".join(_list_said(name, how, zone) for _code, name, how in found)
    return _finding("lists_confirmed", "pass", said)


def register() -> None:
    """Register the gates of this app."""
    gates.register(
        "note_complete", note_complete, moments={Moment.SIGN}, kinds=set(Kind), area="care", overridable=False,
        title="The note is complete",
    )  # fmt: skip
    gates.register(
        "diagnosis", diagnosis, moments={Moment.SIGN}, kinds={Kind.TELEMEDICINE}, area="care", overridable=False,
        title="Diagnosis",
    )  # fmt: skip
    gates.register(
        "patient_summary", patient_summary, moments={Moment.SIGN}, kinds={Kind.TELEMEDICINE, Kind.TELEHEALTH},
        area="care", overridable=True, title="The patient’s summary",
    )  # fmt: skip
    gates.register(
        "lists_confirmed", lists_confirmed, moments={Moment.SIGN}, kinds={Kind.TELEMEDICINE}, area="care",
        overridable=True, title="Allergies and medicines are confirmed",
    )  # fmt: skip
