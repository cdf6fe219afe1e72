"""What the pages of a visit show of the telephone: number and code, who calls, what can be done about it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.core import clock
from webside.notifications.telephone import shown
from webside.visits import selectors, services
from webside.visits.codes import MAIN, ParticipantRole, PhoneState, PhoneWhy, Stage
from webside.visits.forms import EndForm
from webside.visits.views._people import title_of

_BEFORE_THE_END = (Stage.CHECK_IN, Stage.WAITING, Stage.ROOM)
_ENDED = {
    PhoneWhy.NO_ANSWER: gettext_lazy("Nobody answered the last call"),
    PhoneWhy.BUSY: gettext_lazy("The number was busy"),
    PhoneWhy.REFUSED: gettext_lazy("The phone company can’t call this number"),
    PhoneWhy.AWAY: gettext_lazy("The phone company can’t be reached now. Please dial the number"),
    PhoneWhy.LOST: gettext_lazy("The last call was lost"),
}
_STATES = {
    PhoneState.ASKED: ("info", gettext_lazy("is being called")),
    PhoneState.RINGING: ("info", gettext_lazy("it rings")),
    PhoneState.ASKING: ("info", gettext_lazy("picked up, has not pressed a key yet")),
    PhoneState.LOBBY: ("warning", gettext_lazy("waits on the line")),
    PhoneState.ROOM: ("success", gettext_lazy("on the phone")),
}
_OWN_STATES = {
    PhoneState.ASKED: gettext_lazy("We are calling you"),
    PhoneState.RINGING: gettext_lazy("Your phone rings now. Pick up and press 1"),
    PhoneState.ASKING: gettext_lazy("Press 1 on your phone"),
    PhoneState.LOBBY: gettext_lazy("You wait on the line. Stay on the phone"),
    PhoneState.ROOM: gettext_lazy("You are in the visit by phone"),
}


def by_phone(slug: str, visit: Any, role: ParticipantRole) -> dict[str, Any] | None:
    """Return how somebody comes into a visit by phone, and how her call stands; nothing where the clinic has no number."""
    if not services.has_line(slug) or selectors.stage_of(visit) not in _BEFORE_THE_END:
        return None
    seat = selectors.participants(visit)[role]
    dial = services.dial_in(seat=seat, clinic=slug)
    known = selectors.phone_calls(visit)
    calls = [call for call in known if call.seat_id == seat.id and call.ended_at is None]
    last = None if calls else selectors.newest_ended(known, role)
    state, tone = "", "info"
    if calls:
        state = str(_OWN_STATES[PhoneState(calls[-1].state)])
        tone = "success" if calls[-1].state == PhoneState.ROOM else "info"
    elif last is not None and last.why in _ENDED:
        state, tone = str(_ENDED[PhoneWhy(last.why)]), "warning"
    number = selectors.callable_number(visit, role)
    return {
        "dial": dial,
        "state": state,
        "tone": tone,
        "can_ask": bool(number) and not calls and selectors.standing_at(visit, clock.now()) is None,
        "hint": selectors.hint_of(number),
        "key": uuid4().hex,
    }


def seat_by_phone(slug: str, seat: Any) -> dict[str, Any] | None:
    """Return how somebody who was asked in comes by phone; she dials, nobody calls her."""
    dial = services.dial_in(seat=seat, clinic=slug)
    return {"dial": dial} if dial is not None else None


def calls_of(slug: str, visit: Any) -> dict[str, Any] | None:
    """Return the calls of a visit as its clinician sees them; nothing where the clinic has no number."""
    if not services.has_line(slug):
        return None
    stage = selectors.stage_of(visit)
    known = selectors.phone_calls(visit)
    live = [call for call in known if call.ended_at is None]
    own = selectors.participants(visit)[ParticipantRole.CLINICIAN]
    there = {call.caller.role for call in live if call.state == PhoneState.ROOM}
    called = {call.caller.role for call in live}
    dialled = selectors.standing_at(visit, clock.now()) is None and stage in _BEFORE_THE_END
    patient, clinician = (selectors.callable_number(visit, role) for role in MAIN)
    last = None if live else selectors.newest_ended(known, ParticipantRole.PATIENT)
    return {
        "calls": [_call(call, visit, stage) for call in live],
        "alone": ParticipantRole.PATIENT in there and ParticipantRole.CLINICIAN not in there,
        "dial": services.dial_in(seat=own, clinic=slug),
        "patient_hint": selectors.hint_of(patient) if dialled and ParticipantRole.PATIENT not in called else "",
        "own_hint": selectors.hint_of(clinician) if dialled and ParticipantRole.CLINICIAN not in called else "",
        "why_form": EndForm(initial={"audio_reason": visit.audio_reason})
        if stage is Stage.ROOM and ParticipantRole.PATIENT in there
        else None,
        "why_said": visit.audio_reason,
        "last": str(_ENDED[PhoneWhy(last.why)]) if last is not None and last.why in _ENDED else "",
        "key": uuid4().hex[:30],
    }


def _call(call: Any, visit: Any, stage: Stage) -> dict[str, Any]:
    lost = selectors.is_lost(call, clock.now())
    own = call.caller.role == ParticipantRole.CLINICIAN
    tone, state = _STATES[PhoneState(call.state)]
    waits = call.state == PhoneState.LOBBY and call.admitted_at is None and not lost
    doubt = not call.outgoing and call.number != selectors.callable_number(visit, ParticipantRole(call.caller.role))
    return {
        "id": call.id,
        "name": _("You") if own else call.caller.name,
        "title": "" if call.caller.role in MAIN else title_of(call.seat),
        "tone": "warning" if lost else tone,
        "state": _("not heard of any more") if lost else str(state),
        "since": call.began_at,
        "waits": waits and stage in _BEFORE_THE_END,
        "press": _("That is me: put me in") if own else _("Let %(name)s in by phone") % {"name": call.caller.name},
        "from_words": _from(call, doubt),
        "doubt": doubt,
        "ask_first": stage is Stage.CHECK_IN and call.caller.role == ParticipantRole.PATIENT,
        "turning": call.turned_at is not None,
    }


def _from(call: Any, doubt: bool) -> str:
    """Say from where somebody calls. A number can be forged: the right one proves nothing, another one asks for a question."""
    if call.outgoing:
        return ""
    if not doubt:
        return _("From the number that we have. Ask who it is all the same.")
    if not call.number:
        return _("From a hidden number: ask who it is before you speak of anything")
    return _("From another number, %(number)s: ask who it is before you speak of anything") % {
        "number": shown(call.number)
    }
