"""Sign-ins in the trail. Django and allauth speak of them by signals, so this is where signals are heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in, user_logged_out
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from webside.accounts import registry, sessions
from webside.accounts.models import User
from webside.audit.services import record
from webside.core import frames
from webside.core.actor import Actor, ActorKind, anonymous

NONE_OF_THEIRS = UUID(int=0)
"""Which sign-in goes on where a new password was set by a link: nobody was signed in."""


def _person(user: User) -> Actor:
    return Actor(kind=ActorKind.PERSON, label=str(user), user_id=user.pk)


def _write(request: HttpRequest | None, action: str, actor: Actor) -> None:
    with frames.begin(
        tenant_id=None,
        actor=actor,
        request_id=getattr(request, "request_id", ""),
        remote=request.META.get("REMOTE_ADDR", "") if request else "",
    ):
        record(action, actor=actor)


def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    _write(request, "accounts.session.signin", _person(user))


def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _write(request, "accounts.session.signout", _person(user))
        with frames.begin(tenant_id=None, actor=_person(user)):
            registry.revoke(user.pk)


def note_end(request: HttpRequest, user: User) -> None:
    """Note that a sign-in ended because nobody used it; other browsers of theirs find out that they go on."""
    _write(request, "accounts.session.expire", _person(user))
    with frames.begin(tenant_id=None, actor=_person(user)):
        registry.revoke(user.pk, registry.RENEWED)


def _new_password(user: User, request: HttpRequest | None = None, **_: Any) -> None:
    # Every other session of theirs has ended with the old one; which those are, each page's next ticket finds out.
    with frames.begin(tenant_id=None, actor=_person(user)):
        registry.revoke(user.pk, registry.RENEWED)
    here = sessions.current(request) if request is not None and hasattr(request, "session") else ""
    registry.left(user.pk, (), UUID(here) if here else NONE_OF_THEIRS)


def _failed(request: HttpRequest | None = None, **_: Any) -> None:
    # The address that was tried stays out: it may be somebody's password in the wrong field.
    _write(request, "accounts.session.refuse", anonymous())


def note_refusal(*, request_id: str, remote: str) -> None:
    """Note that somebody could not sign in, where no page was asked (the lean lane)."""
    actor = anonymous()
    with frames.begin(tenant_id=None, actor=actor, request_id=request_id, remote=remote):
        record("accounts.session.refuse", actor=actor)


def connect() -> None:
    """Hear the signals."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.signed_out")
    for signal in (password_changed, password_reset, password_set):
        signal.connect(_new_password, dispatch_uid="accounts.new_password")
    user_login_failed.connect(_failed, dispatch_uid="accounts.failed")
