"""What was sent in a visit, and what is on its way."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet, Subquery

from webside.chart.codes import NoteStatus
from webside.chart.models import Encounter
from webside.visits.codes import MAIN, ParticipantRole
from webside.visits.models import Board, Mark, Participant, PictureConsent, SharedFile, Upload, Visit
from webside.visits.selectors.rooms import lines_of
from webside.visits.selectors.team import meets


def shared_file(
    visit: Visit, seat: Participant | None, file_id: UUID, role: ParticipantRole | None = None
) -> SharedFile | None:
    """Return a file of a visit that stands where it stands in the chat: who was asked in finds what came
    since, her own, and the picture that is shown to all.

    The caller has guarded the visit; ``seat`` and ``role`` as for :func:`chat_of`.
    """
    lines = Q(message__in=lines_of(visit, seat, role).select_related(None).order_by())
    shown = Q(id=Subquery(_shown_to(visit, seat)))
    if ParticipantRole.PATIENT in (role, seat.role if seat is not None else None):
        shown &= Q(message__apart=False)
    found = SharedFile.objects.filter(id=file_id).filter(lines | shown)
    return found.select_related("message__author").first()


def files_in(visit: Visit) -> int:
    """Return how many files a visit holds; one that was removed counts no more."""
    return SharedFile.objects.filter(message__visit=visit, removed_at=None).count()


def uploads_of(seat: Participant) -> list[Upload]:
    """Return what somebody has begun to send and not finished, the oldest first."""
    return list(Upload.objects.filter(author=seat).order_by("created_at", "id"))


def board_of(visit: Visit, seat: Participant | None = None, role: ParticipantRole | None = None) -> Board | None:
    """Return the picture that everybody looks at, if there is one and who looks may see it.

    ``seat`` and ``role`` as for :func:`chat_of`.
    """
    board = (
        Board.objects.filter(visit=visit, shared__removed_at=None)
        .exclude(shared=None)
        .select_related("shared__message__author", "shown_by")
        .first()
    )
    if board is None or (seat is not None and seat.role not in MAIN and not _is_seen(board, seat)):
        return None
    if ParticipantRole.PATIENT in (role, seat.role if seat is not None else None):
        apart = board.shared is not None and board.shared.message.apart
        return None if apart or meets(visit) else board
    return board


def marks_on(shared: SharedFile) -> list[Mark]:
    """Return what is drawn on a picture, in order."""
    return list(
        Mark.objects.filter(shared=shared, removed_at=None).select_related("author").order_by("created_at", "id")
    )


def _is_seen(board: Board, seat: Participant) -> bool:
    """Whether a picture was put before somebody who was asked in: while she is there, or sent since she came."""
    since = seat.admitted_at
    shared = board.shared
    return since is not None and shared is not None and (board.shown_at >= since or shared.message.sent_at >= since)


def _shown_to(visit: Visit, seat: Participant | None) -> QuerySet[Board, UUID]:
    shown = Board.objects.filter(visit=visit)
    if seat is not None and seat.role not in MAIN:
        shown = shown.filter(shown_at__gte=seat.admitted_at) if seat.admitted_at is not None else shown.none()
    return shown.values_list("shared_id", flat=True)[:1]


def consents_in(visit: Visit) -> dict[UUID, PictureConsent]:
    """Return the newest question about each picture of a visit, with its answer, by the picture."""
    asked = PictureConsent.objects.filter(shared__message__visit=visit).select_related("asked_by", "shared")
    return {each.shared_id: each for each in asked.order_by("asked_at", "id")}


def takes_pictures(visit: Visit) -> bool:
    """Whether the record of a visit takes pictures still: its encounter has begun and its note isn't signed."""
    if visit.encounter_id is None:
        return False
    return Encounter.objects.filter(id=visit.encounter_id, note__status=NoteStatus.PRELIMINARY).exists()
