"""Plans of patients: what is to be done, by whom, until when, and what nobody looks after any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.accounts import selectors as accounts
from webside.chart import policies
from webside.chart.codes import OwnerKind, PlanStatus, StepStatus, StepTime
from webside.chart.models import CarePlan, PlanAgreement, PlanChange, PlanStep
from webside.chart.rules import plans as rules
from webside.core import clock
from webside.core.actor import Actor, Role
from webside.core.rows import array_of, instances, prepared
from webside.people import selectors as people
from webside.people.codes import Scope
from webside.people.models import Delegation, Patient
from webside.ui import when

CHANGES = 50
TO_DO = 100


class Owner(NamedTuple):
    """Somebody to whom a step may be given. ``value`` says who in a form, ``about`` what tells two of a name apart."""

    kind: OwnerKind
    user_id: UUID | None
    name: str
    about: str = ""

    @property
    def value(self) -> str:
        """Who it is, as a form sends it."""
        return self.kind if self.user_id is None else f"{self.kind}:{self.user_id}"


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as a page shows it. ``owned``: whether its owner can still do it; ``mine``: whether it is the actor's."""

    step: PlanStep
    until: str
    owned: bool
    mine: bool
    overdue: bool

    @property
    def form(self) -> str:
        """The name of the form that changes it, on a page that holds several."""
        return f"step-{self.step.id}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.step.status == StepStatus.OPEN

    @property
    def owner(self) -> str:
        """Who it belongs to, as a form sends it; nothing where that person can't do it any more."""
        step = self.step
        return Owner(OwnerKind(step.owner_kind), step.owner_id, step.owner_name).value if self.owned else ""


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan as a page shows it.

    ``changed_since``: something is another than it was agreed; ``stale``: nobody went through it for long, None where that
    can't be said; ``answered``: whether who answers for it still works here.
    """

    plan: CarePlan
    steps: list[StepRow]
    agreement: PlanAgreement | None
    changed_since: bool
    stale: bool | None
    answered: bool

    @property
    def add_form(self) -> str:
        """The name of the form that adds a step, on a page that holds several plans."""
        return f"add-{self.plan.id}"

    @property
    def agree_form(self) -> str:
        """The name of the form that notes an agreement."""
        return f"agree-{self.plan.id}"

    @property
    def is_current(self) -> bool:
        """Whether it holds."""
        return self.plan.status == PlanStatus.ACTIVE

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(row.step.status == StepStatus.DONE for row in self.steps)

    @property
    def open(self) -> list[StepRow]:
        """What is still to be done."""
        return [row for row in self.steps if row.is_open]

    @property
    def overdue(self) -> int:
        """How many open steps are late."""
        return sum(row.overdue for row in self.steps)

    @property
    def without_owner(self) -> int:
        """How many open steps nobody looks after."""
        return sum(row.is_open and not row.owned for row in self.steps)

    @property
    def needs_somebody(self) -> bool:
        """Whether who answers for it should look."""
        return bool(self.overdue or self.without_owner or self.stale is not False or not self.answered)


class Standing(NamedTuple):
    """Who can do something today: who works here, who treats here, who acts for which patient and what is hidden from her."""

    staff: frozenset[UUID]
    clinicians: frozenset[UUID]
    acting: Mapping[tuple[UUID, UUID], frozenset[str]]

    def owns(self, step: PlanStep, plan: CarePlan) -> bool:
        """Whether the owner of a step can still do it."""
        if step.owner_kind == OwnerKind.PATIENT:
            return True
        if step.owner_id is None:
            return False
        if step.owner_kind == OwnerKind.STAFF:
            return step.owner_id in self.staff
        hidden = self.acting.get((step.owner_id, plan.patient_id))
        return hidden is not None and is_shown_to(hidden, plan)


def is_shown_to(hidden: frozenset[str], plan: CarePlan | None) -> bool:
    """Whether a plan is shown to who acts for its patient, from whom the law keeps the topics ``hidden``."""
    if not hidden:
        return True
    encounter = plan.encounter if plan is not None else None
    return encounter is not None and encounter.service.privacy_topic not in hidden


class Team(NamedTuple):
    """Who works here today (id, name, e-mail, roles) and who acts for some patients, read once for a page."""

    working: list[tuple[UUID, str, str, list[str]]]
    grants: list[Delegation]

    @property
    def standing(self) -> Standing:
        """Who of them can do what."""
        return Standing(
            staff=frozenset(user_id for user_id, *_ in self.working),
            clinicians=frozenset(user_id for user_id, *_, roles in self.working if Role.CLINICIAN in roles),
            acting={
                (UUID(str(grant.user_id)), grant.patient_id): hidden
                for grant in self.grants
                if (hidden := people.hidden_from(grant)) is not None
            },
        )

    def owners(self, patient: Patient, plan: CarePlan | None) -> list[Owner]:
        """Return to whom a step for a patient may be given."""
        names = Counter(name for _id, name, *_ in self.working)
        acting = [
            Owner(OwnerKind.DELEGATE, grant.user_id, grant.name, people.relation_name(grant.relation))
            for grant in self.grants
            if (hidden := people.hidden_from(grant)) is not None and is_shown_to(hidden, plan)
        ]
        staff = [
            Owner(OwnerKind.STAFF, user_id, name, email if names[name] > 1 else "")
            for user_id, name, email, _roles in self.working
        ]
        return [Owner(OwnerKind.PATIENT, None, patient.full_name), *acting, *staff]


def _team(patients: Iterable[UUID]) -> Team:
    working = accounts.working_here().values_list("user_id", "user__name", "user__email", "roles")
    return Team(list(working), people.acting_for(set(patients), Scope.SUMMARIES))


def owners_for(patient: Patient, plan: CarePlan | None = None) -> list[Owner]:
    """Return to whom a step for a patient may be given: herself, who acts for her and may read the plan, who works here.

    The caller asks the policies.
    """
    return _team([patient.id]).owners(patient, plan)


def until_words(time: str, *, days: int | None, turns_on: str, last_day: date | None) -> str:
    """Return until when a step is to be done, in words; empty where nobody has said."""
    what = turns_on or _("the day that is not named yet")
    day = when.whole_date(last_day) if last_day else ""
    if time == StepTime.BY:
        return _("by %(day)s") % {"day": day}
    if time == StepTime.NONE:
        return ""
    if days is None:
        said = (_("before %(what)s") if time == StepTime.BEFORE else _("after %(what)s")) % {"what": what}
    elif time == StepTime.BEFORE:
        said = ngettext("%(days)d day before %(what)s", "%(days)d days before %(what)s", days)
        said %= {"days": days, "what": what}
    else:
        said = ngettext("within %(days)d day after %(what)s", "within %(days)d days after %(what)s", days)
        said %= {"days": days, "what": what}
    if day:
        return _("%(said)s, by %(day)s") % {"said": said, "day": day}
    # After something, without a number of days, there is no last day: nothing is missing.
    return said if time == StepTime.AFTER and days is None else _("%(said)s, day not known yet") % {"said": said}


def _plans() -> QuerySet[CarePlan]:
    last = PlanAgreement.objects.filter(plan=OuterRef("pk")).order_by("-agreed_at", "-id")[:1]
    found = CarePlan.objects.select_related("patient", "responsible", "tenant", "encounter__service")
    return found.annotate(kept_agreement=array_of(last))


def _row(step: PlanStep, plan: CarePlan, standing: Standing, actor: Actor, today: date) -> StepRow:
    step.plan = plan
    is_open = step.status == StepStatus.OPEN and plan.status == PlanStatus.ACTIVE
    return StepRow(
        step=step,
        until=until_words(step.time, days=step.days, turns_on=plan.turns_on, last_day=step.last_day),
        owned=standing.owns(step, plan),
        mine=policies.owns_step(actor, step),
        overdue=is_open and step.last_day is not None and step.last_day < today,
    )


def _shown(actor: Actor, plans: list[CarePlan], team: Team | None = None) -> list[PlanShown]:
    """Return plans that the actor may see as pages show them; the same queries for one and for many."""
    if not plans:
        return []
    standing = (team or _team(plan.patient_id for plan in plans)).standing
    steps: dict[UUID, list[PlanStep]] = {plan.id: [] for plan in plans}
    found = policies.visible_steps(actor, PlanStep.objects.filter(plan__in=plans))
    for step in found.order_by("position", "id"):
        steps[step.plan_id].append(step)
    return [_as_shown(actor, plan, steps[plan.id], _last_agreement(plan), standing) for plan in plans]


def _last_agreement(plan: Any) -> PlanAgreement | None:
    """Return the last time that people agreed on a plan; of one of :func:`_plans` it was read together with it."""
    if (kept := getattr(plan, "kept_agreement", None)) is not None:
        return next(iter(instances(PlanAgreement, kept)), None)
    return PlanAgreement.objects.filter(plan=plan).order_by("-agreed_at", "-id").first()


def _as_shown(
    actor: Actor, plan: CarePlan, steps: list[PlanStep], agreement: PlanAgreement | None, standing: Standing
) -> PlanShown:
    zone = plan.tenant.timezone
    today = clock.today(zone)
    changed_on = plan.changed_at.astimezone(ZoneInfo(zone)).date()
    return PlanShown(
        plan=plan,
        steps=[_row(step, plan, standing, actor, today) for step in steps],
        agreement=agreement,
        changed_since=agreement is not None and plan.changed_at > agreement.agreed_at,
        stale=rules.is_stale(changed_on, today) if plan.status == PlanStatus.ACTIVE else False,
        answered=plan.responsible.active and plan.responsible.user_id in standing.clinicians,
    )


def plan(actor: Actor, plan_id: UUID) -> CarePlan | None:
    """Return a plan that the actor may read whole, or nothing."""
    return policies.visible_plans(actor, _plans()).filter(id=plan_id).first()


def plan_for_staff(actor: Actor, plan_id: UUID) -> CarePlan | None:
    """Return a plan of a chart that the actor opens as a clinician; her own plan as a patient is on a page of its own."""
    return _plans().filter(policies.charted(actor, "patient_id"), id=plan_id).first()


def plan_with_owners(actor: Actor, found: CarePlan) -> tuple[PlanShown, list[Owner]]:
    """Return a plan of :func:`plan_for_staff` as its page shows it, and to whom its steps may be given."""
    team = _team([found.patient_id])
    return _shown(actor, [found], team)[0], team.owners(found.patient, found)


def patient_with_plans(actor: Actor, patient_id: UUID) -> Patient | None:
    """Return a patient whose chart the actor opens as a clinician, and so her plans."""
    if not actor.has(Role.CLINICIAN):
        return None
    return policies.visible_charts(actor, people.visible_patients(actor)).filter(id=patient_id).first()


def plan_shown(actor: Actor, found: CarePlan) -> PlanShown:
    """Return a plan of :func:`plan` as its page shows it."""
    return _shown(actor, [found])[0]


def plans_of(actor: Actor, patient_id: UUID) -> list[PlanShown]:
    """Return a patient's plans that the actor may read: those that hold first, then the last that are over."""
    found = policies.visible_plans(actor, _plans().filter(patient_id=patient_id))
    ordered = found.order_by(F("closed_at").desc(nulls_first=True), "created_at")
    return _shown(actor, list(ordered[:20]))


