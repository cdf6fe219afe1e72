"""Who gets to see a page of a visit. Unknown, foreign and forbidden look the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from webside.audit.services import refuse
from webside.core.actor import Actor
from webside.people.codes import Scope
from webside.scheduling import policies as scheduling_policies
from webside.scheduling import selectors as scheduling
from webside.visits import policies, selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.views import destination
from webside.visits.views._phone import by_phone


@dataclass(slots=True)
class Page:
    """A request for a page of a visit: who asks, on whose side, for which visit."""

    request: HttpRequest
    slug: str
    actor: Actor
    visit: Any
    role: ParticipantRole

    def url(self, name: str) -> str:
        """Return the path of another page of this visit."""
        return reverse(f"visits:{name}", args=[self.slug, self.visit.id])

    @property
    def belongs_on(self) -> str:
        """The name of the page where this person belongs now."""
        return destination.page_of(self.visit, self.role)

    @property
    def service_url(self) -> str:
        """The path of the page where another time is found."""
        return reverse("scheduling:service-detail", args=[self.slug, self.visit.appointment.service_id])

    def go_on(self) -> HttpResponse:
        """Lead to the page where this person belongs now."""
        return redirect(destination.url_of(self.slug, self.visit, self.role))

    @property
    def zone(self) -> str:
        """The time zone of the person who looks."""
        appointment = self.visit.appointment
        if self.role is ParticipantRole.PATIENT:
            return appointment.patient_timezone or timezone.get_current_timezone_name()
        return appointment.practitioner.timezone or self.request.tenant.timezone  # type: ignore[attr-defined]

    def render(self, template: str, *, status: int = 200, **more: Any) -> HttpResponse:
        """Draw a page with :meth:`context`, its times on the clock of who looks."""
        with timezone.override(self.zone):
            return render(self.request, template, self.context(**more), status=status)

    def context(self, **more: Any) -> dict[str, Any]:
        """Return what every page of a visit knows. No navigation for a patient on her way in: one thing at a time."""
        appointment = self.visit.appointment
        base = {
            "visit": self.visit,
            "appointment": appointment,
            "patient": appointment.patient,
            "practitioner": appointment.practitioner,
            "service": appointment.service,
            "role": self.role,
            "zone": self.zone,
            "ticket_url": reverse("realtime:ticket-mint", args=[self.slug]),
            "room_topic": f"visit:{self.visit.id}",
            "news_topic": f"visit-news:{self.visit.id}",
            "live_ticket_url": reverse("realtime:ticket-mint", args=[self.slug]),
            "by_phone": SimpleLazyObject(lambda: by_phone(self.slug, self.visit, self.role)),
        }
        if self.role is ParticipantRole.PATIENT:
            base["nav"] = []
        else:
            base["gone_url"] = f"{reverse('portal:home', args=[self.slug])}?gone=visit"
        return {**base, **more}


class GivenAway(Exception):
    """Who asks has handed the visit over; ``url`` says where she belongs now."""

    def __init__(self, url: str) -> None:
        super().__init__("GivenAway")
        self.url = url


def page_of(
    request: HttpRequest, slug: str, visit_id: UUID, role: ParticipantRole | None = None, *, leads_on: bool = False
) -> Page:
    """Return the page's facts, or raise ``Http404`` and note the refusal. ``role``: only this side may.

    ``leads_on``: a page that stood open when its visit was handed over raises :class:`GivenAway`, and finds nothing either.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    visit = selectors.visit(actor, visit_id) or _opened(actor, visit_id)
    side = policies.role_in(actor, visit) if visit is not None else None
    if side is None and leads_on and (given := selectors.given_away(actor, visit_id)):
        seat = given.seat
        day = f"{reverse('portal:home', args=[slug])}?gone=visit"
        raise GivenAway(reverse("visits:seat", args=[slug, seat.id]) if seat else day)
    if side is None or (role is not None and side is not role):
        refuse("visits.visit.refuse", actor=actor, target_type="Visit", target_id=visit_id)
    return Page(request, slug, actor, visit, side)


def _opened(actor: Actor, visit_id: UUID) -> Any:
    """Make the room at first look, for its two people only: it has the id of the appointment."""
    appointment = scheduling.appointment(actor, visit_id)
    if appointment is None or not (
        scheduling_policies.is_patient_of(actor, appointment, Scope.VISITS)
        or scheduling_policies.is_practitioner_of(actor, appointment)
    ):
        return None
    services.open_visit(appointment=appointment)
    return selectors.visit(actor, visit_id)
