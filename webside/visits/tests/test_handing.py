"""Handing a patient over who is there: asked, taken, refused, taken back, and what becomes of note, minutes, seats and chart."""

from __future__ import annotations

import email
from datetime import date, timedelta
from email.policy import default
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.chart import policies as charts
from webside.chart import selectors as chart_selectors
from webside.chart import services as chart
from webside.chart.models import Encounter, Note
from webside.compliance.models import Licence
from webside.core import clock, timers
from webside.core.models import Timer
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.models import OutboxEvent
from webside.outbox.services import deliver_due
from webside.people import services as people
from webside.scheduling.models import OnCallStretch
from webside.scheduling.services import cancel_appointment
from webside.testing.cast import Cast, make_cast, sign_in
from webside.testing.queries import page_queries
from webside.ui.when import clock_time, local
from webside.visits import rules, selectors, services
from webside.visits.codes import Busy, HandOverOutcome, Stage
from webside.visits.models import HandOver, Participant, QualitySample, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS

WORDS = "Her sugar is 19 and she vomits; I must leave for surgery"


@pytest.fixture
def cast(db: None) -> Cast:
    """Give the cast, with a second physician who may treat in New York."""
    people = make_cast()
    _licence(people, people.daniel)
    return people


def _licence(cast: Cast, practitioner: Any) -> None:
    with cast.as_(cast.admin_user):
        Licence.objects.create(
            practitioner=practitioner, state="NY", number="NY-WHI-9", period_start=date(2024, 1, 1),
            period_end=clock.now().date() + timedelta(days=400), verified_at=clock.now(), verified_with="state board",
        )  # fmt: skip


def _ask(cast: Cast, visit: Visit, to: Any = None, *, stays: bool = False, words: str = WORDS) -> HandOver:
    with cast.as_(cast.maya_user) as maya:
        to = to or cast.daniel
        return services.ask_hand_over(actor=maya, visit=visit, practitioner_id=to.id, words=words, stays=stays)


def _take(cast: Cast, asked: HandOver, user: Any = None) -> Visit:
    with cast.as_(user or cast.daniel_user) as actor:
        return services.take_over(actor=actor, hand_over_id=asked.id)


def _handed(cast: Cast, *, stays: bool = False) -> Visit:
    """Return a visit that Daniel has taken from Maya in the middle of the call."""
    return _take(cast, _ask(cast, factories.admitted(cast), stays=stays))


def _url(name: str, *ids: Any) -> str:
    return reverse(f"visits:{name}", args=["larkspur", *ids])


def _page(cast: Cast, who: str, url: str, **more: Any) -> Any:
    return sign_in(Client(), getattr(cast, f"{who}_user")).get(url, **more)


# ------------------------------------------------------------------------------------------------ who may go on


def test_the_list_says_who_may_who_may_not_and_why(db: None) -> None:
    """A colleague without a licence where the patient is stands there as such, and can't be chosen."""
    cast = make_cast()
    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user) as maya:
        (daniel,) = selectors.who_may_go_on(selectors.visit(maya, visit.id))
        assert daniel.practitioner == cast.daniel and [found.gate for found in daniel.barring] == ["licence"]
        with pytest.raises(services.MayNotTreat):
            services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words=WORDS)
        with pytest.raises(services.NotOffered):  # a coach doesn't give this service
            services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.priya.id, words=WORDS)
    page = _page(cast, "maya", _url("visit-colleagues", visit.id)).content.decode()
    assert "May not treat this patient now" in page and 'value="' + str(cast.daniel.id) not in page
    forced = sign_in(Client(), cast.maya_user).post(
        _url("visit-colleagues", visit.id), {"to": str(cast.daniel.id), "words": WORDS}, headers={"X-In-Page": "1"}
    )
    assert forced.status_code == 422
    with cast.as_(cast.maya_user):
        assert not HandOver.objects.exists()


