"""Everybody's home: what stands there, who gets which, and what nobody else gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.chart.models import AllergyIntolerance, List, Observation
from webside.compliance import services as compliance
from webside.compliance.models import Consent
from webside.core import clock
from webside.people.models import Patient
from webside.portal import policies, selectors
from webside.portal.tests import factories as make
from webside.realtime.services import TopicRefused, mint_ticket
from webside.scheduling.models import Appointment
from webside.testing.cast import agreed, sign_in
from webside.testing.queries import page_queries
from webside.visits import services as visits
from webside.visits.codes import DeviceVerdict
from webside.visits.models import SafeStart
from webside.visits.tests.factories import ANSWERS

MOST_QUERIES = 8
NOON_IN_KINGSTON = datetime(2026, 12, 1, 17, 1, tzinfo=UTC)
HOME = "/o/larkspur/home/"


@pytest.fixture(autouse=True)
def _static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Let it be noon in Kingston: half an hour from now is today."""
    with time_machine.travel(clock.now().replace(hour=17), tick=True):
        yield


def signed_in(user: Any) -> Client:
    client: Client = sign_in(Client(), user)
    return client


def queries(get: Callable[[], Any]) -> list[str]:
    get()  # what is made once in a process is made now
    with page_queries() as found:
        get()
    return found


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


# ---- the patient


def test_the_patient_sees_her_next_step_first(cast: Any) -> None:
    with cast.as_(cast.liz_user):
        booked = make.appointment(cast)
        make.visit(booked)
        make.encounter(cast, signed_at=clock.now(), status="final", plan="Secret plan")
    page = text_of(signed_in(cast.liz_user).get(HOME))
    title = re.sub(r"<[^>]+>", "", page.partition('<h2 id="next-h">')[2].partition("</h2>")[0])
    assert re.match(r"See Dr\. Maya Chen (today|tomorrow), \d", title), title
    assert page.index("Check in and join") < page.index("Your visits so far")
    assert f"/visits/{booked.id}/prepare/" in page and "Read the summary" in page
    assert "Secret plan" not in page


def test_check_in_and_join_leads_to_what_is_not_done(cast: Any) -> None:
    with cast.as_(cast.liz_user):
        room = visits.open_visit(appointment=make.appointment(cast))
    client = signed_in(cast.liz_user)

    def button() -> tuple[str, str]:
        act = text_of(client.get(HOME)).partition('<div class="ws-next__act">')[2]
        found = re.search(r'href="[^"]*/visits/[^/]+/([^"]*)"[^>]*>([^<]*)<', act)
        assert found, act[:400]
        return found[1], found[2].strip()

    assert button() == ("prepare/", "Check in and join")
    with cast.as_(cast.liz_user) as liz:
        visits.check_devices(actor=liz, visit=room, verdict=DeviceVerdict.VIDEO)
    assert button() == ("check-in/", "Check in and join")
    with cast.as_(cast.liz_user) as liz:
        visits.save_safe_start(actor=liz, visit=room, answers=ANSWERS)
    assert button() == ("check-in/#q-agree", "Check in and join")
    with cast.as_(cast.liz_user) as liz:
        visits.complete_safe_start(actor=liz, visit=room, answers=ANSWERS, agrees=True)
    assert button() == ("waiting/", "Go to the waiting room")


def test_a_patient_without_a_visit_is_led_to_the_services(cast: Any) -> None:
    page = text_of(signed_in(cast.liz_user).get(HOME))
    assert "Nothing is booked" in page and "Find a time" in page


def test_a_patient_sees_nothing_of_another(cast: Any) -> None:
    with cast.as_(cast.grace_user):
        other = Patient.objects.create(
            record_number="LC-2", given="Noor", family="Hassan", birth_date=date(1990, 1, 1), state="NY"
        )
        make.appointment(cast, patient=other, minutes=40)
    assert "Nothing is booked" in text_of(signed_in(cast.liz_user).get(HOME))


