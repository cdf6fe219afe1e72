"""What people do on the way from booking to the signed note, each step as they would do it.

A step takes the page it happens on and leaves the page where the next step begins. ``see`` is called
with a page and its name at each place worth looking at; it does nothing unless a test wants to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import TimeoutError as Late

from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import wait_until

See = Callable[[Any, str], None]
FRAMES = "document.querySelector('[data-call=remote]')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
CHECK_IN = re.compile("^Check in$|^Check-in opens later$")
CALL = "[data-behavior~=visits-call]"


def unseen(_page: Any, _name: str) -> None:
    """Look at nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient is: the state's code and an address there."""

    code: str
    state: str
    street: str
    city: str
    postal_code: str


KINGSTON = Place("NY", "New York", "41 Wall Street, Apt 2", "Kingston", "12401")
PORTLAND = Place("OR", "Oregon", "500 SW 5th Avenue", "Portland", "97204")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who books without an account. ``born`` as a form takes it, YYYY-MM-DD."""

    given: str
    family: str
    born: str
    email: str
    phone: str


NORA = Newcomer("Nora", "Quinn", "1984-02-29", "nora@quinn.example", "845-555-0163")


def book(
    page: Any,
    service: str,
    *,
    place: Place = KINGSTON,
    who: str = "",
    person: Newcomer | None = None,
    see: See = unseen,
) -> str:
    """Book the next free time of a service (of ``who``), as whoever is signed in or as a newcomer.

    Returns the appointment's id, which is the visit's too. Raises AssertionError when it wasn't booked.
    """
    page.goto("/o/larkspur/")
    see(page, "clinic")
    page.get_by_role("link", name=service, exact=True).click()
    page.get_by_role("heading", name=service, exact=True).wait_for()
    elsewhere = page.get_by_role("link", name="I’ll be somewhere else")
    where = page.get_by_label("Where will you be during the visit?")
    elsewhere.or_(where).first.wait_for()
    if elsewhere.count():
        elsewhere.click()
        where.wait_for()
    see(page, "service-place")
    where.select_option(place.code)
    page.get_by_role("button", name="Show times").click()
    times = page.locator("label.ws-slot").filter(has_text=who)
    times.first.wait_for()
    see(page, "service-times")
    times.first.click()
    page.get_by_role("button", name=re.compile("^(Go on|Go on with this time)$")).locator("visible=true").first.click()
    page.get_by_role("heading", name="Check and book").wait_for()
    page.get_by_label(re.compile("like to talk about")).fill("My sugar is high in the mornings.")
    if person:
        page.get_by_label("First name").fill(person.given)
        page.get_by_label("Last name").fill(person.family)
        page.get_by_label("Date of birth").fill(person.born)
        page.get_by_label("E-mail", exact=True).fill(person.email)
        page.get_by_label("Phone", exact=True).fill(person.phone)
    page.get_by_role("button", name="Book this visit").wait_for()  # below what may be asked
    agreement = page.get_by_label("I have read this and I agree")
    if agreement.count():
        agreement.check()
    see(page, "book")
    page.get_by_role("button", name="Book this visit").click()
    page.get_by_role("heading", name="Your visit is booked").wait_for()
    see(page, "booked")
    found = re.search(r"/appointments/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found.group(1)


UNMEASURED = "You reach the clinic well. How much your line carries was not measured."
LINE = re.compile(f"Good for video.|{UNMEASURED}")
"""Only a relay can measure it, and that is there from an hour before the visit."""


READY = "You are ready for a video visit."


def settled(page: Any) -> str:
    """Return the verdict of the check, or nothing while it runs."""
    said = page.locator("[data-behavior=visits-device-check][data-attached] [data-check-verdict]").inner_text()
    return "" if said == "Checking" else str(said)


def verdict(page: Any, wanted: str, check_again: Callable[[], None]) -> str:
    """Return what the check says in the end. On a busy machine the clinic may answer too late: it is made three times at most."""
    for _ in range(2):
        if wait_until("a verdict", lambda: settled(page)) == wanted:
            break
        check_again()
    return str(wait_until("a verdict", lambda: settled(page)))


def check_devices(page: Any, *, see: See = unseen) -> None:
    """Check camera, microphone, speaker and network, and go on."""
    page.get_by_role("heading", name="Get ready for your visit").wait_for()
    check = page.get_by_role("button", name="Check now")
    check.click()
    page.get_by_role("button", name="Play a chime").click()
    page.get_by_role("button", name="I heard it").click()
    verdict(page, READY, check.click)
    for words in ("Your camera works.", "We hear you.", LINE, READY):
        try:
            page.get_by_text(words).locator("visible=true").first.wait_for(timeout=40_000)
        except Late as late:
            rows = page.locator("[data-check]").all_inner_texts()
            raise AssertionError(f"{words} was not found: {rows}") from late
    page.locator("[data-check=speaker][data-result=works]").wait_for()
    see(page, "device-check")
    page.get_by_role("button", name="Keep this and go on").click()
    page.get_by_role("heading", name=CHECK_IN).wait_for()


def come_and_wait(page: Any) -> str:
    """Go from the patient's home to the waiting room, without the check of the devices; return the visit's id."""
    page.get_by_role("link", name="Check in and join").click()
    page.get_by_role("link", name="Go on without the check").click()
    check_in(page)
    page.wait_for_url("**/waiting/")
    found = re.search(r"/visits/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found[1]


def check_in(page: Any, place: Place = KINGSTON, *, at_home: bool = True, see: See = unseen) -> None:
    """Answer the five questions before a visit and go to the waiting room; sooner than asked, if the visit is later."""
    page.get_by_role("heading", name=CHECK_IN).wait_for()
    sooner = page.get_by_role("link", name="Check in now")
    sooner.or_(page.get_by_label("Yes, this is me")).first.wait_for()
    if sooner.count():
        see(page, "check-in-early")
        sooner.click()
    page.get_by_label("Yes, this is me").check()
    page.get_by_label(re.compile("^At home" if at_home else "^Somewhere else")).check()
    if page.get_by_label("Street and number").is_visible():
        page.get_by_label("Street and number").fill(place.street)
        page.get_by_label("Town").fill(place.city)
        page.get_by_label("State", exact=True).select_option(place.code)
        page.get_by_label("ZIP code").fill(place.postal_code)
    page.get_by_label("Phone number", exact=True).fill("845-555-0142")
    page.locator("input[name=near]").first.check()
    page.get_by_label("Their name").fill("Carlos Moreno")
    page.get_by_label("Their phone number").fill("845-555-0188")
    page.get_by_label(re.compile("^I agree to have")).check()
    saved(page)
    see(page, "check-in")
    page.get_by_role("button", name="Go to the waiting room").click()


def let_in(patient: Any, clinician: Any, visit: str, *, given: str = "Liz", see: See = unseen) -> None:
    """Let in who has checked in; both are in the call, each seeing the other."""
    patient.wait_for_url("**/waiting/")
    see(patient, "waiting-room")
    clinician.goto(f"/o/larkspur/visits/{visit}/")
    clinician.get_by_role("heading", name=re.compile(f"{given} is in the waiting room")).wait_for()
    see(clinician, "door")
    clinician.get_by_role("button", name=f"Let {given} in").click()
    connected(patient)
    connected(clinician)


def saved(page: Any, seconds: float = 15) -> None:
    """Wait until the page says that what was typed is saved."""
    page.locator("[data-state=saved][data-said]").locator("visible=true").first.wait_for(timeout=seconds * 1000)


def connected(page: Any, seconds: float = 30) -> None:
    """Wait until this side's call is connected and the other side's picture moves."""
    page.locator(f"{CALL}[data-state=connected]").wait_for(state="attached", timeout=seconds * 1000)
    moves(page, seconds)


def moves(page: Any, seconds: float = 20, frames: int = 8) -> None:
    """Wait until so many more pictures of the other side were shown."""
    seen = page.evaluate(FRAMES)
    wait_for("the picture moves", lambda: not seen <= page.evaluate(FRAMES) < seen + frames, seconds)


NOTE = {
    "subjective": "Fasting readings of 160 to 190 mg/dL for two weeks. No low readings.",
    "assessment": "Type 2 diabetes with hyperglycemia, above the goal.",
    "plan": "Metformin stays. Start a walk after supper. See again in four weeks.",
}


def write_note(page: Any, *, see: See = unseen) -> None:
    """Write the note in four parts beside the video, with a diagnosis, until it says saved."""
    for part, text in NOTE.items():
        page.locator(f"#part-{part}").fill(text)
    page.get_by_role("combobox", name=re.compile("Find a diagnosis")).press_sequentially("t2 diab hyperglyc", delay=15)
    page.get_by_role("option", name=re.compile("E11.65")).click()
    page.locator("[data-dx-list]").get_by_text("E11.65").first.wait_for()
    page.get_by_label("Decision-making").select_option("moderate")
    saved(page)
    see(page, "clinician-room")


def letters_link(page: Any, subject: str, address: str) -> str:
    """Wait for the newest letter that is called so; return the address in it that looks like ``address``."""

    def found() -> str | None:
        page.goto("/demo/mailbox/")
        letter = page.get_by_role("link", name=re.compile(subject)).first
        if not letter.count():
            return None
        letter.click()
        link = re.search(address, page.content())
        return link.group(0) if link else None

    path: str = wait_until(f"a letter that is called {subject}", found)
    return path