def test_what_could_not_be_checked_is_said_and_can_not_be_chosen(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from webside.catalog import gates
    from webside.catalog.codes import Kind

    def broken(case: gates.Case) -> None:
        raise RuntimeError("the register is away")

    visit = factories.waiting(cast)
    monkeypatch.setitem(
        gates._gates, "broken",
        gates.Gate("broken", broken, frozenset({gates.Moment.JOIN}), frozenset(Kind), "law", False, "Broken"),
    )  # fmt: skip
    page = _page(cast, "maya", _url("visit-colleagues", visit.id)).content.decode()
    assert "Not checked, so can’t be chosen" in page and "A check did not run" in page


def test_free_in_a_visit_or_soon(cast: Cast) -> None:
    visit = factories.waiting(cast)

    def busy() -> Busy:
        with cast.as_(cast.maya_user) as maya:
            (daniel,) = selectors.who_may_go_on(selectors.visit(maya, visit.id))
            return daniel.busy

    assert busy() is Busy.FREE
    with cast.as_(cast.daniel_user):
        other = services.open_visit(
            appointment=factories.make_appointment(
                cast, practitioner=cast.daniel, patient=_other(cast), starts=clock.now() + timedelta(minutes=2)
            )
        )
    assert busy() is Busy.SOON
    with cast.as_(cast.daniel_user):
        Visit.objects.filter(id=other.id).update(admitted_at=clock.now(), status="in-progress")
    assert busy() is Busy.WITH_SOMEBODY


def test_who_is_on_call_now_is_marked(cast: Cast) -> None:
    visit = factories.waiting(cast)
    url = _url("visit-colleagues", visit.id)
    assert "on call now" not in _page(cast, "maya", url).content.decode()
    now = clock.now()
    with cast.as_(cast.grace_user):
        later = OnCallStretch.objects.create(
            practitioner=cast.daniel, period=TimestamptzRange(now + timedelta(hours=3), now + timedelta(hours=4)),
            planned_by="Grace Lin",
        )  # fmt: skip
    assert "on call now" not in _page(cast, "maya", url).content.decode()
    with cast.as_(cast.grace_user):
        later.period = TimestamptzRange(now - timedelta(hours=1), now + timedelta(hours=4))
        later.save()
    page = _page(cast, "maya", url).content.decode()
    assert page.count("on call now") == 1 and page.index("Whitfield") < page.index("on call now")
    spanish = _page(cast, "maya", url, headers={"Accept-Language": "es"}).content.decode()
    assert "de guardia ahora" in spanish and "on call now" not in spanish


def _other(cast: Cast) -> Any:
    from webside.people.models import Patient

    return Patient.objects.create(
        record_number="LC-9", given="Otto", family="Oak", birth_date=date(1970, 1, 1), state="NY"
    )


# ----------------------------------------------------------------------------------------------------- asking


def test_a_colleague_is_told_without_a_word_of_the_patient(cast: Cast) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    deliver_due()
    message = OutgoingMessage.objects.filter(template="visits/hand_over_asked").get()
    text = email.message_from_bytes(content_of(message), policy=default).get_content()
    assert _url("hand-over", asked.id) in text
    for word in ("sugar", "Liz", "Moreno", "Maya", str(visit.id)):
        assert word not in text and word not in message.subject
    day = _page(cast, "daniel", reverse("portal:home", args=["larkspur"])).content.decode()
    assert "Dr. Maya Chen wants to hand a visit over to you" in day and "sugar" not in day
    page = _page(cast, "daniel", _url("hand-over", asked.id)).content.decode()
    assert WORDS in page and "Take it" in page
    with cast.as_(cast.maya_user):
        assert OutboxEvent.objects.filter(name="visits.HandOverAsked").count() == 1
        assert {"visits.hand-over.ask", "visits.hand-over.read"} <= set(
            AuditEvent.objects.values_list("action", flat=True)
        )


def test_a_push_is_one_sentence(cast: Cast) -> None:
    from webside.notifications.services import send_due_pushes
    from webside.testing.pushes import a_browser, push_service

    with push_service() as service:
        device = a_browser(service)
        device.turn_on(cast, cast.daniel_user)
        asked = _ask(cast, factories.admitted(cast))
        deliver_due()
        send_due_pushes()
        (told,) = device.read()
        (raw,) = device.raw()
    assert told["body"] == "A colleague wants to hand a visit over to you."
    assert b"Liz" not in raw and WORDS.encode() not in raw
    page = sign_in(Client(), cast.daniel_user).get(told["url"])
    assert page.status_code == 302 and page.url.startswith(_url("hand-over", asked.id))


def test_until_it_is_taken_nothing_changes_for_the_patient_who_reads_nothing_of_it(cast: Cast) -> None:
    visit = factories.admitted(cast)
    liz = sign_in(Client(), cast.liz_user)
    names = ("visit-room", "visit-people", "visit-where", "visit-who", "visit-chat")
    before = {name: liz.get(_url(name, visit.id)).status_code for name in names}
    asked = _ask(cast, visit)
    for name in names:
        answer = liz.get(_url(name, visit.id))
        assert answer.status_code == before[name]
        assert "Whitfield" not in answer.content.decode() and "sugar is 19" not in answer.content.decode()
    assert liz.get(_url("hand-over", asked.id)).status_code == 404
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id).appointment.practitioner == cast.maya


