"""May this clinician give this service to this person, there, at that time?

The kind of a service brings its gates (``gates.yaml``); each gate is judged on its own, and every one
that fails is reported. What a day is depends on where the patient is: a moment is judged on the local
day of the patient's state, and in a state with two zones on both local days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from webside.compliance.codes import Demand, Gate, ReasonCode
from webside.compliance.rules.case import Case
from webside.compliance.rules.facts import (
    ClinicianFacts,
    MayTreatAnswer,
    MayTreatFacts,
    PatientFacts,
    ServiceFacts,
    local_days,
    parse_on,
)
from webside.compliance.rules.findings import Findings
from webside.compliance.rules.licence import check_licence
from webside.compliance.rules.prescribing import check_prescribing
from webside.compliance.rules.tables import is_sure, table
from webside.core.dated import UNDATED_SINCE, Row
from webside.core.decisions import rule

Check = Callable[[Case, Row, Findings], None]


@rule("compliance.may_treat", facts=MayTreatFacts, answer=MayTreatAnswer)
def may_treat(facts: MayTreatFacts) -> MayTreatAnswer:
    """May this clinician give this service to this person, there, at that time?

    Takes :class:`MayTreatFacts` and reads no clock; ``on`` is the day or moment judged. Returns
    whether it is allowed, the reasons with their sources, what would mend a refusal, and what was
    not checked. The prose of it is ``docs/reference/rules/compliance.may_treat.md``.
    """
    findings = Findings()
    patient = facts.patient or PatientFacts()
    written = parse_on(facts.on)
    state = _jurisdiction(patient, written.date() if isinstance(written, datetime) else written)
    for day in local_days(facts.on, state["zones"] if state else ()):
        case = Case(
            day=day,
            service=facts.service or ServiceFacts(),
            clinician=facts.clinician or ClinicianFacts(),
            patient=patient,
            prescribing=facts.prescribing,
            state=_jurisdiction(patient, day),
        )
        _judge(case, findings)
    return findings.answer()


def _judge(case: Case, findings: Findings) -> None:
    kind = case.service.kind
    if case.day < UNDATED_SINCE:
        findings.unchecked(
            f"{case.day} lies before {UNDATED_SINCE}: compacts, registrations and state rules whose start is not "
            "confirmed were not checked for it."
        )
    for gate, check in CHECKS.items():
        if kind is None:
            findings.unchecked(f"The {gate} check: without service.kind nobody knows what it asks.")
            continue
        row = table("gates").one(case.day, kind=kind.value, gate=gate.value)
        if row is None or not is_sure(row):
            findings.refuses(
                ReasonCode.GATE_NOT_CHECKED,
                f"What a {kind} service asks of the {gate} check on {case.day} is not known.",
                "gates: no confirmed row of this kind on this day",
                f"Look at the {gate} check by hand.",
            )
            findings.unchecked(f"The {gate} check on {case.day}.")
            continue
        check(case, row, findings)
    if kind is None:
        findings.missing("service.kind", "every check", "gates: what is asked depends on the kind of service")


def _country(patient: PatientFacts, day: date) -> Row | None:
    countries = table("countries")
    return countries.one(day, country=patient.country) if patient.country else countries.one(day, is_default="yes")


def _jurisdiction(patient: PatientFacts, day: date) -> Row | None:
    country = _country(patient, day)
    if country is None or not patient.state:
        return None
    return table("jurisdictions").one(day, country=country["country"], state=patient.state)


def _check_place(case: Case, gate: Row, findings: Findings) -> None:
    if case.state is not None:
        findings.passes(ReasonCode.STATE_KNOWN, f"The patient is in {case.place}.", case.state.citation)
        return
    if _country(case.patient, case.day) is None:
        findings.refuses(
            ReasonCode.STATE_UNKNOWN,
            f"The rules of the country {case.patient.country or '(none given)'} are not here.",
            gate.citation,
            "Ask whether the person is in a place whose rules are here; otherwise offer care where she is.",
        )
    elif not case.patient.state:
        findings.missing("patient.state", "knowing whose law holds", gate.citation)
    else:
        findings.refuses(
            ReasonCode.STATE_UNKNOWN,
            f"{case.patient.state!r} is no state or territory that we know.",
            gate.citation,
            "Ask where the person is now and enter its two-letter code.",
        )


def _check_profession(case: Case, gate: Row, findings: Findings) -> None:
    if gate["demand"] == Demand.NOT_NEEDED:
        return
    if case.clinician.profession is None:
        findings.missing("clinician.profession", "whether the clinician may treat", gate.citation)
        return
    if case.profession is None:
        findings.refuses(
            ReasonCode.GATE_NOT_CHECKED,
            f"What the profession {case.clinician.profession} may do on {case.day} is not known.",
            gate.citation,
            "Look at the profession by hand.",
        )
        return
    if case.profession["clinical"]:
        findings.passes(
            ReasonCode.PROFESSION_CLINICAL,
            f"A {case.profession_label} may give telemedicine.",
            case.profession.citation,
        )
    else:
        findings.refuses(
            ReasonCode.PROFESSION_NOT_CLINICAL,
            f"A {case.profession_label} cannot give telemedicine.",
            case.profession.citation,
            "Offer it as telehealth (coaching, teaching), or let a licensed clinician give it.",
        )
    _check_credential_fits(case, findings)


def _check_credential_fits(case: Case, findings: Findings) -> None:
    profession = case.clinician.profession
    if case.credential_is_unknown:
        findings.unchecked(
            f"The credential {case.clinician.credential!r} is not in our mapping: no compact and no prescription "
            "can rest on it."
        )
    elif case.credential is not None and profession is not None and profession not in case.credential["professions"]:
        findings.refuses(
            ReasonCode.PROFESSION_CONTRADICTED,
            f"{case.clinician.credential} ({case.credential['text']}) does not go with the profession "
            f"{case.profession_label}.",
            case.credential.citation,
            "Correct the profession or the credential on file.",
        )


def _check_credential(case: Case, gate: Row, findings: Findings) -> None:
    until = case.clinician.credentialed_until
    if until is None:
        if gate["demand"] == Demand.REQUIRED:
            findings.missing("clinician.credentialed_until", "whether the credentialing holds", gate.citation)
        else:
            findings.unchecked("clinician.credentialed_until: not given, so the credentialing was not checked.")
    elif until < case.day:
        findings.refuses(
            ReasonCode.CREDENTIAL_EXPIRED,
            f"The credentialing ended on {until}, before {case.day}.",
            gate.citation,
            "Finish re-credentialing first, or let a credentialed colleague give it.",
        )
    else:
        findings.passes(ReasonCode.CREDENTIAL_VALID, f"The credentialing holds until {until}.", gate.citation)


def _check_exclusion(case: Case, gate: Row, findings: Findings) -> None:
    if case.clinician.excluded is None:
        findings.missing("clinician.excluded", "whether the clinician is on an exclusion list", gate.citation)
    elif case.clinician.excluded:
        findings.refuses(
            ReasonCode.CLINICIAN_EXCLUDED,
            "The clinician is on an exclusion list.",
            gate.citation,
            "Take the clinician off all services and tell the compliance officer.",
        )
    else:
        findings.passes(ReasonCode.CLINICIAN_NOT_EXCLUDED, "The clinician is on no exclusion list.", gate.citation)


def _check_consent(case: Case, gate: Row, findings: Findings) -> None:
    if gate["demand"] == Demand.NOT_NEEDED:
        return
    consent = gate["consent"]
    if case.patient.consents is None:
        findings.missing("patient.consents", f"consent to {consent}", gate.citation)
        return
    if consent not in case.patient.consents:
        findings.refuses(
            ReasonCode.CONSENT_MISSING,
            f"There is no consent to {consent}.",
            gate.citation,
            f"Ask for consent to {consent} and record it before starting.",
        )
        return
    findings.passes(ReasonCode.CONSENT_GIVEN, f"There is consent to {consent}.", gate.citation)
    if gate["state_form"] and case.state is not None:
        _name_state_form(case, findings)


def _name_state_form(case: Case, findings: Findings) -> None:
    """Say how the state wants consent taken; the form is for a person to look at and refuses nothing."""
    row = table("consent_forms").one(case.day, state=case.patient.state)
    if row is None:
        findings.unchecked(f"How {case.place} wants consent taken on {case.day}.")
        return
    words = "; ".join(filter(None, (row["text"], row.get("note"))))
    if is_sure(row):
        findings.passes(ReasonCode.CONSENT_GIVEN, f"{case.place}, form of consent: {words}.", row.citation)
    else:
        findings.name_if_unsure(row, f"form of consent in {case.place} ({words})")
    if row["in_writing"] == "yes":
        findings.unchecked(f"That the consent was taken as {case.place} asks: {words}.")


def _check_guardian(case: Case, gate: Row, findings: Findings) -> None:
    age = case.patient.age
    if age is None:
        findings.missing("patient.age", "whether a guardian is needed", gate.citation)
    if case.state is None:
        findings.unchecked("Whether a guardian is needed: without a known state the age of majority is not known.")
    if age is None or case.state is None:
        return
    row = table("guardian_ages").one(case.day, state=case.patient.state)
    if row is None:
        findings.refuses(
            ReasonCode.GATE_NOT_CHECKED,
            f"The age from which no guardian is needed in {case.place} on {case.day} is not known.",
            gate.citation,
            "Ask a person who knows the state's law.",
        )
        findings.unchecked(f"The age of majority of {case.place} on {case.day}.")
        return
    findings.name_if_unsure(row, "the age of majority")
    if row.get("doubt_below") and age < int(row["doubt_below"]):
        findings.unchecked(f"{row['doubt']}.")
    if age >= int(row["age"]):
        findings.passes(
            ReasonCode.GUARDIAN_NOT_NEEDED,
            f"At {row['age']} and over no guardian is needed in {case.place}.",
            row.citation,
        )
        return
    findings.unchecked(f"Whether {case.place} lets this minor consent alone to this care, and who may stand in.")
    if case.patient.guardian_present is None:
        findings.missing("patient.guardian_present", "a visit with a minor", row.citation)
    elif case.patient.guardian_present:
        findings.passes(ReasonCode.GUARDIAN_PRESENT, "A guardian is present.", row.citation)
    else:
        findings.refuses(
            ReasonCode.GUARDIAN_MISSING,
            f"Under {row['age']} a guardian is needed in {case.place}, and none is present.",
            row.citation,
            "Ask a parent or guardian to join before starting.",
        )


CHECKS: dict[Gate, Check] = {
    Gate.PLACE: _check_place,
    Gate.PROFESSION: _check_profession,
    Gate.LICENCE: check_licence,
    Gate.CREDENTIAL: _check_credential,
    Gate.EXCLUSION: _check_exclusion,
    Gate.CONSENT: _check_consent,
    Gate.GUARDIAN: _check_guardian,
    Gate.PRESCRIBING: check_prescribing,
}
"""The gates, in the order in which an answer speaks of them."""
