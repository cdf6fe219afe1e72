"""See someone now, from the patient's side: getting in line, her place, being called, leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.accounts import doors
from webside.audit.services import record, refuse
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.policies import is_shown
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.notifications import selectors as notifications
from webside.people.codes import Scope
from webside.people.selectors import patient_for
from webside.scheduling import policies, registry, rules, selectors, services
from webside.scheduling.codes import IN_LINE, CallWindow, QueueStatus, Urgency
from webside.scheduling.forms import WINDOWS, CallBackForm, JoinForm, VisitorJoinForm
from webside.scheduling.views._sent import in_words, visitor_of, with_new_key
from webside.scheduling.views.booking import SAID, consent_asked, service_or_404
from webside.scheduling.views.places import Place, place_of, zone_choices
from webside.scheduling.views.waits import person_of
from webside.ui.kept import Kept, ask_again, carried, carry, forget, kept_for
from webside.ui.undo import undo

# ------------------------------------------------------------------------------------------------ getting in line


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody is about to wait for; ``patient`` is whoever is signed in or was chosen, nobody for a visitor."""

    service: Any
    place: Place
    patient: Any
    agree_to: Any

    def form(self, data: Any, *, reason: str = "") -> JoinForm | VisitorJoinForm:
        """Return the form of who joins, with ``data`` if there are any; ``reason`` is what she said before."""
        known = {"key": uuid4(), "reason_text": reason}
        if self.patient is None:
            return VisitorJoinForm(data, agree_to=self.agree_to, initial=known)
        return JoinForm(data, agree_to=self.agree_to, initial=known | {"phone": self.patient.phone})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Say where she is, what for and how to reach her; get in line.

    Words that mean danger are answered before anything else: she reads what to do, and joins only then.
    """
    service = service_or_404(request, service_id)
    actor = request.actor  # type: ignore[attr-defined]
    if not service.on_demand or service.kind == Kind.TELECARE:
        raise Http404
    chosen = person_of(request, "scheduling.queue.join")
    patient = chosen or patient_for(actor, Scope.APPOINTMENTS)
    if actor.on_behalf is not None and (patient is None or not is_shown(actor, service)):
        # As with a booking: she puts nobody else in line meanwhile, least of all herself.
        refuse("scheduling.queue.join", actor=actor, target_type="HealthcareService", target_id=service.id)
    back = reverse("scheduling:service-detail", args=[slug, service.id])
    if actor.is_staff and not actor.has(Role.COORDINATOR):
        return render(request, "scheduling/book_staff.html", {"service": service, "back_url": back})
    held = selectors.own_entry(actor) if chosen is None else None
    if held is not None:
        return HttpResponseRedirect(entry_url(slug, held))
    place = _place_now(request, chosen)
    now = clock.now()
    context: dict[str, Any] = {
        "service": service,
        "price": catalog.price_said(service),
        "amount": catalog.amount_text(service.price_cents),
        "back_url": back,
        "opening": selectors.opening(service, now),
        "place": place,
        "states": selectors.states(now.date()),
        "path": request.path,
        "chosen": chosen,
        "ask_url": f"{request.path}?{urlencode(_whose(request) | {'place': 'ask'})}",
        "needs_licence": service.kind == Kind.TELEMEDICINE,
    }
    if not place.known:
        zones = zone_choices(place.state) if place.state else []
        return render(request, "scheduling/queue_join.html", context | {"zones": zones})
    scope, text = consent_asked(request, service, patient)
    joining = Joining(service, place, patient, text)
    if scope and text is None:
        return render(request, "scheduling/queue_join.html", context | {"no_consent_text": True}, status=409)
    if request.method == "POST":
        return _join(request, joining)
    return _show_join(request, joining, context | {"consent_text": text})


def _place_now(request: HttpRequest, chosen: Any) -> Place:
    """Return where she is now. Of whom the front desk chose it is asked: the last caller may have been elsewhere."""
    given = request.GET if request.method == "GET" else request.POST
    return place_of(request) if chosen is None or given.get("state") else Place(None)


def _whose(request: HttpRequest) -> dict[str, str]:
    """Return for whom the front desk does it, as an address names her."""
    given = request.POST.get("patient") or request.GET.get("patient") or ""
    return {"patient": given} if given else {}


def _show_join(request: HttpRequest, joining: Joining, context: dict[str, Any]) -> HttpResponse:
    kept = kept_for(request)
    line = selectors.line()
    state = joining.place.state.code  # type: ignore[union-attr]
    guardian = request.actor.is_guardian  # type: ignore[attr-defined]
    before, found = line.prospect(joining.service, joining.patient, state, guardian)
    trouble = {"trouble": kept.trouble, "findings": kept.findings} if kept else {}
    may = line.who_may(joining.service, joining.patient, state, guardian)
    return render(
        request,
        "scheduling/queue_join.html",
        context
        | trouble
        | {
            "form": joining.form(kept.data if kept else None, reason=carried(request, SAID)),
            "patient": joining.patient,
            "before": before,
            "range": found,
            "range_text": range_text(found),
            "may": may,
            "lacks_guardian": not may and not guardian and _lacks_guardian(joining, state),
            "zone": joining.place.zone,
        },
    )


def _lacks_guardian(joining: Joining, state: str) -> bool:
    """Whether she is a minor who may be seen there, if a guardian asks for it: whoever is here now is not the point."""
    if joining.patient is None:
        return False
    asked = selectors.offers(service=joining.service, state=state, at=clock.now(), patient=joining.patient)
    return any(offer.lacks_guardian for offer in asked)


def _join(request: HttpRequest, joining: Joining) -> HttpResponse:
    """Join, or lead back to the form with what was typed and what stood in the way."""
    form = joining.form(request.POST)
    if not form.is_valid():
        # What is dangerous is said even to who has left a field empty.
        post = request.POST
        return _ask_again(request, joining, form, registry.screened(post.get("reason_text", ""), post.getlist("signs")))
    screened = registry.screened(form.cleaned_data["reason_text"], form.cleaned_data.get("signs", ()))
    if any(answer.danger for answer in screened) and request.POST.get("read") != "1":
        return _ask_again(request, joining, form, screened)
    try:
        entry = _joined(request.actor, joining, form, screened)  # type: ignore[attr-defined]
    except services.InLineAlready as held:
        entry = held.entry
        if not request.actor.has(Role.COORDINATOR):  # type: ignore[attr-defined]
            messages.info(request, _("You are in line already. This is your place."))
    except services.QueueShut:
        return _ask_again(request, joining, form, trouble="shut")
    except services.NobodyMay:
        return _ask_again(request, joining, form, trouble="nobody")
    except services.GatesStop as refusal:
        return _ask_again(request, joining, form, trouble="gates", findings=in_words(refusal.findings))
    except services.KeyReused:
        return _ask_again(request, joining, joining.form(with_new_key(request)), trouble="again")
    forget(request)
    carry(request, SAID, "")
    slug = request.tenant.slug  # type: ignore[attr-defined]
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.has(Role.COORDINATOR):
        messages.success(request, _("%(name)s is in line.") % {"name": entry.patient.full_name})
        return HttpResponseRedirect(reverse("portal:queue-board", args=[slug]))
    if actor.kind is not ActorKind.PERSON and actor.subject_id != entry.id:
        open_queue_door(request, entry)
    return HttpResponseRedirect(entry_url(slug, entry))


def _joined(actor: Actor, joining: Joining, form: Any, screened: list[registry.Screened]) -> Any:
    given = form.cleaned_data
    found = screened[0] if screened else registry.Screened()
    for answer in screened[1:]:
        if rules.raised(found.urgency, answer.urgency) is not found.urgency:
            found = answer
    details: dict[str, Any] = {
        "actor": actor,
        "service": joining.service,
        "state": joining.place.state.code,  # type: ignore[union-attr]
        "timezone": joining.place.zone,
        "reason_text": given["reason_text"],
        "idempotency_key": given["key"].hex,
        **form.agreed,
        "urgency": found.urgency,
        "urgency_reason": (found.reason or found.title)[:200] if found.urgency is not Urgency.ROUTINE else "",
        "urgency_by": found.source,
        "wants_message": given["wants_message"],
    }
    if joining.patient is not None:
        return services.join_queue(patient=joining.patient, phone=given["phone"], **details)
    return services.join_as_visitor(details=visitor_of(actor, given), **details)


def _ask_again(
    request: HttpRequest, joining: Joining, form: Any, screened: list[registry.Screened] | None = None, *,
    trouble: str = "", findings: list[dict[str, Any]] | None = None,
) -> HttpResponse:  # fmt: skip
    danger = [{"title": each.title, "text": each.text, "source": each.source} for each in screened or () if each.danger]
    if danger:
        trouble, findings = "danger", danger
    return ask_again(
        request, Kept.of(form, trouble=trouble, findings=findings or []), joining.place.query(**_whose(request))
    )


def open_queue_door(request: HttpRequest, entry: Any) -> None:
    """Let this browser see one place in line, and the visit that comes of it."""
    doors.open_door(request, subject_id=entry.id, label=entry.patient.full_name, proof={"queue": str(entry.id)})


def entry_url(slug: str, entry: Any) -> str:
    """Return where somebody sees her place."""
    return reverse("scheduling:queue-entry", args=[slug, entry.id])


# ------------------------------------------------------------------------------------------------ her place


def range_text(found: Any) -> str:
    """Return a range as people say it; empty where nobody can say."""
    if found is None:
        return ""
    if found.low == 0:
        return _("within %(high)d minutes") % {"high": found.high}
    return _("in %(low)d to %(high)d minutes") % {"low": found.low, "high": found.high}


def entry_or_404(request: HttpRequest, entry_id: UUID, action: str) -> Any:
    """Return a place that the actor may see; anything else is refused and looks as if it weren't there."""
    entry = selectors.queue_entry(request.actor, entry_id)  # type: ignore[attr-defined]
    if entry is None:
        refuse(action, actor=request.actor, target_type="QueueEntry", target_id=entry_id)  # type: ignore[attr-defined]
    return entry


