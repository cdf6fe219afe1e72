"""Write the reference pages that come from the code, or say which of them are stale."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import yaml
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from webside.core import decisions, jobs, loops, retention
from webside.core.dated import Row

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
GENERATED = "<!-- Written by `make docs` from the code. Change the code, not this page. -->"
QUALITY = (
    "policy_tests", "audit", "fhir", "events_documented", "rules_sourced", "axe_clean", "i18n", "retention",
)  # fmt: skip


class Command(BaseCommand):
    """``docs`` writes the pages, ``docs --check`` fails when one of them is not what the code says."""

    help = "Write the reference pages that come from the registries (docs/reference, docs/safety)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--check``."""
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        stale = []
        with translation.override("en"):
            for name, page in PAGES.items():
                path = DOCS / name
                text = page()
                if path.exists() and path.read_text(encoding="utf-8") == text:
                    continue
                stale.append(f"docs/{name}")
                if not options["check"]:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
        if options["check"] and stale:
            raise CommandError(f"stale: {', '.join(stale)}. Run 'make docs' and commit what it wrote.")
        self.stdout.write(f"wrote {', '.join(stale)}" if stale else "the reference pages are up to date")


def _above(name: str) -> ModuleType:
    # Core stands below every app and imports none of them. A manual that names all of them is no flow of the
    # product, so it looks their registers up by name instead of turning the layers round.
    return importlib.import_module(f"webside.{name}")


def _our_apps() -> Iterator[str]:
    for config in apps.get_app_configs():
        if config.name.startswith("webside."):
            yield config.name.removeprefix("webside.")


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", GENERATED, *parts]) + "\n"


