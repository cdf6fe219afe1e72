"""The client for phone calls."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import httpx

from webside.integrations.carriers import account_at
from webside.integrations.sms.client import signature
from webside.visits.codes import PhoneWhy
from webside.visits.engines.phone import CarrierAway, CarrierRefused, Standing

SECONDS = 4.0
"""The worker's events wait behind a call that is placed; a carrier that takes longer is asked again."""
RINGS_SECONDS = 30
MAY_PASS = frozenset({401, 403, 408, 429})
CLIENT_ERROR, SERVER_ERROR = 400, 500
EVENTS = ("initiated", "ringing", "answered", "completed")
OVER = {
    "completed": PhoneWhy.HUNG_UP,
    "busy": PhoneWhy.BUSY,
    "no-answer": PhoneWhy.NO_ANSWER,
    "canceled": PhoneWhy.SENT_AWAY,
    "failed": PhoneWhy.REFUSED,
}
"""The carrier's words for calls that are over, in ours."""

Address = Callable[..., str]
"""``address(clinic, step, call_id)``: where the carrier asks what a call is to do, or tells how it fares."""


def moment(written: str) -> datetime | None:
    """Return a moment as the carrier writes it (RFC 2822), or nothing where that can't be read."""
    try:
        found = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HttpVoice:
    """Carries phone calls. ``url`` is the whole address of the account's *Calls*, without ``.json``.

    ``numbers`` are the clinics' numbers by their slugs.
    """

    url: str
    account: str
    secret: str = field(repr=False)
    numbers: Mapping[str, str]
    address: Address = field(repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    name: str = "voice"

    @classmethod
    def at(cls, address: str, numbers: Mapping[str, str], where: Address) -> HttpVoice:
        """Make the client of ``https://account:token@host``. Raises :class:`ValueError` for anything else."""
        return cls(*account_at(address, resource="Calls", setting="WEBSIDE_VOICE_URL"), numbers, where)

    def number_of(self, clinic: str) -> str:
        """Return the number that people dial to reach a clinic's visits. See ``visits.engines.phone``."""
        return self.numbers.get(clinic, "")

    def signed(self, url: str, form: Mapping[str, str], given: str) -> bool:
        """Whether a call to ``url`` is the carrier's: it alone knows the secret."""
        return hmac.compare_digest(signature(self.secret, url, form).encode(), given.encode())

    def call(self, *, clinic: str, to: str, call_id: UUID) -> str:
        """Call a number; return the carrier's id of the call. See ``visits.engines.phone``."""
        form = {
            "To": to, "From": self.number_of(clinic), "Url": self.address(clinic, "answered", call_id), "Method": "POST",
            "StatusCallback": self.address(clinic, "status", call_id), "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": list(EVENTS), "Timeout": str(RINGS_SECONDS),
        }  # fmt: skip
        return str(self._ask("POST", f"{self.url}.json", data=form)["sid"])

    def turn(self, *, clinic: str, call_id: UUID, carrier_id: str) -> None:
        """Let the carrier ask anew what a call is to do. See ``visits.engines.phone``."""
        form = {"Url": self.address(clinic, "next", call_id), "Method": "POST"}
        self._ask("POST", f"{self.url}/{carrier_id}.json", data=form)

    def standing(self, *, carrier_id: str) -> Standing:
        """Return how a call stands. See ``visits.engines.phone``."""
        said = self._ask("GET", f"{self.url}/{carrier_id}.json")
        why = OVER.get(str(said.get("status", "")))
        return Standing(False) if why is None else Standing(True, moment(str(said.get("end_time") or "")), why)

    def _ask(self, method: str, url: str, **asked: Any) -> dict[str, Any]:
        try:
            with httpx.Client(transport=self.transport, timeout=SECONDS, auth=(self.account, self.secret)) as client:
                answer = client.request(method, url, **asked)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CarrierAway(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise CarrierAway(type(error).__name__, unsure=True) from error
        status = answer.status_code
        if status >= SERVER_ERROR or status in MAY_PASS:
            raise CarrierAway(f"HTTP {status}", unsure=status >= SERVER_ERROR)
        if status >= CLIENT_ERROR:
            raise CarrierRefused(f"HTTP {status}")
        try:
            found = answer.json()
            if method == "POST":
                found["sid"]
        except (ValueError, KeyError, TypeError) as error:
            raise CarrierAway("the carrier's answer can't be read", unsure=True) from error
        return dict(found)
