"""A visit turns into an emergency or into care in person: what was done, who took over, what became of it. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from webside.audit.services import action, record
from webside.chart import policies, registry, selectors
from webside.chart.codes import Caller, Destination, HowSoon, TransferKind, TransferOutcome, Travel
from webside.chart.events import TransferClosed, TransferStarted
from webside.chart.models import Encounter, Transfer, TransferContact, TransferLink
from webside.chart.services.errors import Invalid, NotAllowed
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish

EMERGENCY_NUMBER = "911"
MOST_CONTACTS = 40
LONGEST = {"place": 240, "phone": 40, "number_called": 40, "place_name": 160, "why": 500, "done": 1000, "bring": 500,
           "if_worse": 500}  # fmt: skip
LONGEST_CONTACT = {"name": 160, "role": 80, "place": 160, "phone": 40, "words": 500}


@dataclass(frozen=True, slots=True)
class TransferDraft:
    """What somebody typed of a transfer. Times and codes are empty where she said nothing."""

    place: str = ""
    phone: str = ""
    number_called: str = ""
    called_by: str = ""
    called_at: datetime | None = None
    destination: str = ""
    place_name: str = ""
    how_soon: str = ""
    travel: str = ""
    why: str = ""
    done: str = ""
    bring: str = ""
    if_worse: str = ""


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """Who was asked to take over. ``reached``: she answered, and has the patient now."""

    reached: bool
    name: str = ""
    role: str = ""
    place: str = ""
    phone: str = ""
    words: str = ""


class SheetChanged(ValueError):
    """The sheet is not the one that the page showed; nothing was noted."""


@action("chart.transfer.emergency")
def declare_emergency(*, actor: Actor, encounter: Encounter) -> Transfer:
    """Note that a visit turned into an emergency, now: where she is and how she is called back go along from the check-in.

    Asks for nothing, ends nothing: the call goes on. That somebody called is another word (:func:`note_call`). Said twice
    it is said once. Raises :class:`NotAllowed`.
    """
    transfer = _start(actor, encounter, TransferKind.EMERGENCY, TransferDraft())
    _recorded("chart.transfer.emergency", actor, transfer)
    return transfer


@action("chart.transfer.call")
def note_call(*, actor: Actor, encounter: Encounter, transfer: Transfer, by: Caller = Caller.CLINICIAN) -> Transfer:
    """Note that the emergency number was called, now. The first word counts; :func:`change_transfer` corrects it."""
    transfer = locked_transfer(actor, encounter, transfer)
    _must_be_open(transfer)
    _must_be_emergency(transfer)
    if transfer.called_at is None:
        transfer.called_at, transfer.called_by = clock.now(), by.value
        transfer.number_called = transfer.number_called or EMERGENCY_NUMBER
        _changed(actor, transfer)
        transfer.save()
    _recorded("chart.transfer.call", actor, transfer, by=transfer.called_by)
    return transfer


@action("chart.transfer.in-person")
def send_in_person(*, actor: Actor, encounter: Encounter, draft: TransferDraft) -> Transfer:
    """Note that she is to be seen in person: where, how soon, why, how she gets there. Said twice it is said once.

    What was said the first time stands; :func:`change_transfer` changes it. Raises :class:`NotAllowed`, :class:`Invalid`.
    """
    _must_hold(TransferKind.IN_PERSON, draft)
    transfer = _start(actor, encounter, TransferKind.IN_PERSON, draft)
    _recorded("chart.transfer.in-person", actor, transfer)
    return transfer


def _start(actor: Actor, encounter: Encounter, kind: TransferKind, draft: TransferDraft) -> Transfer:
    if not policies.can_transfer(actor, encounter):
        raise NotAllowed
    lock(encounter)
    found = Transfer.objects.filter(encounter=encounter, kind=kind).exclude(outcome=TransferOutcome.MISTAKE).first()
    if found is not None:
        return found
    there = registry.whereabouts(encounter.id)
    made = Transfer(
        encounter=encounter, patient_id=encounter.patient_id, kind=kind, started_by=actor.label, started_at=clock.now()
    )
    _fill(made, draft)
    made.place = made.place or there.address[: LONGEST["place"]]
    made.phone = made.phone or there.phone[: LONGEST["phone"]]
    made.changed_at, made.changed_by = made.started_at, actor.label
    made.save()
    publish(TransferStarted(transfer_id=made.id))
    return made


@action("chart.transfer.change")
def change_transfer(*, actor: Actor, encounter: Encounter, transfer: Transfer, draft: TransferDraft) -> Transfer:
    """Write what is known by now. The same again changes nothing; an empty field takes no noted call back.

    Raises :class:`NotAllowed`, :class:`Invalid`.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    _must_be_open(transfer)
    _must_hold(TransferKind(transfer.kind), draft)
    before = _said(transfer)
    _fill(transfer, draft)
    changed = sorted(name for name, value in _said(transfer).items() if value != before[name])
    if changed:
        _changed(actor, transfer)
        transfer.save()
    _recorded("chart.transfer.change", actor, transfer, changed=changed)
    return transfer


