"""A reader of calendars that is killed while another server keeps it waiting.

Run as a program with ``<database name>``: it goes one round, as the worker does, and is ended by SIGKILL from outside.
"""

from __future__ import annotations

import os
import sys


def main(database: str) -> None:
    """Go one round."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connections

    from webside.scheduling import tasks

    connections["default"].settings_dict["NAME"] = database
    tasks.read_calendars()


if __name__ == "__main__":
    main(sys.argv[1])
