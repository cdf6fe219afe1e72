"""What the pages of a call show of captions."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from webside.visits import selectors
from webside.visits.codes import VoiceAnswer
from webside.visits.engines import captions
from webside.visits.views._guard import Page
from webside.visits.views._seat import SeatPage


def place_of(slug: str, url: str) -> str:
    """Return where a room fetches its captions, or nothing where the clinic has no recogniser."""
    return url if captions.offered(slug) else ""


def captions_of(page: Page | SeatPage, own: Any) -> dict[str, Any]:
    """Return who reads, whose voice is written, and what she is asked; ``own`` is her seat."""
    there = selectors.in_the_room(page.visit, selectors.everybody(page.visit))
    others = [seat for seat in there if seat.id != own.id]
    reading = [_name(seat) for seat in others if selectors.reads(seat)]
    asked = bool(reading) and own.speak
    offers = captions.offered(page.slug)
    return {
        "own_url": page.url("seat-captions" if isinstance(page, SeatPage) else "visit-captions"),
        "voice_ticket": _ticket_url(page),
        "reads": own.captions_since is not None,
        "readers": get_text_list(reading, _("and")),
        "asked": asked and not own.voice,
        "writes": asked and own.voice == VoiceAnswer.AGREED,
        "declined": asked and own.voice == VoiceAnswer.DECLINED,
        "offers": [{"offer": offer, "name": _language(offer.language)} for offer in offers],
        "own_language": own.voice_language or (get_language() or "")[:2],
        "written": [_name(seat) for seat in others if seat.speak and seat.voice == VoiceAnswer.AGREED],
        "unanswered": [_name(seat) for seat in others if seat.speak and not seat.voice],
        "unwritten": [_name(seat) for seat in others if seat.speak and seat.voice == VoiceAnswer.DECLINED],
    }


def _ticket_url(page: Page | SeatPage) -> str:
    if isinstance(page, SeatPage):
        return f"{page.url('seat-ticket')}?voice"
    return f"{reverse('realtime:ticket-mint', args=[page.slug])}?topic=visit-voice:{page.visit.id}"


def _name(seat: Any) -> str:
    return str(seat.attended_by or seat.name)


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code
