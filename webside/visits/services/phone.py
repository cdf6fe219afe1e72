"""The telephone as the way out: codes, calls that come in and go out, the lobby, the room, who hung up.

What the carrier tells is kept before it is answered, once, in whatever order it comes. Where a call belongs is asked of the
visit each time (``selectors.place_of``): what the carrier is told to do is a hint to ask us anew, never the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from webside.audit.codes import Outcome
from webside.audit.services import action, record
from webside.core import clock, frames, timers
from webside.core.actor import Actor, ActorKind
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.notifications.telephone import e164
from webside.outbox.services import publish
from webside.visits import policies, rules, selectors
from webside.visits.codes import AudioReason, ParticipantRole, PhonePlace, PhoneState, PhoneWhy, Stage
from webside.visits.engines import phone
from webside.visits.engines.phone import CarrierAway, CarrierRefused, Said, Then, Turn
from webside.visits.events import PhoneCallAsked
from webside.visits.models import Participant, PhoneCall, PhoneMove, Visit
from webside.visits.selectors import DialIn
from webside.visits.services.clinician import admit
from webside.visits.services.errors import NoNumber, NotAllowed, TooMany, WrongStage
from webside.visits.services.rooms import begin_by_phone, follow_calls, locked, note_step, require_stage, tell
from webside.visits.services.seats import let_in

PHONE_TIMER = "visits.phone"
"""Asks the carrier how a call stands that it has not been heard to end: what it said of the end may have been lost."""
LOOK = timedelta(minutes=3)
RINGS_NO_LATER = timedelta(minutes=2)
"""A call that was asked for rings within this time, or not at all: later it would come out of the blue."""
GIVEN_UP = timedelta(hours=6)
_GUESSES = 7317  # of the advisory lock: codes of one clinic's number are tried one after the other
TALKS = (Stage.CHECK_IN, Stage.WAITING, Stage.ROOM)


# Codes


def has_line(clinic: str) -> bool:
    """Whether a clinic has a number for visits by phone. One without shows none."""
    return bool(phone.number_of(clinic))


def dial_in(*, seat: Participant, clinic: str) -> DialIn | None:
    """Return how a seat comes in by phone; nothing where the clinic has no number. Its code is given at first need."""
    number = phone.number_of(clinic)
    if not number:
        return None
    if not selectors.has_code(seat):
        _give_code(seat)
    return DialIn(number, selectors.code_for(seat))


def _give_code(seat: Participant) -> None:
    """Give a seat a code that no other seat of the clinic has."""
    while True:
        seat.dial_digest = selectors.digest_of(selectors.code_for(seat))
        try:
            with transaction.atomic():
                Participant.objects.filter(id=seat.id).update(dial_turn=seat.dial_turn, dial_digest=seat.dial_digest)
        except IntegrityError:
            seat.dial_turn += 1
        else:
            return


# What a call hears


def _clinic() -> Tenant:
    return Tenant.objects.get(id=frames.current_tenant_id())


def _turn(call: PhoneCall, then: Then, texts: Iterable[Any], languages: Iterable[str] = ("en",), **more: Any) -> Turn:
    """Say ``texts`` (each gives its words when it is called) in each of the languages, then do ``then``."""
    said = []
    for language in languages:
        with translation.override(language):
            said.append(Said(" ".join(text() for text in texts), language))
    return Turn(call.id, tuple(said), then, **more)


BOTH_LANGUAGES = ("en", "es")


def _language(call: PhoneCall, visit: Visit) -> str:
    """Return the language of who calls: the patient's for her and who comes with her, else the clinic's own."""
    theirs = call.caller.role in (ParticipantRole.PATIENT, ParticipantRole.FAMILY)
    return (visit.appointment.patient.language if theirs else "") or settings.LANGUAGE_CODE


def _ask_code(call: PhoneCall, *first: Any) -> Turn:
    name = _clinic().name
    texts = [*first, lambda: _("Please type the eight digits of your code.")]
    if call.tries == 0:
        texts.insert(0, lambda: _("Hello, this is %(clinic)s.") % {"clinic": name})
    return _turn(call, Then.CODE, texts, BOTH_LANGUAGES, number=call.tries, digits=selectors.DIGITS)


def _good_bye(call: PhoneCall, visit: Visit | None = None) -> Turn:
    name = _clinic().name
    words = {
        PhoneWhy.WRONG_CODE: lambda: _("That code is not right either."),
        PhoneWhy.TOO_MANY: lambda: _("Too many codes were wrong, so this line takes none for a while."),
        PhoneWhy.EARLY: lambda: _("The phone line of your visit is not open yet. Please call again shortly before it."),
        PhoneWhy.OVER: lambda: _("This visit is over."),
    }
    why = PhoneWhy(call.why) if call.why else PhoneWhy.OVER
    texts = [words[why]] if why in words else []
    if why in (PhoneWhy.WRONG_CODE, PhoneWhy.TOO_MANY):
        texts.append(lambda: _("Press “Call me” on the page of your visit, or call %(clinic)s.") % {"clinic": name})
    texts.append(lambda: _("Good-bye."))
    languages = [_language(call, visit)] if visit is not None else BOTH_LANGUAGES
    return _turn(call, Then.HANG_UP, texts, languages)


def _turn_of(call: PhoneCall, visit: Visit, again: int = 0) -> Turn:
    """Return what a call with a seat is to do now, by where it belongs."""
    stage = selectors.stage_of(visit)
    place = selectors.place_of(call, visit, stage)
    if call.ended_at is not None or place is PhonePlace.GONE:
        return _good_bye(call, visit)
    languages = [_language(call, visit)]
    if place is PhonePlace.ROOM:
        more = {
            "room": visit.id,
            "leads": call.caller.role == ParticipantRole.CLINICIAN,
            "listens": not call.caller.speak,
        }
        return _turn(call, Then.JOIN, _into_the_room(call, visit), languages, **more)
    return _turn(call, Then.WAIT, _in_the_lobby(call, visit, stage, again), languages, number=again)


def _into_the_room(call: PhoneCall, visit: Visit) -> list[Any]:
    who = visit.appointment.practitioner.display_name
    texts = [lambda: _("You go into the visit now. It goes over the phone network, where the carrier could hear it.")]
    if call.caller.role != ParticipantRole.CLINICIAN and not selectors.is_on_phone(visit, ParticipantRole.CLINICIAN):
        texts.append(lambda: _("%(who)s is not on the phone yet. Please stay on the line.") % {"who": who})
    if call.caller.role == ParticipantRole.CLINICIAN and not selectors.is_on_phone(visit, ParticipantRole.PATIENT):
        texts.append(lambda: _("The patient is not on the phone yet."))
    return texts


def _in_the_lobby(call: PhoneCall, visit: Visit, stage: Stage, again: int) -> list[Any]:
    who = {"who": visit.appointment.practitioner.display_name}
    if call.caller.role == ParticipantRole.CLINICIAN:
        return [lambda: _("Press “That is me” on the page of the visit, and you go in.")]
    if again:
        return [
            lambda: _("You are still waiting for %(who)s. Please stay on the line.") % who,
            lambda: _("If you are in danger, hang up and call 911."),
        ]
    texts = [lambda: _("You are on the phone for the visit with %(who)s.") % who]
    if stage is Stage.CHECK_IN and call.caller.role == ParticipantRole.PATIENT:
        texts += [
            lambda: _("You have not checked in yet. Please do it on the page of your visit, on any device."),
            lambda: _("%(who)s sees that you are here.") % who,
        ]
    elif stage is Stage.STOPPED:
        texts.append(lambda: _("It cannot begin now. The page of your visit says why."))
    else:
        texts.append(lambda: _("%(who)s sees that you are here, and lets you in.") % who)
    return [*texts, lambda: _("Please stay on the line.")]


# What the carrier tells


def _require_carrier(actor: Actor) -> None:
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed


def _heard(call: PhoneCall, **changes: Any) -> None:
    """Note that the carrier spoke of a call, and what else changed."""
    for name, value in {"heard_at": clock.now(), **changes}.items():
        setattr(call, name, value)
    call.save()


def _locked_call(call_id: UUID) -> PhoneCall | None:
    """Lock a call's visit, if it has one, then the call; return it as it is now."""
    found = selectors.phone_call(call_id)
    if found is None:
        return None
    if found.visit_id is not None:
        lock(Visit(id=found.visit_id))
    lock(found)
    return selectors.phone_call(call_id)


