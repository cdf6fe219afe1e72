"""Minutes and stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from webside.catalog.codes import ScreenSharing
from webside.core.dated import Row, ended, figure_problems, load
from webside.visits import rules
from webside.visits.codes import (
    MAIN,
    Advice,
    Grade,
    LinkStanding,
    ParticipantRole,
    PhonePlace,
    SeatStage,
    Stage,
    VisitStatus,
)
from webside.visits.rules import Heard, Move, Permissions, Sample

AT = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
ENDED = (rules.FIGURES, rules.SEATS)
ASKED = [role for role in ParticipantRole if role not in MAIN]
PATIENT, CLINICIAN = ParticipantRole.PATIENT, ParticipantRole.CLINICIAN


def _facts(patient: Heard | None, clinician: Heard | None, *, failed: bool = False) -> rules.CallFacts:
    heard = {role: side for role, side in ((PATIENT, patient), (CLINICIAN, clinician)) if side}
    return rules.call_facts(heard, on=AT.date(), failed=failed, began=AT, ended=AT + timedelta(minutes=28))


@pytest.mark.parametrize(
    ("patient", "clinician", "connected", "video", "audio"),
    [
        (Heard(1330, 1330), Heard(1325, 1325), True, 22, 0),
        (Heard(1330, 1330), Heard(1330, 0), True, 0, 22),  # one saw nothing: no visit with picture
        (Heard(1200, 600), Heard(1180, 700), True, 10, 9),
        (Heard(59, 59), Heard(59, 59), True, 0, 0),  # rounded down
        (Heard(4, 4), Heard(400, 400), False, 0, 0),
        (None, Heard(900, 900), False, 0, 0),  # a side that heard nothing
        (None, None, False, 0, 0),
        (Heard(9000, 9000), Heard(9000, 9000), True, 28, 0),  # longer than the visit lasted
    ],
)
def test_a_minute_is_one_that_both_sides_report(
    patient: Heard | None, clinician: Heard | None, connected: bool, video: int, audio: int
) -> None:
    facts = _facts(patient, clinician)
    assert (facts.connected, facts.video_minutes, facts.audio_minutes) == (connected, video, audio)
    assert facts.total_minutes == 28


def test_a_failed_visit_was_not_connected_whatever_was_measured() -> None:
    assert _facts(Heard(900, 900), Heard(900, 900), failed=True).connected is False


@pytest.mark.parametrize(
    ("status", "cancelled", "checked_in", "admitted", "expected"),
    [
        ("planned", False, False, False, Stage.CHECK_IN),
        ("planned", True, False, False, Stage.CANCELLED),
        ("waiting", False, True, False, Stage.WAITING),
        ("waiting", False, True, True, Stage.ROOM),
        ("in-progress", False, True, True, Stage.ROOM),
        ("stopped", False, False, False, Stage.STOPPED),
        ("finished", False, True, True, Stage.ENDED),
        ("failed", True, True, True, Stage.ENDED),
    ],
)
def test_stages(status: str, cancelled: bool, checked_in: bool, admitted: bool, expected: Stage) -> None:
    found = rules.stage(cancelled=cancelled, status=VisitStatus(status), checked_in=checked_in, admitted=admitted)
    assert found is expected


def test_a_place_grows_old() -> None:
    hour = timedelta(hours=1)
    assert rules.place_is_old(None, AT)
    assert not rules.place_is_old(AT - hour, AT)
    assert rules.place_is_old(AT - hour - timedelta(seconds=1), AT)


def test_one_more_meets_while_nobody_has_the_patients_place() -> None:
    assert [rules.guests_at_once(AT.date(), with_patient=each) for each in (True, False)] == [2, 3]


@pytest.mark.parametrize(
    ("inside", "places", "chosen", "goes"),
    [
        ("ab", 2, None, None),
        ("ab", 2, "a", None),  # there is a place by now: she stays
        ("", 0, None, None),
        ("abc", 2, "b", "b"),
        ("abc", 2, None, LookupError),
        ("abc", 2, "d", LookupError),  # gone by now, or never there: nobody goes in her stead
        ("abc", 1, "b", LookupError),  # one is not enough, where a figure fell meanwhile
        ("a", 0, "a", "a"),
        ("a", -1, "a", LookupError),
    ],
)
def test_who_makes_room_is_who_was_chosen_and_nobody_else(
    inside: str, places: int, chosen: str | None, goes: Any
) -> None:
    there = {name: UUID(int=ord(name)) for name in "abcd"}
    asked = partial(rules.who_makes_room, [there[name] for name in inside], places=places)
    if goes is LookupError:
        with pytest.raises(LookupError):
            asked(chosen=there[chosen] if chosen else None)
    else:
        assert asked(chosen=there[chosen] if chosen else None) == (there[goes] if goes else None)


def _judged() -> tuple[bool, ...]:
    """Return what the rows let through: a call, a place, a third person, a file, her link, and what each role may do."""
    return (
        _facts(Heard(5, 0), Heard(5, 0)).connected,
        not rules.place_is_old(AT - timedelta(minutes=1), AT),
        rules.most_in_the_room(AT.date()) > len(MAIN),
        rules.most_seats(AT.date()) > len(MAIN),
        rules.most_files(AT.date()) > 0,
        rules.link_ends(AT) > AT,
        rules.help_alarm(AT.date()) > timedelta(),
        rules.help_again(AT.date()) > rules.help_alarm(AT.date()),
        rules.most_help(AT.date()) is not None,
        rules.hand_over_waits(AT.date()) > timedelta(),
        rules.hand_over_reads(AT.date()) > timedelta(),
        rules.grade_sound(4, AT.date()) is Grade.FAIR and rules.grade_sound(2, AT.date()) is Grade.GOOD,
        rules.grade_picture(70, AT.date()) is Grade.FAIR,
        rules.is_delayed(500, AT.date()) is True,
        rules.on_time(AT.date()) is not None,
        rules.survey_is_open(AT - timedelta(hours=1), AT),
        rules.fewest_answers(AT.date()) is not None,
        rules.phone_closes(AT) > AT,
        rules.most_tries(AT.date()) > 1,
        rules.most_wrong_of_caller(AT.date()) > 1,
        rules.most_wrong_of_number(AT.date()) > 1,
        rules.most_phone_calls(AT.date()) > 0,
        *(rules.default_permissions(role, AT.date()) != Permissions() or not _for_staff(role) for role in ASKED),
    )


def _for_staff(role: ParticipantRole) -> bool:
    return rules.is_for_staff(role, AT.date())


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer_and_vouches_for_nothing(row: Row) -> None:
    assert all(_judged())
    with ended(row):
        assert _judged().count(False) == 1, "what no row says is not let through"


def test_the_figures_hold_together() -> None:
    assert figure_problems(load(rules.FIGURES)) == []


# Who is asked in


def test_the_defaults_of_each_role() -> None:
    found = {role: rules.default_permissions(role, AT.date()) for role in ASKED}
    assert {role for role in ASKED if _for_staff(role)} == {ParticipantRole.NURSE, ParticipantRole.SPECIALIST}
    assert {role for role, may in found.items() if may.see_chart} == {ParticipantRole.NURSE, ParticipantRole.SPECIALIST}
    assert not any(may.write for may in found.values())
    assert [role for role, may in found.items() if not may.speak] == [ParticipantRole.OBSERVER]
    assert not found[ParticipantRole.FAMILY].stay_without_patient
    assert {row["role"] for row in load(rules.SEATS).rows} == set(ASKED)


@pytest.mark.parametrize("role", ASKED)
def test_chart_and_note_are_never_given_to_who_does_not_open_charts(role: ParticipantRole) -> None:
    wanted = Permissions(speak=True, see_chart=True, write=True, stay_without_patient=True)
    outside = rules.allowed(wanted, role=role, opens_charts=False, on=AT.date())
    assert (outside.see_chart, outside.write) == (False, False)
    inside = rules.allowed(wanted, role=role, opens_charts=True, on=AT.date())
    treats = role in (ParticipantRole.NURSE, ParticipantRole.SPECIALIST)
    assert (inside.see_chart, inside.write) == (treats, treats)
    assert inside.stay_without_patient is (role is not ParticipantRole.FAMILY)


@pytest.mark.parametrize("role", ASKED)
def test_family_is_there_without_the_patient_only_with_her_yes(role: ParticipantRole) -> None:
    wanted = Permissions(stay_without_patient=True)
    with_yes = rules.allowed(wanted, role=role, opens_charts=False, on=AT.date(), agreed=True)
    without = rules.allowed(wanted, role=role, opens_charts=False, on=AT.date())
    assert with_yes.stay_without_patient is True
    assert without.stay_without_patient is not rules.asks_patient(role, AT.date())
    assert rules.asks_patient(role, AT.date()) is (role is ParticipantRole.FAMILY)
    not_wanted = rules.allowed(Permissions(), role=role, opens_charts=True, on=AT.date(), agreed=True)
    assert not_wanted.stay_without_patient is False


def test_while_the_team_meets_without_the_patient_no_time_of_the_visit_passes() -> None:
    def facts(*met: tuple[float, float], heard: float = 600) -> rules.CallFacts:
        sides = {role: rules.Heard(sound=heard, picture=heard) for role in MAIN}
        return rules.call_facts(
            sides, on=AT.date(), failed=False, began=_at(0), ended=_at(30), apart=[(_at(a), _at(b)) for a, b in met]
        )

    assert (facts().total_minutes, facts().apart_minutes) == (30, 0)
    before = facts((-10, 0))
    assert (before.total_minutes, before.apart_minutes) == (30, 10), "before the visit began it takes nothing from it"
    within = facts((-10, 0), (10, 25))
    assert (within.total_minutes, within.apart_minutes) == (15, 25)
    bragging = facts((10, 25), heard=1800)
    assert (bragging.total_minutes, bragging.video_minutes) == (15, 15), "nobody heard longer than the visit was"
    assert facts((5, 15), (10, 20)).total_minutes == 15, "what overlaps counts once"


@pytest.mark.parametrize("role", ParticipantRole)
@pytest.mark.parametrize("sharing", [*ScreenSharing, "", "somebody"])
def test_a_screen_is_shown_by_whom_the_service_and_the_seat_let(sharing: str, role: ParticipantRole) -> None:
    staff = {ParticipantRole.CLINICIAN, ParticipantRole.NURSE, ParticipantRole.SPECIALIST}
    let = {ScreenSharing.EVERYBODY: set(ParticipantRole), ScreenSharing.STAFF: staff}.get(sharing, set())  # type: ignore[call-overload]
    assert rules.may_show_screen(sharing, role=role, seat_allows=True) is (role in let)
    assert rules.may_show_screen(sharing, role=role, seat_allows=False) is (role in let and role in MAIN)


def test_who_writes_reads() -> None:
    given = rules.allowed(Permissions(write=True), role=ParticipantRole.NURSE, opens_charts=True, on=AT.date())
    assert given == Permissions(see_chart=True, write=True)


@pytest.mark.parametrize(
    ("closed", "removed", "admitted", "expected"),
    [
        (False, False, False, SeatStage.LOBBY),
        (False, False, True, SeatStage.ROOM),
        (False, True, True, SeatStage.REMOVED),
        (True, False, True, SeatStage.ENDED),
        (True, True, False, SeatStage.REMOVED),
    ],
)
def test_where_somebody_is_who_was_asked_in(closed: bool, removed: bool, admitted: bool, expected: SeatStage) -> None:
    assert rules.seat_stage(closed=closed, removed=removed, admitted=admitted) is expected


@pytest.mark.parametrize(
    ("now", "closed", "revoked", "removed", "taken", "expected"),
    [
        (0, False, False, False, False, LinkStanding.OPEN),
        (0, False, False, False, True, LinkStanding.TAKEN),
        (24, False, False, False, False, LinkStanding.EXPIRED),  # yesterday's
        (24, False, False, False, True, LinkStanding.EXPIRED),
        (23.9, False, False, False, False, LinkStanding.OPEN),
        (0, False, True, False, False, LinkStanding.REVOKED),
        (0, False, False, True, True, LinkStanding.REVOKED),
        (30, True, True, True, True, LinkStanding.OVER),
    ],
)
def test_whether_a_link_seats_somebody(
    now: float, closed: bool, revoked: bool, removed: bool, taken: bool, expected: LinkStanding
) -> None:
    found = rules.link_standing(
        now=AT + timedelta(hours=now), expires_at=rules.link_ends(AT), closed=closed, revoked=revoked, removed=removed,
        taken=taken,
    )  # fmt: skip
    assert found is expected


def test_of_two_people_exactly_one_gives_way() -> None:
    ids = [UUID(int=1), UUID(int=2)]
    for role in ParticipantRole:
        for other in ParticipantRole:
            if role is other and role in MAIN:
                continue
            for own, theirs in (ids, ids[::-1]):
                assert rules.is_polite(role, own, other, theirs) is not rules.is_polite(other, theirs, role, own)
    assert rules.is_polite(PATIENT, ids[0], CLINICIAN, ids[1])
    assert rules.is_polite(PATIENT, ids[1], CLINICIAN, ids[0]), "the patient gives way, whatever the ids"


# How the call went


def test_a_report_says_what_was_measured_and_what_to_do_better() -> None:
    good = Sample(seconds=10, sound=10, picture=10, concealed=0.5, rtt=80)
    report = rules.connection_report([good] * 60, AT.date())
    assert report is not None
    assert (report.minutes, report.interruptions, report.broken_seconds, report.advice) == (10, 0, 0, ())
    assert (report.sound, report.picture, report.delayed) == (Grade.GOOD, Grade.GOOD, False)
    bad = Sample(seconds=10, sound=4, picture=1, broken=2, concealed=20, rtt=900, reconnects=2)
    report = rules.connection_report([bad] * 6, AT.date())
    assert report is not None
    assert (report.sound, report.picture, report.delayed) == (Grade.POOR, Grade.POOR, True)
    assert (report.interruptions, report.broken_seconds, report.advice) == (2, 12, tuple(Advice))


def test_what_nobody_measured_is_unknown_and_never_good() -> None:
    assert rules.connection_report([], AT.date()) is None
    report = rules.connection_report([Sample(seconds=10, sound=10, picture=10)], AT.date())
    assert report is not None and (report.sound, report.delayed) == (Grade.UNKNOWN, None)
    lost = rules.connection_report([Sample(seconds=10, sound=0, picture=0, broken=10)], AT.date())
    assert lost is not None and lost.picture is Grade.UNKNOWN, "there was no call in which it could have been seen"


def test_a_page_that_was_loaded_again_counts_its_interruptions_from_nought() -> None:
    counts = [0, 1, 1, 3, 0, 1]
    report = rules.connection_report([Sample(10, 10, 10, reconnects=number) for number in counts], AT.date())
    assert report is not None and report.interruptions == 4


# By phone


def _at(minute: float) -> datetime:
    return AT + timedelta(minutes=minute)


def _moves(role: ParticipantRole, *minutes: float, call: int = 1, ended: float | None = None) -> list[Move]:
    """Return somebody's coming and going by turns, as the carrier counts it."""
    return [
        Move(UUID(int=call), role, f"CF{call}", number, number % 2 == 0, _at(minute), _at(ended) if ended else None)
        for number, minute in enumerate(minutes)
    ]


