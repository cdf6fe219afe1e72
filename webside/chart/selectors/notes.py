"""The note of an encounter: its parts, what was added to it, and what its page needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.chart import policies
from webside.chart.codes import DecisionMaking, NotePart, NoteStatus, SummaryPart
from webside.chart.models import Encounter, Note, NoteAddendum
from webside.chart.selectors.diagnoses import diagnoses_of, newest_release_label
from webside.chart.selectors.encounters import takes_diagnoses
from webside.chart.selectors.lists import kept_of, lists_of
from webside.core.actor import Actor

PART_LABELS: Mapping[str, str | Promise] = {
    NotePart.SUBJECTIVE: _("History"),
    NotePart.OBJECTIVE: _("Examination"),
    NotePart.ASSESSMENT: _("Assessment"),
    NotePart.PLAN: _("Plan"),
    SummaryPart.IN_SHORT: _("In short"),
    SummaryPart.YOU_DO: _("What the patient does"),
    SummaryPart.WE_DO: _("What we do"),
    SummaryPart.GET_HELP: _("When to call us"),
}
PART_HINTS: Mapping[str, str | Promise] = {
    NotePart.OBJECTIVE: _("by video and from home devices"),
    SummaryPart.IN_SHORT: _("two or three plain sentences"),
    SummaryPart.YOU_DO: _("one thing on each line"),
    SummaryPart.WE_DO: _("one thing on each line"),
    SummaryPart.GET_HELP: _("what must make the patient call the same day"),
}
MDM_LABELS: Mapping[str, str | Promise] = {
    DecisionMaking.STRAIGHTFORWARD: _("Straightforward"),
    DecisionMaking.LOW: _("Low"),
    DecisionMaking.MODERATE: _("Moderate"),
    DecisionMaking.HIGH: _("High"),
}


UNTOUCHED_LISTS: Mapping[str, Any] = {"ended": (), "open_form": "", "told_in": ""}
"""What ``chart/_lists.html`` asks for each entry, on a page that was just opened: a name unknown to it costs more."""


def note_of(encounter: Encounter) -> Note | None:
    """Return the note of an encounter. The caller has guarded the encounter."""
    return Note.objects.filter(encounter=encounter).first()


def addenda_of(encounter: Encounter) -> list[NoteAddendum]:
    """Return what was added to a signed note, oldest first."""
    return list(NoteAddendum.objects.filter(note__encounter=encounter).select_related("author").order_by("added_at"))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the note as a page shows it."""

    name: str
    label: str | Promise
    hint: str | Promise
    text: str
    needed: bool

    @property
    def missing(self) -> bool:
        """Whether the service asks for it and nothing is written."""
        return self.needed and not self.text.strip()


def part_label(part: str) -> str:
    """Return the words for a part of the note."""
    return str(PART_LABELS.get(part, part))


def missing_parts(encounter: Encounter) -> list[str]:
    """Return the parts that the service asks for and that are empty, in the order of the note."""
    order = {part.value: number for number, part in enumerate([*NotePart, *SummaryPart])}
    asked = sorted(encounter.service.documentation, key=lambda part: order.get(part, len(order)))
    return [part for part in asked if not str(getattr(encounter.note, part, "")).strip()]


def parts_of(encounter: Encounter, names: Iterable[str]) -> list[Part]:
    """Return parts of an encounter's note as a page shows them."""
    return [
        Part(
            name=str(name),
            label=PART_LABELS[name],
            hint=PART_HINTS.get(name, ""),
            text=getattr(encounter.note, name),
            needed=str(name) in encounter.service.documentation,
        )
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class Handed:
    """What somebody had written in a note before she gave its encounter away."""

    by: str
    at: datetime
    parts: list[Part]


def handed_over(encounter: Encounter) -> list[Handed]:
    """Return what others had written of an encounter's note before it went on, the oldest first."""
    return [
        Handed(
            each["by"],
            datetime.fromisoformat(each["at"]),
            [
                Part(name=str(name), label=PART_LABELS[name], hint="", text=each["texts"][str(name)], needed=False)
                for name in (*NotePart, *SummaryPart)
                if each["texts"].get(str(name), "").strip()
            ],
        )
        for each in encounter.note.handed_over
    ]


def shown_parts(encounter: Encounter) -> list[NotePart]:
    """Return the parts of the note that a page shows: all four in medicine, in coaching those that the service asks for.

    What holds a text is shown whatever the service asks for now.
    """
    asked = set(encounter.service.documentation)
    if takes_diagnoses(encounter) or asked.isdisjoint(NotePart):
        return list(NotePart)
    return [part for part in NotePart if part in asked or getattr(encounter.note, part).strip()]


def texts_of(note: Note) -> dict[str, str]:
    """Return what can be typed in a note, by field, as text: what two writers are shown."""
    values = {str(part): getattr(note, part) for part in (*NotePart, *SummaryPart)}
    minutes = "" if note.total_minutes is None else str(note.total_minutes)
    return {**values, "mdm": note.mdm, "total_minutes": minutes}


def note_context(actor: Actor, encounter: Encounter) -> dict[str, Any]:
    """Return what ``chart/_note.html`` and ``chart/_lists.html`` need, also beside the video.

    The caller has read the encounter through :func:`encounter` or :func:`encounter_of_visit`.
    """
    writes = policies.can_write_note(actor, encounter)
    may_write = writes and encounter.note.status == NoteStatus.PRELIMINARY
    with_lists = takes_diagnoses(encounter) and policies.can_view_lists(actor)
    kept = kept_of(encounter.patient_id, encounter.id) if with_lists else None
    diagnoses = kept.diagnoses if kept is not None else diagnoses_of(encounter)
    return {
        "encounter": encounter,
        "note": encounter.note,
        "note_parts": parts_of(encounter, shown_parts(encounter)),
        "summary_parts": parts_of(encounter, SummaryPart),
        "handed_over": handed_over(encounter),
        "may_write_note": may_write,
        "may_sign_note": policies.can_sign_note(actor, encounter),
        "may_add_addendum": writes,
        "takes_diagnoses": takes_diagnoses(encounter),
        "diagnoses": diagnoses if takes_diagnoses(encounter) else [],
        "mdm_choices": list(MDM_LABELS.items()),
        "icd_release": newest_release_label(),
        "lists": lists_of(encounter.patient, kept) if kept is not None else None,
        "patient": encounter.patient,
        **UNTOUCHED_LISTS,
        # Who reads in an emergency writes nowhere; in a clinical encounter the others who come here do.
        "may_change_lists": with_lists and writes,
        # Names this page among the writers: see Note.saved_key.
        "note_key": uuid4().hex,
    }
