"""The picture that everybody in the room looks at, and what is drawn on it."""

from __future__ import annotations

from uuid import UUID

from webside.audit.services import action
from webside.core import clock
from webside.core.actor import Actor
from webside.visits import policies, selectors
from webside.visits.codes import Ink, ParticipantRole, Shape
from webside.visits.models import Board, ChatMessage, Mark, Participant, SharedFile, Visit
from webside.visits.services.errors import NotAllowed, PictureFull, WrongPicture, WrongStage
from webside.visits.services.rooms import locked, note_step, tell

HINT = "picture"
SIDE = 10_000
"""Points are told in parts of a picture's side, so that they lie at the same place on every screen."""
MOST_POINTS = 500
"""Of one line: a page thins out what a hand draws."""
MOST_MARKS = 300
"""On one picture. More can't be told apart."""


@action("visits.picture.show")
def show_picture(*, actor: Actor, visit: Visit, shared_id: UUID) -> Board:
    """Put a picture that was sent before everybody in the room, in place of the one that was there.

    Raises :class:`NotAllowed`, :class:`WrongStage` once the visit is over, :class:`WrongPicture` for what is none or
    was taken back.
    """
    seat, visit = _drawing(actor, visit)
    shared = selectors.shared_file(visit, seat, shared_id)
    if shared is None or shared.preview is None or shared.removed_at is not None:
        raise WrongPicture
    if shared.message.apart and not selectors.meets(visit):
        # Shown while the patient may be there, it is hers to see: whoever shows it means her to.
        ChatMessage.objects.filter(id=shared.message_id).update(apart=False, updated_at=clock.now())
        tell(visit, "chat")
    board, _ = Board.objects.update_or_create(
        visit=visit, defaults={"shared": shared, "shown_by": seat, "shown_at": clock.now()}
    )
    tell(visit, HINT)
    note_step("visits.picture.show", actor, visit, changes={"file": str(shared.id)})
    return board


@action("visits.picture.hide")
def hide_picture(*, actor: Actor, visit: Visit) -> None:
    """Put the picture away for everybody; what is drawn on it stays with it. Raises as :func:`show_picture`."""
    _, visit = _drawing(actor, visit)
    hide_board(visit)
    note_step("visits.picture.hide", actor, visit)


def hide_board(visit: Visit) -> None:
    """Put the picture of a visit away, if one is shown. Locked by the caller."""
    if Board.objects.filter(visit=visit).exclude(shared=None).update(shared=None, updated_at=clock.now()):
        tell(visit, HINT)


@action("visits.picture.draw")
def draw(
    *, actor: Actor, visit: Visit, shared_id: UUID, client_key: UUID, shape: Shape, ink: Ink, points: list[int]
) -> Mark:
    """Draw on the picture that everybody looks at. The same ``client_key`` again draws nothing more.

    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`WrongPicture` where another one is shown by now,
    :class:`PictureFull`, and :class:`ValueError` for points that make no mark.
    """
    seat, visit = _drawing(actor, visit)
    shared = _shown(visit, seat, shared_id)
    if not is_mark(shape, points):
        raise ValueError("not a mark")
    mark = Mark.objects.filter(shared=shared, client_key=client_key).first()
    if mark is None:
        if len(selectors.marks_on(shared)) >= MOST_MARKS:
            raise PictureFull(MOST_MARKS)
        mark = Mark.objects.create(
            shared=shared, author=seat, drawn_by=selectors.attends(actor), client_key=client_key, shape=shape, ink=ink,
            points=points,
        )  # fmt: skip
        tell(visit, HINT)
    note_step("visits.picture.draw", actor, visit, changes={"file": str(shared.id)})
    return mark


@action("visits.picture.undo")
def take_back(*, actor: Actor, visit: Visit, shared_id: UUID, client_key: UUID) -> None:
    """Take back a mark of one's own; again, or where it never arrived, changes nothing. Raises as :func:`draw`."""
    seat, visit = _drawing(actor, visit)
    shared = _shown(visit, seat, shared_id)
    _remove(visit, shared, author=seat, client_key=client_key)
    note_step("visits.picture.undo", actor, visit, changes={"file": str(shared.id)})


@action("visits.picture.clear")
def clear_picture(*, actor: Actor, visit: Visit, shared_id: UUID) -> None:
    """Take everything off the picture, whoever drew it. Raises as :func:`draw`."""
    seat, visit = _drawing(actor, visit)
    shared = _shown(visit, seat, shared_id)
    _remove(visit, shared)
    note_step("visits.picture.clear", actor, visit, changes={"file": str(shared.id)})


def _drawing(actor: Actor, visit: Visit) -> tuple[Participant, Visit]:
    """Lock the visit, so that two who draw at once don't count past each other; return the seat of who draws."""
    visit = locked(visit)
    seat = selectors.own_seat(actor, visit)
    if seat is None or not policies.can_write_in_chat(actor, visit, seat):
        raise NotAllowed
    if seat.role == ParticipantRole.PATIENT and selectors.meets(visit):
        raise NotAllowed
    if not policies.is_open(visit):
        raise WrongStage(selectors.stage_of(visit))
    return seat, visit


def _shown(visit: Visit, seat: Participant, shared_id: UUID) -> SharedFile:
    board = selectors.board_of(visit, seat)
    shared = board.shared if board is not None else None
    if shared is None or shared.id != shared_id:
        raise WrongPicture
    return shared


def _remove(visit: Visit, shared: SharedFile, **whose: object) -> None:
    standing = Mark.objects.filter(shared=shared, removed_at=None, **whose)
    if standing.update(removed_at=clock.now(), updated_at=clock.now()):
        tell(visit, HINT)


def is_mark(shape: Shape, points: object) -> bool:
    """Whether points make a line or an arrow: pairs of whole numbers within the picture, not too many."""
    if not isinstance(points, list) or len(points) % 2 or not 4 <= len(points) <= 2 * MOST_POINTS:
        return False
    if shape is Shape.ARROW and len(points) != 4:
        return False
    return all(type(each) is int and 0 <= each <= SIDE for each in points)
