"""The clinician's side: the door, the call beside the note and the chart, ending, answering for gates."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from webside.audit.services import record
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.catalog.codes import Kind
from webside.catalog.selectors import overrides_of
from webside.chart import selectors as chart
from webside.core import clock
from webside.visits import panels, policies, selectors, services
from webside.visits.codes import AudioReason, EndReason, ParticipantRole, Stage, VisitStatus
from webside.visits.forms import EndForm, ReasonForm
from webside.visits.views import _talk as talk
from webside.visits.views import handing, people, team
from webside.visits.views._guard import Page, page_of
from webside.visits.views._phone import calls_of

CLINICIAN = ParticipantRole.CLINICIAN
TONES = {"pass": "success", "warn": "warning", "stop": "danger", "not_checked": "warning"}  # nosec B105 - outcomes of gates


def day_url(slug: str) -> str:
    """Return the clinician's first page."""
    return reverse("portal:home", args=[slug])


def note_look(page: Page) -> None:
    """Write that the clinician opened a page of a visit; what is redrawn within it is part of that look."""
    record("visits.visit.read", actor=page.actor, target=page.visit, patient_id=page.visit.appointment.patient_id,
           ground="treating")  # fmt: skip


def room(page: Page) -> HttpResponse:
    """Show the door before the patient is let in, the call with note and chart from then on, or while the team meets."""
    note_look(page)
    if selectors.stage_of(page.visit) is not Stage.ROOM and not selectors.meets(page.visit):
        return page.render("visits/visit_door.html", **_door(page), **_strip(page), lists=_allergies(page),
                           pairs=_pairs(page))  # fmt: skip
    there = people.room_people(page)
    encounter = chart.encounter_of_visit(page.actor, page.visit.id)
    note = chart.note_context(page.actor, encounter) if encounter else {}
    return page.render(
        "visits/visit_room_clinician.html",
        **{**note, **_strip(page), "encounter": encounter},
        card=selectors.emergency_card(page.visit),
        chat=talk.lines_for(page.visit, page.zone, slug=page.slug, role=page.role),
        **talk.sending("visit", page.slug, page.visit.id),
        **team.bar(page),
        ended_url=page.url("visit-ended"),
        ice_policy=talk.ice_policy(),
        chat_key=uuid4(),
        chat_url=page.url("visit-chat"),
        pairs=_pairs(page),
        **there,
    )


def _allergies(page: Page) -> Any:
    """Return what the banner says of allergies, where the lists of the chart belong to the visit."""
    booked = page.visit.appointment
    return chart.allergies_of(page.actor, booked.patient) if booked.service.kind == Kind.TELEMEDICINE else None


def _name(page: Page) -> dict[str, str]:
    return {"name": page.visit.appointment.patient.given}


def _pairs(page: Page) -> list[tuple[str, str]]:
    patient = page.visit.appointment.patient
    age = selectors.age_on(patient.birth_date, clock.now().date())
    pairs = [
        (_("Born"), f"{patient.birth_date:%Y-%m-%d} ({age})"),
        (_("Record"), patient.record_number),
        (_("Speaks"), _LANGUAGES.get(patient.language, patient.language)),
    ]
    if patient.pronouns:
        pairs.insert(1, (_("Pronouns"), patient.pronouns))
    return pairs


_LANGUAGES = {"en": "English", "es": "Español"}


def _door(page: Page) -> dict[str, Any]:
    visit = page.visit
    seats = selectors.participants(visit)
    patient = seats.get(ParticipantRole.PATIENT)
    start = selectors.safe_start_of(visit)
    stage = selectors.stage_of(visit)
    return {
        "stage": stage.value,
        "waiting": stage is Stage.WAITING,
        "here": selectors.is_here(patient),
        "seen_at": patient.seen_at if patient else None,
        "verdict": selectors.patient_verdict(visit),
        "attended_by": (patient.attended_by if patient else "") or (start.answered_by if start else ""),
        "started_check_in": start is not None,
        "late": visit.appointment.start < clock.now(),
        "held": visit.encounter_id is not None,
        "card": selectors.emergency_card(visit),
        "phone": calls_of(page.slug, visit),
        **(handing.state_of(page) if stage is Stage.WAITING else {}),
        "elsewhere": page.belongs_on != "visit-room" or stage is Stage.ROOM or selectors.meets(visit),
        "can_meet": stage in (Stage.CHECK_IN, Stage.WAITING),
        "go": page.url(page.belongs_on),
    }


def _strip(page: Page) -> dict[str, Any]:
    """Return the gates as sentences, what must be answered for, and what has changed since the visit began."""
    visit = page.visit
    findings = selectors.join_findings(visit)
    start = selectors.safe_start_of(visit)
    ended = selectors.ends_during(visit, findings)
    # A warning carries no override of its own; what was answered for is said all the same.
    answered = {override.gate: override for override in overrides_of(visit.id)}
    items = [_sentence(finding, answered.get(finding.gate)) for finding in findings]
    items += [
        {
            "tone": "warning",
            "label": _title(finding.gate),
            "text": _("ended meanwhile"),
            "note": _("this visit counts by its beginning; a new one needs it"),
        }
        for finding in ended
    ]
    return {
        "gates": items,
        "barring": selectors.barring(findings),
        "to_answer": [{"finding": finding} for finding in selectors.to_answer_for(findings)],
        "identity": next((finding for finding in findings if finding.gate == "identity_document"), None),
        "identity_open": not (start and start.identity_document) and "identity_document" not in answered,
        "consent_withdrawn": selectors.consent_withdrawn(visit),
    }


def _title(gate: str) -> str:
    """Return what a gate is called; one that nobody registered has its name only."""
    try:
        return str(gates.get(gate).title)
    except gates.UnknownGate:
        return gate