def current_plans_of(actor: Actor, patient_id: UUID) -> list[PlanShown]:
    """Return a patient's plans that hold and that the actor may read."""
    found = policies.visible_plans(actor, _plans().filter(patient_id=patient_id, status=PlanStatus.ACTIVE))
    return _shown(actor, list(found.order_by("created_at")))


class PlanLine(NamedTuple):
    """A plan that holds as one line: how many steps are open, and how many of these are late."""

    id: UUID
    title: str
    open: int
    overdue: int
    stale: bool | None


def plan_lines(patient: Patient, zone: str) -> list[PlanLine]:
    """Return a patient's plans that hold, as lines. The caller has checked the chart."""
    today = clock.today(zone)
    return [
        PlanLine(
            row["id"], row["title"], row["open"], row["overdue"],
            rules.is_stale(row["changed_at"].astimezone(ZoneInfo(zone)).date(), today),
        )
        for row in _lines(patient=patient.id, today=today)
    ]  # fmt: skip


@prepared
def _lines(patient: UUID, today: date) -> QuerySet[CarePlan, dict[str, Any]]:
    is_open = Q(steps__status=StepStatus.OPEN)
    found = CarePlan.objects.filter(patient=patient, status=PlanStatus.ACTIVE).order_by("created_at")
    counts = {"open": Count("steps", filter=is_open),
              "overdue": Count("steps", filter=is_open & Q(steps__last_day__lt=today))}  # fmt: skip
    return found.annotate(**counts).values("id", "title", "changed_at", *counts)


