"""Ask a rule from the command line."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webside.core import decisions


class Command(BaseCommand):
    """``decide NAME < facts.jsonl``: a JSON object per line in, an answer per line out, in order."""

    help = "Ask a rule: one JSON object of facts per line in, one answer per line out."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the rule's name, ``--schema`` or ``--list``."""
        parser.add_argument("name", nargs="?")
        parser.add_argument("--schema", action="store_true", help="print the JSON Schema of facts and answer")
        parser.add_argument("--list", action="store_true", help="print the names of all rules")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; exit with 1 if any line was not valid."""
        if options["list"]:
            for rule in decisions.all_rules():
                self.stdout.write(f"{rule.name}\t{rule.summary}")
            return
        name = options["name"]
        try:
            rule = decisions.get(name or "")
        except decisions.UnknownRule:
            known = ", ".join(rule.name for rule in decisions.all_rules())
            raise CommandError(f"no rule is called {name!r}; there are {known}") from None
        if options["schema"]:
            self.stdout.write(orjson.dumps(rule.schema(), option=orjson.OPT_INDENT_2).decode())
            return
        out = sys.stdout.buffer
        failed = False
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            answer = decide_line(rule, line)
            failed |= "error" in answer[:12].decode("utf-8", "replace")
            out.write(answer + b"\n")
        out.flush()
        if failed:
            sys.exit(1)


def decide_line(rule: decisions.Rule, line: bytes) -> bytes:
    """Return the answer to one line of facts, or ``{"error": {"code", "text"}}`` for a line that is not valid."""
    try:
        return decisions.encode(rule.decide(decisions.parse(rule.name, line)))
    except decisions.InvalidFacts as error:
        return orjson.dumps({"error": {"code": "facts.invalid", "text": str(error)}})