def _note(name: str, actor: Actor, call: PhoneCall, visit: Visit | None, **more: Any) -> None:
    if visit is not None:
        more = {"target": visit, "patient_id": visit.appointment.patient_id, **more}
    label = call.caller.name if call.seat is not None else ""
    record(name, actor=actor, target_label=label, ground="telephone", **more)


def _watch(call: PhoneCall) -> None:
    timers.set_timer(PHONE_TIMER, key=str(call.id), due_at=clock.now() + LOOK, payload={"call": str(call.id)})


@action("visits.phone.take")
def take_call(*, actor: Actor, carrier_id: str, caller: str) -> Turn:
    """Answer somebody who dialled the clinic's number: ask for the code. The same call again goes on where it was.

    ``caller`` is her number as the network says, which anybody can forge; empty or no number where it is withheld.
    """
    _require_carrier(actor)
    known = selectors.phone_call_of_carrier(carrier_id)
    if known is not None:
        _heard(known)
        record("visits.phone.take", actor=actor, ground="telephone", changes={"again": True})
        return _on_with(known)
    call = PhoneCall(carrier_id=carrier_id, number=e164(caller), state=PhoneState.ASKING)
    _heard(call)
    _watch(call)
    turn = _ask_code(call)
    if _is_locked(call):
        _end(call, PhoneWhy.TOO_MANY)
        turn = _good_bye(call)
    record("visits.phone.take", actor=actor, ground="telephone", changes={"locked": call.ended_at is not None})
    return turn


