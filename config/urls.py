"""Every page's address, app by app."""

from __future__ import annotations

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.urls import include, path

from webside.accounts.views.email import OwnAddress

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
    # Of allauth's pages about other services only the one that such a service leads back to.
    path("accounts/email/", OwnAddress.as_view(), name="account_email"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/oidc/<uuid:provider_id>/login/callback/", openid_connect.callback, name="openid_connect_callback"),
    path("i18n/", include("django.conf.urls.i18n")),
    *(path("", include(module)) for module in PAGES),
]

handler400 = "webside.ui.views.errors.bad_request"
handler403 = "webside.ui.views.errors.permission_denied"
handler404 = "webside.ui.views.errors.not_found"
handler500 = "webside.ui.views.errors.server_error"
