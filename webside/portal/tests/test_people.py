"""Whom a visitor finds by what she needs, the language, who it is and where she will be; and who says what is read there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from webside.audit.models import AuditEvent
from webside.compliance.models import Licence
from webside.people.models import Practitioner
from webside.scheduling import selectors as scheduling
from webside.scheduling.tests.line import on_duty, open_line
from webside.testing.cast import Cast, sign_in
from webside.testing.spanish import left_in_english

PAGE = "/o/larkspur/people/"


@pytest.fixture
def said(cast: Cast) -> Cast:
    """Give the cast with what the clinic has said of two of them."""
    for who, languages, gender in ((cast.maya, ["en", "zh"], "female"), (cast.daniel, ["en", "es"], "male")):
        _describe(cast, who, languages=languages, gender=gender, specialty="Family doctor", about="Likes plain words.")
    return cast


def _describe(cast: Cast, who: Practitioner, **form: Any) -> Any:
    address = reverse("portal:describe", args=["larkspur", who.id])
    return sign_in(Client(), cast.admin_user).post(address, form, follow=True)


def _look(**query: str) -> str:
    answer = Client().get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


def _found(page: str) -> list[str]:
    """Return the names of those who fit, in the order of the page."""
    return [re.sub(r",.*", "", name) for name in re.findall(r"<h3>(.*?)</h3>", page)]


def _elsewhere(page: str) -> str:
    return re.sub(r"<[^>]+>", "", (re.findall(r'id="elsewhere-h".*?</section>', page, re.DOTALL) or [""])[0])


def test_everybody_who_gives_care_is_there_with_languages_states_and_next_times(said: Cast) -> None:
    page = _look()
    assert sorted(_found(page)) == ["Dr. Daniel Whitfield", "Dr. Maya Chen", "Priya Nair"]
    assert "3 people fit" in page
    assert "Speaks English and Chinese (Mandarin)." in page
    assert re.search("Treats you in New (York and New Jersey|Jersey and New York).", page)
    assert f"/services/{said.video_visit.id}/?who={said.maya.id}" in page
    assert "where you are decides who may treat you" in page.lower()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"language": "es"}, ["Dr. Daniel Whitfield"]),
        ({"language": "zh"}, ["Dr. Maya Chen"]),
        ({"gender": "female"}, ["Dr. Maya Chen"]),  # of Priya nothing is said
        ({"gender": "female", "language": "es"}, []),
        ({"state": "OR", "language": "en", "gender": "male"}, ["Dr. Daniel Whitfield"]),
    ],
)
def test_who_fits_is_found(said: Cast, query: dict[str, str], names: list[str]) -> None:
    page = _look(**query)
    assert _found(page) == names
    if not names:
        assert "Nobody fits all of that" in page and "Leave out what matters least" in page


def test_only_who_gives_the_service_is_found(said: Cast) -> None:
    assert _found(_look(service=str(said.coaching.id))) == ["Priya Nair"]


def test_who_may_not_treat_her_there_is_named_apart(said: Cast) -> None:
    """The licence decides, and a coach needs none. Shown failing where the law isn't asked: all three fit."""
    page = _look(state="NY", service=str(said.video_visit.id))
    assert _found(page) == ["Dr. Maya Chen"]
    assert "May not treat you in New York" in page
    assert "Dr. Daniel Whitfield: treats people in Oregon and Washington." in _elsewhere(page)
    assert f"?state=NY&amp;zone=America%2FNew_York&amp;who={said.maya.id}" in page, "the place goes along"
    assert "Priya Nair" in _found(_look(state="NY"))


def test_a_licence_that_ended_treats_nobody(said: Cast) -> None:
    with said.as_(said.admin_user):
        Licence.objects.filter(practitioner=said.maya, state="NY").update(period_end=timezone.now() - timedelta(days=2))
    page = _look(state="NY", service=str(said.video_visit.id))
    assert _found(page) == []
    assert "Dr. Maya Chen: treats people in New Jersey." in _elsewhere(page)


def test_a_licence_that_begins_next_week_gives_the_first_time_after_it(said: Cast) -> None:
    """Shown failing where only the first free time is judged: she may not treat anybody."""
    begins = timezone.now() + timedelta(days=7)
    with said.as_(said.admin_user):
        Licence.objects.filter(practitioner=said.maya, state="NY").update(period_start=begins.date())
    page = _look(state="NY", service=str(said.video_visit.id))
    assert _found(page) == ["Dr. Maya Chen"]
    with said.as_(said.admin_user):
        [(_person, slot)] = scheduling.next_of_each(services=[said.video_visit], state="NY")[said.video_visit.id]
    assert slot is not None and slot.start.date() >= begins.date()


def test_nothing_can_be_wished_for_that_nobody_has_said(cast: Cast) -> None:
    """A link of yesterday, or another clinic's. Shown failing with the wish taken as it was sent: nobody fits."""
    assert len(_found(_look(gender="female", language="es"))) == 3


