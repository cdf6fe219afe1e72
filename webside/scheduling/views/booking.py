"""The patient's way to a time: the service, the place, the times, the booking, the move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webside.accounts import doors
from webside.audit.services import refuse
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.policies import is_shown
from webside.compliance import selectors as compliance
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.people.codes import Scope
from webside.people.selectors import patient_for
from webside.scheduling import policies, registry, selectors, services
from webside.scheduling.forms import BookingForm, VisitorBookingForm, parse_slot, slot_value
from webside.scheduling.views import _times
from webside.scheduling.views._people import busy_text
from webside.scheduling.views._sent import in_words, visitor_of, with_new_key
from webside.scheduling.views.places import Place, place_of, zone_choices
from webside.ui.kept import Kept, ask_again, carried, carry, forget, kept_for
from webside.ui.undo import undo

SAID = "reason"
"""What somebody said on the way here (``ui.kept.carry``)."""


def undo_salt(appointment_id: UUID) -> str:
    """Return what the way back from a move is signed with: it leads back one appointment and no other."""
    return f"scheduling.move:{appointment_id}"


def service_or_404(request: HttpRequest, service_id: UUID) -> Any:
    """Return a service that the clinic offers now."""
    service = catalog.service(request.actor, service_id)  # type: ignore[attr-defined]
    if service is None or not service.active:
        raise Http404
    return service


@require_safe
def service_detail(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Show a service: what it is, who may give it where the visitor will be, and when."""
    service = service_or_404(request, service_id)
    context: dict[str, Any] = {
        "service": service,
        "price": catalog.price_said(service),
        "amount": catalog.amount_text(service.price_cents),
    }
    if service.kind == Kind.TELECARE:
        return render(request, "scheduling/service_setup.html", context)
    if service.on_demand:
        context["line"] = selectors.opening(service, clock.now())
        context["now_url"] = reverse("scheduling:queue-join", args=[slug, service.id])
    place = place_of(request)
    hers = patient_for(request.actor, Scope.APPOINTMENTS)  # type: ignore[attr-defined]
    context |= picker(request, service, place, path=request.path, chosen=request.GET.get("slot", ""), patient=hers)
    context["book_url"] = reverse("scheduling:appointment-book", args=[slug, service.id])
    context["people_url"] = f"{reverse('portal:people', args=[slug])}?service={service.id}"
    context["waitlist_url"] = f"{reverse('scheduling:waitlist-join', args=[slug, service.id])}?{place.query()}"
    return render(request, "scheduling/service_detail.html", context)


