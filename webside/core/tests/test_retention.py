"""How long rows are kept: every table has its row, what the law wants kept is never named, each row counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from webside.core import retention
from webside.core.dated import Confidence, Row, Table, ended, read_table

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ENDED = tuple(retention.files())
NEVER = {"audit", "billing", "catalog", "chart", "compliance", "fhirkit", "people"}
"""Apps whose tables hold what a law wants kept: none of their rows may ever go."""


def columns() -> dict[str, set[str]]:
    return {
        model._meta.label: {field.name for field in model._meta.get_fields()}
        | {related.get_accessor_name() for related in model._meta.related_objects}
        for model in apps.get_models()
    }


def rows_of(*given: dict[str, Any]) -> Table:
    start = NOW.date() - timedelta(days=1)
    whole = [{"what": "things", "why": "a test", "models": ["app.Thing"]} | each for each in given]
    return Table("retention", [Row("retention", f"r{n}", start, None, "a test", Confidence.HIGH, each)
                               for n, each in enumerate(whole)])  # fmt: skip


def wrong(*given: dict[str, Any], fields: tuple[str, ...] = ("over_at", "body")) -> list[str]:
    return retention.problems({"app.Thing": set(fields)}, NOW.date(), rows_of(*given))


def test_every_table_says_how_long_its_rows_are_kept() -> None:
    assert retention.problems(columns(), NOW.date()) == []


def test_a_new_table_without_a_row_is_found() -> None:
    assert retention.problems(columns() | {"chart.NewThing": set()}, NOW.date()) == [
        "chart.NewThing: nothing says how long it is kept"
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"act": "burn"}, "act is keep"),
        ({"act": "delete", "after": "over_at"}, "give hours or days"),
        ({"act": "delete", "after": "over_at", "days": -1}, "give hours or days"),
        ({"act": "delete", "after": "over_at", "days": 1, "hours": 1}, "give hours or days"),
        ({"act": "delete", "days": 1}, "after which column"),
        ({"act": "delete", "after": "gone_at", "days": 1}, "no field gone_at"),
        ({"act": "delete", "after": "over_at", "days": 1, "only": {"colour": "red"}}, "no field colour"),
        ({"act": "delete", "after": "over_at", "days": 1, "columns": ["body"]}, "columns go with empty"),
        ({"act": "empty", "after": "over_at", "days": 1}, "columns go with empty"),
        ({"act": "keep", "days": 1}, "what is kept has no time"),
        ({"act": "keep", "models": ["app.Other"]}, "no model app.Other"),
        ({"act": "keep", "why": ""}, "why missing"),
    ],
)
def test_a_bad_row_is_found(row: dict[str, Any], said: str) -> None:
    assert any(said in each for each in wrong(row))


def test_nothing_is_kept_and_deleted_at_once() -> None:
    keep, delete = {"act": "keep"}, {"act": "delete", "after": "over_at", "days": 1}
    empty = {"act": "empty", "after": "over_at", "days": 1, "columns": ["body"]}
    assert wrong(keep, empty) == []
    assert wrong(empty) == ["app.Thing: nothing says how long it is kept"]
    assert wrong(keep, delete) == ["app.Thing: is kept by one row and deleted by another"]


def test_what_a_law_wants_kept_never_goes() -> None:
    going = {each.model.partition(".")[0] for each in retention.due(NOW)}
    assert going.isdisjoint(NEVER)
    assert {label.partition(".")[0] for label in columns()} >= NEVER
    deleted = {each.model for each in retention.due(NOW) if each.act is retention.Act.DELETE}
    assert deleted.isdisjoint({"scheduling.Appointment", "visits.Visit", "visits.SafeStart", "visits.ChatMessage",
                               "visits.QualitySample", "notifications.OutgoingMessage", "accounts.User"})  # fmt: skip


def test_time_is_counted_from_the_moment_asked() -> None:
    table = rows_of({"act": "delete", "after": "over_at", "days": 3}, {"act": "delete", "after": "over_at", "hours": 0})
    assert [each.before for each in retention.due(NOW, table)] == [NOW - timedelta(days=3), NOW]
    assert retention.due(NOW - timedelta(days=2), table) == []  # the rows were not in force yet


@pytest.mark.parametrize("row", [row for path in ENDED for row in read_table(path).rows], ids=lambda row: row.id)
def test_each_row_counts(row: Row) -> None:
    with ended(row):
        without = (retention.due(NOW), retention.problems(columns(), NOW.date()))
    assert without != (retention.due(NOW), [])


def test_what_was_not_checked_is_said_to_be_so() -> None:
    record = retention.table().by_id["record"]
    assert record.confidence is Confidence.LOW
    assert "not checked state by state" in record.source
