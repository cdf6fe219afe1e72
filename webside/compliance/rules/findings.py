"""Where the gates of one question write down what they found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from webside.compliance.codes import PASSING, ReasonCode
from webside.compliance.rules.facts import MayTreatAnswer
from webside.compliance.rules.tables import is_sure
from webside.core.dated import Row
from webside.core.decisions import Reason

#: What a person calls the facts of a question; the names stay in what was not checked, for who asks by machine.
IN_WORDS = {
    "service.kind": "the kind of service",
    "service.modality": "whether it is by video or by sound",
    "patient.state": "the state where the patient is",
    "patient.age": "the patient’s age",
    "patient.consents": "what the patient agreed to",
    "patient.guardian_present": "whether a guardian is there",
    "clinician.profession": "the clinician’s profession",
    "clinician.licences": "which licences the clinician holds",
    "clinician.credentialed_until": "how long the clinician’s credentialing holds",
    "clinician.excluded": "whether the clinician is on an exclusion list",
    "prescribing.schedule": "the schedule of the medicine",
    "prescribing.in_person_before": "whether they met in person before",
    "prescribing.circumstances": "the circumstances of the prescription",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something does not pass, and what to do about it."""

    code: ReasonCode
    text: str
    source: str
    fix: str


@dataclass(slots=True)
class Findings:
    """Everything found, each thing once and in the order of finding."""

    _reasons: dict[Reason, None] = field(default_factory=dict)
    _fixes: dict[str, None] = field(default_factory=dict)
    _not_checked: dict[str, None] = field(default_factory=dict)
    _refused: bool = False

    def passes(self, code: ReasonCode, text: str, source: str) -> None:
        """Note that a check passed."""
        if code not in PASSING:
            raise ValueError(f"{code} refuses; it cannot be noted as passed")
        self._reasons[Reason(code=code, text=text, source=source)] = None

    def refuses(self, code: ReasonCode, text: str, source: str, fix: str) -> None:
        """Note that a check failed; the answer is no."""
        if code in PASSING:
            raise ValueError(f"{code} passes; it cannot refuse")
        self._refused = True
        self._reasons[Reason(code=code, text=text, source=source)] = None
        self._fixes[fix] = None

    def refuse_all(self, refusals: Iterable[Refusal]) -> None:
        """Note several failed checks."""
        for refusal in refusals:
            self.refuses(refusal.code, refusal.text, refusal.source, refusal.fix)

    def missing(self, fact: str, needed_for: str, source: str) -> None:
        """Note that a check needs a fact that nobody gave: it is not assumed, so the answer is no."""
        words = IN_WORDS.get(fact, fact)
        text = f"Nobody has said {words}; it is needed for {needed_for}."
        self.refuses(ReasonCode.FACT_MISSING, text, source, f"Say {words}.")
        self.unchecked(f"{fact}: not given, so {needed_for} was not checked.")

    def unchecked(self, text: str) -> None:
        """Note what only a person can look at, or what nobody has confirmed."""
        self._not_checked[text] = None

    def name_if_unsure(self, row: Row, effect: str) -> None:
        """Name a row of low confidence among what was not checked."""
        if not is_sure(row):
            self.unchecked(f"Unconfirmed, {effect}: {row.citation}.")

    def advise(self, fix: str) -> None:
        """Add something that would help."""
        self._fixes[fix] = None

    def answer(self) -> MayTreatAnswer:
        """Return the answer: allowed if nothing refused."""
        return MayTreatAnswer(
            allowed=not self._refused,
            reasons=list(self._reasons),
            fixes=list(self._fixes),
            not_checked=list(self._not_checked),
        )
