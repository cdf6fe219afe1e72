"""Opening the chart of somebody whom one doesn't treat, in an emergency; what compliance makes of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from webside.audit.services import action, record
from webside.chart import policies
from webside.chart.models import EmergencyAccess
from webside.chart.rules import emergency
from webside.chart.selectors.emergencies import EMERGENCY, standing
from webside.chart.services.errors import Invalid, NotAllowed
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.people.models import Patient

SHORTEST_REASON = 15
FINDINGS = ("justified", "ask", "incident")


@action("chart.emergency.open")
def open_in_emergency(*, actor: Actor, patient: Patient, reason: str) -> EmergencyAccess:
    """Open a chart for reading, for as long as the clinic's own figure says. One that is open goes on; nothing is added.

    Raises :class:`NotAllowed` for who treats the patient (she needs none) or is no clinician, :class:`Invalid` without a
    reason, or where no figure says for how long.
    """
    if not policies.can_open_in_emergency(actor, patient) or actor.user_id is None:
        raise NotAllowed
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise Invalid(
            {"reason": [_("Say in a sentence why you must see it now. Compliance and the patient read who opened it.")]}
        )
    lock(patient)
    now = clock.now()
    access = standing(actor, patient.id, now)
    if access is None:
        ends_at = emergency.closes_at(now, now.date())
        if ends_at is None:
            raise Invalid(
                {"reason": [_("Not checked: for how long a chart is open in an emergency. Call the administrator.")]}
            )
        access = EmergencyAccess.objects.create(
            patient=patient,
            user_id=actor.user_id,
            name=actor.label,
            reason=reason[:2000],
            starts_at=now,
            ends_at=ends_at,
        )
    record("chart.emergency.open", actor=actor, target=access, patient_id=patient.id, ground=EMERGENCY, reason=reason,
           changes={"until": access.ends_at.isoformat()})  # fmt: skip
    return access


@action("chart.emergency.end")
def end_emergency(*, actor: Actor, access: EmergencyAccess) -> EmergencyAccess:
    """Close it before its time. Again changes nothing."""
    if not policies.can_end_emergency(actor, access):
        raise NotAllowed
    access = EmergencyAccess.objects.select_for_update(of=("self",)).get(id=access.id)
    now = clock.now()
    if access.ended_at is None and access.ends_at > now:
        access.ended_at = now
        access.save()
    record("chart.emergency.end", actor=actor, target=access, patient_id=access.patient_id)
    return access


@action("chart.emergency.review")
def review_emergency(*, actor: Actor, access: EmergencyAccess, finding: str, note: str = "") -> EmergencyAccess:
    """Keep what compliance makes of it, once; an incident closes it at once. Raises :class:`Invalid` without a note for it."""
    if not policies.can_review_emergencies(actor):
        raise NotAllowed
    note = note.strip()[:1000]
    if finding not in FINDINGS:
        raise Invalid({"finding": [_("Choose one.")]})
    if finding != "justified" and not note:
        raise Invalid({"note": [_("Write what is to be asked, or what happened.")]})
    access = EmergencyAccess.objects.select_for_update(of=("self",)).get(id=access.id)
    if access.reviewed_at is not None:
        raise NotAllowed
    now = clock.now()
    access.finding, access.finding_note, access.reviewed_by, access.reviewed_at = finding, note, actor.label, now
    if finding == "incident" and access.ended_at is None and access.ends_at > now:
        access.ended_at = now
    access.save()
    record("chart.emergency.review", actor=actor, target=access, patient_id=access.patient_id, ground="oversight",
           reason=note, changes={"finding": finding})  # fmt: skip
    return access
