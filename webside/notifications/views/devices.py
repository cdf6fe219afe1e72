"""Pushes: where they come, turning them on and off, and what a press on one opens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from webside.accounts import sessions
from webside.accounts.rules import device_name
from webside.audit.services import refuse
from webside.notifications import handlers, policies, ports, selectors, services

REFUSED = "notifications.device.refuse"


def pushes_of(request: HttpRequest) -> dict[str, Any] | None:
    """Return what a page's part about pushes draws; nothing for who can't have any."""
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_have_pushes(actor):
        return None
    port, browser = ports.push(), handlers.browser_of(request)
    found = list(selectors.devices(actor))
    here = next((each for each in found if browser and each.device == browser.device), None)
    return {
        "key": port.public_key if port else "",
        "devices": found,
        "here": here,
        "token": selectors.token_of(here) if here else "",
    }


def _home(request: HttpRequest, slug: str) -> str:
    """Return the page on which the actor's devices stand."""
    hers = selectors.own_patient(request.actor) is not None  # type: ignore[attr-defined]
    return reverse("notifications:reach" if hers else "notifications:device-list", args=[slug]) + "#devices"


def _who(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_have_pushes(actor):
        refuse(REFUSED, actor=actor)
    return actor


@require_GET
def own(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where pushes come to somebody who works here; a patient has that on the page of how we reach her."""
    actor = _who(request)
    if selectors.own_patient(actor) is not None:
        return redirect(_home(request, slug))
    return render(request, "notifications/device_list.html", {"pushes": pushes_of(request)})


@require_POST
def turn_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Let pushes come to the browser that asks."""
    actor = _who(request)
    target = ports.PushTarget(*(request.POST.get(name, "").strip() for name in ("endpoint", "p256dh", "auth")))
    device, current = handlers.device_for(request), sessions.current(request)
    known = handlers.browser_of(request)
    answer = redirect(_home(request, slug))
    try:
        services.add_device(
            actor=actor, target=target, device=device, sign_in=UUID(current) if current else None,
            name=device_name(request.META.get("HTTP_USER_AGENT", "")),
        )  # fmt: skip
    except services.NoSender:
        messages.error(request, _("No notifications can be sent at the moment. Texts and e-mails come as before."))
        return answer
    except services.NotTaken:
        messages.error(request, _("We can’t send to this browser. Try another one; texts and e-mails come as before."))
        return answer
    if known is not None and known.user_id != actor.user_id:
        handlers.leave(known)
    handlers.keep(answer, handlers.Browser(device, actor.user_id))
    messages.success(request, _("Notifications come to this device from now on."))
    return answer


def _device(request: HttpRequest, device_id: UUID) -> tuple[Any, Any]:
    actor = _who(request)
    device = selectors.device(actor, device_id)
    if device is None:
        refuse(REFUSED, actor=actor, target_type="PushDevice", target_id=device_id)
    return actor, device


@require_POST
def turn_off(request: HttpRequest, slug: str, device_id: UUID) -> HttpResponse:
    """Let no more pushes come to one device."""
    actor, device = _device(request, device_id)
    services.remove_device(actor=actor, device=device)
    messages.success(request, _("Turned off. Nothing comes to that device any more."))
    return redirect(_home(request, slug))


@require_POST
def try_out(request: HttpRequest, slug: str, device_id: UUID) -> HttpResponse:
    """Send a push to one device, so that its holder sees that it works."""
    actor, device = _device(request, device_id)
    services.try_device(actor=actor, device=device)
    messages.success(request, _("Sent. It should be on the device within a minute."))
    return redirect(_home(request, slug))


@require_GET
def opened(request: HttpRequest, slug: str, message_id: UUID) -> HttpResponse:
    """Lead to what a push is about. A push is often pressed when nobody is signed in any more: that comes first."""
    actor = request.actor  # type: ignore[attr-defined]
    pushed = selectors.push(message_id)
    if pushed is not None and actor.user_id is None:
        return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
    lead = selectors.push_lead(actor, pushed) if pushed is not None else None
    if lead is None:
        refuse(REFUSED, actor=actor, target_type="OutgoingMessage", target_id=message_id)
    if lead and pushed is not None and (answer := selectors.push_answer(pushed, request.GET.get("press", ""))):
        return redirect(f"{lead}?answer={answer}#answer")
    # The mark lets the browser's worker find the tab again when it is pressed a second time.
    return redirect(f"{lead or reverse('portal:home', args=[slug])}#pushed-{message_id}")
