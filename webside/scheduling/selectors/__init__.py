"""Reading times and appointments. What is free is public; appointments ask the actor."""

from __future__ import annotations

from webside.scheduling.selectors.appointments import (
    appointment,
    appointments_for,
    can_still_change,
    day_for,
    holds_time,
    may_be_noshow,
    standing,
    upcoming_for,
)
from webside.scheduling.selectors.consents import CONSENT_SCOPES, has_consent
from webside.scheduling.selectors.hours import (
    booked_outside_hours,
    exception,
    exceptions_of,
    hours_ended,
    hours_of,
    one_of_the_hours,
)
from webside.scheduling.selectors.licences import ABOUT_LICENCES, booked_beyond, lacking_licence
from webside.scheduling.selectors.links import door_proof, door_stands, has_newer_link, link_by_hash, link_standing
from webside.scheduling.selectors.offering import Offer, offers
from webside.scheduling.selectors.places import State, state, states
from webside.scheduling.selectors.slots import (
    BOOKABLE_DAYS,
    LOOK_AHEAD_DAYS,
    Slot,
    free_slots,
    is_offered,
    length_of,
    nearest_slots,
    next_free,
    next_free_for_all,
    next_times_for_all,
)

__all__ = [
    "ABOUT_LICENCES",
    "BOOKABLE_DAYS",
    "CONSENT_SCOPES",
    "LOOK_AHEAD_DAYS",
    "Offer",
    "Slot",
    "State",
    "appointment",
    "appointments_for",
    "booked_beyond",
    "booked_outside_hours",
    "can_still_change",
    "day_for",
    "door_proof",
    "door_stands",
    "exception",
    "exceptions_of",
    "free_slots",
    "has_consent",
    "has_newer_link",
    "holds_time",
    "hours_ended",
    "hours_of",
    "is_offered",
    "lacking_licence",
    "length_of",
    "link_by_hash",
    "link_standing",
    "may_be_noshow",
    "nearest_slots",
    "next_free",
    "next_free_for_all",
    "next_times_for_all",
    "offers",
    "one_of_the_hours",
    "standing",
    "state",
    "states",
    "upcoming_for",
]
