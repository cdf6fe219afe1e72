"""The pages of the line: joining, her place, the clinician's list, the front desk's board."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.core import clock
from webside.core.models import Heartbeat
from webside.people.models import Patient
from webside.scheduling import registry, selectors, services
from webside.scheduling.codes import QueueStatus, Urgency
from webside.scheduling.models import Appointment, CallBack, QueueEntry
from webside.scheduling.registry import Screened
from webside.scheduling.tests.line import call, join, join_visitor, now_of, on_duty, open_line, the_line
from webside.testing.cast import agreed, sign_in
from webside.ui.when import clock_time, local

WORDS = {
    "signs": "none", "reason_text": "A sore throat since Monday", "given": "Nora", "family": "Quist", "birth_date": "02/29/1988",
    "email": "nora@example.test", "phone": "518-555-0161", "consent": agreed("telehealth"),
    "state": "NY", "zone": "America/New_York",
    "key": "0199aaaa-0000-7000-8000-00000000000a",
}  # fmt: skip


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let words about a chest mean danger, by this screen alone."""

    def screen(text: str) -> Screened | None:
        if "chest" not in text:
            return None
        return Screened(Urgency.URGENT, True, "This may be your heart", "Call 911 now.", "Screen of the tests")

    monkeypatch.setattr(registry, "_screens", [])
    registry.register_screen(screen)


def now_url(cast: Any, service: Any = None) -> str:
    return reverse("scheduling:queue-join", args=["larkspur", (service or cast.video_visit).id])


def place_url(entry: QueueEntry, name: str = "queue-entry") -> str:
    return reverse(f"scheduling:{name}", args=["larkspur", entry.id])


def board_url() -> str:
    return reverse("portal:queue-board", args=["larkspur"])


def the_entry(cast: Any) -> QueueEntry:
    with cast.as_(cast.grace_user):
        return QueueEntry.objects.select_related("patient").get()


def test_a_visitor_gets_in_line_and_back_to_the_same_place(cast: Any, client: Client) -> None:
    open_line(cast)
    on_duty(cast)
    assert "Where are you now?" in client.get(now_url(cast)).content.decode()
    page = client.get(now_url(cast), {"state": "NY"}).content.decode()
    assert "0 people would be before you" in page and "within 5 minutes" in page and "Co-pay or $75" in page
    assert page.index("911") < page.index("What is it about?")
    assert "The line closes" not in page  # it is open day and night
    answer = client.post(now_url(cast), WORDS)
    entry = the_entry(cast)
    assert answer["Location"] == place_url(entry)
    page = client.get(place_url(entry)).content.decode()
    assert "You’re next" in page and "Within 5 minutes" in page and "Dr. Maya Chen" in page
    assert "A sore throat" not in page  # a link alone, or a browser left behind, doesn't show her reason
    assert client.post(now_url(cast), WORDS)["Location"] == place_url(entry)  # sent twice, or with Back
    assert client.get(now_url(cast))["Location"] == place_url(entry)
    assert the_entry(cast).id == entry.id


def test_whoever_isnt_she_sees_nothing_of_her_place(cast: Any, client: Client) -> None:
    open_line(cast)
    entry = join(cast)
    assert client.get(place_url(entry)).status_code == 404
    assert sign_in(client, cast.marcus_user).get(place_url(entry)).status_code == 404


def test_words_that_mean_danger_are_answered_before_anything_else(cast: Any, client: Client, screens: None) -> None:
    open_line(cast)
    words = WORDS | {"reason_text": "My chest hurts"}
    for given in (words, {"reason_text": "My chest hurts", "state": "NY"}):  # even where a field is empty
        answer = client.post(now_url(cast), given, follow=True)
        page = answer.content.decode()
        assert page.index("This may be your heart") < page.index("<h1>See someone now")
        assert "tel:911" in page
    with cast.as_(cast.grace_user):
        assert not QueueEntry.objects.exists()
    client.post(now_url(cast), words | {"read": "1"})
    assert the_entry(cast).urgency == Urgency.URGENT
    assert the_entry(cast).urgency_by == "Screen of the tests"


