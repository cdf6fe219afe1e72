"""What a database is for: the demo, whose password everybody knows, or a clinic of somebody's own.

The mark is a comment on the database itself, so that it goes where the data go, whichever folder or
program comes to it.
"""

from __future__ import annotations

from django.db import connections

_DEMO = "webside: the demo"


def is_demo() -> bool:
    """Whether the demo's people were put into this database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        return bool(cursor.fetchone()[0] == _DEMO)


def mark_as_demo() -> None:
    """Say for good that this database holds the demo."""
    with connections["owner"].cursor() as cursor:
        name = cursor.connection.info.dbname.replace('"', '""')
        cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS '{_DEMO}'")
