"""Tags for what people press: buttons, links back, tabs, dialogs, undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from webside.ui.templatetags._html import attributes, classes, icon_svg, inner, modifiers, safe_href

register = template.Library()


@register.simple_block_tag(takes_context=False)
def btn(content: str, variant: str = "", icon: str = "", icon_end: str = "", key: str = "", **attrs: Any) -> SafeString:
    """A button, or a link that looks like one when ``href`` is given.

    ``variant``: any of primary (default, once a page), secondary, plain, quiet, danger, and the
    sizes l, s, block, icon, separated by spaces. ``key`` shows and sets the letter that presses it.
    With ``icon`` in the variant, the content is its name for screen readers.
    """
    words = variant.replace("primary", "").strip()
    only_icon = "icon" in words.split()
    tag = "a" if attrs.get("href") else "button"
    if tag == "button":
        attrs.setdefault("type", "submit" if "name" in attrs else "button")
        attrs.pop("href", None)
    if key:
        attrs["data_key"] = key
    attrs["class_"] = classes(modifiers("ws-btn", words), attrs.pop("class_", ""))
    return format_html(
        "<{tag}{attrs}>{start}{text}{end}{key}</{tag}>",
        tag=tag,
        attrs=attributes(attrs),
        start=icon_svg(icon) if icon else "",
        text=format_html('<span class="ws-vh">{}</span>', inner(content)) if only_icon else inner(content),
        end=icon_svg(icon_end) if icon_end else "",
        key=kbd(key) if key else "",
    )


@register.simple_tag
def submit(text: str, variant: str = "", **attrs: Any) -> SafeString:
    """The submit button of a form; it is pressed once (``submit-once``)."""
    return format_html(
        '<button type="submit" class="{}"{}>{}</button>',
        modifiers("ws-btn", variant.replace("primary", "").strip()),
        attributes(attrs),
        text,
    )


@register.simple_tag
def kbd(key: str) -> SafeString:
    """A key of the keyboard, as a hint for people who see it."""
    return format_html('<kbd class="ws-kbd" aria-hidden="true">{}</kbd>', key)


@register.simple_tag
def back(url: str, text: str) -> SafeString:
    """The link back, above a page's title."""
    return format_html(
        '<p class="ws-backline"><a class="ws-back"{}>{}<span>{}</span></a></p>',
        attributes({"href": url}),
        icon_svg("back"),
        text,
    )


@register.simple_tag
def tabs(items: Iterable[Mapping[str, Any]], label: str) -> SafeString:
    """Links to the views of one list. Each item: ``text``, ``url``, ``current``, ``count``."""
    links = format_html_join(
        "",
        "<a{}>{}{}</a>",
        (
            (
                attributes({"href": item["url"], "aria_current": "page" if item.get("current") else None}),
                item["text"],
                format_html(' <span class="ws-tabs__count">{}</span>', item["count"])
                if item.get("count") is not None
                else "",
            )
            for item in items
        ),
    )
    return format_html('<nav class="ws-tabs" aria-label="{}">{}</nav>', label, links)


@register.simple_tag
def chips(items: Iterable[Mapping[str, Any]], label: str) -> SafeString:
    """Filters as links. Each item: ``text``, ``url``, ``current``, ``count``."""
    links = format_html_join(
        "",
        '<li><a class="ws-chip"{}>{}{}</a></li>',
        (
            (
                attributes({"href": item["url"], "aria_current": "true" if item.get("current") else None}),
                item["text"],
                format_html(" {}", item["count"]) if item.get("count") is not None else "",
            )
            for item in items
        ),
    )
    return format_html('<ul class="ws-chips" aria-label="{}">{}</ul>', label, links)


@register.simple_block_tag(takes_context=False)
def dialog(content: str, id: str, title: str, variant: str = "", **attrs: Any) -> SafeString:
    """A modal dialog. Open it with ``data-dialog-open="<id>"`` on a button; Escape and *close* shut it.

    Without JavaScript the opener's ``href="#<id>"`` shows it through ``:target``.
    """
    return format_html(
        '<dialog class="{cls}" id="{id}" aria-labelledby="{id}-title"{attrs}>'
        '<div class="ws-dialog__head"><h2 class="ws-h3" id="{id}-title" tabindex="-1">{title}</h2>'
        '<a class="ws-btn ws-btn--quiet ws-btn--icon" href="#" data-dialog-close>{icon}'
        '<span class="ws-vh">{close}</span></a></div>'
        '<div class="ws-dialog__body ws-stack">{content}</div></dialog>',
        cls=modifiers("ws-dialog", variant),
        id=id,
        title=title,
        attrs=attributes(attrs),
        icon=icon_svg("close"),
        close=_("Close"),
        content=inner(content),
    )


@register.filter
def href(url: object) -> str:
    """``{{ item.url|href }}``: an address for ``href``; one that would run a script becomes ``#``."""
    return safe_href(url)
