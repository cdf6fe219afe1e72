"""Writing a patient's plan: its steps, each with one owner, what was agreed, and the history of every change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from webside.audit.services import action, record
from webside.chart import policies, registry, selectors
from webside.chart.codes import OwnerKind, PlanChangeKind, PlanStatus, StepStatus, StepTime
from webside.chart.events import PlanAgreed, PlanChanged, PlanStepGiven
from webside.chart.models import CarePlan, Encounter, PlanAgreement, PlanChange, PlanStep
from webside.chart.rules import plans as rules
from webside.chart.services.errors import Invalid, NotAllowed
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.codes import Scope
from webside.people.models import Patient
from webside.people.policies import is_own
from webside.people.selectors import practitioner_of

MOST_STEPS = 60
MOST_DAYS = 730
MOST_PRESENT = 20


@dataclass(frozen=True, slots=True)
class StepDraft:
    """What somebody typed of a step. ``owner``: the value of a :class:`selectors.Owner`."""

    text: str
    owner: str
    time: str = StepTime.NONE
    day: date | None = None
    days: int | None = None


@action("chart.plan.add")
def make_plan(
    *, actor: Actor, patient: Patient, title: str, key: str, turns_on: str = "", day: date | None = None,
    encounter: Encounter | None = None,
) -> CarePlan:  # fmt: skip
    """Make a plan, for which the actor answers. The same ``key`` again gives the plan that it made.

    Raises :class:`NotAllowed`, and :class:`Invalid` without a purpose or where a current plan has that one.
    """
    responsible = practitioner_of(actor)
    if responsible is None or not policies.can_write_plan(actor, patient.id):
        raise NotAllowed
    lock(patient)
    plan = CarePlan.objects.select_related("patient", "responsible").filter(patient=patient, client_key=key).first()
    if plan is None:
        wanted = _line(title, 120, "title", _("Say in a few words what the plan is for."))
        if CarePlan.objects.filter(patient=patient, status=PlanStatus.ACTIVE, title__iexact=wanted).exists():
            raise Invalid({"title": [_("There is a plan for this already. Add to it, or close it first.")]})
        plan = CarePlan.objects.create(
            patient=patient, encounter=_of(patient, encounter), responsible=responsible, title=wanted,
            turns_on=_line(turns_on, 60, "turns_on"), turns_on_day=day, written_by=actor.label, client_key=key[:40],
        )  # fmt: skip
        _keep(actor, plan, PlanChangeKind.MADE, after={"title": plan.title, "responsible": responsible.display_name})
    _recorded("chart.plan.add", actor, plan)
    return plan


@action("chart.plan-step.add")
def add_step(
    *, actor: Actor, plan: CarePlan, draft: StepDraft, key: str, encounter: Encounter | None = None
) -> PlanStep:
    """Add a step at the end. The same ``key`` again gives the step that it made. Raises :class:`Invalid`."""
    plan = _locked(actor, plan)
    step = PlanStep.objects.filter(plan=plan, client_key=key).first()
    if step is None:
        if PlanStep.objects.filter(plan=plan).count() >= MOST_STEPS:
            full = _("A plan holds %(number)d steps. Close this one and begin the next.") % {"number": MOST_STEPS}
            raise Invalid({"text": [full]})
        last = PlanStep.objects.filter(plan=plan).aggregate(last=Max("position"))["last"] or 0
        step = PlanStep(plan=plan, encounter=_of(plan.patient, encounter), position=last + 1, client_key=key[:40],
                        written_by=actor.label)  # fmt: skip
        _fill(step, plan, draft)
        step.save()
        _keep(actor, plan, PlanChangeKind.ADDED, step=step, after=_said(step))
        _give(actor, step)
    _recorded("chart.plan-step.add", actor, plan)
    return step


@action("chart.plan-step.change")
def change_step(*, actor: Actor, step: PlanStep, draft: StepDraft) -> PlanStep:
    """Say something else in an open step: what, by whom, until when. The same again changes nothing. Raises :class:`Invalid`."""
    plan = _locked(actor, step.plan)
    step = _own(plan, step)
    if step.status != StepStatus.OPEN:
        raise Invalid({"text": [_("This step is not open any more. Open it again first.")]})
    before, owner = _said(step), (step.owner_kind, step.owner_id)
    _fill(step, plan, draft)
    if _said(step) != before:
        step.save()
        _keep(actor, plan, PlanChangeKind.STEP, step=step, before=before, after=_said(step))
        if (step.owner_kind, step.owner_id) != owner:
            _give(actor, step)
    _recorded("chart.plan-step.change", actor, plan)
    return step


@action("chart.plan-step.finish")
def finish_step(*, actor: Actor, step: PlanStep) -> PlanStep:
    """Note that a step is done: its owner says so, or who treats the patient. A second press changes nothing."""
    return _settle(actor, step, StepStatus.DONE, PlanChangeKind.DONE, "chart.plan-step.finish")


@action("chart.plan-step.reopen")
def reopen_step(*, actor: Actor, step: PlanStep) -> PlanStep:
    """Open a step again that was done or given up: a mis-tap is taken back, and the history keeps both."""
    return _settle(actor, step, StepStatus.OPEN, PlanChangeKind.REOPENED, "chart.plan-step.reopen")


@action("chart.plan-step.give-up")
def give_up_step(*, actor: Actor, step: PlanStep, reason: str) -> PlanStep:
    """Give a step up, with the reason. Only who treats the patient does. Raises :class:`Invalid` without one."""
    _locked(actor, step.plan)
    why = _line(reason, 240, "reason", _("Say why it is given up."))
    return _settle(actor, step, StepStatus.GIVEN_UP, PlanChangeKind.GIVEN_UP, "chart.plan-step.give-up", why)


def _settle(actor: Actor, step: PlanStep, to: StepStatus, kind: PlanChangeKind, name: str, why: str = "") -> PlanStep:
    plan = _read(step.plan)
    step = _own(plan, step)
    if not policies.can_mark_step(actor, step):
        raise NotAllowed
    if step.status == StepStatus.GIVEN_UP and not policies.can_write_plan(actor, plan.patient_id):
        raise NotAllowed  # who gave it up said why; its owner alone doesn't take that back
    _must_hold(plan)
    if step.status != to:
        before = {"status": step.status, "reason": step.reason}
        step.status, step.reason = to, why
        step.settled_at = None if to == StepStatus.OPEN else clock.now()
        step.settled_by = "" if to == StepStatus.OPEN else _name_of(actor)
        step.save()
        _keep(actor, plan, kind, step=step, before=before, after={"status": step.status, "reason": step.reason})
    _recorded(name, actor, plan)
    return step


@action("chart.plan-step.move")
def move_step(*, actor: Actor, step: PlanStep) -> PlanStep:
    """Put a step before the one that it follows. The first stays where it is."""
    plan = _locked(actor, step.plan)
    step = _own(plan, step)
    other = PlanStep.objects.filter(plan=plan, position__lt=step.position).order_by("-position").first()
    if other is not None:
        before, step.position, other.position = step.position, other.position, step.position
        step.save()
        other.save()
        _keep(actor, plan, PlanChangeKind.MOVED, step=step, before={"place": before}, after={"place": step.position})
    _recorded("chart.plan-step.move", actor, plan)
    return step


@action("chart.plan.change")
def change_day(*, actor: Actor, plan: CarePlan, turns_on: str, day: date | None) -> CarePlan:
    """Say what a plan turns on and when that is; every step that comes before or after it has its last day anew."""
    plan = _locked(actor, plan)
    before = {"turns_on": plan.turns_on, "day": _iso(plan.turns_on_day)}
    plan.turns_on, plan.turns_on_day = _line(turns_on, 60, "turns_on"), day
    after = {"turns_on": plan.turns_on, "day": _iso(day)}
    if day is not None and not plan.turns_on:
        raise Invalid({"turns_on": [_("Name what happens on that day, for instance “the operation”.")]})
    if after != before:
        for step in PlanStep.objects.filter(plan=plan, time__in=[StepTime.BEFORE, StepTime.AFTER]):
            step.last_day = rules.last_day(step.time, day=step.day, days=step.days, turns_on=day)
            step.save()
        _keep(actor, plan, PlanChangeKind.DAY, before=before, after=after)
    _recorded("chart.plan.change", actor, plan)
    return plan


@action("chart.plan.take-over")
def take_over_plan(*, actor: Actor, plan: CarePlan) -> CarePlan:
    """Answer for a plan from now on. Who answers for it already changes nothing."""
    plan = _locked(actor, plan)
    me = practitioner_of(actor)
    if me is None:
        raise NotAllowed
    if plan.responsible_id != me.id:
        before = {"responsible": plan.responsible.display_name}
        plan.responsible = me
        _keep(actor, plan, PlanChangeKind.TAKEN_OVER, before=before, after={"responsible": me.display_name})
    _recorded("chart.plan.take-over", actor, plan)
    return plan


@action("chart.plan.agree")
def agree_on_plan(
    *, actor: Actor, plan: CarePlan, present: Iterable[str] = (), encounter: Encounter | None = None
) -> PlanAgreement:
    """Keep that people agreed on a plan now, who was there, and the whole plan as it stands.

    Who was there in the visit of ``encounter`` is taken from it; ``present`` are those whom the actor names beside.
    Raises :class:`Invalid` where nobody can do an open step, or there is no step at all: that is no plan yet.
    """
    plan = _locked(actor, plan)
    encounter = _of(plan.patient, encounter)
    shown = selectors.plan_shown(actor, plan)
    if not shown.steps:
        raise Invalid({"agree": [_("Add at least one step first.")]})
    if shown.without_owner:
        raise Invalid({"agree": [_("A step has no owner who can do it. Give each open step to somebody first.")]})
    there = registry.present_in(encounter.id) if encounter is not None else []
    typed = [_line(name, 200, "present") for name in present]
    named = list(dict.fromkeys(name for name in [*there, *typed] if name))[:MOST_PRESENT] or [actor.label]
    plan.agreed_at = clock.now()
    agreement = PlanAgreement.objects.create(
        plan=plan, encounter=encounter, agreed_at=plan.agreed_at, agreed_by=actor.label, present=named,
        contents=selectors.contents_of(plan, _steps(plan)),
    )  # fmt: skip
    _keep(actor, plan, PlanChangeKind.AGREED, after={"present": len(named)}, at=plan.agreed_at)
    publish(PlanAgreed(plan_id=plan.id, agreement_id=agreement.id))
    _recorded("chart.plan.agree", actor, plan)
    return agreement


@action("chart.plan.close")
def close_plan(*, actor: Actor, plan: CarePlan, reason: str, reached: bool) -> CarePlan:
    """Close a plan, with the reason: it has done its work, or it was given up. Again changes nothing."""
    if not policies.can_write_plan(actor, plan.patient_id):
        raise NotAllowed
    plan = _read(plan)
    if plan.status == PlanStatus.ACTIVE:
        plan.close_reason = _line(reason, 240, "reason", _("Say why the plan is closed."))
        plan.status = PlanStatus.COMPLETED if reached else PlanStatus.REVOKED
        plan.closed_at, plan.closed_by = clock.now(), actor.label
        _keep(actor, plan, PlanChangeKind.CLOSED, after={"status": plan.status, "reason": plan.close_reason})
    _recorded("chart.plan.close", actor, plan)
    return plan


# ------------------------------------------------------------------------------------------------------- helpers


def _locked(actor: Actor, plan: CarePlan) -> CarePlan:
    """Return a plan, locked until this is committed, that the actor may write and that holds."""
    if not policies.can_write_plan(actor, plan.patient_id):
        raise NotAllowed
    held = _read(plan)
    _must_hold(held)
    return held


def _read(plan: CarePlan) -> CarePlan:
    """Lock a plan, then read it as it is now."""
    lock(plan)
    return CarePlan.objects.select_related("patient", "responsible", "tenant", "encounter__service").get(id=plan.id)


def _must_hold(plan: CarePlan) -> None:
    if plan.status != PlanStatus.ACTIVE:
        raise Invalid({"plan": [_("This plan is closed. Nothing in it changes any more.")]})


def _own(plan: CarePlan, step: PlanStep) -> PlanStep:
    found = PlanStep.objects.get(id=step.id, plan=plan)
    found.plan = plan
    return found


def _of(patient: Patient, encounter: Encounter | None) -> Encounter | None:
    """Return the encounter if it is the patient's, nothing for any other."""
    return encounter if encounter is not None and encounter.patient_id == patient.id else None


