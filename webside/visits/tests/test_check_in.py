"""The safe start: kept as typed, asked at the end, stopped by what nobody may answer for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from webside.audit.models import AuditEvent
from webside.catalog import gates
from webside.catalog.codes import Kind
from webside.compliance.models import Consent, Credentialing, Licence
from webside.core import frames
from webside.outbox.models import OutboxEvent
from webside.scheduling import selectors as scheduling
from webside.testing.cast import Cast
from webside.visits import selectors, services
from webside.visits.codes import MAIN, DeviceVerdict, Stage, VisitStatus
from webside.visits.forms import SafeStartForm
from webside.visits.models import Participant, SafeStart, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS, AWAY


def _complete(cast: Cast, visit: Visit, answers: dict[str, Any]) -> services.CheckIn:
    with cast.as_(cast.liz_user) as liz:
        return services.complete_safe_start(actor=liz, visit=visit, answers=answers, agrees=True)


def test_opening_twice_makes_one_room_with_two_seats(cast: Cast) -> None:
    with cast.as_(cast.liz_user):
        appointment = factories.make_appointment(cast)
        first, second = services.open_visit(appointment=appointment), services.open_visit(appointment=appointment)
        assert first == second
        assert first.id == appointment.id
        assert set(selectors.participants(first)) == set(MAIN)
        assert selectors.visit_for(appointment) == first


def test_answers_are_kept_one_by_one(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.liz_user) as liz:
        services.save_safe_start(actor=liz, visit=visit, answers={"phone": "845-555-0142"})
        services.save_safe_start(actor=liz, visit=visit, answers={"location": "other", "state": "NJ", "unknown": 1})
        start = SafeStart.objects.get(visit=visit)
    assert (start.phone, start.location, start.state) == ("845-555-0142", "other", "NJ")
    assert start.place_said_at is not None
    assert start.completed_at is None
    assert start.consent_id is None


def test_at_home_takes_the_address_on_file_as_it_is_now(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.liz_user) as liz:
        start = services.save_safe_start(actor=liz, visit=visit, answers={"location": "home"})
        card = selectors.emergency_card(selectors.visit(liz, visit.id))
    assert (start.address_line, start.state) == ("41 Wall Street, Apt 2", "NY")
    assert card.address == "41 Wall Street, Apt 2, Kingston NY 12401"


def test_a_complete_check_in_leads_to_the_waiting_room(cast: Cast) -> None:
    visit = factories.planned(cast)
    result = _complete(cast, visit, ANSWERS)
    assert result.stopped_by == ()
    with cast.as_(cast.maya_user) as maya:
        visit = selectors.visit(maya, visit.id)
        assert selectors.stage_of(visit) is Stage.WAITING
        assert visit.appointment.status == "checked-in"
        assert visit.waiting_since is not None
        assert visit.safe_start.decision["state"] == "NY"
        assert {"licence", "consent"} <= {finding["gate"] for finding in visit.safe_start.decision["findings"]}
        scopes = set(Consent.objects.filter(patient=cast.liz).values_list("scope", "visit_id"))
    assert scopes == {("telehealth", None), ("visit", visit.id)}


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ({"identity_confirmed": False}, "identity_confirmed"),
        ({"location": ""}, "location"),
        ({"location": "other", "address_line": ""}, "address_line"),
        ({"alone": None}, "alone"),
        ({"nearby_name": ""}, "nearby_name"),
        ({**AWAY, "postal_code": "972"}, "postal_code"),
    ],
)
def test_what_is_missing_is_named(cast: Cast, without: dict[str, Any], named: str) -> None:
    visit = factories.planned(cast)
    with pytest.raises(services.Incomplete) as error:
        _complete(cast, visit, {**ANSWERS, **without})
    assert named in error.value.fields
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.Incomplete):
        services.complete_safe_start(actor=liz, visit=visit, answers=ANSWERS, agrees=False)
    with cast.as_(cast.liz_user):
        assert not Consent.objects.filter(scope="visit").exists()


def test_another_state_stops_the_visit_and_keeps_everything(cast: Cast) -> None:
    visit = factories.planned(cast)
    result = _complete(cast, visit, AWAY)
    assert [finding.gate for finding in result.stopped_by] == ["licence"]
    with cast.as_(cast.liz_user) as liz:
        visit = selectors.visit(liz, visit.id)
        assert selectors.stage_of(visit) is Stage.STOPPED
        codes = [why["code"] for finding in visit.stopped_by["findings"] for why in finding["reasons"]]
        assert "licence.missing" in codes
        assert visit.safe_start.address_line == AWAY["address_line"]
        assert visit.appointment.status == "booked"
        assert OutboxEvent.objects.filter(name="visits.VisitStopped").count() == 1
        event = AuditEvent.objects.get(action="visits.safe-start.complete")
    assert event.changes["outcome"] == "stopped"
    # She is back home: the same visit can begin.
    assert _complete(cast, visit, ANSWERS).stopped_by == ()


def test_the_card_shows_what_the_record_holds_until_she_has_said_it(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.liz_user) as liz:
        card = selectors.emergency_card(selectors.visit(liz, visit.id))
        assert (card.phone, card.record_phone) == ("", cast.liz.phone) and cast.liz.phone
        assert (card.address, card.record_address[: len(cast.liz.address_line)]) == ("", cast.liz.address_line)
        services.save_safe_start(actor=liz, visit=visit, answers=AWAY)
        said = selectors.emergency_card(selectors.visit(liz, visit.id))
    assert (said.phone, said.record_phone, said.record_address) == (AWAY["phone"], "", "")
    assert (card.town, said.town) == ("", "Portland, OR")


def test_the_colleague_who_may_is_offered_and_takes_the_check_in_along(cast: Cast) -> None:
    visit = factories.planned(cast)
    _complete(cast, visit, AWAY)
    with cast.as_(cast.liz_user) as liz:
        slot = selectors.colleague_for(selectors.visit(liz, visit.id))
        assert slot is not None
        assert slot.practitioner == cast.daniel
        services.hand_over(actor=liz, visit=visit, practitioner_id=cast.daniel.id, start=slot.start)
        assert selectors.visit(liz, visit.id).safe_start.address_line == AWAY["address_line"]
    with cast.as_(cast.daniel_user) as daniel:
        visit = selectors.visit(daniel, visit.id)
        assert visit.appointment.practitioner == cast.daniel
        assert visit.appointment.patient_state == "OR"
        assert Participant.objects.get(visit=visit, role="clinician").user == cast.daniel_user
        soon = slot.start - now() < timedelta(minutes=60)
        assert selectors.stage_of(visit) is (Stage.WAITING if soon else Stage.CHECK_IN)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id) is None


def test_a_time_that_was_not_offered_is_refused(cast: Cast) -> None:
    visit = factories.planned(cast)
    _complete(cast, visit, AWAY)
    with cast.as_(cast.liz_user) as liz:
        slot = selectors.colleague_for(selectors.visit(liz, visit.id))
        for who, start in ((cast.maya.id, slot.start), (cast.daniel.id, slot.start + timedelta(minutes=1))):
            with pytest.raises(services.NotOffered):
                services.hand_over(actor=liz, visit=visit, practitioner_id=who, start=start)


def test_another_place_undoes_a_check_in(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user) as liz:
        services.save_safe_start(actor=liz, visit=visit, answers={"phone": "845-555-0199"})
        assert selectors.stage_of(selectors.visit(liz, visit.id)) is Stage.WAITING
        services.save_safe_start(actor=liz, visit=visit, answers={"location": "other", "state": "OR"})
        assert selectors.stage_of(selectors.visit(liz, visit.id)) is Stage.CHECK_IN


def test_a_check_that_could_not_run_stops_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: gates.Case) -> None:
        raise RuntimeError("the register is away")

    monkeypatch.setitem(
        gates._gates, "broken",
        gates.Gate("broken", broken, frozenset({gates.Moment.JOIN}), frozenset(Kind), "law", False, "Broken"),
    )  # fmt: skip
    visit = factories.planned(cast)
    assert [finding.outcome for finding in _complete(cast, visit, ANSWERS).stopped_by] == ["not_checked"]


def test_an_exclusion_stops_and_a_coach_needs_no_licence(cast: Cast) -> None:
    with cast.as_(cast.admin_user):
        Credentialing.objects.filter(practitioner=cast.maya).update(excluded=True)
    assert _complete(cast, factories.planned(cast), ANSWERS).stopped_by
    coaching = factories.planned(
        cast, practitioner=cast.priya, service=cast.coaching, starts=now() + timedelta(hours=2)
    )
    result = _complete(cast, coaching, AWAY)
    assert result.stopped_by == ()
    with cast.as_(cast.priya_user) as priya:
        assert "licence" not in {
            finding.gate for finding in selectors.join_findings(selectors.visit(priya, coaching.id))
        }


def test_only_the_patient_checks_in(cast: Cast) -> None:
    visit = factories.planned(cast)
    for user in (cast.maya_user, cast.grace_user):
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.complete_safe_start(actor=actor, visit=visit, answers=ANSWERS, agrees=True)
    with (
        frames.begin(tenant_id=cast.northgate.id, actor=cast.actor_of(cast.mallory_user)),
        pytest.raises(Visit.DoesNotExist),
    ):
        services.complete_safe_start(actor=cast.actor_of(cast.mallory_user), visit=visit, answers=ANSWERS, agrees=True)


def test_a_device_check_leaves_its_verdict_only(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.liz_user) as liz:
        services.check_devices(actor=liz, visit=visit, verdict=DeviceVerdict.AUDIO_ONLY)
        seat = Participant.objects.get(visit=visit, role="patient")
    assert seat.device_check.keys() == {"verdict", "at"}
    with cast.as_(cast.maya_user):
        assert selectors.patient_verdict(selectors.by_id(visit.id)) is DeviceVerdict.AUDIO_ONLY


def test_a_licence_that_ends_before_the_visit_stops_it(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end="2026-01-31")
    assert [finding.gate for finding in _complete(cast, visit, ANSWERS).stopped_by] == ["licence"]
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id).status == VisitStatus.STOPPED
        assert scheduling.appointment(maya, visit.id) is not None


def test_what_the_check_in_asks_for_is_not_called_optional() -> None:
    fields = [str(field.as_field_group()) for field in SafeStartForm()]
    assert any("Their phone number" in field for field in fields)
    assert [field for field in fields if "if you like" in field] == []


def test_before_a_place_is_chosen_only_the_place_is_asked_for() -> None:
    form = SafeStartForm({}, completing=True)
    assert "location" in form.errors
    assert "address_line" not in form.errors, "the page shows no such field yet"
    assert "address_line" in SafeStartForm({"location": "other"}, completing=True).errors
    assert "address_line" in SafeStartForm({"location": "home"}, completing=True).errors, "no address on file"
    assert "address_line" not in SafeStartForm({"location": "home"}, home={"state": "NY"}, completing=True).errors


@pytest.mark.parametrize(
    ("code", "typed", "sent"),
    [("12401", True, True), ("12401-0012", True, True), ("", True, True), ("124", True, False),
     ("12401-00", True, False), ("ABC", False, False), ("124011", False, False), ("１２４０１", False, False)],
)  # fmt: skip
def test_a_zip_code_has_five_digits_or_nine_and_may_be_half_typed(code: str, typed: bool, sent: bool) -> None:
    for completing, good in ((False, typed), (True, sent)):
        form = SafeStartForm({"location": "other", "postal_code": code}, completing=completing)
        assert ("postal_code" not in form.errors) is good
        assert form.answers()["postal_code"] == (code if good else ""), "no other place's ZIP code stays beside it"
        if not good:
            assert "five digits" in str(form.errors["postal_code"])


def test_at_home_no_field_that_is_not_shown_stands_in_the_way() -> None:
    home = {"address_line": "41 Wall Street", "city": "Kingston", "state": "NY", "postal_code": ""}
    form = SafeStartForm({"location": "home", "postal_code": "ABC"}, home=home, completing=True)
    assert "postal_code" not in form.errors
    assert form.answers()["postal_code"] == ""


@pytest.mark.parametrize(
    ("number", "good"),
    [("845-555-0142", True), ("+1 (845) 555-0142", True), ("845-555-0142 x123", True), ("845-555", False),
     ("555-0142", False), ("555-0142 x123", False), ("call me", False)],
)  # fmt: skip
def test_a_phone_number_has_its_area_code(number: str, good: bool) -> None:
    form = SafeStartForm({"phone": number, "nearby_phone": number})
    for name in ("phone", "nearby_phone"):
        assert (name not in form.errors) is good
        assert good or "area code" in str(form.errors[name])


def test_another_place_after_a_stop_undoes_the_stop(cast: Cast) -> None:
    """Else the doctor reads what the gates said of one place beside the address of another, and gives the visit away by it."""
    visit = factories.planned(cast)
    assert _complete(cast, visit, AWAY).stopped_by
    with cast.as_(cast.liz_user) as liz:
        visit = selectors.visit(liz, visit.id)
        services.save_safe_start(actor=liz, visit=visit, answers={"nearby_name": "Her sister"})
        assert selectors.stage_of(selectors.visit(liz, visit.id)) is Stage.STOPPED, "that says nothing of the place"
        with pytest.raises(services.Incomplete):
            services.complete_safe_start(actor=liz, visit=visit, answers=ANSWERS, agrees=False)
        services.save_safe_start(actor=liz, visit=visit, answers=ANSWERS)
        visit = selectors.visit(liz, visit.id)
        assert selectors.stage_of(visit) is Stage.CHECK_IN and visit.stopped_by is None
        assert selectors.emergency_card(visit).address.startswith(str(cast.liz.address_line))
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.WrongStage):
        services.hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, start=visit.appointment.start)