def _first_line(text: str | None) -> str:
    """Return the first sentence of a docstring, without the marks of reStructuredText."""
    first = inspect.cleandoc(text or "").partition("\n\n")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", first).replace("``", "`")


# ------------------------------------------------------------------------------------------------ settings


def settings_page() -> str:
    """Return the page of everything that an operator may set."""
    model = type(settings.ENV)
    prefix = model.model_config.get("env_prefix", "")
    rows = []
    for name, field in model.model_fields.items():
        variable = field.validation_alias or f"{prefix}{name}".upper()
        rows.append(
            (
                f"`{variable}`",
                _kind(field.annotation),
                _default(name, field),
                (field.description or "").replace("<", "&lt;"),
            )
        )
    return _page(
        "Settings",
        "An installation is set by environment variables, or by lines `NAME=value` in a file `.env` beside `manage.py`; "
        "the environment wins. Every value is checked before anything starts, and a bad one is named. Lists are JSON "
        '(`["a", "b"]`).',
        _table(("variable", "type", "default", "what it is"), rows),
        "Refused at the start: data keys that can't be read; the demo beyond this machine or in production; production "
        "without a secret key of 32 letters, data keys, a public address by https and a mail server, and production on "
        "an address other than loopback without `WEBSIDE_ONLY_PROXY_CONNECTS`.",
    )


def _kind(annotation: Any) -> str:
    text = (
        str(annotation)
        .replace("pathlib.", "")
        .replace("pydantic.types.", "")
        .replace("typing.", "")
        .replace("config.env.", "")
    )
    text = getattr(annotation, "__name__", text) if isinstance(annotation, type) and "[" not in text else text
    choices = re.fullmatch(r"Literal\[(.*)\]", text)
    if choices:
        return " or ".join(f"`{choice.strip().strip(chr(39))}`" for choice in choices.group(1).split(","))
    return text.replace(" | None", "").replace("SecretStr", "secret").replace("list[str]", "list").lower()


def _default(name: str, field: Any) -> str:
    if name == "var":  # depends on who starts it and where: said in words
        return "`var/` beside the code; for root a folder under `/var/lib/webside`"
    value = field.get_default(call_default_factory=True)
    if value in (None, "", []):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# -------------------------------------------------------------------------------------------------- events


def _events() -> Iterator[tuple[str, type]]:
    """Yield every event of every app with its stable name."""
    base = _above("outbox.events").Event
    name_of = _above("outbox.registry").event_name
    for app in _our_apps():
        if app == "outbox" or importlib.util.find_spec(f"webside.{app}.events") is None:
            continue  # outbox holds the base alone
        module = _above(f"{app}.events")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__:
                yield name_of(value), value


def events_page() -> str:
    """Return the page of the durable events and who listens to them."""
    subscriptions = _above("outbox.registry").subscriptions()
    rows = []
    for name, event in sorted(_events()):
        hints = get_type_hints(event)
        fields = ", ".join(
            f"`{field.name}` ({getattr(hints[field.name], '__name__', hints[field.name])})"
            for field in dataclasses.fields(event)
        )
        listeners = ", ".join(f"`{each.removeprefix('webside.')}`" for each in subscriptions.get(name, ()))
        rows.append((f"`{name}`", _first_line(event.__doc__), fields or "–", listeners or "nobody yet"))
    return _page(
        "Events",
        "Durable events are published inside the transaction of the change and delivered by the worker at least once: "
        "a handler is idempotent by the event's id. They carry ids only. What was given up after ten tries stands on the "
        "page of dead deliveries, from where it can be taken back.",
        _table(("event", "what happened", "fields", "handlers"), rows),
    )


# ------------------------------------------------------------------------------------------- audit actions


def actions_page() -> str:
    """Return the page of everything that the trail can say."""
    rows = [(f"`{action}`", text) for action, text in _above("audit.sentences").registered().items()]
    return _page(
        "Audit actions",
        "Each row of the trail names one of these actions. The sentence follows the actor's name: "
        "*Dr. Maya Chen booked an appointment*. Endings with `refuse` are things that somebody asked for and did not get.",
        _table(("action", "sentence"), rows),
    )


# --------------------------------------------------------------------------------------------------- rules


def rules_page() -> str:
    """Return the page of the rules that anyone may ask."""
    parts = [
        "Pure functions from facts to an answer, over dated and sourced rows. Ask them without a browser and without a "
        "database:",
        "```\npython manage.py decide --list\npython manage.py decide NAME --schema\n"
        "python manage.py decide NAME < facts.jsonl\nPOST /api/decide/NAME      with a key of the scope `decide`\n```",
        "A field that nobody declared is refused by name. A fact that is missing is never assumed: it is named in "
        "`not_checked`. None of this is legal, clinical or coding advice.",
    ]
    for rule in decisions.all_rules():
        parts.append(f"## {rule.name}")
        parts.append(_first_line(rule.decide.__doc__))
        if (DOCS / "reference" / "rules" / f"{rule.name}.md").exists():
            parts.append(f"Prose and worked examples, which are also its tests: [{rule.name}](rules/{rule.name}.md).")
        parts += _types(rule.schema())
    return _page("Rules", *parts)


def _types(schema: dict[str, Any]) -> Iterator[str]:
    """Yield a table for the facts, for the answer, and for each of their parts; a line for each set of words."""
    ends = {part: schema[part]["$ref"].rpartition("/")[2] for part in ("facts", "answer")}
    for part, name in ends.items():
        yield _fields(part, schema["$defs"][name])
    parts = {name: each for name, each in sorted(schema["$defs"].items()) if name not in ends.values()}
    for name, each in parts.items():
        if "properties" in each:
            yield _fields(name, each)
    words = {name: each["enum"] for name, each in parts.items() if "enum" in each}
    yield "\n".join(f"- **{name}**: {', '.join(f'`{word}`' for word in values)}" for name, values in words.items())


def _fields(part: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", _json_type(value), "yes" if name in required else "no")
        for name, value in schema.get("properties", {}).items()
    ]
    return _table((part, "type", "always there"), rows)


def _json_type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_json_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"list of {_json_type(items)}" if isinstance(items, dict) else "list"
    return str(schema.get("format") or schema.get("type", "anything"))


# ---------------------------------------------------------------------------------------------------- FHIR


