"""Visits that turned into an emergency or into care in person: where she goes, what is sent ahead, what to say, what is open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import translation
from django.utils.dateformat import format as date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from webside.chart import policies, registry
from webside.chart.codes import Caller, Destination, HowSoon, ListCode, TransferKind, TransferOutcome, Travel
from webside.chart.models import Encounter, Observation, Transfer, TransferContact
from webside.chart.rules import transfers as rules
from webside.chart.selectors.diagnoses import diagnoses_of
from webside.chart.selectors.lists import SOURCES, ClinicalLists, lists_of, number_text, pairs_of_signs, shown_units
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import array_of, instances
from webside.people.rules import age_on
from webside.ui import when

TO_DO = 60

SHEET_LANGUAGE = settings.LANGUAGE_CODE
"""The clinic's own: who takes over reads it, and what was checked must not change with who looks."""

DESTINATIONS: dict[Destination, Promise] = {
    Destination.EMERGENCY_DEPARTMENT: gettext_lazy("Emergency department"),
    Destination.URGENT_CARE: gettext_lazy("Urgent care"),
    Destination.OUR_CLINIC: gettext_lazy("Our clinic"),
    Destination.OWN_DOCTOR: gettext_lazy("The patient’s own doctor"),
}
HOW_SOON: dict[HowSoon, Promise] = {
    HowSoon.NOW: gettext_lazy("Now"),
    HowSoon.TODAY: gettext_lazy("Today"),
    HowSoon.TOMORROW: gettext_lazy("By tomorrow"),
    HowSoon.DAYS: gettext_lazy("Within a few days"),
}
TRAVEL: dict[Travel, Promise] = {
    Travel.AMBULANCE: gettext_lazy("By ambulance"),
    Travel.DRIVEN: gettext_lazy("Somebody drives the patient"),
    Travel.TAXI: gettext_lazy("By taxi or bus"),
    Travel.ON_FOOT: gettext_lazy("On foot"),
    Travel.DRIVES: gettext_lazy("The patient drives"),
}
CALLERS: dict[Caller, Promise] = {
    Caller.CLINICIAN: gettext_lazy("The clinician in the call"),
    Caller.PATIENT: gettext_lazy("The patient"),
    Caller.NEARBY: gettext_lazy("Somebody near the patient"),
    Caller.STAFF: gettext_lazy("A colleague of the clinic"),
}
OUTCOMES: dict[TransferOutcome, Promise] = {
    TransferOutcome.ARRIVED: gettext_lazy("The patient is there, or help is with them"),
    TransferOutcome.NOT_GONE: gettext_lazy("The patient didn’t go"),
    TransferOutcome.NOT_NEEDED: gettext_lazy("It wasn’t needed any more"),
    TransferOutcome.UNKNOWN: gettext_lazy("Nobody could find out"),
}
"""What somebody can say became of it. That it was a mistake is said by a button of its own."""


def words_of(choices: Any, code: str) -> str:
    """Return the words for a code of one of the lists above; nothing for none."""
    return next((str(text) for key, text in choices.items() if key == code), "")


# ------------------------------------------------------------------------------------------------------- what there is


def kept_with(encounter: str) -> ArraySubquery:
    """Return what an ``encounter`` (a path to the id) turned into, read together with it; mistakes are left out."""
    found = Transfer.objects.filter(encounter=OuterRef(encounter)).exclude(outcome=TransferOutcome.MISTAKE)
    return array_of(found.order_by("started_at", "id"))


def turned_into(encounter: Encounter) -> list[Transfer]:
    """Return what an encounter turned into, the first first; what was pressed by mistake is not among it.

    The caller has guarded the encounter.
    """
    kept = getattr(encounter, "kept_transfers", None)
    if kept is not None:
        return list(instances(Transfer, kept))
    found = Transfer.objects.filter(encounter=encounter).exclude(outcome=TransferOutcome.MISTAKE)
    return list(found.order_by("started_at", "id"))


def governing(found: Sequence[Transfer]) -> Transfer | None:
    """Return which of several counts: an emergency before all else, then the last one."""
    urgent = [each for each in found if each.kind == TransferKind.EMERGENCY]
    return next(iter(urgent or list(found)[-1:]), None)


