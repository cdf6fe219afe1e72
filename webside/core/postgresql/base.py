"""Django's PostgreSQL backend, with a pool that gets over a lost database at once.

The name of this module is Django's rule: an engine is a package with a ``base``.

When the database dies, every connection that lies in the pool dies with it. psycopg's own check takes
them out one by one and waits 1 s, 2 s, 4 s and so on between them (it means to spare a database that is
away), so that with four dead connections a page waited longer than the pool's limit of 10 s and failed
although the database had long been back. Here the first dead one empties the pool.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Django knows it; ``CONN_HEALTH_CHECKS`` stays off, as the check is done here."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that answers. Raises :class:`psycopg_pool.PoolTimeout` if there is none in time."""
        taken = super().get_new_connection(conn_params)
        if self.pool is None or _answers(taken):
            return taken
        self.pool.putconn(taken)
        self.pool.drain()
        return super().get_new_connection(conn_params)


def _answers(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True
