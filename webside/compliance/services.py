"""Consent, licences, credentialing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from webside.audit import sealing
from webside.audit.services import action, record
from webside.compliance import policies, selectors
from webside.compliance.events import ConsentWithdrawn, LicenceExpired
from webside.compliance.models import Consent, Credentialing, Licence
from webside.core import clock, timers
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner

EXPIRY_TIMER = "compliance.licence-expiry"


class NotAllowed(PermissionError):
    """The actor may not do this."""


@action("compliance.consent.give")
def give_consent(*, actor: Actor, patient: Patient, scope: str, given_by: str, visit_id: UUID | None = None) -> Consent:
    """Note that a patient agrees to ``scope`` (telehealth, telecare, or visit with its ``visit_id``).

    The same consent again returns the one that is active. Raises :class:`NotAllowed`.
    """
    if not policies.can_give_consent(actor, patient):
        raise NotAllowed
    consent = Consent.objects.filter(patient=patient, scope=scope, visit_id=visit_id, status="active").first()
    if consent is None:
        consent = Consent.objects.create(
            patient=patient,
            scope=scope,
            visit_id=visit_id,
            text=selectors.current_text(scope),
            given_by=given_by,
        )
        write_version(consent)
    record("compliance.consent.give", actor=actor, target=consent, patient_id=patient.id, target_label=scope,
           ground="herself" if not actor.is_staff else "said to the front desk")  # fmt: skip
    return consent


@action("compliance.consent.withdraw")
def withdraw_consent(*, actor: Actor, consent: Consent) -> Consent:
    """Take a consent back, at once and without a reason. Raises :class:`NotAllowed`."""
    if not policies.can_withdraw_consent(actor, consent.patient):
        raise NotAllowed
    consent = Consent.objects.select_for_update(of=("self",)).get(id=consent.id)
    if consent.status == "active":
        consent.status = "inactive"
        consent.withdrawn_at = clock.now()
        consent.save()
        write_version(consent)
        publish(ConsentWithdrawn(consent_id=consent.id))
    record("compliance.consent.withdraw", actor=actor, target=consent, patient_id=consent.patient_id,
           target_label=consent.scope)  # fmt: skip
    return consent


@action("compliance.licence.add")
def add_licence(*, actor: Actor, practitioner: Practitioner, **details: Any) -> Licence:
    """Add an authority that somebody has verified. ``details`` are the fields of :class:`Licence`."""
    if not policies.can_change_licences(actor):
        raise NotAllowed
    licence = Licence.objects.create(practitioner=practitioner, verified_at=clock.now(), **details)
    _watch(licence)
    record("compliance.licence.add", actor=actor, target=licence, target_label=f"{practitioner.display_name}, {licence}",
           changes=_plain(details))  # fmt: skip
    return licence


@action("compliance.licence.change")
def change_licence(*, actor: Actor, licence: Licence, **changes: Any) -> Licence:
    """Change an authority after verifying it again."""
    if not policies.can_change_licences(actor):
        raise NotAllowed
    licence = Licence.objects.select_for_update(of=("self",)).select_related("practitioner").get(id=licence.id)
    before = {name: getattr(licence, name) for name in changes}
    for name, value in changes.items():
        setattr(licence, name, value)
    licence.verified_at = clock.now()
    licence.save()
    _watch(licence)
    record("compliance.licence.change", actor=actor, target=licence,
           target_label=f"{licence.practitioner.display_name}, {licence}",
           changes={"before": _plain(before), "after": _plain(changes)})  # fmt: skip
    return licence


@action("compliance.credentialing.set")
def set_credentialing(
    *, actor: Actor, practitioner: Practitioner, credentialed_until: date | None, excluded: bool | None
) -> Credentialing:
    """Note until when somebody is credentialed and what the exclusion lists said today."""
    if not policies.can_change_licences(actor):
        raise NotAllowed
    credentialing, _ = Credentialing.objects.update_or_create(
        practitioner=practitioner,
        defaults={
            "credentialed_until": credentialed_until,
            "excluded": excluded,
            "exclusion_checked_at": clock.now() if excluded is not None else None,
        },
    )
    record("compliance.credentialing.set", actor=actor, target=credentialing,
           target_label=practitioner.display_name,
           changes=_plain({"credentialed_until": credentialed_until, "excluded": excluded}))  # fmt: skip
    return credentialing


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in values.items()}


def _watch(licence: Licence) -> None:
    """Set the timer for the first moment after the licence's last day, where the licence holds."""
    key = str(licence.id)
    if licence.period_end is None or licence.status != "active":
        timers.cancel_timer(EXPIRY_TIMER, key=key)
        return
    zone = ZoneInfo(licence.practitioner.timezone or "America/New_York")
    due = datetime.combine(licence.period_end + timedelta(days=1), time(), tzinfo=zone)
    timers.set_timer(EXPIRY_TIMER, key=key, due_at=due, payload={"licence_id": key})


def announce_expiry(payload: Any) -> None:
    """Say that a licence has ended, unless it was renewed since the timer was set."""
    licence = Licence.objects.filter(id=payload["licence_id"], status="active").first()
    if licence is not None and licence.period_end is not None and licence.period_end < clock.now().date():
        publish(LicenceExpired(licence_id=licence.id))


REVIEWS = ("justified", "ask", "incident")


@action("compliance.override.review")
def review_override(*, actor: Actor, event: Any, verdict: str) -> None:
    """Note what compliance makes of an override: justified, to be asked about, or an incident."""
    if not policies.can_see_trail(actor):
        raise NotAllowed
    if verdict not in REVIEWS:
        raise ValueError(f"no such verdict: {verdict}")
    record("compliance.override.review", actor=actor, patient_id=event.patient_id, ground=verdict,
           changes={"override": str(event.id), "verdict": verdict})  # fmt: skip


@action("compliance.trail.verify")
def verify_trail(*, actor: Actor) -> sealing.Verification:
    """Check the tenant's trail against its seals and the heads kept outside the database."""
    if not policies.can_see_trail(actor):
        raise NotAllowed
    found = sealing.verify(actor.tenant_id)
    record("compliance.trail.verify", actor=actor, changes={"entries": found.rows, "wrong": len(found.wrong)})
    return found