def seen_within_a_day(transfer: Transfer) -> bool | None:
    """Whether she was seen there within a day, as far as anybody noted; None where nobody knows."""
    within = rules.within_a_day(transfer.how_soon)
    if transfer.outcome in (TransferOutcome.NOT_GONE, TransferOutcome.NOT_NEEDED) or within is False:
        return False
    return True if transfer.outcome == TransferOutcome.ARRIVED and within else None


def transfers_of(encounter: Encounter) -> list[Transfer]:
    """Return what an encounter turned into, with who was asked to take over. The caller has guarded the encounter."""
    found = Transfer.objects.filter(encounter=encounter).exclude(outcome=TransferOutcome.MISTAKE)
    return list(found.prefetch_related("contacts").order_by("-started_at", "-id"))


def transfer_of(encounter: Encounter, transfer_id: UUID) -> Transfer | None:
    """Return one of what an encounter turned into, mistakes too. The caller has guarded the encounter."""
    return Transfer.objects.filter(encounter=encounter, id=transfer_id).prefetch_related("contacts").first()


@dataclass(frozen=True, slots=True)
class Followed:
    """Something to ask about, on the list of who has to. ``late``: it was to be asked before now; None where no row says."""

    transfer: Transfer
    patient: str
    what: str
    handed_to: str
    unreached: bool
    late: bool | None


def followed(actor: Actor) -> list[Followed]:
    """Return what the actor has to follow to its end: nobody has noted what became of it. What is oldest is at the top."""
    found = policies.followed_transfers(actor, Transfer.objects.filter(closed_at=None))
    rows = found.select_related("encounter", "patient").annotate(
        kept_contacts=array_of(TransferContact.objects.filter(transfer=OuterRef("pk")).order_by("at", "id"))
    )
    return [_followed(each) for each in rows.order_by("started_at", "id")[:TO_DO]]


def _followed(row: Any) -> Followed:
    now = clock.now()
    contacts = list(instances(TransferContact, row.kept_contacts))
    taken = next((each for each in reversed(contacts) if each.reached), None)
    asked_at = rules.ask_at(row.started_at, row.how_soon, row.started_at.date())
    return Followed(
        transfer=row,
        patient=row.patient.full_name,
        what=what_of(row),
        handed_to=_line(taken.name, taken.role, taken.place) if taken else "",
        unreached=bool(contacts) and taken is None,
        late=None if asked_at is None else now >= asked_at,
    )


def what_of(transfer: Transfer) -> str:
    """Return what a visit turned into in a few words: "Emergency", or where she goes and how soon."""
    if transfer.kind == TransferKind.EMERGENCY:
        return _("Emergency")
    return _line(
        words_of(DESTINATIONS, transfer.destination), transfer.place_name, words_of(HOW_SOON, transfer.how_soon)
    )


