"""A telephone carrier on loopback for the tests of visits by phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from django.db import connection

from webside.integrations.voice import lean
from webside.integrations.voice.client import HttpVoice
from webside.integrations.voice.stand_in import StandIn
from webside.visits.engines import phone

NUMBERS = {"larkspur": "+15185550190", "northgate": "+12125550190"}
PACE = 0.01


def _clinic(number: str) -> str:
    return next((slug for slug, own in NUMBERS.items() if own == number), "nobody")


@contextmanager
def carrier(pace: float = PACE) -> Iterator[StandIn]:
    """Start a carrier and let calls go by it."""
    stand_in = StandIn(
        account="ACtests", secret="not-a-secret-of-anybody", pace=pace,  # nosec B106
        answer=lambda number: lean.address(_clinic(number), "answer"),
        status=lambda number: lean.address(_clinic(number), "status"),
    )  # fmt: skip
    stand_in.start()
    client = HttpVoice.at(stand_in.address, NUMBERS, lean.address)
    phone.lend(lambda: client)
    try:
        yield stand_in
    finally:
        phone.lend(None)
        stand_in.stop()


@contextmanager
def line(slug: str = "larkspur") -> Iterator[HttpVoice]:
    """Give a clinic a number whose carrier doesn't answer: for pages and services that call nobody."""
    client = HttpVoice.at("http://ACtests:none@127.0.0.1:9", {slug: NUMBERS[slug]}, lean.address)
    phone.lend(lambda: client)
    try:
        yield client
    finally:
        phone.lend(None)


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that other threads bring about."""
    end = monotonic() + seconds
    while not holds():
        if monotonic() > end:
            raise AssertionError("it did not come about")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
