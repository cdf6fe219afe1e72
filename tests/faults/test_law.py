"""The law changes while a visit is under way: a licence ends at midnight, a consent is taken back.

What counts for a visit is when it began; what comes after is asked anew.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils.html import strip_tags

from webside.audit.models import AuditEvent
from webside.catalog import gates
from webside.chart import selectors as chart
from webside.chart import services as notes
from webside.chart.models import Condition, Encounter, Note
from webside.chart.tests.factories import PARTS
from webside.compliance import services as compliance
from webside.compliance.models import Consent, Licence
from webside.core import timers
from webside.outbox.models import OutboxEvent
from webside.scheduling.services import GatesStop
from webside.scheduling.tests.factories import book
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import Stage
from webside.visits.models import Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS

NEW_YORK = ZoneInfo("America/New_York")
LAST_DAY = date(2027, 3, 31)
BEFORE = datetime(2027, 3, 31, 23, 50, tzinfo=NEW_YORK)
AFTER = datetime(2027, 4, 1, 0, 20, tzinfo=NEW_YORK)


def _ends_at_midnight(cast: Cast) -> Licence:
    with cast.as_(cast.ingrid_user) as ingrid:
        licence = Licence.objects.get(practitioner=cast.maya, state="NY")
        return compliance.change_licence(actor=ingrid, licence=licence, period_end=LAST_DAY)


def _written(cast: Cast, visit: Visit) -> Encounter:
    """Write the whole note of a visit, seen on a document, with a diagnosis."""
    encounter = Encounter.objects.select_related("note", "service", "patient", "practitioner").get(
        id=visit.encounter_id
    )
    Note.objects.filter(encounter=encounter).update(**PARTS, mdm="moderate")
    Condition.objects.create(
        patient=cast.liz, encounter=encounter, category="encounter-diagnosis", code="E11.65",
        display="Type 2 diabetes mellitus with hyperglycemia",
    )  # fmt: skip
    encounter.refresh_from_db()
    return encounter


@pytest.fixture
def midnight() -> Any:
    """Stand at ten to midnight in New York; ``move_to`` goes on."""
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


def test_a_visit_begun_before_midnight_is_signed_after_it(cast: Cast, midnight: Any) -> None:
    """Shown failing with ``clock.now()`` instead of ``encounter.started_at`` in ``chart.selectors.sign_case``: the licence
    gate stops her, and what she did while she might stays unsigned."""
    _ends_at_midnight(cast)
    visit = factories.admitted(cast)
    midnight.move_to(AFTER)
    with cast.as_(cast.maya_user) as maya:
        visit = selectors.visit(maya, visit.id)
        services.confirm_identity(actor=maya, visit=visit)
        services.end_visit(actor=maya, visit=visit)
        encounter = _written(cast, visit)
        findings = gates.ask(chart.sign_case(encounter))
        assert {found.gate: found.outcome for found in findings}["licence"] == "pass"
        note = notes.sign_note(actor=maya, encounter=encounter)
        assert note.signed_at == AFTER
        trail = AuditEvent.objects.get(action="chart.note.sign")
        assert trail.changes["gates"]["licence"] == "pass"


def test_after_midnight_nobody_else_is_let_in_or_booked(cast: Cast, midnight: Any) -> None:
    """Shown failing with the visit judged at its booked time instead of now: the one who waits is let in."""
    _ends_at_midnight(cast)
    visit = factories.waiting(cast)
    midnight.move_to(AFTER)
    with cast.as_(cast.maya_user) as maya:
        refused = services.admit(actor=maya, visit=selectors.visit(maya, visit.id))
        assert [found.gate for found in refused.stopped_by] == ["licence"]
        assert selectors.stage_of(selectors.visit(maya, visit.id)) is Stage.STOPPED
        assert not Encounter.objects.exists()
    with cast.as_(cast.liz_user) as liz, pytest.raises(GatesStop):
        book(cast, liz, AFTER + timedelta(hours=9))


def test_the_end_is_announced_once_by_its_timer(cast: Cast, midnight: Any) -> None:
    """Shown failing with ``_watch`` taken out of ``change_licence``: nobody says anything at midnight."""
    licence = _ends_at_midnight(cast)
    timers.run_due()
    assert not OutboxEvent.objects.filter(name="compliance.LicenceExpired").exists()
    midnight.move_to(AFTER)
    for _ in range(2):
        timers.run_due()
    assert OutboxEvent.objects.get(name="compliance.LicenceExpired").payload == {"licence_id": str(licence.id)}


def test_the_page_of_the_visit_says_what_ended_and_goes_on(cast: Cast, midnight: Any, client: Client) -> None:
    """Shown failing with ``ends_during`` returning nothing: the strip shows the licence as good."""
    _ends_at_midnight(cast)
    visit = factories.admitted(cast)
    midnight.move_to(AFTER)
    answer = sign_in(client, cast.maya_user).get(f"/o/larkspur/visits/{visit.id}/gates/")
    text = " ".join(strip_tags(answer.content.decode()).split())
    assert answer.status_code == 200
    assert "ended meanwhile, this visit counts by its beginning; a new one needs it" in text


# ---- consent


@pytest.mark.parametrize(
    ("scope", "gate", "why"),
    [
        ("telehealth", "consent", "There is no consent to telehealth"),
        ("visit", "visit_consent", "The agreement to this visit was taken back"),
    ],
)
def test_consent_taken_back_while_she_waits_keeps_the_door_closed_and_says_why(
    cast: Cast, client: Client, scope: str, gate: str, why: str
) -> None:
    """Shown failing with each gate taken out of the moment *join*: she is let in."""
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user) as liz:
        compliance.withdraw_consent(
            actor=liz, consent=Consent.objects.get(patient=cast.liz, scope=scope, status="active")
        )
    with cast.as_(cast.maya_user) as maya:
        refused = services.admit(actor=maya, visit=selectors.visit(maya, visit.id))
        assert [found.gate for found in refused.stopped_by] == [gate]
        assert not Encounter.objects.exists()
    answer = sign_in(client, cast.liz_user).get(f"/o/larkspur/visits/{visit.id}/stopped/")
    assert answer.status_code == 200
    assert why in answer.content.decode()


def test_she_may_agree_again_and_is_let_in(cast: Cast) -> None:
    """Shown failing with a withdrawn consent counted as a refusal for ever."""
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user) as liz:
        for consent in Consent.objects.filter(patient=cast.liz, status="active"):
            compliance.withdraw_consent(actor=liz, consent=consent)
        services.complete_safe_start(actor=liz, visit=selectors.visit(liz, visit.id), answers=ANSWERS, agrees=True)
    with cast.as_(cast.maya_user) as maya:
        assert services.admit(actor=maya, visit=selectors.visit(maya, visit.id)).stopped_by == ()