def _line(text: str, longest: int, name: str, missing: str = "") -> str:
    clean = " ".join(text.replace("\x00", "").split())
    if not clean and missing:
        raise Invalid({name: [missing]})
    if len(clean) > longest:
        raise Invalid({name: [_("This is too long: %(number)d letters fit.") % {"number": longest}]})
    return clean


def _fill(step: PlanStep, plan: CarePlan, draft: StepDraft) -> None:
    step.text = _line(draft.text, 240, "text", _("Say what is to be done."))
    owner = next((each for each in selectors.owners_for(plan.patient, plan) if each.value == draft.owner), None)
    if owner is None:
        raise Invalid({"owner": [_("Choose who does it. Each step has one owner.")]})
    step.owner_kind, step.owner_name = owner.kind, owner.name
    step.owner_id = None if owner.kind == OwnerKind.PATIENT else owner.user_id
    try:
        step.time = StepTime(draft.time)
    except ValueError:
        raise Invalid({"time": [_("Choose one of these.")]}) from None
    step.day = draft.day if step.time == StepTime.BY else None
    step.days = draft.days if step.time in (StepTime.BEFORE, StepTime.AFTER) else None
    if step.time == StepTime.BY and step.day is None:
        raise Invalid({"day": [_("Give the day.")]})
    if step.days is not None and not 0 < step.days <= MOST_DAYS:
        raise Invalid({"days": [_("Give whole days, from 1 to %(number)d.") % {"number": MOST_DAYS}]})
    if step.time in (StepTime.BEFORE, StepTime.AFTER) and not plan.turns_on:
        raise Invalid({"time": [_("Say first what the plan turns on, for instance “the operation”.")]})
    step.last_day = rules.last_day(step.time, day=step.day, days=step.days, turns_on=plan.turns_on_day)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _said(step: PlanStep) -> dict[str, Any]:
    """Return what the history keeps of a step."""
    return {
        "text": step.text, "owner": step.owner_name, "owner_kind": str(step.owner_kind), "time": str(step.time),
        "days": step.days, "day": _iso(step.day),
        "owner_id": str(step.owner_id) if step.owner_id else None,
    }  # fmt: skip


