"""Asking people into a visit: a seat for each, a link that works once, the lobby, letting in, sending out."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from webside.audit.codes import Outcome
from webside.audit.services import action, record
from webside.catalog.gates import Finding
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.notifications.services import send_email
from webside.people.models import Practitioner
from webside.realtime.services import say_on_commit
from webside.scheduling import services as scheduling
from webside.visits import policies, rules, selectors
from webside.visits.codes import MAIN, LinkStanding, ParticipantRole, Relation, SeatStage, Stage
from webside.visits.models import Invitation, Participant, Visit
from webside.visits.rules import Permissions
from webside.visits.services.errors import NotAllowed, NotWithoutPatient, RoomFull, WrongStage
from webside.visits.services.rooms import dismiss, follow_calls, locked, note_step, require_stage, tell

LinkTo = Callable[[str], str]
"""Gives the address of the page that takes a link's token."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked in. ``link`` opens her seat once and is shown once: its token is not kept.

    ``in_the_way``: what the law has against a colleague treating this patient; to advise is another thing.
    """

    seat: Participant
    link: str = ""
    in_the_way: Finding | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of opening a seat by its link. ``key`` is for the browser that took it, and for no other."""

    standing: LinkStanding
    seat: Participant | None = None
    key: str = ""


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a link's token, and of a browser's key."""
    return hashlib.sha256(secret.encode()).digest()


# Asking


@action("visits.seat.invite")
def ask_in(
    *,
    actor: Actor,
    visit: Visit,
    role: ParticipantRole,
    link_to: LinkTo,
    name: str = "",
    relation: Relation | None = None,
    email: str = "",
    user_id: UUID | None = None,
    key: str = "",
) -> Asked:
    """Ask one person into a visit that is under way: a colleague by ``user_id``, anybody else by a link.

    A colleague who was asked already keeps the seat. The same press again (``key``) makes no second one: as long as nobody
    has come by its link it is given a new one, since nobody knows whether the first was read. Whoever is asked waits in the
    lobby until the clinician lets them in. Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`RoomFull` and, for what
    names nobody or doesn't fit the role, :class:`ValueError`.
    """
    visit = locked(visit)
    if not policies.can_ask_in(actor, visit, role):
        raise NotAllowed
    if not selectors.meets(visit):
        require_stage(visit, Stage.WAITING, Stage.ROOM)
    seats = selectors.seats_of(visit)
    asked = next((Asked(seat) for seat in seats if user_id is not None and seat.user_id == user_id), None)
    changes = {"role": role.value}
    if asked is None and (pressed := next((seat for seat in seats if key and seat.asked_key == key), None)):
        if _is_wished(pressed, visit, actor, role, name, user_id):
            waits = pressed.browser_hash is None and pressed.admitted_at is None
            asked = Asked(pressed, _new_link(pressed, link_to, email) if waits else "")
            changes["repeated"] = "yes"
        else:
            key = ""  # of another wish: not this one again
    if asked is None:
        today = clock.now().date()
        if len(seats) + len(MAIN) >= (most := rules.most_seats(today)):
            raise RoomFull(most)
        name = _name_of(visit, role, name, relation, user_id)
        wanted = rules.default_permissions(role, today)
        may = rules.allowed(wanted, role=role, opens_charts=selectors.opens_charts(user_id), on=today)
        seat = Participant.objects.create(
            visit=visit, role=role, user_id=user_id, name=name, relation=relation.value if relation else "",
            speak=may.speak, see_chart=may.see_chart, write=may.write, stay_without_patient=may.stay_without_patient,
            show_screen=may.show_screen,
            invited_by=selectors.own_seat(actor, visit), invited_at=clock.now(), asked_key=key,
        )  # fmt: skip
        asked = Asked(seat, "" if user_id else _new_link(seat, link_to, email))
        if user_id:
            _tell_colleague(seat)
        tell(visit, "seats")
    if user_id is not None and (found := selectors.in_the_way(visit, user_id)):
        asked, changes["licence"] = replace(asked, in_the_way=found), found.outcome
    note_step("visits.seat.invite", actor, visit, target_label=asked.seat.name, changes=changes)
    return asked


def _is_wished(
    seat: Participant, visit: Visit, actor: Actor, role: ParticipantRole, name: str, user_id: UUID | None
) -> bool:
    """Whether a seat is what this very person asks for, by a link."""
    by = selectors.own_seat(actor, visit)
    same = (seat.role, seat.name) == (role, " ".join(name.split()))
    return same and user_id is None is seat.user_id and by is not None and seat.invited_by_id == by.id


def _name_of(visit: Visit, role: ParticipantRole, name: str, relation: Relation | None, user_id: UUID | None) -> str:
    """Return whom a seat is for; raise :class:`ValueError` where that is nobody, or nobody of this role."""
    if user_id is not None:
        colleague = selectors.colleague(visit, user_id)
        if colleague is None or role is ParticipantRole.FAMILY:
            raise ValueError("not a colleague")
        return str(colleague.user)[:160]
    name = " ".join(name.split())
    if not name or len(name) > 160 or rules.is_for_staff(role, clock.now().date()):
        raise ValueError("not a guest")
    if (role is ParticipantRole.FAMILY) is (relation is None):
        raise ValueError("family has a relation, and nobody else")
    return name


def _new_link(seat: Participant, link_to: LinkTo, email: str) -> str:
    """Make the link of a seat, send it where it is to go, and return its address; older ones end."""
    now = clock.now()
    Invitation.objects.filter(participant=seat, revoked_at=None).update(revoked_at=now, updated_at=now)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        participant=seat, token_hash=secret_hash(token), email=email, expires_at=rules.link_ends(now)
    )
    link = link_to(token)
    if email:
        _send(invitation, link)
    return link


def _send(invitation: Invitation, link: str) -> None:
    """Send a link. Nothing of the patient stands in the letter: it may go to a wrong address.

    Whoever is family is written to in the patient's language; of who comes for work nobody has said another than the clinic's.
    """
    seat = invitation.participant
    appointment = seat.visit.appointment
    tenant, practitioner = appointment.tenant, appointment.practitioner
    hers = appointment.patient.language if seat.role == ParticipantRole.FAMILY else ""
    with translation.override(hers or settings.LANGUAGE_CODE):
        send_email(
            template="visits/asked_in",
            to=invitation.email,
            context={"seat": seat, "clinic": tenant, "practitioner": practitioner, "link": settings.PUBLIC_URL + link},
            subject=_("%s asks you into a video visit") % tenant.name,
            idempotency_key=f"visits.asked_in:{invitation.id}",
        )


def _tell_colleague(seat: Participant) -> None:
    """Hint to the colleague's day page, where the visit stands as long as they are asked."""
    scheduling.tell_lists(*Practitioner.objects.filter(user_id=seat.user_id).values_list("id", flat=True))


