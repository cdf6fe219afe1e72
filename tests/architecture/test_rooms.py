"""The house rules that a linter of imports can't see."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
WEBSIDE = ROOT / "webside"
APPS = sorted(path.name for path in WEBSIDE.iterdir() if (path / "apps.py").exists())

ROOMS = {
    "README.md", "__init__.py", "codes.py", "rules.py", "rules", "events.py", "models.py", "policies.py",
    "selectors.py", "selectors", "services.py", "services", "handlers.py", "fhir.py", "forms.py", "views", "urls.py",
    "lean.py", "consumers.py", "tasks.py", "templates", "static", "data", "tests", "apps.py", "migrations",
    "management", "locale", "quality.yaml",
    # Further rooms: docs/adr names each and why.
    "registry.py", "middleware.py", "templatetags", "context_processors.py", "engines", "gates.py", "panels.py",
    "law.py", "calendars.py", "calendars", "texts.py",
}  # fmt: skip
# The foundations hold one module for each thing that they give.
FOUNDATIONS = {"core", "outbox", "fhirkit", "audit", "accounts", "realtime", "ui", "notifications", "demo"}

TENANTLESS = {
    "core.Tenant", "core.Timer", "core.Heartbeat", "outbox.OutboxEvent", "outbox.Delivery", "accounts.User",
    "accounts.Membership", "accounts.Invitation", "accounts.ApiKey", "accounts.SignIn",
    "accounts.IdentityProvider", "accounts.SamlRequest", "realtime.Ticket",
    "audit.AuditEvent", "audit.Seal", "audit.SealedRow", "notifications.OutgoingMessage", "notifications.ChannelState",
    "chart.DiagnosisCode",
}  # fmt: skip
"""What has no tenant, or is looked up before one is known. Everything else is under a tenant's policy."""

LAYERS = [
    "core", "outbox", "fhirkit", "audit", "accounts", "realtime ui", "people", "notifications", "compliance",
    "catalog", "scheduling", "chart", "visits", "triage", "billing", "api portal", "integrations", "demo",
]  # fmt: skip
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}


@pytest.mark.parametrize("app", [app for app in APPS if app not in FOUNDATIONS])
def test_an_app_has_no_other_rooms(app: str) -> None:
    found = {path.name for path in (WEBSIDE / app).iterdir() if path.name != "__pycache__"}
    assert found <= ROOMS, f"{app} has {sorted(found - ROOMS)}: a new kind of file needs a record of the decision"


def test_every_app_has_a_level() -> None:
    assert set(APPS) <= set(LEVEL)


def test_every_model_is_a_tenants_or_on_the_list() -> None:
    from webside.core.models import TenantModel

    ours = [model for model in apps.get_models() if model.__module__.startswith("webside.")]
    free = {model._meta.label for model in ours if not issubclass(model, TenantModel)}
    assert free == TENANTLESS


def test_foreign_keys_point_downwards_and_stay_within_a_tenant() -> None:
    from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField

    for model in apps.get_models():
        if not model.__module__.startswith("webside."):
            continue
        for field in model._meta.local_fields:
            target = field.related_model
            if not isinstance(field, models.ForeignKey) or not isinstance(target, type):
                continue
            if target.__module__.startswith("webside."):
                assert LEVEL[target._meta.app_label] <= LEVEL[model._meta.app_label], f"{field} points upwards"
            if issubclass(model, TenantModel) and issubclass(target, TenantModel):
                assert isinstance(field, TenantForeignKey | TenantOneToOneField), f"{field} may point across tenants"


def _sources() -> list[Path]:
    return [
        path
        for path in WEBSIDE.rglob("*.py")
        if "/migrations/" not in str(path) and "/tests/" not in str(path) and "/testing/" not in str(path)
    ]


def test_nobody_asks_the_time_behind_the_clocks_back() -> None:
    naked = re.compile(r"\b(timezone\.now|datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _sources()
        if path.name not in ("clock.py", "ids.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if naked.search(line) and "# clock:" not in line
    ]
    assert found == []


def test_services_are_keyword_only() -> None:
    found = []
    for path in [*WEBSIDE.glob("*/services.py"), *WEBSIDE.glob("*/services/*.py")]:
        for node in ast.parse(path.read_text()).body:
            decorated = isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Call) and getattr(each.func, "id", "") == "action" for each in node.decorator_list
            )
            if decorated and node.args.args:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert found == []


def test_every_audited_action_has_a_sentence() -> None:
    from webside.audit import sentences

    named = set()
    pattern = re.compile(r"""(?:@action|record|record_refusal)\(\s*["']([a-z-]+(?:\.[a-z-]+)+)["']""")
    for path in _sources():
        named |= set(pattern.findall(path.read_text()))
    assert named - set(sentences.registered()) == set()


def test_every_behaviour_is_there() -> None:
    modules = {path.stem for path in WEBSIDE.rglob("static/**/*.js")}
    wanted = {
        behaviour
        for path in WEBSIDE.rglob("templates/**/*.html")
        for attribute in re.findall(r'data-behavior="([^"{]+)"', path.read_text())
        for behaviour in attribute.split()
    }
    assert wanted - modules == set()
