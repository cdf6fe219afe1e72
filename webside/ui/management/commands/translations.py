"""``manage.py translations``: gather what pages say into each app's catalogue, and make what Django reads of it.

No program but Python is needed (Django's own commands want GNU gettext). Babel, which reads and writes the catalogues,
comes with what testing needs; running Webside needs neither: the made catalogues are part of the project.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import template as templates

WEBSIDE = Path(settings.BASE_DIR) / "webside"
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
SOURCES = (".py", ".html", ".txt")
WIDTH = 120
NO_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def apps() -> list[Path]:
    """Return the folders of apps that say something."""
    return sorted(path.parent for path in WEBSIDE.rglob("apps.py") if "tests" not in path.parts)


def calls_in(text: str) -> Iterator[str]:
    """Yield the calls of gettext in what Django makes of a template: words like Python in a text that is none."""
    for found in re.finditer(r"\b(?:_|[np]{0,2}gettext)\(", text):
        quote, depth, at = "", 1, found.end()
        while depth:
            sign = text[at]
            if quote:
                at += sign == "\\"  # what it escapes is passed over
                quote = "" if sign == quote else quote
            elif sign in "'\"":
                quote = sign
            else:
                depth += (sign == "(") - (sign == ")")
            at += 1
        yield text[found.start() : at]


def said_in(app: Path, nested: list[Path]) -> Iterator[tuple[str, int, Any, list[str], Any]]:
    """Yield what an app says: file, line, message or messages, comments for translators, context."""
    from babel.messages.extract import extract

    for path in sorted(app.rglob("*")):
        inside = path.relative_to(app).parts
        if path.suffix not in SOURCES or "tests" in inside or any(path.is_relative_to(each) for each in nested):
            continue
        if path.suffix != ".py" and "templates" not in inside:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = "\n".join(calls_in(templates.templatize(text, origin=str(path))))
        found = extract("python", io.BytesIO(text.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"})
        for line, message, comments, context in found:
            yield str(path.relative_to(WEBSIDE)), line, message, comments, context


def gathered(app: Path, language: str) -> Any:
    """Return the catalogue of an app in a language: what it says now, with the translations that are known."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    nested = [other for other in apps() if other != app and other.is_relative_to(app)]
    fresh = Catalog(locale=language, fuzzy=False)
    for path, _line, message, comments, context in said_in(app, nested):
        fresh.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    file = source_of(app, language)
    known = read_po(io.BytesIO(file.read_bytes()), locale=language) if file.exists() else Catalog(locale=language)
    # A day in the head would change the files with each making.
    kept = Catalog(locale=language, fuzzy=False, creation_date=NO_DAY, revision_date=NO_DAY)
    for message in sorted((each for each in fresh if each.id), key=_by_text):
        before = known.get(message.id[0] if isinstance(message.id, tuple) else message.id, context=message.context)
        kept.add(
            message.id,
            before.string if before else None,
            sorted(set(message.locations)),
            flags=message.flags & {"python-format"},
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return kept


def _by_text(message: Any) -> tuple[str, str]:
    return (message.id[0] if isinstance(message.id, tuple) else message.id, message.context or "")


def source_of(app: Path, language: str) -> Path:
    """Return where the translations of an app stand."""
    return app / "locale" / language / "LC_MESSAGES" / "django.po"


def as_text(catalogue: Any) -> bytes:
    """Return a catalogue as its file holds it: no dates and no line numbers, which would change with every commit."""
    from babel.messages.pofile import write_po

    out = io.BytesIO()
    write_po(out, catalogue, width=WIDTH, omit_header=True, include_lineno=False)
    plural = f"Plural-Forms: {catalogue.plural_forms}\\n"
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"{plural}"\n\n'
    return head.encode() + out.getvalue()


def as_made(catalogue: Any) -> bytes:
    """Return a catalogue as Django reads it."""
    from babel.messages.mofile import write_mo

    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def missing(app: Path, language: str) -> list[str]:
    """Return what an app says that has no translation yet."""
    from babel.messages.pofile import read_po

    file = source_of(app, language)
    if not file.exists():
        return []
    known = read_po(io.BytesIO(file.read_bytes()), locale=language)
    return [str(each.id) for each in known if each.id and not _is_said(each.string)]


def _is_said(string: Any) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))


class Command(BaseCommand):
    """Gather and make the catalogues, or with ``--check`` say whether they are fresh."""

    help = "Gather what pages say into locale/<language>/LC_MESSAGES/django.po of each app, and make django.mo."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--check`` and ``--missing``."""
        parser.add_argument("--check", action="store_true", help="write nothing, fail when a catalogue is stale")
        parser.add_argument("--missing", action="store_true", help="write nothing, count what isn't translated")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, compare or count."""
        stale = []
        for app in apps():
            for language in LANGUAGES:
                if options["missing"]:
                    self.stdout.write(f"{app.relative_to(WEBSIDE)} {language}: {len(missing(app, language))}")
                    continue
                catalogue = gathered(app, language)
                if not len(catalogue):
                    continue
                file = source_of(app, language)
                for path, text in ((file, as_text(catalogue)), (file.with_suffix(".mo"), as_made(catalogue))):
                    if path.exists() and path.read_bytes() == text:
                        continue
                    stale.append(str(path.relative_to(WEBSIDE)))
                    if not options["check"]:
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(text)
        if options["check"] and stale:
            raise CommandError(f"stale: {', '.join(stale)}. Run manage.py translations")
        if not options["missing"]:
            self.stdout.write(f"wrote {', '.join(stale)}" if stale else "the catalogues are fresh")