def test_signs_of_danger_are_asked_for_and_nothing_ticked_is_no_answer(cast: Any, client: Client) -> None:
    open_line(cast)
    unanswered = {name: value for name, value in WORDS.items() if name != "signs"}
    page = client.post(now_url(cast), unanswered, follow=True).content.decode()
    assert "or “None of these”" in page and "A sore throat since Monday" in page
    words = WORDS | {"signs": ["chest", "stroke", "none"]}
    page = client.post(now_url(cast), words, follow=True).content.decode()
    assert page.index("heart attack") < page.index("<h1>See someone now") and "signs of a stroke" in page
    assert len(re.findall(r'name="signs" value="(?:chest|stroke)"[^>]* checked', page)) == 2, "both stay ticked"
    with cast.as_(cast.grace_user):
        assert not QueueEntry.objects.exists()
    client.post(now_url(cast), words | {"read": "1"})
    entry = the_entry(cast)
    assert entry.urgency == Urgency.URGENT and "tightness in the chest; A drooping face" in entry.urgency_reason


def test_what_was_typed_stays_when_it_cant_be_sent(cast: Any, client: Client) -> None:
    open_line(cast)
    page = client.post(now_url(cast), WORDS | {"phone": "12"}, follow=True).content.decode()
    assert "Enter a phone number with its area code" in page and "A sore throat since Monday" in page
    page = client.post(now_url(cast), WORDS | {"state": "TX", "zone": "America/Chicago"}, follow=True).content.decode()
    assert "Nobody here has a licence for Texas" in page


def test_a_closed_line_says_when_it_opens_and_offers_a_time(cast: Any, client: Client) -> None:
    open_line(cast, hours=[])
    page = client.get(now_url(cast), {"state": "NY"}).content.decode()
    assert "The line is closed now" in page and "Book a time" in page
    page = client.get(reverse("scheduling:service-detail", args=["larkspur", cast.video_visit.id])).content.decode()
    assert "The line is closed now" in page and now_url(cast) not in page


def test_a_service_without_a_line_has_no_such_page(cast: Any, client: Client) -> None:
    assert client.get(now_url(cast)).status_code == 404
    assert "See someone now" not in client.get(reverse("portal:clinic", args=["larkspur"])).content.decode()


def test_the_clinic_and_the_service_lead_to_the_line(cast: Any, client: Client) -> None:
    open_line(cast)
    for page in (reverse("portal:clinic", args=["larkspur"]),
                 reverse("scheduling:service-detail", args=["larkspur", cast.video_visit.id])):  # fmt: skip
        assert now_url(cast) in client.get(page).content.decode()


