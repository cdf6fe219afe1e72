"""Asking the law about real people; licences, consents, and the trail as its officer reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.audit import sentences
from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent, Seal, SealedRow
from webside.audit.selectors import trail
from webside.compliance import registry
from webside.compliance.codes import PASSING, LicenceStatus, LicenceType, Modality, ReasonCode, ServiceKind
from webside.compliance.models import Consent, ConsentText, Credentialing, Licence
from webside.compliance.rules.facts import (
    ClinicianFacts,
    LicenceFacts,
    MayTreatAnswer,
    MayTreatFacts,
    PatientFacts,
    ServiceFacts,
)
from webside.compliance.rules.may_treat import may_treat as decide
from webside.compliance.rules.tables import table
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import array_of, instances
from webside.people import selectors as people
from webside.people.models import Patient, Practitioner

WARN_DAYS = 60
"""Licences that end within so many days are shown as ending soon."""
STEPS = ((8, "danger"), (30, "warning"), (WARN_DAYS, "info"))
"""How loudly an end is said: so many days before it, in this tone."""
LOOK_AGAIN_DAYS = 31
"""Exclusion lists are published every month (OIG, Special Advisory Bulletin of 8 May 2013)."""

LICENCE_TYPES: dict[str, str | Promise] = {
    LicenceType.FULL: gettext_lazy("Full licence"),
    LicenceType.COMPACT_PRIVILEGE: gettext_lazy("Compact privilege"),
    LicenceType.TELEHEALTH_REGISTRATION: gettext_lazy("Telehealth registration"),
}
LICENCE_STATUSES: dict[str, str | Promise] = {
    LicenceStatus.ACTIVE: gettext_lazy("Active"),
    LicenceStatus.PROBATION: gettext_lazy("On probation"),
    LicenceStatus.SUSPENDED: gettext_lazy("Suspended"),
    LicenceStatus.REVOKED: gettext_lazy("Revoked"),
    LicenceStatus.LAPSED: gettext_lazy("Lapsed"),
}


class Service(Protocol):
    """What of a service the law asks: its kind and how it is given."""

    @property
    def kind(self) -> str: ...

    @property
    def modality(self) -> str: ...


# ------------------------------------------------------------------------------------------ the law


def age_on(born: date, on: date) -> int:
    """Return the age in whole years on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def active_consents(patient: Patient) -> set[str]:
    """Return the scopes that the patient agrees to now."""
    return set(Consent.objects.filter(patient=patient, status="active").values_list("scope", flat=True))


def current_text(scope: str) -> ConsentText | None:
    """Return the words that people agree to today."""
    today = clock.now().date()
    return ConsentText.objects.filter(scope=scope, effective_from__lte=today).order_by("-effective_from").first()


def licence_facts(licence: Licence) -> dict[str, Any]:
    """Return a licence in the words of the rule."""
    return {
        "state": licence.state,
        "type": licence.licence_type,
        **({"compact": licence.compact} if licence.compact else {}),
        "status": licence.status,
        "from": licence.period_start.isoformat(),
        **({"to": licence.period_end.isoformat()} if licence.period_end else {}),
    }


def facts_of(licence: Licence) -> LicenceFacts:
    """Return a licence as the rule's own type."""
    return msgspec.convert(licence_facts(licence), LicenceFacts)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What compliance has on record for a question of law: clinicians by their id, and a patient's consents."""

    clinicians: Mapping[UUID, ClinicianFacts]
    consents: frozenset[str] = frozenset()


