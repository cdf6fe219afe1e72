"""The frame of a page's request: tenant from the path, actor from the session, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.middleware import SessionMiddleware as DjangosSessionMiddleware
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from webside.accounts import acting, doors, policies, selectors, sessions, signins, single_sign_on
from webside.core import frames
from webside.core.actor import ActorKind
from webside.core.models import Tenant


class SessionMiddleware(DjangosSessionMiddleware):
    """Django's, but that a request which finds no session takes no cookie away.

    A session changes its key when somebody signs in or a door opens. What a page had asked before, with the key that was,
    finds none; answered after the new key was sent, it would take that from the browser, and whoever has just booked
    would stand before a page that doesn't know her.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save what was changed; take the cookie only where this request itself has ended the session."""
        if request.session.modified or not request.session.is_empty():
            return super().process_response(request, response)
        if request.session.accessed:
            patch_vary_headers(response, ("Cookie",))
        return response


class FrameMiddleware:
    """Runs the view within :func:`webside.core.frames.begin`.

    It is the innermost middleware, so the transaction is committed before any byte of the answer
    leaves and before the session is saved. An exception in the view undoes the transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request; times on its page are the clinic's unless the page names another zone."""
        if request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        if (left := self._left_alone(request)) is not None:
            return left
        tenant = self._tenant(request)
        tenant_id = tenant.id if tenant else None
        if not single_sign_on.bound(request, tenant):
            messages.info(
                request, _("Your clinic’s own service signs you in. Your password and second factor are kept there.")
            )
            return redirect("portal:start")
        actor = selectors.actor_in(request.user, tenant_id)  # type: ignore[arg-type]
        request.tenant = tenant  # type: ignore[attr-defined]
        request.actor = actor  # type: ignore[attr-defined]
        if tenant and policies.must_have_second_factor(actor) and not has_second_factor(request):
            return redirect(reverse("accounts:second-factor"))
        zone = timezone.override(ZoneInfo(tenant.timezone)) if tenant else nullcontext()
        with (
            zone,
            frames.begin(
                tenant_id=tenant_id,
                actor=actor,
                request_id=request.request_id,  # type: ignore[attr-defined]
                remote=request.META.get("REMOTE_ADDR", ""),
            ) as frame,
        ):
            if actor.kind is ActorKind.ANONYMOUS and tenant_id is not None:
                # Asked in the frame: what opened the door is the tenant's, and may be shut by now.
                frame.actor = request.actor = doors.actor_by_door(request, tenant_id) or actor  # type: ignore[attr-defined]
            elif tenant_id is not None:
                frame.actor = request.actor = acting.actor_acting(request, actor)  # type: ignore[attr-defined]
            response = self.get_response(request)
            if getattr(request, "failed", False):
                transaction.set_rollback(True)
        return response

    @staticmethod
    def _left_alone(request: HttpRequest) -> HttpResponse | None:
        """Sign out whoever hasn't used this browser for too long; whoever opens a page is led to the sign-in and back."""
        user = request.user
        if sessions.stands(request):
            return None
        signins.note_end(request, user)  # type: ignore[arg-type]
        if request.method != "GET" or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return None
        messages.info(request, _("You were signed out because nobody used this browser for a while."))
        return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Remember that the view raised: Django has turned it into a page before we see it."""
        request.failed = True  # type: ignore[attr-defined]

    @staticmethod
    def _tenant(request: HttpRequest) -> Tenant | None:
        parts = request.path.split("/", 3)
        if len(parts) > 3 and parts[1] == "o":
            tenant = selectors.tenant_by_slug(parts[2])
            if tenant is None:
                raise Http404
            return tenant
        return None


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a second factor, a passkey, a clinic's own service, or the demo's door."""
    if settings.DEMO and request.session.get("demo_signed_in"):
        return True
    if single_sign_on.tenant_of(request) is not None:
        return True  # nobody is signed in by a service that hasn't asked for one
    methods: list[dict[str, Any]] = request.session.get("account_authentication_methods", [])
    return any(method.get("method") == "mfa" for method in methods)