def test_the_same_is_asked_once_and_another_only_after_it_was_taken_back(cast: Cast) -> None:
    visit = factories.waiting(cast)
    assert _ask(cast, visit).id == _ask(cast, visit).id
    third = _third(cast)
    with pytest.raises(services.AskedAlready):
        _ask(cast, visit, third)
    with cast.as_(cast.maya_user) as maya:
        services.withdraw_hand_over(actor=maya, hand_over_id=HandOver.objects.get().id)
    assert _ask(cast, visit, third).to == third
    with cast.as_(cast.maya_user), transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.create(visit=visit, asked_by=cast.maya, to=cast.daniel, words="x")


def _third(cast: Cast) -> Any:
    """Return a third physician of the clinic who may treat in New York."""
    from webside.accounts.models import Membership, User
    from webside.catalog.models import ServicePractitioner
    from webside.compliance.models import Credentialing
    from webside.people.models import Practitioner

    user = User.objects.create(email="lena@example.test", name="Dr. Lena Ortiz", password="!")
    Membership.objects.create(user=user, tenant=cast.larkspur, roles=["clinician"])
    with cast.as_(cast.admin_user):
        lena = Practitioner.objects.create(
            user=user, given="Lena", family="Ortiz", prefix="Dr.", qualification="MD", profession="physician"
        )
        Credentialing.objects.create(
            practitioner=lena, credentialed_until=clock.now().date() + timedelta(days=300), excluded=False,
            exclusion_checked_at=clock.now(),
        )  # fmt: skip
        ServicePractitioner.objects.create(service=cast.video_visit, practitioner=lena)
    _licence(cast, lena)
    return lena


@pytest.mark.parametrize("words", ["", "   ", "x" * 501])
def test_a_reason_is_asked_for(cast: Cast, words: str) -> None:
    with pytest.raises(ValueError, match="words"):
        _ask(cast, factories.waiting(cast), words=words)


def test_what_was_typed_is_kept_where_something_is_missing(cast: Cast) -> None:
    visit = factories.waiting(cast)
    maya = sign_in(Client(), cast.maya_user)
    answer = maya.post(_url("visit-colleagues", visit.id), {"words": WORDS}, follow=True).content.decode()
    assert "Choose a colleague" in answer and WORDS in answer


def test_unanswered_for_minutes_who_asked_is_told_and_a_restart_forgets_nothing(cast: Cast) -> None:
    """The timer is a row: whichever worker runs next does what is due."""
    visit = factories.waiting(cast)
    asked = _ask(cast, visit)
    due = asked.asked_at + rules.hand_over_waits(asked.asked_at.date())
    maya = sign_in(Client(), cast.maya_user)
    state = _url("visit-colleagues", visit.id)
    for at, told in ((due - timedelta(seconds=1), False), (due + timedelta(seconds=1), True)):
        with time_machine.travel(at, tick=False):
            timers.run_due()
        assert ("No answer for more than 3 minutes" in maya.get(state, {"part": "state"}).content.decode()) is told
    assert _take(cast, asked).appointment.practitioner == cast.daniel, "late is not too late"
    assert not Timer.objects.filter(name=services.HAND_OVER_TIMER, done_at=None).exists()


