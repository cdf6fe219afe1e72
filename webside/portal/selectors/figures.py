"""How visits go, in figures of many: waits, beginnings, what failed and for whom, who did not come, what people said.

Everything is put together by the database: the number of queries is the same for a day and for a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.aggregates import Aggregate
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT, KeyTextTransform
from django.db.models.functions import Cast, Extract, Greatest, Left, TruncDay, TruncWeek

from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.rows import prepared
from webside.people.rules import full_name
from webside.portal import policies, rules
from webside.portal.codes import By
from webside.portal.rules import Share
from webside.scheduling.codes import NO_APPOINTMENT, AppointmentStatus, Missed
from webside.scheduling.models import Appointment
from webside.visits import policies as visits
from webside.visits.codes import BAD_LINES, EndReason, LineTest, ParticipantRole
from webside.visits.models import QualitySample
from webside.visits.rules import fewest_answers, on_time

NARROW, WIDE = 150, 600
"""Kilobits a second that reached the patient: below the first sound alone is safe, above the second a full picture."""


KEPT_OUT = Q(status=AppointmentStatus.NOSHOW, missed_reason=Missed.TECHNICAL)
"""Who wanted to come and could not, as was noted of the visit: no call that failed on the way, and yet one that failed."""
_FAILED = KEPT_OUT | Q(visit__end_reason=EndReason.TECHNICAL) & ~Q(status=AppointmentStatus.NOSHOW)


class _Percentile(Aggregate):
    """``PERCENTILE_CONT``: the value below which so much of all lies."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one group. What is empty is not known, or of too few to say; the numbers beside say of how many."""

    key: Any
    booked: int
    held: Share
    failed: Share
    missed: Share
    unknown: int
    waited: int
    wait: int | None
    wait_long: int | None
    on_time: Share
    answers: int | None
    call_well: Share | None
    purpose_well: Share | None


@dataclass(frozen=True, slots=True)
class Place:
    """How the lines were at one place that helps with visits, or else in one kind of place of one area.

    ``kind``: ``home``, ``clinic``, ``other``; empty: not said. ``area``: the first three digits of the ZIP code. ``site``: the
    name and town of a place of the clinic's list. ``people`` are so many patients; ``bad`` says how many tests.
    """

    kind: str
    area: str
    site: str
    people: int
    bad: Share
    kbps: int | None
    rtt_ms: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How visits went between two moments. ``surveyed``: whether the actor may read what people said."""

    since: datetime
    until: datetime
    by: By
    total: Line
    lines: list[Line]
    reasons: list[tuple[str, int]]
    devices: list[tuple[str, Share]]
    bandwidths: list[tuple[str, Share]]
    places: list[Place]
    places_hidden: int
    fewest: int | None
    on_time: timedelta | None
    surveyed: bool


def figures(actor: Actor, tenant: Tenant, *, by: By, weeks: int) -> Figures | None:
    """Return how the visits of the last weeks went; nothing for who may not see it. Today's are not among them yet."""
    if not policies.can_see_figures(actor):
        return None
    zone = ZoneInfo(tenant.timezone)
    until = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - timedelta(weeks=weeks)
    fewest, punctual = fewest_answers(until.date()), on_time(until.date())
    surveyed = visits.can_read_surveys(actor)
    rows = _groups(since=since, until=until, by=by, zone=zone, punctual=punctual)
    secret = rules.hidden([row["answered"] for row in rows], fewest)
    lines = [_line(_key(row, by), row, fewest, surveyed and place not in secret) for place, row in enumerate(rows)]
    (whole,) = _whole(since=since, until=until, punctual=punctual)
    places, places_hidden = _places(_tested(since=since, until=until), fewest)
    reasons = [(row["missed_reason"], row["number"]) for row in _reasons(since=since, until=until)]
    return Figures(
        since=since,
        until=until,
        by=by,
        total=_line(None, whole, fewest, surveyed),
        lines=list(reversed(lines)) if by in (By.DAY, By.WEEK) else lines,
        reasons=sorted(reasons, key=lambda each: (-each[1], each[0])),
        devices=_failed_by(_devices(since=since, until=until), fewest),
        bandwidths=_failed_by(_bandwidths(since=since, until=until), fewest),
        places=places,
        places_hidden=places_hidden,
        fewest=fewest,
        on_time=punctual,
        surveyed=surveyed,
    )  # fmt: skip


