"""A carrier on loopback for the tests of text messages, and the texts that it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webside.integrations.sms import lean
from webside.integrations.sms.client import HttpSms
from webside.integrations.sms.stand_in import StandIn, Text, texts
from webside.notifications import ports

NUMBERS = {"larkspur": "+15185550100", "northgate": "+12125550100"}


def address_of(number: str) -> str:
    """Return where texts to a clinic's number are brought."""
    return lean.received_address(next(slug for slug, own in NUMBERS.items() if own == number))


@contextmanager
def carrier(folder: Path) -> Iterator[StandIn]:
    """Start a carrier and let texts leave by it."""
    stand_in = StandIn(folder, account="ACtests", secret="not-a-secret-of-anybody", received=address_of)  # nosec B106
    stand_in.start()
    client = HttpSms.at(stand_in.address, NUMBERS, lean.status_address)
    ports.lend_sms(lambda: client)
    try:
        yield stand_in
    finally:
        ports.lend_sms(None)
        stand_in.stop()


def outgoing(stand_in: StandIn, to: str = "") -> list[Text]:
    """Return what was sent through a carrier, oldest first."""
    return [each for each in reversed(texts(stand_in.folder)) if each.direction != "inbound" and to in each.to]