def test_answered_in_time_nobody_is_told_that_it_was_not(cast: Cast) -> None:
    asked = _ask(cast, factories.waiting(cast))
    _take(cast, asked)
    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
        timers.run_due()
    with cast.as_(cast.daniel_user):
        assert HandOver.objects.get().overdue_at is None


def test_a_no_needs_a_reason_and_reaches_who_asked(cast: Cast) -> None:
    visit = factories.waiting(cast)
    asked = _ask(cast, visit)
    daniel = sign_in(Client(), cast.daniel_user)
    assert daniel.post(_url("hand-over", asked.id), {"do": "decline", "answer": " "}).status_code == 422
    for _ in range(2):
        daniel.post(_url("hand-over", asked.id), {"do": "decline", "answer": "I am in surgery"})
    door = _page(cast, "maya", _url("visit-door", visit.id)).content.decode()
    assert "Dr. Daniel Whitfield can’t take this visit" in door and "I am in surgery" in door
    with pytest.raises(services.Answered):
        _take(cast, asked)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id).appointment.practitioner == cast.maya


# ------------------------------------------------------------------------------------- taken, from the waiting room


def test_taken_from_the_waiting_room_she_goes_on_waiting_with_all_she_said(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user) as liz:
        before = selectors.visit(liz, visit.id)
        start = before.appointment.period
    taken = _take(cast, _ask(cast, visit))
    with cast.as_(cast.daniel_user) as daniel:
        found = selectors.visit(daniel, visit.id)
        assert found.appointment.practitioner == cast.daniel and found.appointment.period == start
        assert selectors.stage_of(found) is Stage.WAITING and found.waiting_since == before.waiting_since
        kept = found.safe_start
        assert (kept.phone, kept.nearby_name, kept.state) == (ANSWERS["phone"], ANSWERS["nearby_name"], "NY")
        assert (kept.completed_at, kept.consent_id) == (before.safe_start.completed_at, before.safe_start.consent_id)
        assert selectors.emergency_card(found).clinician == "Dr. Daniel Whitfield"
        assert {finding["gate"] for finding in kept.decision["findings"]} >= {"licence"}
        assert OutboxEvent.objects.filter(name="scheduling.AppointmentTaken").count() == 1
        assert AuditEvent.objects.get(action="visits.hand-over.take").changes == {
            "was": str(cast.maya.id), "now": str(cast.daniel.id),
        }  # fmt: skip
        services.admit(actor=daniel, visit=found)
    assert taken.id == visit.id
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id) is None


def test_the_patient_reads_who_comes_and_why_nothing_is_asked_again(cast: Cast) -> None:
    visit = factories.waiting(cast)
    liz = sign_in(Client(), cast.liz_user)
    assert "Waiting room of Dr. Maya Chen" in liz.get(_url("visit-waiting", visit.id)).content.decode()
    _take(cast, _ask(cast, visit))
    line = liz.get(_url("visit-line", visit.id)).content.decode()
    assert "Waiting room of Dr. Daniel Whitfield" in line and "in place of Dr. Maya Chen" in line
    assert "you don’t have to fill in anything again" in line and "sugar" not in line
    assert liz.get(_url("visit-waiting", visit.id)).status_code == 200


def test_no_letter_says_that_the_visit_moved_and_her_link_still_works(cast: Cast) -> None:
    from webside.scheduling.services import issue_link

    visit = factories.waiting(cast)
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=visit.appointment, since=clock.now())
    by_link = Client()
    by_link.get(reverse("scheduling:link-open", args=["larkspur", token]))
    _take(cast, _ask(cast, visit))
    deliver_due()
    assert not OutgoingMessage.objects.filter(template__contains="moved").exists()
    assert by_link.get(_url("visit-waiting", visit.id)).status_code == 200
    again = Client()
    again.get(reverse("scheduling:link-open", args=["larkspur", token]))
    assert again.get(_url("visit-waiting", visit.id)).status_code == 200


