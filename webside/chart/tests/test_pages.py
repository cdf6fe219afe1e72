"""The pages: what they cost, what they show, and what the patient takes home."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.catalog import services as catalog
from webside.chart import selectors, services
from webside.chart.codes import ListCode, ReadingSource
from webside.chart.models import Condition, Encounter, MedicationStatement, Note, Observation
from webside.chart.tests import factories
from webside.core import clock
from webside.testing.cast import sign_in
from webside.testing.queries import page_queries
from webside.testing.spanish import left_in_english

HOST = {"HTTP_HOST": "localhost"}
SPANISH = {"Accept-Language": "es"}
NASTY = '<script>alert(1)</script> #strong[x] $1^2$ \\ =SUM(A1) @cite 1. "q"'


def read(client: Client, name: str, *args: Any) -> tuple[Any, list[str]]:
    with page_queries() as queries:
        answer = client.get(reverse(name, args=["larkspur", *args]), **HOST)
    return answer, queries


@pytest.fixture
def ten_years(cast: Any) -> Any:
    """A record of ten years: an encounter with two diagnoses and vital signs every four weeks."""
    with cast.as_(cast.maya_user):
        for month in range(130):
            at = clock.now() - timedelta(days=28 * (month + 1))
            encounter = factories.encounter(cast, started_at=at, status="finished", ended_at=at + timedelta(minutes=20))
            factories.diagnosis(encounter)
            factories.diagnosis(encounter, "I10", "Essential (primary) hypertension", 2)
            for code, display, unit in (("8480-6", "Blood pressure (upper)", "mm[Hg]"), ("29463-7", "Weight", "kg")):
                Observation.objects.create(
                    patient=cast.liz, encounter=encounter, code=code, display=display, unit=unit,
                    value=Decimal(80 + month % 20), effective_at=at,
                )  # fmt: skip
        for number in range(12):
            Condition.objects.create(patient=cast.liz, code=f"I{number + 10}", display=f"Problem {number}")
    return cast.liz


def test_the_chart_of_ten_years_costs_eight_queries(cast: Any, ten_years: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    answer, queries = read(client, "chart:patient-detail", ten_years.id)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert len(queries) <= 8, "\n".join(queries)
    assert "Type 2 diabetes mellitus with hyperglycemia" in text
    assert "Problem 11" in text
    assert "?before=" in text
    before = text.split("?before=")[1].split('"')[0]
    earlier = client.get(reverse("chart:patient-detail", args=["larkspur", ten_years.id]) + f"?before={before}", **HOST)
    assert earlier.status_code == 200
    assert earlier.content.decode().count("chart:encounter") == 0
    assert (
        client.get(reverse("chart:patient-detail", args=["larkspur", ten_years.id]) + "?before=x", **HOST).status_code
        == 200
    )


def test_reading_a_chart_is_in_the_trail_with_its_ground(cast: Any, ten_years: Any) -> None:
    read(sign_in(Client(), cast.maya_user), "chart:patient-detail", ten_years.id)
    with cast.as_(cast.ingrid_user):
        row = AuditEvent.objects.get(action="chart.patient.read")
        assert (row.ground, row.patient_id, row.actor_label) == ("treating", ten_years.id, "Dr. Maya Chen")


def test_the_encounter_page_costs_little(cast: Any, ten_years: Any) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast, parts=factories.PARTS, started_at=clock.now() - timedelta(hours=3))
    _, queries = read(sign_in(Client(), cast.maya_user), "chart:encounter-detail", encounter.id)
    assert len(queries) <= 8, "\n".join(queries)


def test_lists_of_notes_and_patients(cast: Any, ten_years: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    for name in ("chart:note-list", "chart:patient-list"):
        answer, queries = read(client, name)
        assert answer.status_code == 200
        assert "Liz Moreno" in answer.content.decode()
        assert len(queries) <= 8, "\n".join(queries)
    found = client.post(reverse("chart:patient-list", args=["larkspur"]), {"q": "mor li"}, **HOST)
    assert "LC-20418" in found.content.decode()
    found = client.post(reverse("chart:patient-list", args=["larkspur"]), {"q": "nobody"}, **HOST)
    assert "LC-20418" not in found.content.decode()
    assert client.get(reverse("chart:patient-list", args=["larkspur"]), **HOST).status_code == 200
    assert (
        sign_in(Client(), cast.grace_user).get(reverse("chart:patient-list", args=["larkspur"]), **HOST).status_code
        == 404
    )


def test_a_coach_sees_no_diagnoses_and_no_lists(cast: Any) -> None:
    with cast.as_(cast.priya_user):
        own = factories.encounter(cast, practitioner=cast.priya, service=cast.coaching)
    text = read(sign_in(Client(), cast.priya_user), "chart:encounter-detail", own.id)[0].content.decode()
    assert "Diagnoses" not in text
    assert 'id="chart-lists"' not in text
    assert "Decision-making" not in text
    assert 'name="objective"' not in text, "a coach examines nobody"
    assert 'name="plan"' in text


# ---------------------------------------------------------------------------------------------- summary


@pytest.fixture
def signed(cast: Any, own_gates: Any, all_codes: None) -> Encounter:
    with cast.as_(cast.maya_user) as maya:
        texts = {**factories.PARTS, "patient_summary": NASTY, "patient_instructions": f"{NASTY}\nMeasure each morning."}
        encounter = factories.encounter(cast, parts=texts)
        services.add_diagnosis(actor=maya, encounter=encounter, code="E11.65")
        services.add_medication(actor=maya, patient=cast.liz, medication=NASTY, dosage="twice a day")
        services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.MEDICATIONS)
        services.add_vitals(
            actor=maya, patient=cast.liz, encounter=encounter, source=ReadingSource.SAID,
            readings=[("systolic", "mm[Hg]", Decimal(131)), ("diastolic", "mm[Hg]", Decimal(79))],
        )  # fmt: skip
        services.finish_encounter(actor=maya, encounter=encounter)
        services.sign_note(actor=maya, encounter=encounter)
        return encounter


def test_before_the_signature_she_reads_that_it_is_being_written(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast, parts={**factories.PARTS, "patient_summary": "A secret draft"})
    client = sign_in(Client(), cast.liz_user)
    answer, _ = read(client, "chart:encounter-summary", encounter.id)
    assert answer.status_code == 200
    assert "still writing" in answer.content.decode()
    assert "secret draft" not in answer.content.decode()
    assert read(client, "chart:encounter-summary-pdf", encounter.id)[0].status_code == 404
    # Her doctor may look at what it will be.
    preview = read(sign_in(Client(), cast.maya_user), "chart:encounter-summary", encounter.id)[0].content.decode()
    assert "A secret draft" in preview and "Not before you sign" in preview


def test_the_summary_says_what_to_do_in_plain_words(cast: Any, signed: Encounter) -> None:
    answer, queries = read(sign_in(Client(), cast.liz_user), "chart:encounter-summary", signed.id)
    text = answer.content.decode()
    for words in (
        "What you do", "Measure each morning.", "What we do", "We look at your numbers each day.",
        "Type 2 diabetes with high blood sugar", "131/79", "Your medicines now",
        "Prescriptions and orders for tests are not on this page", "When to get help", "Call 911",
        "Your sugar is above 300 or below 70.", "signed by", "Dr. Maya Chen",
    ):  # fmt: skip
        assert words in text, words
    assert "<script>alert" not in text
    assert factories.PARTS["assessment"] not in text, "what was written for colleagues stays with them"
    assert len(queries) <= 12, "\n".join(queries)
    with cast.as_(cast.ingrid_user):
        assert AuditEvent.objects.filter(action="chart.summary.read", ground="own record").count() == 1


def test_what_is_written_after_the_signature_is_no_part_of_the_summary(cast: Any, signed: Encounter) -> None:
    chart = f"/o/larkspur/patients/{cast.liz.id}"
    maya = sign_in(Client(), cast.maya_user)
    answer = maya.post(
        f"{chart}/vitals/", {"encounter": str(signed.id), "systolic": "222", "diastolic": "111", "source": "said"}
    )
    assert answer.status_code == 302
    with cast.as_(cast.maya_user) as actor:
        kept = Observation.objects.get(value=222)
        assert kept.encounter_id is None, "it is in the chart, and not of the visit that was signed"
        services.add_medication(actor=actor, patient=cast.liz, medication="Lisinopril", dosage="10 mg")
        old = MedicationStatement.objects.exclude(medication="Lisinopril").get()
        services.end_entry(actor=actor, patient=cast.liz, code=ListCode.MEDICATIONS, entry_id=old.id)
    after = read(sign_in(Client(), cast.liz_user), "chart:encounter-summary", signed.id)[0].content.decode()
    assert "131/79" in after and "222/111" not in after
    assert "Lisinopril" not in after and "twice a day" in after


def test_what_was_stopped_before_the_signature_stays_out_whatever_becomes_of_it(cast: Any, own_gates: Any) -> None:
    """Taken up again after the signature, and stopped again: each touches the row, and neither was so that day."""
    code = ListCode.MEDICATIONS
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts=factories.PARTS)
        warfarin, metformin = (
            services.add_medication(actor=maya, patient=cast.liz, medication=name) for name in ("Warfarin", "Metformin")
        )
        services.end_entry(actor=maya, patient=cast.liz, code=code, entry_id=warfarin.id)
        encounter.note.status, encounter.note.signed_at, encounter.note.signed_by = "final", clock.now(), cast.maya
        encounter.note.save()
        steps = [
            lambda: services.end_entry(actor=maya, patient=cast.liz, code=code, entry_id=metformin.id),
            lambda: services.restore_entry(actor=maya, patient=cast.liz, code=code, entry_id=warfarin.id),
            lambda: services.end_entry(actor=maya, patient=cast.liz, code=code, entry_id=warfarin.id),
        ]
        for step in [lambda: None, *steps]:
            step()
            found = selectors.summary(maya, encounter.id)
            assert found is not None
            assert [row.medication for row in found.medications] == ["Metformin"]


def test_nothing_confirmed_later_is_said_by_a_signed_summary(cast: Any, own_gates: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts=factories.PARTS)
        encounter.note.status, encounter.note.signed_at, encounter.note.signed_by = "final", clock.now(), cast.maya
        encounter.note.save()
        services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.MEDICATIONS)
    text = read(sign_in(Client(), cast.liz_user), "chart:encounter-summary", encounter.id)[0].content.decode()
    assert "You take no medicines." not in text
    assert "We have not made a list of your medicines yet." in text


def test_the_pdf_holds_the_text_and_is_accessible(cast: Any, signed: Encounter) -> None:
    answer, _ = read(sign_in(Client(), cast.liz_user), "chart:encounter-summary-pdf", signed.id)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "Moreno" not in answer["Content-Disposition"]
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    text = " ".join(page.extract_text() for page in reader.pages)
    flat = " ".join(text.split())
    for words in ("Your visit with Dr. Maya Chen", "Liz Moreno", "Measure each morning.", "Call 911",
                  "Blood pressure: 131/79 mmHg", "Type 2 diabetes with high blood sugar"):  # fmt: skip
        assert words in flat, words
    # What was typed is text on paper, not markup.
    assert "<script>alert(1)</script> #strong[x] $1^2$" in flat
    assert "=SUM(A1) @cite 1." in flat
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert b"pdfuaid" in answer.content


def test_the_summary_and_its_pdf_speak_spanish(cast: Any, signed: Encounter) -> None:
    client = sign_in(Client(), cast.liz_user)
    page = client.get(reverse("chart:encounter-summary", args=["larkspur", signed.id]), headers=SPANISH)
    paper = client.get(reverse("chart:encounter-summary-pdf", args=["larkspur", signed.id]), headers=SPANISH)
    reader = pypdf.PdfReader(io.BytesIO(paper.content))
    text = "\n".join(each.extract_text() for each in reader.pages)
    assert reader.trailer["/Root"]["/Lang"] == "es"
    assert "Su consulta con Dr. Maya Chen" in " ".join(text.split()), text
    assert left_in_english(text) == []
    words = re.sub(
        r"<(script|style|template).*?</\1>", "", page.content.decode().partition("<main")[2], flags=re.DOTALL
    )
    assert left_in_english(re.sub(r"<[^>]+>", "\n", unescape(words))) == []


def test_the_summary_and_its_pdf_name_the_service_in_her_language(cast: Any, signed: Encounter) -> None:
    client = sign_in(Client(), cast.liz_user)

    def texts(headers: dict[str, str]) -> list[str]:
        page = client.get(reverse("chart:encounter-summary", args=["larkspur", signed.id]), headers=headers)
        paper = client.get(reverse("chart:encounter-summary-pdf", args=["larkspur", signed.id]), headers=headers)
        reader = pypdf.PdfReader(io.BytesIO(paper.content))
        return [page.content.decode(), " ".join(each.extract_text() for each in reader.pages)]

    own = cast.video_visit.name
    assert all(own in text for text in texts(SPANISH)), "where nothing is said in Spanish"
    with cast.as_(cast.admin_user) as admin:
        catalog.translate_service(
            actor=admin, service=cast.video_visit, translations={"es": {"name": "Consulta de hoy"}}
        )
    assert all("Consulta de hoy" in text and own not in text for text in texts(SPANISH))
    assert all(own in text and "Consulta de hoy" not in text for text in texts({}))


@pytest.mark.parametrize("name", ["Zoë Łukasiewicz", "王小明", "Анна", "مريم", "😀"])
def test_every_name_gets_a_pdf(cast: Any, signed: Encounter, name: str) -> None:
    with cast.as_(cast.maya_user):
        type(cast.liz).objects.filter(id=cast.liz.id).update(given=name)
    answer, _ = read(sign_in(Client(), cast.liz_user), "chart:encounter-summary-pdf", signed.id)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")


def test_the_sign_page_leads_to_what_is_missing(cast: Any, own_gates: Any) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast, parts={"subjective": NASTY})
    client = sign_in(Client(), cast.maya_user)
    answer, _ = read(client, "chart:encounter-sign", encounter.id)
    text = answer.content.decode()
    note = reverse("chart:encounter-detail", args=["larkspur", encounter.id])
    for words in (f"{note}#part-assessment", f"{note}#diagnoses", "Close the encounter", "For law", "For payment",
                  'aria-disabled="true"'):  # fmt: skip
        assert words in text, words
    assert "<script>alert" not in text
    client.post(reverse("chart:encounter-finish", args=["larkspur", encounter.id]), **HOST)
    with cast.as_(cast.maya_user):
        assert Encounter.objects.get(id=encounter.id).status == "finished"
        assert Note.objects.get(encounter=encounter).status == "preliminary"
