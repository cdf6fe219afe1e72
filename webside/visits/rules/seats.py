"""Who is asked into a visit: what they may do, their links, and who gives way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from webside.catalog.codes import ScreenSharing
from webside.core.dated import figure, load
from webside.visits.codes import MAIN, LinkStanding, ParticipantRole, SeatStage
from webside.visits.rules.figures import FIGURES, SEATS, count


@dataclass(frozen=True, slots=True)
class Permissions:
    """What somebody may do in a visit beside being there."""

    speak: bool = False
    see_chart: bool = False
    write: bool = False
    stay_without_patient: bool = False
    show_screen: bool = False


def default_permissions(role: ParticipantRole, on: date) -> Permissions:
    """Return what somebody in this role may do until the clinician says otherwise; nothing where no row says."""
    row = load(SEATS).one(on, role=role.value)
    return Permissions(**{name: row[name] == "yes" for name in Permissions.__slots__}) if row else Permissions()


def is_for_staff(role: ParticipantRole, on: date) -> bool:
    """Whether only colleagues of the clinic come in this role; so it is too where no row says."""
    row = load(SEATS).one(on, role=role.value)
    return row is None or bool(row["staff_only"] == "yes")


def asks_patient(role: ParticipantRole, on: date) -> bool:
    """Whether who comes in this role may be there without the patient only if she said yes; so it is where no row says."""
    row = load(SEATS).one(on, role=role.value)
    return row is None or bool(row["asks_patient"] == "yes")


def allowed(
    wanted: Permissions, *, role: ParticipantRole, opens_charts: bool, on: date, agreed: bool = False
) -> Permissions:
    """Return what may be given of what is wanted.

    ``opens_charts``: she works here and her own roles open charts. Nobody else ever sees the chart or writes in the
    note, whatever was pressed; nor do family and observers, wherever they work: they aren't here to treat. Who writes
    reads what is there. ``agreed``: the patient said that this person may be there without her; nobody else can say it
    for her, and what she was not asked is no yes.
    """
    treats = opens_charts and role in (ParticipantRole.NURSE, ParticipantRole.SPECIALIST)
    return Permissions(
        speak=wanted.speak,
        see_chart=treats and (wanted.see_chart or wanted.write),
        write=treats and wanted.write,
        stay_without_patient=wanted.stay_without_patient and (agreed or not asks_patient(role, on)),
        show_screen=wanted.show_screen,
    )


def may_show_screen(sharing: str, *, role: ParticipantRole, seat_allows: bool) -> bool:
    """Say whether somebody may show a screen in a visit.

    ``sharing``: whom the service lets (``catalog.ScreenSharing``); a word that nobody knows lets nobody. The two people
    of the visit need no leave beyond that; who was asked in needs it in the seat too.
    """
    if sharing == ScreenSharing.STAFF:
        works_here = role in (ParticipantRole.CLINICIAN, ParticipantRole.NURSE, ParticipantRole.SPECIALIST)
    else:
        works_here = sharing == ScreenSharing.EVERYBODY
    return works_here and (role in MAIN or seat_allows)


def seat_stage(*, closed: bool, removed: bool, admitted: bool) -> SeatStage:
    """Say on which page somebody is who was asked in."""
    if removed:
        return SeatStage.REMOVED
    if closed:
        return SeatStage.ENDED
    return SeatStage.ROOM if admitted else SeatStage.LOBBY


def link_ends(now: datetime) -> datetime:
    """Return when an invitation made now ends by itself; its visit's end ends it sooner (:func:`link_standing`).

    At once where no row says for how long one holds.
    """
    row = figure(FIGURES, "link_lasts", now.date())
    return now + timedelta(**{row["unit"]: int(row["value"])}) if row else now


def link_standing(
    *, now: datetime, expires_at: datetime, closed: bool, revoked: bool, removed: bool, taken: bool
) -> LinkStanding:
    """Say whether an invitation's link still seats somebody, or why not: the reason first that ends all others."""
    if closed:
        return LinkStanding.OVER
    if revoked or removed:
        return LinkStanding.REVOKED
    if expires_at <= now:
        return LinkStanding.EXPIRED
    return LinkStanding.TAKEN if taken else LinkStanding.OPEN


def most_in_the_room(on: date) -> int:
    """Return how many people a call holds at once; two where no row says."""
    return count("mesh_most", on) or len(MAIN)


def guests_at_once(on: date, *, with_patient: bool) -> int:
    """Return how many of those who were asked in may be in the room at once, beside who makes the visit.

    While the team meets nobody has the patient's place: she comes in by the clinician's press alone, which says who makes
    room for her (:func:`who_makes_room`).
    """
    there = MAIN if with_patient else [role for role in MAIN if role is not ParticipantRole.PATIENT]
    return most_in_the_room(on) - len(there)


def who_makes_room(inside: Collection[UUID], *, places: int, chosen: UUID | None) -> UUID | None:
    """Return who of those ``inside`` goes to the lobby, so that no more than ``places`` stay; nobody where all may stay.

    It is who was chosen, and never anybody else: raises :class:`LookupError` where nobody was, where she isn't inside, or
    where one who goes is not enough.
    """
    if len(inside) <= places:
        return None
    if chosen is None or len([each for each in inside if each != chosen]) > places:
        raise LookupError("nobody makes room")
    return chosen


def most_seats(on: date) -> int:
    """Return how many may have a seat in one visit; two where no row says."""
    return count("seats_most", on) or len(MAIN)


def is_polite(role: ParticipantRole, own: UUID, other_role: ParticipantRole, other: UUID) -> bool:
    """Whether one gives way to the other when both offer at once: a stable property of the two, opposite on their sides.

    The patient gives way to everybody and the clinician to nobody, so that between the two all stays as it was.
    """
    if role is not other_role:
        if ParticipantRole.PATIENT in (role, other_role):
            return role is ParticipantRole.PATIENT
        if ParticipantRole.CLINICIAN in (role, other_role):
            return other_role is ParticipantRole.CLINICIAN
    return own < other
