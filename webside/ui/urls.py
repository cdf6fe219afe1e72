"""The installed app, and the pattern gallery."""

from __future__ import annotations

from django.urls import path

from webside.ui.views import gallery, installed

app_name = "ui"
urlpatterns = [
    path("sw.js", installed.worker, name="worker"),
    path("o/<slug:slug>/app.webmanifest", installed.manifest, name="manifest"),
    path("o/<slug:slug>/offline/", installed.offline, name="offline"),
    path("patterns/", gallery.patterns, name="pattern-list"),
    path("patterns/<str:part>/", gallery.patterns, name="pattern-detail"),
]
