"""The lab's pages and its signalling relay.

A participant is (room, name); its id and its politeness follow from them alone, so both are the same after a restart.
In a room with a page of `/middle` every signal between the two others goes to that page instead: this is how a malicious
server would work.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from pathlib import Path
from string import Template
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

HERE = Path(__file__).parent
MODULES = {name: HERE.parents[2] / "webside" / name / "static" / name for name in ("visits", "ui")}
NAMES = {"patient": "Liz Moreno", "doctor": "Dr. Amara Osei", "interpreter": "Rosa Diaz", "sister": "Ana Moreno",
         "presenter": "Tess Park"}  # fmt: skip
ROLES = {"doctor": "clinician", "sister": "family"}
#: Who may show a screen.
SHOW = ("patient", "doctor")
TURN_TTL_SECONDS = 3600
#: Pages say something every second. Whoever is silent for so long is gone, whatever TCP believes.
SILENT_SECONDS = 5


def import_map() -> str:
    """The import map of all modules, as a page must carry it inline."""
    names = [f"{app}/{path.name}" for app, folder in MODULES.items() for path in folder.glob("*.js")]
    return json.dumps({"imports": {name: f"/static/{name}" for name in names}})


def is_polite(name: str, other: str) -> bool:
    """Whether one gives way to the other: the patient to all, the doctor to nobody, else as the alphabet says."""
    if "patient" in (name, other):
        return name == "patient"
    return other == "doctor" or (name != "doctor" and name < other)


def participant_id(room: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"lab:{room}:{name}"))


class Lab:
    """All rooms of one running server."""

    def __init__(self, turn: str | None = None, turn_secret: str = "", transports: str = "udp,tcp") -> None:
        self.turn = turn
        self.transports = transports.split(",")
        self.turn_secret = turn_secret
        self.tickets: dict[str, tuple[str, str]] = {}
        self.rooms: dict[str, dict[str, WebSocket]] = {}
        self.admitted: set[str] = set()
        self.heard: list[dict[str, Any]] = []
        self.silent: set[str] = set()

    # ---- pages ----

    async def page(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        file = HERE / "pages" / f"{kind}.html"
        if not file.is_file():
            return Response(status_code=404)
        query = request.query_params
        imports = import_map()
        html = Template(file.read_text()).substitute(
            imports=imports,
            query=request.url.query.replace("&", "&amp;"),
            room=query.get("room", "1"),
            mode=query.get("mode", "own"),
            join=query.get("join", "now"),
            policy="relay" if query.get("relay") else "all",
            pairs=self.pairs(query.get("room", "1")) if query.get("pairs") else "",
        )
        digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; connect-src 'self'; "
            "media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'self'"
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    @staticmethod
    def pairs(room: str) -> str:
        """Return the list of people, as the clinic's page has it: each with the digits of the pair."""
        item = (
            '<li data-person="{}">{} <span data-person-code></span> <span data-person-codestate></span>'
            '<button type="button" data-call-action="code-same">The same</button>'
            '<button type="button" data-call-action="code-different">Different</button></li>'
        )
        return "".join(item.format(participant_id(room, name), NAMES[name]) for name in NAMES)

    async def static(self, request: Request) -> Response:
        folder = {**MODULES, "lab": HERE / "static"}.get(request.path_params["folder"])
        file = folder / request.path_params["name"] if folder else None
        if not file or not file.is_file():
            return Response(status_code=404)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})

    async def ticket(self, request: Request) -> Response:
        query = request.query_params
        if query.get("as") == "stranger":
            return Response(status_code=403)
        ticket = secrets.token_urlsafe(16)
        self.tickets[ticket] = (query.get("room", "1"), query["as"])
        return JSONResponse({"ticket": ticket})

    async def line(self, request: Request) -> Response:
        admitted = request.query_params.get("room", "1") in self.admitted
        return HTMLResponse("<p data-admitted>It is your turn.</p>" if admitted else "<p>You are next.</p>")

    async def admit(self, request: Request) -> Response:
        room = request.query_params.get("room", "1")
        self.admitted.add(room)
        for socket in list(self.rooms.get(room, {}).values()):
            await say(socket, type="hint", topic=f"visit.{room}", kind="admitted", id=room)
        return Response(status_code=204)

    async def bye(self, request: Request) -> Response:
        query = request.query_params
        socket = self.rooms.get(query.get("room", "1"), {}).get(query["as"])
        if socket:
            await say(socket, type="bye", reason=query["reason"])
            await socket.close()
        return Response(status_code=204)

    async def said(self, request: Request) -> Response:
        """What pages told the server beside signals and pings."""
        return JSONResponse(self.heard)

    # ---- the socket ----

    def ice_servers(self, name: str) -> list[dict[str, Any]]:
        if not self.turn:
            return []
        username = f"{int(time.time()) + TURN_TTL_SECONDS}:lab:{name}"
        digest = hmac.new(self.turn_secret.encode(), username.encode(), hashlib.sha1).digest()
        urls = [f"turn:{self.turn}?transport={transport}" for transport in self.transports]
        return [{"urls": urls, "username": username, "credential": base64.b64encode(digest).decode()}]

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            hello = await socket.receive_json()
            room, name = self.tickets.pop(hello.get("ticket", ""), ("", ""))
            if not name:
                await socket.close(1008)
                return
            await self.serve(socket, room, name)
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            return

    async def serve(self, socket: WebSocket, room: str, name: str) -> None:
        sockets = self.rooms.setdefault(room, {})
        before = sockets.get(name)
        sockets[name] = socket
        if before:
            await say(before, type="bye", reason="replaced")
        me = self.person(room, name)
        others = [other for other in sockets if other != name and other != "middle"]
        await say(
            socket,
            type="welcome",
            participant=me["participant"],
            polite=name == "patient",
            ice_servers=self.ice_servers(name),
            peers=[self.person(room, other) | {"polite": is_polite(name, other)} for other in others],
            elapsed_s=None,
            share=me["share"],
            speak=me["speak"],
        )
        if name != "middle":
            for other, there in list(sockets.items()):
                if other != name:
                    await say(there, type="peer", event="joined", polite=is_polite(other, name), **me)
        event = "away"
        try:
            while True:
                message = await asyncio.wait_for(socket.receive_json(), SILENT_SECONDS)
                match message["type"]:
                    case "ping":
                        await say(socket, type="pong", n=message["n"])
                    case "signal":
                        await self.relay(room, name, message)
                    case "leave":
                        event = "left"
                        break
                    case _:
                        self.heard.append({"from": name, **message})
        finally:
            if sockets.get(name) is socket:
                del sockets[name]
                if name != "middle":
                    await self.tell_others(room, name, type="peer", event=event, participant=me["participant"])

    def person(self, room: str, name: str) -> dict[str, Any]:
        participant = participant_id(room, name)
        return {
            "participant": participant, "name": NAMES.get(name, name), "role": ROLES.get(name, name),
            "relation": "sibling" if name == "sister" else "", "speak": participant not in self.silent,
            "share": name in SHOW, "as": name,
        }  # fmt: skip

    async def speak(self, request: Request) -> Response:
        """Take from somebody that she may speak, as a clinician does, or give it back (``may``)."""
        room, name = request.query_params.get("room", "1"), request.query_params["as"]
        change = self.silent.discard if request.query_params.get("may") else self.silent.add
        change(participant_id(room, name))
        me = self.person(room, name)
        await say(self.rooms.get(room, {}).get(name), type="you", speak=me["speak"], share=me["share"])
        await self.tell_others(room, name, type="peer", event="changed", **me)
        return Response(status_code=204)

    async def out(self, request: Request) -> Response:
        """Remove somebody, as a clinician does: her page is told, and everybody else hangs up."""
        room, name = request.query_params.get("room", "1"), request.query_params["as"]
        gone = participant_id(room, name)
        socket = self.rooms.get(room, {}).pop(name, None)
        await self.tell_others(room, name, type="peer", event="left", participant=gone, reason="removed")
        if socket and not request.query_params.get("quietly"):
            await say(socket, type="bye", reason="removed")
        return Response(status_code=204)

    async def relay(self, room: str, name: str, message: dict[str, Any]) -> None:
        sockets = self.rooms[room]
        if name == "middle":
            # The page in the middle speaks in another's name.
            await say(sockets.get(message["to"]), type="signal", data=message["data"], **{"from": message["as"]})
            return
        sender = participant_id(room, name)
        if "middle" in sockets:
            await say(sockets["middle"], type="signal", name=name, data=message["data"], **{"from": sender})
            return
        for other, socket in list(sockets.items()):
            if participant_id(room, other) == message["to"]:
                await say(socket, type="signal", data=message["data"], **{"from": sender})

    async def tell_others(self, room: str, sender: str, /, **message: Any) -> None:
        for other, socket in list(self.rooms.get(room, {}).items()):
            if other != sender:
                await say(socket, **message)


async def say(socket: WebSocket | None, **message: Any) -> None:
    if socket is None or socket.application_state is not WebSocketState.CONNECTED:
        return
    try:
        await socket.send_json(message)
    except (WebSocketDisconnect, RuntimeError):
        return  # it went in this very moment; its own task says so


def application(lab: Lab) -> Starlette:
    return Starlette(
        routes=[
            WebSocketRoute("/ws", lab.socket),
            Route("/ticket", lab.ticket, methods=["POST"]),
            Route("/line", lab.line),
            Route("/admit", lab.admit, methods=["POST"]),
            Route("/speak", lab.speak, methods=["POST"]),
            Route("/bye", lab.bye, methods=["POST"]),
            Route("/said", lab.said),
            Route("/out", lab.out, methods=["POST"]),
            Route("/static/{folder}/{name}", lab.static),
            Route("/{kind}", lab.page),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the call lab.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--turn", help="host:port of a TURN server that shares --turn-secret")
    parser.add_argument("--turn-secret", default="")
    parser.add_argument("--turn-transports", default="udp,tcp", help="how browsers may reach it")
    options = parser.parse_args()
    lab = Lab(options.turn, options.turn_secret, options.turn_transports)
    uvicorn.run(application(lab), host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
