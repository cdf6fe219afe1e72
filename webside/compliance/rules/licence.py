"""The licence gate: a licence, a compact's privilege or a registration that is good where the patient is."""

from __future__ import annotations

from dataclasses import dataclass, field

from webside.compliance.codes import CompactFact, Demand, LicenceType, ReasonCode, SchemePath
from webside.compliance.rules.case import Case
from webside.compliance.rules.facts import LicenceFacts
from webside.compliance.rules.findings import Findings, Refusal
from webside.compliance.rules.tables import is_sure, state_name, table
from webside.core.dated import Row

_LACKS = {
    CompactFact.MEMBER: "is not a member",
    CompactFact.PRIVILEGES_LIVE: "has no live privileges",
    CompactFact.MULTISTATE_LICENCE_LIVE: "issues no multistate licences yet",
    CompactFact.ISSUING: "issues no multistate licences",
    CompactFact.INCOMING: "does not accept privileges of other states",
}
_HAS = {
    CompactFact.ENACTED: "its law alone is not enough",
    CompactFact.MEMBER: "it takes part, but that alone is not enough",
}
_NAMES = {
    LicenceType.FULL: "full licence",
    LicenceType.COMPACT_PRIVILEGE: "compact privilege",
    LicenceType.TELEHEALTH_REGISTRATION: "telehealth registration",
}
_AUTHORITY = "a licence where the patient is"


