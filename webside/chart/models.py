"""The record: encounters, notes, and the lists that last."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Lower

from webside.chart.codes import (
    ConditionCategory,
    EncounterStatus,
    ListCode,
    NoteStatus,
    OwnerKind,
    PlanChangeKind,
    PlanStatus,
    StepStatus,
    StepTime,
    TransferOutcome,
)
from webside.core import clock
from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField
from webside.people.models import Practitioner


class Encounter(TenantModel):
    """FHIR Encounter. Made when the safe start has passed; where the patient is stands as it was then.

    ``visit_id`` names the room (``visits.Visit``, an app above this one). ``location`` is home,
    clinic or other, as ``billing.codes`` asks; ``location_name`` and ``location_kind`` (``SiteKind`` of ``visits``) say
    at which place she was helped, if at one.
    """

    patient = TenantForeignKey("people.Patient", related_name="encounters")
    practitioner = TenantForeignKey("people.Practitioner", related_name="encounters")
    service = TenantForeignKey("catalog.HealthcareService", related_name="+")
    appointment = TenantOneToOneField("scheduling.Appointment", null=True, related_name="encounter")
    visit_id = models.UUIDField(null=True)
    status = models.CharField(max_length=12, default=EncounterStatus.IN_PROGRESS)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    location = models.CharField(max_length=10, default="home")
    location_state = models.CharField(max_length=2, blank=True)
    location_name = models.CharField(max_length=160, blank=True)
    location_kind = models.CharField(max_length=16, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "practitioner", "-started_at", "-id"], name="encounter_own_newest")]


class Note(TenantModel):
    """The note of an encounter in four parts. After signing it never changes; addenda follow it.

    ``revision`` counts saves and is the lock of two writers. ``mdm`` (straightforward, low,
    moderate, high) and ``total_minutes`` are what the clinician states for billing. What the patient
    takes home is written for her: ``patient_summary`` (in short), ``patient_instructions`` (what she
    does), ``clinic_actions`` (what we do), ``warning_signs`` (when to get help).

    ``saved_key`` names the page that saved last and ``run_from`` the revision at which its unbroken
    run of saves began: a page whose answer got lost may send again without meeting its own text.

    ``handed_over``: what each had written who gave the encounter away before it was signed, the oldest first (``by``,
    ``practitioner``, ``user``, ``at``, ``texts``, ``revision``, ``key``). It stays theirs: nobody signs it, nobody changes it.
    """

    encounter = TenantOneToOneField("chart.Encounter", related_name="note")
    status = models.CharField(max_length=12, default=NoteStatus.PRELIMINARY)
    revision = models.PositiveIntegerField(default=0)
    subjective = models.TextField(blank=True)
    objective = models.TextField(blank=True)
    assessment = models.TextField(blank=True)
    plan = models.TextField(blank=True)
    patient_summary = models.TextField(blank=True)
    patient_instructions = models.TextField(blank=True)
    clinic_actions = models.TextField(blank=True)
    warning_signs = models.TextField(blank=True)
    mdm = models.CharField(max_length=20, blank=True)
    total_minutes = models.PositiveIntegerField(null=True)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.CharField(max_length=160, blank=True)
    saved_key = models.CharField(max_length=40, blank=True)
    run_from = models.PositiveIntegerField(default=0)
    handed_over = models.JSONField(default=list)
    signed_at = models.DateTimeField(null=True)
    signed_by = TenantForeignKey("people.Practitioner", null=True, related_name="+")

    class Meta(TenantModel.Meta):
        # Few among years of notes, and asked for on every page of whoever has to sign them.
        indexes = [
            models.Index(fields=["tenant"], condition=models.Q(status=NoteStatus.PRELIMINARY), name="note_unsigned")
        ]

    @property
    def signer(self) -> Practitioner | None:
        """Who signed it, if anybody has. The encounter's own practitioner is at hand: then nothing is read."""
        own: Practitioner = self.encounter.practitioner
        return own if self.signed_by_id == own.id else self.signed_by


class NoteAddendum(TenantModel):
    """What was added to a signed note, by whom, when."""

    note = TenantForeignKey("chart.Note", related_name="addenda")
    author = TenantForeignKey("people.Practitioner", related_name="+")
    text = models.TextField()
    added_at = models.DateTimeField(default=clock.now)


