"""Checking in at a place that helps with visits: its address and state come from its row, who sits there is named."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.chart.models import Encounter
from webside.core import clock, frames
from webside.core.actor import system
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, Stage
from webside.visits.gates import callback_number
from webside.visits.models import Participant, SafeStart, Site, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS, FORM, SCHOOL, make_site

AUTOSAVE = {"X-Autosave": "1", "Accept": "application/json"}
FORGED = {"address_line": "1 Elsewhere Road", "city": "Portland", "state": "OR", "postal_code": "97201"}


@pytest.fixture
def site(cast: Cast) -> Site:
    return make_site(cast)


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(), cast.liz_user)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


def _url(visit: Visit, name: str = "visit-check-in") -> str:
    return reverse(f"visits:{name}", args=["larkspur", visit.id])


def _form(site: Site, /, **given: str) -> dict[str, str]:
    beside = {"nearby_name": "Rosa Diaz", "presenter_role": "nurse", "nearby_phone": "845-555-0171"}
    return {**FORM, "location": "clinic", "site": str(site.id), **beside, **FORGED, **given}


def _answers(site: Site, /, **given: Any) -> dict[str, Any]:
    beside = {"nearby_name": "Rosa Diaz", "presenter_role": "nurse", "nearby_phone": "845-555-0171"}
    return {**ANSWERS, "location": "clinic", "site": site.id, **beside, **given}


def _start(cast: Cast, visit: Visit) -> SafeStart:
    with cast.as_(cast.liz_user):
        return SafeStart.objects.get(visit=visit)


def _card(cast: Cast, visit: Visit) -> selectors.EmergencyCard:
    with cast.as_(cast.maya_user) as maya:
        return selectors.emergency_card(selectors.visit(maya, visit.id))


def test_a_clinic_without_such_places_asks_for_none(cast: Cast, liz: Client) -> None:
    page = liz.get(_url(factories.planned(cast))).content.decode()
    assert 'name="site"' not in page and 'name="presenter_role"' not in page
    assert "At a clinic, a school or a nursing home" in page and "even if you live in the nursing home" in page


def test_the_place_is_what_its_row_says_whatever_the_browser_sends(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    page = liz.get(_url(visit)).content.decode()
    assert f'value="{site.id}"' in page and "Kingston School, health room, Kingston" in page
    assert liz.post(_url(visit), _form(site)).headers["Location"] == _url(visit, "visit-waiting")
    start = _start(cast, visit)
    assert (start.site_id, start.site_name, start.site_kind) == (site.id, SCHOOL["name"], "school")
    assert (start.address_line, start.city, start.state, start.postal_code) == tuple(
        SCHOOL[name] for name in ("address_line", "city", "state", "postal_code")
    )
    assert start.decision is not None and start.decision["state"] == "NY"
    card = _card(cast, visit)
    assert card.address == "77 Ulster Road, side entrance, Kingston NY 12401" and card.town == "Kingston, NY"
    assert (card.site, card.site_phone) == ("Kingston School, health room (school)", "845-555-0170")
    assert card.nearby == "Rosa Diaz, nurse, 845-555-0171"


def test_the_law_goes_by_the_state_of_the_place(cast: Cast, liz: Client) -> None:
    """Dr. Chen holds no licence in Oregon, wherever the patient lives and whatever the browser says."""
    site = make_site(cast, name="Portland School", city="Portland", state="OR", postal_code="97201")
    visit = factories.planned(cast)
    form = _form(site, state="NY", city="Kingston")
    assert "hold this visit while you are in Oregon" in liz.post(_url(visit, "visit-place"), form).content.decode()
    assert liz.post(_url(visit), form).headers["Location"] == _url(visit, "visit-stopped")
    assert _start(cast, visit).state == "OR"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"site": ""}, "Choose which place it is"),
        ({"presenter_role": ""}, "Choose what the person with you does there"),
        ({"nearby_name": ""}, "Enter the name of the person near you"),
        ({"site": "elsewhere", "address_line": ""}, "Enter the street and number where you are right now"),
        ({"site": "0192d5a0-0000-7000-8000-000000000000"}, "not on our list any more"),
    ],
)
def test_what_is_missing_is_said_and_no_more(
    cast: Cast, liz: Client, site: Site, given: dict[str, str], said: str
) -> None:
    visit = factories.planned(cast)
    answer = liz.post(_url(visit), _form(site, **given))
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert page.count('class="ws-error"') == 1
    assert _start(cast, visit).completed_at is None


def test_while_she_has_not_chosen_no_other_address_is_told_to_an_ambulance(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    liz.post(_url(visit), {"location": "home", "version": "new"}, headers=AUTOSAVE)
    liz.post(_url(visit), _form(site, site=""), headers=AUTOSAVE)
    card = _card(cast, visit)
    assert card.address == "" and card.site == ""


def test_a_place_not_in_the_list_is_typed_as_before(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    typed = {**FORGED, "city": "Albany", "state": "NY", "postal_code": "12207"}
    form = {**_form(site, site="elsewhere", presenter_role=""), **typed}
    assert liz.post(_url(visit), form).headers["Location"] == _url(visit, "visit-waiting")
    start = _start(cast, visit)
    assert (start.site_id, start.site_name, start.address_line) == (None, "", "1 Elsewhere Road")
    assert 'value="elsewhere" selected' in liz.get(_url(visit)).content.decode()


def test_it_is_kept_as_it_is_chosen_and_another_answer_takes_it_back(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    answer = liz.post(_url(visit), _form(site), headers=AUTOSAVE)
    assert answer.status_code == 200
    page = liz.get(_url(visit)).content.decode()
    assert f'value="{site.id}" selected' in page and 'value="nurse" selected' in page
    # Its address is no beginning of another one, should she choose "somewhere else" now.
    assert 'value="77 Ulster Road' not in page
    assert "77 Ulster Road" in page[page.index("ws-ecard--patient") :]
    liz.post(_url(visit), _form(site, location="home"), headers=AUTOSAVE)
    start = _start(cast, visit)
    assert (start.site_id, start.site_name, start.site_phone, start.site_kit) == (None, "", "", [])
    assert (start.presenter_role, start.address_line) == ("", cast.liz.address_line)


def test_a_place_that_is_not_shown_stands_in_nobodys_way(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    gone = _form(site, location="home", site="0192d5a0-0000-7000-8000-000000000000")
    assert liz.post(_url(visit), gone).headers["Location"] == _url(visit, "visit-waiting")


def test_nobody_beside_her_takes_back_who_it_was(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.planned(cast)
    liz.post(_url(visit), _form(site), headers=AUTOSAVE)
    assert liz.post(_url(visit), _form(site, near="no")).headers["Location"] == _url(visit, "visit-waiting")
    start = _start(cast, visit)
    assert (start.alone, start.nearby_name, start.presenter_role) == (True, "", "")


def test_what_was_said_stays_when_the_place_changes_or_closes(cast: Cast, liz: Client, site: Site) -> None:
    visit = factories.waiting(cast, answers=_answers(site))
    with cast.as_(cast.grace_user) as grace:
        services.change_site(
            actor=grace, site=site, **SCHOOL | {"name": "New name", "phone": "845-555-0999", "kit": []}
        )
        services.close_site(actor=grace, site=site)
    card = _card(cast, visit)
    assert (card.site, card.site_phone) == ("Kingston School, health room (school)", "845-555-0170")
    assert _start(cast, visit).site_kit == ["stethoscope"]
    # Asked again, she can't say it any more.
    assert "not on our list any more" in liz.post(_url(visit), _form(site)).content.decode()


def test_a_place_that_closed_between_page_and_answer_gives_no_address(cast: Cast, site: Site) -> None:
    visit = factories.planned(cast)
    with cast.as_(cast.grace_user) as grace:
        services.close_site(actor=grace, site=site)
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.Incomplete) as error:
        services.complete_safe_start(actor=actor, visit=visit, answers=_answers(site), agrees=True)
    assert "address_line" in error.value.fields


def test_a_place_of_another_clinic_is_none(cast: Cast, liz: Client, site: Site) -> None:
    with frames.begin(tenant_id=cast.northgate.id, actor=(actor := system("tests", cast.northgate.id))):
        theirs = services.add_site(actor=actor, **SCHOOL)
    visit = factories.planned(cast)
    assert "not on our list any more" in liz.post(_url(visit), _form(theirs)).content.decode()
    with cast.as_(cast.liz_user) as actor:
        start = services.save_safe_start(actor=actor, visit=visit, answers=_answers(theirs))
        assert (start.site_id, start.address_line) == (None, "")


def test_another_place_after_the_check_in_undoes_it(cast: Cast, site: Site) -> None:
    twin = make_site(cast, name="Kingston School, gym")
    visit = factories.waiting(cast, answers=_answers(site))
    with cast.as_(cast.liz_user) as actor:
        services.save_safe_start(actor=actor, visit=visit, answers=_answers(site))
        assert selectors.stage_of(selectors.visit(actor, visit.id)) is Stage.WAITING
        services.save_safe_start(actor=actor, visit=visit, answers=_answers(twin))
        assert selectors.stage_of(selectors.visit(actor, visit.id)) is Stage.CHECK_IN


def test_where_she_gives_no_number_the_place_can_be_called(cast: Cast, site: Site) -> None:
    with_number = factories.waiting(cast, answers=_answers(site))
    later = clock.now() + timedelta(minutes=40)
    without = factories.waiting(cast, answers=_answers(site, phone=""), starts=later)
    with cast.as_(cast.maya_user):
        said = [callback_number(selectors.case_of(each)) for each in (with_number, without)]
    assert [(found.outcome, found.text) for found in said if found] == [
        ("pass", ANSWERS["phone"]),
        ("pass", "845-555-0170"),
    ]
    assert _card(cast, without).phone == "845-555-0170"


@pytest.mark.parametrize("stage", ["waiting", "admitted"])
def test_the_clinician_sees_where_it_is_who_presents_and_what_the_room_has_and_asks_them_in(
    cast: Cast, maya: Client, liz: Client, site: Site, stage: str
) -> None:
    visit = getattr(factories, stage)(cast, answers=_answers(site))
    page = maya.get(_url(visit, "visit-room")).content.decode()
    beside = page[page.index('id="helping-site"') :]
    assert "digital stethoscope" in beside and "Rosa Diaz, nurse" in beside and "845-555-0170" in beside
    assert "Ask Rosa Diaz in by a link" in beside
    fields = dict(re.findall(r'<input type="hidden" name="(name|role)" value="([^"]*)"', beside))
    asked = maya.post(_url(visit, "visit-ask"), fields).content.decode()
    link = re.search(r'value="http://testserver(/o/larkspur/join/[^"]+/)"', asked)
    assert link and "Rosa Diaz" in Client().get(link[1]).content.decode()
    with cast.as_(cast.maya_user):
        assert Participant.objects.get(visit=visit, name="Rosa Diaz").role == ParticipantRole.PRESENTER
    again = maya.get(_url(visit, "visit-room")).content.decode()
    assert "Ask Rosa Diaz in by a link" not in again and "was asked in" in again
    assert "helping-site" not in liz.get(_url(visit, "visit-room"), follow=True).content.decode()


def test_at_home_nothing_of_it_is_shown(cast: Cast, maya: Client) -> None:
    assert "helping-site" not in maya.get(_url(factories.waiting(cast), "visit-room")).content.decode()


def test_the_chart_keeps_where_she_was_helped(cast: Cast, maya: Client, site: Site) -> None:
    visit = factories.admitted(cast, answers=_answers(site))
    with cast.as_(cast.maya_user):
        encounter = Encounter.objects.get(visit_id=visit.id)
        assert (encounter.location, encounter.location_name, encounter.location_kind) == (
            "clinic", SCHOOL["name"], "school",
        )  # fmt: skip
        (body,) = [json.loads(read_body(row)) for row in ResourceVersion.objects.filter(resource_type="Encounter")]
    assert body["location"] == [{"location": {"display": SCHOOL["name"]}}]
    page = maya.get(reverse("chart:encounter-detail", args=["larkspur", encounter.id])).content.decode()
    assert "at Kingston School, health room, NY" in page
