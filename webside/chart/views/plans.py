"""Plans of a patient, for who gives care: beside the call, on the chart, on paper; and what is one's own to do.

Beside the call (``beside`` in the form, by htmx) the answer is the column of plans alone, so that nothing else on the page is
touched. Everywhere else a form leads back to the page of its plan; a refused one is shown again with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record
from webside.chart import policies, selectors, services
from webside.chart.codes import PlanChangeKind, StepTime
from webside.chart.views._doors import age, back_to, refuse
from webside.ui.undo import undo

READ = "chart.plan.read"
TREATING = "treating"


def _patient(request: HttpRequest, patient_id: UUID, action: str) -> Any:
    found = selectors.patient_with_plans(request.actor, patient_id)  # type: ignore[attr-defined]
    if found is None:
        refuse(request, action, "Patient", patient_id)
    return found


def _plan(request: HttpRequest, plan_id: UUID, action: str, *, to_write: bool = True) -> Any:
    """Return a plan of a chart that the actor opens, and writes in where that is asked."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.plan_for_staff(actor, plan_id)
    if found is None or (to_write and not policies.can_write_plan(actor, found.patient_id)):
        refuse(request, action, "CarePlan", plan_id)
    return found


def _step(request: HttpRequest, plan: Any, text: str, action: str) -> Any:
    found = None
    with suppress(ValueError):
        found = selectors.step_of(plan, UUID(text))
    if found is None:
        refuse(request, action, "CarePlan", plan.id)
    found.plan = plan  # type: ignore[union-attr]
    return found


def _encounter(request: HttpRequest, patient_id: UUID) -> Any:
    """Return the encounter beside which something was typed, if it is this patient's and the actor may read it."""
    with suppress(ValueError):
        found = selectors.encounter(request.actor, UUID(request.POST.get("encounter", "")))  # type: ignore[attr-defined]
        if found is not None and found.patient_id == patient_id:
            return found
    return None


def _day(text: str, name: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise services.Invalid({name: [_("Give the day as year, month and day: 2026-12-14.")]}) from None


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 4):
        raise services.Invalid({"days": [_("Give whole days, for instance 14.")]})
    return int(text)


def _draft(request: HttpRequest) -> services.StepDraft:
    asked = request.POST
    time = asked.get("time", "")
    if time == StepTime.NONE and asked.get("day", "").strip():
        time = StepTime.BY  # beside the call there is a day and no more
    return services.StepDraft(
        text=asked.get("text", ""), owner=asked.get("owner", ""), time=time, day=_day(asked.get("day", ""), "day"),
        days=_days(asked.get("days", "")),
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- pages


def _beside(request: HttpRequest) -> bool:
    return bool(request.htmx) and "1" in (request.GET.get("beside"), request.POST.get("beside"))  # type: ignore[attr-defined]


def _column(request: HttpRequest, patient: Any, *, said: str = "", where: str = "",
            error: services.Invalid | None = None) -> HttpResponse:  # fmt: skip
    """Draw the plans beside a call. ``where``: the form that was refused."""
    actor = request.actor  # type: ignore[attr-defined]
    plans = selectors.current_plans_of(actor, patient.id)
    may_write = policies.can_write_plan(actor, patient.id)
    context = {
        "patient": patient,
        "plans": plans,
        "may_write_plan": may_write,
        "owners": selectors.owners_for(patient) if may_write else [],
        "of_encounter": request.POST.get("encounter") or request.GET.get("encounter", ""),
        "said": said,
        "where": where,
        "errors": error.errors if error else {},
        "typed": request.POST if error else {},
        "plan_key": uuid4().hex,
        "beside": True,
    }
    return render(request, "chart/_plans.html", context, status=422 if error else 200)


@gzip_page  # beside a call every byte competes with the call; see visits.views.room
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest, slug: str, patient_id: UUID) -> HttpResponse:
    """Show a patient's plans; beside a call as a column. A new plan is made by POST."""
    making = request.method == "POST"
    patient = _patient(request, patient_id, "chart.plan.add" if making else READ)
    actor = request.actor  # type: ignore[attr-defined]
    if making:
        return _make(request, slug, patient)
    ground = selectors.ground_for(actor, patient_id)
    record(READ, actor=actor, patient_id=patient_id, ground=ground)
    return _column(request, patient) if _beside(request) else _list_page(request, patient, ground=ground)


