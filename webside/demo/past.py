"""Living through a day that is over: the demo's visits of last week go through the same services as today's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace

from webside.core import clock


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let Webside's clock in this process stand at an aware ``moment``. For the generator, never for a server.

    :func:`webside.core.clock.now` is bound as a default in every model, so what it asks is exchanged,
    not the function itself.
    """
    real = clock.timezone
    clock.timezone = SimpleNamespace(now=lambda: moment)  # type: ignore[assignment]
    try:
        yield
    finally:
        clock.timezone = real
