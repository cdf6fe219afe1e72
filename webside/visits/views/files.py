"""What is sent in a visit: in parts, each answered once it is kept; and its content, for who may read the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from webside.audit.services import record, refuse
from webside.core import files
from webside.visits import policies, selectors, services
from webside.visits.codes import SeatStage
from webside.visits.views._guard import Page, page_of
from webside.visits.views._seat import SeatPage, seat_of

ALONE = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""The policy of what somebody sent: opened by itself it runs nothing and fetches nothing."""


@never_cache
@require_POST
def begin(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Begin to send a file, or say how far it is."""
    return _begin(page_of(request, slug, visit_id))


@never_cache
@require_POST
def part(request: HttpRequest, slug: str, visit_id: UUID, upload_key: UUID) -> HttpResponse:
    """Keep a part: the body, from the byte ``from`` on."""
    return _part(page_of(request, slug, visit_id), upload_key)


@never_cache
@require_GET
def content(request: HttpRequest, slug: str, visit_id: UUID, shared_id: UUID) -> HttpResponse:
    """Give what was sent, as something to save; ``small`` gives the little picture that the chat shows."""
    page = page_of(request, slug, visit_id)
    shared = None
    if policies.can_read_chat(page.actor, page.visit):
        shared = selectors.shared_file(page.visit, None, shared_id, page.role)
    return _content(page, shared, shared_id, ground="")


@never_cache
@require_POST
def remove(request: HttpRequest, slug: str, visit_id: UUID, shared_id: UUID) -> HttpResponse:
    """Take back what one has sent."""
    page = page_of(request, slug, visit_id)
    return _remove(page, shared_id, back=f"{page.url('visit-room')}#chat")


@never_cache
@require_POST
def seat_begin(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """The same for who was asked in."""
    page = seat_of(request, slug, seat_id)
    return _begin(page) if page.stage is SeatStage.ROOM else page.go_on()


@never_cache
@require_POST
def seat_part(request: HttpRequest, slug: str, seat_id: UUID, upload_key: UUID) -> HttpResponse:
    """The same for who was asked in."""
    page = seat_of(request, slug, seat_id)
    return _part(page, upload_key) if page.stage is SeatStage.ROOM else page.go_on()


@never_cache
@require_GET
def seat_content(request: HttpRequest, slug: str, seat_id: UUID, shared_id: UUID) -> HttpResponse:
    """The same for who was asked in: what came while she is there."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    return _content(
        page, selectors.shared_file(page.visit, page.seat, shared_id), shared_id, ground="asked into the visit"
    )


@never_cache
@require_POST
def seat_remove(request: HttpRequest, slug: str, seat_id: UUID, shared_id: UUID) -> HttpResponse:
    """The same for who was asked in."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    return _remove(page, shared_id, back=f"{page.url('seat')}#chat")


def _begin(page: Page | SeatPage) -> HttpResponse:
    given = page.request.POST

    def begin_file() -> services.Sending:
        return services.begin_file(
            actor=page.actor, visit=page.visit, client_key=UUID(given.get("key", "")), name=given.get("name", ""),
            size=int(given.get("size", "")),
        )  # fmt: skip

    return _answer(begin_file)


def _part(page: Page | SeatPage, upload_key: UUID) -> HttpResponse:
    def add_part() -> services.Sending:
        return services.add_part(
            actor=page.actor, visit=page.visit, client_key=upload_key, start=int(page.request.GET.get("from", "")),
            content=_body(page.request),
        )  # fmt: skip

    try:
        return _answer(add_part)
    except services.NothingBegun:
        refuse("visits.file.refuse", actor=page.actor, target_type="Upload", target_id=upload_key)


def _body(request: HttpRequest) -> bytes:
    """Return the bytes that were sent; nothing of a form with files, which was read already and is no part."""
    try:
        return request.body
    except RawPostDataException:
        return b""


def _answer(step: Callable[[], services.Sending]) -> HttpResponse:
    """Say how far a file is, or in words why it is not taken."""
    try:
        sending = step()
    except files.FileRefused as refusal:
        return _refusal(422, "refused", str(refusal))
    except services.TooManyFiles as full:
        text = _("This visit holds {most} files, and no more fit. Remove one, or send it as a message.")
        return _refusal(409, "too_many", text.format(most=full.most))
    except services.NotAllowed:
        return _refusal(403, "not_allowed", _("In this visit you only listen, so you can’t send a file."))
    except services.WrongStage:
        return _refusal(410, "closed", _("The visit is over, so nothing can be sent any more."))
    except ValueError:
        return _refusal(422, "not_a_file", _("This file did not arrive whole. Choose it again."))
    return JsonResponse({"have": sending.have, "id": str(sending.file.id) if sending.file else None})


def _refusal(status: int, code: str, text: str) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "text": text}}, status=status)


def _content(page: Page | SeatPage, shared: Any, shared_id: UUID, *, ground: str) -> HttpResponse:
    visit = page.visit
    if shared is None or shared.removed_at is not None:
        refuse("visits.file.refuse", actor=page.actor, target_type="SharedFile", target_id=shared_id)
    small = "small" in page.request.GET and shared.preview is not None
    record(
        "visits.file.preview" if small else "visits.file.read", actor=page.actor, target=visit,
        patient_id=visit.appointment.patient_id, ground=ground or services.ground_of(page.actor, visit),
        changes={"file": str(shared.id)},
    )  # fmt: skip
    return as_attachment(
        files.read(shared.preview if small else shared.content),
        "image/jpeg" if small else shared.content_type,
        shared.name,
    )


def as_attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    """Answer with what somebody sent: saved, never run; a page shows a picture of it all the same."""
    response = HttpResponse(content, content_type=content_type)
    stem = name.rpartition(".")[0] or name
    response.headers["Content-Disposition"] = f'attachment; filename="{_ascii(files.name_for(stem, content_type))}"'
    response.headers["Content-Security-Policy"] = ALONE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _ascii(name: str) -> str:
    """Return a name that any browser reads from a header."""
    return name.encode("ascii", "ignore").decode().strip() or "file"


def _remove(page: Page | SeatPage, shared_id: UUID, *, back: str) -> HttpResponse:
    try:
        services.remove_file(actor=page.actor, visit=page.visit, shared_id=shared_id)
    except services.NotAllowed:
        refuse("visits.file.refuse", actor=page.actor, target_type="SharedFile", target_id=shared_id)
    if page.request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"text": _("Removed.")})
    return redirect(back)