def _on_with(call: PhoneCall) -> Turn:
    """Return what a call does that is answered already."""
    if call.seat is None:
        return _ask_code(call) if call.ended_at is None else _good_bye(call)
    visit = selectors.by_id(call.room)
    return _ask_press(call, visit) if call.outgoing and call.state == PhoneState.ASKING else _turn_of(call, visit)


def _is_locked(call: PhoneCall) -> bool:
    now = clock.now()
    own, everybody = selectors.wrong_codes(call.number, now - selectors.HOUR)
    on = now.date()
    # Whoever withholds the number shares none with others who do: what one guesses is not the others'.
    if call.number and own >= rules.most_wrong_of_caller(on):
        return True
    # A stranger who guesses from many numbers must not shut out whom a visit waits for.
    return everybody >= rules.most_wrong_of_number(on) and not selectors.is_expected(call.number, now)


@action("visits.phone.dial")
def enter_code(*, actor: Actor, call_id: UUID, digits: str, number: int) -> Turn | None:
    """Take what a caller typed as her code on her try ``number``; the right one brings her to the lobby of its visit.

    The same try told twice counts once. Nothing where there is no such call.
    """
    _require_carrier(actor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_GUESSES, str(frames.current_tenant_id())])
    call = _locked_call(call_id)
    if call is None or call.outgoing:
        record("visits.phone.dial", actor=actor, ground="telephone", outcome=Outcome.REFUSED)
        return None
    if call.seat is not None or call.ended_at is not None or number != call.tries:
        _heard(call)
        record("visits.phone.dial", actor=actor, ground="telephone", changes={"again": True})
        return _on_with(call)
    if _is_locked(call):
        _end(call, PhoneWhy.TOO_MANY)
        record("visits.phone.dial", actor=actor, ground="telephone", outcome=Outcome.REFUSED, changes={"locked": True})
        return _good_bye(call)
    seat = selectors.seat_by_code(digits)
    if seat is None or seat.removed_at is not None:
        return _wrong_code(actor, call, typed=bool(digits))
    visit = locked(seat.visit)
    if (why := selectors.standing_at(visit, clock.now())) is not None:
        _heard(call, visit=visit, seat=seat)
        _end(call, why)
        _note("visits.phone.dial", actor, call, visit, outcome=Outcome.REFUSED, changes={"why": why.value})
        return _good_bye(call, visit)
    _heard(call, visit=visit, seat=seat, state=PhoneState.LOBBY)
    tell(visit, "phone")
    _note("visits.phone.dial", actor, call, visit)
    return _turn_of(call, visit)