class Condition(TenantModel):
    """FHIR Condition: a problem that lasts, or the diagnosis of one encounter. ICD-10-CM."""

    patient = TenantForeignKey("people.Patient", related_name="conditions")
    encounter = TenantForeignKey("chart.Encounter", null=True, related_name="diagnoses")
    category = models.CharField(max_length=20, default=ConditionCategory.PROBLEM)
    code = models.CharField(max_length=10)
    display = models.CharField(max_length=240)
    clinical_status = models.CharField(max_length=12, default="active")
    onset_date = models.DateField(null=True)
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "encounter", "code"], condition=~models.Q(encounter=None), name="diagnosis_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class AllergyIntolerance(TenantModel):
    """FHIR AllergyIntolerance."""

    patient = TenantForeignKey("people.Patient", related_name="allergies")
    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=160, blank=True)
    criticality = models.CharField(max_length=20, default="unable-to-assess")
    clinical_status = models.CharField(max_length=12, default="active")
    confirmed_at = models.DateField(null=True)

    def __str__(self) -> str:
        return self.substance


class MedicationStatement(TenantModel):
    """FHIR MedicationStatement: what the patient takes, as a list: what is taken, not what was prescribed."""

    patient = TenantForeignKey("people.Patient", related_name="medications")
    medication = models.CharField(max_length=160)
    dosage = models.CharField(max_length=160, blank=True)
    status = models.CharField(max_length=20, default="active")
    started_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)

    def __str__(self) -> str:
        return self.medication


class Observation(TenantModel):
    """FHIR Observation taken by hand: a vital sign with its LOINC code and UCUM unit.

    ``source`` is a :class:`ReadingSource`; what was typed before that was asked has none.
    """

    patient = TenantForeignKey("people.Patient", related_name="observations")
    encounter = TenantForeignKey("chart.Encounter", null=True, related_name="observations")
    code = models.CharField(max_length=20)
    display = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=10, decimal_places=3)
    unit = models.CharField(max_length=20)
    effective_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=20, default="final")
    source = models.CharField(max_length=10, blank=True)
    entered_by = models.CharField(max_length=160, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "patient", "code", "-effective_at"], name="observation_series")]


class Document(TenantModel):
    """FHIR Media: a picture that belongs to the record of an encounter; its content lies in ``core.files``.

    ``source_id`` is the thing it was made from, in an app above this one. It is kept because the patient agreed to this
    very picture (``agreed_by``, ``agreed_at``); what she took back before the note was signed keeps its row alone.
    """

    encounter = TenantForeignKey("chart.Encounter", related_name="documents")
    patient = TenantForeignKey("people.Patient", related_name="documents")
    source_id = models.UUIDField()
    content = models.UUIDField()
    preview = models.UUIDField(null=True)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    body_site = models.CharField(max_length=120)
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=200)
    agreed_at = models.DateTimeField()
    agreed_by = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "source_id"], condition=models.Q(withdrawn_at=None), name="document_once"
            )
        ]
        indexes = [models.Index(fields=["tenant", "patient", "-taken_at"], name="document_patient_newest")]


class List(TenantModel):
    """FHIR List: when somebody went through a list with the patient, and whether there was nothing to say.

    No row: nobody has asked yet, which is not the same as *nothing known*. The entries are the rows
    themselves (``AllergyIntolerance``, ``MedicationStatement``, ``Condition``).

    ``changed_at`` withdraws the confirmation: an entry came or went since. ``ended_entry`` is the entry whose
    end was the only change, so that taking that back brings the confirmation back.
    """

    patient = TenantForeignKey("people.Patient", related_name="confirmed_lists")
    code = models.CharField(max_length=20, choices=[(code, code) for code in ListCode])
    empty_reason = models.CharField(max_length=12, blank=True)
    confirmed_at = models.DateTimeField(default=clock.now)
    confirmed_by = models.CharField(max_length=160)
    changed_at = models.DateTimeField(null=True)
    ended_entry = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "patient", "code"], name="list_once")]


