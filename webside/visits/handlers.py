"""What visits do when something happens below them. Each may run twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from webside.accounts.selectors import emails_of, users_of
from webside.chart.events import NoteSigned
from webside.compliance.events import ConsentWithdrawn
from webside.compliance.models import Consent
from webside.core import clock, frames
from webside.core.actor import Actor, Role
from webside.notifications.codes import MessageKind
from webside.notifications.registry import register_lead
from webside.notifications.services import push_to_users, send_email
from webside.outbox.registry import subscribe
from webside.realtime.services import disconnect_on_commit, push_on_commit
from webside.scheduling import services as scheduling
from webside.scheduling.codes import OnCallWhy
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentLetGo, AppointmentMoved
from webside.scheduling.models import Appointment
from webside.scheduling.registry import PhoneWay
from webside.visits import policies, rules, selectors, services
from webside.visits.codes import OVER, ParticipantRole, Stage, VisitStatus
from webside.visits.events import (
    HandOverAsked,
    HandOverUnanswered,
    HelpAsked,
    HelpUnanswered,
    PhoneCallAsked,
    PhoneCallTurned,
)
from webside.visits.models import Visit

STILL_NEWS = timedelta(days=3)
"""A note signed longer ago than this is told to nobody any more: an old letter out of the blue frightens."""
HELP_IS_NEWS = timedelta(minutes=30)
"""A push for help that comes later than this calls somebody to what others have done."""
HELP, WHO_TO_CALL = "visits:help-list", "scheduling:on-call"
"""The pages of the requests, which few may read, and of who is on call, which everybody who works here sees."""


def _appointment(appointment_id: UUID) -> Appointment | None:
    return Appointment.objects.select_related("patient", "practitioner", "service").filter(id=appointment_id).first()


def open_when_booked(event: AppointmentBooked, event_id: UUID) -> None:
    """Make the room of a new appointment."""
    appointment = _appointment(event.appointment_id)
    if appointment is not None:
        services.open_visit(appointment=appointment)


def follow_when_moved(event: AppointmentMoved, event_id: UUID) -> None:
    """Give the seat to the new practitioner, end the team's meeting; ask the place again if the new time is not about now."""
    appointment = _appointment(event.appointment_id)
    if appointment is None:
        return
    visit = services.locked(services.open_visit(appointment=appointment))
    services.end_meeting(visit)  # it was about the old time, and is its clinician's
    start = selectors.safe_start_of(visit)
    untouched = selectors.stage_of(visit) in (Stage.CHECK_IN, Stage.WAITING, Stage.STOPPED)
    if untouched and start and rules.place_is_old(start.place_said_at, appointment.start):
        start.completed_at = None
        start.save(update_fields=["completed_at", "updated_at"])
        Visit.objects.filter(id=visit.id).update(status=VisitStatus.PLANNED, waiting_since=None, stopped_by=None)
    push_on_commit(f"visit:{visit.id}", "moved", visit.id)
    push_on_commit(f"visit-news:{visit.id}", "moved", visit.id)


def empty_when_let_go(event: AppointmentLetGo, event_id: UUID) -> None:
    """End the team's meeting, and what a colleague is asked: the patient is back in line, is called, or has gone."""
    visit = Visit.objects.filter(id=event.appointment_id).first()
    if visit is not None:
        visit = services.locked(visit)
        services.end_meeting(visit)
        services.end_hand_overs(visit)


def close_when_cancelled(event: AppointmentCancelled, event_id: UUID) -> None:
    """Close the sockets of a room whose appointment was cancelled."""
    visit = Visit.objects.select_related("appointment", "safe_start").filter(id=event.appointment_id).first()
    if visit is not None:
        services.close_meeting(visit)
        services.follow_calls(visit)
        services.end_hand_overs(visit)
    push_on_commit(f"visit-news:{event.appointment_id}", "cancelled", event.appointment_id)
    disconnect_on_commit(topic=f"visit:{event.appointment_id}", reason="ended")


def tell_when_consent_ends(event: ConsentWithdrawn, event_id: UUID) -> None:
    """Let the clinician's page ask the gates again while the patient is in the room."""
    consent = Consent.objects.filter(id=event.consent_id).first()
    if consent is None:
        return
    open_visits = Visit.objects.filter(appointment__patient_id=consent.patient_id).exclude(
        status__in=[*OVER, VisitStatus.PLANNED]
    )
    for visit_id in open_visits.values_list("id", flat=True):
        push_on_commit(f"visit:{visit_id}", "gates", visit_id)
        push_on_commit(f"visit-news:{visit_id}", "gates", visit_id)


