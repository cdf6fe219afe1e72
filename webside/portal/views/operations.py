"""The front desk's boards, booking for a patient on the phone, and the administrator's page."""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID, uuid4

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from webside.audit.services import record, refuse
from webside.catalog import law
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.core import loops
from webside.core.actor import Actor
from webside.notifications.selectors import texts_waiting
from webside.people import selectors as people
from webside.people import services as people_services
from webside.portal import policies, selectors
from webside.portal.codes import Readiness
from webside.portal.forms import NewPatientForm, PhoneBookingForm
from webside.scheduling import rules
from webside.scheduling import services as scheduling
from webside.scheduling.codes import CallWindow, QueueStatus, QueueTrouble, Urgency
from webside.scheduling.forms import WINDOWS
from webside.scheduling.selectors import on_call_plan
from webside.scheduling.views.queue import range_text
from webside.scheduling.views.waiting import URGENCY_WORDS, why_text
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.visits.selectors import help_waiting

VIEWS = ("", "waiting", "attention", "over")


def _refuse(request: HttpRequest) -> NoReturn:
    refuse("portal.home.refuse", actor=request.actor)  # type: ignore[attr-defined]


@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show today's appointments of everybody; ``?part=board`` gives the part that follows what changes."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    shown = request.GET.get("show", "")
    found = selectors.board(actor, tenant, shown if shown in VIEWS else "")
    if found is None:
        _refuse(request)
    words = {"": _("All"), "waiting": _("Waiting"), "attention": _("Needs somebody"), "over": _("Over")}
    numbers = {
        "": len(found.rows),
        "waiting": len(found.waiting),
        "attention": sum(row.tone in ("danger", "warning") and not row.over for row in found.rows),
        "over": sum(row.over for row in found.rows),
    }
    come = found.count(
        Readiness.EXPECTED, Readiness.CHECKED_IN, Readiness.NO_CONSENT, Readiness.NO_LICENCE, Readiness.LATE
    )
    context = {
        "board": found,
        "zone": tenant.timezone,
        "live_tenant": f"tenant:{tenant.id}",
        "texts": texts_waiting(actor),
        "help_waiting": help_waiting(actor),
        "on_call": on_call_plan(found.now, rules.horizon(found.now)),
        "chips": [
            {"text": text, "url": f"?show={view}" if view else request.path, "current": view == found.shown,
             "count": numbers[view]}
            for view, text in words.items()
        ],
        "figures": [
            {"name": _("Waiting now"), "value": len(found.waiting), "note": _("in the waiting room")},
            {"name": _("Longest wait"), "value": found.longest, "note": _("minutes"),
             "tone": "danger" if found.longest > LONG_WAIT else ""},
            {"name": _("Still to come"), "value": come, "note": _("today")},
            {"name": _("Running"), "value": found.count(Readiness.IN_VISIT), "note": _("visits now")},
            {"name": _("Did not come"), "value": found.count(Readiness.MISSED), "note": _("today")},
        ],
    }  # fmt: skip
    template = "portal/_board.html" if request.GET.get("part") == "board" else "portal/board.html"
    return render(request, template, context)


URGENCIES = tuple(URGENCY_WORDS.items())


