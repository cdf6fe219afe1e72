"""Our modules in a real browser, under our policy: what is typed is safe, what changes arrives, what is said is true."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from playwright.sync_api import expect

from webside.ui.tests.site import Site

pytestmark = pytest.mark.browser

HTMX = Path(__file__).resolve().parent.parent / "templates" / "ui" / "_htmx.html"
SAVED_AT = "2026-11-23T20:43:07Z"
NOTE = """
<main id="main">
            <form data-behavior="autosave" data-autosave-url="/post" data-version="18" id="note" data-zone="America/New_York">
  <label for="plan">Plan</label><textarea id="plan" name="plan">Rest.</textarea>
  <label for="history">History</label><textarea id="history" name="history">Cough.</textarea>
  <span data-saved data-state="idle" role="status"><span data-saved-text>Saved as you type</span></span>
</form><a id="away" href="/?elsewhere">Elsewhere</a></main>"""

CHARGES = Template("""{% load ui %}{% table caption="Charges" filter="Find a charge" export="charges" sort=True %}
    <thead><tr><th>Name</th><th class="is-num" data-sort="number">Charge</th><th>State</th></tr></thead><tbody>
    <tr><th scope="row">Moreno</th><td class="is-num">$1</td><td></td></tr></tbody>{% endtable %}""").render(Context())

WHERE_ITS_WORDS_ARE = """element => {
    const words = document.createRange();
    words.selectNode(document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode());
    return words.getBoundingClientRect().toJSON();
}"""


def _wait(condition: Any, seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.03)


def _ready(page: Any, behavior: str) -> None:
    expect(page.locator(f'[data-attached~="{behavior}"]').first).to_be_attached()


def _confirm(site: Site) -> None:
    site.default = lambda form: (200, {"version": int(form["version"]) + 1, "saved_at": SAVED_AT})


class TestAutosave:
    """``autosave.js``"""

    def test_saved_is_said_after_the_servers_answer(self, page: Any, site: Site) -> None:
        site.html, site.delay = NOTE, 0.4
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        said = page.locator("[data-saved-text]")
        page.locator("#plan").press_sequentially(" Drink.")
        expect(said).to_have_text("Saving…")
        _wait(lambda: site.posts)
        expect(said).to_have_text("Saving…")  # sent, but nobody has confirmed it yet
        expect(said).to_have_text("Saved 3:43:07 pm")
        assert "Drink." in site.posts[-1]["plan"]
        assert site.posts[0]["version"] == "18"
        assert site.posts[0]["_csrf"] == "token"

    def test_the_next_save_carries_the_new_version(self, page: Any, site: Site) -> None:
        site.html = NOTE
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "One")
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")
        page.fill("#plan", "Two")
        _wait(lambda: len(site.posts) == 2)
        assert [post["version"] for post in site.posts] == ["18", "19"]

    def test_a_page_instead_of_an_answer_is_not_saved(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.answers.put((200, "<html>Sign in</html>"))
        site.default = lambda form: (200, {"ok": True})  # JSON, but it confirms nothing
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "Important")
        expect(page.locator("[data-saved-text]")).to_have_text("Not saved yet. We keep trying.")
        _wait(lambda: len(site.posts) >= 2)
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "waiting")

    def test_it_keeps_trying_and_the_newest_text_arrives(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.answers.put((503, {}))
        site.answers.put((500, "<h1>Broken</h1>"))
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "First")
        expect(page.locator("[data-saved-text]")).to_have_text("Not saved yet. We keep trying.")
        page.fill("#plan", "First and second")
        expect(page.locator("[data-saved-text]")).to_have_text("Saved 3:43:07 pm", timeout=15000)
        assert site.posts[-1]["plan"] == "First and second"
        assert page.input_value("#plan") == "First and second"

    def test_typing_while_it_saves_is_saved_too(self, page: Any, site: Site) -> None:
        site.html, site.delay = NOTE, 0.6
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "A")
        _wait(lambda: site.posts)
        page.fill("#plan", "A and B")
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved", timeout=10000)
        assert site.posts[-1]["plan"] == "A and B"

    def test_another_field_of_another_writer_is_taken_over(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.answers.put(
            (
                409,
                {
                    "version": 30,
                    "by": "Dr. Ortiz",
                    "saved_at": SAVED_AT,
                    "fields": {"plan": "Rest.", "history": "Cough, fever."},
                },
            )
        )
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "Rest and drink.")
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")
        assert page.input_value("#history") == "Cough, fever."
        assert site.posts[-1]["plan"] == "Rest and drink."
        assert site.posts[-1]["version"] == "30"

    def test_two_writers_of_one_field_both_are_shown(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.answers.put(
            (409, {"version": 30, "by": "Dr. Ortiz", "saved_at": SAVED_AT, "fields": {"plan": "<b>Walk.</b>"}})
        )
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "Mine.")
        theirs = page.locator(".ws-theirs")
        expect(theirs).to_contain_text("Dr. Ortiz wrote here at 3:43 pm")
        expect(theirs.locator(".ws-theirs__text")).to_have_text("<b>Walk.</b>")  # shown as text, not as HTML
        assert page.input_value("#plan") == "Mine."
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "conflict")
        sent = len(site.posts)
        page.fill("#history", "Still typing")
        page.wait_for_timeout(1200)
        assert len(site.posts) == sent, "nothing is overwritten before a person has chosen"
        theirs.get_by_role("button", name="Put both in").click()
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")
        assert site.posts[-1]["plan"].replace("\r\n", "\n") == "Mine.\n<b>Walk.</b>"
        assert site.posts[-1]["version"] == "30"

    def test_a_refused_text_stays_and_says_why(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.answers.put((422, {"errors": {"plan": ["Too long by 20 letters."]}}))
        _confirm(site)
        page.goto(site.url)
        _ready(page, "autosave")
        page.fill("#plan", "Much")
        expect(page.locator("[data-autosave-error]")).to_have_text("Too long by 20 letters.")
        assert page.input_value("#plan") == "Much"
        page.fill("#plan", "Less")
        expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")
        expect(page.locator("[data-autosave-error]")).to_have_count(0)

    def test_what_was_typed_before_the_module_came_is_saved(self, page: Any, site: Site) -> None:
        site.html = NOTE
        _confirm(site)
        held: list[Any] = []
        page.route("**/static/ui/autosave.js", lambda route: held.append(route))
        page.goto(site.url)
        page.fill("#plan", "Typed early.")
        while not held:
            page.wait_for_timeout(20)
        held[0].continue_()
        expect(page.locator("[data-saved-text]")).to_have_text("Saved 3:43:07 pm")
        assert [post["plan"] for post in site.posts] == ["Typed early."]

    def test_nothing_of_a_form_as_it_was_drawn_is_to_be_saved(self, page: Any, site: Site) -> None:
        """Values that the browser takes otherwise than they are written, and what it chooses by itself."""
        site.html = """<main><form data-behavior="autosave" data-autosave-url="/post" data-version="18">
            <input type="hidden" name="version" value="18"><textarea name="plan" aria-label="Plan">\n one\r\n two </textarea>
            <select name="level" aria-label="Level"><option disabled>Choose</option><option>Low</option></select>
            <input name="email" type="email" value=" a@b.example " aria-label="E-mail">
            <input name="pulse" type="number" value="no" aria-label="Pulse">
            <input name="near" type="radio" value="yes" checked aria-label="Yes"><input name="ready" type="checkbox"
            checked aria-label="Ready"></form></main>"""
        page.goto(site.url)
        _ready(page, "autosave")
        assert page.evaluate("import('ui/autosave.js').then((module) => module.anythingUnsaved())") is False
        page.get_by_label("Ready").uncheck()
        assert page.evaluate("import('ui/autosave.js').then((module) => module.anythingUnsaved())") is True
        _wait(lambda: site.posts)  # the site answers without a version: it stays unsaved

    def test_leaving_with_unsaved_text_asks_and_hands_it_over(self, page: Any, site: Site) -> None:
        site.html = NOTE
        site.default = lambda form: (503, {})
        page.goto(site.url)
        _ready(page, "autosave")
        page.locator("#plan").press_sequentially("x")
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.click("#away")
        page.wait_for_url("**/?elsewhere")
        assert asked == ["beforeunload"]
        _wait(lambda: site.posts and "x" in site.posts[-1]["plan"])


def _live(page: Any) -> None:
    expect(page.locator("html")).to_have_attribute("data-live-state", "on")


LIVE = """<main id="main"><section id="queue" data-live="queue:1" data-live-url="/fragment"><p>first</p></section>
<p id="below">Below</p></main>"""


class TestLive:
    """``live.js``"""

    def test_a_hint_brings_the_fragment(self, page: Any, site: Site) -> None:
        site.html, site.fragment = LIVE, "<p>connected</p>"
        page.goto(site.url)
        expect(page.locator("#queue")).to_have_text("connected")  # fetched after the connect: a gap is closed
        assert site.tickets == [["queue:1"]]
        assert site.heard[0] == {"ticket": "t"}
        site.fragment = "<p>Liz waits</p>"
        site.say({"type": "hint", "topic": "queue:2", "kind": "arrived", "id": "x"})
        page.wait_for_timeout(300)
        expect(page.locator("#queue")).to_have_text("connected")
        site.say({"type": "hint", "topic": "queue:1", "kind": "arrived", "id": "x"})
        expect(page.locator("#queue")).to_have_text("Liz waits")

    def test_it_comes_back_and_fetches_what_it_missed(self, page: Any, site: Site) -> None:
        site.html = LIVE
        page.goto(site.url)
        _live(page)
        site.fragment = "<p>while away</p>"
        site.cut()
        _wait(lambda: len(site.tickets) >= 2)
        expect(page.locator("#queue")).to_have_text("while away", timeout=5000)
        assert len(site.tickets) >= 2, "a ticket works once"

    def test_it_says_when_it_is_off_and_still_asks(self, page: Any, site: Site) -> None:
        site.html = LIVE
        page.goto(site.url)
        _live(page)
        site.refuse_sockets = True
        site.cut()
        bar = page.locator("#live-bar")
        expect(bar).to_contain_text("Live updates stopped at", timeout=8000)
        site.refuse_sockets = False
        expect(bar).to_have_count(0, timeout=8000)

    def test_a_silent_line_is_found_dead(self, page: Any, site: Site) -> None:
        site.html = LIVE.replace('id="queue"', 'id="queue" data-live-fast')
        page.goto(site.url)
        _wait(lambda: any(message.get("type") == "ping" for message in site.heard))
        site.silent = True
        _wait(lambda: len(site.tickets) >= 2, 10)

    def test_a_revoked_person_is_told_and_not_connected_again(self, page: Any, site: Site) -> None:
        site.html = LIVE
        page.goto(site.url)
        _live(page)
        site.say({"type": "bye", "reason": "revoked"})
        site.cut()
        expect(page.locator("#live-bar")).to_contain_text("no longer open to you")
        page.wait_for_timeout(1500)
        assert len(site.tickets) == 1

    def test_what_somebody_types_in_is_not_taken_away(self, page: Any, site: Site) -> None:
        site.html = LIVE.replace("<p>first</p>", '<input id="answer"><p>first</p>')
        site.fragment = '<input id="answer"><p>first</p>'
        page.goto(site.url)
        _live(page)
        page.wait_for_timeout(300)
        page.locator("#answer").press_sequentially("half a sent")
        site.fragment = '<input id="answer"><p>second</p>'
        site.say({"type": "hint", "topic": "queue:1", "kind": "x", "id": ""})
        page.wait_for_timeout(500)
        assert page.input_value("#answer") == "half a sent"
        page.locator("#answer").blur()
        expect(page.locator("#queue p")).to_have_text("second")

    def test_what_is_read_does_not_move(self, page: Any, site: Site) -> None:
        rows = "".join(f"<p id='row-{n}'>Row {n}</p>" for n in range(60))
        site.html = (
            f'<main id="main"><section id="queue" data-live="queue:1" data-live-url="/fragment">{rows}</section></main>'
        )
        site.fragment = rows
        page.goto(site.url)
        _live(page)
        page.wait_for_timeout(300)
        page.evaluate(
            "document.documentElement.classList.add('x'); scrollTo(0, document.getElementById('row-30').offsetTop - 233)"
        )
        before = page.evaluate("document.getElementById('row-30').getBoundingClientRect().top")
        site.fragment = "<p>New at the top</p><p>Another</p>" + rows
        site.say({"type": "hint", "topic": "queue:1", "kind": "x", "id": ""})
        expect(page.locator("#queue")).to_contain_text("New at the top")
        after = page.evaluate("document.getElementById('row-30').getBoundingClientRect().top")
        assert abs(after - before) < 2


class TestSmallBehaviors:
    """The others, each by what a person sees."""

    def test_a_form_is_sent_once(self, page: Any, site: Site) -> None:
        site.html = '<form method="post" action="/post"><button id="go">Book this time</button></form>'
        site.delay = 1.0
        site.default = lambda form: (200, "<p>Booked</p>")
        page.goto(site.url)
        _ready(page, "submit-once")
        page.evaluate("const b = document.getElementById('go'); b.click(); b.click(); b.click();")
        expect(page.locator("body")).to_have_text("Booked")
        assert len(site.posts) == 1

    def test_undo_brings_it_back(self, page: Any, site: Site) -> None:
        site.html = """<ul><li id="row">Lisinopril <form method="post" action="/post" data-behavior="confirm-undo"
            data-undo-url="/post" data-done="Lisinopril removed"><button>Remove</button></form></li></ul>"""
        site.default = lambda form: (200, {})
        page.goto(site.url)
        _ready(page, "confirm-undo")
        page.get_by_role("button", name="Remove").click()
        expect(page.locator("#row")).to_be_hidden()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#row")).to_be_visible()
        assert len(site.posts) == 2

    def test_a_removal_that_failed_is_not_shown_as_done(self, page: Any, site: Site) -> None:
        site.html = """<ul><li id="row">
            <form method="post" action="/post" data-behavior="confirm-undo" data-undo-url="/post">
            <button>Remove</button></form></li></ul>"""
        site.default = lambda form: (500, {})
        page.goto(site.url)
        _ready(page, "confirm-undo")
        page.get_by_role("button", name="Remove").click()
        expect(page.locator(".ws-toast")).to_contain_text("Nothing was changed")
        expect(page.locator("#row")).to_be_visible()

    def test_what_cannot_be_undone_asks_once(self, page: Any, site: Site) -> None:
        site.html = """<form method="post" action="/post" data-behavior="confirm-undo"
            data-ask="Leave the visit?" data-ask-yes="Leave">
            <button>Leave the call</button></form>"""
        site.default = lambda form: (200, "<p>Left</p>")
        page.goto(site.url)
        _ready(page, "confirm-undo")
        page.get_by_role("button", name="Leave the call").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert site.posts == []
        page.get_by_role("button", name="Leave the call").click()
        page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
        expect(page.locator("body")).to_have_text("Left")

    def test_a_table_sorts_filters_and_exports_safely(self, page: Any, site: Site) -> None:
        site.html = """<div data-behavior="table" data-sortable><div class="ws-tabletools" hidden>
            <input type="search" data-table-filter aria-label="Find">
            <button data-table-export="claims">CSV</button><span data-table-count></span></div>
            <table><thead><tr><th aria-sort="none">Name</th><th data-sort="number" aria-sort="none">Charge</th>
            </tr></thead><tbody>
            <tr><td>Moreno</td><td>$1,185.00</td></tr><tr><td>=HYPERLINK("x")</td><td>$90.00</td></tr><tr>
            <td>Costa, Elena</td><td>-$130.50</td></tr></tbody></table></div>"""
        page.goto(site.url)
        page.get_by_role("button", name="Charge").click()
        names = page.locator("tbody td:first-child")
        assert names.all_text_contents() == ["Costa, Elena", '=HYPERLINK("x")', "Moreno"]
        first = names.first
        page.get_by_role("button", name="Charge").click()
        expect(first).to_have_text("Moreno")
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        text = open(download.value.path(), encoding="utf-8-sig").read()  # noqa: PTH123, SIM115 - a download of the test
        assert '"\'=HYPERLINK(""x"")"' in text
        assert '"Costa, Elena"' in text
        page.get_by_label("Find").fill("moreno")
        expect(page.locator("tbody tr:visible")).to_have_count(1)
        expect(page.locator("[data-table-count]")).to_have_text("1 of 3 shown")

    def test_on_a_phone_a_row_is_a_block_with_its_labels_and_still_a_row(self, page: Any, site: Site) -> None:
        site.html = CHARGES
        page.set_viewport_size({"width": 390, "height": 700})
        page.goto(site.url)
        cell = page.get_by_role("row").nth(1).get_by_role("cell").first
        expect(cell).to_have_css("display", "flow-root")
        label = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
        assert "Charge" in label
        expect(page.locator("td[data-empty]")).to_be_hidden()
        expect(page.get_by_role("button", name="Charge")).to_be_visible()
        page.set_viewport_size({"width": 1000, "height": 700})
        expect(cell).to_have_css("display", "table-cell")

    @pytest.mark.parametrize("density", ["comfortable", "compact"])
    @pytest.mark.parametrize("width", [390, 1000])
    def test_nothing_moves_when_a_tables_script_comes(self, page: Any, site: Site, width: int, density: str) -> None:
        site.html = f'<div data-density="{density}">{CHARGES}<p>What stands below</p></div>'
        page.set_viewport_size({"width": width, "height": 700})
        held: list[Any] = []
        page.route("**/table.*js", lambda route: held.append(route))
        page.goto(site.url, wait_until="commit")
        below = page.get_by_text("What stands below")
        head = page.locator("th", has_text="Charge")

        def places() -> tuple[Any, Any]:
            return below.bounding_box(), head.evaluate(WHERE_ITS_WORDS_ARE)

        expect(page.locator("html[data-js=on]")).to_be_attached()
        # The font may come later than the page, and moves words by a part of a pixel.
        page.evaluate(
            "() => Promise.all([400, 700].map(each => document.fonts.load(`${each} 1em 'Atkinson Hyperlegible'`)))"
        )
        before = places()
        assert page.locator("[data-attached]").count() == 0
        held[0].continue_()
        _ready(page, "table")
        assert places() == before

    def test_a_swapped_field_that_was_resized_breaks_no_policy(self, page: Any, site: Site) -> None:
        settings = re.search(r"<meta name=\"htmx-config\"[^>]*>", HTMX.read_text(encoding="utf-8"))
        assert settings
        site.html = f"""{settings.group()}<script src="/static/ui/vendor/htmx-2.0.11/htmx.min.js"></script>
            <div id="part"><textarea id="why" aria-label="Why"></textarea></div>
            <button hx-get="/fragment" hx-target="#part">Again</button>"""
        site.fragment = '<textarea id="why" aria-label="Why">fresh</textarea>'
        page.goto(site.url)
        # What a hand on its corner does; the fixture fails on a violation that the console names.
        page.get_by_label("Why").evaluate("field => (field.style.height = '200px')")
        page.get_by_role("button", name="Again").click()
        expect(page.get_by_label("Why")).to_have_value("fresh")
        page.wait_for_function("() => !document.querySelector('.htmx-settling, .htmx-added')")

    def test_keys_go_press_and_rest_while_somebody_types(self, page: Any, site: Site) -> None:
        site.html = """<div data-behavior="keys"><nav><a href="#notes" data-go="n">Notes</a></nav>
            <input data-search aria-label="Search">
            <button data-key="s" id="sign">Sign</button><dialog id="keys-help"><h2 tabindex="-1">Keys</h2>
            <div data-keys-list></div></dialog></div>"""
        page.goto(site.url)
        _ready(page, "keys")
        page.evaluate("document.getElementById('sign').addEventListener('click', () => document.title = 'signed')")
        page.keyboard.press("/")
        expect(page.locator("[data-search]")).to_be_focused()
        page.keyboard.type("sgn?")
        assert page.title() == "Test"
        assert page.input_value("[data-search]") == "sgn?"
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("n")
        page.wait_for_url("**/#notes")
        page.keyboard.press("s")
        assert page.title() == "signed"
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Notes")
        page.get_by_label("Single letters act as keys").uncheck()
        page.keyboard.press("Escape")
        page.evaluate("document.title = 'again'; document.activeElement.blur()")
        page.keyboard.press("s")
        assert page.title() == "again"

    def test_the_theme_is_kept_for_the_server(self, page: Any, site: Site) -> None:
        site.html = '<div data-behavior="theme" hidden></div>'
        page.goto(site.url)
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert {"webside_theme": "dark"}.items() <= {c["name"]: c["value"] for c in page.context.cookies()}.items()
        page.get_by_role("button", name="Auto").click()
        assert [c for c in page.context.cookies() if c["name"] == "webside_theme"] == []

    def test_a_dialog_takes_the_focus_and_gives_it_back(self, page: Any, site: Site) -> None:
        site.html = """<button data-dialog-open="ask" id="opener">Open</button>
            <dialog class="ws-dialog" id="ask"><div class="ws-dialog__head"><h2 tabindex="-1">Sure</h2></div>
            <button data-dialog-close>Close</button></dialog>"""
        page.goto(site.url)
        _ready(page, "dialog")
        page.click("#opener")
        expect(page.locator("#ask h2")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#opener")).to_be_focused()

    def test_distance_stays_right_and_own_time_is_offered(self, page: Any, site: Site) -> None:
        page.clock.install(time="2026-11-23T20:08:00Z")
        site.html = """<time datetime="2026-11-23T12:20:00-08:00" data-behavior="local-time"
            data-style="full" data-zone="America/Los_Angeles">today, 12:20 pm, in 12 minutes</time>"""
        page.goto(site.url)
        _ready(page, "local-time")
        page.clock.run_for(3 * 60 * 1000)
        expect(page.locator("time")).to_have_text("today, 12:20 pm, in 9 minutes")
        expect(page.locator("time")).to_have_attribute("title", re.compile("3:20 pm where you are"))

    @pytest.mark.parametrize("device", ["2019-01-01T00:00:00Z", "2026-11-23T21:08:00Z", "2038-01-19T03:14:08Z"])
    def test_a_distance_is_right_whatever_the_device_takes_for_now(self, page: Any, site: Site, device: str) -> None:
        """Shown failing with the device's own clock in ``local-time.js``: "in 2,883 days", "47 minutes ago"."""
        page.clock.install(time=device)
        drawn = int(datetime(2026, 11, 23, 20, 8, tzinfo=UTC).timestamp())
        site.html = f"""<time datetime="2026-11-23T12:20:00-08:00" data-behavior="local-time" data-now="{drawn}"
            data-style="distance" data-zone="America/Los_Angeles">in 12 minutes</time>"""
        page.goto(site.url)
        _ready(page, "local-time")
        page.clock.run_for(3 * 60 * 1000)
        expect(page.locator("time")).to_have_text("in 9 minutes")

    def test_a_distance_that_begins_a_sentence_goes_on_beginning_it(self, page: Any, site: Site) -> None:
        page.clock.install(time="2026-11-23T20:08:00Z")
        drawn = int(datetime(2026, 11, 23, 20, 8, tzinfo=UTC).timestamp())
        site.html = f"""<time datetime="2026-11-23T12:20:00-08:00" data-behavior="local-time" data-now="{drawn}"
            data-style="distance" data-zone="America/Los_Angeles" data-start>In 12 minutes</time>"""
        page.goto(site.url)
        _ready(page, "local-time")
        page.clock.run_for(3 * 60 * 1000)
        expect(page.locator("time")).to_have_text("In 9 minutes")

    def test_an_unknown_behavior_leaves_the_rest_working(self, chromium: Any, site: Site) -> None:
        site.html = '<div data-behavior="no-such-thing theme" hidden></div>'
        page = chromium.new_page()
        page.goto(site.url)
        expect(page.get_by_role("button", name="Dark")).to_be_visible()
        page.close()


