"""What ``compliance.may_treat`` is asked, and what it answers.

Only ``on`` must be there. Everything else may be absent (or null); a check that needs what is absent
refuses with ``fact.missing`` and names it. A field that nobody declared is refused by the decoder.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from webside.compliance.codes import (
    Circumstance,
    Compact,
    LicenceStatus,
    LicenceType,
    Modality,
    Profession,
    Schedule,
    ServiceKind,
)
from webside.core.decisions import Answer, Facts, Reason

_DATE_LENGTH = len("YYYY-MM-DD")


def parse_on(text: str) -> date | datetime:
    """Read an ISO 8601 day, or a day with a time (and best with an offset). Raises :class:`ValueError`."""
    if len(text) == _DATE_LENGTH:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def local_days(on: str, zones: Iterable[str]) -> tuple[date, ...]:
    """Return the day or days that ``on`` is in the ``zones``, in order and each once.

    A plain day is that day everywhere. A time without an offset is the wall clock where the patient
    is. Without zones (an unknown state) the day is the one that is written.
    """
    moment = parse_on(on)
    if not isinstance(moment, datetime):
        return (moment,)
    days = {moment.date()}
    if moment.tzinfo is not None:
        # Within a day of year 1 or 9999 no zone changes what the data can say.
        with suppress(OverflowError):
            days = {moment.astimezone(ZoneInfo(zone)).date() for zone in zones} or days
    return tuple(sorted(days))


class ServiceFacts(Facts, frozen=True, kw_only=True):
    """What is to be given."""

    kind: ServiceKind | None = None
    modality: Modality | None = None


class LicenceFacts(Facts, frozen=True, kw_only=True):
    """One licence, privilege or registration; ``from`` and ``to`` both count."""

    state: str | None = None
    type: LicenceType | None = None
    compact: Compact | None = None
    status: LicenceStatus | None = None
    from_: date | None = msgspec.field(name="from", default=None)
    to: date | None = None


class ClinicianFacts(Facts, frozen=True, kw_only=True):
    """Who gives it. ``excluded``: stands on an exclusion list (OIG, SAM, Medicaid)."""

    profession: Profession | None = None
    credential: str | None = None
    licences: list[LicenceFacts] | None = None
    home_state: str | None = None
    credentialed_until: date | None = None
    excluded: bool | None = None


class PatientFacts(Facts, frozen=True, kw_only=True):
    """To whom, and where the person is at that moment. ``age`` in whole years."""

    country: str | None = None
    state: str | None = None
    age: Annotated[int, Meta(ge=0)] | None = None
    guardian_present: bool | None = None
    consents: list[str] | None = None
    established: bool | None = None


class PrescribingFacts(Facts, frozen=True, kw_only=True):
    """What is to be prescribed. ``schedule`` null or ``none``: not controlled.

    ``circumstances``: absent, nobody has said; a list, even an empty one, means these and no others.
    """

    schedule: Schedule | UnsetType | None = UNSET
    in_person_before: bool | None = None
    circumstances: list[Circumstance] | None = None


class MayTreatFacts(Facts, frozen=True, kw_only=True):
    """Facts of ``compliance.may_treat``. ``on``: an ISO day, or a time with its offset."""

    on: Annotated[str, Meta(description="ISO 8601 date, or date and time with offset", examples=["2026-03-02"])]
    service: ServiceFacts | None = None
    clinician: ClinicianFacts | None = None
    patient: PatientFacts | None = None
    prescribing: PrescribingFacts | None = None

    def __post_init__(self) -> None:
        try:
            parse_on(self.on)
        except ValueError:
            raise ValueError("`on` is no ISO 8601 date or date with time") from None


class MayTreatAnswer(Answer, frozen=True, kw_only=True):
    """``reasons`` holds what passed and what refused; ``fixes`` what to do; ``not_checked`` what to look at."""

    allowed: bool
    reasons: list[Reason]
    fixes: list[str]
    not_checked: list[str]
