"""Writing the trail. Rows go in with the change itself; a refusal goes in on a connection of its own."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID

import psycopg
from django.db import connection, models, transaction
from django.http import Http404
from psycopg.types.json import Jsonb

from webside.audit.codes import Kind, Outcome
from webside.audit.models import AuditEvent
from webside.core import clock, frames, lean
from webside.core.actor import Actor, ActorKind, Role

logger = logging.getLogger(__name__)

_KINDS = {
    "read": Kind.READ, "view": Kind.READ, "export": Kind.READ, "search": Kind.READ, "download": Kind.READ,
    "create": Kind.CREATE, "book": Kind.CREATE, "register": Kind.CREATE, "add": Kind.CREATE, "give": Kind.CREATE,
    "delete": Kind.DELETE, "remove": Kind.DELETE,
    "sign": Kind.EXECUTE, "start": Kind.EXECUTE, "end": Kind.EXECUTE, "verify": Kind.EXECUTE, "identify": Kind.EXECUTE,
    "override": Kind.EXECUTE, "signin": Kind.EXECUTE, "signout": Kind.EXECUTE, "refuse": Kind.EXECUTE,
}  # fmt: skip

ON_BEHALF = "for the patient"
"""The ground of everything that somebody does for another person."""

S = TypeVar("S", bound=Callable[..., Any])


class Unaudited(RuntimeError):
    """An action finished without an audit record: a defect of ours, so the action is undone."""


def _kind(action: str) -> Kind:
    return _KINDS.get(action.rpartition(".")[2].partition("-")[0], Kind.UPDATE)


def _values(
    action: str,
    actor: Actor,
    target: models.Model | None,
    patient_id: UUID | None,
    ground: str,
    reason: str,
    changes: Mapping[str, Any] | None,
    outcome: Outcome,
    target_label: str,
) -> dict[str, Any]:
    frame = frames.current()
    if actor.on_behalf is not None:
        # Whatever the caller calls it: it is not her own. Roles say what she is to the patient, for good.
        ground, roles = ON_BEHALF, [Role.DELEGATE.value, actor.on_behalf.relation]
    else:
        roles = sorted(actor.roles)
    return {
        "tenant_id": frame.tenant_id,
        "action": action,
        "kind": _kind(action).value,
        "outcome": outcome.value,
        "actor_kind": actor.kind.value,
        "actor_id": actor.user_id or actor.subject_id,
        "actor_label": actor.label[:160],
        "actor_roles": " ".join(roles).strip(),
        "target_type": type(target).__name__ if target is not None else "",
        "target_id": target.pk if target is not None else None,
        "target_label": target_label[:200],
        "patient_id": patient_id or actor.acts_for,
        "ground": ground[:200],
        "reason": reason,
        "changes": dict(changes or {}),
        "request_id": frame.request_id,
        "remote": frame.remote,
    }


def record(
    action: str,
    *,
    actor: Actor,
    target: models.Model | None = None,
    patient_id: UUID | None = None,
    ground: str = "",
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
    target_label: str = "",
    outcome: Outcome = Outcome.SUCCESS,
) -> AuditEvent:
    """Write one row of the trail in the current transaction.

    ``action`` is dotted (``scheduling.appointment.book``) and has a sentence in ``audit.sentences``.
    ``ground`` says by what right (treating, own record, front desk); ``reason`` is what a person
    gave for an override. ``changes`` holds the changed fields of what FHIR versions can't express.
    ``outcome`` is another one where a refusal must stand or fall with the transaction, since it is counted;
    a request that raises takes :func:`record_refusal`.
    """
    values = _values(action, actor, target, patient_id, ground, reason, changes, outcome, target_label)
    if values["tenant_id"] is None:
        # The ORM reads back what it wrote, and nobody may read rows without a tenant: they are inserted blindly.
        event = AuditEvent(**values)
        with connection.cursor() as cursor:
            cursor.execute(*_insert(event))
    else:
        event = AuditEvent.objects.create(**values)
    frames.current().audited.append(action)
    return event


def record_refusal(
    action: str, *, actor: Actor, target_type: str = "", target_id: UUID | None = None, reason: str = ""
) -> None:
    """Write that somebody was refused. The request's transaction rolls back, so this one is its own."""
    values = _values(action, actor, None, None, "", reason, None, Outcome.REFUSED, "")
    event = AuditEvent(**values | {"target_type": target_type, "target_id": target_id})
    try:
        with psycopg.connect(**lean.conninfo(), connect_timeout=5) as apart:
            apart.execute(
                "SELECT set_config('app.tenant', %s, true)", [str(event.tenant_id) if event.tenant_id else ""]
            )
            apart.execute(*_insert(event))
    except psycopg.Error:
        logger.exception("a refusal could not be written to the trail")


