"""Lists as CSV files that a spreadsheet opens without running anything that stands in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

MOST = 50_000
"""Rows of one file. What is cut off is said in its last line."""


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return ``rows`` as the file ``name``.csv under its ``heads``, at most :data:`MOST` of them."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write("\ufeff")  # spreadsheets take UTF-8 for another alphabet without it
    writer = csv.writer(answer)
    writer.writerow(heads)
    rows = iter(rows)
    for row in islice(rows, MOST):
        writer.writerow(harmless(str(cell)) for cell in row)
    if next(rows, None) is not None:
        writer.writerow([_("Only the first %(number)d rows are here.") % {"number": MOST}])
    return answer


_SIGNS = "=+-@\t\r\n＝＋－＠"
_LATER = re.compile(rf"([;\r\n][ \"']*)(?=[{re.escape(_SIGNS)}])")


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a cell, or a part of it, for a formula (OWASP, CSV injection).

    Where a list's separator is ``;``, as in much of Europe, a cell is taken apart at it, and quotes don't hold it
    together: each part is made harmless.
    """
    text = f"'{text}" if text.lstrip(" ")[:1] in tuple(_SIGNS) else text
    return _LATER.sub(r"\1'", text)
