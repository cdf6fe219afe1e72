"""Looks at a page as everybody may see it: both widths, both themes, with axe, and keeps the pictures."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.urls import resolve
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ARTEFACTS = Path(__file__).parent / "artefacts"
AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text(encoding="utf-8")
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
COLOURS = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"
"""What a theme may break: it changes colours and nothing else, so the other rules needn't be asked twice."""
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
#: A page of 1280 px at 200 % zoom.
ZOOMED = {"width": 640, "height": 400}
THEMES = ("light", "dark")
# With colours that the person chose (Windows' contrast themes) a background tells nothing: what is pressed, filled in or
# current is told by its edge, its line or its weight. A control within a label that has an edge needs none.
TOLD_BY_COLOUR = """() => {
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && e.getBoundingClientRect().width > 1 && !e.closest('.ws-vh, .ws-skip');
  const edge = (e) => {
    const style = getComputedStyle(e);
    const width = (side) => style[`border${side}Style`] === 'none' ? '0' : style[`border${side}Width`];
    const outline = style.outlineStyle === 'none' ? '' : ` ${style.outlineWidth}`;
    return ['Top', 'Bottom', 'Left', 'Right'].map(width).join(' ') + outline;
  };
  const line = (e) => getComputedStyle(e).textDecorationLine;
  const native = 'input[type=checkbox], input[type=radio], input[type=file]';
  const told = (e) => /[1-9]/.test(edge(e)) || line(e) !== 'none';
  const drawn = (e) => e.matches(native) || told(e) || [...e.children].some(told);
  const like = (e) => [e.className, edge(e), line(e), getComputedStyle(e).fontWeight, ...[...e.children].map(edge)].join();
  const picked = 'a[aria-current], [aria-pressed=true], [aria-selected=true]';
  const group = (e) => e.closest('ul, ol, nav, [role=tablist], [role=group]') ?? e.parentElement;
  const all = (within, what) => [...within.querySelectorAll(what)].filter(shown);
  const edgeless = all(document, 'button, .ws-btn, input:not([type=hidden]), select, textarea').filter((e) => !drawn(e));
  const lost = all(document, picked)
    .filter((e) => all(group(e), e.tagName).some((other) => !other.matches(picked) && like(other) === like(e)));
  const named = (what) => (e) => `${what}: ${e.outerHTML.slice(0, 120)}`;
  return [...edgeless.map(named('no edge')), ...lost.map(named('looks like what is not chosen'))].slice(0, 20);
}"""


# Who asked for less motion sees none: nothing runs, and nothing would, however it were set off.
STILL_MOVES = """() => {
  const named = (e) => e.outerHTML.slice(0, 120);
  const lasts = (times) => times.split(',').some((time) => parseFloat(time) > 0);
  const runs = document.getAnimations().map(({ effect }) => `runs: ${effect?.target ? named(effect.target) : 'an animation'}`);
  const would = [...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after'].some((part) => {
    const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(e, part);
    return lasts(transitionDuration) || (animationName !== 'none' && lasts(animationDuration)) || scrollBehavior === 'smooth';
  }));
  return [...runs, ...would.map((e) => `would move: ${named(e)}`)].slice(0, 5);
}"""


def look(page: Any, name: str) -> None:
    """Keep a picture of the page as an artefact."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    picture = {"path": str(ARTEFACTS / f"{name}.png"), "full_page": True}
    try:
        page.screenshot(**picture, timeout=15_000)
    except PlaywrightTimeout:
        # Chromium draws no frame, now and then, of a window that lies behind another one.
        page.bring_to_front()
        page.screenshot(**picture)


STILL_SMALL = """async (target) => {
  const [before, element] = [scrollY, document.querySelector(target[0])];
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const result = await axe.run(element, { runOnly: ["target-size"], resultTypes: ["violations"] });
  scrollTo({ top: before, behavior: "instant" });
  return result.violations.length > 0;
}"""


def findings(page: Any, rules: str = RULES) -> list[str]:
    """Return what axe finds on the page as it stands: rule, help and the first place.

    A target that a bar at the window's edge happens to cut is looked at again in the middle of the window.
    """
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    found = page.evaluate(
        f"axe.run({{runOnly: {rules}, resultTypes: ['violations']}}).then((result) => result.violations)"
    )
    for each in found:
        if each["id"] == "target-size":
            each["nodes"] = [node for node in each["nodes"] if page.evaluate(STILL_SMALL, node["target"])]
    found = [each for each in found if each["nodes"]]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}" for each in found]


def wider_than_its_window(page: Any) -> list[str]:
    """Return what makes the page scroll sideways (empty when nothing does)."""
    answer: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return ['the page', ...[...document.querySelectorAll('main *')]
            .filter((each) => each.getBoundingClientRect().right > width + 1)
            .slice(0, 3).map((each) => each.outerHTML.slice(0, 120))];
        }"""
    )
    return answer


