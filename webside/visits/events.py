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
