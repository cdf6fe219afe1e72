"""Which times are free, who is next in the line, how long it may take, and when a visit is reminded of. Pure."""

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
from webside.scheduling.rules.reminders import STEPS, Planned, Step, plan, steps, still_useful
from webside.scheduling.rules.times import (
    Span,
    WeeklyHours,
    at_wall,
    clash,
    comes_twice,
    covered,
    exists,
    free_slots,
    nearest,
    offset_text,
    opening,
    slots_of_hours,
    slots_of_span,
    span_of_hours,
)

__all__ = [
    "FIGURES",
    "STEPS",
    "Before",
    "Lengths",
    "Place",
    "Planned",
    "Range",
    "Server",
    "Span",
    "Step",
    "WeeklyHours",
    "at_wall",
    "clash",
    "comes_twice",
    "covered",
    "estimate",
    "exists",
    "free_slots",
    "in_order",
    "lasting",
    "lengths",
    "nearest",
    "number",
    "offset_text",
    "opening",
    "place_of",
    "plan",
    "raised",
    "scored",
    "slots_of_hours",
    "slots_of_span",
    "span_of_hours",
    "steps",
    "still_useful",
    "why_before",
]
