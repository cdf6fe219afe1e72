"""Registering and changing people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from webside.audit.services import action, record
from webside.core import frames
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people import policies
from webside.people.codes import Gender
from webside.people.events import PatientRegistered
from webside.people.models import Patient, Practitioner, RelatedPerson
from webside.people.selectors import speakable


class NotAllowed(PermissionError):
    """The actor may not do this."""


def _next_record_number() -> str:
    # Two registrations of one tenant wait for each other here, or both would take the same number.
    with connection.cursor() as cursor:
        key = f"people.record-number.{frames.current_tenant_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    last = Patient.objects.order_by("-created_at").values_list("record_number", flat=True).first()
    digits = "".join(letter for letter in last or "" if letter.isdigit())
    return f"P-{int(digits or 10000) + 1}"


@action("people.patient.register")
def register_patient(
    *,
    actor: Actor,
    given: str,
    family: str,
    birth_date: date,
    email: str = "",
    phone: str = "",
    state: str = "",
    user_id: UUID | None = None,
    gender: str = Gender.UNKNOWN,
    timezone: str = "",
    language: str = "en",
    address_line: str = "",
    city: str = "",
    postal_code: str = "",
    record_number: str = "",
) -> Patient:
    """Make a patient of the frame's tenant; raise :class:`NotAllowed` if the actor may not."""
    if not policies.can_register_patient(actor):
        raise NotAllowed
    patient = Patient.objects.create(
        given=given.strip(),
        family=family.strip(),
        birth_date=birth_date,
        email=email.strip().lower(),
        phone=phone.strip(),
        state=state,
        user_id=user_id,
        gender=gender,
        timezone=timezone,
        language=language,
        address_line=address_line,
        city=city,
        postal_code=postal_code,
        record_number=record_number or _next_record_number(),
    )
    write_version(patient)
    record("people.patient.register", actor=actor, target=patient, patient_id=patient.id)
    publish(PatientRegistered(patient_id=patient.id))
    return patient


@action("people.patient.change")
def change_patient(*, actor: Actor, patient: Patient, **changes: str) -> Patient:
    """Change contact details: phone, email, address, language, time zone, pronouns."""
    if not policies.can_change_patient(actor, patient):
        raise NotAllowed
    allowed = {"phone", "email", "address_line", "city", "state", "postal_code", "language", "timezone", "pronouns"}
    unknown = set(changes) - allowed
    if unknown:
        raise ValueError(f"not to be changed here: {', '.join(sorted(unknown))}")
    patient = Patient.objects.select_for_update().get(id=patient.id)
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.save()
    write_version(patient)
    record("people.patient.change", actor=actor, target=patient, patient_id=patient.id, ground="contact details",
           changes={"fields": sorted(changes)})  # fmt: skip
    return patient


@action("people.practitioner.add")
def add_practitioner(
    *,
    actor: Actor,
    given: str,
    family: str,
    profession: str,
    user_id: UUID | None = None,
    prefix: str = "",
    qualification: str = "",
    specialty: str = "",
    npi: str = "",
    home_state: str = "",
    gender: str = Gender.UNKNOWN,
    languages: list[str] | None = None,
    about: str = "",
    timezone: str = "",
    phone: str = "",
    email: str = "",
    translations: Mapping[str, Mapping[str, str]] | None = None,
) -> Practitioner:
    """Add somebody who cares for patients. What they may do follows from licences, not from this.

    Raises :class:`ValueError` for what can't be said in another language.
    """
    practitioner = Practitioner.objects.create(
        given=given, family=family, profession=profession, user_id=user_id, prefix=prefix, qualification=qualification,
        specialty=specialty, npi=npi, home_state=home_state, gender=gender, languages=languages or ["en"], about=about,
        timezone=timezone, phone=phone, email=email,
        translations=Practitioner.cleaned_translations(translations or {}),
    )  # fmt: skip
    write_version(practitioner)
    record("people.practitioner.add", actor=actor, target=practitioner, target_label=practitioner.display_name)
    return practitioner


@action("people.practitioner.translate")
def translate_practitioner(
    *, actor: Actor, practitioner: Practitioner, translations: Mapping[str, Mapping[str, str]]
) -> Practitioner:
    """Say in other languages what a practitioner does, in place of what was said in them.

    Raises :class:`NotAllowed`, and :class:`ValueError` for a language, a field or a length that there isn't.
    """
    if not policies.can_describe_practitioner(actor):
        raise NotAllowed
    changes = practitioner.translate(translations)
    record("people.practitioner.translate", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes=changes)  # fmt: skip
    return practitioner


@action("people.practitioner.describe")
def describe_practitioner(
    *, actor: Actor, practitioner: Practitioner, specialty: str, about: str, languages: Sequence[str], gender: str
) -> Practitioner:
    """Say what patients read of a practitioner when they choose whom to see; the trail keeps what was.

    Raises :class:`NotAllowed`, and :class:`ValueError` for a language or a gender that there isn't, or for no language.
    """
    if not policies.can_describe_practitioner(actor):
        raise NotAllowed
    lock(practitioner)
    practitioner.refresh_from_db()
    known = speakable(practitioner)
    if not languages or set(languages) - set(known):
        raise ValueError("no language of ours")
    spoken = [code for code in known if code in languages]
    given = {"specialty": specialty, "about": about, "languages": spoken, "gender": Gender(gender).value}
    if set(spoken) == set(practitioner.languages):
        given["languages"] = practitioner.languages  # in another order they are the same
    changes = {
        name: {"was": getattr(practitioner, name), "is": value}
        for name, value in given.items()
        if getattr(practitioner, name) != value
    }
    for name, value in given.items():
        setattr(practitioner, name, value)
    practitioner.save()
    write_version(practitioner)
    record("people.practitioner.describe", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes=changes)  # fmt: skip
    return practitioner


@action("people.related-person.add")
def add_related_person(
    *, actor: Actor, patient: Patient, name: str, relationship: str = "", phone: str = ""
) -> RelatedPerson:
    """Note somebody near a patient."""
    person = RelatedPerson.objects.create(patient=patient, name=name, relationship=relationship, phone=phone)
    write_version(person)
    record("people.related-person.add", actor=actor, target=person, patient_id=patient.id)
    return person
