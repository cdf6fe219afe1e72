"""The demo clinic: made through the services, refreshed at each start, on this machine only."""

from __future__ import annotations

import email
import io
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.test import Client

from webside.accounts.models import User
from webside.audit.models import AuditEvent
from webside.catalog.models import HealthcareService
from webside.chart.models import Encounter
from webside.compliance.models import Licence
from webside.core import clock, frames, purpose
from webside.core.actor import system
from webside.core.models import Tenant
from webside.demo import calls, mailbox, register, telephone
from webside.demo.people import EVERYBODY, PASSWORD, PATIENTS
from webside.demo.seed import hours, seed
from webside.notifications import ports, services
from webside.outbox.models import OutboxEvent
from webside.people.models import Patient, Practitioner
from webside.portal import registry
from webside.scheduling import selectors as scheduling
from webside.scheduling.models import Appointment, Availability, AvailabilityException, OnCallStretch
from webside.testing.calls import until
from webside.visits.engines import phone
from webside.visits.models import Visit


@pytest.fixture
def demo(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Turn the demo on, as its own process would find it."""
    settings.DEMO = True
    settings.VAR = tmp_path
    settings.ROOT_URLCONF = "webside.demo.tests.urls_with_demo"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    register.everything()
    yield
    registry.use_front_page(None)
    ports.lend_smtp(None)
    ports.lend_sms(None)
    mailbox.kept.stop()
    telephone.kept.stop()
    phone.lend(None)
    calls.kept.stop()


@pytest.fixture
def diagnoses(db: None) -> None:
    """Load the codes that the demo's people have; all of them would take seconds."""
    call_command(
        "load_icd10cm",
        only=["E11.65", "E1165", "I10", "E78.5", "E785", "I48.0", "I480", "J45.30", "J4530", "M16.11", "M1611"],
        verbosity=0,
    )


def here() -> Client:
    """Return a browser on this machine."""
    return Client(HTTP_HOST="localhost:8000")


def larkspur() -> Any:
    tenant = Tenant.objects.get(slug="larkspur")
    return frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id))


def test_the_seed_lives_through_the_services_and_repeats_itself_harmlessly(diagnoses: None) -> None:
    seed()
    with larkspur():
        liz = Patient.objects.get(family="Moreno")
        following = Appointment.objects.filter(patient=liz, status="booked").order_by("period").first()
        assert timedelta(minutes=4) <= following.start - clock.now() <= timedelta(minutes=40)
        assert Visit.objects.filter(appointment=following).exists()
        assert liz.allergies.get().criticality == "high" and liz.medications.count() == 3
        assert Encounter.objects.filter(note__signed_at__isnull=False).count() == 4
        assert Encounter.objects.filter(note__signed_at=None, status="finished").count() == 1
        assert OutboxEvent.objects.filter(name="chart.NoteSigned").count() == 4
        ending = Licence.objects.order_by("period_end").first()
        assert (ending.state, ending.period_end - clock.now().date()) == ("NJ", timedelta(days=8))
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"scheduling.appointment.book", "chart.note.sign", "compliance.licence.add"} <= actions
        service = following.service
        soon = scheduling.next_free(service=service, state="NY")
        assert soon is not None and soon.start - clock.now() < timedelta(hours=1)
        counts = [model.objects.count() for model in (Patient, Encounter, Licence, Appointment)]
    seed()
    with larkspur():
        assert [model.objects.count() for model in (Patient, Encounter, Licence, Appointment)] == counts
    assert User.objects.count() == len(EVERYBODY) and Tenant.objects.count() == 2


def test_everything_that_patients_read_of_services_and_people_is_said_in_spanish(diagnoses: None) -> None:
    seed()
    for tenant in Tenant.objects.all():
        with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
            rows = [*HealthcareService.objects.all(), *Practitioner.objects.all()]
            assert rows
            unsaid = [
                (str(row), field)
                for row in rows
                for field in row.SAID
                if getattr(row, field) and row.said(field, "es").language != "es"
            ]
            assert unsaid == []


