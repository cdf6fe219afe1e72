"""What the two people of a visit hand each other, through the whole application: files, and a picture both draw on."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.e2e import walk
from tests.e2e.call_lab.running import launch, wait_for, why_no_browser
from tests.e2e.conftest import PHONE, STORY_FPS, Demo, look, need, someone
from tests.e2e.looks import findings, wider_than_its_window

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]


class Room:
    """A running visit: Liz on a phone, Dr. Chen at a desk."""

    def __init__(self, demo: Demo, chromium: Any, stack: ExitStack) -> None:
        self.liz = stack.enter_context(someone(chromium, demo, "Liz Moreno", size=PHONE))
        self.maya = stack.enter_context(someone(chromium, demo, "Dr. Maya Chen"))
        visit = walk.come_and_wait(self.liz)
        walk.let_in(self.liz, self.maya, visit)


@pytest.fixture(scope="module")
def room(demo: Demo) -> Iterator[Room]:
    need(why_no_browser())
    with sync_playwright() as running, ExitStack() as stack:
        chromium = launch(running.chromium, fps=STORY_FPS)
        stack.callback(chromium.close)
        yield Room(demo, chromium, stack)


def picture(size: tuple[int, int] = (1600, 1200)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def file(name: str, content: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": content}


def pick(page: Any, *files: dict[str, Any]) -> None:
    page.locator("[data-files-pick]").first.set_input_files(list(files))


def shown(page: Any) -> Any:
    return page.locator("[data-message] .visit-file img")


def loaded(page: Any) -> bool:
    return bool(
        page.evaluate(
            "[...document.querySelectorAll('[data-message] .visit-file img')].every(i => i.complete && i.naturalWidth)"
        )
    )


def test_an_older_answer_takes_no_line_of_the_chat_away(room: Room) -> None:
    """The list that was asked for first comes last, as on a bad line. Shown failing with a ``Newest`` to
    which every answer is news."""
    liz, maya = room.liz, room.maya
    held: list[tuple[Any, Any]] = []

    def hold(route: Any) -> None:
        if route.request.method == "GET" and not held:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    liz.route("**/chat/", hold)
    liz.evaluate("document.dispatchEvent(new CustomEvent('visits:resync'))")
    wait_for("the older list is on its way", lambda: liz.title() and held)
    chat_line(maya, "Does it still hurt?")
    liz.locator("[data-chat-list]").get_by_text("Does it still hurt?").wait_for(state="attached")
    older, answer = held[0]
    with liz.expect_event("requestfinished", lambda request: request == older.request):
        older.fulfill(response=answer)
    liz.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert liz.locator("[data-chat-list]").get_by_text("Does it still hurt?").count() == 1
    liz.unroute("**/chat/")


def test_a_list_that_never_comes_is_asked_for_again(room: Room) -> None:
    """A connection can die without a word to this end. Shown failing without the limit in ``newest.js``."""
    liz, maya = room.liz, room.maya
    held: list[Any] = []
    liz.route("**/chat/", lambda route: held.append(route) if not held else route.continue_())
    liz.watch.expect("signal timed out")
    chat_line(maya, "Since when?")
    wait_for("the list is asked for", lambda: liz.title() and held)
    liz.locator("[data-chat-list]").get_by_text("Since when?").wait_for(state="attached")
    liz.unroute("**/chat/")


def chat_line(page: Any, text: str) -> None:
    field = page.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def test_a_picture_is_sent_over_a_line_that_breaks(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.get_by_role("button", name="Chat").first.click()
    assert liz.get_by_text("up to 20 MB each").is_visible(), "how large a file may be is said before"
    broken: list[str] = []

    def break_once(route: Any) -> None:
        if "from=262144" in route.request.url and len(broken) < 2:
            broken.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    liz.watch.expect("Failed to load resource: net::ERR_FAILED")
    liz.route("**/sending/*/?from=*", break_once)
    content = picture()
    assert len(content) > 3 * 262144
    pick(liz, file("wound.jpg", content))
    liz.get_by_text("No connection. We go on by ourselves.").wait_for()
    look(liz, "sharing-sending-390")
    wait_for("the picture at the other side", lambda: shown(maya).count() == 1)
    liz.unroute("**/sending/*/?from=*")
    assert len(broken) == 2
    wait_for("nothing on its way", lambda: liz.locator("[data-files-list] > li").count() == 0)
    shown(maya).scroll_into_view_if_needed()
    wait_for("both pictures drawn", lambda: loaded(maya) and loaded(liz))
    assert shown(liz).count() == 1, "once"
    look(liz, "sharing-sent-390")
    look(maya, "sharing-sent")


def test_what_is_not_taken_is_said_and_the_others_go_on(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.watch.expect("status of 422")
    pick(
        liz,
        file("empty.jpg", b""),
        file("<b>letter.pdf", b"%PDF-1.7 hello", "application/pdf"),
        file("program.jpg", b"MZ\x90"),
    )
    wait_for("the letter", lambda: maya.get_by_text("<b>letter.pdf").count() == 1)
    refused = liz.locator("[data-files-list] > [data-refused]")
    wait_for("two refused", lambda: refused.count() == 2)
    said = refused.all_inner_texts()
    assert "The file is empty" in said[0] and "We can't open this kind of file" in said[1]
    look(liz, "sharing-refused-390")
    assert not wider_than_its_window(liz) and findings(liz) == []
    for _ in range(2):
        liz.get_by_role("button", name="Close the note about").first.click()
    with maya.expect_download() as saved:
        maya.get_by_text("<b>letter.pdf").click()
    assert saved.value.suggested_filename == "bletter.pdf"


def test_she_takes_it_back(room: Room) -> None:
    liz, maya = room.liz, room.maya
    before = shown(maya).count()
    liz.get_by_role("button", name=re.compile("Remove wound")).click()
    maya.get_by_text("This file was removed by who sent it.").wait_for()
    liz.get_by_text("You removed this file.").wait_for()
    assert shown(maya).count() == before - 1


def marks(page: Any) -> int:
    return int(page.locator("[data-board] .visit-mark--edge").count())


def draws(page: Any) -> None:
    """Draw a line across the picture with the mouse."""
    box = page.locator("[data-board] > svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    for part in (0.4, 0.5, 0.6):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.4, steps=3)
    page.mouse.up()


def test_both_draw_on_a_still(room: Room) -> None:
    liz, maya = room.liz, room.maya
    maya.get_by_role("button", name="Picture for both").click()
    maya.get_by_role("button", name="Take a still").click()
    maya.get_by_text("Nobody else sees it yet.").wait_for()
    look(maya, "picture-still")
    assert liz.locator("#picture").is_hidden()
    maya.get_by_role("button", name="Send it").click()
    for page in (liz, maya):
        page.locator("[data-board] > svg").wait_for()
    assert "Dr. Maya Chen shows a picture." in liz.locator("[data-picture-said]").inner_text()
    draws(liz)
    wait_for("her line at both", lambda: marks(liz) == marks(maya) == 1)
    assert "Liz Moreno has drawn on the picture" in maya.locator("[data-picture-said]").inner_text()
    maya.locator("[data-board]").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        maya.keyboard.press(key)
    wait_for("her arrow at both", lambda: marks(liz) == marks(maya) == 2)
    wait_for(
        "said to who doesn’t see it",
        lambda: "Dr. Maya Chen has placed an arrow: middle." in liz.locator("[data-picture-said]").inner_text(),
    )
    assert "2 marks" in (liz.locator("[data-board] > svg").get_attribute("aria-label") or "")
    look(liz, "picture-drawn-390")
    look(maya, "picture-drawn")
    for page in (liz, maya):
        assert not wider_than_its_window(page) and findings(page) == []
    maya.get_by_role("button", name="Undo").click()
    wait_for("taken back at both", lambda: marks(liz) == marks(maya) == 1)


def test_who_comes_back_finds_the_picture_as_it_is(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.reload()
    walk.connected(liz)
    liz.locator("[data-board] > svg").wait_for()
    wait_for("the line that was there", lambda: marks(liz) == 1)
    draws(maya)
    wait_for("a second line at both", lambda: marks(liz) == marks(maya) == 2)
    liz.get_by_role("button", name="Clear").click()
    wait_for("clear at both", lambda: marks(liz) == marks(maya) == 0)
    liz.get_by_role("button", name="Put it away for everybody").click()
    wait_for("put away at both", lambda: maya.locator("[data-picture-board]").is_hidden())
    assert liz.locator("#picture").is_hidden(), "what opened by itself closes so"


def test_it_goes_into_the_chart_when_she_agrees(room: Room) -> None:
    liz, maya = room.liz, room.maya
    maya.get_by_role("button", name="Close the picture").click()
    still = maya.locator("[data-message]").filter(has_text="Draw on it").last
    still.get_by_text("Keep it in the chart").click()
    still.get_by_label("Part of the body, in words").fill("left forearm, below the elbow")
    still.get_by_role("button", name="Ask Liz").click()
    question = liz.get_by_role("group", name="A question about a picture")
    question.wait_for()
    assert "left forearm, below the elbow" in question.inner_text()
    look(liz, "keeping-asked-390")
    look(maya, "keeping-asked")
    assert not wider_than_its_window(liz) and findings(liz) == []
    liz.get_by_role("button", name="Yes, keep it").click()
    wait_for("her answer at the clinician’s", lambda: maya.locator("[data-kept=kept]").count() == 1)
    assert walk.connected(liz) is None, "the call goes on"
    with maya.context.new_page() as chart:
        chart.goto("/o/larkspur/patients/")
        chart.get_by_role("link", name="Liz Moreno").first.click()
        chart.locator("#pictures").get_by_text("left forearm, below the elbow").wait_for()
        chart.locator("#pictures img").scroll_into_view_if_needed()
        wait_for("the picture", lambda: chart.evaluate("document.querySelector('#pictures img').naturalWidth > 0"))
        look(chart, "keeping-chart")
    liz.get_by_role("button", name="Chat").first.click()
    look(liz, "keeping-kept-390")
    liz.get_by_role("button", name="Take it out of my chart").click()
    wait_for("taken out", lambda: maya.locator("[data-kept=withdrawn]").count() == 1)
