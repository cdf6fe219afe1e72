"""What is said in the chat."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from webside.audit.services import action
from webside.core.actor import Actor
from webside.visits import policies, selectors
from webside.visits.models import ChatMessage, Visit
from webside.visits.services.errors import NotAllowed, WrongStage
from webside.visits.services.rooms import note_step, tell

LONGEST_MESSAGE = 2000


@action("visits.chat.write")
def write_message(*, actor: Actor, visit: Visit, text: str, client_key: str) -> ChatMessage:
    """Write a line in the chat. The same ``client_key`` again returns the first line and writes nothing.

    Raises :class:`NotAllowed`, :class:`WrongStage` once the visit is over, :class:`ValueError` for an
    empty or too long text and a key that belongs to somebody else's line.
    """
    author = selectors.own_seat(actor, visit)
    if author is None or not policies.can_write_in_chat(actor, visit, author):
        raise NotAllowed
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE or not client_key or len(client_key) > 40:
        raise ValueError("not a message")
    message = ChatMessage.objects.filter(visit=visit, client_key=client_key).first()
    if message is None:
        if not policies.is_open(visit):
            raise WrongStage(selectors.stage_of(visit))
        try:
            with transaction.atomic():
                message = ChatMessage.objects.create(
                    visit=visit, author=author, text=text, client_key=client_key, written_by=selectors.attends(actor),
                    apart=selectors.is_apart(visit, author),
                )  # fmt: skip
        except IntegrityError:
            message = ChatMessage.objects.get(visit=visit, client_key=client_key)
        else:
            tell(visit, "chat")
    if message.author_id != author.id:
        raise ValueError("this key belongs to another line")
    note_step("visits.chat.write", actor, visit)
    return message
