"""Pages of the live lane."""

from django.urls import path

from webside.realtime.views import tickets

app_name = "realtime"
urlpatterns = [path("o/<slug:slug>/live/ticket", tickets.ticket, name="ticket-mint")]
