"""What people read while they wait: the clinic's own words, in each language, looked at before they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.scheduling import services as scheduling
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.models import WaitingWords
from webside.visits.selectors import Words
from webside.visits.tests import factories

ENGLISH = {
    "ready_en": "Your meter\r\n\r\n Your  pills ", "text_en": "We look at your numbers.",
    "address_en_0": "/o/larkspur/need/", "name_en_0": "What do you need?",
}  # fmt: skip
SPANISH = {"ready_es": "Su medidor\r\nSus pastillas", "text_es": "Vemos sus números."}
FORM = {**ENGLISH, **SPANISH}


def _page(cast: Cast) -> str:
    return reverse("visits:waiting-words-change", args=["larkspur", cast.video_visit.id])


def _send(cast: Cast, do: str = "keep", **form: str) -> str:
    admin = sign_in(Client(), cast.admin_user)
    return admin.post(_page(cast), {**form, "do": do}, follow=True).content.decode()


def _overview(cast: Cast) -> str:
    return sign_in(Client(), cast.admin_user).get(reverse("visits:waiting-words", args=["larkspur"])).content.decode()


def _waiting(cast: Cast, visit: Any, language: str = "en") -> str:
    url = reverse("visits:visit-waiting", args=["larkspur", visit.id])
    return sign_in(Client(), cast.liz_user).get(url, headers={"accept-language": language}).content.decode()


def _kept(cast: Cast) -> dict[str, Words]:
    with cast.as_(cast.admin_user):
        return selectors.waiting_words(cast.video_visit.id)


def test_the_administrator_looks_first_and_keeps_then(cast: Cast) -> None:
    look = _send(cast, "look", **FORM)
    assert "How it would look. Nothing is kept yet." in look and "<li>Su medidor</li>" in look
    assert "We look at your numbers.</textarea>" in look, "what was typed is there to be kept or changed"
    assert _kept(cast) == {}
    assert "Kept. Who waits for Same-day video visit reads it from now on." in _send(cast, **FORM)
    assert _kept(cast)["en"] == Words(
        "en", "Your meter\nYour pills", "We look at your numbers.",
        ({"address": "/o/larkspur/need/", "name": "What do you need?"},),
    )  # fmt: skip
    with cast.as_(cast.admin_user):
        event = AuditEvent.objects.get(action="visits.waiting-words.change")
        assert event.changes == {"en": ["ready", "text", "links"], "es": ["ready", "text"]}
    assert "What people read now" in sign_in(Client(), cast.admin_user).get(_page(cast)).content.decode()


def test_the_trail_names_only_what_was_changed_and_an_empty_language_is_gone(cast: Cast) -> None:
    _send(cast, **FORM)
    _send(cast, **{**FORM, "text_en": "We look at them together.", "ready_es": "", "text_es": ""})
    with cast.as_(cast.admin_user):
        newest = AuditEvent.objects.filter(action="visits.waiting-words.change").latest("at")
        assert newest.changes == {"en": ["text"], "es": ["ready", "text"]}
        assert list(WaitingWords.objects.values_list("language", flat=True)) == ["en"]


def test_who_waits_reads_it_in_her_language_and_nothing_takes_her_away(cast: Cast) -> None:
    _send(cast, **FORM)
    visit = factories.waiting(cast)
    page = _waiting(cast, visit)
    assert '<p lang="en">We look at your numbers.</p>' in page and "<li>Your pills</li>" in page
    assert "Su medidor" not in page
    assert '<a href="/o/larkspur/need/" target="_blank" rel="noopener noreferrer" lang="en"' in page
    spanish = _waiting(cast, visit, "es")
    assert '<p lang="es">Vemos sus números.</p>' in spanish and "<li>Sus pastillas</li>" in spanish
    assert "Your pills" not in spanish and "Tenga a mano" in spanish


def test_what_is_missing_in_one_language_is_read_in_the_other_and_marked(cast: Cast) -> None:
    _send(cast, **ENGLISH)
    visit = factories.waiting(cast)
    assert '<p lang="en">We look at your numbers.</p>' in _waiting(cast, visit, "es")
    assert "not translated yet" in _overview(cast)
    _send(cast, **SPANISH)
    assert '<p lang="es">Vemos sus números.</p>' in _waiting(cast, visit)
    _send(cast, **FORM)
    assert "not translated yet" not in _overview(cast)


def test_without_words_the_usual_hints_stand_alone(cast: Cast) -> None:
    page = _waiting(cast, factories.waiting(cast))
    assert "While you wait" in page and 'Have ready</h3><ul class="ws-dots"' not in page


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("/o/larkspur/need/", True),
        ("/o/larkspur/need/?from=waiting#top", True),
        ("https://www.larkspur.example/diabetes", True),
        ("https://larkspur.example.evil.example/", False),
        ("https://www.larkspur.example@elsewhere.example/", False),
        ("https://elsewhere.example/", False),
        ("http://www.larkspur.example/", False),
        ("www.larkspur.example/diabetes", False),
        ("javascript:alert(1)", False),
        ("/o/northgate/need/", False),
        ("/o/larkspur/../northgate/need/", False),
        ("/o/larkspur/nothing-there/", False),
        ("/\\elsewhere.example/o/larkspur/need/", False),
        ("//elsewhere.example/o/larkspur/need/", False),
    ],
)
def test_a_link_leads_to_a_page_of_the_clinic_or_is_refused(cast: Cast, address: str, own: bool) -> None:
    with cast.as_(cast.admin_user) as admin:
        scheduling.let_site_embed(actor=admin, address="https://www.larkspur.example")
    text = _send(cast, **{**FORM, "address_en_0": address})
    assert bool(_kept(cast)) is own
    assert own or ("Only pages of the clinic" in text and "We look at your numbers." in text), "what was typed is kept"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ready_en": "\n".join("abcdefg")}, "At most six lines"),
        ({"ready_es": "x" * 121}, "At most six lines"),
        ({"text_en": "x" * 601}, "600"),
        ({"name_en_0": ""}, "Say what the page is called"),
        ({"address_en_0": ""}, "Give the address"),
    ],
)
def test_what_is_too_long_or_half_is_refused(cast: Cast, wrong: dict[str, str], said: str) -> None:
    for do in ("keep", "look"):
        text = _send(cast, do, **{**FORM, **wrong})
        assert "Please look at this again" in text and said in text
    assert _kept(cast) == {}


@pytest.mark.parametrize(
    "words",
    [
        Words("en", text="x" * 601),
        Words("en", ready="\n".join("abcdefg")),
        Words("fr", text="Bonjour"),
        Words("en", links=({"address": "https://elsewhere.example/", "name": "Elsewhere"},)),
    ],
)
def test_the_service_itself_refuses_what_the_form_would(cast: Cast, words: Words) -> None:
    with cast.as_(cast.admin_user) as admin, pytest.raises(ValueError, match="words"):
        services.set_waiting_words(actor=admin, service=cast.video_visit, said={words.language: words})


@pytest.mark.parametrize("who", ["liz", "maya", "grace", "ingrid", "mallory"])
def test_nobody_else_writes_it(cast: Cast, who: str) -> None:
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert client.get(_page(cast)).status_code == 404
    assert client.post(_page(cast), {**FORM, "do": "keep"}).status_code == 404
    with cast.as_(getattr(cast, f"{who}_user")) as actor, pytest.raises(services.NotAllowed):
        services.set_waiting_words(actor=actor, service=cast.video_visit, said={"en": Words("en", text="Hello")})
