"""Where the link of a reminder leads: confirm, move or cancel, each with one press.

Whatever previews messages opens their links, so opening one changes nothing; what is pressed does. The page says when and
with which clinic, and nothing else: a message may be read by others.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.core.actor import Actor, ActorKind, Role
from webside.people.codes import Scope
from webside.scheduling import policies, selectors, services
from webside.scheduling.codes import Confirmed
from webside.scheduling.views._times import time_text
from webside.scheduling.views.booking import open_door
from webside.scheduling.views.patient import UNDO_TEXT, through
from webside.ui.undo import undo


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Show what can be answered; do what was pressed (``do``: confirm or cancel)."""
    link, refused = through(request, token)
    if link is None:
        return refused
    appointment = link.appointment
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of_staff = actor.is_staff and not policies.is_patient_of(actor, appointment)
    if of_staff or not actor.may(Scope.APPOINTMENTS):
        return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))
    if request.method == "POST":
        return _do(request, slug, link)
    zone = appointment.patient_timezone
    context = {
        "appointment": appointment,
        "zone": zone,
        "start_text": time_text(appointment.start, zone),
        "can_change": selectors.can_still_change(appointment),
        "confirmed": appointment.confirmed_at is not None,
        "link": reverse("scheduling:link-open", args=[slug, token]),
    }
    return render(request, "scheduling/answer.html", context)


def _do(request: HttpRequest, slug: str, link: Any) -> HttpResponse:
    """Do what was pressed, as whoever holds the link; the appointment's page shows it, and takes it back."""
    appointment = link.appointment
    actor = _whoever_holds(request, appointment)
    detail = HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))
    services.open_link(actor=actor, link=link)
    came_by_link = actor.kind is ActorKind.LINK
    if came_by_link:
        open_door(request, appointment, link)
    try:
        if request.POST.get("do") == "confirm":
            services.confirm_appointment(actor=actor, appointment=appointment, how=Confirmed.LINK)
            messages.success(request, _("Thank you. The visit is confirmed."))
        elif request.POST.get("do") == "cancel":
            cancelled = services.cancel_appointment(actor=actor, appointment=appointment)
            if came_by_link:
                open_door(request, cancelled)  # its links are shut; who cancelled may take that back
            back = undo(reverse("scheduling:appointment-restore", args=[slug, appointment.id]))
            messages.success(request, UNDO_TEXT, extra_tags=back)
    except services.WrongStatus:
        messages.warning(request, _("This visit has begun or is over. Nothing was changed."))
    return detail


def _whoever_holds(request: HttpRequest, appointment: Any) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.PERSON:
        return actor
    return Actor(
        kind=ActorKind.LINK, label=appointment.patient.full_name, tenant_id=actor.tenant_id,
        roles=frozenset({Role.PATIENT}), subject_id=appointment.id,
    )  # fmt: skip