def tell_when_signed(event: NoteSigned, event_id: UUID) -> None:
    """Let the patient's page go on to the summary."""
    visit_id = Visit.objects.filter(encounter_id=event.encounter_id).values_list("id", flat=True).first()
    if visit_id is not None:
        push_on_commit(f"visit-news:{visit_id}", "signed", visit_id)


def send_summary_ready(event: NoteSigned, event_id: UUID) -> None:
    """Tell the patient, once, that she can read her summary. What is in it stands behind the link, not in the e-mail."""
    visit = _visits().filter(encounter_id=event.encounter_id).first()
    encounter = selectors.signed_encounter(visit) if visit is not None else None
    if visit is None or encounter is None or not _is_news(encounter.note.signed_at):
        return
    patient, tenant = visit.appointment.patient, visit.appointment.tenant
    if not patient.email:
        return
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        send_email(
            template="visits/summary_ready",
            to=patient.email,
            context={
                "patient": patient,
                "clinic": tenant,
                "link": settings.PUBLIC_URL + _way_to_summary(visit, encounter.id),
                "signs_in": patient.user_id is not None,
            },
            subject=_("Your summary from %s is ready") % tenant.name,
            idempotency_key=f"visits.summary_ready:{event.encounter_id}",
            patient_id=patient.id,
        )


def _is_news(signed_at: datetime | None) -> bool:
    return signed_at is not None and signed_at > clock.now() - STILL_NEWS


def _visits() -> QuerySet[Visit]:
    return Visit.objects.select_related("appointment__patient", "appointment__tenant")


def _way_to_summary(visit: Visit, encounter_id: UUID) -> str:
    """Return the path of a summary: behind her sign-in, or a link that opens the visit of who has no account."""
    slug = visit.appointment.tenant.slug
    if visit.appointment.patient.user_id is None:
        token = scheduling.issue_link(appointment=visit.appointment, since=max(visit.appointment.end, clock.now()))
        return reverse("scheduling:link-open", args=[slug, token])
    page = reverse("chart:encounter-summary", args=[slug, encounter_id])
    return f"{settings.LOGIN_URL}?{urlencode({'next': page}, safe='/')}"


def tell_help_asked(event: HelpAsked, event_id: UUID) -> None:
    """Tell the front desk that somebody said that something is wrong. Her words stand behind the link."""
    _send_help(event.help_id, emails_of(Role.COORDINATOR), "help_asked", _("Somebody asks for help"), "0")
    _push_help(event.help_id, users_of(Role.COORDINATOR), "0")


def tell_help_unanswered(event: HelpUnanswered, event_id: UUID) -> None:
    """Tell the front desk, the administrators, the visit's practitioner and who is on call of a request that is still open."""
    request = selectors.help_request(event.help_id)
    if request is None:
        return
    if request.answered_at is None:
        scheduling.reach_on_call(
            actor=frames.current().actor, why=OnCallWhy.HELP, key=f"{event.help_id}:{event.alarm}", desk=False
        )
    practitioner = request.visit.appointment.practitioner
    desk, own = emails_of(Role.COORDINATOR), practitioner.mail_to
    others = [each for each in [*emails_of(Role.ADMINISTRATOR), *([own] if own else [])] if each not in desk]
    subject, key = _("Nobody has answered somebody who asks for help"), str(event.alarm)
    _send_help(event.help_id, desk, "help_unanswered", subject, key)
    _send_help(event.help_id, list(dict.fromkeys(others)), "help_unanswered", subject, f"{key}:others", reads=False)
    users = {*users_of(Role.COORDINATOR), *users_of(Role.ADMINISTRATOR)}
    _push_help(event.help_id, [*users, *([practitioner.user_id] if practitioner.user_id else [])], key)


