"""Which times are free and suit whom, who is next in line, how long it may take, when a visit is reminded of. Pure."""

from __future__ import annotations

from webside.scheduling.rules.estimate import Lengths, Range, Server, estimate, lengths, scored
from webside.scheduling.rules.figures import FIGURES, lasting, number
from webside.scheduling.rules.line import (
    Before,
    Place,
    in_order,
    place_of,
    raised,
    why_before,
)
from webside.scheduling.rules.offers import (
    OFFERS,
    Wish,
    first_suiting,
    held_until,
    offering,
    part_of,
    suits,
)
from webside.scheduling.rules.reminders import STEPS, Planned, Step, plan, steps, still_useful
from webside.scheduling.rules.series import series
from webside.scheduling.rules.sites import NoOrigin, origin_of
from webside.scheduling.rules.times import (
    Span,
    WeeklyHours,
    at_wall,
    clash,
    comes_twice,
    covered,
    exists,
    free_slots,
    full_days,
    nearest,
    offset_text,
    opening,
    slots_of_hours,
    slots_of_span,
    span_of_hours,
)

__all__ = [
    "FIGURES",
    "OFFERS",
    "STEPS",
    "Before",
    "Lengths",
    "NoOrigin",
    "Place",
    "Planned",
    "Range",
    "Server",
    "Span",
    "Step",
    "WeeklyHours",
    "Wish",
    "at_wall",
    "clash",
    "comes_twice",
    "covered",
    "estimate",
    "exists",
    "first_suiting",
    "free_slots",
    "full_days",
    "held_until",
    "in_order",
    "lasting",
    "lengths",
    "nearest",
    "number",
    "offering",
    "offset_text",
    "opening",
    "origin_of",
    "part_of",
    "place_of",
    "plan",
    "raised",
    "scored",
    "series",
    "slots_of_hours",
    "slots_of_span",
    "span_of_hours",
    "steps",
    "still_useful",
    "suits",
    "why_before",
]
