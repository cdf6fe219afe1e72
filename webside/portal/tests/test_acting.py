"""A delegate signs in as herself and chooses for whom she acts: what her pages show, refuse and say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart.models import Note
from webside.compliance.models import Consent
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.actor import system as by_system
from webside.people.codes import Scope
from webside.people.models import Delegation, Patient
from webside.scheduling import selectors as scheduling
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, agreed, sign_in
from webside.visits import services as visits
from webside.visits.tests import factories

HOME = "/o/larkspur/home/"


def _choose(client: Client, cast: Cast) -> Client:
    ana = sign_in(client, cast.ana_user)
    answer = ana.post(reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id]))
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    return ana


@pytest.fixture
def ana(client: Client, cast: Cast) -> Client:
    """Ana's browser, in which she acts for Liz."""
    return _choose(client, cast)


def _narrow(cast: Cast, *scopes: Scope) -> None:
    with cast.as_(cast.liz_user):
        Delegation.objects.filter(id=cast.ana_for_liz.id).update(scopes=list(scopes))


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def test_who_acts_for_somebody_chooses_first(client: Client, cast: Cast) -> None:
    ana = sign_in(client, cast.ana_user)
    assert ana.get(HOME)["Location"] == reverse("people:acting", args=["larkspur"])
    shown = _text(ana.get(reverse("people:acting", args=["larkspur"])))
    assert "Act for Liz" in shown and "You are acting for" not in shown
    assert "Who looked" not in shown and "Who may act for me" not in shown, "she is no patient here"


def test_every_page_says_for_whom_and_one_press_leads_back(ana: Client, cast: Cast) -> None:
    visit = factories.planned(cast)
    for path in (HOME, "/o/larkspur/", reverse("visits:visit-check-in", args=["larkspur", visit.id])):
        assert "You are acting for Liz Moreno" in _text(ana.get(path)), path
    assert "Liz’s care" in _text(ana.get(HOME))
    assert ana.post(reverse("people:acting-stop", args=["larkspur"]))["Location"] == reverse("portal:start")
    assert "You are acting" not in _text(ana.get("/o/larkspur/"))
    assert ana.get(HOME)["Location"] == reverse("people:acting", args=["larkspur"])


def test_the_visit_page_shows_whose_side_it_is(ana: Client, cast: Cast) -> None:
    visit = factories.admitted(cast)
    assert "You are acting for Liz Moreno" in _text(ana.get(reverse("visits:visit-room", args=["larkspur", visit.id])))


@pytest.mark.parametrize(
    ("scopes", "shown", "hidden"),
    [
        (
            [Scope.APPOINTMENTS],
            ["Move or cancel", "Book one", "What was agreed to"],
            ["Visits so far", "Before the visit"],
        ),
        ([Scope.VISITS], ["See Dr. Maya Chen"], ["Visits so far", "Move or cancel", "Book one"]),
        ([Scope.SUMMARIES], ["Visits so far"], ["Dr. Maya Chen", "Book one", "What was agreed to"]),
    ],
)
def test_her_home_shows_what_was_given(
    client: Client, cast: Cast, scopes: list[Scope], shown: list[str], hidden: list[str]
) -> None:
    factories.planned(cast)
    _narrow(cast, *scopes)
    ana = _choose(client, cast)
    answer = ana.get(HOME)
    text = _text(answer) + " ".join(re.findall(r'aria-label="([^"]+)"', answer.content.decode()))
    assert [words for words in shown if words not in text] == []
    assert [words for words in [*hidden, "Who looked at my record", "Who may act for me"] if words in text] == []


def test_she_books_for_her_and_the_consent_says_whose_word_it_is(ana: Client, cast: Cast) -> None:
    with cast.as_(cast.liz_user):
        slot = scheduling.free_slots(
            service=cast.video_visit, state="NY", since=clock.now() + timedelta(days=1), days=3, practitioner=cast.maya
        )[0]
        people_before = Patient.objects.count()
    sent = {
        "slot": slot_value(slot.start, cast.maya.id), "state": "NY", "zone": "America/New_York",
        "key": "0199aaaa-0000-7000-8000-000000000009", "consent": agreed("telehealth"), "reason_text": "Her sugar",
    }  # fmt: skip
    answer = ana.post(reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id]), sent)
    assert answer.status_code == 302
    with cast.as_(cast.liz_user):
        made = Appointment.objects.get()
        assert (made.patient, made.booked_by) == (cast.liz, "Ana Moreno")
        assert Consent.objects.get().given_by == "Ana Moreno, for Liz Moreno"
        assert Patient.objects.count() == people_before
        event = AuditEvent.objects.get(action="scheduling.appointment.book")
        assert (event.actor_id, event.patient_id, event.ground) == (cast.ana_user.id, cast.liz.id, "for the patient")