def examine(page: Any, name: str, *, route: str = "", again: bool = False) -> None:
    """Assert that a page is right in both themes at both widths, with less motion, in forced colours and at 200 % zoom.

    Keeps its pictures.

    ``route``: which page it must be (`test_every_page.py` counts on it). ``again``: all this was asked of the route as
    somebody else sees it. Her page is made of the same parts, so axe, its width and its dark colours are enough, without
    pictures. Leaves the window as it was. Raises AssertionError with everything that was found.
    """
    if route:
        assert resolve(urlsplit(page.url).path).view_name == route, page.url
    before = page.viewport_size
    wrong: list[str] = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for size, window in SIZES.items():
            if again and theme == "dark" and size == "desktop":
                continue
            page.set_viewport_size(window)
            rules = RULES if theme == "light" else COLOURS
            wrong += [f"{name}, {theme}, {size}: {each}" for each in findings(page, rules)]
            wrong += [f"{name}, {size}, sideways: {each}" for each in wider_than_its_window(page)]
            if not again:
                look(page, f"{name}-{size}{'-dark' if theme == 'dark' else ''}")
    if not again:
        wrong += at_its_edges(page, name)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(before)
    assert not wrong, "\n".join(wrong)


def at_its_edges(page: Any, name: str) -> list[str]:
    """Return what is wrong with less motion, in colours of one's own, and at 200 % zoom."""
    wrong = [f"{name}, with less motion: {each}" for each in page.evaluate(STILL_MOVES)]
    wrong += [f"{name}, a picture without a name: {each}" for each in page.evaluate(NAMELESS)]
    page.emulate_media(forced_colors="active")
    wrong += [f"{name}, in colours of one's own: {each}" for each in page.evaluate(TOLD_BY_COLOUR)]
    page.emulate_media(forced_colors="none")
    page.set_viewport_size(ZOOMED)
    return wrong + [f"{name}, at 200 % zoom, sideways: {each}" for each in wider_than_its_window(page)]


NAMELESS = """() => [...document.querySelectorAll("video")]
  .filter((video) => video.checkVisibility() && !video.getAttribute("aria-label")?.trim())
  .map((video) => video.outerHTML)"""
"""Pictures that are to be seen and that a screen reader has no name for: axe asks that of buttons alone."""


CALL_STANDS = """async () => {
  const root = document.querySelector("[data-behavior~=visits-call]");
  if (!root) return null;
  const { media, mesh } = (await import("visits/visits-call.js")).attach(root);
  const { readyState, muted, enabled } = media.tracks.video ?? {};
  const camera = media.tracks.video && { readyState, muted, enabled, ...media.tracks.video.getSettings() };
  const drawn = document.querySelector("[data-call=self]")?.getVideoPlaybackQuality().totalVideoFrames;
  const others = {};
  for (const [place, { call }] of mesh.others.entries()) {
    const numbers = { state: call.state, peer: call.peer, ...call.sends(), ...call.limits(), ...call.counts };
    for (const report of (await call.stats())?.values() ?? []) {
      if (report.kind !== "video") continue;
      for (const each of [
        "frames", "framesEncoded", "framesSent", "framesReceived", "framesDecoded", "bytesSent", "bytesReceived", "packetsLost",
        "pliCount", "firCount", "active", "targetBitrate", "qualityLimitationReason",
      ]) if (each in report) numbers[`${report.type} ${each}`] = report[each];
    }
    others[place] = numbers;
  }
  const chat = {
    lines: document.querySelectorAll("[data-chat-list] [data-message]").length,
    state: document.querySelector("[data-chat-state]")?.textContent.replace(/“.*”/s, "…"),
  };
  return { camera, problems: media.problems, drawn, hidden: document.hidden, chat, others };
}"""
"""What a page's call sends, receives and takes from its camera; of the others no name, only their place in the list."""

WATCHED: list[tuple[Any, Watch]] = []
"""Every page that is looked after, and by what."""


def how_pages_stand() -> list[str]:
    """Return how every page stands that is open, for a test that failed: what it waits for, what it complained of, its call."""
    return [watch.standing(page) for page, watch in WATCHED if not page.is_closed()]


@dataclass
class Watch:
    """What a page complains of while it is used: errors, refusals of its policy, strangers that it asks."""

    home: str
    expected: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: dict[Any, float] = field(default_factory=dict)
    """Requests that nobody has answered yet, and since when."""

    def follow(self, page: Any) -> None:
        """Listen to a page from now on."""
        WATCHED.append((page, self))
        page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)
        page.on("response", self._response)
        for ended in ("requestfinished", "requestfailed"):
            page.on(ended, lambda request: self.asked.pop(request, None))

    def standing(self, page: Any) -> str:
        """Return where a page stands that failed: its address, what it still waits for, what it complained of."""
        now = time.monotonic()
        waits = [f"{request.method} {request.url} for {now - since:.1f} s" for request, since in self.asked.items()]
        try:
            call = page.evaluate(CALL_STANDS)
        except PlaywrightError as error:
            call = error.message
        return (
            f"The page was {page.url}; it waited for {waits or 'nothing'}; it complained of {self.complaints or 'nothing'}."
            + (f" Its call: {call}" if call else "")
        )

    def expect(self, *patterns: str) -> None:
        """Take complaints that match as expected from now on (a server that is killed can't be reached)."""
        self.expected += patterns

    def _note(self, what: str) -> None:
        if not any(re.search(pattern, what) for pattern in self.expected):
            self.complaints.append(what)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        self.asked[request] = time.monotonic()
        if not request.url.startswith((self.home, "data:", "blob:")):
            self._note(f"asked a stranger: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 500:
            self._note(f"answered {response.status}: {response.url}")
