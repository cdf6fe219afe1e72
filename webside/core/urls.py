"""Health."""

from django.urls import path

from webside.core.views import health

app_name = "core"
urlpatterns = [
    path("health", health.live, name="health-live"),
    path("health/", health.health, name="health"),
    path("health.json", health.health_json, name="health-json"),
]
