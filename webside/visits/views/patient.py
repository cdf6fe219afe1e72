"""The patient's way into a visit: preparing, checking in, waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.catalog import gates, law
from webside.core import clock
from webside.scheduling import policies as scheduling
from webside.ui import autosave
from webside.visits import selectors, services
from webside.visits.codes import DeviceVerdict, ParticipantRole, PlaceKind, Stage, Step
from webside.visits.forms import ELSEWHERE, NO, YES, DeviceCheckForm, SafeStartForm
from webside.visits.views import destination
from webside.visits.views._guard import Page, page_of
from webside.visits.views._people import apart_of

PATIENT = ParticipantRole.PATIENT


@never_cache
@require_http_methods(["GET", "POST"])
def prepare(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Check camera, microphone, speaker and network; keep the verdict."""
    page = page_of(request, slug, visit_id, PATIENT)
    stage = selectors.stage_of(page.visit)
    if stage in (Stage.ENDED, Stage.CANCELLED):
        return page.go_on()
    if request.method == "POST":
        form = DeviceCheckForm(request.POST)
        if form.is_valid():
            services.check_devices(
                actor=page.actor,
                visit=page.visit,
                verdict=DeviceVerdict(form.cleaned_data["verdict"]),
                line=form.line(),
            )
            page.visit = selectors.visit(page.actor, visit_id)
        return page.go_on()
    return page.render(
        "visits/visit_prepare.html",
        early=page.visit.appointment.start - clock.now() > services.CHECK_IN_SOON,
        opens=selectors.check_in_opens(page.visit) if _is_early(page) else None,
        due=_is_due(page),
        verdict=selectors.patient_verdict(page.visit),
        tests=selectors.line_tests(page.actor, page.visit),
        next_url=destination.after_devices(slug, page.visit),
        steps=destination.steps(slug, page.visit, Step.DEVICES),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def check_in(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Ask the five questions of the safe start; keep answers as they are typed.

    Before it opens the page says when it does; ``now`` is for who was asked to come sooner.
    """
    page = page_of(request, slug, visit_id, PATIENT)
    stage = selectors.stage_of(page.visit)
    if stage not in (Stage.CHECK_IN, Stage.WAITING, Stage.STOPPED):
        return JsonResponse({"error": "closed"}, status=410) if autosave.is_autosave(request) else page.go_on()
    if request.method == "GET" and stage is Stage.CHECK_IN and _is_early(page) and not request.GET.get("now"):
        return page.render(
            "visits/visit_early.html",
            opens=selectors.check_in_opens(page.visit),
            verdict=selectors.patient_verdict(page.visit),
            steps=destination.steps(slug, page.visit, Step.ANSWERS),
        )
    if request.method == "GET":
        return _show(page, _form(page, initial=_initial(page)))
    if (refused := autosave.incomplete(request)) is not None:
        return refused
    if autosave.is_autosave(request):
        return _autosave(page)
    form = _form(page, request.POST, completing=True)
    form.show_words(services.texts_asked(page.visit, get_language() or ""))
    if not form.is_valid():
        services.save_safe_start(actor=page.actor, visit=page.visit, answers=form.answers())
        return _back(page, form)
    try:
        services.complete_safe_start(
            actor=page.actor, visit=page.visit, answers=form.answers(), agrees=bool(form.cleaned_data["agrees"]),
            words=form.cleaned_data["agrees"],
        )  # fmt: skip
    except services.Incomplete:
        return _back(page, form)
    page.visit = selectors.visit(page.actor, visit_id)
    return page.go_on()


def _form(page: Page, *given: Any, **more: Any) -> SafeStartForm:
    home = selectors.home_of(page.actor, page.visit)
    return SafeStartForm(*given, home=home, sites=selectors.open_sites(), **more)


def _is_early(page: Page) -> bool:
    opens = selectors.check_in_opens(page.visit)
    return opens is not None and clock.now() < opens


def _is_due(page: Page) -> bool:
    """Whether somebody expects her now: she was called from the line, or her time has come."""
    booked = page.visit.appointment
    return selectors.stage_of(page.visit) is Stage.CHECK_IN and booked.start <= clock.now() < booked.end


def _back(page: Page, form: SafeStartForm) -> HttpResponse:
    # Its answers are kept by now. The page must speak of these, not of those it was read with.
    page.visit = selectors.visit(page.actor, page.visit.id)
    return _show(page, form, status=422)


def _autosave(page: Page) -> HttpResponse:
    form = _form(page, page.request.POST)
    valid = form.is_valid()
    start = services.save_safe_start(actor=page.actor, visit=page.visit, answers=form.answers())
    if not valid:
        return JsonResponse({"errors": {name: [str(text) for text in texts] for name, texts in form.errors.items()}},
                            status=422)  # fmt: skip
    # The frame commits before the answer leaves, so "saved" is true when it is read.
    return JsonResponse({"version": start.updated_at.isoformat(), "saved_at": start.updated_at.isoformat()})


def _initial(page: Page) -> dict[str, Any]:
    """Fill in what we know: what she said before, else what is on record. Never where she is, nor her agreement."""
    start = selectors.safe_start_of(page.visit)
    patient = page.visit.appointment.patient
    if start is None:
        return {"phone": patient.phone, "state": page.visit.appointment.patient_state}
    near = {True: NO, False: YES}.get(start.alone, "") if start.alone is not None else ""
    other = ELSEWHERE if start.location == PlaceKind.CLINIC and start.address_line else ""
    at_site = start.site_id is not None
    return {
        **{name: getattr(start, name) for name in services.ANSWERS if name != "alone"},
        "phone": start.phone or patient.phone,
        "state": start.state or page.visit.appointment.patient_state,
        "near": near,
        "site": str(start.site_id) if at_site else other,
        # The address of a place of ours is no beginning of another one.
        **(dict.fromkeys(("address_line", "city", "postal_code"), "") if at_site else {}),
    }


def _show(page: Page, form: SafeStartForm, status: int = 200) -> HttpResponse:
    start = selectors.safe_start_of(page.visit)
    form.show_words(services.texts_asked(page.visit, get_language() or ""))
    return page.render(
        "visits/visit_check_in.html",
        due=_is_due(page),
        form=form,
        card=_card(page),
        tasks=_tasks(form),
        steps=destination.steps(page.slug, page.visit, Step.ANSWERS),
        texts=form.texts,
        place=_place(page, start.state if start and start.location else ""),
        version=start.updated_at.isoformat() if start else "new",
        early=page.visit.appointment.start - clock.now() > services.CHECK_IN_SOON,
        status=status,
    )


def _card(page: Page) -> selectors.EmergencyCard:
    """Return her emergency card. To a link alone it doesn't tell her age: the summary asks for her date of birth."""
    card = selectors.emergency_card(page.visit)
    return replace(card, age=None) if page.actor.only_by_link else card


def _tasks(form: SafeStartForm) -> list[dict[str, Any]]:
    def given(name: str) -> Any:
        return form[name].value()

    done = [
        ("q-who", _("Who you are"), bool(given("identity_confirmed"))),
        ("q-where", _("Where you are"), bool(given("location") and given("state"))),
        ("q-phone", _("Number to call"), bool(given("phone"))),
        ("q-near", _("Someone near"), bool(given("near"))),
        ("q-agree", _("Your agreement"), form.agrees_to_these),
    ]
    first = next((anchor for anchor, _name, is_done in done if not is_done), "")
    return [
        {"name": name, "url": f"#{anchor}", "state": "done" if is_done else "now" if anchor == first else "todo"}
        for anchor, name, is_done in done
    ]


def _place(page: Page, state: str) -> dict[str, Any] | None:
    """Say what the law says about the place: whether the practitioner may hold this visit there."""
    if not state:
        return None
    agreed = {services.VISIT_CONSENT, services.standing_consent(page.visit)}
    facts = {"consents": agreed, "guardian_present": page.actor.is_guardian}  # as the check-in will be kept
    findings = gates.ask(selectors.case_of(page.visit, at=clock.now(), state=state, facts=facts))
    barring = selectors.barring(findings)
    appointment = page.visit.appointment
    return {
        "state": selectors.state_name(state),
        "allowed": not barring,
        "unsure": any(finding.outcome == "not_checked" for finding in barring),
        "asked": any(finding.gate == "licence" for finding in findings),
        "booked_elsewhere": selectors.state_name(appointment.patient_state)
        if state != appointment.patient_state
        else "",
        "lacks_guardian": law.lacks_guardian(reason.code for finding in barring for reason in finding.reasons),
        "findings": barring,
    }


@never_cache
@require_POST
def place(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Answer about the place that is chosen in the form; keeps nothing."""
    page = page_of(request, slug, visit_id, PATIENT)
    form = _form(page, request.POST)
    form.is_valid()
    said = form.answers()
    return page.render("visits/_place.html", place=_place(page, said.get("state", "") if "location" in said else ""))


@never_cache
@require_GET
def card(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw the emergency card as it would be read now."""
    page = page_of(request, slug, visit_id, PATIENT)
    form = _form(page, initial=_initial(page))
    return page.render("visits/_aside.html", card=_card(page), tasks=_tasks(form))


@never_cache
@require_GET
def waiting(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """The waiting room: when, who, what to do, the front desk, one's own picture."""
    page = page_of(request, slug, visit_id, PATIENT)
    if selectors.stage_of(page.visit) is not Stage.WAITING:
        return page.go_on()
    return page.render(
        "visits/visit_waiting.html",
            words=_words(page), line=_line(page), tips=_tips(page), verdict=selectors.patient_verdict(page.visit),
            card=_card(page), steps=destination.steps(slug, page.visit, Step.WAITING), apart=apart_of(page.visit),
            service_url=page.service_url,
    )  # fmt: skip


def _words(page: Page) -> selectors.Words | None:
    """Return the clinic's own words for who waits for this service, in the language of the page, else in another."""
    return selectors.words_in(get_language() or "", selectors.waiting_words(page.visit.appointment.service_id))


@never_cache
@require_GET
def line(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Where the patient stands in the line; says so when it is her turn."""
    page = page_of(request, slug, visit_id, PATIENT)
    return page.render("visits/_line.html", line=_line(page))


def _line(page: Page) -> dict[str, Any]:
    stage = selectors.stage_of(page.visit)
    here = selectors.is_here(selectors.participants(page.visit).get(ParticipantRole.CLINICIAN))
    found = selectors.line(page.visit)
    return {
        "admitted": stage is Stage.ROOM,
        "cancelled": stage is Stage.CANCELLED and not selectors.is_back_in_line(page.visit),
        "elsewhere": stage not in (Stage.WAITING, Stage.ROOM),
        "go": page.url(page.belongs_on),
        "before": found.before,
        "busy": found.busy,
        "clinician_here": here,
        "early": page.visit.appointment.start > clock.now(),
        "held": page.visit.encounter_id is not None,
        "meets": selectors.meets(page.visit),
        "came_from": selectors.came_from(page.visit) if page.visit.appointment.doors_since is not None else "",
    }


def _tips(page: Page) -> list[dict[str, str]]:
    who = page.visit.appointment.practitioner.display_name
    tips = [
        {
            "icon": "card",
            "title": _("Have a photo ID near you"),
            "text": _("%(who)s may ask to see it.") % {"who": who},
        },
        {
            "icon": "pill",
            "title": _("Get your pills"),
            "text": _("Have the bottles near, so you can read the labels."),
        },
    ]
    if page.visit.appointment.service.kind == "telehealth":
        tips = [
            {
                "icon": "bulb",
                "title": _("Find a quiet place"),
                "text": _("A place where you can talk freely is best."),
            }
        ]
    appointment = page.visit.appointment
    reason = appointment.reason_text if scheduling.can_read_reason(page.actor, appointment) else ""
    tips.append(
        {
            "icon": "pen",
            "title": _("What do you most want to ask?"),
            "text": _("You wrote: “%(reason)s”") % {"reason": reason}
            if reason
            else _("Write it down, so it isn’t forgotten."),
        }
    )
    return tips