def test_her_page_goes_on_to_the_visit_when_it_is_her_turn(cast: Any, client: Client) -> None:
    open_line(cast)
    on_duty(cast)
    client.post(now_url(cast), WORDS)
    entry = the_entry(cast)
    assert "data-go" not in client.get(place_url(entry), {"part": "now"}).content.decode()
    call(cast)
    page = client.get(place_url(entry), {"part": "now"}).content.decode()
    assert "It’s your turn" in page and "data-go" in page and "<html" not in page
    answer = client.post(place_url(entry, "queue-answer"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(f"/o/larkspur/visits/{entry.id}/")
    assert answer.status_code == 200
    # Who goes back to her place isn't sent on again by itself.
    assert "data-go" not in client.get(place_url(entry), {"part": "now"}).content.decode()
    with cast.as_(cast.maya_user) as maya:
        services.release_entry(actor=maya, entry=entry, reason="A fire alarm")
    for name in ("visit-ended", "visit-check-in", "visit-waiting"):
        back = client.get(reverse(f"visits:{name}", args=["larkspur", entry.id]), follow=True)
        assert back.redirect_chain[-1][0] == place_url(entry), name
    assert "You’re next" in back.content.decode()


def test_she_leaves_comes_back_is_told_and_is_called(cast: Any, client: Client) -> None:
    open_line(cast)
    on_duty(cast)
    sign_in(client, cast.liz_user)
    client.post(now_url(cast), WORDS)
    entry = the_entry(cast)
    assert "You are in line" in client.get(reverse("portal:home", args=["larkspur"])).content.decode()
    client.post(place_url(entry, "queue-notify"), {"wanted": "1"})
    assert now_of(cast, entry).wants_message
    left = client.post(place_url(entry, "queue-leave"), follow=True).content.decode()
    assert "You have left the line" in left and place_url(entry, "queue-return") in left
    client.post(place_url(entry, "queue-return"))
    assert now_of(cast, entry).status == QueueStatus.WAITING
    page = client.post(place_url(entry, "queue-call-back"), {"phone": "x", "window": "soon"})
    assert page.status_code == 422 and "area code" in page.content.decode()
    called = client.post(
        place_url(entry, "queue-call-back"), {"phone": "845-555-0199", "window": "evening"}, follow=True
    )
    assert "845-555-0199" in called.content.decode() and "In the evening" in called.content.decode()
    client.post(place_url(entry, "queue-return"))
    assert now_of(cast, entry).status == QueueStatus.WAITING


def test_a_link_of_a_message_opens_her_place_for_a_day(cast: Any, client: Client) -> None:
    import time_machine

    open_line(cast)
    entry = join_visitor(cast)
    with cast.as_(cast.grace_user):
        token = services.issue_queue_link(entry=entry)
    link = reverse("scheduling:link-open", args=["larkspur", token])
    assert client.get(link)["Location"] == place_url(entry)
    assert client.get(place_url(entry)).status_code == 200
    assert sign_in(Client(), cast.liz_user).get(link).status_code == 403
    with time_machine.travel(clock.now() + selectors.QUEUE_LINK_HOLDS, tick=False):
        assert Client().get(link).status_code == 410


def test_a_clinician_switches_on_sees_whom_she_may_and_calls(cast: Any, client: Client) -> None:
    open_line(cast)
    join(cast)
    oregon = join_visitor(cast, state="OR")
    sign_in(client, cast.maya_user)
    mine = reverse("scheduling:queue", args=["larkspur"])
    assert "Liz Moreno" not in client.get(mine).content.decode()  # not on duty
    client.post(reverse("scheduling:queue-duty", args=["larkspur"]), {"on": "1", "hours": "2"})
    page = client.get(mine, {"part": "list"}).content.decode()
    assert "Liz Moreno" in page and "Nora" not in page and "1 more waits for others" in page
    assert client.get(reverse("scheduling:queue-beat", args=["larkspur"])).status_code == 204
    assert client.post(place_url(oregon, "queue-take"), {"reason": "x"}).status_code == 404
    answer = client.post(reverse("scheduling:queue-next", args=["larkspur"]))
    assert re.fullmatch(r"/o/larkspur/visits/[0-9a-f-]+/", answer["Location"])
    assert client.get(answer["Location"]).status_code == 200
    assert "You called Liz Moreno" in client.get(mine).content.decode()
    day = client.get(reverse("portal:home", args=["larkspur"])).content.decode()
    assert "You take people from the line" in day
    off = client.post(reverse("scheduling:queue-duty", args=["larkspur"]), {"on": "0"}, follow=True).content.decode()
    assert "You take no more people" in off and "1 person waits whom nobody else" in off


def test_a_clinician_lets_go_with_a_reason(cast: Any, client: Client) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    call(cast)
    sign_in(client, cast.maya_user)
    refused = client.post(place_url(entry, "queue-let-go"), {"outcome": "back"}, follow=True).content.decode()
    assert "Say why in a few words" in refused
    client.post(place_url(entry, "queue-let-go"), {"outcome": "back", "reason": "My camera broke"})
    assert now_of(cast, entry).status == QueueStatus.WAITING
    assert sign_in(Client(), cast.daniel_user).post(
        place_url(entry, "queue-let-go"), {"outcome": "back", "reason": "x"}
    ).status_code == 404  # fmt: skip


def test_the_board_says_what_is_wrong_and_what_to_do(cast: Any, client: Client) -> None:
    open_line(cast)
    on_duty(cast)
    entry, oregon = join(cast), join_visitor(cast, state="OR")
    sign_in(client, cast.grace_user)
    page = client.get(board_url()).content.decode()
    assert "Nobody looks after the line" in page  # no worker runs in a test
    assert "Liz Moreno" in page and "Nora Quist" in page and "Nobody on duty may see them there" in page
    Heartbeat.objects.create(name=selectors.WATCH, beat_at=clock.now(), every_seconds=10)
    assert "The line is watched" in client.get(board_url(), {"part": "board"}).content.decode()
    order = place_url(oregon, "queue-order")
    assert "Say why" in client.post(order, {"what": "urgency", "urgency": "urgent"}, follow=True).content.decode()
    client.post(order, {"what": "urgency", "urgency": "urgent", "reason": "Spoke to her"})
    assert now_of(cast, oregon).urgency == Urgency.URGENT
    assert [each.id for each in the_line(cast).in_order] == [oregon.id, entry.id]
    page = client.get(board_url()).content.decode()
    assert "After Nora Quist, who is more urgent." in page
    client.post(place_url(entry, "queue-order"), {"what": "assign", "to": str(cast.maya.id), "reason": "Knows her"})
    assert now_of(cast, entry).asked_for_id == cast.maya.id
    client.post(order, {"what": "call-back", "reason": "Nobody for Oregon"})
    with cast.as_(cast.grace_user):
        task = CallBack.objects.get()
    assert "Nobody for Oregon" in client.get(board_url()).content.decode()
    note = reverse("scheduling:queue-note-call", args=["larkspur", task.id])
    client.post(note, {"outcome": "not-reached", "reason": "Busy"})
    assert "1 try: Busy" in client.get(board_url()).content.decode()
    client.post(note, {"outcome": "reached", "reason": "Goes to her own doctor"})
    assert now_of(cast, oregon).status == QueueStatus.SEEN
    client.post(place_url(entry, "queue-order"), {"what": "remove", "reason": "Needs an X-ray: sent to Kingston"})
    assert now_of(cast, entry).status == QueueStatus.REMOVED
    hers = sign_in(Client(), cast.liz_user).get(place_url(entry)).content.decode()
    assert "Needs an X-ray: sent to Kingston" in hers


def test_the_front_desk_puts_somebody_in_line_on_the_phone(cast: Any, client: Client) -> None:
    open_line(cast)
    sign_in(client, cast.grace_user)
    assert client.post(now_url(cast), WORDS)["Location"] == board_url()
    assert the_entry(cast).patient.full_name == "Nora Quist"


def test_the_front_desk_puts_somebody_known_in_line_with_her_own_record(cast: Any, client: Client) -> None:
    open_line(cast)
    sign_in(client, cast.grace_user)
    with cast.as_(cast.grace_user):
        before = Patient.objects.count()
    found = client.get(reverse("portal:book-for", args=["larkspur"]), {"patient": cast.liz.id}).content.decode()
    address = f"{now_url(cast)}?patient={cast.liz.id}"
    assert address in found and "Put in line" in found
    asked = client.get(address).content.decode()
    assert "Where are you now?" in asked and f'name="patient" value="{cast.liz.id}"' in asked
    form = client.get(address, {"patient": cast.liz.id, "state": "NY"}).content.decode()
    assert "For Liz Moreno" in form and 'name="family"' not in form and cast.liz.phone in form
    said = {name: WORDS[name] for name in ("signs", "reason_text", "phone", "consent", "state", "zone", "key")}
    said["patient"] = str(cast.liz.id)
    again = client.post(now_url(cast), said | {"phone": "12"})
    assert f"patient={cast.liz.id}" in again["Location"], "what was typed comes back for the same person"
    assert client.post(now_url(cast), said)["Location"] == board_url()
    entry = the_entry(cast)
    assert entry.patient_id == cast.liz.id
    client.post(now_url(cast), said | {"key": "0199aaaa-0000-7000-8000-00000000000b"})
    assert the_entry(cast).id == entry.id, "she is in line once"
    with cast.as_(cast.grace_user):
        assert Patient.objects.count() == before
    with cast.as_(cast.ingrid_user):
        of_her = AuditEvent.objects.filter(patient_id=cast.liz.id, actor_label="Grace Lin")
        assert {"people.patient.read", "scheduling.queue.join"} <= set(of_her.values_list("action", flat=True))


def test_the_last_callers_place_is_not_the_next_ones(cast: Any, client: Client) -> None:
    open_line(cast)
    sign_in(client, cast.grace_user)
    client.get(now_url(cast), {"state": "OR"})
    page = client.get(now_url(cast), {"patient": cast.liz.id}).content.decode()
    assert "Where are you now?" in page and "You are in Oregon now." not in page


def test_a_patient_who_is_not_there_is_put_in_no_line(cast: Any, client: Client) -> None:
    open_line(cast)
    sign_in(client, cast.grace_user)
    for who in (str(cast.oscar.id), "0199aaaa-0000-7000-8000-0000000000ff", "nobody"):
        assert client.get(now_url(cast), {"patient": who, "state": "NY"}).status_code == 404
        assert client.post(now_url(cast), WORDS | {"patient": who}).status_code == 404
    with cast.as_(cast.grace_user):
        assert not QueueEntry.objects.exists()


def test_nobody_but_the_front_desk_chooses_for_whom(cast: Any, client: Client) -> None:
    open_line(cast)
    client.post(now_url(cast), WORDS | {"patient": str(cast.liz.id)})
    assert the_entry(cast).patient.full_name == "Nora Quist"


def test_a_coach_has_a_line_of_her_own(cast: Any, client: Client) -> None:
    open_line(cast, cast.coaching)
    on_duty(cast, "priya")
    client.post(now_url(cast, cast.coaching), {name: text for name, text in WORDS.items() if name != "consent"})
    entry = the_entry(cast)
    assert "Priya Nair" in client.get(place_url(entry)).content.decode()
    called = call(cast, "priya")
    assert called.entry is not None and called.entry.id == entry.id


def test_that_a_booked_visit_leaves_no_time_is_said_by_the_clinicians_clock(cast: Any) -> None:
    """His page shows his own zone; the clinic's clock would tell another hour."""
    open_line(cast)
    on_duty(cast, "daniel")
    join(cast, state="OR", timezone="America/Los_Angeles")
    with cast.as_(cast.grace_user):
        type(cast.daniel).objects.filter(id=cast.daniel.id).update(timezone="America/Los_Angeles")
        start = clock.now() + timedelta(minutes=3)
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=start.date())
        Appointment.objects.create(
            patient=other, practitioner=cast.daniel, service=cast.video_visit, patient_state="OR",
            patient_timezone="America/Los_Angeles", period=TimestamptzRange(start, start + timedelta(minutes=20)),
            booked_by="x", idempotency_key="y",
        )  # fmt: skip
    daniel = sign_in(Client(), cast.daniel_user)
    page = daniel.post(reverse("scheduling:queue-next", args=["larkspur"]), follow=True).content.decode()
    assert f"Your booked visit at {clock_time(local(start, 'America/Los_Angeles'))} leaves too little time" in page
