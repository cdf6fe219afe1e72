"""Each change of each resource is one more version, whose bytes say which resource they are.

A story makes a resource and changes it, through the services of its app; where no service changes
it yet, through the one way that services take themselves (``_changed``). It gives the resource's id
after each step.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from webside.billing import services as billing
from webside.billing.models import Payer
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.catalog.codes import Kind, Modality
from webside.chart import services as chart
from webside.chart.codes import ListCode, ReadingSource
from webside.chart.models import Encounter
from webside.chart.tests import factories
from webside.compliance import services as compliance
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit import registry
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body, write_version
from webside.people import services as people
from webside.scheduling import services as scheduling
from webside.scheduling.tests.factories import book, some_slots
from webside.testing.cast import Cast

Story = Callable[[Cast], Iterator[UUID]]
CHARTS_GATES = {"note_complete", "diagnosis", "patient_summary"}

pytestmark = pytest.mark.django_db


def _changed(row: Any, **values: Any) -> UUID:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    write_version(row)
    return UUID(str(row.id))


def patient(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.grace_user) as grace:
        made = people.register_patient(actor=grace, given="Nora", family="Quist", birth_date=date(1988, 2, 29))
        yield made.id
        yield people.change_patient(actor=grace, patient=made, city="Hudson").id


def practitioner(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.admin_user) as admin:
        made = people.add_practitioner(actor=admin, given="Ada", family="Lund", profession="nurse")
        yield made.id
        yield _changed(made, phone="518-555-0161")


def related_person(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.grace_user) as grace:
        made = people.add_related_person(actor=grace, patient=cast.liz, name="Rafael Moreno", relationship="husband")
        yield made.id
        yield _changed(made, phone="845-555-0177")


def service(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.admin_user) as admin:
        made = catalog.add_service(
            actor=admin, name="Video visit, short", kind=Kind.TELEMEDICINE, modality=Modality.VIDEO,
            summary="Ten minutes by video.", professions=["physician"],
        )  # fmt: skip
        yield made.id
        yield _changed(made, duration_minutes=10)


def consent(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.liz_user) as liz:
        made = compliance.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
        yield made.id
        yield compliance.withdraw_consent(actor=liz, consent=made).id


def appointment(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.liz_user) as liz:
        first, later = some_slots(cast, practitioner=cast.maya)[:2]
        made = book(cast, liz, first.start)
        yield made.id
        yield scheduling.move_appointment(actor=liz, appointment=made, start=later.start).id
        yield scheduling.cancel_appointment(actor=liz, appointment=made).id


def encounter(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.maya_user) as maya:
        made = _started(cast, maya)
        yield made.id
        yield chart.finish_encounter(actor=maya, encounter=made).id


def note(cast: Cast) -> Iterator[UUID]:
    """Write a note, which leaves no version; sign it, and add to it."""
    with cast.as_(cast.maya_user) as maya:
        visit = _started(cast, maya)
        draft = chart.save_note(actor=maya, encounter=visit, fields=factories.PARTS, revision=0, key="a")
        draft = chart.save_note(actor=maya, encounter=visit, fields={"plan": "Rest."}, revision=draft.revision, key="a")
        assert not _versions(draft.id), "what is saved as it is typed is no version"
        factories.diagnosis(visit)
        chart.finish_encounter(actor=maya, encounter=visit)
        yield chart.sign_note(actor=maya, encounter=visit).id
        yield chart.add_addendum(actor=maya, encounter=visit, text="She called: all is well.").note_id


def diagnosis(cast: Cast) -> Iterator[UUID]:
    factories.load_codes("E11")
    with cast.as_(cast.maya_user) as maya:
        visit = _started(cast, maya)
        chart.save_note(actor=maya, encounter=visit, fields=factories.PARTS, revision=0)
        made = chart.add_diagnosis(actor=maya, encounter=visit, code="E11.65")
        yield made.id
        chart.finish_encounter(actor=maya, encounter=visit)
        chart.sign_note(actor=maya, encounter=visit)
        yield made.id


def removed_diagnosis(cast: Cast) -> Iterator[UUID]:
    factories.load_codes("E11")
    with cast.as_(cast.maya_user) as maya:
        visit = _started(cast, maya)
        made = chart.add_diagnosis(actor=maya, encounter=visit, code="E11.65").id
        yield made
        chart.remove_diagnosis(actor=maya, encounter=visit, diagnosis_id=made)
        yield made


@contextmanager
def _treating(cast: Cast) -> Iterator[Actor]:
    """Open a frame of Maya's, who treats Liz."""
    with cast.as_(cast.maya_user) as maya:
        factories.appointment(cast)
        yield maya


def problem(cast: Cast) -> Iterator[UUID]:
    with _treating(cast) as maya:
        made = chart.add_problem(actor=maya, patient=cast.liz, display="Worn knee").entry
        yield from _ended_and_restored(cast, maya, ListCode.PROBLEMS, made.id)


def allergy(cast: Cast) -> Iterator[UUID]:
    with _treating(cast) as maya:
        made = chart.add_allergy(actor=maya, patient=cast.liz, substance="Penicillin", reaction="Rash").entry
        yield from _ended_and_restored(cast, maya, ListCode.ALLERGIES, made.id)


def medication(cast: Cast) -> Iterator[UUID]:
    with _treating(cast) as maya:
        made = chart.add_medication(actor=maya, patient=cast.liz, medication="Metformin")
        yield from _ended_and_restored(cast, maya, ListCode.MEDICATIONS, made.id)


