"""The frame of pages: bases, navigation, panels, modules, policy, errors, stylesheets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.exception import convert_exception_to_response
from django.core.management import call_command
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from django.utils.html import strip_tags

from webside.core.actor import Actor, ActorKind, Role
from webside.ui import assets, panels, registry, texts, undo
from webside.ui.management.commands.build_styles import PARTS, SHEETS, STATIC, joined
from webside.ui.middleware import ContentSecurityPolicyMiddleware
from webside.ui.registry import NavCount, NavItem
from webside.ui.templatetags._html import icon_names
from webside.ui.views import errors
from webside.ui.views.gallery import patterns

UI = Path(__file__).resolve().parent.parent
WEBSIDE = UI.parent
MODULES = sorted(path for path in WEBSIDE.glob("*/static/**/*.js") if "vendor" not in path.parts)
TEMPLATES = sorted(UI.glob("templates/**/*.html"))


class TestPolicy:
    """Nothing in a page needs an inline script or style."""

    def test_the_import_map_is_allowed_by_its_hash_and_nothing_else_is(self, rf: RequestFactory) -> None:
        response = ContentSecurityPolicyMiddleware(patterns)(rf.get("/patterns/"))
        policy = response.headers["Content-Security-Policy"]
        text = re.search(r'<script type="importmap">(.*?)</script>', response.content.decode(), re.DOTALL)
        assert text is not None
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
        assert "unsafe" not in policy
        assert "nonce" not in policy

    def test_other_answers_carry_no_hash(self, rf: RequestFactory) -> None:
        middleware = ContentSecurityPolicyMiddleware(
            lambda request: HttpResponse("{}", content_type="application/json")
        )
        response = middleware(rf.get("/"))
        assert "sha256" not in response.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(UI / "templates").as_posix())
    def test_templates_hold_no_inline_script_or_style(self, path: Path) -> None:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle\s*=", source)
        assert not re.search(r"<style[\s>]", source)
        assert not re.search(r"\son(click|submit|change|load|input)\s*=", source)
        assert "javascript:" not in source
        for tag in re.findall(r"<script\b[^>]*>", source):
            assert "src=" in tag or "application/json" in tag or 'type="importmap"' in tag, tag

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(UI / "templates").as_posix())
    def test_nothing_is_loaded_from_elsewhere(self, path: Path) -> None:
        assert not re.search(r"""(src|href)=["'](https?:)?//""", path.read_text(encoding="utf-8"))


