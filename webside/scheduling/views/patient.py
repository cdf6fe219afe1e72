"""One appointment: what it is, what happens next, its calendar file, and the link that opens it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webside.accounts import doors
from webside.audit.services import record, record_guess, refuse
from webside.catalog import selectors as catalog
from webside.core import clock
from webside.core.actor import ActorKind, Role
from webside.notifications import policies as notifications
from webside.notifications.codes import Channel
from webside.notifications.telephone import shown
from webside.people.codes import Scope
from webside.people.selectors import practitioner
from webside.scheduling import calendars, policies, registry, selectors, services
from webside.scheduling.codes import Confirmed
from webside.scheduling.forms import parse_slot
from webside.scheduling.views._people import lines as people_lines
from webside.scheduling.views._times import time_text
from webside.scheduling.views.booking import keep_door, open_door, undo_salt
from webside.scheduling.views.queue import open_by_link
from webside.ui.undo import undo
from webside.ui.when import local

UNDO_SECONDS = 15 * 60
UNDO_TEXT = gettext_lazy("The visit is cancelled. The time is free for somebody else now.")


def _appointment_or_404(request: HttpRequest, appointment_id: UUID, action: str) -> Any:
    appointment = selectors.appointment(request.actor, appointment_id)  # type: ignore[attr-defined]
    if appointment is None:
        refuse(
            action,
            actor=request.actor,  # type: ignore[attr-defined]
            target_type="Appointment",
            target_id=appointment_id,
        )
    return appointment


def _own_to_change(request: HttpRequest, appointment_id: UUID, action: str) -> Any:
    """Return an appointment that the actor may change; who may only see it finds nothing here."""
    appointment = _appointment_or_404(request, appointment_id, action)
    if not policies.can_change_appointment(request.actor, appointment):  # type: ignore[attr-defined]
        refuse(action, actor=request.actor, target_type="Appointment", target_id=appointment_id)  # type: ignore[attr-defined]
    return appointment


def _ground(actor: Any, appointment: Any) -> str:
    if policies.is_patient_of(actor, appointment):
        return "own appointment"
    return "treating" if policies.is_practitioner_of(actor, appointment) else "front desk"


def _clocks_differ(moment: datetime, one: str, other: str) -> bool:
    return local(moment, one).utcoffset() != local(moment, other).utcoffset()


@require_safe
def detail(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Show an appointment: when, with whom, what to do next, how to change it."""
    appointment = _appointment_or_404(request, appointment_id, "scheduling.appointment.read")
    appointment.tenant = request.tenant  # type: ignore[attr-defined] # at hand: it isn't read again
    actor = request.actor  # type: ignore[attr-defined]
    own = policies.is_patient_of(actor, appointment)
    record("scheduling.appointment.read", actor=actor, target=appointment, patient_id=appointment.patient_id,
           ground=_ground(actor, appointment))  # fmt: skip
    # Staff read their own clock; on the phone they must know the patient's too.
    there = appointment.patient_timezone
    zone = there if own else request.tenant.timezone  # type: ignore[attr-defined]
    standing = selectors.standing(appointment)
    may_change = policies.can_change_appointment(actor, appointment)
    can_change = may_change and selectors.can_still_change(appointment)
    earlier = reverse("scheduling:waitlist-join", args=[slug, appointment.service_id])
    context = {
        "zone": zone,
        "there": there if _clocks_differ(appointment.start, zone, there) else "",
        "appointment": appointment,
        "service": appointment.service,
        "price": catalog.price_said(appointment.service),
        "state": selectors.state(appointment.patient_state, clock.now().date()),
        "start_text": time_text(appointment.start, zone),
        "end_text": time_text(appointment.end, zone),
        "own": own,
        "rest": len(selectors.later_in_series(appointment)) if can_change else 0,
        "follows": own and policies.can_keep_feed(actor, appointment.patient),
        "people": people_lines(actor, appointment),
        "may_bring": selectors.may_bring(actor, appointment),
        "reason": appointment.reason_text if policies.can_read_reason(actor, appointment) else "",
        "by_link": actor.kind is ActorKind.LINK,
        "booked": own and request.GET.get("booked") == "1",
        "standing": standing,
        "can_restore": may_change and standing == "cancelled" and appointment.start > clock.now(),
        "can_change": can_change,
        "can_send_home": may_change and selectors.is_checked_in(appointment) and not registry.is_under_way(appointment),
        "earlier_url": f"{earlier}?visit={appointment.id}"
        if can_change and (own or actor.has(Role.COORDINATOR))
        else "",
        "confirmed": selectors.confirmed_text(appointment) if standing == "ahead" else "",
        "asked": request.GET.get("answer", "") if own and can_change else "",
        "missed": selectors.missed_text(appointment) if not own else "",
        "may_reach": notifications.can_see_texts(actor),
        "link_goes": _link_goes(actor, appointment),
        "messages_sent": selectors.messages_of(actor, appointment),
        "reasons": selectors.MISSED,
        "can_noshow": policies.can_run_appointment(actor, appointment) and selectors.may_be_noshow(appointment),
        "visit_url": registry.destination_of(appointment) if own and actor.may(Scope.VISITS) else None,
        "base": "ui/base_staff.html" if actor.is_staff and not own else "ui/base_patient.html",
    }
    return render(request, "scheduling/appointment_detail.html", context)


