"""Calendars: entries that are given out, and calendars kept elsewhere that are read. ``reader`` is a program of its own."""

from __future__ import annotations

from webside.scheduling.calendars.entries import CANCEL, PUBLISH, REQUEST, entry, feed, several
from webside.scheduling.calendars.reading import READER, read

__all__ = ["CANCEL", "PUBLISH", "READER", "REQUEST", "entry", "feed", "read", "several"]
