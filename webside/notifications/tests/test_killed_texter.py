"""A worker that dies between handing a text to the carrier and noting that sends no second text."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as installation
from django.db import connection

from webside.core import frames
from webside.core.actor import system
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import services
from webside.notifications.codes import MessageKind, MessageStatus
from webside.notifications.models import OutgoingMessage
from webside.testing.texts import carrier, outgoing

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.drill)])
@pytest.mark.timeout(900)
def test_killed_between_sent_and_marked_sends_no_second_text(cast: Any, tmp_path: Path, kills: int) -> None:
    with carrier(tmp_path / "texts") as sms:
        _kill(cast, sms, kills)


def _kill(cast: Any, sms: StandIn, kills: int) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        rows = [
            services.send_sms(
                template="notifications/text_help", to=f"845-555-01{number:02}", context={}, kind=MessageKind.ANSWER,
                idempotency_key=str(number),
            )
            for number in range(kills)
        ]  # fmt: skip
    program = subprocess.run(
        [sys.executable, "-m", "webside.notifications.tests.killed_texter",
         connection.settings_dict["NAME"], str(sms.port), str(kills)],
        cwd=ROOT, env={**os.environ, "WEBSIDE_VAR": str(installation.VAR)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert program.stdout.strip() == str(kills), program.stderr[-2000:]
    assert Counter(each.key for each in outgoing(sms)) == {str(row.id): 1 for row in rows}
    assert set(OutgoingMessage.objects.values_list("status", flat=True)) == {MessageStatus.SENT}
    assert "GET" in {method for method, _ in sms.requests}, "it was asked for"
    assert Counter(method for method, _ in sms.requests)["POST"] == kills, "and not sent again"
