"""Reading the record. The first argument is the actor wherever somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.catalog import gates
from webside.catalog.codes import Kind
from webside.catalog.gates import Case, Finding, Moment
from webside.chart import policies
from webside.chart.codes import (
    ClinicalStatus,
    ConditionCategory,
    DecisionMaking,
    EncounterStatus,
    ListCode,
    MedicationStatus,
    NotePart,
    NoteStatus,
    SummaryPart,
)
from webside.chart.models import (
    AllergyIntolerance,
    Condition,
    DiagnosisCode,
    Encounter,
    List,
    MedicationStatement,
    Note,
    NoteAddendum,
    Observation,
)
from webside.chart.policies import Scope
from webside.chart.rules import diagnosis_words, vitals
from webside.core import clock
from webside.core.actor import Actor
from webside.core.dated import load
from webside.core.models import Tenant
from webside.core.rows import array_of, instances
from webside.people import selectors as people
from webside.people.models import Patient
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment

TIMELINE = 20
READINGS_SHOWN = 12
FOUND_AT_MOST = 12
BROADEST = 1500

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


# ------------------------------------------------------------------------------------------- encounters


def _encounters() -> QuerySet[Encounter]:
    return Encounter.objects.select_related(
        "tenant", "patient", "practitioner", "service", "appointment", "note__signed_by"
    )


def encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose note the actor may read."""
    return policies.visible_encounters(actor, _encounters()).filter(id=encounter_id).first()


def encounter_of_visit(actor: Actor, visit_id: UUID) -> Encounter | None:
    """Return the encounter of a visit's room, if its note may be read by the actor."""
    return policies.visible_encounters(actor, _encounters()).filter(visit_id=visit_id).first()


ENCOUNTER, DIAGNOSES = "chart.encounter", "chart.diagnoses"
"""Names of the facts of ``Case`` that hold the encounter it is about, and its diagnoses."""


def encounter_in(case: Case) -> Encounter | None:
    """Return the encounter that a case is about, with its note, read once for all gates that ask.

    Whoever asks the gates has guarded it.
    """
    encounter_id = case.encounter_id
    if encounter_id is None:
        return None
    return case.once(ENCOUNTER, lambda: _encounters().filter(id=encounter_id).first())


def summary_encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose summary the actor may read."""
    return policies.visible_summaries(actor, _encounters()).filter(id=encounter_id).first()


def summaries_of(actor: Actor) -> QuerySet[Encounter]:
    """Return the encounters whose signed summary the patient can read, newest first."""
    found = policies.visible_summaries(actor, _encounters()).exclude(note__status=NoteStatus.PRELIMINARY)
    return found.order_by("-started_at")


def note_of(encounter: Encounter) -> Note | None:
    """Return the note of an encounter. The caller has guarded the encounter."""
    return Note.objects.filter(encounter=encounter).first()


def diagnoses_of(encounter: Encounter) -> list[Condition]:
    """Return the diagnoses of an encounter in their order."""
    return list(Condition.objects.filter(encounter=encounter).order_by("position", "created_at"))


def addenda_of(encounter: Encounter) -> list[NoteAddendum]:
    """Return what was added to a signed note, oldest first."""
    return list(NoteAddendum.objects.filter(note__encounter=encounter).select_related("author").order_by("added_at"))


def unsigned_notes(actor: Actor) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note waits for a signature, the oldest first."""
    if actor.user_id is None:
        return Encounter.objects.none()
    own = _encounters().filter(practitioner__user_id=actor.user_id, note__status=NoteStatus.PRELIMINARY)
    return own.exclude(status=EncounterStatus.CANCELLED).order_by("started_at")


