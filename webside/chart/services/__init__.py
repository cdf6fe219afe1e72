"""Writing the record. What is signed is never changed, only added to."""

from __future__ import annotations

from webside.chart.services.diagnoses import add_diagnosis, order_diagnoses, remove_diagnosis
from webside.chart.services.documents import Origin, keep_document, withdraw_document
from webside.chart.services.emergencies import FINDINGS, end_emergency, open_in_emergency, review_emergency
from webside.chart.services.encounters import cancel_encounter, finish_encounter, start_encounter, take_encounter
from webside.chart.services.errors import Barred, Conflict, Invalid, ListChanged, NotAllowed, NoteClosed, NotReady
from webside.chart.services.lists import (
    Addition,
    add_allergy,
    add_medication,
    add_problem,
    add_vitals,
    confirm_list,
    end_entry,
    restore_entry,
)
from webside.chart.services.notes import add_addendum, save_note, save_note_part, sign_note, state_billing_facts
from webside.chart.services.plans import (
    StepDraft,
    add_step,
    agree_on_plan,
    change_day,
    change_step,
    close_plan,
    finish_step,
    give_up_step,
    make_plan,
    move_step,
    reopen_step,
    take_over_plan,
)
from webside.chart.services.summaries import identify

__all__ = [
    "FINDINGS",
    "Addition",
    "Barred",
    "Conflict",
    "Invalid",
    "ListChanged",
    "NotAllowed",
    "NotReady",
    "NoteClosed",
    "Origin",
    "StepDraft",
    "add_addendum",
    "add_allergy",
    "add_diagnosis",
    "add_medication",
    "add_problem",
    "add_step",
    "add_vitals",
    "agree_on_plan",
    "cancel_encounter",
    "change_day",
    "change_step",
    "close_plan",
    "confirm_list",
    "end_emergency",
    "end_entry",
    "finish_encounter",
    "finish_step",
    "give_up_step",
    "identify",
    "keep_document",
    "make_plan",
    "move_step",
    "open_in_emergency",
    "order_diagnoses",
    "remove_diagnosis",
    "reopen_step",
    "restore_entry",
    "review_emergency",
    "save_note",
    "save_note_part",
    "sign_note",
    "start_encounter",
    "state_billing_facts",
    "take_encounter",
    "take_over_plan",
    "withdraw_document",
]
