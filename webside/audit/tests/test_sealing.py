"""Only what is committed is sealed, and whatever is done to it afterwards shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.core.management import CommandError, call_command

from webside.audit import chain, sealing
from webside.audit.tests.factories import connected, make_tenant, officer, seal_all, write
from webside.core import frames, lean
from webside.core.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = (
    "INSERT INTO audit_auditevent (id, tenant_id, at, action, kind, outcome, actor_kind, actor_label, actor_roles,"
    " target_type, target_label, ground, reason, changes, request_id, remote)"
    " VALUES (gen_random_uuid(), %s, now(), 'chart.patient.read', 'R', '0', 'person', 'Maya', '', '', '', '', '',"
    " '{}', '', '') RETURNING id"
)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def _open_transaction(tenant: Tenant) -> tuple[psycopg.Connection, UUID]:
    """Begin a transaction that has written a row and has not ended."""
    connection = psycopg.connect(**lean.conninfo())
    connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant.id)])
    row = connection.execute(INSERT, [tenant.id]).fetchone()
    assert row is not None
    return connection, row[0]


def _sealed() -> set[UUID]:
    with connected("owner") as owner:
        return {row["event_id"] for row in owner.execute("SELECT event_id FROM audit_sealedrow")}


def test_a_row_is_sealed_once_its_transaction_and_all_before_it_have_ended(tenant: Tenant) -> None:
    slow, slow_id = _open_transaction(tenant)
    try:
        (quick,) = write(tenant)
        for _ in range(3):
            sealing.seal_pending()
        # The later row is committed, yet the earlier transaction may still commit in front of it.
        assert _sealed() == set()
        slow.commit()
        seal_all()
        assert _sealed() == {slow_id, quick.id}
    finally:
        slow.close()
    assert sealing.verify().whole


def test_a_row_that_was_rolled_back_is_never_sealed(tenant: Tenant) -> None:
    given_up, lost = _open_transaction(tenant)
    (kept,) = write(tenant)
    given_up.rollback()
    given_up.close()
    seal_all()
    assert _sealed() == {kept.id}
    assert lost not in _sealed()


def test_one_sealer_at_a_time(tenant: Tenant) -> None:
    write(tenant)
    with connected("sealer") as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sealing._LOCK])
        assert sealing.seal_pending() == 0
    assert seal_all() == 1


def test_a_long_transaction_may_be_sealed_in_portions(tenant: Tenant) -> None:
    actor = officer(tenant)
    from webside.audit.services import record

    with frames.begin(tenant_id=tenant.id, actor=actor):
        for number in range(25):
            record("chart.patient.read", actor=actor, ground=str(number))
    assert seal_all(limit=10) == 25
    found = sealing.verify()
    assert (found.seals, found.rows, found.whole) == (3, 25, True)


def test_each_tenant_checks_its_own_rows(tenant: Tenant) -> None:
    other = make_tenant("northgate")
    write(tenant, rows=3)
    (theirs,) = write(other)
    seal_all()
    with connected("owner") as owner:
        owner.execute("UPDATE audit_auditevent SET reason = 'never said' WHERE id = %s", [theirs.id])
    assert (sealing.verify(tenant.id).rows, sealing.verify(tenant.id).whole) == (3, True)
    assert sealing.verify(other.id).altered == [theirs.id]
    assert not sealing.verify().whole


def test_a_row_taken_out_with_its_listing_shows_to_every_tenant(tenant: Tenant) -> None:
    other = make_tenant("northgate")
    write(tenant)
    (gone,) = write(other)
    seal_all()
    with connected("owner") as owner:
        owner.execute("DELETE FROM audit_sealedrow WHERE event_id = %s", [gone.id])
        owner.execute("DELETE FROM audit_auditevent WHERE id = %s", [gone.id])
    assert not sealing.verify(tenant.id).whole


def _cut_tail() -> None:
    with connected("owner") as owner:
        owner.execute("CREATE TEMP TABLE gone AS SELECT event_id FROM audit_sealedrow WHERE seal_id ="
                      " (SELECT max(number) FROM audit_seal)")  # fmt: skip
        owner.execute("DELETE FROM audit_sealedrow WHERE event_id IN (SELECT event_id FROM gone)")
        owner.execute("DELETE FROM audit_auditevent WHERE id IN (SELECT event_id FROM gone)")
        owner.execute("DELETE FROM audit_seal WHERE number = (SELECT max(number) FROM audit_seal)")


def _two_seals(tenant: Tenant) -> None:
    for _ in range(2):
        write(tenant)
        seal_all()


def test_a_tail_cut_together_with_its_seal_shows_by_the_published_heads(tenant: Tenant, heads_of_its_own: Path) -> None:
    _two_seals(tenant)
    _cut_tail()
    assert sealing.verify().wrong == ["Seal 2 was published and is gone: the trail was cut."]
    # What finds it is the file outside the database, and nothing else.
    heads_of_its_own.unlink()
    assert sealing.verify().whole


def test_a_tail_that_was_cut_and_grew_again_shows(tenant: Tenant) -> None:
    _two_seals(tenant)
    _cut_tail()
    write(tenant)
    seal_all()
    write(tenant)
    seal_all()
    assert "Seal 2 is not the one that was published." in sealing.verify().wrong


def test_a_line_that_a_power_cut_left_unfinished_accuses_nobody(tenant: Tenant, heads_of_its_own: Path) -> None:
    _two_seals(tenant)
    with heads_of_its_own.open("a") as handle:
        handle.write("3 0123")
    write(tenant)
    seal_all()
    assert sealing.verify().whole
    # The line after it stands by itself: cutting its seal shows.
    _cut_tail()
    assert sealing.verify().wrong == ["Seal 3 was published and is gone: the trail was cut."]


def test_a_crash_between_commit_and_publishing_leaves_a_chain_that_holds(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(number: int, digest: bytes) -> None:
        raise KeyboardInterrupt

    write(tenant)
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "_publish_head", crash)
        with pytest.raises(KeyboardInterrupt):
            while True:
                sealing.seal_pending()
    write(tenant)
    seal_all()
    assert (sealing.verify().whole, sealing.verify().rows) == (True, 2)


def test_the_digest_does_not_hang_on_the_zone_that_a_connection_speaks(tenant: Tenant) -> None:
    moment = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    row = dict.fromkeys(chain.COLUMNS) | {"at": moment}
    elsewhere = row | {"at": moment.astimezone(ZoneInfo("America/New_York"))}
    assert chain.row_digest(row) == chain.row_digest(elsewhere)
    assert chain.row_digest(row) != chain.row_digest(row | {"at": moment.replace(minute=31)})


def test_a_number_beyond_64_bits_does_not_stop_the_sealer(tenant: Tenant) -> None:
    from webside.audit.services import record

    actor = officer(tenant)
    with frames.begin(tenant_id=tenant.id, actor=actor):
        record("chart.patient.read", actor=actor, changes={"number": 10**30})
    write(tenant)
    assert seal_all() == 2
    assert sealing.verify().whole


def test_the_command_says_that_the_trail_is_whole(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    write(tenant, rows=2)
    seal_all()
    call_command("verify_trail")
    call_command("verify_trail", tenant="larkspur")
    said = capsys.readouterr().out
    assert said.count("2 entries checked against") == 2
    assert "Nothing altered." in said


def test_the_command_fails_and_names_each_fault(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = write(tenant)
    seal_all()
    with connected("owner") as owner:
        owner.execute("UPDATE audit_auditevent SET actor_label = 'somebody else'")
    with pytest.raises(CommandError) as failed:
        call_command("verify_trail")
    assert failed.value.returncode == 1
    assert f"Entry {row.id} was altered." in capsys.readouterr().err


def test_the_command_knows_its_tenants() -> None:
    with pytest.raises(CommandError, match="no tenant nowhere"):
        call_command("verify_trail", tenant="nowhere")