def _line(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


# ------------------------------------------------------------------------------------------- what is said and sent ahead


def to_say(actor: Actor, encounter: Encounter, transfer: Transfer) -> list[str]:
    """Return what to say to who answers the emergency call, sentence by sentence, with what isn't known said as such.

    The caller has guarded the encounter.
    """
    patient, clinic = encounter.patient, encounter.tenant
    near = registry.whereabouts(encounter.id)
    age = age_on(patient.birth_date, clock.now().date())
    found = [
        _("My name is %(name)s, of %(clinic)s. I am on a video call with a patient who needs an ambulance.")
        % {"name": actor.label, "clinic": clinic.name}
    ]
    if near.town:
        found.append(_("The patient is in %(town)s. Put me through to the emergency desk there.") % {"town": near.town})
    found.append(
        _("The address is: %(place)s.") % {"place": transfer.place}
        if transfer.place
        else _("The address is not known. Ask the patient for it now.")
    )
    found.append(_("%(name)s, %(age)s years old.") % {"name": patient.full_name, "age": age})
    if transfer.phone:
        found.append(_("The number there is %(phone)s.") % {"phone": transfer.phone})
    if near.nearby:
        found.append(_("Near the patient: %(who)s.") % {"who": near.nearby})
    if transfer.why:
        found.append(_("What is wrong: %(why)s") % {"why": transfer.why})
    if policies.can_view_lists(actor):
        allergies = lists_of(patient)
        found.append(_("Allergies: %(text)s.") % {"text": "; ".join(_entries(allergies, ListCode.ALLERGIES))})
    if clinic.phone:
        found.append(_("Call me back at %(phone)s. I stay on the video until help is there.") % {"phone": clinic.phone})
    else:
        found.append(_("I stay on the video until help is there."))
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of a sheet, with a text or a list below it."""

    title: str
    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is sent ahead, in the language of the clinic: the same on the page, on paper and read out, whoever looks."""

    transfer: Transfer
    title: str
    patient: str
    record: str
    clinic: str
    parts: tuple[Part, ...]

    @classmethod
    def as_checked(cls, transfer: Transfer) -> Sheet | None:
        """Return the sheet as somebody checked it last; nothing where nobody has."""
        kept = transfer.checked_sheet
        if not kept:
            return None
        parts = tuple(Part(title, text, tuple(items)) for title, text, items in kept["parts"])
        return cls(transfer, kept["title"], kept["patient"], kept["record"], kept["clinic"], parts)

    def to_keep(self) -> dict[str, Any]:
        """Return it as :meth:`as_checked` reads it."""
        parts = [[part.title, part.text, list(part.items)] for part in self.parts]
        return {
            "title": self.title, "patient": self.patient, "record": self.record, "clinic": self.clinic, "parts": parts,
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """Names this very content: another word, and it is another one."""
        said = [self.title, self.patient, [[part.title, part.text, part.items] for part in self.parts]]
        return sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()

    @property
    def is_checked(self) -> bool:
        """Whether somebody has checked it as it stands now."""
        return bool(self.transfer.checked_at) and self.transfer.checked_digest == self.digest


def sheet(actor: Actor, encounter: Encounter, transfer: Transfer) -> Sheet:
    """Return the sheet of a transfer. The caller has guarded the encounter.

    Who may see no clinical lists writes a sheet without them, and it says so.
    """
    with translation.override(SHEET_LANGUAGE):
        return _sheet(actor, encounter, transfer)


def _sheet(actor: Actor, encounter: Encounter, transfer: Transfer) -> Sheet:
    patient, clinic, note = encounter.patient, encounter.tenant, encounter.note
    zone = ZoneInfo(clinic.timezone)
    near = registry.whereabouts(encounter.id)
    emergency = transfer.kind == TransferKind.EMERGENCY
    born = date_format(patient.birth_date, pgettext("full date", "l, F j, Y"))
    age = age_on(patient.birth_date, clock.now().date())
    phone = transfer.phone or _("not known")
    parts = [
        Part(
            _("Who"),
            items=(
                _("Born %(day)s, %(age)s years old") % {"day": born, "age": age},
                _("Call back: %(phone)s") % {"phone": phone},
                *([_("Near the patient: %(who)s") % {"who": near.nearby}] if near.nearby else []),
            ),
        ),
        Part(_("Where the patient is now"), text=transfer.place or _("Not known.")),
        Part(_("Why"), text=transfer.why or _("Not written yet.")),
        Part(_("What was called") if emergency else _("Where to, and how soon"), items=_way(transfer, zone)),
    ]
    parts += _findings(actor, encounter, zone)
    assessment = note.assessment.strip()
    draft = "" if note.signed_at else _("As far as written; the note is not signed.")
    parts.append(Part(_("Assessment"), text="\n".join(filter(None, (assessment, draft))) or _("Not written yet.")))
    parts.append(Part(_("What was done, and what is asked for"), text=transfer.done or _("Not written yet.")))
    contacts = tuple(_contact(each, zone) for each in transfer.contacts.all())
    parts.append(Part(_("Who took over"), items=contacts, text="" if contacts else _("Nobody yet.")))
    back = _line(encounter.practitioner.display_name, clinic.name, clinic.phone)
    parts.append(Part(_("Questions? Call back"), text=back))
    return Sheet(
        transfer=transfer,
        title=_("Emergency: sent ahead from a video visit")
        if emergency
        else _("For care in person: sent ahead from a video visit"),
        patient=patient.full_name,
        record=patient.record_number,
        clinic=clinic.name,
        parts=tuple(parts),
    )


def _way(transfer: Transfer, zone: ZoneInfo) -> tuple[str, ...]:
    if transfer.kind != TransferKind.EMERGENCY:
        found = [
            _line(words_of(DESTINATIONS, transfer.destination), transfer.place_name),
            words_of(HOW_SOON, transfer.how_soon),
            words_of(TRAVEL, transfer.travel),
        ]
        return tuple(filter(None, found)) or (_("Not written yet."),)
    number = _("Number called: %(number)s") % {"number": transfer.number_called or _("not written yet")}
    who = _("By: %(who)s") % {"who": words_of(CALLERS, transfer.called_by) or _("not written yet")}
    at = _("At: %(time)s") % {"time": _moment(transfer.called_at, zone)} if transfer.called_at else ""
    there = _("Help was there at: %(time)s") % {"time": _moment(transfer.help_there_at, zone)}
    return tuple(filter(None, (number, who, at, there if transfer.help_there_at else "")))


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    if moment is None:
        return ""
    there = moment.astimezone(zone)
    day = date_format(there, pgettext("full date", "l, F j, Y"))
    return f"{day}, {when.clock_time(there)} {when.zone_name(there)}"


def _contact(contact: TransferContact, zone: ZoneInfo) -> str:
    at = _moment(contact.at, zone)
    if contact.reached:
        return _line(contact.name, contact.role, contact.place, contact.phone, at)
    return _line(_("Not reached"), contact.name, contact.place, contact.phone, at, contact.words)


def _findings(actor: Actor, encounter: Encounter, zone: ZoneInfo) -> list[Part]:
    """Return vital signs of this visit with how each is known, and the lists; a list that nobody asked about says so."""
    if not policies.can_view_lists(actor):
        return [Part(_("Findings"), text=_("Who writes this may not see the clinical lists. Ask."))]
    lists = lists_of(encounter.patient)
    signs = tuple(_signs(encounter, zone))
    diagnoses = tuple(f"{row.display} ({row.code})" for row in diagnoses_of(encounter))
    found = [Part(_("Vital signs in this visit"), items=signs, text="" if signs else _("None taken."))]
    if diagnoses:
        found.append(Part(_("Diagnoses of this visit, so far"), items=diagnoses))
    found += [
        Part(_("Allergies"), items=tuple(_entries(lists, ListCode.ALLERGIES))),
        Part(_("Medicines"), items=tuple(_entries(lists, ListCode.MEDICATIONS))),
        Part(_("Problems"), items=tuple(_entries(lists, ListCode.PROBLEMS))),
    ]
    return found


def _entries(lists: ClinicalLists, code: ListCode) -> list[str]:
    """Return a list as sentences. Nothing known is another thing than not asked."""
    rows: Sequence[Any] = lists.entries(code)
    if rows:
        return [_entry(row) for row in rows]
    asked = lists.confirmed.get(code)
    if asked is None or not asked.empty_reason or asked.changed_at is not None:
        return [_("not asked")]
    return [_("none known; asked on %(day)s") % {"day": f"{asked.confirmed_at:%Y-%m-%d}"}]


def _entry(row: Any) -> str:
    match row._meta.model_name:
        case "allergyintolerance":
            text = _line(row.substance, row.reaction)
            return _("%(what)s (dangerous)") % {"what": text} if row.criticality == "high" else text
        case "medicationstatement":
            return _line(row.medication, row.dosage)
        case _:
            return f"{row.display} ({row.code})" if row.code else str(row.display)


def _signs(encounter: Encounter, zone: ZoneInfo) -> list[str]:
    shown, pairs = shown_units(), pairs_of_signs()
    newest = {row.code: row for row in Observation.objects.filter(encounter=encounter).order_by("effective_at", "id")}
    below = {lower: upper for upper, (lower, _words) in pairs.items()}
    found = []
    for row in newest.values():
        if below.get(row.code) in newest:
            continue  # said with the upper one
        lower_code, label = pairs.get(row.code, ("", ""))
        lower = newest.get(lower_code)
        value = number_text(row.value) + (f"/{number_text(lower.value)}" if lower else "")
        at = when.clock_time(row.effective_at.astimezone(zone))
        known = str(SOURCES.get(row.source, ""))  # type: ignore[call-overload]
        found.append(_line(f"{label if lower else row.display}: {value} {shown.get(row.unit, row.unit)}", known, at))
    return found


# ------------------------------------------------------------------------------------------------- what the patient reads


@dataclass(frozen=True, slots=True)
class GoTo:
    """Where a patient is to go, how soon, what to take along, and what to do if it gets worse before. In her words."""

    emergency: bool
    where: str
    how_soon: str
    travel: str
    place: str
    bring: tuple[str, ...]
    if_worse: tuple[str, ...]


def go_to(found: Sequence[Transfer], *, with_words: bool = True) -> GoTo | None:
    """Return where a patient is to go, of what her encounter turned into; nothing for none, or where it is settled.

    ``with_words``: also what the clinician wrote for her, for who has shown who she is.
    """
    transfer = governing(found)
    if transfer is None or transfer.outcome == TransferOutcome.NOT_NEEDED:
        return None
    emergency = transfer.kind == TransferKind.EMERGENCY
    destination = transfer.destination
    return GoTo(
        emergency=emergency,
        where=words_of(_HERS_WHERE, destination),
        how_soon=words_of(_HERS_SOON, transfer.how_soon),
        travel=words_of(_HERS_TRAVEL, transfer.travel),
        place=transfer.place_name,
        bring=() if emergency else (*_bring(destination), *(_lines(transfer.bring) if with_words else ())),
        if_worse=(*_worse(emergency), *(_lines(transfer.if_worse) if with_words else ())),
    )


def _lines(text: str) -> list[str]:
    return [line.strip(" -•\t") for line in text.splitlines() if line.strip(" -•\t")]


_HERS_WHERE: dict[str, Promise] = {
    Destination.EMERGENCY_DEPARTMENT: gettext_lazy("Go to the emergency room of a hospital."),
    Destination.URGENT_CARE: gettext_lazy("Go to an urgent care center."),
    Destination.OUR_CLINIC: gettext_lazy("Come to our clinic."),
    Destination.OWN_DOCTOR: gettext_lazy("Go to see your own doctor."),
}
_HERS_SOON: dict[str, Promise] = {
    HowSoon.NOW: gettext_lazy("Go now. Don’t wait."),
    HowSoon.TODAY: gettext_lazy("Go today."),
    HowSoon.TOMORROW: gettext_lazy("Go by tomorrow."),
    HowSoon.DAYS: gettext_lazy("Go within the next few days."),
}
_HERS_TRAVEL: dict[str, Promise] = {
    Travel.AMBULANCE: gettext_lazy("An ambulance takes you."),
    Travel.DRIVEN: gettext_lazy("Let somebody drive you. Don’t drive yourself."),
    Travel.TAXI: gettext_lazy("Take a taxi or the bus. Don’t drive yourself."),
    Travel.ON_FOOT: gettext_lazy("You can walk there."),
    Travel.DRIVES: gettext_lazy("You can drive there yourself."),
}


def _bring(destination: str) -> tuple[str, ...]:
    found = (_("A card with your name and photo"), _("Your insurance card, if you have one"))
    if destination == Destination.OUR_CLINIC:
        return (*found, _("Your medicines, or a list of them"))
    return (*found, _("Your medicines, or a list of them"), _("This page, on paper or on your phone"))


def _worse(emergency: bool) -> tuple[str, ...]:
    if emergency:
        return (
            _("Is help not with you yet? Call 911 again. Keep your phone on."),
            _("Open the door, or let somebody open it. Don’t drive yourself."),
        )
    return (_("Does it get worse before you are there? Call 911. Don’t drive yourself."),)


def told_where_to_go(actor: Actor, encounter_id: UUID | None) -> GoTo | None:
    """Return where to go for the page on which a visit has ended: for the patient or who is in the visit for her.

    A browser may have come there by a link alone, so that nothing of what was written is shown; that stands in the summary.
    """
    if encounter_id is None:
        return None
    rows = Encounter.objects.select_related("appointment__patient", "appointment__service")
    encounter = rows.annotate(kept_transfers=kept_with("pk")).filter(id=encounter_id).first()
    if encounter is None or not policies.can_be_told_where_to_go(actor, encounter):
        return None
    return go_to(turned_into(encounter), with_words=False)
