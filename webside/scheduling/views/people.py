"""Who else is booked for an appointment: the page on which people are added and taken off, and what an outsider's link shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record, record_guess, refuse
from webside.people.selectors import practitioner
from webside.scheduling import policies, registry, selectors, services
from webside.scheduling.codes import PersonRole
from webside.scheduling.forms import ColleagueForm, GuestForm, guest_of
from webside.scheduling.views._people import busy_text, lines
from webside.scheduling.views._sent import in_words
from webside.ui.kept import Kept, ask_again, forget, kept_for

AS_COLLEAGUE = "colleague"
"""What the form says that books somebody of the clinic; the other one books somebody from outside."""


def _appointment(request: HttpRequest, appointment_id: UUID, action: str) -> Any:
    """Return an appointment to which the actor may bring somebody; who may only see it finds nothing here."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.appointment(actor, appointment_id)
    if found is None or not policies.can_bring(actor, found):
        refuse(action, actor=actor, target_type="Appointment", target_id=appointment_id)
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("name", "email", "phone")
def everybody(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Show who is booked beside the two, and add somebody: a colleague, or somebody from outside."""
    appointment = _appointment(request, appointment_id, "scheduling.person.add")
    if request.method == "POST":
        return _add(request, appointment)
    actor = request.actor  # type: ignore[attr-defined]
    own = policies.is_patient_of(actor, appointment)
    record("scheduling.appointment.read", actor=actor, target=appointment, patient_id=appointment.patient_id,
           ground="own appointment" if own else "who is booked too")  # fmt: skip
    kept = kept_for(request)
    of_colleague = kept is not None and kept.answer("do") == AS_COLLEAGUE
    open_ = selectors.is_open_for_people(appointment)
    context: dict[str, Any] = {
        "appointment": appointment,
        "own": own,
        "zone": appointment.patient_timezone if own else request.tenant.timezone,  # type: ignore[attr-defined]
        "people": lines(actor, appointment),
        "open": open_,
        "guest_form": GuestForm(
            kept.data if kept and not of_colleague else None, own=own, initial={"language": get_language()}
        ),
        "trouble": kept.trouble if kept else "",
        "findings": kept.findings if kept else [],
        "base": "ui/base_staff.html" if actor.is_staff and not own else "ui/base_patient.html",
    }
    if open_ and policies.can_book_colleague(actor, appointment):
        context["colleague_form"] = _colleague_form(actor, appointment, kept.data if kept and of_colleague else None)
    return render(request, "scheduling/people.html", context)


def _colleague_form(actor: Any, appointment: Any, data: Any = None) -> ColleagueForm:
    choices = [(str(each.id), each.display_name) for each in selectors.colleagues_to_book(actor, appointment)]
    return ColleagueForm(data, colleagues=choices)


def _add(request: HttpRequest, appointment: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    own = policies.is_patient_of(actor, appointment)
    of_colleague = request.POST.get("do") == AS_COLLEAGUE and policies.can_book_colleague(actor, appointment)
    form: Any = _colleague_form(actor, appointment, request.POST) if of_colleague else GuestForm(request.POST, own=own)
    if not form.is_valid():
        return _again(request, form)
    data = form.cleaned_data
    who: Any = (
        services.Colleague(practitioner(actor, UUID(data["practitioner"])), PersonRole(data["role"]))  # type: ignore[arg-type]
        if of_colleague
        else guest_of(data)
    )
    try:
        person = services.add_person(actor=actor, appointment=appointment, who=who)
    except services.ColleagueBusy as busy:
        return _again(request, form, trouble="busy", findings=[{"text": busy_text(busy)}])
    except services.ColleagueMayNot as refusal:
        return _again(
            request, form, trouble="may-not", findings=in_words(refusal.findings, who=refusal.colleague.display_name)
        )
    except services.TooManyPeople as full:
        return _again(request, form, trouble="full", findings=[{"text": str(full.most)}])
    except services.WrongStatus:
        messages.warning(request, _("This visit has begun or is over. Ask people in from the visit itself."))
    else:
        words = _("%s is booked too. An invitation is on its way.") % person.shown_name
        wish = _("We look for an interpreter. You see here when one is found.") if own else _("The wish is noted.")
        messages.success(request, wish if person.is_wish else words)
    forget(request)
    return _to(request, appointment)


def _again(request: HttpRequest, form: Any, **stood_in_the_way: Any) -> HttpResponse:
    kept = Kept.of(form, **stood_in_the_way)
    kept.answers["do"] = [request.POST.get("do", "")[:20]]
    return ask_again(request, kept)


def _to(request: HttpRequest, appointment: Any) -> HttpResponse:
    slug = request.tenant.slug  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("scheduling:appointment-people", args=[slug, appointment.id]))


@require_POST
def remove(request: HttpRequest, slug: str, appointment_id: UUID, person_id: UUID) -> HttpResponse:
    """Take somebody off the booking."""
    appointment = _appointment(request, appointment_id, "scheduling.person.remove")
    actor = request.actor  # type: ignore[attr-defined]
    person = selectors.person_in(appointment, person_id)
    if person is None or not policies.can_take_off(actor, appointment, person):
        refuse("scheduling.person.remove", actor=actor, target_type="Appointment", target_id=appointment_id)
    try:
        services.remove_person(actor=actor, appointment=appointment, person=person)
    except services.WrongStatus:
        messages.warning(request, _("This visit has begun or is over. People are asked out in the visit itself."))
    else:
        name = person.shown_name
        messages.success(request, _("%s is no longer booked, and is told.") % name if name else _("The wish is gone."))
    return _to(request, appointment)


@never_cache
@require_safe
def by_link(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Show somebody from outside when the visit begins; once there is a seat for her, lead to it. Opening changes nothing.

    Of the patient nothing is said, and an unknown link and one of another clinic give the same page.
    """
    actor = request.actor  # type: ignore[attr-defined]
    person = selectors.person_by_hash(services.token_hash(token))
    if person is None:
        record_guess("scheduling.person.guess", actor=actor)
        return render(request, "scheduling/person_link.html", {"why": "unknown", "nav": []}, status=404)
    appointment = person.appointment
    record("scheduling.person.open", actor=actor, target=appointment, target_label=person.name,
           patient_id=appointment.patient_id, ground="link of an invitation")  # fmt: skip
    if not selectors.stands(person):
        why = "over" if person.removed_at is None and selectors.standing(appointment) == "over" else "off"
        return render(request, "scheduling/person_link.html", {"why": why, "nav": []}, status=410)
    if (seat := registry.seat_of(person, token)) is not None:
        return HttpResponseRedirect(seat)
    context = {
        "person": person,
        "title": selectors.title_of(person),
        "practitioner": appointment.practitioner,
        "start": appointment.start,
        "zone": appointment.patient_timezone,
        "standing": selectors.standing(appointment),
        "again_url": request.path,
        "nav": [],
    }
    return render(request, "scheduling/person_link.html", context)