def test_an_open_line_is_shown_where_no_time_is_free(said: Cast) -> None:
    open_line(said)
    on_duty(said)
    page = _look(service=str(said.video_visit.id))
    assert reverse("scheduling:queue-join", args=["larkspur", said.video_visit.id]) in page


def test_a_language_of_no_list_stays(cast: Cast) -> None:
    with cast.as_(cast.admin_user):
        Practitioner.objects.filter(id=cast.maya.id).update(languages=["en", "x-own"])
    page = sign_in(Client(), cast.admin_user).get(reverse("portal:describe", args=["larkspur", cast.maya.id]))
    assert 'value="x-own"' in page.content.decode()
    _describe(cast, cast.maya, languages=["x-own", "en"], gender="unknown")
    with cast.as_(cast.admin_user):
        assert Practitioner.objects.get(id=cast.maya.id).languages == ["en", "x-own"]


def test_where_she_will_be_is_kept_and_can_be_taken_back(said: Cast) -> None:
    client = Client()
    client.get(PAGE, {"state": "WA"})
    assert "May not treat you in Washington" in client.get(PAGE).content.decode(), "said before"
    assert "May not treat" not in client.get(PAGE, {"state": ""}).content.decode(), "she doesn’t know yet"
    assert "May not treat" not in client.get(PAGE).content.decode(), "and it stays so"


@pytest.mark.parametrize(
    "query",
    [
        {"service": "unknown"},
        {"gender": "other"},
        {"language": "xx"},
        {"gender": "x' OR 1=1"},
        {"state": "ZZ"},
        {"service": "\x00"},
    ],
)
def test_what_cant_be_wished_for_is_as_if_it_were_not_said(said: Cast, query: dict[str, str]) -> None:
    page = _look(**query)
    assert len(_found(page)) == 3
    assert "OR 1=1" not in page


def test_nobody_of_another_clinic_is_found(said: Cast) -> None:
    assert said.mallory.family not in _look()
    assert Client().get("/o/nowhere/people/").status_code == 404


def test_it_speaks_spanish(said: Cast) -> None:
    page = Client(headers={"Accept-Language": "es"}).get(PAGE, {"state": "NY"}).content.decode()
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    own = (said.coaching.name, said.video_visit.name, "Family doctor", "Likes plain words.", said.priya.specialty)
    assert main and left_in_english(re.sub(r"<[^>]+>", "\n", main.group()), but=own) == []


def test_what_an_administrator_says_is_in_the_trail_with_what_was(said: Cast) -> None:
    answer = _describe(said, said.maya, languages=["es", "en"], gender="female", specialty="Diabetes", about="")
    assert "Kept. Patients read it from now on: Dr. Maya Chen." in answer.content.decode()
    with said.as_(said.admin_user):
        kept = Practitioner.objects.get(id=said.maya.id)
        assert (kept.languages, kept.specialty, kept.about) == (["en", "es"], "Diabetes", "")
        event = AuditEvent.objects.filter(action="people.practitioner.describe").latest("at")
    assert event.changes["specialty"] == {"was": "Family doctor", "is": "Diabetes"}
    assert "gender" not in event.changes, "it was so before"


@pytest.mark.parametrize("form", [{"languages": []}, {"languages": ["xx"]}, {"gender": "x"}, {"specialty": "x" * 81}])
def test_what_cant_be_kept_is_refused_with_what_was_typed(said: Cast, form: dict[str, Any]) -> None:
    whole = {"languages": ["en"], "gender": "female", "specialty": "Heart", "about": "Typed with care."}
    page = _describe(said, said.maya, **whole | form).content.decode()
    assert "Typed with care." in page and 'aria-invalid="true"' in page
    with said.as_(said.admin_user):
        assert Practitioner.objects.get(id=said.maya.id).about == "Likes plain words."


@pytest.mark.parametrize("who", ["maya_user", "grace_user", "liz_user"])
def test_only_an_administrator_says_it(cast: Cast, who: str) -> None:
    client = sign_in(Client(), getattr(cast, who))
    address = reverse("portal:describe", args=["larkspur", cast.maya.id])
    assert client.get(reverse("portal:described", args=["larkspur"])).status_code == 404
    assert client.get(address).status_code == 404
    assert client.post(address, {"languages": "es", "gender": "other"}).status_code == 404
    with cast.as_(cast.admin_user):
        assert Practitioner.objects.get(id=cast.maya.id).gender == "unknown"


def test_nobody_of_another_clinic_is_described(cast: Cast) -> None:
    answer = _describe(cast, cast.mallory, languages=["es"], gender="other")
    assert answer.status_code == 404


def test_its_pages_for_administrators_speak_spanish(said: Cast) -> None:
    client = sign_in(Client(), said.admin_user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    for address in (
        reverse("portal:described", args=["larkspur"]),
        reverse("portal:describe", args=["larkspur", said.maya.id]),
    ):
        main = re.search(r"<main.*</main>", client.get(address).content.decode(), re.DOTALL)
        own = ("Family doctor", "Likes plain words.", said.priya.specialty)
        assert main and left_in_english(re.sub(r"<[^>]+>", "\n", main.group()), but=own) == [], address
