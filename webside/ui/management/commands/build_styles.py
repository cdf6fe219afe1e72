"""``manage.py build_styles``: join the parts of the stylesheets. No tool but Python is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

UI = Path(__file__).resolve().parents[2]
STATIC = UI / "static" / "ui"
PARTS = UI / "data" / "styles"
# Parts 00–19 make the page of every person, 20–29 are added for staff, 30–39 for the gallery.
SHEETS = {"webside.css": range(20), "webside-staff.css": range(20, 30), "gallery.css": range(30, 40)}
HEADER = "/* Made by `manage.py build_styles` from data/styles/. Change the parts, not this file. */\n"


def joined(numbers: range) -> str:
    """Return one stylesheet: its parts in order, without comments and indentation."""
    parts = [path for path in sorted(PARTS.glob("*.css")) if int(path.name[:2]) in numbers]
    text = "\n".join(path.read_text(encoding="utf-8") for path in parts)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    lines = (re.sub(r"\s*([{};])\s*", r"\1", line.strip()) for line in text.splitlines())
    return HEADER + "\n".join(line.replace(";}", "}") for line in lines if line) + "\n"


class Command(BaseCommand):
    """Write the stylesheets, or with ``--check`` say whether they are fresh."""

    help = "Join data/styles/ into the stylesheets that pages load."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--check``."""
        parser.add_argument("--check", action="store_true", help="write nothing, fail when a sheet is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Join, then write or compare."""
        for name, numbers in SHEETS.items():
            path, text = STATIC / name, joined(numbers)
            if options["check"]:
                if not path.exists() or path.read_text(encoding="utf-8") != text:
                    raise CommandError(f"{name} is stale: run manage.py build_styles")
            else:
                path.write_text(text, encoding="utf-8")
                self.stdout.write(f"{name}: {len(text) / 1000:.0f} kB")
