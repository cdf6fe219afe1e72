"""What a table's rows are given before they are sent, so that nothing on the page moves when its script comes."""

from __future__ import annotations

import re

from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

_HEAD = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
_UNSEEN = re.compile(r'<span class="ws-vh">.*?</span>', re.DOTALL)
_ROW_OR_CELL = re.compile(r"<(?:tr|th|td)\b(?=([^>]*>\s*</td>)?)")
FEWEST_COLUMNS_TO_STACK = 3


def sortable(rows: SafeString) -> SafeString:
    """Say of each head that names one column, and doesn't forbid it, that its column can be sorted."""
    head, end, body = rows.partition("</thead>")

    def mark(found: re.Match[str]) -> str:
        told, words = found.groups()
        fixed = "aria-sort" in told or "colspan" in told or 'data-sort="no"' in told or not words.strip()
        return found[0] if fixed else f'<th{told} aria-sort="none">{words}</th>'

    return mark_safe(_HEAD.sub(mark, head) + end + body)  # noqa: S308 - the template has escaped it


def stackable(rows: SafeString) -> SafeString | None:
    """Give each cell the words of its column, so that a phone can show a row as a block.

    A head's words for screen readers alone label nothing for the eye. A cell with nothing in it is marked, to
    be left out. Returns None when rows had better stay rows: few columns, or heads over more than one.
    """
    head, end, body = rows.partition("</thead>")
    heads = _HEAD.findall(head)
    if len(heads) < FEWEST_COLUMNS_TO_STACK or any("colspan" in told for told, _words in heads):
        return None
    labels = [strip_tags(_UNSEEN.sub("", words)).strip().replace('"', "&quot;") for _told, words in heads]
    column = -1

    def mark(found: re.Match[str]) -> str:
        nonlocal column
        if found[0] == "<tr":
            column = -1
            return found[0]
        column += 1
        words = labels[column] if 0 < column < len(labels) and found[0] == "<td" else ""
        label = f' data-label="{words}"' if words else ""
        return f"{found[0]}{label}{' data-empty' if found[1] else ''}"

    return mark_safe(head + end + _ROW_OR_CELL.sub(mark, body))  # noqa: S308 - the template has escaped it
