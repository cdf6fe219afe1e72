"""What happens to visits."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStarted(Event):
    """Both sides hear each other for the first time."""

    visit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded(Event):
    """The room is closed. Whether a visit took place is in the visit's facts."""

    visit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStopped(Event):
    """The gates said that the visit may not begin."""

    visit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(Event):
    """Somebody on the patient's side of a visit said that something is wrong, and waits for a person."""

    help_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpUnanswered(Event):
    """Nobody has taken a request for help, or who took it has not answered, for longer than the clinic allows."""

    help_id: UUID
    alarm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverAsked(Event):
    """A clinician asks a colleague to go on with a visit."""

    hand_over_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverUnanswered(Event):
    """A colleague has not answered in time whether they go on with a visit."""

    hand_over_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCallAsked(Event):
    """Somebody asked to be called, or that the other side is called, on a number that was given before."""

    call_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCallTurned(Event):
    """A phone call belongs elsewhere now: into the room, back to the lobby, or nowhere. The carrier is to be told."""

    call_id: UUID
