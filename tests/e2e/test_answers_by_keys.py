"""By keyboard alone, on: a time that is held for her is taken, and somebody may act for her."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone
from tests.e2e.keyboard import Keyboard

pytestmark = [pytest.mark.browser, pytest.mark.apart, pytest.mark.timeout(600)]

A_TIME = re.compile(r".*\d{1,2}:\d\d [ap]m")


def test_a_time_that_is_held_is_taken_by_keyboard_alone(demo: Demo, chromium: Any) -> None:
    """The front desk holds one of the free times for who waits; she takes it, and the visit that she had moves there."""
    with someone(chromium, demo, "Grace Lin") as desk, someone(chromium, demo, "Liz Moreno") as page:
        theirs, keys = Keyboard(desk), Keyboard(page)
        desk.goto("/o/larkspur/schedule/waiting-list/")
        theirs.press("Offer a time Liz Moreno")
        desk.get_by_role("heading", name=re.compile("^Offer a time")).wait_for()
        if not desk.get_by_text("Free times that suit").count():
            desk.get_by_text("Other free times").first.wait_for()
        theirs.reach(A_TIME)
        desk.keyboard.press("Space")
        theirs.press("Hold this time and tell them")
        desk.get_by_text("Held", exact=True).first.wait_for()

        page.goto(walk.letters_link(page, "A time is free for you", r"/o/larkspur/waits/[^/\"]+/"))
        page.get_by_role("heading", name="A time is free for you").wait_for()
        page.get_by_text("It is held for you until").wait_for()
        keys.press("Take this time")
        page.get_by_role("heading", name=re.compile("^Your visit")).wait_for()
        page.goto("/o/larkspur/home/")
        assert not page.get_by_text("A time is free for you").count(), "it is taken, and held no more"


def test_somebody_may_act_for_her_sees_her_care_and_is_ended_by_keyboard_alone(demo: Demo, chromium: Any) -> None:
    """Ana acts for her mother and goes back to herself; Liz ends it, and asks her anew; Ana says yes."""
    with someone(chromium, demo, "Ana Moreno") as ana, someone(chromium, demo, "Liz Moreno") as liz:
        hers, keys = Keyboard(ana), Keyboard(liz)
        ana.get_by_role("heading", name="For whom do you act?").wait_for()
        hers.press("Act for Liz")
        ana.get_by_role("heading", name="Liz’s care").wait_for()
        hers.press("Go back to yourself")
        ana.get_by_role("heading", name="For whom do you act?").wait_for()

        liz.goto("/o/larkspur/delegates/")
        keys.press("End it now")
        liz.get_by_text("Ana Moreno can no longer act for Liz.").wait_for()
        keys.press("Let somebody act for me")
        liz.get_by_role("heading", name="Let somebody act for you").wait_for()
        keys.write("Name", "Ana Moreno")
        keys.write("E-mail", "ana@moreno.example")
        keys.reach("What are they to you?")
        liz.keyboard.type("daughter")
        keys.tick("Check in and be in the visit")
        keys.press("Send the invitation")
        liz.get_by_text("has not said yes yet").wait_for()

        ana.goto(walk.letters_link(ana, "asked to help", r"/o/larkspur/acting/invitation/[^/\"]+/"))
        hers.press("Say yes")
        ana.get_by_text("You can act for Liz Moreno now.").wait_for()
        liz.goto("/o/larkspur/delegates/")
        keys.press("End it now")
        liz.get_by_text("Ana Moreno can no longer act for Liz.").wait_for()
