"""Changing what a clinic offers, and going on past a gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from webside.audit.services import action, record
from webside.catalog import gates, policies
from webside.catalog.codes import Kind, Modality, Need, ScreenSharing
from webside.catalog.models import GateOverride, HealthcareService, ServicePractitioner
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.people.models import Patient, Practitioner

SUBJECT_TYPES = ("appointment", "visit", "encounter")


class NotAllowed(PermissionError):
    """The actor may not do this."""


class NotOverridable(ValueError):
    """Nobody may go past this gate (a licence, an exclusion, refused consent, prescribing)."""


class ReasonMissing(ValueError):
    """An override needs a reason in words."""


@action("catalog.gate.override")
def override_gate(
    *,
    actor: Actor,
    gate: str,
    subject_type: str,
    subject_id: UUID,
    patient: Patient | None,
    reason: str,
    said: str = "",
) -> GateOverride:
    """Let a clinician go on past a gate for one visit or encounter; compliance reviews it afterwards.

    ``said`` is what the gate told them. The same override again returns the first one. Raises
    :class:`NotAllowed`, ``gates.UnknownGate``, :class:`NotOverridable`, :class:`ReasonMissing`.
    """
    if not policies.can_override_gate(actor) or actor.user_id is None:
        raise NotAllowed
    if not gates.get(gate).overridable:
        raise NotOverridable(gate)
    if subject_type not in SUBJECT_TYPES:
        raise ValueError(f"no such subject: {subject_type}")
    if not reason.strip():
        raise ReasonMissing(gate)
    override, created = GateOverride.objects.get_or_create(
        gate=gate,
        subject_type=subject_type,
        subject_id=subject_id,
        defaults={
            "patient": patient,
            "reason": reason.strip(),
            "said": said,
            "by_id": actor.user_id,
            "by_label": actor.label,
        },
    )
    record(
        "catalog.gate.override",
        actor=actor,
        target=override,
        patient_id=patient.id if patient else None,
        ground=gate,
        reason=reason.strip(),
        changes={"subject": f"{subject_type}/{subject_id}", "said": said, "repeated": not created},
    )
    return override


@action("catalog.service.add")
def add_service(
    *,
    actor: Actor,
    name: str,
    kind: Kind | str,
    modality: Modality | str,
    summary: str,
    professions: list[str],
    duration_minutes: int = 30,
    price_cents: int | None = None,
    needs: Iterable[Need | str] = (),
    translations: Mapping[str, Mapping[str, str]] | None = None,
    **details: Any,
) -> HealthcareService:
    """Add a service; ``details`` are the other fields of :class:`HealthcareService`.

    Raises :class:`NotAllowed`, and :class:`ValueError` for a kind, modality or need that there isn't, and for what can't
    be said in another language.
    """
    if not policies.can_change_services(actor):
        raise NotAllowed
    service = HealthcareService.objects.create(
        name=name,
        kind=Kind(kind),
        modality=Modality(modality),
        summary=summary,
        professions=professions,
        duration_minutes=duration_minutes,
        price_cents=price_cents,
        needs=[Need(need) for need in needs],
        translations=HealthcareService.cleaned_translations(translations or {}),
        **details,
    )
    write_version(service)
    record("catalog.service.add", actor=actor, target=service, target_label=service.name)
    return service


@action("catalog.service.translate")
def translate_service(
    *, actor: Actor, service: HealthcareService, translations: Mapping[str, Mapping[str, str]]
) -> HealthcareService:
    """Say a service in other languages, in place of what was said in them: ``{"es": {"name": "Videoconsulta"}}``.

    Raises :class:`NotAllowed`, and :class:`ValueError` for a language, a field or a length that there isn't.
    """
    if not policies.can_change_services(actor):
        raise NotAllowed
    changes = service.translate(translations)
    record("catalog.service.translate", actor=actor, target=service, target_label=service.name, changes=changes)
    return service


LIMITS = ("minutes_before", "minutes_after", "most_a_day", "notice_minutes", "furthest_days")


@action("catalog.service.limits")
def set_limits(
    *,
    actor: Actor,
    service: HealthcareService,
    minutes_before: int,
    minutes_after: int,
    most_a_day: int | None,
    notice_minutes: int,
    furthest_days: int | None,
) -> HealthcareService:
    """Say how a service may be booked from now on; see :class:`HealthcareService`. What is booked stays booked.

    Raises :class:`NotAllowed`.
    """
    if not policies.can_set_limits(actor):
        raise NotAllowed
    lock(service)
    service.refresh_from_db()
    was = {name: getattr(service, name) for name in LIMITS}
    new = dict(zip(LIMITS, (minutes_before, minutes_after, most_a_day, notice_minutes, furthest_days), strict=True))
    for name, value in new.items():
        setattr(service, name, value)
    service.save(update_fields=[*LIMITS, "updated_at"])
    changed = {name: {"was": was[name], "is": new[name]} for name in LIMITS if was[name] != new[name]}
    record("catalog.service.limits", actor=actor, target=service, target_label=service.name, changes=changed)
    return service


@action("catalog.service.screens")
def set_screen_sharing(*, actor: Actor, service: HealthcareService, who: ScreenSharing) -> HealthcareService:
    """Say who may show a screen in the visits of a service; it holds for who comes in from now on. Raises :class:`NotAllowed`."""
    if not policies.can_set_limits(actor):
        raise NotAllowed
    lock(service)
    service.refresh_from_db()
    changed = {"screen_sharing": {"was": service.screen_sharing, "is": who.value}}
    service.screen_sharing = who
    service.save(update_fields=["screen_sharing", "updated_at"])
    record("catalog.service.screens", actor=actor, target=service, target_label=service.name, changes=changed)
    return service


@action("catalog.service.assign")
def assign_practitioner(*, actor: Actor, service: HealthcareService, practitioner: Practitioner) -> None:
    """Say that a practitioner gives a service. Raises :class:`ValueError` for a profession that may not."""
    if not policies.can_change_services(actor):
        raise NotAllowed
    if practitioner.profession not in service.professions:
        raise ValueError(f"a {practitioner.profession} does not give this service")
    ServicePractitioner.objects.get_or_create(service=service, practitioner=practitioner)
    record(
        "catalog.service.assign",
        actor=actor,
        target=service,
        target_label=service.name,
        changes={"practitioner": str(practitioner.id)},
    )