def _sentence(finding: gates.Finding, override: Any = None) -> dict[str, str]:
    title = _title(finding.gate)
    if override is not None and finding.outcome != "pass":
        return {
            "tone": "warning", "label": title, "text": _("gone on without"),
            "note": _("reason: %(reason)s") % {"reason": override.reason},
        }  # fmt: skip
    return {"tone": TONES[finding.outcome], "label": title, "text": finding.short or finding.text.rstrip(".")}


@never_cache
@require_GET
def door(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """The door again, as a fragment: who is there, what was found, whether to let in."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    return page.render("visits/_door.html", **_door(page), **_strip(page))


@never_cache
@require_GET
def gates_strip(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """The strip of sentences again, as a fragment."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    return page.render("visits/_gates.html", **_strip(page))


@never_cache
@require_GET
def emergency_card(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """The emergency card again, as a fragment."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    return page.render("visits/_emergency_card.html", card=selectors.emergency_card(page.visit))


@never_cache
@require_POST
def admit(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Let the patient in; a reason that is asked for may come along."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    problem = ""
    try:
        services.admit(actor=page.actor, visit=page.visit, makes_room=people.chosen(request))
    except services.NeedsReason:
        problem = _("Say why you go on, or ask first.")
    except services.RoomFull as full:
        problem = people.full_of(full)
    except services.WrongStage:
        problem = _("%(name)s is not in the waiting room now.") % _name(page)
    done = "" if problem else people.made_room(page)
    if request.headers.get(people.IN_PAGE):
        # The team's call goes on, and what is beside it follows by itself.
        return people.said(page, error=problem, done=done, status=409 if problem else 200)
    if problem:
        messages.error(request, problem)
    elif done:
        messages.success(request, done)
    return _again(page)


@never_cache
@require_POST
def hold(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Ask the patient back to the waiting room; with ``team`` the others stay in the call, as far as they may."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    with contextlib.suppress(services.WrongStage):
        services.hold_visit(actor=page.actor, visit=page.visit, team_stays=request.POST.get("team") == "stays")
    if request.headers.get(people.IN_PAGE):
        return people.said(page, done=_("%(name)s waits and hears nothing of you now.") % _name(page))
    return _again(page)


@never_cache
@require_POST
def end(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """End the visit; ``then=sign`` goes on to signing."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    form = EndForm(request.POST)
    reason = form.cleaned_data["audio_reason"] if form.is_valid() else ""
    try:
        visit = services.end_visit(
            actor=page.actor, visit=page.visit, audio_reason=AudioReason(reason) if reason else None
        )
    except services.WrongStage:
        return _again(page)
    if request.POST.get("then") == "sign" and visit.encounter_id:
        return redirect(reverse("chart:encounter-sign", args=[slug, visit.encounter_id]))
    return redirect(page.url("visit-ended"))


@never_cache
@require_POST
def fail(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """End a visit that did not work; it gives no code."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    try:
        services.fail_visit(actor=page.actor, visit=page.visit)
    except services.WrongStage:
        return _again(page)
    return redirect(page.url("visit-ended"))


@never_cache
@require_POST
def noshow(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Note that the patient did not come."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    try:
        services.note_noshow(actor=page.actor, visit=page.visit)
    except services.WrongStage:
        messages.info(request, _("%(name)s has come after all, or it is too early to say.") % _name(page))
        return _again(page)
    return redirect(page.url("visit-ended"))


@never_cache
@require_POST
def identity(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Note that a document was seen."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    try:
        services.confirm_identity(actor=page.actor, visit=page.visit)
    except services.WrongStage:
        messages.info(request, _("Only while you and %(name)s are in the room together.") % _name(page))
    return _answered(page)


@never_cache
@require_POST
def answer(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Go on past a gate with a reason."""
    page = page_of(request, slug, visit_id, CLINICIAN)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why you go on. Compliance reads it."))
        return _answered(page)
    try:
        services.answer_for_gate(
            actor=page.actor, visit=page.visit, gate=form.cleaned_data["gate"], reason=form.cleaned_data["reason"]
        )
    except (catalog.NotOverridable, gates.UnknownGate):
        messages.error(request, _("Nobody may go on past this check."))
    except services.WrongStage:
        messages.error(request, _("The visit is over. What it still needs is asked for when you sign."))
    return _answered(page)


def _answered(page: Page) -> HttpResponse:
    if page.request.headers.get(people.IN_PAGE):
        return people.said(page)
    if page.request.headers.get("HX-Request") == "true":
        page.visit = selectors.visit(page.actor, page.visit.id)
        return page.render("visits/_gates.html", **_strip(page))
    return _again(page)


def _again(page: Page) -> HttpResponse:
    page.visit = selectors.visit(page.actor, page.visit.id)
    return page.go_on()


def ended(page: Page) -> HttpResponse:
    """Say how the visit ended, what was measured, and where the note is."""
    note_look(page)
    visit = page.visit
    encounter = chart.encounter_of_visit(page.actor, visit.id) if visit.encounter_id else None
    note = chart.note_of(encounter) if encounter else None
    return page.render(
        "visits/visit_over.html",
        encounter=encounter,
        signed=bool(note and note.signed_at),
        facts=selectors.call_facts(visit),
        failed=visit.end_reason == EndReason.TECHNICAL,
        missed=visit.end_reason == EndReason.NOSHOW,
        cancelled=not policies.is_open(visit) and not visit.ended_at,
        codes=selectors.code_checks(visit),
        **(panels.proposal(page.slug, visit, page.request.path) if visit.status == VisitStatus.FINISHED else {}),
        day_url=day_url(page.slug),
    )
