"""Pages."""

from __future__ import annotations

from django.urls import path

from webside.chart.views import clinician, documents, emergencies, lists, patient, plans, sent_ahead, transfers

app_name = "chart"
_HERE = "o/<slug:slug>/encounters/<uuid:encounter_id>/"
_PATIENT = "o/<slug:slug>/patients/<uuid:patient_id>/"

urlpatterns = [
    path("o/<slug:slug>/patients/", clinician.patients, name="patient-list"),
    path("o/<slug:slug>/notes/", clinician.notes, name="note-list"),
    path("o/<slug:slug>/emergency/", emergencies.open_one, name="emergency-open"),
    path("o/<slug:slug>/emergency/reviews/", emergencies.listed, name="emergency-list"),
    path("o/<slug:slug>/emergency/<uuid:access_id>/end/", emergencies.end, name="emergency-end"),
    path("o/<slug:slug>/emergency/<uuid:access_id>/review/", emergencies.review, name="emergency-review"),
    path(_PATIENT, clinician.chart, name="patient-detail"),
    path(_PATIENT + "lists/<str:code>/add/", lists.add, name="list-add"),
    path(_PATIENT + "lists/<str:code>/end/", lists.end, name="list-end"),
    path(_PATIENT + "lists/<str:code>/restore/", lists.restore, name="list-restore"),
    path(_PATIENT + "lists/<str:code>/confirm/", lists.confirm, name="list-confirm"),
    path(_PATIENT + "documents/<uuid:document_id>/", documents.content, name="document-content"),
    path(_PATIENT + "vitals/", lists.vitals, name="vitals-add"),
    path(_PATIENT + "plans/", plans.listed, name="plan-list"),
    path(_PATIENT + "plans/<uuid:plan_id>/", plans.detail, name="plan-detail"),
    path(_PATIENT + "plans/<uuid:plan_id>/change/", plans.change, name="plan-change"),
    path(_PATIENT + "plans/<uuid:plan_id>/mark/", plans.mark_step, name="plan-step-mark"),
    path(_PATIENT + "plans/<uuid:plan_id>/steps/", plans.add_step, name="plan-step-add"),
    path(_PATIENT + "plans/<uuid:plan_id>/steps/<uuid:step_id>/", plans.change_step, name="plan-step-change"),
    path("o/<slug:slug>/to-do/", plans.to_do, name="to-do"),
    path("o/<slug:slug>/to-do/mark/", plans.mark_own, name="to-do-mark"),
    path("o/<slug:slug>/plan/", plans.own, name="plan-own"),
    path(_HERE, clinician.encounter, name="encounter-detail"),
    path(_HERE + "note/", clinician.save_note, name="note-save"),
    path(_HERE + "diagnoses/", clinician.change_diagnoses, name="diagnosis-change"),
    path(_HERE + "diagnoses/search/", clinician.search_diagnoses, name="diagnosis-search"),
    path(_HERE + "finish/", clinician.finish, name="encounter-finish"),
    path(_HERE + "sign/", clinician.sign, name="encounter-sign"),
    path(_HERE + "override/", clinician.override, name="encounter-override"),
    path(_HERE + "addenda/", clinician.add_addendum, name="addendum-add"),
    path(_HERE + "turn/", transfers.turn, name="transfer"),
    path(_HERE + "turn/<uuid:transfer_id>/sheet/", transfers.sheet, name="transfer-sheet"),
    path(_HERE + "turn/<uuid:transfer_id>/sheet.pdf", transfers.sheet_pdf, name="transfer-sheet-pdf"),
    path("o/<slug:slug>/sent-ahead/<str:token>/", sent_ahead.opened, name="sent-ahead"),
    path("o/<slug:slug>/sent-ahead/<str:token>/sheet.pdf", sent_ahead.opened_pdf, name="sent-ahead-pdf"),
    path(_HERE + "summary/", patient.summary, name="encounter-summary"),
    path(_HERE + "summary/who/", patient.who, name="summary-who"),
    path(_HERE + "summary.pdf", patient.summary_pdf, name="encounter-summary-pdf"),
]
