"""The compliance officer's pages: who looked and what changed, overrides, consents."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from webside.audit import sentences
from webside.audit.services import record
from webside.compliance import panels, policies, selectors, services, tasks
from webside.compliance.forms import DayForm
from webside.compliance.views._guard import id_in, not_here, officer
from webside.core import clock, jobs
from webside.people import selectors as people
from webside.ui.registry import counted
from webside.ui.spreadsheet import MOST, csv_file

PAGE = 50
ENDING_SHOWN = 5
FILTER_NAMES = {
    "everything": gettext_lazy("Everything"),
    "looked": gettext_lazy("Looked"),
    "changed": gettext_lazy("Changed"),
    "shared": gettext_lazy("Shared"),
    "overrides": gettext_lazy("Overrides"),
    "refused": gettext_lazy("Refused"),
}
CONSENT_NAMES = {
    "everything": gettext_lazy("Everything"),
    "standing": gettext_lazy("Standing"),
    "visit": gettext_lazy("For one visit"),
    "withdrawn": gettext_lazy("Withdrawn"),
}


def _chips(names: dict[str, Any], counts: dict[str, int], chosen: str, **kept: Any) -> list[dict[str, Any]]:
    given = {name: value for name, value in kept.items() if value}
    return [
        {
            "text": label,
            "url": "?" + urlencode({"show": name, **given}),
            "current": name == chosen,
            "count": f"{counts[name]}+" if counts[name] >= selectors.COUNTED else counts[name],
        }
        for name, label in names.items()
    ]


def trail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who looked at and changed records, newest first; of one patient or by one person where one is named."""
    actor = officer(request)
    patient_id, who = id_in(request, "patient"), id_in(request, "who")
    patient = people.patient(actor, patient_id) if patient_id else None
    if patient_id and patient is None:
        not_here(actor, "Patient", patient_id)
    record("compliance.trail.read", actor=actor, patient_id=patient_id, ground="oversight")
    return render(request, "compliance/trail.html", _trail_context(request, patient, who) | {"matches": None})


def _trail_context(request: HttpRequest, patient: Any, who: UUID | None) -> dict[str, Any]:
    actor: Any = request.actor  # type: ignore[attr-defined]
    patient_id = patient.id if patient else None
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in selectors.TRAIL_FILTERS else "everything"
    day = DayForm(request.GET).chosen
    until = timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) if day else None
    events = selectors.filtered_trail(chosen, patient_id=patient_id, who=who, until=until)
    before = request.GET.get("before", "")
    if before.isdigit() and len(before) < 19:
        events = events.filter(sequence__lt=int(before))
    rows = list(events.defer("changes", "request_id", "transaction")[: PAGE + 1])
    kept = {"patient": patient_id, "who": who, "day": day}
    given = {name: str(value) for name, value in kept.items() if value}
    more = urlencode({"show": chosen, "before": rows[PAGE - 1].sequence, **given}) if len(rows) > PAGE else ""
    counts = selectors.trail_counts(patient_id=patient_id, who=who)
    ending, number_ending = selectors.first_ending(actor, ENDING_SHOWN)
    open_overrides = selectors.open_overrides()
    standing = _state()
    counted(request, panels.trail_altered, panels.found_altered(standing["state"].checked))
    counted(request, panels.licences_ending, panels.ending_soon(number_ending))
    if len(open_overrides) < selectors.OVERRIDES_SHOWN:
        counted(request, panels.overrides_to_review, panels.waiting_for_review(len(open_overrides)))
    return {
        "entries": selectors.entries(rows[:PAGE]),
        "counted": len(rows[:PAGE]),
        "chips": _chips(FILTER_NAMES, counts, chosen, **given),
        "chosen": chosen,
        "patient": patient,
        "who": rows[0].actor_label if who and rows else "",
        "kept": given,
        "day": day,
        "more": more,
        "export_url": _export_url(request, given),
        "asked_at": clock.now(),
        **standing,
        "ending": selectors.licence_rows(ending),
        "override": open_overrides[0] if open_overrides else None,
        "waiting": len(open_overrides),
    }


def _export_url(request: HttpRequest, given: dict[str, str]) -> str:
    named = urlencode([(name, given[name]) for name in ("patient", "who") if name in given])
    address = reverse("compliance:trail-csv", args=[request.tenant.slug])  # type: ignore[attr-defined]
    return f"{address}?{named}" if named else address