def _link_goes(actor: Any, appointment: Any) -> dict[str, str] | None:
    """Return where a link that is sent again goes (``email``, ``phone``: empty where it doesn't); None for who sends none."""
    if not (policies.can_send_link(actor, appointment) and selectors.takes_link(appointment)):
        return None
    ways, patient = selectors.ways_of_links(appointment, asked=True), appointment.patient
    return {
        "email": patient.email if Channel.EMAIL in ways else "",
        "phone": shown(patient.phone) if Channel.SMS in ways else "",
    }


@require_POST
def cancel(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Cancel at once; the page after it offers to take that back."""
    appointment = _own_to_change(request, appointment_id, "scheduling.appointment.cancel")
    try:
        cancelled = services.cancel_appointment(
            actor=request.actor,  # type: ignore[attr-defined]
            appointment=appointment,
            reason=request.POST.get("reason", ""),
        )
    except services.WrongStatus:
        messages.warning(request, _("This visit has begun or is over. It can’t be cancelled."))
    else:
        keep_door(request, cancelled)
        messages.success(
            request,
            UNDO_TEXT,
            extra_tags=undo(reverse("scheduling:appointment-restore", args=[slug, appointment.id])),
        )
    return _to(slug, appointment)


@require_POST
def confirm(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Note that the patient means to come: she says so herself, or the front desk for her."""
    appointment = _own_to_change(request, appointment_id, "scheduling.appointment.confirm")
    actor = request.actor  # type: ignore[attr-defined]
    own = policies.is_patient_of(actor, appointment)
    try:
        services.confirm_appointment(
            actor=actor, appointment=appointment, how=Confirmed.PAGE if own else Confirmed.DESK
        )
    except services.WrongStatus:
        messages.warning(request, _("This visit has begun, is over or is cancelled. There is nothing to confirm."))
    else:
        messages.success(
            request, _("Thank you. The visit is confirmed.") if own else _("Noted that the patient comes.")
        )
    return _to(slug, appointment)


@require_POST
def restore(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Take a cancellation back, if the time is still free."""
    appointment = _own_to_change(request, appointment_id, "scheduling.appointment.restore")
    try:
        restored = services.restore_appointment(actor=request.actor, appointment=appointment)  # type: ignore[attr-defined]
    except services.WrongStatus:
        pass  # pressed twice: it is booked already
    except services.CannotBook:
        messages.warning(request, _("That time isn’t free any more. You can book another one."))
    else:
        keep_door(request, restored)
        own = policies.is_patient_of(request.actor, restored)  # type: ignore[attr-defined]
        messages.success(
            request,
            _("The visit is booked again. We are sending you a new link.")
            if own
            else _("The visit is booked again. The patient gets a new link by e-mail."),
        )
    return _to(slug, appointment)


@require_POST
def close(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Close the door by which somebody without an account came: what signing out is to others."""
    appointment = _appointment_or_404(request, appointment_id, "scheduling.link.close")
    actor = request.actor  # type: ignore[attr-defined]
    try:
        services.close_link(actor=actor, appointment=appointment)
    except services.NotAllowed:
        refuse("scheduling.link.close", actor=actor, target_type="Appointment", target_id=appointment_id)
    doors.close_door(request)
    messages.success(request, _("Your visit is closed on this computer."))
    return HttpResponseRedirect(reverse("portal:clinic", args=[slug]))


@require_POST
def undo_move(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Move back to the time before, if nothing else has happened since and it is still free."""
    appointment = _own_to_change(request, appointment_id, "scheduling.appointment.move")
    try:
        was = signing.loads(request.GET.get("to", ""), salt=undo_salt(appointment.id), max_age=UNDO_SECONDS)
    except signing.BadSignature:
        was = None
    target = parse_slot(was["start"]) if was else None
    unchanged = was is not None and was["sequence"] == appointment.sequence
    if was is None or target is None or not unchanged or not selectors.can_still_change(appointment):
        messages.warning(request, _("It’s too late to take this back. You can move the visit again."))
        return _to(slug, appointment)
    try:
        moved = services.move_appointment(
            actor=request.actor,  # type: ignore[attr-defined]
            appointment=appointment,
            start=target[0],
            practitioner=practitioner(request.actor, target[1]),  # type: ignore[attr-defined]
            state=was["state"],
            timezone=was["zone"],
        )
    except (services.CannotBook, services.WrongStatus):
        messages.warning(request, _("The earlier time isn’t free any more. Your visit stays where it is now."))
    else:
        keep_door(request, moved)
        messages.success(request, _("Your visit is back at its earlier time. We are sending you a new link."))
    return _to(slug, appointment)


def _to(slug: str, appointment: Any) -> HttpResponse:
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))


@require_safe
def calendar(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Give the appointment as a calendar file."""
    appointment = _appointment_or_404(request, appointment_id, "scheduling.appointment.read")
    if not selectors.holds_time(appointment):
        raise Http404
    actor = request.actor  # type: ignore[attr-defined]
    record("scheduling.appointment.read", actor=actor, target=appointment, patient_id=appointment.patient_id,
           ground=_ground(actor, appointment))  # fmt: skip
    body = calendars.entry(appointment, request.tenant, method=calendars.PUBLISH)  # type: ignore[attr-defined]
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="visit.ics"'},
    )


@require_safe
def go(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Open an appointment by the link of an e-mail.

    Mail scanners fetch links too: opening changes nothing but this browser's session. A link that is
    unknown and one of another clinic give the same page.
    """
    if (of_the_line := selectors.queue_link_by_hash(services.token_hash(token))) is not None:
        return open_by_link(request, slug, of_the_line)
    link, refused = through(request, token)
    if link is None:
        return refused
    appointment, actor = link.appointment, request.actor  # type: ignore[attr-defined]
    services.open_link(actor=actor, link=link)
    if actor.kind is not ActorKind.PERSON:
        open_door(request, appointment, link)
    elif not policies.is_patient_of(actor, appointment):
        # Who works here may see the appointment; what is next for its patient is not for them.
        return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))
    if request.GET.get("to") == "move" and selectors.can_still_change(appointment):
        return HttpResponseRedirect(reverse("scheduling:appointment-move", args=[slug, appointment.id]))
    return _to_next(actor, slug, appointment)


def through(request: HttpRequest, token: str) -> tuple[Any, HttpResponse]:
    """Return the link of a token, if it opens its appointment to whoever asks; else nothing, and the page that says why."""
    link = selectors.link_by_hash(services.token_hash(token))
    actor = request.actor  # type: ignore[attr-defined]
    if link is None:
        record_guess("scheduling.link.guess", actor=actor)
        return None, render(request, "scheduling/link_stopped.html", {"why": "unknown"}, status=404)
    why = selectors.link_standing(link)
    signed_in = actor.kind is ActorKind.PERSON
    may = policies.can_view_appointment(actor, link.appointment)
    if why == "replaced" and signed_in and may:
        # Her account opens what the old link doesn't.
        return None, _to_next(actor, request.tenant.slug, link.appointment)  # type: ignore[attr-defined]
    if why != "open":
        context = {"why": why, "newer": selectors.has_newer_link(link)}
        return None, render(request, "scheduling/link_stopped.html", context, status=410)
    if signed_in and not may:
        return None, render(request, "scheduling/link_signed_in.html", {"path": request.path}, status=403)
    return link, HttpResponse()


def _to_next(actor: Any, slug: str, appointment: Any) -> HttpResponse:
    """Lead to what is next for an appointment's patient; who may not be in the visit for her, to its page."""
    page = reverse("scheduling:appointment-detail", args=[slug, appointment.id])
    return HttpResponseRedirect((registry.destination_of(appointment) if actor.may(Scope.VISITS) else None) or page)