def on_record(practitioners: Iterable[Practitioner], patient: Patient | None = None) -> OnRecord:
    """Return what is on record about practitioners and a patient, in one query for all of them.

    What is not on record stays absent. Without a practitioner nothing is read.
    """
    held = Licence.objects.filter(practitioner=OuterRef("pk")).order_by("id")
    found = (
        Practitioner.objects.filter(id__in={each.id for each in practitioners})
        .select_related("credentialing")
        .annotate(held=array_of(held))
    )
    if patient is not None:
        agreed = Consent.objects.filter(patient=patient, status="active")
        found = found.annotate(agreed=ArraySubquery(agreed.values("scope")))
    rows = list(found)
    return OnRecord(
        clinicians={row.id: _clinician(row) for row in rows},
        consents=frozenset(rows[0].agreed) if patient is not None and rows else frozenset(),  # type: ignore[attr-defined]
    )


def _clinician(row: Any) -> ClinicianFacts:
    credentialing: Credentialing | None = getattr(row, "credentialing", None)
    facts: dict[str, Any] = {
        "profession": row.profession,
        "licences": [licence_facts(licence) for licence in instances(Licence, row.held)],
        "excluded": credentialing.excluded if credentialing else None,
        "credentialed_until": credentialing.credentialed_until if credentialing else None,
        "home_state": row.home_state or None,
    }
    return msgspec.convert({name: value for name, value in facts.items() if value is not None}, ClinicianFacts)


def facts_for(
    record: OnRecord,
    *,
    practitioner: Practitioner,
    patient: Patient | None,
    service: Service,
    state: str,
    at: datetime,
    consents: Iterable[str] = (),
    guardian_present: bool | None = None,
) -> MayTreatFacts:
    """Return the facts of ``compliance.may_treat`` from what :func:`on_record` read; asks the database nothing.

    Raises :class:`KeyError` for a practitioner of whom nothing was read.
    """
    person: dict[str, Any] = {"state": state or None, "consents": sorted({*consents})}
    if patient is not None:
        person |= {
            "age": age_on(patient.birth_date, at.date()),
            "consents": sorted({*consents, *record.consents}),
        }
        if guardian_present is not None:
            person["guardian_present"] = guardian_present
    return MayTreatFacts(
        on=at.isoformat(),
        service=ServiceFacts(kind=ServiceKind(service.kind), modality=Modality(service.modality)),
        clinician=record.clinicians[practitioner.id],
        patient=msgspec.convert({key: value for key, value in person.items() if value is not None}, PatientFacts),
    )


def may_treat(
    *,
    practitioner: Practitioner,
    patient: Patient | None,
    service: Service,
    state: str,
    at: datetime,
    consents: Iterable[str] = (),
    guardian_present: bool | None = None,
) -> MayTreatAnswer:
    """Ask ``compliance.may_treat`` about real people. ``consents`` are given in the same step, on top of those kept."""
    return decide(
        facts_for(
            on_record([practitioner], patient),
            practitioner=practitioner,
            patient=patient,
            service=service,
            state=state,
            at=at,
            consents=consents,
            guardian_present=guardian_present,
        )
    )


def licensed_states(practitioner: Practitioner, on: date) -> set[str]:
    """Return the states of a practitioner's licences in force on a day (what the law makes of them is the rule's)."""
    held = Licence.objects.filter(practitioner=practitioner, status="active", period_start__lte=on)
    return set(held.filter(Q(period_end=None) | Q(period_end__gte=on)).values_list("state", flat=True))


