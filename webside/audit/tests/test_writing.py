"""The trail can be added to and read, nothing else; and no action goes without it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.http import Http404

from webside.audit import sentences
from webside.audit.models import AuditEvent
from webside.audit.selectors import trail
from webside.audit.services import MOST_GUESSES, Unaudited, action, record, record_refusal, refuse
from webside.audit.tests.factories import connected, make_tenant, officer, seal_all, write
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, anonymous
from webside.core.ids import uuid7
from webside.core.models import Tenant

TABLES = ["audit_auditevent", "audit_seal", "audit_sealedrow"]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_may_not_change_or_remove(tenant: Tenant, table: str, statement: str) -> None:
    write(tenant)
    column = {"audit_auditevent": "action", "audit_seal": "count", "audit_sealedrow": "position"}[table]
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table, column, column))
    with frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize("table", ["audit_seal", "audit_sealedrow"])
def test_the_application_may_not_seal(tenant: Tenant, table: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"INSERT INTO {table} DEFAULT VALUES")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = ''",
        "DELETE FROM audit_auditevent",
        "INSERT INTO audit_auditevent (id) VALUES (gen_random_uuid())",
        "UPDATE audit_seal SET count = 0",
        "DELETE FROM audit_seal",
        "UPDATE audit_sealedrow SET position = 0",
        "DELETE FROM audit_sealedrow",
        "SELECT * FROM people_patient",
        "SELECT * FROM accounts_user",
    ],
)
def test_the_sealer_may_only_read_the_trail_and_add_seals(transactional_db: None, statement: str) -> None:
    with connected("sealer") as sealer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        sealer.execute(statement)


def test_a_tenant_sees_its_own_rows_only(tenant: Tenant) -> None:
    other = make_tenant("northgate")
    write(tenant, rows=2)
    write(other, rows=1)
    for each, expected in ((tenant, 2), (other, 1)):
        with frames.begin(tenant_id=each.id, actor=officer(each)):
            assert AuditEvent.objects.count() == expected  # by the policy alone
            assert trail().count() == expected


def test_a_tenant_cannot_write_into_anothers_trail(tenant: Tenant) -> None:
    other = make_tenant("northgate")
    actor = officer(tenant)
    with (
        frames.begin(tenant_id=tenant.id, actor=actor),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        AuditEvent.objects.create(
            tenant_id=other.id, action="chart.patient.read", kind="R", actor_kind="person", actor_label="Mallory"
        )


@action("tests.thing.change")
def _forgetful(*, tenant: Tenant) -> None:
    tenant.name = "changed"
    tenant.save()


@action("tests.thing.change")
def _careful(*, tenant: Tenant) -> None:
    tenant.name = "changed"
    tenant.save()
    record("tests.thing.change", actor=officer(tenant))


@action("tests.thing.change")
def _writes_another_name(*, tenant: Tenant) -> None:
    tenant.name = "changed"
    tenant.save()
    record("tests.other.change", actor=officer(tenant))


@pytest.mark.parametrize("service", [_forgetful, _writes_another_name])
def test_an_action_without_its_record_is_undone(tenant: Tenant, service: object) -> None:
    with frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        with pytest.raises(Unaudited, match=r"tests\.thing\.change"):
            service(tenant=tenant)  # type: ignore[operator]
        tenant.refresh_from_db()
        assert tenant.name != "changed"
        assert trail().count() == 0


def test_an_action_with_its_record_stays(tenant: Tenant) -> None:
    with frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        _careful(tenant=tenant)
        tenant.refresh_from_db()
        assert (tenant.name, trail().get().action) == ("changed", "tests.thing.change")


def test_a_record_of_an_action_that_fails_afterwards_goes_with_it(tenant: Tenant) -> None:
    with pytest.raises(LookupError), frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        _careful(tenant=tenant)
        raise LookupError
    with frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        assert trail().count() == 0


def test_a_refusal_outlives_the_rollback(transactional_db: None) -> None:
    tenant = make_tenant()
    actor, patient_id = officer(tenant), uuid7()
    with pytest.raises(LookupError), frames.begin(tenant_id=tenant.id, actor=actor, remote="203.0.113.9"):
        record("chart.patient.read", actor=actor)
        record_refusal("chart.patient.refuse", actor=actor, target_type="Patient", target_id=patient_id)
        raise LookupError
    with frames.begin(tenant_id=tenant.id, actor=actor):
        event = trail().get()
    assert (event.action, event.outcome, event.target_id, event.remote) == (
        "chart.patient.refuse", "4", patient_id, "203.0.113.9",
    )  # fmt: skip
    assert event.sequence > 0


def test_what_happens_before_a_tenant_is_known_is_written_and_sealed(transactional_db: None) -> None:
    actor = officer(make_tenant())
    with frames.begin(tenant_id=None, actor=actor):
        record("accounts.session.refuse", actor=actor)
        assert AuditEvent.objects.count() == 0  # nobody reads rows without a tenant
    assert seal_all() == 1


def test_the_patients_trail_is_of_that_patient(tenant: Tenant) -> None:
    mine, _ = write(tenant, rows=2)
    with frames.begin(tenant_id=tenant.id, actor=officer(tenant)):
        assert [event.id for event in trail(patient_id=UUID(str(mine.patient_id)))] == [mine.id]


def test_an_action_without_a_sentence_shows_its_own_name() -> None:
    assert sentences.sentence("nobody.said.this") == "nobody.said.this"


def _refused(tenant: Tenant, actor: Actor, times: int, action: str = "scheduling.appointment.move") -> list[str]:
    """Refuse an actor so often; return the reasons of what the trail then holds of that action."""
    with frames.begin(tenant_id=tenant.id, actor=actor):
        for _ in range(times):
            with pytest.raises(Http404):
                refuse(action, actor=actor, target_type="Appointment", target_id=uuid7())
        return list(AuditEvent.objects.filter(action=action).order_by("sequence").values_list("reason", flat=True))


def test_who_is_not_signed_in_fills_no_trail_by_guessing_ids(tenant: Tenant) -> None:
    visitor = anonymous(tenant.id)
    reasons = _refused(tenant, visitor, MOST_GUESSES + 5)
    assert len(reasons) == MOST_GUESSES
    assert [bool(reason) for reason in reasons] == [False] * (MOST_GUESSES - 1) + [True], "the last says that more came"
    by_link = Actor(kind=ActorKind.LINK, label="by link", tenant_id=tenant.id, subject_id=uuid7())
    assert len(_refused(tenant, by_link, 1)) == MOST_GUESSES + 1, "a visitor's guesses hide nobody who came by a link"
    assert len(_refused(tenant, visitor, 1, "scheduling.appointment.refuse")) == 1, "nor what else is tried"
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1), tick=False):
        assert len(_refused(tenant, visitor, 1)) == MOST_GUESSES + 2


def test_who_is_signed_in_is_noted_each_time(tenant: Tenant) -> None:
    assert len(_refused(tenant, officer(tenant), MOST_GUESSES + 5)) == MOST_GUESSES + 5
