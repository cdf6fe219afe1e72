"""The same time again and again: each date is looked at first, then all are booked in one go, or none."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from webside.audit.services import refuse
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.policies import is_shown
from webside.core.actor import Actor
from webside.people.codes import Scope
from webside.people.selectors import patient_for
from webside.scheduling import policies, selectors, services
from webside.scheduling.codes import Every
from webside.scheduling.forms import BookingForm, RepeatForm, parse_slot
from webside.scheduling.views import _times
from webside.scheduling.views._sent import in_words
from webside.scheduling.views.booking import consent_asked, danger_in, picked, service_or_404
from webside.scheduling.views.places import Place, place_of
from webside.scheduling.views.waits import person_of
from webside.ui.kept import Kept, ask_again, forget, kept_for

LEFT_OUT = "none"


@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Say how often and how many times; see each date with what is near where it isn't free; book them all."""
    service = service_or_404(request, service_id)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    person = person_of(request, "scheduling.series.book") or patient_for(actor, Scope.APPOINTMENTS)
    if person is None or not policies.can_book_series(actor, person) or not is_shown(actor, service):
        refuse("scheduling.series.book", actor=actor, target_type="HealthcareService", target_id=service.id)
    given = request.POST if request.method == "POST" else request.GET
    place = place_of(request)
    first = picked(request, service, given.get("slot", ""))
    if service.kind == Kind.TELECARE or not place.known or first is None:
        back = reverse("scheduling:service-detail", args=[slug, service.id])
        return HttpResponseRedirect(f"{back}?{place.query()}")
    repeat = RepeatForm(given if given.get("every") else None)
    scope, text = consent_asked(request, service, person)
    context: dict[str, Any] = {
        "service": service,
        "patient": person,
        "place": place,
        "start": first[0],
        "practitioner": first[1],
        "slot": given["slot"],
        "named": given.get("patient", ""),
        "repeat": repeat,
        "price": catalog.price_said(service),
        "back_url": f"{reverse('scheduling:appointment-book', args=[slug, service.id])}?{place.query(slot=given['slot'])}",
        "no_consent_text": bool(scope) and text is None,
        "consent_text": text,
    }
    if not repeat.is_bound or not repeat.is_valid() or context["no_consent_text"]:
        return render(request, "scheduling/series.html", context)
    if request.method == "POST":
        return _book(request, slug, context)
    kept = kept_for(request)
    form = BookingForm(kept.data if kept else None, agree_to=text, initial={"key": uuid4()})
    found = selectors.occurrences(
        service=service, practitioner=first[1], patient=person, state=place.state.code, zone=place.zone,  # type: ignore[union-attr]
        first=first[0], every=Every(repeat.cleaned_data["every"]), count=repeat.cleaned_data["count"],
        guardian=request.actor.is_guardian,  # type: ignore[attr-defined]
    )  # fmt: skip
    context |= {
        "form": form,
        "dates": [_date(number, each, place, kept) for number, each in enumerate(found)],
        "fits": sum(each.slot is not None for each in found),
        "trouble": kept.trouble if kept else "",
        "findings": kept.findings if kept else [],
    }
    return render(request, "scheduling/series.html", context)


def _date(number: int, each: selectors.Occurrence, place: Place, kept: Kept | None) -> dict[str, Any]:
    """Return one date as the page draws it: the time, or why it isn't free, and what may be taken instead."""
    slots = [each.slot] if each.slot else each.near
    items = [_times.slot_item(slot, place.zone, with_day=True) for slot in slots]
    name = f"date_{number}"
    chosen = kept.answer(name) if kept else ""
    known = [item["value"] for item in items]
    if chosen not in [*known, LEFT_OUT]:
        chosen = known[0] if each.slot else LEFT_OUT
    return {
        "name": name,
        "wanted": each.wanted,
        "time_text": _times.time_text(each.wanted, place.zone),
        "why": each.why,
        "findings": in_words(each.findings, place=place.state.name if place.state else ""),
        "items": items,
        "chosen": chosen,
    }


def _book(request: HttpRequest, slug: str, context: dict[str, Any]) -> HttpResponse:
    """Book what was chosen, all or none; or lead back to the dates, which are looked at anew."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    service, person, place, repeat = (context[name] for name in ("service", "patient", "place", "repeat"))
    form = BookingForm(request.POST, agree_to=context["consent_text"])
    chosen = {
        f"date_{number}": request.POST.get(f"date_{number}", "") for number in range(repeat.cleaned_data["count"])
    }

    def again(**trouble: Any) -> HttpResponse:
        kept = Kept.of(form, **trouble)
        kept.answers.update({name: [value] for name, value in chosen.items()})
        more = {"slot": context["slot"], "patient": context["named"], "every": repeat.cleaned_data["every"],
                "count": str(repeat.cleaned_data["count"])}  # fmt: skip
        return ask_again(request, kept, place.query(**more))

    danger = [] if request.POST.get("read") == "1" else danger_in(request.POST.get("reason_text", ""))
    if danger:
        return again(trouble="danger", findings=danger)
    if not form.is_valid():
        return again()
    givers = {each.id: each for each in catalog.practitioners_for(service)}
    slots = [parse_slot(value) for value in chosen.values() if value != LEFT_OUT]
    times = [(slot[0], givers[slot[1]]) for slot in slots if slot is not None and slot[1] in givers]
    if len(times) < 2 or len(times) != len(slots) or len({start for start, _who in times}) != len(times):
        return again(trouble="few")
    try:
        series = services.book_series(
            actor=actor, patient=person, service=service, times=times, every=Every(repeat.cleaned_data["every"]),
            state=place.state.code, timezone=place.zone, reason_text=form.cleaned_data["reason_text"],
            idempotency_key=form.cleaned_data["key"].hex, **form.agreed,
        )  # fmt: skip
    except services.SeriesStopped as stopped:
        findings = in_words(getattr(stopped.refusal, "findings", []), place=place.state.name)
        return again(trouble="stopped", findings=findings)
    except services.AlreadyBooked:
        return again(trouble="already")
    except services.KeyReused:
        return again(trouble="few")
    forget(request)
    visits = selectors.visits_in_series(series.id)
    messages.success(
        request,
        ngettext("%d visit is booked. We are sending one e-mail.", "%d visits are booked. We are sending one e-mail.",
                 len(visits)) % len(visits),
    )  # fmt: skip
    if not visits:
        return HttpResponseRedirect(reverse("scheduling:service-detail", args=[slug, service.id]))
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, visits[0].id]))


@require_POST
def cancel_rest(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Cancel a visit of a series and all later ones."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    appointment = selectors.appointment(actor, appointment_id)
    if appointment is None or not policies.can_change_appointment(actor, appointment):
        refuse("scheduling.series.cancel", actor=actor, target_type="Appointment", target_id=appointment_id)
    try:
        gone = services.cancel_rest(actor=actor, appointment=appointment)
    except services.WrongStatus:
        messages.warning(request, _("This visit is no part of a series, or has begun. Nothing was cancelled."))
    else:
        messages.success(
            request, ngettext("%d visit is cancelled.", "%d visits are cancelled.", len(gone)) % len(gone)
        )  # fmt: skip
    if policies.is_patient_of(actor, appointment) and actor.user_id is None:
        return HttpResponseRedirect(reverse("portal:clinic", args=[slug]))  # her link was to what is cancelled now
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))