def test_a_later_start_brings_the_times_up_to_date(diagnoses: None) -> None:
    seed()
    with time_machine.travel(clock.now() + timedelta(days=3), tick=True):
        seed()
        with larkspur():
            following = Appointment.objects.filter(patient__family="Moreno", status="booked").order_by("period").first()
            assert timedelta(minutes=4) <= following.start - clock.now() <= timedelta(minutes=40)
            ending = Licence.objects.order_by("period_end").first()
            assert ending.period_end - clock.now().date() == timedelta(days=8)


def test_the_front_page_tells_the_birth_date_that_a_link_asks_for() -> None:
    liz = next(each for each in PATIENTS if each.key == "liz")
    somebody = next(each for each in EVERYBODY if each.key == "liz")
    assert f"born {liz.born:%m/%d/%Y}" in str(somebody.title)


NIGHT_OF_A_SUNDAY = datetime(2026, 11, 29, 8, 12, tzinfo=UTC)  # 3:12 am in New York, 12:12 am in Portland


def test_the_clinic_lives_at_any_hour_and_keeps_hours_all_the_same(diagnoses: None) -> None:
    with time_machine.travel(NIGHT_OF_A_SUNDAY, tick=True):
        seed()
        with larkspur():
            counts = [model.objects.count() for model in (Appointment, Availability, AvailabilityException)]
            coming = Appointment.objects.filter(status="booked").select_related("practitioner").order_by("period")
            first = coming.first()
            assert (first.patient.given, first.practitioner.family) == ("Liz", "Chen")
            assert timedelta(minutes=4) <= first.start - clock.now() <= timedelta(minutes=40)
            for service, state in (("Same-day video visit", "NY"), ("Same-day video visit", "OR")):
                soon = scheduling.next_free(service=HealthcareService.objects.get(name=service), state=state)
                assert soon is not None and soon.start - clock.now() < timedelta(minutes=40), state
            coach = coming.get(practitioner__family="Nair")
            assert coach.start.astimezone(ZoneInfo("America/New_York")).strftime("%a %H:%M") == "Mon 09:00"
            held = Appointment.objects.filter(status="fulfilled").select_related("practitioner")
            zones = [(each.start, ZoneInfo(each.practitioner.timezone)) for each in held]
            assert {start.astimezone(zone).strftime("%H:%M") for start, zone in zones} == {"10:00"}
            assert all(start.astimezone(zone).weekday() < 5 for start, zone in zones)
            assert not Availability.objects.filter(starts_at=F("ends_at")).exists(), "nobody works day and night"
        seed()
        with larkspur():
            assert counts == [model.objects.count() for model in (Appointment, Availability, AvailabilityException)]
            assert coming.get(practitioner__family="Nair").sequence == 0, "what stands well is not moved again"


def test_somebody_works_at_any_hour_in_a_demo_that_runs_for_days(diagnoses: None) -> None:
    seed()
    assert hours.renew_extra_time() == 0
    with time_machine.travel(clock.now() + timedelta(hours=40), tick=True):
        assert hours.renew_extra_time() == 2
        with larkspur():
            extra = AvailabilityException.objects.filter(reason=hours.EXTRA)
            assert extra.count() == 2
            assert all(each.period.lower <= clock.now() < each.period.upper for each in extra)


def test_somebody_is_always_on_call_and_what_people_change_stays(diagnoses: None) -> None:
    seed()
    with larkspur():
        now = clock.now()
        planned = scheduling.on_call_from(now)
        assert planned[0].start <= now
        assert [each.start for each in planned[1:]] == [each.end for each in planned[:-1]]
        assert planned[-1].end >= now + timedelta(weeks=hours.ON_CALL_WEEKS - 1)
        OnCallStretch.objects.filter(id=planned[0].id).update(removed_at=now)
        kept = OnCallStretch.objects.count()
    seed()
    with larkspur():
        assert OnCallStretch.objects.count() == kept
    with time_machine.travel(clock.now() + timedelta(weeks=hours.ON_CALL_WEEKS), tick=True):
        seed()
        with larkspur():
            assert len(scheduling.on_call_at(clock.now())) == 1


