"""All addresses, as they are when the demo is on."""

from django.urls import include, path

from config import urls
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [*urls.urlpatterns, path("", include("webside.demo.urls"))]
