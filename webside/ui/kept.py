"""What was typed into a form that was refused, kept for the page that asks again.

A refused form is answered by leading to a page that Back can show: the answer to a POST is one that a browser forgets.
What was typed goes along in the session, sealed, since a reason and a birth date stand in it; it is gone when the form
has done its work, and opens for half an hour and on the same page only.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseRedirect, QueryDict

from webside.core import clock
from webside.core.crypto import Unreadable, keyring

HOLDS = timedelta(minutes=30)
LONGEST = 5000  # characters of one answer; a session isn't a place to fill
MOST = 50  # answers to one question
_KEY = "kept_form"
_CARRIED = "carried"
_AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Kept:
    """``answers`` as they were sent, by field. What stood in the way: ``trouble``, ``groups`` and ``findings``."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    trouble: str = ""
    groups: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, form: BaseForm, **stood_in_the_way: Any) -> Kept:
        """Return what was sent for the fields of a form, with what stood in the way."""
        data: Any = form.data  # a QueryDict, or plain values where something else than a page asks
        many = data.getlist if hasattr(data, "getlist") else lambda name: [data[name]]
        return cls(
            {name: [str(value) for value in many(name)] for name in form.fields if name in data}, **stood_in_the_way
        )

    def answer(self, name: str) -> str:
        """Return what was sent for a field that holds one value; empty for none."""
        return next(iter(self.answers.get(name, [])), "")

    @property
    def data(self) -> QueryDict:
        """The answers as a form takes them."""
        data = QueryDict(mutable=True)
        for name, values in self.answers.items():
            data.setlist(name, values)
        return data


def ask_again(request: HttpRequest, kept: Kept, query: str = "") -> HttpResponseRedirect:
    """Keep what was typed, in place of what was kept before, and lead to the same page, which shows it.

    ``query`` is what else the page's address says ("state=NY"): nothing of what was typed.
    """
    answers = {name: [value[:LONGEST] for value in values[:MOST]] for name, values in kept.answers.items()}
    plain = json.dumps({**asdict(kept), "answers": answers}).encode()
    sealed = keyring().seal(plain, place=_place(request))
    request.session[_KEY] = {"at": clock.now().isoformat(), "sealed": base64.b64encode(sealed).decode()}
    return HttpResponseRedirect(f"{request.path}?{query}{'&' if query else ''}{_AGAIN}=1")


def kept_for(request: HttpRequest) -> Kept | None:
    """Return what was kept for the page that is asked for, or nothing where there is none, or it is too old."""
    found = request.session.get(_KEY) if request.GET.get(_AGAIN) else None
    if not found or clock.now() - datetime.fromisoformat(found["at"]) > HOLDS:
        return None
    try:
        plain = keyring().open(base64.b64decode(found["sealed"]), place=_place(request))
    except Unreadable:
        return None  # of another page, or sealed with a key that is gone
    return Kept(**json.loads(plain))


def forget(request: HttpRequest) -> None:
    """Let go of what was kept: the form has done its work."""
    request.session.pop(_KEY, None)


def carry(request: HttpRequest, name: str, text: str) -> None:
    """Keep what somebody said on one page for a form on another: nobody is asked twice. An empty text lets go of it."""
    known = dict(request.session.get(_CARRIED, {}))
    known.pop(name, None)
    if text:
        sealed = keyring().seal(text[:LONGEST].encode(), place=_clinic(request, name))
        known[name] = {"at": clock.now().isoformat(), "sealed": base64.b64encode(sealed).decode()}
    request.session[_CARRIED] = known


def carried(request: HttpRequest, name: str) -> str:
    """Return what was carried on in this clinic by the same person within half an hour, or an empty text."""
    found = request.session.get(_CARRIED, {}).get(name)
    if not found or clock.now() - datetime.fromisoformat(found["at"]) > HOLDS:
        return ""
    try:
        return keyring().open(base64.b64decode(found["sealed"]), place=_clinic(request, name)).decode()
    except Unreadable:
        return ""  # of another clinic or person, or sealed with a key that is gone


def _clinic(request: HttpRequest, name: str) -> str:
    """Bind what is sealed to the clinic, to who is signed in, and to what it is."""
    tenant, actor = request.tenant, request.actor  # type: ignore[attr-defined]
    return f"ui.carried:{tenant.id}:{actor.user_id or ''}:{name}"


def _place(request: HttpRequest) -> str:
    """Bind what is sealed to the page (its clinic is in the path) and to who was signed in when it was typed."""
    actor = request.actor  # type: ignore[attr-defined]
    return f"ui.kept:{request.path}:{actor.user_id or ''}:{actor.acts_for or ''}"
