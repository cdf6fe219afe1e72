"""A carrier for demo and tests: it speaks the wire of *Calls* and conferences, and does with a call what we say. No sound.

It takes calls (POST), sends them elsewhere, says how they stand (GET), asks our addresses what to do (TwiML), plays what people
type, keeps conferences, and tells of all that, signed as the real one signs. What a call would hear is kept as words: **nothing
is spoken and nobody hears anybody**. People's side of it: ``dial``, ``pick_up``, ``keys``, ``hang_up``. Numbers that fail on
purpose: +15005550001 is refused, …0020 is busy, …0021 is not answered, …0022 is an answering machine.
"""

from __future__ import annotations

import base64
import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET  # nosec B405 - of our own application, over a signed call

import httpx

from webside.core import clock
from webside.core.ids import uuid7
from webside.integrations.loopback import Loopback, Quiet
from webside.integrations.sms.client import signature

MOST_BYTES = 64 * 1024
CALL_SECONDS = 5.0
LEAST_PAUSE = 0.05
KEPT = 200
REFUSED, BUSY, UNANSWERED, MACHINE = "+15005550001", "+15005550020", "+15005550021", "+15005550022"
OUT, IN = "outbound-api", "inbound"
OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
BROKEN = "An application error has occurred. Good-bye."


@dataclass
class Conference:
    """A room of the carrier. It opens when somebody comes with whom it starts; ``moved`` is of who came first."""

    sid: str
    name: str
    moved: str
    sequence: int = 0
    members: dict[str, bool] = field(default_factory=dict)
    opened: bool = False


@dataclass
class Call:
    """One call, from the carrier's side. ``heard``: what it would have heard, as words with their languages."""

    sid: str
    to: str
    sender: str
    direction: str
    url: str
    status: str = "queued"
    callback: str = ""
    rings: float = 30.0
    began: datetime = field(default_factory=clock.now)
    ended: datetime | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)
    asks: int = 0
    room: str = ""
    typed: str = ""
    picked_up: bool = False
    gone: bool = False
    redirect: str = ""
    news: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def wire(self, account: str) -> dict[str, Any]:
        """Return the resource as the carrier writes it."""
        return {
            "sid": self.sid, "account_sid": account, "api_version": "2010-04-01", "to": self.to, "from": self.sender,
            "direction": self.direction, "status": self.status, "start_time": format_datetime(self.began),
            "end_time": format_datetime(self.ended) if self.ended else None,
        }  # fmt: skip

    def place(self) -> tuple[int, str, str]:
        """Return how far a call is: how much it has heard, its state, its room."""
        return len(self.heard), self.status, self.room

    def shown(self) -> dict[str, Any]:
        """Return what a telephone would show of it; ``asks``: so many digits are waited for."""
        return {
            "sid": self.sid, "to": self.to, "from": self.sender, "direction": self.direction, "status": self.status,
            "heard": self.heard, "asks": self.asks, "room": self.room, "began": self.began.isoformat(),
        }  # fmt: skip


