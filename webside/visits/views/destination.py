"""Which page of a visit somebody belongs on."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from webside.core import clock
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, Stage

_PAGES = {
    ParticipantRole.PATIENT: {
        Stage.CHECK_IN: "visit-check-in",
        Stage.STOPPED: "visit-stopped",
        Stage.WAITING: "visit-waiting",
        Stage.ROOM: "visit-room",
        Stage.ENDED: "visit-ended",
        Stage.CANCELLED: "visit-ended",
    },
    ParticipantRole.CLINICIAN: {
        Stage.CHECK_IN: "visit-room",
        Stage.STOPPED: "visit-stopped",
        Stage.WAITING: "visit-room",
        Stage.ROOM: "visit-room",
        Stage.ENDED: "visit-ended",
        Stage.CANCELLED: "visit-ended",
    },
}


def page_of(visit: Any, role: ParticipantRole) -> str:
    """Return the name of the page where somebody belongs now."""
    return _PAGES[role][selectors.stage_of(visit)]


def url_of(slug: str, visit: Any, role: ParticipantRole) -> str:
    """Return the path of the page where somebody belongs now."""
    return reverse(f"visits:{page_of(visit, role)}", args=[slug, visit.id])


def of_link(appointment: Any) -> str | None:
    """Return where the link of an e-mail leads: preparing while there is time, else the page that is next."""
    visit = services.open_visit(appointment=appointment)
    slug = appointment.tenant.slug
    early = appointment.start - clock.now() > services.CHECK_IN_SOON
    if early and selectors.stage_of(visit) is Stage.CHECK_IN:
        return reverse("visits:visit-prepare", args=[slug, visit.id])
    return url_of(slug, visit, ParticipantRole.PATIENT)
