"""Frames: nobody sees anything without one, and nothing of another tenant with one."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from webside.core import frames
from webside.core.actor import system
from webside.core.models import Tenant
from webside.people.models import Patient, RelatedPerson
from webside.testing.cast import Cast


def test_outside_a_frame_the_manager_refuses(db: None) -> None:
    with pytest.raises(frames.OutsideFrame):
        Patient.objects.count()


def test_outside_a_frame_postgresql_shows_nothing(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_patient")
        assert cursor.fetchone() == (0,)


def test_a_frame_shows_its_tenant_only(cast: Cast) -> None:
    with frames.begin(tenant_id=cast.northgate.id, actor=system("tests")):
        assert [patient.family for patient in Patient.objects.all()] == ["Ortiz"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT family FROM people_patient")
            assert cursor.fetchall() == [("Ortiz",)]


def test_an_inner_frame_gives_the_outer_tenant_back(cast: Cast) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        with frames.begin(tenant_id=cast.northgate.id, actor=system("tests")):
            pass
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM people_patient WHERE family = 'Moreno'")
            assert cursor.fetchone() == (1,)


def test_a_row_of_another_tenant_is_refused_by_the_model(cast: Cast) -> None:
    with (
        frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")),
        pytest.raises(frames.OutsideFrame),
    ):
        cast.oscar.save()


def test_a_row_of_another_tenant_is_refused_by_postgresql(cast: Cast) -> None:
    with (
        frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO people_relatedperson (id, tenant_id, created_at, updated_at, name, relationship, phone,"
            " patient_id) VALUES (gen_random_uuid(), %s, now(), now(), 'x', '', '', %s)",
            [cast.northgate.id, cast.oscar.id],
        )


def test_a_key_cannot_point_across_tenants(cast: Cast) -> None:
    with pytest.raises(DatabaseError, match="tenant_fk"), transaction.atomic():
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
            RelatedPerson.objects.create(patient_id=cast.oscar.id, name="Somebody")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_application_role_is_bound_by_policies(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'")
        assert cursor.fetchone() == (0,)


def test_each_tenant_table_has_its_policy_and_its_composite_keys(db: None) -> None:
    from webside.core import schema

    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'")
        secured = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT conname FROM pg_constraint")
        constraints = {name for (name,) in cursor.fetchall()}
    models = list(schema.tenant_models())
    assert len(models) > 20
    for model in models:
        table = model._meta.db_table
        assert table in secured, f"{table} has no row-level security"
        for field in schema.tenant_keys(model):
            assert f"{table}_{field.column}_tenant_fk"[:63] in constraints


def test_a_tenant_is_known_without_a_frame(cast: Cast) -> None:
    assert Tenant.objects.count() == 2
