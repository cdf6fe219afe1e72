"""Who was asked into a visit: seats beside the two that make it, their links, and where each of them stands."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from webside.accounts.models import Membership
from webside.core import clock, frames
from webside.core.actor import Actor, Role
from webside.visits import policies, rules
from webside.visits.codes import MAIN, LinkStanding, ParticipantRole, SeatStage
from webside.visits.models import CodeCheck, HandOver, Invitation, Participant, TeamMeeting, Visit
from webside.visits.selectors.phone import is_on_phone
from webside.visits.selectors.rooms import participants
from webside.visits.selectors.team import meets

COLLEAGUES = (Role.CLINICIAN, Role.COACH)
"""Who of the staff can be asked into a visit: who has a day page, on which it stands."""


def _seats() -> QuerySet[Participant]:
    return Participant.objects.exclude(role__in=MAIN).select_related(
        "invited_by", "visit__appointment__practitioner", "visit__appointment__patient", "visit__appointment__service"
    )


def seat(actor: Actor, seat_id: UUID) -> Participant | None:
    """Return the seat that the actor was asked to take; nothing if it is not theirs."""
    return policies.own_seats(actor, _seats().filter(id=seat_id)).first()


def seat_by_id(seat_id: UUID) -> Participant | None:
    """Return a seat of somebody who was asked in. The caller asks who may see it."""
    return _seats().filter(id=seat_id).first()


def seat_in(visit: Visit, seat_id: UUID) -> Participant | None:
    """Return a seat of somebody who was asked into this visit, or nothing. The caller has guarded the visit."""
    return _seats().filter(visit=visit, id=seat_id).first()


def own_seat(actor: Actor, visit: Visit) -> Participant | None:
    """Return the actor's seat in a visit: as one of its two people, or as one who was asked in and is still."""
    role = policies.role_in(actor, visit)
    if role is not None:
        return participants(visit).get(role)
    return policies.own_seats(actor, _seats().filter(visit=visit, removed_at=None)).first()


def has_seat(actor: Actor, visit_id: UUID) -> bool:
    """Whether the actor was asked into a visit and may still come, to its lobby at least."""
    return policies.own_seats(actor, Participant.objects.filter(visit_id=visit_id, removed_at=None)).exists()


def seats_of(visit: Visit) -> list[Participant]:
    """Return who was asked into a visit and not removed, in the order of asking."""
    return list(_seats().filter(visit=visit, removed_at=None).order_by("invited_at", "id"))


def everybody(visit: Visit) -> list[Participant]:
    """Return all who have a seat: the two people of the visit, then who was asked in, in the order of asking; one query."""
    found = list(Participant.objects.filter(visit=visit, removed_at=None).order_by("invited_at", "id"))
    for each in found:
        each.visit = visit
    return sorted(found, key=lambda each: MAIN.index(each.role) if each.role in MAIN else len(MAIN))  # type: ignore[arg-type]


def seat_stage_of(seat: Participant) -> SeatStage:
    """Return on which page somebody is who was asked in."""
    return rules.seat_stage(
        closed=not policies.is_open(seat.visit),
        removed=seat.removed_at is not None,
        admitted=seat.admitted_at is not None,
    )


def presenter_asked(visit: Visit) -> bool:
    """Whether somebody was asked into a visit who sits beside the patient, and was not removed."""
    return Participant.objects.filter(visit=visit, role=ParticipantRole.PRESENTER, removed_at=None).exists()


def patient_is_inside(visit: Visit) -> bool:
    """Whether the patient was let in and has not left. One whose line broke is still inside, and one who is on the phone."""
    patient = participants(visit).get(ParticipantRole.PATIENT)
    if visit.admitted_at is None or patient is None:
        return False
    return patient.left_at is None or is_on_phone(visit, ParticipantRole.PATIENT)


def places_for_guests(visit: Visit) -> int:
    """Return how many of those who were asked in may be in a room at once: one more while the team meets without the patient."""
    return rules.guests_at_once(clock.now().date(), with_patient=not meets(visit))


def guests_inside(visit: Visit) -> list[Participant]:
    """Return who of those who were asked in has a place in the room, in the order of asking."""
    return [seat for seat in seats_of(visit) if seat.admitted_at is not None]


def must_make_room(visit: Visit) -> list[Participant]:
    """Return of whom one must go to the lobby for the patient to be let in; nobody where there is a place for her."""
    inside = guests_inside(visit)
    return inside if len(inside) > rules.guests_at_once(clock.now().date(), with_patient=True) else []


def invitation_by_hash(token_hash: bytes) -> Invitation | None:
    """Return the invitation with a link's hash."""
    found = Invitation.objects.filter(token_hash=token_hash)
    return found.select_related(
        "participant__invited_by", "participant__visit__appointment__practitioner",
        "participant__visit__appointment__patient",
    ).first()  # fmt: skip


