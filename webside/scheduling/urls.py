"""Pages."""

from __future__ import annotations

from django.urls import path

from webside.scheduling.views import (
    answer,
    booking,
    elsewhere,
    feeds,
    hours,
    limits,
    operations,
    patient,
    queue,
    series,
    waiting,
    waitlist,
    waits,
)

app_name = "scheduling"
urlpatterns = [
    path("o/<slug:slug>/services/<uuid:service_id>/", booking.service_detail, name="service-detail"),
    path("o/<slug:slug>/services/<uuid:service_id>/book/", booking.book, name="appointment-book"),
    path("o/<slug:slug>/services/<uuid:service_id>/repeat/", series.book, name="series-book"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/cancel-rest/", series.cancel_rest, name="series-cancel"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/", patient.detail, name="appointment-detail"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/move/", booking.move, name="appointment-move"),
    path(
        "o/<slug:slug>/appointments/<uuid:appointment_id>/move/undo/", patient.undo_move, name="appointment-undo-move"
    ),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/cancel/", patient.cancel, name="appointment-cancel"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/restore/", patient.restore, name="appointment-restore"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/close/", patient.close, name="appointment-close"),
    path(
        "o/<slug:slug>/appointments/<uuid:appointment_id>/calendar.ics", patient.calendar, name="appointment-calendar"
    ),
    path("o/<slug:slug>/go/<str:token>/", patient.go, name="link-open"),
    path("o/<slug:slug>/services/<uuid:service_id>/now/", queue.join, name="queue-join"),
    path("o/<slug:slug>/line/<uuid:entry_id>/", queue.place, name="queue-entry"),
    path("o/<slug:slug>/line/<uuid:entry_id>/answer/", queue.answer, name="queue-answer"),
    path("o/<slug:slug>/line/<uuid:entry_id>/leave/", queue.leave, name="queue-leave"),
    path("o/<slug:slug>/line/<uuid:entry_id>/return/", queue.come_back, name="queue-return"),
    path("o/<slug:slug>/line/<uuid:entry_id>/notify/", queue.notify, name="queue-notify"),
    path("o/<slug:slug>/line/<uuid:entry_id>/call-back/", queue.call_back, name="queue-call-back"),
    path("o/<slug:slug>/line/<uuid:entry_id>/take/", waiting.take, name="queue-take"),
    path("o/<slug:slug>/line/<uuid:entry_id>/let-go/", waiting.let_go, name="queue-let-go"),
    path("o/<slug:slug>/line/<uuid:entry_id>/hand-over/", waiting.hand_over, name="queue-hand-over"),
    path("o/<slug:slug>/line/<uuid:entry_id>/order/", waiting.order, name="queue-order"),
    path("o/<slug:slug>/call-backs/<uuid:call_back_id>/", waiting.note_call, name="queue-note-call"),
    path("o/<slug:slug>/queue/", waiting.mine, name="queue"),
    path("o/<slug:slug>/queue/next/", waiting.see_next, name="queue-next"),
    path("o/<slug:slug>/queue/duty/", waiting.duty, name="queue-duty"),
    path("o/<slug:slug>/queue/duty/beat/", waiting.beat, name="queue-beat"),
    path("o/<slug:slug>/answer/<str:token>/", answer.answer, name="answer"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/confirm/", patient.confirm, name="appointment-confirm"),
    path("o/<slug:slug>/services/<uuid:service_id>/waiting-list/", waits.join, name="waitlist-join"),
    path("o/<slug:slug>/waiting-list/<uuid:wait_id>/", waits.place, name="waitlist-entry"),
    path("o/<slug:slug>/waiting-list/<uuid:wait_id>/answer/", waits.answer, name="waitlist-answer"),
    path("o/<slug:slug>/waits/<str:token>/", waits.by_link, name="waitlist-open"),
    path("o/<slug:slug>/schedule/", operations.schedule, name="schedule"),
    path("o/<slug:slug>/calendar/", feeds.own, name="feed-list"),
    path("o/<slug:slug>/calendar/renew/", feeds.renew, name="feed-renew"),
    path("o/<slug:slug>/calendar/end/", feeds.end, name="feed-end"),
    path("o/<slug:slug>/calendar/<str:token>.ics", feeds.calendar, name="feed"),
    path("o/<slug:slug>/schedule/limits/", limits.everything, name="limits"),
    path("o/<slug:slug>/schedule/limits/<uuid:service_id>/", limits.change, name="limits-change"),
    path("o/<slug:slug>/schedule/waiting-list/", waitlist.everybody, name="waitlist"),
    path("o/<slug:slug>/schedule/waiting-list/<uuid:wait_id>/offer/", waitlist.offer, name="waitlist-offer"),
    path("o/<slug:slug>/schedule/waiting-list/<uuid:wait_id>/remove/", waitlist.remove, name="waitlist-remove"),
    path("o/<slug:slug>/schedule/hours/", hours.week, name="hours"),
    path("o/<slug:slug>/schedule/hours/add/", hours.add, name="hours-add"),
    path("o/<slug:slug>/schedule/hours/calendars/", elsewhere.calendars, name="calendar-list"),
    path("o/<slug:slug>/schedule/hours/calendars/add/", elsewhere.add, name="calendar-add"),
    path("o/<slug:slug>/schedule/hours/calendars/<uuid:other_id>/read/", elsewhere.read_now, name="calendar-read"),
    path("o/<slug:slug>/schedule/hours/calendars/<uuid:other_id>/remove/", elsewhere.remove, name="calendar-remove"),
    path("o/<slug:slug>/schedule/hours/undo/", hours.undo_change, name="hours-undo"),
    path("o/<slug:slug>/schedule/hours/<uuid:hours_id>/end/", hours.end, name="hours-end"),
    path("o/<slug:slug>/schedule/time-off/", operations.add_time_off, name="time-off-add"),
    path(
        "o/<slug:slug>/schedule/time-off/<uuid:exception_id>/remove/",
        operations.remove_time_off,
        name="time-off-remove",
    ),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/send-link/", operations.send_link, name="link-send"),
    path("o/<slug:slug>/appointments/<uuid:appointment_id>/noshow/", operations.noshow, name="appointment-noshow"),
]
