"""How long somebody stays signed in: until nobody uses the browser, or they end it from another one.

A page of ours asks before the time is over and covers itself afterwards (``ui/static/ui/idle-watch.js``); this is the
side that doesn't trust pages. Use is what a person does: a page opened, a form sent. What pages fetch by themselves is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from webside.accounts import acting, rules, selectors
from webside.accounts.models import SignIn, User
from webside.core import clock

_ID, _BEGAN, _USED, _LIMIT = "sign_in", "sign_in_began", "sign_in_used", "sign_in_minutes"
"""One beginning for all: ``acting`` keeps what begins so when the rest of a session is emptied."""
LATE = timedelta(minutes=2)
"""So much longer than a page the server waits: what a page knows of its use may be on the way."""
NOTED_EVERY = timedelta(minutes=1)
"""Use that was noted oftener would write at each request."""
_SAFE = ("GET", "HEAD", "OPTIONS")


def limit_of(request: HttpRequest) -> timedelta:
    """Return after how long without use this browser is signed out."""
    return timedelta(minutes=request.session.get(_LIMIT, settings.ENV.idle_minutes))


def mark_of(request: HttpRequest) -> str:
    """Return what stands for whoever is signed in, and for whom she acts, so that a page knows whether it is still theirs."""
    return salted_hmac("accounts.sessions", f"{request.user.pk} {acting.mark_of(request)}").hexdigest()[:20]


def stands(request: HttpRequest) -> bool:
    """Whether who is signed in here still is; note that she uses it. False: she is a visitor from now on.

    Called before anything is answered. It asks the database nothing but once in a minute of use.
    """
    if not request.user.is_authenticated:
        return True
    if _ID not in request.session:  # signed in before sign-ins were noted
        _begin(request, request.user)
    now = clock.now()
    used_at = _moment(request.session, _USED)
    left_alone = used_at is not None and now - used_at > limit_of(request) + LATE
    ends = ends_at(request)
    if left_alone or (ends is not None and now >= ends):
        forget(request)
        return False
    if not _is_use(request) or (used_at is not None and not rules.is_due(used_at, now, NOTED_EVERY)):
        return True
    request.session[_USED] = now.isoformat()
    found = _noted(request.session).filter(user_id=request.user.pk)
    if found.update(seen_at=now, session_key=request.session.session_key):
        return True
    forget(request)  # it was ended in another browser, in the moment in which this session changed its key
    return False


def ends_at(request: HttpRequest) -> datetime | None:
    """Return when a sign-in ends however much it is used; nothing for a visitor.

    What is written to a session moves the session's own end, and use is written.
    """
    began = _moment(request.session, _BEGAN)
    return began + timedelta(seconds=settings.SESSION_COOKIE_AGE) if began else None


def forget(request: HttpRequest) -> None:
    """Make whoever is signed in here a visitor, with nothing that the session knew."""
    _noted(request.session).delete()
    request.session.flush()
    request.user = AnonymousUser()


def current(request: HttpRequest) -> str:
    """Return the id of this browser's sign-in, empty for a visitor."""
    return str(request.session.get(_ID, ""))


def _noted(session: SessionBase) -> QuerySet[SignIn]:
    text = session.get(_ID)
    return SignIn.objects.filter(id=UUID(text)) if text else SignIn.objects.none()


def _moment(session: SessionBase, name: str) -> datetime | None:
    text = session.get(name)
    return datetime.fromisoformat(text) if text else None


def _is_use(request: HttpRequest) -> bool:
    # Browsers name what they fetch for; who names nothing is taken for a person.
    return request.method not in _SAFE or request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _begin(request: HttpRequest, user: User, **_: Any) -> None:
    """Note in which browser somebody has signed in (Django says so, whatever the way in was)."""
    now = clock.now()
    if not request.session.session_key:
        request.session.save()
    key = str(request.session.session_key)
    SignIn.objects.filter(session_key=key).delete()
    sign_in = SignIn.objects.create(
        user=user,
        session_key=key,
        device=rules.device_name(request.META.get("HTTP_USER_AGENT", "")),
        started_at=now,
        seen_at=now,
        ends_at=now + timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )
    request.session[_ID] = str(sign_in.id)
    request.session[_BEGAN] = request.session[_USED] = now.isoformat()
    request.session[_LIMIT] = settings.ENV.idle_minutes_staff if selectors.works_at(user) else settings.ENV.idle_minutes


def _end(request: HttpRequest | None, **_: Any) -> None:
    if request is not None:
        _noted(request.session).delete()


def connect() -> None:
    """Hear who signs in and out."""
    user_logged_in.connect(_begin, dispatch_uid="accounts.sessions.begin")
    user_logged_out.connect(_end, dispatch_uid="accounts.sessions.end")
