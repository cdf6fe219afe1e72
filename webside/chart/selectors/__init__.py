"""Reading the record. The first argument is the actor wherever somebody asks."""

from __future__ import annotations

from webside.chart.selectors.charts import Chart, chart_of, patient_rows, patients_listed, patients_of
from webside.chart.selectors.diagnoses import (
    diagnoses_of,
    diagnosis_code,
    newest_release_label,
    not_billable,
    release_on,
    search_diagnoses,
)
from webside.chart.selectors.encounters import (
    clinic_zone,
    encounter,
    encounter_in,
    encounter_of_visit,
    ground_of,
    note_rows,
    notes_listed,
    signed_notes,
    takes_diagnoses,
    unsigned_notes,
)
from webside.chart.selectors.lists import (
    ClinicalLists,
    Ended,
    asked_before_signing,
    ended_entries,
    entry_name,
    how_confirmed,
    kept_of,
    lists_of,
)
from webside.chart.selectors.notes import (
    MDM_LABELS,
    PART_LABELS,
    addenda_of,
    missing_parts,
    note_context,
    note_of,
    part_label,
    parts_of,
    texts_of,
)
from webside.chart.selectors.signing import sign_case, sign_columns
from webside.chart.selectors.summaries import Summary, summary

__all__ = [
    "MDM_LABELS",
    "PART_LABELS",
    "Chart",
    "ClinicalLists",
    "Ended",
    "Summary",
    "addenda_of",
    "asked_before_signing",
    "chart_of",
    "clinic_zone",
    "diagnoses_of",
    "diagnosis_code",
    "encounter",
    "encounter_in",
    "encounter_of_visit",
    "ended_entries",
    "entry_name",
    "ground_of",
    "how_confirmed",
    "kept_of",
    "lists_of",
    "missing_parts",
    "newest_release_label",
    "not_billable",
    "note_context",
    "note_of",
    "note_rows",
    "notes_listed",
    "part_label",
    "parts_of",
    "patient_rows",
    "patients_listed",
    "patients_of",
    "release_on",
    "search_diagnoses",
    "sign_case",
    "sign_columns",
    "signed_notes",
    "summary",
    "takes_diagnoses",
    "texts_of",
    "unsigned_notes",
]
