"""What home pages show, put together from the apps below. The first argument is the actor."""

from __future__ import annotations

from webside.portal.selectors.briefing import brief, checks
from webside.portal.selectors.days import at_hand, day
from webside.portal.selectors.figures import Figures, Line, figures
from webside.portal.selectors.front_desk import board
from webside.portal.selectors.installation import administration
from webside.portal.selectors.patient import home, own_consent, own_patient, record_access
from webside.portal.selectors.phone import PhoneOffer, comes_too, find_patients, phone_offer, picked
from webside.portal.selectors.public import (
    Choice,
    Giver,
    Timed,
    Wish,
    clinic,
    people_that_fit,
    people_there,
    tenants,
    times_for_site,
)
from webside.portal.selectors.queue import TROUBLES, queue_board
from webside.portal.selectors.rows import TONES, where
from webside.portal.selectors.words import Words, words

__all__ = [
    "TONES",
    "TROUBLES",
    "Choice",
    "Figures",
    "Giver",
    "Line",
    "PhoneOffer",
    "Timed",
    "Wish",
    "Words",
    "administration",
    "at_hand",
    "board",
    "brief",
    "checks",
    "clinic",
    "comes_too",
    "day",
    "figures",
    "find_patients",
    "home",
    "own_consent",
    "own_patient",
    "people_that_fit",
    "people_there",
    "phone_offer",
    "picked",
    "queue_board",
    "record_access",
    "tenants",
    "times_for_site",
    "where",
    "words",
]
