"""From the safe start to the signature, and after it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.catalog import gates
from webside.catalog.gates import Case, Finding, Moment
from webside.chart import selectors, services
from webside.chart.models import Condition, Encounter, Note
from webside.chart.services import Conflict, Invalid, NotAllowed, NoteClosed, NotReady
from webside.chart.tests import factories
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.outbox.models import OutboxEvent
from webside.testing.cast import sign_in

HOST = {"HTTP_HOST": "localhost"}
pytestmark = pytest.mark.usefixtures("own_gates")


@pytest.fixture(scope="module", autouse=True)
def few_codes(all_codes: None) -> None:
    """The table of diagnoses is there."""


@pytest.fixture
def visit(cast: Any) -> Encounter:
    """A written note of a closed encounter with a diagnosis: ready to be signed."""
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts=factories.PARTS)
        services.add_diagnosis(actor=maya, encounter=encounter, code="e11.65")
        services.finish_encounter(actor=maya, encounter=encounter)
        return encounter


def bodies(resource_type: str) -> list[dict[str, Any]]:
    rows = ResourceVersion.objects.filter(resource_type=resource_type).order_by("created_at", "version")
    return [json.loads(read_body(row)) for row in rows]


def published(name: str) -> int:
    return OutboxEvent.objects.filter(name=name).count()


def test_an_encounter_starts_once(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        booked = factories.appointment(cast)
        start = {"actor": maya, "appointment": booked, "visit_id": booked.id, "location": "home"}
        first = services.start_encounter(**start, location_state="NY")
        again = services.start_encounter(**start, location_state="NJ")
        assert first.id == again.id
        assert (again.location_state, Note.objects.count()) == ("NJ", 1)
        assert [body["status"] for body in bodies("Encounter")] == ["in-progress", "in-progress"]
        services.finish_encounter(actor=maya, encounter=again)
        assert services.start_encounter(**start, location_state="OR").location_state == "NJ", "what is closed stays"
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(NotAllowed):
        services.start_encounter(actor=daniel, appointment=booked, visit_id=None, location="home", location_state="NY")


def test_an_encounter_is_closed_once(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        ended = services.finish_encounter(actor=maya, encounter=visit).ended_at
        assert services.finish_encounter(actor=maya, encounter=visit).ended_at == ended
        assert published("chart.EncounterFinished") == 1


def test_signing_writes_the_record_and_tells_once(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        note = services.sign_note(actor=maya, encounter=visit, revision=len(factories.PARTS))
        assert (note.status, note.signed_by_id) == ("final", cast.maya.id)
        composition = bodies("Composition")
        assert len(composition) == 1
        assert composition[0]["status"] == "final"
        assert composition[0]["attester"][0]["mode"] == "legal"
        assert [section["title"] for section in composition[0]["section"]][:4] == [
            "Subjective Narrative", "Objective Narrative", "Evaluation note", "Plan of care note",
        ]  # fmt: skip
        statuses = [body["verificationStatus"]["coding"][0]["code"] for body in bodies("Condition")]
        assert statuses == ["provisional", "confirmed"]
        assert bodies("Encounter")[-1]["diagnosis"][0]["condition"]["display"].startswith("E11.65")
        assert published("chart.NoteSigned") == 1

        again = services.sign_note(actor=maya, encounter=visit)
        assert again.signed_at == note.signed_at
        assert len(bodies("Composition")) == 1
        assert published("chart.NoteSigned") == 1
        trail = AuditEvent.objects.filter(action="chart.note.sign").order_by("at")
        assert [row.ground for row in trail] == ["own encounter", "signed already"]
        assert trail[0].changes["gates"]["note_complete"] == "pass"


def test_what_is_missing_is_named_and_stops(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts={"subjective": "Cough."})
        with pytest.raises(NotReady) as caught:
            services.sign_note(actor=maya, encounter=encounter)
        codes = {reason.code for finding in caught.value.findings for reason in finding.reasons}
        assert codes == {"note.missing.assessment", "note.missing.plan", "encounter.open", "diagnosis.missing"}
        assert Note.objects.get().status == "preliminary"
        assert published("chart.NoteSigned") == 0
        assert not bodies("Composition")


def test_a_coach_signs_without_a_diagnosis(cast: Any) -> None:
    with cast.as_(cast.priya_user) as priya:
        encounter = factories.encounter(
            cast, practitioner=cast.priya, service=cast.coaching, status="finished",
            parts={"subjective": "Sleeps badly.", "plan": "A walk each day."},
        )  # fmt: skip
        assert services.sign_note(actor=priya, encounter=encounter).status == "final"
        asked = {
            finding.gate
            for column in selectors.sign_columns(selectors.sign_case(encounter))
            for finding in column.findings
        }
        assert "diagnosis" not in asked


def test_law_and_payment_are_asked_as_well(cast: Any, visit: Encounter, own_gates: dict[str, Any]) -> None:
    asked: list[Case] = []

    def licence(case: Case) -> Finding:
        asked.append(case)
        return Finding("licence", "law", "stop", "No licence in NY.")

    def broken(case: Case) -> Finding:
        raise RuntimeError("payer is down")

    gates.register("licence", licence, moments={Moment.SIGN}, kinds={"telemedicine"}, area="law", overridable=False,
                   title="Licence")  # type: ignore[arg-type]  # fmt: skip
    gates.register("cover", broken, moments={Moment.SIGN}, kinds={"telemedicine"}, area="payment", overridable=True,
                   title="Cover")  # type: ignore[arg-type]  # fmt: skip
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(NotReady) as caught:
            services.sign_note(actor=maya, encounter=visit)
        assert [finding.gate for finding in caught.value.findings] == ["licence"], "what payment can't check waits"
        assert (asked[0].state, asked[0].at) == ("NY", visit.started_at), "the place and time of the visit, not of now"
        columns = {column.area: column for column in selectors.sign_columns(selectors.sign_case(visit))}
        assert len(columns["law"].stops) == 1
        assert (columns["payment"].findings[0].outcome, columns["payment"].open) == ("not_checked", 1)


def test_a_gate_that_may_be_passed_is_passed_with_a_reason(
    cast: Any, visit: Encounter, own_gates: dict[str, Any]
) -> None:
    def identity(case: Case) -> Finding:
        return Finding("identity_document", "law", "stop", "No document was seen.")

    gates.register("identity_document", identity, moments={Moment.SIGN}, kinds={"telemedicine"}, area="law",
                   overridable=True, title="Identity")  # type: ignore[arg-type]  # fmt: skip
    client = sign_in(Client(), cast.maya_user)
    page = reverse("chart:encounter-sign", args=["larkspur", visit.id])
    assert "Go on, with a reason" in client.get(page, **HOST).content.decode()
    assert client.post(page, {"version": len(factories.PARTS)}, **HOST).status_code == 409
    over = reverse("chart:encounter-override", args=["larkspur", visit.id])
    client.post(over, {"gate": "identity_document", "reason": " "}, **HOST)
    assert client.post(page, {"version": len(factories.PARTS)}, **HOST).status_code == 409
    client.post(over, {"gate": "diagnosis", "reason": "because"}, **HOST)  # may never be passed over
    client.post(over, {"gate": "identity_document", "reason": "Known to me for years."}, **HOST)
    assert "Known to me for years." in client.get(page, **HOST).content.decode()
    assert client.post(page, {"version": len(factories.PARTS)}, **HOST).status_code == 302
    with cast.as_(cast.maya_user):
        assert Note.objects.get(encounter=visit).status == "final"
        assert AuditEvent.objects.get(action="chart.note.sign").changes["overridden"] == ["identity_document"]


def test_what_was_not_read_is_not_signed(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(Conflict):
            services.sign_note(actor=maya, encounter=visit, revision=0)
        assert Note.objects.get(encounter=visit).status == "preliminary"
    client = sign_in(Client(), cast.maya_user)
    page = client.post(reverse("chart:encounter-sign", args=["larkspur", visit.id]), {"version": "0"}, **HOST)
    assert page.status_code == 409
    assert "since you looked" in page.content.decode()


def test_after_signing_there_are_only_addenda(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(Invalid):
            services.add_addendum(actor=maya, encounter=visit, text="Too early")
        diagnosis = selectors.diagnoses_of(visit)[0]
        signed = services.sign_note(actor=maya, encounter=visit)
        for change in (
            lambda: services.add_diagnosis(actor=maya, encounter=visit, code="I10"),
            lambda: services.remove_diagnosis(actor=maya, encounter=visit, diagnosis_id=diagnosis.id),
            lambda: services.order_diagnoses(actor=maya, encounter=visit, first=diagnosis.id),
            lambda: services.save_note_part(
                actor=maya, encounter=visit, part="plan", text="x", revision=signed.revision
            ),
        ):
            with pytest.raises(NoteClosed):
                change()
        with pytest.raises(Invalid):
            services.add_addendum(actor=maya, encounter=visit, text="  ")
        services.add_addendum(actor=maya, encounter=visit, text="The lab <called>.")
        note = Note.objects.get(encounter=visit)
        assert (note.status, note.plan) == ("amended", factories.PARTS["plan"])
        last = bodies("Composition")[-1]
        assert last["status"] == "amended"
        assert "The lab &lt;called&gt;." in last["section"][-1]["text"]["div"]
    text = (
        sign_in(Client(), cast.maya_user)
        .get(reverse("chart:encounter-detail", args=["larkspur", visit.id]), **HOST)
        .content.decode()
    )
    assert "The lab &lt;called&gt;." in text
    assert "<textarea" in text and 'name="plan"' not in text


# -------------------------------------------------------------------------------------------- diagnoses


def test_diagnoses_are_added_ordered_and_removed(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast)
        first = services.add_diagnosis(actor=maya, encounter=encounter, code="E11.65")
        assert services.add_diagnosis(actor=maya, encounter=encounter, code="E11.65").id == first.id
        second = services.add_diagnosis(actor=maya, encounter=encounter, code="I10")
        assert [row.code for row in selectors.diagnoses_of(encounter)] == ["E11.65", "I10"]
        services.order_diagnoses(actor=maya, encounter=encounter, first=second.id)
        assert [row.code for row in selectors.diagnoses_of(encounter)] == ["I10", "E11.65"]
        services.remove_diagnosis(actor=maya, encounter=encounter, diagnosis_id=second.id)
        services.remove_diagnosis(actor=maya, encounter=encounter, diagnosis_id=second.id)
        assert [row.code for row in selectors.diagnoses_of(encounter)] == ["E11.65"]
        assert ResourceVersion.objects.filter(resource_type="Condition", deleted=True).count() == 1


@pytest.mark.parametrize("code", ["E11", "E11.6", "ZZZ", "", "<b>"])
def test_a_code_that_is_none_or_only_a_group_is_refused(cast: Any, code: str) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast)
        with pytest.raises(Invalid):
            services.add_diagnosis(actor=maya, encounter=encounter, code=code)
        assert not Condition.objects.exists()


def test_without_javascript_the_form_finds_and_adds(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast)
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:note-save", args=["larkspur", encounter.id])
    page = client.post(url, {"version": "0", "plan": "Typed and not saved yet.", "q": "htn", "find": "1"}, **HOST)
    assert page.status_code == 200
    assert 'name="add" value="I10"' in page.content.decode()
    assert client.post(url, {"version": "1", "add": "I10"}, **HOST).status_code == 302
    with cast.as_(cast.maya_user):
        assert Note.objects.get(encounter=encounter).plan == "Typed and not saved yet."
        assert [row.code for row in selectors.diagnoses_of(encounter)] == ["I10"]


def test_the_combobox_is_answered(cast: Any, visit: Encounter) -> None:
    client = sign_in(Client(), cast.maya_user)
    here = ["larkspur", visit.id]
    found = client.post(reverse("chart:diagnosis-search", args=here), {"q": "t2 diab high sug"}, **HOST).json()
    assert found == {
        "found": [{"code": "E11.65", "display": "Type 2 diabetes mellitus with hyperglycemia", "on_list": False}]
    }
    change = reverse("chart:diagnosis-change", args=here)
    assert "I10" in client.post(change, {"add": "I10"}, **HOST).content.decode()
    refused = client.post(change, {"add": "E11"}, **HOST)
    assert refused.status_code == 422
    assert "group of codes" in refused.content.decode()


def test_minutes_that_are_none_come_back_to_the_signature_with_what_was_chosen(cast: Any, visit: Encounter) -> None:
    client = sign_in(Client(), cast.maya_user)
    save = reverse("chart:note-save", args=["larkspur", visit.id])
    sign = reverse("chart:encounter-sign", args=["larkspur", visit.id])
    with cast.as_(cast.maya_user):
        revision = Note.objects.get(encounter=visit).revision
    typed = {"mdm": "high", "total_minutes": "abc<b>", "version": str(revision), "next": sign}
    answer = client.post(save, typed, **HOST)
    assert answer["Location"] == f"{sign}#facts"
    text = client.get(sign, **HOST).content.decode()
    assert 'value="abc&lt;b&gt;" aria-invalid="true"' in text
    assert 'id="note-minutes-error" role="alert"' in text
    assert '<option value="high" selected>' in text
    again = client.get(sign, **HOST).content.decode()
    assert "note-minutes-error" not in again, "it is said once"
    with cast.as_(cast.maya_user):
        note = Note.objects.get(encounter=visit)
        assert (note.revision, note.total_minutes) == (revision, None), "nothing was kept"
    # Mended, it is kept.
    assert client.post(save, {**typed, "total_minutes": "40"}, **HOST)["Location"] == sign
    with cast.as_(cast.maya_user):
        assert Note.objects.get(encounter=visit).total_minutes == 40
    # The address of the form, opened by itself, leads to the note.
    page = reverse("chart:encounter-detail", args=["larkspur", visit.id])
    assert client.get(save, **HOST)["Location"] == page
    assert sign_in(Client(), cast.mallory_user).get(save, **HOST).status_code == 404


def test_what_was_typed_before_one_signature_is_not_shown_at_another(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user):
        other = factories.encounter(cast, parts=factories.PARTS, started_at=visit.started_at - timedelta(days=3))
    client = sign_in(Client(), cast.maya_user)
    sign = reverse("chart:encounter-sign", args=["larkspur", visit.id])
    typed = {"mdm": "high", "total_minutes": "many-many", "version": "0", "next": sign}
    answer = client.post(reverse("chart:note-save", args=["larkspur", visit.id]), typed, **HOST)
    assert answer["Location"] == f"{sign}#facts"
    text = client.get(reverse("chart:encounter-sign", args=["larkspur", other.id]), **HOST).content.decode()
    assert "many-many" not in text
