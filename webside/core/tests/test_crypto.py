"""Sealed values open in their place only, and with a key that is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webside.core.crypto import Keyring, Unreadable

OLD = Keyring("a", {"a": b"a" * 32})
NEW = Keyring("b", {"b": b"b" * 32, "a": b"a" * 32})


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_in_its_place(plain: bytes) -> None:
    assert OLD.open(OLD.seal(plain, place="note.1"), place="note.1") == plain


def test_a_value_moved_to_another_place_stays_shut() -> None:
    with pytest.raises(Unreadable):
        OLD.open(OLD.seal(b"x", place="note.1"), place="note.2")


@pytest.mark.parametrize("position", [0, 1, 2, 10, 20, -1])
def test_an_altered_value_stays_shut(position: int) -> None:
    sealed = bytearray(OLD.seal(b"something longer than nothing", place="p"))
    sealed[position] ^= 1
    with pytest.raises(Unreadable):
        OLD.open(bytes(sealed), place="p")


def test_after_a_rotation_the_old_opens_and_the_new_seals() -> None:
    assert NEW.open(OLD.seal(b"x", place="p"), place="p") == b"x"
    with pytest.raises(Unreadable):
        OLD.open(NEW.seal(b"x", place="p"), place="p")


def test_a_blind_index_outlives_a_rotation_and_tells_places_apart() -> None:
    assert OLD.blind_index("ssn", place="p") == NEW.blind_index("ssn", place="p")
    assert OLD.blind_index("ssn", place="p") != OLD.blind_index("ssn", place="q")