def _send_help(help_id: UUID, to: list[str], template: str, subject: str, key: str, *, reads: bool = True) -> None:
    """Write to the front desk where it finds the request; to who may not read it (not ``reads``), whom to call."""
    request = selectors.help_request(help_id)
    if request is None or request.answered_at is not None or not to:
        return
    tenant = request.visit.appointment.tenant
    send_email(
        template=f"visits/{template}", to=to, subject=subject, idempotency_key=f"visits.help:{help_id}:{key}",
        context={
            "clinic": tenant, "taken": request.taken_at is not None,
            "minutes": int((clock.now() - request.asked_at).total_seconds() // 60),
            "reads": reads,
            "link": settings.PUBLIC_URL + reverse(HELP if reads else WHO_TO_CALL, args=[tenant.slug]),
        },
    )  # fmt: skip


def tell_hand_over_asked(event: HandOverAsked, event_id: UUID) -> None:
    """Tell a colleague, by e-mail and push, that a visit is to go to them: whose, by whom and why stands behind the link."""
    asked = selectors.hand_over_by_id(event.hand_over_id)
    if asked is None or asked.answered_at is not None or asked.asked_at < clock.now() - HELP_IS_NEWS:
        return
    tenant, to = asked.visit.appointment.tenant, asked.to
    if own := to.mail_to:
        send_email(
            template="visits/hand_over_asked", to=[own], subject=_("A colleague wants to hand a visit over to you"),
            idempotency_key=f"visits.hand-over:{asked.id}",
            context={
                "clinic": tenant,
                "link": settings.PUBLIC_URL + reverse("visits:hand-over", args=[tenant.slug, asked.id]),
            },
        )  # fmt: skip
    if to.user_id:
        push_to_users(
            template="notifications/hand_over", user_ids=[to.user_id], kind=MessageKind.READY, about_id=asked.id,
            idempotency_key=f"visits.hand-over-push:{asked.id}", expires_at=clock.now() + HELP_IS_NEWS,
        )  # fmt: skip


def tell_hand_over_unanswered(event: HandOverUnanswered, event_id: UUID) -> None:
    """Reach who is on call: a colleague was asked to go on with a visit whose patient is there, and has not answered."""
    asked = selectors.hand_over_by_id(event.hand_over_id)
    if asked is not None and selectors.can_be_taken(asked):
        scheduling.reach_on_call(actor=frames.current().actor, why=OnCallWhy.HAND_OVER, key=str(asked.id))


def lead_to_hand_over(actor: Actor, hand_over_id: UUID) -> str:
    """Return the page of what a colleague asks, whose own guard says who sees it."""
    asked = selectors.hand_over_by_id(hand_over_id)
    return reverse("visits:hand-over", args=[asked.visit.appointment.tenant.slug, asked.id]) if asked else ""


def place_when_asked(event: PhoneCallAsked, event_id: UUID) -> None:
    """Let the carrier make a phone call that somebody asked for; away, it is tried again for as long as it may still ring."""
    services.place_call(actor=frames.current().actor, call_id=event.call_id)


def turn_when_moved(event: PhoneCallTurned, event_id: UUID) -> None:
    """Tell the carrier that a phone call belongs elsewhere; away, it is told again."""
    services.turn_call(actor=frames.current().actor, call_id=event.call_id)


def way_by_phone(appointment: Appointment) -> PhoneWay | None:
    """Return how the patient of an appointment comes by phone, for the letters that ``scheduling`` writes."""
    slug = appointment.tenant.slug
    if not services.has_line(slug):
        return None
    seat = selectors.participants(services.open_visit(appointment=appointment))[ParticipantRole.PATIENT]
    dial = services.dial_in(seat=seat, clinic=slug)
    return PhoneWay(dial.shown, dial.spaced) if dial is not None else None


def _push_help(help_id: UUID, users: list[UUID], key: str) -> None:
    request = selectors.help_request(help_id)
    if request is None or request.answered_at is not None:
        return
    push_to_users(
        template="notifications/help", user_ids=list(dict.fromkeys(users)), kind=MessageKind.READY, about_id=help_id,
        idempotency_key=f"visits.help-push:{help_id}:{key}", expires_at=clock.now() + HELP_IS_NEWS,
    )  # fmt: skip


def lead_to_help(actor: Actor, help_id: UUID) -> str:
    """Return the page of the requests for who reads them; for the others who are told that nobody has answered, whom to call."""
    request = selectors.help_request(help_id)
    page = HELP if policies.can_answer_help(actor) else WHO_TO_CALL
    return reverse(page, args=[request.visit.appointment.tenant.slug]) if request else ""


def register() -> None:
    """Listen."""
    register_lead("notifications/help", lead_to_help)
    register_lead("notifications/hand_over", lead_to_hand_over)
    subscribe(AppointmentBooked, open_when_booked)
    subscribe(AppointmentMoved, follow_when_moved)
    subscribe(AppointmentLetGo, empty_when_let_go)
    subscribe(AppointmentCancelled, close_when_cancelled)
    subscribe(ConsentWithdrawn, tell_when_consent_ends)
    subscribe(NoteSigned, tell_when_signed)
    subscribe(NoteSigned, send_summary_ready)
    subscribe(PhoneCallAsked, place_when_asked)
    subscribe(PhoneCallTurned, turn_when_moved)
    subscribe(HandOverAsked, tell_hand_over_asked)
    subscribe(HandOverUnanswered, tell_hand_over_unanswered)
    subscribe(HelpAsked, tell_help_asked)
    subscribe(HelpUnanswered, tell_help_unanswered)
