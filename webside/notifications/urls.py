"""What was sent and given up, what came, and how people want to be reached."""

from django.urls import path

from webside.notifications.views import devices, operations, reach

app_name = "notifications"
urlpatterns = [
    path("o/<slug:slug>/messages-sent/", operations.messages_sent, name="message-list"),
    path("o/<slug:slug>/messages-sent/<uuid:message_id>/retry/", operations.retry, name="message-retry"),
    path("o/<slug:slug>/texts/", operations.texts, name="text-list"),
    path("o/<slug:slug>/texts/<uuid:text_id>/done/", operations.text_done, name="text-done"),
    path("o/<slug:slug>/how-we-reach-you/", reach.own, name="reach"),
    path("o/<slug:slug>/how-we-reach-you/<uuid:patient_id>/", reach.of_patient, name="reach-of"),
    path("o/<slug:slug>/notifications/", devices.own, name="device-list"),
    path("o/<slug:slug>/notifications/on/", devices.turn_on, name="device-on"),
    path("o/<slug:slug>/notifications/<uuid:device_id>/off/", devices.turn_off, name="device-off"),
    path("o/<slug:slug>/notifications/<uuid:device_id>/try/", devices.try_out, name="device-try"),
    path("o/<slug:slug>/pushed/<uuid:message_id>/", devices.opened, name="push-open"),
    path("o/<slug:slug>/operations/events/", operations.events, name="event-list"),
    path("o/<slug:slug>/operations/events/<uuid:delivery_id>/retry/", operations.retry_event, name="event-retry"),
    path("o/<slug:slug>/operations/timers/<uuid:timer_id>/retry/", operations.retry_timer, name="timer-retry"),
    path("o/<slug:slug>/operations/jobs/<int:job_id>/retry/", operations.retry_job, name="job-retry"),
]
