"""How Django's forms are drawn: the renderer, and what each control needs to fit our field groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from webside.ui.templatetags._html import icon_svg

GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


class WebsideRenderer(TemplatesSetting):
    """Makes ``{{ form }}`` and ``{{ field.as_field_group }}`` look like Webside, allauth's forms too.

    Named in ``settings.FORM_RENDERER``.
    """

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"  # a name only: see render

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """Draw a field group by :func:`draw_group`, a plain control by hand, everything else by its template.

        The control is what Django's own template makes of it. A form of eleven fields needs fourteen of those, and
        they were a quarter of its page's cost.
        """
        if template_name == self.field_template_name:
            return draw_group(context["field"])
        draw = _CONTROLS.get(template_name)
        if draw and not context["widget"].get("wrap_label"):
            return draw(context["widget"])
        return str(super().render(template_name, context, request))


def _told(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'
        for name, value in attrs.items()
        if value is not False
    )


def _input(widget: Mapping[str, Any]) -> SafeString:
    value = "" if widget["value"] is None else f' value="{conditional_escape(widget["value"])}"'
    name = conditional_escape(widget["name"])
    return mark_safe(f'<input type="{widget["type"]}" name="{name}"{value}{_told(widget["attrs"])}>')  # noqa: S308 - escaped


def _textarea(widget: Mapping[str, Any]) -> SafeString:
    name, words = conditional_escape(widget["name"]), conditional_escape(widget["value"] or "")
    return mark_safe(f'<textarea name="{name}"{_told(widget["attrs"])}>\n{words}</textarea>')  # noqa: S308 - escaped


def _select(widget: Mapping[str, Any]) -> SafeString:
    name, lines = conditional_escape(widget["name"]), []
    for group, options, _index in widget["optgroups"]:
        if group:
            lines.append(f'\n  <optgroup label="{conditional_escape(group)}">')
        lines += [f"\n  {_option(option)}\n" for option in options]
        if group:
            lines.append("\n  </optgroup>")
    drawn = "".join(lines)
    return mark_safe(f'<select name="{name}"{_told(widget["attrs"])}>{drawn}\n</select>')  # noqa: S308 - escaped


def _option(widget: Mapping[str, Any]) -> SafeString:
    value, label = conditional_escape(str(widget["value"])), conditional_escape(widget["label"])
    return mark_safe(f'<option value="{value}"{_told(widget["attrs"])}>{label}</option>')  # noqa: S308 - escaped


_INPUTS = ("checkbox", "checkbox_option", "date", "email", "hidden", "number", "password", "radio_option", "tel", "text",
           "url")  # fmt: skip
_CONTROLS: dict[str, Callable[[Mapping[str, Any]], SafeString]] = {
    **{f"django/forms/widgets/{kind}.html": _input for kind in _INPUTS},
    "django/forms/widgets/select.html": _select,
    "django/forms/widgets/select_option.html": _option,
    "django/forms/widgets/textarea.html": _textarea,
}


def control_class(widget: forms.Widget, variant: str = "") -> str:
    """Return the CSS classes of a control."""
    if isinstance(widget, forms.Textarea):
        base = "ws-textarea"
    elif isinstance(widget, GROUPS):
        return ""
    elif isinstance(widget, forms.Select):
        base = "ws-select"
    elif isinstance(widget, (forms.CheckboxInput, forms.HiddenInput)):
        return ""
    elif isinstance(widget, forms.FileInput):
        base = "ws-input ws-input--file"
    else:
        base = "ws-input"
    width = next((word for word in variant.split() if word in ("short", "medium")), "")
    return f"{base} ws-input--{width}" if width else base


def prepare(bound: BoundField, *, variant: str, attrs: dict[str, Any], hint: Any, label: str = "") -> SafeString:
    """Return the control as HTML, described by its hint and its error."""
    widget = bound.field.widget
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attrs.items() if value is not None}
    own = given.pop("class", "")
    names = " ".join(part for part in (control_class(widget, variant), widget.attrs.get("class", ""), own) if part)
    if names:
        given["class"] = names
    if not hint:
        bound.help_text = ""  # else Django would point at a hint that nobody draws
    described = [part for part, shown in (("_helptext", hint), ("_error", bound.errors)) if shown]
    if described and bound.auto_id and not bound.use_fieldset:
        given.setdefault("aria-describedby", " ".join(f"{bound.auto_id}{part}" for part in described))
    # A placeholder that repeats the label (allauth sets them) vanishes when it is needed: leave it out.
    if str(widget.attrs.get("placeholder", "")) in (str(bound.label), str(label)):
        given["placeholder"] = False
    return bound.as_widget(attrs=given)


def draw_group(
    bound: BoundField,
    *,
    hint: str | None = None,
    label: str = "",
    variant: str = "",
    attrs: dict[str, Any] | None = None,
) -> SafeString:
    """Return one field as a group: label, hint, error and control, tied together for screen readers.

    Put together here and not in a template: a form of seven fields would render twenty of them.
    """
    widget = bound.field.widget
    said: Any = bound.help_text if hint is None else hint
    name = label or bound.label
    if bound.is_hidden:
        return prepare(bound, variant=variant, attrs=attrs or {}, hint=said, label=label)
    invalid = mark_safe(" data-invalid") if bound.errors else ""
    shown_hint = format_html('<div class="ws-hint" id="{}_helptext">{}</div>', bound.auto_id, said) if said else ""
    error = _error(bound)
    optional = "" if bound.field.required or bound.field.disabled else _optional()
    plain = " ws-choice--plain" if "plain" in variant else ""
    if isinstance(widget, GROUPS) or (bound.use_fieldset and not isinstance(widget, forms.CheckboxInput)):
        described = [part for part, shown in (("_helptext", said), ("_error", bound.errors)) if shown]
        if isinstance(widget, GROUPS):
            body = _choices(bound, getattr(widget, "choice_hints", {}), plain, "inline" in variant)
        else:
            body = format_html(
                '<div class="ws-row">{}</div>',
                prepare(bound, variant=variant, attrs=attrs or {}, hint=said, label=label),
            )
        return format_html(
            '<fieldset class="ws-field ws-fieldset" id="{}"{}{}><legend class="ws-legend">{}{}</legend>{}{}{}</fieldset>',
            bound.auto_id,
            format_html(' aria-describedby="{}"', " ".join(f"{bound.auto_id}{part}" for part in described))
            if described
            else "",
            invalid,
            name,
            optional,
            shown_hint,
            error,
            body,
        )
    control = prepare(bound, variant=variant, attrs=attrs or {}, hint=said, label=label)
    if isinstance(widget, forms.CheckboxInput):
        return format_html(
            '<div class="ws-field"{}>{}<label class="ws-choice{}" for="{}">{}'
            '<span class="ws-choice__text">{}</span>{}</label></div>',
            invalid,
            error,
            plain,
            bound.id_for_label,
            control,
            name,
            format_html('<span class="ws-choice__hint" id="{}_helptext">{}</span>', bound.auto_id, said)
            if said
            else "",
        )
    return format_html(
        '<div class="ws-field"{}><label class="ws-label" for="{}">{}{}</label>{}{}{}</div>',
        invalid,
        bound.id_for_label,
        name,
        optional,
        shown_hint,
        error,
        control,
    )


def _optional() -> SafeString:
    return format_html(' <span class="ws-optional">{}</span>', _("(if you like)"))


def _error(bound: BoundField) -> SafeString | str:
    if not bound.errors:
        return ""
    return format_html(
        '<p class="ws-error" id="{}_error">{}<span><span class="ws-vh">{}</span> {}</span></p>',
        bound.auto_id,
        icon_svg("stop"),
        _("Error:"),
        " ".join(str(error) for error in bound.errors),
    )


def _choices(bound: BoundField, hints: Mapping[str, str | Promise], plain: str, inline: bool) -> SafeString:
    rows = format_html_join(
        "",
        '<label class="ws-choice{}" for="{}">{}<span class="ws-choice__text">{}</span>{}</label>',
        (
            (
                plain,
                choice.id_for_label,
                choice.tag(),
                choice.choice_label,
                format_html('<span class="ws-choice__hint">{}</span>', hint) if hint else "",
            )
            for choice in bound.subwidgets
            for hint in [hints.get(choice.data["value"]) or hints.get(str(choice.data["value"]))]
        ),
    )
    return format_html('<div class="ws-choices{}">{}</div>', " ws-choices--inline" if inline else "", rows)


class HintedRadioSelect(forms.RadioSelect):
    """Radio buttons where a choice may carry a line of explanation: ``hints={value: text}``."""

    def __init__(self, *args: Any, hints: Mapping[str, str | Promise] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_hints = dict(hints or {})


class HintedCheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    """Tick boxes where a choice may carry a line of explanation: ``hints={value: text}``."""

    def __init__(self, *args: Any, hints: Mapping[str, str | Promise] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_hints = dict(hints or {})
