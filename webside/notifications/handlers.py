"""What signing in and out means for pushes: a browser that is left, or used by somebody else, gets no more of them.

The browser's own cookie says which one it is and whose pushes were turned on there. It opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from webside.accounts import registry as accounts
from webside.accounts import sessions
from webside.accounts.models import User
from webside.accounts.selectors import tenants_of
from webside.core import frames
from webside.core.actor import system
from webside.notifications import selectors, services
from webside.notifications.models import PushDevice

COOKIE = "webside_device"
LASTS = 400 * 24 * 3600  # as long as browsers keep one
_signer = Signer(salt="notifications.cookie")


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser in which pushes were turned on, and by whom the last time."""

    device: UUID
    user_id: UUID


def browser_of(request: HttpRequest) -> Browser | None:
    """Return which browser a request comes from, if pushes were ever turned on there."""
    try:
        device, _, user_id = _signer.unsign(request.COOKIES.get(COOKIE, "")).partition(" ")
        return Browser(UUID(device), UUID(user_id))
    except (BadSignature, ValueError):
        return None


def device_for(request: HttpRequest) -> UUID:
    """Return the browser's own id, a new one for a browser that has none."""
    known = browser_of(request)
    return known.device if known else uuid4()


def keep(response: HttpResponse, browser: Browser) -> None:
    """Let a browser know which one it is."""
    response.set_cookie(
        COOKIE, _signer.sign(f"{browser.device} {browser.user_id}"), max_age=LASTS, httponly=True, samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )  # fmt: skip


def leave(browser: Browser) -> None:
    """Forget, in all clinics, that somebody turned on pushes in a browser."""
    for tenant_id in tenants_of(browser.user_id):
        with frames.begin(tenant_id=tenant_id, actor=system("sign-out", tenant_id)):
            if PushDevice.objects.filter(user_id=browser.user_id, device=browser.device).exists():
                services.forget_device(user_id=browser.user_id, device=browser.device)


def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    browser = browser_of(request)
    if browser is None:
        return
    if browser.user_id != user.pk:
        leave(browser)
    if current := sessions.current(request):
        for tenant_id in tenants_of(user.pk):
            with frames.begin(tenant_id=tenant_id, actor=system("sign-in", tenant_id)):
                services.follow_sign_in(user_id=user.pk, device=browser.device, sign_in=UUID(current))


def _signed_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    browser = browser_of(request) if request is not None else None
    if browser is not None and user is not None and browser.user_id == user.pk:
        leave(browser)


def _left(user_id: UUID, ended: Collection[UUID], but: UUID | None) -> None:
    for tenant_id in tenants_of(user_id):
        with frames.begin(tenant_id=tenant_id, actor=system("sign-out", tenant_id)):
            if selectors.devices_left(user_id, ended, but).exists():
                services.forget_signed_out(user_id=user_id, ended=ended, but=but)


def connect() -> None:
    """Hear who signs in and out, and where."""
    user_logged_in.connect(_signed_in, dispatch_uid="notifications.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="notifications.signed_out")
    accounts.on_left(_left)
