"""The walk: from looking at the clinic to the draft claim and the trail, by real people in two real browsers.

Every page on the way is looked at in both themes and at both widths; the pictures are artefacts. The six of the README are
among them: `artefacts/readme/` holds what belongs in `docs/images/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.call_lab.running import TURN_SECRET, TurnServer, why_no_turn
from tests.e2e.conftest import PATIENCE, PHONE, Demo, need, running_demo, someone, wait_until
from tests.e2e.keyboard import Keyboard
from tests.e2e.looks import ARTEFACTS, examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(900)]

REASON = "Known to me for six years. Her card is at home."
#: The README's pictures by the page they are taken of: name, width and height.
README = {
    "clinic-visitor": ("landing", 1280, 800),
    "check-in": ("check-in", 1280, 844),
    "patient-call": ("call", 390, 844),
    "clinician-room": ("clinician-visit", 1440, 844),
    "sign": ("sign", 1440, 844),
    "trail": ("trail", 1440, 844),
}
CITATION = re.compile(r"\([\w.-]+ [\w.-]+, from 20\d\d-\d\d-\d\d(?: to 20\d\d-\d\d-\d\d)?, confidence \w+\)")
SELECTED_PAIRS = """async () => {
  const { attach } = await import("visits/visits-call.js");
  const stats = await attach(document.querySelector("[data-behavior~=visits-call]")).call.stats();
  return [...stats.values()].filter((each) => each.type === "transport" && each.selectedCandidatePairId).map((each) => {
    const pair = stats.get(each.selectedCandidatePairId);
    return [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType);
  });
}"""


ROUTES = {"waiting-room": "visits:visit-waiting", "ended": "visits:visit-ended"}
"""Pages of the walk that `test_every_page.py` counts on."""


def show(page: Any, name: str) -> None:
    """Take the README's picture of a page that is in it, and examine the page."""
    if name in README:
        picture, width, height = README[name]
        before = page.viewport_size
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(width / 2, height / 2)  # in a call that nobody touches, name and time fade
        page.mouse.move(0, 0)
        page.screenshot(path=str(ARTEFACTS / "readme" / f"{picture}.png"), animations="disabled")
        page.set_viewport_size(before)
    examine(page, name, route=ROUTES.get(name, ""))


def letters_to(page: Any, demo: Demo, to: str) -> Any:
    """Return the letters to somebody in the demo's mailbox, newest first."""
    page.goto(demo.url("/demo/mailbox/"))
    return page.get_by_role("link").filter(has_text=to)


def newest_letter(page: Any, demo: Demo, to: str, *, after: int) -> tuple[str, str]:
    """Wait for one more than ``after`` letters to somebody; return its link and its calendar file."""
    wait_until("the letter to arrive", lambda: letters_to(page, demo, to).count() > after, PATIENCE, 0.5)
    letters_to(page, demo, to).first.click()
    link = page.locator("a[href*='/go/']").first.get_attribute("href")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"\.ics")).click()
    return link, Path(download.value.path()).read_text(encoding="utf-8")


def test_the_front_page_shows_who_one_can_be(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, None) as page:
        page.goto("/")
        examine(page, "who")
        assert page.get_by_role("button", name=re.compile("^Be ")).count() == 10
        page.get_by_role("link", name="Real sign-in", exact=True).click()
        page.get_by_role("heading", name="Sign in", exact=True).wait_for()
        examine(page, "sign-in")
        page.goto("/o/larkspur/")
        show(page, "clinic-visitor")


@pytest.fixture(scope="module")
def relayed() -> Iterator[Demo]:
    """Give a demo whose calls go through a TURN server only."""
    need(why_no_turn())
    with TurnServer() as turn:
        url = f'["turn:127.0.0.1:{turn.port}?transport=udp"]'
        with running_demo(WEBSIDE_TURN_URLS=url, WEBSIDE_TURN_SECRET=TURN_SECRET, WEBSIDE_FORCE_RELAY="1") as clinic:
            yield clinic


