"""Tags for the frame of a page: modules, time, slots."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, get_language_info

from webside.core import clock
from webside.core.models import SaidInLanguages
from webside.core.said import Said, base
from webside.ui import assets, texts
from webside.ui import panels as panel_registry
from webside.ui import undo as undoing
from webside.ui import when as words
from webside.ui.listing import listed
from webside.ui.undo import undo_url

register = template.Library()


@register.simple_tag
def import_map() -> SafeString:
    """The map from a module's static path to its hashed file. Once, before any module script."""
    return mark_safe(f'<script type="importmap">{assets.import_map()}</script>')  # noqa: S308 - our own JSON, "<" escaped


@register.simple_tag
def behavior_texts() -> SafeString | str:
    """The words of our modules in the page's language; English stands in the modules themselves."""
    if (get_language() or "en").partition("-")[0] == "en":
        return ""
    return json_script(texts.in_language(), "webside-texts")


@register.simple_tag
def clinic_words(words: Said | SaidInLanguages, field: str = "") -> SafeString:
    """What the clinic says, as a service's name: in the page's language where it is said in it, else marked with its own.

    Without the mark a screen reader reads English words by the rules of the page's own language. ``words``: a row and its
    ``field``, or what a selector answers.
    """
    text, language = words if isinstance(words, Said) else words.said(field)
    if not text or language == base(get_language() or settings.LANGUAGE_CODE):
        return format_html("{}", text)
    return format_html('<span lang="{}">{}</span>', language, text)


@register.filter
def said(row: SaidInLanguages, field: str) -> str:
    """``{{ service|said:"name" }}``: what the clinic says, where nothing can be marked, as in a page's title."""
    return row.said(field).text


@register.filter
def said_in(row: SaidInLanguages, field: str) -> str:
    """``{{ practitioner|said_in:"specialty" }}``: the language of what ``said`` answers."""
    return row.said(field).language


@register.simple_tag
def behavior_modules(*names: str) -> SafeString:
    """The module that attaches behaviours, and early loading of those that this page uses.

    ``names`` are values of ``data-behavior``; leaving one out costs a round trip, not a feature.
    """
    paths = [assets.BEHAVIORS, *(assets.module_path(name) for name in names)]
    return format_html(
        '{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="modulepreload" href="{}">', ((static(path),) for path in paths)),
        static(assets.BEHAVIORS),
    )


@register.simple_tag
def when(
    moment: datetime | date | None,
    style: str = "full",
    zone: str = "",
    show_zone: bool = False,
    start: bool = False,
    none: str = "",
) -> SafeString | str:
    """A moment as people say it: "today, 3:20 pm, in 12 minutes". It stays right while the page is open.

    ``style``: full, short, time, seconds, day, distance, exact. ``zone``: IANA name, else the current
    zone. ``show_zone`` adds "Pacific Time". ``start`` begins with a capital. ``none``: what stands there without a moment.
    """
    if moment is None:
        return none
    if not isinstance(moment, datetime):
        now = words.local(clock.now(), zone or None)
        noon = datetime.combine(moment, time(12), tzinfo=now.tzinfo)
        text = words.day(noon, now)
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), capfirst(text) if start else text)
    here = words.local(moment, zone or None)
    text = words.say(moment, clock.now(), zone=zone or None, style=style, show_zone=show_zone)
    moves = style in ("full", "distance")
    return format_html(
        '<time datetime="{}"{}>{}</time>',
        here.isoformat(timespec="seconds"),
        format_html(
            ' data-behavior="local-time" data-style="{}" data-zone="{}" data-now="{}"{}',
            style,
            getattr(here.tzinfo, "key", "UTC"),
            int(clock.now().timestamp()),
            " data-start" if start else "",
        )
        if moves
        else "",
        capfirst(text) if start else text,
    )


@register.filter
def short_day(moment: datetime) -> str:
    """``{{ row.started_at|short_day }}``: "Mar 4"."""
    return words.short_day(moment)


@register.filter
def weekday_date(day: date) -> str:
    """``{{ day|weekday_date }}``: "Thursday, December 3", in the order of the page's language."""
    return words.weekday_date(day)


@register.filter
def whole_date(day: date) -> str:
    """``{{ person.birth_date|whole_date }}``: "March 4, 2025", in the order of the page's language."""
    return words.whole_date(day)


@register.simple_tag
def zone_name(moment: datetime, zone: str = "") -> str:
    """The name of a moment's time zone: "Pacific Time"."""
    return words.zone_name(words.local(moment, zone or None))


@register.simple_tag(takes_context=True)
def panels(context: Context, slot: str, **given: Any) -> SafeString:
    """What higher apps say in a slot of this page (``webside.ui.panels``)."""
    return panel_registry.render(context["request"], slot, **given)


@register.filter(name="undo_url")
def undo_url_of(message: Any) -> str:
    """``{{ message|undo_url }}``: where *Undo* of a message posts to (``webside.ui.undo``)."""
    return undo_url(getattr(message, "extra_tags", ""))


@register.simple_tag(takes_context=True)
def undo_offered(context: Context, path: str) -> bool:
    """``{% undo_offered path as offered %}``: whether a message of this page offers an *Undo* there."""
    return bool(path) and undoing.undo_offered(context["request"], path)


@register.filter
def bar_links(nav: Any) -> list[Any]:
    """``{{ nav|bar_links }}``: the places in the phone's bottom bar, five at most; one alone makes no bar."""
    shown = [item for item in nav or () if item.bar][:5]
    return shown if len(shown) > 1 else []


@register.filter(is_safe=True)
def paragraphs(text: str) -> SafeString:
    """``{{ text|paragraphs }}``: each line that somebody wrote becomes a paragraph of its own."""
    return format_html_join("", "<p>{}</p>", ((line.strip(),) for line in str(text).splitlines() if line.strip()))


@register.filter
def tel(phone: str) -> SafeString:
    """``{{ tenant.phone|tel }}``: a phone number that calls when it is pressed; an extension is dialled after it."""
    number, _x, extension = str(phone).partition("x")
    dialled = re.sub(r"[^\d+]", "", number) + (f";ext={digits}" if (digits := re.sub(r"\D", "", extension)) else "")
    return format_html('<a class="ws-nowrap" href="tel:{}">{}</a>', dialled, phone)


@register.filter
def fours(text: str) -> str:
    """``{{ secret|fours }}``: letters in groups of four, as they are read out and typed."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


register.filter("listed", listed)


@register.filter
def language(code: str) -> str:
    """``{{ patient.language|language }}``: a language's name in the language of the page; an unknown code stays."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
