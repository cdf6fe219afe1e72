"""One visit of the demo, and what dies around it: nothing that was shown as saved is lost, and pages come back.

The tests share the visit and follow each other: each leaves it as a call between two pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone, wait_until
from tests.faults.conftest import row, rows
from tests.faults.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]

OUTAGE = (
    "WebSocket",
    "ERR_EMPTY_RESPONSE",
    "ERR_CONNECTION",
    "ERR_SOCKET_NOT_CONNECTED",
    "status of 50",
    "answered 50",
)
TEXTS = "SELECT subjective, plan FROM chart_note WHERE encounter_id = %s"
SEND_TWICE = """() => {
  const form = [...document.forms].find((each) => each.textContent.includes("Sign note"));
  const send = () => fetch(form.action, { method: "POST", body: new FormData(form) });
  return Promise.all([send(), send()]).then((answers) => answers.map(({ status }) => status));
}"""
STATE = "document.querySelector('#note-form [data-saved]').dataset.state"


@dataclass
class Visit:
    """A call between Liz and Dr. Chen, and its rows."""

    demo: Demo
    liz: Any
    maya: Any
    id: str
    encounter: str

    def note(self) -> tuple[Any, ...]:
        """Return subjective and plan as they are kept."""
        return row(self.demo, TEXTS, self.encounter)

    def loaded(self) -> list[float]:
        """Return when each page was loaded; the same later means: without a navigation."""
        return [page.evaluate("performance.timeOrigin") for page in (self.liz, self.maya)]

    def state(self) -> str:
        """Return what the doctor's page says about her note: saved, saving, waiting."""
        return str(self.maya.evaluate(STATE))


@pytest.fixture(scope="module")
def visit(demo: Demo, chromium: Any, other_chromium: Any) -> Iterator[Visit]:
    with ExitStack() as stack:
        liz = stack.enter_context(someone(chromium, demo, "Liz Moreno"))
        maya = stack.enter_context(someone(other_chromium, demo, "Dr. Maya Chen"))
        for page in (liz, maya):
            page.watch.expect(*OUTAGE)
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen")
        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        walk.let_in(liz, maya, visit)
        (encounter,) = row(demo, "SELECT encounter_id FROM visits_visit WHERE id = %s", visit)
        yield Visit(demo, liz, maya, visit, str(encounter))


def write(page: Any, part: str, text: str) -> None:
    """Type at the end of a part, key by key."""
    box = page.locator(f"#part-{part}")
    box.press("Control+End")
    box.press_sequentially(text, delay=10)


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.drill)])
def test_postgresql_is_killed_while_a_note_is_typed(visit: Visit, kills: int) -> None:
    """Shown failing with ``synchronous_commit = off``: what was shown as saved is gone; and with the retry taken out of
    ``autosave.js``: what was typed since is never saved."""
    demo, maya = visit.demo, visit.maya
    loaded = visit.loaded()
    for number in range(kills):
        with demo.held("supervisor"):
            write(maya, "subjective", f"Kept {number}. ")
            walk.saved(maya)
            before = demo.pid("postgres")
            demo.kill("postgres")
            shown = maya.locator("#part-subjective").input_value()
            write(maya, "plan", f"Typed into a dead server {number}. ")
            wait_until("the page to say that it isn't saved", lambda: visit.state() == "waiting", 30)
            assert "Not saved yet. We keep trying." in maya.locator("#note-form [data-saved]").inner_text()
            the_plain_message(demo)
            walk.moves(visit.liz)
            walk.moves(maya)
        with demo.held("web"):  # or the page's next try would mend what was lost before anybody looks
            wait_until("another server", lambda before=before: demo.replaced("postgres", before) and up(demo), 60)
            assert visit.note()[0] == shown, "what was shown as saved is there"
        wait_until("the page to save by itself", lambda: visit.state() == "saved", 60)
        assert visit.note() == (shown, maya.locator("#part-plan").input_value())
    comes_back(visit, "PostgreSQL is back.")
    assert visit.loaded() == loaded


def up(demo: Demo) -> bool:
    """Whether the database answers."""
    with suppress(psycopg.OperationalError):
        return bool(rows(demo, "SELECT 1"))
    return False


def the_plain_message(demo: Demo) -> None:
    """Whoever asks for a page meanwhile reads what is wrong and what to do, soon, and nothing of the machine."""
    answer = httpx.get(demo.url("/o/larkspur/"), timeout=20)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "We are not open right now" in answer.text
    assert not re.search(r"psycopg|Operational|Traceback|PostgreSQL", answer.text)


def comes_back(visit: Visit, text: str) -> None:
    """A line that the doctor writes arrives at the patient's page by the live channel."""
    wait_until("her page to send", lambda: say(visit.maya, text), 40, 1)
    visit.liz.locator("[data-chat-list]").get_by_text(text).wait_for(state="attached", timeout=30_000)