class DiagnosisCode(models.Model):
    """One ICD-10-CM code. The same for all tenants, so under no tenant's policy.

    ``weight`` says how early it is offered: 3 and 2 for what is met often (``data/plain_words.csv``), 0 for what
    comes after an injury.
    """

    code = models.CharField(max_length=10, primary_key=True)
    display = models.CharField(max_length=300)
    billable = models.BooleanField(default=True)
    weight = models.PositiveSmallIntegerField(default=1)
    search = SearchVectorField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["search"], name="diagnosis_code_search")]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class EmergencyAccess(TenantModel):
    """A clinician opened the chart of somebody whom she doesn't treat, with a reason, until a moment; to read, no more.

    ``finding`` is what compliance made of it (justified, ask, incident). It is never deleted: the patient sees it.
    """

    patient = TenantForeignKey("people.Patient", related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=160)
    reason = models.TextField()
    starts_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=12, blank=True)
    finding_note = models.TextField(blank=True)
    reviewed_by = models.CharField(max_length=160, blank=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="emergency_has_time")
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "patient", "ends_at"], name="emergency_of_user"),
            models.Index(fields=["tenant", "-starts_at"], name="emergency_newest"),
        ]


class CarePlan(TenantModel):
    """FHIR CarePlan: what several people do for a patient, in steps that each belong to one of them.

    ``title`` is what it is for; of one purpose there is one current plan. ``turns_on`` is what its steps come before or
    after (the operation), ``turns_on_day`` when that is, if anybody knows. ``responsible`` answers for it. ``encounter``:
    in which it was made. ``agreed_at`` is the last :class:`PlanAgreement`, ``changed_at`` the last change of it or of a step
    (that one is done is none).
    """

    patient = TenantForeignKey("people.Patient", related_name="care_plans")
    encounter = TenantForeignKey("chart.Encounter", null=True, related_name="care_plans")
    responsible = TenantForeignKey("people.Practitioner", related_name="+")
    title = models.CharField(max_length=120)
    turns_on = models.CharField(max_length=60, blank=True)
    turns_on_day = models.DateField(null=True)
    status = models.CharField(max_length=12, default=PlanStatus.ACTIVE)
    written_by = models.CharField(max_length=160)
    agreed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=160, blank=True)
    close_reason = models.CharField(max_length=240, blank=True)
    client_key = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "tenant",
                "patient",
                Lower("title"),
                condition=models.Q(status=PlanStatus.ACTIVE),
                name="plan_of_purpose_once",
            ),
            models.UniqueConstraint(fields=["tenant", "patient", "client_key"], name="plan_typed_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "responsible"], condition=models.Q(status=PlanStatus.ACTIVE), name="plan_answered_for"
            )
        ]

    def __str__(self) -> str:
        return self.title


class PlanStep(TenantModel):
    """One thing to do of a plan (FHIR CarePlan.activity), with its one owner.

    ``owner`` is the account of who works here or acts for the patient; a step of the patient's own has none.
    ``owner_name`` stays when the account is gone: whether somebody can still do it is asked each time
    (``selectors.plans``). ``last_day`` comes from ``time``, ``day`` and ``days`` and from the day that the plan turns on.
    """

    plan = TenantForeignKey("chart.CarePlan", related_name="steps")
    encounter = TenantForeignKey("chart.Encounter", null=True, related_name="+")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=240)
    owner_kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in OwnerKind])
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    owner_name = models.CharField(max_length=160)
    time = models.CharField(max_length=8, blank=True, choices=[(time, time) for time in StepTime])
    day = models.DateField(null=True)
    days = models.PositiveSmallIntegerField(null=True)
    last_day = models.DateField(null=True)
    status = models.CharField(max_length=12, default=StepStatus.OPEN)
    reason = models.CharField(max_length=240, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=160, blank=True)
    written_by = models.CharField(max_length=160)
    client_key = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "client_key"], name="plan_step_typed_once"),
            models.CheckConstraint(
                condition=models.Q(owner_kind=OwnerKind.PATIENT, owner=None) | ~models.Q(owner_kind=OwnerKind.PATIENT),
                name="plan_step_of_patient",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "owner"], condition=models.Q(status=StepStatus.OPEN), name="plan_step_to_do")
        ]

    def __str__(self) -> str:
        return self.text


class PlanAgreement(TenantModel):
    """People agreed on a plan: when, who said so, who was there, and the whole plan as it stood. Never changed."""

    plan = TenantForeignKey("chart.CarePlan", related_name="agreements")
    encounter = TenantForeignKey("chart.Encounter", null=True, related_name="plan_agreements")
    agreed_at = models.DateTimeField(default=clock.now)
    agreed_by = models.CharField(max_length=160)
    present = ArrayField(models.CharField(max_length=200), default=list)
    contents = models.JSONField()