@require_POST
def find(request: HttpRequest, slug: str) -> HttpResponse:
    """Find the patient whose record is asked about. By POST: names stay out of addresses and logs."""
    actor = officer(request)
    words = request.POST.get("words", "")[:80]
    matches = selectors.patients_matching(actor, words)
    record("compliance.trail.search", actor=actor, ground="oversight")
    if len(matches) == 1:
        return redirect(f"{reverse('compliance:trail', args=[slug])}?patient={matches[0].id}")
    context = _trail_context(request, None, None) | {"matches": matches, "words": words}
    return render(request, "compliance/trail.html", context)


@require_POST
def verify(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the worker check the trail now: a long one takes longer than a page may."""
    services.ask_for_check(actor=officer(request))
    tasks.check_trail.defer()
    return redirect("compliance:trail", slug=slug)


@require_GET
def trail_state(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how the trail stands, again and again while it is checked."""
    officer(request)
    return render(request, "compliance/_state.html", _state())


def _state() -> dict[str, Any]:
    return {"state": selectors.trail_state(), "check": jobs.going_on(tasks.CHECK)}


def trail_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Export the trail as CSV: the whole of it, one patient's, or one person's."""
    actor = officer(request)
    patient_id, who = id_in(request, "patient"), id_in(request, "who")
    record("compliance.trail.export", actor=actor, patient_id=patient_id, ground="oversight")
    heads = (
        "number",
        "time",
        "who",
        "roles",
        "did",
        "action",
        "outcome",
        "patient",
        "what",
        "ground",
        "reason",
        "from",
    )
    events = selectors.filtered_trail("everything", patient_id=patient_id, who=who)[: MOST + 1]
    return csv_file("trail", heads, (_cells(event) for event in events.iterator(2000)))


def _cells(event: Any) -> tuple[Any, ...]:
    return (
        event.sequence, event.at.isoformat(), event.actor_label, event.actor_roles,
        sentences.sentence(event.action), event.action, "refused" if event.outcome == "4" else "done",
        event.patient_id or "", event.target_label, event.ground, event.reason, event.remote,
    )  # fmt: skip


def disclosures(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Show, for paper, what of one patient's record left Webside in six years (45 CFR 164.528)."""
    actor = officer(request)
    patient = people.patient(actor, patient_id)
    if patient is None:
        not_here(actor, "Patient", patient_id)
    record("compliance.disclosures.read", actor=actor, patient_id=patient.id, ground="oversight")
    since, now = selectors.disclosed_since()
    events = selectors.disclosures(patient.id, since)
    return render(
        request,
        "compliance/disclosures.html",
        {"patient": patient, "entries": selectors.entries(events), "since": since, "now": now},
    )


def overrides(request: HttpRequest, slug: str) -> HttpResponse:
    """Show every override with its reason, what else happened in those hours, and its review."""
    actor = officer(request)
    record("compliance.trail.read", actor=actor, ground="oversight", target_label="overrides")
    return render(request, "compliance/overrides.html", {"rows": selectors.overrides()})


@require_POST
def override_review(request: HttpRequest, slug: str, override_id: UUID) -> HttpResponse:
    """Note what compliance makes of an override."""
    actor = officer(request)
    event = selectors.override_event(override_id)
    verdict, note = request.POST.get("verdict", ""), request.POST.get("note", "")[:1000]
    if event is None or verdict not in services.VERDICTS:
        not_here(actor, "GateOverride", override_id)
    try:
        services.review_override(actor=actor, event=event, verdict=verdict, note=note)
    except services.ReasonMissing:
        context = {"rows": selectors.overrides(), "refused": event.id, "verdict": verdict}
        return render(request, "compliance/overrides.html", context, status=422)
    messages.success(request, _("Your verdict is in the trail."))
    return redirect("compliance:overrides", slug=slug)


def consents(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who agreed to what, in which words, and what was taken back."""
    actor = officer(request, may=policies.can_see_consents)
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in selectors.CONSENT_FILTERS else "everything"
    record("compliance.consents.read", actor=actor, ground="oversight")
    found = selectors.consents_after(selectors.consents(actor, chosen), id_in(request, "after"))
    rows = list(found[: PAGE + 1])
    more = urlencode({"show": chosen, "after": rows[PAGE - 1].id}) if len(rows) > PAGE else ""
    return render(
        request,
        "compliance/consents.html",
        {
            "rows": rows[:PAGE],
            "chips": _chips(CONSENT_NAMES, selectors.consent_counts(), chosen),
            "more": more,
            "texts": selectors.versions_in_force(),
            "languages": selectors.LANGUAGES,
        },
    )