def recent_encounters(actor: Actor, limit: int = 30) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note is signed, newest first."""
    if actor.user_id is None:
        return Encounter.objects.none()
    own = _encounters().filter(practitioner__user_id=actor.user_id).exclude(note__status=NoteStatus.PRELIMINARY)
    return own.order_by("-started_at")[:limit]


def takes_diagnoses(encounter: Encounter) -> bool:
    """Whether diagnoses belong to this encounter: telemedicine."""
    return encounter.service.kind == Kind.TELEMEDICINE


def ground_of(actor: Actor, encounter: Encounter) -> str:
    """Return by what right the actor looks at an encounter, for the trail."""
    if policies.is_author(actor, encounter):
        return "own encounter"
    return "own record" if actor.user_id == encounter.patient.user_id else "treating"


def clinic_zone(encounter: Encounter) -> str:
    """Return the time zone of the clinic of an encounter."""
    zone: str = encounter.tenant.timezone
    return zone


# ------------------------------------------------------------------------------------------------- note


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
    may_write = policies.can_write_note(actor, encounter) and encounter.note.status == NoteStatus.PRELIMINARY
    with_lists = takes_diagnoses(encounter) and policies.can_view_lists(actor)
    kept = kept_of(encounter.patient_id, encounter.id) if with_lists else None
    diagnoses = kept.diagnoses if kept is not None else diagnoses_of(encounter)
    return {
        "encounter": encounter,
        "note": encounter.note,
        "note_parts": parts_of(encounter, shown_parts(encounter)),
        "summary_parts": parts_of(encounter, SummaryPart),
        "may_write_note": may_write,
        "may_sign_note": policies.can_sign_note(actor, encounter),
        "may_add_addendum": policies.can_add_addendum(actor, encounter),
        "takes_diagnoses": takes_diagnoses(encounter),
        "diagnoses": diagnoses if takes_diagnoses(encounter) else [],
        "mdm_choices": list(MDM_LABELS.items()),
        "icd_release": newest_release_label(),
        "lists": lists_of(encounter.patient, kept) if kept is not None else None,
        "patient": encounter.patient,
        "may_change_lists": with_lists,
        # Names this page among the writers: see Note.saved_key.
        "note_key": uuid4().hex,
    }


# ------------------------------------------------------------------------------------------------ lists


@dataclass(frozen=True, slots=True)
class Trend:
    """The readings of one sign: the last one, and those before it for a small line."""

    code: str
    label: str
    value: str
    unit: str
    taken_at: datetime
    points: str
    values: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class ClinicalLists:
    """What lasts beyond one encounter. ``confirmed`` holds the confirmations by the list's code."""

    allergies: list[AllergyIntolerance]
    medications: list[MedicationStatement]
    past_medications: list[MedicationStatement]
    problems: list[Condition]
    trends: list[Trend]
    confirmed: Mapping[str, List]
    signs: list[vitals.VitalSign] = field(default_factory=list)

    @property
    def allergies_confirmed(self) -> List | None:
        """When allergies were asked for."""
        return self.confirmed.get(ListCode.ALLERGIES)

    @property
    def medications_confirmed(self) -> List | None:
        """When medicines were asked for."""
        return self.confirmed.get(ListCode.MEDICATIONS)

    @property
    def problems_confirmed(self) -> List | None:
        """When problems were asked for."""
        return self.confirmed.get(ListCode.PROBLEMS)

    @property
    def worst_allergy(self) -> AllergyIntolerance | None:
        """The allergy that stands in the banner: the most dangerous one."""
        rank = {"high": 0, "unable-to-assess": 1, "low": 2}
        return min(self.allergies, key=lambda row: rank.get(row.criticality, 1), default=None)


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of a patient's record that lists are made of, and the diagnoses of one encounter, as they were read."""

    allergies: list[AllergyIntolerance]
    medications: list[MedicationStatement]
    problems: list[Condition]
    readings: list[Observation]
    confirmed: list[List]
    diagnoses: list[Condition]


