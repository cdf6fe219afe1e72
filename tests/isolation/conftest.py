"""The world, built once for each file of tests and committed, as a server would find it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.isolation.guard import refusals_on_one_connection
from tests.isolation.matrix import Matrix
from tests.isolation.world import World, build
from webside.testing.pushes import pushes_to_loopback


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, static_files: None) -> Iterator[World]:
    """Give both clinics. What a test changes it rolls back; the rows go when the file of tests is done."""
    from django.conf import settings
    from django.core.cache import cache
    from django.db import connection
    from django.test import override_settings

    with django_db_blocker.unblock():
        connection.ops.execute_sql_flush([])
        cache.clear()
        try:
            speaking = settings.ENV.model_copy(update={"saml": True})
            with pushes_to_loopback(), override_settings(ENV=speaking):
                with override_settings(EMAIL_BACKEND="webside.notifications.backends.RecordedEmailBackend"):
                    made = build()
                yield made
        finally:
            connection.ops.execute_sql_flush([])


@pytest.fixture(scope="module")
def matrix(world: World) -> Iterator[Matrix]:
    """Give one way to ask as anybody."""
    with refusals_on_one_connection():
        yield Matrix(world)
