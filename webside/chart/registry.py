"""Who may look into a chart beside those who treat, who was there, and where: what higher apps say, in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

Beside = Callable[[UUID, str, datetime], Q]
"""``beside(user_id, patient, now)``: whose ``patient`` (a path to the id) somebody may look into at a moment.

It asks nothing and looks up no rule: what is asked with it is put together once for all moments.
"""
MayWrite = Callable[[UUID, UUID], bool]
"""``may_write(user_id, encounter_id)``: whether somebody who looks in may also write in this encounter's note."""

_beside: list[tuple[Beside, MayWrite]] = []


def register_beside(beside: Beside, may_write: MayWrite) -> None:
    """Let clinicians look into charts of patients whom they don't treat, as long as ``beside`` says so."""
    if (beside, may_write) not in _beside:
        _beside.append((beside, may_write))


def looked_into_by(user_id: UUID, patient: str, now: datetime) -> Q:
    """Return whose chart somebody may look into beside those they treat; nobody's where nothing is registered."""
    found = Q(pk__in=[])
    for beside, _ in _beside:
        found |= beside(user_id, patient, now)
    return found


def may_write(user_id: UUID, encounter_id: UUID) -> bool:
    """Whether somebody who only looks in may write in an encounter's note."""
    return any(may(user_id, encounter_id) for _, may in _beside)


Present = Callable[[UUID], list[str]]
"""``present(encounter_id)``: who was there in an encounter, by name."""

_present: list[Present] = []


def register_present(present: Present) -> None:
    """Let ``present`` say who was there in an encounter that came of a visit."""
    if present not in _present:
        _present.append(present)


def present_in(encounter_id: UUID) -> list[str]:
    """Return who was there in an encounter, as far as any app knows."""
    return [name for present in _present for name in present(encounter_id)]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a patient said that she is for a visit, as far as she did; what she didn't say is empty.

    ``town`` is where 911 must be asked for. ``record_address`` and ``record_phone`` stand in the record and were not said.
    """

    address: str = ""
    town: str = ""
    said_at: datetime | None = None
    phone: str = ""
    nearby: str = ""
    record_address: str = ""
    record_phone: str = ""


Where = Callable[[UUID], Whereabouts | None]
"""``where(encounter_id)``: where the patient of an encounter is."""

_where: list[Where] = []


def register_whereabouts(where: Where) -> None:
    """Let ``where`` say where the patient of an encounter that came of a visit is."""
    if where not in _where:
        _where.append(where)


def whereabouts(encounter_id: UUID) -> Whereabouts:
    """Return where the patient of an encounter is, as far as any app knows."""
    found = (where(encounter_id) for where in _where)
    return next((each for each in found if each is not None), Whereabouts())