def kept_of(patient_id: UUID, encounter_id: UUID | None = None) -> Kept:
    """Return what is kept about a patient, in one query however much it is. The caller has guarded the chart."""
    own = {"patient": OuterRef("pk")}
    number = Window(RowNumber(), partition_by=[F("code"), F("unit")], order_by=F("effective_at").desc())
    newest = Observation.objects.filter(**own).annotate(number=number).filter(number__lte=READINGS_SHOWN)
    problems = Condition.objects.filter(
        **own, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    )
    diagnoses = Condition.objects.filter(**own, encounter_id=encounter_id).order_by("position", "created_at")
    row: Any = Patient.objects.annotate(
        kept_allergies=array_of(
            AllergyIntolerance.objects.filter(**own, clinical_status=ClinicalStatus.ACTIVE).order_by("substance")
        ),
        kept_medications=array_of(MedicationStatement.objects.filter(**own).order_by("-ended_on", "medication")),
        kept_problems=array_of(problems.order_by("position", "onset_date", "display")),
        kept_readings=array_of(newest.order_by("effective_at")),
        kept_lists=array_of(List.objects.filter(**own)),
        **({"kept_diagnoses": array_of(diagnoses)} if encounter_id else {}),
    ).get(id=patient_id)
    return Kept(
        allergies=instances(AllergyIntolerance, row.kept_allergies),
        medications=instances(MedicationStatement, row.kept_medications),
        problems=instances(Condition, row.kept_problems),
        readings=instances(Observation, row.kept_readings),
        confirmed=instances(List, row.kept_lists),
        diagnoses=instances(Condition, row.kept_diagnoses) if encounter_id else [],
    )


def lists_of(patient: Patient, kept: Kept | None = None) -> ClinicalLists:
    """Return the clinical lists of a patient. The caller has checked that the actor may see them."""
    kept = kept or kept_of(patient.id)
    return ClinicalLists(
        allergies=kept.allergies,
        medications=[row for row in kept.medications if row.status == MedicationStatus.ACTIVE],
        past_medications=[row for row in kept.medications if row.status != MedicationStatus.ACTIVE],
        problems=kept.problems,
        trends=_trends(kept.readings),
        confirmed={row.code: row for row in kept.confirmed},
        signs=vitals.signs(clock.now().date()),
    )


def _trends(readings: Iterable[Observation]) -> list[Trend]:
    """Return the newest readings of each sign, in the order in which signs are entered."""
    groups: dict[tuple[str, str], list[Observation]] = {}
    for row in readings:
        groups.setdefault((row.code, row.unit), []).append(row)
    order = {row["loinc"]: place for place, row in enumerate(vitals.table().rows)}
    shown = {row["ucum"]: row["unit"] for row in vitals.table().rows}
    found = [_trend(rows, shown.get(unit, unit)) for (_, unit), rows in groups.items()]
    found = _with_pairs(found)
    return sorted(found, key=lambda trend: (order.get(trend.code, len(order)), trend.unit))


def _pairs() -> dict[str, tuple[str, str]]:
    """Return what is said in one breath: the lower sign's code by the upper one's, and the words for both."""
    rows = vitals.table().rows
    codes = {row["key"]: row["loinc"] for row in rows}
    return {
        row["loinc"]: (codes[row["above_key"]], str(row["label"]).partition(" (")[0])
        for row in rows
        if row.get("above_key")
    }


def _with_pairs(trends: list[Trend]) -> list[Trend]:
    """Say 131/79 where both were taken together last; what was taken alone stays alone."""
    by_code = {trend.code: trend for trend in trends}
    for upper_code, (lower_code, label) in _pairs().items():
        upper, lower = by_code.get(upper_code), by_code.get(lower_code)
        if upper is None or lower is None or upper.taken_at != lower.taken_at:
            continue
        below = dict(lower.values)
        values = tuple((at, f"{value}/{below[at]}") for at, value in upper.values if at in below)
        together = replace(upper, label=label, value=f"{upper.value}/{lower.value}", values=values)
        trends = [together if trend is upper else trend for trend in trends if trend is not lower]
    return trends


