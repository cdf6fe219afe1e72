"""What Django's migrations can't say about a tenant's tables, written after each migration.

For every :class:`~webside.core.models.TenantModel`: row-level security with its policy, a unique
(tenant, id), and composite foreign keys; for every table: what each role may do. Derived from the
models, so that a new table can't be forgotten; each step looks first, so it may run at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField

APP = "webside_app"
SEALER = "webside_sealer"
USUAL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
TENANT = "NULLIF(current_setting('app.tenant', true), '')::uuid"
POLICY = "tenant_isolation"


_grants: dict[str, dict[str, frozenset[str]]] = {}


def limit_grants(table: str, *, app: str, sealer: str = "") -> None:
    """Give the roles only these privileges on a table (comma-separated), instead of the usual four."""
    _grants[table] = {APP: _words(app), SEALER: _words(sealer)}


def _words(privileges: str) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in privileges.split(",") if word.strip())


def tenant_models() -> Iterator[type[TenantModel]]:
    """Yield every concrete model whose rows belong to a tenant."""
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            yield model


def secure(connection: BaseDatabaseWrapper) -> list[str]:
    """Bring policies, composite keys and grants up to date; return the statements that were run."""
    quote = connection.ops.quote_name
    done: list[str] = []
    with connection.cursor() as cursor:

        def run(statement: str) -> None:
            cursor.execute(statement)
            done.append(statement)

        cursor.execute(
            "SELECT c.relname, c.relrowsecurity, EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid"
            " AND p.polname = %s) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r'",
            [POLICY],
        )
        tables = {name: (secured, policy) for name, secured, policy in cursor.fetchall()}
        cursor.execute("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
        constraints = {name for (name,) in cursor.fetchall()}

        present = [model for model in tenant_models() if model._meta.db_table in tables]
        for model in present:
            table = model._meta.db_table
            secured, policy = tables[table]
            if not secured:
                run(f"ALTER TABLE {quote(table)} ENABLE ROW LEVEL SECURITY")
            if not policy:
                run(
                    f"CREATE POLICY {POLICY} ON {quote(table)} TO webside_app"
                    f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
                )
            unique = f"{table}_tenant_id_uniq"
            if unique not in constraints:
                run(f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(unique)} UNIQUE (tenant_id, id)")
        for model in present:
            table = model._meta.db_table
            for field in tenant_keys(model):
                name = f"{table}_{field.column}_tenant_fk"[:63]
                target = field.related_model._meta.db_table  # type: ignore[union-attr]
                if name not in constraints and target in tables:
                    run(
                        f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)}"
                        f" FOREIGN KEY (tenant_id, {quote(field.column)}) REFERENCES {quote(target)} (tenant_id, id)"
                        " DEFERRABLE INITIALLY DEFERRED"
                    )
        _grant(cursor, run, set(tables))
    return done


def _grant(cursor: Any, run: Callable[[str], None], tables: set[str]) -> None:
    cursor.execute(
        "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee IN (%s, %s)",
        [APP, SEALER],
    )
    held: dict[tuple[str, str], set[str]] = {}
    for grantee, table, privilege in cursor.fetchall():
        held.setdefault((grantee, table), set()).add(privilege)
    for table in sorted(tables):
        for role, wanted in _grants.get(table, {APP: USUAL, SEALER: frozenset()}).items():
            if held.get((role, table), set()) != wanted:
                run(f'REVOKE ALL ON "{table}" FROM {role}')
                if wanted:
                    run(f'GRANT {", ".join(sorted(wanted))} ON "{table}" TO {role}')
    run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}")
    run(f"GRANT USAGE ON SCHEMA public TO {APP}, {SEALER}")


def tenant_keys(model: type[models.Model]) -> Iterator[TenantForeignKey | TenantOneToOneField]:
    """Yield the keys of ``model`` that must stay within one tenant."""
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey | TenantOneToOneField):
            yield field
