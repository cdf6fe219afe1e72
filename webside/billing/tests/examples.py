"""The examples of ``docs/reference/rules/billing.codes.md``, read as the tests' parameters."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webside.billing.rules import CodesAnswer, CodesFacts, codes_for
from webside.core import decisions

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules" / "billing.codes.md"
COLUMNS = 5
LINE = re.compile(r"(?P<code>\w{5})(?:-(?P<modifiers>[\w-]+))? @(?P<pos>\d\d)(?: ×(?P<units>\d+))?$")


@dataclass(frozen=True)
class Example:
    """One row of a table: facts, and what must come of them."""

    name: str
    raw: str
    lines: list[tuple[str, list[str], str, int]]
    refused: list[tuple[str, str]]
    said: list[str]

    @property
    def facts(self) -> CodesFacts:
        facts = decisions.parse("billing.codes", self.raw)
        assert isinstance(facts, CodesFacts)
        return facts

    def ask(self) -> CodesAnswer:
        return codes_for(self.facts)


def _merged(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value) if key in merged else value
    return merged


def _line(text: str) -> tuple[str, list[str], str, int]:
    found = LINE.match(text)
    assert found, f"not a line: {text!r}"
    modifiers = (found["modifiers"] or "").split("-")
    return found["code"], [modifier for modifier in modifiers if modifier], found["pos"], int(found["units"] or 1)


def _split(cell: str, by: str) -> list[str]:
    return [part.strip() for part in cell.split(by) if part.strip()]


def read(text: str) -> list[Example]:
    """Read every table of a page: a section has a ``json base`` block, then rows."""
    examples: list[Example] = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        block = re.search(r"```json base\n(.*?)```", section, flags=re.DOTALL)
        if block is None:
            continue
        base = json.loads(block[1])
        for row in re.findall(r"^\|(.*)\|$", section, flags=re.MULTILINE):
            cells = [cell.strip() for cell in row.split("|")]
            if cells[0] in ("what happened", "---"):
                continue
            assert len(cells) == COLUMNS, f"{title}: {row}"
            what, change, lines, refused, said = cells
            examples.append(
                Example(
                    name=f"{title}: {what}",
                    raw=json.dumps(_merged(base, json.loads(change.strip("`")))),
                    lines=[] if lines == "none" else [_line(part) for part in _split(lines, ",")],
                    refused=[(code, reason) for code, reason in (part.split() for part in _split(refused, ";"))],
                    said=_split(said, ";"),
                )
            )
    return examples


EXAMPLES = read(PAGE.read_text(encoding="utf-8"))