def _wrong_code(actor: Actor, call: PhoneCall, *, typed: bool) -> Turn:
    _heard(call, tries=call.tries + 1, wrong=call.wrong + typed)
    if call.tries >= rules.most_tries(clock.now().date()) or _is_locked(call):
        _end(call, PhoneWhy.WRONG_CODE)
    record("visits.phone.dial", actor=actor, ground="telephone", outcome=Outcome.REFUSED, changes={"try": call.tries})
    if call.ended_at is not None:
        return _good_bye(call)
    return _ask_code(call, (lambda: _("That code is not right.")) if typed else (lambda: _("Nothing was typed.")))


def _ask_press(call: PhoneCall, visit: Visit, *first: Any) -> Turn:
    """Ask who picked up to press a key: an answering machine must not sit in a lobby. Nothing is said of whose visit it is."""
    texts = [*first, lambda: _("This call is for your visit. To go on, press one.")]
    return _turn(call, Then.PRESS, texts, [_language(call, visit)], number=call.tries, digits=1)


@action("visits.phone.answer")
def answer_call(*, actor: Actor, call_id: UUID, carrier_id: str) -> Turn | None:
    """Somebody picked up a call that was asked for."""
    _require_carrier(actor)
    call = _locked_call(call_id)
    if call is None or not call.outgoing:
        record("visits.phone.answer", actor=actor, ground="telephone", outcome=Outcome.REFUSED)
        return None
    visit = selectors.by_id(call.room)
    early = call.state in (PhoneState.ASKED, PhoneState.RINGING)
    _heard(call, carrier_id=call.carrier_id or carrier_id, **({"state": PhoneState.ASKING} if early else {}))
    tell(visit, "phone")
    _note("visits.phone.answer", actor, call, visit)
    if selectors.place_of(call, visit, selectors.stage_of(visit)) is PhonePlace.GONE:
        return _good_bye(call, visit)
    return _on_with(call)


@action("visits.phone.press")
def press_key(*, actor: Actor, call_id: UUID, digits: str, number: int) -> Turn | None:
    """Take the key that somebody pressed who picked up; one brings her to the lobby, or in, where she was let in already."""
    _require_carrier(actor)
    call = _locked_call(call_id)
    if call is None or not call.outgoing:
        record("visits.phone.press", actor=actor, ground="telephone", outcome=Outcome.REFUSED)
        return None
    visit = selectors.by_id(call.room)
    pressed = digits == "1"
    if call.state == PhoneState.ASKING and number == call.tries:
        if pressed:
            _heard(call, state=PhoneState.LOBBY)
        else:
            _heard(call, tries=call.tries + 1)
            if call.tries >= rules.most_tries(clock.now().date()):
                _end(call, PhoneWhy.NO_ANSWER)
        tell(visit, "phone")
    else:
        _heard(call)
    _note("visits.phone.press", actor, call, visit, changes={"pressed": pressed})
    return _good_bye(call, visit) if call.ended_at is not None else _on_with(call)


def next_turn(*, call_id: UUID, again: int) -> Turn | None:
    """Return what a call is to do now. It asks each time it has waited, so this is no action: only that it was heard is kept."""
    call = selectors.phone_call(call_id)
    if call is None or call.seat is None:
        return None
    PhoneCall.objects.filter(id=call_id).update(heard_at=clock.now())
    return _turn_of(call, selectors.by_id(call.room), again)