@action("visits.seat.invite-again")
def ask_again(*, actor: Actor, visit: Visit, seat_id: UUID, link_to: LinkTo) -> Asked:
    """Ask somebody again who was asked and is away: a new link, sent where the last one went; a colleague is told.

    The browser that has the seat keeps it until another one takes the new link.
    Raises :class:`NotAllowed`, :class:`WrongStage`.
    """
    visit, seat = _seat_to_run(actor, visit, seat_id)
    link = ""
    if seat.user_id is None:
        before = selectors.links_of([seat]).get(seat.id)
        link = _new_link(seat, link_to, before.email if before else "")
    else:
        _tell_colleague(seat)
    tell(visit, "seats")
    note_step("visits.seat.invite-again", actor, visit, target_label=seat.name)
    return Asked(seat, link)


# Taking a seat by a link


@action("visits.seat.take")
def take_seat(*, actor: Actor, token: str) -> Taken:
    """Seat the first browser that comes with a link and says so; each later one is told that it is taken.

    What came of it is returned, not raised: that somebody else tried must stay in the trail and on the clinician's page.
    """
    invitation = selectors.invitation_by_hash(secret_hash(token))
    if invitation is None:
        record("visits.seat.take", actor=actor, outcome=Outcome.REFUSED)
        return Taken(LinkStanding.REVOKED)
    # One after another: of three who press at once one finds it open.
    lock(invitation)
    invitation.refresh_from_db(fields=["taken_at", "revoked_at", "knocks"])
    seat = invitation.participant
    standing = selectors.standing_of(invitation)
    key = ""
    if standing is LinkStanding.OPEN:
        key = secrets.token_urlsafe(32)
        invitation.taken_at = clock.now()
        seat.browser_hash = secret_hash(key)
        seat.save(update_fields=["browser_hash", "updated_at"])
        tell(seat.visit, "seats")
    elif standing is LinkStanding.TAKEN:
        invitation.knocks += 1
        tell(seat.visit, "seats")
    invitation.save(update_fields=["taken_at", "knocks", "updated_at"])
    record(
        "visits.seat.take", actor=actor, target=seat.visit, target_label=seat.name, ground="link of an invitation",
        patient_id=seat.visit.appointment.patient_id, changes={"standing": standing.value},
        outcome=Outcome.SUCCESS if key else Outcome.REFUSED,
    )  # fmt: skip
    return Taken(standing, seat if key else None, key)


