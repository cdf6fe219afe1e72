"""The lists that last and vital signs by hand."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart import selectors, services
from webside.chart.codes import ListCode, ReadingSource
from webside.chart.models import AllergyIntolerance, Condition, List, MedicationStatement, Observation
from webside.chart.services import Invalid
from webside.chart.tests import factories
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.people.models import Patient
from webside.testing.cast import sign_in

HOST = {"HTTP_HOST": "localhost"}


@pytest.fixture
def liz(cast: Any, all_codes: None) -> Any:
    with cast.as_(cast.maya_user):
        factories.appointment(cast)
    return cast.liz


def test_not_asked_is_not_nothing_known(cast: Any, liz: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    page = reverse("chart:patient-detail", args=["larkspur", liz.id])
    assert client.get(page, **HOST).content.decode().count("Not asked yet") == 4  # the banner and three lists
    client.post(reverse("chart:list-confirm", args=["larkspur", liz.id, "allergies"]), **HOST)
    text = client.get(page, **HOST).content.decode()
    assert text.count("Not asked yet") == 2
    assert "No known allergies" in text
    with cast.as_(cast.maya_user) as maya:
        assert List.objects.get().empty_reason == "nilknown"
        services.add_allergy(actor=maya, patient=liz, substance="Sulfa", reaction="hives", criticality="high")
        assert List.objects.get().empty_reason == "", "what was nothing known has an entry now"


def test_entries_are_added_once_ended_and_put_back(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        first = services.add_allergy(actor=maya, patient=liz, substance="Sulfa").entry
        again = services.add_allergy(actor=maya, patient=liz, substance=" sulfa ", reaction="hives").entry
        assert (first.id, AllergyIntolerance.objects.get().reaction) == (again.id, "hives")
        metformin = services.add_medication(actor=maya, patient=liz, medication="Metformin", dosage="twice a day")
        problem = services.add_problem(actor=maya, patient=liz, code="I10").entry
        assert services.add_problem(actor=maya, patient=liz, code="i10").before == problem
        for code, entry in (
            (ListCode.ALLERGIES, first), (ListCode.MEDICATIONS, metformin), (ListCode.PROBLEMS, problem),
        ):  # fmt: skip
            services.end_entry(actor=maya, patient=liz, code=code, entry_id=entry.id)
        lists = selectors.lists_of(liz)
        assert not lists.allergies and not lists.medications and not lists.problems
        assert [row.medication for row in lists.past_medications] == ["Metformin"]
        services.restore_entry(actor=maya, patient=liz, code=ListCode.MEDICATIONS, entry_id=metformin.id)
        assert [row.medication for row in selectors.lists_of(liz).medications] == ["Metformin"]
        versions = ResourceVersion.objects.filter(resource_type="MedicationStatement").count()
        assert versions == 3
        with pytest.raises(Invalid):
            services.end_entry(actor=maya, patient=liz, code=ListCode.ALLERGIES, entry_id=metformin.id)


def test_a_diagnosis_of_a_visit_is_no_entry_of_the_list(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, started_at=liz.created_at)
        diagnosis = factories.diagnosis(encounter)
        with pytest.raises(Invalid):
            services.end_entry(actor=maya, patient=liz, code=ListCode.PROBLEMS, entry_id=diagnosis.id)
        assert not selectors.lists_of(liz).problems


def test_vital_signs_are_all_kept_or_none(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(Invalid) as caught:
            services.add_vitals(
                actor=maya, patient=liz,
                readings=[("weight", "kg", Decimal("85")), ("systolic", "mm[Hg]", Decimal("1310"))], source=ReadingSource.SAID,
            )  # fmt: skip
        assert list(caught.value.errors) == ["systolic"]
        assert not Observation.objects.exists()
        rows, unusual = services.add_vitals(
            actor=maya, patient=liz, source=ReadingSource.SHOWN,
            readings=[("systolic", "mm[Hg]", Decimal("131")), ("diastolic", "mm[Hg]", Decimal("79")),
                      ("body_temp", "[degF]", Decimal("98.6"))],
        )  # fmt: skip
        assert [(row.code, row.unit) for row in rows] == [
            ("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]"), ("8310-5", "[degF]"),
        ]  # fmt: skip
        shown = {trend.label: (trend.value, trend.unit, trend.source) for trend in selectors.lists_of(liz).trends}
        assert shown == {
            "Blood pressure": ("131/79", "mmHg", "read off her device"), "Temperature": ("98.6", "°F", "read off her device"),
        }  # fmt: skip
        assert unusual == []


def test_what_is_unusual_is_kept_and_said_so_that_it_is_asked_once_more(cast: Any, liz: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:vitals-add", args=["larkspur", liz.id])
    typed = {"heart_rate": "240", "source": "said"}
    beside = client.post(url, typed, HTTP_HX_REQUEST="true", **HOST).content.decode()
    assert "240" in beside and "is unusual. Please look once more." in beside and "said by the patient" in beside
    alone = client.post(url, typed, follow=True, **HOST).content.decode()
    assert "is unusual. Please look once more." in alone
    with cast.as_(cast.maya_user):
        assert {row.source for row in Observation.objects.all()} == {"said"}


@pytest.mark.parametrize("source", ["", "heard", "<b>"])
def test_nobody_keeps_a_value_without_saying_how_it_is_known(cast: Any, liz: Any, source: str) -> None:
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:vitals-add", args=["larkspur", liz.id])
    answer = client.post(url, {"heart_rate": "72", "source": source}, HTTP_HX_REQUEST="true", **HOST)
    assert answer.status_code == 422
    assert "Say how you know these values." in answer.content.decode() and 'value="72"' in answer.content.decode()
    with cast.as_(cast.maya_user):
        assert not Observation.objects.exists()


@pytest.mark.parametrize("typed", ["abc", "1e9", "NaN", "Infinity", "12345678901", "-5", "999"])
def test_a_number_that_is_none_is_said_beside_the_form(cast: Any, liz: Any, typed: str) -> None:
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:vitals-add", args=["larkspur", liz.id])
    answer = client.post(url, {"heart_rate": typed, "source": "said"}, HTTP_HX_REQUEST="true", **HOST)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()
    with cast.as_(cast.maya_user):
        assert not Observation.objects.exists()


def test_beside_a_call_only_the_lists_come_back(cast: Any, liz: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:list-add", args=["larkspur", liz.id, "allergies"])
    answer = client.post(url, {"text": "<b>Sulfa</b>", "more": "=HYPERLINK(1)"}, HTTP_HX_REQUEST="true", **HOST)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in text and 'id="chart-lists"' in text
    assert "<b>Sulfa</b>" not in text and "&lt;b&gt;Sulfa&lt;/b&gt;" in text
    assert client.post(url, {"text": " "}, HTTP_HX_REQUEST="true", **HOST).status_code == 422


def test_one_form_ends_any_entry_of_a_list(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        added = [services.add_allergy(actor=maya, patient=liz, substance=name).entry for name in ("Latex", "Sulfa")]
    client = sign_in(Client(), cast.maya_user)
    text = client.get(reverse("chart:patient-detail", args=["larkspur", liz.id]), **HOST).content.decode()
    end = reverse("chart:list-end", args=["larkspur", liz.id, "allergies"])
    assert text.count(f'<form id="end-allergies" hidden method="post" action="{end}"') == 1
    for allergy in added:
        assert f'type="submit" form="end-allergies" name="entry" value="{allergy.id}"' in text
    assert "end-problems" not in text, "an empty list has nothing to end"


def test_without_javascript_ending_can_be_undone(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        allergy = services.add_allergy(actor=maya, patient=liz, substance="Sulfa").entry
    client = sign_in(Client(), cast.maya_user)
    end = reverse("chart:list-end", args=["larkspur", liz.id, "allergies"])
    page = client.post(end, {"entry": str(allergy.id), "next": "https://evil.example/"}, follow=True, **HOST)
    text = page.content.decode()
    undo = reverse("chart:list-restore", args=["larkspur", liz.id, "allergies"]) + f"?entry={allergy.id}"
    assert page.redirect_chain[0][0].startswith(f"/o/larkspur/patients/{liz.id}/")
    assert undo in text
    client.post(undo, **HOST)
    with cast.as_(cast.maya_user):
        assert AllergyIntolerance.objects.get().clinical_status == "active"


def test_rows_that_come_as_one_array_are_what_the_orm_reads(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast)
        factories.diagnosis(encounter)
        Condition.objects.create(patient=cast.liz, display="Falls", onset_date=date(2020, 2, 29))
        AllergyIntolerance.objects.create(patient=cast.liz, substance="Penicillin “G”, 1/2")
        MedicationStatement.objects.create(patient=cast.liz, medication="Metformin", started_on=date(2024, 1, 1))
        reading = Observation.objects.create(
            patient=cast.liz, code="8310-5", display="Temperature", value=Decimal("98.6"), unit="F"
        )
        List.objects.create(patient=cast.liz, code="allergies", confirmed_by="Dr. Maya Chen")
        kept = selectors.kept_of(cast.liz.id, encounter.id)
        rows = [*kept.allergies, *kept.medications, *kept.problems, *kept.confirmed, *kept.diagnoses]
        assert len(rows) == 5
        for row in rows:
            read = type(row).objects.get(id=row.id)
            known = [field for field in row._meta.concrete_fields if field.attname not in row.get_deferred_fields()]
            assert len(known) >= 4
            for field in known:
                here, there = getattr(row, field.attname), getattr(read, field.attname)
                assert (here, type(here)) == (there, type(there)), field
        (taken,) = kept.readings
        assert taken == ("8310-5", "Temperature", Decimal("98.6"), "F", reading.effective_at, "")
        assert taken.effective_at.tzinfo is not None
        assert selectors.kept_of(cast.liz.id).diagnoses == []


# ------------------------------------------------------------------------------------------ ending and undo


def _allergies(text: str) -> str:
    return text[text.index('<section id="allergies"') : text.index('<section id="medications"')]


@pytest.fixture
def sulfa(cast: Any, liz: Any) -> AllergyIntolerance:
    """Sulfa, confirmed."""
    with cast.as_(cast.maya_user) as maya:
        allergy = services.add_allergy(actor=maya, patient=liz, substance="Sulfa", reaction="hives").entry
        services.confirm_list(actor=maya, patient=liz, code=ListCode.ALLERGIES)
    return allergy


def _url(what: str, liz: Any, code: str = "allergies") -> str:
    return reverse(f"chart:list-{what}", args=["larkspur", liz.id, code])


def test_what_was_ended_is_said_with_an_undo_that_stays_until_the_page_is_loaded_anew(
    cast: Any, liz: Any, sulfa: AllergyIntolerance
) -> None:
    client = sign_in(Client(HTTP_HX_REQUEST="true"), cast.maya_user)
    with cast.as_(cast.maya_user) as maya:
        services.add_allergy(actor=maya, patient=liz, substance="Latex")
        services.confirm_list(actor=maya, patient=liz, code=ListCode.ALLERGIES)
    text = client.post(_url("end", liz), {"entry": str(sulfa.id)}, **HOST).content.decode()
    section = _allergies(text)
    assert "Sulfa was taken off the list." in section
    assert section.index("Latex") < section.index("Sulfa was taken"), "it stands where the entry stood"
    assert "changed since it was confirmed on" in section
    mark = f"allergies:{sulfa.id}"
    assert f'name="ended" value="{mark}"' in section
    # Something else is done on the page, with its marks: the offer stays.
    with cast.as_(cast.maya_user):
        latex_id = AllergyIntolerance.objects.get(substance="Latex").id
    text = client.post(_url("end", liz), {"entry": str(latex_id), "ended": mark}, **HOST).content.decode()
    section = _allergies(text)
    assert section.index("Latex was taken off") < section.index("Sulfa was taken off")
    assert "No known allergies" not in section, "no other button slides under the pointer"
    assert 'id="allergy-now" hx-swap-oob="true"' in text and "not confirmed since a change" in text
    # The undo itself.
    marks = [mark, f"allergies:{latex_id}"]
    text = client.post(_url("restore", liz) + f"?entry={sulfa.id}", {"ended": marks}, **HOST).content.decode()
    assert "Sulfa was taken off" not in text and "Latex was taken off" in text
    # Loaded anew, nothing is offered any more.
    page = reverse("chart:patient-detail", args=["larkspur", liz.id])
    assert "was taken off" not in sign_in(Client(), cast.maya_user).get(page, **HOST).content.decode()


def test_undo_brings_back_the_very_entry_and_the_confirmation(cast: Any, liz: Any, sulfa: AllergyIntolerance) -> None:
    client = sign_in(Client(HTTP_HX_REQUEST="true"), cast.maya_user)
    client.post(_url("end", liz), {"entry": str(sulfa.id)}, **HOST)
    client.post(_url("end", liz), {"entry": str(sulfa.id)}, **HOST)  # a second press
    with cast.as_(cast.maya_user):
        withdrawn = List.objects.get()
        assert withdrawn.changed_at is not None
        newest = ResourceVersion.objects.filter(resource_type="List").order_by("-version").first()
        assert newest is not None and json.loads(read_body(newest))["status"] == "retired"
    text = client.post(_url("restore", liz) + f"?entry={sulfa.id}", **HOST).content.decode()
    assert "changed since" not in text and "Sulfa" in _allergies(text)
    with cast.as_(cast.maya_user):
        back = AllergyIntolerance.objects.get()
        assert (back.id, back.clinical_status, back.reaction) == (sulfa.id, "active", "hives")
        assert List.objects.get().changed_at is None
        versions = ResourceVersion.objects.filter(resource_type="AllergyIntolerance", resource_id=sulfa.id)
        assert versions.count() == 3
        assert AuditEvent.objects.filter(action="chart.list-entry.restore", target_id=sulfa.id).count() == 1


def test_a_confirmation_stays_withdrawn_when_more_changed_than_was_taken_back(
    cast: Any, liz: Any, sulfa: AllergyIntolerance
) -> None:
    code = ListCode.ALLERGIES
    with cast.as_(cast.maya_user) as maya:
        services.end_entry(actor=maya, patient=liz, code=code, entry_id=sulfa.id)
        services.add_allergy(actor=maya, patient=liz, substance="Latex")
        services.restore_entry(actor=maya, patient=liz, code=code, entry_id=sulfa.id)
        assert List.objects.get().changed_at is not None
        services.confirm_list(actor=maya, patient=liz, code=code)
        assert List.objects.get().changed_at is None
        services.add_allergy(actor=maya, patient=liz, substance="latex")  # known: nothing changes
        assert List.objects.get().changed_at is None
        services.add_allergy(actor=maya, patient=liz, substance="Nickel")
        assert List.objects.get().changed_at is not None


def test_without_script_the_message_names_it_and_no_button_takes_the_place(
    cast: Any, liz: Any, sulfa: AllergyIntolerance
) -> None:
    client = sign_in(Client(), cast.maya_user)
    text = client.post(_url("end", liz), {"entry": str(sulfa.id)}, follow=True, **HOST).content.decode()
    assert "Sulfa was taken off the list." in text
    assert f'action="{_url("restore", liz)}?entry={sulfa.id}"' in text
    assert "No known allergies" not in _allergies(text)
    again = client.get(reverse("chart:patient-detail", args=["larkspur", liz.id]), **HOST).content.decode()
    assert "No known allergies" in _allergies(again)
    assert "changed since it was confirmed on" in _allergies(again)


def test_marks_of_somebody_else_or_of_nothing_say_nothing(cast: Any, liz: Any, sulfa: AllergyIntolerance) -> None:
    client = sign_in(Client(HTTP_HX_REQUEST="true"), cast.maya_user)
    with cast.as_(cast.maya_user):
        rosa = Patient.objects.create(record_number="R-1", given="Rosa", family="Marin", birth_date=date(1960, 1, 1))
        other = AllergyIntolerance.objects.create(patient=rosa, substance="Peanut", clinical_status="inactive")
    marks = [
        "",
        "x",
        "allergies:",
        "allergies:x",
        f"nothing:{sulfa.id}",
        f"allergies:{other.id}",
        f"problems:{sulfa.id}",
    ]
    answer = client.post(_url("confirm", liz), {"ended": marks}, **HOST)
    assert answer.status_code == 200
    assert "was taken off" not in answer.content.decode()


# ------------------------------------------------------------------------------------------ added again, confirmed late


@pytest.mark.parametrize(
    ("was", "again", "stays"),
    [
        ("high", "unable-to-assess", "high"),
        ("high", "low", "high"),
        ("low", "unable-to-assess", "low"),
        ("low", "high", "high"),
        ("unable-to-assess", "low", "low"),
    ],
)
def test_adding_an_allergy_again_never_lowers_its_level(cast: Any, liz: Any, was: str, again: str, stays: str) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.add_allergy(actor=maya, patient=liz, substance="Penicillin", reaction="throat swells", criticality=was)
        services.confirm_list(actor=maya, patient=liz, code=ListCode.ALLERGIES)
        services.add_allergy(actor=maya, patient=liz, substance="penicillin", criticality=again)
        row = AllergyIntolerance.objects.get()
        assert (row.criticality, row.reaction) == (stays, "throat swells")
        assert (List.objects.get().changed_at is not None) is (was != stays), "what is as it was stays confirmed"
        versions = ResourceVersion.objects.filter(resource_type="AllergyIntolerance").count()
        assert versions == (1 if was == stays else 2)


def test_what_adding_again_changed_is_in_the_trail(cast: Any, liz: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        for reaction, level in (("rash", "low"), ("throat swells", "high"), ("", "low")):
            services.add_allergy(actor=maya, patient=liz, substance="Latex", reaction=reaction, criticality=level)
        for _time in range(2):
            services.add_problem(actor=maya, patient=liz, display="Falls")
        events = AuditEvent.objects.order_by("sequence")
        assert [event.changes for event in events.filter(action="chart.allergy.add")] == [
            {},
            {
                "repeated": True,
                "fields": ["criticality", "reaction"],
                "before": {"criticality": "low", "version": 1},
                "after": {"criticality": "high", "version": 2},
            },
            {"repeated": True},
        ]
        assert [event.changes for event in events.filter(action="chart.problem.add")] == [{}, {"repeated": True}]


@pytest.mark.parametrize("script", [True, False])
def test_who_adds_again_reads_what_became_of_it(cast: Any, liz: Any, script: bool) -> None:
    client = sign_in(Client(), cast.maya_user)
    headers = HOST | ({"HTTP_HX_REQUEST": "true"} if script else {})

    def add(code: str, **typed: str) -> str:
        return client.post(_url("add", liz, code), typed, follow=True, **headers).content.decode()

    assert "on the list already" not in add("allergies", text="Penicillin", criticality="high")
    told = add("allergies", text="penicillin", criticality="unable-to-assess")
    assert "Penicillin was on the list already. Its level stays “Can kill”." in told
    told = add("allergies", text="penicillin", more="hives")
    assert "Its level stays “Can kill”. What happens is now “hives”." in told
    add("allergies", text="Latex", more="rash", criticality="low")
    told = add("allergies", text="Latex", more="swelling", criticality="high")
    assert "Its level is now “Can kill”; it was “Not dangerous”." in told
    assert "What happens is now “swelling”; it was “rash”." in told
    add("problems", text="Falls")
    assert "Falls was on the list already. Nothing was changed." in add("problems", text="falls")
    add("medications", text="Metformin", more="mornings")
    assert "on the list already" not in add("medications", text="Metformin", more="evenings")
    with cast.as_(cast.maya_user):
        assert MedicationStatement.objects.count() == 2, "a medicine may be taken in two ways"


def _seen(client: Client, liz: Any) -> str:
    page = client.get(reverse("chart:patient-detail", args=["larkspur", liz.id]), **HOST).content.decode()
    return re.search(r'name="seen" value="([^"]*)"', _allergies(page))[1]  # type: ignore[index]


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        ("came", "New on it: Latex."),
        ("gone", "Off it: Sulfa."),
        ("changed", "Says something else: Sulfa."),
    ],
)
def test_what_a_page_did_not_show_is_not_confirmed(
    cast: Any, liz: Any, sulfa: AllergyIntolerance, meanwhile: str, words: str, script: bool
) -> None:
    client = sign_in(Client(**({"HTTP_HX_REQUEST": "true"} if script else {})), cast.maya_user)
    seen = _seen(sign_in(Client(), cast.maya_user), liz)
    with cast.as_(cast.maya_user) as maya:
        if meanwhile == "came":
            services.add_allergy(actor=maya, patient=liz, substance="Latex")
        elif meanwhile == "gone":
            services.end_entry(actor=maya, patient=liz, code=ListCode.ALLERGIES, entry_id=sulfa.id)
        else:
            services.add_allergy(actor=maya, patient=liz, substance="Sulfa", criticality="high")
    text = client.post(_url("confirm", liz), {"seen": seen}, follow=True, **HOST).content.decode()
    assert f"Nothing was confirmed: the list has changed since your page showed it. {words}" in text
    assert "changed since it was confirmed on" in _allergies(text), "the list is shown as it is"
    with cast.as_(cast.maya_user):
        assert List.objects.get().changed_at is not None
    if meanwhile != "gone":
        fresh = _seen(sign_in(Client(), cast.maya_user), liz)
        client.post(_url("confirm", liz), {"seen": fresh}, **HOST)
        with cast.as_(cast.maya_user):
            assert List.objects.get().changed_at is None


def test_a_list_with_entries_is_not_confirmed_as_empty(cast: Any, liz: Any) -> None:
    """A colleague's entry came while the page still offered “No known allergies”."""
    client = sign_in(Client(), cast.maya_user)
    with cast.as_(cast.maya_user) as maya:
        services.add_allergy(actor=maya, patient=liz, substance="Sulfa")
    text = client.post(_url("confirm", liz), follow=True, **HOST).content.decode()
    assert "New on it: Sulfa." in text
    with cast.as_(cast.maya_user):
        assert not List.objects.exists()
