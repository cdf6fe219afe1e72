"""What a clinic offers: kinds, prices, who gives it, as FHIR."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from webside.catalog import fhir, selectors, services
from webside.catalog.models import HealthcareService
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body


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
