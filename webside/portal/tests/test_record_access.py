"""Who looked: the newest first, and nothing left out without saying so."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.test import Client

from webside.audit.services import record
from webside.core import clock
from webside.portal.views.patient import NEWEST_ACCESSES
from webside.testing.cast import Cast, sign_in

PAGE = "/o/larkspur/home/record/"


def test_a_long_list_says_that_there_is_more_and_shows_it(cast: Cast, client: Client) -> None:
    began = clock.now() - timedelta(days=30)
    for number in range(NEWEST_ACCESSES + 5):
        with time_machine.travel(began + timedelta(hours=2 * number), tick=False), cast.as_(cast.maya_user) as maya:
            record("chart.patient.read", actor=maya, patient_id=cast.liz.id, ground="treating")
    sign_in(client, cast.liz_user)
    page = client.get(PAGE)
    assert len(page.context["rows"]) == NEWEST_ACCESSES
    assert "Show the older ones too" in page.content.decode()
    whole = client.get(PAGE, {"all": "1"})
    assert len(whole.context["rows"]) == NEWEST_ACCESSES + 5
    assert "older ones" not in whole.content.decode() and "there is more" not in whole.content.decode()
