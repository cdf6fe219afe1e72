"""A picture of a visit goes into the chart if the patient agrees to this one, and out again until the note is signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from webside.audit.models import AuditEvent
from webside.chart.models import Document, Note
from webside.core import clock
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.models import PictureConsent, Visit
from webside.visits.tests import factories
from webside.visits.tests.test_files import PDF, kept, picture, send, url

SITE = "left forearm, below the elbow"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def visit(cast: Cast) -> Visit:
    """Return a visit whose encounter has begun."""
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        return services.start_visit(actor=maya, visit=visit, started_at=clock.now())


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(), cast.liz_user)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


@pytest.fixture
def sent(visit: Visit, liz: Client) -> str:
    return str(send(liz, visit, picture()).json()["id"])


def do(client: Client, visit: Visit, what: str, which: Any, **more: str) -> Any:
    return client.post(
        url("visit-keeping", visit.id), {"do": what, "which": str(which)} | more, headers={"Accept": "application/json"}
    )


def asked(cast: Cast) -> PictureConsent:
    with cast.as_(cast.maya_user):
        return PictureConsent.objects.latest("asked_at")


def chart(client: Client, cast: Cast) -> str:
    return str(client.get(reverse("chart:patient-detail", args=["larkspur", cast.liz.id])).content.decode())


def of(cast: Cast, document: Document, what: str = "") -> str:
    return reverse("chart:document-content", args=["larkspur", cast.liz.id, document.id]) + what


def documents(cast: Cast) -> list[Document]:
    with cast.as_(cast.maya_user):
        return list(Document.objects.filter(withdrawn_at=None))


def sign(cast: Cast, visit: Visit) -> None:
    """Mark the note as signed: what signing asks is chart's to test."""
    with cast.as_(cast.maya_user):
        Note.objects.filter(encounter_id=visit.encounter_id).update(status="final", signed_at=clock.now())


def test_it_is_kept_only_when_she_agrees(cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str) -> None:
    assert "Keep it in the chart" in maya.get(url("visit-chat", visit.id)).content.decode()
    assert "Keep it in the chart" not in liz.get(url("visit-chat", visit.id)).content.decode()
    assert do(maya, visit, "ask", sent, site=SITE).status_code == 200
    assert documents(cast) == [], "a question keeps nothing"
    question = liz.get(url("visit-keeping", visit.id)).content.decode()
    assert "Dr. Maya Chen asks to keep this picture in your chart." in question and SITE in question
    assert "No answer yet" in maya.get(url("visit-chat", visit.id)).content.decode()
    answer = do(liz, visit, "agree", asked(cast).id)
    assert answer.json() == {"text": "Thank you. The picture is in your chart."}
    (found,) = documents(cast)
    assert (found.body_site, found.taken_by, found.agreed_by) == (SITE, "Liz Moreno", "Liz Moreno")
    assert found.encounter_id == visit.encounter_id and str(found.source_id) == sent
    page = chart(maya, cast)
    assert SITE in page and "taken by Liz Moreno" in page and of(cast, found, "?small") in page
    whole = maya.get(of(cast, found))
    assert whole["Content-Type"] == "image/jpeg" and whole["Content-Security-Policy"].endswith("sandbox")
    assert whole["Content-Disposition"].startswith('attachment; filename="picture-')
    assert f"In the chart: {SITE}" in maya.get(url("visit-chat", visit.id)).content.decode()
    assert liz.get(url("visit-keeping", visit.id)).content.decode().strip() == "", "she is asked no more"
    with cast.as_(cast.maya_user):
        told = AuditEvent.objects.filter(patient_id=cast.liz.id, action__regex="keeping|document")
        assert list(told.order_by("sequence").values_list("action", flat=True)) == [
            "visits.keeping.ask", "chart.document.keep", "visits.keeping.answer", "chart.document.read",
        ]  # fmt: skip


def test_no_is_no_and_may_be_asked_again(cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str) -> None:
    do(maya, visit, "ask", sent, site=SITE)
    first = asked(cast)
    assert do(liz, visit, "decline", first.id).status_code == 200
    assert documents(cast) == [] and "the answer was no" in maya.get(url("visit-chat", visit.id)).content.decode()
    assert do(liz, visit, "agree", first.id).status_code == 409, "an answer isn't turned into another one"
    do(maya, visit, "ask", sent, site=SITE)
    do(maya, visit, "ask", sent, site=SITE)
    with cast.as_(cast.maya_user):
        assert PictureConsent.objects.count() == 2, "asked once more, not twice"
    for _ in range(2):
        assert do(liz, visit, "agree", asked(cast).id).status_code == 200
    assert len(documents(cast)) == 1


