"""Find words in templates that nobody could translate: text, names of controls and arguments outside a translate tag.

``python tools/check_words.py`` looks through every app's templates; exit status 1 if it finds any. Names that are the
same in every language stand in ``NAMES``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = {"Webside", "ICD-10-CM", "CSV", "PDF", "NPI", "HTML"}
GALLERY = "patterns"  # made-up people for those who build pages

SILENT = re.compile(
    r"\{#.*?#\}|\{%\s*comment\b.*?endcomment\s*%\}|\{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%\}"
    r"|\{%\s*block\s+\w*(?:class|attrs|attr)\s*%\}.*?\{%\s*endblock\s*%\}"
    r"|<!--.*?-->|<(script|style|svg|code)\b.*?</\1>|\{\{.*?\}\}",
    re.DOTALL,
)
TAG = re.compile(r"\{%\s*(\w+)\s*(.*?)\s*%\}", re.DOTALL)
ELEMENT = re.compile(r"<[^<>]*>", re.DOTALL)
SAID = re.compile(r"\b(?:aria-label|aria-description|title|placeholder|alt)=\"([^\"]*)\"")
LITERAL = re.compile(r"(_\(|\|\w+:)?\"([^\"]*)\"")
WORD = re.compile(r"[A-Za-z][A-Za-z’'-]+")
# Tags whose literals are names of things, not words for people.
PLUMBING = {
    "translate", "trans", "url", "include", "extends", "static", "load", "block", "behavior_modules", "icon", "kind_tag",
    "with", "if", "elif", "panels", "when", "regroup", "now", "count", "element", "slot",
}  # fmt: skip
SENTENCE = re.compile(r"[A-Z][a-z’]*(?: .*)?")


def _blank(found: re.Match[str]) -> str:
    """Keep the lines, so that what comes after is still on its own."""
    return "\n" * found.group().count("\n")


def _words(text: str) -> bool:
    return bool(WORD.search(re.sub("|".join((r"&\w+;", *map(re.escape, NAMES))), " ", text)))


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """Give line and text of each word for people in a template that stands outside a translate tag."""
    source = SILENT.sub(_blank, source)

    def line(at: int) -> int:
        return source.count("\n", 0, at) + 1

    for tag in TAG.finditer(source):
        if tag.group(1) in PLUMBING:
            continue
        for marked, text in LITERAL.findall(tag.group(2)):
            if not marked and SENTENCE.fullmatch(text) and _words(text):
                yield line(tag.start()), text
    plain = TAG.sub(_blank, source)
    for said in SAID.finditer(plain):
        if _words(said.group(1)):
            yield plain.count("\n", 0, said.start()) + 1, said.group(1)
    for number, text in enumerate(ELEMENT.sub(_blank, plain).splitlines(), start=1):
        if _words(text):
            yield number, text.strip()


def main() -> int:
    """Look through the templates; say what was found; return the exit status."""
    failed = 0
    for path in sorted((ROOT / "webside").glob("*/templates/**/*")):
        if path.suffix not in {".html", ".txt"} or GALLERY in path.parts:
            continue
        for line, text in untranslated(path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(ROOT)}:{line}: {text}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