def test_a_demo_that_was_open_day_and_night_gets_hours(diagnoses: None) -> None:
    seed()
    with larkspur():
        maya = Practitioner.objects.get(family="Chen")
        today = clock.today(maya.timezone)
        planned = scheduling.hours_of(maya, today).count()
        Availability.objects.filter(practitioner=maya).delete()
        Availability.objects.create(
            practitioner=maya, weekday=2, starts_at=time(0), ends_at=time(0), timezone=maya.timezone
        )
    seed()
    with larkspur():
        assert scheduling.hours_of(maya, today).count() == planned


def test_the_command_is_refused_without_the_demo(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="WEBSIDE_DEMO"):
        call_command("seed_demo")


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_database_is_the_demos_or_a_clinics_for_good(demo: None, settings: Any, diagnoses: None) -> None:
    """Everybody knows the demo's password, so its people never stand in a clinic that opens to others."""
    with pytest.raises(CommandError, match="no demo; nothing was changed"), transaction.atomic():
        Tenant.objects.create(slug="real", name="A real clinic")
        call_command("seed_demo")
    assert not User.objects.exists() and not purpose.is_demo()
    call_command("seed_demo", stdout=io.StringIO())
    call_command("seed_demo", stdout=io.StringIO())
    assert purpose.is_demo()
    settings.DEMO = False
    with pytest.raises(CommandError, match="everybody knows its password"):
        call_command("upgrade", stdout=io.StringIO())


def test_one_click_makes_somebody_of_you(demo: None, diagnoses: None) -> None:
    seed()
    client = here()
    page = client.get("/").content.decode()
    for somebody in EVERYBODY:
        assert somebody.name in page
    assert "stands in for the second factor" in page and "/accounts/login/" in page
    for somebody in EVERYBODY:
        answer = client.post(f"/demo/become/{somebody.key}/", follow=True)
        assert answer.status_code == 200, somebody.key
        assert answer.wsgi_request.user.email == somebody.email
        assert answer.redirect_chain[0][0] == f"/o/{somebody.tenant}/home/"
    assert client.get("/demo/become/liz/").status_code == 405
    assert client.post("/demo/become/nobody/").status_code == 404


def test_the_real_sign_in_works_beside_it_and_staff_need_their_second_factor(demo: None, diagnoses: None) -> None:
    seed()
    for address, lands in (
        ("liz@moreno.example", "/o/larkspur/home/"),
        ("grace.lin@larkspur.example", "/second-factor/"),
    ):
        client = here()
        answer = client.post("/accounts/login/", {"login": address, "password": PASSWORD}, follow=True)
        assert answer.request["PATH_INFO"] == lands, answer.redirect_chain


def test_the_demo_answers_on_this_machine_only(demo: None, settings: Any, diagnoses: None) -> None:
    seed()
    settings.ALLOWED_HOSTS = ["*"]
    paths = ("/", "/demo/mailbox/")
    for path in paths:
        assert Client(HTTP_HOST="localhost:8000").get(path).status_code == 200
        assert Client(HTTP_HOST="[::1]:8000").get(path).status_code == 200
        assert Client(HTTP_HOST="clinic.example").get(path).status_code == 404
        assert Client(HTTP_HOST="localhost.evil.example").get(path).status_code == 404
        assert Client(REMOTE_ADDR="10.1.2.3", HTTP_HOST="localhost").get(path).status_code == 404
    assert Client(HTTP_HOST="clinic.example").post("/demo/become/maya/").status_code == 404
    settings.DEMO = False
    for path in paths:
        assert Client(HTTP_HOST="localhost").get(path).status_code == 404
    assert Client(HTTP_HOST="localhost").post("/demo/become/maya/").status_code == 404


