"""Handing a patient over: the clinician chooses a colleague, the colleague takes it or says no."""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import record, refuse
from webside.core import clock
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.ui.when import clock_time, local
from webside.visits import policies, rules, selectors, services
from webside.visits.codes import Busy, HandOverOutcome, ParticipantRole, Stage
from webside.visits.forms import DeclineForm, HandOverForm
from webside.visits.views._guard import Page, page_of
from webside.visits.views.people import IN_PAGE

BUSY: dict[Busy, tuple[str, Promise]] = {
    Busy.FREE: ("success", gettext_lazy("free now")),
    Busy.SOON: ("warning", gettext_lazy("has a visit now or soon")),
    Busy.WITH_SOMEBODY: ("warning", gettext_lazy("in a visit now")),
}


@never_cache
@require_http_methods(["GET", "POST"])
def colleagues(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Show who may go on with the visit, and ask one of them. ``part=state``: only what became of the last question.

    Within a call it is a part of its page, which stays where it is; else a page of its own.
    """
    page = page_of(request, slug, visit_id, ParticipantRole.CLINICIAN)
    if request.method == "POST":
        return _ask(page)
    if request.GET.get("part") == "state":
        return page.render("visits/_handing_state.html", **state_of(page))
    if selectors.stage_of(page.visit) not in selectors.HANDED_AT:
        return page.go_on()
    kept = kept_for(request)
    return _choose(page, kept.data if kept else None)


def _choose(page: Page, data: Any = None, *, status: int = 200, error: str = "") -> HttpResponse:
    found = selectors.who_may_go_on(page.visit)
    form = HandOverForm(data, colleagues=_choices(found))
    template = "visits/_handing.html" if _in_page(page) else "visits/visit_handing.html"
    return page.render(
        template, status=status, form=form, error=error, colleagues=[_shown(each, form) for each in found],
        in_call=selectors.stage_of(page.visit) is Stage.ROOM, anybody=any(not each.barring for each in found),
        place=selectors.state_name(page.visit.safe_start.state), **state_of(page),
    )  # fmt: skip


def _in_page(page: Page) -> bool:
    return bool(page.request.headers.get(IN_PAGE))


def _choices(found: list[selectors.Colleague]) -> list[tuple[str, str]]:
    return [(str(each.practitioner.id), each.practitioner.display_name) for each in found if not each.barring]


def _shown(each: selectors.Colleague, form: HandOverForm) -> dict[str, Any]:
    """Return a colleague as the list shows her: whether she is free, and what stands in the way."""
    tone, text = BUSY[each.busy]
    key = str(each.practitioner.id)
    return {
        "id": key,
        "name": each.practitioner.display_name,
        "specialty": each.practitioner.specialty,
        "tone": tone,
        "busy": text,
        "on_call": each.on_call,
        "barring": each.barring,
        "unsure": each.unsure,
        "to_answer": selectors.to_answer_for(each.findings),
        "chosen": form.data.get("to") == key,
    }


def state_of(page: Page) -> dict[str, Any]:
    """Return what became of the last question to a colleague, for who asked it."""
    asked, state_url = selectors.newest_hand_over(page.visit), f"{page.url('visit-colleagues')}?part=state"
    if asked is None or asked.asked_by_id != page.visit.appointment.practitioner_id:
        return {"asked": None, "state_url": state_url}
    return {
        "asked": asked,
        "open": asked.answered_at is None,
        "declined": asked.outcome == HandOverOutcome.DECLINED,
        "minutes": int(rules.hand_over_waits(clock.now().date()).total_seconds() // 60),
        "state_url": state_url,
    }


def _ask(page: Page) -> HttpResponse:
    found = selectors.who_may_go_on(page.visit)
    form = HandOverForm(page.request.POST, colleagues=_choices(found))
    if not form.is_valid():
        if not _in_page(page):
            return ask_again(page.request, Kept.of(form))
        return _said(page, error=str(next(iter(form.errors.values()))[0]), status=422)
    data = form.cleaned_data
    try:
        asked = services.ask_hand_over(
            actor=page.actor,
            visit=page.visit,
            practitioner_id=UUID(data["to"]),
            words=data["words"],
            stays=data["stays"],
        )
    except services.AskedAlready as other:
        error = _("%(who)s has been asked and has not answered. Take that back first.") % {"who": other.of}
        return _said(page, error=error, status=409)
    except services.MayNotTreat as refused:
        return _said(page, error=" ".join(finding.text for finding in refused.findings), status=409)
    except services.SignedAlready:
        return _said(page, error=_("The note is signed, so the visit stays yours."), status=409)
    except (services.WrongStage, services.NotOffered):
        return _said(page, error=_("That can’t be done now: the visit is at another stage."), status=409)
    except ValueError:
        return _said(page, error=_("Write in a few words why, and what your colleague must know."), status=422)
    forget(page.request)
    done = _("%(who)s has been told. Nothing changes until the visit is taken.") % {"who": asked.to.display_name}
    return _said(page, done=done)


def _said(page: Page, *, error: str = "", done: str = "", status: int = 200) -> HttpResponse:
    """Answer within the page that asked; without JavaScript, lead back to the visit."""
    if _in_page(page):
        return page.render("visits/_asked.html", status=status, error=error, done=done, asked=None, link="")
    (messages.error if error else messages.success)(page.request, error or done)
    return redirect(page.url("visit-colleagues" if error else "visit-room"))


# Who was asked


@never_cache
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, slug: str, hand_over_id: UUID) -> HttpResponse:
    """Show a colleague what is asked of her, and let her take it (``do=take``) or say no; who asked takes it back."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = selectors.hand_over(actor, hand_over_id)
    if asked is None:
        _refuse(request, hand_over_id)
    if request.method == "POST":
        return _answer(request, slug, asked)
    if request.GET.get("part") != "state":
        record("visits.hand-over.read", actor=actor, target=asked.visit, patient_id=asked.visit.appointment.patient_id,
               ground="handing over")  # fmt: skip
    return _show(request, slug, asked, DeclineForm())


def _show(request: HttpRequest, slug: str, asked: Any, form: DeclineForm, *, status: int = 200) -> HttpResponse:
    actor, visit = request.actor, asked.visit  # type: ignore[attr-defined]
    appointment = visit.appointment
    mine = policies.is_asked(actor, asked)
    can_be_taken = selectors.can_be_taken(asked)
    findings = selectors.findings_for(visit, asked.to) if mine and can_be_taken else []
    start = selectors.safe_start_of(visit)
    template = "visits/_hand_over.html" if request.GET.get("part") == "state" else "visits/hand_over.html"
    with timezone.override(_zone(request, asked)):
        return render(
            request, template, {
                "asked": asked, "visit": visit, "appointment": appointment, "patient": appointment.patient,
                "service": appointment.service, "mine": mine, "can_be_taken": can_be_taken, "form": form,
                "zone": _zone(request, asked),
                "barring": selectors.barring(findings), "to_answer": selectors.to_answer_for(findings),
                "in_call": selectors.stage_of(visit) is Stage.ROOM,
                "busy": mine and can_be_taken and selectors.is_with_somebody(asked.to, besides=visit.id),
                "age": selectors.age_on(appointment.patient.birth_date, clock.now().date()),
                "place": selectors.state_name(start.state) if start else "",
                "taken": asked.outcome == HandOverOutcome.TAKEN,
                "day_url": reverse("portal:home", args=[slug]),
                "day_topic": f"day:{asked.to_id if mine else asked.asked_by_id}",
            }, status=status,
        )  # fmt: skip


def _zone(request: HttpRequest, asked: Any) -> str:
    """Return the zone of the page of what a colleague was asked: the colleague's own, else the clinic's."""
    return asked.to.timezone or request.tenant.timezone  # type: ignore[attr-defined,no-any-return]


def _answer(request: HttpRequest, slug: str, asked: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    here = redirect(reverse("visits:hand-over", args=[slug, asked.id]))
    try:
        match request.POST.get("do"):
            case "take":
                visit = services.take_over(actor=actor, hand_over_id=asked.id)
                name = visit.appointment.patient.full_name
                messages.success(request, _("%(name)s is with you now. The check-in went along.") % {"name": name})
                return redirect(reverse("visits:visit-room", args=[slug, visit.id]))
            case "decline":
                form = DeclineForm(request.POST)
                if not form.is_valid():
                    return _show(request, slug, asked, form, status=422)
                services.decline_hand_over(actor=actor, hand_over_id=asked.id, answer=form.cleaned_data["answer"])
                who = asked.asked_by.display_name
                messages.success(request, _("%(who)s reads that you can’t, and why.") % {"who": who})
                return redirect(reverse("portal:home", args=[slug]))
            case "withdraw":
                services.withdraw_hand_over(actor=actor, hand_over_id=asked.id)
                return _withdrawn(request, slug, asked)
            case _:
                _refuse(request, asked.id)
    except services.NotAllowed:
        _refuse(request, asked.id)
    except services.NoTime as booked:
        at = clock_time(local(booked.start, _zone(request, asked)))
        messages.error(request, _("Your visit at %(time)s leaves too little time.") % {"time": at})
    except tuple(_TROUBLES) as trouble:
        messages.error(request, str(_TROUBLES[type(trouble)]))
    except services.MayNotTreat as refused:
        messages.error(request, " ".join(finding.text for finding in refused.findings))
    return here


_TROUBLES: dict[type[Exception], Promise] = {
    services.Answered: gettext_lazy("It was answered or taken back before. Nothing was changed."),
    services.WrongStage: gettext_lazy("The visit is at another stage by now. Nothing was changed."),
    services.WithSomebody: gettext_lazy("You have a patient in your room. End that visit first, or ask them to wait."),
    services.NotOffered: gettext_lazy("Your calendar has no room for it now. Nothing was changed."),
    services.SignedAlready: gettext_lazy("The note is signed, so the visit stays where it is."),
    services.NeedsReason: gettext_lazy(
        "Something must be answered for at the door first. Let your colleague ask the patient back to the waiting room."
    ),
}


def _withdrawn(request: HttpRequest, slug: str, asked: Any) -> HttpResponse:
    done = _("Taken back. The visit stays with you.")
    if request.headers.get(IN_PAGE):
        return render(request, "visits/_asked.html", {"done": done})
    messages.success(request, done)
    return redirect(reverse("visits:visit-room", args=[slug, asked.visit_id]))


def _refuse(request: HttpRequest, hand_over_id: UUID) -> NoReturn:
    actor = request.actor  # type: ignore[attr-defined]
    refuse("visits.hand-over.refuse", actor=actor, target_type="HandOver", target_id=hand_over_id)
