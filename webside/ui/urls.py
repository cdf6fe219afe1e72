"""The pattern gallery."""

from __future__ import annotations

from django.urls import path

from webside.ui.views import gallery

app_name = "ui"
urlpatterns = [
    path("patterns/", gallery.patterns, name="pattern-list"),
    path("patterns/<str:part>/", gallery.patterns, name="pattern-detail"),
]
