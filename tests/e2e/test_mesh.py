"""Three and four people in a call, in real Chromium, against the call lab: each pair has a connection of its own.

Success is always that more frames were decoded, of everybody at everybody's.
"""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.call_lab.running import CHROMIUM_PROGRAM, LabServer, Person, launch, wait_for, why_no_browser
from tests.e2e.network.netem import Network, why_not
from tests.e2e.test_call_engine import need

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]
NAMES = {"patient": "Liz Moreno", "doctor": "Dr. Amara Osei", "interpreter": "Rosa Diaz", "sister": "Ana Moreno"}
LARGE = "video => { const box = video.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; }"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    need(why_no_browser())
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright.chromium, fps=10)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[LabServer]:
    with LabServer() as lab:
        yield lab


class Group:
    """The people of one room, by name."""

    def __init__(self, browser: Browser, address: str, *names: str) -> None:
        self.browser, self.address, self.room = browser, address, uuid.uuid4().hex[:8]
        self.people: dict[str, Person] = {}
        for name in names:
            self.comes(name)

    def comes(self, name: str) -> Person:
        self.people[name] = Person(self.browser, self.address, name, self.room, "pairs=1")
        return self.people[name]

    def post(self, path: str) -> None:
        request = urllib.request.Request(f"{self.address}{path}", method="POST")  # noqa: S310 - our own lab
        urllib.request.urlopen(request).close()  # noqa: S310

    def close(self) -> None:
        for person in self.people.values():
            person.close()
            assert person.errors == []


@pytest.fixture
def group(browser: Browser, lab: LabServer) -> Iterator[Any]:
    made: list[Group] = []

    def make(*names: str) -> Group:
        made.append(Group(browser, lab.address, *names))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pairs(person: Person) -> dict[str, Any]:
    return dict(person.page.evaluate("lab.pairs()"))


def all_see_all(people: dict[str, Person] | Sequence[tuple[str, Person]], seconds: float = 60, more: int = 5) -> None:
    """Wait until everybody is connected with each other one and sees them move."""
    people = dict(people)
    for name, person in people.items():
        others = {NAMES[other] for other in people if other != name}
        wait_for(f"{name} is connected with all", lambda p=person, o=others: connected(p) == o, seconds)
        before = {other: found["frames"] for other, found in pairs(person).items()}
        wait_for(f"{name} sees all move", lambda p=person, b=before: grown(p, b) >= more, seconds)


def connected(person: Person) -> set[str]:
    return {name for name, found in pairs(person).items() if found["state"] == "connected"}


def grown(person: Person, before: dict[str, int]) -> int:
    """Return by how many frames the pair with the fewest has grown; a new connection counts from 0."""
    now = {name: found["frames"] for name, found in pairs(person).items()}
    return min((now[name] - count if now[name] >= count else now[name]) for name, count in before.items())


def test_four_people_see_and_hear_each_other_and_each_pair_has_its_code(group: Any) -> None:
    call = group("patient", "doctor", "interpreter", "sister")
    all_see_all(call.people)
    found = {name: wait_for("codes", lambda p=person: all_codes(p)) for name, person in call.people.items()}
    for name, codes in found.items():
        for other in call.people:
            if other != name:
                assert codes[NAMES[other]] == found[other][NAMES[name]], f"{name} and {other} read the same digits"
    assert len({code for codes in found.values() for code in codes.values()}) == 6, "each pair has digits of its own"
    for person in call.people.values():
        assert {each["audioPackets"] > 0 for each in pairs(person).values()} == {True}
        assert person.page.locator("main").get_attribute("data-faces") == "3"
        assert person.page.locator("[data-call=faces] video").count() == 3


def all_codes(person: Person) -> dict[str, str] | None:
    codes = {name: found["code"] for name, found in pairs(person).items()}
    return codes if len(codes) == 3 and all(codes.values()) else None


def test_what_is_said_of_the_codes_is_true_of_the_group(group: Any) -> None:
    call = group("patient", "doctor", "interpreter")
    all_see_all(call.people)
    doctor = call.people["doctor"].page
    short = doctor.locator("[data-call=code-short]")
    wait_for("digits", lambda: doctor.locator("li:has-text('Rosa') [data-person-code]").inner_text())
    assert short.inner_text() == "Private? Check it"
    doctor.locator("li:has-text('Rosa') [data-call-action=code-same]").click()
    assert short.inner_text() == "Checked with 1 of 2"
    assert doctor.locator("main").get_attribute("data-code") == "unverified", "two of three are not all"
    doctor.locator("li:has-text('Liz') [data-call-action=code-same]").click()
    assert short.inner_text() == "Checked with all 2"
    assert doctor.locator("main").get_attribute("data-code") == "same"
    call.comes("sister")
    all_see_all(call.people)
    wait_for("a third pair", lambda: short.inner_text() == "Checked with 2 of 3")
    doctor.locator("li:has-text('Ana') [data-call-action=code-different]").click()
    assert "Different" in short.inner_text()
    assert doctor.locator("main").get_attribute("data-code") == "different"