def _ended_and_restored(cast: Cast, actor: Actor, code: ListCode, entry_id: UUID) -> Iterator[UUID]:
    yield entry_id
    yield chart.end_entry(actor=actor, patient=cast.liz, code=code, entry_id=entry_id).id
    yield chart.restore_entry(actor=actor, patient=cast.liz, code=code, entry_id=entry_id).id


def confirmed_list(cast: Cast) -> Iterator[UUID]:
    with _treating(cast) as maya:
        yield chart.confirm_list(actor=maya, patient=cast.liz, code=ListCode.ALLERGIES).id
        yield chart.confirm_list(actor=maya, patient=cast.liz, code=ListCode.ALLERGIES).id


def observation(cast: Cast) -> Iterator[UUID]:
    with _treating(cast) as maya:
        ((made,), _unusual) = chart.add_vitals(
            actor=maya, patient=cast.liz, readings=[("weight", "kg", Decimal("85.2"))], source=ReadingSource.MEASURED
        )
        yield made.id
        yield _changed(made, value=Decimal("58.2"))


def picture(cast: Cast) -> Iterator[UUID]:
    """She agrees to a picture, and takes it back."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(out, "JPEG")
    with cast.as_(cast.maya_user) as maya:
        opened = _started(cast, maya)
    origin = chart.Origin(source_id=uuid4(), taken_at=clock.now(), taken_by="Liz Moreno", body_site="left forearm")
    with cast.as_(cast.liz_user) as liz:
        kept = chart.keep_document(
            actor=liz, encounter=opened, content=out.getvalue(), origin=origin, agreed_by="Liz Moreno"
        )
        yield kept.id
        yield chart.withdraw_document(actor=liz, document=kept).id


def care_plan(cast: Cast) -> Iterator[UUID]:
    """Make a plan, add a step, do it, agree, close."""
    with _treating(cast) as maya:
        made = chart.make_plan(actor=maya, patient=cast.liz, title="Your new hip", key="a")
        yield made.id
        step = chart.add_step(actor=maya, plan=made, draft=chart.StepDraft("Walk each day", "patient"), key="b")
        yield made.id
        chart.finish_step(actor=maya, step=step)
        yield made.id
        chart.agree_on_plan(actor=maya, plan=made)
        yield made.id
        yield chart.close_plan(actor=maya, plan=made, reason="She walks", reached=True).id


def coverage(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.marcus_user) as marcus:
        payer = Payer.objects.create(name="Medicare", kind="medicare")
        made = billing.add_coverage(actor=marcus, patient=cast.liz, payer=payer, member_id="1EG4")
        yield made.id
        yield _changed(made, period_end=clock.now().date())


def claim(cast: Cast) -> Iterator[UUID]:
    with cast.as_(cast.marcus_user) as marcus:
        made = billing.draft_claim(actor=marcus, encounter=factories.encounter(cast, parts=factories.PARTS))
        yield made.id
        yield billing.review_claim(actor=marcus, claim=made).id


STORIES: dict[str, tuple[Story, ...]] = {
    "AllergyIntolerance": (allergy,),
    "Appointment": (appointment,),
    "CarePlan": (care_plan,),
    "Claim": (claim,),
    "Composition": (note,),
    "Condition": (problem, diagnosis, removed_diagnosis),
    "Consent": (consent,),
    "Coverage": (coverage,),
    "DocumentReference": (note,),
    "Encounter": (encounter,),
    "HealthcareService": (service,),
    "List": (confirmed_list,),
    "Media": (picture,),
    "MedicationStatement": (medication,),
    "Observation": (observation,),
    "Patient": (patient,),
    "Practitioner": (practitioner,),
    "RelatedPerson": (related_person,),
}
DELETING = {removed_diagnosis}
SIGNING = {note, diagnosis}


def _started(cast: Cast, actor: Actor) -> Encounter:
    booked = factories.appointment(cast, start=clock.now() - timedelta(minutes=5))
    return chart.start_encounter(
        actor=actor, appointment=booked, visit_id=booked.id, location="home", location_state="NY"
    )


def _versions(resource_id: UUID, **which: str) -> list[ResourceVersion]:
    return list(ResourceVersion.objects.filter(resource_id=resource_id, **which).order_by("version"))


def _without_a_story() -> set[str]:
    return {handler.resource_type for handler in registry.handlers()} ^ STORIES.keys()


@pytest.mark.parametrize(
    ("resource_type", "story"),
    [
        pytest.param(resource_type, story, id=f"{resource_type}-{story.__name__}")
        for resource_type, stories in STORIES.items()
        for story in stories
    ],
)
def test_each_change_is_one_more_version(
    cast: Cast, resource_type: str, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    if story in SIGNING:  # what other apps ask before a note is signed has its own tests
        charts = {name: gate for name, gate in gates._gates.items() if name in CHARTS_GATES}
        monkeypatch.setattr(gates, "_gates", charts)
    steps = 0
    for steps, resource_id in enumerate(story(cast), start=1):
        found = _versions(resource_id, resource_type=resource_type)
        assert [each.version for each in found] == list(range(1, steps + 1))
        assert [each.deleted for each in found[:-1]] == [False] * (steps - 1)
        for each in found:
            body = json.loads(read_body(each))
            assert (body["resourceType"], body["id"]) == (resource_type, str(resource_id))
            assert (body["meta"]["versionId"], "lastUpdated" in body["meta"]) == (str(each.version), True)
    assert steps > 1
    with cast.as_(cast.admin_user):
        assert _versions(resource_id, resource_type=resource_type)[-1].deleted is (story in DELETING)


def test_each_registered_type_has_a_story() -> None:
    assert _without_a_story() == set()


def test_a_new_type_without_a_story_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_by_model", dict(registry._by_model))
    registry.register("Immunization", object, dict)
    assert _without_a_story() == {"Immunization"}
