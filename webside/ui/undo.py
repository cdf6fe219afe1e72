"""Undo in a message: what was done is said, and one button takes it back."""

from __future__ import annotations

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

PREFIX = "undo:"


def undo(url: str) -> str:
    """Return the ``extra_tags`` of a message that offers *Undo*; the button posts to ``url``.

    ``url`` must be a path of this site. Raises :class:`ValueError` otherwise.
    """
    if not url.startswith("/") or not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        raise ValueError("undo leads to a path of this site only")
    if any(character.isspace() for character in url):
        raise ValueError("a path holds no space")
    return f"{PREFIX}{url}"


def undo_url(extra_tags: str) -> str:
    """Return the path that a message's tags carry, or nothing."""
    for word in (extra_tags or "").split():
        if word.startswith(PREFIX):
            return word.removeprefix(PREFIX)
    return ""


def undo_offered(request: HttpRequest, path: str) -> bool:
    """Whether a message of this page offers an *Undo* under ``path``. The messages stay to be shown."""
    waiting = get_messages(request)
    used = getattr(waiting, "used", False)
    found = [message for message in waiting if undo_url(message.extra_tags).startswith(path)]
    if hasattr(waiting, "used"):
        waiting.used = used
    return bool(found)
