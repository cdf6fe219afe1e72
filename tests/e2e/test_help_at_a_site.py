"""A patient in a school's health room: chosen from the list that the front desk keeps; its nurse helps and is asked in.

Her stethoscope is heard. That the sound is whole is measured in `test_sounds.py`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.conftest import PHONE, Demo, someone
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]
SCHOOL = "Kingston School, health room"


def test_the_front_desk_keeps_the_list(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Grace Lin") as grace:
        grace.goto("/o/larkspur/schedule/")
        grace.get_by_role("link", name="Places that help with visits").click()
        grace.get_by_text(SCHOOL).first.wait_for()
        grace.get_by_role("link", name="Add a place").click()
        grace.get_by_role("button", name="Add this place").click()
        grace.get_by_text("Enter the name of the place.").first.wait_for()
        examine(grace, "site-add", route="visits:site-add")
        grace.get_by_label("Name", exact=True).fill("Esopus Library")
        grace.get_by_label("What kind of place it is").select_option("other")
        grace.get_by_label("Street and number").fill("4 Canal Street")
        grace.get_by_label("Town").fill("Port Ewen")
        grace.get_by_label("State", exact=True).select_option("NY")
        grace.get_by_label("ZIP code").fill("12466")
        grace.get_by_label("Phone number").fill("845-555-0190")
        grace.get_by_role("button", name="Add this place").click()
        grace.get_by_text("Esopus Library is added.").wait_for()
        grace.get_by_role("link", name="Change Esopus Library").click()
        examine(grace, "site-change", route="visits:site-change")
        grace.get_by_role("button", name="Close this place").click()
        grace.get_by_text("Esopus Library is closed.").wait_for()
        examine(grace, "site-list", route="visits:site-list")
        grace.get_by_role("button", name="Undo").click()
        grace.get_by_text("Esopus Library is open again.").wait_for()


def test_she_chooses_the_school_and_its_nurse_is_asked_in(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as liz:
        liz.get_by_role("link", name="Check in and join").click()
        liz.get_by_role("link", name="Go on without the check").click()
        liz.get_by_role("heading", name=walk.CHECK_IN).wait_for()
        liz.get_by_label("Yes, this is me").check()
        place, role = liz.get_by_label("Which place is it?"), liz.get_by_label("What they do there")
        street = liz.get_by_label("Street and number")
        assert not place.is_visible() and not role.is_visible() and not street.is_visible()
        liz.get_by_label(re.compile("^At a clinic, a school")).check()
        assert place.is_visible() and not street.is_visible()
        place.select_option("elsewhere")
        assert street.is_visible() and not role.is_visible()
        place.select_option(label=f"{SCHOOL}, Kingston")
        assert not street.is_visible()
        liz.get_by_text("You are in New York. Dr. Maya Chen may treat you there.").wait_for()
        liz.locator("#own-card").get_by_text("77 Ulster Road").wait_for(state="attached")
        liz.locator("input[name=near]").first.check()
        liz.get_by_label("Their name").fill("Rosa Diaz")
        role.select_option("nurse")
        liz.get_by_label("Their phone number").fill("845-555-0171")
        examine(liz, "check-in-at-a-site", route="visits:visit-check-in")
        liz.get_by_label(re.compile("I agree to have this visit")).check()
        liz.get_by_role("button", name="Go to the waiting room").click()
        liz.wait_for_url("**/waiting/")
        visit = re.search(r"/visits/([0-9a-f-]{36})/", liz.url)[1]  # type: ignore[index]
        with someone(chromium, demo, "Dr. Maya Chen") as maya:
            maya.goto(f"/o/larkspur/visits/{visit}/")
            beside = maya.locator("#helping-site")
            beside.get_by_text("digital stethoscope").wait_for()
            maya.get_by_text(f"{SCHOOL} (school)").wait_for()
            examine(maya, "door-at-a-site")
            assert beside.get_by_role("button", name="Ask Rosa Diaz in by a link").is_visible()
            walk.let_in(liz, maya, visit)
            maya.evaluate("window.stayed = true")
            beside.get_by_role("button", name="Ask Rosa Diaz in by a link").click()
            link = beside.get_by_label("Link", exact=True).input_value()
            assert maya.evaluate("window.stayed"), "the call would have ended"
            examine(maya, "room-at-a-site", route="visits:visit-room")
            with someone(chromium, demo, None) as rosa:
                rosa.goto(link)
                rosa.get_by_role("button", name="Join").click()
                rosa.get_by_text("Only you see this").wait_for()
                maya.locator("[data-panel=people]").click()
                maya.get_by_role("button", name="Let Rosa Diaz in").click()
                walk.connected(rosa)
                maya.locator("#people").get_by_text("helper on site").first.wait_for()
                listen(maya, rosa, liz)
            maya.goto(f"/o/larkspur/visits/{visit}/")
            maya.locator("#helping-site").get_by_text("was asked in").wait_for()


def listen(maya: Any, rosa: Any, liz: Any) -> None:
    """The nurse's stethoscope is asked for, then the patient's; each time only that one is asked."""
    hers = rosa.get_by_role("heading", name="would like to hear the patient’s heart and lungs.")
    own = liz.get_by_role("heading", name="would like to hear your heart and lungs.")
    button = maya.get_by_role("button", name="Listen to heart and lungs")
    heard = maya.get_by_role("region", name="Heart and lung sounds")
    choice = maya.get_by_role("dialog", name="Who should send heart and lung sounds?")
    button.click()
    choice.get_by_role("button", name="Liz Moreno, patient").wait_for()
    examine(maya, "whose-sounds")
    choice.get_by_role("button", name="Rosa Diaz, helper on site").click()
    heard.get_by_text("Rosa Diaz was asked to turn it on.").wait_for()
    hers.wait_for()
    rosa.get_by_text("If the patient has a device of their own in this room, mute it.").wait_for()
    examine(rosa, "helper-sounds-asked")
    rosa.get_by_role("button", name="Turn it on").click()
    heard.get_by_text("Rosa Diaz: Whole sound, nothing taken out.").wait_for()
    rosa.get_by_role("heading", name="hears the patient’s heart and lungs now.").wait_for()
    assert own.is_hidden(), "she isn't asked"
    heard.get_by_role("button", name="End it").click()
    hers.wait_for(state="hidden")
    rosa.get_by_role("button", name="Turn it off").wait_for(state="hidden")
    assert button.evaluate("(button) => button === document.activeElement"), "back where she was"
    button.click()
    choice.get_by_role("button", name="Liz Moreno, patient").click()
    own.wait_for()
    liz.get_by_role("button", name="Turn it on").click()
    heard.get_by_text("Liz Moreno: Whole sound, nothing taken out.").wait_for()
    assert rosa.locator("[data-call=sounds]").is_hidden()
    liz.get_by_role("button", name="Turn it off").click()
    heard.wait_for(state="hidden")
    maya.get_by_text("Liz Moreno does not send heart and lung sounds now.").first.wait_for()