def test_the_hour_is_cut_where_the_colleague_is_booked_and_refused_where_too_little_is_left(cast: Cast) -> None:
    visit = factories.waiting(cast, starts=clock.now() - timedelta(minutes=1))
    asked = _ask(cast, visit)
    with cast.as_(cast.grace_user):
        type(cast.daniel).objects.filter(id=cast.daniel.id).update(timezone="America/Los_Angeles")
    with cast.as_(cast.daniel_user):
        booked = factories.make_appointment(
            cast, practitioner=cast.daniel, patient=_other(cast), starts=clock.now() + timedelta(minutes=3)
        )
    with pytest.raises(services.NoTime):
        _take(cast, asked)
    page = sign_in(Client(), cast.daniel_user).post(_url("hand-over", asked.id), {"do": "take"}, follow=True)
    at = clock_time(local(booked.start, "America/Los_Angeles"))
    assert f"Your visit at {at} leaves too little time." in page.content.decode(), "by the clock of his page"
    with cast.as_(cast.daniel_user):
        from psycopg.types.range import TimestamptzRange

        starts = clock.now() + timedelta(minutes=12)
        booked.period = TimestamptzRange(starts, starts + timedelta(minutes=20))
        booked.save()
    taken = _take(cast, asked)
    assert taken.appointment.end == starts and taken.appointment.start <= clock.now()


# ------------------------------------------------------------------------------------------ taken, within the call


def test_in_the_call_the_first_stays_as_a_guest_and_the_colleague_has_the_room(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user):
        first = Participant.objects.get(visit=visit, role="clinician")
    taken = _take(cast, _ask(cast, visit, stays=True))
    with cast.as_(cast.daniel_user) as daniel:
        assert selectors.stage_of(selectors.visit(daniel, visit.id)) is Stage.ROOM
        assert Participant.objects.get(visit=visit, role="clinician").user == cast.daniel_user
        guest = Participant.objects.get(id=first.id)
        assert (guest.role, guest.see_chart, guest.write, guest.removed_at) == ("specialist", True, False, None)
        assert guest.admitted_at is not None
        assert Encounter.objects.get(id=taken.encounter_id).practitioner == cast.daniel
    maya = sign_in(Client(), cast.maya_user)
    seat = _url("seat", first.id)
    assert maya.get(_url("visit-room", visit.id)).url == seat
    assert seat in maya.get(_url("visit-where", visit.id)).content.decode()
    assert 'data-left-url="' + seat + '?left"' in maya.get(seat).content.decode()
    left = maya.get(f"{seat}?left").content.decode()
    assert "You left the call" in left and "data-left-url" not in left, "whoever leaves is not seated again"
    for name in ("visit-door", "visit-gates", "visit-colleagues", "visit-emergency-card"):
        assert maya.get(_url(name, visit.id)).status_code == 404
    for name in ("visit-end", "visit-hold", "visit-fail", "visit-admit"):
        assert maya.post(_url(name, visit.id)).status_code == 404
    room = _page(cast, "daniel", _url("visit-room", visit.id)).content.decode()
    assert ANSWERS["phone"][-4:] in room, "the emergency card is on the new clinician's screen"
    who = _page(cast, "liz", _url("visit-who", visit.id)).content.decode()
    assert "Dr. Daniel Whitfield goes on with your visit now, in place of Dr. Maya Chen" in who
    assert 'data-peer-title="Family medicine" data-peer-lang="en"' in who
    with cast.as_(cast.admin_user) as admin:
        said = {"es": {"specialty": "Medicina familiar"}}
        people.translate_practitioner(actor=admin, practitioner=cast.daniel, translations=said)
    liz = sign_in(Client(), cast.liz_user)
    who = liz.get(_url("visit-who", visit.id), headers={"Accept-Language": "es"}).content.decode()
    assert 'data-peer-title="Medicina familiar" data-peer-lang="es"' in who