def say(page: Any, text: str) -> bool:
    """Write a line in the chat; return whether it stands there now."""
    lines = page.locator("[data-chat-list]").get_by_text(text)
    if not lines.count() and page.get_by_label("Message", exact=True).input_value() != text:
        page.get_by_label("Message", exact=True).fill(text)
        page.get_by_label("Message", exact=True).press("Enter")
    with suppress(Exception):
        lines.first.wait_for(state="attached", timeout=3000)
    return bool(lines.count())


def test_a_link_of_the_rail_does_not_end_the_call_unasked(visit: Visit) -> None:
    """Shown failing without ``visit-leave``: the page is gone, and the patient believes in a bad network."""
    maya, loaded = visit.maya, visit.loaded()
    notes = maya.get_by_role("link", name=re.compile("^Notes"))
    notes.click()
    with maya.context.expect_page() as beside:
        maya.get_by_role("link", name="Open it in a new window").click()
    beside.value.wait_for_url("**/notes/")
    beside.value.close()
    assert visit.loaded() == loaded
    walk.moves(maya)

    comes_back(visit, "I look at the notes of last time.")
    write(maya, "plan", "Typed just before. ")
    shown = maya.locator("#part-plan").input_value()
    notes.click()
    maya.get_by_role("link", name="Leave the call").click()
    maya.wait_for_url("**/notes/")
    visit.liz.get_by_text("Dr. Maya Chen left the call.").locator("visible=true").first.wait_for()
    assert visit.note()[1] == shown
    maya.goto(f"/o/larkspur/visits/{visit.id}/")
    for page in (maya, visit.liz):
        walk.connected(page)


def test_the_web_process_is_killed_while_a_note_is_typed(visit: Visit) -> None:
    """Shown failing with the retry taken out of ``autosave.js``: the page waits for ever."""
    demo, maya = visit.demo, visit.maya
    loaded, before = visit.loaded(), demo.pid("web")
    write(maya, "subjective", "Before the web process died. ")
    walk.saved(maya)
    shown = maya.locator("#part-subjective").input_value()
    demo.kill("web")
    write(maya, "plan", "Typed while nobody answered. ")
    assert visit.state() != "saved"
    walk.moves(visit.liz)
    wait_until("another process", lambda: demo.replaced("web", before) and demo.answers(), 90)
    wait_until("the page to save by itself", lambda: visit.state() == "saved", 60)
    assert visit.note() == (shown, maya.locator("#part-plan").input_value())
    comes_back(visit, "The server is back.")
    assert visit.loaded() == loaded


def test_the_network_goes_while_a_note_is_saved(visit: Visit, other_chromium: Any) -> None:
    """Shown failing with an ``autosave.js`` that says *saved* when it sends."""
    never_saved = "window.lies = 0; setInterval(() => { window.lies += %s === 'saved' }, 20)"
    with Wire(visit.demo.address) as wire:
        behind = Demo(wire.address, visit.demo.var, visit.demo.process)
        with someone(other_chromium, behind, "Dr. Maya Chen") as page:
            page.watch.expect(*OUTAGE, "ERR_TIMED_OUT", "signal timed out", "AbortError")
            page.goto(f"/o/larkspur/encounters/{visit.encounter}/")
            write(page, "plan", "Before. ")
            walk.saved(page)
            wire.cut()
            write(page, "plan", "W")
            page.evaluate(never_saved % STATE)
            write(page, "plan", "hile the network was gone. ")
            typed = page.locator("#part-plan").input_value()
            wait_until("the page to say so", lambda: page.evaluate(STATE) == "waiting", 40)
            assert "Not saved yet. We keep trying." in page.locator("#note-form [data-saved]").inner_text()
            assert visit.note()[1] != typed
            assert page.evaluate("window.lies") == 0, "nothing was called saved that is not"
            wire.mend()
            wait_until("the page to save by itself", lambda: page.evaluate(STATE) == "saved", 60)
            assert page.locator("#part-plan").input_value() == typed
            assert visit.note()[1] == typed
    visit.maya.reload()
    walk.connected(visit.maya)


def test_the_browser_is_killed(visit: Visit, browsers: Callable[[], Any]) -> None:
    """What was shown as saved is there when she comes back. Shown failing with a ``save_note`` that answers and keeps
    nothing."""
    browser = browsers()
    with suppress(Exception), someone(browser, visit.demo, "Dr. Maya Chen") as page:
        page.goto(f"/o/larkspur/encounters/{visit.encounter}/")
        write(page, "subjective", "Shown as saved. ")
        walk.saved(page)
        shown = page.locator("#part-subjective").input_value()
        write(page, "subjective", "Not yet.")
        browser.new_browser_cdp_session().send("Browser.crash")
    assert not browser.is_connected()
    assert visit.note()[0].startswith(shown)
    visit.maya.reload()
    walk.connected(visit.maya)
    assert visit.maya.locator("#part-subjective").input_value().startswith(shown)


