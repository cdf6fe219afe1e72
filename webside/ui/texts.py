"""The words of our ES modules, so that they can be translated. A test compares both.

The modules hold the English; a page in another language carries the others as JSON. Other apps have the
words of their modules in their own ``texts.py`` and register them in ``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

_ALL: tuple[Any, ...] = (
    _("(nothing)"),
    _("Are you still there?"),
    _("Auto"),
    _("Cancel"),
    _("Close"),
    _("Close, or leave a field"),
    _("Colours of the page"),
    _("Dark"),
    _("Done"),
    _("Everywhere"),
    _("Go to"),
    _("in {time}"),
    _("It couldn’t be brought back. Load the page to see what is there."),
    _("It is back."),
    _("Keep mine"),
    _("Leave this page"),
    _("Light"),
    _("Live updates stopped at {time}. We connect again by ourselves; until then we look every 15 seconds."),
    _("Load again"),
    _("Move down and up in the list"),
    _("Nobody used this browser for a while. What you typed here is still here: sign in again and go on."),
    _("Not saved yet. We keep trying."),
    _("Not saved: something needs a look."),
    _("Not saved: you are signed out. Your text stays here. Sign in in another tab; we keep trying."),
    _("Not saved: {who} changed the same text. Both are shown."),
    _("now"),
    _("On this page"),
    _("Passkeys work only at the clinic’s own address. Check the address above."),
    _("Put both in"),
    _("Saved {time}"),
    _("Saving…"),
    _("Search"),
    _("Show the keys"),
    _("Sign in again"),
    _("Single letters act as keys"),
    _("Somebody else"),
    _("Stay signed in"),
    _("Take theirs"),
    _("That didn’t reach us. Nothing was changed. Please try again."),
    _("That was cancelled, or took too long. Nothing is wrong; you can try again."),
    _("The other text"),
    _("The passkey didn’t work. Try again, or sign in with your password."),
    _("This key is already one of yours."),
    _("This page is no longer open to you. Load it again to see what is."),
    _("Undo"),
    _("We sign you out in {time}, so that nobody else reads this page."),
    _("Yes"),
    _("You are signed out"),
    _("You are signed out, so this page has stopped following. Load it again to sign in."),
    _("You may have been signed out. Load the page again."),
    _("{hours} and {minutes}"),
    _("{shown} of {all} shown"),
    _("{time} ago"),
    _("{time} where you are ({zone})"),
    _("{who} wrote here at {time}:"),
)


_registered: list[Any] = []


def register(texts: Iterable[Any]) -> None:
    """Add the words of another app's modules (lazy translations)."""
    _registered.extend(texts)


def in_language() -> dict[str, str]:
    """Return English and its translation into the language of this request."""
    known = (*_ALL, *_registered)
    with override("en"):
        english = [str(text) for text in known]
    return {key: str(text) for key, text in zip(english, known, strict=True)}
