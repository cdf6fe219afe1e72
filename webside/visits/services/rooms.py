"""The room of an appointment, and what each change of a visit does: lock it, note it, hint to who follows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from webside.audit.services import record
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.realtime.services import push_on_commit, say_on_commit
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.visits import policies, selectors
from webside.visits.codes import WITHIN, ParticipantRole, PhonePlace, PhoneState, Stage, VisitStatus
from webside.visits.events import PhoneCallTurned, VisitStarted
from webside.visits.models import CodeCheck, Participant, PhoneCall, TeamMeeting, Visit
from webside.visits.services.errors import WrongStage


def open_visit(*, appointment: Appointment) -> Visit:
    """Return the room of an appointment; make it, and its two seats, at first need. Again changes nothing.

    An appointment that has gone to another practitioner gives the seat to them.
    """
    visit, _ = Visit.objects.get_or_create(appointment=appointment, defaults={"id": appointment.id})
    people = {
        ParticipantRole.PATIENT: (appointment.patient.user_id, appointment.patient.full_name),
        ParticipantRole.CLINICIAN: (appointment.practitioner.user_id, appointment.practitioner.display_name),
    }
    seats = selectors.participants(visit)
    for role, (user_id, name) in people.items():
        seat = seats.get(role)
        if seat is None:
            Participant.objects.get_or_create(visit=visit, role=role, defaults={"user_id": user_id, "name": name})
        elif (seat.user_id, seat.name) != (user_id, name):
            Participant.objects.filter(id=seat.id).update(
                user_id=user_id, name=name, socket_id=None, seen_at=None, joined_at=None, left_at=None,
                captions_since=None, voice="", voice_language="",
            )  # fmt: skip
            CodeCheck.objects.filter(Q(participant=seat) | Q(peer=seat)).delete()
    return selectors.visit_for(appointment) or visit


def locked(visit: Visit) -> Visit:
    """Lock a visit, then read it with its people."""
    lock(visit)
    return selectors.by_id(visit.id)


def tell(visit: Visit, kind: str) -> None:
    """Hint to the room, and to pages that only follow it. What happens within the room is no news to a patient outside."""
    if kind in WITHIN:
        say_on_commit(f"visit:{visit.id}", f"within {kind}")
        say_on_commit(f"visit-news:{visit.id}", kind)
        return
    push_on_commit(f"visit:{visit.id}", kind, visit.id)
    push_on_commit(f"visit-news:{visit.id}", kind, visit.id)


def open_meeting(visit: Visit, began_by: str) -> bool:
    """Let the team meet without the patient; return whether it did not already. Locked by the caller."""
    if selectors.meets(visit):
        return False
    TeamMeeting.objects.create(visit=visit, began_by=began_by[:200])
    visit.meets_since = clock.now()  # type: ignore[attr-defined]
    # By phone she hears nothing of it either, and is let in anew by a press.
    PhoneCall.objects.filter(visit=visit, seat__role=ParticipantRole.PATIENT).update(admitted_at=None)
    follow_calls(visit)
    return True


def close_meeting(visit: Visit) -> bool:
    """End the meeting of the team, if there is one; return whether there was. Locked by the caller."""
    ended = TeamMeeting.objects.filter(visit=visit, ended_at=None).update(ended_at=clock.now(), updated_at=clock.now())
    visit.meets_since = None  # type: ignore[attr-defined]
    return bool(ended)


def begin(visit: Visit, heard_since: datetime) -> bool:
    """Note that both hear each other since then, the first time and in the room; return whether it was. Locked by the caller."""
    if visit.started_at is not None or selectors.stage_of(visit) is not Stage.ROOM:
        return False
    # No earlier than the door was opened: what was heard before is no visit.
    visit.started_at = max(heard_since, visit.admitted_at or heard_since)
    visit.status = VisitStatus.IN_PROGRESS
    visit.save()
    publish(VisitStarted(visit_id=visit.id))
    tell(visit, "started")
    scheduling.tell_lists(visit.appointment.practitioner_id)
    return True


def begin_by_phone(visit: Visit) -> None:
    """Let a visit begin whose two people are on the phone together, if it has not. Locked by the caller."""
    if visit.started_at is None and (since := selectors.both_on_phone_since(visit)) is not None:
        begin(visit, since)


def follow_calls(visit: Visit) -> None:
    """Let the carrier turn each call of a visit that belongs elsewhere now. Locked by the caller."""
    stage = selectors.stage_of(visit)
    for call in selectors.live_calls(visit):
        place = selectors.place_of(call, visit, stage)
        there = {PhoneState.ROOM: PhonePlace.ROOM, PhoneState.LOBBY: PhonePlace.LOBBY}.get(PhoneState(call.state))
        if place is PhonePlace.GONE or (there is not None and there is not place):
            PhoneCall.objects.filter(id=call.id).update(turned_at=clock.now())
            publish(PhoneCallTurned(call_id=call.id))


def dismiss(seat: Participant, reason: str) -> None:
    """Close the socket by which somebody sits in a room, and let the others end their side of the call with her.

    A page that wouldn't go gets nothing more all the same: its signals aren't relayed, and the others hang up.
    """
    topic = f"visit:{seat.visit_id}"
    if seat.socket_id is not None:
        say_on_commit(topic, f"bye {seat.socket_id} {reason}")
    say_on_commit(topic, f"left {seat.id} {reason}")


def note_step(name: str, actor: Actor, visit: Visit, **more: Any) -> None:
    """Write into the trail what was done with a visit, and by what right."""
    record(
        name, actor=actor, target=visit, patient_id=visit.appointment.patient_id, ground=ground_of(actor, visit), **more
    )


def ground_of(actor: Actor, visit: Visit) -> str:
    """Return by what right the actor is in a visit, for the trail."""
    role = policies.role_in(actor, visit)
    if role is None:
        return "asked into the visit" if selectors.has_seat(actor, visit.id) else ""
    return {ParticipantRole.PATIENT: "own visit", ParticipantRole.CLINICIAN: "treating"}[role]


def require_stage(visit: Visit, *stages: Stage) -> None:
    """Raise :class:`WrongStage` where a visit is at none of these stages."""
    stage = selectors.stage_of(visit)
    if stage not in stages:
        raise WrongStage(stage)
