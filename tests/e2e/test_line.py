"""See someone now: who waits on a phone, who calls at a desk, and the front desk that watches both, in two Chromiums."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import PHONE, Demo, someone, wait_until
from tests.e2e.keyboard import Keyboard
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]

NORA = walk.NORA
OMAR = walk.Newcomer("Omar", "Haddad", "1990-05-14", "omar@haddad.example", "503-555-0171")
ROUTES = {"line-place": "scheduling:queue-entry", "line-join": "scheduling:queue-join"}
"""Pages of this story that `test_every_page.py` counts on."""


def get_in_line(page: Any, person: walk.Newcomer, *, look: bool = False) -> None:
    """Get in line for urgent care in Oregon, without an account, from the clinic's page."""
    page.goto("/o/larkspur/")
    page.get_by_role("link", name=re.compile("^See someone now.*Urgent care")).click()
    page.get_by_label("Where are you now?").select_option(walk.PORTLAND.code)
    page.get_by_role("button", name="Show the line").click()
    clock = page.get_by_role("radio", name=re.compile("Pacific Time"))  # two of them run in Oregon
    clock.or_(page.get_by_text("You are in Oregon now.")).first.wait_for()
    if clock.count():
        clock.check()
        page.get_by_role("button", name="Show the line").click()
    page.get_by_text("You are in Oregon now.").wait_for()
    if look:
        examine(page, "line-join", route=ROUTES["line-join"])
    page.get_by_label("None of these").check()
    page.get_by_label("What is it about?").fill("A cough for a week")
    page.get_by_label("First name").fill(person.given)
    page.get_by_label("Last name").fill(person.family)
    page.get_by_label("Date of birth").fill(person.born)
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Phone").fill(person.phone)
    page.get_by_label("I have read this and I agree").check()
    page.get_by_role("button", name="Get in line").click()
    page.get_by_role("heading", name=re.compile("You’re next|before you")).wait_for()


def test_who_waits_is_called_and_both_meet(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    with (
        someone(chromium, demo, None, size=PHONE) as nora,
        someone(chromium, demo, None, size=PHONE) as omar,
        someone(other_chromium, demo, "Dr. Daniel Whitfield") as daniel,
        someone(other_chromium, demo, "Grace Lin") as grace,
    ):
        get_in_line(nora, NORA, look=True)
        nora.get_by_text("Nobody who may see you is here at the moment").wait_for()
        desk, his = Keyboard(grace), Keyboard(daniel)  # who works here can leave the mouse alone
        his.press("Waiting now")
        daniel.get_by_role("button", name="Take people from the line").wait_for()
        examine(daniel, "line-off-duty")
        his.press("Take people from the line")
        # Her page follows by itself: somebody for her is here now.
        nora.get_by_text("may treat you in Oregon").wait_for()
        get_in_line(omar, OMAR)
        omar.get_by_role("heading", name="1 person before you").wait_for()
        examine(nora, "line-place", route=ROUTES["line-place"])
        daniel.get_by_text("Omar Haddad").first.wait_for()
        examine(daniel, "line-waiting")
        desk.press("The line")
        grace.get_by_text("The line is watched").wait_for(timeout=30_000)
        examine(grace, "line-board")
        omar.locator("summary", has_text="Call me instead").click()
        omar.get_by_role("button", name="Call me").click()
        omar.get_by_role("heading", name="We call you").wait_for()
        grace.get_by_role("heading", name="To be called").wait_for()
        examine(grace, "line-board-calls")

        nora.bring_to_front()
        his.press("See next")
        daniel.wait_for_url("**/visits/**")
        visit = re.search(r"/visits/([0-9a-f-]{36})/", daniel.url)
        assert visit, daniel.url
        # No click: her page goes on, and the way into a visit is the one of every visit.
        walk.check_devices(nora)
        walk.check_in(nora, walk.PORTLAND, at_home=False)
        walk.let_in(nora, daniel, visit.group(1), given="Nora")
        daniel.goto("/o/larkspur/queue/")
        daniel.get_by_text("With you now").wait_for()


def test_who_left_the_page_gets_a_letter_with_a_link_back(demo: Demo, chromium: Any) -> None:
    person = walk.Newcomer("Ada", "Reyes", "1979-03-03", "ada@reyes.example", "503-555-0119")
    with someone(chromium, demo, None, size=PHONE) as ada:
        get_in_line(ada, person)
        place = ada.url
        ada.goto("/demo/mailbox/")
        letter = ada.get_by_role("link").filter(has_text=person.email)

        def arrived() -> bool:
            ada.reload()
            return bool(letter.count())

        wait_until("the letter with her place", arrived, 30, 0.5)
        letter.first.click()
        link = ada.locator("a[href*='/go/']").first.get_attribute("href")
        ada.context.clear_cookies()
        ada.goto(link)
        assert ada.url == place
        ada.get_by_role("button", name="Leave the line").click()
        ada.get_by_role("heading", name="You have left the line").wait_for()
        ada.get_by_role("button", name="Undo").first.click()
        ada.get_by_role("heading", name=re.compile("You’re next|before you")).wait_for()


def test_a_board_that_stays_open_says_that_nobody_looks_after_the_line(demo: Demo, chromium: Any) -> None:
    """A worker that stands still says nothing to anybody; the page must find out by itself."""
    with someone(chromium, demo, "Grace Lin") as grace:
        grace.goto("/o/larkspur/home/queue/")
        grace.get_by_text("The line is watched").wait_for()
        with demo.held("worker"):
            grace.get_by_text("Nobody looks after the line").wait_for(timeout=150_000)
        grace.get_by_text("The line is watched").wait_for(timeout=90_000)
