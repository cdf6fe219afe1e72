"""Pages about accounts that allauth does not bring."""

from django.urls import path

from webside.accounts.views import devices, second_factor, session, staff

app_name = "accounts"
urlpatterns = [
    path("session/", session.state, name="session"),
    path("session/end/", session.end, name="session-end"),
    path("session/back/", session.back, name="session-back"),
    path("devices/", devices.listed, name="device-list"),
    path("devices/others/end/", devices.end_others, name="device-end-others"),
    path("devices/<uuid:sign_in_id>/end/", devices.end, name="device-end"),
    path("second-factor/", second_factor.needed, name="second-factor"),
    path("invitation/<str:token>/", staff.accept, name="invitation-accept"),
    path("o/<slug:slug>/staff/", staff.members, name="staff-list"),
    path("o/<slug:slug>/staff/invite/", staff.invite, name="staff-invite"),
    path("o/<slug:slug>/staff/<uuid:membership_id>/", staff.member, name="staff-detail"),
    path("o/<slug:slug>/staff/invitations/<uuid:invitation_id>/revoke/", staff.revoke, name="invitation-revoke"),
]
