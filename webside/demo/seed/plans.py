"""Plans that several people share: Joe's new hip, agreed in his visit, and Liz's calmer mornings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from webside.chart import selectors
from webside.chart import services as chart
from webside.chart.codes import OwnerKind, StepTime
from webside.chart.models import Encounter
from webside.core import clock
from webside.demo import past
from webside.demo.seed.clinic import Demo, key_of


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done, by whom (a key of ``people.py``, or the patient), until when."""

    text: str
    owner: str
    time: StepTime = StepTime.NONE
    days: int | None = None


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """A plan: for whom and what, who was there when it was agreed, how many days ahead what it turns on is."""

    patient: str
    by: str
    title: str
    present: tuple[str, ...]
    steps: tuple[Step, ...]
    turns_on: str = ""
    days_ahead: int | None = None


JOE = SharedPlan(
    "joe", "maya", "Your new hip", ("Joe Novak", "Dr. Maya Chen", "Priya Nair", "Nina Novak, his daughter"),
    (
        Step("Have blood and heart checked", "maya", StepTime.BEFORE, 10),
        Step("Walk with crutches for 10 minutes each day", "patient", StepTime.BEFORE),
        Step("Order a walker and a raised toilet seat", "grace", StepTime.BEFORE, 7),
        Step("Show the exercises by video, twice a week", "priya", StepTime.AFTER, 42),
        Step("Look at the wound by video", "maya", StepTime.AFTER, 14),
    ),
    "the operation", 17,
)  # fmt: skip
LIZ = SharedPlan(
    "liz", "maya", "Calmer morning sugars", ("Liz Moreno", "Ana Moreno", "Dr. Maya Chen"),
    (
        Step("Measure your sugar each morning", "patient"),
        Step("Walk with your mother on Sundays", "ana"),
        Step("Go through a week of dinners", "priya"),
    ),
)  # fmt: skip


def agree_with_joe(demo: Demo, encounter: Encounter) -> None:
    """Let Joe's plan be agreed in his visit, before its note is signed."""
    _agree(demo, JOE, encounter)


def agree_with_liz(demo: Demo) -> None:
    """Let Liz's plan have been agreed two weeks ago."""
    with past.at(clock.now() - timedelta(days=14)):
        _agree(demo, LIZ)


def _agree(demo: Demo, plan: SharedPlan, encounter: Encounter | None = None) -> None:
    doctor, patient = demo.actor(plan.by), demo.patients[plan.patient]
    ahead = None if plan.days_ahead is None else clock.now().date() + timedelta(days=plan.days_ahead)
    made = chart.make_plan(
        actor=doctor, patient=patient, title=plan.title, key=key_of(f"plan-{plan.patient}"), turns_on=plan.turns_on,
        day=ahead, encounter=encounter,
    )  # fmt: skip
    owners = {each.user_id: each.value for each in selectors.owners_for(patient, made)}
    for step in plan.steps:
        owner = OwnerKind.PATIENT.value if step.owner == "patient" else owners[demo.users[step.owner].id]
        chart.add_step(
            actor=doctor, plan=made, key=key_of(f"step-{plan.patient}-{step.text}"), encounter=encounter,
            draft=chart.StepDraft(text=step.text, owner=owner, time=step.time, days=step.days),
        )  # fmt: skip
    chart.agree_on_plan(actor=doctor, plan=made, present=plan.present, encounter=encounter)
