"""Keeping a picture of a visit in the chart: the clinician asks, the patient agrees to this one, and takes it back."""

from __future__ import annotations

from uuid import UUID

from webside.audit.services import action
from webside.chart import selectors as chart_selectors
from webside.chart import services as chart
from webside.chart.models import Encounter
from webside.core import clock, files
from webside.core.actor import Actor
from webside.visits import policies, selectors
from webside.visits.models import PictureConsent, Visit
from webside.visits.services.errors import Incomplete, NotAllowed, WrongPicture
from webside.visits.services.rooms import locked, note_step, tell

HINTS = ("chat", "keeping")
LONGEST_SITE = 120


@action("visits.keeping.ask")
def ask_to_keep(*, actor: Actor, visit: Visit, shared_id: UUID, body_site: str) -> PictureConsent:
    """Ask the patient whether a picture may stay in her chart, with the part of the body that it shows in words.

    A question that is open, or was agreed to, is returned as it is. Raises :class:`NotAllowed`, :class:`Incomplete`
    without words for the place, :class:`WrongPicture` for what is none, was taken back, or once the note is signed.
    """
    visit = locked(visit)
    seat = selectors.own_seat(actor, visit)
    if seat is None or not policies.can_run_visit(actor, visit):
        raise NotAllowed
    site = " ".join(body_site.replace("\x00", "").split())[:LONGEST_SITE]
    if not site:
        raise Incomplete(["body_site"])
    shared = selectors.shared_file(visit, None, shared_id)
    if shared is None or shared.preview is None or shared.removed_at is not None or not selectors.takes_pictures(visit):
        raise WrongPicture
    if shared.message.apart:
        raise WrongPicture  # the question would show her what the team looked at without her
    asked = selectors.consents_in(visit).get(shared.id)
    if asked is None or asked.agreed is False or asked.withdrawn_at is not None:
        asked = PictureConsent.objects.create(shared=shared, asked_by=seat, body_site=site)
        _tell(visit)
    note_step("visits.keeping.ask", actor, visit, changes={"file": str(shared.id)})
    return asked


@action("visits.keeping.answer")
def answer_keeping(*, actor: Actor, visit: Visit, consent_id: UUID, agrees: bool) -> PictureConsent:
    """Agree that this picture stays in the chart, which keeps it there, or don't. The same answer again changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongPicture` where its sender took it back, another answer was given, or the
    note is signed.
    """
    visit, consent = _hers(actor, visit, consent_id)
    if consent.agreed is None:
        if consent.shared.removed_at is not None or not selectors.takes_pictures(visit):
            raise WrongPicture
        consent.agreed, consent.answered_at = agrees, clock.now()
        consent.answered_by = selectors.attends(actor) or visit.appointment.patient.full_name
        consent.save()
        if agrees:
            _keep(actor, visit, consent)
        _tell(visit)
    elif consent.agreed is not agrees or consent.withdrawn_at is not None:
        raise WrongPicture
    note_step(
        "visits.keeping.answer", actor, visit, changes={"file": str(consent.shared_id), "agrees": agrees},
    )  # fmt: skip
    return consent


@action("visits.keeping.withdraw")
def take_from_chart(*, actor: Actor, visit: Visit, consent_id: UUID) -> PictureConsent:
    """Take back that a picture stays in the chart: it is taken out, as long as the note isn't signed, also after the visit.

    Again changes nothing. Raises :class:`NotAllowed`, and :class:`WrongPicture` once the note is signed.
    """
    visit, consent = _hers(actor, visit, consent_id)
    if consent.withdrawn_at is None:
        if not consent.agreed or not selectors.takes_pictures(visit):
            raise WrongPicture
        kept = chart_selectors.documents_from([consent.shared_id]).get(consent.shared_id)
        if kept is not None:
            chart.withdraw_document(actor=actor, document=kept)
        consent.withdrawn_at = clock.now()
        consent.save()
        _tell(visit)
    note_step("visits.keeping.withdraw", actor, visit, changes={"file": str(consent.shared_id)})
    return consent


def _hers(actor: Actor, visit: Visit, consent_id: UUID) -> tuple[Visit, PictureConsent]:
    """Lock the visit; return it with a question to its patient. Raise :class:`NotAllowed` for everybody else."""
    visit = locked(visit)
    if not policies.can_answer_for_pictures(actor, visit):
        raise NotAllowed
    found = PictureConsent.objects.filter(id=consent_id, shared__message__visit=visit)
    consent = found.select_related("shared__message__author", "asked_by").first()
    if consent is None:
        raise NotAllowed
    return visit, consent


def _keep(actor: Actor, visit: Visit, consent: PictureConsent) -> None:
    shared = consent.shared
    message = shared.message
    chart.keep_document(
        actor=actor,
        encounter=Encounter.objects.get(id=visit.encounter_id),
        content=files.read(shared.content),
        origin=chart.Origin(
            source_id=shared.id, taken_at=message.sent_at, taken_by=message.written_by or message.author.name,
            body_site=consent.body_site,
        ),
        agreed_by=consent.answered_by,
    )  # fmt: skip


def _tell(visit: Visit) -> None:
    for hint in HINTS:
        tell(visit, hint)