# The lobby and the room


@action("visits.seat.admit")
def let_in(*, actor: Actor, visit: Visit, seat_id: UUID, makes_room: UUID | None = None) -> Participant:
    """Let somebody in from the lobby, into the visit or a meeting of the team before it. Letting in twice changes nothing.

    ``makes_room``: who takes turns with her and goes to the lobby, where the call is full.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotWithoutPatient` for who may be there only while the
    patient is, and :class:`RoomFull` where somebody must make room and nobody who is there was named.
    """
    visit, seat = _seat_to_run(actor, visit, seat_id)
    if not selectors.meets(visit):
        require_stage(visit, Stage.ROOM)
    changes: dict[str, str] = {}
    if seat.admitted_at is None:
        if not seat.stay_without_patient and not selectors.patient_is_inside(visit):
            raise NotWithoutPatient
        # One of the places is for her who comes.
        changes = make_room(visit, selectors.places_for_guests(visit) - 1, makes_room)
        seat.admitted_at, seat.unwanted_at, seat.made_room_at = clock.now(), None, None
        seat.save(update_fields=["admitted_at", "unwanted_at", "made_room_at", "updated_at"])
        tell(visit, "seats")
    note_step("visits.seat.admit", actor, visit, target_label=seat.name, changes=changes)
    return seat


def make_room(visit: Visit, places: int, chosen: UUID | None) -> dict[str, str]:
    """Let who was chosen wait in the lobby where more than ``places`` of who was asked in are in the room.

    Nobody goes where all have a place by now. Raises :class:`RoomFull`; the caller has locked the visit, and notes in the
    trail what this returns.
    """
    inside = {seat.id: seat for seat in selectors.guests_inside(visit)}
    try:
        goes = rules.who_makes_room(inside.keys(), places=places, chosen=chosen)
    except LookupError:
        raise RoomFull(rules.most_in_the_room(clock.now().date())) from None
    if goes is None:
        return {}
    send_out(visit, [inside[goes]], made_room_at=clock.now())
    return {"made_room": str(goes)}


@action("visits.seat.send-out")
def send_to_lobby(*, actor: Actor, visit: Visit, seat_id: UUID) -> Participant:
    """Ask somebody back to the lobby; they may be let in again. Raises :class:`NotAllowed`, :class:`WrongStage`."""
    visit, seat = _seat_to_run(actor, visit, seat_id)
    if seat.admitted_at is not None:
        _send_out(seat)
        follow_calls(visit)
        tell(visit, "seats")
    note_step("visits.seat.send-out", actor, visit, target_label=seat.name)
    return seat


@action("visits.seat.remove")
def remove(*, actor: Actor, visit: Visit, seat_id: UUID) -> Participant:
    """Take somebody out of a visit for good: the link is dead, the seat is gone, the call with them ends.

    Raises :class:`NotAllowed`, :class:`WrongStage`.
    """
    visit, seat = _seat_to_run(actor, visit, seat_id)
    now = clock.now()
    seat.removed_at, seat.admitted_at = now, None
    dismiss(seat, "removed")
    seat.socket_id = None
    seat.save()
    Invitation.objects.filter(participant=seat, revoked_at=None).update(revoked_at=now, updated_at=now)
    follow_calls(visit)
    tell(visit, "seats")
    note_step("visits.seat.remove", actor, visit, target_label=seat.name)
    return seat


@action("visits.seat.permit")
def permit(*, actor: Actor, visit: Visit, seat_id: UUID, wanted: Permissions) -> Participant:
    """Say what somebody may do in a visit; what may not be given to them is not given, whatever is asked.

    Raises :class:`NotAllowed`, :class:`WrongStage`.
    """
    visit, seat = _seat_to_run(actor, visit, seat_id)
    role = ParticipantRole(seat.role)
    opens_charts, agreed = selectors.opens_charts(seat.user_id), selectors.agreed_apart(seat)
    may = rules.allowed(wanted, role=role, opens_charts=opens_charts, on=clock.now().date(), agreed=agreed)
    changes = {name: getattr(may, name) for name in Permissions.__slots__ if getattr(may, name) != getattr(seat, name)}
    for name, value in changes.items():
        setattr(seat, name, value)
    seat.save()
    if not seat.stay_without_patient and seat.admitted_at is not None and not selectors.patient_is_inside(visit):
        _send_out(seat)
        follow_calls(visit)
    say_on_commit(f"visit:{visit.id}", f"changed {seat.id}")
    tell(visit, "seats")
    note_step("visits.seat.permit", actor, visit, target_label=seat.name, changes=changes)
    return seat


