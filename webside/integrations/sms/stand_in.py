"""A carrier for demo and tests: it speaks the wire of the *Messages* resource, keeps what it is given, delivers to nobody.

It takes texts (POST), lists them (GET), calls back how they fared, and brings what somebody texts to us: all signed as the
real one signs. Numbers that fail on purpose are those with which the real one is tried (+1 500 555 00xx).
"""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from webside.core import clock
from webside.core.ids import uuid7
from webside.integrations.loopback import Loopback, Quiet
from webside.integrations.sms.client import signature

KEPT = 500
MOST_BYTES = 64 * 1024
CALL_SECONDS = 5.0
REFUSED = {
    "+15005550001": (400, 21211, "is not a valid phone number"),
    "+15005550002": (400, 21612, "is not currently reachable"),
    "+15005550003": (400, 21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (400, 21614, "is not a mobile number"),
    "+15005550429": (429, 20429, "Too Many Requests"),
    "+15005550500": (500, 20500, "Internal Server Error"),
}
LATER = {"+15005550010": 30006, "+15005550011": 30003, "+15005550012": 30007}
SLOW = {"+15005550013": 15.0}
"""What a number does: refused at once, taken and not delivered, or answered after so many seconds."""

OUT, IN = "outbound-api", "inbound"


@dataclass
class Text:
    """A text that went through, as its file keeps it."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    status: str
    at: str
    key: str = ""
    callback: str = ""
    code: int | None = None

    def wire(self, account: str) -> dict[str, Any]:
        """Return the resource as the carrier writes it."""
        return {
            "sid": self.sid, "account_sid": account, "api_version": "2010-04-01", "to": self.to, "from": self.sender,
            "body": self.body, "direction": self.direction, "status": self.status, "error_code": self.code,
            "num_segments": "1", "date_created": self.at,
        }  # fmt: skip


def texts(folder: Path, limit: int = KEPT) -> list[Text]:
    """Return the newest texts of a folder, newest first."""
    return [_read(path) for path in sorted(folder.glob("*.json"), reverse=True)[:limit]]


def _read(path: Path) -> Text:
    return Text(**json.loads(path.read_text(encoding="utf-8")))


def _write(folder: Path, name: str, text: Text) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{name}.{uuid7().hex}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(text), file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / f"{name}.json")
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


@dataclass
class StandIn:
    """One carrier in threads of its own. ``received(number)``: where texts to a number of ours are brought.

    ``stops``: it heeds STOP itself, as carriers do for some kinds of numbers. ``away``: it hangs up on everybody.
    """

    folder: Path
    account: str
    secret: str
    received: Any
    port: int = 0
    stops: bool = False
    away: bool = False
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list, repr=False)
    _server: Loopback = field(default_factory=lambda: Loopback("sms-stand-in"), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _stopped: set[str] = field(default_factory=set, repr=False)

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server.running

    def start(self) -> int:
        """Start on a loopback port (a free one, where none is named); return it."""
        self.port = self._server.start(_Handler, self, self.port)
        return self.port

    def stop(self) -> None:
        """Stop, and free the port."""
        self._server.stop()

    @property
    def address(self) -> str:
        """What WEBSIDE_SMS_URL would be."""
        return f"http://{self.account}:{self.secret}@127.0.0.1:{self.port}"

    def take(self, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """Answer one text that is to be sent."""
        to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        if to in REFUSED or to in self._stopped:
            status, code, words = REFUSED.get(to, REFUSED["+15005550004"])
            return status, {"code": code, "message": f"'To' {to} {words}", "status": status}
        if not (to and sender and body):
            return 400, {"code": 21602, "message": "Message body is required", "status": 400}
        with self._lock:
            text = next((each for each in texts(self.folder) if key and each.key == key), None)
            if text is None:
                name = str(uuid7())
                text = Text(f"SM{uuid7().hex}", to, sender, body, OUT, "queued", clock.now().isoformat(), key,
                            form.get("StatusCallback", ""))  # fmt: skip
                _write(self.folder, name, text)
                threading.Thread(target=self._deliver, args=(name, text), daemon=True).start()
        threading.Event().wait(SLOW.get(to, 0))
        return 201, text.wire(self.account)

    def _deliver(self, name: str, text: Text) -> None:
        code = LATER.get(text.to)
        text.status, text.code = ("undelivered", code) if code else ("delivered", None)
        _write(self.folder, name, text)
        if text.callback:
            form = {"MessageSid": text.sid, "MessageStatus": text.status, "To": text.to, "From": text.sender,
                    "AccountSid": self.account}  # fmt: skip
            self._call(text.callback, form | ({"ErrorCode": str(code)} if code else {}))

    def text_us(self, *, sender: str, to: str, body: str, sid: str = "") -> int:
        """Let somebody text to us; return how the call was answered (0: not at all)."""
        word = body.strip().upper()
        form = {"MessageSid": sid or f"SM{uuid7().hex}", "AccountSid": self.account, "From": sender, "To": to,
                "Body": body, "NumMedia": "0", "NumSegments": "1"}  # fmt: skip
        _write(self.folder, str(uuid7()), Text(form["MessageSid"], to, sender, body, IN, "received",
                                               clock.now().isoformat()))  # fmt: skip
        if self.stops and word in ("STOP", "START"):
            form["OptOutType"] = word
            (self._stopped.add if word == "STOP" else self._stopped.discard)(sender)
        return self._call(self.received(to), form)

    def _call(self, url: str, form: dict[str, str]) -> int:
        try:
            with httpx.Client(timeout=CALL_SECONDS) as client:
                answer = client.post(url, data=form, headers={"X-Twilio-Signature": signature(self.secret, url, form)})
        except httpx.HTTPError:
            return 0
        return answer.status_code


def text_through(address: str, account: str, secret: str, *, sender: str, to: str, body: str) -> int:
    """Let somebody text to us through a stand-in of another process; return how the call was answered (0: not at all)."""
    form = {"From": sender, "To": to, "Body": body}
    try:
        with httpx.Client(timeout=2 * CALL_SECONDS, auth=(account, secret)) as client:
            return int(client.post(f"{address}/stand-in/text-us", data=form).json()["answered"])
    except (httpx.HTTPError, ValueError, KeyError):
        return 0


class _Handler(Quiet, BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        form = self._fields(self.rfile.read(min(size, MOST_BYTES)).decode())
        if not self._admitted(form):
            return
        if urlsplit(self.path).path == "/stand-in/text-us":
            status = self.stand_in.text_us(sender=form["From"], to=form["To"], body=form["Body"])
            self._answer(200, {"answered": status})
            return
        self._answer(*self.stand_in.take(form, self.headers.get("Idempotency-Key", "")))

    def do_GET(self) -> None:
        query = self._fields(urlsplit(self.path).query)
        if not self._admitted(query):
            return
        found = [
            text.wire(self.stand_in.account)
            for text in texts(self.stand_in.folder)
            if text.direction == OUT
            and text.to == query.get("To", text.to)
            and text.at[:10] >= query.get("DateSent>", "")
        ]
        self._answer(200, {"messages": found[: int(query.get("PageSize", 50))], "page": 0})

    def _admitted(self, fields: dict[str, str]) -> bool:
        if self.stand_in.away:
            self.close_connection = True
            return False
        self.stand_in.requests.append((self.command, fields))
        pair = f"{self.stand_in.account}:{self.stand_in.secret}".encode()
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(pair).decode()}":
            self._answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
            return False
        return True

    @staticmethod
    def _fields(text: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "2")
        self.end_headers()
        self.wfile.write(content)
