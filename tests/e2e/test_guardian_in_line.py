"""A mother and her son: recorded by the front desk, put in line by her, seen by a doctor while she is there."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import PHONE, Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]


def record_the_mother(desk: Any) -> None:
    """Register Noah, see that nobody books for a child on the phone, and record his mother after seeing a document."""
    desk.goto("/o/larkspur/home/book/")
    desk.get_by_text("Register somebody new").click()
    new = desk.locator("#new")
    new.get_by_label("First name").fill("Noah")
    new.get_by_label("Last name").fill("Moreno")
    new.get_by_label("Date of birth").fill(f"{date.today().year - 6}-03-01")  # noqa: DTZ011 - six years, more or less
    new.get_by_label("Phone").fill("845-555-0166")
    new.get_by_label("Lives in").select_option("NY")
    new.get_by_role("button", name="Register and go on").click()
    desk.get_by_role("heading", name="Noah Moreno").wait_for()
    desk.get_by_role("link", name="See times").first.click()
    desk.get_by_text("A parent or guardian books for a child").wait_for()
    examine(desk, "book-for-a-child")
    desk.get_by_role("link", name="Who may act for this person").click()
    desk.get_by_role("textbox", name="Name").fill("Ana Moreno")
    desk.get_by_label("E-mail").fill("ana@moreno.example")
    desk.get_by_label("What are they to the patient?").select_option("MTH")
    desk.get_by_label("Parent or guardian of a minor").check()
    desk.get_by_label("Which document did you see?").fill("Birth certificate 1234, State of New York")
    desk.locator("form").filter(has=desk.get_by_label("Which document did you see?")).get_by_role("button").last.click()
    desk.get_by_text("has not said yes yet").first.wait_for()


def say_yes(ana: Any) -> None:
    """Open the invitation's letter and accept."""

    def invitation() -> str | None:
        ana.goto("/demo/mailbox/")
        for letter in ana.get_by_role("link", name=re.compile("Noah|guardian|asked to help|act for")).all():
            letter.click()
            found = re.search(r"/o/larkspur/acting/invitation/[^/\"]+/", ana.content())
            if found:
                return found.group(0)
            ana.go_back()
        return None

    ana.goto(wait_until("the invitation's letter", invitation))
    ana.get_by_role("button", name="Say yes").click()
    ana.get_by_text("You can act for Noah Moreno now.").wait_for()


def test_a_mother_puts_her_son_in_line_and_is_with_him(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    with (
        someone(other_chromium, demo, "Grace Lin") as desk,
        someone(chromium, demo, "Ana Moreno", size=PHONE) as ana,
        someone(other_chromium, demo, "Dr. Maya Chen") as maya,
    ):
        record_the_mother(desk)
        say_yes(ana)
        ana.goto("/o/larkspur/home/")
        ana.get_by_role("button", name="Act for Noah", exact=True).click()
        ana.get_by_role("heading", name="Noah’s care").wait_for()

        maya.goto("/o/larkspur/queue/")
        maya.get_by_role("button", name="Take people from the line").click()
        maya.get_by_role("button", name="Take no more people").wait_for()
        ana.goto("/o/larkspur/")
        ana.get_by_role("link", name=re.compile("^See someone now.*Urgent care")).click()
        where = ana.get_by_label("Where are you now?")
        where.or_(ana.get_by_text("You are in New York now.")).first.wait_for()
        if where.count():
            where.select_option("NY")
            ana.get_by_role("button", name="Show the line").click()
        ana.get_by_text("You are in New York now.").wait_for()
        ana.get_by_label("None of these").check()
        ana.get_by_label("What is it about?").fill("His ear hurts since last night")
        ana.get_by_label("Phone").fill("845-555-0166")
        ana.get_by_role("button", name="Get in line").wait_for()  # below what may be asked
        if ana.get_by_label("I have read this and I agree").count():
            ana.get_by_label("I have read this and I agree").check()
        ana.get_by_role("button", name="Get in line").click()
        ana.get_by_role("heading", name=re.compile("You’re next|before you")).wait_for()

        maya.get_by_text("Noah Moreno").first.wait_for()
        maya.get_by_role("button", name="See next").click()
        maya.wait_for_url("**/visits/**")
        visit = re.search(r"/visits/([0-9a-f-]{36})/", maya.url)
        assert visit, maya.url
        ana.get_by_role(
            "heading", name=re.compile("Get ready for your visit|Before your visit|Check in")
        ).first.wait_for()
        walk.check_devices(ana)
        walk.check_in(ana, at_home=False)
        walk.let_in(ana, maya, visit[1], given="Noah")
        ana.get_by_text("You are acting for").first.wait_for()
