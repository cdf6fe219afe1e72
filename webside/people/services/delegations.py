"""Letting somebody act for a patient, and ending it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from webside.accounts import registry as accounts
from webside.accounts import services as account_services
from webside.accounts.models import User
from webside.accounts.services import token_hash
from webside.audit.services import action, record
from webside.core import clock
from webside.core.actor import Actor, OnBehalf, Role
from webside.core.timers import cancel_timer, set_timer
from webside.people import policies, rules, selectors
from webside.people.codes import OFFERED, Basis, Scope
from webside.people.models import MOST_DAYS, Delegation, Patient
from webside.people.services.people import NotAllowed
from webside.ui import when

INVITATION_DAYS = 7
MOST_IN_A_DAY = 5
"""Invitations for one patient: each is a letter of the clinic's to an address that anybody may have typed."""
REMIND_BEFORE = timedelta(days=14)
REMIND, OVER = "people.delegation.remind", "people.delegation.over"
LinkTo = Callable[[str], str]


class InvitationGone(LookupError):
    """The invitation is unknown, taken, ended or too old: all look the same."""


class TooLong(ValueError):
    """Nobody lets another person act for her for more than a year at once, nor until a moment that has passed."""


class NotForOneself(ValueError):
    """The address is the patient's own."""


class TooMany(ValueError):
    """As many invitations for this patient have gone out as may in a day."""


@action("people.delegation.grant")
def grant_delegation(
    *,
    actor: Actor,
    patient: Patient,
    name: str,
    email: str,
    relation: str,
    scopes: Iterable[str],
    expires_at: datetime,
    link_to: LinkTo,
) -> Delegation:
    """Let somebody act for the patient who gives it; she is asked by e-mail and must accept, signed in.

    ``link_to(token)`` gives the address of the page that takes the invitation. Raises :class:`NotAllowed`,
    :class:`TooLong`, :class:`NotForOneself`, :class:`TooMany`, :class:`ValueError` for scopes that there are not.
    """
    if not policies.can_delegate(actor, patient):
        raise NotAllowed
    now = clock.now()
    if not now < expires_at <= now + timedelta(days=MOST_DAYS):
        raise TooLong
    delegation = _invite(
        patient=patient, name=name, email=email, relation=relation, basis=Basis.GRANTED, scopes=scopes,
        expires_at=expires_at, given_by=actor.label, link_to=link_to,
    )  # fmt: skip
    _note("people.delegation.grant", actor, delegation, ground="own decision")
    return delegation


@action("people.delegation.record")
def record_guardian(
    *,
    actor: Actor,
    patient: Patient,
    name: str,
    email: str,
    relation: str,
    basis: Basis,
    scopes: Iterable[str],
    evidence: str,
    expires_at: datetime | None,
    link_to: LinkTo,
) -> Delegation:
    """Keep that a guardian, or whom a court named, acts for the patient; ``evidence`` is the document that was seen.

    ``expires_at`` is when the patient comes of age, or the last day that the court gave. Raises :class:`NotAllowed`,
    :class:`TooLong` for a moment that has passed, :class:`NotForOneself`, :class:`ValueError`.
    """
    if not policies.can_record_guardian(actor):
        raise NotAllowed
    if basis == Basis.GRANTED or not evidence.strip():
        raise ValueError("a guardian is recorded with the document that was seen")
    if expires_at is not None and expires_at <= clock.now():
        raise TooLong
    delegation = _invite(
        patient=patient, name=name, email=email, relation=relation, basis=basis, scopes=scopes, expires_at=expires_at,
        given_by=actor.label, link_to=link_to, evidence=evidence.strip()[:200], evidence_seen_by=actor.label,
    )  # fmt: skip
    _note("people.delegation.record", actor, delegation, ground="front desk", reason=delegation.evidence)
    return delegation


