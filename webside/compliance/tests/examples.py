"""The examples that the rule's page shows, and the same questions asked of every state.

The page is read here so that what people read is what the tests run. What is generated for each state
restates the expected answer from lists of its own, so that a slip in a data file shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from webside.compliance.codes import PASSING
from webside.compliance.rules.facts import MayTreatAnswer
from webside.core import decisions

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules" / "compliance.may_treat.md"
RULE = "compliance.may_treat"


def _words_of(text: str) -> list[str]:
    return text.split()


STATES = _words_of(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK "
    "OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI MP AS"
)


@dataclass(frozen=True)
class Example:
    """Facts, and what must come out: the verdict, every refusing code, and words of ``not_checked``."""

    name: str
    facts: dict[str, Any]
    allowed: bool
    refused_by: frozenset[str]
    not_checked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def ask(facts: dict[str, Any]) -> MayTreatAnswer:
    """Ask the rule as ``decide`` does: from one line of JSON."""
    answer = decisions.ask(RULE, decisions.parse(RULE, json.dumps(facts)))
    assert isinstance(answer, MayTreatAnswer)
    return answer


def refusing(answer: MayTreatAnswer) -> frozenset[str]:
    """Return the codes of the answer that refuse."""
    return frozenset(reason.code for reason in answer.reasons if reason.code not in PASSING)


def licence(words: str, **changes: Any) -> dict[str, Any]:
    """Write out ``"full NY"``, ``"NLC TX"`` or ``"registration FL"``; a change to ``None`` takes a field away."""
    kind, state = words.split()
    row = {"state": state, "status": "active", "from": "2024-01-01", "to": "2027-01-01"}
    if kind in ("full", "registration"):
        row["type"] = {"full": "full", "registration": "telehealth_registration"}[kind]
    else:
        row |= {"type": "compact_privilege", "compact": kind}
    return {name: value for name, value in (row | changes).items() if value is not None}


def merge(base: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def written_out(facts: dict[str, Any]) -> dict[str, Any]:
    """Replace the page's short licences by whole ones."""
    rows = facts.get("clinician", {}).get("licences")
    if rows is None:
        return facts
    whole = []
    for row in rows:
        if isinstance(row, str):
            whole.append(licence(row.removeprefix("@")))
        else:
            changes = dict(row)
            whole.append(licence(changes.pop("@"), **changes))
    return merge(facts, {"clinician": {"licences": whole}})


@cache
def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


@cache
def _base() -> dict[str, Any]:
    block = re.search(r"```json\n(.*?)```", _page(), re.DOTALL)
    assert block, "the page has no base"
    facts: dict[str, Any] = json.loads(block[1])
    return facts


def facts(**patch: Any) -> dict[str, Any]:
    """Return the base of the page with a merge patch on it."""
    return written_out(merge(_base(), patch))


