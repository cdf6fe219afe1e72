"""The clinic on a home screen, and without a network: nothing of anybody is kept on the device."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from webside.testing.cast import Cast, sign_in
from webside.ui.views.installed import KEPT


def test_the_clinic_can_be_put_on_a_home_screen(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    link = re.search(r'<link rel="manifest" href="([^"]+)">', client.get("/o/larkspur/home/").content.decode())
    assert link
    answer = client.get(link[1])
    assert answer["Content-Type"] == "application/manifest+json"
    told = answer.json()
    assert (told["name"], told["short_name"]) == ("Larkspur Clinic", "Larkspur")
    assert told["display"] == "standalone"
    assert client.get(told["start_url"]).status_code == 200
    for icon in told["icons"]:
        path = re.sub(r"^/static/|(?<=app-\d{3})\.[0-9a-f]{12}", "", icon["src"])
        with Image.open(finders.find(path)) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
    assert Client().get(link[1]).json() == told, "the same for everybody"


@pytest.mark.django_db
def test_the_worker_keeps_style_and_fonts_and_no_page_of_a_person(client: Client) -> None:
    text = client.get("/sw.js").content.decode()
    assert client.get("/sw.js")["Cache-Control"] == "no-cache"
    kept = re.search(r"const KEPT = \[(.*)\];", text)
    assert kept and len(kept[1].split(", ")) == len(KEPT)
    assert all(path.startswith('"/static/ui/') for path in kept[1].split(", "))
    assert "put(" not in text and "/o/" not in kept[1], "what it fetches for somebody, it doesn’t keep"


def test_the_page_for_being_offline_names_nobody_and_says_whom_to_call(cast: Cast, client: Client) -> None:
    cast.larkspur.phone = "(845) 555-0110"
    cast.larkspur.save()
    sign_in(client, cast.liz_user)
    page = client.get("/o/larkspur/offline/").content.decode()
    assert "You are offline" in page
    assert "tel:911" in page
    assert "Call the front desk, <a" in page and ">(845) 555-0110</a>" in page
    assert "Liz" not in page
