"""Tags for what people read: kinds, states, notices, panels, decisions."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from webside.ui.templatetags._html import (
    TONE_ICONS,
    attributes,
    check_tone,
    classes,
    drawing,
    icon_svg,
    inner,
    modifiers,
)

register = template.Library()

KINDS = {
    "telemedicine": gettext_lazy("Telemedicine"),
    "telehealth": gettext_lazy("Telehealth"),
    "telecare": gettext_lazy("Telecare"),
}
SILL = mark_safe(
    '<svg class="ws-window__sill" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
    '<path vector-effect="non-scaling-stroke" d="M0 1C12 25 88 25 100 1"/></svg>'
)


@register.simple_tag
def icon(name: str, label: str = "", size: str = "", **attrs: Any) -> SafeString:
    """An icon of ``static/ui/icons.svg``, drawn in the page. ``size``: l. ``label`` only where the icon stands without a word."""
    return icon_svg(name, label=label, size=size, extra=attrs.get("class_", ""))


@register.simple_tag
def mark(name: str) -> SafeString:
    """Webside's mark, with the class ``name``."""
    return drawing("mark", name)


@register.simple_tag
def kind_tag(kind: str, plain: bool = False) -> SafeString:
    """A service's kind: word, icon and colour. ``plain`` leaves out the pill (dense lists)."""
    name = str(getattr(kind, "value", kind))
    return format_html(
        '<span class="{}">{}{}</span>',
        f"ws-kind ws-kind--{name}" if plain else f"ws-tag ws-tag--{name}",
        icon_svg(name),
        KINDS[name],
    )


@register.simple_tag
def tag(text: str, tone: str = "", icon: str = "") -> SafeString:
    """A short label. ``tone``: success, warning, danger, info; give an icon with danger and warning."""
    return format_html('<span class="{}">{}{}</span>', modifiers("ws-tag", tone), icon_svg(icon) if icon else "", text)


@register.simple_tag
def state(tone: str, text: str, icon: str = "") -> SafeString:
    """A state: icon, word and colour. ``tone``: success, warning, danger, info, muted."""
    return format_html(
        '<span class="ws-state ws-state--{}">{}<span>{}</span></span>',
        check_tone(tone),
        icon_svg(icon or TONE_ICONS[tone]),
        text,
    )


@register.simple_tag
def count(number: int, what: str, tone: str = "") -> SafeString:
    """A number in a dot; ``what`` says what it counts, for screen readers. Nothing at zero."""
    if not number:
        return mark_safe("")
    return format_html(
        '<span class="{}">{}<span class="ws-vh"> {}</span></span>', modifiers("ws-count", tone), number, what
    )


@register.simple_block_tag(takes_context=False)
def notice(content: str, tone: str = "info", title: str = "", icon: str = "", live: bool = False) -> SafeString:
    """What happened, what it means, what happens next. ``live`` reads it out when it appears."""
    return format_html(
        '<div class="ws-notice ws-notice--{}"{}>{}{}{}</div>',
        check_tone(tone, allowed=("info", "success", "warning", "danger")),
        attributes({"role": ("alert" if tone == "danger" else "status") if live else None}),
        icon_svg(icon or TONE_ICONS[tone]),
        format_html('<p class="ws-notice__title">{}</p>', title) if title else "",
        format_html('<div class="ws-notice__body">{}</div>', inner(content)) if content.strip() else "",
    )


@register.simple_block_tag(takes_context=False)
def panel(content: str, title: str = "", variant: str = "", level: int = 2, **attrs: Any) -> SafeString:
    """A box for one thing that stands alone; never inside another. ``variant``: sunken, flush, tint."""
    attrs["class_"] = classes(modifiers("ws-panel", variant), "ws-stack", attrs.pop("class_", ""))
    if title:
        attrs["aria_label"] = title
    return format_html(
        "<{0}{1}>{2}{3}</{0}>",
        "section" if title else "div",
        attributes(attrs),
        format_html('<h{0} class="ws-h3">{1}</h{0}>', level, title) if title else "",
        inner(content),
    )


@register.simple_block_tag(takes_context=False)
def window(content: str, title: str = "", eyebrow: str = "", level: int = 2, **attrs: Any) -> SafeString:
    """The one thing to do next, standing on the smile line. At most once a page."""
    attrs["class_"] = classes("ws-window ws-stack", attrs.pop("class_", ""))
    if title:
        attrs["aria_label"] = title
    return format_html(
        "<{0}{1}>{2}{3}{4}{5}</{0}>",
        "section" if title else "div",
        attributes(attrs),
        format_html('<p class="ws-window__eyebrow">{}</p>', eyebrow) if eyebrow else "",
        format_html('<h{0} class="ws-window__title">{1}</h{0}>', level, title) if title else "",
        inner(content),
        SILL,
    )


