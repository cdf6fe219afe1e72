"""The team's meeting without the patient: opening and ending it, the room's page meanwhile, what she says of her family."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import refuse
from webside.chart import selectors as chart
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, Stage
from webside.visits.forms import EndForm
from webside.visits.views import _people as shown
from webside.visits.views import people
from webside.visits.views._guard import Page, page_of

CLINICIAN = ParticipantRole.CLINICIAN


@never_cache
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Let the team meet (``meet``), or end that (``part``); read, draw a part of the room's page again.

    ``part`` of what is read: ``note`` and ``chart`` come with the encounter, so nothing is there before she was let in;
    ``room`` says who may make room for her; else the bar at the foot.
    """
    page = page_of(request, slug, visit_id, CLINICIAN)
    if request.method == "GET":
        return _part(page, request.GET.get("part", ""))
    work = {"meet": services.meet_team, "part": services.part_team}.get(request.POST.get("do", ""))
    if work is None:
        refuse("visits.visit.refuse", actor=page.actor, target_type="Visit", target_id=visit_id)
    try:
        work(actor=page.actor, visit=page.visit)
    except services.WrongStage:
        return people.said(page, error=_("That can’t be done now: the visit is at another stage."), status=409)
    return redirect(page.url("visit-room"))


def _part(page: Page, part: str) -> HttpResponse:
    if part == "room":
        return page.render("visits/_makes_room.html", makes_room=_makes_room(page))
    if part not in ("note", "chart"):
        waits = selectors.meets(page.visit) and selectors.stage_of(page.visit) is Stage.WAITING
        found = selectors.to_answer_for(selectors.join_findings(page.visit)) if waits else []
        return page.render("visits/_bar.html", **bar(page), to_answer=[{"finding": each} for each in found])
    encounter = chart.encounter_of_visit(page.actor, page.visit.id) if page.visit.encounter_id else None
    if encounter is None:
        return HttpResponse(status=204)
    note = chart.note_context(page.actor, encounter)
    return page.render(f"visits/_beside_{part}.html", **{**note, "encounter": encounter})


def _makes_room(page: Page) -> list[dict[str, Any]]:
    """Return of whom one makes room for the patient; nobody where she can't be let in now."""
    waits = selectors.meets(page.visit) and selectors.stage_of(page.visit) is Stage.WAITING
    return shown.makes_room_for(page.visit) if waits else []


def bar(page: Page) -> dict[str, Any]:
    """Return what the foot of the clinician's room is drawn from: while the patient is in it, and while the team meets."""
    visit = page.visit
    return {
        "meets": selectors.meets(visit),
        "makes_room": _makes_room(page),
        "stage": selectors.stage_of(visit).value,
        "facts": selectors.call_facts(visit),
        "end_form": EndForm(),
    }


@never_cache
@require_http_methods(["GET", "POST"])
def apart(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw what the patient is asked about her family, or do something.

    The clinician may ``ask``; the patient ``agree``, ``decline`` or ``withdraw``.
    """
    page = page_of(request, slug, visit_id, None if request.method == "POST" else ParticipantRole.PATIENT)
    if request.method == "GET":
        return page.render("visits/_apart.html", apart=shown.apart_of(page.visit))
    given: dict[str, Any] = {"actor": page.actor, "visit": page.visit}
    name = page.visit.appointment.patient.given
    try:
        given["seat_id"] = UUID(request.POST.get("seat", ""))
        match request.POST.get("do"):
            case "ask":
                services.ask_apart(**given)
                done = _("%(name)s is asked on the page of the waiting room, and in the call under People.") % {
                    "name": name
                }
            case "agree":
                services.answer_apart(**given, agrees=True)
                done = _("Thank you. You can take it back at any time.")
            case "decline":
                services.answer_apart(**given, agrees=False)
                done = _("They are in the call only while you are.")
            case "withdraw":
                services.withdraw_apart(**given)
                done = _("Taken back. They are in the call only while you are.")
            case _:
                raise services.NotAllowed
    except (services.NotAllowed, ValueError):
        refuse("visits.seat.refuse", actor=page.actor, target_type="Visit", target_id=visit_id)
    except (services.NotAsked, services.WrongStage):
        return people.said(page, error=_("That can’t be done for this person now."), status=409)
    return people.said(page, done=done)
