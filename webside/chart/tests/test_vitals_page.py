"""The examples of the rule's page are true."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from webside.chart.rules.vitals import Reading, VitalsFacts, vitals_plausible

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules" / "chart.vitals_plausible.md"
ON = date(2026, 11, 25)
EXAMPLES = [json.loads(line) for line in PAGE.read_text().split("```jsonl")[1].split("```")[0].split("\n") if line]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page(example: dict[str, Any]) -> None:
    readings = [Reading(**{**each, "value": Decimal(each["value"])}) for each in example["readings"]]
    answer = vitals_plausible(VitalsFacts(on=ON, readings=readings))
    assert answer.allowed is example["allowed"]
    assert [found.code for found in (*answer.impossible, *answer.unusual)] == example["codes"]
