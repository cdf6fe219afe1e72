"""Counting what a page asks the database, as the figure P11 counts it.

Not counted: what every request costs whatever it shows. The session; one look each for the user,
the tenant and the membership; the frame's own statements; the trail, which is written on every page
and read on a few. A page that looks for its tenant or its user a second time pays for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

MOST = 8
"""P11: so many queries at most for every main page."""

_FRAME = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET )|set_config|django_session|^INSERT INTO \"audit_")
_ONCE = ("accounts_user", "core_tenant", "accounts_membership")
_FROM = re.compile(r'^SELECT .*? FROM "(\w+)"', re.DOTALL)


def counted(statements: Iterable[str]) -> list[str]:
    """Return the statements that are a page's own, in their order."""
    spared = set(_ONCE)
    own = []
    for sql in statements:
        if _FRAME.search(sql):
            continue
        found = _FROM.match(sql)
        table = found[1] if found else ""
        if table in spared:
            spared.remove(table)
            continue
        if table.startswith("audit_"):
            continue
        own.append(sql)
    return own


@contextmanager
def page_queries() -> Iterator[list[str]]:
    """Collect the queries of the pages asked for inside; the list is filled on leaving.

    Ask for the page once before: what is made once in a process is made then.
    """
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:  # type: ignore[no-untyped-call]
        yield found
    found.extend(counted(query["sql"] for query in captured.captured_queries))
