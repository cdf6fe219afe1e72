"""A patient's plan: one owner for each step, agreed with who was there, changed with its history, never without somebody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from webside.accounts.models import Membership
from webside.audit.models import AuditEvent
from webside.chart import policies, selectors, services
from webside.chart.codes import OwnerKind, PlanChangeKind, PlanStatus, StepStatus, StepTime
from webside.chart.handlers import lead_to_step, tell_owner
from webside.chart.models import CarePlan, PlanAgreement, PlanChange, PlanStep
from webside.chart.rules import plans as rules
from webside.chart.tests import factories
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.notifications.models import OutgoingMessage, PushDevice
from webside.outbox.models import OutboxEvent
from webside.people.codes import Basis, Scope
from webside.people.models import Patient
from webside.testing.cast import Cast, acting

OPERATION = date(2026, 12, 14)


def _staff(user: Any) -> str:
    return f"{OwnerKind.STAFF}:{user.id}"


def _draft(owner: str, text: str = "Learn to walk with crutches", **more: Any) -> services.StepDraft:
    return services.StepDraft(text=text, owner=owner, **more)


@pytest.fixture
def treated(cast: Cast) -> Any:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


@pytest.fixture
def plan(cast: Cast, treated: Any) -> CarePlan:
    with cast.as_(cast.maya_user) as maya:
        return services.make_plan(
            actor=maya, patient=cast.liz, title="Your new hip", key="a", turns_on="the operation", day=OPERATION,
            encounter=treated,
        )  # fmt: skip


def _add(cast: Cast, plan: CarePlan, owner: str, **more: Any) -> PlanStep:
    with cast.as_(cast.maya_user) as maya:
        return services.add_step(actor=maya, plan=plan, draft=_draft(owner, **more), key=uuid4().hex)


def _seen(cast: Cast, plan: CarePlan) -> selectors.PlanShown:
    with cast.as_(cast.maya_user) as maya:
        found = selectors.plan(maya, plan.id)
        assert found is not None
        return selectors.plan_shown(maya, found)


# ---------------------------------------------------------------------------------------------------- until when


@pytest.mark.parametrize(
    ("time", "day", "days", "turns_on", "expected"),
    [
        (StepTime.BY, date(2026, 12, 3), None, None, date(2026, 12, 3)),
        (StepTime.BEFORE, None, None, OPERATION, date(2026, 12, 13)),
        (StepTime.BEFORE, None, 14, OPERATION, date(2026, 11, 30)),
        (StepTime.AFTER, None, 42, OPERATION, date(2027, 1, 25)),
        (StepTime.AFTER, None, None, OPERATION, None),
        (StepTime.BEFORE, None, 14, None, None),
        (StepTime.NONE, None, None, OPERATION, None),
    ],
)
def test_the_last_day_of_a_step(
    time: StepTime, day: date | None, days: int | None, turns_on: date | None, expected: date | None
) -> None:
    assert rules.last_day(time, day=day, days=days, turns_on=turns_on) == expected


@pytest.mark.parametrize(
    ("time", "days", "last_day", "said"),
    [
        ("by", None, date(2026, 12, 3), "by December 3, 2026"),
        ("before", None, date(2026, 12, 13), "before the operation, by December 13, 2026"),
        ("before", 14, None, "14 days before the operation, day not known yet"),
        ("after", 42, date(2027, 1, 25), "within 42 days after the operation, by January 25, 2027"),
        ("after", None, None, "after the operation"),
        ("", None, None, ""),
    ],
)
def test_until_when_is_said_in_words(time: str, days: int | None, last_day: date | None, said: str) -> None:
    assert selectors.until_words(time, days=days, turns_on="the operation", last_day=last_day) == said


def test_the_day_that_a_plan_turns_on_moves_all_its_steps(cast: Cast, plan: CarePlan) -> None:
    before = _add(cast, plan, "patient", time=StepTime.BEFORE, days=7)
    by = _add(cast, plan, "patient", time=StepTime.BY, day=date(2026, 12, 1))
    with cast.as_(cast.maya_user) as maya:
        services.change_day(actor=maya, plan=plan, turns_on="the operation", day=date(2027, 1, 11))
        assert PlanStep.objects.get(id=before.id).last_day == date(2027, 1, 4)
        assert PlanStep.objects.get(id=by.id).last_day == date(2026, 12, 1)
        services.change_day(actor=maya, plan=plan, turns_on="the operation", day=None)
        assert PlanStep.objects.get(id=before.id).last_day is None, "nobody knows it: nothing is made up"


# --------------------------------------------------------------------------------------------------- making a plan


def test_of_one_purpose_there_is_one_current_plan(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user) as maya:
        again = services.make_plan(actor=maya, patient=cast.liz, title="Something else", key="a")
        assert again.id == plan.id, "the same page sent twice makes one plan"
        with pytest.raises(services.Invalid, match="title"):
            services.make_plan(actor=maya, patient=cast.liz, title=" your NEW hip ", key="b")
        services.close_plan(actor=maya, plan=plan, reason="She walks again", reached=True)
        assert services.make_plan(actor=maya, patient=cast.liz, title="Your new hip", key="c").id != plan.id


def test_a_step_that_is_sent_twice_is_there_once(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user) as maya:
        first = services.add_step(actor=maya, plan=plan, draft=_draft("patient"), key="k")
        assert services.add_step(actor=maya, plan=plan, draft=_draft("patient"), key="k").id == first.id
        assert PlanStep.objects.filter(plan=plan).count() == 1


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (_draft("patient", text="  "), "text"),
        (_draft("patient", text="x" * 241), "text"),
        (_draft(""), "owner"),
        (_draft(f"staff:{uuid4()}"), "owner"),
        (_draft("patient", time=StepTime.BY), "day"),
        (_draft("patient", time=StepTime.BEFORE, days=0), "days"),
        (_draft("patient", time="tomorrow"), "time"),
    ],
)
def test_a_step_needs_words_one_owner_and_a_day_that_is_one(
    cast: Cast, plan: CarePlan, draft: services.StepDraft, field: str
) -> None:
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.Invalid) as refused:
            services.add_step(actor=maya, plan=plan, draft=draft, key="k")
        assert list(refused.value.errors) == [field]
        assert not PlanStep.objects.exists()


def test_who_can_own_a_step(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user):
        found = {each.value: each.name for each in selectors.owners_for(cast.liz, plan)}
    assert found["patient"] == "Liz Moreno"
    assert found[f"delegate:{cast.ana_user.id}"] == cast.ana_user.name
    assert {_staff(user) for user in (cast.maya_user, cast.grace_user, cast.priya_user)} <= set(found)
    assert _staff(cast.mallory_user) not in found and _staff(cast.liz_user) not in found


def test_two_of_one_name_are_told_apart(cast: Cast, plan: CarePlan) -> None:
    cast.grace_user.name = cast.maya_user.name
    cast.grace_user.save()
    with cast.as_(cast.maya_user):
        about = {each.value: each.about for each in selectors.owners_for(cast.liz, plan)}
    assert about[_staff(cast.grace_user)] == cast.grace_user.email
    assert about[_staff(cast.priya_user)] == ""


# ------------------------------------------------------------------------------------------- owners who are gone


def _leaves(cast: Cast) -> None:
    Membership.objects.filter(user=cast.priya_user).update(active=False)


def _account_closed(cast: Cast) -> None:
    cast.priya_user.is_active = False
    cast.priya_user.save()


@pytest.mark.parametrize("goes", [_leaves, _account_closed])
def test_an_owner_who_leaves_leaves_a_step_that_shows(cast: Cast, plan: CarePlan, goes: Callable[[Cast], None]) -> None:
    _add(cast, plan, _staff(cast.priya_user))
    assert _seen(cast, plan).without_owner == 0
    goes(cast)
    seen = _seen(cast, plan)
    (row,) = seen.steps
    assert (seen.without_owner, row.owned, row.owner) == (1, False, "")
    assert row.step.owner_name == cast.priya_user.name, "whose it was is still said"
    with cast.as_(cast.maya_user) as maya:
        assert [each.plan.id for each in selectors.answered_for(maya)] == [plan.id]


def test_a_step_of_who_acts_for_her_shows_when_that_ends(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, f"delegate:{cast.ana_user.id}")
    assert _seen(cast, plan).without_owner == 0
    with cast.as_(cast.maya_user):
        cast.ana_for_liz.revoked_at = clock.now()
        cast.ana_for_liz.save()
    assert _seen(cast, plan).without_owner == 1


def test_who_answers_for_a_plan_and_leaves_shows_and_another_takes_it_over(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user):
        factories.encounter(cast, practitioner=cast.daniel, started_at=clock.now() - timedelta(days=3))
    Membership.objects.filter(user=cast.maya_user).update(roles=["coach"])
    with cast.as_(cast.daniel_user) as daniel:
        assert not selectors.plans_of(daniel, cast.liz.id)[0].answered
        services.take_over_plan(actor=daniel, plan=plan)
        assert selectors.plans_of(daniel, cast.liz.id)[0].answered
        assert PlanChange.objects.get(kind=PlanChangeKind.TAKEN_OVER).before == {"responsible": "Dr. Maya Chen"}


# ------------------------------------------------------------------------------------------------------ agreeing


def test_what_is_agreed_is_kept_as_it_was_then(cast: Cast, plan: CarePlan) -> None:
    step = _add(cast, plan, "patient", time=StepTime.BEFORE, days=14)
    with cast.as_(cast.maya_user) as maya:
        agreement = services.agree_on_plan(actor=maya, plan=plan, present=["Ana Moreno", "", " Ana  Moreno "])
        assert agreement.present == ["Ana Moreno"]
        assert not selectors.plans_of(maya, cast.liz.id)[0].changed_since
        services.change_step(actor=maya, step=step, draft=_draft("patient", text="Something else"))
        assert selectors.plans_of(maya, cast.liz.id)[0].changed_since
        kept = PlanAgreement.objects.get(id=agreement.id).contents
    assert [each["text"] for each in kept["steps"]] == ["Learn to walk with crutches"]
    assert (kept["title"], kept["turns_on_day"], kept["responsible"]) == ("Your new hip", "2026-12-14", "Dr. Maya Chen")


def test_nobody_agrees_on_a_step_that_nobody_can_do(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.Invalid, match="agree"):
        services.agree_on_plan(actor=maya, plan=plan)
    _add(cast, plan, _staff(cast.priya_user))
    _leaves(cast)
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.Invalid, match="agree"):
            services.agree_on_plan(actor=maya, plan=plan)
        assert not PlanAgreement.objects.exists()


def test_who_was_there_comes_from_the_visit(cast: Cast, plan: CarePlan, treated: Any, monkeypatch: Any) -> None:
    from webside.chart import registry

    monkeypatch.setattr(registry, "_present", [lambda which: ["Liz Moreno", "Dr. Maya Chen"] * (which == treated.id)])
    _add(cast, plan, "patient")
    with cast.as_(cast.maya_user) as maya:
        made = services.agree_on_plan(actor=maya, plan=plan, present=["Ana Moreno"], encounter=treated)
    assert made.present == ["Liz Moreno", "Dr. Maya Chen", "Ana Moreno"]


def test_a_plan_that_nobody_goes_through_is_told_from_a_current_one(cast: Cast, plan: CarePlan) -> None:
    assert _seen(cast, plan).stale is False
    with time_machine.travel(clock.now() + timedelta(days=59), tick=False):
        assert _seen(cast, plan).stale is False
    with time_machine.travel(clock.now() + timedelta(days=62), tick=False):
        seen = _seen(cast, plan)
        assert seen.stale is True and seen.needs_somebody


def test_without_its_figure_nobody_says_that_a_plan_is_fresh(monkeypatch: Any) -> None:
    monkeypatch.setattr(rules, "figure", lambda *_: None)
    assert rules.is_stale(date(2026, 11, 1), date(2026, 11, 2)) is None


# ------------------------------------------------------------------------------------------------------- history


def test_every_change_keeps_who_what_and_what_it_was(cast: Cast, plan: CarePlan) -> None:
    step = _add(cast, plan, _staff(cast.priya_user))
    with cast.as_(cast.maya_user) as maya:
        services.change_step(actor=maya, step=step, draft=_draft("patient"))
        services.change_step(actor=maya, step=step, draft=_draft("patient"))
        services.finish_step(actor=maya, step=step)
        services.finish_step(actor=maya, step=step)
        services.reopen_step(actor=maya, step=step)
        services.give_up_step(actor=maya, step=step, reason="She walks well")
        rows = list(PlanChange.objects.filter(plan=plan).order_by("at", "id"))
        kinds = [row.kind for row in rows]
        assert kinds == ["made", "added", "step", "done", "reopened", "given-up"], "the same again is no change"
        assert rows[2].before["owner"] == cast.priya_user.name and rows[2].after["owner"] == "Liz Moreno"
        assert {row.by for row in rows} == {maya.label}
        found = PlanStep.objects.get(id=step.id)
        assert (found.status, found.reason, found.settled_by) == (StepStatus.GIVEN_UP, "She walks well", maya.label)


def test_a_step_goes_up_and_the_first_stays(cast: Cast, plan: CarePlan) -> None:
    first, second = (_add(cast, plan, "patient", text=text) for text in ("one", "two"))
    with cast.as_(cast.maya_user) as maya:
        services.move_step(actor=maya, step=second)
        services.move_step(actor=maya, step=second)
        services.move_step(actor=maya, step=second)
    assert [row.step.id for row in _seen(cast, plan).steps] == [second.id, first.id]


def test_a_closed_plan_changes_no_more(cast: Cast, plan: CarePlan) -> None:
    step = _add(cast, plan, "patient")
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.Invalid, match="reason"):
            services.close_plan(actor=maya, plan=plan, reason=" ", reached=True)
        services.close_plan(actor=maya, plan=plan, reason="No operation after all", reached=False)
        for change in (
            lambda: services.finish_step(actor=maya, step=step),
            lambda: services.add_step(actor=maya, plan=plan, draft=_draft("patient"), key="k"),
            lambda: services.change_day(actor=maya, plan=plan, turns_on="", day=None),
            lambda: services.agree_on_plan(actor=maya, plan=plan),
        ):
            with pytest.raises(services.Invalid, match="plan"):
                change()
        assert CarePlan.objects.get(id=plan.id).status == PlanStatus.REVOKED
        assert selectors.current_plans_of(maya, cast.liz.id) == []
        assert selectors.plans_of(maya, cast.liz.id)[0].plan.close_reason == "No operation after all"


def test_the_trail_names_plan_and_person_and_holds_no_word_of_it(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, "patient", text="Stop the blood thinner")
    with cast.as_(cast.ingrid_user):
        found = AuditEvent.objects.filter(action="chart.plan-step.add").latest("sequence")
        assert (found.patient_id, found.target_id, found.ground) == (cast.liz.id, plan.id, "treating")
        said = json.dumps([found.changes, found.reason, found.target_label])
        assert "thinner" not in said and "hip" not in said


def test_events_hold_ids_alone(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, _staff(cast.priya_user), text="Stop the blood thinner")
    found = OutboxEvent.objects.filter(name__contains="Plan")
    assert found.count() >= 3
    for event in found:
        assert all(UUID(str(value)) for value in event.payload.values())


def test_a_plan_is_a_care_plan_with_its_purpose_and_its_steps(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, _staff(cast.priya_user), time=StepTime.BEFORE, days=14)
    _add(cast, plan, "patient", time=StepTime.AFTER)
    with cast.as_(cast.maya_user):
        body = json.loads(read_body(ResourceVersion.objects.filter(resource_id=plan.id).latest("version")))
    assert (body["status"], body["intent"], body["subject"]["reference"]) == (
        "active",
        "plan",
        f"Patient/{cast.liz.id}",
    )
    assert body["contained"][0]["description"]["text"] == "Your new hip"
    first, second = (each["detail"] for each in body["activity"])
    assert (first["scheduledPeriod"], first["performer"]) == (
        {"end": "2026-11-30"},
        [{"display": cast.priya_user.name}],
    )
    assert (second["scheduledString"], second["performer"][0]["reference"]) == (
        "after the operation",
        f"Patient/{cast.liz.id}",
    )


# ------------------------------------------------------------------------------------------------------ policies


def _may(cast: Cast, plan: CarePlan, who: Actor) -> tuple[bool, bool]:
    """Return whether somebody reads the plan, and whether she writes in it."""
    return selectors.plan(who, plan.id) is not None, policies.can_write_plan(who, plan.patient_id)


def test_who_reads_and_who_writes_a_plan(cast: Cast, plan: CarePlan) -> None:
    expected = {
        "maya": (True, True), "daniel": (False, False), "priya": (False, False), "grace": (False, False),
        "marcus": (False, False), "ingrid": (False, False), "admin": (False, False), "liz": (True, False),
        "ana": (False, False),
    }  # fmt: skip
    found = {}
    for name in expected:
        with cast.as_(getattr(cast, f"{name}_user")) as who:
            found[name] = _may(cast, plan, who)
    assert found == expected
    with cast.as_(cast.mallory_user, cast.northgate) as mallory:
        assert _may(cast, plan, mallory) == (False, False)


def test_who_opens_a_chart_in_an_emergency_reads_the_plan_and_writes_none(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        services.open_in_emergency(actor=daniel, patient=cast.liz, reason="Brought in unconscious, nobody else here")
        assert _may(cast, plan, daniel) == (True, False)
        with pytest.raises(services.NotAllowed):
            services.add_step(actor=daniel, plan=plan, draft=_draft("patient"), key="k")


def test_who_acts_for_her_reads_with_summaries_and_not_without(cast: Cast, plan: CarePlan) -> None:
    with cast.as_(cast.ana_user) as herself:
        ana = acting(herself, cast.ana_for_liz)
        assert selectors.own_plans(ana) is not None and selectors.plan(ana, plan.id) is not None
        cast.ana_for_liz.scopes = [Scope.APPOINTMENTS]
        cast.ana_for_liz.save()
        booker = acting(herself, cast.ana_for_liz)
        assert selectors.own_plans(booker) is None and selectors.plan(booker, plan.id) is None


def _guardian(cast: Cast) -> None:
    today = clock.now().date()
    Patient.objects.filter(id=cast.liz.id).update(birth_date=today.replace(year=today.year - 15, day=1))
    grant = cast.ana_for_liz
    grant.basis, grant.expires_at = Basis.GUARDIAN, None
    grant.save()
    grant.patient.refresh_from_db()


def test_a_guardian_is_shown_no_plan_whose_topic_the_law_keeps_or_nobody_has_checked(
    cast: Cast, plan: CarePlan, treated: Any
) -> None:
    with cast.as_(cast.maya_user) as maya:
        unknown = services.make_plan(actor=maya, patient=cast.liz, title="Made in no visit", key="n")
        services.add_step(actor=maya, plan=plan, draft=_draft("patient"), key="here", encounter=treated)
        services.add_step(actor=maya, plan=plan, draft=_draft("patient", text="of no visit"), key="none")
        _guardian(cast)
    with cast.as_(cast.ana_user) as herself:
        ana = acting(herself, cast.ana_for_liz)
        assert ana.on_behalf is not None and ana.on_behalf.hidden
        found = selectors.own_plans(ana)
        assert found is not None
        assert [each.plan.id for each in found[1]] == [plan.id] and unknown.id != plan.id
        assert [row.step.text for row in found[1][0].steps] == ["Learn to walk with crutches"]
        cast.video_visit.privacy_topic = next(iter(ana.on_behalf.hidden))
        cast.video_visit.save()
        again = selectors.own_plans(ana)
        assert again is not None and again[1] == []


def test_a_guardian_who_is_shown_no_plan_owns_no_step_of_it(cast: Cast, plan: CarePlan, treated: Any) -> None:
    value = f"delegate:{cast.ana_user.id}"
    with cast.as_(cast.maya_user) as maya:
        _guardian(cast)
        bare = services.make_plan(actor=maya, patient=cast.liz, title="Made in no visit", key="n")
        found = selectors.plan(maya, plan.id)
        assert value in {each.value for each in selectors.owners_for(cast.liz, found)}
        assert value not in {each.value for each in selectors.owners_for(cast.liz, selectors.plan(maya, bare.id))}


def test_whose_step_it_is_marks_it_and_nobody_elses(cast: Cast, plan: CarePlan) -> None:
    steps = {
        "priya": _add(cast, plan, _staff(cast.priya_user)),
        "liz": _add(cast, plan, "patient"),
        "ana": _add(cast, plan, f"delegate:{cast.ana_user.id}"),
    }
    for name, step in steps.items():
        for other in steps:
            with cast.as_(getattr(cast, f"{other}_user")) as herself:
                who = acting(herself, cast.ana_for_liz) if other == "ana" else herself
                assert (selectors.own_step(who, step.id) is not None) is (name == other), (name, other)
                if name != other:
                    with pytest.raises(services.NotAllowed):
                        services.finish_step(actor=who, step=step)
    with cast.as_(cast.priya_user) as priya:
        assert services.finish_step(actor=priya, step=steps["priya"]).settled_by == priya.label
    with cast.as_(cast.ana_user) as herself:
        done = services.finish_step(actor=acting(herself, cast.ana_for_liz), step=steps["ana"])
        assert done.settled_by == f"{cast.ana_user.name}, for Liz Moreno"
        assert selectors.own_step(herself, steps["ana"].id) is None, (
            "before she has chosen for whom she acts it is not hers"
        )


def test_an_owner_alone_takes_back_no_giving_up(cast: Cast, plan: CarePlan) -> None:
    step = _add(cast, plan, _staff(cast.priya_user))
    with cast.as_(cast.maya_user) as maya:
        services.give_up_step(actor=maya, step=step, reason="Not needed")
    with cast.as_(cast.priya_user) as priya, pytest.raises(services.NotAllowed):
        services.reopen_step(actor=priya, step=step)


def test_who_works_here_sees_her_own_step_and_no_more_of_the_plan(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, _staff(cast.grace_user), text="Order a raised seat", time=StepTime.BY, day=date(2020, 1, 1))
    _add(cast, plan, "patient", text="Something private")
    with cast.as_(cast.grace_user) as grace:
        (row,) = selectors.to_do(grace)
        assert (row.step.text, row.patient, row.overdue, row.plan) == ("Order a raised seat", "Liz Moreno", True, None)
        assert selectors.answered_for(grace) == []
    with cast.as_(cast.maya_user) as maya:
        assert selectors.to_do(maya) == []
        assert selectors.answered_for(maya)[0].overdue == 1, "and who answers for the plan is told that it is late"


def test_what_is_due_first_stands_first_and_what_is_settled_goes(cast: Cast, plan: CarePlan) -> None:
    late = _add(cast, plan, _staff(cast.priya_user), text="third")
    _add(cast, plan, _staff(cast.priya_user), text="second", time=StepTime.BEFORE, days=7)
    _add(cast, plan, _staff(cast.priya_user), text="first", time=StepTime.BEFORE, days=14)
    with cast.as_(cast.priya_user) as priya:
        assert [row.step.text for row in selectors.to_do(priya)] == ["first", "second", "third"]
        services.finish_step(actor=priya, step=late)
        assert [row.step.text for row in selectors.to_do(priya)] == ["first", "second"]


# --------------------------------------------------------------------------------------------------- being told


def test_an_owner_is_told_in_one_sentence_that_tells_nothing(cast: Cast, plan: CarePlan) -> None:
    step = _add(cast, plan, _staff(cast.priya_user), text="Stop the blood thinner")
    event = OutboxEvent.objects.get(name__endswith="PlanStepGiven")
    assert event.payload == {"step_id": str(step.id), "user_id": str(cast.priya_user.id)}
    from webside.chart.events import PlanStepGiven

    with cast.as_(cast.priya_user) as priya:
        PushDevice.objects.create(**_device(cast))
        for _ in range(2):
            tell_owner(PlanStepGiven(step_id=step.id, user_id=cast.priya_user.id), event.id)
        message = OutgoingMessage.objects.get(template="chart/plan_step")
        assert message.patient_id is None
        assert lead_to_step(priya, step.id) == "/o/larkspur/to-do/"
    with cast.as_(cast.grace_user) as grace:
        assert lead_to_step(grace, step.id) == ""


def test_who_takes_a_step_herself_is_told_nothing(cast: Cast, plan: CarePlan) -> None:
    _add(cast, plan, _staff(cast.maya_user))
    assert not OutboxEvent.objects.filter(name__endswith="PlanStepGiven").exists()


def _device(cast: Cast) -> dict[str, Any]:
    return {"user": cast.priya_user, "device": uuid4(), "digest": b"d" * 32, "target": b"t", "key_id": "k"}
