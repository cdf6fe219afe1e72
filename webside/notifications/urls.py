"""What was sent, and what was given up."""

from django.urls import path

from webside.notifications.views import operations

app_name = "notifications"
urlpatterns = [
    path("o/<slug:slug>/messages-sent/", operations.messages_sent, name="message-list"),
    path("o/<slug:slug>/messages-sent/<uuid:message_id>/retry/", operations.retry, name="message-retry"),
    path("o/<slug:slug>/operations/events/", operations.events, name="event-list"),
    path("o/<slug:slug>/operations/events/<uuid:delivery_id>/retry/", operations.retry_event, name="event-retry"),
    path("o/<slug:slug>/operations/timers/<uuid:timer_id>/retry/", operations.retry_timer, name="timer-retry"),
    path("o/<slug:slug>/operations/jobs/<int:job_id>/retry/", operations.retry_job, name="job-retry"),
]