def test_who_does_not_stay_is_out_at_once(cast: Cast) -> None:
    visit = _handed(cast)
    with cast.as_(cast.maya_user) as maya:
        assert not selectors.has_seat(maya, visit.id) and not selectors.hears(maya, visit.id)
    client = sign_in(Client(), cast.maya_user)
    day = reverse("portal:home", args=["larkspur"])
    assert client.get(_url("visit-room", visit.id)).url == f"{day}?gone=visit"
    assert f"{day}?gone=visit" in client.get(_url("visit-where", visit.id)).content.decode()


def test_who_was_in_the_call_as_a_guest_takes_it_and_has_the_room(cast: Cast) -> None:
    from webside.visits.codes import ParticipantRole

    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        services.ask_in(
            actor=maya, visit=visit, role=ParticipantRole.SPECIALIST, user_id=cast.daniel_user.id, link_to=lambda _: ""
        )
        seat = Participant.objects.get(visit=visit, user=cast.daniel_user)
        services.let_in(actor=maya, visit=visit, seat_id=seat.id)
    _take(cast, _ask(cast, visit))
    daniel = sign_in(Client(), cast.daniel_user)
    assert daniel.get(_url("seat", seat.id)).url == _url("visit-room", visit.id)
    assert daniel.get(_url("visit-room", visit.id)).status_code == 200


def test_a_minute_of_one_is_nobody_elses(cast: Cast) -> None:
    """The claim is Daniel's and rests on what he did; what Maya and Liz spoke is kept, and counts for neither's code."""
    visit = factories.admitted(cast)
    began = clock.now()
    with cast.as_(cast.maya_user) as maya:
        Visit.objects.update(admitted_at=began)
        services.start_visit(actor=maya, visit=selectors.visit(maya, visit.id), started_at=began)
        _talk(visit, minutes=10)
        assert selectors.call_facts(selectors.visit(maya, visit.id)).audio_minutes == 0
    with time_machine.travel(began + timedelta(minutes=10), tick=False):
        with cast.as_(cast.maya_user) as maya:
            assert selectors.call_facts(selectors.visit(maya, visit.id)).video_minutes == 10
        _take(cast, _ask(cast, visit, stays=True))
        with cast.as_(cast.daniel_user) as daniel:
            assert not selectors.call_facts(selectors.visit(daniel, visit.id)).connected
            _talk(visit, minutes=4)
    with time_machine.travel(began + timedelta(minutes=14), tick=False), cast.as_(cast.daniel_user) as daniel:
        found = services.end_visit(actor=daniel, visit=selectors.visit(daniel, visit.id))
        facts = selectors.call_facts(found)
        assert (facts.connected, facts.video_minutes, facts.total_minutes) == (True, 4, 4)
        assert QualitySample.objects.count() == 4, "nothing that was measured is lost"


