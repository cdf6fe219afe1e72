"""Make or refresh the demo clinic."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webside.core import purpose
from webside.core.models import Tenant
from webside.demo.seed import seed


class Command(BaseCommand):
    """Makes the demo's people and their past once; each further run gives today's appointments new times."""

    help = "Make the demo clinic, or bring its times up to date. Refused unless WEBSIDE_DEMO is on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.DEMO:
            raise CommandError("The demo puts made-up people into the database: set WEBSIDE_DEMO=1 if you want that.")
        if not purpose.is_demo():
            if Tenant.objects.exists():
                raise CommandError(
                    "There is a clinic in this database that is no demo; nothing was changed. Start the demo beside it:"
                    " set WEBSIDE_VAR to another folder, or DATABASE_URL to another database."
                )
            purpose.mark_as_demo()
        for line in seed():
            self.stdout.write(line)