@require_GET
def queue_board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who waits to be seen now and what to do next; ``?part=board`` gives the part that follows what changes."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    found = selectors.queue_board(actor)
    if found is None:
        _refuse(request)
    shown = request.GET.get("show", "")
    troubled = [row for row in found.rows if row.troubles]
    urgent = [row for row in found.rows if row.entry.urgency != Urgency.ROUTINE]
    rows = {"urgent": urgent, "trouble": troubled}.get(shown, found.rows)
    share = round(100 * found.inside / found.scored) if found.scored else None
    context = {
        "board": found,
        "zone": tenant.timezone,
        "live_topic": f"queue:{tenant.id}",
        "shown": shown if shown in ("urgent", "trouble") else "",
        "chips": [
            {"text": _("All"), "url": request.path, "current": rows is found.rows, "count": len(found.rows)},
            {"text": _("Urgent or soon"), "url": "?show=urgent", "current": shown == "urgent", "count": len(urgent)},
            {"text": _("Needs somebody"), "url": "?show=trouble", "current": shown == "trouble", "count": len(troubled)},
        ],
        "rows": [
            {
                "row": row,
                "tone": URGENCY_WORDS[row.entry.urgency][0],
                "urgency": URGENCY_WORDS[row.entry.urgency][1],
                "why": why_text(row.before) if row.entry.status == QueueStatus.WAITING else "",
                "range": range_text(row.range),
                "troubles": [
                    {"tone": selectors.TROUBLES[each][0], "text": selectors.TROUBLES[each][1]} for each in row.troubles
                ],
            }
            for row in rows
        ],
        "urgencies": [{"value": value, "text": text} for value, (_tone, text) in URGENCIES],
        "windows": WINDOWS,
        "call_backs": [{"task": task, "window": WINDOWS[CallWindow(task.window)]} for task in found.call_backs],
        "openings": [{"service": each, "opening": found.openings[each.id]} for each in found.services],
        "figures": [
            {"name": _("Waiting now"), "value": len(found.waiting), "note": _("in line")},
            {"name": _("Longest wait"), "value": found.longest, "note": _("minutes"),
             "tone": "danger" if any(QueueTrouble.PROMISE_BROKEN in row.troubles for row in found.rows) else ""},
            {"name": _("On duty"), "value": len(found.on_duty), "note": _("take people now"),
             "tone": "" if found.on_duty or not found.waiting else "danger"},
            {"name": _("Waited as long as told"), "value": f"{share} %" if share is not None else "–",
             "note": _("of %(number)d called within a day, goal 80 %%") % {"number": found.scored}},
            {"name": _("To be called"), "value": len(found.call_backs), "note": _("call-backs")},
        ],
    }  # fmt: skip
    if request.GET.get("part") == "board":
        return render(request, "portal/_queue_board.html", context)
    record("scheduling.queue.read", actor=actor, ground="front desk", changes={"waiting": len(found.rows)})
    return render(request, "portal/queue_board.html", context)


LONG_WAIT = 15  # minutes; longer turns the figure red


@require_http_methods(["GET", "POST"])
def book_for(request: HttpRequest, slug: str) -> HttpResponse:
    """Find (or register) the patient who is on the phone, then choose what they need.

    A name is looked for by POST: it must not stand in an address, nor in a log of addresses.
    """
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_see_board(actor):
        _refuse(request)
    if request.method == "POST":
        return _find(request) if "q" in request.POST else _register(request, slug)
    kept = kept_for(request)
    words = kept.answer("q") if kept else ""
    form = NewPatientForm(kept.data if kept and not words else None)
    if words:
        record("people.patient.search", actor=actor, ground="front desk")
    chosen = _chosen(request)
    context = {
        "form": form,
        "words": words,
        "found": selectors.find_patients(actor, words) if words and not chosen else [],
        "chosen": chosen,
        "groups": [
            {
                "kind": group.kind,
                "services": [
                    {
                        "service": service,
                        "price": catalog.price_line(service),
                        "url": reverse("portal:book-time", args=[slug, chosen.id, service.id]),
                        "now_url": _now_url(slug, service, chosen),
                    }
                    for service in group.services
                    if service.kind != Kind.TELECARE
                ],
            }
            for group in (catalog.services_by_kind(actor) if chosen else [])
            if group.kind != Kind.TELECARE
        ],
    }
    return render(request, "portal/book_for.html", context)


def _now_url(slug: str, service: Any, person: Any) -> str:
    """Return where somebody is put in line for a service, if people wait in line for it."""
    here = reverse("scheduling:queue-join", args=[slug, service.id]) if service.on_demand else ""
    return here and f"{here}?patient={person.id}"


def _find(request: HttpRequest) -> HttpResponse:
    words = request.POST["q"].strip()[:80]
    return ask_again(request, Kept({"q": [words]})) if words else redirect(request.path)


