"""The care team meets in the visit's room without the patient: who may be there, what she says to it, what counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from webside.audit.models import AuditEvent
from webside.chart import selectors as chart
from webside.chart import services as chart_services
from webside.chart.models import Encounter
from webside.compliance.models import Licence
from webside.core import clock, frames
from webside.outbox.services import deliver_due
from webside.people.models import Patient
from webside.scheduling import services as scheduling
from webside.scheduling.tests import line
from webside.testing.cast import Cast, make_cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import MAIN, ParticipantRole, PhonePlace, PhoneState, Relation, SeatStage, Stage
from webside.visits.models import (
    ApartConsent,
    Board,
    Participant,
    PhoneCall,
    QualitySample,
    SharedFile,
    TeamMeeting,
    Visit,
)
from webside.visits.rules import Permissions
from webside.visits.tests import factories
from webside.visits.tests.test_files import picture, send
from webside.visits.tests.test_seats import ask, guest_of, run, standing

pytestmark = pytest.mark.django_db
NURSE, FAMILY, INTERPRETER = ParticipantRole.NURSE, ParticipantRole.FAMILY, ParticipantRole.INTERPRETER


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(cast: Cast) -> Visit:
    return factories.waiting(cast)


def meet(cast: Cast, visit: Visit) -> Visit:
    with cast.as_(cast.maya_user) as maya:
        services.meet_team(actor=maya, visit=visit)
        return selectors.visit(maya, visit.id)  # type: ignore[return-value]


def daughter(cast: Cast, visit: Visit, user: Any = None) -> Participant:
    return ask(cast, visit, user, role=FAMILY, name="Ana Moreno", relation=Relation.CHILD).seat


def answer(cast: Cast, visit: Visit, seat: Participant, agrees: bool) -> ApartConsent:
    with cast.as_(cast.liz_user) as liz:
        return services.answer_apart(actor=liz, visit=visit, seat_id=seat.id, agrees=agrees)


def trail(cast: Cast, name: str) -> list[AuditEvent]:
    with cast.as_(cast.maya_user):
        return list(AuditEvent.objects.filter(action=name).order_by("sequence"))


# ------------------------------------------------------------------------------------------------ the meeting


@pytest.mark.parametrize("made", [factories.planned, factories.waiting])
def test_the_team_meets_before_the_patient_is_let_in_and_nothing_of_the_visit_begins(cast: Cast, made: Any) -> None:
    visit = meet(cast, made(cast))
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    run(cast, services.let_in, visit, nurse)
    assert standing(cast, nurse) is SeatStage.ROOM
    with cast.as_(cast.maya_user) as maya:
        found = selectors.visit(maya, visit.id)
        assert found is not None and selectors.meets(found)
        assert (found.admitted_at, found.encounter_id, found.started_at) == (None, None, None)
        assert Encounter.objects.count() == 0
        services.meet_team(actor=maya, visit=visit)
        assert TeamMeeting.objects.filter(visit=visit).count() == 1, "again changes nothing"
        with pytest.raises(services.WrongStage):
            services.end_visit(actor=maya, visit=visit)
    assert standing(cast, nurse) is SeatStage.ROOM
    assert trail(cast, "visits.team.meet")[0].patient_id == visit.appointment.patient_id


def test_only_who_runs_the_visit_opens_it_and_not_while_the_patient_is_there(cast: Cast, visit: Visit) -> None:
    for user in (cast.liz_user, cast.daniel_user, cast.grace_user):
        for work in (services.meet_team, services.part_team):
            with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
                work(actor=actor, visit=visit)
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        with pytest.raises(services.WrongStage):
            services.meet_team(actor=maya, visit=visit)
        assert not TeamMeeting.objects.exists()


def test_without_a_meeting_nobody_is_let_in_before_the_patient(cast: Cast, visit: Visit) -> None:
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    with pytest.raises(services.WrongStage):
        run(cast, services.let_in, visit, nurse)
    visit = meet(cast, visit)
    rosa = ask(cast, visit).seat
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, rosa)
    run(cast, services.permit, visit, rosa, wanted=Permissions(speak=True, stay_without_patient=True))
    run(cast, services.let_in, visit, rosa)
    assert standing(cast, rosa) is SeatStage.ROOM, "the clinician said that the interpreter may"


# ------------------------------------------------------------------------------------------------ four, and the patient


def full(cast: Cast, visit: Visit, people: int = 3) -> list[Participant]:
    """Let three of those asked in meet with the clinician; nobody who is asked besides fits in."""
    seats = [ask(cast, visit, role=ParticipantRole.PRESENTER, name=f"Presenter {n}").seat for n in range(people)]
    for seat in seats[:3]:
        run(cast, services.let_in, visit, seat)
    return seats


def stages(cast: Cast, seats: list[Participant]) -> str:
    """Return where some are, in one word: r for the room, l for the lobby."""
    return "".join(standing(cast, seat).value[0] for seat in seats)


def admit(cast: Cast, visit: Visit, makes_room: UUID | None = None) -> Visit:
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit, makes_room=makes_room)
        return selectors.by_id(visit.id)


def test_three_meet_beside_the_clinician_and_a_fourth_is_refused(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit, 4)
    with pytest.raises(services.RoomFull) as refused:
        run(cast, services.let_in, visit, seats[3])
    assert refused.value.most == 4
    assert stages(cast, seats) == "rrrl"


def test_the_patient_comes_into_a_full_call_only_with_who_makes_room(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit)
    for named in (None, ask(cast, visit, name="Rosa Diaz").seat.id, visit.id):
        with pytest.raises(services.RoomFull):
            admit(cast, visit, named)  # nobody, somebody of the lobby, no seat at all
        with cast.as_(cast.maya_user):
            found = selectors.by_id(visit.id)
            assert (found.admitted_at, found.encounter_id, selectors.meets(found)) == (None, None, True)
        assert stages(cast, seats) == "rrr", "nobody is sent out whom she didn't name"
    found = admit(cast, visit, seats[1].id)
    assert selectors.stage_of(found) is Stage.ROOM
    assert stages(cast, seats) == "rlr", "the others' call goes on"
    with cast.as_(cast.maya_user):
        assert [seat.made_room_at is not None for seat in selectors.seats_of(found)][:3] == [False, True, False]
    assert trail(cast, "visits.visit.admit")[-1].changes["made_room"] == str(seats[1].id)
    admit(cast, visit, seats[0].id)
    assert stages(cast, seats) == "rlr", "pressed again it changes nothing, whoever is named"
    with pytest.raises(services.RoomFull):
        run(cast, services.let_in, visit, seats[1])


def test_where_there_is_a_place_by_now_nobody_makes_room(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit)
    run(cast, services.send_to_lobby, visit, seats[0])
    admit(cast, visit, seats[1].id)
    assert stages(cast, seats) == "lrr"
    assert "made_room" not in trail(cast, "visits.visit.admit")[-1].changes


@pytest.mark.parametrize("with_patient", [False, True])
def test_two_take_turns(cast: Cast, visit: Visit, with_patient: bool) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit, 4)
    if with_patient:
        admit(cast, visit, seats[2].id)
    inside, waits = seats[0], seats[3]
    run(cast, services.let_in, visit, waits, makes_room=inside.id)
    run(cast, services.let_in, visit, waits, makes_room=seats[1].id)
    assert stages(cast, seats) == ("lrlr" if with_patient else "lrrr"), "twice is once"
    run(cast, services.let_in, visit, inside, makes_room=waits.id)
    with cast.as_(cast.maya_user):
        made = {seat.id: seat.made_room_at is not None for seat in selectors.seats_of(selectors.by_id(visit.id))}
    assert (made[inside.id], made[waits.id]) == (False, True)
    assert trail(cast, "visits.seat.admit")[-1].changes == {"made_room": str(waits.id)}


def test_who_may_not_be_there_without_the_patient_gets_nobodys_place(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit)
    ana = daughter(cast, visit)
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, ana, makes_room=seats[0].id)
    assert stages(cast, seats) == "rrr"


def test_a_meeting_that_ends_ends_the_waiting_for_a_turn(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit, 4)
    run(cast, services.let_in, visit, seats[3], makes_room=seats[0].id)
    with cast.as_(cast.maya_user) as maya:
        services.part_team(actor=maya, visit=visit)
        assert not Participant.objects.filter(visit=visit).exclude(made_room_at=None).exists()
    assert stages(cast, seats) == "llll"


def test_after_she_was_asked_to_wait_there_is_one_place_more(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit)
    admit(cast, visit, seats[0].id)
    with cast.as_(cast.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit, team_stays=True)
    run(cast, services.let_in, visit, seats[0])
    assert stages(cast, seats) == "rrr"


def test_whoever_made_room_is_not_among_those_who_agreed(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    seats = full(cast, visit)
    with cast.as_(cast.maya_user):
        Participant.objects.filter(visit=visit).update(joined_at=clock.now())
    found = admit(cast, visit, seats[1].id)
    with cast.as_(cast.maya_user):
        assert found.encounter_id is not None
        there = selectors.present_in(found.encounter_id)
    assert there == ["Liz Moreno", "Dr. Maya Chen", "Presenter 0", "Presenter 2"]


def test_a_caller_is_let_into_a_full_call_by_nobodys_guess(cast: Cast, visit: Visit) -> None:
    """By phone the patient is let in by the same service: without a word on who makes room, nothing happens."""
    visit = meet(cast, visit)
    seats = full(cast, visit)
    with cast.as_(cast.maya_user) as maya:
        own = Participant.objects.get(visit=visit, role=ParticipantRole.PATIENT)
        call = PhoneCall.objects.create(visit=visit, seat=own, began_at=clock.now(), state=PhoneState.LOBBY)
        with pytest.raises(services.RoomFull):
            services.let_call_in(actor=maya, visit=visit, call_id=call.id)
        assert selectors.by_id(visit.id).admitted_at is None
    assert stages(cast, seats) == "rrr"


def test_letting_the_patient_in_ends_the_meeting_and_asks_the_gates_then(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    run(cast, services.let_in, visit, nurse)
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(
            period_end=clock.now().date() - timedelta(days=9)
        )
    with cast.as_(cast.maya_user) as maya:
        assert services.admit(actor=maya, visit=visit).stopped_by, "a licence that ended stops it at her door, as ever"
        found = selectors.by_id(visit.id)
        assert selectors.stage_of(found) is Stage.STOPPED and not selectors.meets(found)
        assert Encounter.objects.count() == 0
    assert standing(cast, nurse) is SeatStage.LOBBY


def test_ended_without_her_everybody_goes_back_to_the_lobby(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    run(cast, services.let_in, visit, nurse)
    with cast.as_(cast.maya_user) as maya:
        services.part_team(actor=maya, visit=visit)
        services.part_team(actor=maya, visit=visit)
        assert not selectors.meets(selectors.by_id(visit.id))
    assert standing(cast, nurse) is SeatStage.LOBBY
    assert trail(cast, "visits.team.part")


def test_a_colleague_at_the_meeting_reads_the_chart_and_after_it_no_more(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat

    def sees() -> bool:
        with cast.as_(cast.daniel_user):
            return Patient.objects.filter(
                selectors.looks_into(cast.daniel_user.id, "pk", clock.now()), id=cast.liz.id
            ).exists()

    assert not sees()
    run(cast, services.let_in, visit, nurse)
    assert sees()
    with cast.as_(cast.maya_user) as maya:
        services.part_team(actor=maya, visit=visit)
    assert not sees()


# ------------------------------------------------------------------------------------------------ asked to wait again


def test_asked_to_wait_while_the_team_stays(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    rosa = ask(cast, visit).seat
    for seat in (nurse, rosa):
        run(cast, services.let_in, visit, seat)
    with cast.as_(cast.maya_user) as maya:
        held = services.hold_visit(actor=maya, visit=visit, team_stays=True)
        assert selectors.stage_of(held) is Stage.WAITING
        assert selectors.meets(selectors.by_id(visit.id))
    assert [standing(cast, seat) for seat in (nurse, rosa)] == [SeatStage.ROOM, SeatStage.LOBBY]
    with cast.as_(cast.maya_user) as maya:
        encounter = selectors.by_id(visit.id).encounter_id
        assert encounter is not None
        assert cast.liz.full_name not in selectors.present_in(encounter), "she isn't there now"
        services.admit(actor=maya, visit=visit)
        found = selectors.by_id(visit.id)
        assert (found.encounter_id, selectors.meets(found)) == (encounter, False)
    assert standing(cast, nurse) is SeatStage.ROOM
    assert trail(cast, "visits.visit.hold")[0].changes == {"team_stays": True}


def test_asked_to_wait_as_before_opens_no_meeting(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        services.hold_visit(actor=maya, visit=visit)
        assert not selectors.meets(selectors.by_id(visit.id))


def test_minutes_are_those_with_the_patient(cast: Cast, visit: Visit) -> None:
    began = clock.now()

    def at(minute: float) -> Any:
        return time_machine.travel(began + timedelta(minutes=minute), tick=False)

    with at(0):
        meet(cast, visit)
    with at(12), cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        services.start_visit(actor=maya, visit=visit, started_at=began)
        assert selectors.by_id(visit.id).started_at == began + timedelta(minutes=12), "not when the team began to talk"
        encounter = chart.encounter_of_visit(maya, visit.id)
        assert encounter is not None and encounter.started_at == began + timedelta(minutes=12)
    with at(22), cast.as_(cast.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit, team_stays=True)
    with at(30), cast.as_(cast.maya_user) as maya:
        facts = selectors.call_facts(selectors.by_id(visit.id))
        assert (facts.total_minutes, facts.apart_minutes) == (10, 20), "one that goes on counts until now"
        services.admit(actor=maya, visit=visit)
    with at(35), cast.as_(cast.maya_user) as maya:
        for role in MAIN:
            seat = Participant.objects.get(visit=visit, role=role)
            QualitySample.objects.create(
                participant=seat, seconds=900, sound_seconds=3000, picture_seconds=3000, digest={}
            )
        services.end_visit(actor=maya, visit=visit)
        facts = selectors.call_facts_of(visit.id)
        assert facts is not None
        assert (facts.total_minutes, facts.video_minutes, facts.apart_minutes) == (15, 15, 20)


def test_whatever_ends_the_visit_ends_the_meeting(cast: Cast, visit: Visit) -> None:
    meet(cast, visit)
    with cast.as_(cast.maya_user) as maya:
        services.fail_visit(actor=maya, visit=visit)
        assert TeamMeeting.objects.get().ended_at is not None


# ------------------------------------------------------------------------------------------------ family


def test_family_is_there_before_the_patient_only_with_her_own_yes(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    ana = daughter(cast, visit)
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, ana)
    may = run(cast, services.permit, visit, ana, wanted=Permissions(speak=True, stay_without_patient=True))
    assert may.stay_without_patient is False, "nobody says yes for her"
    asked = run(cast, services.ask_apart, visit, ana)
    assert asked.is_open and run(cast, services.ask_apart, visit, ana).id == asked.id
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, ana)
    given = answer(cast, visit, ana, agrees=True)
    assert (given.id, given.holds, given.answered_by) == (asked.id, True, "Liz Moreno")
    run(cast, services.let_in, visit, ana)
    assert standing(cast, ana) is SeatStage.ROOM
    noted = trail(cast, "visits.apart.answer")
    assert [(each.actor_label, each.target_label, each.changes) for each in noted] == [
        ("Liz Moreno", "Ana Moreno", {"agrees": True})
    ]


def test_a_no_keeps_family_out_and_may_become_a_yes(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    ana = daughter(cast, visit)
    run(cast, services.ask_apart, visit, ana)
    answer(cast, visit, ana, agrees=False)
    answer(cast, visit, ana, agrees=False)
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, ana)
    answer(cast, visit, ana, agrees=True)
    run(cast, services.let_in, visit, ana)
    with cast.as_(cast.maya_user):
        assert [each.agreed for each in ApartConsent.objects.order_by("asked_at")] == [False, True], "both are kept"


def test_taken_back_she_is_out_of_the_room_at_once(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    ana = daughter(cast, visit)
    answer(cast, visit, ana, agrees=True)
    run(cast, services.let_in, visit, ana)
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.NotAsked):
            services.answer_apart(actor=liz, visit=visit, seat_id=ana.id, agrees=False)
        services.withdraw_apart(actor=liz, visit=visit, seat_id=ana.id)
        services.withdraw_apart(actor=liz, visit=visit, seat_id=ana.id)
    assert standing(cast, ana) is SeatStage.LOBBY
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, ana)
    assert trail(cast, "visits.apart.withdraw")[0].patient_id == visit.appointment.patient_id


def test_taken_back_while_she_is_there_too_family_stays_as_long_as_she_does(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
    ana = daughter(cast, visit, cast.liz_user)
    answer(cast, visit, ana, agrees=True)
    run(cast, services.let_in, visit, ana)
    with cast.as_(cast.liz_user) as liz:
        services.withdraw_apart(actor=liz, visit=visit, seat_id=ana.id)
    assert standing(cast, ana) is SeatStage.ROOM
    with cast.as_(cast.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit, team_stays=True)
    assert standing(cast, ana) is SeatStage.LOBBY


def test_who_answers_is_the_patients_side_and_of_family_only(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    ana, nurse = daughter(cast, visit), ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    for actor in (cast.actor_of(cast.maya_user), cast.actor_of(cast.daniel_user), guest_of(cast, ana)):
        with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
            with pytest.raises(services.NotAllowed):
                services.answer_apart(actor=actor, visit=visit, seat_id=ana.id, agrees=True)
            with pytest.raises(services.NotAllowed):
                services.withdraw_apart(actor=actor, visit=visit, seat_id=ana.id)
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.NotAllowed):
            services.ask_apart(actor=liz, visit=visit, seat_id=ana.id)
        with pytest.raises(services.NotAsked):
            services.answer_apart(actor=liz, visit=visit, seat_id=nurse.id, agrees=True)
    with pytest.raises(services.NotAsked):
        run(cast, services.ask_apart, visit, nurse)
    with cast.as_(cast.maya_user):
        assert not ApartConsent.objects.exists()


# ------------------------------------------------------------------------------------------------ what she sees of it


def test_what_the_team_writes_and_shows_without_her_is_not_shown_to_her(
    cast: Cast, visit: Visit, settings: Any, tmp_path: Path
) -> None:
    settings.VAR = tmp_path
    visit = meet(cast, visit)
    send(sign_in(Client(), cast.maya_user), visit, picture())
    with cast.as_(cast.maya_user) as maya:
        services.write_message(actor=maya, visit=visit, text="Her hip looks worse", client_key="k1")
        scan = SharedFile.objects.get()
        services.show_picture(actor=maya, visit=visit, shared_id=scan.id)
        assert Board.objects.get().shared_id == scan.id
    liz, browser = sign_in(Client(), cast.liz_user), f"/o/larkspur/visits/{visit.id}/"

    def hers() -> tuple[str, int, Any]:
        chat = liz.get(f"{browser}chat/").content.decode()
        file = liz.get(f"{browser}files/{scan.id}/").status_code
        return chat, file, liz.get(f"{browser}picture/").json()["picture"]

    chat, file, shown = hers()
    assert "hip" not in chat and "Nothing written yet" in chat
    assert (file, shown) == (404, None)
    with cast.as_(cast.liz_user) as patient:
        for work in (services.hide_picture, services.show_picture):
            more = {"shared_id": scan.id} if work is services.show_picture else {}
            with pytest.raises((services.NotAllowed, services.WrongPicture)):
                work(actor=patient, visit=visit, **more)
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        assert Board.objects.get().shared_id is None, "what the team looked at is put away before she comes"
        services.write_message(actor=maya, visit=visit, text="Good morning", client_key="k2")
    chat, file, shown = hers()
    assert "Good morning" in chat and "hip" not in chat
    assert (file, shown) == (404, None)
    with cast.as_(cast.maya_user) as maya:
        services.show_picture(actor=maya, visit=visit, shared_id=scan.id)
    chat, file, shown = hers()
    assert file == 200 and shown["id"] == str(scan.id), "shown while she is there it is shown to her"
    assert "hip" not in chat
    assert "hip" in sign_in(Client(), cast.maya_user).get(f"{browser}chat/").content.decode()


def test_the_waiting_room_says_that_the_team_meets_and_names_nobody(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    rosa = ask(cast, visit).seat
    run(cast, services.let_in, visit, nurse)
    liz, base = sign_in(Client(), cast.liz_user), f"/o/larkspur/visits/{visit.id}/"
    for path in ("waiting/", "waiting/line/"):
        page = liz.get(base + path).content.decode()
        assert "Your care team is meeting" in page and "You can’t hear them" in page
        assert "Whitfield" not in page and rosa.name not in page
    assert liz.get(base + "people/").status_code == 302, "who is there is for who is there"
    assert liz.get(base).headers["Location"] == base + "waiting/"
    assert liz.get(base + "team/").status_code == 404
    with cast.as_(cast.maya_user) as maya:
        services.part_team(actor=maya, visit=visit)
    assert "Your care team is meeting" not in liz.get(base + "waiting/line/").content.decode()


def test_she_is_asked_in_the_waiting_room_and_answers_by_forms_alone(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    ana = daughter(cast, visit)
    liz, maya = sign_in(Client(), cast.liz_user), sign_in(Client(), cast.maya_user)
    base = f"/o/larkspur/visits/{visit.id}/"
    page = {"headers": {"X-In-Page": "1"}}
    refused = maya.post(f"{base}people/{ana.id}/", {"do": "admit"}, **page)
    assert refused.status_code == 409 and "only if Liz has said yes" in refused.content.decode()
    assert "who was not asked" in maya.get(base + "people/").content.decode()
    assert "Liz is asked" in maya.post(base + "apart/", {"do": "ask", "seat": str(ana.id)}, **page).content.decode()
    assert "was asked and has not answered" in maya.get(base + "people/").content.decode()
    waiting = liz.get(base + "waiting/").content.decode()
    assert "may Ana Moreno (son or daughter) talk with your care team" in waiting
    done = liz.post(base + "apart/", {"do": "agree", "seat": str(ana.id)})
    assert (done.status_code, done.headers["Location"]) == (302, base)
    waiting = liz.get(base + "waiting/").content.decode()
    assert "You said yes: Ana Moreno" in waiting and "You can take it back at any time." in waiting
    assert maya.post(f"{base}people/{ana.id}/", {"do": "admit"}, **page).status_code == 200
    assert "Liz said yes" in maya.get(base + "people/").content.decode()
    liz.post(base + "apart/", {"do": "withdraw", "seat": str(ana.id)})
    assert standing(cast, ana) is SeatStage.LOBBY
    assert "You said yes" not in liz.get(base + "apart/").content.decode()
    for do in ("agree", "withdraw"):
        assert maya.post(base + "apart/", {"do": do, "seat": str(ana.id)}).status_code == 404
    assert liz.post(base + "apart/", {"do": "ask", "seat": str(ana.id)}).status_code == 404
    assert liz.post(base + "apart/", {"do": "agree", "seat": "x"}).status_code == 404


def test_the_clinicians_pages_before_with_and_after_the_meeting(cast: Cast, visit: Visit) -> None:
    maya, base = sign_in(Client(), cast.maya_user), f"/o/larkspur/visits/{visit.id}/"
    assert "Meet the team first" in maya.get(base).content.decode()
    assert maya.post(base + "team/", {"do": "meet"}).headers["Location"] == base
    room = maya.get(base).content.decode()
    assert "You meet without Liz" in room and "Let Liz in" in room and "End and sign" not in room
    assert "The note begins when Liz is let in" in room
    for part in ("note", "chart"):
        empty = maya.get(f"{base}team/", {"part": part})
        assert (empty.status_code, empty.content) == (204, b"")
    answer = maya.post(base + "admit/", headers={"X-In-Page": "1"})
    assert (answer.status_code, answer.headers.get("Location")) == (200, None), "the call goes on in its page"
    bar = maya.get(f"{base}team/").content.decode()
    assert "End and sign" in bar and "You meet without" not in bar
    assert "<textarea" in maya.get(f"{base}team/", {"part": "note"}).content.decode()
    assert "chart-plans" in maya.get(f"{base}team/", {"part": "chart"}).content.decode()
    held = maya.post(base + "hold/", {"team": "stays"}, headers={"X-In-Page": "1"})
    assert held.status_code == 200
    bar = maya.get(f"{base}team/").content.decode()
    assert "You meet without Liz" in bar and "End visit" in bar
    assert maya.post(base + "team/", {"do": "part"}).status_code == 302
    assert "See what" in maya.get(f"{base}team/").content.decode(), "another window goes to the door"
    assert "checked in and is away from the page" in maya.get(base).content.decode(), (
        "the door, and she waits before it"
    )
    assert maya.post(base + "team/", {"do": "dance"}).status_code == 404


def test_who_makes_room_is_asked_beside_the_press_and_told_in_words(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    nurse = ask(cast, visit, role=NURSE, name="", user_id=cast.daniel_user.id).seat
    seats = [nurse, *full(cast, visit, 2)]
    maya, base = sign_in(Client(), cast.maya_user), f"/o/larkspur/visits/{visit.id}/"
    question = "The call is full. Who makes room for Liz?"
    assert question not in maya.get(base).content.decode(), "two and the clinician: there is a place for her"
    run(cast, services.let_in, visit, nurse)
    for answer in (maya.get(base), maya.get(f"{base}team/", {"part": "room"})):
        assert question in answer.content.decode()
        assert all(f'value="{seat.id}" required' in answer.content.decode() for seat in seats)
    with cast.as_(cast.maya_user):
        Participant.objects.filter(visit=visit).update(seen_at=clock.now())
    daniel = sign_in(Client(), cast.daniel_user)
    soon = "When Liz comes in, Dr. Maya Chen says who makes room"
    assert soon in daniel.get(f"/o/larkspur/seats/{nurse.id}/").content.decode()
    refused = maya.post(base + "admit/", {"makes_room": "nobody"}, headers={"X-In-Page": "1"})
    assert refused.status_code == 409 and "Say who makes room" in refused.content.decode()
    answer = maya.post(base + "admit/", {"makes_room": str(nurse.id)}, headers={"X-In-Page": "1"})
    assert answer.status_code == 200
    assert f"{nurse.name} is in the lobby now, and reads that it is their turn" in answer.content.decode()
    assert maya.get(f"{base}team/", {"part": "room"}).content.strip() == b""
    lobby = daniel.get(f"/o/larkspur/seats/{nurse.id}/").content.decode()
    assert "It’s your turn to wait" in lobby and "Dr. Maya Chen lets you in again when there is a place" in lobby
    assert "Liz" not in lobby

    # The list offers to take turns, then, with a place, to let in.
    with cast.as_(cast.maya_user):
        Participant.objects.filter(id=nurse.id).update(seen_at=clock.now(), socket_id=nurse.id)
    people = maya.get(base + "people/").content.decode()
    assert f"Let {nurse.name} in, take turns" in people and "made room, waits in the lobby" in people
    assert "There is a place" not in people and soon not in people
    run(cast, services.send_to_lobby, visit, seats[1])
    people = maya.get(base + "people/").content.decode()
    assert "take turns" not in people
    assert f"There is a place in the call again for {nurse.name}" in people
    answer = maya.post(
        f"{base}people/{nurse.id}/", {"do": "admit", "makes_room": str(seats[2].id)}, headers={"X-In-Page": "1"}
    )
    assert f"There was a place. {seats[2].name} stays in the call." in answer.content.decode()


def test_an_invitation_for_the_meeting_goes_out_before_she_has_checked_in(cast: Cast) -> None:
    visit = factories.planned(cast)
    with pytest.raises(services.WrongStage):
        ask(cast, visit)
    visit = meet(cast, visit)
    assert ask(cast, visit).link
    page = sign_in(Client(), cast.maya_user).get(f"/o/larkspur/visits/{visit.id}/").content.decode()
    assert "has not checked in yet" in page and "Let Liz in" not in page


def test_the_plan_is_drafted_without_her_and_agreed_on_with_her(cast: Cast, visit: Visit) -> None:
    visit = meet(cast, visit)
    with cast.as_(cast.maya_user) as maya:
        plan = chart_services.make_plan(actor=maya, patient=cast.liz, title="New hip", key="p1")
        owner = next(each.value for each in chart.owners_for(cast.liz) if each.name == cast.maya.display_name)
        chart_services.add_step(
            actor=maya, plan=plan, draft=chart_services.StepDraft(text="Send the scan", owner=owner), key="s1"
        )
        services.admit(actor=maya, visit=visit)
        encounter = chart.encounter_of_visit(maya, visit.id)
        agreement = chart_services.agree_on_plan(actor=maya, plan=plan, encounter=encounter)
        assert agreement.encounter_id == encounter.id  # type: ignore[union-attr]


def test_by_phone_she_waits_in_the_lines_lobby_while_the_team_meets(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.maya_user) as maya:
        seat = Participant.objects.get(visit=visit, role="patient")
        call = PhoneCall.objects.create(visit=visit, seat=seat, state=PhoneState.ROOM, admitted_at=clock.now())

    def place() -> PhonePlace:
        with cast.as_(cast.maya_user):
            found, now = PhoneCall.objects.select_related("seat").get(id=call.id), selectors.by_id(visit.id)
            return selectors.place_of(found, now, selectors.stage_of(now))

    assert place() is PhonePlace.ROOM, "spoken to before she has checked in"
    meet(cast, visit)
    assert place() is PhonePlace.LOBBY
    with cast.as_(cast.maya_user) as maya:
        assert PhoneCall.objects.get(id=call.id).turned_at is not None, "the carrier is told"
        with pytest.raises(services.WrongStage):
            services.let_call_in(actor=maya, visit=visit, call_id=call.id)
        services.part_team(actor=maya, visit=visit)
    assert place() is PhonePlace.LOBBY, "and she is let in anew by a press"
    with cast.as_(cast.maya_user) as maya:
        services.let_call_in(actor=maya, visit=visit, call_id=call.id)
    assert place() is PhonePlace.ROOM


# ------------------------------------------------------------------------------------------------ a visit that goes elsewhere


def gathered(cast: Cast, visit: Visit) -> tuple[Participant, Participant]:
    """Let Maya meet a specialist, who sees the chart, and an interpreter, and see that they are there."""
    meet(cast, visit)
    daniel = ask(cast, visit, role=ParticipantRole.SPECIALIST, name="", user_id=cast.daniel_user.id).seat
    rosa = ask(cast, visit).seat
    run(cast, services.permit, visit, daniel, wanted=Permissions(speak=True, see_chart=True, stay_without_patient=True))
    run(cast, services.permit, visit, rosa, wanted=Permissions(speak=True, stay_without_patient=True))
    for seat in (daniel, rosa):
        run(cast, services.let_in, visit, seat)
    assert reads_chart(cast) and standing(cast, rosa) is SeatStage.ROOM
    return daniel, rosa


def reads_chart(cast: Cast) -> bool:
    with cast.as_(cast.daniel_user):
        looks = selectors.looks_into(cast.daniel_user.id, "pk", clock.now())
        return Patient.objects.filter(looks, id=cast.liz.id).exists()


def nobody_is_inside(cast: Cast, visit: Visit) -> bool:
    with cast.as_(cast.admin_user):
        inside = Participant.objects.filter(visit=visit, admitted_at__isnull=False)
        return not inside.exists() and not TeamMeeting.objects.filter(visit=visit, ended_at=None).exists()


def deliver() -> None:
    while deliver_due():
        pass


def test_a_visit_that_is_moved_takes_no_meeting_along(cast: Cast, visit: Visit) -> None:
    daniel, rosa = gathered(cast, visit)
    with cast.as_(cast.liz_user) as liz:
        slot = selectors.other_times(visit)[0]
        scheduling.move_appointment(actor=liz, appointment=visit.appointment, start=slot.start)
    deliver()
    assert nobody_is_inside(cast, visit) and not reads_chart(cast)
    assert {standing(cast, seat) for seat in (daniel, rosa)} == {SeatStage.LOBBY}


@pytest.mark.parametrize("how", ["back", "given", "left", "absent"])
def test_who_is_let_go_to_the_line_leaves_no_meeting_behind(cast: Cast, how: str) -> None:
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    line.open_line(cast)
    line.on_duty(cast, "maya", "daniel")
    entry = line.join(cast)
    line.call(cast)
    deliver()
    with cast.as_(cast.maya_user) as maya:
        visit = selectors.visit(maya, entry.id)
        assert visit is not None
    gathered(cast, visit)
    with cast.as_(cast.liz_user if how == "left" else cast.maya_user) as actor:
        if how == "back":
            scheduling.release_entry(actor=actor, entry=entry, reason="An emergency")
        elif how == "given":
            scheduling.hand_over_entry(actor=actor, entry=entry, to=cast.daniel, reason="My shift ends")
        elif how == "left":
            scheduling.leave_queue(actor=actor, entry=entry)
        else:
            scheduling.mark_absent(actor=actor, entry=entry, reason="Three calls, no answer")
    deliver()
    assert nobody_is_inside(cast, visit) and not reads_chart(cast)
