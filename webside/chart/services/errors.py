"""Why something is not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webside.catalog.gates import Finding
from webside.chart.models import Note
from webside.chart.selectors import ListChange


class NotAllowed(PermissionError):
    """The actor may not do this."""


class Barred(PermissionError):
    """So many wrong answers were given that no further one is taken now."""


class Invalid(ValueError):
    """What was typed can't be kept. ``errors`` holds sentences for people, by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = {field: list(texts) for field, texts in errors.items()}


class NoteClosed(ValueError):
    """The note is signed: it is only added to."""


class Conflict(ValueError):
    """Somebody else wrote first. ``note`` and ``fields`` hold what stands there now; nothing was changed."""

    def __init__(self, note: Note, fields: Mapping[str, str]) -> None:
        super().__init__("the note has changed")
        self.note = note
        self.fields = dict(fields)


class NotReady(ValueError):
    """The gates say that the note can't be signed yet. ``findings`` are those that stand in the way."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(finding.gate for finding in findings))
        self.findings = list(findings)


class ListChanged(Exception):
    """The list is not the one that the page showed; nothing was confirmed. ``change`` says how it differs."""

    def __init__(self, change: ListChange) -> None:
        super().__init__("ListChanged")
        self.change = change