def _appointments(since: datetime, until: datetime) -> QuerySet[Any]:
    """Return what was booked and not cancelled, joined with the patient's seat: joins, since a look for each would be slow."""
    nothing = (AppointmentStatus.CANCELLED, *NO_APPOINTMENT)
    seat = FilteredRelation("visit__participants", condition=Q(visit__participants__role=ParticipantRole.PATIENT))
    return (
        Appointment.objects.filter(period__startswith__gte=since, period__startswith__lt=until)
        .exclude(status__in=nothing)
        .annotate(
            starts=F("period__startswith"), seat=seat, call_mark=F("seat__survey__call"),
            purpose_mark=F("seat__survey__purpose"),
        )
        .order_by()
    )  # fmt: skip


@prepared
def _groups(
    since: datetime, until: datetime, by: By, zone: ZoneInfo, punctual: timedelta | None
) -> QuerySet[Any, dict[str, Any]]:
    keys = _keys(by, zone)
    found = _appointments(since, until).annotate(**keys).values(*keys)
    return found.annotate(**_measures(punctual)).order_by(*keys)


@prepared
def _whole(since: datetime, until: datetime, punctual: timedelta | None) -> QuerySet[Any, dict[str, Any]]:
    """Ask for one row of all; a constant makes no groups."""
    return _appointments(since, until).annotate(all=Value(True)).values("all").annotate(**_measures(punctual))


@prepared
def _reasons(since: datetime, until: datetime) -> QuerySet[Any, dict[str, Any]]:
    missed = _appointments(since, until).filter(status=AppointmentStatus.NOSHOW)
    return missed.values("missed_reason").annotate(number=Count("id"))


def _keys(by: By, zone: ZoneInfo) -> dict[str, Combinable]:
    if by is By.DAY:
        return {"group": TruncDay("starts", tzinfo=zone)}
    if by is By.WEEK:
        return {"group": TruncWeek("starts", tzinfo=zone)}
    if by is By.SERVICE:
        return {"group": F("service__name")}
    return {"family": F("practitioner__family"), "given": F("practitioner__given"), "prefix": F("practitioner__prefix"),
            "group": F("practitioner_id")}  # fmt: skip


def _key(row: dict[str, Any], by: By) -> Any:
    return full_name(row["given"], row["family"], row["prefix"]) if by is By.CLINICIAN else row["group"]


def _measures(punctual: timedelta | None) -> dict[str, Any]:
    """Return what is counted of each group. A wait counts from the booked time, or from the check-in where that was later."""
    let_in = Q(visit__admitted_at__isnull=False)
    waited = let_in & Q(visit__waiting_since__isnull=False)
    wait = Extract(
        ExpressionWrapper(
            F("visit__admitted_at") - Greatest(F("visit__waiting_since"), F("starts")), output_field=DurationField()
        ),
        "epoch",
    )
    in_time = let_in & Q(visit__admitted_at__lte=F("starts") + Value(punctual, DurationField())) if punctual else None
    missed = Q(status=AppointmentStatus.NOSHOW) & ~KEPT_OUT
    held = Q(visit__end_reason=EndReason.COMPLETED) & ~Q(status=AppointmentStatus.NOSHOW)
    return {
        "booked": Count("id"),
        "held": Count("id", filter=held),
        "failed": Count("id", filter=_FAILED),
        "missed": Count("id", filter=missed),
        "let_in": Count("id", filter=let_in),
        "in_time": Count("id", filter=in_time) if in_time else Value(0),
        "waited": Count("id", filter=waited),
        "wait": _Percentile(wait, filter=waited, part="0.5"),
        "wait_long": _Percentile(wait, filter=waited, part="0.9"),
        "answered": Count("id", filter=Q(call_mark__isnull=False) | Q(purpose_mark__isnull=False)),
        "calls": Count("call_mark"),
        "calls_well": Count("id", filter=Q(call_mark__gte=4)),
        "purposes": Count("purpose_mark"),
        "purposes_well": Count("id", filter=Q(purpose_mark__gte=4)),
    }


def _line(key: Any, row: dict[str, Any], fewest: int | None, with_answers: bool) -> Line:
    held, failed, missed, booked = row["held"], row["failed"], row["missed"], row["booked"]
    waits = {name: max(0.0, row[name]) / 60 if row[name] is not None else None for name in ("wait", "wait_long")}
    told = with_answers and row["answered"] > 0
    return Line(
        key=key,
        booked=booked,
        held=rules.share(held, booked, fewest),
        failed=rules.share(failed, held + failed, fewest),
        missed=rules.share(missed, booked, fewest),
        unknown=booked - held - failed - missed,
        waited=row["waited"],
        wait=rules.enough(row["waited"], waits["wait"], fewest),
        wait_long=rules.enough(row["waited"], waits["wait_long"], fewest),
        on_time=rules.share(row["in_time"], row["let_in"], fewest),
        answers=row["answered"] if told else None,
        call_well=rules.share(row["calls_well"], row["calls"], fewest) if told else None,
        purpose_well=rules.share(row["purposes_well"], row["purposes"], fewest) if told else None,
    )


