"""Bring the table of diagnoses to the release that lies in ``chart/data``."""

from __future__ import annotations

import gzip
import hashlib
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand

from webside.chart.rules.diagnosis_words import DATA, common_codes, normal
from webside.core import clock, lean
from webside.core.dated import load

TABLE = "chart_diagnosiscode"
INDEX = "diagnosis_code_search"
LAYOUT = "3"
"""Changes when what is made from the files changes (the columns, the search words)."""


def newest_release() -> Path:
    """Return the file of the newest release."""
    rows = load(DATA / "icd10cm_releases.csv").rows
    return DATA / str(max(rows, key=lambda row: row.effective_from)["file"])


def stamp(path: Path, common: tuple[str, ...]) -> str:
    """Return what names the state of the table: the layout, the release, and the codes that are offered first."""
    digest = hashlib.sha256(" ".join((LAYOUT, *common)).encode())
    digest.update(path.read_bytes())
    return f"{path.name.partition('.')[0]} {digest.hexdigest()[:16]}"


def _weight(code: str, display: str, common: tuple[str, ...]) -> int:
    """Return how early a code is offered: what is named for patients, what is below it, the rest, what came after."""
    if code in common:
        return 3
    if display.endswith(("sequela", "subsequent encounter")):
        return 0
    return 2 if code.startswith(common) else 1


def _rows(path: Path, prefixes: tuple[str, ...], common: tuple[str, ...]) -> Iterator[tuple[str, str, bool, int, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            code, display, billable = line.rstrip("\n").split("\t")
            if not prefixes or code.startswith(prefixes):
                yield code, display, billable == "1", _weight(code, display, common), normal(display)


class Command(BaseCommand):
    """Loads ICD-10-CM as the owner of the tables. Nothing to do takes a few milliseconds."""

    help = "Load the ICD-10-CM release in chart/data into the table of diagnoses (as the owner; idempotent)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take beginnings of codes, for tests that need a few."""
        parser.add_argument("--only", nargs="*", default=[], help="beginnings of codes to load, for instance E11 I10")
        parser.add_argument("--force", action="store_true", help="load even if the table is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        path = newest_release()
        prefixes = tuple(options["only"])
        common = common_codes(clock.now().date())
        wanted = " ".join([stamp(path, common), *prefixes])
        with psycopg.connect(**lean.conninfo("owner")) as connection:
            known = connection.execute(
                f"SELECT obj_description('{TABLE}'::regclass, 'pg_class'), EXISTS (SELECT FROM {TABLE})"  # noqa: S608 - own constants, values are parameters
            ).fetchone()
            if known == (wanted, True) and not options["force"]:
                self.stdout.write(f"diagnoses are up to date ({path.name})")
                return
            count = self._load(connection, _rows(path, prefixes, common), wanted)
        with psycopg.connect(**lean.conninfo("owner"), autocommit=True) as connection:
            connection.execute(f"ANALYZE {TABLE}")
        self.stdout.write(f"{count} diagnosis codes loaded ({path.name})")

    @staticmethod
    def _load(connection: psycopg.Connection, rows: Iterator[tuple[str, str, bool, int, str]], wanted: str) -> int:
        """Replace the table's rows in one transaction: readers see the old release or the new one."""
        connection.execute(
            "CREATE TEMP TABLE loaded (code text, display text, billable boolean, weight smallint, words text)"
            " ON COMMIT DROP"
        )
        count = 0
        with connection.cursor().copy("COPY loaded FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        connection.execute(f"DELETE FROM {TABLE}")  # noqa: S608 - our own name
        # The index is built after its rows: that is several times faster than keeping it up.
        connection.execute("SET LOCAL maintenance_work_mem = '64MB'")
        (definition,) = connection.execute("SELECT pg_get_indexdef(%s::regclass)", [INDEX]).fetchone() or ("",)
        connection.execute(f"DROP INDEX {INDEX}")
        # Only what can be chosen needs search words. The usual comes first in the table, so that it is met first.
        connection.execute(
            f"INSERT INTO {TABLE} (code, display, billable, weight, search)"  # noqa: S608 - own constants, values are parameters
            " SELECT code, display, billable, weight,"
            " CASE WHEN billable THEN to_tsvector('simple', words) || to_tsvector('english', words) END"
            " FROM loaded ORDER BY weight DESC, code"
        )
        connection.execute(definition)
        connection.execute(f"COMMENT ON TABLE {TABLE} IS {psycopg.sql.quote(wanted)}")  # type: ignore[arg-type]
        return count
