"""Each app's catalogue holds what it says now, all of it is translated, and nothing that stands in a sentence got lost."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.core.management import call_command
from django.test import Client

from webside.testing.cast import Cast, sign_in
from webside.ui.management.commands import translations
from webside.ui.management.commands.translations import LANGUAGES, apps, source_of

CATALOGUES = [
    pytest.param(app, language, id=f"{app.relative_to(translations.WEBSIDE)}-{language}")
    for app in apps()
    for language in LANGUAGES
    if source_of(app, language).exists()
]
PARTS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+[^>]*>|&\w+;")
"""What code or a browser reads in a sentence."""


def test_the_catalogues_are_fresh() -> None:
    call_command("translations", check=True, stdout=io.StringIO())


@pytest.mark.parametrize(("app", "language"), CATALOGUES)
def test_nothing_is_left_untranslated_and_nothing_is_lost(app: Any, language: str) -> None:
    assert translations.missing(app, language) == []
    wrong = []
    for message in read_po(io.BytesIO(source_of(app, language).read_bytes()), locale=language):
        if not message.id:
            continue
        plural = isinstance(message.id, tuple)
        english, spanish = (message.id, message.string) if plural else ((message.id,), (message.string,))
        whole = sorted(PARTS.findall(english[-1]))
        # "One" may say the number in a word.
        lacks = [each for each in spanish[1 if plural else 0 :] if sorted(PARTS.findall(each)) != whole]
        lacks += [each for each in spanish[:1] if not set(PARTS.findall(each)) <= set(whole)]
        if lacks:
            wrong.append((english[0], lacks))
    assert wrong == []


def test_a_message_in_a_template_is_found_whole() -> None:
    from django.utils.translation.template import templatize

    text = templatize('{% translate "It’s a (small) step" %} {{ _("Go on")|upper }}')
    assert list(translations.calls_in(text)) == ["gettext(u'It’s a (small) step')", '_("Go on")']


def test_who_chooses_a_language_is_answered_in_it(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    page = client.get("/o/larkspur/home/")
    assert '<html lang="en"' in page.content.decode() and ">Español</button>" in page.content.decode()
    came_from = {"Referer": "http://testserver/o/larkspur/home/"}
    answer = client.post("/i18n/setlang/", {"language": "es"}, headers=came_from)
    assert answer["Location"] == came_from["Referer"]
    page = client.get("/o/larkspur/home/")
    html = page.content.decode()
    assert '<html lang="es"' in html and ">English</button>" in html
    assert "What you agreed to" not in html and "Lo que usted aceptó" in html
    elsewhere = {"Referer": "https://elsewhere.example/"}
    assert client.post("/i18n/setlang/", {"language": "es"}, headers=elsewhere)["Location"] == "/"


@pytest.mark.parametrize("path", ["/o/larkspur/", "/o/larkspur/need/", "/accounts/login/", "/o/larkspur/offline/"])
def test_a_browser_that_asks_for_spanish_gets_it(cast: Cast, path: str) -> None:
    html = Client(headers={"Accept-Language": "es-MX,es;q=0.9"}).get(path).content.decode()
    assert '<html lang="es"' in html and "Call 911" not in html


def test_no_text_is_marked_by_a_name_that_the_catalogues_do_not_know() -> None:
    """``gettext_lazy as _l`` marks nothing: what is read for the catalogues are the names themselves, and ``_``."""
    alias = re.compile(r"gettext\w*\s+as\s+(?!_\b)\w+")
    found = [
        str(path.relative_to(translations.WEBSIDE))
        for path in translations.WEBSIDE.rglob("*.py")
        if "tests" not in path.parts and alias.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
