"""The lists that last, and vital signs: small forms in the chart and beside the video.

With htmx the answer is the column of lists alone, so that nothing beside it (a running call) is
touched; without, the page that the form came from.
"""

from __future__ import annotations

import contextlib
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from webside.chart import policies, selectors, services
from webside.chart.codes import Criticality, ListCode, ReadingSource
from webside.chart.rules import vitals as signs
from webside.chart.views._doors import back_to, chart_or_404, refuse
from webside.core import clock
from webside.ui.undo import undo

LEVELS = {
    Criticality.UNKNOWN: gettext_lazy("Not known"),
    Criticality.HIGH: gettext_lazy("Can kill"),
    Criticality.LOW: gettext_lazy("Not dangerous"),
}
"""How dangerous an allergy is, in the words of the form (``chart/_list_forms.html``)."""


def _patient(request: HttpRequest, patient_id: UUID, action: str) -> Any:
    chart = chart_or_404(request, patient_id, action)
    if not chart.may_change_lists:
        refuse(request, action, "Patient", patient_id)
    return chart.patient


def _code(text: str) -> ListCode:
    try:
        return ListCode(text)
    except ValueError:
        raise Http404 from None


def _answer(request: HttpRequest, patient: Any, *, error: services.Invalid | None = None, done: str = "",
            told: str = "", tags: str = "", where: str = "", gone: UUID | None = None) -> HttpResponse:  # fmt: skip
    """Answer with the lists, or lead back to the page. ``told`` is what did not go as asked; it stands in its list."""
    page = reverse("chart:patient-detail", args=[request.tenant.slug, patient.id])  # type: ignore[attr-defined]
    if not request.htmx:  # type: ignore[attr-defined]
        if error:
            messages.error(request, " ".join(text for texts in error.errors.values() for text in texts))
        elif told:
            messages.warning(request, told)
        elif done:
            messages.success(request, done, extra_tags=tags)
        return HttpResponseRedirect(back_to(request, page) + (f"#{where}" if where else ""))
    lists = selectors.lists_of(patient)
    ended = _ended(request, patient, lists, f"{where}:{gone}" if gone else "")
    context = {
        "patient": patient,
        "lists": lists,
        "list_answer": True,
        "ended": ended,
        "ended_codes": [gone["code"] for gone in ended],
        "may_change_lists": policies.can_change_lists(request.actor, patient),  # type: ignore[attr-defined]
        "list_errors": error.errors if error else {},
        "open_form": where if error else "",
        "typed": request.POST if error else {},
        "list_done": done,
        "list_told": told,
        "told_in": where if told else "",
        "lists_of_encounter": request.POST.get("encounter", ""),
        "lists_compact": request.POST.get("compact", ""),
        "next": request.POST.get("next", ""),
    }
    return render(request, "chart/_lists.html", context, status=422 if error else 200)


def _ended(request: HttpRequest, patient: Any, lists: selectors.ClinicalLists, now: str) -> list[dict[str, Any]]:
    """Return what was ended since the page was loaded, each with its place on its list and its way back."""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    asked: dict[ListCode, list[UUID]] = {}
    for text in dict.fromkeys([now, *request.POST.getlist("ended")[:50]]):
        code, _colon, entry_id = text.partition(":")
        with contextlib.suppress(ValueError):
            asked.setdefault(ListCode(code), []).append(UUID(entry_id))
    return [
        {
            "code": code.value,
            "id": entry.id,
            "name": entry.name,
            "place": entry.place,
            "url": reverse("chart:list-restore", args=[slug, patient.id, code.value]) + f"?entry={entry.id}",
        }
        for code, entry_ids in asked.items()
        for entry in selectors.ended_entries(patient, lists, code, entry_ids)
    ]


@require_POST
def add(request: HttpRequest, slug: str, patient_id: UUID, code: str) -> HttpResponse:
    """Add an allergy, a medicine or a problem."""
    which = _code(code)
    action = {
        ListCode.ALLERGIES: "chart.allergy.add",
        ListCode.MEDICATIONS: "chart.medication.add",
        ListCode.PROBLEMS: "chart.problem.add",
    }[which]
    patient = _patient(request, patient_id, action)
    try:
        added = _add(request, patient, which)
    except services.Invalid as error:
        return _answer(request, patient, error=error, where=which)
    if added.before is not None:
        return _answer(request, patient, told=_what_became_of(which, added.before, added.entry), where=which)
    return _answer(request, patient, done=_("Added."), where=which)


def _what_became_of(which: ListCode, before: Any, entry: Any) -> str:
    """Say that an entry was on the list already, and what of it is another now."""
    said = [_("%(name)s was on the list already.") % {"name": selectors.entry_name(entry)}]
    if which is ListCode.ALLERGIES:
        levels = {"now": LEVELS[entry.criticality], "was": LEVELS[before.criticality]}
        if entry.criticality == before.criticality:
            said.append(_("Its level stays “%(now)s”.") % levels)
        else:
            said.append(_("Its level is now “%(now)s”; it was “%(was)s”.") % levels)
        if entry.reaction != before.reaction:
            reactions = {"now": entry.reaction, "was": before.reaction}
            said.append(
                _("What happens is now “%(now)s”; it was “%(was)s”.") % reactions
                if before.reaction
                else _("What happens is now “%(now)s”.") % reactions
            )
    else:
        said.append(_("Nothing was changed."))
    return " ".join(said)


