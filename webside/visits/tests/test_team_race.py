"""Two press at once about the team's meeting: let in and taken back, opened twice. Real threads, real transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import Cast, make_cast
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, Relation, Stage
from webside.visits.models import Participant, TeamMeeting, Visit
from webside.visits.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def _as(cast: Cast, user: Any, do: Callable[..., Any], visit: Visit, **given: Any) -> Callable[[], Any]:
    def job() -> Any:
        with cast.as_(user) as actor:
            return do(actor=actor, visit=visit, **given)

    return job


def test_let_in_while_her_yes_is_taken_back_family_is_not_there_afterwards() -> None:
    cast = make_cast()
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        services.meet_team(actor=maya, visit=visit)
        given = {"role": ParticipantRole.FAMILY, "name": "Ana Moreno", "relation": Relation.CHILD}
        ana = services.ask_in(actor=maya, visit=visit, link_to=lambda token: f"/{token}/", **given).seat
    with cast.as_(cast.liz_user) as liz:
        services.answer_apart(actor=liz, visit=visit, seat_id=ana.id, agrees=True)
    results = at_once(
        _as(cast, cast.maya_user, services.let_in, visit, seat_id=ana.id),
        _as(cast, cast.liz_user, services.withdraw_apart, visit, seat_id=ana.id),
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(each, services.NotWithoutPatient) for each in refused), results
    with cast.as_(cast.maya_user):
        assert Participant.objects.get(id=ana.id).admitted_at is None, "whoever came first"


def test_opened_twice_it_is_one_and_opened_while_she_is_let_in_it_is_over() -> None:
    cast = make_cast()
    visit = factories.waiting(cast)
    meet = _as(cast, cast.maya_user, services.meet_team, visit)
    assert [result.id for result in at_once(meet, meet)] == [visit.id, visit.id]
    with cast.as_(cast.maya_user):
        assert TeamMeeting.objects.filter(ended_at=None).count() == 1
    results = at_once(meet, _as(cast, cast.maya_user, services.admit, visit))
    assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, services.WrongStage)]
    with cast.as_(cast.maya_user):
        found = selectors.by_id(visit.id)
        assert (selectors.stage_of(found), selectors.meets(found)) == (Stage.ROOM, False)


def _full_meeting(cast: Cast, visit: Visit, people: int) -> list[Participant]:
    """Let the team meet, and so many be asked in who may be there without the patient."""
    with cast.as_(cast.maya_user) as maya:
        services.meet_team(actor=maya, visit=visit)
        return [
            services.ask_in(
                actor=maya, visit=visit, role=ParticipantRole.PRESENTER, name=f"Presenter {n}", link_to=lambda token: f"/{token}/"
            ).seat
            for n in range(people)
        ]  # fmt: skip


def _inside(cast: Cast, visit: Visit) -> set[str]:
    with cast.as_(cast.maya_user):
        return {seat.name for seat in selectors.guests_inside(selectors.by_id(visit.id))}


def test_let_in_while_a_third_is_let_in_the_call_never_holds_five() -> None:
    """Whoever comes first: either the third isn't in, or the patient isn't, since nobody was named to make room."""
    cast = make_cast()
    visit = factories.waiting(cast)
    seats = _full_meeting(cast, visit, 3)
    for seat in seats[:2]:
        _as(cast, cast.maya_user, services.let_in, visit, seat_id=seat.id)()
    results = at_once(
        _as(cast, cast.maya_user, services.let_in, visit, seat_id=seats[2].id),
        _as(cast, cast.maya_user, services.admit, visit),
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(each) for each in refused] == [services.RoomFull], results
    with cast.as_(cast.maya_user):
        came = selectors.by_id(visit.id).admitted_at is not None
    assert len(_inside(cast, visit)) + came == 3
    assert {"Presenter 0", "Presenter 1"} <= _inside(cast, visit), "nobody was sent out unasked"


def test_two_presses_that_name_different_people_send_one_out() -> None:
    cast = make_cast()
    visit = factories.waiting(cast)
    seats = _full_meeting(cast, visit, 3)
    for seat in seats:
        _as(cast, cast.maya_user, services.let_in, visit, seat_id=seat.id)()
    results = at_once(
        *(_as(cast, cast.maya_user, services.admit, visit, makes_room=seat.id) for seat in seats[:2])
    )  # fmt: skip
    assert not [each for each in results if isinstance(each, Exception)], results
    assert len(_inside(cast, visit)) == 2 and "Presenter 2" in _inside(cast, visit)


def test_two_who_take_the_same_turn_at_once_are_one() -> None:
    cast = make_cast()
    visit = factories.waiting(cast)
    seats = _full_meeting(cast, visit, 5)
    for seat in seats[:3]:
        _as(cast, cast.maya_user, services.let_in, visit, seat_id=seat.id)()
    results = at_once(
        *(
            _as(cast, cast.maya_user, services.let_in, visit, seat_id=seat.id, makes_room=seats[0].id)
            for seat in seats[3:]
        )
    )
    assert [type(each) for each in results if isinstance(each, Exception)] == [services.RoomFull], results
    assert {"Presenter 1", "Presenter 2"} < _inside(cast, visit) and len(_inside(cast, visit)) == 3
