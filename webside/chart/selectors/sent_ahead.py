"""What was sent ahead by a link: to whom, whether it left, whether it was opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from webside.chart.codes import AheadStanding
from webside.chart.models import Transfer, TransferLink
from webside.chart.rules import transfers as rules
from webside.core import clock
from webside.notifications import selectors as notifications

AHEAD_LASTS = timedelta(hours=24)
"""So long a link that was sent ahead opens: the way there and the first night. Later the chart is asked for as any other."""

AHEAD_TRIES = 5
"""So many codes may be wrong. Of a million they are one chance in 200,000 for whom the letter reached by mistake."""

AHEAD_DIGITS = 6
"""Of the code: as many as people hear on the phone and keep in mind."""


@dataclass(frozen=True, slots=True)
class SentAhead:
    """One link, where it stands, and its e-mail as the log of messages has it (None where that is gone)."""

    link: TransferLink
    standing: AheadStanding
    letter: Any


def ahead_standing(link: TransferLink) -> AheadStanding:
    """Return whether a link shows the sheet now, or why not."""
    return rules.ahead_standing(
        now=clock.now(), expires_at=link.expires_at, ended=link.ended_at is not None, tries_left=link.tries_left
    )


def sent_ahead(transfer: Transfer) -> list[SentAhead]:
    """Return the links of a transfer, the newest first. The caller has guarded the encounter."""
    links = list(TransferLink.objects.filter(transfer=transfer).order_by("-sent_at", "-id"))
    letters = notifications.letters_about([link.id for link in links])
    return [SentAhead(link, ahead_standing(link), letters.get(link.id)) for link in links]


def ahead_by_hash(token_hash: bytes) -> TransferLink | None:
    """Return the link of this tenant with a token's hash, with its transfer."""
    return TransferLink.objects.filter(token_hash=token_hash).select_related("transfer").first()