def test_the_worker_is_killed_and_what_was_due_is_done_once(visit: Visit) -> None:
    """Shown failing with ``worker`` taken from the keeper's parts: no other one comes."""
    demo = visit.demo
    (letters,) = row(demo, "SELECT count(*) FROM notifications_outgoingmessage WHERE status = 'sent'")
    before = demo.pid("worker")
    with demo.held("keeper"):
        demo.kill("worker")
        with httpx.Client(base_url=demo.address, follow_redirects=True, timeout=60) as client:
            form = client.get("/accounts/password/reset/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]  # type: ignore[index]
            client.post("/accounts/password/reset/", data={"csrfmiddlewaretoken": token, "email": "liz@moreno.example"})
        (waiting,) = row(demo, "SELECT count(*) FROM notifications_outgoingmessage WHERE status = 'queued'")
        assert waiting == 1
        wait_until("health to see it", lambda: httpx.get(demo.url("/health.json")).status_code == 503, 40, 1)
    wait_until("another worker", lambda: demo.replaced("worker", before), 60)
    wait_until("the letter", lambda: sent(demo) > letters, 60)
    assert sent(demo) == letters + 1
    wait_until("health to be green", lambda: httpx.get(demo.url("/health.json")).status_code == 200, 60, 1)


def sent(demo: Demo) -> int:
    """Return how many letters have left."""
    return int(row(demo, "SELECT count(*) FROM notifications_outgoingmessage WHERE status = 'sent'")[0])


def test_consent_taken_back_in_the_visit_is_seen_by_the_clinician(visit: Visit, chromium: Any) -> None:
    """Shown failing with the handler of ``ConsentWithdrawn`` taken out: her page says nothing."""
    loaded = visit.loaded()
    (consent,) = row(
        visit.demo, "SELECT id FROM compliance_consent WHERE visit_id = %s AND status = 'active'", visit.id
    )
    with someone(chromium, visit.demo, "Liz Moreno") as page:
        page.goto(f"/o/larkspur/home/consents/{consent}/withdraw/")
        page.get_by_role("button", name="Take it back").click()
        page.wait_for_load_state()
    visit.maya.locator("#gates").get_by_text("Liz Moreno took back the agreement to this visit").wait_for()
    walk.moves(visit.maya)
    assert visit.loaded() == loaded


def test_the_back_button_after_signing_signs_nothing_twice(visit: Visit) -> None:
    """Nor does the form sent three times. Shown failing with ``sign_note`` no longer asking whether the note is signed: more
    than one event is published."""
    maya, demo = visit.maya, visit.demo
    rows(demo, "UPDATE compliance_consent SET status = 'active', withdrawn_at = NULL WHERE visit_id = %s", visit.id)
    walk.write_note(maya)
    maya.get_by_text("Seen a photo ID?").click()
    maya.get_by_role("button", name="Seen on a photo ID").click()
    maya.get_by_text("Seen a photo ID?").wait_for(state="detached")
    maya.get_by_role("button", name="End and sign").click()
    maya.get_by_role("heading", name="Before you sign", exact=True).wait_for()
    maya.evaluate(SEND_TWICE)
    maya.get_by_role("button", name="Sign note").dblclick()
    maya.get_by_role("heading", name=re.compile("Add an addendum|Addenda")).wait_for()
    maya.go_back()
    maya.wait_for_load_state()
    assert maya.get_by_role("button", name="Sign note").count() == 0, "the page was asked for again, and leads on"
    maya.goto(f"/o/larkspur/encounters/{visit.encounter}/")
    maya.get_by_role("heading", name=re.compile("Add an addendum|Addenda")).wait_for()
    assert maya.locator("#note-form").count() == 0
    events = "SELECT count(*) FROM outbox_outboxevent WHERE name = 'chart.NoteSigned' AND payload->>'encounter_id' = %s"
    assert row(demo, events, visit.encounter) == (1,)


def test_the_back_button_after_booking_and_a_second_press_book_once(demo: Demo, chromium: Any) -> None:
    """Shown failing with the idempotency key left out of ``book_appointment``."""
    booked = "SELECT count(*) FROM scheduling_appointment"
    (before,) = row(demo, booked)
    with someone(chromium, demo, "Liz Moreno") as page:
        first = walk.book(page, "Diabetes video visit", who="Maya Chen")
        page.go_back()
        press = page.get_by_role("button", name="Book this visit")
        press.wait_for()
        press.dblclick()
        page.get_by_role("heading", name="Your visit is booked").wait_for()
        assert first in page.url
    assert row(demo, booked) == (before + 1,)
