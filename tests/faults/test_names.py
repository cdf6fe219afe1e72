"""HTML, formulas and markup in a name, followed from the booking to the claim: everywhere it is the text that was typed."""

from __future__ import annotations

import csv
import email
import io
from collections.abc import Iterator
from email import policy
from html import escape
from typing import Any
from uuid import uuid4

import icalendar
import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from webside.accounts.models import User
from webside.chart import selectors as charts
from webside.chart import services as chart
from webside.chart.tests.factories import PARTS, load_codes
from webside.core import clock
from webside.notifications import selectors as mails
from webside.notifications.models import OutgoingMessage
from webside.outbox.services import deliver_due
from webside.people.models import Patient
from webside.scheduling import services as scheduling
from webside.scheduling.tests.factories import some_slots
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.tests import factories

NAMES = {
    "a formula": '=HYPERLINK("http://x.example","y")',
    "an image": "<img src=x onerror=alert(1)>",
    "signs": "#$%& @cite *b* _i_",
    "a script": "</script><script>alert(1)</script>",
    "markup of the paper": "#strong[x] $1^2$ `c` = h",
    "a line of a calendar": "a;b,c:d\\e",
}


@pytest.fixture(params=list(NAMES))
def name(request: pytest.FixtureRequest) -> str:
    return NAMES[request.param]


@pytest.fixture
def things(cast: Cast, name: str) -> Iterator[dict[str, Any]]:
    """A visit of somebody of this name, booked, held and signed; what came of it by its ids."""
    load_codes("E11")
    User.objects.filter(id=cast.liz_user.id).update(name=name)
    cast.liz_user.refresh_from_db()
    with cast.as_(cast.grace_user):
        Patient.objects.filter(id=cast.liz.id).update(given=name, family="Moreno")
        cast.liz.refresh_from_db()
    with cast.as_(cast.liz_user) as liz:
        slot = factories.make_appointment(cast)
        booked = scheduling.book_with_consent(
            actor=liz, patient=cast.liz, service=cast.video_visit, practitioner=cast.maya,
            start=some_slots(cast)[0].start, state="NY", timezone="America/New_York", reason_text=name,
            idempotency_key=uuid4().hex, consent_scope="telehealth",
        )  # fmt: skip
        visit = services.open_visit(appointment=slot)
        services.complete_safe_start(actor=liz, visit=visit, answers=factories.ANSWERS, agrees=True)
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        visit = services.start_visit(actor=maya, visit=selectors.by_id(visit.id), started_at=clock.now())
        services.confirm_identity(actor=maya, visit=visit)
        encounter = charts.encounter(maya, visit.encounter_id)
        chart.save_note(actor=maya, encounter=encounter, fields=PARTS | {"plan": name}, revision=0)
        chart.add_diagnosis(actor=maya, encounter=encounter, code="E11.65")
        for code in ("allergies", "medications", "problems"):
            chart.confirm_list(actor=maya, patient=cast.liz, code=code)
        services.end_visit(actor=maya, visit=visit)
        chart.sign_note(actor=maya, encounter=charts.encounter(maya, visit.encounter_id))
    while deliver_due():
        pass
    yield {"booked": booked.id, "encounter": encounter.id}


def _get(user: Any, name: str, *args: Any) -> bytes:
    answer = sign_in(Client(), user).get(reverse(name, args=["larkspur", *args]))
    assert answer.status_code == 200, name
    return bytes(answer.content)


def _cells(content: bytes) -> list[str]:
    return [cell for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in line]


def test_a_name_stays_the_text_that_was_typed(cast: Cast, things: dict[str, Any], name: str) -> None:
    """Shown failing with ``harmless`` giving its text back, ``|safe`` behind the name in the list of claims, and the name
    evaluated as markup in ``summary.typ``."""
    # Spreadsheets: the list of claims, and the trail, where her own looks have her name.
    _get(cast.liz_user, "portal:record-access")
    defused = f"'{name}" if name[0] in "=@+-" else name
    assert f"{defused} Moreno" in _cells(_get(cast.marcus_user, "billing:claim-csv"))
    trail = _cells(_get(cast.ingrid_user, "compliance:trail-csv"))
    assert defused in trail
    assert [cell for cell in trail if cell.startswith(("=", "@", "+", "-"))] == []

    # Pages.
    for user, page, *args in (
        (cast.grace_user, "portal:board"),
        (cast.grace_user, "scheduling:appointment-detail", things["booked"]),
        (cast.maya_user, "chart:encounter-detail", things["encounter"]),
        (cast.marcus_user, "billing:claim-list"),
    ):
        text = _get(user, page, *args).decode()
        assert escape(name) in text, page
        assert name not in text or escape(name) == name, page

    # The paper that she takes home.
    reader = pypdf.PdfReader(io.BytesIO(_get(cast.liz_user, "chart:encounter-summary-pdf", things["encounter"])))
    paper = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert "".join(name.split()) in paper

    # Mails: plain text, so that nothing in them is markup; and the calendar's entry, which names nobody.
    sent = [
        email.message_from_bytes(mails.content_of(row), policy=policy.default) for row in OutgoingMessage.objects.all()
    ]
    greeted = [mail for mail in sent if f"Hello {name}," in _text(mail)]
    assert greeted
    for mail in sent:
        assert name not in str(mail["Subject"])
        assert {part.get_content_type() for part in mail.walk()} <= {"text/plain", "text/calendar", "multipart/mixed"}
    for entry in (
        next(
            part.get_content() for mail in greeted for part in mail.walk() if part.get_content_type() == "text/calendar"
        ),
        _get(cast.liz_user, "scheduling:appointment-calendar", things["booked"]).decode(),
    ):
        assert name not in entry
        assert len(icalendar.Calendar.from_ical(entry).subcomponents) == 1


def _text(mail: Any) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
