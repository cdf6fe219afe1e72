"""Who may see and write what. Each row of the matrix is a person; the columns are the doors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart import policies, selectors, services
from webside.chart.codes import ReadingSource
from webside.chart.models import Encounter
from webside.chart.services import NotAllowed
from webside.chart.tests import factories
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.people.models import Patient
from webside.scheduling.codes import AppointmentStatus
from webside.testing.cast import sign_in

HOST = {"HTTP_HOST": "localhost"}

# person: sees the note, the chart page, the summary; writes the note; signs it; changes the lists
MATRIX = {
    "maya_user": (True, True, True, True, True, True),
    "daniel_user": (False, False, False, False, False, False),
    "priya_user": (False, False, False, False, False, False),
    "liz_user": (False, False, True, False, False, False),
    "grace_user": (False, False, False, False, False, False),
    "marcus_user": (False, False, False, False, False, False),
    "ingrid_user": (False, False, False, False, False, False),
    "admin_user": (False, False, False, False, False, False),
}


@pytest.fixture
def visit(cast: Any) -> Encounter:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


def doors(cast: Any, actor: Actor, visit: Encounter) -> tuple[bool, ...]:
    return (
        selectors.encounter(actor, visit.id) is not None,
        selectors.chart_of(actor, cast.liz.id) is not None,
        selectors.summary(actor, visit.id) is not None,
        policies.can_write_note(actor, visit),
        policies.can_sign_note(actor, visit),
        policies.can_change_lists(actor, cast.liz),
    )


@pytest.mark.parametrize("who", MATRIX)
def test_the_matrix(cast: Any, visit: Encounter, who: str) -> None:
    with cast.as_(getattr(cast, who)) as actor:
        assert doors(cast, actor, visit) == MATRIX[who]


def test_a_colleague_who_treats_her_reads_and_writes_but_does_not_sign(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        factories.appointment(cast, practitioner=cast.daniel, start=clock.now() + timedelta(days=3))
        assert doors(cast, daniel, visit) == (True, True, True, True, False, True)


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW])
def test_an_appointment_that_does_not_hold_opens_nothing(cast: Any, visit: Encounter, status: str) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        factories.appointment(cast, practitioner=cast.daniel, start=clock.now() + timedelta(days=3), status=status)
        assert not any(doors(cast, daniel, visit))


def test_a_coach_sees_her_own_encounters_and_no_list(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.priya_user) as priya:
        own = factories.encounter(
            cast, practitioner=cast.priya, service=cast.coaching, started_at=clock.now() - timedelta(days=1)
        )
        chart = selectors.chart_of(priya, cast.liz.id)
        assert chart is not None
        assert [row.id for row in chart.encounters] == [own.id]
        assert chart.lists is None
        assert doors(cast, priya, visit) == (False, True, False, False, False, False)
        context = selectors.note_context(priya, own)
        assert context["lists"] is None and context["takes_diagnoses"] is False
        with pytest.raises(NotAllowed):
            services.add_diagnosis(actor=priya, encounter=own, code="I10")
        for change in (
            lambda: services.add_allergy(actor=priya, patient=cast.liz, substance="Sulfa"),
            lambda: services.add_medication(actor=priya, patient=cast.liz, medication="x"),
            lambda: services.add_problem(actor=priya, patient=cast.liz, display="x"),
            lambda: services.confirm_list(actor=priya, patient=cast.liz, code="allergies"),  # type: ignore[arg-type]
            lambda: services.add_vitals(actor=priya, patient=cast.liz, readings=[], source=ReadingSource.SAID),
        ):
            with pytest.raises(NotAllowed):
                change()


def test_nobody_diagnoses_in_a_coachs_encounter(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.priya_user):
        own = factories.encounter(
            cast, practitioner=cast.priya, service=cast.coaching, started_at=clock.now() - timedelta(days=1)
        )
    with cast.as_(cast.maya_user) as maya, pytest.raises(NotAllowed):
        services.add_diagnosis(actor=maya, encounter=own, code="I10")


def test_a_link_opens_the_summary_of_its_one_visit(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user):
        other = factories.encounter(cast, started_at=clock.now() - timedelta(days=9))
    link = Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=cast.larkspur.id, roles=frozenset({Role.PATIENT}),
        subject_id=visit.appointment_id,
    )  # fmt: skip
    identified = replace(link, identified=True)
    with cast.as_(cast.maya_user):
        assert doors(cast, identified, visit) == (False, False, True, False, False, False)
        assert selectors.summary(identified, other.id) is None
        assert not any(doors(cast, link, visit)), "a link alone opens nothing of the record"
        assert selectors.locked_summary(link, visit.id) == visit
        for actor, encounter in ((link, other), (identified, visit)):
            assert selectors.locked_summary(actor, encounter.id) is None


def test_a_patient_sees_nobody_elses_summary(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user):
        stranger = Patient.objects.create(
            record_number="LC-9", given="Ann", family="Other", birth_date=cast.liz.birth_date
        )
        foreign = factories.encounter(cast, patient=stranger, started_at=clock.now() - timedelta(days=2))
    with cast.as_(cast.liz_user) as liz:
        assert selectors.summary(liz, foreign.id) is None


def addresses(cast: Any, visit: Encounter) -> list[tuple[str, str, dict[str, str]]]:
    here, patient = ["larkspur", visit.id], ["larkspur", cast.liz.id]
    return [
        ("get", reverse("chart:patient-detail", args=patient), {}),
        ("get", reverse("chart:encounter-detail", args=here), {}),
        ("get", reverse("chart:encounter-sign", args=here), {}),
        ("post", reverse("chart:encounter-sign", args=here), {}),
        ("post", reverse("chart:note-save", args=here), {"version": "0", "plan": "x"}),
        ("post", reverse("chart:diagnosis-change", args=here), {"add": "I10"}),
        ("post", reverse("chart:diagnosis-search", args=here), {"q": "htn"}),
        ("post", reverse("chart:encounter-finish", args=here), {}),
        ("post", reverse("chart:encounter-override", args=here), {"gate": "diagnosis", "reason": "x"}),
        ("post", reverse("chart:addendum-add", args=here), {"text": "x"}),
        ("get", reverse("chart:encounter-summary", args=here), {}),
        ("get", reverse("chart:encounter-summary-pdf", args=here), {}),
        ("post", reverse("chart:list-add", args=[*patient, "allergies"]), {"text": "Sulfa"}),
        ("post", reverse("chart:list-end", args=[*patient, "allergies"]), {"entry": str(visit.id)}),
        ("post", reverse("chart:list-restore", args=[*patient, "allergies"]), {"entry": str(visit.id)}),
        ("post", reverse("chart:list-confirm", args=[*patient, "allergies"]), {}),
        ("post", reverse("chart:vitals-add", args=patient), {"weight": "80", "source": "said"}),
    ]


@pytest.mark.parametrize("who", ["mallory_user", "marcus_user", "grace_user", "admin_user"])
def test_every_address_is_not_found_for_who_has_no_business_there(cast: Any, visit: Encounter, who: str) -> None:
    client = sign_in(Client(), getattr(cast, who))
    for method, url, data in addresses(cast, visit):
        assert getattr(client, method)(url, data, **HOST).status_code == 404, url
    with cast.as_(cast.maya_user):
        assert not AuditEvent.objects.filter(actor_label=str(getattr(cast, who)), action__startswith="chart.").filter(
            outcome="success"
        )


def test_the_patient_reaches_only_her_summary(cast: Any, visit: Encounter) -> None:
    client = sign_in(Client(), cast.liz_user)
    for method, url, data in addresses(cast, visit):
        expected = 200 if url.endswith("/summary/") else 404
        assert getattr(client, method)(url, data, **HOST).status_code == expected, url
