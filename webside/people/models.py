"""Patients and the people who care for them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from webside.core import clock
from webside.core.models import SaidInLanguages, TenantForeignKey, TenantModel
from webside.people.codes import Basis, Gender, Relation, Scope
from webside.people.rules import full_name

MOST_DAYS = 366
"""The longest for which somebody lets another person act for her at once: a year, with a leap day."""


class Person(TenantModel):
    """What patients and practitioners share: a name, ways to reach them, an account if they have one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    family = models.CharField(max_length=80)
    given = models.CharField(max_length=80)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    timezone = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Given name, then family name."""
        return full_name(self.given, self.family)


class Patient(Person):
    """FHIR Patient."""

    record_number = models.CharField(max_length=20)
    birth_date = models.DateField()
    gender = models.CharField(max_length=10, choices=[(code, code) for code in Gender], default=Gender.UNKNOWN)
    pronouns = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=8, default="en")
    address_line = models.CharField(max_length=160, blank=True)
    city = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=2, blank=True)
    postal_code = models.CharField(max_length=12, blank=True)
    country = models.CharField(max_length=2, default="US")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "record_number"], name="patient_record_number_once"),
            models.UniqueConstraint(fields=["tenant", "user"], name="patient_user_once"),
        ]
        indexes = [models.Index(fields=["tenant", "birth_date"], name="patient_birth_date")]


class RelatedPerson(TenantModel):
    """FHIR RelatedPerson: somebody near a patient."""

    patient = TenantForeignKey("people.Patient", related_name="related_people")
    name = models.CharField(max_length=160)
    relationship = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.name


class Delegation(TenantModel):
    """Somebody may act for a patient: who, what she is to the patient, for what, until when, and how it came about.

    ``user`` is empty while the invitation waits. What a patient gives herself ends within a year; a guardian's ends when
    the patient comes of age, a court's when the court says so. ``evidence`` is what the front desk saw, and who saw it;
    a document itself is not kept. It is never changed but by its end, so that the row says what held on a day.
    """

    patient = TenantForeignKey("people.Patient", related_name="delegations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=160)
    email = models.EmailField(max_length=254)
    relation = models.CharField(max_length=10, choices=[(code, code) for code in Relation])
    basis = models.CharField(max_length=10, choices=[(code, code) for code in Basis])
    scopes = ArrayField(models.CharField(max_length=20, choices=[(code, code) for code in Scope]))
    starts_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    given_by = models.CharField(max_length=160)
    evidence = models.CharField(max_length=200, blank=True)
    evidence_seen_by = models.CharField(max_length=160, blank=True)
    token_hash = models.BinaryField(max_length=32, null=True, unique=True)
    invited_until = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "patient", "user"],
                condition=models.Q(accepted_at__isnull=False, revoked_at=None),
                name="delegation_once",
            ),
            # Longer than a year only where the law gives it, not the patient's own word.
            models.CheckConstraint(
                condition=~models.Q(basis=Basis.GRANTED)
                | models.Q(expires_at__lte=models.F("starts_at") + timedelta(days=MOST_DAYS)),
                name="delegation_within_a_year",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "user"], name="delegation_of_user")]

    def __str__(self) -> str:
        return self.name

    @property
    def by_law(self) -> bool:
        """Whether the law gives it: a guardian's and a court's is not the patient's to take back."""
        return self.basis != Basis.GRANTED


class Practitioner(SaidInLanguages, Person):
    """FHIR Practitioner (with what FHIR keeps in PractitionerRole): a clinician or a coach.

    ``profession`` is one of the words of ``compliance.may_treat``; ``qualification`` is what stands
    behind the name (MD, RN). ``languages``: those that they speak with patients (``codes.SPOKEN``). ``translations``:
    what of ``SAID`` is said in other languages, read through ``said``.
    """

    SAID = ("specialty", "about")

    profession = models.CharField(max_length=40)
    qualification = models.CharField(max_length=20, blank=True)
    prefix = models.CharField(max_length=10, blank=True)
    specialty = models.CharField(max_length=80, blank=True)
    npi = models.CharField(max_length=10, blank=True)
    home_state = models.CharField(max_length=2, blank=True)
    gender = models.CharField(max_length=10, choices=[(code, code) for code in Gender], default=Gender.UNKNOWN)
    languages = ArrayField(models.CharField(max_length=8), default=list)
    about = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="practitioner_user_once")]

    @property
    def mail_to(self) -> str:
        """Where letters to them go: their address at work, else that of their account; empty where neither is known."""
        return self.email or (self.user.email if self.user else "")

    @property
    def display_name(self) -> str:
        """The name with its title, as patients see it: "Dr. Maya Chen"."""
        return full_name(self.given, self.family, self.prefix)


class Covering(TenantModel):
    """A practitioner covers for a colleague between two moments: for so long the colleague's patients are hers too."""

    absent = TenantForeignKey("people.Practitioner", related_name="covered_by")
    cover = TenantForeignKey("people.Practitioner", related_name="covers_for")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    set_by = models.CharField(max_length=160)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="covering_has_time"),
            models.CheckConstraint(condition=~models.Q(absent=models.F("cover")), name="covering_by_another"),
        ]
        indexes = [models.Index(fields=["tenant", "cover", "ends_at"], name="covering_of_cover")]
