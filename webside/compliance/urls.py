"""Pages of compliance."""

from django.urls import path

from webside.compliance.views import licences, operations

app_name = "compliance"
urlpatterns = [
    path("o/<slug:slug>/compliance/trail/", operations.trail, name="trail"),
    path("o/<slug:slug>/compliance/trail/find/", operations.find, name="trail-find"),
    path("o/<slug:slug>/compliance/trail/state/", operations.trail_state, name="trail-state"),
    path("o/<slug:slug>/compliance/trail/verify/", operations.verify, name="trail-verify"),
    path("o/<slug:slug>/compliance/trail.csv", operations.trail_csv, name="trail-csv"),
    path("o/<slug:slug>/compliance/disclosures/<uuid:patient_id>/", operations.disclosures, name="disclosures"),
    path("o/<slug:slug>/compliance/overrides/", operations.overrides, name="overrides"),
    path("o/<slug:slug>/compliance/overrides/<uuid:override_id>/", operations.override_review, name="override-review"),
    path("o/<slug:slug>/compliance/consents/", operations.consents, name="consents"),
    path("o/<slug:slug>/compliance/licences/", licences.licences, name="licences"),
    path("o/<slug:slug>/compliance/licences/add/<uuid:practitioner_id>/", licences.licence_add, name="licence-add"),
    path("o/<slug:slug>/compliance/licences/<uuid:licence_id>/", licences.licence, name="licence-detail"),
    path(
        "o/<slug:slug>/compliance/credentialing/<uuid:practitioner_id>/",
        licences.credentialing,
        name="credentialing-set",
    ),
]
