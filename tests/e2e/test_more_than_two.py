"""Booked together: Liz, her clinician, an interpreter from outside and a nurse of the clinic; all come into the call."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import PATIENCE, PHONE, Demo, look, someone, wait_until
from tests.e2e.looks import examine
from tests.e2e.test_group_visit import OF_THE_PATIENT, PAIRS, open_people

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]
INES = "ines@vega.example"
COLLEAGUES = ("Priya Nair", "Dr. Daniel Whitfield")


@pytest.fixture(scope="module")
def chromium(browsers: Callable[..., Any]) -> Any:
    """Give a Chromium whose camera is slow: twelve pictures are made and drawn at once on these two cores."""
    return browsers(fps=6)


def letter_to(page: Any, demo: Demo, to: str) -> str:
    """Wait for the newest letter to somebody; return the link in it."""

    def letters() -> Any:
        page.goto(demo.url("/demo/mailbox/"))
        return page.get_by_role("link").filter(has_text=to)

    wait_until("the invitation to arrive", lambda: letters().count(), PATIENCE, 0.5)
    letters().first.click()
    assert page.get_by_role("link", name=re.compile(r"\.ics")).count() == 1
    return str(page.locator("a[href*='/invited/']").first.get_attribute("href"))


def with_an_interpreter(page: Any, name: str) -> None:
    """Say on the form that books that an interpreter comes along."""
    if name != "book":
        return
    page.get_by_text("Does somebody come with you?").click()
    page.get_by_label("Comes as").select_option("interpreter")
    page.get_by_label(re.compile("^Name")).fill("Ines Vega")
    page.get_by_label("Language that is interpreted").fill("Spanish")
    page.get_by_label("E-mail of this person").fill(INES)
    look(page, "more-than-two-book")


def with_a_colleague(desk: Any, appointment: str) -> str:
    """Book the first colleague who is free then, as a nurse; return who it is."""
    desk.goto(f"/o/larkspur/appointments/{appointment}/")
    desk.get_by_role("link", name="Book a colleague or somebody from outside too").click()
    for name in COLLEAGUES:
        desk.get_by_label("Colleague", exact=True).select_option(label=name)
        desk.locator("#colleague-role").select_option("nurse")
        desk.get_by_role("button", name="Book this colleague").click()
        booked, busy = desk.get_by_text(f"{name} is booked too."), desk.get_by_text(f"Not free at this time: {name}.")
        booked.or_(busy).first.wait_for()
        if booked.count():
            return name
    raise AssertionError("nobody is free then")


def test_all_who_are_booked_come_into_the_call(demo: Demo, chromium: Any) -> None:
    with ExitStack() as stack:
        liz, maya, desk = (
            stack.enter_context(someone(chromium, demo, name)) for name in ("Liz Moreno", "Dr. Maya Chen", "Grace Lin")
        )
        mailbox = stack.enter_context(someone(chromium, demo, None))
        ines = stack.enter_context(someone(chromium, demo, None))
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen", see=with_an_interpreter)
        assert liz.get_by_text("Ines Vega").is_visible()
        liz.get_by_role("link", name="Bring somebody, or ask for an interpreter").click()
        examine(liz, "more-than-two-own", route="scheduling:appointment-people")
        colleague = with_a_colleague(desk, visit)
        examine(desk, "more-than-two-desk", route="scheduling:appointment-people")
        nurse = stack.enter_context(someone(chromium, demo, colleague))
        link = letter_to(mailbox, demo, INES)
        ines.goto(link)
        ines.get_by_text(re.compile("It has not begun.|The patient is not there yet.")).wait_for()
        assert not OF_THE_PATIENT.search(ines.locator("main").inner_text())
        examine(ines, "more-than-two-link", route="scheduling:person-link")

        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        walk.let_in(liz, maya, visit)
        ines.get_by_role("link", name="Look again").click()
        ines.get_by_role("button", name="Join").click()
        ines.get_by_role("heading", name="One moment").wait_for()
        nurse.goto("/o/larkspur/home/")
        nurse.get_by_role("link", name=re.compile("asks you into a visit")).click()
        open_people(maya)
        for name in ("Ines Vega", colleague):
            maya.get_by_role("button", name=f"Let {name} in").click()
        people = {"Liz Moreno": liz, "Dr. Maya Chen": maya, "Ines Vega": ines, colleague: nurse}
        for name, page in people.items():
            others = set(people) - {name}
            wait_for(f"{name} is connected with {others}", lambda p=page, o=others: up(p) == o, 120)

        late = stack.enter_context(someone(chromium, demo, None, size=PHONE))
        late.watch.expect("status of 409")
        late.goto(link)
        late.get_by_role("heading", name="This seat is taken").wait_for()


def up(page: Any) -> set[str]:
    """Return with whom a page is connected, and of whom it shows pictures."""
    return {name for name, frames in page.evaluate(PAIRS).items() if frames > 0}