def _talk(visit: Visit, *, minutes: int) -> None:
    """Let both of a visit's people hear and see each other for so long."""
    seats = selectors.participants(visit)
    for role, seat in seats.items():
        peer = next(other for key, other in seats.items() if key is not role)
        QualitySample.objects.create(
            participant=seat, peer=peer, seconds=60 * minutes, sound_seconds=60 * minutes, picture_seconds=60 * minutes,
            digest={},
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ the note


def _write(cast: Cast, user: Any, encounter_id: Any, text: str, revision: int, key: str = "page") -> Note:
    with cast.as_(user) as actor:
        return chart.save_note_part(
            actor=actor, encounter=chart_selectors.encounter(actor, encounter_id), part="subjective", text=text,
            revision=revision, key=key,
        )  # fmt: skip


def test_a_begun_note_is_neither_lost_nor_the_others(cast: Cast) -> None:
    visit = factories.admitted(cast)
    note = _write(cast, cast.maya_user, visit.encounter_id, "Thirsty for a week", 0)
    taken = _take(cast, _ask(cast, visit))
    # Her page still sent what she was typing in the moment in which it was taken.
    late = _write(cast, cast.maya_user, visit.encounter_id, "Thirsty for a week, vomits", note.revision)
    assert late.revision == note.revision
    mine = _write(cast, cast.daniel_user, visit.encounter_id, "Seen after Dr. Chen", note.revision + 1, key="his")
    page = _page(cast, "daniel", _url("visit-room", visit.id)).content.decode()
    assert "Handed over by Dr. Maya Chen" in page and "Thirsty for a week, vomits" in page
    with cast.as_(cast.daniel_user):
        kept = Note.objects.get(encounter_id=taken.encounter_id)
        assert (kept.subjective, kept.saved_by) == ("Seen after Dr. Chen", str(cast.daniel_user))
        assert kept.revision == mine.revision
        (handed,) = kept.handed_over
        assert (handed["by"], handed["texts"]) == ("Dr. Maya Chen", {"subjective": "Thirsty for a week, vomits"})


def test_who_handed_over_reads_for_a_day_and_writes_nothing_more(cast: Cast) -> None:
    visit = _handed(cast)
    with cast.as_(cast.maya_user) as maya:
        encounter = chart_selectors.encounter(maya, visit.encounter_id)
        assert encounter is not None and charts.can_view_chart(maya, cast.liz)
        assert not charts.can_write_note(maya, encounter) and not charts.can_sign_note(maya, encounter)
        with pytest.raises(chart.NotAllowed):
            chart.save_note_part(
                actor=maya, encounter=encounter, part="plan", text="x", revision=encounter.note.revision, key="new"
            )
    lasts = rules.hand_over_reads(clock.now().date())
    with time_machine.travel(clock.now() + lasts + timedelta(minutes=1), tick=False), cast.as_(cast.maya_user) as maya:
        assert not charts.can_view_chart(maya, cast.liz)
        assert chart_selectors.encounter(maya, visit.encounter_id) is None


def test_from_the_waiting_room_nothing_of_the_chart_stays_open(cast: Cast) -> None:
    _take(cast, _ask(cast, factories.waiting(cast)))
    with cast.as_(cast.maya_user) as maya:
        assert not charts.can_view_chart(maya, cast.liz)


def test_a_signed_note_goes_to_nobody(cast: Cast) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    with cast.as_(cast.maya_user):
        Note.objects.filter(encounter_id=visit.encounter_id).update(
            status="final", signed_at=clock.now(), signed_by=cast.maya
        )
    with pytest.raises(services.SignedAlready):
        _take(cast, asked)
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id).appointment.practitioner == cast.maya
        with pytest.raises(services.SignedAlready):
            services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words=WORDS)


# -------------------------------------------------------------------------------------------------- what goes wrong


def test_taken_twice_it_is_taken_once(cast: Cast) -> None:
    asked = _ask(cast, factories.admitted(cast))
    assert _take(cast, asked).id == _take(cast, asked).id
    with cast.as_(cast.daniel_user):
        assert OutboxEvent.objects.filter(name="scheduling.AppointmentTaken").count() == 1
        assert len(Note.objects.get().handed_over) == 1


def test_taken_back_or_taken_whoever_comes_second_hears_so(cast: Cast) -> None:
    asked = _ask(cast, factories.waiting(cast))
    with cast.as_(cast.maya_user) as maya:
        services.withdraw_hand_over(actor=maya, hand_over_id=asked.id)
        services.withdraw_hand_over(actor=maya, hand_over_id=asked.id)
    with pytest.raises(services.Answered):
        _take(cast, asked)
    page = sign_in(Client(), cast.daniel_user).post(_url("hand-over", asked.id), {"do": "take"}, follow=True)
    text = page.content.decode()
    assert "It was answered or taken back before" in text and "took it back. There is nothing to do." in text

    again = _ask(cast, factories.admitted(cast, starts=clock.now() + timedelta(minutes=50)))
    _take(cast, again)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.Answered):
        services.withdraw_hand_over(actor=maya, hand_over_id=again.id)


def test_who_has_a_patient_in_her_room_takes_nobody(cast: Cast) -> None:
    asked = _ask(cast, factories.waiting(cast))
    with cast.as_(cast.daniel_user):
        other = services.open_visit(
            appointment=factories.make_appointment(
                cast, practitioner=cast.daniel, patient=_other(cast), starts=clock.now() + timedelta(hours=3)
            )
        )
        Visit.objects.filter(id=other.id).update(admitted_at=clock.now(), status="in-progress")
    with pytest.raises(services.WithSomebody):
        _take(cast, asked)
    assert "You have a patient in your room" in _page(cast, "daniel", _url("hand-over", asked.id)).content.decode()


