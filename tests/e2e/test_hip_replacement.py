"""Joe is to have a hip replaced: his team and his daughter meet without him, then with him, and one plan has its owners.

Dr. Chen is the surgeon here, Priya Nair the physiotherapist, Dr. Whitfield the nurse; Nina is his daughter, who comes by a
link. Surgeon and daughter have a Chromium each, and the others one of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import DESKTOP, PATIENCE, PHONE, Demo, look, someone
from tests.e2e.looks import ZOOMED, findings, wider_than_its_window
from tests.e2e.test_group_visit import close_people, open_people, row_of, up
from tests.e2e.test_team_meeting import CALLS, looks
from tests.e2e.test_walk import finish, letters_to, newest_letter, override_identity
from webside.core import clock

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]

JOE, BORN = "joe@novak.example", "06/12/1957"
MAYA, PRIYA, DANIEL, NINA = "Dr. Maya Chen", "Priya Nair", "Dr. Daniel Whitfield", "Nina Novak"
PLAN = "Your new hip"
BEFORE = ("Eat nothing after midnight", "Joe Novak", 11)
AFTER = ("Take the stitches out", DANIEL, 26)
"""A step of the plan: what, whose, in how many days. He is operated on in twelve."""
NOTE = {
    "subjective": "Hip replacement on the right in twelve days. His team and his daughter met before and with him.",
    "assessment": "Osteoarthritis of the right hip, ready for the operation.",
    "plan": "One plan, gone through with him.",
}


class Story:
    """Who comes to Joe's visit, each on a page of their own."""

    def __init__(self, demo: Demo, browsers: Callable[..., Any], stack: ExitStack) -> None:
        # Few pictures, small windows: four calls are carried at once on two cores. That all move, test_mesh.py holds.
        surgeon, daughter, others = (browsers(fps=4) for _ in range(3))
        self.maya = stack.enter_context(someone(surgeon, demo, MAYA))
        self.nina = stack.enter_context(someone(daughter, demo, None, size=PHONE))
        self.joe = stack.enter_context(someone(others, demo, None, size=PHONE))
        self.priya = stack.enter_context(someone(others, demo, PRIYA, size=PHONE))
        self.daniel = stack.enter_context(someone(others, demo, DANIEL, size=PHONE))
        self.maya.watch.expect("status of 409")  # Nina is refused until he has said yes
        self.visit = self._booked(demo, others)

    def _booked(self, demo: Demo, browser: Any) -> str:
        """Let the front desk book for him; he opens the link of his letter."""
        with someone(browser, demo, None) as mailbox:
            before = letters_to(mailbox, demo, JOE).count()
            with someone(browser, demo, "Grace Lin") as desk:
                desk.goto("/o/larkspur/home/book/")
                desk.locator("#q").fill("Novak")
                desk.get_by_role("button", name="Find").click()
                desk.get_by_role("link", name="Book for Joe").click()
                desk.locator("li").filter(has_text="Same-day video visit").get_by_role("link", name="See times").click()
                desk.get_by_label("Where will the patient be?").select_option("NY")
                desk.get_by_role("button", name="Show times there").click()
                desk.locator("label.ws-slot").filter(has_text="Maya Chen").first.click()
                desk.get_by_role("button", name="Book this time").click()
                desk.wait_for_url("**/home/**")
            link, _ = newest_letter(mailbox, demo, JOE, after=before)
        self.joe.goto(link)
        found = re.search(r"/(?:visits|appointments)/([0-9a-f-]{36})/", self.joe.url)
        assert found, self.joe.url
        return found[1]

    def come(self) -> None:
        """Joe checks in, as he does at each visit."""
        self.joe.goto(f"/o/larkspur/visits/{self.visit}/check-in/")
        walk.check_in(self.joe)
        self.joe.wait_for_url("**/waiting/")

    def ask_colleague(self, name: str, role: str) -> None:
        """Ask a colleague into the meeting, and let them in from the lobby."""
        maya, page = self.maya, {PRIYA: self.priya, DANIEL: self.daniel}[name]
        with maya.expect_response("**/people/ask/"):  # what is chosen before the list has come is gone
            maya.locator(".visit-asking > summary").filter(has_text="Ask a colleague in").click()
        maya.get_by_label("Colleague").select_option(label=name)
        maya.locator("#colleague-role").select_option(role)
        maya.get_by_role("button", name="Ask in", exact=True).click()
        maya.get_by_text(f"{name} was asked in").wait_for()
        page.goto("/o/larkspur/home/")
        # The list of the day is drawn anew as people come and go, under a press too.
        page.goto(page.get_by_role("link", name=re.compile(f"{MAYA} asks you into a visit")).get_attribute("href"))
        page.get_by_role("heading", name="One moment").wait_for()
        page.get_by_role("button", name="Camera off").click()
        maya.get_by_role("button", name=f"Let {name} in").click()

    def ask_daughter(self) -> None:
        """Ask Nina in by a link; she comes to the lobby with it."""
        maya, nina = self.maya, self.nina
        maya.locator(".visit-asking > summary").filter(has_text="by a link").click()
        maya.get_by_label("Name", exact=True).fill(NINA)
        maya.locator("#ask-role").select_option("family")
        maya.get_by_label("To the patient").first.select_option("child")
        maya.get_by_role("button", name="Make the link").click()
        maya.get_by_text(f"The link for {NINA}").wait_for()
        nina.goto(str(maya.locator("#asked-link").input_value()))
        nina.get_by_role("button", name="Join").click()
        nina.get_by_role("heading", name="One moment").wait_for()


