"""The page that the clinic's own site may frame: by whom, what it says, and that it keeps and asks nothing of a person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from webside.audit.models import AuditEvent
from webside.scheduling import rules, services
from webside.scheduling.models import BookingSite
from webside.scheduling.tests.waits import by_machine
from webside.testing.cast import sign_in

FRAME = "/o/larkspur/embed/"
SITES = "/o/larkspur/home/clinic/site/"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def ancestors(answer: Any) -> str:
    [found] = re.findall(r"frame-ancestors ([^;]+)", answer["Content-Security-Policy"])
    return str(found)


def let(cast: Any, *addresses: str) -> None:
    with cast.as_(cast.admin_user) as admin:
        for address in addresses:
            services.let_site_embed(actor=admin, address=address)


def test_nobody_frames_anything_until_a_site_is_named_and_then_that_page_alone(cast: Any, client: Client) -> None:
    answer = client.get(FRAME)
    assert (answer.status_code, ancestors(answer), answer["X-Frame-Options"]) == (200, "'none'", "DENY")
    let(cast, "https://www.clinic.example/book", "clinic.example")
    answer = client.get(FRAME)
    assert ancestors(answer) == "https://clinic.example https://www.clinic.example"
    assert "X-Frame-Options" not in answer
    for page in ("/", "/o/larkspur/", "/o/larkspur/need/", f"/o/larkspur/services/{cast.video_visit.id}/",
                 "/accounts/login/", "/o/northgate/embed/", "/o/larkspur/embed.js"):  # fmt: skip
        other = client.get(page)
        assert (ancestors(other), other["X-Frame-Options"]) == ("'none'", "DENY"), page


def test_the_rest_of_the_policy_is_as_strict_as_everywhere(cast: Any, client: Client) -> None:
    let(cast, "https://www.clinic.example")

    def others(page: str) -> set[str]:
        policy = client.get(page)["Content-Security-Policy"].split("; ")
        return {each for each in policy if not each.startswith("frame-ancestors")}

    assert others(FRAME) == others("/o/larkspur/")


def test_it_keeps_nothing_asks_nothing_and_says_the_same_to_everybody(cast: Any, client: Client) -> None:
    let(cast, "https://www.clinic.example")
    as_visitor = client.get(FRAME)
    assert not as_visitor.cookies
    sign_in(client, cast.liz_user)
    as_liz = client.get(FRAME)
    assert as_liz.content == as_visitor.content
    page = as_visitor.content.decode()
    assert "Liz" not in page and "csrf" not in page and "<textarea" not in page and "<input" not in page
    assert re.findall(r'<form method="(\w+)"', page) == ["get"]
    assert client.post(FRAME).status_code == 405


def test_times_of_a_state_lead_to_the_booking_and_without_one_to_the_question(cast: Any, client: Client) -> None:
    page = client.get(FRAME).content.decode()
    links = re.findall(r'href="([^"#]+)" target="_blank" rel="noopener"', page)
    assert links and not any("slot=" in each for each in links)
    page = client.get(f"{FRAME}?state=NY").content.decode()
    slots = [each.replace("&amp;", "&") for each in re.findall(r'href="([^"]+slot=[^"]+)" target="_blank"', page)]
    assert slots and "with Dr. Maya Chen" in page
    opened = client.get(slots[0])
    assert opened.status_code == 200 and "Check and book" in opened.content.decode()
    assert "Daniel" not in page, "he has no licence there"
    assert client.get(f"{FRAME}?state=%3Cscript%3E").status_code == 200


def test_every_link_of_the_frame_leaves_it(cast: Any, client: Client) -> None:
    page = client.get(f"{FRAME}?state=NY").content.decode()
    for tag in re.findall(r"<a (?![^>]*tel:)[^>]+>", page):
        assert 'target="_blank"' in tag and 'rel="noopener"' in tag, tag


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://www.clinic.example", "https://www.clinic.example"),
        ("  HTTPS://WWW.Clinic.Example/about/us?x=1#top ", "https://www.clinic.example"),
        ("clinic.example", "https://clinic.example"),
        ("https://clinic.example:443", "https://clinic.example"),
        ("https://clinic.example:8443/x", "https://clinic.example:8443"),
        ("https://clínica.example", "https://xn--clnica-4va.example"),
        ("http://localhost:8000/x", "http://localhost:8000"),
    ],
)
def test_an_address_becomes_an_origin(typed: str, origin: str) -> None:
    assert rules.origin_of(typed, plain={"localhost"}) == origin


@pytest.mark.parametrize(
    "typed",
    ["", "clinic", "*", "https://*.clinic.example", "*.example", "'self'", "https:", "http://clinic.example",
     "javascript:alert(1)", "data:text/html,x", "https://a b.example", "https://clinic.example; script-src *",
     "https://x@clinic.example", "https://clinic.example:99999", "https://-clinic.example", "https://clinic..example",
     "https://[::1]", "ftp://clinic.example", "http://localhost.evil.example", "https://clinic.example,https://b.example"],
)  # fmt: skip
def test_what_names_no_site_is_refused(typed: str) -> None:
    with pytest.raises(rules.NoOrigin):
        rules.origin_of(typed, plain={"localhost"})


def test_an_administrator_names_sites_and_takes_them_out_again(cast: Any, client: Client) -> None:
    sign_in(client, cast.admin_user)
    page = client.get(SITES).content.decode()
    assert "No site may show them yet" in page and "/o/larkspur/embed/" in page
    client.post(f"{SITES}add/", {"address": "https://www.clinic.example/book"})
    client.post(f"{SITES}add/", {"address": "www.clinic.example"})
    with by_machine(cast):
        [found] = BookingSite.objects.all()
    answer = client.post(f"{SITES}{found.id}/remove/", follow=True).content.decode()
    assert "shows your times no more" in answer
    undo = re.search(r'action="([^"]+site/add/[^"]+)"', answer)
    assert undo
    client.post(undo[1].replace("&amp;", "&"))
    with by_machine(cast):
        assert [each.origin for each in BookingSite.objects.all()] == ["https://www.clinic.example"]
        assert AuditEvent.objects.filter(action="scheduling.site.add").count() == 3
        assert AuditEvent.objects.filter(action="scheduling.site.remove").count() == 1
    wrong = client.post(f"{SITES}add/", {"address": "https://*.clinic.example"})
    assert wrong.status_code == 422 and "https://*.clinic.example" in wrong.content.decode()
    assert client.post(f"{SITES}{found.id}/remove/").status_code == 404


def test_there_is_an_end_to_the_list(cast: Any, client: Client) -> None:
    let(cast, *(f"https://{number}.clinic.example" for number in range(20)))
    sign_in(client, cast.admin_user)
    assert client.post(f"{SITES}add/", {"address": "https://more.clinic.example"}).status_code == 409


def test_nobody_else_names_sites(cast: Any, client: Client) -> None:
    for user in (cast.maya_user, cast.grace_user, cast.liz_user, cast.mallory_user):
        sign_in(client, user)
        assert client.get(SITES).status_code == 404
        assert client.post(f"{SITES}add/", {"address": "https://evil.example"}).status_code == 404
    with cast.as_(cast.grace_user) as grace, pytest.raises(services.NotAllowed):
        services.let_site_embed(actor=grace, address="https://evil.example")


def test_the_script_listens_to_our_own_frames_alone(client: Client, cast: Any) -> None:
    answer = client.get("/o/larkspur/embed.js")
    assert answer["Content-Type"].startswith("text/javascript")
    body = answer.content.decode()
    assert "event.origin !== home" in body and "event.source" in body and "innerHTML" not in body
    assert not answer.cookies