class PlanChange(TenantModel):
    """Who changed what in a plan, when: ``before`` and ``after`` hold what is another. Never changed."""

    plan = TenantForeignKey("chart.CarePlan", related_name="changes")
    step = TenantForeignKey("chart.PlanStep", null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in PlanChangeKind])
    at = models.DateTimeField(default=clock.now)
    by = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "plan", "-at"], name="plan_change_newest")]


class Transfer(TenantModel):
    """A visit turned out to be the wrong thing: what it turned into (``kind``), where she goes, and what became of it.

    ``place`` and ``phone`` are where she is and how she is called back as they were when it was written, since the
    check-in may be said anew. Of an emergency: which number was called, by whom, when, and when help was there, so that
    whoever stayed with her could go. Of care in person: the ``destination``, how soon, and how she gets there. ``why`` and
    ``done`` (what was done, what is asked for) are for who takes over; ``bring`` and ``if_worse`` are for the patient.

    ``checked_digest`` names the sheet (``selectors.transfers.Sheet``) as somebody checked it: another one is not checked.
    ``checked_sheet`` is that sheet itself, for who reads it by a link: nothing leaves that nobody has checked.
    Never deleted: one that was pressed by mistake is closed as such.
    """

    encounter = TenantForeignKey("chart.Encounter", related_name="transfers")
    patient = TenantForeignKey("people.Patient", related_name="+")
    kind = models.CharField(max_length=12)
    started_at = models.DateTimeField(default=clock.now)
    started_by = models.CharField(max_length=160)
    place = models.CharField(max_length=240, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    number_called = models.CharField(max_length=40, blank=True)
    called_by = models.CharField(max_length=12, blank=True)
    called_at = models.DateTimeField(null=True)
    help_there_at = models.DateTimeField(null=True)
    destination = models.CharField(max_length=24, blank=True)
    place_name = models.CharField(max_length=160, blank=True)
    how_soon = models.CharField(max_length=10, blank=True)
    travel = models.CharField(max_length=12, blank=True)
    why = models.TextField(blank=True)
    done = models.TextField(blank=True)
    bring = models.TextField(blank=True)
    if_worse = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=160, blank=True)
    checked_at = models.DateTimeField(null=True)
    checked_by = models.CharField(max_length=160, blank=True)
    checked_digest = models.CharField(max_length=64, blank=True)
    checked_sheet = models.JSONField(default=dict)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=160, blank=True)
    outcome = models.CharField(max_length=12, blank=True)
    closing = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "encounter", "kind"],
                condition=~models.Q(outcome=TransferOutcome.MISTAKE),
                name="transfer_once",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "encounter"], condition=models.Q(closed_at=None), name="transfer_open")
        ]


class TransferContact(TenantModel):
    """Somebody was asked to take a patient over, and did; or could not be reached (``reached`` is false). Never changed."""

    transfer = TenantForeignKey("chart.Transfer", related_name="contacts")
    reached = models.BooleanField()
    name = models.CharField(max_length=160, blank=True)
    role = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=160, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now)
    by = models.CharField(max_length=160)
    client_key = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "transfer", "client_key"], name="transfer_contact_once")
        ]


class TransferLink(TenantModel):
    """The sheet of a transfer was sent ahead: a link by e-mail, and a code that is told by phone.

    Both are kept as hashes, the code's together with the token, so that who reads the database can't try the few codes.
    ``tries_left``: so many wrong codes are taken; at none the link is over. ``opens`` counts browsers that said the code.
    """

    transfer = TenantForeignKey("chart.Transfer", related_name="links")
    name = models.CharField(max_length=160)
    email = models.EmailField(max_length=254)
    token_hash = models.BinaryField(max_length=32)
    code_hash = models.BinaryField(max_length=32)
    sent_at = models.DateTimeField(default=clock.now)
    sent_by = models.CharField(max_length=160)
    expires_at = models.DateTimeField()
    tries_left = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField(null=True)
    opens = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=160, blank=True)
    client_key = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="transfer_link_token_once"),
            models.UniqueConstraint(fields=["tenant", "transfer", "client_key"], name="transfer_link_once"),
        ]
