"""Writing a note, signing it, and adding to what is signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webside.audit.services import action, record
from webside.catalog import gates
from webside.chart import policies, selectors
from webside.chart.codes import DecisionMaking, NotePart, NoteStatus, SummaryPart
from webside.chart.events import NoteSigned
from webside.chart.models import Encounter, Note, NoteAddendum
from webside.chart.services.encounters import lock_encounter
from webside.chart.services.errors import Conflict, Invalid, NotAllowed, NoteClosed, NotReady
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.selectors import practitioner_of

LONGEST_PART = 40_000
MOST_MINUTES = 1440
_TEXTS = frozenset(str(part) for part in (*NotePart, *SummaryPart))
_LEVELS = frozenset(str(level) for level in DecisionMaking)


@action("chart.note.save")
def save_note(*, actor: Actor, encounter: Encounter, fields: Mapping[str, str], revision: int, key: str = "") -> Note:
    """Save what was typed in a note; autosaved drafts write no FHIR version.

    ``fields`` are texts by field (the parts, ``mdm``, ``total_minutes``); others stay as they are.
    ``revision`` is the one that the writer has seen, ``key`` names the writer's page. The same texts
    again change nothing, whatever the revision: a page that never heard our answer may repeat itself.
    What a page still sends of the text that its writer has handed over lands where that is kept.
    Raises :class:`NotAllowed`, :class:`NoteClosed`, :class:`Invalid`, and :class:`Conflict` when
    somebody else has written since.
    """
    note = Note.objects.select_for_update().get(encounter=encounter)
    handed = _handed_over_by(actor, note, revision)
    if handed is None and not policies.can_write_note(actor, encounter):
        raise NotAllowed
    wanted = _clean(fields)
    if handed is not None:
        return _save_late(actor, encounter, note, handed, wanted)
    if note.status != NoteStatus.PRELIMINARY:
        raise NoteClosed
    changed = {name: value for name, value in wanted.items() if getattr(note, name) != value}
    if changed:
        own_run = bool(key) and key == note.saved_key and note.run_from <= revision <= note.revision
        if revision != note.revision and not own_run:
            raise Conflict(note, {name: text for name, text in selectors.texts_of(note).items() if name in wanted})
        if key != note.saved_key or not key:
            note.run_from = note.revision
        for name, value in changed.items():
            setattr(note, name, value)
        note.revision += 1
        note.saved_at = clock.now()
        note.saved_by = actor.label
        note.saved_key = key[:40]
        note.save()
    record(
        "chart.note.save",
        actor=actor,
        target=note,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
        changes={"fields": sorted(changed), "revision": note.revision},
    )
    return note


def _handed_over_by(actor: Actor, note: Note, revision: int) -> int | None:
    """Return which text of a note its writer has handed over, where her page still shows that one; else nothing."""
    for number, handed in enumerate(note.handed_over):
        own = actor.user_id is not None and handed["user"] == str(actor.user_id) and actor.on_behalf is None
        if own and revision <= handed["revision"]:
            return number
    return None


def _save_late(actor: Actor, encounter: Encounter, note: Note, number: int, wanted: dict[str, Any]) -> Note:
    """Keep what was typed until the moment in which somebody else went on, with what was handed over; nobody's note changes."""
    if note.status != NoteStatus.PRELIMINARY:
        raise NoteClosed
    handed = note.handed_over[number]
    changed = [name for name in wanted if name in _TEXTS and handed["texts"].get(name, "") != wanted[name]]
    handed["texts"] |= {name: wanted[name] for name in changed}
    note.save(update_fields=["handed_over", "updated_at"])
    record("chart.note.save", actor=actor, target=note, patient_id=encounter.patient_id, ground="handed over",
           changes={"fields": sorted(changed), "revision": handed["revision"]})  # fmt: skip
    # What her page is told: its own text is safe, at the revision that it has.
    note.revision, note.saved_at = handed["revision"], clock.now()
    return note


def save_note_part(
    *, actor: Actor, encounter: Encounter, part: NotePart | SummaryPart | str, text: str, revision: int, key: str = ""
) -> Note:
    """Save one part of a note: :func:`save_note` for a single field."""
    return save_note(actor=actor, encounter=encounter, fields={str(part): text}, revision=revision, key=key)


