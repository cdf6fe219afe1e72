"""Something is wrong: a patient says so, a person takes it, and more people are told when nobody does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webside.audit.services import action, record
from webside.core import clock, frames, timers
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.realtime.services import push_on_commit
from webside.visits import policies, rules, selectors
from webside.visits.events import HelpAsked, HelpUnanswered
from webside.visits.models import HelpRequest, Visit
from webside.visits.services.errors import NotAllowed, TakenAlready, TooMany
from webside.visits.services.rooms import locked, note_step

LONGEST_HELP = 500
HELP_TIMER = "visits.help"
"""Its key is the request's id: there is one at a time, for who is to take it and then for who is to answer."""
_HOUR = timedelta(hours=1)


@action("visits.help.ask")
def ask_for_help(*, actor: Actor, visit: Visit, words: str, phone: str, client_key: str) -> HelpRequest:
    """Say that something is wrong with a visit, to the front desk. The same ``client_key`` again is the same request.

    ``phone``: where she can be called now; empty where she didn't say. Raises :class:`NotAllowed`, :class:`TooMany`,
    :class:`ValueError` for no words or too many of them.
    """
    if not policies.can_ask_for_help(actor, visit):
        raise NotAllowed
    words = words.strip()
    if not words or len(words) > LONGEST_HELP or not client_key or len(client_key) > 40:
        raise ValueError("not a request")
    visit = locked(visit)
    request = HelpRequest.objects.filter(visit=visit, client_key=client_key).first()
    if request is None:
        now = clock.now()
        most = rules.most_help(now.date())
        if most and HelpRequest.objects.filter(visit=visit, asked_at__gt=now - _HOUR).count() >= most:
            raise TooMany(most)
        request = HelpRequest.objects.create(
            visit=visit, asked_by=selectors.attends(actor) or visit.appointment.patient.full_name, words=words,
            phone=phone.strip(), client_key=client_key, asked_at=now,
        )  # fmt: skip
        _watch(request, now + rules.help_alarm(now.date()))
        publish(HelpAsked(help_id=request.id))
        _tell(request)
    note_step("visits.help.ask", actor, visit)
    return request


@action("visits.help.take")
def take_help(*, actor: Actor, help_id: UUID, over: bool = False) -> HelpRequest:
    """Say that one looks after a request for help; ``over`` takes it from a colleague.

    Raises :class:`NotAllowed`, :class:`TakenAlready` where a colleague has it. One that was answered stays so.
    """
    request = _locked(actor, help_id)
    if request.answered_at is None and request.taker_id != actor.user_id:
        if request.taken_at is not None and not over:
            raise TakenAlready(request.taken_by)
        now = clock.now()
        request.taken_at, request.taken_by, request.taker_id = now, actor.label, actor.user_id
        request.save()
        _watch(request, now + rules.help_again(now.date()))
        _tell(request)
    _note("visits.help.take", actor, request)
    return request


@action("visits.help.answer")
def answer_help(*, actor: Actor, help_id: UUID, answer: str) -> HelpRequest:
    """Note what was done about a request for help, and close it. An answered one keeps its first answer.

    Raises :class:`NotAllowed`, :class:`ValueError` where nothing is said, or too much.
    """
    answer = answer.strip()
    if not answer or len(answer) > LONGEST_HELP:
        raise ValueError("not an answer")
    request = _locked(actor, help_id)
    if request.answered_at is None:
        now = clock.now()
        if request.taken_at is None:
            request.taken_at, request.taken_by, request.taker_id = now, actor.label, actor.user_id
        request.answered_at, request.answered_by, request.answer = now, actor.label, answer
        request.save()
        timers.cancel_timer(HELP_TIMER, key=str(request.id))
        _tell(request)
    _note("visits.help.answer", actor, request)
    return request


@action("visits.help.alarm")
def alarm_help(*, actor: Actor, help_id: UUID) -> None:
    """Tell more people of a request for help that is still open, and look again later. A timer of its own calls it."""
    found = selectors.help_request(help_id)
    if found is None:
        record("visits.help.alarm", actor=actor, changes={"outcome": "gone"})
        return
    lock(found)
    found.refresh_from_db()
    if found.answered_at is None:
        now = clock.now()
        found.alarms += 1
        found.save(update_fields=["alarms", "updated_at"])
        publish(HelpUnanswered(help_id=found.id, alarm=found.alarms))
        _watch(found, now + max(rules.help_again(now.date()), rules.help_alarm(now.date()), _LEAST))
        _tell(found)
    _note("visits.help.alarm", actor, found, changes={"alarm": found.alarms})


_LEAST = timedelta(minutes=1)
"""Between two alarms, though a row has ended: a mailbox that overflows is read by nobody."""


def alarm_when_due(payload: Mapping[str, Any]) -> None:
    """Do what the timer was set for."""
    alarm_help(actor=frames.current().actor, help_id=UUID(payload["help"]))


def _watch(request: HelpRequest, due_at: datetime) -> None:
    timers.set_timer(HELP_TIMER, key=str(request.id), due_at=due_at, payload={"help": str(request.id)})


def _locked(actor: Actor, help_id: UUID) -> HelpRequest:
    """Return a request for help that the actor may answer, locked; raise :class:`NotAllowed`."""
    found = policies.visible_help(actor, HelpRequest.objects.filter(id=help_id)).first()
    if found is None:
        raise NotAllowed
    lock(found)
    return HelpRequest.objects.select_related("visit__appointment").get(id=found.id)


def _tell(request: HelpRequest) -> None:
    """Hint to the front desk's pages and to the patient's."""
    push_on_commit(f"tenant:{frames.current_tenant_id()}", "help", request.id)
    push_on_commit(f"visit-news:{request.visit_id}", "help", request.id)


def _note(name: str, actor: Actor, request: HelpRequest, **more: Any) -> None:
    record(name, actor=actor, target=request, patient_id=request.visit.appointment.patient_id,
           ground=policies.ground_of_help(actor), **more)  # fmt: skip