@dataclass(slots=True)
class Judgement:
    """What one licence row is worth for this patient on this day.

    ``covers``: it could cover the patient's state at all. It is good if it covers and nothing speaks
    against it.
    """

    text: str
    source: str
    covers: bool = True
    refusals: list[Refusal] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsure: list[Row] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.covers and not self.refusals and not self.missing

    def against(self, code: ReasonCode, text: str, source: str, fix: str) -> None:
        """Note what speaks against the row."""
        self.refusals.append(Refusal(code, text, source, fix))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a state stands to a compact: the facts it lacks, and the rows that are there."""

    lacks: tuple[CompactFact, ...]
    rows: tuple[Row, ...]


def check_licence(case: Case, gate: Row, findings: Findings) -> None:
    """Pass if one licence is good; otherwise say of each that could count why it does not."""
    if gate["demand"] == Demand.NOT_NEEDED:
        kind = case.service.kind.value if case.service.kind else "such"
        findings.passes(ReasonCode.LICENCE_NOT_NEEDED, f"A {kind} service needs no licence.", gate.citation)
        return
    if case.state is None:
        findings.unchecked("The licence: without a known state nobody can say which one is needed.")
        return
    if case.clinician.licences is None:
        findings.missing("clinician.licences", _AUTHORITY, gate.citation)
        return
    judgements = [_judge(case, gate, licence, index) for index, licence in enumerate(case.clinician.licences)]
    good = next((judgement for judgement in judgements if judgement.is_good), None)
    if good is not None:
        findings.passes(ReasonCode.LICENCE_VALID, good.text, good.source)
        for text in good.unchecked:
            findings.unchecked(text)
        return
    for judgement in judgements:
        findings.refuse_all(judgement.refusals)
        for fact in judgement.missing:
            findings.missing(fact, _AUTHORITY, gate.citation)
        for row in judgement.unsure:
            findings.name_if_unsure(row, "so it does not count")
    if not any(judgement.covers for judgement in judgements):
        findings.refuses(
            ReasonCode.LICENCE_MISSING,
            f"Nothing on record could cover {case.place}, where the patient is.",
            gate.citation,
            f"Get a full licence in {case.place}, or hand this over to a {case.profession_label} who may treat there.",
        )
    _name_other_ways(case, findings)


def _judge(case: Case, gate: Row, licence: LicenceFacts, index: int) -> Judgement:
    where = f"clinician.licences[{index}]"
    if licence.type is None or not licence.state:
        # Of unknown type or place it could be the one that counts: it is neither used nor passed over.
        lacking = [name for name, value in (("type", licence.type), ("state", licence.state)) if not value]
        return Judgement("", "", missing=[f"{where}.{name}" for name in lacking])
    if licence.type is LicenceType.COMPACT_PRIVILEGE:
        judgement = _judge_privilege(case, gate, licence, licence.state, where)
    elif licence.state != case.patient.state:
        return Judgement("", "", covers=False)
    elif licence.type is LicenceType.TELEHEALTH_REGISTRATION:
        judgement = _judge_registration(case, licence)
    else:
        judgement = Judgement(f"The full licence in {case.place} is good on {case.day}.", gate.citation)
    if judgement.covers:
        _judge_standing(case, gate, licence, _name(case, licence.type, licence.state), where, judgement)
    return judgement


def _name(case: Case, kind: LicenceType, state: str) -> str:
    return f"The {_NAMES[kind]} of {state_name(state, case.day)}"


def _judge_standing(case: Case, gate: Row, licence: LicenceFacts, name: str, where: str, judgement: Judgement) -> None:
    """Judge status and dates, which every kind of licence has."""
    if licence.status is None:
        judgement.missing.append(f"{where}.status")
    else:
        status = table("licence_statuses").one(case.day, status=licence.status.value)
        if status is None or not status["counts"] or not is_sure(status):
            judgement.against(
                ReasonCode.LICENCE_INACTIVE,
                f"{name} {status['text'] if status else 'has a status that is not judged'}; only an active one counts.",
                status.citation if status else gate.citation,
                "Clear it up with the board that gave it, or let a colleague treat.",
            )
    if licence.from_ is None:
        judgement.missing.append(f"{where}.from")
    elif case.day < licence.from_:
        judgement.against(
            ReasonCode.LICENCE_NOT_STARTED,
            f"{name} starts on {licence.from_}, after {case.day}.",
            gate.citation,
            f"Choose a time from {licence.from_} on, or let a colleague treat.",
        )
    if licence.to is None:
        judgement.missing.append(f"{where}.to")
    elif licence.to < case.day:
        judgement.against(
            ReasonCode.LICENCE_EXPIRED,
            f"{name} ended on {licence.to}, before {case.day}.",
            gate.citation,
            "Renew it with the board that gave it, or let a colleague treat.",
        )


def _judge_privilege(case: Case, gate: Row, licence: LicenceFacts, state: str, where: str) -> Judgement:
    if licence.compact is None:
        return Judgement("", "", missing=[f"{where}.compact"])
    if case.clinician.profession is None:
        return Judgement("", "", missing=["clinician.profession"])
    compact = table("compacts").one(case.day, compact=licence.compact.value)
    if compact is None or not is_sure(compact):
        judgement = Judgement("", "", covers=False, unsure=[compact] if compact else [])
        judgement.against(
            ReasonCode.COMPACT_NOT_MEMBER,
            f"Nothing sure is known about the compact {licence.compact} on {case.day}.",
            compact.citation if compact else gate.citation,
            f"Get a full licence in {case.place}.",
        )
        return judgement
    judgement = Judgement("", compact.citation)
    if not compact["privilege"]:
        judgement.covers = False
        judgement.against(
            ReasonCode.COMPACT_NO_PRIVILEGE,
            f"The {compact['name']} gives no privilege; it is a way to a full licence in each state.",
            compact.citation,
            "Enter the licence that each state gave as a full licence.",
        )
        return judgement
    if not case.may_hold(compact):
        judgement.covers = False
        who = case.clinician.credential or case.profession_label
        judgement.against(
            ReasonCode.COMPACT_NOT_FOR_PROFESSION,
            f"The {compact['name']} is not for this clinician ({who}).",
            compact.citation,
            f"Get a full licence in {case.place}.",
        )
        return judgement
    state_is_home = compact["state_is"] == "home"
    if not state_is_home and state != case.patient.state:
        return Judgement("", "", covers=False)
    checks = [(case.patient.state or "", compact["patient_needs"])]
    if state_is_home:
        checks.insert(0, (state, compact["home_needs"]))
    sources = [compact.citation]
    for end, needs in checks:
        standing = _standing(case, compact, end, needs)
        judgement.unsure += [row for row in standing.rows if not is_sure(row)]
        sources += [row.citation for row in standing.rows]
        if standing.lacks:
            judgement.refusals.append(_not_member(case, compact, end, standing))
    home = state_name(state, case.day)
    origin = f" issued by {home}" if state_is_home else ""
    judgement.text = f"The privilege of the {compact['name']}{origin} is good in {case.place} on {case.day}."
    judgement.source = "; ".join(dict.fromkeys(sources))
    judgement.unchecked.append(f"{compact['name']}: {compact['ask_person']}.")
    if state_is_home and case.clinician.home_state not in (None, state):
        judgement.unchecked.append(
            f"{compact['name']}: the clinician lives in {state_name(case.clinician.home_state or '', case.day)}, "
            f"but {home} issued the privilege; after a move a new one must be asked for."
        )
    return judgement


def _standing(case: Case, compact: Row, state: str, needs: list[str]) -> Standing:
    lacks: list[CompactFact] = []
    rows: list[Row] = []
    for fact in needs:
        row = table("compact_states").one(case.day, compact=compact["compact"], state=state, fact=fact)
        if row is not None:
            rows.append(row)
        if row is None or not is_sure(row):
            lacks.append(CompactFact(fact))
    if lacks:
        rows += table("compact_states").in_force(
            case.day, compact=compact["compact"], state=state, fact=CompactFact.ENACTED.value
        )
    return Standing(tuple(lacks), tuple(rows))


def _not_member(case: Case, compact: Row, state: str, standing: Standing) -> Refusal:
    words = " and ".join(_LACKS[fact] for fact in standing.lacks)
    known = [_HAS[fact] for row in standing.rows if (fact := CompactFact(row["fact"])) in _HAS]
    aside = f" ({'; '.join(known)})" if known else ""
    return Refusal(
        ReasonCode.COMPACT_NOT_MEMBER,
        f"{state_name(state, case.day)} {words} in the {compact['name']} on {case.day}{aside}.",
        "; ".join(row.citation for row in (compact, *standing.rows)),
        f"Get a full licence in {case.place}, or hand this over to a {case.profession_label} who may treat there.",
    )


def _judge_registration(case: Case, licence: LicenceFacts) -> Judgement:
    if case.clinician.profession is None:
        return Judgement("", "", missing=["clinician.profession"])
    profession = case.clinician.profession.value
    rows = [row for row in _schemes(case, authorises=True) if profession in row["professions"]]
    scheme = next((row for row in rows if is_sure(row)), None)
    if scheme is None:
        judgement = Judgement("", "", covers=False, unsure=rows)
        judgement.against(
            ReasonCode.REGISTRATION_UNCONFIRMED if rows else ReasonCode.REGISTRATION_NOT_COVERED,
            f"{case.place} has a scheme for a {case.profession_label} from elsewhere, but nobody has confirmed it."
            if rows
            else f"{case.place} has no telehealth registration for a {case.profession_label} in our data.",
            "; ".join(row.citation for row in rows) or "telehealth_schemes: no such row",
            f"Get a full licence in {case.place}, or hand this over to a {case.profession_label} who may treat there.",
        )
        return judgement
    judgement = Judgement(
        f"The telehealth registration of {case.place} is good on {case.day}: {scheme['text']}.", scheme.citation
    )
    if scheme["remote_only"]:
        if case.modality is None:
            judgement.missing.append("service.modality")
        elif not case.modality["remote"]:
            judgement.against(
                ReasonCode.REGISTRATION_REMOTE_ONLY,
                f"The telehealth registration of {case.place} does not cover a visit in person.",
                scheme.citation,
                f"Hold the visit at a distance, or get a full licence in {case.place}.",
            )
    asks = "; ".join(filter(None, ("the registration number", scheme.get("ask_person"))))
    judgement.unchecked.append(f"Telehealth registration of {case.place}: {asks}.")
    return judgement


def _schemes(case: Case, *, authorises: bool) -> list[Row]:
    return table("telehealth_schemes").in_force(case.day, state=case.patient.state, authorises=authorises)


def _name_other_ways(case: Case, findings: Findings) -> None:
    """Say which other ways the state has for this profession; none of them is an authority yet."""
    if case.profession is None or not case.profession["clinical"]:
        return
    profession = case.profession["profession"]
    for row in _schemes(case, authorises=True):
        if profession in row["professions"]:
            findings.name_if_unsure(row, "so it does not count")
            if is_sure(row):
                findings.advise(f"Or apply for the telehealth registration of {case.place}: {row['text']}.")
    for row in _schemes(case, authorises=False):
        if profession not in row["professions"]:
            continue
        if row["path"] == SchemePath.EXCEPTION:
            findings.unchecked(
                f"{case.place} has an exception for {row['who']}, which a person must weigh: {row['text']} "
                f"({row.citation})."
            )
        else:
            findings.advise(f"For {case.place}: {row['text']}.")
    for compact in table("compacts").in_force(case.day, privilege=False):
        home = case.clinician.home_state
        if not home or profession not in compact["professions"] or home == case.patient.state:
            continue
        ends = [
            _standing(case, compact, home, compact["home_needs"]),
            _standing(case, compact, case.patient.state or "", compact["patient_needs"]),
        ]
        for row in (row for end in ends for row in end.rows):
            findings.name_if_unsure(row, "so it is not advised")
        if not any(end.lacks for end in ends):
            findings.advise(
                f"A full licence in {case.place} comes quicker through the {compact['name']}: "
                f"apply from {state_name(home, case.day)}."
            )
