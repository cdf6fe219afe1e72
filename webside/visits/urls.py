"""Pages."""

from django.urls import path

from webside.visits.views import afterwards, clinician, guests, help, patient, people, phone, room

app_name = "visits"
_VISIT = "o/<slug:slug>/visits/<uuid:visit_id>/"
_SEAT = "o/<slug:slug>/seats/<uuid:seat_id>/"
urlpatterns = [
    path(_VISIT, room.room, name="visit-room"),
    path(f"{_VISIT}where/", room.where, name="visit-where"),
    path(f"{_VISIT}chat/", room.chat, name="visit-chat"),
    path(f"{_VISIT}stopped/", room.stopped, name="visit-stopped"),
    path(f"{_VISIT}hand-over/", room.hand_over, name="visit-hand-over"),
    path(f"{_VISIT}ended/", room.ended, name="visit-ended"),
    path(f"{_VISIT}prepare/", patient.prepare, name="visit-prepare"),
    path(f"{_VISIT}check-in/", patient.check_in, name="visit-check-in"),
    path(f"{_VISIT}check-in/place/", patient.place, name="visit-place"),
    path(f"{_VISIT}check-in/card/", patient.card, name="visit-card"),
    path(f"{_VISIT}waiting/", patient.waiting, name="visit-waiting"),
    path(f"{_VISIT}waiting/line/", patient.line, name="visit-line"),
    path(f"{_VISIT}door/", clinician.door, name="visit-door"),
    path(f"{_VISIT}gates/", clinician.gates_strip, name="visit-gates"),
    path(f"{_VISIT}card/", clinician.emergency_card, name="visit-emergency-card"),
    path(f"{_VISIT}admit/", clinician.admit, name="visit-admit"),
    path(f"{_VISIT}hold/", clinician.hold, name="visit-hold"),
    path(f"{_VISIT}end/", clinician.end, name="visit-end"),
    path(f"{_VISIT}fail/", clinician.fail, name="visit-fail"),
    path(f"{_VISIT}no-show/", clinician.noshow, name="visit-noshow"),
    path(f"{_VISIT}identity/", clinician.identity, name="visit-identity"),
    path(f"{_VISIT}answer/", clinician.answer, name="visit-answer"),
    path(f"{_VISIT}people/", people.people, name="visit-people"),
    path(f"{_VISIT}people/ask/", people.ask, name="visit-ask"),
    path(f"{_VISIT}people/alone/", people.alone, name="visit-alone"),
    path(f"{_VISIT}people/<uuid:seat_id>/", people.seat, name="visit-seat"),
    path(f"{_VISIT}again/", afterwards.book, name="visit-book-again"),
    path(f"{_VISIT}survey/", afterwards.survey, name="visit-survey"),
    path(f"{_VISIT}report/", afterwards.report, name="visit-report"),
    path(f"{_VISIT}propose/", afterwards.propose, name="visit-propose"),
    path(f"{_VISIT}phone/", phone.phone, name="visit-phone"),
    path(f"{_VISIT}help/", help.ask, name="visit-help"),
    path("o/<slug:slug>/help/", help.board, name="help-list"),
    path("o/<slug:slug>/help/<uuid:help_id>/take/", help.take, name="help-take"),
    path("o/<slug:slug>/help/<uuid:help_id>/answer/", help.answer, name="help-answer"),
    path("o/<slug:slug>/join/<str:token>/", guests.join, name="seat-join"),
    path(_SEAT, guests.seat, name="seat"),
    path(f"{_SEAT}where/", guests.where, name="seat-where"),
    path(f"{_SEAT}people/", guests.people, name="seat-people"),
    path(f"{_SEAT}chat/", guests.chat, name="seat-chat"),
    path(f"{_SEAT}ticket/", guests.ticket, name="seat-ticket"),
]
