"""What happens to encounters and notes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFinished(Event):
    """The clinician closed the encounter."""

    encounter_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigned(Event):
    """The note of an encounter was signed; from now on it is only added to."""

    encounter_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(Event):
    """Something in a patient's plan is another now: a step, its owner, its day, or whether it is done."""

    plan_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAgreed(Event):
    """People agreed on a plan as it stands; it is kept as it was then."""

    plan_id: UUID
    agreement_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStepGiven(Event):
    """A step of a plan has a new owner."""

    step_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStarted(Event):
    """A visit turned into an emergency or into care in person."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferClosed(Event):
    """Somebody noted what became of it: she is there, didn't go, or it wasn't needed."""

    transfer_id: UUID
