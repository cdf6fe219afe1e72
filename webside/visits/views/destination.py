"""Which page of a visit somebody belongs on."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from webside.visits import rules, selectors, services
from webside.visits.codes import ParticipantRole, Stage, Step

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
    """Return the path of the page where somebody belongs now: for a patient on her way in, of what is to do first."""
    if role is ParticipantRole.PATIENT and selectors.is_back_in_line(visit):
        return reverse("scheduling:queue-entry", args=[slug, visit.id])
    page = page_of(visit, role)
    if page == "visit-check-in":
        return step_url(slug, visit, selectors.way_in(visit).next)
    return reverse(f"visits:{page}", args=[slug, visit.id])


def step_url(slug: str, visit: Any, step: Step) -> str:
    """Return where a step on the way in is done."""
    page, part = selectors.STEP_PAGES[step]
    return reverse(page, args=[slug, visit.id]) + part


def after_devices(slug: str, visit: Any) -> str:
    """Return where she goes on who leaves the device check out."""
    done = selectors.way_in(visit).done | {Step.DEVICES}
    return step_url(slug, visit, rules.next_step(done, stage=selectors.stage_of(visit)))


def steps(slug: str, visit: Any, here: Step) -> list[dict[str, Any]]:
    """Return the line of steps as ``_steps.html`` draws it; ``here`` is the step of the page that shows it."""
    found = selectors.way_in(visit)
    shown = found.next if here is Step.ANSWERS and found.next is Step.AGREEMENT else here
    return [
        {
            "name": selectors.STEP_NAMES[step],
            "done": step in found.done,
            "here": step is shown,
            "url": "" if step is shown or step is Step.WAITING else step_url(slug, visit, step),
        }
        for step in Step
    ]


def of_link(appointment: Any) -> str | None:
    """Return where the link of an e-mail leads: to what is to do first, or to the page where she belongs."""
    visit = services.open_visit(appointment=appointment)
    return url_of(appointment.tenant.slug, visit, ParticipantRole.PATIENT)


def of_person(person: Any, token: str) -> str | None:
    """Return where somebody who was booked takes her seat by the link that she was sent, once the patient has checked in."""
    if selectors.invitation_by_hash(bytes(person.link_hash)) is None:
        return None
    return reverse("visits:seat-join", args=[person.appointment.tenant.slug, token])


def of_room(appointment: Any) -> str:
    """Return where the practitioner of an appointment meets the patient."""
    return reverse("visits:visit-room", args=[appointment.tenant.slug, appointment.id])
