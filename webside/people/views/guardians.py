"""The front desk's page of who may act for a patient, where it records a guardian."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import record, refuse
from webside.core import clock
from webside.people import policies, registry, selectors, services
from webside.people.codes import Basis
from webside.people.forms import GuardianForm
from webside.people.registry import OfAge
from webside.people.views._invitations import link_to


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Show who may act for a patient; record a guardian after seeing a document."""
    actor, zone = request.actor, request.tenant.timezone  # type: ignore[attr-defined]
    patient = selectors.patient(actor, patient_id) if policies.can_record_guardian(actor) else None
    if patient is None:
        refuse("people.delegation.refuse", actor=actor, target_type="Patient", target_id=patient_id)
    of_age = registry.of_age(patient)
    form = GuardianForm(request.POST if request.method == "POST" else None, zone=zone)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        court_day, basis = given.pop("last_day"), Basis(given.pop("basis"))
        if basis is Basis.GUARDIAN and (problem := _problem(of_age, zone)):
            form.add_error("basis", problem)
        else:
            try:
                services.record_guardian(
                    actor=actor, patient=patient, basis=basis, link_to=link_to(request),
                    expires_at=_first_moment(of_age, zone) if basis is Basis.GUARDIAN else court_day, **given,
                )  # fmt: skip
            except services.TooLong:
                form.add_error("last_day", _("This day has passed."))
            except services.NotForOneself:
                form.add_error("email", _("This is the patient’s own address."))
            except services.TooMany:
                form.add_error(
                    None, _("As many invitations for this patient have gone out as can in one day. Try again tomorrow.")
                )
            else:
                messages.success(request, _("Recorded. The invitation to %(name)s works for 7 days.") % given)
                return redirect("people:guardian-list", slug=slug, patient_id=patient.id)
    record("people.delegation.read", actor=actor, patient_id=patient.id, ground="front desk")
    context = {"form": form, "patient": patient, "delegates": selectors.delegates_of(patient), "of_age": of_age}
    return render(request, "people/guardian_list.html", context, status=422 if form.errors else 200)


def _first_moment(of_age: OfAge, zone: str) -> datetime:
    if of_age.on is None:
        raise AssertionError("asked before")
    return datetime.combine(of_age.on, time(0), tzinfo=ZoneInfo(zone))


def _problem(of_age: OfAge, zone: str) -> str:
    """Return why nobody can be recorded as guardian of a minor, or nothing."""
    if of_age.on is None:
        return _("It isn’t known when this patient comes of age. Give the state of residence first.")
    if _first_moment(of_age, zone) <= clock.now():
        return _("This patient is of age and lets somebody act for them herself, or a court does.")
    return ""