def picker(
    request: HttpRequest,
    service: Any,
    place: Place,
    *,
    path: str,
    chosen: str = "",
    patient: Any = None,
    moving: Any = None,
) -> dict[str, Any]:
    """Return what ``_place.html`` and ``_times.html`` draw: the place, who may, days and times.

    Times at which ``patient`` has another visit than ``moving`` are not shown.
    """
    context: dict[str, Any] = {
        "place": place,
        "states": selectors.states(clock.now().date()),
        "path": path,
        "needs_licence": service.kind == Kind.TELEMEDICINE,
        "ask_url": f"{path}?place=ask",
        "chosen": chosen,
    }
    if place.state is None:
        return context
    if not place.zone:
        return context | {"zones": zone_choices(place.state)}
    now = clock.now()
    offers = selectors.offers(service=service, state=place.state.code, at=now)
    allowed = [offer for offer in offers if offer.allowed]
    who = request.GET.get("who", "")
    wanted = next((offer.practitioner for offer in allowed if str(offer.practitioner.id) == who), None)
    start = _times.first_day(request, place.zone)
    since, days = _times.week_of(start, place.zone)
    slots = selectors.free_slots(
        service=service, state=place.state.code, since=since, days=days, practitioner=wanted, offered=offers,
        free_for=patient, moving=moving,
    )  # fmt: skip
    times = _times.lay_out(
        slots, zone=place.zone, start=start, day=request.GET.get("day", ""), path=path, place=place,
        who=str(wanted.id) if wanted else "",
    )  # fmt: skip
    if not times.any_free and allowed:
        soonest = selectors.next_free(
            service=service, state=place.state.code, offered=offers, free_for=patient, moving=moving
        )
        context["next_free"] = soonest
        if soonest:
            day = soonest.start.astimezone(ZoneInfo(place.zone)).date().isoformat()
            context["next_free_url"] = f"{path}?{place.query(day=day)}"
    anyone = {"text": _("Anyone who is free first"), "url": f"{path}?{place.query()}", "current": wanted is None}
    return context | {
        "times": times,
        "offers": offers,
        "allowed": allowed,
        "refused": _times.refusals(offers, place.state.name),
        "may": _times.may_names(offers),
        "choices": [
            anyone,
            *(
                {
                    "text": offer.practitioner.display_name,
                    "url": f"{path}?{place.query(who=str(offer.practitioner.id))}",
                    "current": wanted is not None and wanted.id == offer.practitioner.id,
                }
                for offer in allowed
            ),
        ]
        if len(allowed) > 1
        else [],
        "zone_now": now,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Review the chosen time, say who you are, agree, book.

    A form that can't be booked leads back here with what was typed (``again``), so that Back shows a page and never the
    answer to a POST.
    """
    service = service_or_404(request, service_id)
    actor = request.actor  # type: ignore[attr-defined]
    patient = patient_for(actor, Scope.APPOINTMENTS)
    if actor.on_behalf is not None and (patient is None or not is_shown(actor, service)):
        # She books for nobody else meanwhile, least of all by mistake for herself.
        refuse("scheduling.appointment.book", actor=actor, target_type="HealthcareService", target_id=service.id)
    given = request.POST if request.method == "POST" else request.GET
    place = place_of(request)
    chosen = picked(request, service, given.get("slot", ""))
    back = f"{reverse('scheduling:service-detail', args=[slug, service.id])}?{place.query()}"
    if service.kind == Kind.TELECARE or not place.known or chosen is None:
        return HttpResponseRedirect(back)
    if actor.is_staff and not actor.has(Role.COORDINATOR):
        return render(request, "scheduling/book_staff.html", {"service": service, "back_url": back})
    choice = Choice(service, place, *chosen, patient)
    scope, text = consent_asked(request, service, choice.patient)
    if scope and text is None:
        context = _review(choice, back) | {"no_consent_text": True}
        return render(request, "scheduling/book.html", context, status=409)
    if request.method == "POST":
        return _book(request, choice, text, back)
    return _show(request, choice, _review(choice, back) | {"consent_text": text})


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody is about to book; ``patient`` is whoever is signed in, or acted for; nobody for a visitor."""

    service: Any
    place: Place
    start: datetime
    practitioner: Any
    patient: Any

    @property
    def slot(self) -> str:
        """The chosen time as a form holds it."""
        return slot_value(self.start, self.practitioner.id)

    def form(self, data: Any, *, agree_to: Any, reason: str = "") -> BookingForm:
        """Return the form of who books, with ``data`` if there are any; ``reason`` is what she said before."""
        kind = BookingForm if self.patient else VisitorBookingForm
        return kind(data, agree_to=agree_to, initial={"key": uuid4(), "reason_text": reason})


def _review(choice: Choice, back: str) -> dict[str, Any]:
    """Return what the page says about the choice, whatever the form holds."""
    service, place = choice.service, choice.place
    return {
        "service": service,
        "price": catalog.price_said(service),
        "amount": catalog.amount_text(service.price_cents),
        "place": place,
        "start": choice.start,
        "end": choice.start + selectors.length_of(service),
        "start_text": _times.time_text(choice.start, place.zone),
        "practitioner": choice.practitioner,
        "patient": choice.patient,
        "slot": choice.slot,
        "back_url": back,
        "needs_licence": service.kind == Kind.TELEMEDICINE,
    }


def _show(request: HttpRequest, choice: Choice, context: dict[str, Any]) -> HttpResponse:
    """Show the form: new, or as it was sent before with what stood in the way."""
    kept = kept_for(request)
    if choice.patient:
        page = reverse("scheduling:series-book", args=[request.tenant.slug, choice.service.id])  # type: ignore[attr-defined]
        context["repeat_url"] = f"{page}?{choice.place.query(slot=choice.slot)}"
    data, agree_to = kept.data if kept else None, context["consent_text"]
    context["form"] = choice.form(data, agree_to=agree_to, reason=carried(request, SAID))
    if kept and kept.trouble:
        context |= {"trouble": kept.trouble, "groups": kept.groups, "findings": kept.findings}
    elif choice.start <= clock.now():
        context |= {"trouble": "passed", "groups": _near(choice)}
    return render(request, "scheduling/book.html", context)


def _ask_again(request: HttpRequest, choice: Choice, form: BookingForm, **stood_in_the_way: Any) -> HttpResponse:
    """Lead back to the form, with what was typed; a POST that failed isn't what Back should find."""
    return ask_again(request, Kept.of(form, **stood_in_the_way), choice.place.query(slot=choice.slot))


def _book(request: HttpRequest, choice: Choice, text: Any, back: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    form = choice.form(request.POST, agree_to=text)
    danger = [] if request.POST.get("read") == "1" else danger_in(request.POST.get("reason_text", ""))
    if danger:  # said even to who has left a field empty
        return _ask_again(request, choice, form, trouble="danger", findings=danger)
    if not form.is_valid():
        return _ask_again(request, choice, form)
    try:
        appointment = _booked(actor, choice, form)
    except services.CannotBook as refusal:
        return _ask_again(request, choice, form, **_trouble(refusal, choice.place, choice.practitioner))
    except services.AlreadyBooked as earlier:
        appointment = earlier.appointment
        messages.info(
            request, _("You sent this form before and already have this visit. To change its time, choose “Move”.")
        )
    except services.KeyReused:
        # A page of somebody else on a shared device: nothing of theirs is shown, and nothing is booked.
        return _ask_again(request, choice, choice.form(with_new_key(request), agree_to=text), trouble="again")
    forget(request)
    carry(request, SAID, "")
    if actor.kind is not ActorKind.PERSON and actor.subject_id != appointment.id:
        if appointment.sequence:
            # The form of a visit that was moved or cancelled since, sent again: it opens no more than an old link.
            messages.warning(
                request, _("Your visit has changed since. Open the newest e-mail from us: its link works.")
            )
            return HttpResponseRedirect(back)
        open_door(request, appointment)
    slug = request.tenant.slug  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]) + "?booked=1")


