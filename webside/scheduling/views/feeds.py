"""One's visits in one's own calendar: an address that it subscribes to, which can be renewed and ended."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import record_guess, refuse
from webside.people.selectors import patient_for, practitioner_of
from webside.scheduling import calendars, selectors, services
from webside.ui.kept import carried, carry

ADDRESS = "calendar-address"
"""The address that was just made (``ui.kept.carry``): it is shown once, and only its hash is kept."""


def _owners(request: HttpRequest, action: str) -> dict[str, Any]:
    """Return whose visits the actor may put into a calendar: her own as a practitioner, and her own as a patient."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.user_id is None or actor.on_behalf is not None:
        refuse(action, actor=actor)
    found = {"practitioner": practitioner_of(actor), "patient": patient_for(actor)}
    owners = {name: owner for name, owner in found.items() if owner is not None}
    if not owners:
        refuse(action, actor=actor)
    return owners


@never_cache
@require_safe
def own(request: HttpRequest, slug: str) -> HttpResponse:
    """Show whether a calendar may follow one's visits, and the address that was just made."""
    owners = _owners(request, "scheduling.feed.read")
    feeds = selectors.feeds_of(*owners.values())
    actor = request.actor  # type: ignore[attr-defined]
    whose, _sep, address = carried(request, ADDRESS).partition(" ")
    if address:
        carry(request, ADDRESS, "")
    rows = [
        {"name": name, "feed": feeds.get(owner), "address": address if whose == name else ""}
        for name, owner in owners.items()
    ]
    base = "ui/base_staff.html" if actor.is_staff else "ui/base_patient.html"
    return render(request, "scheduling/feeds.html", {"rows": rows, "base": base, "zone": request.tenant.timezone})  # type: ignore[attr-defined]


def _chosen(request: HttpRequest, action: str) -> tuple[str, Any]:
    owners = _owners(request, action)
    name = request.POST.get("whose", "")
    if name not in owners:
        refuse(action, actor=request.actor)  # type: ignore[attr-defined]
    return name, owners[name]


@require_POST
def renew(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a new address; one that there was works no more."""
    name, owner = _chosen(request, "scheduling.feed.renew")
    token = services.renew_feed(actor=request.actor, owner=owner)  # type: ignore[attr-defined]
    path = reverse("scheduling:feed", args=[slug, token])
    carry(request, ADDRESS, f"{name} {settings.PUBLIC_URL}{path}")
    return HttpResponseRedirect(reverse("scheduling:feed-list", args=[slug]))


@require_POST
def end(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the address give nothing any more."""
    _name, owner = _chosen(request, "scheduling.feed.end")
    services.end_feed(actor=request.actor, owner=owner)  # type: ignore[attr-defined]
    messages.success(request, _("The address gives nothing any more. Take it out of your calendar too."))
    return HttpResponseRedirect(reverse("scheduling:feed-list", args=[slug]))


@never_cache
@require_safe
def calendar(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Give visits to a calendar that shows the address. One that is ended and one that nobody was given are alike."""
    actor = request.actor  # type: ignore[attr-defined]
    feed = selectors.feed_by_hash(services.token_hash(token))
    if feed is None or not selectors.feed_stands(feed):
        record_guess("scheduling.feed.guess", actor=actor)
        raise Http404
    services.note_fetch(actor=actor, feed=feed)
    body = calendars.feed(selectors.visits_of_feed(feed))
    return HttpResponse(body, content_type="text/calendar; charset=utf-8")