def _register(request: HttpRequest, slug: str) -> HttpResponse:
    form = NewPatientForm(request.POST)
    if not form.is_valid():
        return ask_again(request, Kept.of(form))
    patient = people_services.register_patient(actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
    forget(request)
    messages.success(request, _("%(name)s is registered.") % {"name": patient.full_name})
    return redirect(f"{reverse('portal:book-for', args=[slug])}?patient={patient.id}")


def _chosen(request: HttpRequest) -> Any:
    try:
        patient_id = UUID(request.GET.get("patient", ""))
    except ValueError:
        return None
    patient = people.patient(request.actor, patient_id)  # type: ignore[attr-defined]
    if patient is None:
        _refuse(request)
    _note_look(request, patient)
    return patient


def _note_look(request: HttpRequest, patient: Any) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    record("people.patient.read", actor=actor, target=patient, patient_id=patient.id, ground="front desk")


@require_http_methods(["GET", "POST"])
def book_time(request: HttpRequest, slug: str, patient_id: UUID, service_id: UUID) -> HttpResponse:
    """Choose a time for a patient on the phone, note what she agrees to, and book."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    patient, service = people.patient(actor, patient_id), catalog.service(actor, service_id)
    if not policies.can_see_board(actor) or patient is None or service is None or not service.active:
        _refuse(request)
    given = request.POST if request.method == "POST" else request.GET
    offer = selectors.phone_offer(patient=patient, service=service, tenant=tenant, state=given.get("state"))
    if request.method == "POST":
        return _book(request, slug, patient, service, offer)
    _note_look(request, patient)
    kept = kept_for(request) or Kept()
    context = {"patient": patient, "service": service, "offer": offer, "slug": slug,
               "price": catalog.price_line(service), "form": _booking_form(actor, offer, kept.data or None),
               "chosen": kept.answer("slot"), "trouble": kept.trouble, "findings": kept.findings}  # fmt: skip
    return render(request, "portal/book_time.html", context)


def _booking_form(actor: Actor, offer: selectors.PhoneOffer, data: QueryDict | None) -> PhoneBookingForm:
    return PhoneBookingForm(data, scope=offer.scope, agree_to=offer.agree_to, initial={"key": uuid4()},
                            colleagues=selectors.comes_too(actor) if offer.slots or data else ())  # fmt: skip


def _book(request: HttpRequest, slug: str, patient: Any, service: Any, offer: selectors.PhoneOffer) -> HttpResponse:
    """Book the chosen time, or lead back to the page of times with what was typed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = _booking_form(actor, offer, request.POST)
    if not form.is_valid():
        return _ask_again(request, form, offer)
    picked = selectors.picked(service, request.POST.get("slot", ""))
    if picked is None:
        return _ask_again(request, form, offer, trouble="none")
    asked = form.comes_too
    if asked is not None and asked[0] == picked[1].id:
        return _ask_again(request, form, offer, trouble="same")
    colleague = people.practitioner(actor, asked[0]) if asked else None
    along = [scheduling.Colleague(colleague, asked[1])] if asked and colleague is not None else []
    try:
        scheduling.book_with_consent(
            actor=actor, patient=patient, service=service, people=along,
            practitioner=picked[1], start=picked[0], state=offer.state, timezone=offer.zone,
            reason_text=form.cleaned_data["reason_text"], idempotency_key=form.cleaned_data["key"].hex,
            **form.agreed,
        )  # fmt: skip
    except scheduling.ColleagueBusy as busy:
        names = [{"text": _("Not free at this time: %s.") % ", ".join(each.display_name for each in busy.people)}]
        return _ask_again(request, form, offer, trouble="colleague", findings=names)
    except scheduling.ColleagueMayNot as refusal:
        told = law.told_finding(refusal.findings[0], who=refusal.colleague.display_name, place=_state_name(offer))
        return _ask_again(request, form, offer, trouble="colleague", findings=[{"text": told["text"]}])
    except scheduling.CannotBook as refusal:
        findings = [{"text": str(finding.text)} for finding in getattr(refusal, "findings", [])]
        return _ask_again(request, form, offer, trouble="taken", findings=findings)
    except scheduling.KeyReused:
        # A page that was sent for somebody else before: nothing is booked, and the next press has a key of its own.
        again = request.POST.copy()
        again["key"] = uuid4().hex
        return _ask_again(request, _booking_form(actor, offer, again), offer, trouble="again")
    except scheduling.AlreadyBooked:
        messages.info(request, _("This form was sent before and has booked its time already."))
    else:
        messages.success(request, _("Booked for %(name)s. The e-mail with the link is on its way.") % {"name": patient})
    forget(request)
    return redirect("portal:board", slug=slug)


def _state_name(offer: selectors.PhoneOffer) -> str:
    return next((each.name for each in offer.states if each.code == offer.state), offer.state)


def _ask_again(request: HttpRequest, form: Form, offer: selectors.PhoneOffer, **trouble: Any) -> HttpResponse:
    kept = Kept.of(form, **trouble)
    kept.answers["slot"] = [request.POST.get("slot", "")]
    return ask_again(request, kept, f"state={offer.state}")


@require_GET
def administration(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how the installation is, and where to change what."""
    actor = request.actor  # type: ignore[attr-defined]
    counts = selectors.administration(actor)
    if counts is None:
        _refuse(request)
    pulses = loops.pulses()
    return render(
        request,
        "portal/administration.html",
        {"counts": counts, "pulses": pulses, "well": all(pulse.alive for pulse in pulses)},
    )