def danger_in(text: str) -> list[dict[str, Any]]:
    """Return what screens find dangerous in somebody's words, as a page says it before anything else."""
    found = [each for each in registry.screened(text) if each.danger]
    return [{"title": each.title, "text": each.text, "source": each.source} for each in found]


def _booked(actor: Actor, choice: Choice, form: BookingForm) -> Any:
    """Book for whoever is signed in, or for a visitor with what she said about herself."""
    booking: dict[str, Any] = {
        "actor": actor,
        "service": choice.service,
        "practitioner": choice.practitioner,
        "start": choice.start,
        "state": choice.place.state.code,  # type: ignore[union-attr]
        "timezone": choice.place.zone,
        "reason_text": form.cleaned_data["reason_text"],
        "idempotency_key": form.cleaned_data["key"].hex,
        "people": form.people,
        **form.agreed,
    }
    if choice.patient:
        return services.book_with_consent(patient=choice.patient, **booking)
    return services.book_as_visitor(details=visitor_of(actor, form.cleaned_data), **booking)


def open_door(request: HttpRequest, appointment: Any, link: Any = None) -> None:
    """Let this browser see one appointment: by ``link``, or because it has just booked it."""
    proof = selectors.door_proof(appointment, link)
    doors.open_door(request, subject_id=appointment.id, label=appointment.patient.full_name, proof=proof)


def keep_door(request: HttpRequest, appointment: Any) -> None:
    """Let a browser that changed its own appointment stay; every other one is out."""
    doors.renew(request, subject_id=appointment.id, proof=selectors.door_proof(appointment))


def picked(request: HttpRequest, service: Any, value: str) -> tuple[Any, Any] | None:
    parsed = parse_slot(value)
    if parsed is None:
        return None
    start, practitioner_id = parsed
    people = catalog.practitioners_for(service)
    practitioner = next((person for person in people if person.id == practitioner_id), None)
    return (start, practitioner) if practitioner else None


def consent_asked(request: HttpRequest, service: Any, patient: Any) -> tuple[str, Any]:
    """Return the scope that must still be agreed to, and its words; nothing where none is needed.

    In the language of the page; in the patient's own where somebody who works here reads them out.
    """
    scope = selectors.CONSENT_SCOPES.get(service.kind, "")
    if not scope or (patient and selectors.has_consent(patient, scope)):
        return "", None
    read_out = patient is not None and request.actor.is_staff  # type: ignore[attr-defined]
    return scope, compliance.current_text(scope, patient.language if read_out else get_language() or "")


