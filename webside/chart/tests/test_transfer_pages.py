"""The pages of a visit that turned into something else: forms, beside the call, the sheet, and what the patient reads."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from webside.audit.models import AuditEvent
from webside.chart import selectors, services
from webside.chart.codes import NoteStatus, TransferOutcome
from webside.chart.models import Transfer, TransferContact
from webside.chart.tests import factories
from webside.core import clock
from webside.testing.cast import Cast, sign_in

WOUND = {
    "do": "in-person", "destination": "urgent-care", "place_name": "Kingston Urgent Care", "how_soon": "today",
    "travel": "driven", "why": "A cut that must be stitched", "bring": "The bandage", "if_worse": "Press on the wound",
}  # fmt: skip


@pytest.fixture
def visit(cast: Cast) -> Any:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(HTTP_HOST="localhost"), cast.maya_user)


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(HTTP_HOST="localhost"), cast.liz_user)


def _url(visit: Any, name: str = "transfer", *ids: Any) -> str:
    return reverse(f"chart:{name}", args=["larkspur", visit.id, *ids])


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _one(cast: Cast) -> Transfer:
    with cast.as_(cast.maya_user):
        return Transfer.objects.get()


# ------------------------------------------------------------------------------------------------- without scripts


def test_an_emergency_by_forms_alone_from_the_first_press_to_the_end(cast: Cast, maya: Client, visit: Any) -> None:
    assert "It is a visit so far" in _text(maya.get(_url(visit)))
    begun = maya.post(_url(visit), {"do": "emergency"}, follow=True)
    text = _text(begun)
    assert "Stay in the call" in text and "Nobody has noted a call yet" in text
    assert "Nobody knows where the patient is" in text, "there was no check-in: it is said, and first"
    made = _one(cast)
    assert f"do=mistake&amp;transfer={made.id}" in begun.content.decode(), "a mis-tap is taken back by one press"
    of = {"transfer": str(made.id)}
    typed = {"do": "change", "place": "12 Elm Street, Kingston NY", "phone": "845-555-0142", "why": "Chest pain", **of}
    assert "12 Elm Street" in _text(maya.post(_url(visit), typed, follow=True))
    assert "Stay on the line until help is there" in _text(maya.post(_url(visit), {"do": "called", **of}, follow=True))
    assert "Help is there" in _text(maya.post(_url(visit), {"do": "help-there", **of}, follow=True))
    took = {"do": "contact", "reached": "yes", "name": "Sam Ortiz", "role": "Paramedic", "key": "a", **of}
    assert "Took over Sam Ortiz" in _text(maya.post(_url(visit), took, follow=True))
    to_do = reverse("chart:to-do", args=["larkspur"])
    assert "Taken over by Sam Ortiz" in _text(maya.get(to_do))
    ended = maya.post(_url(visit), {"do": "close", "outcome": "arrived", **of}, follow=True)
    assert "The patient is there, or help is with them" in _text(ended)
    assert "Did they get there?" not in _text(maya.get(to_do))
    opened = maya.post(f"{_url(visit)}?do=reopen&transfer={made.id}", follow=True)
    assert "It is open again" in _text(opened)


def test_care_in_person_needs_where_how_soon_and_why_and_keeps_what_was_typed(
    cast: Cast, maya: Client, visit: Any
) -> None:
    refused = maya.post(_url(visit), {"do": "in-person", "place_name": "Kingston Urgent Care"})
    assert refused.status_code == 422
    text = _text(refused)
    assert all(said in text for said in ("Choose where", "Choose how soon", "Write why"))
    assert 'value="Kingston Urgent Care"' in refused.content.decode()
    done = maya.post(_url(visit), WOUND, follow=True)
    assert "Urgent care, Kingston Urgent Care, Today" in _text(done)
    maya.post(_url(visit), WOUND)
    assert _one(cast).destination == "urgent-care", "sent twice it is said once"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"do": "contact", "key": "a"}, "Say whether you reached somebody"),
        ({"do": "contact", "key": "a", "reached": "yes"}, "Write the name of who took over"),
        ({"do": "contact", "key": "a", "reached": "no"}, "Write whom you tried"),
        ({"do": "close", "outcome": "not-gone"}, "Write in a few words what happened"),
        ({"do": "close"}, "Say what became of it"),
        ({"do": "change", "called_at": "soon"}, "valid date"),
    ],
)
def test_a_refused_form_says_why_and_changes_nothing(
    cast: Cast, maya: Client, visit: Any, typed: dict[str, str], said: str
) -> None:
    maya.post(_url(visit), {"do": "emergency"})
    before = _one(cast)
    answer = maya.post(_url(visit), {**typed, "transfer": str(before.id)})
    assert answer.status_code == 422 and said in _text(answer)
    after = _one(cast)
    assert (after.changed_at, after.closed_at) == (before.changed_at, None)
    with cast.as_(cast.maya_user):
        assert not TransferContact.objects.exists()


def test_saving_again_what_the_form_shows_changes_nothing(cast: Cast, maya: Client, visit: Any) -> None:
    maya.post(_url(visit), {"do": "emergency"})
    of = {"transfer": str(_one(cast).id)}
    maya.post(_url(visit), {"do": "called", **of})
    before = _one(cast)
    form = re.search(r'name="called_at" value="([^"]+)"', maya.get(_url(visit)).content.decode())
    assert form is not None
    typed = {"called_at": form[1], "called_by": "clinician", "number_called": "911"}
    maya.post(_url(visit), {"do": "change", **typed, **of})
    assert (_one(cast).called_at, _one(cast).changed_at) == (before.called_at, before.changed_at)


@pytest.mark.parametrize("what", ["", "explode", "called", "close"])
def test_what_there_is_not_is_not_found(maya: Client, visit: Any, what: str) -> None:
    assert maya.post(_url(visit), {"do": what, "transfer": "none"}).status_code == 404


# ---------------------------------------------------------------------------------------------------- beside the call


def test_beside_the_call_each_answer_is_the_part_alone(cast: Cast, maya: Client, visit: Any) -> None:
    head = {"HX-Request": "true"}
    shown = maya.get(f"{_url(visit)}?beside=1", headers=head)
    assert "<html" not in shown.content.decode() and 'id="chart-transfer"' in shown.content.decode()
    begun = maya.post(_url(visit), {"do": "emergency", "beside": "1"}, headers=head)
    assert begun.status_code == 200 and "What to say" in _text(begun)
    assert "<html" not in begun.content.decode() and 'name="beside" value="1"' in begun.content.decode()
    of = {"transfer": str(_one(cast).id), "beside": "1"}
    refused = maya.post(_url(visit), {"do": "contact", "reached": "yes", **of}, headers=head)
    assert refused.status_code == 422 and "Write the name" in _text(refused)


def test_what_is_being_typed_in_another_form_stays_and_what_was_sent_comes_anew(
    cast: Cast, maya: Client, visit: Any
) -> None:
    head = {"HX-Request": "true"}
    maya.post(_url(visit), {"do": "emergency", "beside": "1"}, headers=head)
    key = str(_one(cast).id)
    called = maya.post(_url(visit), {"do": "called", "transfer": key, "beside": "1"}, headers=head).content.decode()
    refused = maya.post(_url(visit), {"do": "contact", "transfer": key, "beside": "1"}, headers=head).content.decode()
    for page, kept in ((called, {"contact", "change", "close"}), (refused, {"change", "close"})):
        assert set(re.findall(rf'id="(\w+)-{key}"[^>]* hx-preserve', page)) == kept


def test_the_link_to_the_sheet_leaves_the_call_where_it_is(cast: Cast, maya: Client, visit: Any) -> None:
    begun = maya.post(_url(visit), {"do": "emergency", "beside": "1"}, headers={"HX-Request": "true"})
    sheet = re.search(r'<a [^>]*href="[^"]*/sheet/"[^>]*>', begun.content.decode())
    assert sheet is not None and 'target="_blank"' in sheet[0]


# ------------------------------------------------------------------------------------------------------------ the sheet


def test_the_sheet_is_read_checked_and_given_on_paper_and_each_look_is_in_the_trail(
    cast: Cast, maya: Client, visit: Any
) -> None:
    maya.post(_url(visit), WOUND)
    made = _one(cast)
    sheet = _url(visit, "transfer-sheet", made.id)
    page = maya.get(sheet)
    assert "Not checked yet" in _text(page) and "A cut that must be stitched" in _text(page)
    pdf = maya.get(_url(visit, "transfer-sheet-pdf", made.id))
    assert pdf["Content-Type"] == "application/pdf" and "no-store" in pdf["Cache-Control"]
    assert "Liz" not in pdf["Content-Disposition"]
    paper = PdfReader(BytesIO(pdf.content))
    text = " ".join(each.extract_text() for each in paper.pages)
    assert "Nobody has checked this yet" in text and "A cut that must be stitched" in text
    assert len(paper.pages) == 1, "one page"
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page.content.decode())
    assert digest is not None
    checked = maya.post(sheet, {"digest": digest[1]}, follow=True)
    assert "Checked Dr. Maya Chen" in _text(checked)
    stale = maya.post(sheet, {"digest": "0" * 64}, follow=True)
    assert "It reads otherwise by now" in _text(stale)
    with cast.as_(cast.maya_user):
        seen = set(AuditEvent.objects.filter(patient_id=cast.liz.id).values_list("action", flat=True))
    assert {"chart.transfer-sheet.read", "chart.transfer-sheet.download", "chart.transfer.check"} <= seen


def test_a_sheet_is_found_under_its_own_encounter_only(cast: Cast, maya: Client, visit: Any) -> None:
    maya.post(_url(visit), WOUND)
    with cast.as_(cast.maya_user):
        other = factories.encounter(cast, started_at=clock.now())
    assert maya.get(_url(other, "transfer-sheet", _one(cast).id)).status_code == 404


# ------------------------------------------------------------------------------------------------- what the patient reads


def _sign(cast: Cast, visit: Any) -> None:
    with cast.as_(cast.maya_user):
        visit.note.status, visit.note.signed_at, visit.note.signed_by = NoteStatus.FINAL, clock.now(), cast.maya
        visit.note.save()


def test_her_summary_says_where_to_go_before_all_else_signed_or_not(
    cast: Cast, maya: Client, liz: Client, visit: Any
) -> None:
    maya.post(_url(visit), WOUND)
    summary = _url(visit, "encounter-summary")
    waiting = _text(liz.get(summary))
    assert "is still writing" in waiting and "Go to an urgent care center. Go today." in waiting
    _sign(cast, visit)
    page = _text(liz.get(summary))
    assert page.index("You need to be seen in person") < page.index("In short")
    assert all(said in page for said in ("Kingston Urgent Care", "The bandage", "Press on the wound", "Call 911"))
    assert "A cut that must be stitched" not in page, "why is for who takes over; what she reads is written for her"
    pdf = PdfReader(BytesIO(liz.get(_url(visit, "encounter-summary-pdf")).content))
    text = " ".join(each.extract_text() for each in pdf.pages)
    assert "Go to an urgent care center. Go today." in text and "The bandage" in text


def test_her_summary_of_an_emergency_says_to_call_again(cast: Cast, maya: Client, liz: Client, visit: Any) -> None:
    maya.post(_url(visit), {"do": "emergency"})
    _sign(cast, visit)
    text = _text(liz.get(_url(visit, "encounter-summary")))
    assert "This is an emergency" in text and "Call 911 again" in text


def test_a_mistake_is_nowhere_on_her_pages(cast: Cast, maya: Client, liz: Client, visit: Any) -> None:
    maya.post(_url(visit), {"do": "emergency"})
    with cast.as_(cast.maya_user) as actor:
        encounter = selectors.encounter(actor, visit.id)
        services.close_transfer(
            actor=actor, encounter=encounter, transfer=Transfer.objects.get(), outcome=TransferOutcome.MISTAKE
        )
    assert "This is an emergency" not in _text(liz.get(_url(visit, "encounter-summary")))
