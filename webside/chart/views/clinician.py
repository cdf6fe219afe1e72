"""The chart, the note and the signature, for who gives care."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.chart import policies, selectors, services
from webside.chart.codes import ListCode
from webside.chart.views._doors import age, back_to, chart_or_404, encounter_or_404, refuse
from webside.core.actor import Role
from webside.ui import autosave
from webside.ui.paging import page_in_one, page_of

STATED = ("mdm", "total_minutes")
NOTE_FIELDS = (*selectors.PART_LABELS, *STATED)
FACTS = "chart.facts"
"""In the session: what was typed before signing and could not be kept, for the one page that says so."""


def _page(request: HttpRequest, encounter: Any, **more: Any) -> dict[str, Any]:
    """Return the context of the pages about one encounter."""
    actor = request.actor  # type: ignore[attr-defined]
    return {
        **selectors.note_context(actor, encounter),
        "age": age(encounter.patient.birth_date),
        **more,
    }


# --------------------------------------------------------------------------------------- lists of people


@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the people whom the actor treats. A name is looked for by POST: it must not stand in an address."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.has(Role.CLINICIAN, Role.COACH):
        refuse(request, "chart.patient.search", "Patient", actor.user_id)
    words = request.POST.get("q", "").strip()[:80]
    asked = (request.POST if words else request.GET).get("page")
    page = page_in_one(partial(selectors.patients_listed, actor, words), asked)
    record("chart.patient.search", actor=actor, ground="own patients")
    context = {"page": page, "rows": selectors.patient_rows(page.object_list), "q": words}
    return render(request, "chart/patient_list.html", context)


@require_safe
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the notes that wait for the actor's signature, or those that are signed, in pages."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.has(Role.CLINICIAN, Role.COACH):
        refuse(request, "chart.encounter.read", "Encounter", actor.user_id)
    record("chart.encounter.read", actor=actor, ground="own encounters")
    signed = request.GET.get("show") == "signed"
    found = selectors.signed_notes(actor) if signed else selectors.unsigned_notes(actor)
    number = found.count()
    page = page_of(selectors.notes_listed(found), request.GET.get("page"), count=number)
    context = {
        "page": page,
        "rows": selectors.note_rows(page.object_list),
        "signed": signed,
        "kept": {"show": "signed"} if signed else {},
        "tabs": [
            {
                "text": _("To sign"),
                "url": "?",
                "current": not signed,
                "count": selectors.unsigned_notes(actor).count() if signed else number,
            },
            {"text": _("Signed"), "url": "?show=signed", "current": signed},
        ],
    }
    return render(request, "chart/note_list.html", context)


@require_safe
def chart(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Show a patient's record on one page."""
    actor = request.actor  # type: ignore[attr-defined]
    found = chart_or_404(request, patient_id, "chart.patient.read", before=_moment(request.GET.get("before", "")))
    record(
        "chart.patient.read",
        actor=actor,
        target=found.patient,
        patient_id=patient_id,
        ground=found.ground,
    )
    context = {
        "chart": found,
        "patient": found.patient,
        "age": age(found.patient.birth_date),
        "lists": found.lists,
        **selectors.UNTOUCHED_LISTS,
        "may_change_lists": found.may_change_lists,
        "takes_diagnoses": found.lists is not None,
    }
    return render(request, "chart/patient_detail.html", context)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


# ------------------------------------------------------------------------------------------------- note


