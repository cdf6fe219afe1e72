"""What the pages of a visit show of pictures that may stay in the chart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from webside.visits import policies, selectors
from webside.visits.codes import ParticipantRole
from webside.visits.views._guard import Page


def questions(page: Page) -> dict[str, Any]:
    """Return what the patient is asked of pictures, and which of them stand in her chart and can be taken out."""
    if page.role is not ParticipantRole.PATIENT or not policies.can_answer_for_pictures(page.actor, page.visit):
        return {"asked": [], "kept": []}
    standing = [
        each
        for each in selectors.consents_in(page.visit).values()
        if each.agreed is not False and each.withdrawn_at is None
    ]
    if not standing or not selectors.takes_pictures(page.visit):
        return {"asked": [], "kept": []}
    found = [_question(page, each) for each in standing if each.agreed or each.shared.removed_at is None]
    return {
        "keeping_url": page.url("visit-keeping"),
        "asked": [each for each in found if not each["agreed"]],
        "kept": [each for each in found if each["agreed"]],
    }


def _question(page: Page, consent: Any) -> dict[str, Any]:
    url = reverse("visits:visit-file", args=[page.slug, page.visit.id, consent.shared_id])
    return {
        "id": consent.id, "who": consent.asked_by.name, "site": consent.body_site, "agreed": bool(consent.agreed),
        "width": consent.shared.width, "height": consent.shared.height,
        "small": "" if consent.shared.removed_at else f"{url}?small",
    }  # fmt: skip


def states(visit: Any, role: ParticipantRole | None, files: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return how each picture of the chat stands with the chart, for one of the two people; nothing for others."""
    if role is None or not files:
        return {}
    asked, takes = selectors.consents_in(visit), selectors.takes_pictures(visit)
    clinician = role is ParticipantRole.CLINICIAN
    return {each: _state(asked.get(each), may_ask=takes and clinician, hers=takes and not clinician) for each in files}


def _state(consent: Any, *, may_ask: bool, hers: bool) -> dict[str, Any]:
    """Return how a picture stands; ``hers``: who looks is the patient, and the record is open still."""
    if consent is None:
        return {"state": "", "may_ask": may_ask}
    if consent.withdrawn_at is not None:
        return {"state": "withdrawn", "site": consent.body_site, "may_ask": may_ask}
    state = {None: "asked", True: "kept", False: "declined"}[consent.agreed]
    return {
        "state": state,
        "site": consent.body_site,
        "may_ask": may_ask and state == "declined",
        "take_out": consent.id if hers and state == "kept" else "",
    }