def _trouble(refusal: services.CannotBook, place: Place, practitioner: Any) -> dict[str, Any]:
    names = {
        services.SlotTaken: "taken",
        services.BusyElsewhere: "elsewhere",
        services.SlotPassed: "passed",
        services.PatientBusy: "busy",
        services.GatesStop: "gates",
        services.ColleagueMayNot: "gates",
        services.ColleagueBusy: "colleague",
    }
    who = getattr(refusal, "colleague", practitioner)
    findings = in_words(
        getattr(refusal, "findings", []), who=who.display_name, place=place.state.name if place.state else ""
    )
    if isinstance(refusal, services.ColleagueBusy):
        findings = [{"text": busy_text(refusal)}]
    return {
        "trouble": names[type(refusal)],
        "groups": _times.nearest_groups(refusal.nearest, place.zone),
        "findings": findings,
    }


def _near(choice: Choice) -> list[dict[str, Any]]:
    state = choice.place.state.code if choice.place.state else ""
    near = selectors.nearest_slots(service=choice.service, state=state, start=choice.start, patient=choice.patient)
    return _times.nearest_groups(near, choice.place.zone)


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Choose another time for an appointment."""
    actor = request.actor  # type: ignore[attr-defined]
    appointment = selectors.appointment(actor, appointment_id)
    if appointment is None or not policies.can_change_appointment(actor, appointment):
        refuse("scheduling.appointment.move", actor=actor, target_type="Appointment", target_id=appointment_id)
    detail_url = reverse("scheduling:appointment-detail", args=[slug, appointment.id])
    if not selectors.can_still_change(appointment):
        messages.warning(request, _("This visit can’t be moved any more."))
        return HttpResponseRedirect(detail_url)
    place = _move_place(request, appointment)
    if request.method == "POST":
        return _move(request, appointment, place, detail_url)
    kept = kept_for(request)
    context: dict[str, Any] = {"appointment": appointment, "service": appointment.service, "detail_url": detail_url}
    if kept:
        context |= {"trouble": kept.trouble, "findings": kept.findings}
    context |= picker(
        request, appointment.service, place, path=request.path, patient=appointment.patient, moving=appointment
    )
    return render(request, "scheduling/appointment_move.html", context)


def _move(request: HttpRequest, appointment: Any, place: Place, detail_url: str) -> HttpResponse:
    """Move to the chosen time, or lead back to the page of times, which says what stood in the way."""
    actor = request.actor  # type: ignore[attr-defined]
    chosen = picked(request, appointment.service, request.POST.get("slot", ""))
    if chosen is None or not place.known:
        return ask_again(request, Kept(trouble="none"), place.query())
    start, practitioner = chosen
    was = {
        "start": slot_value(appointment.start, appointment.practitioner_id),
        "state": appointment.patient_state,
        "zone": appointment.patient_timezone,
        "sequence": appointment.sequence + 1,
    }
    try:
        moved = services.move_appointment(
            actor=actor, appointment=appointment, start=start, practitioner=practitioner,
            state=place.state.code, timezone=place.zone,  # type: ignore[union-attr]
        )  # fmt: skip
    except services.CannotBook as refusal:
        day = start.astimezone(ZoneInfo(place.zone)).date().isoformat()
        return ask_again(request, Kept(**_trouble(refusal, place, practitioner)), place.query(day=day))
    except services.WrongStatus:
        return HttpResponseRedirect(detail_url)
    forget(request)
    keep_door(request, moved)
    slug = request.tenant.slug  # type: ignore[attr-defined]
    undo_url = reverse("scheduling:appointment-undo-move", args=[slug, appointment.id])
    messages.success(
        request,
        _("Your visit has moved. We are sending you an e-mail with a new link."),
        extra_tags=undo(f"{undo_url}?to={signing.dumps(was, salt=undo_salt(appointment.id))}"),
    )
    return HttpResponseRedirect(detail_url)


def _move_place(request: HttpRequest, appointment: Any) -> Place:
    given = request.GET if request.method == "GET" else request.POST
    if given.get("state") or given.get("place"):
        return place_of(request)
    return Place(selectors.state(appointment.patient_state, clock.now().date()), appointment.patient_timezone)