def state_billing_facts(
    *, actor: Actor, encounter: Encounter, mdm: str, total_minutes: int | None, revision: int, key: str = ""
) -> Note:
    """Save what the clinician states for billing: the level of decision-making and her own minutes that day."""
    minutes = "" if total_minutes is None else str(total_minutes)
    fields = {"mdm": mdm, "total_minutes": minutes}
    return save_note(actor=actor, encounter=encounter, fields=fields, revision=revision, key=key)


def _clean(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields as they are kept; raise :class:`Invalid` with a sentence for each that can't be."""
    wanted: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, given in fields.items():
        # A browser sends line ends as CR LF; kept is what the person sees.
        text = given.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
        if name in _TEXTS:
            wanted[name] = text
            if len(text) > LONGEST_PART:
                errors[name] = [f"This part is too long: {len(text):,} letters; {LONGEST_PART:,} fit."]
        elif name == "mdm":
            wanted[name] = text.strip()
            if wanted[name] and wanted[name] not in _LEVELS:
                errors[name] = ["Choose one of the levels."]
        elif name == "total_minutes":
            wanted[name] = None
            if text.strip():
                if text.strip().isascii() and text.strip().isdigit() and int(text.strip()[:6]) <= MOST_MINUTES:
                    wanted[name] = int(text.strip())
                else:
                    errors[name] = ["Give whole minutes of this day, for instance 28."]
        else:
            errors[name] = ["The note has no such part."]
    if errors:
        raise Invalid(errors)
    return wanted


@action("chart.note.sign")
def sign_note(*, actor: Actor, encounter: Encounter, revision: int | None = None) -> Note:
    """Sign a note. From now on it is only added to. A second time changes nothing.

    ``revision``: the one that the signer has read; if somebody wrote since, :class:`Conflict`. Raises
    :class:`NotAllowed`, and :class:`NotReady` with what the gates say must be mended.
    """
    if not policies.can_sign_note(actor, encounter):
        raise NotAllowed
    encounter = lock_encounter(encounter)
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status != NoteStatus.PRELIMINARY:
        record("chart.note.sign", actor=actor, target=note, patient_id=encounter.patient_id, ground="signed already")
        return note
    if revision is not None and revision != note.revision:
        raise Conflict(note, selectors.texts_of(note))
    encounter.note = note
    findings = gates.ask(selectors.sign_case(encounter))
    standing = gates.stops(findings)
    if standing:
        raise NotReady(standing)
    note.status = NoteStatus.FINAL
    note.signed_at = clock.now()
    note.signed_by_id = encounter.practitioner_id
    note.save()
    note.encounter = encounter
    write_version(note)
    for diagnosis in selectors.diagnoses_of(encounter):
        diagnosis.encounter = encounter
        write_version(diagnosis)  # confirmed now, no longer provisional
    write_version(encounter)
    publish(NoteSigned(encounter_id=encounter.id))
    record(
        "chart.note.sign",
        actor=actor,
        target=note,
        patient_id=encounter.patient_id,
        ground="own encounter",
        changes={
            "revision": note.revision,
            "gates": {finding.gate: finding.outcome for finding in findings},
            "overridden": sorted(finding.gate for finding in findings if finding.override is not None),
        },
    )
    return note


@action("chart.addendum.add")
def add_addendum(*, actor: Actor, encounter: Encounter, text: str) -> NoteAddendum:
    """Add to a signed note. Raises :class:`NotAllowed`, and :class:`Invalid` before signing or without a text."""
    if not policies.can_add_addendum(actor, encounter):
        raise NotAllowed
    author = practitioner_of(actor)
    if author is None:
        raise NotAllowed
    clean = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not clean or len(clean) > LONGEST_PART:
        raise Invalid({"text": ["Write what you add." if not clean else "This is too long."]})
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status == NoteStatus.PRELIMINARY:
        raise Invalid({"text": ["The note isn’t signed yet: write in the note itself."]})
    addendum = NoteAddendum.objects.create(note=note, author=author, text=clean)
    note.status = NoteStatus.AMENDED
    note.save()
    write_version(note)
    record(
        "chart.addendum.add",
        actor=actor,
        target=addendum,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
    )
    return addendum