def test_the_day_counts_for_the_rail_as_every_other_page_does(cast: Any) -> None:
    # At noon: in the half hour around midnight what is half an hour away is another day's.
    with time_machine.travel(clock.now().replace(hour=17), tick=True), cast.as_(cast.maya_user) as maya:
        for minutes, status, let_in in (
            (-30, "checked-in", None), (30, "checked-in", None), (60, "checked-in", clock.now()), (90, "booked", None),
            (-90, "booked", None), (120, "cancelled", None), (60 * 24 * 2, "booked", None),
        ):  # fmt: skip
            booked = make.appointment(cast, minutes=minutes, status=status)
            make.visit(booked, admitted_at=let_in)
        found = selectors.day(maya, cast.larkspur)
        assert found is not None
        assert found.counts == selectors.at_hand(maya, cast.larkspur)
        assert found.counts[0] == 2


def test_who_waits_since_before_midnight_is_on_the_day_and_the_board(cast: Any) -> None:
    just_after = NOON_IN_KINGSTON.replace(hour=5)  # a minute past midnight
    with time_machine.travel(just_after, tick=True), cast.as_(cast.maya_user) as maya:
        waits = make.appointment(cast, minutes=-30, status="checked-in")
        make.visit(waits, status="waiting", waiting_since=clock.now() - timedelta(minutes=15))
        runs = make.appointment(cast, minutes=-80, status="checked-in")
        make.visit(runs, status="in-progress", admitted_at=clock.now() - timedelta(minutes=70))
        due = make.appointment(cast, minutes=-5, status="booked")  # 23:56 to 0:26
        for minutes, status in ((-105, "fulfilled"), (-150, "booked"), (-180, "cancelled"), (-60 * 26, "checked-in")):
            make.visit(make.appointment(cast, minutes=minutes, status=status))
        make.visit(due)
        found = selectors.day(maya, cast.larkspur)
        assert found is not None
        assert [row.appointment.id for row in found.first] == [waits.id]
        assert [row.appointment.id for row in found.today] == [due.id]
        assert [row.appointment.id for row in found.running] == [runs.id]
        assert found.counts == selectors.at_hand(maya, cast.larkspur) == (1, 2)
    with time_machine.travel(just_after, tick=True), cast.as_(cast.grace_user) as grace:
        board = selectors.board(grace, cast.larkspur)
        assert board is not None
        assert {row.appointment.id for row in board.rows} == {waits.id, runs.id, due.id}


def test_a_visit_that_is_late_or_runs_over_stays_on_her_home_page(cast: Any) -> None:
    """Until its room is closed: it is the way back for who signs in again."""
    with cast.as_(cast.maya_user):
        late = make.appointment(cast, minutes=-40, status="checked-in")
        room = make.visit(late, status="waiting", waiting_since=clock.now() - timedelta(minutes=35))
    client = signed_in(cast.liz_user)
    assert f"/visits/{room.id}/" in client.get(HOME).content.decode()
    with cast.as_(cast.maya_user):
        type(room).objects.filter(id=room.id).update(status="failed", ended_at=clock.now())
    assert f"/visits/{room.id}/" not in client.get(HOME).content.decode()


