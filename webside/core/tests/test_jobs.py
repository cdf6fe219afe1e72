"""Jobs: deferred with the change, done in the tenant's frame, in the trail, again after a fault, in sight when given up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinatePeriodicDefer

from webside.core import clock, frames, job_worker, jobs, lean, loops
from webside.core.actor import system
from webside.core.ids import uuid7
from webside.core.models import Heartbeat, Tenant
from webside.core.tasks import delete_expired
from webside.people.models import Patient
from webside.testing.cast import Cast, make_cast
from webside.testing.connections import cut_connections

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, jobs.Job]:
    """A register of the test's own."""
    own: dict[str, jobs.Job] = {}
    monkeypatch.setattr(jobs, "_jobs", own)
    return own


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop the worker that a test lets ``tend`` start."""
    monkeypatch.setattr(job_worker, "_thread", None)
    yield
    job_worker.close()


def until(true: Callable[[], object], seconds: float = 40) -> None:
    """Look again and again until something is so."""
    pause = threading.Event()
    deadline = clock.now().timestamp() + seconds
    while not true():
        assert clock.now().timestamp() < deadline, "it never came to be"
        pause.wait(0.05)


def as_owner(statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(**lean.conninfo("owner")) as owner:
        cursor = owner.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def trail(action: str) -> list[Any]:
    return as_owner("SELECT tenant_id, actor_label, changes FROM audit_auditevent WHERE action = %s", action)


def in_tenant(cast: Cast) -> Any:
    return frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id))


# ---------------------------------------------------------------------------------------- what they take


@pytest.mark.parametrize("kind", [str, dict, object, list[UUID]])
def test_a_job_takes_nothing_that_could_tell_of_a_person(registry: Any, kind: Any) -> None:
    def send(told: Any) -> None: ...

    send.__annotations__["told"] = kind
    with pytest.raises(TypeError, match="no patient's data"):
        jobs.job("test.it")(send)
    assert registry == {}


def test_a_job_takes_ids_of_the_kind_it_names(cast: Cast, registry: Any) -> None:
    @jobs.job("test.it")
    def look(patient_id: UUID) -> None: ...

    with in_tenant(cast):
        for wrong in ({"patient_id": "Liz Moreno"}, {"name": cast.liz.id}, {}, {"patient_id": 7}):
            with pytest.raises(TypeError):
                look.defer(**wrong)  # type: ignore[arg-type]
        assert look.defer(patient_id=cast.liz.id)
    assert ProcrastinateJob.objects.get().args == {
        "patient_id": str(cast.liz.id), "tenant_id": str(cast.larkspur.id)
    }  # fmt: skip


def test_every_job_of_the_product_takes_ids_only() -> None:
    assert "core.rows.delete" in {each.name for each in jobs.registered()}
    assert {kind for each in jobs.registered() for kind in each.ids.values()} <= {UUID, int}


# ------------------------------------------------------------------------------------------- how they run


@pytest.mark.django_db(transaction=True)
def test_a_change_undone_leaves_no_job(registry: Any) -> None:
    cast = make_cast()
    look = jobs.job("test.it")(lambda: None)
    with pytest.raises(RuntimeError), in_tenant(cast):
        look.defer()
        raise RuntimeError
    assert not ProcrastinateJob.objects.exists()
    with in_tenant(cast):
        assert look.defer()
        assert not look.defer()  # the very same waits already
    assert ProcrastinateJob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_runs_in_the_frame_of_its_tenant_and_stands_in_the_trail(registry: Any) -> None:
    cast = make_cast()
    seen: list[Any] = []

    @jobs.job("test.patients.look")
    def look(patient_id: UUID, times: int) -> dict[str, int]:
        seen.append((patient_id, times, {each.family for each in Patient.objects.all()}))
        return {"looked": times}

    with in_tenant(cast):
        look.defer(patient_id=cast.liz.id, times=2)
    job_worker.run_waiting()
    assert seen == [(cast.liz.id, 2, {"Moreno"})]
    assert trail("test.patients.look") == [(cast.larkspur.id, "jobs", {"looked": 2})]
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_writes_and_does_not_say_so_is_undone(registry: Any) -> None:
    make_cast()

    def sneak() -> None:
        Tenant.objects.update(name="Changed")

    with pytest.raises(jobs.Unrecorded):
        jobs.Job("test.sneak", sneak).perform()
    assert not Tenant.objects.filter(name="Changed").exists()

    def sneak_for_nothing() -> Mapping[str, int]:
        Tenant.objects.create(slug="sneaked", name="Sneaked")
        return {}

    with pytest.raises(jobs.Unrecorded):
        jobs.Job("test.sneak", sneak_for_nothing).perform()
    assert not Tenant.objects.filter(slug="sneaked").exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_is_tried_again_with_growing_pauses_and_then_stands_in_sight(
    registry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    cast = make_cast()

    @jobs.job("test.fails")
    def fail() -> dict[str, int]:
        Patient.objects.update(city="Nowhere")
        raise ValueError("Liz Moreno")

    with in_tenant(cast):
        fail.defer()
    pauses = []
    for _ in range(jobs.MAX_ATTEMPTS - 1):
        job_worker.run_waiting()
        waiting = ProcrastinateJob.objects.get()
        assert waiting.status == "todo"
        pauses.append((waiting.scheduled_at - clock.now()).total_seconds())
        as_owner("UPDATE procrastinate_jobs SET scheduled_at = now()")
    assert pauses == sorted(pauses) and pauses[0] < 3 and pauses[-1] > 90
    job_worker.run_waiting()
    assert [(each.name, each.of_tenant) for each in jobs.given_up(cast.larkspur.id)] == [("test.fails", True)]
    assert jobs.given_up(cast.northgate.id) == []
    with in_tenant(cast):
        assert not Patient.objects.filter(city="Nowhere").exists()
    told = [record.getMessage() for record in caplog.records if record.name.startswith("webside")]
    assert any("test.fails" in line and "ValueError" in line for line in told)
    assert not any("Moreno" in line for line in told)

    given_up = jobs.given_up(cast.larkspur.id)[0].id
    with in_tenant(cast):
        assert not jobs.try_again(job_id=given_up, tenant_id=cast.northgate.id)
        assert jobs.try_again(job_id=given_up, tenant_id=cast.larkspur.id)
    assert ProcrastinateJob.objects.get().status == "todo"


# ---------------------------------------------------------------------------------------- what goes wrong


def _expired_session() -> None:
    Session.objects.create(session_key="a" * 32, session_data="", expire_date=clock.now())


def _kill_a_worker_in_the_middle() -> None:
    delete_expired.defer_for(None)
    program = subprocess.run(
        [sys.executable, "-m", "webside.core.tests.killed_worker", connection.settings_dict["NAME"]],
        cwd=ROOT, env={**os.environ, "WEBSIDE_VAR": str(settings.VAR)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert program.returncode == -signal.SIGKILL, program.stderr[-2000:]


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_deleting_and_the_commit_loses_nothing_and_repeats_nothing() -> None:
    _expired_session()
    _kill_a_worker_in_the_middle()
    assert Session.objects.count() == 1
    assert trail("core.rows.delete") == []
    assert ProcrastinateJob.objects.get().status == "doing"

    assert job_worker.rescue() == 0  # the dead one was heard of a moment ago
    as_owner("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert job_worker.rescue() == 1
    assert job_worker.rescue() == 0
    as_owner("UPDATE procrastinate_jobs SET scheduled_at = now()")
    job_worker.run_waiting()
    assert not Session.objects.exists()
    assert trail("core.rows.delete") == [(None, "jobs", {"sessions.Session": 1})]
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_kills_its_workers_is_given_up() -> None:
    _expired_session()
    _kill_a_worker_in_the_middle()
    as_owner("UPDATE procrastinate_jobs SET attempts = %s", jobs.MAX_ATTEMPTS - 1)
    as_owner("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert job_worker.rescue() == 1
    assert [each.of_tenant for each in jobs.given_up(uuid7())] == [False]


@pytest.mark.django_db(transaction=True)
def test_a_job_is_tried_again_though_its_like_waits() -> None:
    """procrastinate's own lock of the queue would refuse the second try and leave the job running for ever."""
    _expired_session()
    _kill_a_worker_in_the_middle()
    assert delete_expired.defer_for(None)
    as_owner("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert job_worker.rescue() == 1
    as_owner("UPDATE procrastinate_jobs SET scheduled_at = now()")
    job_worker.run_waiting()
    assert not ProcrastinateJob.objects.exists()
    assert len(trail("core.rows.delete")) == 1


@pytest.mark.django_db(transaction=True)
def test_recurring_work_is_done_once_for_each_tenant_though_two_workers_run(registry: Any) -> None:
    make_cast()
    ran: list[UUID | None] = []

    @jobs.job("test.hourly", every=f"{(clock.now().minute - 5) % 60} * * * *")
    def hourly() -> None:
        ran.append(frames.current().tenant_id)

    workers = [job_worker.JobThread(), job_worker.JobThread()]
    for each in workers:
        each.start()
    until(lambda: ran and ProcrastinatePeriodicDefer.objects.exists() and not ProcrastinateJob.objects.exists())
    for each in workers:
        each.stop()
        each.join(20)
    assert not any(each.is_alive() for each in workers)
    assert sorted(map(str, ran)) == sorted(map(str, [None, *Tenant.objects.values_list("id", flat=True)]))


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_connections_die_comes_back_and_goes_on(registry: Any, worker: None) -> None:
    ran: list[int] = []
    look = jobs.job("test.it")(lambda: ran.append(1))
    job_worker.tend()
    connection.close()
    cut_connections()
    look.defer_for(None)
    # A connection that dies just as the job is taken leaves it to the rescue: silence of 30 s and the pause of a second try.
    until(lambda: _tended() and ran, seconds=120)
    assert ran == [1]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_ended_is_followed_by_another(registry: Any, worker: None) -> None:
    job_worker.tend()
    first = job_worker._thread
    assert first is not None
    first.stop()
    first.join(20)
    assert not first.is_alive()
    assert _tended()
    assert job_worker._thread is not first and job_worker._thread.is_alive()


def _tended() -> bool:
    try:
        job_worker.tend()
    except Exception:
        connection.close()
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_not_heard_of_leaves_no_heartbeat(worker: None) -> None:
    loop = next(each for each in loops.registered() if each.name == "jobs")
    job_worker.tend()
    as_owner("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    with pytest.raises(job_worker.Silent):
        loop.run()
    until(_tended)  # its next beat makes it well


@pytest.mark.django_db(transaction=True)
def test_the_worker_command_runs_jobs_and_ends_cleanly_when_told() -> None:
    _expired_session()
    delete_expired.defer_for(None)
    code = (
        "import os, sys, django; django.setup()\n"
        "from django.db import connections\n"
        "for each in connections: connections[each].settings_dict['NAME'] = sys.argv[1]\n"
        "from django.core.management import call_command; call_command('work')"
    )
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, connection.settings_dict["NAME"]], cwd=ROOT,
        env={**os.environ, "WEBSIDE_VAR": str(settings.VAR), "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until(lambda: not Session.objects.exists())
        until(lambda: Heartbeat.objects.filter(name="jobs").exists())
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
    finally:
        program.kill()
    assert program.returncode == 0, said
    assert as_owner("SELECT count(*) FROM procrastinate_workers") == [(0,)]
