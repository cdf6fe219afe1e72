"""The client for text messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from webside.notifications.ports import PermanentFailure, TemporaryFailure

SECONDS = 10.0
LONGEST = 1600  # characters that the carrier takes in one request
MAY_PASS = frozenset({401, 403, 408, 429})  # about our account or the pace, not about this message
CLIENT_ERROR, SERVER_ERROR = 400, 500


@dataclass(frozen=True)
class HttpSms:
    """Sends text messages. ``url`` is the whole address of the *Messages* resource."""

    url: str
    account: str
    secret: str = field(repr=False)
    sender: str
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    name: str = "sms"

    def send(self, *, to: str, text: str, key: str) -> str:
        """Send a text; return the carrier's id. See ``notifications.ports.SmsPort``."""
        if len(text) > LONGEST:
            raise PermanentFailure("the text is too long")
        try:
            with httpx.Client(transport=self.transport, timeout=SECONDS, auth=(self.account, self.secret)) as client:
                answer = client.post(
                    self.url,
                    data={"To": to, "From": self.sender, "Body": text},
                    headers={"Idempotency-Key": key},
                )
        except httpx.HTTPError as error:
            raise TemporaryFailure(type(error).__name__) from error
        if answer.status_code >= SERVER_ERROR or answer.status_code in MAY_PASS:
            raise TemporaryFailure(f"HTTP {answer.status_code}")
        if answer.status_code >= CLIENT_ERROR:
            raise PermanentFailure(f"HTTP {answer.status_code}")
        try:
            sid = answer.json()["sid"]
        except (ValueError, KeyError, TypeError) as error:
            # It may have been sent: another try could send it twice, so a person decides.
            raise PermanentFailure("the carrier's answer can't be read") from error
        return str(sid)
