"""The design language: components, tags, icons, the base pages and the pattern gallery."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Webside's look, words and behaviour; it knows no table and no rule."""

    name = "webside.ui"
    label = "ui"
    verbose_name = "Interface"
