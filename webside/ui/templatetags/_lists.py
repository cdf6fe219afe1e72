"""Tags for lists: tasks, pairs, tables, timelines, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import template
from django.core.paginator import Page
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.ui.templatetags._html import attributes, check_tone, icon_svg, inner, modifiers
from webside.ui.templatetags._tables import sortable, stackable

register = template.Library()

TASK_WORDS = {"done": gettext_lazy("Done"), "now": gettext_lazy("To do"), "todo": "", "blocked": gettext_lazy("Later")}


@register.inclusion_tag("ui/components/_tasks.html")
def task_list(items: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """Steps of a long task. Each item: ``name``, ``state`` (done, now, todo, blocked), ``url``, ``note``, ``hint``."""
    return {
        "label": label,
        "items": [
            {
                "name": item["name"],
                "url": item.get("url", ""),
                "hint": item.get("hint", ""),
                "state": item.get("state", "todo"),
                "note": item.get("note") or TASK_WORDS[item.get("state", "todo")],
            }
            for item in items
        ],
    }


@register.simple_tag
def facts(pairs: Iterable[Any], variant: str = "row") -> SafeString:
    """Names with their values. ``pairs``: (name, value) or dicts with ``name``, ``value``, ``note``.

    ``variant``: row (side by side), line (in one line, for banners), figures (large, for boards).
    An empty value is shown as *not known*: a gap is never hidden.
    """
    rows = []
    for pair in pairs:
        name, value, note = (
            (pair["name"], pair.get("value"), pair.get("note", ""))
            if isinstance(pair, Mapping)
            else (pair[0], pair[1], pair[2] if len(pair) > 2 else "")
        )
        shown = value if value or value == 0 else format_html('<span class="ws-muted">{}</span>', _("not known"))
        rows.append((name, shown, format_html(' <span class="ws-dl__note">{}</span>', note) if note else ""))
    return format_html(
        '<dl class="{}">{}</dl>',
        modifiers("ws-dl", variant),
        format_html_join("", "<div><dt>{}</dt><dd>{}{}</dd></div>", rows),
    )


@register.simple_block_tag(takes_context=False)
def table(
    content: str,
    caption: str,
    variant: str = "",
    export: str = "",
    filter: str = "",
    sort: bool = False,
    stack: bool = True,
    **attrs: Any,
) -> SafeString:
    """A table that scrolls within itself; on a phone each row is a block with its labels.

    The content is ``<thead>`` and ``<tbody>``. ``sort`` makes the heads of columns sort
    (``<th data-sort="number|text|date">``; a cell may give ``data-value``), ``filter`` is the label of a
    search field, ``export`` the name of the CSV file. ``variant``: quiet (small heads), top (cells at the
    top). The words of the caption name the table for screen readers; ``caption_hidden`` hides them from
    sight. ``stack=False``: rows stay rows on a phone (two or three narrow columns).
    """
    hidden = attrs.pop("caption_hidden", False)
    rows = inner(content)
    if sort:
        rows = sortable(rows)
    stacked = stackable(rows) if stack else None
    live = sort or export or filter or stacked
    tools = format_html(
        '<div class="ws-tabletools" hidden>{}{}<span class="ws-tabletools__count ws-muted" role="status" '
        "data-table-count></span></div>",
        format_html(
            '<label class="ws-search">{}<span class="ws-vh">{}</span>'
            '<input class="ws-input" type="search" placeholder="{}" autocomplete="off" data-table-filter data-search></label>',
            icon_svg("search"),
            filter,
            filter,
        )
        if filter
        else "",
        format_html(
            '<button type="button" class="ws-btn ws-btn--plain ws-btn--s" data-table-export="{}">{}{}</button>',
            export,
            icon_svg("download"),
            _("Save as CSV"),
        )
        if export
        else "",
    )
    return format_html(
        '<div{}>{}<div class="ws-tablewrap" role="region" aria-label="{}" tabindex="0">'
        '<table class="{}"{}><caption{}>{}</caption>{}</table></div></div>',
        attributes(
            {
                "data_behavior": "table" if live else None,
                "data_sortable": bool(sort),
                **attrs,
            }
        ),
        tools if filter or export else "",
        caption,
        modifiers("ws-table", variant),
        mark_safe(" data-stacked") if stacked else "",
        mark_safe(' class="ws-vh"') if hidden else "",
        caption,
        stacked or rows,
    )


@register.inclusion_tag("ui/components/_timeline.html")
def timeline(items: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """What happened, newest first. Each item: ``when`` (datetime or text), ``icon``, ``title``, ``text``, ``who``,
    ``url``, ``tone``.
    """
    return {"items": items, "label": label}


@register.simple_tag
def figures(items: Iterable[Mapping[str, Any]]) -> SafeString:
    """Figures of a board. Each item: ``name``, ``value``, ``note``, ``tone``, ``url`` (its definition)."""
    rows = format_html_join(
        "",
        "<div><dt>{}</dt><dd><b{}>{}</b>{}</dd></div>",
        (
            (
                format_html("<a{}>{}</a>", attributes({"href": item["url"]}), item["name"])
                if item.get("url")
                else item["name"],
                attributes({"class_": f"ws-is-{check_tone(item['tone'])}" if item.get("tone") else None}),
                item["value"],
                format_html("<small>{}</small>", item["note"]) if item.get("note") else "",
            )
            for item in items
        ),
    )
    return format_html('<dl class="ws-figures">{}</dl>', rows)


@register.simple_tag
def progress(value: int, of: int, label: str) -> SafeString:
    """How far along; ``label`` says it in words ("4 of 12 weeks done")."""
    return format_html(
        '<progress class="ws-progress" value="{}" max="{}" aria-label="{}"></progress>', value, of, label
    )


@register.inclusion_tag("ui/components/_pages.html", takes_context=True)
def pages(context: Context, page: Page, kept: Mapping[str, str] | None = None, words: str = "") -> dict[str, Any]:
    """The way to the pages beside this one of a long list; nothing where all is on one page.

    ``page``: of ``webside.ui.paging``. ``kept``: what the addresses keep, such as a filter and an order.
    ``words``: what was looked for; then the pages are asked for by POST (``q``), since names must stand in no address.
    """
    return {"page": page, "kept": urlencode(kept or {}), "words": words, "csrf_token": context.get("csrf_token")}


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """``{{ mapping|lookup:key }}``: the value under a key that only the page knows, else nothing."""
    try:
        return mapping.get(key, mapping.get(str(key), ""))
    except (AttributeError, TypeError):
        return ""
