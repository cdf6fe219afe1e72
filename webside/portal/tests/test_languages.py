"""The administrator says services and people in other languages, and sees what is not said yet."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.catalog.models import HealthcareService
from webside.people.models import Practitioner
from webside.testing.cast import Cast, sign_in
from webside.testing.spanish import left_in_english

SAID = {"es_name": "Consulta de hoy por video", "es_summary": " Fiebre, tos, infección "}


def _service(cast: Cast) -> str:
    return reverse("portal:languages-service", args=["larkspur", cast.video_visit.id])


def _person(cast: Cast) -> str:
    return reverse("portal:languages-person", args=["larkspur", cast.maya.id])


def _send(cast: Cast, address: str, form: dict[str, str]) -> str:
    return sign_in(Client(), cast.admin_user).post(address, form, follow=True).content.decode()


def _overview(cast: Cast) -> str:
    return sign_in(Client(), cast.admin_user).get(reverse("portal:languages", args=["larkspur"])).content.decode()


def _row(page: str, name: str) -> str:
    found = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if name in row)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def _kept(cast: Cast, row: Any) -> Any:
    with cast.as_(cast.admin_user):
        return type(row).objects.get(id=row.id).translations


def test_what_is_kept_is_read_by_who_speaks_spanish(cast: Cast) -> None:
    page = _send(cast, _service(cast), SAID)
    assert "Kept. Who reads another language sees it from now on: Same-day video visit." in page
    assert _kept(cast, cast.video_visit) == {
        "es": {"name": "Consulta de hoy por video", "summary": "Fiebre, tos, infección"}
    }
    with cast.as_(cast.admin_user):
        assert AuditEvent.objects.get(action="catalog.service.translate").target_label == "Same-day video visit"
    _send(cast, _person(cast), {"es_specialty": "Medicina familiar"})
    assert _kept(cast, cast.maya) == {"es": {"specialty": "Medicina familiar"}}
    clinic = Client(headers={"Accept-Language": "es"}).get("/o/larkspur/").content.decode()
    assert "Consulta de hoy por video" in clinic and "Same-day video visit" not in clinic
    assert "<p>Medicina familiar</p>" in clinic
    form = sign_in(Client(), cast.admin_user).get(_service(cast)).content.decode()
    assert 'value="Consulta de hoy por video"' in form, "it is there to be changed"


def test_what_is_emptied_is_read_in_the_clinics_own_words_again(cast: Cast) -> None:
    _send(cast, _service(cast), SAID)
    _send(cast, _service(cast), {"es_name": " ", "es_summary": "Fiebre, tos"})
    assert _kept(cast, cast.video_visit) == {"es": {"summary": "Fiebre, tos"}}
    clinic = Client(headers={"Accept-Language": "es"}).get("/o/larkspur/").content.decode()
    assert '<span lang="en">Same-day video visit</span>' in clinic and "Fiebre, tos" in clinic


def test_too_long_is_refused_and_nothing_that_was_typed_is_lost(cast: Cast) -> None:
    page = _send(cast, _service(cast), {"es_name": "x" * 81, "es_summary": "Fiebre"})
    assert "x" * 81 in page and 'value="Fiebre"' in page and 'aria-invalid="true"' in page
    assert _kept(cast, cast.video_visit) == {}


def test_the_form_asks_only_for_what_the_clinic_says_itself(cast: Cast) -> None:
    page = sign_in(Client(), cast.admin_user).get(_service(cast)).content.decode()
    assert "In Spanish" in page and "Left empty, people who read Spanish see the words above." in page
    asked = set(re.findall(r'name="(es_\w+)"', page))
    assert asked == {"es_name", "es_summary", "es_price_note"}, "this service has no description"
    person = sign_in(Client(), cast.admin_user).get(_person(cast)).content.decode()
    assert set(re.findall(r'name="(es_\w+)"', person)) == {"es_specialty"}


def test_the_list_says_what_is_missing(cast: Cast) -> None:
    assert "not said yet" in _row(_overview(cast), "Same-day video visit")
    _send(cast, _service(cast), SAID)
    assert "2 of 3 said" in _row(_overview(cast), "Same-day video visit")
    _send(cast, _service(cast), SAID | {"es_price_note": "Copago o 75 dólares"})
    page = _overview(cast)
    assert "said" in _row(page, "Same-day video visit") and " of 3" not in _row(page, "Same-day video visit")
    assert "not said yet" in _row(page, "Wellness coaching")
    with cast.as_(cast.admin_user):
        Practitioner.objects.filter(id=cast.maya.id).update(specialty="")
    assert "nothing to say" in _row(_overview(cast), "Maya Chen")


@pytest.mark.parametrize("who", ["maya_user", "grace_user", "liz_user"])
def test_only_an_administrator_changes_it(cast: Cast, who: str) -> None:
    client = sign_in(Client(), getattr(cast, who))
    for address in (_service(cast), _person(cast), reverse("portal:languages", args=["larkspur"])):
        assert client.get(address).status_code == 404
    assert client.post(_service(cast), SAID).status_code == 404
    assert _kept(cast, cast.video_visit) == {}


def test_its_pages_speak_spanish(cast: Cast) -> None:
    client = sign_in(Client(), cast.admin_user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    for address in (_service(cast), _person(cast), reverse("portal:languages", args=["larkspur"])):
        page = client.get(address).content.decode()
        assert '<html lang="es"' in page
        main = re.search(r"<main.*</main>", page, re.DOTALL)
        own = (cast.coaching.name, cast.safe_at_home.name, cast.priya.specialty)  # staff read the clinic's own words
        assert main and left_in_english(re.sub(r"<[^>]+>", "\n", main.group()), but=own) == [], address


def test_who_reads_many_services_costs_no_more_queries(
    cast: Cast, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(Client(), cast.admin_user)
    address = reverse("portal:languages", args=["larkspur"])
    with django_assert_max_num_queries(40) as before:
        client.get(address)
    with cast.as_(cast.admin_user):
        for number in range(5):
            HealthcareService.objects.create(
                name=f"Class {number}", kind="telehealth", modality="group", summary="For all", professions=[],
                translations={"es": {"name": f"Clase {number}"}},
            )  # fmt: skip
    with django_assert_num_queries(len(before)):
        assert "Class 4" in client.get(address).content.decode()
