"""Asks the application as somebody, about somebody's things, and says what came back, without what changes each time."""

from __future__ import annotations

import io
import logging
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pypdf
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from tests.isolation.canaries import found_in
from tests.isolation.expectations import Row
from tests.isolation.world import Clinic, World
from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core.actor import system
from webside.core.logs import NoQuotedValues, PlainFormatter
from webside.scheduling.models import Appointment
from webside.testing.cast import sign_in


@dataclass(slots=True)
class Answer:
    """What came back: everything that a person, or a program of theirs, could read."""

    status: int
    headers: dict[str, str]
    body: bytes
    logged: str
    digests: dict[str, str] = field(default_factory=dict)
    crosses: str = ""
    """The key that would have refused what was written, at the end of the transaction: nothing else had."""
    noted: list[str] = field(default_factory=list)
    """The actions that the clinic's trail holds of this request."""

    @property
    def request_id(self) -> str:
        """The id that the trail knows this request by."""
        return self.headers.get("X-Request-Id", "")

    @property
    def words(self) -> bytes | str:
        """The body as its reader has it: what stands in a PDF lies packed in its bytes."""
        return words_of_pdf(self.body) if self.body.startswith(b"%PDF-") else self.body

    def spilled(self, slug: str) -> set[str]:
        """Return the kinds of a clinic's canaries in the body or a header."""
        return found_in(self.words, slug) | found_in("\n".join(self.headers.values()), slug)

    def plain(self) -> tuple[int, str, str]:
        """Return status, headers and body with what differs between any two requests taken out."""
        headers = "\n".join(f"{name}: {value}" for name, value in sorted(self.headers.items()))
        return self.status, self._plain(headers), self._plain(self.body.decode("utf-8", "replace"))

    def _plain(self, text: str) -> str:
        text = text.replace(self.request_id, "<request>") if self.request_id else text
        for pattern, instead in _CHANGES:
            text = pattern.sub(instead, text)
        return text


_CHANGES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"(?<=\")\w{64}(?=\")"), "<csrf>"),
    (re.compile(r"(webside_csrf|webside_session)=\w*"), "<cookie>"),
    (re.compile(r"(?m)^\d+,(?=\d{4}-\d\d-\d\dT)"), "<number>,"),
    (re.compile(r"expires=[^;]+;"), "<expires>"),
    (re.compile(r"/go/[\w-]+/"), "/go/<token>/"),
    (re.compile(r"/invitation/[\w-]+/"), "/invitation/<token>/"),
    (re.compile(r"/join/[\w-]+/"), "/join/<token>/"),
)


def words_of_pdf(content: bytes) -> str:
    """Return what a PDF tells: the text of its pages, and what it says of itself (title, author, XMP)."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    metadata = reader.trailer["/Root"].get("/Metadata")
    packed = [metadata.get_data().decode("utf-8", "replace")] if metadata else []
    told = [str(value) for value in (reader.metadata or {}).values()]
    return "\n".join([*(page.extract_text() for page in reader.pages), *told, *packed])


class Matrix:
    """Everybody's browsers, and one way to ask."""

    def __init__(self, world: World) -> None:
        self.world = world
        # One client for all: each new one builds the whole middleware anew.
        self.client = Client(raise_request_exception=False)
        self.cookies = {name: self._cookie(name, user) for name, user in world.users.items()}
        self._digests = _digests_of_tables()
        self.lines = _Lines()

    def _cookie(self, name: str, user: Any) -> str:
        """Sign somebody in; who acts for Liz has chosen so, long ago, whatever has become of it since."""
        self.client.cookies.clear()
        if user is None:
            return ""
        session = sign_in(self.client, user).session
        if (grant := self.world.grants.get(name)) is not None:
            session["acting"] = {str(grant.tenant_id): {"grant": str(grant.id), "patient": str(grant.patient_id)}}
            session.save()
        return str(session.session_key)

    def browser_of(self, name: str, clinic: Clinic, row: Row) -> Client:
        """Return the browser as somebody; who came by a link has the door to what the row is about."""
        client = self.client
        client.cookies.clear()
        if name in ("link", "rosa_link"):
            subject = (
                self.world.larkspur.things["rosa_appointment_id"] if name == "rosa_link" else _subject(row, clinic)
            )
            session = client.session
            door = _door_to(subject, self.world.larkspur, clinic) | {"identified": row.identified}
            session["doors"] = {str(clinic.tenant.id): door}
            session.save()
            client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        elif name == "guest":
            session = client.session
            session["seats"] = _seats_of(self.world.larkspur)
            session.save()
            client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        elif self.cookies[name]:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[name]
        return client

    def ask(
        self, name: str, method: str, row: Row, *, at: Clinic, things: dict[str, Any], digest_of: Clinic | None = None
    ) -> Answer:
        """Ask as ``name``, under the address of ``at``, with ``things`` in address and form; undo whatever it did.

        With ``digest_of`` the answer says how that clinic's tables stood after the request.
        """
        path = path_of(row, at.slug, things)
        body = {key: text.format(**things) for key, text in row.body.items()}
        query = {key: text.format(**things) for key, text in row.query.items()}
        with undone(), self.lines as lines:
            client = self.browser_of(name, at, row)
            answer = client.generic(method, path, **_sent(client, method, body, query), headers=row.headers)
            digests = self.digests(digest_of) if digest_of else {}
            noted = self._noted(at, answer.headers.get("X-Request-Id", "")) if answer.status_code < 400 else []
            crosses = _crosses_at_the_end()
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = dict(answer.headers)
        for cookie in answer.cookies.values():
            if cookie.key == settings.SESSION_COOKIE_NAME and cookie.value == self.cookies.get(name):
                continue  # the same session, whose use was noted: once a minute, whatever is asked
            headers[f"Set-Cookie {cookie.key}"] = cookie.OutputString()
        return Answer(answer.status_code, headers, content, lines.text(), digests, crosses, noted)

    def _noted(self, clinic: Clinic, request_id: str) -> list[str]:
        with frames.begin(tenant_id=clinic.tenant.id, actor=system("tests", clinic.tenant.id)):
            rows = AuditEvent.objects.filter(request_id=request_id).order_by("sequence")
            return list(rows.values_list("action", flat=True))

    def digests(self, clinic: Clinic) -> dict[str, str]:
        """Return a digest of the clinic's rows in each table but the trail's.

        The server is asked to keep the plan, past Django's cursor: for so many tables it takes longer to make than to
        follow. One whose table was altered (a policy taken away) is made anew by the server.
        """
        actor = system("tests", clinic.tenant.id)
        with frames.begin(tenant_id=clinic.tenant.id, actor=actor), psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(self._digests, {"tenant": clinic.tenant.id}, prepare=True)
            return dict(cursor.fetchall())