@action("visits.phone.move")
def note_move(
    *, actor: Actor, carrier_id: str, visit_id: UUID, conference: str, sequence: int, joined: bool, at: datetime
) -> bool:
    """Note that a call came into a visit's room or left it, by the carrier's clock; return whether there is such a call."""
    _require_carrier(actor)
    found = selectors.phone_call_of_carrier(carrier_id)
    call = _locked_call(found.id) if found is not None and found.visit_id == visit_id else None
    if call is None:
        record("visits.phone.move", actor=actor, ground="telephone", outcome=Outcome.REFUSED)
        return False
    visit = selectors.by_id(visit_id)
    now = clock.now()
    # No clock of a carrier makes a minute before the call began, or one that is still to come.
    at = max(call.began_at, min(at, now))
    PhoneMove.objects.get_or_create(
        call=call, conference=conference, sequence=sequence, defaults={"joined": joined, "at": at}
    )
    last = PhoneMove.objects.filter(call=call).order_by("-at", "-sequence").first()
    inside = last is not None and last.joined
    if call.ended_at is None:
        state = PhoneState.ROOM if inside else PhoneState.LOBBY
        place = selectors.place_of(call, visit, selectors.stage_of(visit))
        arrived = (place is PhonePlace.ROOM) is inside
        _heard(call, state=state, turned_at=None if arrived else call.turned_at)
    begin_by_phone(visit)
    tell(visit, "phone")
    _note("visits.phone.move", actor, call, visit, changes={"joined": joined})
    return True


@action("visits.phone.status")
def note_status(
    *, actor: Actor, carrier_id: str, call_id: UUID | None = None, over: bool = False, why: PhoneWhy | None = None,
    at: datetime | None = None,
) -> bool:  # fmt: skip
    """Note how a call fares: it rings, or it is over (``over``, ``why``, ``at``). An end is final. Return whether it is ours."""
    _require_carrier(actor)
    found = selectors.phone_call(call_id) if call_id else selectors.phone_call_of_carrier(carrier_id)
    call = _locked_call(found.id) if found is not None else None
    if call is None or (call.carrier_id and call.carrier_id != carrier_id):
        record("visits.phone.status", actor=actor, ground="telephone", outcome=Outcome.REFUSED)
        return False
    visit = selectors.by_id(call.room) if call.visit_id else None
    rings = call.state == PhoneState.ASKED and not over
    _heard(call, carrier_id=carrier_id, unsure=False, **({"state": PhoneState.RINGING} if rings else {}))
    if over:
        _end(call, why or PhoneWhy.HUNG_UP, at)
    if visit is not None:
        tell(visit, "phone")
    _note("visits.phone.status", actor, call, visit, changes={"state": call.state, "why": call.why})
    return True


def _end(call: PhoneCall, why: PhoneWhy, at: datetime | None = None) -> None:
    """Note that a call is over; what ended it first stays. The carrier may tell later by its own clock when it was."""
    now = clock.now()
    ended = max(call.began_at, min(at or now, now))
    if call.ended_at is None or (at is not None and ended < call.ended_at):
        call.ended_at = ended
    call.state, call.turned_at, call.unsure = PhoneState.ENDED, None, False
    call.why = call.why or (PhoneWhy.SENT_AWAY if call.hung_up_at else why)
    call.save()
    timers.cancel_timer(PHONE_TIMER, key=str(call.id))


# What people do


@action("visits.phone.call")
def ask_call(*, actor: Actor, visit: Visit, role: ParticipantRole, client_key: str) -> PhoneCall:
    """Let the carrier call one side of a visit, on the number that was given before. One that goes on is returned instead.

    A patient has herself called; the clinician herself, or the patient, whom she then lets in by calling. Raises
    :class:`NotAllowed`, :class:`WrongStage`, :class:`NoNumber`, :class:`TooMany`.
    """
    visit = locked(visit)
    if not policies.can_ask_call(actor, visit, role) or not client_key or len(client_key) > 40:
        raise NotAllowed
    now = clock.now()
    stage = selectors.stage_of(visit)
    if stage not in TALKS or selectors.standing_at(visit, now) is not None:
        raise WrongStage(stage)
    number = selectors.callable_number(visit, role)
    if not number or not phone.number_of(_clinic().slug):
        raise NoNumber
    seat = selectors.participants(visit)[role]
    call = _going_on(visit, seat, client_key, now)
    if call is None:
        most = rules.most_phone_calls(now.date())
        if selectors.asked_lately(visit, now - selectors.HOUR) >= most:
            raise TooMany(most)
        runs = policies.can_run_visit(actor, visit)
        call = PhoneCall.objects.create(
            visit=visit, seat=seat, outgoing=True, number=number, client_key=client_key, began_at=now,
            asked_by=selectors.attends(actor) or seat.name if not runs else actor.label,
            admitted_at=now if runs else None,
        )  # fmt: skip
        publish(PhoneCallAsked(call_id=call.id))
        _watch(call)
        tell(visit, "phone")
    note_step("visits.phone.call", actor, visit, target_label=seat.name)
    return call


