"""What both sides' pages of a call are made of."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from webside.core import clock
from webside.ui import when
from webside.visits import selectors
from webside.visits.views._guard import Page


def ice_policy() -> str:
    """Return whether calls may go directly ("all") or only through the relay ("relay")."""
    return "relay" if settings.ENV.force_relay else "all"


def chat_lines(page: Page) -> list[dict[str, Any]]:
    """Return the lines of the chat as the page's person reads them."""
    return [
        {
            "id": message.id,
            "text": message.text,
            "own": message.author.role == page.role,
            "who": _("You") if message.author.role == page.role else message.author.name,
            "when": when.say(message.sent_at, clock.now(), zone=page.zone, style="time"),
        }
        for message in selectors.chat_of(page.visit)
    ]