def test_a_visit_that_ended_or_was_cancelled_meanwhile_is_taken_by_nobody(cast: Cast) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
        assert HandOver.objects.get().outcome == HandOverOutcome.OVER
        assert not Timer.objects.filter(name=services.HAND_OVER_TIMER, done_at=None).exists()
    with pytest.raises(services.Answered):
        _take(cast, asked)
    day = _page(cast, "daniel", reverse("portal:home", args=["larkspur"])).content.decode()
    assert "wants to hand a visit over" not in day

    waits = factories.waiting(cast, starts=clock.now() + timedelta(minutes=40))
    asked = _ask(cast, waits)
    with cast.as_(cast.liz_user) as liz:
        cancel_appointment(actor=liz, appointment=waits.appointment)
    with pytest.raises(services.WrongStage):
        _take(cast, asked)
    deliver_due()
    with cast.as_(cast.maya_user):
        assert HandOver.objects.get(id=asked.id).outcome == HandOverOutcome.OVER


def test_the_patient_who_left_the_call_meanwhile_is_still_handed_over(cast: Cast) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    with cast.as_(cast.liz_user):
        Participant.objects.filter(visit=visit, role="patient").update(left_at=clock.now(), socket_id=None)
    assert _take(cast, asked).appointment.practitioner == cast.daniel


def test_a_licence_that_ended_between_asking_and_taking_stops_it(cast: Cast) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    with cast.as_(cast.admin_user):
        Licence.objects.filter(practitioner=cast.daniel, state="NY").update(
            period_end=clock.now().date() - timedelta(days=2)
        )
    with pytest.raises(services.MayNotTreat):
        _take(cast, asked)
    page = _page(cast, "daniel", _url("hand-over", asked.id)).content.decode()
    assert "You can’t take this visit" in page and ">Take it<" not in page
    forced = sign_in(Client(), cast.daniel_user).post(_url("hand-over", asked.id), {"do": "take"})
    assert forced.status_code == 302
    with cast.as_(cast.maya_user) as maya:
        assert selectors.visit(maya, visit.id).appointment.practitioner == cast.maya


@pytest.mark.parametrize("who", ["liz", "grace", "priya", "ingrid", "admin", "mallory"])
def test_nobody_else_reads_takes_or_answers(cast: Cast, who: str) -> None:
    visit = factories.admitted(cast)
    asked = _ask(cast, visit)
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert client.get(_url("hand-over", asked.id)).status_code == 404
    for do in ("take", "decline", "withdraw"):
        assert client.post(_url("hand-over", asked.id), {"do": do, "answer": "x"}).status_code == 404
    if who != "liz":
        assert client.get(_url("visit-colleagues", visit.id)).status_code == 404
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        for do in (services.take_over, services.withdraw_hand_over):
            with pytest.raises((services.NotAllowed, Http404)):
                do(actor=actor, hand_over_id=asked.id)


def test_who_asked_may_not_take_and_who_is_asked_may_not_take_back(cast: Cast) -> None:
    asked = _ask(cast, factories.waiting(cast))
    with cast.as_(cast.maya_user) as maya:
        for do, more in ((services.take_over, {}), (services.decline_hand_over, {"answer": "x"})):
            with pytest.raises(services.NotAllowed):
                do(actor=maya, hand_over_id=asked.id, **more)
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.withdraw_hand_over(actor=daniel, hand_over_id=asked.id)


def test_the_list_costs_the_same_however_many_colleagues_there_are(cast: Cast) -> None:
    visit = factories.waiting(cast)
    maya = sign_in(Client(), cast.maya_user)
    maya.get(_url("visit-colleagues", visit.id))
    with page_queries() as few:
        maya.get(_url("visit-colleagues", visit.id))
    _third(cast)
    with page_queries() as many:
        maya.get(_url("visit-colleagues", visit.id))
    assert len(few) == len(many)
