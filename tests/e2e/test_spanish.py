"""In Spanish, whose words are longer, a patient's pages still fit a phone and 200 % zoom; and all of them are in Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from tests.e2e import walk
from tests.e2e.conftest import PATIENCE, PHONE, Demo, someone, wait_until
from tests.e2e.looks import ZOOMED, look, wider_than_its_window
from tests.e2e.test_walk import override_identity
from webside.demo.people import IN_SPANISH, SERVICES
from webside.demo.seed.staff import STAFF
from webside.testing.spanish import left_in_english

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.apart, pytest.mark.timeout(600)]

PAGES = ("home/", "", "need/", "home/record/", "how-we-reach-you/", "delegates/", "plan/", "offline/")
THEIRS = ("Online care",)
"""What the clinic wrote about itself, in English."""
DIABETES = IN_SPANISH["Diabetes video visit"]["name"]
OWN = tuple(words for each in SERVICES for words in (each.name, each.summary, each.description)) + tuple(
    each["specialty"] for each in STAFF.values()
)
"""What it says in Spanish too: nowhere is it read in English, marked or not."""
HERS = "Me preocupa el azúcar por la mañana."
SAID = """() => {
  const other = [...document.querySelectorAll('[lang]:not(html):not([lang^=es])')];
  other.forEach((each) => { each.hidden = true; });
  const seen = [...document.querySelectorAll('body *')].filter((each) => each.checkVisibility());
  const names = ['aria-label', 'title', 'placeholder', 'alt']
    .flatMap((name) => seen.map((each) => each.getAttribute(name)).filter(Boolean));
  const text = [document.title, document.body.innerText, ...names].join('\\n');
  other.forEach((each) => { each.hidden = false; });
  return text;
}"""


def es(english: str) -> str:
    """Return one of our texts as a Spanish page says it."""
    with translation.override("es"):
        text = gettext(english)
    assert text != english, f"{english!r} is none of our texts"
    return text


def speak_spanish(page: Any) -> None:
    """Choose Spanish at the foot of the page."""
    page.goto("/o/larkspur/home/")
    page.get_by_role("button", name="Español").click()
    page.get_by_role("button", name="English").wait_for()


def read(page: Any, name: str) -> list[str]:
    """Return what is amiss on a page for who speaks Spanish: English of ours, and what is too wide. Keeps its picture."""
    assert page.locator("html").get_attribute("lang") == "es", page.url
    wrong = [f"{name}, English: {each}" for each in left_in_english(page.evaluate(SAID), but=THEIRS)]
    seen = page.evaluate("[document.title, document.body.innerText].join('\\n')")
    wrong += [f"{name}, the clinic’s English: {each}" for each in OWN if each in seen]
    wrong += [f"{name}, sideways: {each}" for each in wider_than_its_window(page)]
    look(page, f"spanish-{name}")
    return wrong


def test_patients_pages_fit_in_spanish(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as page:
        speak_spanish(page)
        assert page.url.endswith("/o/larkspur/home/"), "she is where she was"
        wrong = []
        for path in PAGES:
            page.goto(f"/o/larkspur/{path}")
            for size in (ZOOMED, PHONE):
                page.set_viewport_size(size)
                wrong += [f"{path or 'clinic'} at {size['width']}: {each}" for each in wider_than_its_window(page)]
            wrong += read(page, path.strip("/").replace("/", "-") or "clinic")
        assert not wrong, "\n".join(wrong)


def test_who_speaks_spanish_gets_through_a_visit_in_spanish(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    """Shown failing with the hints of the check-in turned into text as their module is read: two of them stay English."""
    wrong: list[str] = []
    with ExitStack() as stack:
        liz = stack.enter_context(someone(chromium, demo, "Liz Moreno", size=PHONE))
        maya = stack.enter_context(someone(other_chromium, demo, "Dr. Maya Chen"))
        speak_spanish(liz)
        wrong += stand_in_line(liz)
        visit, found = book(liz)
        wrong += found
        wrong += check_in(liz, visit)
        walk.let_in(liz, maya, visit)
        liz.locator("[data-quality-text]").wait_for()
        wrong += read(liz, "call")
        liz.get_by_role("button", name=es("Devices"), exact=True).click()
        wrong += read(liz, "call-devices")
        liz.get_by_role("button", name=es("Done"), exact=True).click()
        liz.get_by_role("button", name=es("People"), exact=True).click()
        wrong += read(liz, "call-people")
        walk.write_note(maya)
        override_identity(maya)
        wait_until("the visit's time", lambda: maya.locator("[data-call=timer]").inner_text() >= "0:10", 60, 1)
        maya.get_by_role("button", name="End and sign").click()
        maya.get_by_role("heading", name="Before you sign", exact=True).wait_for()
        liz.wait_for_url("**/ended/")
        wrong += read(liz, "ended")
        maya.get_by_role("button", name="Sign note").click()
        liz.wait_for_url("**/summary/", timeout=PATIENCE * 1000)
        liz.get_by_role("heading", name=re.compile("^Su consulta con Dr. Maya Chen")).wait_for()
        wrong += read(liz, "summary")
        for page, name in (
            (f"visits/{visit}/survey/", "survey"),
            (f"visits/{visit}/help/", "help"),
            ("home/", "home-after"),
        ):
            liz.goto(f"/o/larkspur/{page}")
            wrong += read(liz, name)
    assert not wrong, "\n".join(wrong)


def stand_in_line(page: Any) -> Iterable[str]:
    """Get in line where she is, and leave it again."""
    page.goto("/o/larkspur/")
    page.locator("a.ws-svc__now").first.click()
    page.get_by_label(es("None of these")).wait_for()
    yield from read(page, "line-join")
    page.get_by_label(es("None of these")).check()
    page.get_by_label(es("What is it about?")).fill(HERS)
    get_in = page.get_by_role("button", name=es("Get in line"))
    get_in.wait_for()  # below what may be asked
    agree = page.get_by_label(es("I have read this and I agree"))
    if agree.count():
        agree.check()
    get_in.click()
    page.get_by_role("button", name=es("Leave the line")).wait_for()
    yield from read(page, "line-place")
    page.get_by_role("button", name=es("Leave the line")).click()
    page.get_by_role("heading", name=es("You have left the line")).wait_for()
    yield from read(page, "line-left")


def book(page: Any) -> tuple[str, list[str]]:
    """Book with Dr. Chen; return the visit, and what was amiss. First from a state where nobody may treat."""
    wrong = []
    page.goto("/o/larkspur/")
    page.get_by_role("link", name=DIABETES, exact=True).click()
    page.get_by_role("heading", name=DIABETES, exact=True).wait_for()
    page.wait_for_load_state()
    elsewhere = page.get_by_role("link", name=es("I’ll be somewhere else"))
    if elsewhere.count():
        elsewhere.click()
    wrong += read(page, "book-place")
    page.get_by_label(es("Where will you be during the visit?")).select_option("VT")
    page.get_by_role("button", name=es("Show times")).click()
    for why in page.locator("details summary").filter(has_text=es("Why")).all():
        why.click()
    wrong += read(page, "book-nobody")
    page.get_by_role("link", name=es("I’ll be somewhere else")).click()
    page.get_by_label(es("Where will you be during the visit?")).select_option(walk.KINGSTON.code)
    page.get_by_role("button", name=es("Show times")).click()
    times = page.locator("label.ws-slot").filter(has_text="Maya Chen")
    times.first.wait_for()
    wrong += read(page, "book-times")
    times.first.click()
    on = re.compile(f"^({re.escape(es('Go on'))}|{re.escape(es('Go on with this time'))})$")
    page.get_by_role("button", name=on).locator("visible=true").first.click()
    page.get_by_role("heading", name=es("Check and book")).wait_for()
    wrong += read(page, "book")
    page.locator("[name=reason_text]").fill(HERS)
    book_it = page.get_by_role("button", name=es("Book this visit"))
    book_it.wait_for()
    agree = page.get_by_label(es("I have read this and I agree"))
    if agree.count():
        agree.check()
    book_it.click()
    page.get_by_role("heading", name=es("Your visit is booked")).wait_for()
    wrong += read(page, "booked")
    visit = re.search(r"/appointments/([0-9a-f-]{36})/", page.url)
    assert visit, page.url
    return visit.group(1), wrong


def check_in(page: Any, visit: str) -> Iterable[str]:
    """Look at the device check, check in and wait."""
    page.goto(f"/o/larkspur/visits/{visit}/prepare/")
    yield from read(page, "prepare")
    page.goto(f"/o/larkspur/visits/{visit}/check-in/")
    page.locator("h1").first.wait_for()
    sooner = page.get_by_role("link", name=es("Check in now"))
    if sooner.count():
        yield from read(page, "check-in-early")
        sooner.click()
    yield from read(page, "check-in")
    page.locator("input[name=identity_confirmed]").check()
    page.locator("input[name=location][value=home]").check()
    page.locator("input[name=phone]").fill("845-555-0142")
    page.locator("input[name=near]").first.check()
    page.locator("input[name=nearby_name]").fill("Carlos Moreno")
    page.locator("input[name=nearby_phone]").fill("845-555-0188")
    page.locator("input[name=agrees]").check()
    walk.saved(page)
    yield from read(page, "check-in-filled")
    page.get_by_role("button", name=es("Go to the waiting room")).click()
    page.wait_for_url("**/waiting/")
    page.get_by_text(es("The clinic can see that you are here.")).wait_for()
    yield from read(page, "waiting")