def own_plans(actor: Actor) -> tuple[Patient, list[PlanShown]] | None:
    """Return the patient that the actor is, or whose summaries she reads, with her plans that hold; nothing for others."""
    patient = people.patient_for(actor, Scope.SUMMARIES)
    return None if patient is None else (patient, current_plans_of(actor, patient.id))


def step_of(found: CarePlan, step_id: UUID) -> PlanStep | None:
    """Return a step of a plan that was read with :func:`plan`."""
    return PlanStep.objects.filter(plan=found, id=step_id).first()


def own_step(actor: Actor, step_id: UUID) -> PlanStep | None:
    """Return a step that is the actor's to do, of a plan that holds; nothing otherwise."""
    found = PlanStep.objects.filter(id=step_id, plan__status=PlanStatus.ACTIVE)
    step = found.select_related("plan__patient", "plan__tenant").first()
    if step is None or not policies.owns_step(actor, step):
        return None
    readable = step.owner_kind == OwnerKind.STAFF or plan(actor, step.plan_id) is not None
    return step if readable else None


def is_to_do(user_id: UUID, step_id: UUID) -> bool:
    """Whether a step is open and belongs to somebody. For Webside itself."""
    return PlanStep.objects.filter(_is_open, id=step_id, owner_id=user_id, owner_kind=OwnerKind.STAFF).exists()