@register.simple_block_tag(takes_context=False)
def empty(content: str, title: str, icon: str = "info") -> SafeString:
    """An empty place that says what will be here and how it comes about."""
    return format_html(
        '<div class="ws-empty">{}<p class="ws-empty__title">{}</p>{}</div>',
        icon_svg(icon, size="l"),
        title,
        inner(content),
    )


@register.simple_block_tag(takes_context=False)
def emergency(content: str, title: str, number: str = "911", level: int = 1) -> SafeString:
    """Danger, said first, alone, with its one action. Shares the first screen with nothing."""
    return format_html(
        '<section class="ws-emergency"><h{0} class="ws-emergency__title">{1}</h{0}>'
        '<div class="ws-emergency__text">{2}</div>'
        '<a class="ws-emergency__call" href="tel:{3}">{4}{5}</a></section>',
        level,
        title,
        inner(content),
        number,
        icon_svg("phone"),
        pgettext("phone", "Call %(number)s") % {"number": number},
    )


@register.simple_tag
def saved(text: str = "", state: str = "idle") -> SafeString:
    """Where autosave says what is saved. ``state``: idle, saving, saved, waiting, conflict."""
    return format_html(
        '<span class="ws-saved" data-saved data-state="{}" role="status">{}{}<span data-saved-text>{}</span></span>',
        state,
        icon_svg("check", extra="ws-saved__done"),
        icon_svg("rotate", extra="ws-saved__busy"),
        text or _("Saved as you type"),
    )


@register.inclusion_tag("ui/components/_decision.html")
def decision(answer: Any, title: str = "", codes: bool = False, level: int = 3) -> dict[str, Any]:
    """A rule's answer: why (with sources), what mends it, what nobody could check.

    ``answer``: has ``allowed`` (or not), ``reasons``, ``fixes``, ``not_checked``; the entries are
    ``core.decisions.Reason`` or dicts with ``code``, ``text``, ``source``, or plain strings.
    ``codes`` shows the machine names (staff).
    """

    def entries(name: str) -> list[Any]:
        value = answer.get(name) if isinstance(answer, dict) else getattr(answer, name, None)
        return [{"text": entry} if isinstance(entry, str) else entry for entry in (value or [])]

    allowed = answer.get("allowed") if isinstance(answer, dict) else getattr(answer, "allowed", None)
    return {
        "allowed": allowed,
        "reasons": entries("reasons"),
        "fixes": entries("fixes"),
        "not_checked": entries("not_checked"),
        "title": title,
        "codes": codes,
        "level": level,
    }


@register.inclusion_tag("ui/components/_emergency_card.html")
def emergency_card(card: Any, audience: str = "clinician", folded: bool = False) -> dict[str, Any]:
    """What 911 must hear. ``card``: ``name``, ``age``, ``address``, ``town``, ``said_at``, ``phone``, ``nearby``,
    ``dispatch``, ``notes``; what is missing is shown as *not known*, never left out; ``site`` and ``site_phone``, where
    she is at a place that helps with the visit. A clinician
    also reads ``record_address`` and ``record_phone``: what the record holds and nobody confirmed today; and that
    911 answers where the caller is, not in ``town``, where the patient is.
    ``audience``: clinician (red frame, stays in view) or patient. ``folded``: where there is little room, place, number
    and the call for help in one line, all else with one press.
    """
    return {"card": card, "audience": audience, "folded": folded}


@register.inclusion_tag("ui/components/_gates.html")
def gates(items: Any, label: str = "") -> dict[str, Any]:
    """A strip of sentences. Each item: ``tone`` (success, warning, danger, muted), ``label``, ``text``, ``note``."""
    return {
        "items": [{**dict(item), "icon": TONE_ICONS[item.get("tone", "success")]} for item in items],
        "label": label or _("What was checked for this visit"),
    }


@register.inclusion_tag("ui/components/_checks.html")
def checks(items: Any, label: str = "") -> dict[str, Any]:
    """A list of findings. Each item: ``tone``, ``text``, ``strong``, ``note``, ``url``, ``url_text``."""
    names = {"danger": "close", **{tone: TONE_ICONS[tone] for tone in ("success", "warning", "info", "muted")}}
    return {
        "items": [{**dict(item), "icon": names[item.get("tone", "success")]} for item in items],
        "label": label,
    }