def test_texts_arrive_on_a_telephone_that_answers(demo: None, diagnoses: None) -> None:
    """A reminder waits on Liz's telephone; her answer goes back by the carrier (whose webhook has tests of its own)."""
    seed()
    telephone.kept.keep_running()
    while services.send_due_texts():
        pass
    (talk,) = telephone.talks()
    assert "Reply 1 to confirm" in talk.last.body and talk.clinic == telephone.NUMBERS["larkspur"]
    client = here()
    page = client.get("/demo/mailbox/").content.decode()
    assert "Reply 1 to confirm" in page and talk.who in page
    answer = {"phone": talk.phone, "clinic": talk.clinic, "body": "1"}
    page = client.post("/demo/mailbox/reply/", answer, follow=True).content.decode()
    assert "It was not taken" in page, "no web process is there to take it"
    assert telephone.talks()[0].bubbles[-1].body == "1"
    assert client.post("/demo/mailbox/reply/", answer | {"phone": "+15185550177"}).status_code == 404


def test_telephones_dial_and_hang_up_and_say_that_there_is_no_sound(demo: None, db: None) -> None:
    """Dialling goes to the carrier, which asks our addresses (they have tests of their own); none answers here."""
    client = here()
    page = client.post("/demo/phone/dial/", {"from": "845-555-0142", "to": calls.NUMBERS["larkspur"]}, follow=True)
    assert "could not be dialled" in page.content.decode(), "no worker keeps the carrier yet"
    calls.kept.keep_running()
    client.post("/demo/phone/dial/", {"from": "845-555-0142", "to": calls.NUMBERS["larkspur"]})
    until(lambda: calls.phones() and calls.phones()[0].over)
    page = client.get("/demo/phone/").content.decode()
    assert "(845) 555-0142" in page and "application error" in page and "hears nothing" in page
    assert not calls.dial("845-555-0142", "+15185550199"), "no number of a clinic"
    sid = calls.phones()[0].sid
    assert client.post("/demo/phone/act/", {"do": "hang-up", "sid": sid}).status_code == 302
    assert client.post("/demo/phone/act/", {"do": "hang-up", "sid": "CAnobody"}).status_code == 404
    assert client.post("/demo/phone/act/", {"do": "redial", "sid": sid}).status_code == 404


def test_without_the_demo_there_are_no_such_addresses(db: None) -> None:
    assert here().get("/demo/mailbox/").status_code == 404
    assert here().post("/demo/become/maya/").status_code == 404


def test_mails_arrive_by_smtp_and_are_read_safely(demo: None, db: None) -> None:
    mailbox.kept.keep_running()
    mailbox.kept.keep_running()
    message = EmailMultiAlternatives(
        "Your visit", "Open http://localhost:8000/o/larkspur/go/abc\n<b>&", to=["liz@moreno.example"]
    )
    message.attach_alternative(
        '<p onclick="x()">Hi<script>alert(1)</script> <a href="javascript:x">no</a></p>', "text/html"
    )
    message.attach('visit".ics', b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar")
    message.attach("page.html", b"<script>alert(1)</script>", "text/html")
    services.queue_email(message)
    assert services.send_due() == 1
    (path,) = mailbox.folder().glob("*.eml")
    assert email.message_from_bytes(path.read_bytes(), policy=default)["Message-ID"].endswith("@localhost>")
    client = here()
    listed = client.get("/demo/mailbox/").content.decode()
    assert "Your visit" in listed and "liz@moreno.example" in listed and "2 files" in listed
    page = client.get(f"/demo/mailbox/{path.stem}/").content.decode()
    assert '<a href="http://localhost:8000/o/larkspur/go/abc"' in page and "&lt;b&gt;&amp;" in page
    assert "alert(1)" not in page and "onclick" not in page and "javascript:" not in page
    calendar = client.get(f"/demo/mailbox/{path.stem}/0/")
    assert calendar["Content-Type"].startswith("text/calendar") and b"VCALENDAR" in calendar.content
    assert calendar["Content-Disposition"] == 'attachment; filename="visit.ics"'
    html = client.get(f"/demo/mailbox/{path.stem}/1/")
    assert html["Content-Type"] == "application/octet-stream" and "attachment" in html["Content-Disposition"]
    assert client.get(f"/demo/mailbox/{path.stem}/7/").status_code == 404
    assert client.get("/demo/mailbox/01a21532-e567-7e7b-91b0-000000000000/").status_code == 404
