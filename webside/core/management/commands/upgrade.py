"""Bring the database up to date."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from webside.core import purpose, schema, upgrades

NOT_SERVED = ["ui/css/*", "*.md", "*.txt"]
"""Parts of the style sheet and licence texts: in the repository, not on the web."""


class Command(BaseCommand):
    """Migrates as the owner, then secures the tables. Quick when there is nothing to do."""

    help = "Migrate as the owner, and put policies, keys and grants on every table."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.DEMO and purpose.is_demo():
            raise CommandError(
                "This database holds the demo clinic, and everybody knows its password. Start your own clinic beside"
                " it: set WEBSIDE_VAR to another folder, or DATABASE_URL to another database."
            )
        connection = connections["owner"]
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"{len(plan)} migrations to run")
            call_command("migrate", database="owner", interactive=False, verbosity=0, skip_checks=True)
        else:
            schema.secure(connection)
        connection.close()
        for command in upgrades.registered():
            call_command(command, stdout=self.stdout)
        self.collect_static()
        self.stdout.write("database and static files are up to date")

    @staticmethod
    def collect_static() -> None:
        """Hash and compress the static files, when any of them changed."""
        state = hashlib.sha256()
        for finder in finders.get_finders():
            for name, storage in sorted(finder.list(NOT_SERVED), key=lambda item: item[0]):
                found = Path(storage.path(name)).stat()
                state.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
        stamp = Path(settings.STATIC_ROOT) / ".state"
        if stamp.exists() and stamp.read_text() == state.hexdigest():
            return
        call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True, ignore_patterns=NOT_SERVED)
        stamp.write_text(state.hexdigest())