def _together(*moves: list[Move], measured: list[tuple[float, float]] = [], since: float = 0) -> float:  # noqa: B006
    found = rules.phone_stretches([move for each in moves for move in each], _at(28))
    pages = [(_at(began), _at(ended)) for began, ended in measured]
    return rules.phone_seconds(found, pages, _at(since), _at(28)) / 60


def test_minutes_by_phone_are_those_in_which_both_were_there() -> None:
    liz = _moves(PATIENT, 2, 9)
    assert _together(liz) == 0, "nobody spoke with her"
    assert _together(liz, _moves(CLINICIAN, 1, 20, call=2)) == 7
    assert _together(liz, _moves(CLINICIAN, 4, 6, 8, 20, call=2)) == 3
    assert _together(liz, _moves(CLINICIAN, 1, 20, call=2), since=5) == 4, "nothing counts before the visit began"
    assert _together(_moves(PATIENT, 2), _moves(CLINICIAN, 1, call=2)) == 26, "both are there still"
    assert _together(_moves(PATIENT, 2, ended=5), _moves(CLINICIAN, 1, call=2)) == 3, (
        "nobody told that she left the room"
    )


def test_hung_up_and_called_back_counts_both_and_two_phones_count_once() -> None:
    maya = _moves(CLINICIAN, 0, 28, call=9)
    assert _together(_moves(PATIENT, 1, 4), _moves(PATIENT, 6, 10, call=2), maya) == 7
    assert _together(_moves(PATIENT, 1, 8), _moves(PATIENT, 4, 10, call=2), maya) == 9