def own_entry_or_404(request: HttpRequest, entry_id: UUID, action: str) -> Any:
    """Return her own place; the front desk's for her too."""
    entry = entry_or_404(request, entry_id, action)
    if not policies.can_change_place(request.actor, entry):  # type: ignore[attr-defined]
        refuse(action, actor=request.actor, target_type="QueueEntry", target_id=entry_id)  # type: ignore[attr-defined]
    return entry


@never_cache
@require_safe
def place(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Show her place: how many are before her, an honest range, what to have ready, what else she can do.

    ``?part=now`` gives the fragment that follows what changes.
    """
    entry = entry_or_404(request, entry_id, "scheduling.queue.read")
    actor = request.actor  # type: ignore[attr-defined]
    own = policies.is_person_of(actor, entry)
    if not own:
        # Who works with the line has their own pages of it.
        home = "portal:queue-board" if policies.can_read_line(actor) else "scheduling:queue"
        return HttpResponseRedirect(reverse(home, args=[slug]))
    context = _place(request, slug, entry)
    if request.GET.get("part") == "now":
        return render(request, "scheduling/_queue_now.html", context)
    record("scheduling.queue.read", actor=actor, target=entry, patient_id=entry.patient_id, ground="own place in line")
    form = CallBackForm(initial={"phone": entry.phone, "window": CallWindow.SOON})
    context["reason"] = entry.reason_text if policies.can_read_entry_reason(actor, entry) else ""
    return render(request, "scheduling/queue_place.html", context | {"form": form, "tips": _tips(entry)})


def _place(request: HttpRequest, slug: str, entry: Any) -> dict[str, Any]:
    """Return what her page says of how it stands."""
    now = clock.now()
    status = QueueStatus(entry.status)
    context: dict[str, Any] = {
        "entry": entry,
        "service": entry.service,
        "status": status.value,
        "zone": entry.timezone,
        "now": now,
        "live_topic": f"queue:{request.tenant.id}",  # type: ignore[attr-defined]
        "fragment_url": f"{entry_url(slug, entry)}?part=now",
        "in_line": status in IN_LINE,
        "state": selectors.state(entry.state, now.date()),
        "service_url": reverse("scheduling:service-detail", args=[slug, entry.service_id]),
        "window": str(WINDOWS[CallWindow.SOON]),
    }
    if status is QueueStatus.WAITING:
        context |= _waiting(entry, now)
        told_by_text = entry.wants_message and bool(entry.phone)
        context["texts_wait"] = told_by_text and notifications.texts_wait(request.tenant)  # type: ignore[attr-defined]
    elif status is QueueStatus.CALLBACK:
        task = entry.call_backs.filter(closed_at=None).first()
        context |= {"task": task, "window": str(WINDOWS[CallWindow(task.window)]) if task else "",
                    "can_return": selectors.can_return(entry)}  # fmt: skip
    elif status in (QueueStatus.UNANSWERED, QueueStatus.LEFT):
        context |= {"can_return": selectors.can_return(entry)}
    elif status in (QueueStatus.SEEN, QueueStatus.NOSHOW, QueueStatus.BOOKED):
        appointment = selectors.appointment_of(entry)
        context["appointment_url"] = (
            reverse("scheduling:appointment-detail", args=[slug, entry.id]) if appointment else ""
        )
    return context | {"words": _words(context)}


def _waiting(entry: Any, now: Any) -> dict[str, Any]:
    line = selectors.line(now)
    opened = selectors.opening(entry.service, now)
    warning = rules.lasting("closing_warning", now.date())
    may = line.who_may_see(line.entries.get(entry.id, entry))
    found = line.range_of(entry.id)
    near = rules.number("near_place", now.date())
    return {
        "before": line.place(entry.id),
        "range": found,
        "range_text": range_text(found),
        "from": now + timedelta(minutes=found.low) if found else None,
        "until": now + timedelta(minutes=found.high) if found else None,
        "may": may,
        "opening": opened,
        "closing": bool(warning and opened.closes_at and opened.closes_at - now <= warning),
        "near": near,
    }


def _words(context: dict[str, Any]) -> str:
    """Return what is read out when it changes: one sentence."""
    status = context["status"]
    if status == QueueStatus.WAITING:
        before = context["before"]
        place_ = ngettext("%d person is before you.", "%d people are before you.", before) % before
        if before == 0:
            place_ = _("You are next.")
        when_ = _("Your turn should come %s.") % context["range_text"] if context["range_text"] else ""
        return f"{place_} {when_}".strip()
    return {
        QueueStatus.CLAIMED: _("It is your turn."),
        QueueStatus.UNANSWERED: _("We called you. Your place is kept."),
        QueueStatus.CALLBACK: _("We call you."),
        QueueStatus.BOOKED: _("You have a time of your own."),
    }.get(status, "")


def _tips(entry: Any) -> list[dict[str, str]]:
    tips = [{"icon": "bulb", "title": _("Find a quiet place"), "text": _("A place where you can talk freely is best.")}]
    if entry.service.kind == Kind.TELEMEDICINE:
        tips = [
            {"icon": "card", "title": _("Have a photo ID near you"), "text": _("You may be asked to show it.")},
            {"icon": "pill", "title": _("Get your pills"),
             "text": _("Have the bottles near, so you can read the labels.")},
            {"icon": "pin", "title": _("Know where you are"),
             "text": _("We ask for the street and the house, so that help could find you.")},
        ]  # fmt: skip
    return [*tips, {"icon": "battery", "title": _("Charge your phone"),
                    "text": _("Or put it on its charger. You need camera and sound.")}]  # fmt: skip


# ---------------------------------------------------------------------------------------------- what she does


@require_POST
def answer(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Go on to the visit: she has come."""
    entry = entry_or_404(request, entry_id, "scheduling.queue.answer")
    if not policies.can_answer_call(request.actor, entry):  # type: ignore[attr-defined]
        refuse("scheduling.queue.answer", actor=request.actor, target_id=entry_id)  # type: ignore[attr-defined]
    try:
        appointment = services.answer_call(actor=request.actor, entry=entry)  # type: ignore[attr-defined]
    except services.WrongPlace:
        return HttpResponseRedirect(entry_url(slug, entry))
    return HttpResponseRedirect(
        registry.destination_of(appointment) or reverse("scheduling:appointment-detail", args=[slug, entry.id])
    )


@require_POST
def leave(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Leave the line at once; the page after it offers to take that back."""
    entry = own_entry_or_404(request, entry_id, "scheduling.queue.leave")
    try:
        services.leave_queue(actor=request.actor, entry=entry)  # type: ignore[attr-defined]
    except services.WrongPlace:
        messages.warning(request, _("Nothing was changed: you are being seen, or it is over."))
    else:
        messages.success(
            request, _("You have left the line."),
            extra_tags=undo(reverse("scheduling:queue-return", args=[slug, entry.id])),
        )  # fmt: skip
    return HttpResponseRedirect(entry_url(slug, entry))


@require_POST
def come_back(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Wait again, at the same place."""
    entry = own_entry_or_404(request, entry_id, "scheduling.queue.return")
    try:
        services.return_to_queue(actor=request.actor, entry=entry)  # type: ignore[attr-defined]
    except services.QueueShut:
        messages.warning(request, _("The line is closed, and nobody is here who may see you. We can call you instead."))
    except services.InLineAlready as held:
        return HttpResponseRedirect(entry_url(slug, held.entry))
    except services.WrongPlace:
        messages.warning(request, _("It’s too late to come back to this place. You can get in line anew."))
    else:
        messages.success(request, _("You are back in line, at the place that you had."))
    return HttpResponseRedirect(entry_url(slug, entry))


@require_POST
def notify(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Keep whether she wants to be told when she is nearly next."""
    entry = own_entry_or_404(request, entry_id, "scheduling.queue.notify")
    wanted = request.POST.get("wanted") == "1"
    try:
        services.ask_for_message(actor=request.actor, entry=entry, wanted=wanted)  # type: ignore[attr-defined]
    except services.WrongPlace:
        return HttpResponseRedirect(entry_url(slug, entry))
    messages.success(
        request,
        _("We send you a message when you are third. Your place is kept.") if wanted else _("We send no message."),
    )
    return HttpResponseRedirect(entry_url(slug, entry))


@require_POST
def call_back(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Be called instead of waiting."""
    entry = own_entry_or_404(request, entry_id, "scheduling.queue.call-back")
    form = CallBackForm(request.POST)
    if not form.is_valid():
        context = _place(request, slug, entry) | {"form": form, "tips": _tips(entry)}
        return render(request, "scheduling/queue_place.html", context, status=422)
    try:
        services.ask_call_back(
            actor=request.actor, entry=entry, phone=form.cleaned_data["phone"],  # type: ignore[attr-defined]
            window=CallWindow(form.cleaned_data["window"]),
        )  # fmt: skip
    except services.WrongPlace:
        messages.warning(request, _("Nothing was changed: you are being seen, or it is over."))
    else:
        messages.success(request, _("We call you. You needn’t wait here."))
    return HttpResponseRedirect(entry_url(slug, entry))


def open_by_link(request: HttpRequest, slug: str, link: Any) -> HttpResponse:
    """Open somebody's place by the link of a message (see ``patient.go``)."""
    entry, actor = link.entry, request.actor  # type: ignore[attr-defined]
    signed_in = actor.kind is ActorKind.PERSON
    if link.expires_at <= clock.now():
        return render(request, "scheduling/link_stopped.html", {"why": "expired"}, status=410)
    if signed_in and not policies.is_person_of(actor, entry) and not policies.can_read_line(actor):
        return render(request, "scheduling/link_signed_in.html", {"path": request.path}, status=403)
    services.open_queue_link(actor=actor, link=link)
    if not signed_in:
        open_queue_door(request, entry)
    return HttpResponseRedirect(entry_url(slug, entry))