class TestModules:
    """ES modules and their map."""

    def test_each_module_is_in_the_map(self) -> None:
        imports = json.loads(assets.import_map())["imports"]
        ours = {path.name for path in (UI / "static" / "ui").glob("*.js")}
        assert {f"ui/{name}" for name in ours} <= set(imports)
        assert not any("vendor" in path for path in imports)

    @pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
    def test_imports_go_through_the_map(self, path: Path) -> None:
        known = {
            found.relative_to(found.parents[1] if found.parent.parent.name == "static" else found.parents[2]).as_posix()
            for found in MODULES
        }
        source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        statements = r"""^\s*(?:import\s+(?:[\w*{}\s,$]+\s+from\s+)?|export\s+[\w*{}\s,$]+\s+from\s+)["']([^"']+)["']"""
        for name in re.findall(statements, source, re.MULTILINE):
            assert name in known, f"{name}: import a module by its static path, never relatively"

    @pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
    def test_modules_never_build_code_or_html_from_text(self, path: Path) -> None:
        source = path.read_text(encoding="utf-8")
        for forbidden in ("eval(", "new Function", "document.write", "insertAdjacentHTML", "outerHTML ="):
            assert forbidden not in source
        assert not re.search(r"\.innerHTML\s*\+?=[^=]", source)

    def test_two_modules_of_one_name_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assets.forget()
        monkeypatch.setattr(assets, "_listed", lambda: ["ui/table.js", "billing/table.js"])
        with pytest.raises(ImproperlyConfigured, match="data-behavior='table'"):
            assets.import_map()

    def test_behaviors_named_in_templates_exist(self) -> None:
        folders = [Path(config.path) for config in apps.get_app_configs() if config.name.startswith("webside.")]
        for path in (path for folder in folders for path in folder.glob("templates/**/*.html")):
            for names in re.findall(r'data-behavior="([a-z -]+)"', path.read_text(encoding="utf-8")):
                for name in names.split():
                    assert assets.module_path(name), path

    def test_the_page_loads_early_what_it_names(self, draw: Callable[..., str]) -> None:
        html = draw('{% behavior_modules "autosave" %}')
        assert html.count("modulepreload") == 2
        assert "ui/autosave.js" in html
        with pytest.raises(LookupError):
            draw('{% behavior_modules "no-such" %}')

    def test_their_words_can_be_translated(self) -> None:
        written: set[str] = set()
        for path in MODULES:
            source = path.read_text(encoding="utf-8")
            written |= set(re.findall(r'(?<![\w.])t\("((?:[^"\\]|\\.)*)"', source))
            table = re.search(r"ENGLISH = \{(.*?)\n\};", source, re.DOTALL)
            written |= set(re.findall(r'": "((?:[^"\\]|\\.)+)"', table.group(1))) if table else set()
        with translation.override("en"):
            assert written == set(texts.in_language())

    def test_a_page_in_another_language_brings_the_words_of_every_app(self, draw: Callable[..., str]) -> None:
        with translation.override("es"):
            html = draw("{% behavior_texts %}")
        brought = json.loads(strip_tags(html))
        assert {"Saving…", "Nothing found", "The clinic can see that you are here."} <= set(brought)


HTMX = re.compile(r"\bhx-(?:get|post|put|delete|trigger)")
TEMPLATES = {
    path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
    for folder in WEBSIDE.glob("*/templates")
    for path in folder.rglob("*.html")
}
PAGES = sorted(name for name, source in TEMPLATES.items() if "{% extends" in source)