def _invite(
    *, patient: Patient, email: str, name: str, scopes: Iterable[str], link_to: LinkTo, **more: Any
) -> Delegation:
    chosen = [scope.value for scope in Scope if scope in set(scopes)]
    if not chosen or not set(chosen) <= set(OFFERED):
        raise ValueError("something to do for her, of what there is")
    address = email.strip().lower()
    if patient.user is not None and patient.user.email == address:
        raise NotForOneself
    now = clock.now()
    # Locked, or two at once would both be the last.
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    if selectors.invitations_since(patient, now - timedelta(days=1)) >= MOST_IN_A_DAY:
        raise TooMany
    token = secrets.token_urlsafe(32)
    delegation = Delegation.objects.create(
        patient=patient, name=name.strip(), email=address, scopes=chosen, token_hash=token_hash(token),
        invited_until=now + timedelta(days=INVITATION_DAYS), **more,
    )  # fmt: skip
    # No more than a given name: the address may have been mistyped.
    _send(
        address,
        _("You are asked to help with somebody’s care"),
        _(
            "%(clinic)s asks you, for %(given)s, to help with %(given)s’s care online.\n\n"
            "Open this page within %(days)d days to say yes:\n%(link)s\n\n"
            "If you did not expect this, you can leave it; nothing happens.\n"
        )
        % {"clinic": delegation.tenant.name, "given": patient.given, "days": INVITATION_DAYS, "link": link_to(token)},
    )
    return delegation


def open_invitation(token: str) -> Delegation:
    """Return the grant that a token invites to, or raise :class:`InvitationGone`."""
    found = selectors.invitation(token_hash(token))
    if found is None:
        raise InvitationGone
    return found


@action("people.delegation.accept")
def accept_delegation(*, actor: Actor, token: str, password: str | None) -> User:
    """Take what a patient, or the law, gave; make the account where there is none. An earlier grant of hers ends.

    A link alone never takes over an account: who has one must be signed in to it. Raises :class:`InvitationGone`,
    :class:`NotAllowed`.
    """
    delegation = Delegation.objects.select_for_update(of=("self",)).get(id=open_invitation(token).id)
    if delegation.accepted_at is not None or actor.on_behalf is not None:
        raise NotAllowed
    try:
        membership = account_services.join(
            actor=actor, email=delegation.email, name=delegation.name, password=password,
            tenant_id=delegation.tenant_id, roles=[Role.DELEGATE.value],
        )  # fmt: skip
    except account_services.NotAllowed:
        raise NotAllowed from None
    user = membership.user
    if user.pk == delegation.patient.user_id:
        raise NotAllowed
    for earlier in Delegation.objects.filter(
        patient=delegation.patient, user=user, accepted_at__isnull=False, revoked_at=None
    ):
        _end(earlier, user.name)
    delegation.user, delegation.accepted_at, delegation.token_hash = user, clock.now(), None
    delegation.save()
    _set_timers(delegation)
    _note("people.delegation.accept", actor, delegation)
    if delegation.patient.email:
        _send(
            delegation.patient.email,
            _("Somebody can act for you now"),
            _(
                "%(name)s has said yes and can act for you at %(clinic)s.\n\n"
                "You see who may act for you, and what they did, when you sign in. You can end it there at any time.\n"
            )
            % {"name": delegation.name, "clinic": delegation.tenant.name},
        )
    return user


def _set_timers(delegation: Delegation) -> None:
    if delegation.expires_at is None:
        return
    begins = delegation.accepted_at or delegation.starts_at
    for name, due_at in (
        (REMIND, rules.remind_at(begins, delegation.expires_at, REMIND_BEFORE)),
        (OVER, delegation.expires_at),
    ):
        set_timer(name, key=str(delegation.id), due_at=due_at, payload={"delegation": str(delegation.id)})


@action("people.delegation.end")
def end_delegation(*, actor: Actor, delegation: Delegation) -> Delegation:
    """End it at once: pages that are open close, and the next request finds nothing. Again changes nothing."""
    if not policies.can_end_delegation(actor, delegation):
        raise NotAllowed
    delegation = Delegation.objects.select_for_update(of=("self",)).select_related("patient").get(id=delegation.id)
    if delegation.revoked_at is None:
        _end(delegation, actor.label)
    _note("people.delegation.end", actor, delegation)
    return delegation


