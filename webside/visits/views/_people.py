"""Who is in a visit and who was asked, as its pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from webside.visits import selectors
from webside.visits.codes import MAIN, LinkStanding, ParticipantRole, Relation
from webside.visits.forms import RELATION_NAMES, ROLE_NAMES


def title_of(seat: Any) -> str:
    """Return why somebody is here, in words: "interpreter", "brother or sister"."""
    if seat.relation:
        return str(RELATION_NAMES[Relation(seat.relation)])
    return str(ROLE_NAMES[ParticipantRole(seat.role)])


def people_of(visit: Any, everybody: list[Any], viewer: Any) -> dict[str, Any]:
    """Return everybody of a visit for who is in its room: name, why she is here, where she is, what she may.

    ``viewer`` is the seat of who looks. What was said of links and wishes is for the clinician; a wish of her own also
    for the patient.
    """
    runs = viewer.role == ParticipantRole.CLINICIAN
    asks = viewer.role == ParticipantRole.PATIENT
    seats = [seat for seat in everybody if seat.role not in MAIN]
    links = selectors.links_of(seats) if runs and seats else {}
    asked = selectors.apart_consents([seat for seat in seats if selectors.asks_patient(seat)]) if runs or asks else {}
    people = []
    for seat in everybody:
        found = _person(visit, seat, viewer)
        if seat.role not in MAIN:
            found |= _asked(seat, runs=runs, asks=asks) | _link(seat, links.get(seat.id))
            if (runs or asks) and selectors.asks_patient(seat):
                found["apart"] = _apart(seat, asked.get(seat.id))
        people.append(found)
    room = _room(visit, [each for each in people if not each["of_two"] and each["inside"]])
    waiting = [each for each in people if each.get("waits")] if runs else []
    return {
        "people": people,
        "lobby_news": _named(each for each in waiting if not each["turn"]),
        # Who made room waits for a place: that there is one is news, and that she waits is none.
        "turn_news": "" if room["full"] else _named(each for each in waiting if each["turn"]),
        **room,
        "anybody_asked": bool(seats),
        "can_hold": runs and visit.admitted_at is not None and bool(seats),
        "can_ask_alone": asks and any(seat.admitted_at is not None and seat.unwanted_at is None for seat in seats),
    }


def _named(people: Iterable[dict[str, Any]]) -> str:
    return str(_("; ")).join(f"{each['name']}, {each['title']}" for each in people)


def _room(visit: Any, inside: list[dict[str, Any]]) -> dict[str, Any]:
    """Return whether nobody else fits into the call, who could make room, and whether somebody will for the patient."""
    full = len(inside) >= selectors.places_for_guests(visit)
    return {"full": full, "inside": inside, "makes_room_soon": full and selectors.meets(visit)}


def _person(visit: Any, seat: Any, viewer: Any) -> dict[str, Any]:
    inside = seat.admitted_at is not None
    if seat.role in MAIN:
        inside = seat.role == ParticipantRole.CLINICIAN or visit.admitted_at is not None
    own = seat.id == viewer.id
    here = own or selectors.is_here(seat)  # who reads it has the page open, though its socket may not be there yet
    return {
        "seat": seat, "name": seat.name, "title": title_of(seat), "own": own, "inside": inside,
        "here": here, "of_two": seat.role in MAIN,
    }  # fmt: skip


def _apart(seat: Any, consent: Any) -> dict[str, Any]:
    """Return what was said of one of the family being there without the patient: nothing, asked, yes, no, or taken back."""
    if consent is None:
        state = "unasked"
    elif consent.withdrawn_at is not None:
        state = "withdrawn"
    else:
        state = {None: "asked", True: "agreed", False: "declined"}[consent.agreed]
    return {"seat": seat, "name": seat.name, "title": title_of(seat), "state": state}


def makes_room_for(visit: Any) -> list[dict[str, Any]]:
    """Return of whom one makes room when the patient is let in: name, why they are here, whether they are away."""
    return [
        {"seat": seat, "name": seat.name, "title": title_of(seat), "here": selectors.is_here(seat)}
        for seat in selectors.must_make_room(visit)
    ]


def apart_of(visit: Any) -> list[dict[str, Any]]:
    """Return what the patient is asked, and has agreed to, about her family's being with the team without her."""
    found = [_apart(consent.seat, consent) for consent in selectors.apart_consents_in(visit)]
    return [each for each in found if each["state"] in ("asked", "agreed")]


def _asked(seat: Any, *, runs: bool, asks: bool) -> dict[str, Any]:
    """Return what is shown of somebody who was asked in."""
    return {
        "waits": seat.admitted_at is None and selectors.is_here(seat),
        "turn": seat.made_room_at is not None,
        "may": _may(seat),
        "unwanted": seat.unwanted_at is not None and (runs or asks),
        "can_run": runs,
        "can_ask_away": asks and seat.unwanted_at is None,
        "chart_possible": seat.user_id is not None and seat.role in (ParticipantRole.NURSE, ParticipantRole.SPECIALIST),
    }


def _link(seat: Any, link: Any) -> dict[str, Any]:
    """Return what the clinician is told of a link."""
    if link is None:
        return {}
    link.participant = seat
    standing = selectors.standing_of(link)
    return {
        "knocks": link.knocks,
        "untaken": standing is LinkStanding.OPEN and seat.browser_hash is None,
        "stale": standing is LinkStanding.EXPIRED,
    }


def _may(seat: Any) -> list[str]:
    """Return what somebody may do, in words."""
    words = [_("may speak") if seat.speak else _("only listens")]
    if seat.see_chart:
        words.append(_("sees the chart"))
    if seat.write:
        words.append(_("writes in the note"))
    if seat.stay_without_patient:
        words.append(_("may stay without the patient"))
    if seat.show_screen:
        words.append(_("may show their screen"))
    return words