def test_who_comes_and_goes_is_said_and_shown_and_a_page_loaded_again_is_no_news(group: Any) -> None:
    call = group("patient", "doctor")
    all_see_all(call.people)
    patient, doctor = call.people["patient"], call.people["doctor"]
    rosa = call.comes("interpreter")
    for person in (patient, doctor):
        wait_for("it is said", lambda p=person: p.text("people-note") == "Rosa Diaz, interpreter, has joined.")
        assert person.text("status") in ("Rosa Diaz, interpreter, has joined.", "You are connected with Rosa Diaz.")
    assert rosa.page.locator("[data-call=people-note]").is_hidden(), "who comes is told of nobody who was there"
    all_see_all(call.people)
    doctor.page.evaluate("document.querySelector('[data-call=people-note]').textContent = ''")
    rosa.reload()
    all_see_all(call.people)
    assert "has joined" not in doctor.text("people-note")
    rosa.page.evaluate("lab.page.leave()")
    wait_for("she is gone", lambda: doctor.text("people-note") == "Rosa Diaz, interpreter, has left.")
    for person in (patient, doctor):
        wait_for("her face is gone", lambda p=person: p.page.locator("[data-face]").count() == 0)
        assert person.page.locator("main").get_attribute("data-faces") == "1"
    call.people.pop("interpreter").close()
    all_see_all(call.people)


def test_who_is_removed_gets_nothing_more_even_when_her_page_does_not_go(group: Any) -> None:
    call = group("patient", "doctor", "interpreter")
    all_see_all(call.people)
    rosa = call.people["interpreter"]
    call.post(f"/out?room={call.room}&as=interpreter&quietly=1")
    for name in ("patient", "doctor"):
        person = call.people[name]
        wait_for("she is gone", lambda p=person: "Rosa Diaz" not in pairs(p))
        assert "not in the visit any more" in person.text("people-note")
    wait_for("nothing comes", lambda: still(rosa), 30)
    rosa.page.evaluate("lab.page.mesh.others.forEach((each) => each.call.rebuild())")
    time.sleep(3)
    assert still(rosa), "and nothing comes that she asks for"
    assert all("Rosa Diaz" not in pairs(call.people[name]) for name in ("patient", "doctor"))
    call.people.pop("interpreter").close()
    all_see_all(call.people)


def still(person: Person) -> bool:
    """Whether neither sound nor picture came for a second."""
    before = [(found["frames"], found["audioPackets"]) for found in pairs(person).values()]
    time.sleep(1)
    return before == [(found["frames"], found["audioPackets"]) for found in pairs(person).values()]


def test_a_line_shared_by_three_is_shared_and_hands_get_more_of_it(group: Any) -> None:
    call = group("patient", "doctor")
    all_see_all(call.people)
    rate = """async () => Promise.all(lab.page.mesh.others.map(async (each) => each.call.limits()))"""
    patient = call.people["patient"]
    assert patient.page.evaluate(rate) == [{"maxBitrate": None, "maxFramerate": None}], (
        "two have the line to themselves"
    )
    call.comes("interpreter")
    all_see_all(call.people)
    wait_for("shared by two", lambda: {each["maxBitrate"] for each in patient.page.evaluate(rate)} == {600_000})
    call.comes("sister")
    all_see_all(call.people)
    wait_for("shared by three", lambda: {each["maxBitrate"] for each in patient.page.evaluate(rate)} == {350_000})
    rosa = call.people["interpreter"]
    patient.press("sign")
    expected = {"Liz Moreno": 800_000, "Dr. Amara Osei": 350_000, "Ana Moreno": 350_000}
    wait_for("hands get more", lambda: sends(rosa) == expected)
    assert patient.page.locator("[data-behavior]").get_attribute("data-signing") == ""


def sends(person: Person) -> dict[str, int]:
    return dict(
        person.page.evaluate(
            "() => Object.fromEntries(lab.page.mesh.others.map((each) => [each.name, each.call.limits().maxBitrate]))"
        )
    )


KEEP_SCREEN = """
const choose = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = async (asked) => (window.shown = await choose(asked));
null;
"""
BROWSERS_OWN_STOP = "shown.getTracks().forEach((track) => { track.stop(); track.dispatchEvent(new Event('ended')); })"
SURFACES = "lab.page.mesh.others.map(({ call }) => call.sends().surface)"


def shares(person: Person) -> None:
    """Press what a person presses: the button, and after the warning its answer."""
    person.page.evaluate(KEEP_SCREEN)
    person.press("screen")
    assert person.page.evaluate("window.shown === undefined"), "what will be seen is said first"
    person.press("screen-go")
    wait_for("the strip", lambda: person.page.locator("[data-call=screen-strip]").is_visible())


