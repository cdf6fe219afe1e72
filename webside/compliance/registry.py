"""What higher apps tell compliance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from webside.compliance.models import Licence

Count = Callable[[Iterable[Licence]], Mapping[UUID, int]]

_count_booked: Count | None = None


def register_booked(count: Count | None) -> None:
    """Register who knows what is booked beyond a licence's last day.

    ``count(licences)`` returns by licence id how many appointments its practitioner has in its state
    after ``period_end``; a licence with none may be left out. It may ask the database once, not once
    for each licence.
    """
    global _count_booked  # noqa: PLW0603 - one source, registered at the start
    _count_booked = count


def booked_beyond(licences: Iterable[Licence]) -> Mapping[UUID, int] | None:
    """Return how many appointments lie beyond each licence's last day, or None if nobody can say."""
    return _count_booked(licences) if _count_booked else None