def states() -> list[tuple[str, str]]:
    """Return the jurisdictions that the rules know, as (code, name) in the order of their names."""
    rows = table("jurisdictions").in_force(clock.now().date())
    return sorted(((row["state"], row["name"]) for row in rows), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may treat an adult by video: now, and with a licence more. Names of states.

    ``answer`` is the rule's answer for the licence's own state: what refuses, or what makes it good.
    """

    now: list[str]
    added: list[str]
    lost: list[str]
    answer: MayTreatAnswer
    state: str


@dataclass(frozen=True, slots=True)
class _Visit:
    kind: str = ServiceKind.TELEMEDICINE
    modality: str = Modality.VIDEO


def _about_the_licence(answer: MayTreatAnswer) -> MayTreatAnswer:
    """Leave only what refuses, or, where nothing does, what the licence itself is good for."""
    refusing = [reason for reason in answer.reasons if reason.code not in PASSING]
    licence = [reason for reason in answer.reasons if reason.code == ReasonCode.LICENCE_VALID]
    return msgspec.structs.replace(answer, reasons=refusing or licence)


GROWN_UP = 40
"""The age of the patient that nobody knows yet, when the reach of a licence is asked."""


def reach(practitioner: Practitioner, *, licence: LicenceFacts, instead_of: Licence | None = None) -> Reach:
    """Return what a licence would allow, asked of the rule for every state; nothing is kept.

    It is asked for today, or for the licence's first day if that is still to come.
    """
    today = clock.now().date()
    on = max(today, licence.from_ or today)
    moment = datetime.combine(on, time(12), tzinfo=ZoneInfo("UTC"))
    held = Licence.objects.filter(practitioner=practitioner)
    record = on_record([practitioner])
    clinician = record.clinicians[practitioner.id]
    facts = facts_for(record, practitioner=practitioner, patient=None, service=_Visit(), state="", at=moment)
    others = [facts_of(each) for each in held if instead_of is None or each.id != instead_of.id]
    then = msgspec.structs.replace(clinician, licences=[*others, licence])

    def asked(who: ClinicianFacts, state: str) -> MayTreatAnswer:
        person = PatientFacts(state=state, age=GROWN_UP, consents=["telehealth"])
        return decide(msgspec.structs.replace(facts, on=on.isoformat(), clinician=who, patient=person))

    before = {name for code, name in states() if asked(clinician, code).allowed}
    after = {name for code, name in states() if asked(then, code).allowed}
    return Reach(
        now=sorted(before),
        added=sorted(after - before),
        lost=sorted(before - after),
        answer=_about_the_licence(asked(then, licence.state or "")),
        state=dict(states()).get(licence.state or "", licence.state or ""),
    )


# ---------------------------------------------------------------------------------------- licences


def _zone(licence: Licence) -> ZoneInfo:
    """Return the clock that ends a licence: the one of its state that is ahead.

    In a state with two zones the rule wants a licence to be good on both local days.
    """
    row = table("jurisdictions").one(clock.now().date(), state=licence.state)
    zones = [ZoneInfo(name) for name in (row["zones"] if row else ())]
    if not zones or licence.period_end is None:
        return ZoneInfo(licence.practitioner.timezone or "UTC")
    midnight = datetime.combine(licence.period_end + timedelta(days=1), time())
    return min(zones, key=lambda zone: midnight.replace(tzinfo=zone).timestamp())


def ends_at(licence: Licence) -> datetime | None:
    """Return the first moment at which a licence no longer counts: the midnight after its last day, in its state."""
    if licence.period_end is None:
        return None
    return datetime.combine(licence.period_end + timedelta(days=1), time(), tzinfo=_zone(licence))


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """A licence as its page shows it. ``days`` counts to the last day, which still holds; negative: over.

    ``booked``: appointments beyond the last day; None where nobody can say.
    """

    licence: Licence
    state: str
    kind: str
    status: str
    days: int | None
    tone: str
    booked: int | None

    @property
    def over(self) -> bool:
        """Whether the last day has passed."""
        return self.days is not None and self.days < 0


def _row(licence: Licence, names: dict[str, str], booked: int | None) -> LicenceRow:
    days = (licence.period_end - clock.now().astimezone(_zone(licence)).date()).days if licence.period_end else None
    tone = ""
    if licence.status != LicenceStatus.ACTIVE:
        tone = "danger"
    elif days is not None:
        tone = next((tone for within, tone in STEPS if days <= within), "")
    return LicenceRow(
        licence=licence,
        state=names.get(licence.state, licence.state),
        kind=" ".join(filter(None, (str(LICENCE_TYPES.get(licence.licence_type, licence.licence_type)),
                                    licence.compact))),
        status=str(LICENCE_STATUSES.get(licence.status, licence.status)),
        days=days,
        tone=tone,
        booked=booked,
    )  # fmt: skip


def licences(actor: Actor) -> QuerySet[Licence]:
    """Return the tenant's licences, the one that ends first on top."""
    return Licence.objects.select_related("practitioner").order_by("period_end", "practitioner__family", "state")


def licence_rows(found: Iterable[Licence]) -> list[LicenceRow]:
    """Return licences as their page shows them, in the same order."""
    kept = list(found)
    names = dict(states())
    booked = registry.booked_beyond(kept)
    return [_row(each, names, None if booked is None else booked.get(each.id, 0)) for each in kept]


def licences_ending(actor: Actor, *, within_days: int = WARN_DAYS) -> QuerySet[Licence]:
    """Return active licences that end within so many days, or have ended in the last thirty."""
    today = clock.now().date()
    return licences(actor).filter(
        status="active",
        practitioner__active=True,
        period_end__gte=today - timedelta(days=30),
        period_end__lte=today + timedelta(days=within_days),
    )


@dataclass(frozen=True, slots=True)
class Colleague:
    """A practitioner with the clinic's own check of them. ``look_again``: the exclusion lists are due."""

    practitioner: Practitioner
    credentialing: Credentialing | None
    licences: int
    over: bool
    look_again: bool


def colleagues(actor: Actor) -> list[Colleague]:
    """Return the clinic's practitioners with their credentialing, by name."""
    found = list(people.practitioners(actor).annotate(held=Count("licences")).select_related("credentialing"))
    today = clock.now().date()
    rows = []
    for each in found:
        kept: Credentialing | None = getattr(each, "credentialing", None)
        checked = kept.exclusion_checked_at if kept else None
        until = kept.credentialed_until if kept else None
        rows.append(
            Colleague(
                practitioner=each,
                credentialing=kept,
                licences=each.held,  # type: ignore[attr-defined]
                over=until is not None and until < today,
                look_again=checked is None or (today - checked.date()).days > LOOK_AGAIN_DAYS,
            )
        )
    return rows


# ---------------------------------------------------------------------------------------- consents

CONSENT_FILTERS = ("everything", "standing", "visit", "withdrawn")


def consents_of(patient: Patient) -> QuerySet[Consent]:
    """Return what a patient agreed to and took back, newest first."""
    return Consent.objects.filter(patient=patient).select_related("text").order_by("-given_at")


def consents(actor: Actor, chosen: str = "everything") -> QuerySet[Consent]:
    """Return consents of the clinic's patients, newest first: all, standing ones, of one visit, taken back."""
    found = Consent.objects.select_related("patient", "text").order_by("-given_at", "-id")
    if chosen == "standing":
        return found.filter(status="active", visit_id=None)
    if chosen == "visit":
        return found.filter(status="active").exclude(visit_id=None)
    if chosen == "withdrawn":
        return found.exclude(withdrawn_at=None)
    return found


def consents_after(found: QuerySet[Consent], last_id: UUID | None) -> QuerySet[Consent]:
    """Return what follows a consent in the order of :func:`consents`."""
    last = Consent.objects.filter(id=last_id).first() if last_id else None
    if last is None:
        return found
    return found.filter(Q(given_at__lt=last.given_at) | Q(given_at=last.given_at, id__lt=last.id))


def consent_counts() -> dict[str, int]:
    """Return how many consents each filter has."""
    return {
        name: int(number or 0)
        for name, number in Consent.objects.aggregate(
            everything=Count("id"),
            standing=Count("id", filter=Q(status="active", visit_id=None)),
            visit=Count("id", filter=Q(status="active", visit_id__isnull=False)),
            withdrawn=Count("id", filter=Q(withdrawn_at__isnull=False)),
        ).items()
    }


def consents_withdrawn(*, within_days: int = 30) -> int:
    """Return how many consents were taken back in the last days."""
    return Consent.objects.filter(withdrawn_at__gte=clock.now() - timedelta(days=within_days)).count()


# --------------------------------------------------------------------------------------- the trail

OVERRIDE = "catalog.gate.override"
REVIEW = "compliance.override.review"
CHECK = "compliance.trail.verify"
SHARED = r"\.(export|download|send|share|disclose)$"
"""Endings of actions by which something left Webside."""
COUNTED = 10_000
"""Filters count among so many newest entries; beyond, they say so."""
FOLD_WITHIN = timedelta(minutes=15)
LATE_SECONDS = 10
"""The sealer's heartbeat is late after so long."""

_FILTERS: dict[str, Q] = {
    "everything": Q(),
    "looked": Q(kind="R", outcome="0"),
    "changed": Q(kind__in=["C", "U", "D"], outcome="0") & ~Q(actor_kind="system"),
    "shared": Q(action__regex=SHARED, outcome="0"),
    "overrides": Q(action=OVERRIDE),
    "refused": Q(outcome="4"),
}
TRAIL_FILTERS = tuple(_FILTERS)
VERDICT_NAMES: dict[str, str | Promise] = {
    "justified": gettext_lazy("Justified"),
    "ask": gettext_lazy("To be asked about"),
    "incident": gettext_lazy("Incident"),
}
_ICONS = {"R": "eye", "C": "plus", "U": "pen", "D": "minus", "E": "check"}


def audit_of_patient(actor: Actor) -> QuerySet[AuditEvent]:
    """Return who looked at and changed the record of the patient that the actor is, newest first."""
    patient = people.patient_of(actor)
    if patient is None:
        return AuditEvent.objects.none()
    return trail(patient_id=patient.id).exclude(actor_kind="system")


def filtered_trail(
    chosen: str, *, patient_id: UUID | None = None, who: UUID | None = None, until: datetime | None = None
) -> QuerySet[AuditEvent]:
    """Return the trail that a filter names; of one patient's record, by one person, before a moment."""
    events = trail(patient_id=patient_id).filter(_FILTERS[chosen])
    if who is not None:
        events = events.filter(actor_id=who)
    return events.filter(at__lt=until) if until is not None else events


def trail_counts(*, patient_id: UUID | None = None, who: UUID | None = None) -> dict[str, int]:
    """Return how many entries each filter has among the :data:`COUNTED` newest."""
    newest = filtered_trail("everything", patient_id=patient_id, who=who)[:COUNTED]
    counted = newest.aggregate(**{name: Count("id", filter=chosen) for name, chosen in _FILTERS.items()})
    return {name: int(number or 0) for name, number in counted.items()}


@dataclass(slots=True)
class Entry:
    """A line of the trail. Looks that follow each other are folded into one: ``times``, since ``first_at``."""

    event: AuditEvent
    sentence: str
    icon: str
    patient: str
    times: int = 1
    first_at: datetime | None = None
    roles: str = ""
    source: str = ""

    @property
    def at(self) -> datetime:
        """When it happened, last."""
        return self.event.at

    @property
    def day(self) -> date:
        """The day that it happened, on the clinic's calendar."""
        return timezone.localtime(self.event.at).date()

    @property
    def tone(self) -> str:
        """How it stands out: ``danger`` if it was refused, ``warning`` if somebody went past a check."""
        if self.event.outcome == Outcome.REFUSED:
            return "danger"
        return "warning" if self.event.action == OVERRIDE else ""

    @property
    def ground(self) -> str:
        """By what right, in words."""
        if self.event.action == OVERRIDE:
            return ""  # its ground is the gate, which stands in the line itself
        return str(VERDICT_NAMES.get(self.event.ground, self.event.ground))

    @property
    def did(self) -> str:
        """What was done, and to what."""
        if self.event.action == OVERRIDE:
            return _("the check “%(gate)s”") % {"gate": gate_name(self.event.ground)}
        label = self.event.target_label
        return f"{self.sentence}: {label}" if label else self.sentence

    def takes(self, event: AuditEvent) -> bool:
        """Whether ``event``, the next older one, is the same look once more."""
        same = ("actor_id", "actor_label", "action", "outcome", "patient_id", "target_id", "ground", "remote")
        return (
            event.kind == "R"
            and all(getattr(event, name) == getattr(self.event, name) for name in same)
            and (self.first_at or self.event.at) - event.at <= FOLD_WITHIN
        )


def entries(events: Sequence[AuditEvent]) -> list[Entry]:
    """Return rows of the trail as lines to read. Nothing is left out: folded looks are counted."""
    names = patients_named(event.patient_id for event in events if event.patient_id)
    found: list[Entry] = []
    for event in events:
        if found and found[-1].takes(event):
            found[-1].times += 1
            found[-1].first_at = event.at
            continue
        found.append(
            Entry(
                event=event,
                sentence=sentences.sentence(event.action),
                icon="send" if re.search(SHARED, event.action) else _ICONS.get(event.kind, "check"),
                patient=names.get(event.patient_id, "") if event.patient_id else "",
                roles=event.actor_roles.replace(" ", ", ") or event.actor_kind,
                source=event.remote,
            )
        )
    return found


def gate_name(code: str) -> str:
    """Return a gate's code as words. The gates belong to a higher app; their codes are English words."""
    return code.replace("_", " ").replace("-", " ")


def disclosed_since() -> tuple[datetime, datetime]:
    """Return the six years that an account of disclosures covers (45 CFR 164.528(a)(1)), up to now."""
    now = clock.now()
    return now - timedelta(days=6 * 366), now


def disclosures(patient_id: UUID, since: datetime) -> list[AuditEvent]:
    """Return what of a patient's record left Webside since then, newest first."""
    return list(filtered_trail("shared", patient_id=patient_id).filter(at__gte=since))


def patients_named(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of patients by their ids, for the trail."""
    wanted = set(ids)
    return {patient.id: patient.full_name for patient in Patient.objects.filter(id__in=wanted)} if wanted else {}


def patients_matching(actor: Actor, words: str, limit: int = 12) -> list[Patient]:
    """Return patients by the beginning of their names or by record number."""
    found = people.visible_patients(actor)
    for word in words.split()[:4]:
        found = found.filter(Q(family__istartswith=word) | Q(given__istartswith=word) | Q(record_number__iexact=word))
    return list(found[:limit]) if words.strip() else []


@dataclass(slots=True)
class Override:
    """Somebody went on past a gate: who, why, and what compliance made of it.

    ``verdict`` is the newest review ("": none yet; ``ask`` is still open); ``around`` is what the same
    patient's trail holds of the same hours.
    """

    event: AuditEvent
    verdict: str
    review: AuditEvent | None
    patient: str
    around: list[Entry] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether compliance has still to make up its mind."""
        return self.verdict in ("", "ask")

    @property
    def gate(self) -> str:
        """The gate's name for people."""
        return gate_name(self.event.ground)

    @property
    def said(self) -> str:
        """What the check had said."""
        return str(self.event.changes.get("said", ""))


AROUND = timedelta(hours=3)
OVERRIDES_SHOWN = 200


def _overrides() -> QuerySet[Any]:
    reviews = trail().filter(action=REVIEW, target_id=OuterRef("id"))
    return (
        trail()
        .filter(action=OVERRIDE)
        .exclude(changes__repeated=True)
        .annotate(
            verdict=Coalesce(Subquery(reviews.values("ground")[:1]), Value(""), output_field=CharField()),
            review_id=Subquery(reviews.values("id")[:1]),
        )
    )


def overrides_to_review() -> int:
    """Return how many overrides wait for compliance."""
    return _overrides().filter(verdict__in=["", "ask"]).count()


def overrides() -> list[Override]:
    """Return overrides with their reviews, those that wait for one first, newest first."""
    events = list(_overrides()[:OVERRIDES_SHOWN])
    reviews = {row.id: row for row in trail().filter(id__in=[each.review_id for each in events if each.review_id])}  # type: ignore[attr-defined]
    names = patients_named(event.patient_id for event in events if event.patient_id)
    found = [
        Override(
            event=event,
            verdict=event.verdict,  # type: ignore[attr-defined]
            review=reviews.get(event.review_id),  # type: ignore[attr-defined]
            patient=names.get(event.patient_id, "") if event.patient_id else "",
        )
        for event in events
    ]
    _look_around([row for row in found if row.is_open])
    return sorted(found, key=lambda row: not row.is_open)


def _look_around(rows: list[Override]) -> None:
    """Give each override what people did with the patient in the same hours, without looks at pages."""
    rows = [row for row in rows if row.event.patient_id]
    if not rows:
        return
    wanted = Q()
    for row in rows:
        wanted |= Q(patient_id=row.event.patient_id, at__range=(row.event.at - AROUND, row.event.at + AROUND))
    nearby = entries(
        list(
            trail()
            .filter(wanted, outcome="0")
            .exclude(Q(kind="R") | Q(actor_kind="system") | Q(action__in=[OVERRIDE, REVIEW]))[:500]
        )
    )
    for row in rows:
        near = [
            entry
            for entry in nearby
            if entry.event.patient_id == row.event.patient_id
            and abs(entry.at - row.event.at) <= AROUND
            # The same step is noted by the app that offered it, a moment later.
            and not (entry.event.reason and entry.event.reason == row.event.reason)
        ]
        near.sort(key=lambda entry: abs(entry.at - row.event.at))
        row.around = sorted(near[:6], key=lambda entry: entry.at)


def override_event(override_id: UUID) -> AuditEvent | None:
    """Return the trail's entry of an override by its own id or by that of the override."""
    return trail().filter(Q(id=override_id) | Q(target_id=override_id), action=OVERRIDE).order_by("sequence").first()


@dataclass(frozen=True, slots=True)
class TrailState:
    """How the trail stands: its last check, its newest seal, and how long the oldest entry waits for one."""

    checked: AuditEvent | None
    sealed_at: datetime | None
    seal: int
    head: str
    waiting_seconds: float

    @property
    def faults(self) -> int:
        """How many faults the last check found."""
        return int(self.checked.changes.get("faults", 0)) if self.checked else 0

    @property
    def is_old(self) -> bool:
        """Whether the hourly check has not come for two hours."""
        return self.checked is None or clock.now() - self.checked.at > timedelta(hours=2)

    @property
    def is_late(self) -> bool:
        """Whether entries wait longer for their seal than the heartbeat allows."""
        return self.waiting_seconds > 10


def last_check() -> AuditEvent | None:
    """Return the newest check of this tenant's trail."""
    return trail().filter(action=CHECK).first()


def trail_state() -> TrailState:
    """Return how the trail stands."""
    seal = Seal.objects.order_by("-number").defer("row_digests").first()
    sealed = Exists(SealedRow.objects.filter(event_id=OuterRef("id")))
    after = Q(transaction__gte=seal.last_transaction) if seal else Q()
    waiting = trail().filter(after).exclude(sealed).order_by("at").values_list("at", flat=True).first()
    digest = bytes(seal.digest).hex()[:16] if seal else ""
    return TrailState(
        checked=last_check(),
        sealed_at=seal.sealed_at if seal else None,
        seal=seal.number if seal else 0,
        head=" ".join(digest[start : start + 4] for start in range(0, len(digest), 4)),
        waiting_seconds=(clock.now() - waiting).total_seconds() if waiting else 0.0,
    )
