"""The prescribing gate: who may prescribe, by which federal way, and what the patient's state adds."""

from __future__ import annotations

from msgspec import UNSET

from webside.compliance.codes import Circumstance, Demand, Prescribes, ReasonCode, Schedule, StateEffect
from webside.compliance.rules.case import Case
from webside.compliance.rules.facts import PrescribingFacts
from webside.compliance.rules.findings import Findings
from webside.compliance.rules.tables import is_sure, table
from webside.core.dated import Row

_PURPOSE = "prescribing at a distance"
_CIRCUMSTANCES = "prescribing.circumstances"


def check_prescribing(case: Case, gate: Row, findings: Findings) -> None:
    """Judge the prescription, if there is to be one."""
    asked = case.prescribing
    if asked is None:
        return
    if gate["demand"] == Demand.REFUSED:
        kind = case.service.kind.value if case.service.kind else "such"
        findings.refuses(
            ReasonCode.PRESCRIBING_NOT_ALLOWED,
            f"Nothing can be prescribed in a {kind} service.",
            gate.citation,
            "Book a telemedicine visit with a clinician who may prescribe.",
        )
        return
    _check_prescriber(case, gate, findings)
    if asked.schedule is UNSET:
        findings.missing("prescribing.schedule", _PURPOSE, gate.citation)
        return
    schedule = table("schedules").one(case.day, schedule=(asked.schedule or Schedule.NONE).value)
    if schedule is None:
        text = f"The rules for this schedule on {case.day} are not here."
        _refuse(findings, text, gate.citation, "Ask a pharmacist.")
    elif not schedule["controlled"]:
        _check_not_controlled(case, schedule, asked, findings)
    elif not schedule["prescribable"]:
        _refuse(
            findings,
            f"Schedule {schedule['schedule']} cannot be prescribed.",
            schedule.citation,
            "Choose another medicine.",
        )
    else:
        _check_controlled(case, schedule, asked, findings)


def _refuse(findings: Findings, text: str, source: str, fix: str) -> None:
    findings.refuses(ReasonCode.PRESCRIBING_NOT_ALLOWED, text, source, fix)


def _check_prescriber(case: Case, gate: Row, findings: Findings) -> None:
    if case.profession is None:
        if case.clinician.profession is None:
            findings.missing("clinician.profession", _PURPOSE, gate.citation)
        return
    label = case.clinician.credential or case.profession_label
    source = (case.credential or case.profession).citation
    if case.prescribes is Prescribes.YES:
        findings.passes(ReasonCode.PRESCRIBING_PRESCRIBER, f"A {label} may prescribe.", source)
        return
    _refuse(findings, f"A {label} may not prescribe here.", source, "Let a physician prescribe.")
    if case.prescribes is Prescribes.ASK_STATE:
        findings.unchecked(f"Whether {case.place} lets this clinician ({label}) prescribe, and what.")


def _check_not_controlled(case: Case, schedule: Row, asked: PrescribingFacts, findings: Findings) -> None:
    if case.modality is None:
        _note_no_modality(case, findings, schedule)
        return
    findings.passes(
        ReasonCode.PRESCRIBING_NOT_CONTROLLED,
        "The medicine is not controlled; no exam in person is asked for by federal law.",
        schedule.citation,
    )
    was_examined = asked.in_person_before or case.patient.established
    if case.modality["questionnaire"] and not was_examined:
        findings.unchecked(f"Prescribing {case.modality['label']}: {schedule['ask_person']}.")


def _note_no_modality(case: Case, findings: Findings, schedule: Row) -> None:
    if case.service.modality is None:
        findings.missing("service.modality", _PURPOSE, schedule.citation)
    else:
        _refuse(findings, "How this visit is held is not judged.", schedule.citation, "Hold the visit by video.")


def _check_controlled(case: Case, schedule: Row, asked: PrescribingFacts, findings: Findings) -> None:
    if case.modality is None:
        _note_no_modality(case, findings, schedule)
        return
    if case.modality["remote"] and asked.in_person_before is None:
        findings.missing("prescribing.in_person_before", _PURPOSE, schedule.citation)
    _check_federal(case, schedule, asked, findings)
    if case.modality["remote"]:
        _check_state(case, schedule, asked, findings)
    findings.unchecked(f"Controlled medicine: {schedule['ask_person']}.")
    if case.profession is not None and case.profession.get("prescribing_note"):
        findings.unchecked(f"{case.place}: {case.profession['prescribing_note']}.")


