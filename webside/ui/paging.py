"""Long lists in pages: which page was asked for, and the rows on it. ``{% pages %}`` draws the way to the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class CountedPaginator(Paginator):
    """Pages of a list whose length is known: it isn't asked for again."""

    def __init__(self, rows: QuerySet[Any] | Sequence[Any], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


def page_of(
    rows: QuerySet[Any] | Sequence[Any], asked: str | None, *, per_page: int = 50, count: int | None = None
) -> Page:
    """Return the page of an ordered list that an address asks for, its rows read.

    ``asked`` is what stands in the request, whatever it is: what is no number gives the first page, a number
    beyond the end the last. ``count``: how long the list is, where the caller knows.
    """
    paginator = Paginator(rows, per_page) if count is None else CountedPaginator(rows, per_page, count)
    page = paginator.get_page(asked)
    page.object_list = list(page.object_list)
    return page


def page_in_one(ask: Callable[[int, int], list[dict[str, Any]]], asked: str | None, *, per_page: int = 50) -> Page:
    """Return the page as :func:`page_of` does; one query brings it and how many rows there are.

    For lists that are long to ask for, as those are where a policy looks at each row. ``ask(start, number)`` returns so many
    rows from one on, ``counted`` (``webside.core.rows``).
    """
    number = max(1, int(asked)) if asked and asked.isdecimal() and len(asked) < 9 else 1
    found = ask((number - 1) * per_page, per_page)
    if not found and number > 1 and (opening := ask(0, 1)):  # beyond the end: the last one
        number = -(-opening[0]["rows_in_all"] // per_page)
        found = ask((number - 1) * per_page, per_page)
    return Page(found, number, CountedPaginator(found, per_page, found[0]["rows_in_all"] if found else 0))
