"""Make or refresh the demo clinic."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webside.demo.seed import seed


class Command(BaseCommand):
    """Makes the demo's people and their past once; each further run gives today's appointments new times."""

    help = "Make the demo clinic, or bring its times up to date. Refused unless WEBSIDE_DEMO is on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.DEMO:
            raise CommandError("The demo puts made-up people into the database: set WEBSIDE_DEMO=1 if you want that.")
        for line in seed():
            self.stdout.write(line)