def _words(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


@cache
def page_examples() -> tuple[Example, ...]:
    """Return the rows of the page's tables, in order."""
    found = []
    topic = ""
    section = _page().partition("\n## Examples\n")[2]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("### "):
            topic = line.removeprefix("### ")
        if not line.startswith("| ") or cells[0] in ("example", "---"):
            continue
        name, change, allowed, codes, unchecked = cells
        patch = json.loads(change.strip("`"))
        assert allowed in ("yes", "no"), f"{name}: allowed is yes or no"
        found.append(
            Example(f"{topic}: {name}", facts(**patch), allowed == "yes", frozenset(_words(codes)), _words(unchecked))
        )
    return tuple(found)


NLC_BOTH = set(
    _words_of(
        "AL AZ AR CO CT DE FL GA ID IN IA KS KY LA ME MD MS MO MT NE NH NJ NM NC ND OH OK PA RI SC SD TN TX UT VT VA "
        "WA WV WI WY"
    )
)
NLC_ACCEPTS = NLC_BOTH | {"GU"}
PSYPACT = set(STATES) - set(_words_of("AK CA HI IA LA MA NM NY OR PR GU VI AS"))
COUNSELING_LIVE = {"AZ", "MN", "OH"}
REGISTERS = {
    "physician": set(_words_of("AZ CO DE FL IN ME MN VT WV AL GA KS LA NV NM OR TN TX PR")),
    "physician_assistant": set(_words_of("AZ CO DE FL IN VT WV OR")),
    "psychologist": set(_words_of("AZ CO DE FL ID IN SC VT WV")),
    "dietitian": set(_words_of("AZ CO DE FL IN VT WV")),
    "speech_therapist": set(_words_of("AZ CO DE FL IN VT WV LA")),
}
UNCONFIRMED = {"physician": {"OH"}, "psychologist": {"LA"}, "physician_assistant": {"LA"}}
SCHEDULE_II_REFUSED = {
    state: {"prescribing.not_allowed"} | ({"fact.missing"} if state in ("TX", "GA") else set())
    for state in _words_of("FL AL SC AR TX GA WV")
}
ADULT_AT = {state: {"AL": 19, "NE": 19, "MS": 21}.get(state, 18) for state in STATES}


def _example(name: str, refused_by: set[str], not_checked: tuple[str, ...] = (), **patch: Any) -> Example:
    return Example(name, facts(**patch), not refused_by, frozenset(refused_by), not_checked)


def _privileges(state: str) -> Iterator[Example]:
    def who(profession: str, words: str, home: str) -> dict[str, Any]:
        return {"profession": profession, "licences": [f"@{words}"], "home_state": home}

    refused = {"compact.not_member"}
    patient = {"state": state}
    yield _example(
        f"NLC into {state}",
        set() if state in NLC_ACCEPTS else refused,
        clinician=who("nurse", "NLC CO", "CO"),
        patient=patient,
    )
    yield _example(
        f"NLC out of {state}",
        set() if state in NLC_BOTH else refused,
        clinician=who("nurse", f"NLC {state}", state),
        patient={"state": "CO"},
    )
    yield _example(
        f"PSYPACT into {state}",
        set() if state in PSYPACT else refused,
        clinician=who("psychologist", "PSYPACT CO", "CO"),
        patient=patient,
    )
    yield _example(
        f"PSYPACT out of {state}",
        set() if state in PSYPACT else refused,
        clinician=who("psychologist", f"PSYPACT {state}", state),
        patient={"state": "CO"},
    )
    yield _example(
        f"counseling in {state}",
        set() if state in COUNSELING_LIVE else refused,
        clinician=who("counselor", f"CC {state}", "AZ"),
        patient=patient,
    )
    for compact, profession in (
        ("PT", "physical_therapist"),
        ("ASLP", "speech_therapist"),
        ("OT", "occupational_therapist"),
        ("SW", "social_worker"),
    ):
        yield _example(
            f"{compact} in {state}: live nowhere yet",
            refused,
            clinician=who(profession, f"{compact} {state}", state),
            patient=patient,
        )


def _registrations(state: str) -> Iterator[Example]:
    for profession, states in REGISTERS.items():
        refused: set[str] = set()
        if state in UNCONFIRMED.get(profession, ()):
            refused = {"registration.unconfirmed", "licence.missing"}
        elif state not in states:
            refused = {"registration.not_covered", "licence.missing"}
        yield _example(
            f"registration of a {profession} in {state}",
            refused,
            clinician={"profession": profession, "licences": [f"@registration {state}"]},
            patient={"state": state},
        )


def _licensed_there(state: str) -> dict[str, Any]:
    return {"clinician": {"licences": [f"@full {state}"]}}


@cache
def state_examples() -> tuple[Example, ...]:
    """Return the same questions asked of each of the 56 jurisdictions."""
    found: list[Example] = []
    for state in STATES:
        adult, there = ADULT_AT[state], _licensed_there(state)
        found += _privileges(state)
        found += _registrations(state)
        found += [
            _example(f"full licence in {state}, adult", set(), **there, patient={"state": state, "age": adult}),
            _example(
                f"full licence in {state}, a year too young",
                {"guardian.missing"},
                ("minor",),
                **there,
                patient={"state": state, "age": adult - 1},
            ),
            _example(
                f"a clinician of another state, patient in {state}",
                {"licence.missing"},
                clinician={"licences": [], "home_state": "CO" if state != "CO" else "AZ"},
                patient={"state": state},
            ),
            _example(
                f"a clinician of {state}, patient in Colorado or Arizona",
                {"licence.missing"},
                clinician={"licences": [f"@full {state}"], "home_state": state},
                patient={"state": "CO" if state != "CO" else "AZ"},
            ),
            _example(
                f"schedule II by video in {state}",
                SCHEDULE_II_REFUSED.get(state, set()),
                **there,
                patient={"state": state},
                prescribing={"schedule": "II", "in_person_before": False},
            ),
        ]
    return tuple(found)


@cache
def all_examples() -> tuple[Example, ...]:
    """Return every example that is run."""
    return page_examples() + state_examples() + credential_examples()


NO_PRESCRIBER = set(
    _words_of(
        "APRN CNS CNM CRNA RN LPN LVN PHD PSYD EDD LPA LPC LPCC LCPC LMHC LPC-A MFT LMFT LCSW LICSW LMSW LBSW PT "
        "DPT PTA OT OTR OTA SLP CCC-SLP AUD SLPA RD RDN LD RPH PHARMD CDCES"
    )
)
CREDENTIALS = {
    "physician": "MD DO MBBS",
    "nurse": "RN LPN LVN",
    "nurse_practitioner": "NP APRN CNS CNM CRNA",
    "physician_assistant": "PA PA-C",
    "psychologist": "PHD PSYD EDD LPA",
    "counselor": "LPC LPCC LCPC LMHC LPC-A MFT LMFT",
    "social_worker": "LCSW LICSW LMSW LBSW",
    "physical_therapist": "PT DPT PTA",
    "occupational_therapist": "OT OTR OTA",
    "speech_therapist": "SLP CCC-SLP AUD SLPA",
    "dietitian": "RD RDN LD",
    "pharmacist": "RPH PHARMD",
    "diabetes_educator": "CDCES",
    "coach": "NBC-HWC",
}


@cache
def credential_examples() -> tuple[Example, ...]:
    """Return one prescription for each credential beside its profession, and one of each without any."""
    found = []
    for profession, credentials in CREDENTIALS.items():
        for credential in (None, *credentials.split()):
            refused: set[str] = set()
            if credential in NO_PRESCRIBER or profession not in (
                "physician",
                "nurse_practitioner",
                "physician_assistant",
            ):
                refused = {"prescribing.not_allowed"}
            if profession == "coach":
                refused |= {"profession.not_clinical"}
            found.append(
                _example(
                    f"{profession} {credential or 'without a credential'} prescribes",
                    refused,
                    clinician={"profession": profession, "credential": credential},
                    prescribing={"schedule": "none"},
                )
            )
    return tuple(found)