def _trend(readings: Sequence[Observation], unit: str) -> Trend:
    last = readings[-1]
    values = [row.value for row in readings]
    return Trend(
        code=last.code,
        label=last.display,
        value=number_text(last.value),
        unit=unit,
        taken_at=last.effective_at,
        points=_line(values),
        values=tuple((row.effective_at, number_text(row.value)) for row in reversed(readings)),
    )


def number_text(value: Decimal) -> str:
    """Return a value without needless zeros: 98.6, 131."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(values: Sequence[Decimal], width: int = 72, height: int = 20) -> str:
    """Return the points of a small line, in the coordinates of an SVG of that size."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = float(high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    return " ".join(
        f"{3 + step * place:.1f},{height - 3 - (height - 6) * float(value - low) / span:.1f}"
        for place, value in enumerate(values)
    )


# ------------------------------------------------------------------------------------------------ chart


@dataclass(frozen=True, slots=True)
class Chart:
    """The page of a patient's record as the actor may see it."""

    patient: Patient
    scope: Scope
    lists: ClinicalLists | None
    encounters: list[Encounter]
    more_before: datetime | None
    next_id: UUID | None
    next_at: datetime | None


def chart_of(actor: Actor, patient_id: UUID, *, before: datetime | None = None) -> Chart | None:
    """Return the chart of a patient whom the actor treats; nothing otherwise."""
    coming = (
        Appointment.objects.filter(
            patient_id=patient_id,
            practitioner__user_id=actor.user_id,
            status__in=HOLDS_TIME,
            period__endswith__gt=clock.now(),
        )
        .exclude(encounter__status=EncounterStatus.FINISHED)
        .order_by("period")
    )
    patient = (
        policies.visible_charts(actor, Patient.objects.filter(id=patient_id))
        .annotate(next_id=Subquery(coming.values("id")[:1]), next_period=Subquery(coming.values("period")[:1]))
        .first()
    )
    if patient is None:
        return None
    scope = policies.scope_of(actor)
    rows = Encounter.objects.filter(patient=patient).select_related("practitioner", "service", "note")
    if scope is Scope.OWN:
        rows = rows.filter(practitioner__user_id=actor.user_id)
    else:
        named = Condition.objects.order_by("position", "created_at")
        rows = rows.prefetch_related(Prefetch("diagnoses", named))
    if before is not None:
        rows = rows.filter(started_at__lt=before)
    found = list(rows.order_by("-started_at")[: TIMELINE + 1])
    return Chart(
        patient=patient,
        scope=scope,
        lists=lists_of(patient) if scope is Scope.WHOLE else None,
        encounters=found[:TIMELINE],
        more_before=found[TIMELINE - 1].started_at if len(found) > TIMELINE else None,
        next_id=patient.next_id,
        next_at=patient.next_period.lower if patient.next_period else None,
    )


def patients_of(actor: Actor, text: str = "") -> QuerySet[Patient]:
    """Return the patients whose chart the actor may open, by name; ``text`` narrows by name or record number."""
    found = policies.visible_charts(actor, people.visible_patients(actor))
    for word in text.split():
        found = found.filter(
            Q(family__istartswith=word) | Q(given__istartswith=word) | Q(record_number__istartswith=word)
        )
    return found


# -------------------------------------------------------------------------------------------- diagnoses


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis that was found; ``on_list`` when it is one of the patient's own problems."""

    code: str
    display: str
    on_list: bool


_SEARCH = """
    SELECT code, display FROM (
        SELECT code, display, weight FROM chart_diagnosiscode WHERE billable AND {condition} LIMIT {broadest}
    ) found ORDER BY weight DESC, length(display), code LIMIT {limit}
"""