def _add(request: HttpRequest, patient: Any, which: ListCode) -> services.Addition[Any]:
    actor = request.actor  # type: ignore[attr-defined]
    text = request.POST.get("text", "")
    more = request.POST.get("more", "")
    if which is ListCode.ALLERGIES:
        level = request.POST.get("criticality", "")
        known = level if level in set(Criticality) else Criticality.UNKNOWN
        return services.add_allergy(actor=actor, patient=patient, substance=text, reaction=more, criticality=known)
    if which is ListCode.MEDICATIONS:
        # Never joined with one that is there: a medicine may be taken in two ways.
        return services.Addition(services.add_medication(actor=actor, patient=patient, medication=text, dosage=more))
    return services.add_problem(actor=actor, patient=patient, display=text, code=more)


def _entry_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("entry", ""))
    except ValueError:
        raise Http404 from None


@require_POST
def end(request: HttpRequest, slug: str, patient_id: UUID, code: str) -> HttpResponse:
    """Take an entry off its list; one press takes that back."""
    which = _code(code)
    patient = _patient(request, patient_id, "chart.list-entry.end")
    try:
        entry = services.end_entry(actor=request.actor, patient=patient, code=which, entry_id=_entry_id(request))  # type: ignore[attr-defined]
    except services.Invalid as error:
        return _answer(request, patient, error=error, where=which)
    back = reverse("chart:list-restore", args=[slug, patient_id, which.value]) + f"?entry={entry.id}"
    said = _("%(name)s was taken off the list.") % {"name": selectors.entry_name(entry)}
    return _answer(request, patient, done=said, tags=undo(back), where=which, gone=entry.id)


@require_POST
def restore(request: HttpRequest, slug: str, patient_id: UUID, code: str) -> HttpResponse:
    """Put an entry back on its list."""
    which = _code(code)
    patient = _patient(request, patient_id, "chart.list-entry.restore")
    try:
        entry = UUID(request.POST.get("entry") or request.GET.get("entry", ""))
    except ValueError:
        raise Http404 from None
    try:
        services.restore_entry(actor=request.actor, patient=patient, code=which, entry_id=entry)  # type: ignore[attr-defined]
    except services.Invalid as error:
        return _answer(request, patient, error=error, where=which)
    return _answer(request, patient, done=_("Back on the list."), where=which)


@require_POST
def confirm(request: HttpRequest, slug: str, patient_id: UUID, code: str) -> HttpResponse:
    """Note that the list was gone through with the patient now, as the page showed it."""
    which = _code(code)
    patient = _patient(request, patient_id, "chart.list.confirm")
    seen = request.POST.get("seen", "")
    try:
        services.confirm_list(actor=request.actor, patient=patient, code=which, seen=seen)  # type: ignore[attr-defined]
    except services.ListChanged as other:
        return _answer(request, patient, told=_how_it_differs(other.change), where=which)
    return _answer(request, patient, done=_("Confirmed now."), where=which)


def _how_it_differs(change: selectors.ListChange) -> str:
    said = [_("Nothing was confirmed: the list has changed since your page showed it.")]
    for words, names in (
        (_("New on it: %(names)s."), change.came),
        (_("Off it: %(names)s."), change.gone),
        (_("Says something else: %(names)s."), change.changed),
    ):
        if names:
            said.append(words % {"names": ", ".join(names)})
    return " ".join([*said, _("Go through it as it stands now, then confirm.")])


@require_POST
def vitals(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Keep vital signs that were typed by hand: all of them, or none."""
    patient = _patient(request, patient_id, "chart.vitals.add")
    try:
        kept = services.add_vitals(
            actor=request.actor, patient=patient, readings=_readings(request), source=_source(request),  # type: ignore[attr-defined]
            encounter=_encounter(request, patient),
        )  # fmt: skip
    except services.Invalid as error:
        return _answer(request, patient, error=error, where="vitals")
    if kept.unusual:
        return _answer(request, patient, told=" ".join([_("Kept, and unusual:"), *kept.unusual]), where="vitals")
    return _answer(request, patient, done=_("Vital signs kept."), where="vitals")


def _source(request: HttpRequest) -> ReadingSource:
    try:
        return ReadingSource(request.POST.get("source", ""))
    except ValueError:
        raise services.Invalid({"source": [_("Say how you know these values.")]}) from None


def _readings(request: HttpRequest) -> list[tuple[str, str, Decimal]]:
    found, errors = [], {}
    for sign in signs.signs(clock.now().date()):
        text = request.POST.get(sign.key, "").strip().replace(",", ".")
        if not text:
            continue
        unit = request.POST.get(f"{sign.key}-unit", "") or sign.units[0][0]
        try:
            value = Decimal(text)
            if not value.is_finite() or len(text) > 8:
                raise InvalidOperation
        except InvalidOperation:
            errors[sign.key] = [_("%(sign)s: give a number.") % {"sign": sign.label}]
            continue
        found.append((sign.key, unit, round(value, 3)))
    if errors:
        raise services.Invalid(errors)
    return found


def _encounter(request: HttpRequest, patient: Any) -> Any:
    text = request.POST.get("encounter", "")
    try:
        encounter = selectors.encounter(request.actor, UUID(text)) if text else None  # type: ignore[attr-defined]
    except ValueError:
        return None
    return encounter if encounter is not None and encounter.patient_id == patient.id else None
