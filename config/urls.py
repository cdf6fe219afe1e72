"""Every page's address, app by app."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

PAGES = [
    "webside.core.urls",
    "webside.accounts.urls",
    "webside.realtime.urls",
    "webside.ui.urls",
    "webside.people.urls",
    "webside.notifications.urls",
    "webside.compliance.urls",
    "webside.scheduling.urls",
    "webside.chart.urls",
    "webside.visits.urls",
    "webside.triage.urls",
    "webside.billing.urls",
    "webside.api.urls",
    "webside.portal.urls",
    *(["webside.demo.urls"] if settings.DEMO else []),
]

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    *(path("", include(module)) for module in PAGES),
]

handler400 = "webside.ui.views.errors.bad_request"
handler403 = "webside.ui.views.errors.permission_denied"
handler404 = "webside.ui.views.errors.not_found"
handler500 = "webside.ui.views.errors.server_error"