MOST_GUESSES = 30
GUESSES_WITHIN = timedelta(hours=1)


def record_guess(action: str, *, actor: Actor, target_type: str = "", target_id: UUID | None = None) -> None:
    """Write that somebody asked for what isn't theirs, or is nobody's, within bounds.

    Whoever is signed in is noted each time, as in :func:`record_refusal`. Of everybody else the tenant's trail keeps the
    first :data:`MOST_GUESSES` of an action within :data:`GUESSES_WITHIN`, the last of them saying that more may have
    come: that somebody is guessing is seen, and nobody without an account fills a trail that is never deleted.
    Visitors and who came by a link are counted apart, so that the one can't hide the other.
    """
    if actor.kind is ActorKind.PERSON:
        return record_refusal(action, actor=actor, target_type=target_type, target_id=target_id)
    newest = AuditEvent.objects.filter(
        tenant_id=frames.current_tenant_id(), action=action, outcome=Outcome.REFUSED, actor_kind=actor.kind
    ).order_by("-sequence")
    since = clock.now() - GUESSES_WITHIN
    known = sum(at > since for at in newest.values_list("at", flat=True)[:MOST_GUESSES])
    if known >= MOST_GUESSES:
        return None
    reason = "so many within an hour: more are not written" if known == MOST_GUESSES - 1 else ""
    return record_refusal(action, actor=actor, target_type=target_type, target_id=target_id, reason=reason)


def refuse(action: str, *, actor: Actor, target_type: str = "", target_id: UUID | None = None) -> NoReturn:
    """Note that somebody was refused, and answer as if there were nothing: raises :class:`Http404`.

    Of who isn't signed in so many an hour are noted (:func:`record_guess`): an id is guessed as quickly as a token.
    """
    record_guess(action, actor=actor, target_type=target_type, target_id=target_id)
    raise Http404


def _insert(event: AuditEvent) -> tuple[Any, list[Any]]:
    names = [field.name for field in AuditEvent._meta.local_fields if field.name not in ("sequence", "transaction")]
    row = [Jsonb(event.changes) if name == "changes" else getattr(event, name) for name in names]
    places = ", ".join(["%s"] * len(names))
    return f"INSERT INTO audit_auditevent ({', '.join(names)}) VALUES ({places})", row  # noqa: S608 - own names


def action(name: str) -> Callable[[S], S]:
    """Make a service a named action: a savepoint in the request's frame that must leave an audit record.

    The service takes keyword arguments only. If it returns without having called :func:`record`
    with ``name``, everything it did is undone and :class:`Unaudited` is raised.
    """

    def decorate(service: S) -> S:
        @functools.wraps(service)
        def run(**arguments: Any) -> Any:
            frame = frames.current()
            before = frame.audited.count(name)
            with transaction.atomic():
                result = service(**arguments)
                if frame.audited.count(name) <= before:
                    raise Unaudited(name)
            return result

        run.action = name  # type: ignore[attr-defined]
        return cast("S", run)

    return decorate