@require_safe
def encounter(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Show an encounter: its note to write, or signed with its addenda."""
    found = encounter_or_404(request, encounter_id, "chart.encounter.read")
    ground = _record_read(request, found)
    context = _page(request, found, addenda=selectors.addenda_of(found))
    if ground == selectors.EMERGENCY:
        actor = request.actor  # type: ignore[attr-defined]
        context["emergency"] = selectors.emergency_of(actor, found.patient_id)
    return render(request, "chart/encounter_detail.html", context)


def _record_read(request: HttpRequest, encounter: Any) -> str:
    """Note the look; return by what right it was."""
    actor = request.actor  # type: ignore[attr-defined]
    ground = selectors.ground_of(actor, encounter)
    record(
        "chart.encounter.read",
        actor=actor,
        target=encounter,
        patient_id=encounter.patient_id,
        ground=ground,
    )
    return ground


@require_http_methods(["GET", "HEAD", "POST"])
def save_note(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Save what was typed: for autosave as JSON, without JavaScript as a page.

    The answer leaves after the commit (``FrameMiddleware``): what it calls saved is saved.
    """
    found = encounter_or_404(request, encounter_id, "chart.note.save")
    if request.method != "POST":  # an address that was kept from a form, opened again
        return HttpResponseRedirect(reverse("chart:encounter-detail", args=[slug, encounter_id]))
    if (refused := autosave.incomplete(request)) is not None:
        return refused
    typed = {str(name): request.POST[name] for name in NOTE_FIELDS if name in request.POST}
    by_itself = autosave.is_autosave(request)
    try:
        note = services.save_note(
            actor=request.actor,  # type: ignore[attr-defined]
            encounter=found,
            fields=typed,
            revision=_revision(request),
            key=request.POST.get("note_key", ""),
        )
    except services.NotAllowed:
        refuse(request, "chart.note.save", "Encounter", encounter_id)
    except services.NoteClosed:
        text = _("This note is signed and can’t be changed. What you typed is still here: add it as an addendum.")
        if by_itself:
            return JsonResponse({"errors": {"note": [text]}}, status=422)
        return _again(request, found, typed, status=409, problem=text)
    except services.Invalid as error:
        if by_itself:
            return JsonResponse({"errors": error.errors}, status=422)
        signing = reverse("chart:encounter-sign", args=[slug, encounter_id])
        if back_to(request, "") == signing:
            kept = {name: text[:80] for name, text in typed.items() if name in STATED}
            request.session[FACTS] = {"of": str(encounter_id), "typed": kept, "errors": error.errors}
            return HttpResponseRedirect(f"{signing}#facts")
        return _again(request, found, typed, status=422, errors=error.errors)
    except services.Conflict as conflict:
        said = {
            "version": conflict.note.revision,
            "by": conflict.note.saved_by,
            "saved_at": conflict.note.saved_at.isoformat() if conflict.note.saved_at else None,
            "fields": conflict.fields,
        }
        if by_itself:
            return JsonResponse(said, status=409)
        found.note = conflict.note
        return _again(request, found, typed, status=409, theirs=said)
    if by_itself:
        saved_at = note.saved_at.isoformat() if note.saved_at else found.started_at.isoformat()
        return JsonResponse({"version": note.revision, "saved_at": saved_at})
    found.note = note
    return _after_save(request, found)


def _revision(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _again(request: HttpRequest, encounter: Any, typed: dict[str, str], *, status: int, **more: Any) -> HttpResponse:
    """Show the page again with what was typed, and, where somebody else wrote, with both texts."""
    theirs = more.get("theirs") or {}
    context = _page(request, encounter, addenda=selectors.addenda_of(encounter), **more)
    for name in ("note_parts", "summary_parts"):
        context[name] = [
            {
                "name": part.name,
                "label": part.label,
                "hint": part.hint,
                "needed": part.needed,
                "missing": part.missing,
                "text": typed.get(part.name, part.text),
                "theirs": theirs.get("fields", {}).get(part.name, "")
                if typed.get(part.name, part.text).replace("\r\n", "\n") != part.text and theirs
                else None,
                "errors": (more.get("errors") or {}).get(part.name, []),
            }
            for part in context[name]
        ]
    context["typed"] = typed
    return render(request, "chart/encounter_detail.html", context, status=status)


def _after_save(request: HttpRequest, encounter: Any) -> HttpResponse:
    """Without JavaScript one form does all: after saving, do what its button said."""
    actor = request.actor  # type: ignore[attr-defined]
    page = reverse("chart:encounter-detail", args=[request.tenant.slug, encounter.id])  # type: ignore[attr-defined]
    if "find" in request.POST:
        text = request.POST.get("q", "")[:80]
        found = selectors.search_diagnoses(text, patient=encounter.patient) if _may_diagnose(request, encounter) else []
        context = _page(request, encounter, found=found, q=text, addenda=[])
        return render(request, "chart/encounter_detail.html", context)
    for word in ("add", "remove", "first"):
        if word in request.POST:
            try:
                _change(request, encounter, word, request.POST[word])
            except services.NotAllowed:
                refuse(request, f"chart.diagnosis.{word}", "Encounter", encounter.id)
            except (services.Invalid, services.NoteClosed) as error:
                messages.error(request, _first_text(error))
            return HttpResponseRedirect(back_to(request, page) + "#diagnoses")
    messages.success(request, _("Saved."))
    if "sign" in request.POST and policies.can_sign_note(actor, encounter):
        return HttpResponseRedirect(reverse("chart:encounter-sign", args=[request.tenant.slug, encounter.id]))  # type: ignore[attr-defined]
    return HttpResponseRedirect(back_to(request, page))


def _first_text(error: Exception) -> str:
    if isinstance(error, services.Invalid):
        return next(iter(error.errors.values()))[0]
    return _("The note is signed.")


# -------------------------------------------------------------------------------------------- diagnoses


def _may_diagnose(request: HttpRequest, encounter: Any) -> bool:
    return policies.can_diagnose(request.actor, encounter)  # type: ignore[attr-defined]


def _change(request: HttpRequest, encounter: Any, word: str, value: str) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    if word == "add":
        services.add_diagnosis(actor=actor, encounter=encounter, code=value)
        return
    try:
        chosen = UUID(value)
    except ValueError:
        raise services.Invalid({"code": [_("That diagnosis is not here any more.")]}) from None
    if word == "remove":
        services.remove_diagnosis(actor=actor, encounter=encounter, diagnosis_id=chosen)
    else:
        services.order_diagnoses(actor=actor, encounter=encounter, first=chosen)


@require_POST
def change_diagnoses(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Add, remove or put first a diagnosis; answer with the list as a fragment."""
    found = encounter_or_404(request, encounter_id, "chart.diagnosis.add")
    word = next((word for word in ("add", "remove", "first") if word in request.POST), "")
    problem, status = "", 200
    try:
        if word:
            _change(request, found, word, request.POST[word])
    except services.NotAllowed:
        refuse(request, f"chart.diagnosis.{word}", "Encounter", encounter_id)
    except (services.Invalid, services.NoteClosed) as error:
        problem, status = _first_text(error), 422
    context = {"encounter": found, "diagnoses": selectors.diagnoses_of(found), "problem": problem}
    context["may_write_note"] = not isinstance(problem, services.NoteClosed)
    return render(request, "chart/_diagnoses.html", context, status=status)


@require_POST
def search_diagnoses(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Answer what was found for a typed text, as JSON. By POST: the text must not stand in an address."""
    found = encounter_or_404(request, encounter_id, "chart.diagnosis.search")
    if not _may_diagnose(request, found):
        refuse(request, "chart.diagnosis.search", "Encounter", encounter_id)
    text = request.POST.get("q", "")[:80]
    rows = selectors.search_diagnoses(text, patient=found.patient)
    return JsonResponse({"found": [{"code": row.code, "display": row.display, "on_list": row.on_list} for row in rows]})


# ---------------------------------------------------------------------------------------------- signing


@require_POST
def finish(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Close the encounter."""
    found = encounter_or_404(request, encounter_id, "chart.encounter.finish")
    try:
        services.finish_encounter(actor=request.actor, encounter=found)  # type: ignore[attr-defined]
    except services.NotAllowed:
        refuse(request, "chart.encounter.finish", "Encounter", encounter_id)
    return HttpResponseRedirect(back_to(request, reverse("chart:encounter-sign", args=[slug, encounter_id])))


@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Show what care, law and payment still need; sign on POST."""
    action = "chart.note.sign"
    found = encounter_or_404(request, encounter_id, action)
    actor = request.actor  # type: ignore[attr-defined]
    page = reverse("chart:encounter-detail", args=[slug, encounter_id])
    if not policies.can_sign_note(actor, found):
        refuse(request, action, "Encounter", encounter_id)
    if request.method != "POST":
        if found.note.signed_at:
            return HttpResponseRedirect(page)
        _record_read(request, found)
        return _sign_page(request, found)
    try:
        services.sign_note(actor=actor, encounter=found, revision=_revision(request))
    except services.NotReady:
        return _sign_page(request, found, status=409)
    except services.Conflict as conflict:
        found.note = conflict.note
        changed = _("Somebody wrote in the note since you looked at it. Read it again, then sign.")
        return _sign_page(request, found, status=409, problem=changed)
    messages.success(request, _("Signed. The patient can read the summary now."))
    return HttpResponseRedirect(page)


def _mends(slug: str, encounter: Any, finding: gates.Finding) -> list[tuple[str, str]]:
    """Return where a finding of ours can be mended: (what the link says, its address)."""
    page = reverse("chart:encounter-detail", args=[slug, encounter.id])
    found = []
    for reason in finding.reasons:
        if reason.code.startswith("note.missing."):
            part = reason.code.rpartition(".")[2]
            found.append((_("Write %(part)s") % {"part": selectors.part_label(part).lower()}, f"{page}#part-{part}"))
        elif reason.code.startswith("diagnosis.") and reason.code != "diagnosis.release":
            found.append((_("Go to the diagnoses"), f"{page}#diagnoses"))
        elif reason.code.startswith("lists."):
            code = reason.code.rpartition(".")[2]
            label = _("Go to the allergies") if code == ListCode.ALLERGIES else _("Go to the medicines")
            found.append((label, f"{page}#{code}"))
        elif reason.code.startswith("summary."):
            found.append((_("Go to the patient’s part"), f"{page}#part-patient_instructions"))
    return found


def _sign_page(request: HttpRequest, encounter: Any, *, status: int = 200, problem: str = "") -> HttpResponse:
    slug = request.tenant.slug  # type: ignore[attr-defined]
    case = selectors.sign_case(encounter)
    columns = selectors.sign_columns(case)
    shown = [
        {
            "area": column.area,
            "title": column.title,
            "stops": len(column.stops),
            "open": column.open,
            "rows": [
                {
                    "finding": finding,
                    "stops": finding in column.stops,
                    "mends": _mends(slug, encounter, finding),
                    "finish": any(reason.code == "encounter.open" for reason in finding.reasons),
                }
                for finding in column.findings
            ],
        }
        for column in columns
    ]
    stops = sum(len(column.stops) for column in columns)
    waiting = sum(column.open for column in columns)
    facts = request.session.pop(FACTS, None) if FACTS in request.session else None
    again = facts if facts and facts["of"] == str(encounter.id) else {}
    context = {
        "typed": again.get("typed"),
        "errors": again.get("errors"),
        "encounter": encounter,
        "case": case,
        "note": encounter.note,
        "note_key": uuid4().hex,
        "patient": encounter.patient,
        "age": age(encounter.patient.birth_date),
        "columns": shown,
        "stops": stops,
        "lead": _lead(stops, waiting),
        "problem": problem,
        "takes_diagnoses": selectors.takes_diagnoses(encounter),
        "mdm_choices": list(selectors.MDM_LABELS.items()),
        "parts": selectors.parts_of(encounter, [part for part in selectors.PART_LABELS if part]),
    }
    return render(request, "chart/encounter_sign.html", context, status=status)


def _lead(stops: int, waiting: int) -> str:
    mend = (
        ngettext("%(count)d thing must be mended.", "%(count)d things must be mended.", stops) % {"count": stops}
        if stops
        else _("Nothing stands in the way.")
    )
    wait = ngettext("%(count)d can wait.", "%(count)d can wait.", waiting) % {"count": waiting} if waiting else ""
    return " ".join(part for part in (mend, wait, _("The note is saved and can’t be lost.")) if part)


@require_POST
def override(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Go on past a gate that may be passed, with a reason."""
    found = encounter_or_404(request, encounter_id, "catalog.gate.override")
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_sign_note(actor, found):
        refuse(request, "catalog.gate.override", "Encounter", encounter_id)
    gate = request.POST.get("gate", "")
    said = {
        finding.gate: finding.text
        for column in selectors.sign_columns(selectors.sign_case(found))
        for finding in column.findings
    }
    try:
        catalog.override_gate(
            actor=actor, gate=gate, subject_type="encounter", subject_id=found.id, patient=found.patient,
            reason=request.POST.get("reason", "")[:2000], said=said.get(gate, ""),
        )  # fmt: skip
    except (catalog.NotOverridable, gates.UnknownGate, catalog.NotAllowed):
        messages.error(request, _("This can’t be passed over."))
    except catalog.ReasonMissing:
        messages.error(request, _("Say why you go on."))
    return HttpResponseRedirect(reverse("chart:encounter-sign", args=[slug, encounter_id]))


@require_POST
def add_addendum(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Add to a signed note."""
    found = encounter_or_404(request, encounter_id, "chart.addendum.add")
    text = request.POST.get("text", "")
    try:
        services.add_addendum(actor=request.actor, encounter=found, text=text)  # type: ignore[attr-defined]
    except services.NotAllowed:
        refuse(request, "chart.addendum.add", "Encounter", encounter_id)
    except services.Invalid as error:
        context = _page(
            request, found, addenda=selectors.addenda_of(found), addendum_text=text, addendum_error=_first_text(error)
        )
        return render(request, "chart/encounter_detail.html", context, status=422)
    messages.success(request, _("Added to the note."))
    return HttpResponseRedirect(reverse("chart:encounter-detail", args=[slug, encounter_id]) + "#addenda")
