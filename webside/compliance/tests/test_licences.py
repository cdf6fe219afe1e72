"""Licences end at midnight where they hold, and that is said once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from webside.audit.selectors import trail
from webside.compliance import selectors, services
from webside.compliance.models import Credentialing, Licence
from webside.core import timers
from webside.core.models import Timer
from webside.outbox.models import OutboxEvent
from webside.testing.cast import Cast

LAST_DAY = date(2027, 3, 31)
SECOND = timedelta(seconds=1)


def _add(cast: Cast, state: str, *, until: date = LAST_DAY, status: str = "active") -> Licence:
    with cast.as_(cast.ingrid_user) as ingrid:
        return services.add_licence(
            actor=ingrid, practitioner=cast.maya, state=state, licence_type="full", number=f"{state}-1",
            status=status, period_start=date(2024, 1, 1), period_end=until, verified_with="the board’s page",
        )  # fmt: skip


def _announced(licence: Licence) -> int:
    return OutboxEvent.objects.filter(name="compliance.LicenceExpired", payload__licence_id=str(licence.id)).count()


def _at(moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        timers.run_due()


@pytest.mark.parametrize(
    ("state", "zone"),
    [
        ("NY", "America/New_York"),
        ("CA", "America/Los_Angeles"),
        ("HI", "Pacific/Honolulu"),
        ("GU", "Pacific/Guam"),  # midnight there is the afternoon of the last day in UTC
        ("FL", "America/New_York"),  # two zones: good on both local days, so the one that is ahead ends it
    ],
)
def test_a_licence_ends_at_midnight_in_its_state_and_that_is_said_once(cast: Cast, state: str, zone: str) -> None:
    licence = _add(cast, state)
    midnight = datetime(2027, 4, 1, tzinfo=ZoneInfo(zone))
    assert selectors.ends_at(licence) == midnight
    _at(midnight - SECOND)
    assert _announced(licence) == 0
    _at(midnight)
    assert _announced(licence) == 1
    for hours in (1, 24, 24 * 30):
        _at(midnight + timedelta(hours=hours))
    assert _announced(licence) == 1


def test_the_rule_and_the_announcement_agree_on_the_moment(cast: Cast) -> None:
    _add(cast, "CA")
    with cast.as_(cast.ingrid_user) as ingrid:
        services.set_credentialing(
            actor=ingrid, practitioner=cast.maya, credentialed_until=date(2030, 1, 1), excluded=False
        )
        midnight = datetime(2027, 4, 1, tzinfo=ZoneInfo("America/Los_Angeles"))
        for moment, allowed in ((midnight - SECOND, True), (midnight, False)):
            answer = selectors.may_treat(
                practitioner=cast.maya, patient=cast.liz, service=cast.video_visit, state="CA", at=moment,
                consents={"telehealth"},
            )  # fmt: skip
            assert answer.allowed is allowed, answer.reasons


def test_a_renewed_licence_is_announced_when_the_renewal_ends(cast: Cast) -> None:
    licence = _add(cast, "CT")
    with cast.as_(cast.ingrid_user) as ingrid:
        services.change_licence(actor=ingrid, licence=licence, period_end=date(2029, 3, 31))
    _at(datetime(2027, 4, 2, tzinfo=UTC))
    assert _announced(licence) == 0
    _at(datetime(2029, 4, 2, tzinfo=UTC))
    assert _announced(licence) == 1


def test_a_change_of_something_else_announces_nothing_again(cast: Cast) -> None:
    licence = _add(cast, "CT")
    _at(datetime(2027, 4, 2, tzinfo=UTC))
    with time_machine.travel(datetime(2027, 4, 3, tzinfo=UTC), tick=False), cast.as_(cast.ingrid_user) as ingrid:
        services.change_licence(actor=ingrid, licence=licence, number="CT-2", period_end=LAST_DAY)
    _at(datetime(2027, 4, 4, tzinfo=UTC))
    assert _announced(licence) == 1


def test_a_licence_that_turns_out_to_have_ended_is_announced(cast: Cast) -> None:
    licence = _add(cast, "CT")
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        with cast.as_(cast.ingrid_user) as ingrid:
            services.change_licence(actor=ingrid, licence=licence, period_end=date(2026, 11, 1))
        timers.run_due()
    assert _announced(licence) == 1


def test_one_that_had_ended_before_it_came_on_file_is_not(cast: Cast) -> None:
    licence = _add(cast, "CT", until=date(2025, 1, 1))
    timers.run_due()
    assert _announced(licence) == 0
    assert not Timer.objects.filter(key=str(licence.id)).exists()


@pytest.mark.parametrize("status", ["suspended", "revoked", "lapsed"])
def test_one_that_the_board_has_stopped_has_no_end_to_announce(cast: Cast, status: str) -> None:
    licence = _add(cast, "CT")
    with cast.as_(cast.ingrid_user) as ingrid:
        services.change_licence(actor=ingrid, licence=licence, status=status)
    _at(datetime(2027, 4, 2, tzinfo=UTC))
    assert _announced(licence) == 0


def test_a_crash_after_the_announcement_does_not_double_it(cast: Cast) -> None:
    licence = _add(cast, "CT")
    with time_machine.travel(datetime(2027, 4, 2, tzinfo=UTC), tick=False):
        timer = Timer.objects.get(key=str(licence.id))
        assert timer.name == services.EXPIRY_TIMER
        timers.run_due()
        timer.refresh_from_db()
    assert timer.done_at is not None  # in the transaction of the event: both or neither
    assert _announced(licence) == 1


@pytest.mark.parametrize(
    ("days", "tone", "over"),
    [(-1, "danger", True), (0, "danger", False), (8, "danger", False), (9, "warning", False), (30, "warning", False),
     (31, "info", False), (60, "info", False), (61, "", False)],
)  # fmt: skip
def test_the_end_is_said_louder_as_it_comes(cast: Cast, days: int, tone: str, over: bool) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 16, tzinfo=UTC), tick=False):
        _add(cast, "CT", until=date(2026, 6, 1) + timedelta(days=days))
        with cast.as_(cast.ingrid_user):
            (row,) = selectors.licence_rows(Licence.objects.select_related("practitioner").filter(state="CT"))
    assert (row.days, row.tone, row.over) == (days, tone, over)


def test_the_days_are_counted_on_the_states_own_calendar(cast: Cast) -> None:
    _add(cast, "HI", until=date(2026, 6, 1))
    # 3 am UTC of June 2 is the evening of June 1 in Hawaii: the last day still holds.
    with time_machine.travel(datetime(2026, 6, 2, 3, tzinfo=UTC), tick=False), cast.as_(cast.ingrid_user):
        (row,) = selectors.licence_rows(Licence.objects.select_related("practitioner").filter(state="HI"))
    assert (row.days, row.over) == (0, False)


def test_what_ends_soon_is_listed(cast: Cast) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 16, tzinfo=UTC), tick=False):
        for state, days in (("CT", 59), ("PA", 61), ("VT", -29), ("ME", -31)):
            _add(cast, state, until=date(2026, 6, 1) + timedelta(days=days))
        _add(cast, "MA", until=date(2026, 6, 20), status="suspended")
        with cast.as_(cast.ingrid_user) as ingrid:
            assert [each.state for each in selectors.licences_ending(ingrid)] == ["VT", "CT"]


def test_a_change_says_what_it_was_before(cast: Cast) -> None:
    licence = _add(cast, "CT")
    with cast.as_(cast.ingrid_user) as ingrid:
        services.change_licence(actor=ingrid, licence=licence, period_end=date(2029, 3, 31), number="CT-1")
        event = trail().filter(action="compliance.licence.change")[0]
    assert event.changes == {"before": {"period_end": "2027-03-31"}, "after": {"period_end": "2029-03-31"}}


@pytest.mark.parametrize("who", ["maya_user", "admin_user", "grace_user", "liz_user"])
def test_only_compliance_changes_what_decides_whom_somebody_may_treat(cast: Cast, who: str) -> None:
    licence = _add(cast, "CT")
    with cast.as_(getattr(cast, who)) as actor:
        with pytest.raises(services.NotAllowed):
            services.change_licence(actor=actor, licence=licence, status="active")
        with pytest.raises(services.NotAllowed):
            services.add_licence(actor=actor, practitioner=cast.maya, state="VT", period_start=LAST_DAY)
        with pytest.raises(services.NotAllowed):
            services.set_credentialing(actor=actor, practitioner=cast.maya, credentialed_until=None, excluded=False)


def test_exclusion_lists_are_due_every_month(cast: Cast) -> None:
    with cast.as_(cast.ingrid_user) as ingrid:
        Credentialing.objects.filter(practitioner=cast.priya).update(exclusion_checked_at=None)
        due = {each.practitioner.family: each.look_again for each in selectors.colleagues(ingrid)}
        assert due == {"Chen": False, "Whitfield": False, "Nair": True}
    with time_machine.travel(datetime.now(UTC) + timedelta(days=33)), cast.as_(cast.ingrid_user) as ingrid:
        assert all(each.look_again for each in selectors.colleagues(ingrid))


def test_licensed_states_are_those_in_force(cast: Cast) -> None:
    _add(cast, "CT", until=date(2026, 6, 1))
    _add(cast, "VT", status="suspended")
    with cast.as_(cast.ingrid_user):
        assert selectors.licensed_states(cast.maya, date(2026, 6, 1)) == {"NY", "NJ", "CT"}
        assert selectors.licensed_states(cast.maya, date(2026, 6, 2)) == {"NY", "NJ"}
