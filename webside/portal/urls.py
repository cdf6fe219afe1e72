"""Where people arrive."""

from django.urls import path

from webside.portal.views import described, embed, figures, home, languages, operations, patient, public

app_name = "portal"
urlpatterns = [
    path("", public.front, name="front"),
    path("start/", public.start, name="start"),
    path("o/<slug:slug>/", public.clinic, name="clinic"),
    path("o/<slug:slug>/people/", public.people, name="people"),
    path("o/<slug:slug>/home/", home.home, name="home"),
    path("o/<slug:slug>/home/desk/", operations.board, name="board"),
    path("o/<slug:slug>/home/queue/", operations.queue_board, name="queue-board"),
    path("o/<slug:slug>/home/clinic/", operations.administration, name="administration"),
    path("o/<slug:slug>/embed/", embed.embed, name="embed"),
    path("o/<slug:slug>/embed.js", embed.script, name="embed-script"),
    path("o/<slug:slug>/home/clinic/site/", embed.sites, name="embed-sites"),
    path("o/<slug:slug>/home/clinic/site/add/", embed.add_site, name="embed-site-add"),
    path("o/<slug:slug>/home/clinic/site/<uuid:site_id>/remove/", embed.remove_site, name="embed-site-remove"),
    path("o/<slug:slug>/home/clinic/languages/", languages.everything, name="languages"),
    path("o/<slug:slug>/home/clinic/languages/service/<uuid:service_id>/", languages.service, name="languages-service"),
    path(
        "o/<slug:slug>/home/clinic/languages/person/<uuid:practitioner_id>/", languages.person, name="languages-person"
    ),
    path("o/<slug:slug>/home/clinic/people/", described.everybody, name="described"),
    path("o/<slug:slug>/home/clinic/people/<uuid:practitioner_id>/", described.change, name="describe"),
    path("o/<slug:slug>/home/figures/", figures.figures, name="figures"),
    path("o/<slug:slug>/home/figures.csv", figures.figures_csv, name="figures-csv"),
    path("o/<slug:slug>/home/figures/words/", figures.words, name="words"),
    path("o/<slug:slug>/home/record/", patient.record_access, name="record-access"),
    path("o/<slug:slug>/home/consents/<uuid:consent_id>/withdraw/", patient.withdraw_consent, name="consent-withdraw"),
    path("o/<slug:slug>/home/book/", operations.book_for, name="book-for"),
    path("o/<slug:slug>/home/book/<uuid:patient_id>/<uuid:service_id>/", operations.book_time, name="book-time"),
]
