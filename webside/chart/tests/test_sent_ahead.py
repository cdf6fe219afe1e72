"""The checked sheet goes ahead: by a link that says nothing and a code told by phone, to nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent
from webside.chart import selectors, services
from webside.chart.codes import TransferOutcome
from webside.chart.models import Transfer, TransferLink
from webside.chart.tests import factories
from webside.core import clock
from webside.notifications.codes import MessageStatus, Reason
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import recipients_of
from webside.testing.cast import Cast, sign_in
from webside.testing.spanish import left_in_english, letter_of

SPANISH = {"Accept-Language": "es"}
WOUND = services.TransferDraft(
    destination="urgent-care", place_name="Kingston Urgent Care", how_soon="today", why="A cut that must be stitched"
)
TO = {"do": "send", "name": "Sam Ortiz, Kingston Urgent Care", "email": "intake@kingston.example"}


@pytest.fixture
def visit(cast: Cast) -> Any:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


@pytest.fixture
def made(cast: Cast, visit: Any) -> Transfer:
    """Liz is sent to be seen in person."""
    with cast.as_(cast.maya_user) as maya:
        return services.send_in_person(actor=maya, encounter=visit, draft=WOUND)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(HTTP_HOST="localhost"), cast.maya_user)


@pytest.fixture
def them() -> Client:
    """The browser of who takes over: nobody whom we know."""
    return Client(HTTP_HOST="localhost")


def sheet_page(transfer: Transfer) -> str:
    return reverse("chart:transfer-sheet", args=["larkspur", transfer.encounter_id, transfer.id])


def text_of(answer: Any) -> str:
    main = re.sub(r"<(script|style|template).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def check(client: Client, transfer: Transfer) -> None:
    """Press that it was read and is right, where that isn't pressed yet."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', client.get(sheet_page(transfer)).content.decode())
    if digest is not None:
        client.post(sheet_page(transfer), {"digest": digest[1]})


def letters(cast: Cast) -> list[str]:
    """Return the letters that were sent to who takes over, the oldest first."""
    with cast.as_(cast.maya_user):
        rows = OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id, channel="email").order_by("queued_at")
        return [letter_of(row) for row in rows if TO["email"] in recipients_of(row)]


def send(client: Client, transfer: Transfer, cast: Cast, **changes: str) -> tuple[str, str]:
    """Check the sheet, send it, and return the path in the letter with the code that the page says."""
    check(client, transfer)
    page = text_of(client.post(sheet_page(transfer), TO | {"key": uuid4().hex} | changes, follow=True))
    code = re.search(r"Tell them this code by phone: (\d{3}) (\d{3})", page)
    assert code is not None, page
    link = re.search(r"https?://[^/]+(/o/larkspur/sent-ahead/\S+/)", letters(cast)[-1])
    assert link is not None
    return link[1], code[1] + code[2]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**selectors.AHEAD_DIGITS:0{selectors.AHEAD_DIGITS}}"


def trail(cast: Cast, action: str) -> list[AuditEvent]:
    with cast.as_(cast.maya_user):
        return list(AuditEvent.objects.filter(action=action).order_by("sequence"))


def test_a_link_a_call_and_a_code_show_what_was_checked(cast: Cast, maya: Client, them: Client, made: Transfer) -> None:
    link, code = send(maya, made, cast)
    asked = them.get(link)
    assert "Enter the code" in text_of(asked) and "no-store" in asked["Cache-Control"]
    assert "Liz" not in text_of(asked)  # of the page's random keys one may say it
    for secret in ("Moreno", "stitched", "Kingston Urgent"):
        assert secret not in asked.content.decode(), secret
    shown = text_of(them.post(link, {"code": f"{code[:3]} {code[3:]}"}, follow=True))
    assert "A cut that must be stitched" in shown and "Liz Moreno" in shown and "Checked Dr. Maya Chen" in shown
    assert "A cut that must be stitched" in text_of(them.get(link)), "for an hour it isn’t asked again"
    page = text_of(maya.get(sheet_page(made)))
    assert "Opened" in page and "Tell them this code" not in page
    [opened] = trail(cast, "chart.transfer.open-ahead")
    assert (opened.outcome, opened.patient_id, opened.target_label) == (Outcome.SUCCESS, cast.liz.id, TO["name"])
    reads = [each for each in trail(cast, "chart.transfer-sheet.read") if each.ground == "link that was sent ahead"]
    assert len(reads) == 2 and all(each.patient_id == cast.liz.id for each in reads)


