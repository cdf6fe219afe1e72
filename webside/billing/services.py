"""Noting who pays, and drafting and reviewing claims."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from webside.audit.services import action, record
from webside.billing import policies, selectors
from webside.billing.models import Claim, ClaimItem, Coverage, Payer
from webside.billing.rules import codes_for, is_free
from webside.catalog.codes import Kind
from webside.chart.models import Condition, Encounter
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.people.models import Patient


class NotAllowed(PermissionError):
    """The actor may not do this."""


def takes_a_claim(encounter: Encounter) -> bool:
    """Whether an encounter can lead to a claim: telemedicine that an insurer may be asked for."""
    return encounter.service.kind == Kind.TELEMEDICINE and bool(encounter.service.billing_service)


@action("billing.coverage.add")
def add_coverage(
    *,
    actor: Actor,
    patient: Patient,
    payer: Payer,
    member_id: str,
    order: int = 1,
    period_start: date | None = None,
    checked_at: datetime | None = None,
) -> Coverage:
    """Note by whom a patient is insured; ``order`` says who is asked first. Raises :class:`NotAllowed`."""
    if not policies.can_add_coverage(actor):
        raise NotAllowed
    coverage = Coverage.objects.create(
        patient=patient, payer=payer, member_id=member_id, order=order, period_start=period_start, checked_at=checked_at
    )
    write_version(coverage)
    record("billing.coverage.add", actor=actor, target=coverage, patient_id=patient.id)
    return coverage


@action("billing.claim.draft")
def draft_claim(*, actor: Actor, encounter: Encounter, event_id: UUID | None = None) -> Claim:
    """Draft the claim of a signed encounter from what happened; return it.

    A second call for the same encounter returns the claim that is there: the event that asks for it
    is delivered at least once.
    """
    known = Claim.objects.filter(encounter=encounter).first()
    if known is not None:
        record("billing.claim.draft", actor=actor, target=known, patient_id=known.patient_id, ground="drafted already")
        return known
    coverage = selectors.coverage_of(encounter)
    asked = selectors.facts_of(encounter, coverage)
    answer = codes_for(asked)
    diagnoses = Condition.objects.filter(encounter=encounter).order_by("position").values_list("code", flat=True)
    try:
        with transaction.atomic():
            claim = Claim.objects.create(
                encounter=encounter,
                patient_id=encounter.patient_id,
                practitioner_id=encounter.practitioner_id,
                payer=coverage.payer if coverage else None,
                service_date=asked.on,
                facts=msgspec.to_builtins(asked),
                rejected=msgspec.to_builtins(answer.rejected),
                warnings=list(answer.warnings),
                not_checked=list(answer.not_checked),
                diagnoses=list(diagnoses),
                # Who is not insured pays the clinic's price, but not for a visit that did not come about, nor for one
                # that turned into something else where the clinic's own row says so.
                price_cents=None if coverage or is_free(asked, answer) else encounter.service.price_cents,
                event_id=event_id,
            )
    except IntegrityError:  # another worker was faster
        claim = Claim.objects.get(encounter=encounter)
    else:
        ClaimItem.objects.bulk_create(
            ClaimItem(
                tenant_id=claim.tenant_id,
                claim=claim,
                sequence=number,
                code=line.code,
                modifiers=list(line.modifiers),
                pos=line.pos,
                units=line.units,
                label=line.label,
                reasons=msgspec.to_builtins(line.reasons),
            )
            for number, line in enumerate(answer.lines, start=1)
        )
        write_version(claim)
    record("billing.claim.draft", actor=actor, target=claim, patient_id=claim.patient_id, ground="note signed")
    return claim


@action("billing.claim.review")
def review_claim(*, actor: Actor, claim: Claim) -> Claim:
    """Mark a draft as looked through by a biller."""
    if not policies.can_review_claims(actor):
        raise NotAllowed
    claim = Claim.objects.select_for_update().get(id=claim.id)
    claim.reviewed_by = actor.label
    claim.reviewed_at = clock.now()
    claim.save()
    write_version(claim)
    record("billing.claim.review", actor=actor, target=claim, patient_id=claim.patient_id)
    return claim
