"""After a visit: when to meet again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.audit.services import record, refuse
from webside.catalog import law
from webside.core import clock
from webside.scheduling import services as scheduling
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.visits import policies, rules, selectors, services
from webside.visits.codes import Advice, Grade, ParticipantRole
from webside.visits.forms import SurveyForm
from webside.visits.views._guard import page_of


@never_cache
@require_POST
def propose(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Let the clinician say when to meet again; ``days`` 0 takes it back."""
    page = page_of(request, slug, visit_id, ParticipantRole.CLINICIAN)
    try:
        found = services.propose_follow_up(actor=page.actor, visit=page.visit, days=int(request.POST.get("days", "")))
    except ValueError:
        messages.error(request, _("Choose when you want to meet again."))
    except services.WrongStage:
        messages.info(request, _("It is booked already, or the visit has not begun."))
    else:
        if found is None:
            messages.success(request, _("Nothing is proposed."))
        else:
            messages.success(request, _("Proposed. %(name)s sees free times and books one with one press.")
                             % {"name": page.visit.appointment.patient.given})  # fmt: skip
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return page.go_on()


GRADES = {
    Grade.GOOD: ("success", gettext_lazy("Good")),
    Grade.FAIR: ("warning", gettext_lazy("Sometimes bad")),
    Grade.POOR: ("danger", gettext_lazy("Bad")),
    Grade.UNKNOWN: ("muted", gettext_lazy("Not measured")),
}
ADVICE = {
    Advice.NEARER: gettext_lazy("Sit near the Wi-Fi box, or use a cable. Don’t walk around during the call."),
    Advice.LINE: gettext_lazy(
        "Close what else uses the line: films, downloads, other calls. Ask others at home to wait."
    ),
    Advice.DELAY: gettext_lazy(
        "Words came late. Another network may be faster: Wi-Fi instead of mobile, or the other way round."
    ),
    Advice.PICTURE: gettext_lazy(
        "The picture was mostly away. Sound alone is enough for many visits, and a strong signal brings it back."
    ),
}


@never_cache
@require_GET
def report(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say to each side how the call went, from what the browsers measured: its own side first, then the other."""
    page = page_of(request, slug, visit_id)
    if not selectors.was_held(page.visit):
        return page.go_on()
    clinician = page.role is ParticipantRole.CLINICIAN
    if clinician:
        record("visits.visit.read", actor=page.actor, target=page.visit, ground="treating",
               patient_id=page.visit.appointment.patient_id)  # fmt: skip
    found = selectors.connection_reports(page.visit)
    own = found.get(page.role)
    return page.render(
        "visits/visit_report.html",
        base="ui/base_staff.html" if clinician else "ui/base_patient.html",
        facts=selectors.call_facts(page.visit),
        sides=[_side(_("Your side"), own), _side(_("The other side"), _other(found, page.role))],
        advice=[ADVICE[each] for each in own.advice] if own else [],
        back_url=page.url("visit-ended"),
    )


def _other(found: dict[ParticipantRole, Any], role: ParticipantRole) -> Any:
    return next((each for side, each in found.items() if side is not role), None)


def _side(title: str, found: Any) -> dict[str, Any]:
    if found is None:
        return {"title": title, "report": None}
    words = {"sound": GRADES[found.sound], "picture": GRADES[found.picture]}
    return {
        "title": title,
        "report": found,
        **{name: {"tone": tone, "text": text} for name, (tone, text) in words.items()},
    }


@never_cache
@require_http_methods(["GET", "POST"])
def survey(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Ask how the visit was. What whoever holds the link alone finds is an empty form: earlier words are hers."""
    page = page_of(request, slug, visit_id, ParticipantRole.PATIENT)
    said = selectors.survey_of(page.visit)
    if not selectors.was_held(page.visit) or not rules.survey_is_open(
        said["answered_at"] if said else None, clock.now()
    ):
        return redirect(page.url("visit-ended"))
    if request.method == "POST":
        form = SurveyForm(request.POST)
        if not form.is_valid():
            return ask_again(request, Kept.of(form))
        services.answer_survey(actor=page.actor, visit=page.visit, **form.cleaned_data)
        forget(request)
        messages.success(request, _("Thank you. You can change it for a day."))
        return redirect(page.url("visit-ended"))
    kept = kept_for(request)
    initial = said if said and not page.actor.only_by_link else {}
    form = SurveyForm(kept.data if kept else None, initial=initial)
    return page.render("visits/visit_survey.html", form=form, said=said, back_url=page.url("visit-ended"))


@never_cache
@require_POST
def book(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Book the pressed time of what was proposed."""
    page = page_of(request, slug, visit_id, ParticipantRole.PATIENT)
    if not policies.can_book_follow_up(page.actor, page.visit):
        refuse("visits.visit.refuse", actor=page.actor, target_type="Visit", target_id=visit_id)
    try:
        start = datetime.fromisoformat(request.POST.get("start", ""))
        services.book_follow_up(actor=page.actor, visit=page.visit, start=start)
    except (services.NotOffered, ValueError):
        messages.error(request, _("That time is not free any more. Here is what is free now."))
    except scheduling.GatesStop as stopped:
        last = page.visit.appointment
        told = [
            law.told_finding(each, who=last.practitioner.display_name, place=selectors.state_name(last.patient_state))
            for each in stopped.findings
        ]
        if law.lacks_guardian(reason.code for each in stopped.findings for reason in each.reasons):
            messages.error(request, " ".join((told[0]["text"], *told[0]["fixes"])))
            return redirect(page.url("visit-ended"))
        why = " ".join(each["text"] for each in told)
        messages.error(request, _("This can’t be booked as it is: %(why)s Call us, and we find a way.") % {"why": why})
    except (scheduling.CannotBook, scheduling.AlreadyBooked):
        messages.error(request, _("That time is not free any more. Here is what is free now."))
    else:
        messages.success(request, _("Booked. We send you a confirmation."))
    return redirect(page.url("visit-ended"))
