"""What is left in English on a page or in a letter that should be Spanish."""

from __future__ import annotations

import email
import io
import re
from email.message import EmailMessage
from email.policy import default
from functools import cache
from typing import Any

from babel.messages.pofile import read_po

from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.ui.management.commands.translations import apps, source_of

GAP = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|<[^>]+>|&\w+;")
"""What comes between the fixed words of a text."""
WORDS = 2
"""So many words in a row are nobody's name; a shorter text counts where it is a line of its own."""


@cache
def _english() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return our own texts that read otherwise in Spanish: whole ones, and runs of words within longer ones."""
    whole: set[str] = set()
    runs: set[str] = set()
    spanish: set[str] = set()
    for app in apps():
        source = source_of(app, "es")
        if not source.exists():
            continue
        for message in read_po(io.BytesIO(source.read_bytes()), locale="es"):
            ours, theirs = _forms(message.id), _forms(message.string)
            spanish |= {_flat(each) for each in theirs}
            for text in ours:
                if not text or text in theirs:
                    continue
                parts = [_flat(part) for part in GAP.split(text)]
                runs |= {part for part in parts if len(part.split()) >= WORDS}
                if len(parts) == 1:
                    whole.add(parts[0])
    # The choice of language names each language in itself.
    return frozenset(whole - spanish - {"English"}), tuple(sorted(runs - spanish))


def _forms(text: Any) -> list[str]:
    """Return the one form of a text, or that for one and those for many."""
    return [str(each or "") for each in (text if isinstance(text, tuple | list) else (text,))]


def left_in_english(text: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """Return which of our own English texts stand in a text, though they have Spanish words.

    ``but``: what may stand there, as somebody typed it. A short text of ours counts only as a whole line.
    """
    for known in but:
        text = text.replace(known, "")
    whole, runs = _english()
    lines = {_flat(line) for line in text.splitlines()}
    flat = f" {_flat(text)} "
    return sorted({line for line in lines if line in whole} | {run for run in runs if _stands_in(run, flat)})


def _stands_in(run: str, flat: str) -> bool:
    """Whether a run of words stands in a text, whole: ", in" is not in ", intérprete"."""
    return f" {run}" in flat and bool(re.search(rf"(?<!\S){re.escape(run)}(?!\w)", flat))


def letter_of(row: OutgoingMessage) -> str:
    """Return the subject and the plain words of an e-mail."""
    message = email.message_from_bytes(content_of(row), policy=default)
    assert isinstance(message, EmailMessage)
    return f"{row.subject}\n{message.get_body(('plain',)).get_content()}"  # type: ignore[union-attr]


def _flat(text: str) -> str:
    return " ".join(text.split()).strip()
