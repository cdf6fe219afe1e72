"""What is sent in a visit: a picture or a document, in parts, so that a line that breaks costs one part and not the file."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from webside.audit.services import action
from webside.core import clock, files
from webside.core.actor import Actor
from webside.core.crypto import keyring
from webside.visits import policies, rules, selectors
from webside.visits.models import ChatMessage, Participant, SharedFile, Upload, UploadPart, Visit
from webside.visits.services.errors import NotAllowed, NothingBegun, TooManyFiles, WrongStage
from webside.visits.services.rooms import note_step, tell

PART_BYTES = 256 * 1024
"""The most in one part: ten seconds, which a request has, are enough for it on a line of 210 kbit/s."""
MOST_UNDER_WAY = 3
"""Files that somebody sends at once. A page sends one after the other; what was given up makes room."""
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Sending:
    """How far a file is: bytes that are kept, and the file itself once it is whole."""

    have: int
    file: SharedFile | None = None


def begin_file(*, actor: Actor, visit: Visit, client_key: UUID, name: str, size: int) -> Sending:
    """Begin to send a file of ``size`` bytes, or say how far the one with this key is: from there it goes on.

    Raises :class:`NotAllowed`, :class:`WrongStage` once the visit is over, ``core.files.FileRefused`` for a size that
    isn't taken, :class:`TooManyFiles`, and :class:`ValueError` for a key that belongs to something else.
    """
    author = _author(actor, visit)
    if (sent := _sent(visit, author, client_key)) is not None:
        return sent
    if not policies.is_open(visit):
        raise WrongStage(selectors.stage_of(visit))
    files.check_size(size)
    upload = Upload.objects.filter(visit=visit, client_key=client_key).first()
    if upload is None:
        _leave_room(visit, author)
        try:
            with transaction.atomic():
                upload = Upload.objects.create(
                    visit=visit, author=author, client_key=client_key, name=_plain_name(name), size=size
                )
        except IntegrityError:
            upload = Upload.objects.get(visit=visit, client_key=client_key)
    if upload.author_id != author.id or upload.size != size:
        raise ValueError("this key belongs to another file")
    return Sending(upload.have)


def add_part(*, actor: Actor, visit: Visit, client_key: UUID, start: int, content: bytes) -> Sending:
    """Keep a part of a file that was begun. With its last part it stands in the chat, and only then is it said to be sent.

    A part that doesn't follow on what is kept changes nothing: the answer says from where to go on. Raises what
    :func:`begin_file` raises, :class:`NothingBegun`, and ``core.files.FileRefused`` when the whole is not what we take.
    """
    author = _author(actor, visit)
    upload = Upload.objects.select_for_update().filter(visit=visit, author=author, client_key=client_key).first()
    if upload is None:
        sent = _sent(visit, author, client_key)
        if sent is None:
            raise NothingBegun
        return sent
    if not policies.is_open(visit):
        raise WrongStage(selectors.stage_of(visit))
    if start != upload.have:
        return Sending(upload.have)
    if not 0 < len(content) <= min(PART_BYTES, upload.size - upload.have):
        raise ValueError("not a part of this file")
    UploadPart.objects.create(
        upload=upload, start=start, sealed=keyring().seal(content, place=_place(upload.id, start))
    )
    upload.have += len(content)
    upload.save(update_fields=["have", "updated_at"])
    if upload.have < upload.size:
        return Sending(upload.have)
    try:
        shared = _send(actor=actor, visit=visit, upload=upload)
    except files.FileRefused:
        upload.delete()
        raise
    upload.delete()
    return Sending(upload.size, shared)


@action("visits.file.send")
def _send(*, actor: Actor, visit: Visit, upload: Upload) -> SharedFile:
    """Put a file together, see what it is, keep it encrypted, and show it in the chat."""
    content = b"".join(
        keyring().open(bytes(part.sealed), place=_place(upload.id, part.start))
        for part in upload.parts.order_by("start")
    )
    stored = files.store(content, claimed_type=mimetypes.guess_type(upload.name)[0] or "")
    picture = files.measure(files.read(stored.id)) if stored.content_type.startswith("image/") else None
    message = ChatMessage.objects.create(
        visit=visit,
        author=upload.author,
        text="",
        client_key=str(upload.client_key),
        written_by=selectors.attends(actor),
        apart=selectors.is_apart(visit, upload.author, upload.created_at),
    )
    shared = SharedFile.objects.create(
        message=message, name=upload.name, content_type=stored.content_type, size=stored.size, sha256=stored.sha256,
        content=stored.id, preview=files.store(picture.preview).id if picture else None,
        width=picture.width if picture else None, height=picture.height if picture else None,
    )  # fmt: skip
    tell(visit, "chat")
    note_step("visits.file.send", actor, visit, changes={"file": str(shared.id), "type": shared.content_type})
    return shared


@action("visits.file.remove")
def remove_file(*, actor: Actor, visit: Visit, shared_id: UUID) -> SharedFile:
    """Take back what one has sent, as long as the visit is open: its content is deleted, that it was there stays.

    Again changes nothing. Raises :class:`NotAllowed`.
    """
    seat = selectors.own_seat(actor, visit)
    found = SharedFile.objects.select_for_update(of=("self",)).filter(id=shared_id, message__visit=visit).first()
    if found is None or not policies.can_remove_file(actor, visit, found.message.author, seat):
        raise NotAllowed
    if found.removed_at is None:
        found.removed_at = clock.now()
        found.save(update_fields=["removed_at", "updated_at"])
        for content in (found.content, found.preview):
            if content is not None:
                files.remove(content)
        tell(visit, "chat")
        tell(visit, "picture")
    note_step("visits.file.remove", actor, visit, changes={"file": str(found.id)})
    return found


def _author(actor: Actor, visit: Visit) -> Participant:
    """Return the seat of who sends; raise :class:`NotAllowed`."""
    author = selectors.own_seat(actor, visit)
    if author is None or not policies.can_write_in_chat(actor, visit, author):
        raise NotAllowed
    return author


def _sent(visit: Visit, author: Participant, client_key: UUID) -> Sending | None:
    """Return the file that was sent with a key, if one was; raise :class:`ValueError` for a line or somebody else's."""
    message = selectors.lines_of(visit).filter(client_key=str(client_key)).first()
    if message is None:
        return None
    shared = getattr(message, "file", None)
    if message.author_id != author.id or shared is None:
        raise ValueError("this key belongs to another line")
    return Sending(shared.size, shared)


def _leave_room(visit: Visit, author: Participant) -> None:
    """Give up what somebody began long ago for what she begins now; raise :class:`TooManyFiles` where the visit is full."""
    under_way = selectors.uploads_of(author)
    for given_up in under_way[: max(0, len(under_way) - MOST_UNDER_WAY + 1)]:
        given_up.delete()
    most = rules.most_files(clock.now().date())
    if selectors.files_in(visit) >= most:
        raise TooManyFiles(most)


def _plain_name(name: str) -> str:
    """Return a file's name on one line, without the path that some devices send, in the length that is kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-LONGEST_NAME:] or "file"


def _place(upload_id: UUID, start: int) -> str:
    return f"upload.{upload_id}.{start}"
