"""Writing a note: nothing typed is lost, nothing is overwritten, nothing is called saved that isn't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart import services
from webside.chart.models import Encounter, Note
from webside.chart.services import Conflict, Invalid, NotAllowed
from webside.chart.tests import factories
from webside.core import frames, lean
from webside.fhirkit.models import ResourceVersion
from webside.testing.cast import make_cast, sign_in

HOST = {"HTTP_HOST": "localhost"}


def save(client: Client, encounter: Encounter, *, version: int, key: str = "page-1", **fields: str) -> Any:
    return client.post(
        reverse("chart:note-save", args=["larkspur", encounter.id]),
        {"version": version, "note_key": key, **fields},
        HTTP_X_AUTOSAVE="1",
        **HOST,
    )


@pytest.fixture
def visit(cast: Any) -> Encounter:
    with cast.as_(cast.maya_user):
        # Daniel treats Liz too: he may write in the note.
        factories.appointment(cast, practitioner=cast.daniel, patient=cast.liz, start=cast.liz.created_at)
        return factories.encounter(cast)


def note(cast: Any, encounter: Encounter) -> Note:
    with cast.as_(cast.maya_user):
        return Note.objects.get(encounter=encounter)


def test_a_part_is_saved_and_counted(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        saved = services.save_note_part(actor=maya, encounter=visit, part="plan", text="Recheck.\r\nCall.", revision=0)
        assert (saved.revision, saved.plan, saved.saved_by) == (1, "Recheck.\nCall.", "Dr. Maya Chen")
        assert not ResourceVersion.objects.filter(resource_type="Composition").exists(), "a draft leaves no version"
        row = AuditEvent.objects.get(action="chart.note.save")
        assert row.changes == {"fields": ["plan"], "revision": 1}
        assert "Recheck" not in str(row.changes)


def test_two_writers_on_one_note_see_both_texts(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        services.save_note_part(actor=daniel, encounter=visit, part="plan", text="Recheck in 2 weeks.", revision=0)
    with cast.as_(cast.maya_user) as maya, pytest.raises(Conflict) as caught:
        services.save_note_part(actor=maya, encounter=visit, part="plan", text="Recheck in 4 weeks.", revision=0)
    assert caught.value.fields == {"plan": "Recheck in 2 weeks."}
    assert note(cast, visit).plan == "Recheck in 2 weeks.", "the other's text is kept"

    answer = save(sign_in(Client(), cast.maya_user), visit, version=0, plan="Recheck in 4 weeks.")
    assert answer.status_code == 409
    assert answer.json()["by"] == "Dr. Daniel Whitfield"
    assert answer.json()["version"] == 1
    assert answer.json()["fields"] == {"plan": "Recheck in 2 weeks."}


def test_without_javascript_both_texts_stand_on_the_page(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        services.save_note_part(actor=daniel, encounter=visit, part="plan", text="In 2 <weeks>.", revision=0)
    client = sign_in(Client(), cast.maya_user)
    url = reverse("chart:note-save", args=["larkspur", visit.id])
    page = client.post(url, {"version": 0, "note_key": "a", "plan": "In 4 weeks."}, **HOST)
    text = page.content.decode()
    assert page.status_code == 409
    assert "In 4 weeks.</textarea>" in text
    assert "In 2 &lt;weeks&gt;." in text
    assert 'name="version" value="1"' in text
    assert "Not saved" in text
    # Knowing both, she saves again.
    assert client.post(url, {"version": 1, "note_key": "a", "plan": "In 3 weeks."}, **HOST).status_code == 302
    assert note(cast, visit).plan == "In 3 weeks."


def test_the_same_save_again_is_the_same_save(cast: Any, visit: Encounter) -> None:
    client = sign_in(Client(), cast.maya_user)
    first = save(client, visit, version=0, plan="Recheck.")
    again = save(client, visit, version=0, plan="Recheck.")
    assert first.json() == again.json()
    assert note(cast, visit).revision == 1


def test_a_page_whose_answer_was_lost_goes_on_writing(cast: Any, visit: Encounter) -> None:
    client = sign_in(Client(), cast.maya_user)
    save(client, visit, version=0, plan="Recheck")  # the answer never arrives, she types on
    answer = save(client, visit, version=0, plan="Recheck in 4 weeks.")
    assert answer.status_code == 200
    assert note(cast, visit).plan == "Recheck in 4 weeks."
    # Another page of hers is another writer.
    assert save(client, visit, version=0, key="page-2", plan="Something else").status_code == 409
    # And after somebody else wrote, the old page meets a conflict again.
    assert save(client, visit, version=2, key="page-2", plan="New").status_code == 200
    assert save(client, visit, version=0, plan="Old page").status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [("mdm", "enormous"), ("total_minutes", "-1"), ("total_minutes", "9999"), ("total_minutes", "²"),
     ("plan", "x" * 40_001), ("signed_by", "me")],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_by_field(cast: Any, visit: Encounter, field: str, value: str) -> None:
    with cast.as_(cast.maya_user) as maya, pytest.raises(Invalid) as caught:
        services.save_note(actor=maya, encounter=visit, fields={field: value}, revision=0)
    assert list(caught.value.errors) == [field]
    if field != "signed_by":
        answer = save(sign_in(Client(), cast.maya_user), visit, version=0, **{field: value})
        assert answer.status_code == 422
        assert field in answer.json()["errors"]


def test_billing_facts_are_kept(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya:
        saved = services.state_billing_facts(actor=maya, encounter=visit, mdm="moderate", total_minutes=28, revision=0)
        assert (saved.mdm, saved.total_minutes) == ("moderate", 28)


def test_after_signing_nothing_is_saved(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.maya_user):
        Note.objects.filter(encounter=visit).update(status="final")
    answer = save(sign_in(Client(), cast.maya_user), visit, version=0, plan="Too late")
    assert answer.status_code == 422
    assert "signed" in answer.json()["errors"]["note"][0]
    assert note(cast, visit).plan == ""


def test_a_coach_writes_in_her_own_note_only(cast: Any, visit: Encounter) -> None:
    with cast.as_(cast.priya_user) as priya:
        day_before = visit.created_at - timedelta(days=1)
        own = factories.encounter(cast, practitioner=cast.priya, service=cast.coaching, started_at=day_before)
        services.save_note_part(actor=priya, encounter=own, part="plan", text="Walk.", revision=0)
        with pytest.raises(NotAllowed):
            services.save_note_part(actor=priya, encounter=visit, part="plan", text="x", revision=0)


def test_what_was_typed_is_text_on_the_page(cast: Any, visit: Encounter) -> None:
    nasty = "</textarea><script>alert(1)</script>{{ 7*7 }}=1+1"
    client = sign_in(Client(), cast.maya_user)
    save(client, visit, version=0, plan=nasty)
    text = client.get(reverse("chart:encounter-detail", args=["larkspur", visit.id]), **HOST).content.decode()
    assert "<script>alert" not in text
    assert "&lt;/textarea&gt;&lt;script&gt;" in text
    assert "{{ 7*7 }}=1+1" in text


# ------------------------------------------------------------------------------------ what "saved" means


def committed(encounter_id: Any) -> str:
    """Return the plan as another connection sees it: what a crash now would leave."""
    with psycopg.connect(**lean.conninfo("owner")) as connection:
        row = connection.execute("SELECT plan FROM chart_note WHERE encounter_id = %s", [encounter_id]).fetchone()
    return str(row[0]) if row else ""


@pytest.fixture
def kept_visit(transactional_db: None) -> Any:
    cast = make_cast()
    with cast.as_(cast.maya_user):
        return cast, factories.encounter(cast)


def test_saved_is_said_after_the_commit(kept_visit: Any) -> None:
    cast, encounter = kept_visit
    answer = save(sign_in(Client(), cast.maya_user), encounter, version=0, plan="Recheck.")
    assert answer.status_code == 200
    assert committed(encounter.id) == "Recheck."


def test_without_a_commit_nothing_is_called_saved(kept_visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cast, encounter = kept_visit
    client = sign_in(Client(raise_request_exception=False), cast.maya_user)

    def killed(self: BaseDatabaseWrapper) -> None:
        self.close()
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "commit", killed)
        patch.setattr("django.db.backends.base.base.BaseDatabaseWrapper._commit", killed)
        answer = save(client, encounter, version=0, plan="Recheck.")
    assert answer.status_code == 503
    assert b"saved_at" not in answer.content
    assert committed(encounter.id) == ""
    # The page tries again, and now it is true.
    assert save(client, encounter, version=0, plan="Recheck.").status_code == 200
    assert committed(encounter.id) == "Recheck."


def test_a_writer_waits_for_the_one_before(kept_visit: Any) -> None:
    cast, encounter = kept_visit
    with psycopg.connect(**lean.conninfo("owner")) as other:
        other.execute("SELECT 1 FROM chart_note WHERE encounter_id = %s FOR UPDATE", [encounter.id])
        with cast.as_(cast.maya_user) as maya:
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(OperationalError):
                services.save_note_part(actor=maya, encounter=encounter, part="plan", text="x", revision=0)
            frames.current()
    assert committed(encounter.id) == ""


@pytest.mark.parametrize("script", [True, False])
def test_a_body_without_its_version_changes_nothing(cast: Any, visit: Encounter, script: bool) -> None:
    client = sign_in(Client(), cast.maya_user)
    assert save(client, visit, version=0, plan="Recheck.").status_code == 200
    headers = {"HTTP_X_AUTOSAVE": "1"} if script else {}
    for body in ({}, {"plan": ""}, {"plan": "", "version": ""}):
        refused = client.post(reverse("chart:note-save", args=["larkspur", visit.id]), body, **headers, **HOST)
        assert refused.status_code == 400
        said = refused.json()["message"] if script else refused.content.decode()
        assert "nothing was changed" in said
    assert note(cast, visit).plan == "Recheck."
