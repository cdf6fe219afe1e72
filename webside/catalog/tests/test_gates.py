"""The gate registry: what can't be checked never passes, and some things nobody may override."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from webside.audit.models import AuditEvent
from webside.catalog import gates, selectors, services
from webside.catalog.codes import Kind
from webside.catalog.gates import Case, Finding, Moment
from webside.catalog.models import GateOverride
from webside.compliance.models import Credentialing, Licence
from webside.compliance.services import give_consent
from webside.core import clock


@pytest.fixture
def gate() -> Iterator[Any]:
    """Register gates for one test."""
    names: list[str] = []

    def add(check: Any, name: str = "test_gate", **changes: Any) -> None:
        values = {
            "moments": {Moment.JOIN}, "kinds": {Kind.TELEMEDICINE}, "area": "care", "overridable": True,
            "title": "Test gate", **changes,
        }  # fmt: skip
        gates.register(name, check, **values)
        names.append(name)

    yield add
    for name in names:
        gates.unregister(name)


def case(cast: Any, **changes: Any) -> Case:
    values = {
        "moment": Moment.JOIN, "at": clock.now() + timedelta(hours=1), "service": cast.video_visit,
        "patient": cast.liz, "practitioner": cast.maya, "state": "NY", **changes,
    }  # fmt: skip
    return Case(**values)


def finding_of(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.gate == name)


def test_an_exception_is_not_checked_and_stops(cast: Any, gate: Any) -> None:
    def broken(_: Case) -> Finding:
        raise KeyError("patient name that must not be shown")

    gate(broken)
    with cast.as_(cast.maya_user):
        findings = gates.ask(case(cast))
        found = finding_of(findings, "test_gate")
        assert found.outcome == "not_checked"
        assert "patient name" not in found.text + found.reasons[0].text
        assert found in gates.stops(findings)


def test_a_failed_query_is_not_checked_and_the_others_still_are(cast: Any, gate: Any) -> None:
    def broken(_: Case) -> Finding:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return Finding("test_gate", "care", "pass", "never reached")

    gate(broken)
    with cast.as_(cast.maya_user):
        findings = gates.ask(case(cast))
        assert finding_of(findings, "test_gate").outcome == "not_checked"
        assert finding_of(findings, "licence").outcome == "pass"
        assert selectors.services(cast.actor_of(cast.maya_user)).exists(), "the transaction still works"


def test_a_swallowed_database_error_does_not_pass_either(cast: Any, gate: Any) -> None:
    def careless(_: Case) -> Finding:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        except Exception:  # noqa: S110 - the carelessness under test
            pass
        return Finding("test_gate", "care", "pass", "all fine")

    gate(careless, "a_careless")
    gate(lambda _: Finding("", "care", "pass", "fine") if GateOverride.objects.count() >= 0 else None, "b_after")
    with cast.as_(cast.maya_user):
        findings = gates.ask(case(cast))
        assert finding_of(findings, "b_after").outcome == "pass", "asked again in a savepoint of its own"


def test_a_finding_can_not_widen_its_gate(cast: Any, gate: Any) -> None:
    gate(lambda _: Finding("another", "payment", "stop", "no", overridable=True), overridable=False, area="law")
    with cast.as_(cast.maya_user):
        found = finding_of(gates.ask(case(cast)), "test_gate")
        assert (found.gate, found.area, found.overridable) == ("test_gate", "law", False)


def test_needed_gates_that_nobody_registered_stop(cast: Any) -> None:
    known = gates.get("licence")
    gates.unregister("licence")
    try:
        with cast.as_(cast.maya_user):
            findings = gates.ask(case(cast, moment=Moment.BOOK))
            assert finding_of(gates.stops(findings), "licence").outcome == "not_checked"
    finally:
        gates.register("licence", known.check, moments=known.moments, kinds=known.kinds, area=known.area,
                       overridable=known.overridable, title=known.title)  # fmt: skip


def test_two_gates_of_one_name_are_refused(gate: Any) -> None:
    gate(lambda _: None)
    with pytest.raises(ValueError, match="two gates"):
        gates.register("test_gate", lambda _: None, moments=(), kinds=(), area="care", overridable=False, title="")


def test_gates_are_asked_by_kind_and_moment(cast: Any, gate: Any) -> None:
    gate(lambda _: Finding("", "care", "stop", "no"))
    with cast.as_(cast.maya_user):
        assert "test_gate" in {finding.gate for finding in gates.ask(case(cast))}
        assert "test_gate" not in {finding.gate for finding in gates.ask(case(cast, moment=Moment.SIGN))}
        coaching = case(cast, service=cast.coaching, practitioner=cast.priya)
        names = {finding.gate for finding in gates.ask(coaching)}
        assert "test_gate" not in names
        assert "licence" not in names, "coaching asks for no licence"


OUTCOMES = ["pass", "stop", "warn", "not_checked"]


@given(
    outcome=st.sampled_from(OUTCOMES), area=st.sampled_from(["care", "law", "payment"]), overridable=st.booleans(),
    overridden=st.booleans(),
)  # fmt: skip
def test_what_stops(outcome: Any, area: Any, overridable: bool, overridden: bool) -> None:
    override = GateOverride(gate="g") if overridden else None
    found = Finding("g", area, outcome, "", overridable=overridable, override=override)
    stands = outcome == "stop" or (outcome == "not_checked" and area != "payment")
    assert bool(gates.stops([found])) is (stands and not (overridable and overridden))


def test_an_override_lifts_its_gate_for_its_subject_only(cast: Any, gate: Any) -> None:
    gate(lambda _: Finding("", "care", "stop", "No document was seen."))
    visit, other = uuid4(), uuid4()
    with cast.as_(cast.maya_user) as maya:
        give_consent(actor=cast.actor_of(cast.liz_user), patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
        assert gates.stops(gates.ask(case(cast, visit_id=visit)))
        services.override_gate(actor=maya, gate="test_gate", subject_type="visit", subject_id=visit, patient=cast.liz,
                               reason="I know her", said="No document was seen.")  # fmt: skip
        findings = gates.ask(case(cast, visit_id=visit))
        assert not gates.stops(findings)
        assert finding_of(findings, "test_gate").override.reason == "I know her"
        assert gates.stops(gates.ask(case(cast, visit_id=other)))
        assert AuditEvent.objects.get(action="catalog.gate.override").reason == "I know her"


@pytest.mark.parametrize("name", ["licence", "consent", "guardian", "exclusion"])
def test_the_law_is_never_overridden(cast: Any, name: str) -> None:
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotOverridable):
        services.override_gate(actor=maya, gate=name, subject_type="visit", subject_id=uuid4(), patient=cast.liz,
                               reason="in a hurry")  # fmt: skip
    with cast.as_(cast.maya_user):
        assert not GateOverride.objects.exists()


def test_a_row_in_the_database_lifts_no_gate_that_may_not_be_overridden(cast: Any) -> None:
    visit = uuid4()
    with cast.as_(cast.maya_user) as maya:
        GateOverride.objects.create(gate="licence", subject_type="visit", subject_id=visit, reason="x",
                                    by_id=maya.user_id, by_label="x")  # fmt: skip
        assert finding_of(gates.stops(gates.ask(case(cast, state="OR", visit_id=visit))), "licence").override is None


def test_an_override_needs_a_reason_a_clinician_and_a_gate(cast: Any, gate: Any) -> None:
    gate(lambda _: None)
    given_ = {"gate": "test_gate", "subject_type": "visit", "subject_id": uuid4(), "patient": cast.liz}
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.ReasonMissing):
            services.override_gate(actor=maya, reason="  ", **given_)
        with pytest.raises(gates.UnknownGate):
            services.override_gate(actor=maya, reason="x", **{**given_, "gate": "no_such_gate"})
        with pytest.raises(ValueError, match="no such subject"):
            services.override_gate(actor=maya, reason="x", **{**given_, "subject_type": "patient"})
    for user in (cast.liz_user, cast.grace_user, cast.marcus_user, cast.ingrid_user, cast.admin_user):
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.override_gate(actor=actor, reason="x", **given_)


def test_who_sees_overrides(cast: Any, gate: Any) -> None:
    gate(lambda _: None)
    with cast.as_(cast.maya_user) as maya:
        made = services.override_gate(actor=maya, gate="test_gate", subject_type="visit", subject_id=uuid4(),
                                      patient=cast.liz, reason="x")  # fmt: skip
        assert list(selectors.overrides(maya)) == [made]
    with cast.as_(cast.ingrid_user) as ingrid:
        assert list(selectors.overrides(ingrid)) == [made]
    for user in (cast.daniel_user, cast.liz_user, cast.grace_user, cast.mallory_user):
        with cast.as_(user) as actor:
            assert not selectors.overrides(actor).exists()


def test_the_licence_gate_wraps_the_rule(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        booking = {"moment": Moment.BOOK, "facts": {"consents": {"telehealth"}}}
        assert not gates.stops(gates.ask(case(cast, **booking)))
        wrong = finding_of(gates.stops(gates.ask(case(cast, state="OR", **booking))), "licence")
        assert wrong.reasons[0].code == "licence.missing"
        assert wrong.reasons[0].source
        assert {one.gate for one in gates.stops(gates.ask(case(cast, moment=Moment.BOOK)))} == {"consent"}
        looking = case(cast, moment=Moment.BOOK, patient=None)
        assert not gates.stops(gates.ask(looking)), "a visitor who only looks is not asked for her age or consent"
        Credentialing.objects.filter(practitioner=cast.maya).update(excluded=True)
        assert finding_of(gates.stops(gates.ask(looking)), "licence").reasons[0].code == "clinician.excluded"


def test_a_licence_that_ends_at_midnight_is_good_until_then(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        day = (clock.now() + timedelta(days=3)).date()
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end=day)
        late = clock.now().replace(year=day.year, month=day.month, day=day.day, hour=23)  # 6 or 7 pm in New York
        facts = {"consents": {"telehealth"}}
        assert not gates.stops(gates.ask(case(cast, at=late, facts=facts)))
        stopped = gates.stops(gates.ask(case(cast, at=late + timedelta(hours=7), facts=facts)))
        assert finding_of(stopped, "licence").reasons[0].code == "licence.expired"


def test_an_excluded_coach_is_stopped_and_an_unchecked_one_is_said(cast: Any) -> None:
    coaching = {"service": cast.coaching, "practitioner": cast.priya, "moment": Moment.BOOK}
    with cast.as_(cast.priya_user):
        Credentialing.objects.filter(practitioner=cast.priya).delete()
        findings = gates.ask(case(cast, **coaching))
        assert finding_of(findings, "exclusion").outcome == "not_checked"
        assert not gates.stops(findings)
        Credentialing.objects.create(practitioner=cast.priya, excluded=True)
        assert finding_of(gates.stops(gates.ask(case(cast, **coaching))), "exclusion").outcome == "stop"
