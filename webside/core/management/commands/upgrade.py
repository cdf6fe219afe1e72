"""Bring the database up to date."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from webside.core import schema


class Command(BaseCommand):
    """Migrates as the owner, then secures the tables. Quick when there is nothing to do."""

    help = "Migrate as the owner, and put policies, keys and grants on every table."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        connection = connections["owner"]
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"{len(plan)} migrations to run")
            call_command("migrate", database="owner", interactive=False, verbosity=0, skip_checks=True)
        else:
            schema.secure(connection)
        connection.close()
        call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
        self.stdout.write("database and static files are up to date")