@dataclass
class StandIn:
    """One carrier in threads of its own.

    ``answer(number)`` and ``status(number)``: where a number of ours is answered, and where the end of its calls is told.
    ``pace`` shortens every wait. ``away``: it hangs up on everybody who asks it. ``deaf``: what it tells of calls is lost.
    """

    account: str
    secret: str
    answer: Callable[[str], str]
    status: Callable[[str], str]
    port: int = 0
    pace: float = 1.0
    away: bool = False
    deaf: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    rooms: dict[str, Conference] = field(default_factory=dict)
    told: list[tuple[str, dict[str, str], int]] = field(default_factory=list, repr=False)
    _server: Loopback = field(default_factory=lambda: Loopback("voice-stand-in"), repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _news: queue.Queue[tuple[str, dict[str, str]] | None] = field(default_factory=queue.Queue, repr=False)

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server.running

    @property
    def address(self) -> str:
        """What WEBSIDE_VOICE_URL would be."""
        return f"http://{self.account}:{self.secret}@127.0.0.1:{self.port}"

    def start(self) -> int:
        """Start on a loopback port (a free one, where none is named); return it."""
        self.port = self._server.start(_Handler, self, self.port)
        threading.Thread(target=self._tell_all, name="voice-stand-in-news", daemon=True).start()
        return self.port

    def stop(self) -> None:
        """Hang up everybody, stop, and free the port."""
        if self._server.running:
            self.deaf = True
            for call in list(self.calls.values()):
                self.hang_up(call.sid)
            self._news.put(None)
            self._server.stop()

    # What we ask of it

    def place(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Answer that a call is to be made."""
        to, sender, url = (form.get(name, [""])[0] for name in ("To", "From", "Url"))
        if not (to and sender and url):
            return 400, {"code": 21201, "message": "No 'To' number is specified", "status": 400}
        if to == REFUSED:
            return 400, {"code": 21211, "message": f"'To' {to} is not a valid phone number", "status": 400}
        seconds = float(form.get("Timeout", ["60"])[0])
        call = Call(
            f"CA{uuid7().hex}", to, sender, OUT, url, callback=form.get("StatusCallback", [""])[0], rings=seconds
        )
        self._keep(call)
        threading.Thread(target=self._ring, args=(call,), daemon=True).start()
        return 201, call.wire(self.account)

    def change(self, sid: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Answer that a call is to go elsewhere, or to end."""
        call = self.calls.get(sid)
        if call is None:
            return 404, {"code": 20404, "message": "The requested resource was not found", "status": 404}
        if call.status in OVER:
            return 400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400}
        if form.get("Status", [""])[0] in ("completed", "canceled"):
            self.hang_up(sid)
        elif url := form.get("Url", [""])[0]:
            with call.news:
                call.redirect = url
                call.news.notify_all()
        return 200, call.wire(self.account)

    # What people do

    def dial(self, sender: str, to: str, digits: str = "") -> str:
        """Let a telephone dial a number of ours, and type; return the call's id."""
        call = Call(f"CA{uuid7().hex}", to, sender, IN, self.answer(to), status="ringing", typed=digits,
                    callback=self.status(to))  # fmt: skip
        self._keep(call)
        threading.Thread(target=self._talk, args=(call,), daemon=True).start()
        return call.sid

    def pick_up(self, sid: str) -> None:
        """Let the telephone that rings be picked up."""
        with (call := self.calls[sid]).news:
            call.picked_up = True
            call.news.notify_all()

    def keys(self, sid: str, digits: str) -> None:
        """Let somebody type into a call."""
        with (call := self.calls[sid]).news:
            call.typed += digits
            call.news.notify_all()

    def hang_up(self, sid: str) -> None:
        """Let somebody hang up, or not pick up."""
        with (call := self.calls[sid]).news:
            call.gone = True
            call.news.notify_all()

    def together(self, name: str) -> set[str]:
        """Return the telephones' numbers that could hear each other in a room: nobody before it has opened."""
        with self._lock:
            room = self.rooms.get(name)
            members = room.members if room is not None and room.opened else {}
            return {self._telephone(self.calls[sid]) for sid in members}

    @staticmethod
    def _telephone(call: Call) -> str:
        return call.sender if call.direction == IN else call.to

    # What a call does

    def _keep(self, call: Call) -> None:
        with self._lock:
            self.calls[call.sid] = call
            for old in list(self.calls)[:-KEPT]:
                if self.calls[old].status in OVER:
                    del self.calls[old]

    def _ring(self, call: Call) -> None:
        self._told_of(call, "initiated")
        if call.to == BUSY:
            self._over(call, "busy")
            return
        call.status = "ringing"
        self._told_of(call)
        seconds = 0.0 if call.to == UNANSWERED else call.rings * self.pace
        with call.news:
            answered = call.to == MACHINE or call.news.wait_for(lambda: call.picked_up or call.gone, seconds)
        if not answered or call.gone:
            self._over(call, "no-answer")
            return
        self._talk(call)

    def _talk(self, call: Call) -> None:
        call.status = "in-progress"
        if call.direction == OUT:
            self._told_of(call)
        more: dict[str, str] = {}
        url, broken = call.url, False
        while url and not call.gone:
            text = self._ask(url, call, more)
            if text is None and not broken and call.direction == IN:
                # A number's fallback address, asked once: the one that answers.
                url, more, broken = self.answer(call.to), {}, True
                continue
            if text is None:
                call.heard.append((BROKEN, "en-US"))
                break
            url, more = self._perform(call, text)
        self._over(call, "completed")

    def _perform(self, call: Call, text: str) -> tuple[str, dict[str, str]]:
        for verb in ET.fromstring(text):  # noqa: S314  # nosec B314 - our own application's
            target, more = self._do(call, verb)
            if call.gone:
                return "", {}
            if call.redirect:
                target, more, call.redirect = call.redirect, {}, ""
            if target is not None:
                return target, more
        return "", {}

    def _do(self, call: Call, verb: ET.Element) -> tuple[str | None, dict[str, str]]:
        """Do one verb; return where to go on, nothing for the next verb, an empty address for hanging up."""
        match verb.tag:
            case "Say":
                call.heard.append((verb.text or "", verb.get("language", "")))
            case "Pause":
                self._wait(call, float(verb.get("length", "1")))
            case "Redirect":
                return verb.text or "", {}
            case "Gather":
                return self._gather(call, verb)
            case "Dial":
                self._meet(call, verb[0])
                return verb.get("action", ""), {"DialCallStatus": "completed"}
            case "Hangup":
                return "", {}
            case _:
                raise ValueError(verb.tag)
        return None, {}

    def _wait(self, call: Call, seconds: float) -> None:
        with call.news:
            call.news.wait_for(lambda: call.gone or call.redirect, max(LEAST_PAUSE, seconds * self.pace))

    def _gather(self, call: Call, verb: ET.Element) -> tuple[str | None, dict[str, str]]:
        for said in verb:
            call.heard.append((said.text or "", said.get("language", "")))
        wanted, seconds = int(verb.get("numDigits", "0")), float(verb.get("timeout", "5"))
        call.asks = wanted

        def enough() -> bool:
            return bool(call.gone or call.redirect or "#" in call.typed or (wanted and len(call.typed) >= wanted))

        with call.news:
            before = None
            while not enough() and before != call.typed:
                before = call.typed  # each key gives as long again
                call.news.wait_for(lambda: enough() or call.typed != before, max(LEAST_PAUSE, seconds * self.pace))  # noqa: B023 - waited for here
            typed, call.typed = call.typed.partition("#")[0], ""
            if wanted:
                typed, call.typed = typed[:wanted], typed[wanted:]
        call.asks = 0
        if not typed and verb.get("actionOnEmptyResult") != "true":
            return None, {}
        return verb.get("action", ""), {"Digits": typed}

    def _meet(self, call: Call, verb: ET.Element) -> None:
        name, leads = verb.text or "", verb.get("startConferenceOnEnter") != "false"
        ends = verb.get("endConferenceOnExit") == "true"
        with self._lock:
            room = self.rooms.setdefault(name, Conference(f"CF{uuid7().hex}", name, verb.get("statusCallback", "")))
            room.members[call.sid] = ends
            room.opened = room.opened or leads
            self._told_of_room(room, call, "participant-join")
        call.room = name
        with call.news:
            call.news.wait_for(lambda: call.gone or call.redirect or not call.room)
        self._leave(call, room)

    def _leave(self, call: Call, room: Conference) -> None:
        with self._lock:
            if call.sid not in room.members:
                return
            ends = room.members.pop(call.sid)
            call.room = ""
            self._told_of_room(room, call, "participant-leave")
            others = list(room.members) if ends else []
            if ends or not room.members:
                self.rooms.pop(room.name, None)
        for sid in others:
            with (other := self.calls[sid]).news:
                other.room = ""
                other.news.notify_all()

    def _over(self, call: Call, status: str) -> None:
        call.status, call.ended = status, clock.now()
        self._told_of(call)

    # What it asks and tells

    def _fields(self, call: Call) -> dict[str, str]:
        return {"CallSid": call.sid, "AccountSid": self.account, "From": call.sender, "To": call.to,
                "CallStatus": call.status, "Direction": call.direction, "ApiVersion": "2010-04-01"}  # fmt: skip

    def _ask(self, url: str, call: Call, more: dict[str, str]) -> str | None:
        form = self._fields(call) | more
        try:
            with httpx.Client(timeout=CALL_SECONDS) as client:
                answer = client.post(url, data=form, headers={"X-Twilio-Signature": signature(self.secret, url, form)})
        except httpx.HTTPError:
            return None
        return answer.text if answer.status_code == httpx.codes.OK else None

    def _told_of(self, call: Call, status: str = "") -> None:
        form = self._fields(call) | {"Timestamp": format_datetime(clock.now())}
        self._news.put((call.callback, form | ({"CallStatus": status} if status else {})))

    def _told_of_room(self, room: Conference, call: Call, event: str) -> None:
        room.sequence += 1
        form = {"ConferenceSid": room.sid, "FriendlyName": room.name, "AccountSid": self.account, "CallSid": call.sid,
                "StatusCallbackEvent": event, "SequenceNumber": str(room.sequence),
                "Timestamp": format_datetime(clock.now())}  # fmt: skip
        self._news.put((room.moved, form))

    def _tell_all(self) -> None:
        while (item := self._news.get()) is not None:
            url, form = item
            if url and not self.deaf:
                self.told.append((url, form, self.tell(url, form)))

    def tell(self, url: str, form: dict[str, str]) -> int:
        """Tell one thing, signed; return how it was answered (0: not at all)."""
        try:
            with httpx.Client(timeout=CALL_SECONDS) as client:
                answer = client.post(url, data=form, headers={"X-Twilio-Signature": signature(self.secret, url, form)})
        except httpx.HTTPError:
            return 0
        return answer.status_code


def ask_people(address: str, account: str, secret: str, what: str, form: dict[str, str] | None = None) -> Any:
    """Ask a stand-in of another process for its calls, or let somebody use a telephone; nothing where it isn't there."""
    try:
        with httpx.Client(timeout=CALL_SECONDS, auth=(account, secret)) as client:
            answer = client.request("GET" if form is None else "POST", f"{address}/stand-in/{what}", data=form)
            return answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError):
        return None