def test_a_consent_is_taken_back_by_her_alone(cast: Any) -> None:
    with cast.as_(cast.liz_user) as actor:
        consent = compliance.give_consent(actor=actor, patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
    url = f"{HOME}consents/{consent.id}/withdraw/"
    assert signed_in(cast.maya_user).post(url).status_code == 404
    assert signed_in(cast.mallory_user).post(url).status_code == 404
    client = signed_in(cast.liz_user)
    assert "If you take it back" in text_of(client.get(url))
    assert client.post(url).status_code == 302
    with cast.as_(cast.liz_user):
        assert Consent.objects.get().status == "inactive"
    assert client.get(url).status_code == 404, "what is taken back is not taken back twice"


def test_she_sees_who_looked_and_not_what_she_did(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        make.appointment(cast)
    signed_in(cast.maya_user).get(HOME)
    signed_in(cast.maya_user).get(HOME)
    client = signed_in(cast.liz_user)
    client.get(f"{HOME}record/")
    page = text_of(client.get(f"{HOME}record/"))
    assert "Dr. Maya Chen" in page and "treats the patient, before the visit" in page and "2 times" in page
    assert "looked at who looked" not in page
    assert signed_in(cast.maya_user).get(f"{HOME}record/").status_code == 404


# ---- clinicians


def test_who_waits_is_first_and_the_chart_stands_beside(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        AllergyIntolerance.objects.create(patient=cast.liz, substance="Sulfonamides", criticality="high")
        List.objects.create(
            patient=cast.liz, code="allergies", confirmed_by="x", confirmed_at=clock.now() - timedelta(days=430)
        )
        late = make.appointment(cast, minutes=-6)
        make.visit(late, status="waiting", waiting_since=clock.now() - timedelta(minutes=4))
        make.encounter(cast, subjective="x")
    page = text_of(signed_in(cast.maya_user).get(HOME))
    assert "Do first" in page and "check-in not done, 4 min" in page
    assert "Sulfonamides" in page and "Allergy list last confirmed 14 months ago" in page
    assert "Empty: Assessment, Plan" in page
    with cast.as_(cast.maya_user):
        read = AuditEvent.objects.get(action="chart.patient.read")
    assert read.patient_id == cast.liz.id and read.ground == "treating, before the visit"


def test_a_blood_pressure_is_said_in_one_breath_as_in_the_room(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        make.appointment(cast)
        encounter = make.encounter(cast)
        for code, display, unit, value in (
            ("8480-6", "Blood pressure (upper)", "mm[Hg]", "131.00"),
            ("8462-4", "Blood pressure (lower)", "mm[Hg]", "79"),
            ("29463-7", "Weight", "kg", "80.50"),
        ):
            Observation.objects.create(
                patient=cast.liz, encounter=encounter, code=code, display=display, unit=unit,
                value=Decimal(value), effective_at=encounter.started_at,
            )  # fmt: skip
    page = text_of(signed_in(cast.maya_user).get(HOME))
    assert "<dt>Blood pressure</dt><dd><b>131/79</b> mmHg" in page and "<b>80.5</b> kg" in page
    assert "(upper)" not in page and "(lower)" not in page
    with cast.as_(cast.maya_user):
        lower = Observation.objects.get(code="8462-4")
        later = lower.effective_at + timedelta(minutes=5)
        Observation.objects.create(
            patient=cast.liz, encounter=encounter, code=lower.code, display=lower.display, unit=lower.unit,
            value=Decimal(82), effective_at=later,
        )  # fmt: skip
    page = text_of(signed_in(cast.maya_user).get(HOME))
    assert "131/82" not in page and "(upper)" in page, "what was not measured together stays apart"


def test_nobody_is_said_to_wait_who_is_met_already(cast: Any) -> None:
    """“Do first: somebody is waiting” stands where there is somebody to let in, or to help on."""
    with cast.as_(cast.maya_user):
        room = make.visit(make.appointment(cast, status="checked-in"), status="waiting", waiting_since=clock.now())
    with time_machine.travel(clock.now().replace(hour=17), tick=True):
        with cast.as_(cast.maya_user):
            start = clock.now() + timedelta(minutes=5)
            Appointment.objects.update(period=TimestamptzRange(start, start + timedelta(minutes=20)))
        page = text_of(signed_in(cast.maya_user).get(HOME))
        assert "Do first" in page and 'wss-rt">waiting' in page
        with cast.as_(cast.maya_user):
            type(room).objects.update(status="in-progress", admitted_at=clock.now())
        page = text_of(signed_in(cast.maya_user).get(HOME))
    assert "Do first" not in page and "somebody is waiting" not in page and 'wss-rt">waiting' not in page
    assert "With you now" in page and "Visit is running" in page


def test_a_visit_in_a_state_without_licence_cannot_start(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        make.appointment(cast, patient_state="CT")
    page = text_of(signed_in(cast.maya_user).get(HOME))
    assert "no licence for CT" in page and "1 can’t start" in page


def test_fragments_follow_without_reading_the_chart(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        make.appointment(cast)
    client = signed_in(cast.maya_user)
    assert "<html" not in text_of(client.get(f"{HOME}?part=list"))
    assert "Liz Moreno" in text_of(client.get(f"{HOME}?part=next"))
    with cast.as_(cast.maya_user):
        assert not AuditEvent.objects.filter(action="chart.patient.read").exists()


def test_the_pane_stays_with_the_visit_whose_chart_it_shows(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        first = make.appointment(cast, minutes=30)
        noor = Patient.objects.create(
            record_number="LC-2", given="Noor", family="Hassan", birth_date=date(1990, 1, 1), state="NY"
        )
    client = signed_in(cast.maya_user)
    pane = f"{HOME}?part=next&of={first.id}"
    assert "comes first now" not in text_of(client.get(pane))
    with cast.as_(cast.maya_user):
        make.appointment(cast, minutes=5, patient=noor)
    page = text_of(client.get(pane))
    assert "Somebody else comes first now" in page and "Show Noor Hassan" in page
    assert re.search(r'<h2 id="ctx"[^>]*>Liz Moreno', page), "never another name above her allergies"
    with cast.as_(cast.maya_user):
        Appointment.objects.filter(id=first.id).update(status="cancelled")
    assert "This visit is no longer yours today" in text_of(client.get(pane))


def test_the_pane_never_says_that_a_check_in_is_open_when_it_is_done(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        room = make.visit(make.appointment(cast), status="waiting", waiting_since=clock.now())
    client = signed_in(cast.maya_user)
    assert "Check-in not done yet" in text_of(client.get(f"{HOME}?part=next"))
    with cast.as_(cast.maya_user):
        SafeStart.objects.create(
            visit=room, completed_at=clock.now(), identity_document=False, address_line="41 Wall Street",
            city="Kingston", state="NY", phone="845-555-0142",
        )  # fmt: skip
    page = text_of(client.get(f"{HOME}?part=next"))
    assert "Check-in not done yet" not in page and "ready, just now" in page
    assert "Is at 41 Wall Street, Kingston, NY" in page and "Identity not seen on a document" in page


def test_a_coach_sees_no_chart(cast: Any) -> None:
    with cast.as_(cast.priya_user):
        AllergyIntolerance.objects.create(patient=cast.liz, substance="Sulfonamides")
        make.appointment(cast, practitioner=cast.priya, service=cast.coaching, patient_state="CT")
    page = text_of(signed_in(cast.priya_user).get(HOME))
    assert "no licence needed" in page and "Sulfonamides" not in page and "no licence for" not in page
    with cast.as_(cast.priya_user):
        assert not AuditEvent.objects.filter(action="chart.patient.read").exists()


def test_a_colleague_sees_only_his_own_day(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        make.appointment(cast)
    assert "Liz Moreno" not in text_of(signed_in(cast.daniel_user).get(HOME))


# ---- the front desk


def test_the_board_shows_everybody_and_who_may_treat_where(cast: Any) -> None:
    with cast.as_(cast.grace_user):
        make.appointment(cast, minutes=5, reason_text="Private words")
    page = text_of(signed_in(cast.grace_user).get(HOME, follow=True))
    assert "Liz Moreno" in page and "845-555-0142" in page and "Move or cancel" in page
    assert "Private words" not in page, "why somebody comes is not the front desk's"
    assert "Dr. Maya Chen" in page
    for other in (cast.maya_user, cast.liz_user, cast.marcus_user, cast.mallory_user):
        assert signed_in(other).get(f"{HOME}desk/").status_code == 404


def test_booking_for_somebody_on_the_phone(cast: Any) -> None:
    client = signed_in(cast.grace_user)
    found = text_of(client.post(f"{HOME}book/", {"q": "mor"}, follow=True))
    assert "Liz Moreno" in found and f'href="?patient={cast.liz.id}">Book for Liz</a>' in found
    assert "LC-20418" in text_of(client.post(f"{HOME}book/", {"q": "8455550142"}, follow=True))
    assert "Liz Moreno" not in text_of(client.get(f"{HOME}book/?q=mor")), "a name must stand in no address"
    page = text_of(client.get(f"{HOME}book/?patient={cast.liz.id}"))
    assert "Same-day video visit" in page and "Safe at home" not in page
    assert '<a class="ws-go" href="?">Look for another person</a>' in page, "what can be done is no fact among facts"
    url = f"{HOME}book/{cast.liz.id}/{cast.video_visit.id}/"
    offered = client.get(url).context["offer"]
    assert offered.state == "NY" and {slot.practitioner.id for slot in offered.slots} == {cast.maya.id}
    form = {
        "state": "NY", "slot": offered.groups[0]["slots"][0]["value"], "reason_text": "Cough",
        "key": client.get(url).context["form"]["key"].initial,
    }  # fmt: skip
    assert "Without a yes" in text_of(client.post(url, form, follow=True))
    assert client.post(url, {**form, "consent": agreed("telehealth")}).status_code == 302
    assert client.post(url, {**form, "consent": agreed("telehealth")}).status_code == 302, "sent twice"
    with cast.as_(cast.grace_user):
        booked = Appointment.objects.get()
        assert (booked.patient_id, booked.reason_text) == (cast.liz.id, "Cough")
        assert Consent.objects.get().scope == "telehealth"


def test_a_state_without_anybody_says_so(cast: Any) -> None:
    url = f"{HOME}book/{cast.liz.id}/{cast.video_visit.id}/?state=AK"
    assert "Nobody here is free and may treat there" in text_of(signed_in(cast.grace_user).get(url))


def test_somebody_new_is_registered_with_plausible_answers_only(cast: Any) -> None:
    client = signed_in(cast.grace_user)
    new = {"given": "Ana", "family": "<b>Cruz</b>", "birth_date": "1988-02-30", "phone": "845 555 0100", "state": "NY",
           "language": "es"}  # fmt: skip
    assert 'aria-invalid="true"' in text_of(client.post(f"{HOME}book/", new, follow=True))
    answer = client.post(f"{HOME}book/", {**new, "birth_date": "1988-02-03"}, follow=True)
    assert "&lt;b&gt;Cruz&lt;/b&gt;" in text_of(answer)
    with cast.as_(cast.grace_user):
        assert Patient.objects.get(given="Ana").language == "es", "we write to her in her language"
    client.post(f"{HOME}book/", {**new, "given": "Lou", "birth_date": "1988-02-03", "language": "xx"})
    with cast.as_(cast.grace_user):
        assert not Patient.objects.filter(given="Lou").exists(), "only in one that we have"
    for other in (cast.maya_user, cast.liz_user, cast.mallory_user):
        assert signed_in(other).get(f"{HOME}book/").status_code == 404


# ---- the others


def test_each_role_is_led_to_its_own_place(cast: Any) -> None:
    ends = {
        cast.marcus_user: "/claims/", cast.ingrid_user: "/trail/", cast.grace_user: "/desk/",
        cast.admin_user: "/home/clinic/",
    }  # fmt: skip
    for user, expected in ends.items():
        answer = signed_in(user).get(HOME)
        assert answer.status_code == 302
        assert expected.strip("/").split("/")[-1] in answer["Location"], answer["Location"]
    assert signed_in(cast.marcus_user).get(f"{HOME}clinic/").status_code == 404


def test_strangers_find_nothing(cast: Any) -> None:
    assert signed_in(cast.mallory_user).get(HOME).status_code == 404
    assert Client().get(HOME).status_code == 302
    assert Client().get("/o/nowhere/").status_code == 404
    with cast.as_(cast.admin_user):
        assert AuditEvent.objects.filter(action="portal.home.refuse").count() == 1


def test_start_leads_home(cast: Any) -> None:
    assert signed_in(cast.liz_user).get("/start/")["Location"] == HOME
    assert "/accounts/login/" in Client().get("/start/")["Location"]
    away = signed_in(cast.liz_user).get("/start/?next=https://evil.example/")
    assert away["Location"] == HOME
    from webside.accounts.models import Membership

    Membership.objects.create(user=cast.liz_user, tenant=cast.northgate, roles=["patient"])
    page = text_of(signed_in(cast.liz_user).get("/start/"))
    assert "Larkspur Clinic" in page and "Northgate Health" in page


def test_the_front_page_and_the_clinic_are_for_everybody(cast: Any) -> None:
    assert "Larkspur Clinic" in text_of(Client().get("/"))
    page = text_of(Client().get("/o/larkspur/"))
    for words in ("Same-day video visit", "Co-pay or $75", "$32 a month", "Call 911", "New Jersey and New York"):
        assert words in page, words
    assert "Liz" not in page


def test_the_clinics_page_says_of_each_service_its_kind_its_price_and_its_next_free_time(cast: Any) -> None:
    """Shown failing with the services under one heading, and with the time taken out of its line."""
    with time_machine.travel(NOON_IN_KINGSTON, tick=False):
        page = text_of(Client().get("/o/larkspur/"))
    found = {}
    for column in page.split('<section class="ws-kindcol')[1:]:
        kind = re.sub(r"<[^>]+>", "", column.partition("<h3")[2].partition(">")[2].partition("</h3>")[0]).strip()
        for line in column.split('<li class="ws-svc">')[1:]:
            words = [re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<(?:a|span)[^>]*>([^<]+)<", line)]
            found[words[0]] = (kind, words[2])
            moment = re.search(r'<time datetime="([^"]+)">([^<]+)</time>', line)
            said = moment[2] if moment else "Ask us to set it up"
            assert said in line
            found[words[0]] += (said,)
    assert found == {
        "Same-day video visit": ("Telemedicine", "Co-pay or $75", "Today, 12:20 pm"),
        "Wellness coaching": ("Telehealth", "$40 for 30 minutes", "Today, 12:30 pm"),
        "Safe at home": ("Telecare", "$32 a month", "Ask us to set it up"),
    }


# ---- limits


def test_main_pages_ask_little_of_the_database(cast: Any) -> None:
    with cast.as_(cast.maya_user):
        for number in range(6):
            booked = make.appointment(cast, minutes=10 + 25 * number)
            make.visit(booked)
            make.encounter(cast)
    pages = {
        ("patient", HOME): signed_in(cast.liz_user),
        ("clinician", HOME): signed_in(cast.maya_user),
        ("desk", f"{HOME}desk/"): signed_in(cast.grace_user),
        ("administrator", f"{HOME}clinic/"): signed_in(cast.admin_user),
        ("visitor", "/o/larkspur/"): Client(),
        ("record", f"{HOME}record/"): signed_in(cast.liz_user),
    }
    for (name, url), client in pages.items():
        asked = queries(lambda client=client, url=url: client.get(url))
        assert len(asked) <= MOST_QUERIES, (name, len(asked), [sql[:140] for sql in asked])


def test_topics_are_for_those_whose_day_it_is(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        assert mint_ticket(actor=maya, topics=[f"day:{cast.maya.id}"])
        for foreign in (f"day:{cast.daniel.id}", f"tenant:{cast.larkspur.id}"):
            with pytest.raises(TopicRefused):
                mint_ticket(actor=maya, topics=[foreign])
    with cast.as_(cast.grace_user) as grace:
        assert mint_ticket(actor=grace, topics=[f"tenant:{cast.larkspur.id}", f"day:{cast.maya.id}"])
        with pytest.raises(TopicRefused):
            mint_ticket(actor=grace, topics=[f"tenant:{cast.northgate.id}"])
        with pytest.raises(TopicRefused):
            mint_ticket(actor=grace, topics=[f"day:{cast.mallory.id}"])
    with cast.as_(cast.liz_user) as liz:
        assert not policies.can_follow_day(liz, cast.maya.id)


def test_the_rail_counts_what_waits_for_whoever_looks(cast: Any) -> None:
    rail = re.compile(r'wss-rc( is-warning)?"><span class="wss-rn">(\d+)</span> <span class="wss-rt">([^<]+)<')

    def counts(user: Any) -> list[tuple[str, ...]]:
        return rail.findall(text_of(signed_in(user).get(HOME, follow=True)))

    # Noon of the clinic: an appointment in five minutes is today's, whenever the test runs.
    with time_machine.travel(clock.now().replace(hour=17), tick=True):
        with cast.as_(cast.liz_user):
            make.appointment(cast, minutes=5)
        assert counts(cast.maya_user) == counts(cast.grace_user) == [("", "1", "to see")]
        assert counts(cast.daniel_user) == []
        with cast.as_(cast.liz_user):
            Appointment.objects.update(status="checked-in")
        assert counts(cast.maya_user) == counts(cast.grace_user) == [(" is-warning", "1", "waiting")]
