"""Check the whole trail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webside.audit import sealing
from webside.core.models import Tenant


class Command(BaseCommand):
    """Reads every seal and row; says what it found, one sentence a line.

    The exit code is 0 when the trail is whole and 1 when it is not, so that a timer of the operating
    system can tell somebody.
    """

    help = "Check the trail against its seals and the published heads; exit code 1 if it is not whole."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("--tenant", default="", help="check the entries of one tenant only (its slug)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        tenant = None
        if options["tenant"]:
            tenant = Tenant.objects.filter(slug=options["tenant"]).first()
            if tenant is None:
                raise CommandError(f"There is no tenant {options['tenant']}.", returncode=2)
        found = sealing.verify(tenant.id if tenant else None)
        for sentence in found.wrong:
            self.stderr.write(sentence)
        self.stdout.write(
            f"{found.rows} entries checked against {found.seals} seals; {found.unsealed} wait for their seal."
        )
        if not found.whole:
            raise CommandError(f"The trail is not whole: {len(found.wrong)} faults.")
        self.stdout.write(f"Nothing altered. Head of the chain: {found.head or 'none yet'}")
