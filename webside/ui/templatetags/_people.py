"""Tags for people: avatars, names, what they say, and the controls of a call."""

from __future__ import annotations

import zlib
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from webside.ui.templatetags._html import attributes, classes, icon_svg, inner, modifiers

register = template.Library()

_TITLES = {"dr", "dr.", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "prof", "prof.", "np", "nurse"}
_COLOURS = ("", "violet", "amber", "blue")
_BARS = mark_safe('<span class="ws-quality__bars" aria-hidden="true"><i></i><i></i><i></i></span>')


def initials(name: str) -> str:
    """Return one or two letters for a name; titles and what follows a comma don't count."""
    words = [word for word in name.partition(",")[0].split() if word.lower() not in _TITLES and word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
def avatar(name: str, src: str = "", size: str = "") -> SafeString:
    """A picture, or initials on a colour that stays the same for a name. ``size``: s, l, xl.

    Decoration: the name stands beside it in text.
    """
    colour = _COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)]
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span>',
        modifiers("ws-avatar", f"{size} {colour}"),
        format_html('<img src="{}" alt="" loading="lazy">', src) if src else initials(name),
    )


@register.simple_tag
def person(name: str, sub: str = "", src: str = "", url: str = "", size: str = "") -> SafeString:
    """A person: avatar, name, one line about them."""
    shown = format_html("<a{}>{}</a>", attributes({"href": url}), name) if url else name
    return format_html(
        '<span class="ws-person">{}<span class="ws-person__text"><span class="ws-person__name">{}</span>{}</span></span>',
        avatar(name, src, size),
        shown,
        format_html('<span class="ws-person__sub">{}</span>', sub) if sub else "",
    )


@register.simple_block_tag(takes_context=False)
def message(content: str, author: str, when: str = "", own: bool = False, **attrs: Any) -> SafeString:
    """One message of a talk."""
    attrs["class_"] = classes("ws-chat__msg", "ws-chat__msg--own" if own else "", attrs.pop("class_", ""))
    return format_html(
        '<li{}><span class="ws-chat__meta">{}{}</span>{}</li>',
        attributes(attrs),
        author,
        format_html(", {}", when) if when else "",
        inner(content),
    )


@register.simple_tag
def quality(level: str, text: str, **attrs: Any) -> SafeString:
    """The quality of a connection, honest and small. ``level``: good, fair, poor."""
    attrs["class_"] = classes("ws-quality", f"ws-quality--{level}", attrs.pop("class_", ""))
    return format_html("<span{}>{}<span data-quality-text>{}</span></span>", attributes(attrs), _BARS, text)


@register.simple_tag
def ctl(icon: str, text: str, variant: str = "", icon_off: str = "", **attrs: Any) -> SafeString:
    """A round control of a call: icon over word. ``variant``: leave. ``icon_off`` shows while pressed.

    Give ``aria_pressed="false"`` to a switch (mute), ``aria_expanded`` and ``aria_controls`` to what
    opens a sheet.
    """
    attrs["class_"] = classes(modifiers("ws-ctl", variant), attrs.pop("class_", ""))
    tag = "a" if attrs.get("href") else "button"
    if tag == "button":
        attrs.setdefault("type", "button")
    return format_html(
        '<{0}{1}><span class="ws-ctl__disc">{2}{3}</span><span class="ws-ctl__text" data-ctl-text>{4}</span></{0}>',
        tag,
        attributes(attrs),
        icon_svg(icon, extra="ws-ctl__on" if icon_off else ""),
        icon_svg(icon_off, extra="ws-ctl__off") if icon_off else "",
        text,
    )
