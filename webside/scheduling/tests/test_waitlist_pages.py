"""The pages of the waiting list: getting on it, her place, the link of a message, the front desk's list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.compliance.models import Licence
from webside.scheduling import services
from webside.scheduling.codes import OfferStatus, WaitlistStatus
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment, WaitlistEntry
from webside.scheduling.tests.factories import book
from webside.scheduling.tests.waits import (
    FREE,
    at_ten,
    by_machine,
    offers_of,
    only,
    place_of,
    visits,
    wait,
    wait_visitor,
    work,
)
from webside.testing.cast import agreed, sign_in

now = pytest.fixture(at_ten, name="now")
FORM = {
    "reason_text": "A sore throat", "given": "Nora", "family": "Quist", "birth_date": "02/29/1988",
    "email": "nora@example.test", "phone": "518-555-0161", "consent": agreed("telehealth"),
    "state": "NY", "zone": "America/New_York",
    "key": "0199aaaa-0000-7000-8000-00000000000a", "weekdays": ["1", "3"], "day_parts": ["morning", "evening"],
    "notice_hours": "2", "until": "2026-12-20", "practitioner": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_time(now: Any, cast: Any) -> Iterator[Any]:
    only(cast, FREE)
    yield now


def join_url(cast: Any) -> str:
    return reverse("scheduling:waitlist-join", args=["larkspur", cast.video_visit.id])


def url_of(entry: WaitlistEntry, name: str = "waitlist-entry") -> str:
    return reverse(f"scheduling:{name}", args=["larkspur", entry.id])


def link_of(cast: Any, entry: WaitlistEntry) -> str:
    with by_machine(cast):
        token = services.issue_waitlist_link(entry=entry)
    return reverse("scheduling:waitlist-open", args=["larkspur", token])


def html(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_of_times_leads_to_the_list_and_a_visitor_gets_on_it(cast: Any, client: Client) -> None:
    times = client.get(reverse("scheduling:service-detail", args=["larkspur", cast.video_visit.id]), {"state": "NY"})
    assert join_url(cast) in html(times)
    assert "Where will you be during the visit?" in html(client.get(join_url(cast), {"place": "ask"}))
    page = html(client.get(join_url(cast), {"state": "NY"}))
    assert "You will be in New York." in page and "Which days suit you?" in page
    answer = client.post(join_url(cast), FORM)
    [entry] = [place_of(cast, each) for each in _entries(cast)]
    assert (entry.weekdays, entry.day_parts, entry.until) == ([1, 3], ["morning", "evening"], date(2026, 12, 20))
    assert answer["Location"].startswith("/o/larkspur/waits/")
    page = html(client.get(answer["Location"]))
    assert "You are on the waiting list" in page and "Tuesday, Thursday" in page and "Leave the list" in page
    assert "sore throat" not in page, "a link alone doesn’t show what she wrote"
    client.post(join_url(cast), FORM)
    assert len(_entries(cast)) == 1


def _entries(cast: Any) -> list[WaitlistEntry]:
    with by_machine(cast):
        return list(WaitlistEntry.objects.all())


def test_what_was_typed_and_ticked_stays(cast: Any, client: Client) -> None:
    page = html(client.post(join_url(cast), FORM | {"until": "2026-11-30"}, follow=True))
    assert "Choose today or a later day." in page and "A sore throat" in page
    assert len(re.findall(r'name="weekdays"[^>]*checked', page)) == 2
    assert len(re.findall(r'name="day_parts"[^>]*checked', page)) == 2
    page = html(client.post(join_url(cast), FORM | {"until": "2031-01-01"}, follow=True))
    assert "We can’t look that far ahead." in page
    page = html(client.post(join_url(cast), FORM | {"weekdays": ["9"], "notice_hours": "x"}, follow=True))
    assert "Select a valid choice" in page
    assert _entries(cast) == []


def test_a_state_in_which_nobody_may_see_her_puts_nobody_on_the_list(cast: Any, client: Client) -> None:
    page = html(client.get(join_url(cast), {"state": "TX", "zone": "America/Chicago"}))
    assert "Nobody here may give this service to you there" in page and 'name="until"' not in page
    client.post(join_url(cast), FORM | {"state": "TX", "zone": "America/Chicago"})
    assert _entries(cast) == []


def test_opening_the_link_changes_nothing_and_one_press_takes_the_time(cast: Any, client: Client) -> None:
    nora = wait_visitor(cast)
    work()
    [offer] = offers_of(cast, nora)
    link = link_of(cast, nora)
    for _ in range(2):
        page = html(client.get(link))
    assert "A time is free for you" in page and "It is held for you until" in page
    assert [each.status for each in offers_of(cast, nora)] == [OfferStatus.OPEN]
    answer = client.post(link, {"do": "accept", "offer": str(offer.id)})
    assert answer["Location"] == reverse("scheduling:appointment-detail", args=["larkspur", offer.id])
    assert "The time is yours." in html(client.get(answer["Location"]))
    assert [each.status for each in visits(cast)] == ["booked"]
    assert "You are not waiting any more" in html(client.get(link))
    again = client.post(link, {"do": "accept", "offer": str(offer.id)})
    assert again["Location"] == answer["Location"] and len(visits(cast)) == 1


def test_one_press_leaves_it_to_the_next_one(cast: Any, client: Client) -> None:
    nora = wait_visitor(cast)
    work()
    [offer] = offers_of(cast, nora)
    page = html(client.post(link_of(cast, nora), {"do": "decline", "offer": str(offer.id)}, follow=True))
    assert "The time goes to the next one." in page and "You are still on the list." in page
    assert visits(cast) == []


def test_a_link_of_yesterday_says_that_the_time_is_gone(cast: Any, client: Client, now: Any) -> None:
    nora = wait_visitor(cast)
    work()
    [offer] = offers_of(cast, nora)
    link = link_of(cast, nora)
    now.move_to(FREE + timedelta(hours=1))
    page = html(client.get(link))
    assert "You are on the waiting list" in page and "Take this time" not in page
    page = html(client.post(link, {"do": "accept", "offer": str(offer.id)}, follow=True))
    assert "isn’t held for you any more" in page
    assert [each.status for each in visits(cast)] == ["pending"]
    now.move_to(FREE + timedelta(days=60))
    assert client.get(link).status_code == 410
    assert client.get("/o/larkspur/waits/nobody-was-sent-this/").status_code == 404
    assert client.get(link.replace("larkspur", "northgate")).status_code == 404


@pytest.mark.parametrize("offer", ["", "x", "0199aaaa-0000-7000-8000-00000000000a"])
def test_what_was_never_offered_is_not_taken(cast: Any, client: Client, offer: str) -> None:
    nora = wait_visitor(cast)
    work()
    page = html(client.post(link_of(cast, nora), {"do": "accept", "offer": offer}, follow=True))
    assert "isn’t held for you any more" in page
    assert [each.status for each in visits(cast)] == ["pending"]


def test_a_licence_that_ended_is_said_plainly_and_the_time_is_given_back(cast: Any, client: Client) -> None:
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    with by_machine(cast):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end=date(2026, 12, 1))
    sign_in(client, cast.liz_user)
    page = html(client.post(url_of(liz, "waitlist-answer"), {"do": "accept", "offer": str(offer.id)}, follow=True))
    assert "This time can’t be booked any more" in page and "You stay on the list" in page
    assert visits(cast) == []
    assert [each.status for each in offers_of(cast, liz)] == [OfferStatus.WITHDRAWN]
    assert place_of(cast, liz).status == WaitlistStatus.WAITING


def test_from_her_visit_she_asks_for_an_earlier_time(cast: Any, client: Client) -> None:
    later = FREE + timedelta(days=4)
    only(cast, later)
    with cast.as_(cast.liz_user) as actor:
        had = book(cast, actor, later)
    sign_in(client, cast.liz_user)
    detail = html(client.get(reverse("scheduling:appointment-detail", args=["larkspur", had.id])))
    assert f"{join_url(cast)}?visit={had.id}" in detail
    page = html(client.get(join_url(cast), {"visit": str(had.id)}))
    assert "Ask for an earlier time" in page and "Your visit stays as it is" in page
    wish = {"visit": str(had.id), "notice_hours": "2", "until": "2026-12-07", "key": FORM["key"]}
    refused = client.post(join_url(cast), wish | {"until": "2026-12-08"}, follow=True)
    assert "We can’t look that far ahead." in html(refused)
    answer = client.post(join_url(cast), wish)
    [entry] = _entries(cast)
    assert (answer["Location"], entry.appointment_id) == (url_of(entry), had.id)
    assert "Earlier than" in html(client.get(url_of(entry)))
    home = html(client.get(reverse("portal:home", args=["larkspur"])))
    assert url_of(entry) in home
    only(cast, FREE, later)
    work()
    with by_machine(cast):
        services.look_soon()
    work()
    [offer] = offers_of(cast, entry)
    assert "your visit moves to this time" in html(client.get(url_of(entry)))
    client.post(url_of(entry, "waitlist-answer"), {"do": "accept", "offer": str(offer.id)})
    assert [(each.id, each.start) for each in visits(cast)] == [(had.id, FREE)]


def test_somebody_elses_visit_is_not_there(cast: Any, client: Client) -> None:
    with cast.as_(cast.liz_user) as actor:
        had = book(cast, actor, FREE)
    assert client.get(join_url(cast), {"visit": str(had.id)}).status_code == 404
    assert sign_in(client, cast.marcus_user).get(join_url(cast), {"visit": str(had.id)}).status_code == 404
    assert client.get(join_url(cast), {"visit": "x"}).status_code == 404


def test_who_is_signed_in_as_somebody_else_gets_no_further(cast: Any, client: Client) -> None:
    nora = wait_visitor(cast)
    link = link_of(cast, nora)
    sign_in(client, cast.liz_user)
    assert client.get(link).status_code == 403
    assert client.post(link, {"do": "leave"}).status_code == 403
    assert place_of(cast, nora).status == WaitlistStatus.WAITING
    assert client.get(url_of(nora)).status_code == 404


def test_the_front_desk_sees_offers_takes_and_removes(cast: Any, client: Client) -> None:
    nora = wait_visitor(cast, weekdays=[6])
    sign_in(client, cast.grace_user)
    desk = reverse("scheduling:waitlist", args=["larkspur"])
    assert desk in html(client.get(reverse("scheduling:schedule", args=["larkspur"])))
    page = html(client.get(desk))
    assert "Nora Quist" in page and "Sunday" in page and url_of(nora, "waitlist-offer") in page
    page = html(client.get(url_of(nora, "waitlist-offer")))
    assert "No free time suits by what was said." in page and "Other free times" in page
    page = html(client.post(url_of(nora, "waitlist-offer"), {"slot": "x"}, follow=True))
    assert "No time is chosen yet" in page
    answer = client.post(url_of(nora, "waitlist-offer"), {"slot": slot_value(FREE, cast.maya.id)}, follow=True)
    assert "is held for Nora Quist until" in html(answer) and "Take it for them" in html(answer)
    [offer] = offers_of(cast, nora)
    assert offer.start == FREE
    client.post(url_of(nora, "waitlist-answer"), {"do": "decline", "offer": str(offer.id)})
    page = html(client.post(url_of(nora, "waitlist-remove"), {"reason": ""}, follow=True))
    assert "Say in a few words why." in page
    client.post(url_of(nora, "waitlist-remove"), {"reason": "Was seen elsewhere"})
    assert place_of(cast, nora).status == WaitlistStatus.REMOVED
    assert "Nobody waits for a time" in html(client.get(desk))
    with cast.as_(cast.grace_user):
        assert AuditEvent.objects.filter(action="scheduling.waitlist.remove", reason="Was seen elsewhere").exists()


def test_at_night_the_front_desk_is_told_to_call(cast: Any, client: Client, now: Any) -> None:
    nora = wait_visitor(cast, weekdays=[6])
    now.move_to(FREE - timedelta(hours=11))
    sign_in(client, cast.grace_user)
    page = client.post(url_of(nora, "waitlist-offer"), {"slot": slot_value(FREE, cast.maya.id)}, follow=True)
    assert "It is night where this person is, or there is too little time left" in html(page)
    shown = html(client.get(url_of(nora, "waitlist-offer")))
    assert "Nothing can be offered until the morning" in shown and 'name="slot"' not in shown


def test_the_front_desk_puts_a_patient_on_the_list(cast: Any, client: Client) -> None:
    sign_in(client, cast.grace_user)
    page = html(client.get(join_url(cast), {"patient": str(cast.liz.id), "state": "NY"}))
    assert cast.liz.full_name in page and 'name="given"' not in page
    form = {name: FORM[name] for name in ("state", "zone", "key", "consent", "notice_hours", "until")}
    answer = client.post(join_url(cast), form | {"patient": str(cast.liz.id)})
    assert answer["Location"] == reverse("scheduling:waitlist", args=["larkspur"])
    assert [each.patient_id for each in _entries(cast)] == [cast.liz.id]
    unknown = {"patient": "0199aaaa-0000-7000-8000-00000000000a", "state": "NY"}
    assert client.get(join_url(cast), unknown).status_code == 404
    # Whoever else names a patient is not asked about her.
    other = Client()
    assert 'name="given"' in html(other.get(join_url(cast), {"patient": str(cast.liz.id), "state": "NY"}))


def test_the_list_is_the_front_desks(cast: Any, client: Client) -> None:
    liz = wait(cast)
    for user in (cast.maya_user, cast.marcus_user, cast.ingrid_user, cast.liz_user):
        sign_in(client, user)
        assert client.get(reverse("scheduling:waitlist", args=["larkspur"])).status_code == 404
        assert client.get(url_of(liz, "waitlist-offer")).status_code == 404
        assert client.post(url_of(liz, "waitlist-remove"), {"reason": "x"}).status_code == 404
    assert place_of(cast, liz).status == WaitlistStatus.WAITING


def test_a_link_of_the_list_opens_no_visit_a_second_time(cast: Any, client: Client) -> None:
    """The visit's own links end where it is cancelled; the one to the list doesn't, and somebody else may hold it."""
    nora = wait_visitor(cast)
    work()
    [offer] = offers_of(cast, nora)
    link = link_of(cast, nora)
    taken = {"do": "accept", "offer": str(offer.id)}
    page = client.post(link, taken)["Location"]
    assert client.get(page).status_code == 200
    stranger = Client()
    assert "Your link to the visit is in our e-mail" in html(stranger.post(link, taken, follow=True))
    assert stranger.get(page).status_code == 404
    with cast.as_(cast.grace_user) as grace:
        services.cancel_appointment(actor=grace, appointment=Appointment.objects.get(id=offer.id))
    stranger.post(link, taken)
    assert stranger.get(page).status_code == 404
    restore = reverse("scheduling:appointment-restore", args=["larkspur", offer.id])
    assert stranger.post(restore).status_code == 404


def test_who_came_by_a_link_asks_for_an_earlier_time(cast: Any, client: Client) -> None:
    nora = wait_visitor(cast)
    work()
    [offer] = offers_of(cast, nora)
    page = client.post(link_of(cast, nora), {"do": "accept", "offer": str(offer.id)})["Location"]
    url = reverse("scheduling:waitlist-join", args=["larkspur", cast.video_visit.id])
    assert f"{url}?visit={offer.id}" in html(client.get(page))
    wish = {"visit": str(offer.id), "notice_hours": "2", "until": "2026-12-02", "key": str(uuid4())}
    answer = client.post(url, wish)
    assert answer.status_code == 302 and "/waits/" in answer["Location"]
    other = Client()
    assert other.post(url, wish | {"key": str(uuid4())}).status_code in (404, 422), "only whose visit it is"