def test_who_may_not_book_for_her_books_for_nobody(client: Client, cast: Cast) -> None:
    _narrow(cast, Scope.VISITS)
    ana = _choose(client, cast)
    with cast.as_(cast.liz_user):
        slot = scheduling.free_slots(
            service=cast.video_visit, state="NY", since=clock.now() + timedelta(days=1), days=3, practitioner=cast.maya
        )[0]
    sent = {
        "slot": slot_value(slot.start, cast.maya.id), "state": "NY", "zone": "America/New_York", "consent": agreed("telehealth"),
        "key": "0199aaaa-0000-7000-8000-000000000010", "given": "Ana", "family": "Moreno", "birth_date": "1995-01-01",
        "email": "ana@example.test", "phone": "518-555-0161", "reason_text": "Mine",
    }  # fmt: skip
    path = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
    assert ana.post(path, sent).status_code == 404
    with cast.as_(cast.liz_user):
        assert not Appointment.objects.exists() and not Patient.objects.filter(given="Ana").exists()


def test_who_may_not_book_for_her_puts_nobody_in_line(client: Client, cast: Cast) -> None:
    with cast.as_(cast.liz_user):
        cast.video_visit.on_demand = True
        cast.video_visit.save()
    _narrow(cast, Scope.VISITS)
    ana = _choose(client, cast)
    path = reverse("scheduling:queue-join", args=["larkspur", cast.video_visit.id])
    sent = {
        "state": "NY", "zone": "America/New_York", "key": "0199aaaa-0000-7000-8000-000000000011", "consent": agreed("telehealth"),
        "given": "Ana", "family": "Moreno", "birth_date": "1995-01-01", "email": "ana@example.test",
        "phone": "518-555-0161", "reason_text": "A cough",
    }  # fmt: skip
    assert ana.get(path, {"state": "NY"}).status_code == 404
    assert ana.post(path, sent).status_code == 404
    _narrow(cast, Scope.APPOINTMENTS)
    assert ana.get(path, {"state": "NY"}).status_code == 200
    with cast.as_(cast.liz_user):
        assert not Patient.objects.filter(given="Ana").exists()


def test_who_may_be_in_the_visit_alone_neither_moves_nor_cancels_it(client: Client, cast: Cast) -> None:
    visit = factories.planned(cast)
    _narrow(cast, Scope.VISITS)
    ana = _choose(client, cast)
    detail = ana.get(reverse("scheduling:appointment-detail", args=["larkspur", visit.id]))
    assert detail.status_code == 200 and "Cancel this visit" not in _text(detail)
    for route in ("appointment-cancel", "appointment-restore", "appointment-move", "appointment-undo-move"):
        assert ana.post(reverse(f"scheduling:{route}", args=["larkspur", visit.id])).status_code == 404
    with cast.as_(cast.liz_user):
        assert Appointment.objects.get().status == "booked"


def test_who_may_be_in_the_visit_alone_gives_it_to_nobody_else(client: Client, cast: Cast) -> None:
    visit = factories.waiting(cast, answers=factories.AWAY)
    _narrow(cast, Scope.VISITS)
    ana = _choose(client, cast)
    assert ana.get(reverse("visits:visit-stopped", args=["larkspur", visit.id])).status_code == 200
    sent = {"practitioner": str(cast.daniel.id), "start": (clock.now() + timedelta(minutes=5)).isoformat()}
    assert ana.post(reverse("visits:visit-hand-over", args=["larkspur", visit.id]), sent).status_code == 404