def test_what_the_carrier_tells_late_or_twice_stands_in_its_place() -> None:
    maya = _moves(CLINICIAN, 0, 28, call=9)
    told = _moves(PATIENT, 1, 4, 6, 10)
    assert _together(told[::-1], maya) == _together(told, maya) == _together([*told, *told], maya) == 7
    assert _together(told[1:2], maya) == 0, "who left without having come makes no time"


def test_a_minute_that_the_pages_measured_is_never_counted_twice() -> None:
    both = _moves(PATIENT, 2, 12), _moves(CLINICIAN, 2, 12, call=2)
    assert _together(*both, measured=[(0, 5)]) == 7
    assert _together(*both, measured=[(0, 5), (4, 6), (11, 20)]) == 5
    assert _together(*both, measured=[(0, 28)]) == 0


def test_video_then_phone_is_minutes_of_both() -> None:
    heard = {PATIENT: Heard(600, 600), CLINICIAN: Heard(610, 605)}
    facts = rules.call_facts(heard, on=AT.date(), failed=False, began=AT, ended=_at(28), phone=7.5 * 60)
    assert (facts.video_minutes, facts.audio_minutes, facts.phone_minutes, facts.heard_minutes) == (10, 7, 7, 17)
    alone = rules.call_facts({}, on=AT.date(), failed=False, began=AT, ended=_at(28), phone=420)
    assert (alone.connected, alone.video_minutes, alone.audio_minutes, alone.phone_minutes) == (True, 0, 7, 7)
    longer = rules.call_facts(heard, on=AT.date(), failed=False, began=AT, ended=_at(28), phone=9000)
    assert longer.heard_minutes == 28 and longer.video_minutes == 10, "nobody hears for longer than the visit lasted"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PhonePlace.LOBBY),
        ({"admitted": True}, PhonePlace.ROOM),
        ({"admitted": True, "inside": False}, PhonePlace.LOBBY),
        ({"admitted": True, "stopped": True}, PhonePlace.LOBBY),
        ({"admitted": True, "closed": True}, PhonePlace.GONE),
        ({"admitted": True, "hung_up": True}, PhonePlace.GONE),
        ({"removed": True}, PhonePlace.GONE),
    ],
)
def test_nobody_comes_from_the_line_into_the_room_unless_let_in(changes: dict[str, bool], expected: PhonePlace) -> None:
    given = dict.fromkeys(("closed", "stopped", "hung_up", "removed", "admitted"), False) | {"inside": True}
    assert rules.phone_place(**given | changes) is expected
