"""How Django's forms are drawn: the renderer, and what each control needs to fit our field groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString

GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


class WebsideRenderer(TemplatesSetting):
    """Makes ``{{ form }}`` and ``{{ field.as_field_group }}`` look like Webside, allauth's forms too.

    Named in ``settings.FORM_RENDERER``.
    """

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"


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


def prepare(bound: BoundField, *, variant: str, attrs: dict[str, Any], hint: str, label: str = "") -> SafeString:
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


def group_context(
    bound: BoundField, *, hint: str | None = None, label: str = "", variant: str = "", attrs: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what ``ui/forms/group.html`` draws: one field with its label, hint, control and errors."""
    widget = bound.field.widget
    kind = "hidden" if bound.is_hidden else "group" if isinstance(widget, GROUPS) else "input"
    if isinstance(widget, forms.CheckboxInput):
        kind = "checkbox"
    elif kind == "input" and bound.use_fieldset:
        kind = "several"
    hint = bound.help_text if hint is None else hint
    described = [part for part, shown in (("_helptext", hint), ("_error", bound.errors)) if shown]
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": hint,
        "optional": not bound.field.required and kind != "checkbox" and not bound.field.disabled,
        "errors": bound.errors,
        "variant": variant,
        "described": " ".join(f"{bound.auto_id}{part}" for part in described),
        "control": "" if kind == "group" else prepare(bound, variant=variant, attrs=attrs or {}, hint=hint, label=label),
        "choices": list(bound.subwidgets) if kind == "group" else [],
        "hints": getattr(widget, "choice_hints", {}),
    }


class HintedRadioSelect(forms.RadioSelect):
    """Radio buttons where a choice may carry a line of explanation: ``hints={value: text}``."""

    def __init__(self, *args: Any, hints: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_hints = hints or {}


class HintedCheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    """Tick boxes where a choice may carry a line of explanation: ``hints={value: text}``."""

    def __init__(self, *args: Any, hints: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_hints = hints or {}