def search_diagnoses(text: str, *, patient: Patient | None = None, limit: int = FOUND_AT_MOST) -> list[Found]:
    """Return billable ICD-10-CM codes for what was typed: the patient's own problems first, then the usual ones.

    ``text`` is the beginning of a code or words ("t2 diab high sug"). Nothing typed gives the problems.
    """
    search = diagnosis_words.parse(text, clock.now().date())
    own = _own_problems(patient)
    if search.empty:
        return [Found(code, display, True) for code, display in own.items()][:limit]
    condition, parameters = _condition(search)
    if not condition:
        return []
    with connection.cursor() as cursor:
        matching_own: dict[str, str] = {}
        if own:
            cursor.execute(
                f"SELECT code, display FROM chart_diagnosiscode WHERE code = ANY(%s) AND {condition}",  # noqa: S608 - own constants, values are parameters
                [list(own), *parameters],
            )
            matching_own = dict(cursor.fetchall())
        query = _SEARCH.format(condition=condition, broadest=BROADEST, limit=limit + len(matching_own))
        cursor.execute(query, parameters)
        others = [Found(code, display, False) for code, display in cursor.fetchall() if code not in matching_own]
    mine = [Found(code, matching_own[code], True) for code in own if code in matching_own]
    return [*mine, *others][:limit]


def _own_problems(patient: Patient | None) -> dict[str, str]:
    if patient is None:
        return {}
    rows = Condition.objects.filter(
        patient=patient, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    ).exclude(code="")
    return dict(rows.order_by("position", "created_at").values_list("code", "display"))


def _condition(search: diagnosis_words.Search) -> tuple[str, list[str]]:
    """Return the WHERE of a search and its parameters. The words were checked letter by letter."""
    if search.code:
        return "code LIKE %s", [f"{search.code}%"]
    parts = []
    for term in search.terms:
        alternatives = [
            " & ".join(f"{word[:-1]}:*" if word.endswith("*") else word for word in words)
            for words in diagnosis_words.lexemes(term)
        ]
        if alternatives:
            parts.append("(" + " | ".join(f"({alternative})" for alternative in alternatives) + ")")
    if not parts:
        return "", []
    query = " & ".join(parts)
    # Both: as typed, and with English endings taken off. The table's vectors hold both as well.
    return "search @@ (to_tsquery('simple', %s) || to_tsquery('english', %s))", [query, query]


def diagnosis_code(code: str) -> DiagnosisCode | None:
    """Return one code of the table."""
    return DiagnosisCode.objects.filter(code=code.strip().upper()).first()


def not_billable(codes: Iterable[str]) -> list[str]:
    """Return those codes that stand in the table as groups: a claim needs one below them."""
    return sorted(DiagnosisCode.objects.filter(code__in=list(codes), billable=False).values_list("code", flat=True))


def release_on(day: date) -> str | None:
    """Return the name of the installed ICD-10-CM release that is the one for a day."""
    row = load(diagnosis_words.DATA / "icd10cm_releases.csv").one(day)
    return str(row["label"]) if row else None


def newest_release_label() -> str:
    """Return the name of the newest installed release of ICD-10-CM."""
    rows = load(diagnosis_words.DATA / "icd10cm_releases.csv").rows
    return str(max(rows, key=lambda row: row.effective_from)["label"])


# ---------------------------------------------------------------------------------------- before signing


@dataclass(frozen=True, slots=True)
class Column:
    """What the gates said about one of: care, law, payment. What must be mended stands first."""

    area: str
    title: str | Promise
    findings: list[Finding]
    stops: list[Finding]

    @property
    def open(self) -> int:
        """How many can wait: a warning, or what nobody could check."""
        return sum(1 for finding in self.findings if finding.outcome != "pass") - len(self.stops)


_AREAS: tuple[tuple[str, str | Promise], ...] = (
    ("care", _("For care")), ("law", _("For law")), ("payment", _("For payment")),
)  # fmt: skip
_ORDER = {"stop": 0, "not_checked": 1, "warn": 2, "pass": 3}  # nosec B105 - outcomes of gates


def sign_case(encounter: Encounter) -> Case:
    """Return what the gates are asked before a note is signed: the place and time of the encounter itself."""
    return Case(
        moment=Moment.SIGN,
        at=encounter.started_at,
        service=encounter.service,
        patient=encounter.patient,
        practitioner=encounter.practitioner,
        state=encounter.location_state,
        visit_id=encounter.visit_id,
        encounter_id=encounter.id,
        facts={ENCOUNTER: encounter},
    )


