"""Hands that have a keyboard only: Tab, Enter, Space, arrows and letters."""

from __future__ import annotations

import re
from typing import Any

FOCUSED = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  const name = it.getAttribute("aria-label") || (it.labels?.length ? [...it.labels].map((each) => each.innerText).join(" ") : "")
    || it.innerText || "";
  const style = getComputedStyle(it);
  const drawn = (each) => { const s = getComputedStyle(each); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2
    || s.boxShadow !== "none"; };
  const around = [it, it.nextElementSibling, it.closest("label"), it.parentElement].filter(Boolean);
  // The calendar's button within a field for a date is the browser's own, and so is the ring around it.
  const within = !it.matches(":focus");
  return { name: name.trim().replace(/\\s+/g, " "), ring: within || around.some(drawn) };
}"""


class Keyboard:
    """A page worked by keys alone. Every stop must show where the focus is."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def reach(self, name: str | re.Pattern[str], *, stops: int = 90) -> None:
        """Press Tab until the element whose name begins with ``name`` has the focus.

        Raises AssertionError when it can't be reached, or when a stop on the way shows no focus.
        """
        begins = re.compile(re.escape(name)) if isinstance(name, str) else name
        seen = []
        for _ in range(stops):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(FOCUSED)
            if focused is None:
                continue
            assert focused["ring"], f"the focus can't be seen on {focused['name']!r}"
            seen.append(focused["name"])
            if begins.match(focused["name"]):
                return
        raise AssertionError(f"{name!r} can't be reached by Tab; stops were {seen}")

    def press(self, name: str) -> None:
        """Reach a button or a link and press Enter."""
        self.reach(name)
        self.page.keyboard.press("Enter")

    def tick(self, name: str) -> None:
        """Reach a box or a choice and press Space."""
        self.reach(name)
        self.page.keyboard.press("Space")

    def choose(self, first: re.Pattern[str], wanted: str, *, choices: int = 40) -> None:
        """Reach a group of choices, the first of which is named like ``first``, and go down to one that says ``wanted``.

        Raises AssertionError when none of so many ``choices`` does.
        """
        self.reach(first)
        self.page.keyboard.press("Space")
        for _ in range(choices):
            if wanted in self.page.evaluate(FOCUSED)["name"]:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no choice says {wanted!r}")

    def write(self, name: str, text: str) -> None:
        """Reach a field, empty it, and write."""
        self.reach(name)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(text)