@dataclass(frozen=True, slots=True)
class ToDo:
    """A step on the list of who works here. ``plan``: what it is for, only for who may open the plan."""

    step: PlanStep
    patient: str
    until: str
    overdue: bool
    plan: CarePlan | None


def to_do(actor: Actor) -> list[ToDo]:
    """Return the open steps that are the actor's to do as one who works here, what is due first at the top."""
    if actor.user_id is None or actor.on_behalf is not None or not actor.is_staff:
        return []
    found = PlanStep.objects.filter(_is_open, owner_id=actor.user_id, owner_kind=OwnerKind.STAFF)
    found = found.select_related("plan__patient", "plan__tenant").annotate(
        readable=ExpressionWrapper(policies.charted(actor, "plan__patient_id"), output_field=BooleanField())
    )
    return [
        ToDo(
            step=step,
            patient=step.plan.patient.full_name,
            until=until_words(step.time, days=step.days, turns_on=step.plan.turns_on, last_day=step.last_day),
            overdue=step.last_day is not None and step.last_day < clock.today(step.plan.tenant.timezone),
            plan=step.plan if step.readable else None,
        )
        for step in found.order_by(F("last_day").asc(nulls_last=True), "created_at")[:TO_DO]
    ]


_is_open = Q(status=StepStatus.OPEN, plan__status=PlanStatus.ACTIVE)