def _going_on(visit: Visit, seat: Participant, client_key: str, now: datetime) -> PhoneCall | None:
    same = PhoneCall.objects.filter(visit=visit, client_key=client_key).select_related("seat").first()
    calls = (
        each for each in selectors.live_calls(visit) if each.seat_id == seat.id and not selectors.is_lost(each, now)
    )
    return same or next(calls, None)


def _call_of(actor: Actor, visit: Visit, call_id: UUID) -> PhoneCall:
    call = selectors.phone_call(call_id)
    if call is None or call.visit_id != visit.id or not policies.can_view_visit(actor, visit):
        raise NotAllowed
    return call


@action("visits.phone.admit")
def let_call_in(*, actor: Actor, visit: Visit, call_id: UUID) -> PhoneCall:
    """Let a caller in from the lobby of the line, by the clinician's press, on whatever side she is.

    A patient who has checked in is let into her visit with it; one who has not is spoken to before it begins, and no minute
    of that counts. Raises :class:`NotAllowed`, :class:`WrongStage`, and what letting in raises.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    call = _call_of(actor, visit, call_id)
    stage = selectors.stage_of(visit)
    if stage not in TALKS:
        raise WrongStage(stage)
    if call.caller.role == ParticipantRole.PATIENT and stage is Stage.CHECK_IN and selectors.meets(visit):
        raise WrongStage(stage)  # the team is talking; she is let in once she has checked in
    if call.caller.role == ParticipantRole.PATIENT and stage is Stage.WAITING:
        if admit(actor=actor, visit=visit).stopped_by:
            raise WrongStage(Stage.STOPPED)
    elif (
        call.caller.role not in (ParticipantRole.PATIENT, ParticipantRole.CLINICIAN) and call.caller.admitted_at is None
    ):
        let_in(actor=actor, visit=visit, seat_id=call.caller.id)
    if call.admitted_at is None and call.ended_at is None:
        PhoneCall.objects.filter(id=call.id).update(admitted_at=clock.now(), updated_at=clock.now())
        follow_calls(visit)
        tell(visit, "phone")
    note_step("visits.phone.admit", actor, visit, target_label=call.caller.name)
    return selectors.phone_call(call.id) or call


@action("visits.phone.hang-up")
def hang_up(*, actor: Actor, visit: Visit, call_id: UUID) -> PhoneCall:
    """End a call: the clinician any of her visit's, a patient her own. Raises :class:`NotAllowed`."""
    visit = locked(visit)
    call = _call_of(actor, visit, call_id)
    if not policies.can_run_visit(actor, visit) and call.caller.role != policies.role_in(actor, visit):
        raise NotAllowed
    if call.hung_up_at is None and call.ended_at is None:
        PhoneCall.objects.filter(id=call.id).update(hung_up_at=clock.now(), updated_at=clock.now())
        if call.state == PhoneState.ASKED or selectors.is_lost(call, clock.now()):
            call.hung_up_at = clock.now()
            _end(call, PhoneWhy.SENT_AWAY)
        follow_calls(visit)
        tell(visit, "phone")
    note_step("visits.phone.hang-up", actor, visit, target_label=call.caller.name)
    return selectors.phone_call(call.id) or call


@action("visits.phone.reason")
def say_audio_reason(*, actor: Actor, visit: Visit, reason: AudioReason) -> Visit:
    """Keep why there is no picture, while the visit goes on by phone. Raises :class:`NotAllowed`, :class:`WrongStage`."""
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.ROOM, Stage.WAITING)
    visit.audio_reason = reason.value
    visit.save(update_fields=["audio_reason", "updated_at"])
    tell(visit, "phone")
    note_step("visits.phone.reason", actor, visit, changes={"reason": reason.value})
    return visit


