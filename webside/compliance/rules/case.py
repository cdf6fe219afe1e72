"""One question, judged for one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from webside.compliance.codes import Prescribes
from webside.compliance.rules.facts import ClinicianFacts, PatientFacts, PrescribingFacts, ServiceFacts
from webside.compliance.rules.tables import table
from webside.core.dated import Row

_PRESCRIBES_FROM_LEAST = (Prescribes.NO, Prescribes.ASK_STATE, Prescribes.YES)


@dataclass(frozen=True)
class Case:
    """The facts, the day, and the row of the state where the patient is (``None``: not known)."""

    day: date
    service: ServiceFacts
    clinician: ClinicianFacts
    patient: PatientFacts
    prescribing: PrescribingFacts | None
    state: Row | None

    @property
    def place(self) -> str:
        """The state's name for people."""
        return str(self.state["name"]) if self.state else "the place where the patient is"

    @cached_property
    def profession(self) -> Row | None:
        """The row of the clinician's profession."""
        if self.clinician.profession is None:
            return None
        return table("professions").one(self.day, profession=self.clinician.profession.value)

    @property
    def profession_label(self) -> str:
        """The profession for people."""
        return str(self.profession["label"]) if self.profession else "clinician"

    @cached_property
    def credential(self) -> Row | None:
        """The row of the credential; ``None`` where none is given or it is not in the mapping."""
        given = (self.clinician.credential or "").upper().replace(".", "").strip()
        return table("credentials").one(self.day, credential=given) if given else None

    @property
    def credential_is_unknown(self) -> bool:
        """Whether a credential is given that the mapping does not hold."""
        return bool(self.clinician.credential) and self.credential is None

    @cached_property
    def modality(self) -> Row | None:
        """The row of how the service is held."""
        if self.service.modality is None:
            return None
        return table("modalities").one(self.day, modality=self.service.modality.value)

    @property
    def modality_label(self) -> str:
        """How the service is held, for people."""
        return str(self.modality["label"]) if self.modality else "in this way"

    def may_hold(self, compact: Row) -> bool:
        """Whether this profession, as its credential refines it, may hold a privilege of the compact."""
        if self.clinician.profession is None or self.clinician.profession.value not in compact["professions"]:
            return False
        if self.credential_is_unknown:
            return False
        return self.credential is None or compact["compact"] in self.credential["compacts"]

    @property
    def prescribes(self) -> Prescribes:
        """Whether the profession may prescribe: the narrower of what profession and credential say."""
        if self.profession is None or self.credential_is_unknown:
            return Prescribes.ASK_STATE
        words = [Prescribes(self.profession["prescribes"])]
        if self.credential is not None and self.credential["prescribes"] != Prescribes.AS_PROFESSION:
            words.append(Prescribes(self.credential["prescribes"]))
        return min(words, key=_PRESCRIBES_FROM_LEAST.index)
