"""The e-mail about a summary: a link and nothing of what is behind it, once, and not out of the blue."""

from __future__ import annotations

import email
import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from webside.chart.codes import NoteStatus
from webside.chart.events import NoteSigned
from webside.chart.models import Note
from webside.core import clock
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.people.models import Patient
from webside.testing.cast import Cast
from webside.visits import handlers, services
from webside.visits.models import Visit
from webside.visits.tests import factories

SECRETS = ("Moreno", "sugar", "Chen", "diabetes")


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def signed(cast: Cast, *, at: datetime | None = None, account: bool = True) -> Visit:
    """Return a visit that is over and whose note is signed; the patient has an account or none."""
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
        visit.refresh_from_db()
        Note.objects.filter(encounter_id=visit.encounter_id).update(
            status=NoteStatus.FINAL, signed_at=at or clock.now(), patient_summary="Your sugar went up."
        )
        if not account:
            Patient.objects.filter(id=cast.liz.id).update(user=None)
    return visit


def letters(cast: Cast, visit: Visit, *, times: int = 1) -> list[tuple[str, str]]:
    """Tell of a signed note so many times; return subject and text of what was queued."""
    with cast.as_(cast.maya_user):
        for _ in range(times):
            handlers.send_summary_ready(NoteSigned(encounter_id=visit.encounter_id), uuid4())
        rows = OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id, template="visits/summary_ready")
        return [(row.subject, text_of(row)) for row in rows]


def text_of(row: OutgoingMessage) -> str:
    message = email.message_from_bytes(content_of(row), policy=default)
    assert isinstance(message, EmailMessage)
    assert not list(message.iter_attachments())
    return str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def path_in(text: str) -> str:
    return re.search(r"https?://[^/\s]+(/\S+)", text)[1]  # type: ignore[index]


def test_who_has_an_account_signs_in_to_read_the_summary(cast: Cast) -> None:
    visit = signed(cast)
    [(subject, text)] = letters(cast, visit, times=2)
    assert subject == "Your summary from Larkspur Clinic is ready"
    for secret in SECRETS:
        assert secret not in subject + text
    assert path_in(text) == f"/accounts/login/?next=/o/larkspur/encounters/{visit.encounter_id}/summary/"
    assert "/go/" not in text and "date of birth" not in text


def test_who_has_none_gets_a_link_that_opens_the_summary(cast: Cast, client: Client) -> None:
    # Signed two days after the visit: the link counts from when it was sent.
    visit = signed(cast, account=False)
    with cast.as_(cast.maya_user):
        later = {"lower": clock.now() - timedelta(days=2), "upper": clock.now() - timedelta(days=2, minutes=-20)}
        visit.appointment.period = type(visit.appointment.period)(*later.values())
        visit.appointment.save(update_fields=["period"])
    [(_subject, text)] = letters(cast, visit)
    for secret in SECRETS:
        assert secret not in text
    assert "We ask for your date of birth first" in " ".join(text.split())
    summary = f"/o/larkspur/encounters/{visit.encounter_id}/summary/"
    asked = client.get(path_in(text), follow=True)
    assert asked.redirect_chain[-1][0] == f"{summary}who/"
    assert "Your sugar went up." not in asked.content.decode()
    page = client.post(f"{summary}who/", {"birth_date": "04/18/1969"}, follow=True)
    assert page.redirect_chain[-1][0] == summary
    assert "Your sugar went up." in page.content.decode()


@pytest.mark.parametrize("case", ["not signed", "old", "no address"])
def test_nothing_is_sent(cast: Cast, case: str) -> None:
    visit = signed(cast, at=clock.now() - timedelta(days=4) if case == "old" else None)
    with cast.as_(cast.maya_user):
        if case == "not signed":
            Note.objects.filter(encounter_id=visit.encounter_id).update(status=NoteStatus.PRELIMINARY, signed_at=None)
        if case == "no address":
            Patient.objects.filter(id=cast.liz.id).update(email="")
    assert letters(cast, visit) == []
