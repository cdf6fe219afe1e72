"""Fixtures of the chart's tests."""

from __future__ import annotations

from typing import Any

import pytest

from webside.chart.tests import factories


@pytest.fixture(scope="session")
def codes(django_db_setup: None, django_db_blocker: Any) -> None:
    """Load the whole of ICD-10-CM once: searching a handful of codes would prove nothing."""
    with django_db_blocker.unblock():
        factories.load_codes()
