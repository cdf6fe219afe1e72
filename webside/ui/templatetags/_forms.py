"""Forms: field groups with label, hint and error tied to the control, the summary of errors, slots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from webside.ui.forms import draw_group, prepare
from webside.ui.templatetags._html import attributes, classes, icon_svg, inner

register = template.Library()


@register.simple_tag
def field(bound: BoundField, hint: str | None = None, label: str = "", variant: str = "", **attrs: Any) -> SafeString:
    """One field of a form: label, hint, control, error, joined by ``aria-describedby``.

    ``hint`` replaces the help text of the field; empty shows none. ``variant``: short, medium (width
    of the control), inline (choices side by side), plain (choices without boxes). Further names
    become attributes of the control (``rows=3``, ``autocomplete="tel"``, ``data_behavior="…"``).
    """
    return draw_group(bound, hint=hint, label=label, variant=variant, attrs=attrs)


@register.filter(name="field", is_safe=True)
def field_filter(bound: BoundField) -> SafeString:
    """``{{ form.name|field }}``: the field group without options."""
    return bound.as_field_group()


@register.filter
def control(bound: BoundField, css_class: str = "") -> SafeString:
    """Only the control, with our classes; the page writes label and error itself."""
    return prepare(bound, variant="", attrs={"class": css_class} if css_class else {}, hint=bound.help_text)


@register.inclusion_tag("ui/forms/errors.html")
def form_errors(*bound_forms: forms.BaseForm, title: str = "") -> dict[str, Any]:
    """The summary above a form that was refused: one link to each field, focus goes here."""
    entries: list[dict[str, str]] = []
    for form in bound_forms:
        if not form.is_bound or form.is_valid():
            continue
        entries += [{"text": str(error), "target": ""} for error in form.non_field_errors()]
        for bound in form:
            target = bound.id_for_label or f"{bound.auto_id}_0"
            entries += [
                {"text": str(error), "target": target, "label": str(bound.label).rstrip("?:")} for error in bound.errors
            ]
    return {"entries": entries, "title": title or _("Please look at this again")}


@register.simple_block_tag(takes_context=False)
def field_group(
    content: str, label: str, for_: str, hint: str = "", error: str = "", optional: bool = False, **attrs: Any
) -> SafeString:
    """A field group around a control that the page writes itself (id = ``for_``).

    Give the control ``aria-describedby="<id>_helptext <id>_error"`` where hint or error are shown.
    """
    attrs["class_"] = classes("ws-field", attrs.pop("class_", ""))
    attrs["data_invalid"] = bool(error)
    return format_html(
        '<div{}><label class="ws-label" for="{}">{}{}</label>{}{}{}</div>',
        attributes(attrs),
        for_,
        label,
        format_html(' <span class="ws-optional">{}</span>', _("(if you like)")) if optional else "",
        format_html('<p class="ws-hint" id="{}_helptext">{}</p>', for_, hint) if hint else "",
        format_html('<p class="ws-error" id="{}_error">{}<span>{}</span></p>', for_, icon_svg("stop"), error)
        if error
        else "",
        inner(content),
    )


@register.inclusion_tag("ui/components/_slot_picker.html")
def slot_picker(
    name: str, groups: Iterable[Any], chosen: str = "", days: Iterable[Any] = (), legend: str = "", zone: str = ""
) -> dict[str, Any]:
    """Free times as radio buttons, by part of the day.

    ``groups``: each ``title`` and ``slots``; a slot has ``value``, ``time`` ("3:20 pm"), ``who``,
    ``disabled``. ``days``: each ``url``, ``weekday``, ``number``, ``note`` ("9 free"), ``current``,
    ``label`` (whole date for screen readers); a day without ``url`` is closed. ``zone``: "Pacific Time".
    """
    return {"name": name, "groups": groups, "chosen": str(chosen), "days": days, "legend": legend, "zone": zone}