def standing_of(invitation: Invitation) -> LinkStanding:
    """Return whether an invitation's link still seats somebody, or why not."""
    seat = invitation.participant
    return rules.link_standing(
        now=clock.now(),
        expires_at=invitation.expires_at,
        closed=not policies.is_open(seat.visit),
        revoked=invitation.revoked_at is not None,
        removed=seat.removed_at is not None,
        taken=invitation.taken_at is not None,
    )


def links_of(seats: list[Participant]) -> dict[UUID, Invitation]:
    """Return the newest invitation of each seat that has one, by the seat's id."""
    found = Invitation.objects.filter(participant__in=seats).order_by("created_at")
    return {invitation.participant_id: invitation for invitation in found}


def colleagues(visit: Visit) -> list[Membership]:
    """Return who of the clinic can be asked into a visit: who sees patients and isn't in it yet."""
    seated = Participant.objects.filter(visit=visit, removed_at=None).exclude(user=None).values("user_id")
    found = Membership.objects.filter(tenant_id=frames.current_tenant_id(), active=True, user__is_active=True)
    roles = Q()
    for role in COLLEAGUES:
        roles |= Q(roles__contains=[role.value])
    return list(found.filter(roles).exclude(user__in=seated).select_related("user").order_by("user__name"))


def colleague(visit: Visit, user_id: UUID) -> Membership | None:
    """Return a colleague by the user's id, if they can be asked into this visit."""
    return next((found for found in colleagues(visit) if found.user_id == user_id), None)


def opens_charts(user_id: UUID | None) -> bool:
    """Whether somebody works in this clinic in a role that opens charts, today."""
    if user_id is None:
        return False
    found = Membership.objects.filter(tenant_id=frames.current_tenant_id(), user_id=user_id, active=True)
    return found.filter(roles__contains=[Role.CLINICIAN.value], user__is_active=True).exists()


def asked_into(actor: Actor) -> list[Participant]:
    """Return the seats in open visits that the actor, a colleague, was asked to take and has not been removed from."""
    if actor.user_id is None or not actor.is_staff:
        return []
    found = policies.own_seats(actor, _seats().filter(removed_at=None, visit__ended_at=None)).order_by("-invited_at")
    return [each for each in found if seat_stage_of(each) in (SeatStage.LOBBY, SeatStage.ROOM)]


def pairs_checked(visit: Visit) -> dict[tuple[UUID, UUID], str]:
    """Return what each said of the verification code with each other: same or different, by (who, with whom)."""
    said = CodeCheck.objects.filter(participant__visit=visit)
    return {(who, peer): result for who, peer, result in said.values_list("participant_id", "peer_id", "result")}


# What a seat opens in the chart


def _sitting(user_id: UUID) -> QuerySet[Participant]:
    """Return the seats in rooms that are open now, in which somebody sits who was let in: to a visit, or a team's meeting."""
    meeting = TeamMeeting.objects.filter(visit=OuterRef("visit"), ended_at=None)
    return Participant.objects.filter(
        Q(visit__admitted_at__isnull=False) | Q(Exists(meeting)), user_id=user_id, removed_at=None,
        admitted_at__isnull=False, visit__ended_at=None,
    ).exclude(role__in=MAIN)  # fmt: skip


def looks_into(user_id: UUID, patient: str, now: datetime) -> Q:
    """Return whose chart somebody may look into: of the visits in whose rooms they are now, where that was given.

    And, to read, of a visit that she has handed over lately.
    """
    sitting = _sitting(user_id).filter(see_chart=True, visit__appointment__patient_id=OuterRef(patient))
    return Q(Exists(sitting)) | handed_over_lately(user_id, patient, now)


def handed_over_lately(user_id: UUID, patient: str, now: datetime) -> Q:
    """Whose chart somebody may still read who has handed their visit over: to finish what she owes."""
    given = HandOver.objects.filter(
        asked_by__user_id=user_id, reads_until__gt=now, visit__encounter_id__isnull=False,
        visit__appointment__patient_id=OuterRef(patient),
    )  # fmt: skip
    return Q(Exists(given))


def writes_in(user_id: UUID, encounter_id: UUID) -> bool:
    """Whether somebody may write in an encounter's note: of the visit in whose room they are now, where that was given."""
    return _sitting(user_id).filter(write=True, visit__encounter_id=encounter_id).exists()


def present_in(encounter_id: UUID) -> list[str]:
    """Return who is in the room of an encounter, or was when it ended: its two people, then who was asked in. For a lower app.

    Who is in the lobby hears nothing and is not among them; nor is the patient while the team meets without her.
    """
    visit = Visit.objects.filter(encounter_id=encounter_id).first()
    if visit is None:
        return []
    came = Participant.objects.filter(visit=visit, joined_at__isnull=False).order_by("invited_at", "id")
    came = came.exclude(~Q(role__in=MAIN), admitted_at=None)
    if meets(visit):
        came = came.exclude(role=ParticipantRole.PATIENT)
    found = sorted(came, key=lambda each: MAIN.index(each.role) if each.role in MAIN else len(MAIN))  # type: ignore[arg-type]
    return [each.attended_by or each.name for each in found]
