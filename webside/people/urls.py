"""Pages about who may act for whom."""

from django.urls import path

from webside.people.views import acting, coverings, delegates, guardians

app_name = "people"
urlpatterns = [
    path("o/<slug:slug>/acting/", acting.choose, name="acting"),
    path("o/<slug:slug>/acting/stop/", acting.stop, name="acting-stop"),
    path("o/<slug:slug>/acting/invitation/<str:token>/", acting.accept, name="delegation-accept"),
    path("o/<slug:slug>/acting/grants/<uuid:delegation_id>/begin/", acting.begin, name="acting-begin"),
    path("o/<slug:slug>/acting/grants/<uuid:delegation_id>/end/", delegates.end, name="delegation-end"),
    path("o/<slug:slug>/delegates/", delegates.listed, name="delegate-list"),
    path("o/<slug:slug>/delegates/add/", delegates.add, name="delegate-add"),
    path("o/<slug:slug>/coverings/", coverings.listed, name="covering-list"),
    path("o/<slug:slug>/coverings/<uuid:covering_id>/end/", coverings.end, name="covering-end"),
    path("o/<slug:slug>/people/<uuid:patient_id>/guardians/", guardians.listed, name="guardian-list"),
]
