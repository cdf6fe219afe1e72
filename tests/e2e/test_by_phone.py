"""The way out: the patient's line dies within the call, she dials in, both are on the phone, the note is signed, the claim
says how. The line is cut beneath the browser, which goes on believing that it is online."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import PATIENCE, PHONE, someone, wait_until
from tests.e2e.looks import examine, findings, look, wider_than_its_window
from tests.e2e.network.homes import OUTAGE, Homes, two_homes
from tests.e2e.test_walk import CITATION, override_identity

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.netns, pytest.mark.timeout(600)]
LIZ, MAYA = "845-555-0142", "518-555-0123"


class Telephones:
    """The demo's page of telephones."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def of(self, number: str) -> Any:
        """Return the newest call of a telephone."""
        area, middle, last = number.split("-")
        return self.page.get_by_role("group", name=f"({area}) {middle}-{last}").first

    def dial(self, number: str, code: str) -> None:
        """Dial the clinic's number from a telephone and type a code."""
        self.page.goto("/demo/phone/")
        self.page.get_by_label("From").fill(number)
        self.page.get_by_role("button", name="Dial").click()
        self.until(number, "eight digits")
        self.of(number).get_by_label("Digits").fill(code)
        self.of(number).get_by_role("button", name="Type").click()
        self.page.wait_for_load_state()

    def hang_up(self, number: str) -> None:
        """End the newest call of a telephone."""
        self.page.goto("/demo/phone/")
        self.of(number).get_by_role("button", name="Hang up").click()
        self.until(number, "over")

    def until(self, number: str, text: str) -> None:
        """Look again until a telephone shows something."""
        wait_until(text, lambda: self.page.goto("/demo/phone/") and self.of(number).get_by_text(text).count(), 45, 0.3)


def code_on(page: Any) -> str:
    """Return the code that a page shows, as its reader would type it."""
    return re.sub(
        r"\D", "", page.locator(".visit-digits").filter(has_text=re.compile(r"^\d{4} \d{4}$")).first.inner_text()
    )


@pytest.fixture
def homes() -> Iterator[Homes]:
    """Give two homes, and others to a second try: the first one used the visit up."""
    with two_homes() as found:
        yield found


def stands_still(page: Any) -> bool:
    """Whether nothing of the other side's picture comes for two seconds."""
    before = page.evaluate(walk.FRAMES)
    time.sleep(2)
    return bool(page.evaluate(walk.FRAMES) == before)


def test_the_network_is_dead_and_the_visit_goes_on_by_phone(homes: Homes) -> None:
    with ExitStack() as stack:
        liz = stack.enter_context(someone(homes.far, homes.demo, "Liz Moreno", size=PHONE))
        maya = stack.enter_context(someone(homes.near, homes.demo, "Dr. Maya Chen"))
        phones = Telephones(stack.enter_context(someone(homes.near, homes.demo, None)))
        liz.get_by_role("link", name="Check in and join").click()
        liz.get_by_role("heading", name="By phone").wait_for()
        liz.get_by_role("link", name="Go on without the check").click()
        walk.check_in(liz)
        liz.wait_for_url("**/waiting/")
        found = re.search(r"/visits/([0-9a-f-]{36})/", liz.url)
        assert found
        code = code_on(liz)
        examine(liz, "by-phone-waiting")
        # While she waits she may be on the phone as well as on her page.
        phones.dial(LIZ, code)
        phones.until(LIZ, "lets you in")
        maya.goto(f"/o/larkspur/visits/{found[1]}/")
        maya.get_by_text("waits on the line").wait_for()
        examine(maya, "by-phone-door")
        phones.hang_up(LIZ)
        walk.let_in(liz, maya, found[1])

        liz.watch.expect(*OUTAGE)
        homes.network.link.set(cut=True)
        wait_for("it is said", lambda: "We lost the connection." in liz.locator("[data-call=notice]").inner_text(), 20)
        wait_for("the fault is real: nothing comes", lambda: stands_still(maya), 30)
        phones.dial(LIZ, code)
        phones.until(LIZ, "lets you in")
        maya.get_by_role("button", name="Let Liz Moreno in by phone").click()
        maya.get_by_text("you don’t hear each other").wait_for(timeout=45_000)
        phones.until(LIZ, "in the visit’s room")
        beside = maya.locator(".visit-phonebox")
        beside.get_by_text("Use the phone").click()
        own = code_on(maya)
        assert own != code
        phones.dial(MAYA, own)
        maya.get_by_role("button", name="That is me: put me in").click(timeout=45_000)
        beside.get_by_text("on the phone", exact=True).nth(1).wait_for(timeout=45_000)
        phones.until(MAYA, "in the visit’s room")
        both_talk_since = time.monotonic()
        beside.get_by_text("Why by phone, without a picture?").click()
        beside.get_by_label("The patient can’t use video").check()
        beside.get_by_role("button", name="Keep").click()
        maya.get_by_text("Kept.").wait_for()
        look(maya, "by-phone-room")
        assert [*findings(maya), *wider_than_its_window(maya)] == []
        examine(phones.page, "telephones")
        walk.write_note(maya)
        override_identity(maya)
        # A claim rests on whole minutes: both talk for more than one.
        phones.page.wait_for_timeout(max(0.0, 62 - (time.monotonic() - both_talk_since)) * 1000)
        maya.get_by_role("button", name="End and sign").click()
        maya.get_by_role("heading", name="Before you sign", exact=True).wait_for()
        examine(maya, "by-phone-sign")
        maya.get_by_role("button", name="Sign note").click()
        maya.get_by_role("heading", name=re.compile("Add an addendum|Addenda")).wait_for()
        phones.until(LIZ, "This visit is over")
        maya.goto(f"/o/larkspur/visits/{found[1]}/")
        maya.get_by_text("not verified: the phone company could hear").wait_for()
        examine(maya, "by-phone-over")
    with someone(homes.near, homes.demo, "Marcus Hale") as marcus:
        claims = marcus.get_by_role("link", name=re.compile("Liz Moreno"))
        wait_until("the draft", lambda: marcus.goto("/o/larkspur/claims/") and claims.count() > 1, PATIENCE, 0.5)
        claims.first.click()
        lines = marcus.get_by_role("table", name="Lines of the claim").inner_text()
        examine(marcus, "by-phone-claim")
        assert re.search(r"\b93\b", lines), lines
        assert CITATION.search(lines)