def _check_federal(case: Case, schedule: Row, asked: PrescribingFacts, findings: Findings) -> None:
    rows = [
        row
        for row in table("federal_prescribing").in_force(case.day)
        if schedule["schedule"] in row["schedules"] and _fits_modality(case, row)
    ]
    # Pathways that rest on nothing to be stated come first in the file; one that is open is enough.
    opened = [row for row in rows if is_sure(row) and _opens(row, asked) is True]
    if opened:
        way = opened[0]
        until = f" until {way.effective_to}" if way.effective_to else ""
        findings.passes(ReasonCode.PRESCRIBING_PATHWAY, f"Federal law allows it{until}: {way['text']}.", way.citation)
        if way.get("warn_from") and case.day >= way["warn_from"]:
            findings.passes(
                ReasonCode.PRESCRIBING_PATHWAY_ENDING,
                f"This way closes after {way.effective_to}. Book an exam in person or hand the treatment over before "
                "then; do not stop a medicine because of it.",
                way.citation,
            )
        if way.get("ask_person"):
            findings.unchecked(f"Federal way taken: {way['ask_person']}.")
        return
    _refuse(
        findings,
        f"No federal way to prescribe schedule {schedule['schedule']} {case.modality_label} is open on {case.day}.",
        "; ".join(row.citation for row in rows) or schedule.citation,
        "Examine the person in person first, or let a practitioner who has done so prescribe.",
    )
    for row in rows:
        findings.name_if_unsure(row, "so it does not count")
        if _opens(row, asked) is None:
            findings.unchecked(f"Not stated in {_CIRCUMSTANCES}, so not counted: {row['text']}.")


def _fits_modality(case: Case, row: Row) -> bool:
    modality = case.service.modality
    return not row.get("modalities") or (modality is not None and modality.value in row["modalities"])


def _opens(row: Row, asked: PrescribingFacts) -> bool | None:
    """Whether a federal way is open; ``None`` if that depends on what nobody has stated."""
    if row.get("exam") == "before":
        return asked.in_person_before
    all_of, any_of = row.get("all_of") or [], row.get("any_of") or []
    if not all_of and not any_of:
        return True
    if asked.circumstances is None:
        return None
    stated = _stated(asked.circumstances)
    return stated.issuperset(all_of) and (not any_of or not stated.isdisjoint(any_of))


def _stated(circumstances: list[Circumstance] | None) -> frozenset[str]:
    return frozenset(circumstance.value for circumstance in circumstances or ())


def _check_state(case: Case, schedule: Row, asked: PrescribingFacts, findings: Findings) -> None:
    if case.state is None:
        findings.unchecked("The state's rule for controlled medicines: the state is not known.")
        return
    rows = table("state_prescribing").in_force(case.day, state=case.patient.state)
    if not rows:
        _refuse(
            findings,
            f"The rule of {case.place} for controlled medicines on {case.day} was not checked.",
            "state_prescribing: no row of this state on this day",
            f"Look up the rule of {case.place} for that day.",
        )
        findings.unchecked(f"The rule of {case.place} for controlled medicines on {case.day}.")
        return
    for row in rows:
        if schedule["schedule"] in row["schedules"]:
            _apply_state_rule(row, asked, findings)
        else:
            findings.passes(
                ReasonCode.PRESCRIBING_STATE_RULE,
                f"The rule of {case.place} that we hold is about schedule {', '.join(row['schedules'])} only.",
                row.citation,
            )


def _apply_state_rule(row: Row, asked: PrescribingFacts, findings: Findings) -> None:
    effect = StateEffect(row["effect"])
    stated = _stated(asked.circumstances)
    concerns = row.get("only_for") or []
    if effect in (StateEffect.NOTE, StateEffect.NONE_KNOWN, StateEffect.FOLLOWS_FEDERAL):
        _note_state_rule(row, findings)
        return
    is_met = not stated.isdisjoint(row.get("unless") or []) or (
        effect is StateEffect.IN_PERSON and asked.in_person_before is True
    )
    is_elsewhere = bool(concerns) and asked.circumstances is not None and stated.isdisjoint(concerns)
    if is_met or is_elsewhere:
        _note_state_rule(row, findings)
        if is_met and row.get("ask_person"):
            findings.unchecked(f"State rule: {row['ask_person']}.")
        return
    findings.name_if_unsure(row, f"and it would refuse ({row['text']})")
    _refuse(
        findings, f"{row['text']}.", row.citation, "Examine the person in person, or state the exception that applies."
    )
    if asked.circumstances is None:
        if concerns:
            findings.missing(_CIRCUMSTANCES, "the state's rule for controlled medicines", row.citation)
        else:
            findings.unchecked(f"Whether an exception applies: {_CIRCUMSTANCES} not given.")


def _note_state_rule(row: Row, findings: Findings) -> None:
    if is_sure(row):
        findings.passes(ReasonCode.PRESCRIBING_STATE_RULE, f"{row['text']}.", row.citation)
        if row.get("ask_person"):
            findings.unchecked(f"State rule: {row['ask_person']}.")
    else:
        findings.name_if_unsure(row, f"it does not refuse here ({row['text']})")
