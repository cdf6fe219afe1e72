"""Checking in: devices, answers and consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from webside.audit.services import action
from webside.catalog.gates import Finding
from webside.compliance import selectors as law
from webside.compliance import services as compliance
from webside.compliance.models import Consent, ConsentText
from webside.core import clock
from webside.core.actor import Actor
from webside.people.selectors import given_by
from webside.scheduling import services as scheduling
from webside.scheduling.selectors import CONSENT_SCOPES
from webside.visits import policies, selectors
from webside.visits.codes import DeviceVerdict, PlaceKind, Stage, VisitStatus
from webside.visits.models import Participant, SafeStart, Visit
from webside.visits.services.booked import seat_booked
from webside.visits.services.errors import Incomplete, NotAllowed
from webside.visits.services.rooms import locked, note_step, require_stage, tell
from webside.visits.services.stops import ask_gates, stop_visit

VISIT_CONSENT = "visit"
CHECK_IN_SOON = timedelta(minutes=15)
PLACE = ("location", *selectors.ADDRESS)
ANSWERS = ("identity_confirmed", *PLACE, "phone", "alone", "nearby_name", "nearby_phone", "presenter_role")
MOVED = {*PLACE, "site_id"}
"""What changes when she says that she is somewhere else."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """How a check-in went: the patient waits now, or ``stopped_by`` says why the visit may not begin."""

    visit: Visit
    stopped_by: tuple[Finding, ...] = ()


@action("visits.devices.check")
def check_devices(
    *, actor: Actor, visit: Visit, verdict: DeviceVerdict, line: Mapping[str, Any] | None = None
) -> Participant:
    """Keep how a visit can be held from here, and what was measured of the ``line``; nothing of the devices themselves.

    ``line``: a :class:`LineTest` as ``line``, ``kbps``, ``rtt_ms``, ``loss_pct``; what wasn't measured isn't there. Where it
    was, the check-in of the same visit says.
    """
    role = policies.role_in(actor, visit)
    if role is None or not policies.is_open(visit):
        raise NotAllowed
    seat = Participant.objects.get(visit=visit, role=role)
    seat.device_check = {"verdict": verdict.value, "at": clock.now().isoformat()} | dict(line or {})
    seat.attended_by = selectors.attends(actor)
    seat.save(update_fields=["device_check", "attended_by", "updated_at"])
    note_step("visits.devices.check", actor, visit, changes={"verdict": verdict.value})
    tell(visit, "gates")
    return seat


@action("visits.safe-start.save")
def save_safe_start(*, actor: Actor, visit: Visit, answers: Mapping[str, Any]) -> SafeStart:
    """Keep answers as they are typed; names not given stay as they were. Consent is never taken here.

    ``site`` is the id of a place that helps with visits, said together with ``location``; its address comes from its row.

    Another place undoes a check-in that was complete, and a stop: the gates have not been asked about it, and nobody may
    read what they said of one place beside the address of another. Raises :class:`NotAllowed`, and :class:`WrongStage`
    once the patient has been let in.
    """
    visit = locked(visit)
    _require_check_in(actor, visit)
    start, changed = _keep(actor, visit, answers)
    judged = start.completed_at is not None or visit.status == VisitStatus.STOPPED
    if judged and set(changed) & MOVED:
        _undo_check_in(visit, start)
    note_step("visits.safe-start.save", actor, visit, changes={"answered": changed})
    tell(visit, "check-in")
    return start


def _require_check_in(actor: Actor, visit: Visit) -> None:
    if not policies.can_check_in(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.CHECK_IN, Stage.WAITING, Stage.STOPPED)


def _keep(actor: Actor, visit: Visit, answers: Mapping[str, Any]) -> tuple[SafeStart, list[str]]:
    start = selectors.safe_start_of(visit) or SafeStart(visit=visit)
    given = {name: value for name, value in answers.items() if name in ANSWERS}
    if given.get("location") == PlaceKind.HOME:
        given |= selectors.home_of(actor, visit)
    if "location" in given:
        site_id = answers.get("site") if given["location"] == PlaceKind.CLINIC else None
        given |= selectors.said_of(selectors.open_site(site_id))
    changed = [name for name, value in given.items() if getattr(start, name) != value]
    for name in changed:
        setattr(start, name, given[name])
    if set(changed) & MOVED:
        start.place_said_at = clock.now()
    start.save()
    visit.safe_start = start
    return start, changed


def _undo_check_in(visit: Visit, start: SafeStart) -> None:
    start.completed_at = None
    start.save(update_fields=["completed_at", "updated_at"])
    if visit.status in (VisitStatus.WAITING, VisitStatus.STOPPED):
        visit.status = VisitStatus.PLANNED
        visit.waiting_since = visit.stopped_by = None
        visit.save()
    scheduling.tell_lists(visit.appointment.practitioner_id)


@action("visits.safe-start.complete")
def complete_safe_start(
    *, actor: Actor, visit: Visit, answers: Mapping[str, Any], agrees: bool, words: str = ""
) -> CheckIn:
    """Check a patient in: keep her answers and consent, ask the gates about the place she gave.

    ``words`` names what stood above the box that she ticked (:func:`texts_asked`).

    She goes to the waiting room, or the visit is stopped by what nobody may answer for (a licence, a
    refused consent, a check that could not run); her answers stay. Raises :class:`NotAllowed`,
    :class:`WrongStage`, :class:`Incomplete`.
    """
    visit = locked(visit)
    _require_check_in(actor, visit)
    start, _ = _keep(actor, visit, answers)
    missing = selectors.unanswered(start) + ([] if agrees else ["agrees"])
    if missing:
        raise Incomplete(missing)
    start.place_said_at = clock.now()
    start.answered_by = selectors.attends(actor)
    start.guardian_present = actor.is_guardian or None
    start.consent = _consent(actor, visit, words)
    findings = ask_gates(visit, start)
    barring = selectors.barring(findings)
    outcome = "stopped" if barring else "waiting"
    if barring:
        stop_visit(visit, start, barring)
    else:
        _let_wait(actor, visit, start)
    changes = {"outcome": outcome, "state": start.state, "gates": [finding.gate for finding in barring]}
    note_step("visits.safe-start.complete", actor, visit, changes=changes)
    return CheckIn(visit, tuple(barring))


def _consent(actor: Actor, visit: Visit, words: str) -> Consent:
    """Take the agreement to this visit, and the one that its kind of service asks for, where it is not given yet."""
    patient = visit.appointment.patient
    given = _given(visit)
    standing = standing_consent(visit)
    if standing and standing not in given:
        compliance.give_consent(
            actor=actor, patient=patient, scope=standing, given_by=given_by(actor, patient), words=words
        )
    return given.get(VISIT_CONSENT) or compliance.give_consent(
        actor=actor, patient=patient, scope=VISIT_CONSENT, given_by=given_by(actor, patient), visit_id=visit.id,
        words=words,
    )  # fmt: skip


def _given(visit: Visit) -> dict[str, Consent]:
    found = Consent.objects.filter(patient=visit.appointment.patient, status="active", withdrawn_at=None)
    return {
        consent.scope: consent
        for consent in found
        if consent.visit_id in (None, visit.id) and (consent.scope != VISIT_CONSENT or consent.visit_id == visit.id)
    }


def texts_asked(visit: Visit, language: str) -> list[ConsentText]:
    """Return the words that she agrees to when she checks in: of this visit, and of its kind where that isn't given yet."""
    standing, given = standing_consent(visit), _given(visit)
    scopes = [VISIT_CONSENT, *([standing] if standing and standing not in given else [])]
    found = [law.text_in(language, texts) for texts in law.texts_in_force(*scopes).values()]
    return [text for text in found if text is not None]


def standing_consent(visit: Visit) -> str:
    """Return the scope of the consent that the visit's kind of service asks for once, or nothing."""
    return CONSENT_SCOPES.get(visit.appointment.service.kind, "")


def _let_wait(actor: Actor, visit: Visit, start: SafeStart) -> None:
    start.completed_at = clock.now()
    start.save()
    visit.status = VisitStatus.WAITING
    visit.waiting_since = visit.waiting_since or clock.now()
    visit.stopped_by = None
    visit.save()
    visit.appointment = scheduling.check_in_appointment(actor=actor, appointment=visit.appointment)
    seat_booked(actor, visit)
    tell(visit, "waiting")
    scheduling.tell_lists(visit.appointment.practitioner_id)
