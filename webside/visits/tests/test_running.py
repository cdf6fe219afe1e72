"""Letting in, answering for gates, holding, ending; what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from webside.audit.models import AuditEvent
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.catalog.models import GateOverride
from webside.chart import selectors as chart
from webside.chart.models import Encounter
from webside.compliance import services as compliance
from webside.compliance.models import Consent, Licence
from webside.core import clock
from webside.fhirkit.models import ResourceVersion
from webside.outbox.models import OutboxEvent
from webside.scheduling.models import Appointment
from webside.scheduling.services import appointments
from webside.testing.cast import Cast
from webside.visits import handlers, selectors, services
from webside.visits.codes import AudioReason, DeviceVerdict, Stage, VisitStatus
from webside.visits.models import Participant, QualitySample, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS


def test_letting_in_makes_the_encounter_where_the_patient_is(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.stage_of(visit) is Stage.ROOM
        encounter = Encounter.objects.get(id=visit.encounter_id)
        assert (encounter.visit_id, encounter.location, encounter.location_state) == (visit.id, "home", "NY")
        services.admit(actor=maya, visit=visit)
        assert Encounter.objects.count() == 1


def test_nobody_else_lets_in_and_nobody_who_has_not_checked_in(cast: Cast) -> None:
    visit = factories.waiting(cast)
    for user in (cast.liz_user, cast.daniel_user, cast.grace_user):
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.admit(actor=actor, visit=visit)
    early = factories.planned(cast, starts=clock.now() + timedelta(hours=2))
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.WrongStage):
        services.admit(actor=maya, visit=early)


def test_without_a_number_the_clinician_says_why_she_goes_on(cast: Cast) -> None:
    visit = factories.waiting(cast, answers={**ANSWERS, "phone": ""})
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.NeedsReason) as error:
            services.admit(actor=maya, visit=visit)
        assert [finding.gate for finding in error.value.findings] == ["callback_number"]
        assert Visit.objects.get(id=visit.id).admitted_at is None
        services.answer_for_gate(actor=maya, visit=visit, gate="callback_number", reason="Her phone is broken")
        assert services.admit(actor=maya, visit=visit).stopped_by == ()
        override = GateOverride.objects.get()
        assert (override.subject_id, override.said) == (visit.id, "No number to call back was given.")


def test_devices_that_do_not_carry_a_video_visit_ask_for_a_reason(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user) as liz:
        services.check_devices(actor=liz, visit=visit, verdict=DeviceVerdict.PHONE)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NeedsReason) as error:
        services.admit(actor=maya, visit=visit)
    assert [finding.gate for finding in error.value.findings] == ["suited_for_video"]


def test_a_licence_is_never_answered_for(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya, pytest.raises(catalog.NotOverridable):
        services.answer_for_gate(actor=maya, visit=visit, gate="licence", reason="Because")


def test_a_reason_is_for_what_stands_in_the_way_and_only_until_the_visit_is_over(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(gates.UnknownGate):
            services.answer_for_gate(actor=maya, visit=visit, gate="callback_number", reason="She gave one")
        with pytest.raises(services.WrongStage):
            services.confirm_identity(actor=maya, visit=visit)
        services.admit(actor=maya, visit=visit)
        services.end_visit(actor=maya, visit=visit)
        with pytest.raises(services.WrongStage):
            services.confirm_identity(actor=maya, visit=visit)
        with pytest.raises(services.WrongStage):
            services.answer_for_gate(actor=maya, visit=visit, gate="identity_document", reason="Too late")
        assert not GateOverride.objects.exists()


def test_a_licence_that_ended_while_she_waited_stops_the_visit_at_the_door(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.maya).update(status="suspended")
    with cast.as_(cast.maya_user) as maya:
        assert [finding.gate for finding in services.admit(actor=maya, visit=visit).stopped_by] == ["licence"]
        assert selectors.stage_of(selectors.visit(maya, visit.id)) is Stage.STOPPED
        assert not Encounter.objects.exists()


def test_a_licence_that_ends_at_midnight_during_the_visit_warns_and_does_not_stop(cast: Cast) -> None:
    # 11:50 pm in New York on November 25 is 4:50 am UTC on the 26th.
    with time_machine.travel("2026-11-26T04:50:00+00:00", tick=False) as traveller:
        with cast.as_(cast.admin_user):
            Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end="2026-11-25")
        visit = factories.admitted(cast)
        traveller.move_to("2026-11-26T05:20:00+00:00")
        with cast.as_(cast.maya_user) as maya:
            visit = selectors.visit(maya, visit.id)
            findings = selectors.join_findings(visit)
            assert selectors.barring(findings) == []
            assert [finding.gate for finding in selectors.ends_during(visit, findings)] == ["licence"]
            services.end_visit(actor=maya, visit=visit)
        other = factories.planned(cast, starts=clock.now() + timedelta(hours=1))
        with cast.as_(cast.liz_user) as liz:
            result = services.complete_safe_start(actor=liz, visit=other, answers=ANSWERS, agrees=True)
    assert [finding.gate for finding in result.stopped_by] == ["licence"]


def test_a_consent_taken_back_in_the_visit_is_seen(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.liz_user) as liz:
        consent = Consent.objects.get(scope="visit", visit_id=visit.id)
        compliance.withdraw_consent(actor=liz, consent=consent)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.consent_withdrawn(selectors.visit(maya, visit.id)) is not None


def test_holding_keeps_the_encounter_and_letting_in_again_goes_on(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        encounter_id = visit.encounter_id
        assert selectors.stage_of(services.hold_visit(actor=maya, visit=visit)) is Stage.WAITING
        services.admit(actor=maya, visit=visit)
        visit = selectors.visit(maya, visit.id)
    assert (selectors.stage_of(visit), visit.encounter_id) == (Stage.ROOM, encounter_id)


def _heard(visit: Visit, patient: tuple[float, float], clinician: tuple[float, float]) -> None:
    seats = selectors.participants(visit)
    for role, (sound, picture) in (("patient", patient), ("clinician", clinician)):
        QualitySample.objects.create(
            participant=seats[role], seconds=10, sound_seconds=sound, picture_seconds=picture, digest={}
        )


def test_a_visit_from_its_start_to_its_facts(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        Visit.objects.update(admitted_at=clock.now() - timedelta(minutes=22))
        visit = selectors.visit(maya, visit.id)
        services.start_visit(actor=maya, visit=visit, started_at=clock.now() - timedelta(hours=1))
        visit = selectors.visit(maya, visit.id)
        assert visit.status == VisitStatus.IN_PROGRESS
        assert visit.started_at == visit.admitted_at  # what was heard before the door opened is no visit
        services.start_visit(actor=maya, visit=visit, started_at=clock.now())
        assert OutboxEvent.objects.filter(name="visits.VisitStarted").count() == 1
        _heard(visit, (1320, 10), (1300, 0))
        services.end_visit(actor=maya, visit=visit, audio_reason=AudioReason.PATIENT_CANNOT)
        services.end_visit(actor=maya, visit=visit)
        visit = selectors.visit(maya, visit.id)
        facts = selectors.call_facts_of(visit.id)
        assert visit.appointment.status == "fulfilled"
        assert Encounter.objects.get().status == "finished"
        assert OutboxEvent.objects.filter(name="visits.VisitEnded").count() == 1
    assert facts is not None
    assert (facts.connected, facts.video_minutes, facts.audio_minutes) == (True, 0, 21)
    assert facts.audio_reason == "patient_cannot"


def test_a_visit_that_failed_was_not_connected(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        _heard(visit, (900, 900), (900, 900))
        services.fail_visit(actor=maya, visit=visit)
        facts = selectors.call_facts_of(visit.id)
    assert facts is not None
    assert facts.connected is False
    assert selectors.stage_of(_as_maya_sees(cast, visit)) is Stage.ENDED


def test_the_chart_of_a_failed_visit_says_what_happened(cast: Cast) -> None:
    never, broken = factories.admitted(cast), factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    with cast.as_(cast.maya_user) as maya:
        services.start_visit(actor=maya, visit=broken, started_at=clock.now())
        for visit in (never, broken):
            services.fail_visit(actor=maya, visit=visit)
            services.fail_visit(actor=maya, visit=visit)
        status = dict(Encounter.objects.values_list("visit_id", "status"))
        assert status == {never.id: "cancelled", broken.id: "finished"}
        versions = ResourceVersion.objects.filter(resource_id=never.encounter_id).order_by("version")
        assert [json.loads(bytes(row.body))["status"] for row in versions] == ["in-progress", "cancelled"]
        assert OutboxEvent.objects.filter(name="chart.EncounterFinished").count() == 1
        assert [found.visit_id for found in chart.unsigned_notes(maya)] == [broken.id]


def _as_maya_sees(cast: Cast, visit: Visit) -> Visit:
    with cast.as_(cast.maya_user) as maya:
        found = selectors.visit(maya, visit.id)
    assert found is not None
    return found


def test_who_did_not_come(cast: Cast) -> None:
    visit = factories.planned(cast, starts=clock.now() + timedelta(minutes=5))
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(services.WrongStage):
            services.note_noshow(actor=maya, visit=visit)
        with time_machine.travel(clock.now() + timedelta(minutes=20)):
            assert services.note_noshow(actor=maya, visit=visit).appointment.status == "noshow"


def test_identity_seen_on_a_document_passes_the_gate_at_signing(cast: Cast) -> None:
    visit = factories.admitted(cast)

    def asked() -> gates.Finding:
        case = replace(selectors.case_of(_as_maya_sees(cast, visit)), moment=gates.Moment.SIGN)
        return next(finding for finding in gates.ask(case) if finding.gate == "identity_document")

    with cast.as_(cast.maya_user) as maya:
        assert asked().outcome == "stop"
        services.confirm_identity(actor=maya, visit=visit)
        assert asked().outcome == "pass"
        assert AuditEvent.objects.filter(action="visits.identity.confirm").count() == 1


def test_a_move_to_another_day_asks_the_place_again_and_gives_the_seat_on(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.admin_user):
        appointment = visit.appointment
        appointment.practitioner = cast.daniel
        appointment.period = type(appointment.period)(
            appointment.period.lower + timedelta(days=1), appointment.period.upper + timedelta(days=1)
        )
        appointment.save()
        event = handlers.AppointmentMoved(appointment_id=appointment.id)
        handlers.follow_when_moved(event, visit.id)
        handlers.follow_when_moved(event, visit.id)
        assert Participant.objects.get(visit=visit, role="clinician").user == cast.daniel_user
    with cast.as_(cast.liz_user) as liz:
        assert selectors.stage_of(selectors.visit(liz, visit.id)) is Stage.CHECK_IN


def test_each_change_of_a_visit_is_told_to_the_day_and_to_the_board(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(appointments, "push_on_commit", lambda topic, kind, *_: told.append((topic, kind)))
    lists = {(f"day:{cast.maya.id}", "changed"), (f"tenant:{cast.larkspur.id}", "changed")}

    def tells() -> bool:
        said = set(told)
        told.clear()
        return lists <= said

    visit = factories.waiting(cast)
    assert tells(), "checked in"
    with cast.as_(cast.liz_user) as liz:
        services.save_safe_start(actor=liz, visit=visit, answers={"phone": "845-555-0100"})
        assert not tells(), "an answer changes no list"
        services.save_safe_start(actor=liz, visit=visit, answers={"location": "other", "state": "OR"})
        assert tells(), "another place undoes the check-in"
        services.complete_safe_start(actor=liz, visit=visit, answers=factories.AWAY, agrees=True)
        assert tells(), "stopped"
        slot = selectors.colleague_for(selectors.visit(liz, visit.id))
        assert slot is not None
        services.hand_over(actor=liz, visit=visit, practitioner_id=slot.practitioner.id, start=slot.start)
        assert (f"day:{cast.daniel.id}", "changed") in told
        assert tells(), "handed over: the day that lost it, too"
    visit = factories.waiting(cast, starts=slot.start + timedelta(hours=2))
    told.clear()
    with cast.as_(cast.maya_user) as maya:
        for step in (services.admit, services.hold_visit, services.admit):
            step(actor=maya, visit=visit)
            assert tells(), step
        services.start_visit(actor=maya, visit=visit, started_at=clock.now())
        assert tells(), "started"
        services.end_visit(actor=maya, visit=visit)
        assert tells(), "ended"


def test_the_line_counts_who_waits_before_and_who_is_inside(cast: Cast) -> None:
    later = factories.planned(cast, starts=clock.now() + timedelta(hours=1))
    first = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.line(first) == selectors.Line(before=0, busy=False)
        assert selectors.line(later) == selectors.Line(before=1, busy=False)
        services.admit(actor=maya, visit=first)
        assert selectors.line(later) == selectors.Line(before=0, busy=True)


@pytest.mark.parametrize("status", ["cancelled", "waitlist", "noshow"])
def test_who_is_gone_is_before_nobody_in_the_line(cast: Cast, status: str) -> None:
    later = factories.planned(cast, starts=clock.now() + timedelta(hours=1))
    first = factories.waiting(cast)
    with cast.as_(cast.maya_user):
        Appointment.objects.filter(id=first.id).update(status=status)
        assert Visit.objects.get(id=first.id).status == "waiting", "the visit itself says so still"
        assert selectors.line(later) == selectors.Line(before=0, busy=False)
