"""Pages about accounts that allauth does not bring."""

from django.urls import path

from webside.accounts.views import devices, second_factor, session, single_sign_on, staff

app_name = "accounts"
urlpatterns = [
    path("session/", session.state, name="session"),
    path("session/end/", session.end, name="session-end"),
    path("session/back/", session.back, name="session-back"),
    path("devices/", devices.listed, name="device-list"),
    path("devices/others/end/", devices.end_others, name="device-end-others"),
    path("devices/<uuid:sign_in_id>/end/", devices.end, name="device-end"),
    path("second-factor/", second_factor.needed, name="second-factor"),
    path("sso/", single_sign_on.ask, name="sso"),
    path("sso/<uuid:provider_id>/", single_sign_on.service, name="sso-provider"),
    path("sso/<uuid:provider_id>/begin/", single_sign_on.begin, name="sso-begin"),
    path("sso/<uuid:provider_id>/finish/", single_sign_on.finish, name="sso-finish"),
    path("sso/<uuid:provider_id>/metadata/", single_sign_on.metadata, name="sso-metadata"),
    path("invitation/<str:token>/", staff.accept, name="invitation-accept"),
    path("o/<slug:slug>/staff/", staff.members, name="staff-list"),
    path("o/<slug:slug>/staff/services/", single_sign_on.providers, name="sso-list"),
    path("o/<slug:slug>/staff/services/add/", single_sign_on.add, name="sso-add"),
    path("o/<slug:slug>/staff/services/add-saml/", single_sign_on.add_saml, name="sso-add-saml"),
    path("o/<slug:slug>/staff/services/<uuid:provider_id>/", single_sign_on.detail, name="sso-detail"),
    path("o/<slug:slug>/staff/services/<uuid:provider_id>/end/", single_sign_on.end, name="sso-end"),
    path("o/<slug:slug>/staff/invite/", staff.invite, name="staff-invite"),
    path("o/<slug:slug>/staff/<uuid:membership_id>/", staff.member, name="staff-detail"),
    path("o/<slug:slug>/staff/invitations/<uuid:invitation_id>/revoke/", staff.revoke, name="invitation-revoke"),
]