def _with_its_parts(name: str) -> str:
    """Return the source of a template and of those that it includes."""
    source = TEMPLATES[name]
    included = re.findall(r'{% include "([^"]+)"', source)
    return source + "".join(_with_its_parts(part) for part in included if part in TEMPLATES and part != name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_uses_htmx_brings_it_and_no_other_does(name: str) -> None:
    assert bool(HTMX.search(_with_its_parts(name))) == ("ui/_htmx.html" in TEMPLATES[name])


@pytest.fixture
def places() -> Iterator[None]:
    """Three places for staff, one of which leads nowhere."""
    items = [
        NavItem("staff", "Patterns", "home", "ui:pattern-list", order=20, key="p"),
        NavItem("staff", "Sign in", "lock", "account_login", order=10, roles=frozenset({Role.BILLER}),
                count=lambda request: NavCount(2, "waiting", "warning")),
        NavItem("staff", "Nowhere", "home", "ui:no-such-page"),
    ]  # fmt: skip
    known = dict(registry._items)
    registry._items.clear()
    registry.register(*items)
    yield
    registry._items.clear()
    registry._items.update(known)


def _request(path: str, *roles: Role) -> Any:
    request = RequestFactory().get(path)
    request.tenant = None  # type: ignore[attr-defined]
    request.actor = Actor(kind=ActorKind.PERSON, label="Ingrid Vass", roles=frozenset(roles))  # type: ignore[attr-defined]
    return request


@pytest.mark.usefixtures("places")
class TestNavigation:
    """``registry``"""

    def test_only_places_that_exist_and_that_the_role_may_see(self) -> None:
        assert [link.label for link in registry.links(_request("/", Role.COMPLIANCE))] == ["Patterns"]
        assert [link.label for link in registry.links(_request("/", Role.BILLER))] == ["Sign in", "Patterns"]

    def test_where_one_is_is_marked(self) -> None:
        marked = [link.label for link in registry.links(_request("/patterns/read/", Role.BILLER)) if link.current]
        assert marked == ["Patterns"]

    def test_what_the_page_has_counted_is_not_counted_again(self) -> None:
        def count(request: Any) -> NavCount:
            raise AssertionError("counted again")

        registry.register(NavItem("staff", "Patterns", "home", "ui:pattern-list", count=count))
        for found in (NavCount(3, "to see"), None):
            request = _request("/patterns/", Role.BILLER)
            registry.counted(request, count, found)
            assert [link.count for link in registry.links(request) if link.label == "Patterns"] == [found]

    def test_a_clinics_root_is_not_every_page_of_it(self) -> None:
        registry._items.clear()
        registry.register(
            NavItem("staff", "Services", "list", "ui:pattern-list", order=1, reach=("read/",)),
            NavItem("staff", "People", "people", "ui:pattern-list", order=2, fragment="people"),
        )

        def marked(path: str) -> list[str]:
            return [link.label for link in registry.links(_request(path, Role.BILLER)) if link.current]

        assert marked("/patterns/") == marked("/patterns/read/") == ["Services"]
        assert marked("/patterns/forms/") == []
        urls = [link.url for link in registry.links(_request("/", Role.BILLER))]
        assert urls == ["/patterns/", "/patterns/#people"]

    def test_one_place_alone_makes_no_bar_at_the_foot(self, draw: Callable[..., str]) -> None:
        one, two = SimpleNamespace(bar=True, name="a"), SimpleNamespace(bar=True, name="b")
        source = "{% for item in nav|bar_links %}{{ item.name }}{% endfor %}"
        assert draw(source, nav=[one]) == draw(source, nav=None) == ""
        assert draw(source, nav=[one, SimpleNamespace(bar=False, name="x"), two]) == "ab"

    def test_areas_are_apart(self) -> None:
        assert registry.links(_request("/", Role.PATIENT)) == []
        assert registry.links(_request("/")) == []

    def test_the_rail_draws_them_with_keys_and_counts(self) -> None:
        request = _request("/patterns/", Role.BILLER)
        request.COOKIES["webside_theme"] = "dark"
        html = render_to_string("ui/base_staff.html", {}, request)
        assert 'data-go="p"' in html
        assert 'aria-current="page"' in html
        assert '<span class="wss-rn">2</span> <span class="wss-rt">waiting</span>' in html
        assert 'data-theme="dark"' in html
        assert 'data-density="compact"' in html


class TestBases:
    """The four bases stand alone and escape what they are given."""

    @pytest.mark.parametrize("name", ["patient", "staff", "visit", "plain"])
    def test_they_have_a_skip_link_a_main_part_and_a_title(self, name: str) -> None:
        html = render_to_string(f"ui/base_{name}.html", {}, _request("/"))
        assert '<a class="ws-skip" href="#main">' in html
        assert html.count("<main") == 1
        assert 'id="main"' in html
        assert re.search(r"<title>[^<]+ · Webside</title>", html)
        assert '<html lang="en' in html

    @pytest.mark.parametrize("name", ["patient", "staff", "plain"])
    def test_the_names_of_people_and_clinics_are_text(self, name: str) -> None:
        request = _request("/", Role.BILLER)
        evil = "<b onload=alert(1)>Evil</b>"
        request.tenant = SimpleNamespace(name=evil, slug="x", strapline=evil, phone=evil, opening_hours=evil)
        request.actor = Actor(kind=ActorKind.PERSON, label=evil, user_id=None, roles=frozenset({Role.BILLER}))
        assert "<b onload" not in render_to_string(f"ui/base_{name}.html", {"messages": [evil]}, request)

    def test_a_theme_that_nobody_offers_is_ignored(self) -> None:
        request = _request("/")
        request.COOKIES["webside_theme"] = '"><script>'
        assert "data-theme" not in render_to_string("ui/base_plain.html", {}, request)


class TestUndo:
    """Undo in a message."""

    def test_a_message_offers_it(self, draw: Callable[..., str]) -> None:
        message = SimpleNamespace(
            level_tag="success", extra_tags=undo.undo("/o/x/slots/1/restore"), __str__=lambda self: ""
        )
        html = draw('{% include "ui/_messages.html" %}', messages=[message])
        assert '<form method="post" action="/o/x/slots/1/restore">' in html

    @pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:x", "/a b", "relative"])
    def test_it_leads_to_this_site_only(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"undo leads|no space"):
            undo.undo(url)


class TestPanels:
    """``panels``"""

    def test_they_come_in_order_and_plain_text_is_escaped(self, draw: Callable[..., str]) -> None:
        panels.register("test.slot", "b", lambda request, visit: f"<i>{visit}</i>", order=20)
        panels.register("test.slot", "a", lambda request, visit: render_to_string("ui/forms/errors.html", {}), order=10)
        try:
            assert draw('{% panels "test.slot" visit=7 %}').strip() == "&lt;i&gt;7&lt;/i&gt;"
        finally:
            panels.unregister("test.slot", "a")
            panels.unregister("test.slot", "b")

    def test_a_name_is_taken_once(self) -> None:
        panels.register("test.slot", "a", lambda request: "")
        try:
            with pytest.raises(ValueError, match="two panels"):
                panels.register("test.slot", "a", lambda request: "")
        finally:
            panels.unregister("test.slot", "a")

    def test_an_empty_slot_is_nothing(self, draw: Callable[..., str]) -> None:
        assert draw('{% panels "test.nobody" %}') == ""


class TestErrorPages:
    """Plain words, what to do, nothing about anybody; without a database."""

    @pytest.mark.parametrize("status", sorted(errors.TEXTS))
    def test_they_say_what_and_what_now(self, status: int, rf: RequestFactory) -> None:
        request = rf.get("/o/larkspur/people/liz-moreno/?name=Liz")
        request.request_id = "a1b2c3"  # type: ignore[attr-defined]
        response = errors.error_page(request, status)
        html = response.content.decode()
        assert response.status_code == status
        assert "What you can do" in html
        assert "a1b2c3" in html
        assert "Liz" not in html
        assert "liz-moreno" not in html

    def test_a_form_that_was_open_too_long(self, rf: RequestFactory) -> None:
        response = errors.csrf_failure(rf.post("/x/"), reason="CSRF cookie not set.")
        assert response.status_code == 403
        assert "open for too long" in response.content.decode()
        assert "CSRF" not in strip_tags(response.content.decode())

    def test_a_page_that_is_not_there(self, rf: RequestFactory) -> None:
        response = errors.not_found(rf.get("/x/"), Exception("Patient Liz Moreno does not exist"))
        assert "Liz" not in response.content.decode()

    @pytest.mark.parametrize(("error", "status"), [(OperationalError, 503), (InterfaceError, 503), (ValueError, 500)])
    def test_without_its_database_the_clinic_is_closed_and_not_broken(
        self, error: type[Exception], status: int, rf: RequestFactory
    ) -> None:
        def fails(_request: HttpRequest) -> HttpResponse:
            raise error("the server closed the connection")

        response = convert_exception_to_response(fails)(rf.get("/", headers={"host": "localhost"}))
        assert (response.status_code, "Retry-After" in response.headers) == (status, status == 503)
        assert "server closed" not in response.content.decode()

    def test_unavailable_says_when_to_come_back(self, rf: RequestFactory) -> None:
        assert errors.unavailable(rf.get("/")).headers["Retry-After"] == "30"


class TestStylesheets:
    """Made from parts, light, with both themes."""

    def test_they_are_fresh(self) -> None:
        call_command("build_styles", check=True)

    def test_both_dark_blocks_say_the_same(self) -> None:
        source = (PARTS / "01-tokens.css").read_text(encoding="utf-8")
        dark = source[source.index("/* dark:begin") : source.index("/* dark:end")]
        blocks = re.findall(r"color-scheme: dark;(.*?)\n\s*}", dark, re.DOTALL)
        assert len(blocks) == 2
        assert re.findall(r"--[\w-]+: [^;]+", blocks[0]) == re.findall(r"--[\w-]+: [^;]+", blocks[1])

    def test_every_colour_of_the_light_theme_has_a_dark_one(self) -> None:
        source = (PARTS / "01-tokens.css").read_text(encoding="utf-8")
        light, dark = source.split("/* dark:begin")[0], source.split("/* dark:begin")[1].split("/* dark:end")[0]
        assert set(re.findall(r"(--ws-[\w-]+):", light)) == set(re.findall(r"(--ws-[\w-]+):", dark))

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_words_have_five_to_one_on_all_three_grounds(self, theme: str) -> None:
        source = (PARTS / "01-tokens.css").read_text(encoding="utf-8")
        part = source.split("/* dark:begin")[0 if theme == "light" else 1]
        colours = dict(re.findall(r"--ws-([\w-]+): (#[0-9A-F]{6})", part))
        words = (
            "ink",
            "muted",
            "primary",
            "telemedicine",
            "telehealth",
            "telecare",
            "danger",
            "warning",
            "success",
            "info",
        )
        for ground in ("paper", "surface", "sunken"):
            for word in words:
                assert _contrast(colours[word], colours[ground]) >= 5, (theme, word, ground)
        for word in words[3:]:
            assert _contrast(colours[word], colours[f"{word}-tint"]) >= 4.5, (theme, word, "tint")

    @pytest.mark.parametrize("name", sorted(SHEETS))
    def test_has_is_never_in_a_list_with_others(self, name: str) -> None:
        """An old browser drops the whole rule when one selector of its list is unknown."""
        for selectors in re.findall(r"([^{}]+)\{", joined(SHEETS[name])):
            if ":has(" in selectors and not selectors.startswith("@"):
                assert "," not in re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", selectors), selectors

    def test_icons_named_in_styles_and_code_exist(self) -> None:
        for path in (UI / "static" / "ui").glob("*.js"):
            for name in re.findall(r'\bicon\("([a-z-]+)"', path.read_text(encoding="utf-8")):
                assert name in icon_names(), path

    def test_a_patients_first_page_is_light(self) -> None:
        """At most 100 kB before pictures: styles, modules, htmx, fonts and icons, compressed as sent."""
        import gzip

        sent = [
            "webside.css",
            "behaviors.js",
            "words.js",
            "toast.js",
            "theme.js",
            "menu.js",
            "icons.svg",
            "vendor/htmx-2.0.11/htmx.min.js",
        ]
        size = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in sent)
        size += sum(
            (STATIC / "fonts" / f"atkinson-hyperlegible-latin-{weight}-normal.woff2").stat().st_size
            for weight in (400, 700)
        )
        assert size < 90_000, size

    def test_vendored_files_carry_version_and_licence(self) -> None:
        for folder in (STATIC / "vendor").iterdir():
            assert re.search(r"-\d+\.\d+\.\d+$", folder.name)
            assert (folder / "LICENSE").exists()
        assert (STATIC / "fonts" / "OFL.txt").exists()


def _contrast(first: str, second: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    one, two = sorted((light(first), light(second)), reverse=True)
    return (one + 0.05) / (two + 0.05)


def test_quality_says_each_row() -> None:
    rows = yaml.safe_load((UI / "quality.yaml").read_text(encoding="utf-8"))
    assert all(value in ("done", "todo") or value.startswith("exempt: ") for value in rows.values())
