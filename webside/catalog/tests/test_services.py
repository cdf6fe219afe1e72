"""What a clinic offers: kinds, prices, who gives it, as FHIR."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.utils import translation

from webside.audit.models import AuditEvent
from webside.catalog import fhir, selectors, services
from webside.catalog.models import HealthcareService
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.people import services as people
from webside.people.models import Practitioner
from webside.testing.cast import Cast


def test_services_by_kind(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        groups = selectors.services_by_kind(liz)
        assert [(group.kind, [one.name for one in group.services]) for group in groups] == [
            ("telemedicine", ["Same-day video visit"]), ("telehealth", ["Wellness coaching"]),
            ("telecare", ["Safe at home"]),
        ]  # fmt: skip
        cast.coaching.active = False
        cast.coaching.save()
        assert selectors.service(liz, cast.coaching.id) is None
    with cast.as_(cast.grace_user) as grace:
        assert selectors.service(grace, cast.coaching.id) == cast.coaching
    with cast.as_(cast.mallory_user) as mallory:
        assert selectors.service(mallory, cast.video_visit.id) is None
        assert not selectors.services_by_kind(mallory)


@pytest.mark.parametrize(
    ("cents", "text"), [(7500, "$75"), (3250, "$32.50"), (0, "Free"), (None, "Ask us"), (123400, "$1,234")]
)
def test_amounts_as_people_read_them(cents: int | None, text: str) -> None:
    assert selectors.amount_text(cents) == text


def test_only_administrators_change_the_offer(cast: Any) -> None:
    new = {
        "name": "Group",
        "kind": "telehealth",
        "modality": "group",
        "summary": "Six Thursdays",
        "professions": ["coach"],
        "needs": ["support_group", "smoking"],
    }
    for user in (cast.liz_user, cast.maya_user, cast.grace_user):
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.add_service(actor=actor, **new)
    with cast.as_(cast.admin_user) as admin:
        with pytest.raises(ValueError, match="not a valid Need"):
            services.add_service(actor=admin, **{**new, "needs": ["a_good_chat"]})
        service = services.add_service(actor=admin, **new)
        services.assign_practitioner(actor=admin, service=service, practitioner=cast.priya)
        assert selectors.practitioners_for(service) == [cast.priya]
        with pytest.raises(ValueError, match="does not give"):
            services.assign_practitioner(actor=admin, service=service, practitioner=cast.maya)
        written = orjson.loads(read_body(ResourceVersion.objects.get(resource_type="HealthcareService")))
        assert written["name"] == "Group"
        assert written["category"][0]["coding"][0] == {
            "system": fhir.KIND,
            "code": "telehealth",
            "display": "Telehealth",
        }
        assert [each["coding"][0] for each in written["type"]] == [
            {"system": fhir.NEED, "code": "support_group"}, {"system": fhir.NEED, "code": "smoking"},
        ]  # fmt: skip


def test_a_service_is_said_in_other_languages_and_the_trail_says_what_changed(cast: Cast) -> None:
    service = cast.video_visit
    with cast.as_(cast.admin_user) as actor:
        services.translate_service(
            actor=actor, service=service, translations={"es": {"name": "Consulta", "summary": ""}}
        )
        assert HealthcareService.objects.get(id=service.id).translations == {"es": {"name": "Consulta"}}
        services.translate_service(actor=actor, service=service, translations={"es": {"name": "Consulta de hoy"}})
        row = AuditEvent.objects.filter(action="catalog.service.translate").order_by("-at").first()
        assert row is not None and row.target_label == service.name
        assert row.changes == {"es": {"name": {"was": "Consulta", "is": "Consulta de hoy"}}}
        with pytest.raises(ValueError, match="too long"):
            services.translate_service(actor=actor, service=service, translations={"es": {"name": "x" * 81}})
        assert HealthcareService.objects.get(id=service.id).translations == {"es": {"name": "Consulta de hoy"}}
    for user in (cast.maya_user, cast.grace_user, cast.liz_user):
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.translate_service(actor=actor, service=service, translations={})


def test_a_new_service_says_nothing_in_a_language_that_there_is_not(cast: Cast) -> None:
    with cast.as_(cast.admin_user) as actor, pytest.raises(ValueError, match="no language of ours"):
        services.add_service(
            actor=actor, name="A class", kind="telehealth", modality="group", summary="For all", professions=[],
            translations={"fr": {"name": "Un cours"}},
        )  # fmt: skip


def test_a_practitioner_is_said_in_other_languages_by_the_administrator(cast: Cast) -> None:
    said = {"es": {"specialty": "Medicina familiar", "about": "Inglés y chino."}}
    with cast.as_(cast.admin_user) as actor:
        people.translate_practitioner(actor=actor, practitioner=cast.maya, translations=said)
        assert Practitioner.objects.get(id=cast.maya.id).translations == said
        row = AuditEvent.objects.get(action="people.practitioner.translate")
        assert row.target_label == "Dr. Maya Chen"
        assert row.changes["es"]["specialty"] == {"was": "", "is": "Medicina familiar"}
    for user in (cast.maya_user, cast.grace_user, cast.liz_user):
        with cast.as_(user) as actor, pytest.raises(people.NotAllowed):
            people.translate_practitioner(actor=actor, practitioner=cast.maya, translations={})


@pytest.mark.parametrize(
    ("note", "price"),
    [("Co-pay or $40", ("Copago", "es")), ("", ("$40", "es"))],
)
def test_the_price_is_said_in_the_language_of_the_page(note: str, price: tuple[str, str]) -> None:
    translations = {"es": {"price_note": "Copago"}}
    service = HealthcareService(price_cents=4000, price_note=note, translations=translations, duration_minutes=30)
    with translation.override("es"):
        assert selectors.price_said(service) == price
        assert selectors.price_text(service) == (note or "$40"), "staff read the clinic's own words"
    assert selectors.price_said(service) == (note or "$40", "en")


@pytest.mark.parametrize(
    ("note", "line"),
    [
        ("$40 for 30 minutes", "$40 for 30 minutes"),
        ("$40 for 30 min", "$40 for 30 min"),
        ("Co-pay or $40", "Co-pay or $40 · 30 minutes"),
        ("$90 for 130 minutes of group work", "$90 for 130 minutes of group work · 30 minutes"),
        ("", "$40 · 30 minutes"),
    ],
)
def test_price_and_length_are_said_once(note: str, line: str) -> None:
    service = HealthcareService(price_cents=4000, price_note=note, duration_minutes=30)
    assert selectors.price_line(service) == line
