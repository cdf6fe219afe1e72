"""Pages of billing."""

from django.urls import path

from webside.billing.views import operations

app_name = "billing"
urlpatterns = [
    path("o/<slug:slug>/claims/", operations.claims, name="claim-list"),
    path("o/<slug:slug>/claims.csv", operations.claims_csv, name="claim-csv"),
    path("o/<slug:slug>/claims/<uuid:claim_id>/", operations.claim, name="claim-detail"),
    path("o/<slug:slug>/claims/<uuid:claim_id>/review/", operations.review, name="claim-review"),
]