def _name_of(actor: Actor) -> str:
    return actor.label if actor.on_behalf is None else f"{actor.label}, for {actor.on_behalf.name}"[:160]


def _keep(
    actor: Actor, plan: CarePlan, kind: PlanChangeKind, *, step: PlanStep | None = None, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None, at: Any = None,
) -> None:  # fmt: skip
    """Save the plan with its history and its next version. A step that is done is no other plan."""
    now = at or clock.now()
    if kind not in (PlanChangeKind.DONE, PlanChangeKind.REOPENED):
        plan.changed_at = now
    plan.save()
    PlanChange.objects.create(
        plan=plan, step=step, kind=kind, at=now, by=_name_of(actor), before=before or {}, after=after or {}
    )
    write_version(plan)
    publish(PlanChanged(plan_id=plan.id))


def _steps(plan: CarePlan) -> list[PlanStep]:
    found = PlanStep.objects.filter(plan=plan).select_related("encounter__service")
    return list(found.order_by("position", "id"))


def _give(actor: Actor, step: PlanStep) -> None:
    if step.owner_kind == OwnerKind.STAFF and step.owner_id is not None and step.owner_id != actor.user_id:
        publish(PlanStepGiven(step_id=step.id, user_id=UUID(str(step.owner_id))))


def _recorded(name: str, actor: Actor, plan: CarePlan) -> None:
    """Note it in the trail, which is read by people who may read no chart: no word of the plan stands there."""
    own = is_own(actor, plan.patient, Scope.SUMMARIES)
    ground = "own record" if own else "treating" if policies.can_write_plan(actor, plan.patient_id) else "own step"
    record(name, actor=actor, target=plan, patient_id=plan.patient_id, ground=ground)