def fhir_page() -> str:
    """Return the page of the FHIR resources that are written, and which of them are encrypted."""
    rows = []
    for handler in _above("fhirkit.registry").handlers():
        module = handler.to_fhir.__module__.removeprefix("webside.").replace(".", "/")
        rows.append(
            (
                f"[{handler.resource_type}](https://hl7.org/fhir/R4/{handler.resource_type.lower()}.html)",
                f"`{handler.model._meta.label}`",
                f"`webside/{module}.py`",
                "yes" if handler.sealed else "no",
            )
        )
    return _page(
        "FHIR",
        "FHIR R4 (4.0.1). Every change to a record of these types writes its JSON as the next version, once, in the same "
        "transaction. The versions are kept from the first day on; **the REST interface that serves them is not built "
        "yet**: no search, no read over HTTP, no SMART launch. *Encrypted* means that the bytes are sealed at rest.",
        _table(("resource", "model", "written by", "encrypted"), rows),
    )


# --------------------------------------------------------------------------------------------------- gates


def gates_page() -> str:
    """Return the page of the gates: when each is asked, of which kind of service, and whether a person may go past it."""
    rows = [
        (
            f"`{gate.name}`",
            gate.title,
            gate.area,
            ", ".join(kind.value for kind in sorted(gate.kinds)),
            ", ".join(moment.value for moment in _above("catalog.gates").Moment if moment in gate.moments),
            "with a reason" if gate.overridable else "**never**",
        )
        for gate in sorted(_above("catalog.gates").registered(), key=lambda gate: gate.name)
    ]
    return _page(
        "Gates",
        "The checks that a service's kind brings. A gate that could not run is *not checked*, never passed; where care "
        "or law is at stake it stops like a refusal. An override needs a clinician or coach who signs with a reason, and "
        "compliance reviews it. Why there are kinds and gates: [kinds and gates](../explanation/kinds-and-gates.md).",
        _table(("gate", "what is checked", "area", "kinds", "asked at", "may be overridden"), rows),
    )


# ---------------------------------------------------------------------------------------------- heartbeats


def heartbeats_page() -> str:
    """Return the page of what the worker does again and again."""
    rows = [
        (
            f"`{loop.name}`",
            f"{loop.every:g} s",
            f"{max(10, 3 * loop.every):g} s",
            _first_line(inspect.getdoc(loop.run)),
            f"`{loop.run.__module__.removeprefix('webside.')}`",
        )
        for loop in sorted(loops.registered(), key=lambda loop: loop.name)
    ]
    return _page(
        "Heartbeats",
        "What the worker does again and again. Each loop leaves a heartbeat; one that is older than its limit turns "
        "`/health.json` to 503 and is shown on `/health/`. `/health` answers only whether pages can be served.",
        _table(("loop", "every", "late after", "what one round does", "in"), rows),
    )


# ----------------------------------------------------------------------------------------------- retention


def retention_page() -> str:
    """Return the page of how long each kind of row is kept, and of the jobs that the worker does by itself."""
    parts = []
    heads = {
        retention.Act.DELETE: "## What is deleted",
        retention.Act.EMPTY: "## What is emptied",
        retention.Act.KEEP: "## What is kept",
    }
    rows = sorted(retention.table().rows, key=lambda row: (row["models"][0], row.id))
    for act, head in heads.items():
        found = [row for row in rows if row["act"] == act]
        told = (
            (row["what"], ", ".join(f"`{model}`" for model in row["models"]), _time(row), row["why"], row.citation)
            for row in found
        )
        parts += [head, _table(("what", "tables", "how long", "why", "source"), told)]
    recurring = sorted((each for each in jobs.registered() if each.every), key=lambda each: each.name)
    return _page(
        "Retention",
        "How long each kind of row is kept, from `data/retention.yaml` of each app. A table without a row here fails a "
        "test. **What the law of a state asks of medical records was not checked state by state**; Webside deletes none "
        "of them, and no trail, consent or claim. Files, backups and logs of the operator are the operator's to look "
        "after.",
        *parts,
        "## Who does it",
        _table(
            ("job", "when (cron, UTC)", "what it does"),
            [(f"`{each.name}`", f"`{each.every}`", _first_line(each.work.__doc__)) for each in recurring],
        ),
        "For each clinic and for what belongs to none, in transactions of their own. What was deleted stands in the trail "
        "as counts. A job that fails is tried again with growing pauses; after eight tries it stands on the page of events "
        "that were given up.",
    )


