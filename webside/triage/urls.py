"""Where somebody says what she needs."""

from django.urls import path

from webside.triage.views import need

app_name = "triage"
urlpatterns = [
    path("o/<slug:slug>/need/", need.need, name="need"),
]