class _Handler(Quiet, BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(min(size, MOST_BYTES)).decode(), keep_blank_values=True)
        if not self._admitted():
            return
        path = urlsplit(self.path).path
        if path.startswith("/stand-in/"):
            self._answer(*self._people(path.removeprefix("/stand-in/"), {name: all_[0] for name, all_ in form.items()}))
        elif path.endswith("/Calls.json"):
            self._answer(*self.stand_in.place(form))
        else:
            self._answer(*self.stand_in.change(self._sid(path), form))

    def do_GET(self) -> None:
        if not self._admitted():
            return
        path = urlsplit(self.path).path
        if path == "/stand-in/calls":
            calls = [call.shown() for call in reversed(list(self.stand_in.calls.values()))]
            self._answer(200, {"calls": calls})
            return
        call = self.stand_in.calls.get(self._sid(path))
        if call is None:
            self._answer(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
        else:
            self._answer(200, call.wire(self.stand_in.account))

    @staticmethod
    def _sid(path: str) -> str:
        return path.rpartition("/")[2].removesuffix(".json")

    def _people(self, what: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        sid = form.get("sid", "")
        if what == "dial":
            return 200, {"sid": self.stand_in.dial(form["from"], form["to"], form.get("digits", ""))}
        if sid not in self.stand_in.calls:
            return 404, {}
        call = self.stand_in.calls[sid]
        before = call.place()
        match what:
            case "pick-up":
                self.stand_in.pick_up(sid)
            case "keys":
                self.stand_in.keys(sid, form.get("digits", ""))
            case "hang-up":
                self.stand_in.hang_up(sid)
            case _:
                return 404, {}
        # Whoever looks next sees what came of it.
        for _moment in range(20):
            if call.place() != before:
                break
            threading.Event().wait(0.05)
        return 200, {"sid": sid}

    def _admitted(self) -> bool:
        if self.stand_in.away:
            self.close_connection = True
            return False
        pair = f"{self.stand_in.account}:{self.stand_in.secret}".encode()
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(pair).decode()}":
            self._answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
            return False
        return True

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
