"""Pages of compliance."""

from django.urls import path

from webside.compliance.views import operations

app_name = "compliance"
urlpatterns = [
    path("o/<slug:slug>/compliance/trail/", operations.trail, name="trail"),
    path("o/<slug:slug>/compliance/trail/verify/", operations.verify, name="trail-verify"),
    path("o/<slug:slug>/compliance/trail.csv", operations.trail_csv, name="trail-csv"),
    path("o/<slug:slug>/compliance/overrides/", operations.overrides, name="overrides"),
    path("o/<slug:slug>/compliance/overrides/<uuid:override_id>/", operations.override_review, name="override-review"),
    path("o/<slug:slug>/compliance/licences/", operations.licences, name="licences"),
    path("o/<slug:slug>/compliance/licences/add/<uuid:practitioner_id>/", operations.licence_add, name="licence-add"),
    path("o/<slug:slug>/compliance/licences/<uuid:licence_id>/", operations.licence, name="licence-detail"),
]