@prepared
def _devices(since: datetime, until: datetime) -> QuerySet[Any, dict[str, Any]]:
    verdict = KeyTextTransform("verdict", F("seat__device_check"))
    return _tried(_appointments(since, until).annotate(of=verdict))


@prepared
def _bandwidths(since: datetime, until: datetime) -> QuerySet[Any, dict[str, Any]]:
    return _tried(_appointments(since, until).annotate(kbps=_bandwidth()).annotate(of=_band()))


def _tried(found: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    """Return how many visits were tried and how many of these failed, by ``of``."""
    tried = found.filter(_FAILED | Q(visit__end_reason=EndReason.COMPLETED))
    return tried.values("of").annotate(tried=Count("id"), failed=Count("id", filter=_FAILED))


def _failed_by(rows: list[dict[str, Any]], fewest: int | None) -> list[tuple[str, Share]]:
    return sorted((row["of"] or "", rules.share(row["failed"], row["tried"], fewest)) for row in rows)


@prepared
def _tested(since: datetime, until: datetime) -> QuerySet[Any, dict[str, Any]]:
    """Ask for the tested lines by where they were: the place that helps with visits, or its kind and three digits of its ZIP."""
    check = F("seat__device_check")
    tested = (
        _appointments(since, until)
        .annotate(
            tested=Cast(KeyTextTransform("line", check), CharField()),
            kbps=Cast(KeyTextTransform("kbps", check), FloatField()),
            rtt=Cast(KeyTextTransform("rtt_ms", check), FloatField()),
            kind=F("visit__safe_start__location"),
            area=Left("visit__safe_start__postal_code", 3),
            site=F("visit__safe_start__site"),
            site_name=F("visit__safe_start__site__name"),
            town=F("visit__safe_start__site__city"),
        )
        .filter(tested__in=set(LineTest) - {LineTest.UNMEASURED})
    )
    return tested.values("kind", "area", "site", "site_name", "town").annotate(
        people=Count("patient", distinct=True), tests=Count("id"),
        bad=Count("id", filter=Q(tested__in=BAD_LINES)), with_kbps=Count("kbps"), with_rtt=Count("rtt"),
        half_kbps=_Percentile("kbps", part="0.5"), half_rtt=_Percentile("rtt", part="0.5"),
    ).order_by("kind", "area", "site")  # fmt: skip


def _places(rows: list[dict[str, Any]], fewest: int | None) -> tuple[list[Place], int]:
    """Return how the tested lines were by where they were, the worst first, and how many places have too few people.

    Of these nothing is told, not even how many tests. Three digits of a ZIP code: what 45 CFR 164.514(b) lets stand where
    many live, and no town has a line of its own.
    """
    secret = rules.hidden([row["people"] for row in rows], fewest)
    places = [
        Place(
            row["kind"] or "", row["area"] or "", _site(row), row["people"], rules.share(row["bad"], row["tests"], fewest),
            rules.enough(row["with_kbps"], row["half_kbps"], fewest), rules.enough(row["with_rtt"], row["half_rtt"], fewest),
        )
        for number, row in enumerate(rows)
        if number not in secret
    ]  # fmt: skip
    return sorted(places, key=lambda place: -(place.bad.percent or 0)), len(secret)


def _site(row: dict[str, Any]) -> str:
    return ", ".join(filter(None, (row["site_name"], row["town"])))


def _bandwidth() -> Subquery:
    """Return what reached the patient in one ten-second stretch of the call, in kilobits a second.

    The stretch with the smallest key: keys are drawn by the browser, so it is one at random, and one look into an
    index finds it, however long the call was.
    """
    samples = QualitySample.objects.filter(participant=OuterRef("seat")).order_by("client_key")
    return Subquery(samples.values(kbps=Cast(KT("digest__kbps_in"), FloatField()))[:1])


def _band() -> Case:
    return Case(
        When(kbps__lt=NARROW, then=Value("narrow")),
        When(kbps__lt=WIDE, then=Value("middle")),
        When(kbps__gte=WIDE, then=Value("wide")),
        default=Value(""),
        output_field=CharField(),
    )
