"""A database that is lost: every connection of the application to it is cut."""

from __future__ import annotations

import time

import psycopg
from django.db import connection

from webside.core import lean

LONGEST_SECONDS = 40


def cut_connections() -> None:
    """End all connections of the application's role to this test's database, and wait until they are gone.

    They are told, not gone: one that takes a job in between would die in the middle of it. Raises AssertionError if one
    stays.
    """
    name = connection.settings_dict["NAME"]
    with psycopg.connect(**lean.conninfo(), autocommit=True) as apart:
        cut = apart.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user AND pid <> pg_backend_pid()", [name],
        ).fetchall()  # fmt: skip
        until = time.monotonic() + LONGEST_SECONDS
        while apart.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY(%s))", [[pid for pid, _told in cut]]
        ).fetchone() == (True,):  # fmt: skip
            assert time.monotonic() < until, "a connection stays"
            time.sleep(0.02)