def test_who_may_be_in_the_visit_alone_is_led_to_no_summary(client: Client, cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        visits.end_visit(actor=maya, visit=visit)
        Note.objects.filter(encounter__visit_id=visit.id).update(status="final", signed_at=clock.now())
    _narrow(cast, Scope.VISITS)
    ana = _choose(client, cast)
    ended = reverse("visits:visit-ended", args=["larkspur", visit.id])
    assert ana.get(ended).status_code == 200
    _narrow(cast, Scope.VISITS, Scope.SUMMARIES)
    assert "/summary/" in ana.get(ended)["Location"]


def test_a_check_in_says_who_answered(ana: Client, cast: Cast) -> None:
    visit = factories.planned(cast)
    sent = {
        "identity_confirmed": "on", "location": "home", "phone": "845-555-0142", "near": "no",
        "agrees": agreed("visit", "telehealth"),
        "version": "new", "address_line": "9 Pine Street", "city": "Kingston", "state": "NY", "postal_code": "12401",
    }  # fmt: skip
    assert ana.post(reverse("visits:visit-check-in", args=["larkspur", visit.id]), sent).status_code == 302
    door = sign_in(Client(), cast.maya_user).get(reverse("visits:visit-door", args=["larkspur", visit.id]))
    assert "Ana Moreno (daughter), for Liz Moreno" in _text(door)


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_what_is_over_opens_nothing_and_makes_her_nobody_else(ana: Client, cast: Cast, how: str) -> None:
    """The page that is open was Liz's: what is sent from it must not become Ana's own."""
    visit = factories.planned(cast)
    assert ana.get(reverse("scheduling:appointment-detail", args=["larkspur", visit.id])).status_code == 200
    with cast.as_(cast.liz_user):
        grants = Delegation.objects.filter(id=cast.ana_for_liz.id)
        grants.update(**{"revoked_at" if how == "revoked" else "expires_at": clock.now()})
    for path in (HOME + "record/", reverse("scheduling:appointment-detail", args=["larkspur", visit.id])):
        answer = ana.get(path)
        assert answer.status_code == 404 and "You can no longer act for this person here" in _text(answer)
    shown = _text(ana.get("/o/larkspur/"))
    assert "You can no longer act for this person" in shown and "Go back to yourself" in shown
    assert "Go back to yourself" in _text(ana.get(HOME, follow=True)), "her start page leads out"
    ana.post(reverse("people:acting-stop", args=["larkspur"]))
    assert "You act for nobody here" in _text(ana.get(HOME, follow=True))


def test_a_form_that_was_opened_for_one_person_is_refused_for_another(client: Client, cast: Cast) -> None:
    ana = sign_in(Client(enforce_csrf_checks=True), cast.ana_user)

    def token(path: str) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', ana.get(path).content.decode())
        assert found is not None
        return found[1]

    begin = reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id])
    before = token(reverse("people:acting", args=["larkspur"]))
    assert ana.post(begin, {"csrfmiddlewaretoken": before}).status_code == 302
    stop = reverse("people:acting-stop", args=["larkspur"])
    assert ana.post(stop, {"csrfmiddlewaretoken": before}).status_code == 403, "a page of before"
    assert ana.post(stop, {"csrfmiddlewaretoken": token("/o/larkspur/")}).status_code == 302


def test_an_open_page_learns_that_it_is_about_somebody_else_now(client: Client, cast: Cast) -> None:
    ana = sign_in(client, cast.ana_user)
    marks = [ana.get(reverse("accounts:session")).json()["who"]]
    ana.post(reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id]))
    marks.append(ana.get(reverse("accounts:session")).json()["who"])
    ana.post(reverse("people:acting-stop", args=["larkspur"]))
    marks.append(ana.get(reverse("accounts:session")).json()["who"])
    assert marks[0] == marks[2] != marks[1]


def test_where_the_one_is_is_not_where_the_other_is(client: Client, cast: Cast) -> None:
    ana = sign_in(client, cast.ana_user)
    service = reverse("scheduling:service-detail", args=["larkspur", cast.video_visit.id])
    ana.get(service, {"state": "NJ", "zone": "America/New_York"})
    assert client.session["place"]["state"] == "NJ"
    ana.post(reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id]))
    assert "place" not in client.session and client.session.get("_auth_user_id")


def test_a_clinician_who_acts_for_somebody_is_no_clinician_meanwhile(client: Client, cast: Cast) -> None:
    from webside.testing.cast import delegation

    visit = factories.admitted(cast)
    with cast.as_(cast.liz_user):
        grant = delegation(cast.liz, cast.maya_user, Scope.SUMMARIES)
    maya = sign_in(client, cast.maya_user)
    chart = reverse("chart:patient-detail", args=["larkspur", cast.liz.id])
    assert maya.get(chart).status_code == 200
    maya.post(reverse("people:acting-begin", args=["larkspur", grant.id]))
    for path in (chart, reverse("visits:visit-room", args=["larkspur", visit.id])):
        assert maya.get(path).status_code == 404
    maya.post(reverse("people:acting-stop", args=["larkspur"]))
    assert maya.get(chart).status_code == 200


def test_the_choice_holds_in_its_own_clinic_only(ana: Client, cast: Cast) -> None:
    assert "You are acting" not in _text(ana.get("/o/northgate/"))


def test_a_session_that_names_a_grant_of_somebody_else_gives_nothing(client: Client, cast: Cast) -> None:
    daniel = sign_in(client, cast.daniel_user)
    session = daniel.session
    chosen = {"grant": str(cast.ana_for_liz.id), "patient": str(cast.liz.id)}
    session["acting"] = {str(cast.larkspur.id): chosen}
    session.save()
    assert "You can no longer act" in _text(daniel.get(HOME, follow=True))


def test_what_was_refused_while_acting_stands_in_the_patients_trail(ana: Client, cast: Cast) -> None:
    assert ana.get(reverse("portal:record-access", args=["larkspur"])).status_code == 404
    who: Actor = by_system("tests", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=who):
        event = AuditEvent.objects.filter(action="portal.home.refuse").latest("sequence")
        assert (event.patient_id, event.actor_id) == (cast.liz.id, cast.ana_user.id)