def things_in(row: Row) -> tuple[list[str], list[str]]:
    """Return the names of the things that a row's address names, and of those in its query and form."""
    in_path = [row.thing_for(part) for part in parts_of(row.route) if part not in ("slug", "code", "part")]
    in_form = {
        name
        for text in (*row.query.values(), *row.body.values())
        for _, name, _, _ in string.Formatter().parse(text)
        if name and not name.endswith("revision")
    }
    return in_path, sorted(in_form)


def path_of(row: Row, slug: str, things: dict[str, Any]) -> str:
    """Return the address of a row under a clinic's slug, with these things."""
    parts = {part: things.get(row.thing_for(part)) or _PLAIN_PARTS[part] for part in parts_of(row.route)}
    if "slug" in parts:
        parts["slug"] = slug
    return reverse(row.route, kwargs=parts)


def parts_of(route: str) -> tuple[str, ...]:
    """Return the names of the parts of a route's address."""
    from tests.isolation.routes import pages

    if not _PARTS:
        _PARTS.update({page.name: page.parts for page in pages()})
    return _PARTS[route]


_PARTS: dict[str, tuple[str, ...]] = {}
_PLAIN_PARTS = {"part": "ground", "pk": 1, "key": "abc", "uidb36": "a"}


def _subject(row: Row, clinic: Clinic) -> Any:
    return clinic.things[f"{row.at or 'coming'}_appointment_id"]


def _door_to(subject: Any, *clinics: Clinic) -> dict[str, Any]:
    """Return the door that a booking without an account opens; the appointment is of one of the clinics."""
    for clinic in clinics:
        with frames.begin(tenant_id=clinic.tenant.id, actor=system("tests", clinic.tenant.id)):
            appointment = Appointment.objects.filter(id=subject).first()
        if appointment is not None:
            break
    until = (clock.now() + timedelta(hours=1)).isoformat()
    return {"subject": str(subject), "label": "by link", "proof": {"sequence": appointment.sequence}, "until": until}


def _seats_of(clinic: Clinic) -> dict[str, Any]:
    """Return what the browser of the clinic's guest holds: the keys of the seats that it took."""
    until = (clock.now() + timedelta(hours=1)).isoformat()
    return {
        str(clinic.things[f"{name}_id"]): {"key": clinic.things[f"{name}_key"], "until": until}
        for name in ("seat", "lobby_seat")
    }


def _sent(client: Client, method: str, body: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    sent: dict[str, Any] = {"query_params": query} if query else {}
    if method not in ("GET", "HEAD"):
        sent |= {"data": encode_multipart(BOUNDARY, body), "content_type": MULTIPART_CONTENT}
    return sent


def _crosses_at_the_end() -> str:
    """Check the keys that are checked at the end of a transaction (this one is undone); return which one refuses."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        return str(getattr(error.__cause__, "diag", None) and error.__cause__.diag.constraint_name)  # type: ignore[union-attr]
    return ""


@contextmanager
def undone() -> Iterator[None]:
    """Undo everything that is done within."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _digests_of_tables() -> str:
    """Return the query that digests each table with a tenant's rows, the trail's aside: refusals are written there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'tenant_id' AND table_name NOT LIKE 'audit%%'"
            " ORDER BY table_name"
        )
        names = [name for (name,) in cursor.fetchall()]
    return " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f' FROM "{name}" t WHERE tenant_id = %(tenant)s'
        for name in names
    )


class _Lines(logging.Handler):
    """Keeps what production would log, as it would be written, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(PlainFormatter())
        self.addFilter(NoQuotedValues())
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def text(self) -> str:
        """Return the lines of the last block."""
        return "\n".join(self._lines)

    def __enter__(self) -> _Lines:
        self._lines = []
        root = logging.getLogger()
        self._level, _ = root.level, root.setLevel(logging.DEBUG)
        root.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)
