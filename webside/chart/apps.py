"""The app ``chart``."""

from __future__ import annotations

from django.apps import AppConfig


class ChartConfig(AppConfig):
    """The record."""

    name = "webside.chart"
