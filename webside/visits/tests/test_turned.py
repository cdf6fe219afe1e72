"""A visit turns into something else while it runs: the call goes on, the check-in goes along, and she is told where to go."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.chart import services as chart
from webside.chart.models import Encounter, Transfer
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import Stage
from webside.visits.tests import factories

WOUND = chart.TransferDraft(
    destination="our-clinic", place_name="Larkspur, room 2", how_soon="today", why="A cut", bring="The bandage"
)


@pytest.fixture
def visit(cast: Cast) -> Any:
    return factories.admitted(cast)


def _encounter(visit: Any) -> Encounter:
    return Encounter.objects.select_related("patient", "practitioner", "service", "tenant", "note").get(
        id=visit.encounter_id
    )


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_place_and_the_number_of_the_check_in_go_along_and_the_call_goes_on(cast: Cast, visit: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        made = chart.declare_emergency(actor=maya, encounter=_encounter(visit))
        card = selectors.emergency_card(selectors.visit(maya, visit.id))
        assert (made.place, made.phone) == (card.address, card.phone) and made.phone == "845-555-0142"
        assert selectors.stage_of(selectors.visit(maya, visit.id)) is Stage.ROOM


def test_the_room_offers_both_ways_and_has_nothing_to_fetch(cast: Cast, visit: Any) -> None:
    turn = reverse("chart:transfer", args=["larkspur", visit.encounter_id])
    part = _part_of_the_room(cast, visit)
    assert f'hx-post="{turn}"' in part and "hx-get" not in part
    assert 'name="do" value="emergency"' in part and 'name="do" value="in-person"' in part


def test_the_room_of_one_that_turned_fetches_what_there_is_to_do_and_offers_what_is_left(
    cast: Cast, visit: Any
) -> None:
    with cast.as_(cast.maya_user) as maya:
        chart.declare_emergency(actor=maya, encounter=_encounter(visit))
    part = _part_of_the_room(cast, visit)
    turn = reverse("chart:transfer", args=["larkspur", visit.encounter_id])
    assert f'<div id="chart-turned" hx-get="{turn}?beside=1"' in part
    assert 'name="do" value="emergency"' not in part and 'name="do" value="in-person"' in part


def _part_of_the_room(cast: Cast, visit: Any) -> str:
    maya = sign_in(Client(HTTP_HOST="localhost"), cast.maya_user)
    page = maya.get(reverse("visits:visit-room", args=["larkspur", visit.id])).content.decode()
    part = page[page.index('id="chart-transfer"') :]
    return part[: part.index("</section>")]


def test_ended_she_reads_where_to_go_but_not_what_was_written(cast: Cast, visit: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        chart.send_in_person(actor=maya, encounter=_encounter(visit), draft=WOUND)
        services.end_visit(actor=maya, visit=selectors.visit(maya, visit.id))
    liz = sign_in(Client(HTTP_HOST="localhost"), cast.liz_user)
    ended = reverse("visits:visit-ended", args=["larkspur", visit.id])
    text = _text(liz.get(ended))
    assert "Come to our clinic. Go today." in text and "Your medicines, or a list of them" in text
    assert "The bandage" not in text and "A cut" not in text


def test_a_visit_that_stayed_one_says_nothing_of_it(cast: Cast, visit: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=selectors.visit(maya, visit.id))
        assert not Transfer.objects.exists()
    liz = sign_in(Client(HTTP_HOST="localhost"), cast.liz_user)
    text = _text(liz.get(reverse("visits:visit-ended", args=["larkspur", visit.id])))
    assert "seen in person" not in text and "This is an emergency" not in text