@action("chart.transfer.help-there")
def note_help(*, actor: Actor, encounter: Encounter, transfer: Transfer, there: bool = True) -> Transfer:
    """Note that help is with her now, so that who stayed on the line may go; or take that back. Twice is once."""
    transfer = locked_transfer(actor, encounter, transfer)
    _must_be_open(transfer)
    _must_be_emergency(transfer)
    if (transfer.help_there_at is not None) is not there:
        transfer.help_there_at = clock.now() if there else None
        _changed(actor, transfer)
        transfer.save()
    _recorded("chart.transfer.help-there", actor, transfer, there=there)
    return transfer


@action("chart.transfer.contact")
def note_contact(
    *, actor: Actor, encounter: Encounter, transfer: Transfer, draft: ContactDraft, key: str
) -> TransferContact:
    """Note who took over, or that nobody could be reached. The same ``key`` again is the same word.

    Raises :class:`NotAllowed`, and :class:`Invalid` without a name or a place, or without words on why nobody was reached.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    found = TransferContact.objects.filter(transfer=transfer, client_key=key[:40]).first()
    if found is None:
        _must_be_open(transfer)
        _must_name(draft)
        if TransferContact.objects.filter(transfer=transfer).count() >= MOST_CONTACTS:
            raise Invalid({"": [_("That is more than can be kept here. Write the rest in the note.")]})
        found = TransferContact.objects.create(
            transfer=transfer, **{name: _stripped(value) for name, value in asdict(draft).items()}, by=actor.label,
            at=clock.now(), client_key=key[:40],
        )  # fmt: skip
        _changed(actor, transfer)
        transfer.save()
    _recorded("chart.transfer.contact", actor, transfer, reached=found.reached)
    return found


@action("chart.transfer.check")
def check_sheet(*, actor: Actor, encounter: Encounter, transfer: Transfer, digest: str) -> Transfer:
    """Note that somebody has read the sheet, as the page showed it (``digest``), and that it is right.

    Raises :class:`NotAllowed`, and :class:`SheetChanged` where it reads otherwise by now.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    sheet = selectors.sheet(actor, encounter, transfer)
    if sheet.digest != digest:
        raise SheetChanged
    transfer.checked_at, transfer.checked_by, transfer.checked_digest = clock.now(), actor.label, digest
    transfer.checked_sheet = sheet.to_keep()  # what each link that was sent ahead shows from now on
    transfer.save()
    _recorded("chart.transfer.check", actor, transfer)
    return transfer


@action("chart.transfer.close")
def close_transfer(
    *, actor: Actor, encounter: Encounter, transfer: Transfer, outcome: TransferOutcome, words: str = ""
) -> Transfer:
    """Note what became of it; from then on it is on nobody's list. Closed twice the first stands.

    ``MISTAKE``: it was pressed by mistake, and counts for nothing. Raises :class:`NotAllowed`, and :class:`Invalid` without
    words where she isn't there.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    said = words.strip()[:500]
    if outcome not in (TransferOutcome.ARRIVED, TransferOutcome.MISTAKE) and not said:
        raise Invalid({"words": [_("Write in a few words what happened, and how you know.")]})
    if transfer.closed_at is None:
        transfer.closed_at, transfer.closed_by = clock.now(), actor.label
        transfer.outcome, transfer.closing = outcome.value, said
        transfer.save()
        if outcome is TransferOutcome.MISTAKE:  # nobody is coming: what was sent ahead opens no more
            end_links(TransferLink.objects.filter(transfer=transfer), actor)
        publish(TransferClosed(transfer_id=transfer.id))
    _recorded("chart.transfer.close", actor, transfer, outcome=transfer.outcome)
    return transfer


@action("chart.transfer.reopen")
def reopen_transfer(*, actor: Actor, encounter: Encounter, transfer: Transfer) -> Transfer:
    """Take back that it is closed: it is on the list again. One that is open stays so.

    Raises :class:`Invalid` where one of the same kind was begun meanwhile.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    if transfer.closed_at is not None:
        others = Transfer.objects.filter(encounter=encounter, kind=transfer.kind).exclude(id=transfer.id)
        if others.exclude(outcome=TransferOutcome.MISTAKE).exists():
            raise Invalid({"": [_("Another one was begun meanwhile. Go on with that.")]})
        transfer.closed_at, transfer.closed_by, transfer.outcome, transfer.closing = None, "", "", ""
        transfer.save()
        publish(TransferStarted(transfer_id=transfer.id))
    _recorded("chart.transfer.reopen", actor, transfer)
    return transfer


