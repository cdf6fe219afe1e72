"""What tests of several files take: a carrier that texts leave by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from webside.integrations.sms.stand_in import StandIn
from webside.testing.texts import carrier


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[StandIn]:
    """Let texts of this test leave, by a carrier on this machine."""
    with carrier(tmp_path / "texts") as stand_in:
        yield stand_in