def _time(row: Row) -> str:
    if row["act"] == retention.Act.KEEP:
        return "kept"
    unit = "hours" if row.get("hours") is not None else "days"
    only = "; only " + ", ".join(
        f"{'without' if value is None else 'with'} `{name}`"
        f"{'' if value is None else ' ' + (' or '.join(value) if isinstance(value, list) else str(value))}"
        for name, value in (row.get("only") or {}).items()
    )
    columns = f"`{', '.join(row['columns'])}` " if row.get("columns") else ""
    amount = f"{row[unit]} {unit if row[unit] != 1 else unit.removesuffix('s')} after" if row[unit] else "from"
    return f"{columns}{amount} `{row['after']}`{only if row.get('only') else ''}"


# ------------------------------------------------------------------------------------------------- quality


def quality_page() -> str:
    """Return the table of what each app says about its own state."""
    rows = []
    notes = []
    for app in sorted(_our_apps()):
        path = ROOT / "webside" / app / "quality.yaml"
        if not path.exists():
            continue
        said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        cells = []
        for key in QUALITY:
            word, _, reason = str(said.get(key, "–")).partition(":")
            cells.append("exempt" if word == "exempt" else word)
            if reason:
                notes.append(f"- **{app}**, {key}: {reason.strip()}")
        rows.append((app, *cells))
    return _page(
        "Quality of each app",
        "From each app's `quality.yaml`. *todo* is meant as it says; *exempt* has its reason below.",
        _table(("app", *QUALITY), rows),
        "\n".join(notes),
    )


# ------------------------------------------------------------------------------------------------- hazards


def hazards_page() -> str:
    """Return the hazard log, from ``docs/safety/hazards.yaml``."""
    log = yaml.safe_load((DOCS / "safety" / "hazards.yaml").read_text(encoding="utf-8"))
    hazards = log["hazards"]
    parts = [log["about"].strip()]
    for name, words in log["scales"].items():
        parts.append(f"**{name.capitalize()}.** " + "; ".join(f"{key}: {text}" for key, text in words.items()) + ".")
    parts.append(
        _table(
            ("no.", "hazard", "before", "after"),
            [
                (f"[{each['id']}](#{each['id'].lower()})", each["hazard"], _risk(each["before"]), _risk(each["after"]))
                for each in hazards
            ],
        )
    )
    for each in hazards:
        controls = "\n".join(
            f"- {control['text']}\n" + "\n".join(f"  - `{test}`" for test in control["tests"])
            for control in each["controls"]
        )
        parts.append(f"## {each['id']}")
        parts.append(
            f"**{each['hazard']}**\n\n- *Cause*: {_cell(each['cause'])}\n- *Harm*: {_cell(each['harm'])}\n"
            f"- *Before controls*: {_risk(each['before'])}\n- *After controls*: {_risk(each['after'])}"
        )
        parts.append(f"Controls and the tests that hold them:\n\n{controls}")
        parts.append(f"*What is left*: {_cell(each['residual'])}")
    return _page("Hazard log", *parts)


def _risk(risk: dict[str, str]) -> str:
    return f"{risk['severity']}, {risk['likelihood']}"


PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings_page,
    "reference/events.md": events_page,
    "reference/audit-actions.md": actions_page,
    "reference/rules.md": rules_page,
    "reference/fhir.md": fhir_page,
    "reference/gates.md": gates_page,
    "reference/heartbeats.md": heartbeats_page,
    "reference/retention.md": retention_page,
    "reference/quality.md": quality_page,
    "safety/hazard-log.md": hazards_page,
}
"""Each page below ``docs/`` and the function that writes it."""