# ----------------------------------------------------------------------------------------------------------- shared


def locked_transfer(actor: Actor, encounter: Encounter, transfer: Transfer) -> Transfer:
    """Return a transfer of an encounter, locked and read anew. Raises :class:`NotAllowed`."""
    if transfer.encounter_id != encounter.id or not policies.can_transfer(actor, encounter):
        raise NotAllowed
    lock(encounter)
    return Transfer.objects.get(id=transfer.id)


def end_links(found: QuerySet[TransferLink], actor: Actor) -> None:
    """Let links that were sent ahead open nothing any more; those that are over already stay as they are."""
    now = clock.now()
    found.filter(ended_at=None).update(ended_at=now, ended_by=actor.label, updated_at=now)


def _must_be_open(transfer: Transfer) -> None:
    if transfer.closed_at is not None:
        raise Invalid({"": [_("This is closed. Open it again first.")]})


def _must_be_emergency(transfer: Transfer) -> None:
    if transfer.kind != TransferKind.EMERGENCY:
        raise Invalid(
            {"": [_("That belongs to an emergency. For care in person, note whether the patient got there.")]}
        )


def _must_hold(kind: TransferKind, draft: TransferDraft) -> None:
    """Refuse codes that there are none of, texts that are too long, and care in person that doesn't say where and why."""
    errors: dict[str, list[str]] = {}
    vocabularies = {"called_by": Caller, "destination": Destination, "how_soon": HowSoon, "travel": Travel}
    for name, words in vocabularies.items():
        value = getattr(draft, name)
        if value and value not in list(words):  # type: ignore[call-overload]
            errors[name] = [_("Choose one of these.")]
    errors |= _too_long(draft, LONGEST)
    if kind is TransferKind.IN_PERSON:
        wanted = {
            "destination": _("Choose where the patient goes."),
            "how_soon": _("Choose how soon."),
            "why": _("Write why, for who sees the patient there."),
        }
        errors |= {name: [text] for name, text in wanted.items() if not getattr(draft, name).strip()}
    if errors:
        raise Invalid(errors)


def _must_name(draft: ContactDraft) -> None:
    errors = _too_long(draft, LONGEST_CONTACT)
    if draft.reached and not draft.name.strip():
        errors["name"] = [_("Write the name of who took over.")]
    if not draft.reached and not (draft.words.strip() or draft.place.strip()):
        errors["words"] = [_("Write whom you tried, and what happened.")]
    if errors:
        raise Invalid(errors)


def _too_long(draft: TransferDraft | ContactDraft, longest: Mapping[str, int]) -> dict[str, list[str]]:
    return {
        name: [_("Write at most %(number)d signs.") % {"number": most}]
        for name, most in longest.items()
        if len(getattr(draft, name)) > most
    }


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


_IN_PERSON_ONLY = ("destination", "place_name", "how_soon", "travel", "bring")
_EMERGENCY_ONLY = ("number_called", "called_by", "called_at")


def _names(kind: str) -> Iterable[str]:
    """Return what is said of a transfer of a kind."""
    left_out = _IN_PERSON_ONLY if kind == TransferKind.EMERGENCY else _EMERGENCY_ONLY
    return [field.name for field in fields(TransferDraft) if field.name not in left_out]


def _fill(transfer: Transfer, draft: TransferDraft) -> None:
    values, was = asdict(draft), transfer.called_at
    for name in _names(transfer.kind):
        if values[name] or name not in _EMERGENCY_ONLY:  # that somebody called is not taken back by an empty field
            setattr(transfer, name, _stripped(values[name]))
    if (
        was is not None
        and transfer.called_at is not None
        and was.replace(second=0, microsecond=0) == transfer.called_at
    ):
        transfer.called_at = was  # a form knows no seconds


def _said(transfer: Transfer) -> dict[str, object]:
    return {name: getattr(transfer, name) for name in _names(transfer.kind)}


def _changed(actor: Actor, transfer: Transfer) -> None:
    transfer.changed_at, transfer.changed_by = clock.now(), actor.label


def _recorded(name: str, actor: Actor, transfer: Transfer, **changes: object) -> None:
    """Write the trail: which kind, and the names of what was changed; never the words."""
    record(
        name, actor=actor, target=transfer, patient_id=transfer.patient_id, ground="treating",
        changes={"kind": str(transfer.kind), **changes},
    )  # fmt: skip
