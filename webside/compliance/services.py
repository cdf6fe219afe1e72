"""Consent, licences, credentialing."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from webside.audit import sealing
from webside.audit.models import AuditEvent
from webside.audit.services import action, record
from webside.compliance import policies, selectors
from webside.compliance.events import ConsentWithdrawn, LicenceExpired
from webside.compliance.models import Consent, Credentialing, Licence
from webside.core import clock, frames, timers
from webside.core.actor import Actor, system
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner

logger = logging.getLogger(__name__)

EXPIRY_TIMER = "compliance.licence-expiry"
WATCHED = ("period_end", "status", "state")
FAULTS_KEPT = 20


class NotAllowed(PermissionError):
    """The actor may not do this."""


class ReasonMissing(ValueError):
    """A question and an incident need words."""


@action("compliance.consent.give")
def give_consent(
    *, actor: Actor, patient: Patient, scope: str, given_by: str, visit_id: UUID | None = None, words: str = ""
) -> Consent:
    """Note that a patient agrees to ``scope`` (telehealth, telecare, or visit with its ``visit_id``).

    ``words``: digests of what stood above the box that was ticked, as ``forms.AgreeField`` gives them; the text of this
    scope is kept with its language, and none where none stood there. The same consent again returns the one that is
    active. Raises :class:`NotAllowed`.
    """
    if not policies.can_give_consent(actor, patient):
        raise NotAllowed
    consent = Consent.objects.filter(patient=patient, scope=scope, visit_id=visit_id, status="active").first()
    if consent is None:
        text = selectors.text_among(words, scope)
        consent = Consent.objects.create(
            patient=patient,
            scope=scope,
            visit_id=visit_id,
            text=text,
            language=text.language if text else "",
            digest=text.digest if text else "",
            given_by=given_by,
        )
        write_version(consent)
    record("compliance.consent.give", actor=actor, target=consent, patient_id=patient.id, target_label=scope,
           ground="said to the front desk" if actor.is_staff else "own decision")  # fmt: skip
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
           target_label=consent.scope,
           ground="said to the front desk" if actor.is_staff else "own decision")  # fmt: skip
    return consent


@action("compliance.licence.add")
def add_licence(*, actor: Actor, practitioner: Practitioner, **details: Any) -> Licence:
    """Add an authority that somebody has verified. ``details`` are the fields of :class:`Licence`."""
    if not policies.can_change_licences(actor):
        raise NotAllowed
    licence = Licence.objects.create(practitioner=practitioner, verified_at=clock.now(), **details)
    end = selectors.ends_at(licence)
    # One that had ended before it came on file takes nothing away: there is nothing to announce.
    if end is not None and end > clock.now():
        _watch(licence)
    record("compliance.licence.add", actor=actor, target=licence, target_label=f"{practitioner.display_name}, {licence}",
           changes=_plain(details))  # fmt: skip
    return licence


@action("compliance.licence.change")
def change_licence(*, actor: Actor, licence: Licence, **changes: Any) -> Licence:
    """Change an authority after verifying it again."""
    if not policies.can_change_licences(actor):
        raise NotAllowed
    lock(licence)
    licence = Licence.objects.select_related("practitioner").get(id=licence.id)
    before = {name: getattr(licence, name) for name in changes if getattr(licence, name) != changes[name]}
    for name, value in changes.items():
        setattr(licence, name, value)
    licence.verified_at = clock.now()
    licence.save()
    if not before.keys().isdisjoint(WATCHED):
        _watch(licence)
    record("compliance.licence.change", actor=actor, target=licence,
           target_label=f"{licence.practitioner.display_name}, {licence}",
           changes={"before": _plain(before), "after": _plain({name: changes[name] for name in before})})  # fmt: skip
    return licence


@action("compliance.credentialing.set")
def set_credentialing(
    *,
    actor: Actor,
    practitioner: Practitioner,
    credentialed_until: date | None,
    excluded: bool | None,
    looked: bool = True,
) -> Credentialing:
    """Note until when somebody is credentialed and what the exclusion lists said today.

    ``looked`` false: nobody has looked at the lists today; what they said before stands, with its day.
    """
    if not policies.can_change_licences(actor):
        raise NotAllowed
    credentialing, _ = Credentialing.objects.select_for_update(of=("self",)).get_or_create(practitioner=practitioner)
    before = {"credentialed_until": credentialing.credentialed_until, "excluded": credentialing.excluded}
    credentialing.credentialed_until = credentialed_until
    if looked:
        credentialing.excluded = excluded
        credentialing.exclusion_checked_at = clock.now() if excluded is not None else None
    credentialing.save()
    after = {"credentialed_until": credentialing.credentialed_until, "excluded": credentialing.excluded}
    record("compliance.credentialing.set", actor=actor, target=credentialing,
           target_label=practitioner.display_name,
           changes={"before": _plain(before), "after": _plain(after), "looked": looked})  # fmt: skip
    return credentialing


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in values.items()}


def _watch(licence: Licence) -> None:
    """Set the timer for the first moment after the licence's last day, where the licence holds."""
    key = str(licence.id)
    due = selectors.ends_at(licence)
    if due is None or licence.status != "active":
        timers.cancel_timer(EXPIRY_TIMER, key=key)
        return
    timers.set_timer(EXPIRY_TIMER, key=key, due_at=due, payload={"licence_id": key})