def test_she_takes_it_back_until_the_note_is_signed(
    cast: Cast,
    visit: Visit,
    liz: Client,
    maya: Client,
    sent: str,
    folder: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    before = len(kept(folder))
    do(maya, visit, "ask", sent, site=SITE)
    do(liz, visit, "agree", asked(cast).id)
    (found,) = documents(cast)
    assert "Take it out of my chart" in liz.get(url("visit-chat", visit.id)).content.decode()
    assert do(maya, visit, "withdraw", asked(cast).id).status_code == 404, "that is hers"
    with cast.as_(cast.maya_user) as actor:
        services.end_visit(actor=actor, visit=selectors.visit(actor, visit.id))
    assert "Until the notes are signed you can take it out" in liz.get(url("visit-ended", visit.id)).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            assert do(liz, visit, "withdraw", asked(cast).id).status_code == 200
    assert len(kept(folder)) == before, "its content is gone"
    assert documents(cast) == [] and SITE not in chart(maya, cast)
    assert maya.get(of(cast, found)).status_code == 404


def test_what_was_signed_stays(cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str) -> None:
    do(maya, visit, "ask", sent, site=SITE)
    do(liz, visit, "agree", asked(cast).id)
    other = send(liz, visit, picture()).json()["id"]
    do(maya, visit, "ask", other, site="right hand")
    open_question = asked(cast)
    sign(cast, visit)
    for what, which in (("withdraw", selectors_of(cast, sent)), ("agree", open_question.id), ("ask", other)):
        client = maya if what == "ask" else liz
        answer = do(client, visit, what, which, site=SITE)
        assert answer.status_code == 409 and "Ask the clinic" in answer.json()["text"]
    assert len(documents(cast)) == 1 and SITE in chart(maya, cast)
    assert liz.get(url("visit-keeping", visit.id)).content.decode().strip() == ""


def selectors_of(cast: Cast, shared: str) -> Any:
    with cast.as_(cast.maya_user):
        return PictureConsent.objects.get(shared_id=shared).id


def test_what_can_not_be_asked(cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str) -> None:
    letter = send(liz, visit, PDF, name="a.pdf").json()["id"]
    assert do(maya, visit, "ask", letter, site=SITE).status_code == 409
    assert do(maya, visit, "ask", sent, site="  ").status_code == 422
    assert do(maya, visit, "burn", sent).status_code == 422
    assert do(liz, visit, "ask", sent, site=SITE).status_code == 404
    assert do(liz, visit, "agree", uuid4()).status_code == 404
    assert do(liz, visit, "agree", "x").status_code == 404
    do(maya, visit, "ask", sent, site="<b>arm</b> =1+1")
    assert escape("<b>arm</b> =1+1") in liz.get(url("visit-keeping", visit.id)).content.decode()
    liz.post(url("visit-file-remove", visit.id, sent))
    assert do(liz, visit, "agree", asked(cast).id).status_code == 409, "she has taken the picture back"
    assert documents(cast) == []


@pytest.mark.parametrize("who", ["daniel", "grace", "ingrid", "mallory", "marcus", "priya"])
def test_nobody_else_answers_or_sees_it(
    cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str, who: str
) -> None:
    do(maya, visit, "ask", sent, site=SITE)
    question = asked(cast)
    other = sign_in(Client(), getattr(cast, f"{who}_user"))
    for what in ("agree", "decline", "withdraw"):
        assert do(other, visit, what, question.id).status_code == 404
    do(liz, visit, "agree", question.id)
    (found,) = documents(cast)
    assert other.get(of(cast, found)).status_code == 404
    assert liz.get(of(cast, found)).status_code == 404, "her own page of it is the visit's"


def test_a_question_of_another_visit_is_none_here(
    cast: Cast, visit: Visit, liz: Client, maya: Client, sent: str
) -> None:
    from datetime import timedelta

    do(maya, visit, "ask", sent, site=SITE)
    other = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    assert do(liz, other, "agree", asked(cast).id).status_code == 404
    assert do(maya, other, "ask", sent, site=SITE).status_code == 409
