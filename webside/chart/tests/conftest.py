"""Fixtures of the chart's tests."""

from __future__ import annotations

from typing import Any

import pytest

from webside.catalog import gates
from webside.chart.tests import factories

OWN_GATES = ("note_complete", "diagnosis", "patient_summary")


@pytest.fixture(scope="module")
def all_codes(django_db_setup: None, django_db_blocker: Any) -> None:
    """Load the whole of ICD-10-CM: searching a handful of codes would prove nothing.

    Asked again in each file, since another one may have loaded a few codes only; nothing to do costs
    milliseconds.
    """
    with django_db_blocker.unblock():
        factories.load_codes()


@pytest.fixture
def own_gates(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Only the chart's gates, in a register of the test's own: higher apps' gates have their own tests."""
    only = {name: gate for name, gate in gates._gates.items() if name in OWN_GATES}
    monkeypatch.setattr(gates, "_gates", only)
    return only
