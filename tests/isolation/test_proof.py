"""The matrix can fail: take away a table's policy and the application's filter, and it finds the leak.

Each drill takes them away one at a time, then both: with one of the two nothing is found, with both something
is. The tables that a record is shown with are open throughout, so that nothing but the record's own two guards
stands in the way. Policies are taken away as the owner of the tables, on the tests' database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db.models import Exists, Q

from tests.isolation import attacks, guard
from tests.isolation.expectations import rows_of
from tests.isolation.matrix import Matrix, undone
from webside.core import frames, lean
from webside.core.actor import system
from webside.core.models import TenantManager, TenantQuerySet


@dataclass(frozen=True, slots=True)
class Drill:
    """A table, where it would leak, the tables it is shown with, and what else the application asks before it shows it."""

    model: str
    route: str
    shown_with: tuple[str, ...] = ()
    asks: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return self.model


def _all(_actor: Any, rows: Any) -> Any:
    return rows


def _anybody(user_id: Any, _patient: str) -> Any:
    """Whoever asks, if they are anybody."""
    return Q(Exists(apps.get_model("accounts.User").objects.filter(id=user_id)))


def _whole_trail(**_: Any) -> Any:
    return apps.get_model("audit.AuditEvent").objects.order_by("-sequence")


def _clinician(*_: Any) -> Any:
    from webside.visits.codes import ParticipantRole

    return ParticipantRole.CLINICIAN


PEOPLE = ("people.Patient", "people.Practitioner", "catalog.HealthcareService")
DRILLS = [
    Drill("people.Patient", "compliance:disclosures"),
    Drill("people.Practitioner", "compliance:licence-add"),
    Drill("catalog.HealthcareService", "scheduling:service-detail"),
    Drill("audit.AuditEvent", "compliance:override-review",
          asks=(("webside.compliance.selectors.override.trail", _whole_trail),)),
    Drill("compliance.Licence", "compliance:licence-detail", ("people.Practitioner",)),
    Drill("scheduling.AvailabilityException", "scheduling:time-off-remove", ("people.Practitioner",)),
    Drill("scheduling.Appointment", "scheduling:appointment-calendar", PEOPLE),
    Drill("billing.Claim", "billing:claim-detail", (*PEOPLE, "chart.Encounter", "billing.ClaimItem")),
    Drill("chart.Encounter", "chart:encounter-summary", (*PEOPLE, "scheduling.Appointment", "chart.Note"),
          (("webside.chart.policies.visible_summaries", _all),)),
    Drill("visits.Visit", "visits:visit-emergency-card", (*PEOPLE, "scheduling.Appointment", "visits.SafeStart"),
          (("webside.visits.policies.visible_visits", _all), ("webside.visits.policies.role_in", _clinician))),
]  # fmt: skip


@pytest.mark.parametrize("gone", ["none", "policy"])
def test_a_change_that_nobody_should_have_made_is_seen(matrix: Matrix, gone: str) -> None:
    """In whichever plan the server keeps: before and after it was made anew, since a policy was taken away."""
    clinic = matrix.world.larkspur
    with _policies_off({"people.Patient"} if gone == "policy" else set()):
        for _ in range(7):  # from the sixth on the server may follow one plan for all clinics
            before = matrix.digests(clinic)
            assert matrix.digests(matrix.world.northgate) != before
        with undone():
            actor = system("tests", clinic.tenant.id)
            with frames.begin(tenant_id=clinic.tenant.id, actor=actor):
                apps.get_model("people.Patient").objects.filter(id=clinic.patient.id).update(given="Somebody else")
            assert guard.changes(before, matrix.digests(clinic)) == ["changed people_patient"]
        assert guard.changes(before, matrix.digests(clinic)) == []


@pytest.mark.parametrize("gone", ["policy", "filter", "both"])
@pytest.mark.parametrize("drill", DRILLS, ids=str)
def test_a_leak_needs_both_guards_gone_and_is_found(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch, drill: Drill, gone: str
) -> None:
    without_policy, unfiltered = set(drill.shown_with), set(drill.shown_with)
    if gone != "filter":
        without_policy.add(drill.model)
    if gone != "policy":
        unfiltered.add(drill.model)
        for path, instead in drill.asks:
            monkeypatch.setattr(path, instead)
    _let_through(monkeypatch, unfiltered)
    with _policies_off(without_policy):
        found = attacks.holes(matrix, attacks.by_foreign_ids(matrix, "every", rows_of([drill.route])))
    if gone == "both":
        assert found, f"{drill.model} lay open, and the matrix saw nothing"
    else:
        assert found == []


def _let_through(monkeypatch: pytest.MonkeyPatch, labels: set[str]) -> None:
    """Take the tenant's filter out of the managers of some models."""
    models = {apps.get_model(label) for label in labels}
    filtered = TenantManager.get_queryset

    def get_queryset(self: Any) -> Any:
        return TenantQuerySet(self.model, using=self._db) if self.model in models else filtered(self)

    monkeypatch.setattr(TenantManager, "get_queryset", get_queryset)
    _put_together_anew(monkeypatch)


