"""The pages of who was asked into a visit: the link, the lobby, the room, the end."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.audit.services import record, record_guess
from webside.realtime.services import TopicRefused, mint_ticket
from webside.visits import policies, selectors, services
from webside.visits.codes import LinkStanding, ParticipantRole, SeatStage
from webside.visits.views import _talk as talk
from webside.visits.views._captions import place_of
from webside.visits.views._people import people_of, title_of
from webside.visits.views._seat import SeatPage, has_taken, hold, holds_until, seat_of

LEFT = "left"
"""In the address of who left a call that goes on: the page of the call itself would seat her again."""
SEAT_PAGES = {SeatStage.LOBBY: "lobby", SeatStage.ROOM: "room"}


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Say who asks whom in; the press of a button takes the seat. Looking at the page changes nothing.

    The browser that has the seat goes straight to it. Any other one is told that it is taken, and so is the clinician.
    """
    actor = request.actor  # type: ignore[attr-defined]
    invitation = selectors.invitation_by_hash(services.secret_hash(token))
    if invitation is None:
        record_guess("visits.seat.guess", actor=actor)
        return _stopped(request, None)
    seat = invitation.participant
    standing = selectors.standing_of(invitation)
    if standing is LinkStanding.TAKEN and has_taken(request, seat.id):
        return redirect(reverse("visits:seat", args=[slug, seat.id]))
    if request.method == "GET":
        if standing is not LinkStanding.OPEN:
            return _stopped(request, standing)
        return render(request, "visits/seat_join.html", _asked_by(seat) | {"nav": []})
    taken = services.take_seat(actor=actor, token=token)
    if taken.seat is None:
        return _stopped(request, taken.standing)
    hold(request, taken.seat, taken.key, invitation.expires_at)
    return redirect(reverse("visits:seat", args=[slug, seat.id]))


def _asked_by(seat: Any) -> dict[str, Any]:
    """Return what may be said before anybody is let in: whom, as what, who asks. Of the patient nothing."""
    return {"seat": seat, "title": title_of(seat), "practitioner": seat.visit.appointment.practitioner}


def _stopped(request: HttpRequest, standing: LinkStanding | None) -> HttpResponse:
    status = {None: 404, LinkStanding.TAKEN: 409}.get(standing, 410)
    why = standing.value if standing else ""
    return render(request, "visits/seat_stopped.html", {"why": why, "nav": []}, status=status)


@gzip_page  # see views.room
@never_cache
@require_GET
def seat(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """Show the lobby to who waits, the call to who was let in, and plain words to whom it is over for."""
    page = seat_of(request, slug, seat_id)
    record("visits.seat.read", actor=page.actor, target=page.visit, target_label=page.seat.name,
           patient_id=page.visit.appointment.patient_id, ground="asked into the visit")  # fmt: skip
    here: dict[str, Any] = {
        "where_url": page.url("seat-where"),
        "ticket": page.url("seat-ticket"),
        "title": title_of(page.seat),
    }
    if page.stage is SeatStage.REMOVED and policies.role_in(page.actor, page.visit) is ParticipantRole.CLINICIAN:
        return redirect(reverse("visits:visit-room", args=[slug, page.visit.id]))  # the visit is hers by now
    if page.stage is SeatStage.LOBBY:
        return page.render("visits/seat_lobby.html", **here)
    if page.stage is SeatStage.ROOM and LEFT in request.GET:
        return page.render("visits/seat_left.html", room_url=page.url("seat"))
    if page.stage is SeatStage.ROOM:
        return page.render("visits/visit_room_guest.html", **here, **_room(page))
    return page.render("visits/seat_over.html", removed=page.stage is SeatStage.REMOVED)


def _room(page: SeatPage) -> dict[str, Any]:
    appointment = page.visit.appointment
    return {
        "visit": page.visit,
        "service": appointment.service,
        "follow_url": f"{page.url('seat-where')}?page=room",
        "ended_url": f"{page.url('seat')}?{LEFT}",
        "chat_url": page.url("seat-chat"),
        "people_url": page.url("seat-people"),
        "captions_url": place_of(page.slug, page.url("seat-captions")),
        "main_role": "clinician",
        "chat": talk.lines_for(page.visit, page.zone, slug=page.slug, seat=page.seat),
        **talk.sending("seat", page.slug, page.seat.id, speaks=page.seat.speak),
        "chat_key": uuid4(),
        "ice_policy": talk.ice_policy(),
        "guest": True,
        **people_of(page.visit, selectors.everybody(page.visit), page.seat),
    }


@never_cache
@require_GET
def where(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """Say whether a page of a seat is still the right one; one that isn't goes there."""
    page = seat_of(request, slug, seat_id)
    shown = request.GET.get("page", "lobby")
    elsewhere = SEAT_PAGES.get(page.stage) != shown
    if shown == "lobby":
        return page.render("visits/_seat_line.html", admitted=elsewhere, go=page.url("seat"))
    return render(request, "visits/_where.html", {"url": page.url("seat"), "elsewhere": elsewhere})


@never_cache
@require_GET
def people(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """Draw who is in the visit, for who is in it too."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    there = people_of(page.visit, selectors.everybody(page.visit), page.seat)
    return page.render("visits/_people.html", visit=page.visit, **there)


@never_cache
@require_http_methods(["GET", "POST"])
def chat(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """Read what is said while she is there, or write a line."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    if request.method == "GET":
        return page.render("visits/_chat.html", chat=talk.lines_for(page.visit, page.zone, slug=slug, seat=page.seat))
    return talk.write(request, page.actor, page.visit, back=page.url("seat"), elsewhere=page.go_on)


@never_cache
@require_POST
def ticket(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """Mint a ticket for the visit's room, or for her voice: the seat decides whether its socket waits in the lobby."""
    page = seat_of(request, slug, seat_id)
    topic = "visit-voice" if "voice" in request.GET else "visit"
    try:
        token = mint_ticket(
            actor=page.actor, topics=[f"{topic}:{page.visit.id}"], ends_at=holds_until(request, page.seat.id)
        )
    except TopicRefused:
        return JsonResponse({"error": {"code": "not_found"}}, status=404)
    return JsonResponse({"ticket": token})
