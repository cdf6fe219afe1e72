"""Numbers, quiet hours over clock changes, the length of a text, and what one word of an answer means."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from webside.notifications import rules, telephone
from webside.notifications.codes import Channel, Choice, Reply
from webside.notifications.rules import Quiet

NEW_YORK = "America/New_York"
NIGHT = Quiet(time(21), time(8), NEW_YORK)


def here(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(NEW_YORK), fold=fold)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("845-555-0142", "+18455550142"),
        ("(845) 555 0142", "+18455550142"),
        ("1.845.555.0142", "+18455550142"),
        ("+44 20 7946 0958", "+442079460958"),
        ("845-555-014", ""),
        ("555-0142", ""),
        ("911", ""),
        ("845-555-0142 ext 5", ""),
        ("my daughter's", ""),
        ("", ""),
    ],
)
def test_numbers(written: str, number: str) -> None:
    assert telephone.e164(written) == number


def test_a_number_as_people_see_it() -> None:
    assert telephone.shown("+18455550142") == "(845) 555-0142"
    assert telephone.shown("+442079460958") == "+44 20 7946 0958"
    assert (telephone.masked("+18455550142"), telephone.masked("")) == ("•••-0142", "")


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-11-24T20:59", False), ("2026-11-24T21:00", True), ("2026-11-25T03:00", True),
        ("2026-11-25T07:59", True), ("2026-11-25T08:00", False), ("2026-11-25T12:00", False),
    ],
)  # fmt: skip
def test_a_night(at: str, quiet: bool) -> None:
    assert NIGHT.holds(here(at)) is quiet


def test_a_night_ends_and_began_on_the_persons_own_wall() -> None:
    for at, began, ends in (
        ("2026-11-24T23:00", "2026-11-24T21:00", "2026-11-25T08:00"),
        ("2026-11-25T01:00", "2026-11-24T21:00", "2026-11-25T08:00"),
    ):
        assert (NIGHT.began(here(at)), NIGHT.ends(here(at))) == (here(began), here(ends))
    noon = Quiet(time(12), time(14), NEW_YORK)
    assert noon.holds(here("2026-11-24T13:00")) and noon.ends(here("2026-11-24T13:00")) == here("2026-11-24T14:00")
    assert not Quiet(time(8), time(8), NEW_YORK).holds(here("2026-11-24T08:00")), "equal ends: no quiet hours"
    # The same moment is evening in New York and afternoon in Oregon.
    at = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    assert NIGHT.holds(at) and not Quiet(time(21), time(8), "America/Los_Angeles").holds(at)


def test_the_nights_on_which_clocks_change() -> None:
    """An end that the spring night skips comes after it; one that the autumn night repeats is the second one."""
    spring = Quiet(time(22), time(2, 30), NEW_YORK)
    assert spring.ends(here("2026-03-08T01:30")) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    autumn = Quiet(time(22), time(1, 30), NEW_YORK)
    ends = autumn.ends(here("2026-11-01T00:30"))
    assert ends == datetime(2026, 11, 1, 6, 30, tzinfo=UTC) and not autumn.holds(ends)
    # A whole night around each change ends at eight by the wall, an hour shorter or longer.
    assert NIGHT.ends(here("2026-03-07T21:00")) - here("2026-03-07T21:00").astimezone(UTC) == timedelta(hours=10)
    assert NIGHT.ends(here("2026-10-31T21:00")) - here("2026-10-31T21:00").astimezone(UTC) == timedelta(hours=12)
    late = Quiet(time(1, 30), time(8), NEW_YORK)
    assert late.began(here("2026-11-01T05:00")) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "the earlier of two"


def test_lengths() -> None:
    assert telephone.length("a" * 160) == telephone.Length("GSM-7", 160, 1)
    assert telephone.length("a" * 161).parts == 2 and telephone.length("a" * 307).parts == 3
    assert telephone.length("[]" * 41) == telephone.Length("GSM-7", 164, 2), "some letters take two places"
    assert telephone.length("Привет") == telephone.Length("UCS-2", 6, 1) and telephone.length("я" * 71).parts == 2
    assert telephone.length("😀").places == 2


def test_typographic_letters_make_no_text_dearer_and_words_stay() -> None:
    assert telephone.plain("It’s “now” – 3:30\u202fp.m.…") == 'It\'s "now" - 3:30 p.m....'
    assert telephone.plain("¿Mañana, sí? El miércoles") == "¿Mañana, si? El miércoles"
    assert telephone.plain("Нина") == "Нина", "a name is not replaced by something else"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("STOP", Reply.STOP), ("stop.", Reply.STOP), (" Stop ", Reply.STOP), ("opt out", Reply.STOP), ("ALTO", Reply.STOP),
        ("CANCEL", Reply.STOP), ("START", Reply.START), ("ayuda", Reply.HELP), ("1", Reply.CONFIRM), ("Yes!", Reply.CONFIRM),
        ("SÍ", Reply.CONFIRM), ("2", Reply.CANCEL), ("c", Reply.CANCEL), ("21", Reply.OTHER), ("", Reply.OTHER),
        ("Please stop the bleeding", Reply.OTHER), ("yes but later", Reply.OTHER), ("👍", Reply.OTHER),
    ],
)  # fmt: skip
def test_words(text: str, meaning: Reply) -> None:
    assert telephone.reply(text) is meaning


@pytest.mark.parametrize(
    ("choice", "email", "number", "found"),
    [
        (Choice.BOTH, True, True, [Channel.EMAIL, Channel.SMS]),
        (Choice.BOTH, True, False, [Channel.EMAIL]),
        (Choice.SMS, True, True, [Channel.SMS]),
        (Choice.SMS, True, False, [Channel.EMAIL]),  # a landline, or a STOP: the e-mail comes instead
        (Choice.EMAIL, False, True, [Channel.SMS]),
        (Choice.NONE, True, True, []),
        (Choice.BOTH, False, False, []),
    ],
)
def test_channels(choice: Choice, email: bool, number: bool, found: list[Channel]) -> None:
    assert rules.channels(choice, email=email, number=number) == found


@pytest.mark.parametrize(
    ("number", "reached"),
    [
        ("+18455550142", True),
        ("+17875550142", True),  # Puerto Rico
        ("+18005550123", True),  # free for who calls
        ("+19005550123", False),  # who is called earns
        ("+18765550142", False),  # Jamaica: within +1, and dear
        ("+88213412345", False),
        ("+25263123456", False),
        ("+5255555555", False),
        ("nonsense", False),
    ],
)
def test_only_numbers_at_home_at_which_nobody_earns_are_called(number: str, reached: bool) -> None:
    assert telephone.is_affordable(number, ["US", "PR"]) is reached
