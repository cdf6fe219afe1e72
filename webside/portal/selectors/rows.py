"""Appointments as the lists of the day and of the board show them, and what all home pages ask about a visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.catalog.codes import Kind
from webside.compliance.models import Consent, Licence
from webside.core import clock
from webside.core.models import Tenant
from webside.people.rules import age_on
from webside.portal import rules
from webside.portal.codes import OVER, PRESSING, Readiness
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import CONSENT_SCOPES, missed_text

JOIN_BEFORE = timedelta(minutes=30)
MOST_FOLLOWED = 10


def where(name: str, *args: Any) -> str:
    """Return the address of a page, or an empty text where its app isn't switched on."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def visit_of(appointment: Appointment) -> Any:
    """Return the room of an appointment, if it has been made."""
    try:
        return appointment.visit
    except ObjectDoesNotExist:
        return None


def safe_start_of(visit: Any) -> Any:
    """Return what was answered before a visit, if anything was."""
    try:
        return visit.safe_start if visit is not None else None
    except ObjectDoesNotExist:
        return None


TONES = {
    Readiness.STOPPED: "danger",
    Readiness.NO_LICENCE: "danger",
    Readiness.WAITING_READY: "success",
    Readiness.CHECKED_IN: "success",
    Readiness.WAITING_CHECK_IN: "warning",
    Readiness.LATE: "warning",
    Readiness.NO_CONSENT: "warning",
    Readiness.IN_VISIT: "info",
    Readiness.FAILED: "danger",
    Readiness.MISSED: "warning",
    Readiness.DONE: "success",
    Readiness.EXPECTED: "muted",
    Readiness.CANCELLED: "muted",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment of a list, with how ready it is."""

    appointment: Appointment
    visit: Any
    ready: Readiness
    since: datetime
    age: int
    licensed: str = ""

    @property
    def tone(self) -> str:
        """The tone of its state."""
        return TONES[self.ready]

    @property
    def text(self) -> str:
        """Its state in words."""
        state = self.appointment.patient_state
        minutes = max(0, round((clock.now() - self.since).total_seconds() / 60))
        waited = ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes} if minutes else _("just now")
        return {
            Readiness.STOPPED: _("Stopped: %(why)s") % {"why": self.stopped_by or _("a check said no")},
            Readiness.NO_LICENCE: _("Can’t start: no licence for %(state)s") % {"state": state},
            Readiness.WAITING_READY: _("In waiting room, ready, %(time)s") % {"time": waited},
            Readiness.WAITING_CHECK_IN: _("In waiting room, check-in not done, %(time)s") % {"time": waited},
            Readiness.IN_VISIT: _("Visit is running"),
            Readiness.LATE: _("Not here yet, %(time)s late") % {"time": waited},
            Readiness.NO_CONSENT: _("Consent missing, asked at check-in"),
            Readiness.CHECKED_IN: _("Checked in"),
            Readiness.EXPECTED: _("Expected, confirmed") if self.appointment.confirmed_at else _("Expected"),
            Readiness.DONE: _("Done"),
            Readiness.FAILED: _("The call failed, nothing is charged"),
            Readiness.MISSED: missed_text(self.appointment) or _("Did not come"),
            Readiness.CANCELLED: _("Cancelled"),
        }[self.ready]

    @property
    def stopped_by(self) -> str:
        """What stopped it, in the words of the first reason."""
        found = self.visit.stopped_by if self.visit is not None else None
        if isinstance(found, dict):
            found = found.get("reasons") or found.get("findings") or found.get("stops") or []
        first = found[0] if isinstance(found, list) and found else None
        return str(first.get("text", "")) if isinstance(first, dict) else ""

    @property
    def pressing(self) -> bool:
        """Whether somebody sits there and waits."""
        return self.ready in PRESSING

    @property
    def over(self) -> bool:
        """Whether nothing is left to do at the appointed time."""
        return self.ready in OVER

    @property
    def room_url(self) -> str:
        """Where the clinician meets the patient."""
        slug = self.appointment.tenant.slug
        if self.visit is None:
            return ""
        return where("visits:visit-room", slug, self.visit.id)

    @property
    def at_hand(self) -> bool:
        """Whether the visit is about to begin, or somebody is there already."""
        near = self.appointment.start - clock.now() < JOIN_BEFORE
        return not self.over and (near or self.pressing or self.ready is Readiness.IN_VISIT)

    @property
    def url(self) -> str:
        """The page of the appointment."""
        return where("scheduling:appointment-detail", self.appointment.tenant.slug, self.appointment.id)


def in_force(licence: Licence, day: date) -> bool:
    """Whether a day lies within a licence's period; both ends count."""
    return licence.period_start <= day and (licence.period_end is None or day <= licence.period_end)


def rows_of(found: Iterable[Appointment], tenant: Tenant, licences: list[Licence], now: datetime) -> list[Row]:
    """Return appointments of ``tenant`` as rows, in the same order; ``licences`` are those of their practitioners."""
    appointments = list(found)
    consents = set(
        Consent.objects.filter(
            patient_id__in={each.patient_id for each in appointments},
            status="active",
            scope__in=set(CONSENT_SCOPES.values()),
        ).values_list("patient_id", "scope")
    )
    by_person: dict[UUID, list[Licence]] = {}
    for licence in licences:
        by_person.setdefault(licence.practitioner_id, []).append(licence)
    rows = []
    for each in appointments:
        each.tenant = tenant  # every row is of this tenant: no query for its slug
        visit = visit_of(each)
        start = safe_start_of(visit)
        day = each.start.astimezone(ZoneInfo(tenant.timezone)).date()
        licensed = {licence.state for licence in by_person.get(each.practitioner_id, []) if in_force(licence, day)}
        asked = CONSENT_SCOPES.get(each.service.kind)
        facts = rules.VisitFacts(
            start=each.start,
            appointment=each.status,
            visit=visit.status if visit is not None else "",
            checked_in=bool(start and start.completed_at),
            state=each.patient_state,
            licensed=licensed if each.service.kind == Kind.TELEMEDICINE else None,
            consent=(each.patient_id, asked) in consents if asked else None,
        )
        ready = rules.readiness(facts, now)
        since = visit.waiting_since if visit is not None and visit.waiting_since and ready in PRESSING else each.start
        rows.append(Row(each, visit, ready, since, age_on(each.patient.birth_date, day), ", ".join(sorted(licensed))))
    return rows


def rooms_of(rows: Iterable[Row]) -> list[str]:
    """Return the topics of the visits of rows, as many as a page may follow."""
    # One socket carries twelve topics; the visits that come first are those where something happens.
    return [f"visit-news:{row.visit.id}" for row in rows if row.visit is not None][:MOST_FOLLOWED]


def active_licences(practitioner_ids: Iterable[UUID]) -> list[Licence]:
    """Return the active licences of practitioners, by state, whenever they hold."""
    return list(Licence.objects.filter(practitioner_id__in=set(practitioner_ids), status="active").order_by("state"))