def announce_expiry(payload: Mapping[str, Any]) -> None:
    """Say that a licence has ended, unless it was renewed since the timer was set."""
    licence = Licence.objects.select_related("practitioner").filter(id=payload["licence_id"], status="active").first()
    end = selectors.ends_at(licence) if licence else None
    if licence is not None and end is not None and end <= clock.now():
        publish(LicenceExpired(licence_id=licence.id))


VERDICTS = ("justified", "ask", "incident")


@action("compliance.override.review")
def review_override(*, actor: Actor, event: AuditEvent, verdict: str, note: str = "") -> None:
    """Note what compliance makes of an override: justified, to be asked about, or an incident.

    ``event`` is the trail's entry of the override. A later verdict follows an earlier one; the trail
    keeps both. Raises :class:`NotAllowed`, and :class:`ReasonMissing` for a question or an incident
    without a note.
    """
    if not policies.can_see_trail(actor):
        raise NotAllowed
    if verdict not in VERDICTS:
        raise ValueError(f"no such verdict: {verdict}")
    if verdict != "justified" and not note.strip():
        raise ReasonMissing(verdict)
    record("compliance.override.review", actor=actor, target=event, patient_id=event.patient_id, ground=verdict,
           reason=note.strip(), target_label=event.actor_label)  # fmt: skip


@action("compliance.trail.ask")
def ask_for_check(*, actor: Actor) -> None:
    """Note that somebody wants the trail checked now; the job ``tasks.check_trail`` does it. Raises :class:`NotAllowed`."""
    if not policies.can_see_trail(actor):
        raise NotAllowed
    record("compliance.trail.ask", actor=actor)


@action("compliance.trail.verify")
def verify_trail(*, actor: Actor) -> sealing.Verification:
    """Check the tenant's trail against its seals and the heads kept outside the database.

    What was found goes into the trail itself, so that the last check is known to every page.
    """
    if not policies.can_verify_trail(actor):
        raise NotAllowed
    began = time.monotonic()
    found = sealing.verify(frames.current_tenant_id())
    record("compliance.trail.verify", actor=actor,
           changes={"entries": found.rows, "seals": found.seals, "unsealed": found.unsealed, "head": found.head,
                    "faults": len(found.wrong), "wrong": found.wrong[:FAULTS_KEPT],
                    "seconds": round(time.monotonic() - began)})  # fmt: skip
    return found


def verify_trails() -> int:
    """Check the trail of every clinic; return 0, for the loop that calls it."""
    for tenant in Tenant.objects.filter(active=True):
        actor = system("Webside", tenant.id)
        with frames.begin(tenant_id=tenant.id, actor=actor):
            found = verify_trail(actor=actor)
        if not found.whole:
            logger.error("the trail of tenant %s is not whole: %d faults", tenant.id, len(found.wrong))
    return 0
