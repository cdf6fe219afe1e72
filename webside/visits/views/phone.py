"""A visit by phone, from its pages: have somebody called, let a caller in, hang up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import refuse
from webside.visits import selectors, services
from webside.visits.codes import AudioReason, ParticipantRole
from webside.visits.views._guard import Page, page_of
from webside.visits.views._phone import calls_of
from webside.visits.views.people import IN_PAGE, full_of

CALLED = {
    ("call-me", ParticipantRole.PATIENT): ParticipantRole.PATIENT,
    ("call-me", ParticipantRole.CLINICIAN): ParticipantRole.CLINICIAN,
    ("call-patient", ParticipantRole.CLINICIAN): ParticipantRole.PATIENT,
}


@never_cache
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw what the telephone does, as a part of a page; or do something: call-me, call-patient, admit, hang-up, reason."""
    page = page_of(request, slug, visit_id)
    if request.method == "POST":
        return _do(page)
    if page.role is ParticipantRole.CLINICIAN:
        return page.render("visits/_phone.html", phone=calls_of(slug, page.visit))
    return page.render("visits/_by_phone.html")


def _do(page: Page) -> HttpResponse:
    wanted = page.request.POST.get("do", "")
    given: dict[str, Any] = {"actor": page.actor, "visit": page.visit}
    try:
        if (role := CALLED.get((wanted, page.role))) is not None:
            services.ask_call(**given, role=role, client_key=page.request.POST.get("key", ""))
            messages.success(page.request, _("The call is on its way. Pick up and press 1.") if wanted == "call-me"
                             else _("The call is on its way."))  # fmt: skip
        elif wanted in ("admit", "hang-up"):
            work = services.let_call_in if wanted == "admit" else services.hang_up
            work(**given, call_id=UUID(page.request.POST.get("call", "")))
        elif wanted == "reason":
            services.say_audio_reason(**given, reason=AudioReason(page.request.POST.get("audio_reason", "")))
            messages.success(page.request, _("Kept."))
        else:
            raise services.NotAllowed
    except (services.NotAllowed, ValueError):
        refuse("visits.visit.refuse", actor=page.actor, target_type="Visit", target_id=page.visit.id)
    except services.NoNumber:
        messages.error(page.request, _("There is no number to call. Please dial the number on this page."))
    except services.TooMany:
        messages.error(page.request, _("Too many calls were asked for now. Please dial the number on this page."))
    except services.NeedsReason:
        messages.error(page.request, _("Say why you go on, or ask first."))
    except services.RoomFull as full:
        messages.error(page.request, full_of(full))
    except services.NotWithoutPatient:
        messages.error(page.request, _("They may be in the room only while the patient is."))
    except services.WrongStage:
        messages.info(page.request, _("That can’t be done now: the visit is at another stage."))
    return _back(page)


def _back(page: Page) -> HttpResponse:
    page.visit = selectors.visit(page.actor, page.visit.id)
    if page.request.headers.get(IN_PAGE):
        said = [(message.level, str(message)) for message in messages.get_messages(page.request)]
        error = next((text for level, text in said if level >= messages.ERROR), "")
        done = next((text for level, text in said if level < messages.ERROR), "")
        return page.render("visits/_asked.html", error=error, done=done, asked=None, status=409 if error else 200)
    return page.go_on()
