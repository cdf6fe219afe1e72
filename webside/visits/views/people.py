"""Bringing people into a visit: who is in it, asking, letting in, sending out. For its two people."""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.audit.services import refuse
from webside.visits import policies, selectors, services
from webside.visits.codes import ParticipantRole, Relation, Stage
from webside.visits.forms import AskColleagueForm, AskGuestForm, PermitForm
from webside.visits.rules import Permissions
from webside.visits.views._captions import place_of
from webside.visits.views._guard import GivenAway, Page, page_of
from webside.visits.views._people import people_of

IN_PAGE = "X-In-Page"
"""Sent by a page that stays where it is: a call would end if it went anywhere."""


@never_cache
@require_GET
def people(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw who is in the visit and who was asked, as a fragment."""
    try:
        page = page_of(request, slug, visit_id, leads_on=True)
    except GivenAway as given:
        return render(request, "visits/_where.html", {"url": given.url, "elsewhere": True})
    if page.role is ParticipantRole.PATIENT and selectors.stage_of(page.visit) is not Stage.ROOM:
        return page.go_on()  # who is in the room is not for a patient outside
    return page.render("visits/_people.html", **context(page))


def context(page: Page) -> dict[str, Any]:
    """Return what the list of people is drawn from; ``viewer`` is the seat of who looks."""
    everybody = selectors.everybody(page.visit)
    viewer = next(seat for seat in everybody if seat.role == page.role)
    return {"viewer": viewer, **people_of(page.visit, everybody, viewer)}


@never_cache
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("name", "email")
def ask(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Ask somebody in: a colleague, who finds the visit on the day page, or a guest, whose link is shown once.

    Read, it gives the clinician the list of colleagues, which a page of the call fetches when it is wanted.
    """
    if request.method == "GET":
        page = page_of(request, slug, visit_id, ParticipantRole.CLINICIAN)
        in_page = bool(request.headers.get(IN_PAGE))
        template = "visits/_ask_colleague.html" if in_page else "visits/visit_ask.html"
        return page.render(template, colleague_form=AskColleagueForm(colleagues=_staff(page)))
    page = page_of(request, slug, visit_id)
    of_staff = bool(request.POST.get("user"))
    runs = policies.can_run_visit(page.actor, page.visit)
    form: Any = AskGuestForm(request.POST, family_only=not runs)
    if of_staff:
        form = AskColleagueForm(request.POST, colleagues=_staff(page) if runs else ())
    if not form.is_valid():
        return said(page, error=next(iter(form.errors.values()))[0], status=422)
    data = form.cleaned_data
    relation = data.get("relation")
    try:
        asked = services.ask_in(
            actor=page.actor, visit=page.visit, role=ParticipantRole(data["role"]), link_to=_link_to(page),
            name=data.get("name", ""), relation=Relation(relation) if relation else None, email=data.get("email", ""),
            user_id=UUID(data["user"]) if of_staff else None, key=request.POST.get("key", "").strip()[:40],
        )  # fmt: skip
    except services.RoomFull as full:
        most = full.most
        return said(page, error=_("A visit has at most %(most)s people. Remove somebody first.") % {"most": most},
                     status=409)  # fmt: skip
    except services.WrongStage:
        return said(page, error=_("People can be asked in once the patient has checked in."), status=409)
    except (services.NotAllowed, ValueError):
        return said(page, error=_("This can’t be done for this person."), status=422)
    if asked.seat.user_id is None and not asked.link:
        return said(page, done=_("%(name)s was asked in already, and has come.") % {"name": asked.seat.name})
    return said(page, asked=asked, email=data.get("email", ""))


def _staff(page: Page) -> list[tuple[str, str]]:
    return [(str(found.user_id), str(found.user)) for found in selectors.colleagues(page.visit)]


def _link_to(page: Page) -> Any:
    return lambda token: reverse("visits:seat-join", args=[page.slug, token])


@never_cache
@require_POST
def seat(request: HttpRequest, slug: str, visit_id: UUID, seat_id: UUID) -> HttpResponse:
    """Do something with one seat: ``do`` is admit, lobby, remove, permit or again; for the patient, ask-away."""
    page = page_of(request, slug, visit_id)
    found = selectors.seat_in(page.visit, seat_id)
    if found is None:
        _refuse(page, seat_id)
    given: dict[str, Any] = {"actor": page.actor, "visit": page.visit, "seat_id": seat_id}
    try:
        match request.POST.get("do"):
            case "admit":
                services.let_in(**given, makes_room=chosen(request))
            case "lobby":
                services.send_to_lobby(**given)
            case "remove":
                services.remove(**given)
            case "permit":
                form = PermitForm(request.POST)
                form.is_valid()
                services.permit(**given, wanted=Permissions(**form.cleaned_data))
            case "again":
                return said(page, asked=services.ask_again(**given, link_to=_link_to(page)), again=True)
            case "ask-away":
                services.ask_away(**given)
            case _:
                _refuse(page, seat_id)
    except services.RoomFull as full:
        return said(page, error=full_of(full), status=409)
    except services.NotWithoutPatient:
        return said(page, error=_why_not(page, found), status=409)
    except services.WrongStage:
        return said(page, error=_("That can’t be done now: the visit is at another stage."), status=409)
    except services.NotAllowed:
        _refuse(page, seat_id)
    return said(page, done=made_room(page))


def chosen(request: HttpRequest) -> UUID | None:
    """Return who is to make room, as a form of a full call says it; nobody where it says nothing that can be read."""
    try:
        return UUID(request.POST.get("makes_room", ""))
    except ValueError:
        return None


def full_of(full: services.RoomFull) -> str:
    """Say that the call is full, and what can be done."""
    return _("A call holds %(most)s people. Say who makes room, or ask somebody back to the lobby first.") % {
        "most": full.most
    }


def made_room(page: Page) -> str:
    """Say who made room by what was pressed, or that nobody had to; nothing where nobody was asked to."""
    wanted = chosen(page.request)
    found = selectors.seat_in(page.visit, wanted) if wanted is not None else None
    if found is not None and found.admitted_at is not None:
        return _("There was a place. %(name)s stays in the call.") % {"name": found.name}
    if found is None or found.made_room_at is None:
        return ""
    return _("%(name)s is in the lobby now, and reads that it is their turn to wait.") % {"name": found.name}


def _why_not(page: Page, seat: Any) -> str:
    """Return why somebody can't be in the room without the patient, and what can be done about it."""
    if selectors.asks_patient(seat):
        said = _(
            "%(name)s is family: without %(patient)s only if %(patient)s has said yes."
            " Press “Ask %(patient)s for a yes” under the name."
        )
    else:
        said = _("%(name)s may be in the room only while %(patient)s is. Change it under “What %(name)s may do”.")
    return said % {"name": seat.name, "patient": page.visit.appointment.patient.given}


def _refuse(page: Page, seat_id: UUID) -> NoReturn:
    refuse("visits.seat.refuse", actor=page.actor, target_type="Participant", target_id=seat_id)


@never_cache
@require_POST
def alone(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Let the patient ask for a moment alone with the clinician."""
    page = page_of(request, slug, visit_id, ParticipantRole.PATIENT)
    try:
        services.ask_away(actor=page.actor, visit=page.visit)
    except services.NotAllowed:
        return page.go_on()
    who = page.visit.appointment.practitioner.display_name
    return said(page, done=_("%(who)s sees that you would like a moment alone.") % {"who": who})


def said(
    page: Page, *, error: str = "", done: str = "", asked: Any = None, status: int = 200, **more: Any
) -> HttpResponse:
    """Answer within the page that asked; without JavaScript, lead back to it, or show the link that is shown once."""
    link = page.request.build_absolute_uri(asked.link) if asked is not None and asked.link else ""
    shown = {"error": error, "done": done, "asked": asked.seat if asked else None, "link": link,
             "adviser_only": adviser_only(page, asked) if asked and asked.in_the_way else "", **more}  # fmt: skip
    if page.request.headers.get(IN_PAGE):
        return page.render("visits/_asked.html", status=status, **shown)
    if link:
        return page.render("visits/visit_asked.html", **shown)
    if error:
        messages.error(page.request, error)
    elif done:
        messages.success(page.request, done)
    elif shown["adviser_only"]:
        messages.warning(page.request, shown["adviser_only"])
    return redirect(page.url("visit-room"))


def adviser_only(page: Page, asked: Any) -> str:
    """Say that a colleague may advise, and not treat, and why."""
    names = {"name": asked.seat.name, "patient": page.visit.appointment.patient.given}
    unsure = _("Nobody has checked a licence of %(name)s for where %(patient)s is.") % names
    stays = _("%(name)s may advise you. Treating %(patient)s stays with you.") % names
    return f"{asked.in_the_way.text or unsure} {stays}"


def room_people(page: Page) -> dict[str, Any]:
    """Return what the room's part about people is drawn from: who is there, the forms to ask others in, captions."""
    runs = policies.can_run_visit(page.actor, page.visit)
    return {
        **context(page),
        "guest_form": AskGuestForm(family_only=not runs),
        "asks_colleagues": runs,
        "captions_url": place_of(page.slug, page.url("visit-captions")),
    }
