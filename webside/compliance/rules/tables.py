"""The data files of compliance, each read once and only when a rule first asks it."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from webside.core.dated import Confidence, Row, Table, load

DATA = Path(__file__).resolve().parent.parent / "data"

FILES: dict[str, str] = {
    "compact_states": "compact_states.csv",
    "compacts": "compacts.yaml",
    "consent_forms": "consent_forms.csv",
    "countries": "countries.csv",
    "credentials": "credentials.yaml",
    "federal_prescribing": "federal_prescribing.yaml",
    "gates": "gates.yaml",
    "guardian_ages": "guardian_ages.csv",
    "jurisdictions": "jurisdictions.yaml",
    "licence_statuses": "licence_statuses.yaml",
    "modalities": "modalities.yaml",
    "professions": "professions.yaml",
    "schedules": "schedules.yaml",
    "state_prescribing": "state_prescribing.yaml",
    "telehealth_schemes": "telehealth_schemes.yaml",
}


@cache
def table(name: str) -> Table:
    """Return the table ``name``, a key of :data:`FILES`."""
    return load(DATA / FILES[name])


def is_sure(row: Row) -> bool:
    """Whether an authority may rest on the row: nobody has confirmed what is of low confidence."""
    return row.confidence is not Confidence.LOW


def state_name(code: str, day: date) -> str:
    """Return the name of a state for people, or its code where it has none."""
    row = table("jurisdictions").one(day, state=code)
    return str(row["name"]) if row else code