def _put_together_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries that were put together before stand for what held then, and would refuse to name no tenant."""
    monkeypatch.setattr("webside.core.rows.PREPARED", {})
    monkeypatch.setattr("webside.core.rows.ALWAYS", frozenset())


@contextmanager
def _policies_off(labels: set[str]) -> Iterator[None]:
    tables = sorted(apps.get_model(label)._meta.db_table for label in labels)
    with psycopg.connect(**lean.conninfo("owner"), autocommit=True) as owner:
        owner.execute("SET lock_timeout = '10s'")
        for table in tables:
            owner.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
        try:
            yield
        finally:
            for table in tables:
                owner.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')


# Some tables are looked into before a clinic is known and stand under no policy (tests/architecture names them):
# there the application's filter is the only guard, and the matrix must see that it is gone.


def _every_membership(_actor: Any) -> Any:
    return apps.get_model("accounts.Membership").objects.select_related("user")


@pytest.mark.parametrize(
    ("path", "instead", "route"),
    [
        ("webside.accounts.selectors.staff_of", _every_membership, "accounts:staff-detail"),
        ("webside.notifications.policies.visible_messages", _all, "notifications:message-retry"),
    ],
)
def test_a_filter_without_a_policy_is_missed_at_once(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch, path: str, instead: Any, route: str
) -> None:
    rows = rows_of([route])
    assert attacks.holes(matrix, attacks.by_foreign_ids(matrix, "every", rows)) == []
    monkeypatch.setattr(path, instead)
    assert attacks.holes(matrix, attacks.by_foreign_ids(matrix, "every", rows))


# Within one clinic no policy of the database helps: who may see what is the application's alone.


@pytest.mark.parametrize(
    ("path", "instead", "route", "name"),
    [
        ("webside.scheduling.policies.visible_appointments", _all, "scheduling:appointment-calendar", "rosa"),
        ("webside.chart.policies.treated_by", _anybody, "chart:patient-detail", "daniel"),
        ("webside.chart.policies.visible_encounters", _all, "chart:encounter-detail", "daniel"),
        ("webside.chart.policies.visible_summaries", _all, "chart:encounter-summary-pdf", "rosa"),
        ("webside.billing.policies.visible_claims", _all, "billing:claim-detail", "grace"),
    ],
)
def test_a_missing_policy_of_the_application_is_found(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch, path: str, instead: Any, route: str, name: str
) -> None:
    rows = rows_of([route])
    assert attacks.from_inside(matrix, name, rows)[0] == []
    monkeypatch.setattr(path, instead)
    _put_together_anew(monkeypatch)
    found, _ = attacks.from_inside(matrix, name, rows)
    assert any("is answered" in hole for hole in found), f"{path} let everything through, and the matrix saw nothing"