def together(pages: dict[str, Any]) -> None:
    """Wait until each is connected with each other, and with nobody else."""
    for name, page in pages.items():
        others = set(pages) - {name}
        wait_for(f"{name} is connected with {others}", lambda p=page, o=others: up(p) == o, 120)


def fill_in(maya: Any, step: tuple[str, str, int]) -> None:
    """Add a step to the plan beside the call, with its owner and its day."""
    what, owner, days = step
    plans = maya.locator("#chart-plans")
    plans.get_by_text("Add a step", exact=True).first.click()
    plans.get_by_label("What is to be done").first.fill(what)
    owners = plans.get_by_label("Who does it").first
    owners.select_option(label=next(each for each in owners.locator("option").all_inner_texts() if owner in each))
    plans.get_by_label("By when").first.fill((clock.now().date() + timedelta(days=days)).isoformat())
    plans.get_by_role("button", name="Add the step").first.click()
    plans.get_by_role("status").get_by_text("The step is added.").wait_for()


def test_a_plan_for_a_new_hip_made_without_him_and_agreed_with_him(demo: Demo, browsers: Callable[..., Any]) -> None:
    with ExitStack() as stack:
        story = Story(demo, browsers, stack)
        maya, priya, daniel, nina, joe = story.maya, story.priya, story.daniel, story.nina, story.joe

        # Without him: he has not come yet.
        maya.goto(f"/o/larkspur/visits/{story.visit}/")
        maya.get_by_role("button", name="Meet the team first").click()
        maya.get_by_text("You meet without Joe").wait_for()
        open_people(maya)
        story.ask_colleague(PRIYA, "specialist")
        story.ask_colleague(DANIEL, "nurse")
        team = {MAYA: maya, PRIYA: priya, DANIEL: daniel}

        # His daughter, only after his yes.
        story.ask_daughter()
        maya.get_by_role("button", name=f"Let {NINA} in").click()
        maya.get_by_text("only if Joe has said yes").wait_for()
        maya.get_by_role("button", name="Ask Joe for a yes").click()
        story.come()
        joe.get_by_text(f"may {NINA} (son or daughter) talk with your care team").wait_for()
        assert maya.locator(".visit-makesroom").count() == 0, "there is a place for him as yet"
        joe.get_by_role("button", name="Yes, they may").click()
        maya.get_by_text("Joe said yes").wait_for()
        maya.get_by_role("button", name=f"Let {NINA} in").click()
        four = team | {NINA: nina}
        together(four)
        assert joe.url.endswith("/waiting/"), "he hears nothing of it"

        # The plan: who does what, a day before the operation and one after it.
        for step in (BEFORE, AFTER):
            fill_in(maya, step)

        # The call is full: she says who makes room, and nothing goes before she has.
        maya.get_by_text("Who makes room for Joe?").wait_for()
        for page in (priya, nina):
            open_people(page)
            page.get_by_text("When Joe comes in, Dr. Maya Chen says who makes room").wait_for()
            close_people(page)
        looks(maya, "hip-full")
        let_in = maya.get_by_role("button", name="Let Joe in")
        let_in.click()
        assert maya.evaluate("document.activeElement.name") == "makes_room", "the browser asks for an answer"
        assert joe.url.endswith("/waiting/") and up(maya) == {PRIYA, DANIEL, NINA}
        assert all(maya.evaluate(CALLS).values()) and all(priya.evaluate(CALLS).values())
        maya.get_by_label(re.compile(f"^{DANIEL}, ")).check()
        let_in.click()
        daniel.get_by_role("heading", name="It’s your turn to wait").wait_for()
        daniel.get_by_text(f"Stay on this page: {MAYA} lets you in again when there is a place.").wait_for()
        lobby(daniel)
        joe.wait_for_url(f"**/visits/{story.visit}/")
        with_him = {MAYA: maya, PRIYA: priya, NINA: nina, "Joe Novak": joe}
        together(with_him)
        kept = maya.evaluate(CALLS)
        assert kept[PRIYA] and kept[NINA], "with the others it is one call all the while"

        # They take turns: the nurse says her step, the physiotherapist waits.
        open_people(maya)
        maya.locator("summary").filter(has_text=f"Let {DANIEL} in, take turns").click()
        turns = row_of(maya, DANIEL)
        turns.get_by_label(re.compile(f"^{PRIYA}, ")).check()
        turns.get_by_role("button", name="Take turns").click()
        maya.get_by_text(f"{PRIYA} is in the lobby now").wait_for()
        priya.get_by_role("heading", name="It’s your turn to wait").wait_for()
        together({MAYA: maya, DANIEL: daniel, NINA: nina, "Joe Novak": joe})

        # A place becomes free, and the clinician is told who waits for one.
        row_of(maya, NINA).get_by_role("button", name="Back to the lobby").click()
        nina.get_by_role("heading", name="One moment").wait_for()
        wait_for(
            "the place is said",
            lambda: (
                f"There is a place in the call again for {PRIYA}"
                in maya.locator("[data-call=people-note]").inner_text()
            ),
        )
        maya.get_by_role("button", name=f"Let {PRIYA} in").click()
        together({MAYA: maya, PRIYA: priya, DANIEL: daniel, "Joe Novak": joe})

        # Gone through with him, and agreed.
        maya.locator("#chart-plans").get_by_role("button", name=f"Agreed now {PLAN}").click()
        maya.locator("#chart-plans").get_by_text("Agreed", exact=True).wait_for()
        for part, text in NOTE.items():
            maya.locator(f"#part-{part}").fill(text)
        maya.get_by_role("combobox", name=re.compile("Find a diagnosis")).press_sequentially("M16.11", delay=15)
        maya.get_by_role("option", name=re.compile(re.escape("M16.11"))).click()
        maya.locator("[data-dx-list]").get_by_text("M16.11").first.wait_for()
        maya.get_by_label("Decision-making").select_option("moderate")
        walk.saved(maya)
        override_identity(maya)
        finish(joe, maya, after="0:15")

        # What he has in his hands afterwards.
        joe.wait_for_url("**/summary/who/", timeout=PATIENCE * 1000)
        joe.get_by_label("Date of birth").fill(BORN)
        joe.get_by_role("button", name="Go on to the summary").click()
        agreed = joe.get_by_role("region", name=f"The plan that we agreed on: {PLAN}")
        agreed.wait_for()
        there = agreed.inner_text()
        for what, owner, _ in (BEFORE, AFTER):
            step = agreed.locator("li").filter(has_text=what)
            assert re.search(rf"{owner} · by \w+", step.inner_text()), step.inner_text()
        assert f"There: Joe Novak, {MAYA}, {PRIYA}, {DANIEL}." in there, "and not who was in the lobby then"
        looks(joe, "hip-summary")


def lobby(page: Any) -> None:
    """Look at the page of who made room, at both widths and enlarged: it names nobody of the visit but who runs it."""
    assert "Joe" not in page.locator("main").inner_text()
    for size, window in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(window)
        look(page, f"hip-lobby-{size}")
        assert wider_than_its_window(page) == []
        assert findings(page) == []
    page.set_viewport_size(ZOOMED)
    assert wider_than_its_window(page) == []
    page.set_viewport_size(DESKTOP)
