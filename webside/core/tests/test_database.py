"""The pools get over a lost database: who comes first finds a connection that answers, however many lay there dead."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from webside.core import lean
from webside.testing.connections import cut_connections

MANY = 6
"""With psycopg's own check their pauses add up to 31 s, three times what a pool's caller waits."""


@pytest.mark.django_db(transaction=True)
def test_a_page_after_the_database_was_lost_finds_a_connection() -> None:
    connection.ensure_connection()  # which opens the pool
    connection.close()
    pool = connection.pool
    assert isinstance(pool, ConnectionPool)
    taken = [pool.getconn() for _ in range(MANY)]
    for each in taken:
        pool.putconn(each)
    cut_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
async def test_the_lean_lane_after_the_database_was_lost_finds_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    application = lean.LeanApplication()._build()
    async with application.router.lifespan_context(application):
        pool: AsyncConnectionPool[Any] = lean.pool()
        taken = [await pool.getconn() for _ in range(MANY)]
        for each in taken:
            await pool.putconn(each)
        cut_connections()
        async with pool.connection() as found:
            row = await (await found.execute("SELECT 1")).fetchone()
    assert row == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_dies_in_use_is_an_error_and_the_next_one_is_not() -> None:
    connection.ensure_connection()
    cut_connections()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