# What the worker does


@action("visits.phone.place")
def place_call(*, actor: Actor, call_id: UUID) -> None:
    """Let the carrier make a call that was asked for. Raises ``CarrierAway`` while it may be tried again."""
    _require_carrier(actor)
    call = selectors.phone_call(call_id)
    record("visits.phone.place", actor=actor, ground="telephone")
    if call is None or call.state != PhoneState.ASKED or call.unsure or call.ended_at is not None:
        return
    visit = selectors.by_id(call.room)
    port = phone.voice()
    if selectors.place_of(call, visit, selectors.stage_of(visit)) is PhonePlace.GONE:
        _fail(call, visit, PhoneWhy.OVER)
    elif port is None or clock.now() - call.began_at > RINGS_NO_LATER:
        _fail(call, visit, PhoneWhy.AWAY)
    else:
        try:
            carrier_id = port.call(clinic=_clinic().slug, to=call.number, call_id=call.id)
        except CarrierRefused:
            _fail(call, visit, PhoneWhy.REFUSED)
        except CarrierAway as away:
            if not away.unsure:
                raise
            # It may ring already: called again it would ring twice. What the carrier says next, or the timer, decides.
            PhoneCall.objects.filter(id=call.id, state=PhoneState.ASKED).update(unsure=True)
        else:
            # The carrier may have told of it before its answer was here.
            PhoneCall.objects.filter(id=call.id, carrier_id="").update(carrier_id=carrier_id)
            PhoneCall.objects.filter(id=call.id, state=PhoneState.ASKED).update(state=PhoneState.RINGING)
    tell(visit, "phone")


def _fail(call: PhoneCall, visit: Visit, why: PhoneWhy) -> None:
    lock(call)
    call.refresh_from_db()
    if call.state == PhoneState.ASKED:
        _end(call, why)


@action("visits.phone.turn")
def turn_call(*, actor: Actor, call_id: UUID) -> None:
    """Let the carrier ask anew what a call is to do that belongs elsewhere. Raises ``CarrierAway`` to be tried again."""
    _require_carrier(actor)
    record("visits.phone.turn", actor=actor, ground="telephone")
    call, port = selectors.phone_call(call_id), phone.voice()
    if call is None or call.ended_at is not None or call.turned_at is None or not call.carrier_id or port is None:
        return
    try:
        port.turn(clinic=_clinic().slug, call_id=call.id, carrier_id=call.carrier_id)
    except CarrierRefused:
        _ask_standing(call)


@action("visits.phone.look")
def look_after_call(*, actor: Actor, call_id: UUID) -> None:
    """Ask the carrier how a call stands that nobody has heard to end, and look again later."""
    _require_carrier(actor)
    record("visits.phone.look", actor=actor, ground="telephone")
    call = _locked_call(call_id)
    if call is None or call.ended_at is not None:
        return
    _ask_standing(call)
    if call.ended_at is None:
        _watch(call)
    elif call.visit_id is not None:
        tell(selectors.by_id(call.room), "phone")


def _ask_standing(call: PhoneCall) -> None:
    now, port = clock.now(), phone.voice()
    heard = call.heard_at or call.began_at
    if not call.carrier_id:
        if now - call.began_at > RINGS_NO_LATER:
            _end(call, PhoneWhy.LOST if call.unsure else PhoneWhy.AWAY)
        return
    try:
        if port is None:
            raise CarrierAway("no carrier")
        standing = port.standing(carrier_id=call.carrier_id)
    except CarrierAway:
        if now - heard > GIVEN_UP:
            _end(call, PhoneWhy.LOST, heard)
    except CarrierRefused:
        _end(call, PhoneWhy.LOST, heard)
    else:
        if standing.over:
            _end(call, standing.why, standing.ended_at)


def look_when_due(payload: Mapping[str, Any]) -> None:
    """Do what the timer was set for."""
    look_after_call(actor=frames.current().actor, call_id=UUID(payload["call"]))
