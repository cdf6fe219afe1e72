"""Open pages without a browser: each follows what changes as ``ui/live.js`` does.

A ticket, a socket, the fragment after each welcome and each hint; after a loss the same again, with the pauses of
the script. Fifty of them cost what one Chromium costs.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import threading
import time
from html import unescape
from typing import Any

import httpx
import websockets

from webside.testing.hands import Hands

BACKOFF = (0.3, 0.6, 1.2, 2.0, 3.0)
TICKET_SECONDS = 8
PING_SECONDS = 15


def _attribute(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found, f"the page has no {pattern}"
    return unescape(found[1])


class LivePages:
    """``count`` pages of one signed-in person, each with a socket of its own."""

    def __init__(self, address: str, somebody: str, count: int) -> None:
        self.address = address.rstrip("/")
        self.count = count
        self.shown = [""] * count
        self.sockets: set[int] = set()
        self.reconnects = 0
        self._sign_in(somebody)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _sign_in(self, somebody: str) -> None:
        hands = Hands(self.address)
        hands.become(somebody)
        page = hands.get("/o/larkspur/home/")
        self.cookies = hands.cookies
        self.ticket_url = _attribute(page, r'<meta name="live-ticket" content="([^"]+)"')
        self.topics = _attribute(page, r'id="day-list"[^>]* data-live="([^"]+)"').split()
        self.fragment_url = _attribute(page, r'id="day-list"[^>]* data-live-url="([^"]+)"')

    def __enter__(self) -> LivePages:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        self._loop.close()

    def showing(self, text: str) -> int:
        """Return how many pages show a text now."""
        return sum(text in shown for shown in self.shown)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._all())

    async def _all(self) -> None:
        self._stop = asyncio.Event()
        limits = httpx.Limits(max_connections=self.count, max_keepalive_connections=self.count)
        async with httpx.AsyncClient(
            base_url=self.address, cookies=self.cookies, limits=limits, timeout=60,
            headers={"X-CSRFToken": self.cookies["webside_csrf"], "Origin": self.address},
        ) as client:  # fmt: skip
            pages = [asyncio.create_task(self._page(client, number)) for number in range(self.count)]
            await self._stop.wait()
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)

    async def _page(self, client: httpx.AsyncClient, number: int) -> None:
        failures = 0
        while True:
            try:
                async for _ in self._follow(client, number):
                    failures = 0
            except (OSError, httpx.HTTPError, websockets.WebSocketException, TimeoutError):
                pass
            self.sockets.discard(number)
            self.reconnects += 1
            pause = BACKOFF[min(failures, len(BACKOFF) - 1)]
            failures += 1
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))

    async def _follow(self, client: httpx.AsyncClient, number: int) -> Any:
        answer = await client.post(self.ticket_url, data={"topic": self.topics}, timeout=TICKET_SECONDS)
        ticket = answer.raise_for_status().json()["ticket"]
        url = self.address.replace("http", "ws") + "/ws"
        async with websockets.connect(
            url, origin=self.address, ping_interval=None, open_timeout=TICKET_SECONDS
        ) as live:  # type: ignore[arg-type]
            await live.send(json.dumps({"ticket": ticket}))
            while True:
                try:
                    message = json.loads(await asyncio.wait_for(live.recv(), PING_SECONDS))
                except TimeoutError:
                    await live.send('{"type":"ping"}')
                    continue
                if message["type"] == "bye":
                    return
                if message["type"] in ("welcome", "hint"):
                    self.sockets.add(number)
                    fragment = await client.get(self.fragment_url, headers={"X-Live": "1"})
                    self.shown[number] = fragment.raise_for_status().text
                    yield time.monotonic()