def test_the_letter_says_nothing_of_the_patient_and_neither_do_the_addresses(
    cast: Cast, maya: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast, key="one")
    token = link.rstrip("/").rpartition("/")[2]
    [letter] = letters(cast)
    words = letter.lower().replace(token.lower(), "")  # so many letters at random say "liz" and "cut" now and then
    for secret in (
        "Liz",
        "Moreno",
        "stitch",
        "cut",
        "patient",
        "Penicillin",
        "emergency",
        code,
        f"{code[:3]} {code[3:]}",
    ):
        assert secret.lower() not in words, secret
    assert "Larkspur Clinic" in letter and "which they tell you by phone" in letter
    with cast.as_(cast.maya_user):
        kept = TransferLink.objects.values().get()
        texts = " ".join(value for value in kept.values() if isinstance(value, str))
        assert token not in texts and code not in texts
        for hashed in (bytes(kept["token_hash"]), bytes(kept["code_hash"])):
            assert token.encode() not in hashed and code.encode() not in hashed, "hashes alone are kept"
        assert services.ahead_hash("", code) != bytes(kept["code_hash"]), "the few codes can’t be tried on the database"


def test_nothing_leaves_that_nobody_has_checked(cast: Cast, maya: Client, made: Transfer) -> None:
    assert 'name="email"' not in maya.get(sheet_page(made)).content.decode()
    said = text_of(maya.post(sheet_page(made), TO | {"key": "a"}, follow=True))
    assert "It reads otherwise by now" in said
    check(maya, made)
    with cast.as_(cast.maya_user) as actor:
        visit = selectors.encounter(actor, made.encounter_id)
        services.change_transfer(
            actor=actor, encounter=visit, transfer=made, draft=replace(WOUND, place="12 Elm Street")
        )
        with pytest.raises(services.NotChecked):
            services.send_ahead(
                actor=actor, encounter=visit, transfer=made, name="x", email="x@example.test", key="b",
                link_to=lambda token: f"/{token}/",
            )  # fmt: skip
    assert letters(cast) == []


