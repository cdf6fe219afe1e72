"""Who gets into a room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role
from webside.core.ids import uuid7
from webside.realtime.services import TopicRefused, mint_ticket
from webside.testing.cast import Cast
from webside.visits import policies, selectors
from webside.visits.codes import ParticipantRole
from webside.visits.tests import factories


def _link(cast: Cast, subject: object) -> Actor:
    return Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=cast.larkspur.id, roles=frozenset({Role.PATIENT}),
        subject_id=subject,
    )  # fmt: skip


def test_its_two_people_see_a_visit_and_nobody_else(cast: Cast) -> None:
    visit = factories.planned(cast)
    seen = {}
    for name in ("liz", "maya", "daniel", "priya", "grace", "marcus", "ingrid", "admin"):
        with cast.as_(getattr(cast, f"{name}_user")) as actor:
            seen[name] = selectors.visit(actor, visit.id) is not None
            assert (policies.role_in(actor, visit) is not None) is seen[name]
    assert {name for name, sees in seen.items() if sees} == {"liz", "maya"}


def test_a_link_opens_its_one_visit_only(cast: Cast) -> None:
    later = clock.now() + timedelta(hours=3)
    visit, other = factories.planned(cast), factories.planned(cast, starts=later)
    link = _link(cast, visit.appointment_id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=link):
        assert selectors.visit(link, visit.id) == visit
        assert policies.role_in(link, visit) is ParticipantRole.PATIENT
        assert selectors.visit(link, other.id) is None


def test_the_other_tenant_finds_nothing_with_the_id_in_hand(cast: Cast) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.mallory_user) as mallory:
        assert selectors.visit(mallory, visit.id) is None
        assert selectors.call_facts_of(visit.id) is None
        for topic in (f"visit:{visit.id}", f"visit-news:{visit.id}"):
            with pytest.raises(TopicRefused):
                mint_ticket(actor=mallory, topics=[topic])


def test_tickets_go_to_the_two_people_and_news_to_the_front_desk_too(cast: Cast) -> None:
    visit = factories.planned(cast)
    allowed = set()
    for name in ("liz", "maya", "daniel", "grace", "ingrid"):
        with cast.as_(getattr(cast, f"{name}_user")) as actor:
            for topic in ("visit", "visit-news"):
                try:
                    mint_ticket(actor=actor, topics=[f"{topic}:{visit.id}"])
                except TopicRefused:
                    continue
                allowed.add((name, topic))
    assert allowed == {
        ("liz", "visit"), ("liz", "visit-news"), ("maya", "visit"), ("maya", "visit-news"), ("grace", "visit-news"),
    }  # fmt: skip


def test_a_visit_that_was_never_opened_is_not_found(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        assert selectors.visit(liz, uuid7()) is None
