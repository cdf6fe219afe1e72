"""Builders for the FHIR R4 datatypes that our resources use. Values in, JSON out; empty is left out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

Json = dict[str, Any]


def compact(**elements: Any) -> Json:
    """Return the elements that have a value; FHIR forbids empty ones."""
    return {key.rstrip("_"): value for key, value in elements.items() if value not in (None, "", [], {})}


def reference(resource_type: str, id: UUID | None, display: str = "") -> Json | None:
    """Return a Reference to a resource of this server, or nothing where there is no id."""
    return compact(reference=f"{resource_type}/{id}", display=display) if id else None


def coding(system: str, code: str, display: str = "") -> Json:
    """Return a Coding."""
    return compact(system=system, code=code, display=display)


def concept(*codings: Json, text: str = "") -> Json:
    """Return a CodeableConcept."""
    return compact(coding=list(codings), text=text)


def instant(moment: datetime | None) -> str | None:
    """Return an instant or dateTime with its zone."""
    return moment.isoformat(timespec="milliseconds") if moment else None


def day(value: date | None) -> str | None:
    """Return a date."""
    return value.isoformat() if value else None


def period(start: datetime | date | None, end: datetime | date | None) -> Json:
    """Return a Period; either end may be open."""
    return compact(
        start=instant(start) if isinstance(start, datetime) else day(start),
        end=instant(end) if isinstance(end, datetime) else day(end),
    )


def human_name(family: str, given: Iterable[str], prefix: str = "", suffix: str = "") -> Json:
    """Return an official HumanName."""
    return compact(
        use="official",
        family=family,
        given=list(given),
        prefix=[prefix] if prefix else None,
        suffix=[suffix] if suffix else None,
    )


def telecom(phone: str = "", email: str = "") -> list[Json]:
    """Return ContactPoints for a phone number and an address of e-mail."""
    return [{"system": system, "value": value} for system, value in (("phone", phone), ("email", email)) if value]