@action("visits.screen.show")
def note_screen(*, actor: Actor, visit_id: UUID, shown: bool) -> None:
    """Note that somebody began or ended to show their screen to everybody in the room. Raises :class:`NotAllowed`."""
    visit = selectors.by_id(visit_id)
    seat = selectors.own_seat(actor, visit)
    if seat is None or (shown and not policies.can_show_screen(visit, seat)):
        raise NotAllowed
    note_step("visits.screen.show", actor, visit, target_label=seat.name, changes={"shown": shown})


@action("visits.seat.ask-away")
def ask_away(*, actor: Actor, visit: Visit, seat_id: UUID | None = None) -> list[Participant]:
    """Let the patient ask that somebody leaves; without ``seat_id``, that everybody but the clinician does.

    The clinician's page says so and does it with one press: whose room it is stays clear. Return who is meant.
    Raises :class:`NotAllowed`.
    """
    visit = locked(visit)
    if not policies.can_ask_away(actor, visit):
        raise NotAllowed
    meant = [
        seat
        for seat in selectors.seats_of(visit)
        if seat.id == seat_id or (seat_id is None and seat.admitted_at is not None)
    ]
    if seat_id is not None and not meant:
        raise NotAllowed
    for seat in meant:
        seat.unwanted_at = clock.now()
        seat.save(update_fields=["unwanted_at", "updated_at"])
    tell(visit, "seats")
    label = meant[0].name if seat_id is not None else ""
    note_step("visits.seat.ask-away", actor, visit, target_label=label, changes={"people": len(meant)})
    return meant


@action("visits.seat.part")
def part_without_patient(*, actor: Actor, visit: Visit) -> None:
    """The patient has left: whoever may not stay without her goes back to the lobby. Raises :class:`NotAllowed`."""
    visit = locked(visit)
    if policies.role_in(actor, visit) is not ParticipantRole.PATIENT:
        raise NotAllowed
    gone = [] if selectors.is_on_phone(visit, ParticipantRole.PATIENT) else send_out_without_patient(visit)
    note_step("visits.seat.part", actor, visit, changes={"people": len(gone)})


def send_out_without_patient(visit: Visit) -> list[Participant]:
    """Send to the lobby whoever may not be in the room without the patient; the caller has locked the visit."""
    return send_out(visit, [seat for seat in selectors.seats_of(visit) if not seat.stay_without_patient])


def send_everybody_out(visit: Visit) -> list[Participant]:
    """Send to the lobby whoever was asked in, and let nobody's turn be waited for; the caller has locked the visit."""
    Participant.objects.filter(visit=visit).exclude(made_room_at=None).update(made_room_at=None, updated_at=clock.now())
    return send_out(visit, selectors.seats_of(visit))


def send_out(visit: Visit, seats: list[Participant], *, made_room_at: datetime | None = None) -> list[Participant]:
    """Send to the lobby those of some seats who are in the room; the caller has locked the visit.

    ``made_room_at``: they take turns with somebody, which their pages say.
    """
    gone = [seat for seat in seats if seat.admitted_at is not None]
    for seat in gone:
        _send_out(seat, made_room_at)
    if gone:
        follow_calls(visit)
        tell(visit, "seats")
    return gone


def _send_out(seat: Participant, made_room_at: datetime | None = None) -> None:
    seat.admitted_at, seat.made_room_at = None, made_room_at
    dismiss(seat, "lobby")
    seat.socket_id = None
    seat.save(update_fields=["admitted_at", "made_room_at", "socket_id", "updated_at"])


def _seat_to_run(actor: Actor, visit: Visit, seat_id: UUID) -> tuple[Visit, Participant]:
    """Return a visit, locked, and a seat in it; for the clinician, while the visit is open and she has the seat."""
    visit = locked(visit)
    seat = selectors.seat_in(visit, seat_id)
    if seat is None or not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if not policies.is_open(visit) or selectors.seat_stage_of(seat) is SeatStage.REMOVED:
        raise WrongStage(selectors.stage_of(visit))
    return visit, seat