class TestEarlyPress:
    """A press that comes before its module."""

    def test_it_is_repeated_once_when_the_module_is_there(self, page: Any, site: Site) -> None:
        site.html = """<button type="button" data-dialog-open="ask" id="opener">Open</button>
        <dialog id="ask" class="ws-dialog"><h2 tabindex="-1">Sure?</h2></dialog>"""
        held: list[Any] = []
        page.route(re.compile(r"/static/ui/dialog\.js"), lambda route: held.append(route))
        page.goto(site.url)
        while not held:
            page.wait_for_timeout(20)
        page.locator("#opener").click()
        page.locator("#opener").click()
        assert not page.locator("#ask").is_visible()
        page.evaluate("""() => { window.opened = 0; const show = HTMLDialogElement.prototype.showModal;
            HTMLDialogElement.prototype.showModal = function () { window.opened += 1; show.call(this); }; }""")
        held[0].continue_()
        expect(page.locator("#ask")).to_be_visible()
        assert page.evaluate("window.opened") == 1

    def test_one_that_was_answered_is_not(self, page: Any, site: Site) -> None:
        site.html = """<button type="button" data-dialog-open="ask" id="opener">Open</button>
        <dialog id="ask" class="ws-dialog"><h2 tabindex="-1">Sure?</h2>
        <button type="button" data-dialog-close>No</button></dialog>"""
        page.goto(site.url)
        _ready(page, "dialog")
        page.locator("#opener").click()
        page.get_by_role("button", name="No").click()
        page.wait_for_timeout(300)
        assert not page.locator("#ask").is_visible()