def test_a_shared_screen_is_said_to_all_and_the_camera_comes_back(group: Any) -> None:
    call = group("patient", "doctor", "interpreter")
    all_see_all(call.people)
    doctor, others = call.people["doctor"], [call.people["patient"], call.people["interpreter"]]
    offers = doctor.numbers()["counts"]["offers"]
    for end in ("button", "browser"):
        shares(doctor)
        assert doctor.page.evaluate(SURFACES) == ["monitor", "monitor"]
        for person in others:
            wait_for("it is said", lambda p=person: p.text("people-note") == "Dr. Amara Osei is sharing a screen.")
            assert person.page.locator("[data-screen] video").count() == 1, "her face's place holds it"
        all_see_all(call.people)
        if end == "button":
            doctor.press("screen-stop")
        else:
            doctor.page.evaluate(BROWSERS_OWN_STOP)
        for person in others:
            ended = "Dr. Amara Osei stopped sharing the screen."
            wait_for("its end is said", lambda p=person, e=ended: p.text("people-note") == e)
            assert person.page.locator("[data-screen]").count() == 0
        assert doctor.page.locator("[data-call=screen-strip]").is_hidden()
        assert doctor.page.evaluate(SURFACES) == [None, None], "the camera again"
        assert doctor.page.evaluate("shown.getTracks()[0].readyState") == "ended"
        doctor.page.evaluate("delete window.shown")
        all_see_all(call.people)
    assert doctor.numbers()["counts"]["offers"] == offers, "nothing was negotiated for it"
    said = [each for each in heard(call) if each["type"] == "screen"]
    assert [(each["from"], each["on"]) for each in said] == [("doctor", True), ("doctor", False)] * 2


def heard(call: Group) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{call.address}/said") as answer:  # noqa: S310 - our own lab
        return list(json.load(answer))


def test_who_may_not_show_a_screen_has_no_button_and_is_not_seen_with_one(group: Any) -> None:
    call = group("patient", "doctor", "interpreter")
    all_see_all(call.people)
    rosa, patient = call.people["interpreter"], call.people["patient"]
    assert rosa.page.locator("[data-call-action=screen]").is_hidden()
    assert patient.page.locator("[data-call-action=screen]").is_visible()
    rosa.page.evaluate(
        "navigator.mediaDevices.getDisplayMedia().then((s) => lab.page.mesh.setScreen(s.getTracks()[0]))"
    )
    why = patient.page.locator("[data-face] [data-face-why]")
    wait_for("it is not shown", lambda: why.inner_text() == "Rosa Diaz may not show a screen here.")
    assert patient.page.locator("[data-screen]").count() == 0


def test_a_screen_is_shown_no_more_when_its_person_is_sent_out(group: Any) -> None:
    call = group("patient", "doctor")
    all_see_all(call.people)
    patient = call.people["patient"]
    shares(patient)
    call.post(f"/bye?room={call.room}&as=patient&reason=lobby")
    wait_for("it ended", lambda: patient.page.evaluate("shown.getTracks()[0].readyState") == "ended")


@pytest.mark.netns
def test_one_network_is_cut_and_comes_back_while_the_others_talk_on(playwright: Playwright) -> None:
    """The patient's line is dead for eight seconds; the doctor and the interpreter notice nothing of it."""
    need(why_not())
    with Network() as network, LabServer(prefix=network.inside("hub"), host=network.hub_address) as lab:
        secure = f"--unsafely-treat-insecure-origin-as-secure={lab.address}"
        browsers = [
            launch(playwright.chromium, str(network.launcher(part, CHROMIUM_PROGRAM)), secure, fps=10) for part in "ab"
        ]
        network.link.set(delay_ms=20)
        room = uuid.uuid4().hex[:8]
        places = (("patient", 0), ("doctor", 1), ("interpreter", 1))
        people = {name: Person(browsers[which], lab.address, name, room) for name, which in places}
        try:
            all_see_all(people)
            doctor, loads = people["doctor"], [person.navigations for person in people.values()]
            restarts = pairs(doctor)["Rosa Diaz"]["restarts"]
            network.link.set(cut=True)
            wait_for("it is seen", lambda: connected(doctor) == {"Rosa Diaz"}, 20)
            before = {"Rosa Diaz": pairs(doctor)["Rosa Diaz"]["frames"]}
            wait_for("the others talk on", lambda: grown(doctor, before) >= 10, 20)
            time.sleep(4)
            network.link.set(delay_ms=20)
            all_see_all(people)
            assert pairs(doctor)["Rosa Diaz"]["restarts"] == restarts, "their own path was left alone"
            assert [person.navigations for person in people.values()] == loads, "without a page loaded anew"
        finally:
            for browser in browsers:
                browser.close()
