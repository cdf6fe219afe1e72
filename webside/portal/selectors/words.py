"""What people said of their visits in their own words, so many together that nobody is recognised by the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Value
from django.db.models.fields import TextField
from django.db.models.functions import MD5, Cast, Concat, TruncWeek

from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.portal import rules
from webside.visits import policies as visits
from webside.visits.models import SurveyAnswer
from webside.visits.rules import fewest_answers

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Words:
    """One bundle of whole weeks, ``since`` to before ``until``, and its neighbours; all empty while there is none.

    ``said`` holds ``words``, ``call`` and ``purpose`` (1 to 5, or nothing), in an order that tells nothing.
    ``waiting``: how many words wait until there are ``fewest``, this week's among them.
    """

    since: datetime | None
    until: datetime | None
    said: QuerySet[SurveyAnswer, dict[str, object]]
    number: int
    earlier: datetime | None
    later: datetime | None
    waiting: int
    fewest: int | None


def words(actor: Actor, tenant: Tenant, *, within: datetime | None = None) -> Words | None:
    """Return what was said in the bundle that holds the moment ``within``, or in the newest; nothing for who may not read it.

    Words of a week that isn't over are not among them: one more on the page would tell the day on which it was said.
    """
    if not visits.can_read_surveys(actor):
        return None
    zone = ZoneInfo(tenant.timezone)
    today = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    this_week = today - timedelta(days=today.weekday())
    fewest = fewest_answers(today.date())
    spoken = SurveyAnswer.objects.exclude(words="").order_by()
    weeks = list(
        spoken.annotate(week=TruncWeek("answered_at", tzinfo=zone))
        .values_list("week")
        .annotate(Count("id"))
        .order_by("week")
    )
    over = [(week, number) for week, number in weeks if week < this_week]
    bundles = rules.bundles([number for _, number in over], fewest)
    read = bundles[-1][1] + 1 if bundles else 0
    waiting = sum(number for _, number in weeks) - sum(number for _, number in over[:read])
    begins = [over[first][0] for first, _ in bundles]
    ends = [over[last][0] + WEEK for _, last in bundles]
    if not bundles:
        return Words(None, None, spoken.none().values(), 0, None, None, waiting, fewest)
    place = next((at for at, end in enumerate(ends) if within is not None and within < end), len(bundles) - 1)
    first, last = bundles[place]
    said = spoken.filter(answered_at__gte=begins[place], answered_at__lt=ends[place])
    return Words(
        since=begins[place],
        until=ends[place],
        said=said.order_by(MD5(Concat(Value("words"), Cast("id", TextField())))).values("words", "call", "purpose"),
        number=sum(number for _, number in over[first : last + 1]),
        earlier=begins[place - 1] if place else None,
        later=begins[place + 1] if place + 1 < len(bundles) else None,
        waiting=waiting,
        fewest=fewest,
    )