def test_what_is_written_later_is_shown_when_it_was_checked_and_not_before(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    them.post(link, {"code": code})
    with cast.as_(cast.maya_user) as actor:
        visit = selectors.encounter(actor, made.encounter_id)
        services.change_transfer(
            actor=actor, encounter=visit, transfer=made, draft=replace(WOUND, done="A pressure bandage")
        )
    assert "A pressure bandage" not in text_of(them.get(link)), "nobody has checked it"
    check(maya, made)
    assert "A pressure bandage" in text_of(them.get(link))


def test_five_wrong_codes_end_it_and_the_clinician_reads_so(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    for _ in range(selectors.AHEAD_TRIES - 1):
        assert "That isn’t the code" in text_of(them.post(link, {"code": wrong(code)}, follow=True))
    assert "six digits" in text_of(them.post(link, {"code": "12"}, follow=True)), "what is no code isn’t counted"
    over = them.post(link, {"code": wrong(code)}, follow=True)
    assert over.status_code == 410 and "wrong too many times" in text_of(over)
    assert them.post(link, {"code": code}).status_code == 410, "the right one comes too late"
    assert "The code was wrong too many times" in text_of(maya.get(sheet_page(made)))
    guesses = trail(cast, "chart.transfer.open-ahead")
    assert [each.outcome for each in guesses] == [Outcome.REFUSED] * selectors.AHEAD_TRIES
    assert "opens nothing any more" in guesses[-1].reason


def test_who_reads_already_reads_on_while_others_get_it_wrong(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    stranger = Client(HTTP_HOST="localhost")
    stranger.post(link, {"code": wrong(code)})
    them.post(link, {"code": code})
    for _ in range(selectors.AHEAD_TRIES - 1):
        stranger.post(link, {"code": wrong(code)})
    assert "Enter the code" in text_of(stranger.get(link)), "the right one gave the tries back"
    stranger.post(link, {"code": wrong(code)})
    assert stranger.get(link).status_code == 410
    assert "A cut that must be stitched" in text_of(them.get(link))
    assert them.get(link + "sheet.pdf")["Content-Type"] == "application/pdf"


def test_it_ends_after_a_day_at_the_press_of_who_sent_it_and_with_a_mistake(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    them.post(link, {"code": code})
    pdf = link + "sheet.pdf"
    with time_machine.travel(clock.now() + selectors.AHEAD_LASTS + timedelta(minutes=1)):
        over = them.get(link)
        assert over.status_code == 410 and "24 hours" in text_of(over)
        assert them.get(pdf).status_code == 302
    with cast.as_(cast.maya_user):
        sent = TransferLink.objects.get()
    ended = maya.post(sheet_page(made), {"do": "end", "link": str(sent.id)}, follow=True)
    assert "The link opens nothing any more" in text_of(ended)
    assert "has ended it" in text_of(them.get(link)) and them.get(pdf).status_code == 302
    another, _ = send(maya, made, cast)
    with cast.as_(cast.maya_user) as actor:
        visit = selectors.encounter(actor, made.encounter_id)
        services.close_transfer(actor=actor, encounter=visit, transfer=made, outcome=TransferOutcome.MISTAKE)
    assert them.get(another).status_code == 410


def test_an_hour_later_and_in_another_browser_the_code_is_asked_for_again(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    them.post(link, {"code": code})
    assert "Enter the code" in text_of(Client(HTTP_HOST="localhost").get(link))
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert "Enter the code" in text_of(them.get(link))
    them.post(link, {"do": "close"})
    assert "Enter the code" in text_of(them.get(link)), "closed on this computer"


def test_the_paper_needs_the_code_too_and_names_nobody_in_its_name(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    assert them.get(link + "sheet.pdf")["Location"] == link
    them.post(link, {"code": code})
    pdf = them.get(link + "sheet.pdf")
    assert pdf["Content-Type"] == "application/pdf" and "Liz" not in pdf["Content-Disposition"]
    text = " ".join(each.extract_text() for each in PdfReader(BytesIO(pdf.content)).pages)
    assert "A cut that must be stitched" in text and "Checked by Dr. Maya Chen" in text


def test_sent_again_the_link_before_ends_and_the_same_form_sends_once(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    first, _ = send(maya, made, cast, key="a")
    maya.post(sheet_page(made), TO | {"key": "a"})
    assert len(letters(cast)) == 1, "the same form again"
    second, code = send(maya, made, cast, key="b")
    assert them.get(first).status_code == 410
    assert "A cut" in text_of(them.post(second, {"code": code}, follow=True))


def test_a_letter_that_fails_is_said_where_it_was_sent(cast: Cast, maya: Client, made: Transfer) -> None:
    send(maya, made, cast)
    assert "The e-mail is on its way" in text_of(maya.get(sheet_page(made)))
    with cast.as_(cast.maya_user):
        OutgoingMessage.objects.filter(template="chart/sent_ahead").update(
            status=MessageStatus.FAILED, reason=Reason.REFUSED
        )
    page = text_of(maya.get(sheet_page(made)))
    assert "The e-mail did not arrive" in page and "is on its way" not in page


def test_a_corrected_address_is_another_form_though_the_browser_sends_the_old_key(
    cast: Cast, maya: Client, made: Transfer
) -> None:
    check(maya, made)
    maya.post(sheet_page(made), TO | {"email": "intake@kingson.example", "key": "a"})
    assert letters(cast) == []
    page = maya.post(sheet_page(made), TO | {"key": "a"}, follow=True)
    assert len(letters(cast)) == 1 and len(re.findall("Tell them this code", text_of(page))) == 2
    again = maya.post(sheet_page(made), TO | {"key": "b"}, follow=True)
    assert "It is on its way" in text_of(again) and len(letters(cast)) == 2


def test_what_was_taken_back_as_a_mistake_is_not_sent(cast: Cast, maya: Client, made: Transfer) -> None:
    check(maya, made)
    with cast.as_(cast.maya_user) as actor:
        visit = selectors.encounter(actor, made.encounter_id)
        services.close_transfer(actor=actor, encounter=visit, transfer=made, outcome=TransferOutcome.MISTAKE)
    said = text_of(maya.post(sheet_page(made), TO | {"key": "a"}, follow=True))
    assert "taken back as a mistake" in said and letters(cast) == []


def test_where_the_code_is_not_known_any_more_the_page_says_what_to_do(
    cast: Cast, maya: Client, made: Transfer
) -> None:
    send(maya, made, cast)
    elsewhere = sign_in(Client(HTTP_HOST="localhost"), cast.maya_user)
    page = text_of(elsewhere.get(sheet_page(made)))
    assert "The code is not shown here any more" in page and "Tell them this code" not in page


def test_whoever_looks_in_whatever_language_reads_the_same_sheet(
    cast: Cast, maya: Client, them: Client, made: Transfer
) -> None:
    link, code = send(maya, made, cast)
    page = maya.get(sheet_page(made), headers=SPANISH).content.decode()
    assert 'name="digest"' not in page, "it is checked for her too"
    them.post(link, {"code": code})
    shown = them.get(link, headers=SPANISH).content.decode()
    assert re.search(r'<section lang="en-?[a-z]*"[^>]*><h2[^>]*>Allergies', shown)
    paper = PdfReader(BytesIO(them.get(link + "sheet.pdf", headers=SPANISH).content))
    assert paper.trailer["/Root"]["/Lang"] == "en"
    assert "Checked by Dr. Maya Chen" in " ".join(each.extract_text() for each in paper.pages)


def test_what_is_wrong_stands_at_the_field_and_what_was_typed_stays(cast: Cast, maya: Client, made: Transfer) -> None:
    check(maya, made)
    page = maya.post(sheet_page(made), TO | {"email": "kingston", "key": "a"}, follow=True)
    assert "This is no e-mail address" in text_of(page)
    assert f'value="{TO["name"]}"' in page.content.decode()
    assert letters(cast) == []


def test_unknown_links_and_another_clinics_are_no_page(cast: Cast, maya: Client, them: Client, made: Transfer) -> None:
    link, code = send(maya, made, cast)
    unknown = them.get(reverse("chart:sent-ahead", args=["larkspur", "x" * 43]))
    elsewhere = them.post(link.replace("/larkspur/", "/other/"), {"code": code})
    assert unknown.status_code == elsewhere.status_code == 404
    assert [each.outcome for each in trail(cast, "chart.transfer.guess-ahead")] == [Outcome.REFUSED]


def test_who_takes_no_part_sends_nothing(cast: Cast, maya: Client, made: Transfer) -> None:
    check(maya, made)
    for user in (cast.grace_user, cast.liz_user, cast.priya_user):
        client = sign_in(Client(HTTP_HOST="localhost"), user)
        assert client.post(sheet_page(made), TO | {"key": "a"}).status_code == 404
    assert letters(cast) == []


def test_too_many_are_refused(cast: Cast, maya: Client, made: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    from webside.chart.services import sent_ahead

    monkeypatch.setattr(sent_ahead, "MOST_LINKS", 1)
    send(maya, made, cast)
    said = text_of(maya.post(sheet_page(made), TO | {"key": "b"}, follow=True))
    assert "It was sent too many times" in said and len(letters(cast)) == 1


def test_its_pages_speak_spanish(cast: Cast, maya: Client, them: Client, made: Transfer) -> None:
    def words(answer: Any) -> str:
        main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
        return unescape(re.sub(r"<[^>]+>", "\n", main))

    link, code = send(maya, made, cast)
    asked = them.get(link, headers=SPANISH)
    refused = them.post(link, {"code": wrong(code)}, headers=SPANISH, follow=True)
    for _ in range(selectors.AHEAD_TRIES):
        them.post(link, {"code": wrong(code)})
    over = them.get(link, headers=SPANISH)
    assert "Introduzca el código" in words(asked) and "Ese no es el código" in words(refused)
    assert [left_in_english(words(each)) for each in (asked, refused, over)] == [[], [], []]
