"""The picture that everybody in a visit looks at: shown, drawn on, taken back, and who may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from webside.audit.models import AuditEvent
from webside.core import frames
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import Ink, ParticipantRole, Shape
from webside.visits.models import Mark, SharedFile, Visit
from webside.visits.services import pictures
from webside.visits.tests import factories
from webside.visits.tests.test_files import PDF, picture, send, url
from webside.visits.tests.test_seats import ask, guest_of, run, take

LINE = [0, 0, 5000, 5000, 10000, 0]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def visit(cast: Cast) -> Visit:
    return factories.admitted(cast)


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(), cast.liz_user)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


@pytest.fixture
def sent(cast: Cast, visit: Visit, liz: Client) -> str:
    """Return the id of a picture that Liz has sent."""
    return str(send(liz, visit, picture()).json()["id"])


def do(client: Client, visit: Visit, what: str, **fields: Any) -> Any:
    return client.post(url("visit-picture", visit.id), {"do": what} | fields)


def mark(shape: str = "pen", ink: str = "yellow", points: Any = LINE, key: Any = None) -> dict[str, str]:
    return {"key": str(key or uuid4()), "shape": shape, "ink": ink, "points": json.dumps(points)}


def state(client: Client, visit: Visit) -> Any:
    return client.get(url("visit-picture", visit.id)).json()


def test_both_draw_and_who_comes_late_finds_it_as_it_is(
    cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str
) -> None:
    assert state(maya, visit) == {"picture": None, "marks": []}
    assert do(liz, visit, "show", picture=sent).status_code == 200
    seen = state(maya, visit)
    assert seen["picture"] == {
        "id": sent, "url": url("visit-file", visit.id, sent), "width": 40, "height": 30, "name": "wound.jpg",
        "shown_by": "Liz Moreno", "own": False,
    }  # fmt: skip
    drawn = do(maya, visit, "draw", picture=sent, **mark("arrow", "blue", [1, 2, 3, 4]))
    do(liz, visit, "draw", picture=sent, **mark())
    assert [(each["shape"], each["own"]) for each in drawn.json()["marks"]] == [("arrow", True)]
    late = sign_in(Client(), cast.liz_user)
    assert [(each["ink"], each["points"], each["own"], each["who"]) for each in state(late, visit)["marks"]] == [
        ("blue", [1, 2, 3, 4], False, "Dr. Maya Chen"), ("yellow", LINE, True, "Liz Moreno"),
    ]  # fmt: skip
    assert do(maya, visit, "hide").json() == {"picture": None, "marks": []}
    do(maya, visit, "show", picture=sent)
    assert len(state(liz, visit)["marks"]) == 2, "what is drawn stays with its picture"
    with cast.as_(cast.maya_user):
        rows = AuditEvent.objects.filter(action__startswith="visits.picture.").order_by("sequence")
        assert [row.action.rpartition(".")[2] for row in rows] == ["show", "draw", "draw", "hide", "show"]
        assert {row.patient_id for row in rows} == {cast.liz.id}


def test_a_mark_is_drawn_once_and_taken_back_by_who_drew_it(visit: Visit, liz: Client, maya: Client, sent: str) -> None:
    do(liz, visit, "show", picture=sent)
    one = mark()
    for _ in range(2):  # the answer was lost
        assert len(do(liz, visit, "draw", picture=sent, **one).json()["marks"]) == 1
    do(maya, visit, "undo", picture=sent, key=one["key"])
    assert len(state(liz, visit)["marks"]) == 1, "nobody takes back what another one drew"
    for _ in range(2):
        assert do(liz, visit, "undo", picture=sent, key=one["key"]).json()["marks"] == []
    assert do(liz, visit, "draw", picture=sent, **one).json()["marks"] == [], "what was taken back doesn't come again"
    do(liz, visit, "draw", picture=sent, **mark())
    do(maya, visit, "draw", picture=sent, **mark())
    assert do(maya, visit, "clear", picture=sent).json()["marks"] == [], "all of it"


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": "[]"}, {"points": "[1, 2]"}, {"points": "[1, 2, 3]"}, {"points": "[0, 0, 10001, 1]"},
        {"points": "[0, 0, -1, 1]"}, {"points": "[0, 0, 1.5, 1]"}, {"points": "[0, 0, true, 1]"},
        {"points": "[0, 0, NaN, 1]"}, {"points": "{}"}, {"points": "nothing"}, {"points": "[" * 5000},
        {"points": json.dumps([1] * 1002)}, {"shape": "arrow"}, {"shape": "circle"}, {"ink": "green"}, {"key": "x"},
    ],
)  # fmt: skip
def test_what_is_no_mark_is_refused(cast: Cast, visit: Visit, liz: Client, sent: str, wrong: dict[str, str]) -> None:
    do(liz, visit, "show", picture=sent)
    answer = do(liz, visit, "draw", picture=sent, **(mark() | wrong))
    assert answer.status_code == 422 and "Draw it again" in answer.json()["error"]["text"]
    assert do(liz, visit, "paint", picture=sent).status_code == 422
    with cast.as_(cast.maya_user):
        assert not Mark.objects.exists()


@given(st.lists(st.integers(-1, pictures.SIDE + 1), max_size=8))
def test_a_line_is_pairs_within_the_picture(points: list[int]) -> None:
    right = len(points) in (4, 6, 8) and all(0 <= each <= pictures.SIDE for each in points)
    assert pictures.is_mark(Shape.PEN, points) == right
    assert pictures.is_mark(Shape.ARROW, points) == (right and len(points) == 4)


def test_a_picture_is_full(visit: Visit, liz: Client, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_MARKS", 3)
    do(liz, visit, "show", picture=sent)
    for _ in range(3):
        assert do(liz, visit, "draw", picture=sent, **mark()).status_code == 200
    full = do(liz, visit, "draw", picture=sent, **mark())
    assert full.status_code == 409 and "3 marks" in full.json()["error"]["text"]


def test_only_a_picture_of_this_visit_that_is_there_is_shown(
    cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str
) -> None:
    letter = send(liz, visit, PDF, name="a.pdf").json()["id"]
    assert do(maya, visit, "show", picture=letter).status_code == 409
    assert do(maya, visit, "show", picture=uuid4()).status_code == 409
    do(maya, visit, "show", picture=sent)
    other = send(liz, visit, picture()).json()["id"]
    assert do(maya, visit, "draw", picture=other, **mark()).status_code == 409, "another one is shown by now"
    liz.post(url("visit-file-remove", visit.id, sent))
    assert state(maya, visit)["picture"] is None, "its sender has taken it back"
    assert do(maya, visit, "draw", picture=sent, **mark()).status_code == 409
    with cast.as_(cast.maya_user) as actor:
        services.end_visit(actor=actor, visit=selectors.visit(actor, visit.id))
    assert do(maya, visit, "show", picture=other).status_code == 410


def test_who_was_asked_in_sees_what_is_shown_and_draws_if_she_may_speak(
    cast: Cast, visit: Visit, liz: Client, sent: str
) -> None:
    do(liz, visit, "show", picture=sent)
    speaks, listens = ask(cast, visit), ask(cast, visit, name="Sam Lee", role=ParticipantRole.OBSERVER)
    for asked in (speaks, listens):
        take(cast, asked)
        run(cast, services.let_in, visit, asked.seat)

    def sees(asked: services.Asked) -> bool:
        with cast.as_(cast.maya_user):
            seat, file = selectors.seat_by_id(asked.seat.id), SharedFile.objects.get()
            board = selectors.board_of(visit, seat)
            assert (board is not None) == (selectors.shared_file(visit, seat, file.id) is not None)
            return board is not None

    assert not sees(speaks), "it was shown and sent before she came"
    do(liz, visit, "show", picture=sent)
    assert sees(speaks) and sees(listens)
    for asked, may in ((speaks, True), (listens, False)):
        actor = guest_of(cast, asked.seat)
        with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
            drawn = {
                "actor": actor, "visit": visit, "shared_id": SharedFile.objects.get().id, "client_key": uuid4(),
                "shape": Shape.PEN, "ink": Ink.RED, "points": LINE,
            }  # fmt: skip
            if may:
                services.draw(**drawn)
            else:
                with pytest.raises(services.NotAllowed):
                    services.draw(**drawn)


def test_what_draws_comes_with_the_first_picture(visit: Visit, liz: Client, maya: Client) -> None:
    for client in (liz, maya):
        assert "data-picture-do" not in client.get(url("visit-room", visit.id)).content.decode()
        panel = client.get(url("visit-picture", visit.id), headers={"Accept": "text/html"}).content.decode()
        assert 'data-picture-do="still"' in panel and "data-board" in panel


@pytest.mark.parametrize("who", ["daniel", "grace", "ingrid", "mallory"])
def test_nobody_else_sees_or_draws(cast: Cast, visit: Visit, liz: Client, sent: str, who: str) -> None:
    do(liz, visit, "show", picture=sent)
    other = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert other.get(url("visit-picture", visit.id)).status_code == 404
    assert other.get(url("visit-picture", visit.id), headers={"Accept": "text/html"}).status_code == 404
    assert do(other, visit, "draw", picture=sent, **mark()).status_code == 404