def sign_columns(case: Case) -> list[Column]:
    """Return what the gates say about signing (:func:`sign_case`), by area. The caller has guarded the encounter."""
    findings = gates.ask(case)
    stops = gates.stops(findings)
    return [
        Column(
            area=area,
            title=title,
            findings=sorted(
                (finding for finding in findings if finding.area == area),
                key=lambda finding: (finding not in stops, _ORDER[finding.outcome]),
            ),
            stops=[finding for finding in stops if finding.area == area],
        )
        for area, title in _AREAS
    ]


# ---------------------------------------------------------------------------------------------- summary


@dataclass(frozen=True, slots=True)
class Summary:
    """What the patient takes home, in her words and her time zone."""

    encounter: Encounter
    zone: str
    ready: bool
    in_short: str
    you_do: list[str]
    we_do: list[str]
    call_us: list[str]
    diagnoses: list[tuple[str, str]]
    medications: list[MedicationStatement]
    medications_confirmed: List | None
    with_medicines: bool
    vital_signs: list[tuple[str, str]]
    addenda: list[NoteAddendum]
    again: Appointment | None
    clinic: Tenant


def summary(actor: Actor, encounter_id: UUID) -> Summary | None:
    """Return the summary of an encounter that the actor may read. ``ready`` is false until it is signed.

    Somebody who came by the link of one appointment is not told of another.
    """
    found = summary_encounter(actor, encounter_id)
    if found is None:
        return None
    note = found.note
    clinical = takes_diagnoses(found)
    zone = found.appointment.patient_timezone if found.appointment else found.patient.timezone
    clinic: Tenant = found.tenant
    day = found.started_at.astimezone(ZoneInfo(zone or clinic.timezone)).date()
    medications = MedicationStatement.objects.filter(patient_id=found.patient_id, status=MedicationStatus.ACTIVE)
    again = Appointment.objects.filter(
        patient_id=found.patient_id,
        practitioner_id=found.practitioner_id,
        status__in=HOLDS_TIME,
        period__startswith__gt=max(clock.now(), found.started_at),
    ).exclude(id=found.appointment_id)
    return Summary(
        encounter=found,
        zone=zone or clinic.timezone,
        ready=policies.summary_is_ready(found),
        in_short=note.patient_summary.strip(),
        you_do=_lines(note.patient_instructions),
        we_do=_lines(note.clinic_actions),
        call_us=_lines(note.warning_signs),
        diagnoses=[
            (diagnosis_words.in_plain_words(row.code, row.display, day), str(row)) for row in diagnoses_of(found)
        ]
        if clinical
        else [],
        medications=list(medications.order_by("medication")) if clinical else [],
        medications_confirmed=List.objects.filter(patient_id=found.patient_id, code=ListCode.MEDICATIONS).first()
        if clinical
        else None,
        with_medicines=clinical,
        vital_signs=_vital_signs_of(found) if clinical else [],
        addenda=addenda_of(found),
        again=again.order_by("period").first() if actor.user_id is not None else None,
        clinic=clinic,
    )


def _lines(text: str) -> list[str]:
    return [line.strip(" -•\t") for line in text.splitlines() if line.strip(" -•\t")]


def _vital_signs_of(encounter: Encounter) -> list[tuple[str, str]]:
    shown = {row["ucum"]: row["unit"] for row in vitals.table().rows}
    rows = {row.code: row for row in Observation.objects.filter(encounter=encounter).order_by("created_at")}
    found = []
    for row in rows.values():
        lower_code, label = _pairs().get(row.code, ("", ""))
        lower = rows.get(lower_code)
        if any(code in rows and row.code == below for code, (below, _words) in _pairs().items()):
            continue  # said with the upper one
        value = number_text(row.value) + (f"/{number_text(lower.value)}" if lower else "")
        found.append((label if lower else row.display, f"{value} {shown.get(row.unit, row.unit)}"))
    return found