def _end(delegation: Delegation, by: str) -> None:
    delegation.revoked_at, delegation.revoked_by, delegation.token_hash = clock.now(), by[:160], None
    delegation.save()
    for name in (REMIND, OVER):
        cancel_timer(name, key=str(delegation.id))
    close_what_is_open(delegation)


def close_what_is_open(delegation: Delegation) -> None:
    """Close what the delegate has open; her own pages come back, those of the patient are refused."""
    if delegation.user_id is not None:
        accounts.revoke(delegation.user_id, accounts.RENEWED)


@action("people.delegation.begin")
def begin_acting(*, actor: Actor, delegation: Delegation) -> OnBehalf:
    """Let the actor act for the patient of a grant of hers; raise :class:`NotAllowed` where it doesn't stand."""
    behalf = selectors.behalf_of(actor, delegation.id) if actor.on_behalf is None else None
    if behalf is None:
        raise NotAllowed
    _note("people.delegation.begin", replace(actor, on_behalf=behalf), delegation)
    return behalf


@action("people.delegation.stop")
def stop_acting(*, actor: Actor) -> None:
    """Note that the actor acts for herself again."""
    record("people.delegation.stop", actor=actor, patient_id=actor.acts_for)


@action("people.delegation.remind")
def remind(*, actor: Actor, delegation: Delegation) -> None:
    """Tell both that it ends soon."""
    _note("people.delegation.remind", actor, delegation)
    text = _(
        "%(name)s can act for %(given)s at %(clinic)s until %(day)s.\n\n"
        "If that is needed longer, %(given)s signs in and gives it again.\n"
    )
    if delegation.by_law:
        text = _(
            "%(name)s can act for %(given)s at %(clinic)s until %(day)s.\n\n"
            "If you have questions, call the front desk.\n"
        )
    said = {
        "name": delegation.name,
        "given": delegation.patient.given,
        "clinic": delegation.tenant.name,
        "day": _day_of(delegation),
    }
    for to in _both(delegation):
        _send(to, _("Acting for somebody ends soon"), text % said)


@action("people.delegation.expire")
def expire(*, actor: Actor, delegation: Delegation) -> None:
    """Close what is open when it ends by itself, and tell both. The end itself needs nobody: each request asks the clock."""
    _note("people.delegation.expire", actor, delegation)
    close_what_is_open(delegation)
    text = _(
        "%(name)s can no longer act for %(given)s at %(clinic)s.\n\nIf that is needed still, %(given)s can give it.\n"
    )
    if delegation.basis == Basis.GUARDIAN:
        text = _(
            "%(given)s is of age now, so %(name)s can no longer act for %(given)s at %(clinic)s.\n\n"
            "If that is needed still, %(given)s can sign in and give it.\n"
        )
    for to in _both(delegation):
        _send(
            to,
            _("Acting for somebody has ended"),
            text % {"name": delegation.name, "given": delegation.patient.given, "clinic": delegation.tenant.name},
        )


def _day_of(delegation: Delegation) -> str:
    ends = delegation.expires_at
    return when.say(ends, clock.now(), zone=delegation.tenant.timezone, style="day") if ends is not None else ""


def _both(delegation: Delegation) -> list[str]:
    return list(dict.fromkeys(filter(None, (delegation.patient.email, delegation.email))))


def _send(to: str, subject: str, body: str) -> None:
    EmailMessage(subject=subject, body=body, to=[to]).send()


def _note(name: str, actor: Actor, delegation: Delegation, *, ground: str = "", reason: str = "") -> None:
    changes = {
        "relation": delegation.relation,
        "basis": delegation.basis,
        "scopes": delegation.scopes,
        "until": delegation.expires_at.isoformat() if delegation.expires_at else None,
    }
    record(name, actor=actor, target=delegation, target_label=delegation.name, patient_id=delegation.patient_id,
           ground=ground, reason=reason, changes=changes)  # fmt: skip
