"""How we reach you: the patient's own page, and the front desk's for a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from webside.audit.services import record, refuse
from webside.core.actor import ActorKind
from webside.notifications import policies, ports, selectors, services
from webside.notifications.forms import ReachForm
from webside.notifications.telephone import masked, shown
from webside.notifications.views.devices import pushes_of
from webside.people import selectors as people
from webside.people import services as people_services
from webside.ui.kept import Kept, ask_again, forget, kept_for

REFUSED = "notifications.preference.refuse"


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest, slug: str) -> HttpResponse:
    """Show and change how we reach the person who asks: signed in, or come by a link to a visit."""
    actor = request.actor  # type: ignore[attr-defined]
    patient = selectors.own_patient(actor)
    if patient is None:
        refuse(REFUSED, actor=actor)
    by_link = actor.kind is ActorKind.LINK
    return _page(request, slug, patient, own=True, with_number=not by_link)


@require_http_methods(["GET", "HEAD", "POST"])
def of_patient(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Show and change how a person is reached, for the front desk."""
    actor = request.actor  # type: ignore[attr-defined]
    patient = people.patient(actor, patient_id)
    if patient is None or not policies.can_see_texts(actor):
        refuse(REFUSED, actor=actor, target_type="Patient", target_id=patient_id)
    return _page(request, slug, patient, own=False, with_number=True)


def _page(request: HttpRequest, slug: str, patient: Any, *, own: bool, with_number: bool) -> HttpResponse:
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    zone = patient.timezone or tenant.timezone
    with_pushes = with_number and patient.user_id is not None
    options: dict[str, Any] = {"with_number": with_number, "with_pushes": with_pushes, "zone": zone}
    if request.method == "POST":
        form = ReachForm(request.POST, **options)
        if not form.is_valid():
            return ask_again(request, Kept.of(form))
        _save(actor, patient, form)
        forget(request)
        messages.success(request, _("Saved. It holds from now on."))
        return redirect(request.path)
    kept = kept_for(request)
    preference = selectors.preference_of(patient)
    initial = {
        "phone": patient.phone, "language": patient.language, "timezone": zone,
        **{name: getattr(preference, name) for name in ("reminders", "changes", "pushes", "quiet_from", "quiet_until")},
    }  # fmt: skip
    record("notifications.preference.read", actor=actor, target=patient, patient_id=patient.id,
           ground="own record" if own else "front desk")  # fmt: skip
    trouble = selectors.trouble_of(patient)
    why = selectors.FAILURES.get(trouble["reason"])
    context = {
        "form": ReachForm(kept.data if kept else None, initial=initial, **options),
        "patient": patient,
        "own": own,
        "base": "ui/base_patient.html" if own else "ui/base_staff.html",
        "number": shown(trouble["number"]) if with_number else masked(trouble["number"]),
        "our_number": shown(ports.texts_from(slug)),
        "trouble": trouble,
        "why": why[0] if why and patient.phone else "",
        "todo": why[1] if why and patient.phone and not own else "",
        "zone": zone,
        "messages_sent": [] if own else selectors.last_failures(patient),
        "pushes": pushes_of(request) if own else None,
        "home_url": reverse("portal:home", args=[slug]) if own and actor.user_id else "",
    }
    return render(request, "notifications/reach.html", context)


def _save(actor: Any, patient: Any, form: ReachForm) -> None:
    data = form.cleaned_data
    changed = {
        name: data[name]
        for name in ("phone", "language", "timezone")
        if name in data and data[name] != getattr(patient, name)
    }
    services.change_preference(actor=actor, patient=patient, **form.preference)
    if changed:
        people_services.change_patient(actor=actor, patient=patient, **changed)