def answered_for(actor: Actor) -> list[PlanShown]:
    """Return the plans that the actor answers for and that need somebody to look."""
    if actor.user_id is None or not actor.has(Role.CLINICIAN):
        return []
    found = _plans().filter(responsible__user_id=actor.user_id, status=PlanStatus.ACTIVE)
    readable = policies.visible_plans(actor, found).order_by("created_at")
    return [each for each in _shown(actor, list(readable[:TO_DO])) if each.needs_somebody]


def changes_of(found: CarePlan) -> list[PlanChange]:
    """Return the last changes of a plan that the caller has guarded, the newest first."""
    return list(PlanChange.objects.filter(plan=found).select_related("step").order_by("-at", "-id")[:CHANGES])


# ----------------------------------------------------------------------------------------------- as it was agreed


def contents_of(found: CarePlan, steps: Iterable[PlanStep]) -> dict[str, Any]:
    """Return a plan as an agreement keeps it. ``topic`` of a step: of its visit, None where it came of none."""
    return {
        "title": found.title,
        "turns_on": found.turns_on,
        "turns_on_day": found.turns_on_day.isoformat() if found.turns_on_day else None,
        "responsible": found.responsible.display_name,
        "steps": [
            {
                "text": step.text,
                "owner": step.owner_name,
                "owner_kind": step.owner_kind,
                "time": step.time,
                "days": step.days,
                "last_day": step.last_day.isoformat() if step.last_day else None,
                "status": step.status,
                "topic": step.encounter.service.privacy_topic if step.encounter else None,
            }
            for step in steps
        ],
    }


@dataclass(frozen=True, slots=True)
class AgreedStep:
    """A step as it was agreed."""

    text: str
    owner: str
    until: str
    done: bool
    of_patient: bool


@dataclass(frozen=True, slots=True)
class AgreedPlan:
    """A plan as it was agreed in a visit."""

    title: str
    responsible: str
    agreed_at: datetime
    present: list[str] = field(default_factory=list)
    steps: list[AgreedStep] = field(default_factory=list)


def agreements_of(encounter: str) -> ArraySubquery:
    """Return the agreements made in an ``encounter`` (a path to the id), read together with it, the first first."""
    found = PlanAgreement.objects.filter(encounter=OuterRef(encounter)).order_by("agreed_at", "id")
    kept = JSONObject(plan="plan_id", at="agreed_at", present="present", contents="contents")
    return ArraySubquery(found.values(kept=kept))


def agreed_in(actor: Actor, encounter: Any) -> list[AgreedPlan]:
    """Return the plans that were agreed in an encounter, each as it stood when it was last agreed there, until the signature.

    ``encounter`` was read with :func:`agreements_of`, and the caller has guarded it. Who acts for a minor is told of no
    step of a topic that the law keeps, or that nobody has checked.
    """
    signed_at = encounter.note.signed_at
    hidden = actor.on_behalf.hidden if actor.on_behalf is not None else frozenset[str]()
    newest: dict[str, AgreedPlan] = {}
    for kept in encounter.agreements:
        at = datetime.fromisoformat(kept["at"])
        if signed_at is None or at <= signed_at:
            newest[kept["plan"]] = _agreed(kept["contents"], at, kept["present"], hidden)
    return list(newest.values())


def _agreed(kept: dict[str, Any], at: datetime, present: list[str], hidden: frozenset[str]) -> AgreedPlan:
    return AgreedPlan(
        title=kept["title"],
        responsible=kept["responsible"],
        agreed_at=at,
        present=present,
        steps=[
            AgreedStep(
                text=step["text"],
                owner=step["owner"],
                until=until_words(
                    step["time"], days=step["days"], turns_on=kept["turns_on"],
                    last_day=date.fromisoformat(step["last_day"]) if step["last_day"] else None,
                ),
                done=step["status"] == StepStatus.DONE,
                of_patient=step["owner_kind"] == OwnerKind.PATIENT,
            )
            for step in kept["steps"]
            if step["status"] != StepStatus.GIVEN_UP
            and (not hidden or (step["topic"] is not None and step["topic"] not in hidden))
        ],
    )  # fmt: skip
