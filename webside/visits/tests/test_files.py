"""What is sent in a visit: in parts, whole or not at all, once, by who may write and for who may read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from webside.audit.models import AuditEvent
from webside.core import clock, files
from webside.core.retention import due
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.models import ChatMessage, SharedFile, Upload, UploadPart, Visit
from webside.visits.tests import factories
from webside.visits.tests.test_seats import ask, guest_of, run, take

PDF = b"%PDF-1.7 a letter of the hospital"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def visit(cast: Cast) -> Visit:
    return factories.admitted(cast)


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(), cast.liz_user)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


def picture(size: tuple[int, int] = (40, 30), kind: str = "JPEG", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, kind, **more)
    return out.getvalue()


def url(name: str, *ids: Any) -> str:
    return reverse(f"visits:{name}", args=["larkspur", *ids])


def begin(client: Client, visit: Visit, content: bytes, *, name: str = "wound.jpg", key: UUID | None = None) -> Any:
    return client.post(
        url("visit-sending", visit.id), {"key": str(key or uuid4()), "name": name, "size": str(len(content))}
    )


def put(client: Client, visit: Visit, key: UUID, start: int, content: bytes) -> Any:
    return client.post(
        f"{url('visit-sending-part', visit.id, key)}?from={start}", content, content_type="application/octet-stream"
    )


def parts_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(content), services.PART_BYTES):
        yield start, content[start : start + services.PART_BYTES]


def send(client: Client, visit: Visit, content: bytes, *, name: str = "wound.jpg") -> Any:
    """Send a file as the page does; return the last answer."""
    key = uuid4()
    answer = begin(client, visit, content, name=name, key=key)
    if answer.status_code == 200:
        for start, part in parts_of(content):
            answer = put(client, visit, key, start, part)
    return answer


def shared(cast: Cast) -> list[SharedFile]:
    with cast.as_(cast.maya_user):
        return list(SharedFile.objects.order_by("created_at", "id"))


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


def test_a_picture_goes_to_the_other_side(cast: Cast, visit: Visit, liz: Client, maya: Client, folder: Path) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (41.0, 55.0, 37.0)}  # where it was taken
    exif[0x0112] = 6  # held upright
    content = picture((1200, 800), exif=exif.tobytes())
    assert len(content) > services.PART_BYTES, "it takes several parts"
    answer = send(liz, visit, content)
    (found,) = shared(cast)
    assert answer.json() == {"have": len(content), "id": str(found.id)}
    chat = maya.get(url("visit-chat", visit.id)).content.decode()
    assert f'src="{url("visit-file", visit.id, found.id)}?small"' in chat and 'width="800" height="1200"' in chat
    assert "visit-fileform" not in chat and "Liz Moreno" in chat, "only its sender takes it back"
    whole = maya.get(url("visit-file", visit.id, found.id))
    small = maya.get(f"{url('visit-file', visit.id, found.id)}?small")
    for given, most in ((whole, 1200), (small, files.PREVIEW_PIXELS)):
        assert given["Content-Type"] == "image/jpeg" and given["X-Content-Type-Options"] == "nosniff"
        assert given["Content-Disposition"] == 'attachment; filename="wound.jpg"'
        assert given["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert "no-store" in given["Cache-Control"]
        with Image.open(io.BytesIO(given.content)) as seen:
            assert seen.height == most and seen.height > seen.width, "upright, as it was held"
            assert not seen.getexif(), "no place, no time, no device"
    # A picture's beginning, long enough that sealed bytes don't hold it by chance.
    begins = {whole.content[:20], small.content[:20]}
    assert all(begin not in path.read_bytes() for begin in begins for path in kept(folder)), "sealed on the disk"
    with cast.as_(cast.maya_user):
        assert not Upload.objects.exists() and not UploadPart.objects.exists()
        noted = AuditEvent.objects.filter(action__startswith="visits.file.").order_by("sequence")
        assert list(noted.values_list("action", flat=True)) == [
            "visits.file.send", "visits.file.read", "visits.file.preview",
        ]  # fmt: skip
        assert {row.patient_id for row in noted} == {cast.liz.id}


def test_a_lost_answer_and_a_broken_line_send_nothing_twice(cast: Cast, visit: Visit, liz: Client) -> None:
    content, key = picture((900, 700)), uuid4()
    (first, rest), *_ = ((part, content[len(part) :]) for _, part in parts_of(content))
    assert begin(liz, visit, content, key=key).json() == {"have": 0, "id": None}
    assert put(liz, visit, key, 0, first).json()["have"] == len(first)
    # The answer was lost: the page asks, and goes on from there. A part that comes again changes nothing.
    assert put(liz, visit, key, 0, first).json()["have"] == len(first)
    assert begin(liz, visit, content, key=key).json()["have"] == len(first)
    with cast.as_(cast.maya_user) as actor:
        assert selectors.chat_of(selectors.visit(actor, visit.id)) == [], "half a file is nowhere to be seen"
    answer = put(liz, visit, key, len(first), rest[: services.PART_BYTES])
    done = len(first) + len(rest[: services.PART_BYTES])
    for start in range(done, len(content), services.PART_BYTES):
        answer = put(liz, visit, key, start, content[start : start + services.PART_BYTES])
    assert answer.json()["id"] == str(shared(cast)[0].id)
    # Neither does the whole once more.
    assert begin(liz, visit, content, key=key).json()["id"] == answer.json()["id"]
    assert put(liz, visit, key, 0, first).json()["id"] == answer.json()["id"]
    assert len(shared(cast)) == 1


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "empty.jpg", "The file is empty"),
        (b"MZ this is a program", "wound.jpg", "We can&#x27;t open this kind of file"),
        (b"<html><script>alert(1)</script>", "wound.html", "We can't open this kind of file"),
        (PDF, "wound.jpg", "not what its name says"),
        (b"\xff\xd8\xff" + b"not a picture at all" * 9, "wound.jpg", "damaged"),
    ],
)  # fmt: skip
def test_what_is_not_taken(
    cast: Cast, visit: Visit, liz: Client, folder: Path, content: bytes, name: str, says: str
) -> None:
    answer = send(liz, visit, content, name=name)
    assert answer.status_code == 422
    assert says.replace("&#x27;", "'") in answer.json()["error"]["text"]
    with cast.as_(cast.maya_user):
        assert not ChatMessage.objects.exists() and not Upload.objects.exists(), "and nothing of it is left"
    assert kept(folder) == []


def test_too_large_is_said_before_a_byte_is_sent(visit: Visit, liz: Client) -> None:
    answer = liz.post(
        url("visit-sending", visit.id), {"key": str(uuid4()), "name": "a.pdf", "size": str(files.MAX_BYTES + 1)}
    )
    assert answer.status_code == 422 and "over 20 MB" in answer.json()["error"]["text"]


NAMES = (
    "<img src=x onerror=alert(1)>.pdf", '=HYPERLINK("http://x")&".pdf', "../../etc/passwd\r\nX: y.pdf",
    "a" * 300 + ".pdf", "обследование.pdf", "",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_are_words_and_nothing_more(cast: Cast, visit: Visit, liz: Client, maya: Client, name: str) -> None:
    assert send(liz, visit, PDF, name=name).status_code == 200
    (found,) = shared(cast)
    assert 0 < len(found.name) <= 120 and "/" not in found.name and "\n" not in found.name
    chat = maya.get(url("visit-chat", visit.id)).content.decode()
    assert "<img src=x" not in chat and "PDF," in chat
    answer = maya.get(url("visit-file", visit.id, found.id))
    assert answer["Content-Type"] == "application/pdf" and answer.content == PDF
    disposition = answer["Content-Disposition"]
    assert (
        disposition.startswith('attachment; filename="')
        and disposition.endswith('.pdf"')
        and "=" not in disposition[21:]
    )


def test_parts_that_are_none(visit: Visit, liz: Client) -> None:
    key = uuid4()
    assert put(liz, visit, key, 0, b"x").status_code == 404, "nothing was begun"
    begin(liz, visit, PDF, key=key)
    assert put(liz, visit, key, 0, b"").status_code == 422
    assert put(liz, visit, key, 0, PDF + b"more than was said").status_code == 422
    assert (
        liz.post(url("visit-sending-part", visit.id, key), PDF, content_type="application/octet-stream").status_code
        == 422
    )
    assert begin(liz, visit, PDF + b"!", key=key).status_code == 422, "another file under the same key"
    for wrong in ({"key": "x"}, {"size": "many"}, {"size": "-1"}, {"size": "9" * 40}):
        given = {"key": str(uuid4()), "name": "a.pdf", "size": "10"} | wrong
        assert liz.post(url("visit-sending", visit.id), given).status_code == 422


def test_a_visit_is_full_and_what_was_given_up_makes_room(
    cast: Cast, visit: Visit, liz: Client, monkeypatch: Any
) -> None:
    from webside.visits import rules

    monkeypatch.setattr(rules, "most_files", lambda on: 20)
    for _ in range(20):
        assert send(liz, visit, PDF, name="a.pdf").status_code == 200
    refused = send(liz, visit, PDF, name="a.pdf")
    assert refused.status_code == 409 and "holds 20 files" in refused.json()["error"]["text"]
    liz.post(url("visit-file-remove", visit.id, shared(cast)[0].id))
    for _ in range(6):
        begin(liz, visit, PDF)
    with cast.as_(cast.maya_user):
        assert Upload.objects.count() == 3, "nobody fills the disk with beginnings"


def test_its_sender_takes_it_back_as_long_as_the_visit_is_open(
    cast: Cast, visit: Visit, liz: Client, maya: Client, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    send(liz, visit, picture())
    (found,) = shared(cast)
    assert len(kept(folder)) == 2
    assert maya.post(url("visit-file-remove", visit.id, found.id)).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert liz.post(url("visit-file-remove", visit.id, found.id)).status_code == 302
    assert kept(folder) == [], "the content is gone"
    assert "This file was removed by who sent it" in maya.get(url("visit-chat", visit.id)).content.decode()
    for client in (liz, maya):
        assert client.get(url("visit-file", visit.id, found.id)).status_code == 404
    assert liz.post(url("visit-file-remove", visit.id, found.id)).status_code == 302, "again changes nothing"
    send(liz, visit, PDF, name="a.pdf")
    with cast.as_(cast.maya_user) as actor:
        services.end_visit(actor=actor, visit=selectors.visit(actor, visit.id))
    later = shared(cast)[1]
    assert liz.post(url("visit-file-remove", visit.id, later.id)).status_code == 404, "it belongs to the record now"
    assert liz.get(url("visit-file", visit.id, later.id)).content == PDF
    assert begin(liz, visit, PDF).status_code == 410


def test_who_was_asked_in_sees_what_came_since_and_sends_if_she_may_speak(
    cast: Cast, visit: Visit, liz: Client
) -> None:
    send(liz, visit, PDF, name="before.pdf")
    speaks, listens = ask(cast, visit), ask(cast, visit, name="Sam Lee", role=ParticipantRole.OBSERVER)
    for asked in (speaks, listens):
        take(cast, asked)
        run(cast, services.let_in, visit, asked.seat)
    send(liz, visit, PDF, name="after.pdf")
    before, after = shared(cast)
    for asked, may in ((speaks, True), (listens, False)):
        with cast.as_(cast.maya_user):
            seat = selectors.seat_by_id(asked.seat.id)
            assert selectors.shared_file(visit, seat, after.id) == after
            assert selectors.shared_file(visit, seat, before.id) is None
        actor = guest_of(cast, asked.seat)
        from webside.core import frames

        with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
            begun = {"actor": actor, "visit": visit, "client_key": uuid4(), "name": "a.pdf", "size": len(PDF)}
            if may:
                assert services.begin_file(**begun).have == 0
            else:
                with pytest.raises(services.NotAllowed):
                    services.begin_file(**begun)


@pytest.mark.parametrize("who", ["daniel", "grace", "ingrid", "mallory"])
def test_nobody_else_reads_or_sends(cast: Cast, visit: Visit, liz: Client, who: str) -> None:
    send(liz, visit, PDF, name="a.pdf")
    (found,) = shared(cast)
    other = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert other.get(url("visit-file", visit.id, found.id)).status_code == 404
    assert begin(other, visit, PDF).status_code == 404
    assert put(other, visit, uuid4(), 0, PDF).status_code == 404
    assert other.post(url("visit-file-remove", visit.id, found.id)).status_code == 404


def test_a_file_of_another_visit_is_none_here(cast: Cast, visit: Visit, liz: Client) -> None:
    from datetime import timedelta

    other = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    send(liz, other, PDF, name="a.pdf")
    (found,) = shared(cast)
    assert liz.get(url("visit-file", visit.id, found.id)).status_code == 404
    assert liz.post(url("visit-file-remove", visit.id, found.id)).status_code == 404


def test_what_is_sent_halfway_is_deleted_after_a_day() -> None:
    models = {each.model for each in due(clock.now())}
    assert {"visits.Upload", "visits.UploadPart"} <= models and "visits.SharedFile" not in models


def test_from_the_lobby_nothing_is_sent_or_read(cast: Cast, visit: Visit, liz: Client) -> None:
    send(liz, visit, PDF, name="a.pdf")
    asked, rosa = ask(cast, visit), Client()
    rosa.post(asked.link)
    (found,) = shared(cast)
    given = {"key": str(uuid4()), "name": "a.pdf", "size": "9"}
    for answer in (
        rosa.get(url("seat-file", asked.seat.id, found.id)),
        rosa.post(url("seat-file-remove", asked.seat.id, found.id)),
        rosa.post(url("seat-sending", asked.seat.id), given),
        rosa.post(url("seat-sending-part", asked.seat.id, uuid4())),
        rosa.get(url("seat-picture", asked.seat.id)),
    ):
        assert answer.status_code == 302 and answer["Location"] == url("seat", asked.seat.id)
    run(cast, services.let_in, visit, asked.seat)
    assert rosa.get(url("seat-file", asked.seat.id, found.id)).status_code == 404, "sent before she came"
    assert rosa.post(url("seat-sending", asked.seat.id), given).json() == {"have": 0, "id": None}
    later = send(liz, visit, PDF, name="b.pdf").json()["id"]
    assert rosa.get(url("seat-file", asked.seat.id, later)).content == PDF
    assert rosa.post(url("seat-file-remove", asked.seat.id, later)).status_code == 404, "not hers"