def test_a_visit_from_the_booking_to_the_claim(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    with ExitStack() as stack:
        liz = stack.enter_context(someone(chromium, demo, "Liz Moreno"))
        maya = stack.enter_context(someone(other_chromium, demo, "Dr. Maya Chen"))
        examine(liz, "patient-home")
        examine(maya, "day")
        mailbox = stack.enter_context(someone(chromium, demo, None))
        letters = letters_to(mailbox, demo, "liz@moreno.example").count()
        examine(mailbox, "mailbox")
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen", see=show)
        open_the_link(stack, demo, chromium, mailbox, "liz@moreno.example", after=letters)
        examine(mailbox, "letter")
        arrive(liz, maya, visit, see=show)
        verify(liz, maya)
        use_the_controls(liz, maya)
        survive_the_server(demo, liz, maya)
        walk.write_note(maya, see=show)
        keep_a_pressure_that_was_said(maya)
        show(liz, "patient-call")
        liz.get_by_role("button", name="People", exact=True).click()
        examine(liz, "patient-call-people")
        liz.get_by_role("button", name="People", exact=True).click()
        override_identity(maya)
        # What both browsers measured counts, in whole minutes, also of the time in which the server was away.
        finish(liz, maya, after="1:20", see=show)
        read_the_summary(liz, see=show)
        stack.close()
    claim_and_trail(demo, other_chromium, "Liz Moreno", see=show)


def open_the_link(stack: ExitStack, demo: Demo, browser: Any, mailbox: Any, to: str, *, after: int) -> Any:
    """Read the letter, open its link on a phone where nobody is signed in; return that page."""
    link, calendar = newest_letter(mailbox, demo, to, after=after)
    assert "BEGIN:VEVENT" in calendar
    assert "DTSTART" in calendar
    phone = stack.enter_context(someone(browser, demo, None, size=PHONE))
    phone.goto(link)
    # To the check of the devices, or straight to the five questions when the visit is minutes away.
    phone.get_by_role("heading", name=re.compile("Get ready for your visit|Check.in")).wait_for()
    return phone


def arrive(
    patient: Any,
    clinician: Any,
    visit: str,
    *,
    see: walk.See = walk.unseen,
    given: str = "Liz",
    ready: str = "Get your pills",
) -> None:
    """Check devices and in; wait, with what to have ``ready``; let in; both are in the call, each seeing the other."""
    patient.goto(f"/o/larkspur/visits/{visit}/prepare/")
    walk.check_devices(patient, see=see)
    walk.check_in(patient, see=see)
    patient.wait_for_url("**/waiting/")
    wait_well(patient, ready)
    walk.let_in(patient, clinician, visit, given=given, see=see)


def wait_well(patient: Any, ready: str) -> None:
    """The waiting room says where she stands, that she was noticed, what to have ready, and whom to call."""
    patient.get_by_role("heading", name=re.compile("You’re next|person before you|people before you", re.I)).wait_for()
    patient.get_by_text(re.compile("list shows that you are here|list of who is here|is at the door")).first.wait_for()
    patient.get_by_text("The clinic can see that you are here.").wait_for()
    patient.get_by_role("heading", name=ready, exact=True).wait_for()
    desk = patient.get_by_role("region", name="Front desk")
    assert re.fullmatch(
        r"tel:[\d()+ -]{10,}", desk.get_by_role("link", name=re.compile("^Call ")).get_attribute("href")
    )


def verify(patient: Any, clinician: Any) -> None:
    """Compare the codes, doubt them, take it back."""
    compare(patient, clinician)
    face_and_digits_together(clinician)
    doubt(patient, clinician)
    for page in (patient, clinician):
        page.locator("[data-panel=code]").get_by_text("Checked. Just you two").wait_for()
        page.locator("[data-panel=code]").click()


def compare(patient: Any, clinician: Any) -> None:
    """The codes are the same on both screens, and each side says so."""
    said = []
    for page, button in ((patient, "It’s the same"), (clinician, "The same")):
        page.locator("[data-panel=code]").click()
        wait_until(
            "a code", lambda page=page: re.fullmatch(r"[\d\s]{6,}", page.locator("[data-call=code]").inner_text())
        )
        assert page.locator("[data-panel=code]").inner_text() == "Private? Check it", "not checked is not fine"
        said.append(page.locator("[data-call=code]").inner_text())
        page.get_by_role("button", name=button, exact=True).click()
    assert said[0] == said[1]
    for page in (patient, clinician):
        page.locator("[data-call=code-state]").get_by_text("Checked. Just you two").wait_for()


TOGETHER = """() => ["[data-call=remote]", "[data-call=code]", "[data-call-action=code-same]",
  "[data-call-action=code-different]", ".ws-ecard a"].filter((part) => {
  const { left, top, width, height } = document.querySelector(part).getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  return top < 0 || top + height > innerHeight || !document.querySelector(part).contains(at);
})"""
CARD_IN_SIGHT = """() => [".ws-ecard summary b", ".ws-ecard__phone", ".ws-ecard a"].every((part) => {
  const found = document.querySelector(part);
  const { left, top, width, height } = found.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  return top >= 0 && top + height <= innerHeight && (found.contains(at) || found.closest(".ws-ecard").contains(at));
})"""
HIDDEN_FACE = """() => {
  const { top, bottom } = document.querySelector("[data-call=remote]").getBoundingClientRect();
  return top < 0 || bottom > document.querySelector("#chat-text").getBoundingClientRect().top;
}"""


def face_and_digits_together(clinician: Any) -> None:
    """While the digits are compared, face, digits, answers and the call for help are in sight, also in a low window.

    Place and number to call stay on every screen, also where the page itself scrolls.
    """
    before = clinician.viewport_size
    for width, height in ((390, 844), (900, 800), (1440, 900)):
        clinician.set_viewport_size({"width": width, "height": height})
        for share in (0, 0.4):
            clinician.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
            assert clinician.evaluate(CARD_IN_SIGHT), (width, share)
    clinician.evaluate("scrollTo(0, 0)")
    for height in (800, 720):
        clinician.set_viewport_size({"width": 1280, "height": height})
        assert clinician.evaluate(TOGETHER) == [], height
    clinician.set_viewport_size(before)


def doubt(patient: Any, clinician: Any) -> None:
    """One side sees other digits: both are warned, whatever the other found, until that side takes it back."""
    patient.get_by_role("button", name="It’s different", exact=True).click()
    for page in (patient, clinician):
        page.get_by_role("alert").filter(has_text="Someone may be in between").wait_for()
        page.locator("[data-panel=code]").get_by_text("Different: hang up").wait_for()
    examine(patient, "patient-doubt")
    examine(clinician, "clinician-doubt")
    clinician.get_by_role("button", name="The same", exact=True).click()
    assert clinician.get_by_role("alert").filter(has_text="Liz Moreno sees different numbers").is_visible()
    patient.get_by_role("button", name="It’s the same", exact=True).click()
    clinician.get_by_role("alert").filter(has_text="Someone may be in between").wait_for(state="hidden")


def go_silent_and_dark(patient: Any, clinician: Any) -> None:
    """Mute and picture off, and back: the other side knows each time."""
    patient.get_by_role("button", name="Mute").click()
    wait_until("the other side to know", lambda: "muted" in clinician.locator("[data-call=peer-state]").inner_text())
    patient.get_by_role("button", name=re.compile("Mute|Unmute")).click()
    patient.get_by_role("button", name=re.compile("Camera off")).click()
    clinician.locator(f"{walk.CALL}[data-picture=off]").wait_for(state="attached")
    patient.get_by_role("button", name=re.compile("Camera")).click()
    clinician.locator(f"{walk.CALL}[data-picture=on]").wait_for(state="attached")


def use_the_controls(patient: Any, clinician: Any) -> None:
    """Chat both ways, mute, switch the picture off and on."""
    patient.get_by_role("button", name="Chat", exact=True).click()
    patient.get_by_label("Message", exact=True).fill("Can you hear me?")
    patient.get_by_label("Message", exact=True).press("Enter")
    clinician.locator("[data-chat-list]").get_by_text("Can you hear me?").wait_for()
    clinician.locator(".visit-notecol").focus()
    clinician.keyboard.press("?")
    for words in ("Mute", "Private? Check it|Checked. Just you two", "Chat", "Note"):
        clinician.locator("#keys-help li").filter(has_text=re.compile(rf"({words.replace('?', '[?]')})$")).wait_for()
    clinician.keyboard.press("Escape")
    clinician.keyboard.press("t")
    clinician.locator("#chat-text:focus").wait_for()
    clinician.get_by_label("Message", exact=True).fill("Yes, well.")
    clinician.get_by_label("Message", exact=True).press("Enter")
    patient.locator("[data-chat-list]").get_by_text("Yes, well.").wait_for()
    assert not clinician.evaluate(HIDDEN_FACE), "who writes still sees the face"
    examine(patient, "patient-chat")
    patient.get_by_role("button", name="Close the chat").click()
    go_silent_and_dark(patient, clinician)
    patient.get_by_role("button", name="Devices").click()
    patient.get_by_role("heading", name="Devices").wait_for()
    assert patient.get_by_label("Microphone").locator("option").count() >= 1
    examine(patient, "patient-devices")
    patient.get_by_role("button", name="Done").click()


def use_the_controls_by_thumb(patient: Any, clinician: Any) -> None:
    """The same on a phone, where one sheet covers the next: chat, mute, camera, devices, the whole screen."""
    for page in (patient, clinician):
        page.locator("[data-panel=code]").click()
    patient.get_by_role("button", name="Chat", exact=True).click()
    patient.get_by_label("Message", exact=True).fill("I am on my phone.")
    patient.get_by_role("button", name="Send", exact=True).click()
    clinician.locator("[data-chat-list]").get_by_text("I am on my phone.").wait_for(state="attached")
    examine(patient, "phone-chat")
    patient.get_by_role("button", name="Close the chat").click()
    go_silent_and_dark(patient, clinician)
    patient.get_by_role("button", name="Devices").click()
    examine(patient, "phone-devices")
    patient.get_by_role("button", name="Full screen").click()
    wait_until("the whole screen", lambda: patient.evaluate("Boolean(document.fullscreenElement)"))
    patient.get_by_role("button", name="Devices").click()
    patient.get_by_role("button", name="Full screen", pressed=True).click()
    wait_until("the window again", lambda: not patient.evaluate("Boolean(document.fullscreenElement)"))
    patient.get_by_role("button", name="Done").click()
    walk.moves(patient)


def survive_the_server(demo: Demo, patient: Any, clinician: Any) -> None:
    """Kill the server in the call: the pictures go on, and both pages come back by themselves."""
    for page in (patient, clinician):
        page.watch.expect(
            "ERR_CONNECTION_REFUSED",
            "ERR_SOCKET_NOT_CONNECTED",
            "WebSocket",
            "ERR_EMPTY_RESPONSE",
            "ERR_CONNECTION_RESET",
        )
    pages = [page.evaluate("performance.timeOrigin") for page in (patient, clinician)]
    before = demo.pid("web")
    demo.kill("web")
    walk.moves(patient, 5)
    walk.moves(clinician, 5)
    wait_until("the server to be back", lambda: demo.replaced("web", before) and demo.answers(), PATIENCE)
    clinician.get_by_label("Message", exact=True).fill("The server is back.")
    clinician.get_by_label("Message", exact=True).press("Enter")
    # It comes by the live channel only: the page has opened a new one by itself.
    patient.locator("[data-chat-list]").get_by_text("The server is back.").wait_for(state="attached")
    walk.moves(patient)
    walk.moves(clinician)
    assert pages == [page.evaluate("performance.timeOrigin") for page in (patient, clinician)], (
        "no page was loaded anew"
    )


def keep_a_pressure_that_was_said(clinician: Any) -> None:
    """Beside the call: a unit that cannot be is refused and nothing kept; what is unusual is kept, and said at once."""
    clinician.watch.expect("status of 422")
    vitals = clinician.locator("#vitals")
    vitals.get_by_text("Enter vital signs").click()
    vitals.get_by_label("Temperature", exact=True).fill("101.3")
    vitals.get_by_label("Unit of Temperature").select_option(label="°C")
    vitals.get_by_label("Blood pressure (upper)").fill("265")
    vitals.get_by_label("Blood pressure (lower)").fill("110")
    vitals.get_by_role("button", name="said by the patient").click()
    vitals.get_by_role("alert").filter(has_text="Temperature").wait_for()
    vitals.get_by_label("Unit of Temperature").select_option(label="°F")
    vitals.get_by_role("button", name="said by the patient").click()
    vitals.get_by_text("Kept, and unusual:").wait_for()
    vitals.get_by_text("265/110").first.wait_for()


def override_identity(clinician: Any) -> None:
    """Go on without a document, for a reason."""
    clinician.get_by_text("Seen a photo ID?").click()
    clinician.get_by_label("or go on without it, because").fill(REASON)
    clinician.get_by_role("button", name="Go on", exact=True).click()
    clinician.locator("#gates").get_by_text(REASON).wait_for()


def finish(patient: Any, clinician: Any, *, after: str = "0:10", see: walk.See = walk.unseen) -> None:
    """End the visit when its clock shows ``after``, sign; the note is closed but for addenda."""
    wait_until("the visit's time", lambda: clinician.locator("[data-call=timer]").inner_text() >= after, 150, 1)
    clinician.get_by_role("button", name="End and sign").click()
    clinician.get_by_role("heading", name="Before you sign", exact=True).wait_for()
    see(clinician, "sign")
    patient.wait_for_url("**/ended/")
    see(patient, "ended")
    clinician.get_by_role("button", name="Sign note").click()
    clinician.get_by_role("heading", name=re.compile("Add an addendum|Addenda")).wait_for()
    assert clinician.locator("#note-form").count() == 0
    see(clinician, "signed")


def read_the_summary(patient: Any, *, see: walk.See = walk.unseen) -> None:
    """Read the summary as a page and as a PDF."""
    patient.wait_for_url("**/summary/", timeout=PATIENCE * 1000)
    patient.get_by_role("heading", name=re.compile("Your visit with Dr. Maya Chen")).wait_for()
    see(patient, "summary")
    with patient.expect_download() as download:
        patient.get_by_role("link", name="Save PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


def say_who(patient: Any, person: walk.Newcomer) -> None:
    """Give a wrong date of birth, which is refused, then the right one: a link alone opens no summary."""
    patient.wait_for_url("**/summary/who/", timeout=PATIENCE * 1000)
    examine(patient, "summary-who", route="chart:summary-who")
    patient.get_by_label("Date of birth").fill("07/25/1958")
    patient.get_by_role("button", name="Go on to the summary").click()
    patient.get_by_text("That isn’t the date of birth that we have").first.wait_for()
    assert patient.get_by_role("heading", name=re.compile("Your visit with")).count() == 0
    examine(patient, "summary-who-refused")
    patient.get_by_label("Date of birth").fill(person.born)
    patient.get_by_role("button", name="Go on to the summary").click()


def keep_a_stranger_out(demo: Demo, browser: Any, mailbox: Any, to: str) -> None:
    """Guess at the link of the letter about the summary, in a browser of somebody else, until none is taken any more."""

    def letters() -> Any:
        return letters_to(mailbox, demo, to).filter(has_text="Your summary")

    wait_until("the letter about the summary", lambda: letters().count(), PATIENCE, 0.5)
    letters().first.click()
    link = mailbox.locator("a[href*='/go/']").first.get_attribute("href")
    with someone(browser, demo, None, size=PHONE) as stranger:
        stranger.watch.expect("status of 403")
        stranger.goto(link)
        barred = stranger.get_by_role("heading", name="Your summary can’t be opened by a link now")
        for day in range(1, 5):  # she herself was wrong once
            assert barred.count() == 0
            stranger.get_by_label("Date of birth").fill(f"01/0{day}/1970")
            stranger.get_by_role("button", name="Go on to the summary").click()
            stranger.get_by_text("That isn’t the date of birth").or_(barred).first.wait_for()
        examine(stranger, "summary-who-barred")


def claim_and_trail(demo: Demo, browser: Any, name: str, *, see: walk.See = walk.unseen) -> None:
    """The biller reads the draft claim; the compliance officer the trail and the override."""
    with someone(browser, demo, "Marcus Hale") as marcus:
        claims = marcus.get_by_role("link", name=re.compile(name))
        # The demo's own claim of last summer is not the one of this visit.
        wait_until("the draft", lambda: marcus.goto("/o/larkspur/claims/") and claims.count() > 1, PATIENCE, 0.5)
        see(marcus, "claims")
        claims.first.click()
        marcus.get_by_role("heading", name=re.compile(f"Draft claim for {name}")).wait_for()
        lines = marcus.get_by_role("table", name="Lines of the claim")
        assert re.search(r"\b(992\d\d|9800\d|G\d{4})\b", lines.inner_text())
        assert CITATION.search(lines.inner_text()), "each line names the row it rests on"
        rejected = marcus.get_by_role("table", name="Codes that were considered").locator("tbody tr").first
        code, reason, source = rejected.locator("th, td").all_inner_texts()
        assert re.fullmatch(r"[A-Z\d]{5}", code.strip())
        assert len(reason.split()) > 3
        assert CITATION.search(source)
        see(marcus, "claim")
    with someone(browser, demo, "Ingrid Vass") as ingrid:
        ingrid.goto("/o/larkspur/compliance/overrides/")
        ingrid.get_by_text(REASON).wait_for()
        see(ingrid, "overrides")
        ingrid.goto("/o/larkspur/compliance/trail/")
        entries = ingrid.get_by_role("table", name="Entries of the trail")
        of_maya = entries.get_by_role("row").filter(has_text="Dr. Maya Chen").filter(has_text=name)
        for did in ("looked at a visit", "signed a note"):
            of_maya.filter(has_text=did).first.wait_for()
        see(ingrid, "trail")
        verify_the_trail(demo, ingrid)
        see(ingrid, "trail-verified")


def verify_the_trail(demo: Demo, page: Any) -> None:
    """Ask for a check, see that it waits, and wait for the finding of this one, not of the last."""
    state = page.locator("#trail-state")
    ask = page.get_by_role("button", name="Verify again now")

    def checked() -> str:
        return str(state.locator("dt", has_text="Checked").locator("+ dd time").get_attribute("datetime"))

    ask.wait_for()
    before = checked() if state.get_by_text("Checked", exact=True).count() else ""
    with demo.held("worker"):  # it may be done before anybody looks
        ask.click()
        state.get_by_text("Waits for its turn").wait_for()
    state.get_by_text("Verified, nothing altered").wait_for(timeout=PATIENCE * 1000)
    assert checked() > before


def test_a_newcomer_on_a_phone_over_a_relay(relayed: Demo, chromium: Any, other_chromium: Any) -> None:
    """Somebody without an account, both sides at a phone's width, every packet through the TURN server."""
    to = walk.NORA.email
    with ExitStack() as stack:
        mailbox = stack.enter_context(someone(chromium, relayed, None, size=PHONE))
        nora = stack.enter_context(someone(chromium, relayed, None, size=PHONE))
        maya = stack.enter_context(someone(other_chromium, relayed, "Dr. Maya Chen", size=PHONE))
        visit = walk.book(nora, "Same-day video visit", who="Maya Chen", person=walk.NORA, see=seen_at_booking)
        nora = open_the_link(stack, relayed, chromium, mailbox, to, after=0)
        arrive(nora, maya, visit, given="Nora")
        assert {kind for pair in nora.evaluate(SELECTED_PAIRS) for kind in pair} == {"relay"}
        compare(nora, maya)
        use_the_controls_by_thumb(nora, maya)
        walk.write_note(maya)
        override_identity(maya)
        finish(nora, maya)
        say_who(nora, walk.NORA)
        read_the_summary(nora)
        keep_a_stranger_out(relayed, chromium, mailbox, to)


def seen_at_booking(page: Any, name: str) -> None:
    """Look at what only a newcomer sees: the form with her name, and the consent."""
    if name == "book":
        examine(page, "book-newcomer", route="scheduling:appointment-book")


def test_a_patient_in_another_state_is_handed_to_the_colleague_who_may(
    demo: Demo, chromium: Any, other_chromium: Any
) -> None:
    with ExitStack() as stack:
        ada = stack.enter_context(someone(chromium, demo, None))
        maya = stack.enter_context(someone(other_chromium, demo, "Dr. Maya Chen"))
        person = walk.Newcomer("Ada", "Brooks", "1979-07-01", "ada@brooks.example", "845-555-0119")
        visit = walk.book(ada, "Same-day video visit", who="Maya Chen", person=person)
        ada.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(ada, walk.PORTLAND, at_home=False, see=lambda page, _: examine(page, "check-in-elsewhere"))
        ada.wait_for_url("**/stopped/")
        ada.get_by_role("heading", name="You’re in Oregon today").wait_for()
        examine(ada, "stopped", route="visits:visit-stopped")
        maya.goto(f"/o/larkspur/visits/{visit}/")
        maya.get_by_role("heading", name=re.compile("You can’t start this visit: Ada is in Oregon")).wait_for()
        assert maya.get_by_text("Oregon").count() >= 2
        examine(maya, "blocked")
        maya.watch.expect("status of 404")  # her page asks for what is hers no longer
        ada.get_by_role("button", name="See Dr. Daniel Whitfield").click()
        ada.get_by_text("Dr. Daniel Whitfield").first.wait_for()
        examine(ada, "handed-over")
        maya.get_by_text("That visit is no longer with you").wait_for()
        examine(maya, "day-after-hand-over")
        daniel = stack.enter_context(someone(other_chromium, demo, "Dr. Daniel Whitfield"))
        daniel.goto(f"/o/larkspur/visits/{visit}/")
        daniel.locator("#gates").get_by_text("good in OR").first.wait_for()


def test_coaching_asks_no_licence_makes_no_claim_and_has_a_price(
    demo: Demo, chromium: Any, other_chromium: Any
) -> None:
    with ExitStack() as stack:
        sam = stack.enter_context(someone(chromium, demo, None))
        priya = stack.enter_context(someone(other_chromium, demo, "Priya Nair"))
        person = walk.Newcomer("Sam", "Reyes", "1990-03-12", "sam@reyes.example", "845-555-0121")
        visit = walk.book(sam, "Wellness coaching", who="Priya Nair", person=person)
        assert sam.get_by_text("$40 for 30 minutes").first.is_visible()
        arrive(sam, priya, visit, given="Sam", ready="Find a quiet place")
        gates = priya.locator("#gates").inner_text()
        assert "icence" not in gates
        assert priya.get_by_role("combobox", name=re.compile("Find a diagnosis")).count() == 0
        priya.locator("#part-subjective").fill("Sleeps badly since the time change.")
        priya.locator("#part-plan").fill("Screens off at ten, a walk at noon.")
        walk.saved(priya)
        examine(priya, "coach-room")
        priya.get_by_role("button", name="End and sign").click()
        priya.get_by_role("heading", name="Before you sign", exact=True).wait_for()
        examine(priya, "coach-sign")
        priya.get_by_role("button", name="Sign note").click()
        priya.get_by_role("heading", name=re.compile("Add an addendum|Addenda")).wait_for()
        with someone(other_chromium, demo, "Marcus Hale") as marcus:
            marcus.goto("/o/larkspur/claims/")
            listed = marcus.get_by_role("table", name="Draft claims").inner_text()
            assert "Liz Moreno" in listed
            assert "Sam Reyes" not in listed


def test_the_physician_of_the_other_clinic_finds_nothing(demo: Demo, chromium: Any) -> None:
    """With the addresses of everything that Larkspur's people see."""
    addresses: set[str] = set()
    for name, starts in {
        "Liz Moreno": ["home/", "home/record/"],
        "Dr. Maya Chen": ["home/", "patients/", "notes/", "schedule/"],
        "Marcus Hale": ["claims/"],
        "Ingrid Vass": ["compliance/trail/", "compliance/overrides/", "compliance/licences/"],
        "Sol Adeyemi": ["home/", "staff/", "messages-sent/", "operations/events/"],
        "Grace Lin": ["home/"],
    }.items():
        with someone(chromium, demo, name) as page:
            for start in starts:
                page.goto(f"/o/larkspur/{start}")
                addresses.add(page.url)
                addresses.update(
                    page.evaluate("[...document.querySelectorAll('main a[href]')].map((each) => each.href)")
                )
    inner = sorted(
        each.split("#")[0] for each in addresses
        if re.search(r"/o/larkspur/(home|patients|notes|schedule|claims|compliance|staff|messages|operations|encounters"
                     r"|visits|appointments)/", each)
    )  # fmt: skip
    assert len(inner) > 30
    with someone(chromium, demo, "Dr. Mallory Reed") as mallory:
        mallory.watch.expect("status of 404")
        examine(mallory, "other-clinic-day")
        told = {}
        for address in inner:
            answer = mallory.goto(address)
            told[address] = (answer.status, mallory.locator("h1").inner_text())
        assert set(told.values()) == {(404, told[inner[0]][1])}
        examine(mallory, "not-found")


def test_the_patients_way_by_keyboard_alone(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    """From the clinic's page to the PDF, without an account and without a pointer; the clinician uses a mouse."""
    person = walk.Newcomer("Kit", "Lowe", "1961-05-30", "kit@lowe.example", "845-555-0127")
    with ExitStack() as stack:
        booking = stack.enter_context(someone(chromium, demo, None))
        book_by_keys(booking, Keyboard(booking), person)
        mailbox = stack.enter_context(someone(chromium, demo, None))
        link = read_a_letter_by_keys(mailbox, demo, person.email)
        page = stack.enter_context(someone(chromium, demo, None))
        page.goto(link)
        page.get_by_role("heading", name=re.compile("Get ready for your visit|Check.in")).wait_for()
        visit = page.url.split("/visits/")[1].split("/")[0]
        page.goto(f"/o/larkspur/visits/{visit}/prepare/")
        keys = Keyboard(page)
        check_devices_by_keys(page, keys)
        check_in_by_keys(page, keys)
        maya = stack.enter_context(someone(other_chromium, demo, "Dr. Maya Chen"))
        maya.goto(f"/o/larkspur/visits/{visit}/")
        maya.get_by_role("button", name="Let Kit in").click()
        walk.connected(page)
        call_by_keys(page, keys, maya)
        leave_and_return_by_keys(page, keys)
        walk.write_note(maya)
        override_identity(maya)
        finish(page, maya)
        page.wait_for_url("**/summary/who/", timeout=PATIENCE * 1000)
        keys.write("Date of birth", person.born)
        keys.press("Go on to the summary")
        page.get_by_role("heading", name=re.compile("Your visit with Dr. Maya Chen")).wait_for()
        with page.expect_download() as download:
            keys.press("Save PDF")
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


def book_by_keys(page: Any, keys: Keyboard, person: walk.Newcomer) -> None:
    """Choose service, place and time, and book."""
    page.goto("/o/larkspur/")
    keys.press("Same-day video visit")
    page.get_by_role("heading", name="Same-day video visit", exact=True).wait_for()
    keys.reach("Where will you be")
    page.keyboard.type("New York")
    keys.press("Show times")
    page.locator("label.ws-slot").first.wait_for()
    keys.choose(re.compile(r"\d+:\d\d [ap]m "), "Maya Chen")
    keys.press("Go on with this time")
    page.get_by_role("heading", name="Check and book").wait_for()
    for label, text in {
        "First name": person.given,
        "Last name": person.family,
        "Date of birth": person.born,
        "E-mail": person.email,
        "Phone": person.phone,
    }.items():
        keys.write(label, text)
    keys.tick("I have read this and I agree")
    keys.press("Book this visit")
    page.get_by_role("heading", name="Your visit is booked").wait_for()


def read_a_letter_by_keys(page: Any, demo: Demo, to: str) -> str:
    """Open the newest letter to somebody; return the link in it."""
    wait_until("the letter", lambda: letters_to(page, demo, to).count(), PATIENCE, 0.5)
    keys = Keyboard(page)
    keys.press(" ".join(letters_to(page, demo, to).first.inner_text().split()))
    link = page.locator("a[href*='/go/']").first
    link.wait_for()
    keys.reach(" ".join(link.inner_text().split()))
    return str(link.get_attribute("href"))


def check_devices_by_keys(page: Any, keys: Keyboard) -> None:
    """Check camera, microphone, speaker and network."""
    page.get_by_role("heading", name="Get ready for your visit").wait_for()
    keys.press("Check now")
    keys.press("Play a chime")
    keys.press("I heard it")
    assert walk.verdict(page, walk.READY, lambda: keys.press("Check now")) == walk.READY
    keys.press("Keep this and go on")
    page.get_by_role("heading", name=walk.CHECK_IN).wait_for()
    sooner, who = page.get_by_role("link", name="Check in now"), page.get_by_label("Yes, this is me")
    sooner.or_(who).first.wait_for()
    if sooner.count():
        keys.press("Check in now")
    who.wait_for()


def check_in_by_keys(page: Any, keys: Keyboard) -> None:
    """Answer the five questions, and mute in the waiting room."""
    keys.tick("Yes, this is me")
    keys.tick("At home")
    keys.write("Street and number", walk.KINGSTON.street)
    keys.write("Town", walk.KINGSTON.city)
    keys.write("ZIP code", walk.KINGSTON.postal_code)
    keys.write("Phone number", "845-555-0142")
    keys.reach("Yes")
    page.keyboard.press("ArrowDown")  # No, I'm alone
    keys.tick("I agree to have")
    keys.press("Go to the waiting room")
    page.wait_for_url("**/waiting/")
    keys.press("Mute")
    page.locator("[data-waiting-action=mute][aria-pressed=true]").wait_for()


def call_by_keys(page: Any, keys: Keyboard, clinician: Any) -> None:
    """Write in the chat, and speak again."""
    keys.press("Chat")  # the focus goes into it
    page.keyboard.type("I only use keys.")
    page.keyboard.press("Enter")
    clinician.locator("[data-chat-list]").get_by_text("I only use keys.").wait_for()
    page.keyboard.press("Escape")
    page.get_by_label("Message", exact=True).wait_for(state="hidden")
    assert page.locator("[data-call-action=mute]").get_attribute("aria-pressed") == "true", "muted while waiting"
    keys.press("Mute")
    page.locator("[data-call-action=mute][aria-pressed=false]").wait_for()


def leave_and_return_by_keys(page: Any, keys: Keyboard) -> None:
    """Think better of leaving; leave all the same, stay out, and go back."""
    keys.press("Leave")
    page.get_by_role("heading", name="Leave the call?").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Leave the call?").wait_for(state="hidden")
    walk.moves(page)
    keys.press("Leave")
    keys.press("Leave")
    page.get_by_role("heading", name="You left the call").wait_for()
    examine(page, "call-left")
    keys.press("Go back to the call")
    walk.connected(page)
