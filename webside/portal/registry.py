"""What a higher app puts in the place of our front page (the demo's "who would you like to be?")."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Page = Callable[[HttpRequest], HttpResponse]

_front: Page | None = None


def use_front_page(page: Page | None) -> None:
    """Let ``page`` answer at ``/``; None takes it back."""
    global _front  # noqa: PLW0603 - composed once at start
    _front = page


def front_page() -> Page | None:
    """Return what answers at ``/``, if somebody else does."""
    return _front
