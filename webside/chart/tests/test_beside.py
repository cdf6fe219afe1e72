"""The note in a real browser: saved as typed, a diagnosis found by keyboard, lists that leave the note alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from playwright.sync_api import Browser, Page, expect, sync_playwright

from webside.chart import services
from webside.chart.models import AllergyIntolerance, Note
from webside.chart.selectors import diagnoses_of
from webside.chart.tests import factories
from webside.core import clock
from webside.testing.cast import Cast, make_cast

AXE = Path(__file__).resolve().parents[3] / "tests" / "e2e" / "vendor" / "axe-core-4.14.1" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("own_gates")]


class Room:
    """A clinic, an encounter of Liz with Maya, and pages that look at it."""

    browser: Browser

    def __init__(self, address: str) -> None:
        self.address = address
        self.cast: Cast = make_cast()
        with self.cast.as_(self.cast.maya_user) as maya:
            self.encounter = factories.encounter(self.cast)
            services.add_problem(actor=maya, patient=self.cast.liz, code="E11.65")

    def page(self, user: Any, path: str, *, width: int = 1280) -> Page:
        """Open a page as somebody who has signed in with a second factor."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["account_authentication_methods"] = [{"method": "mfa"}]
        session.save()
        # Without motion a colour is what it will be at once; axe must not measure half a transition.
        context = self.browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        cookie = {"name": "webside_session", "value": session.session_key, "url": self.address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{self.address}/o/larkspur/{path}")
        page.wait_for_selector("html[data-js=on]")
        return page

    def note_page(self, user: Any | None = None) -> Page:
        """Open the encounter's page."""
        return self.page(user or self.cast.maya_user, f"encounters/{self.encounter.id}/")

    def note(self) -> Note:
        """Return the note as it is kept."""
        with self.cast.as_(self.cast.maya_user):
            return Note.objects.get(encounter=self.encounter)


@pytest.fixture
def room(address: str, all_codes: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A room on a served application, and a real Chromium.

    Playwright runs its loop in this thread, and Django keeps other connections for a thread with a loop: so it
    starts after the database's fixtures and ends before them.
    """
    made = Room(address)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # our queries between the clicks are short
    with sync_playwright() as playwright:
        made.browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield made
        connections.close_all()
        made.browser.close()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved", timeout=15000)


def test_what_is_typed_is_saved_and_the_lists_leave_it_alone(room: Room) -> None:
    page = room.note_page()
    page.fill("#part-plan", "Recheck in 4 weeks.")
    saved(page)
    expect(page.locator("[data-note-version]")).to_have_text("version 1")
    assert room.note().plan == "Recheck in 4 weeks."
    expect(page.locator("[data-saved-text]")).to_contain_text("Saved ")

    # A list changes while something is half typed: the note stays, nothing is reloaded.
    page.evaluate("window.stayed = true")
    page.fill("#part-assessment", "Above goal")
    page.click("#allergies summary")
    page.fill("#allergies-text", "<b>Sulfa</b>")
    page.click("#allergies form:has(#allergies-text) button[type=submit]")
    expect(page.locator("#allergies")).to_contain_text("<b>Sulfa</b>")
    assert page.input_value("#part-assessment") == "Above goal"
    assert page.evaluate("window.stayed") is True
    saved(page)
    with room.cast.as_(room.cast.maya_user):
        assert AllergyIntolerance.objects.get().substance == "<b>Sulfa</b>"
    # Leaving for the signature waits for what is typed.
    page.fill("#part-assessment", "Above goal, was ill.")
    page.click("text=Check and sign")
    page.wait_for_url("**/sign/")
    assert room.note().assessment == "Above goal, was ill."


def test_what_was_ended_stays_with_its_undo_until_the_page_is_loaded_anew(room: Room) -> None:
    page = room.note_page()
    allergies, medicines = page.locator("#allergies"), page.locator("#medications")
    for section, name in (("allergies", "Sulfa"), ("medications", "Metformin")):
        page.click(f"#{section} summary")
        page.fill(f"#{section}-text", name)
        page.click(f"#{section} form:has(#{section}-text) button[type=submit]")
        expect(page.locator(f"#{section} li").first).to_contain_text(name)
    expect(page.locator("#allergy-now")).to_contain_text("Sulfa")
    allergies.get_by_role("button", name="End Sulfa").click()
    expect(allergies).to_contain_text("Sulfa was taken off the list.")
    expect(page.locator("#allergy-now")).not_to_contain_text("Sulfa")
    expect(allergies.get_by_role("button", name="No known allergies")).to_have_count(0)
    medicines.get_by_role("button", name="End Metformin").click()  # another form brings the offer along
    expect(medicines).to_contain_text("Metformin was taken off the list.")
    allergies.get_by_role("button", name="Undo Sulfa").click()
    expect(allergies).not_to_contain_text("was taken off")
    expect(page.locator("#allergy-now")).to_contain_text("Sulfa")
    expect(medicines).to_contain_text("Metformin was taken off the list.")
    page.reload()
    expect(medicines).not_to_contain_text("was taken off")
    expect(medicines.get_by_role("button", name="Takes no medicines")).to_be_visible()


def test_a_diagnosis_is_found_and_kept_by_keyboard(room: Room) -> None:
    page = room.note_page()
    page.fill("#part-plan", "Half typed")
    box = page.locator("#dx-input")
    box.focus()
    box.press_sequentially("t2 diab high sug")
    options = page.locator("#dx-options [role=option]")
    expect(options).to_have_count(1)
    expect(options.first).to_contain_text("on the patient’s list")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(box).to_have_attribute("aria-activedescendant", "dx-option-0")
    box.press("Enter")
    expect(page.locator("[data-dx-list]")).to_contain_text("E11.65")
    expect(box).to_have_value("")
    box.press_sequentially("htn")
    expect(options).to_have_count(12)
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "dx-option-1")
    box.press("ArrowUp")
    box.press("Enter")
    expect(page.locator("[data-dx-list]")).to_contain_text("I10")
    box.press_sequentially("zzzz")
    expect(page.locator("[data-dx-status]")).to_have_text("Nothing found")
    box.press("Escape")
    page.click("text=Put first")
    expect(page.locator("[data-dx-list] li").first).to_contain_text("I10")
    page.locator("[data-dx-list] li", has_text="E11.65").get_by_text("Remove").click()
    expect(page.locator("[data-dx-list]")).not_to_contain_text("E11.65")
    with room.cast.as_(room.cast.maya_user):
        assert [row.code for row in diagnoses_of(room.encounter)] == ["I10"]
    assert page.input_value("#part-plan") == "Half typed"


def test_two_writers_see_both_texts(room: Room) -> None:
    with room.cast.as_(room.cast.daniel_user):
        factories.appointment(room.cast, practitioner=room.cast.daniel, start=clock.now())
    maya, daniel = room.note_page(), room.note_page(room.cast.daniel_user)
    daniel.fill("#part-plan", "Recheck in 2 weeks.")
    saved(daniel)
    maya.fill("#part-objective", "Well.")  # another part: no conflict, and his text arrives
    saved(maya)
    expect(maya.locator("#part-plan")).to_have_value("Recheck in 2 weeks.")
    daniel.fill("#part-plan", "Recheck in 2 weeks, earlier if dizzy.")
    saved(daniel)
    maya.fill("#part-plan", "Recheck in 4 weeks.")
    theirs = maya.locator(".ws-theirs")
    expect(theirs).to_contain_text("earlier if dizzy", timeout=15000)
    expect(theirs).to_contain_text("Dr. Daniel Whitfield")
    assert room.note().plan == "Recheck in 2 weeks, earlier if dizzy."
    theirs.get_by_text("Put both in").click()
    saved(maya)
    assert "4 weeks" in room.note().plan and "earlier if dizzy" in room.note().plan


def test_axe_finds_nothing_and_nothing_scrolls_sideways(room: Room) -> None:
    cast = room.cast
    with cast.as_(cast.maya_user) as maya:
        signed = factories.encounter(
            cast, parts=factories.PARTS, started_at=clock.now().replace(year=clock.now().year - 1), status="finished"
        )
        services.add_diagnosis(actor=maya, encounter=signed, code="E11.65")
        services.sign_note(actor=maya, encounter=signed)
        services.add_addendum(actor=maya, encounter=signed, text="The lab called.")
        services.add_allergy(actor=maya, patient=cast.liz, substance="Sulfa", criticality="high")
    here, old = f"encounters/{room.encounter.id}/", f"encounters/{signed.id}/"
    looked = [(cast.maya_user, path) for path in (
        f"patients/{cast.liz.id}/", "patients/", "notes/", here, f"{here}sign/", old, f"{old}summary/",
    )] + [(cast.liz_user, f"{old}summary/"), (cast.liz_user, f"{here}summary/")]  # fmt: skip
    for user, path in looked:
        page = room.page(user, path)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for theme, width in (("light", 1280), ("light", 390), ("dark", 390), ("dark", 1280)):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            found = page.evaluate("rules => axe.run({runOnly: rules}).then((result) => result.violations)", RULES)
            where = (path, theme, width)
            assert found == [], (
                where,
                [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found],
            )
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
        page.context.close()
