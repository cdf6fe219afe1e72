"""Logs without patient data.

Our own lines carry ids and counts. What a library writes is held to the same: the traceback of an
error keeps its places and its type, and loses its message, since messages quote values.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

from webside.core import frames


class PlainFormatter(logging.Formatter):
    """One line a record: time, level, logger, request, text; errors as type and places."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        frame = frames.current_or_none()
        where = frame.request_id if frame and frame.request_id else "-"
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {where} {record.getMessage()}"
        if record.exc_info and record.exc_info[0] is not None:
            line = f"{line} | {describe(record.exc_info[0], record.exc_info[2])}"
        return line


def describe(kind: type[BaseException], trace: Any) -> str:
    """Return an error's type and its places, without its message."""
    places = traceback.extract_tb(trace)[-12:]
    return f"{kind.__module__}.{kind.__qualname__} at " + " < ".join(
        f"{place.filename.rsplit('/', 2)[-1]}:{place.lineno} {place.name}" for place in reversed(places)
    )


class NoQuotedValues(logging.Filter):
    """Takes paths, hosts and referrers out of the framework's lines about requests: they hold tokens and names.

    The logger's name says what was wrong (``django.security.csrf``), the status what was answered.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through; of a request's only its status is left."""
        if record.name == "django.request" or record.name.startswith("django.security"):
            record.msg, record.args = "request failed with %s", (getattr(record, "status_code", "?"),)
        return True


def configure(options: dict[str, Any]) -> None:
    """Set the root logger: standard error, our format, the level of the settings; uvicorn writes through it too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    handler.addFilter(NoQuotedValues())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(options.get("level", "INFO"))
    for noisy in ("httpx", "httpcore", "procrastinate", "django.security.DisallowedHost", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Its own handler would write the message of an error of the lean lane.
    for served in ("uvicorn", "uvicorn.error"):
        logging.getLogger(served).handlers[:] = []
        logging.getLogger(served).propagate = True
    logging.getLogger("django.server").disabled = True
