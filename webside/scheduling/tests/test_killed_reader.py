"""A worker that dies while it reads a calendar loses nothing: the calendar's turn comes again, and nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as installation
from django.db import connection

from webside.core import clock
from webside.scheduling import services, tasks
from webside.scheduling.models import BusyTime, OtherCalendar
from webside.scheduling.tests.other import meeting, other_calendar
from webside.scheduling.tests.waits import by_machine

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(120)
def test_killed_while_it_reads_it_is_read_when_the_claim_has_run_out(cast: Any) -> None:
    start = clock.now().replace(microsecond=0) + timedelta(days=3)
    with other_calendar() as other:
        other.says(meeting(start, start + timedelta(hours=1)))
        with cast.as_(cast.maya_user) as maya:
            services.add_calendar(actor=maya, practitioner=cast.maya, address=other.address)
        other.drip = 0.2
        program = subprocess.Popen(
            [sys.executable, "-m", "webside.scheduling.tests.killed_reader", connection.settings_dict["NAME"]],
            cwd=ROOT, env={**os.environ, "WEBSIDE_VAR": str(installation.VAR)}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        began = time.monotonic()
        while not other.asked:
            assert program.poll() is None, program.communicate()[1][-2000:]
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        program.send_signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL
        program.communicate()
        other.drip = 0
        tasks.read_calendars()
        assert len(other.asked) == 1, "it is left to who claimed it, as long as the claim holds"
        with time_machine.travel(clock.now() + services.LEASE + timedelta(seconds=1)):
            tasks.read_calendars()
            tasks.read_calendars()
        assert len(other.asked) == 2
        with by_machine(cast):
            assert [(each.period.lower, each.period.upper) for each in BusyTime.objects.all()] == [
                (start, start + timedelta(hours=1))
            ]
            assert OtherCalendar.objects.get().trouble == ""
