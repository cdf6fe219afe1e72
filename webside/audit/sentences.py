"""A human sentence for each audit action. Apps add theirs in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

_sentences: dict[str, str | Promise] = {}


def register(sentences: Mapping[str, str | Promise]) -> None:
    """Add sentences: the action's dotted name, then what it did ("booked an appointment")."""
    _sentences.update(sentences)


def sentence(action: str) -> str:
    """Return what an action did, in words; the dotted name itself if nobody said."""
    return str(_sentences.get(action, action))


def registered() -> dict[str, str]:
    """Return every action with its sentence, for the documentation."""
    return {action: str(text) for action, text in sorted(_sentences.items())}
