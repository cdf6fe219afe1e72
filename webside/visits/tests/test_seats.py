"""Who is asked into a visit: seats, links, permissions, the lobby, letting in and sending out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, anonymous
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.testing.cast import Cast, make_cast
from webside.testing.spanish import left_in_english, letter_of
from webside.visits import policies, selectors, services
from webside.visits.codes import LinkStanding, ParticipantRole, Relation, SeatStage
from webside.visits.models import Participant, Visit
from webside.visits.rules import Permissions
from webside.visits.tests import factories

pytestmark = pytest.mark.django_db
EVERYTHING = Permissions(speak=True, see_chart=True, write=True, stay_without_patient=True, show_screen=True)
INTERPRETER, FAMILY, NURSE = ParticipantRole.INTERPRETER, ParticipantRole.FAMILY, ParticipantRole.NURSE


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(cast: Cast) -> Visit:
    return factories.admitted(cast)


def link_to(token: str) -> str:
    return f"/o/larkspur/join/{token}/"


def ask(cast: Cast, visit: Visit, user: Any = None, **given: Any) -> services.Asked:
    with cast.as_(user or cast.maya_user) as actor:
        given = {"role": INTERPRETER, "name": "Rosa Diaz", "link_to": link_to} | given
        return services.ask_in(actor=actor, visit=visit, **given)


def token_of(asked: services.Asked) -> str:
    return asked.link.split("/")[-2]


def take(cast: Cast, asked: services.Asked) -> services.Taken:
    actor = anonymous(cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        return services.take_seat(actor=actor, token=token_of(asked))


def guest_of(cast: Cast, seat: Participant) -> Actor:
    return Actor(kind=ActorKind.GUEST, label=seat.name, tenant_id=cast.larkspur.id, subject_id=seat.id)


def run(cast: Cast, do: Any, visit: Visit, seat: Participant, **given: Any) -> Any:
    with cast.as_(cast.maya_user) as maya:
        return do(actor=maya, visit=visit, seat_id=seat.id, **given)


def standing(cast: Cast, seat: Participant) -> SeatStage:
    with cast.as_(cast.maya_user):
        found = selectors.seat_by_id(seat.id)
        assert found is not None
        return selectors.seat_stage_of(found)


def test_the_same_press_again_makes_no_second_seat_and_the_first_link_ends(cast: Cast, visit: Visit) -> None:
    first, again = (ask(cast, visit, key="one press") for _ in range(2))
    assert again.seat.id == first.seat.id and again.link != first.link
    assert take(cast, first).seat is None, "nobody knows who read it"
    assert take(cast, again).seat is not None
    assert ask(cast, visit, key="one press") == services.Asked(first.seat), "who has come keeps the seat: no new link"
    assert ask(cast, visit, key="another press").seat.id != first.seat.id
    run(cast, services.remove, visit, first.seat)
    assert ask(cast, visit, key="one press").seat.id != first.seat.id, (
        "who was removed isn’t asked in by a press of before"
    )


def test_a_key_is_good_for_the_wish_that_it_was_for(cast: Cast, visit: Visit) -> None:
    rosa = ask(cast, visit, key="one press")
    for other in ({"name": "Eve Stone"}, {"role": ParticipantRole.FAMILY, "relation": Relation.CHILD}):
        asked = ask(cast, visit, key="one press", **other)
        assert asked.seat.id != rosa.seat.id and asked.link
    hers = ask(cast, visit, cast.liz_user, key="one press", role=ParticipantRole.FAMILY, relation=Relation.CHILD)
    assert hers.seat.id != rosa.seat.id, "of somebody else"
    assert take(cast, rosa).seat is not None, "her link stands"


# ------------------------------------------------------------------------------------------------------- asking


def test_a_guest_is_asked_by_a_link_and_gets_what_her_role_gives(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit)
    seat = asked.seat
    assert (seat.name, seat.role, seat.speak, seat.see_chart, seat.write) == (
        "Rosa Diaz",
        "interpreter",
        True,
        False,
        False,
    )
    assert standing(cast, seat) is SeatStage.LOBBY
    with cast.as_(cast.maya_user):
        link = selectors.links_of([seat])[seat.id]
        assert token_of(asked).encode() not in bytes(link.token_hash)
        assert link.expires_at - clock.now() <= timedelta(hours=24)
        assert Participant.objects.get(id=seat.id).invited_by.role == "clinician"
        trail = AuditEvent.objects.filter(action="visits.seat.invite").get()
        assert (trail.target_label, trail.patient_id, trail.ground) == ("Rosa Diaz", cast.liz.id, "treating")


def test_a_letter_with_the_link_holds_nothing_of_the_patient(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit, email="rosa.diaz@example.test")
    with cast.as_(cast.maya_user):
        message = OutgoingMessage.objects.get(template="visits/asked_in")
        text = str(content_of(message))
        assert asked.link in text and "Dr. Maya Chen" in text
        for word in ("Liz", "Moreno", "Kingston", "sugar", str(visit.id)):
            assert word not in text
        assert message.patient_id is None


def test_family_is_written_to_in_the_patients_language(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.grace_user):
        type(cast.liz).objects.filter(id=cast.liz.id).update(language="es")
        visit.refresh_from_db()
    ask(cast, visit, cast.liz_user, role=FAMILY, name="Rafael", relation=Relation.SPOUSE, email="rafael@example.test")
    ask(cast, visit, email="rosa.diaz@example.test")
    with cast.as_(cast.maya_user):
        hers, works = OutgoingMessage.objects.filter(template="visits/asked_in").order_by("queued_at")
        assert left_in_english(letter_of(hers)) == []
        assert works.subject == "Larkspur Clinic asks you into a video visit"


def test_a_patient_asks_family_and_nobody_else(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit, cast.liz_user, role=FAMILY, name="Rafael Moreno", relation=Relation.SPOUSE)
    assert asked.seat.relation == "spouse" and asked.seat.admitted_at is None
    for role in (INTERPRETER, ParticipantRole.OBSERVER, NURSE):
        with pytest.raises(services.NotAllowed):
            ask(cast, visit, cast.liz_user, role=role)
    for user in (cast.daniel_user, cast.grace_user, cast.marcus_user, cast.mallory_user):
        with cast.as_(user) as actor, pytest.raises((services.NotAllowed, Visit.DoesNotExist)):
            services.ask_in(actor=actor, visit=visit, role=INTERPRETER, name="Eve", link_to=link_to)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "  "},
        {"name": "x" * 161},
        {"role": NURSE},  # only colleagues
        {"role": ParticipantRole.SPECIALIST},
        {"role": FAMILY},  # without a relation
        {"relation": Relation.SPOUSE},  # an interpreter is nobody's wife here
    ],
)
def test_what_names_nobody_is_no_seat(cast: Cast, visit: Visit, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"guest|family"):
        ask(cast, visit, **given)


def test_nobody_takes_the_seats_of_the_two(cast: Cast, visit: Visit) -> None:
    for role in (ParticipantRole.PATIENT, ParticipantRole.CLINICIAN):
        with pytest.raises(services.NotAllowed):
            ask(cast, visit, role=role)


def test_a_colleague_is_picked_from_the_list_and_keeps_one_seat(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.maya_user):
        names = {str(found.user) for found in selectors.colleagues(visit)}
        assert {"Dr. Daniel Whitfield", "Priya Nair"} <= names
        assert not names & {"Dr. Maya Chen", "Liz Moreno", "Grace Lin", "Marcus Hale", "Dr. Mallory Reed"}
    role = ParticipantRole.SPECIALIST
    first, second = (ask(cast, visit, role=role, name="", user_id=cast.daniel_user.id) for _ in range(2))
    assert first.seat == second.seat and first.link == ""
    assert (first.seat.name, first.seat.see_chart, first.seat.write) == ("Dr. Daniel Whitfield", True, False)
    for asked in (first, second):
        assert asked.in_the_way and asked.in_the_way.outcome == "stop", "she is in New York, where he has no licence"
    with cast.as_(cast.maya_user):
        trail = AuditEvent.objects.filter(action="visits.seat.invite").order_by("at", "id")
        assert [event.changes for event in trail] == [{"role": "specialist", "licence": "stop"}] * 2
    with cast.as_(cast.daniel_user) as daniel:
        assert [seat.id for seat in selectors.asked_into(daniel)] == [first.seat.id]
        assert selectors.visit(daniel, visit.id) is None, "the room is not his: he has a seat"
    with cast.as_(cast.priya_user) as priya:
        assert selectors.asked_into(priya) == []
    with pytest.raises(ValueError, match="colleague"):
        ask(cast, visit, role=role, user_id=cast.mallory_user.id)


def test_the_database_knows_one_seat_for_a_colleague(cast: Cast, visit: Visit) -> None:
    seat = ask(cast, visit, role=NURSE, user_id=cast.daniel_user.id).seat
    with cast.as_(cast.maya_user), pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.create(visit=visit, role="observer", user=cast.daniel_user, name="Daniel again")
    run(cast, services.remove, visit, seat)
    assert ask(cast, visit, role=NURSE, user_id=cast.daniel_user.id).seat != seat


def test_a_visit_has_so_many_seats_and_no_more(cast: Cast, visit: Visit) -> None:
    for number in range(6):
        ask(cast, visit, name=f"Guest {number}")
    with pytest.raises(services.RoomFull) as full:
        ask(cast, visit, name="One more")
    assert full.value.most == 8


def test_nobody_is_asked_before_the_patient_is_there_or_after_the_end(cast: Cast) -> None:
    with pytest.raises(services.WrongStage):
        ask(cast, factories.planned(cast))
    ended = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=ended)
    with pytest.raises(services.NotAllowed):
        ask(cast, ended)


# -------------------------------------------------------------------------------------------------------- links


def test_a_link_seats_one_browser_and_tells_the_others(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit)
    results = [take(cast, asked) for _ in range(3)]
    assert [found.standing for found in results] == [LinkStanding.OPEN, LinkStanding.TAKEN, LinkStanding.TAKEN]
    assert [bool(found.key) for found in results] == [True, False, False]
    with cast.as_(cast.maya_user):
        seat = Participant.objects.get(id=asked.seat.id)
        assert bytes(seat.browser_hash) == services.secret_hash(results[0].key)
        assert selectors.links_of([seat])[seat.id].knocks == 2, "the clinician hears of the two others"
        outcomes = AuditEvent.objects.filter(action="visits.seat.take").order_by("sequence")
        assert list(outcomes.values_list("outcome", flat=True)) == ["0", "4", "4"]


def test_yesterdays_link_a_revoked_one_an_unknown_one_and_one_of_a_visit_that_is_over(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit)
    with time_machine.travel(clock.now() + timedelta(hours=24)):
        assert take(cast, asked).standing is LinkStanding.EXPIRED
    again = run(cast, services.ask_again, visit, asked.seat, link_to=link_to)
    assert take(cast, asked).standing is LinkStanding.REVOKED, "the new link ends the old one"
    assert take(cast, services.Asked(asked.seat, "/o/larkspur/join/unknown/")).standing is LinkStanding.REVOKED
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
    assert take(cast, again).standing is LinkStanding.OVER


def test_a_new_link_leaves_the_seat_to_the_browser_that_has_it_until_another_takes_it(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit, email="rosa.diaz@example.test")
    first = take(cast, asked)
    again = run(cast, services.ask_again, visit, asked.seat, link_to=link_to)
    with cast.as_(cast.maya_user):
        assert bytes(Participant.objects.get(id=asked.seat.id).browser_hash) == services.secret_hash(first.key)
        assert OutgoingMessage.objects.filter(template="visits/asked_in").count() == 2
    second = take(cast, again)
    assert second.standing is LinkStanding.OPEN and second.key != first.key
    with cast.as_(cast.maya_user):
        assert bytes(Participant.objects.get(id=asked.seat.id).browser_hash) == services.secret_hash(second.key)


# --------------------------------------------------------------------------------------------- lobby and room


def test_the_clinician_lets_in_sends_out_and_removes(cast: Cast, visit: Visit) -> None:
    asked = ask(cast, visit)
    take(cast, asked)
    for _ in range(2):
        run(cast, services.let_in, visit, asked.seat)
    assert standing(cast, asked.seat) is SeatStage.ROOM
    run(cast, services.send_to_lobby, visit, asked.seat)
    assert standing(cast, asked.seat) is SeatStage.LOBBY
    run(cast, services.let_in, visit, asked.seat)
    run(cast, services.remove, visit, asked.seat)
    assert standing(cast, asked.seat) is SeatStage.REMOVED
    assert take(cast, asked).standing is LinkStanding.REVOKED
    with pytest.raises(services.WrongStage):
        run(cast, services.let_in, visit, asked.seat)


@pytest.mark.parametrize("verb", ["let_in", "send_to_lobby", "remove", "ask_again", "permit"])
def test_only_the_clinician_runs_the_seats(cast: Cast, visit: Visit, verb: str) -> None:
    seat = ask(cast, visit).seat
    more: dict[str, Any] = {"ask_again": {"link_to": link_to}, "permit": {"wanted": EVERYTHING}}.get(verb, {})
    users = (cast.liz_user, cast.daniel_user, cast.grace_user, cast.admin_user)
    for actor in [cast.actor_of(user) for user in users] + [guest_of(cast, seat)]:
        with frames.begin(tenant_id=cast.larkspur.id, actor=actor), pytest.raises(services.NotAllowed):
            getattr(services, verb)(actor=actor, visit=visit, seat_id=seat.id, **more)
    run(cast, getattr(services, verb), visit, seat, **more)


def test_a_seat_of_another_visit_is_none_here(cast: Cast, visit: Visit) -> None:
    other = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    seat = ask(cast, other).seat
    with pytest.raises(services.NotAllowed):
        run(cast, services.let_in, visit, seat)


def test_four_fit_into_a_call_and_the_fifth_is_refused(cast: Cast, visit: Visit) -> None:
    seats = [ask(cast, visit, name=f"Guest {number}").seat for number in range(3)]
    for seat in seats[:2]:
        run(cast, services.let_in, visit, seat)
    with pytest.raises(services.RoomFull) as full:
        run(cast, services.let_in, visit, seats[2])
    assert full.value.most == 4
    run(cast, services.send_to_lobby, visit, seats[0])
    run(cast, services.let_in, visit, seats[2])


def test_chart_and_note_stay_with_colleagues_who_open_charts(cast: Cast, visit: Visit) -> None:
    guest = ask(cast, visit).seat
    nurse = ask(cast, visit, role=NURSE, user_id=cast.daniel_user.id).seat
    coach = ask(cast, visit, role=NURSE, user_id=cast.priya_user.id).seat
    given = [run(cast, services.permit, visit, seat, wanted=EVERYTHING) for seat in (guest, nurse, coach)]
    assert [(seat.see_chart, seat.write) for seat in given] == [(False, False), (True, True), (False, False)]
    assert all(seat.stay_without_patient for seat in given)


def test_who_may_not_stay_without_the_patient_goes_with_her(cast: Cast, visit: Visit) -> None:
    guest = ask(cast, visit).seat
    nurse = ask(cast, visit, role=NURSE, user_id=cast.daniel_user.id).seat
    for seat in (guest, nurse):
        run(cast, services.let_in, visit, seat)
    with cast.as_(cast.liz_user) as liz:
        Participant.objects.filter(visit=visit, role="patient").update(left_at=clock.now())
        services.part_without_patient(actor=liz, visit=visit)
    assert [standing(cast, seat) for seat in (guest, nurse)] == [SeatStage.LOBBY, SeatStage.ROOM]
    with pytest.raises(services.NotWithoutPatient):
        run(cast, services.let_in, visit, guest)
    run(cast, services.permit, visit, nurse, wanted=Permissions(speak=True))
    assert standing(cast, nurse) is SeatStage.LOBBY, "the leave to stay was taken back"
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.part_without_patient(actor=maya, visit=visit)


def test_who_waits_again_is_not_left_alone_with_a_guest(cast: Cast, visit: Visit) -> None:
    guest = ask(cast, visit).seat
    run(cast, services.let_in, visit, guest)
    with cast.as_(cast.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit)
    assert standing(cast, guest) is SeatStage.LOBBY


def test_the_patient_asks_for_a_private_moment(cast: Cast, visit: Visit) -> None:
    seats = [ask(cast, visit, name=f"Guest {number}").seat for number in range(3)]
    for seat in seats[:2]:
        run(cast, services.let_in, visit, seat)
    with cast.as_(cast.liz_user) as liz:
        assert {seat.id for seat in services.ask_away(actor=liz, visit=visit)} == {seat.id for seat in seats[:2]}
        assert [seat.id for seat in services.ask_away(actor=liz, visit=visit, seat_id=seats[2].id)] == [seats[2].id]
    assert standing(cast, seats[0]) is SeatStage.ROOM, "she asks; the clinician does it"
    run(cast, services.send_to_lobby, visit, seats[0])
    assert run(cast, services.let_in, visit, seats[0]).unwanted_at is None
    for actor in (cast.actor_of(cast.maya_user), guest_of(cast, seats[0])):
        with frames.begin(tenant_id=cast.larkspur.id, actor=actor), pytest.raises(services.NotAllowed):
            services.ask_away(actor=actor, visit=visit)


# ------------------------------------------------------------------------------------------------ what a guest is


def test_a_guest_is_nobody_but_in_her_seat(cast: Cast, visit: Visit) -> None:
    from webside.chart import selectors as chart
    from webside.scheduling import selectors as scheduling

    seat = ask(cast, visit).seat
    other = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    other_seat = ask(cast, other).seat
    run(cast, services.let_in, visit, seat)
    guest = guest_of(cast, seat)
    with frames.begin(tenant_id=cast.larkspur.id, actor=guest):
        assert selectors.seat(guest, seat.id) == seat
        assert selectors.seat(guest, other_seat.id) is None
        assert [selectors.has_seat(guest, each.id) for each in (visit, other)] == [True, False]
        assert selectors.visit(guest, visit.id) is None
        assert not selectors.hears(guest, visit.id), "what is news of a visit is not a guest's"
        assert policies.role_in(guest, visit) is None
        assert scheduling.appointment(guest, visit.id) is None
        assert chart.encounter_of_visit(guest, visit.id) is None


def test_who_was_asked_in_reads_and_writes_only_what_is_said_while_she_is_there(cast: Cast, visit: Visit) -> None:
    def write(actor: Actor, text: str) -> None:
        with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
            services.write_message(actor=actor, visit=visit, text=text, client_key=text)

    asked = ask(cast, visit)
    observer = ask(cast, visit, name="Sam Student", role=ParticipantRole.OBSERVER).seat
    maya, guest = cast.actor_of(cast.maya_user), guest_of(cast, asked.seat)
    write(maya, "before")
    with pytest.raises(services.NotAllowed):
        write(guest, "from the lobby")
    for seat in (asked.seat, observer):
        run(cast, services.let_in, visit, seat)
    write(maya, "with her")
    write(guest, "hello")
    with pytest.raises(services.NotAllowed):
        write(guest_of(cast, observer), "I only watch")
    run(cast, services.send_to_lobby, visit, asked.seat)
    write(maya, "alone")
    with cast.as_(cast.maya_user):
        lobby = selectors.seat_by_id(asked.seat.id)
        assert selectors.chat_of(visit, lobby) == []
        assert len(selectors.chat_of(visit)) == 4
    run(cast, services.let_in, visit, asked.seat)
    write(maya, "again")
    with cast.as_(cast.maya_user):
        lines = [line.text for line in selectors.chat_of(visit, selectors.seat_by_id(asked.seat.id))]
    assert lines == ["hello", "again"]


def test_the_chart_is_open_to_a_specialist_in_the_room_and_to_nobody_longer(cast: Cast, visit: Visit) -> None:
    """Shown failing without the look at who was let in, and with the note open to whoever reads the chart."""
    from webside.chart import policies as chart_policies
    from webside.chart import selectors as chart

    def sees() -> tuple[bool, bool, bool]:
        with cast.as_(cast.daniel_user) as daniel:
            encounter = chart.encounter(daniel, visit.encounter_id)
            may_write = encounter is not None and chart_policies.can_write_note(daniel, encounter)
            lists = chart_policies.can_change_lists(daniel, cast.liz)
            return chart.chart_of(daniel, cast.liz.id) is not None, may_write, lists

    seat = ask(cast, visit, role=ParticipantRole.SPECIALIST, user_id=cast.daniel_user.id).seat
    assert sees() == (False, False, False), "from the lobby nothing"
    run(cast, services.let_in, visit, seat)
    assert sees() == (True, False, False), "he reads, and neither writes nor changes lists"
    run(cast, services.permit, visit, seat, wanted=EVERYTHING)
    assert sees() == (True, True, False)
    with cast.as_(cast.daniel_user) as daniel:
        assert not chart_policies.can_sign_note(daniel, chart.encounter(daniel, visit.encounter_id))
    run(cast, services.permit, visit, seat, wanted=Permissions(speak=True))
    assert sees() == (False, False, False)
    run(cast, services.permit, visit, seat, wanted=EVERYTHING)
    run(cast, services.send_to_lobby, visit, seat)
    assert sees() == (False, False, False)
    run(cast, services.let_in, visit, seat)
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
    assert sees() == (False, False, False), "when the visit is over, so is the look"
