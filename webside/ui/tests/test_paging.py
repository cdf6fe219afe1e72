"""Long lists in pages: which page an address gives, and the way to the others."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from webside.ui.paging import page_in_one, page_of

Draw = Callable[..., str]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        (None, range(30)), ("1", range(30)), ("2", range(30, 60)), ("3", range(60, 70)),
        ("4", range(60, 70)), ("0", range(60, 70)), ("-1", range(60, 70)), ("two", range(30)), ("", range(30)),
    ],
)  # fmt: skip
def test_an_address_gives_a_page_whatever_it_asks_for(asked: str | None, rows: range) -> None:
    assert page_of(range(70), asked, per_page=30).object_list == list(rows)


def test_a_known_length_is_not_asked_for_again() -> None:
    class Uncountable(list[int]):
        def count(self, *_: object) -> int:
            raise AssertionError("counted")

        def __len__(self) -> int:
            raise AssertionError("counted")

    assert page_of(Uncountable(range(70)), "2", per_page=30, count=70).object_list == list(range(30, 60))


@pytest.mark.parametrize(
    ("asked", "rows", "askings"),
    [(None, range(30), 1), ("2", range(30, 60), 1), ("3", range(60, 70), 1), ("4", range(60, 70), 3),
     ("900", range(60, 70), 3), ("0", range(30), 1), ("-1", range(30), 1), ("two", range(30), 1),
     ("9" * 20, range(30), 1)],
)  # fmt: skip
def test_a_page_and_how_many_there_are_come_in_one_asking(asked: str | None, rows: range, askings: int) -> None:
    asked_for = []

    def ask(start: int, number: int) -> list[dict[str, int]]:
        asked_for.append((start, number))
        return [{"row": row, "rows_in_all": 70} for row in range(70)[start : start + number]]

    page = page_in_one(ask, asked, per_page=30)
    assert [row["row"] for row in page.object_list] == list(rows)
    assert (page.paginator.count, page.paginator.num_pages) == (70, 3)
    assert len(asked_for) == askings


def test_a_list_without_rows_is_one_empty_page_whatever_page_is_asked_for() -> None:
    page = page_in_one(lambda start, number: [], "5")
    assert (page.object_list, page.paginator.count, page.number) == ([], 0, 5)


def test_an_empty_list_has_one_page_and_no_way_to_others(draw: Draw) -> None:
    page = page_of([], "7")
    assert page.object_list == []
    assert draw("{% pages page %}", page=page).strip() == ""


def test_the_way_to_the_other_pages_keeps_what_was_chosen(draw: Draw) -> None:
    html = draw("{% pages page kept %}", page=page_of(range(7000), "3"), kept={"show": "to-review", "order": "oldest"})
    assert "101 to 150 of 7,000" in html
    assert re.findall(r'rel="(\w+)" href="([^"]+)"', html) == [
        ("prev", "?show=to-review&amp;order=oldest&amp;page=2"),
        ("next", "?show=to-review&amp;order=oldest&amp;page=4"),
    ]
    assert 'aria-label="Pages of the list"' in html


def test_the_first_page_has_none_before_it_and_the_last_none_after(draw: Draw) -> None:
    first, last = (draw("{% pages page %}", page=page_of(range(70), number, per_page=30)) for number in "13")
    assert ('rel="prev"' in first, 'rel="next"' in first) == (False, True)
    assert ('rel="prev"' in last, 'rel="next"' in last) == (True, False)


def test_a_name_that_was_looked_for_stands_in_no_address(draw: Draw) -> None:
    html = draw("{% pages page kept words %}", page=page_of(range(90), "2", per_page=30), kept={}, words="Moreno")
    assert "href=" not in re.sub(r'<use href="[^"]*"', "", html)
    assert 'method="post"' in html
    assert '<input type="hidden" name="q" value="Moreno">' in html
    assert re.findall(r'name="page" value="(\d)"', html) == ["1", "3"]
