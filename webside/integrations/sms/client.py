"""The client for text messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from webside.integrations.carriers import account_at
from webside.integrations.sms.errors import reason_of
from webside.notifications.codes import OF_THE_CHANNEL, Reason
from webside.notifications.ports import PermanentFailure, TemporaryFailure

SECONDS = 10.0
LONGEST = 1600  # characters that the carrier takes in one request
MAY_PASS = {401: Reason.CREDENTIALS, 403: Reason.CREDENTIALS, 408: Reason.AWAY, 429: Reason.PACE}
CLIENT_ERROR, SERVER_ERROR = 400, 500
LONGEST_WAIT = 300.0
PAGE = 50


def signature(secret: str, url: str, form: Mapping[str, str]) -> str:
    """Return what the carrier puts into X-Twilio-Signature: the address and the sorted fields under HMAC-SHA1."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha1)).decode()


@dataclass(frozen=True)
class HttpSms:
    """Sends text messages. ``url`` is the whole address of the *Messages* resource.

    ``numbers`` are the clinics' sending numbers by their slugs; ``callback(clinic, key)`` is where the carrier says later
    how a message fared.
    """

    url: str
    account: str
    secret: str = field(repr=False)
    numbers: Mapping[str, str]
    callback: Callable[[str, str], str] | None = field(default=None, repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    name: str = "sms"

    @classmethod
    def at(cls, address: str, numbers: Mapping[str, str], callback: Callable[[str, str], str] | None = None) -> HttpSms:
        """Make the client of ``https://account:token@host``, or with a path of its own after the host.

        Raises :class:`ValueError` for anything else.
        """
        return cls(*account_at(address, resource="Messages.json", setting="WEBSIDE_SMS_URL"), numbers, callback)

    def number_of(self, clinic: str) -> str:
        """Return the number that a clinic's texts come from. See ``notifications.ports.SmsPort``."""
        return self.numbers.get(clinic, "")

    def signed(self, url: str, form: Mapping[str, str], given: str) -> bool:
        """Whether a call back to ``url`` is the carrier's: it alone knows the secret."""
        return hmac.compare_digest(signature(self.secret, url, form).encode(), given.encode())

    def send(self, *, clinic: str, to: str, text: str, key: str) -> str:
        """Send a text; return the carrier's id. See ``notifications.ports.SmsPort``."""
        if len(text) > LONGEST:
            raise PermanentFailure("the text is too long", reason=Reason.TOO_LONG)
        form = {"To": to, "From": self.number_of(clinic), "Body": text}
        if self.callback is not None:
            form["StatusCallback"] = self.callback(clinic, key)
        answer = self._ask("POST", data=form, headers={"Idempotency-Key": key})
        try:
            return str(answer.json()["sid"])
        except (ValueError, KeyError, TypeError) as error:
            # It may have been sent: the next try asks first.
            raise TemporaryFailure("the carrier's answer can't be read", uncertain=True) from error

    def find(self, *, clinic: str, to: str, text: str, since: datetime) -> list[str]:
        """Return the ids of such texts that the carrier took. See ``notifications.ports.SmsPort``."""
        # The day of the carrier is UTC, and filters go by days.
        asked = {"To": to, "From": self.number_of(clinic), "DateSent>": since.date().isoformat(), "PageSize": str(PAGE)}
        answer = self._ask("GET", params=asked)
        try:
            found = answer.json()["messages"]
            return [str(each["sid"]) for each in found if each["body"] == text]
        except (ValueError, KeyError, TypeError) as error:
            raise TemporaryFailure("the carrier's answer can't be read", uncertain=True) from error

    def _ask(self, method: str, **asked: Any) -> httpx.Response:
        try:
            with httpx.Client(transport=self.transport, timeout=SECONDS, auth=(self.account, self.secret)) as client:
                answer = client.request(method, self.url, **asked)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise TemporaryFailure(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise TemporaryFailure(type(error).__name__, uncertain=True) from error
        status = answer.status_code
        if status < CLIENT_ERROR:
            return answer
        code = _code(answer)
        said = f"HTTP {status}" + (f", code {code}" if code else "")
        reason = reason_of(code)
        if status in MAY_PASS or reason in OF_THE_CHANNEL:
            raise TemporaryFailure(said, reason=MAY_PASS.get(status, reason), wait=_wait(answer))
        if status >= SERVER_ERROR:
            raise TemporaryFailure(said, uncertain=True, wait=_wait(answer))
        raise PermanentFailure(said, reason=reason)


def _code(answer: httpx.Response) -> str:
    """Return the carrier's number for what went wrong; its words may hold the number that was texted."""
    try:
        code = answer.json()["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return str(code) if str(code).isdigit() else ""


def _wait(answer: httpx.Response) -> float | None:
    seconds = answer.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_WAIT) if seconds.isdigit() and int(seconds) else None