def _may_write(request: HttpRequest, patient_id: UUID, ground: str = "") -> bool:
    """Whether the clinician writes plans of a patient. Whose own patient she is by ``ground`` was asked already."""
    return ground == TREATING or policies.can_write_plan(request.actor, patient_id)  # type: ignore[attr-defined]


def _list_page(
    request: HttpRequest, patient: Any, error: services.Invalid | None = None, *, ground: str = ""
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    context = {
        "patient": patient,
        "age": age(patient.birth_date),
        "plans": selectors.plans_of(actor, patient.id),
        "may_write_plan": _may_write(request, patient.id, ground),
        "errors": error.errors if error else {},
        "typed": request.POST if error else {},
        "plan_key": uuid4().hex,
    }
    return render(request, "chart/plan_list.html", context, status=422 if error else 200)


def _make(request: HttpRequest, slug: str, patient: Any) -> HttpResponse:
    asked = request.POST
    try:
        made = services.make_plan(
            actor=request.actor, patient=patient, title=asked.get("title", ""), key=_key(request),  # type: ignore[attr-defined]
            turns_on=asked.get("turns_on", ""), day=_day(asked.get("turns_on_day", ""), "turns_on_day"),
            encounter=_encounter(request, patient.id),
        )  # fmt: skip
    except services.NotAllowed:
        refuse(request, "chart.plan.add", "Patient", patient.id)
    except services.Invalid as error:
        return (
            _column(request, patient, error=error, where="make")
            if _beside(request)
            else _list_page(request, patient, error)
        )
    if _beside(request):
        return _column(request, patient, said=_("The plan is there. Add its first step."))
    messages.success(request, _("The plan is there. Add its first step."))
    return HttpResponseRedirect(reverse("chart:plan-detail", args=[slug, patient.id, made.id]))


def _key(request: HttpRequest) -> str:
    return request.POST.get("key", "").strip()[:40] or uuid4().hex


@never_cache
@require_safe
def detail(request: HttpRequest, slug: str, patient_id: UUID, plan_id: UUID) -> HttpResponse:
    """Show a plan: its steps, what was agreed, who changed what; ready for paper."""
    found = _plan(request, plan_id, READ, to_write=False)
    _same_patient(request, found, patient_id, READ)
    actor = request.actor  # type: ignore[attr-defined]
    ground = selectors.ground_for(actor, found.patient_id)
    record(READ, actor=actor, target=found, patient_id=found.patient_id, ground=ground)
    return _plan_page(request, found, ground=ground)


def _same_patient(request: HttpRequest, plan: Any, patient_id: UUID, action: str) -> None:
    if plan.patient_id != patient_id:
        refuse(request, action, "CarePlan", plan.id)


def _plan_page(
    request: HttpRequest, plan: Any, *, where: str = "", error: services.Invalid | None = None, ground: str = ""
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    shown, owners = selectors.plan_with_owners(actor, plan)
    may_write = shown.is_current and _may_write(request, plan.patient_id, ground)
    context = {
        "shown": shown,
        "plan": plan,
        "patient": plan.patient,
        "age": age(plan.patient.birth_date),
        "may_write_plan": may_write,
        "answers": plan.responsible.user_id == actor.user_id,
        "owners": owners if may_write else [],
        "times": _times(plan.turns_on),
        "changes": [_change(each) for each in selectors.changes_of(plan)],
        "where": where,
        "errors": error.errors if error else {},
        "typed": request.POST if error else {},
        "plan_key": uuid4().hex,
    }
    return render(request, "chart/plan_detail.html", context, status=422 if error else 200)


def _times(turns_on: str) -> list[tuple[str, str]]:
    found = [(StepTime.NONE.value, _("No day")), (StepTime.BY.value, _("By a day"))]
    if turns_on:
        found.append((StepTime.BEFORE.value, _("Before %(what)s") % {"what": turns_on}))
        found.append((StepTime.AFTER.value, _("After %(what)s") % {"what": turns_on}))
    return found


def _change(change: Any) -> dict[str, Any]:
    """Return a change as the history shows it: what, of which step, what it was before."""
    said = {
        PlanChangeKind.MADE: _("made the plan"),
        PlanChangeKind.ADDED: _("added a step"),
        PlanChangeKind.STEP: _("changed a step"),
        PlanChangeKind.MOVED: _("moved a step up"),
        PlanChangeKind.DONE: _("marked as done"),
        PlanChangeKind.GIVEN_UP: _("gave a step up"),
        PlanChangeKind.REOPENED: _("opened a step again"),
        PlanChangeKind.DAY: _("changed what the plan turns on"),
        PlanChangeKind.TAKEN_OVER: _("took the plan over"),
        PlanChangeKind.AGREED: _("noted that it was agreed"),
        PlanChangeKind.CLOSED: _("closed the plan"),
    }[PlanChangeKind(change.kind)]
    names = ("text", "owner", "turns_on", "day", "responsible")
    was = [
        str(change.before[name])
        for name in names
        if change.before.get(name) and change.before[name] != change.after.get(name)
    ]
    return {
        "at": change.at,
        "by": change.by,
        "said": said,
        "step": change.step.text if change.step else "",
        "was": ", ".join(was),
        "reason": change.after.get("reason", ""),
    }


# -------------------------------------------------------------------------------------------------------- writing


def _write(
    request: HttpRequest, plan: Any, action: str, do: Callable[[], Any], *, done: str, where: str, tags: str = ""
) -> HttpResponse:
    """Do it; answer with the column beside a call, or lead back to the plan."""
    beside = _beside(request)
    try:
        do()
    except services.NotAllowed:
        refuse(request, action, "CarePlan", plan.id)
    except services.Invalid as error:
        if beside:
            return _column(request, plan.patient, error=error, where=where)
        return _plan_page(request, selectors.plan(request.actor, plan.id), where=where, error=error)  # type: ignore[attr-defined]
    if beside:
        return _column(request, plan.patient, said=done)
    messages.success(request, done, extra_tags=tags)
    page = reverse("chart:plan-detail", args=[request.tenant.slug, plan.patient_id, plan.id])  # type: ignore[attr-defined]
    return HttpResponseRedirect(back_to(request, page))


@require_POST
def add_step(request: HttpRequest, slug: str, patient_id: UUID, plan_id: UUID) -> HttpResponse:
    """Add a step to a plan."""
    action = "chart.plan-step.add"
    plan = _plan(request, plan_id, action)
    _same_patient(request, plan, patient_id, action)

    def do() -> None:
        services.add_step(
            actor=request.actor, plan=plan, draft=_draft(request), key=_key(request),  # type: ignore[attr-defined]
            encounter=_encounter(request, plan.patient_id),
        )  # fmt: skip

    return _write(request, plan, action, do, done=_("The step is added."), where=f"add-{plan.id}")


@require_POST
def change_step(request: HttpRequest, slug: str, patient_id: UUID, plan_id: UUID, step_id: UUID) -> HttpResponse:
    """Say something else in a step, or give it up with the reason."""
    giving_up = request.POST.get("do") == "give-up"
    action = "chart.plan-step.give-up" if giving_up else "chart.plan-step.change"
    plan = _plan(request, plan_id, action)
    _same_patient(request, plan, patient_id, action)
    step = _step(request, plan, str(step_id), action)
    actor = request.actor  # type: ignore[attr-defined]

    def do() -> None:
        if giving_up:
            services.give_up_step(actor=actor, step=step, reason=request.POST.get("reason", ""))
        else:
            services.change_step(actor=actor, step=step, draft=_draft(request))

    back = reverse("chart:plan-step-mark", args=[slug, patient_id, plan_id]) + f"?reopen={step.id}"
    done = _("The step is given up.") if giving_up else _("The step is changed.")
    return _write(request, plan, action, do, done=done, where=f"step-{step.id}", tags=undo(back) if giving_up else "")


@require_POST
def mark_step(request: HttpRequest, slug: str, patient_id: UUID, plan_id: UUID) -> HttpResponse:
    """Mark a step as done, open it again, or put it one place up."""
    ways = {
        "done": ("chart.plan-step.finish", services.finish_step, _("Marked as done.")),
        "reopen": ("chart.plan-step.reopen", services.reopen_step, _("The step is open again.")),
        "up": ("chart.plan-step.move", services.move_step, _("The step is moved up.")),
    }
    asked = {name: request.POST.get(name) or request.GET.get(name) for name in ways}
    name = next((name for name, value in asked.items() if value), None)
    if name is None:
        raise Http404
    action, service, done = ways[name]
    plan = _plan(request, plan_id, action)
    _same_patient(request, plan, patient_id, action)
    step = _step(request, plan, str(asked[name]), action)
    back = reverse("chart:plan-step-mark", args=[slug, patient_id, plan_id]) + f"?reopen={step.id}"
    return _write(
        request, plan, action, lambda: service(actor=request.actor, step=step), done=done, where="mark",  # type: ignore[attr-defined]
        tags=undo(back) if name == "done" else "",
    )  # fmt: skip


@require_POST
def change(request: HttpRequest, slug: str, patient_id: UUID, plan_id: UUID) -> HttpResponse:
    """Say what a plan turns on, take it over, note that it was agreed, or close it."""
    actions = {
        "day": "chart.plan.change", "take": "chart.plan.take-over", "agree": "chart.plan.agree", "close": "chart.plan.close",
    }  # fmt: skip
    what = request.POST.get("do", "")
    if what not in actions:
        raise Http404
    plan = _plan(request, plan_id, actions[what])
    _same_patient(request, plan, patient_id, actions[what])
    actor, asked = request.actor, request.POST  # type: ignore[attr-defined]

    def do() -> None:
        if what == "day":
            day = _day(asked.get("turns_on_day", ""), "turns_on_day")
            services.change_day(actor=actor, plan=plan, turns_on=asked.get("turns_on", ""), day=day)
        elif what == "take":
            services.take_over_plan(actor=actor, plan=plan)
        elif what == "agree":
            present = asked.get("present", "").splitlines()
            encounter = _encounter(request, plan.patient_id)
            services.agree_on_plan(actor=actor, plan=plan, present=present, encounter=encounter)
        else:
            reached = asked.get("reached") == "yes"
            services.close_plan(actor=actor, plan=plan, reason=asked.get("reason", ""), reached=reached)

    done = {
        "day": _("Changed. Each step before and after it has its last day anew."),
        "take": _("You answer for this plan now."),
        "agree": _("Agreed. The plan is kept as it stands now."),
        "close": _("The plan is closed."),
    }
    return _write(
        request, plan, actions[what], do, done=done[what], where=f"{what}-{plan.id}" if _beside(request) else what
    )


# ------------------------------------------------------------------------------------------------------ one's own


@never_cache
@require_safe
def to_do(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who works here what is theirs to do, and which plans they answer for need somebody to look."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_staff or actor.on_behalf is not None:
        refuse(request, "chart.to-do.read", "PlanStep", actor.user_id)
    record("chart.to-do.read", actor=actor, ground="own step")
    context = {
        "rows": selectors.to_do(actor),
        "plans": selectors.answered_for(actor),
        "followed": selectors.followed(actor),
    }
    return render(request, "chart/to_do.html", context)


@never_cache
@require_safe
def own(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a patient, or who reads summaries for her, the plans that hold: what, who, until when."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.own_plans(actor)
    if found is None:
        refuse(request, READ, "Patient", actor.acts_for or actor.user_id)
    patient, plans = found  # type: ignore[misc]
    record(READ, actor=actor, patient_id=patient.id, ground="own record")
    return render(request, "chart/plan_own.html", {"patient": patient, "plans": plans})


@require_POST
def mark_own(request: HttpRequest, slug: str) -> HttpResponse:
    """Mark a step of one's own as done, or open it again."""
    opening = bool(request.POST.get("reopen") or request.GET.get("reopen"))
    action = "chart.plan-step.reopen" if opening else "chart.plan-step.finish"
    actor = request.actor  # type: ignore[attr-defined]
    text = request.POST.get("done") or request.POST.get("reopen") or request.GET.get("reopen", "")
    step = None
    with suppress(ValueError):
        step = selectors.own_step(actor, UUID(text))
    if step is None:
        refuse(request, action, "PlanStep", actor.user_id)
    try:
        (services.reopen_step if opening else services.finish_step)(actor=actor, step=step)  # type: ignore[arg-type]
    except services.NotAllowed:
        refuse(request, action, "PlanStep", step.id)  # type: ignore[union-attr]
    except services.Invalid as error:  # it was closed meanwhile
        messages.error(request, " ".join(text for texts in error.errors.values() for text in texts))
    else:
        back = reverse("chart:to-do-mark", args=[slug]) + f"?reopen={step.id}"  # type: ignore[union-attr]
        said = _("It is open again.") if opening else _("Marked as done.")
        messages.success(request, said, extra_tags="" if opening else undo(back))
    page = "chart:to-do" if actor.is_staff and actor.on_behalf is None else "chart:plan-own"
    return HttpResponseRedirect(back_to(request, reverse(page, args=[slug])))
