"""The pages of plans: on the chart, beside a call by htmx, one's own list, the patient's page, and the summary with its PDF."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from webside.audit.models import AuditEvent
from webside.chart import selectors, services
from webside.chart.codes import PlanStatus, StepStatus
from webside.chart.models import CarePlan, PlanStep
from webside.chart.tests import factories
from webside.core import clock
from webside.people.models import Patient
from webside.testing.cast import Cast, sign_in


@pytest.fixture
def encounter(cast: Cast) -> Any:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


@pytest.fixture
def plan(cast: Cast, encounter: Any) -> CarePlan:
    with cast.as_(cast.maya_user) as maya:
        made = services.make_plan(actor=maya, patient=cast.liz, title="Your new hip", key="a", encounter=encounter)
        for number, (text, owner) in enumerate(
            (("Walk each day", "patient"), ("Order a raised seat", f"staff:{cast.grace_user.id}"))
        ):
            draft = services.StepDraft(text=text, owner=owner)
            services.add_step(actor=maya, plan=made, draft=draft, key=str(number), encounter=encounter)
        return made


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(HTTP_HOST="localhost"), cast.maya_user)


def _url(cast: Cast, name: str, *ids: Any) -> str:
    return reverse(f"chart:{name}", args=["larkspur", cast.liz.id, *ids])


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _steps(cast: Cast, plan: CarePlan) -> list[PlanStep]:
    with cast.as_(cast.maya_user):
        return list(PlanStep.objects.filter(plan=plan).order_by("position"))


# ------------------------------------------------------------------------------------------------- without scripts


def test_a_plan_is_made_filled_agreed_and_closed_by_forms_alone(cast: Cast, maya: Client, encounter: Any) -> None:
    made = maya.post(
        _url(cast, "plan-list"), {"title": "Your new hip", "key": "k", "turns_on": "the operation"}, follow=True
    )
    assert made.redirect_chain and "Add its first step" in _text(made)
    with cast.as_(cast.maya_user):
        plan = CarePlan.objects.get()
    typed = {"text": "Stop smoking", "owner": "patient", "time": "before", "days": "14", "key": "s"}
    assert "day not known yet" in _text(maya.post(_url(cast, "plan-step-add", plan.id), typed, follow=True))
    moved = {"do": "day", "turns_on": "the operation", "turns_on_day": "2026-12-14"}
    assert "November 30, 2026" in _text(maya.post(_url(cast, "plan-change", plan.id), moved, follow=True))
    agreed = maya.post(
        _url(cast, "plan-change", plan.id), {"do": "agree", "present": "Liz Moreno\nAna Moreno"}, follow=True
    )
    assert "Liz Moreno, Ana Moreno" in _text(agreed)
    (step,) = _steps(cast, plan)
    done = maya.post(_url(cast, "plan-step-mark", plan.id), {"done": step.id}, follow=True)
    assert "Changed since it was agreed" not in _text(done) and f"?reopen={step.id}" in done.content.decode()
    maya.post(_url(cast, "plan-step-mark", plan.id) + f"?reopen={step.id}")
    assert _steps(cast, plan)[0].status == StepStatus.OPEN, "a mis-tap is taken back by one press"
    closed = maya.post(
        _url(cast, "plan-change", plan.id), {"do": "close", "reached": "no", "reason": "No operation"}, follow=True
    )
    assert "Closed: given up" in _text(closed) and "Add a step" not in _text(closed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text": "Stop smoking", "owner": ""}, "Choose who does it."),
        ({"text": "Stop smoking", "owner": "patient", "time": "by", "day": "soon"}, "as year, month and day"),
        ({"text": "Stop smoking", "owner": "patient", "time": "before", "days": "14"}, "what the plan turns on"),
        ({"text": "Stop smoking", "owner": "patient", "time": "by", "days": "many", "day": "2026-12-01"}, "whole days"),
    ],
)
def test_a_refused_step_keeps_what_was_typed(
    cast: Cast, maya: Client, plan: CarePlan, typed: dict[str, str], said: str
) -> None:
    answer = maya.post(_url(cast, "plan-step-add", plan.id), typed)
    assert answer.status_code == 422 and said in _text(answer)
    assert 'value="Stop smoking"' in answer.content.decode()
    assert len(_steps(cast, plan)) == 2


def test_a_refused_change_of_a_step_is_shown_at_that_step(cast: Cast, maya: Client, plan: CarePlan) -> None:
    first, _second = _steps(cast, plan)
    answer = maya.post(_url(cast, "plan-step-change", plan.id, first.id), {"do": "give-up", "reason": " "})
    assert answer.status_code == 422 and "Say why it is given up." in _text(answer)
    given = maya.post(
        _url(cast, "plan-step-change", plan.id, first.id), {"do": "give-up", "reason": "Not needed"}, follow=True
    )
    assert "Given up" in _text(given) and "Not needed" in _text(given)


def test_a_plan_is_found_under_its_own_patient_only(cast: Cast, maya: Client, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user):
        other = _of_another(cast).patient
    assert maya.get(reverse("chart:plan-detail", args=["larkspur", other.id, plan.id])).status_code == 404


def _of_another(cast: Cast) -> Any:
    rosa = Patient.objects.create(given="Rosa", family="Vidal", birth_date=cast.liz.birth_date, record_number="LC-9")
    return factories.encounter(cast, patient=rosa, started_at=clock.now() - timedelta(days=3))


def test_the_chart_names_the_plans_that_hold(cast: Cast, maya: Client, plan: CarePlan) -> None:
    assert "Your new hip" in _text(maya.get(reverse("chart:patient-detail", args=["larkspur", cast.liz.id])))
    with cast.as_(cast.maya_user) as who:
        services.close_plan(actor=who, plan=plan, reason="Done", reached=True)
    assert "Your new hip" not in _text(maya.get(reverse("chart:patient-detail", args=["larkspur", cast.liz.id])))
    assert "Closed: it has done its work" in _text(maya.get(_url(cast, "plan-list")))


def test_each_look_is_in_the_trail(cast: Cast, maya: Client, plan: CarePlan) -> None:
    maya.get(_url(cast, "plan-detail", plan.id))
    maya.get(_url(cast, "plan-list"))
    sign_in(maya, cast.liz_user).get("/o/larkspur/plan/")
    with cast.as_(cast.ingrid_user):
        found = AuditEvent.objects.filter(action="chart.plan.read", patient_id=cast.liz.id).order_by("sequence")
        assert [(each.actor_id, each.ground) for each in found] == [
            (cast.maya_user.id, "treating"), (cast.maya_user.id, "treating"), (cast.liz_user.id, "own record"),
        ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- beside a call


def _beside(client: Client, url: str, data: dict[str, Any] | None = None) -> Any:
    if data is None:
        return client.get(f"{url}?beside=1", headers={"HX-Request": "true"})
    return client.post(url, {"beside": "1", **data}, headers={"HX-Request": "true"})


def test_beside_a_call_a_form_answers_with_the_column_alone(
    cast: Cast, maya: Client, plan: CarePlan, encounter: Any
) -> None:
    column = _beside(maya, _url(cast, "plan-list"))
    assert (
        column.content.decode().strip().startswith('<section id="chart-plans"')
        and "<html" not in column.content.decode()
    )
    typed = {
        "text": "Call the daughter",
        "owner": "patient",
        "day": "2026-12-03",
        "key": "x",
        "encounter": encounter.id,
    }
    added = _beside(maya, _url(cast, "plan-step-add", plan.id), typed)
    assert "by December 3, 2026" in _text(added) and "The step is added." in _text(added)
    step = _steps(cast, plan)[-1]
    assert (step.encounter_id, step.time) == (encounter.id, "by")
    done = _beside(maya, _url(cast, "plan-step-mark", plan.id), {"done": step.id})
    assert f'name="reopen" value="{step.id}"' in done.content.decode()
    assert "<html" not in done.content.decode()
    agreed = _beside(maya, _url(cast, "plan-change", plan.id), {"do": "agree", "encounter": encounter.id})
    assert "The plan is kept as it stands now." in _text(agreed)


def test_beside_a_call_a_refused_step_keeps_what_was_typed(cast: Cast, maya: Client, plan: CarePlan) -> None:
    answer = _beside(maya, _url(cast, "plan-step-add", plan.id), {"text": "Call the daughter", "owner": ""})
    assert answer.status_code == 422 and "Choose who does it." in _text(answer)
    assert 'value="Call the daughter"' in answer.content.decode() and "<html" not in answer.content.decode()


def test_the_encounter_of_another_patient_is_never_the_plans(cast: Cast, maya: Client, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user):
        other = _of_another(cast)
    _beside(maya, _url(cast, "plan-step-add", plan.id), {"text": "x", "owner": "patient", "encounter": other.id})
    assert _steps(cast, plan)[-1].encounter_id is None


# --------------------------------------------------------------------------------------------------------- one's own


def test_the_front_desk_marks_its_own_step_and_opens_no_plan(cast: Cast, client: Client, plan: CarePlan) -> None:
    grace = sign_in(client, cast.grace_user)
    page = grace.get("/o/larkspur/to-do/")
    assert "Order a raised seat" in _text(page) and "Liz Moreno" in _text(page)
    assert "Walk each day" not in _text(page) and "Your new hip" not in _text(page), "her own step, and no more"
    hers, its = _steps(cast, plan)
    assert grace.get(_url(cast, "plan-detail", plan.id)).status_code == 404
    assert grace.post("/o/larkspur/to-do/mark/", {"done": hers.id}).status_code == 404
    assert "Marked as done." in _text(grace.post("/o/larkspur/to-do/mark/", {"done": its.id}, follow=True))
    grace.post(f"/o/larkspur/to-do/mark/?reopen={its.id}")
    assert _steps(cast, plan)[1].status == StepStatus.OPEN


def test_a_patient_reads_her_plan_and_marks_her_own_step(cast: Cast, client: Client, plan: CarePlan) -> None:
    liz = sign_in(client, cast.liz_user)
    page = _text(liz.get("/o/larkspur/plan/"))
    assert "Your new hip" in page and "Walk each day" in page and "You do this" in page and cast.grace_user.name in page
    assert "We are still working on this plan." in page, "nobody has agreed on it"
    hers, its = _steps(cast, plan)
    assert liz.post("/o/larkspur/to-do/mark/", {"done": its.id}).status_code == 404
    assert "Marked as done." in _text(liz.post("/o/larkspur/to-do/mark/", {"done": hers.id}, follow=True))
    assert _steps(cast, plan)[0].settled_by == cast.liz_user.name


def test_a_plan_that_is_old_says_so_to_the_patient(cast: Cast, client: Client, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user):
        CarePlan.objects.filter(id=plan.id).update(changed_at=clock.now() - timedelta(days=90))
    assert "This plan may be old." in _text(sign_in(client, cast.liz_user).get("/o/larkspur/plan/"))


def test_a_mark_that_comes_after_the_plan_was_closed_is_refused(cast: Cast, client: Client, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user) as who:
        services.close_plan(actor=who, plan=plan, reason="Done", reached=True)
        assert CarePlan.objects.get(id=plan.id).status == PlanStatus.COMPLETED
    hers, _its = _steps(cast, plan)
    assert sign_in(client, cast.liz_user).post("/o/larkspur/to-do/mark/", {"done": hers.id}).status_code == 404
    assert _steps(cast, plan)[0].status == StepStatus.OPEN


def test_her_page_is_spanish_for_who_reads_spanish(cast: Cast, client: Client, plan: CarePlan) -> None:
    liz = sign_in(client, cast.liz_user)
    liz.post(reverse("set_language"), {"language": "es", "next": "/"})
    page = _text(liz.get("/o/larkspur/plan/"))
    assert "Su plan" in page and "Lo hace usted" in page and "Ya lo hice" in page


# ---------------------------------------------------------------------------------------------------------- summary


def test_the_summary_and_its_pdf_show_what_was_agreed_and_not_what_came_after(
    cast: Cast, client: Client, plan: CarePlan, encounter: Any
) -> None:
    with cast.as_(cast.maya_user) as who:
        services.agree_on_plan(actor=who, plan=plan, present=["Liz Moreno"], encounter=encounter)
        encounter.note.status, encounter.note.signed_at, encounter.note.signed_by = "final", clock.now(), cast.maya
        encounter.note.save()
        (first, _second) = PlanStep.objects.filter(plan=plan).order_by("position")
        services.change_step(actor=who, step=first, draft=services.StepDraft(text="Rest instead", owner="patient"))
        services.agree_on_plan(actor=who, plan=plan, encounter=encounter)
        found = selectors.summary(who, encounter.id)
        assert found is not None and [step.text for step in found.plans[0].steps] == [
            "Walk each day",
            "Order a raised seat",
        ]
    liz = sign_in(client, cast.liz_user)
    page = _text(liz.get(reverse("chart:encounter-summary", args=["larkspur", encounter.id])))
    assert "The plan that we agreed on: Your new hip" in page and "Walk each day" in page and "Rest instead" not in page
    paper = liz.get(reverse("chart:encounter-summary-pdf", args=["larkspur", encounter.id])).content
    words = " ".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages)
    assert "Your new hip" in words and "Walk each day: Liz Moreno" in words and "Rest instead" not in words
