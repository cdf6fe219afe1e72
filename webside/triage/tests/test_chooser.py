"""The rule ``triage.choose_service``: what people say, and what must hold whatever they say."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webside.catalog.codes import Need
from webside.core import decisions
from webside.triage.codes import Action, Language
from webside.triage.tests.examples import Example, all_examples, ask, edges, flags, page_examples, requests

MOST_KNOWN_WRONG = 15
HARMLESS = (
    "Thank you very much.",
    "My name is Ann.",
    "I live in Oregon.",
    "Gracias.",
    "I have never used this before.",
    "We don't have a car.",
    "Last year was fine.",
)


class TestExamples:
    @pytest.mark.parametrize(
        "example", [each for each in all_examples() if not each.known_wrong], ids=lambda example: str(example)
    )
    def test_words_lead_where_they_should(self, example: Example) -> None:
        answer = example.ask()
        found = flags(answer)
        assert bool(found) is bool(example.flags), f"red flags: {found}"
        for name in example.flags:
            assert name == "x" or any(each.startswith(name) for each in found), f"red flags: {found}"
        assert (answer.service, answer.kind) == (example.service, example.kind)
        if example.lang in set(Language):
            assert answer.language == example.lang

    @pytest.mark.parametrize("example", page_examples(), ids=lambda example: str(example))
    def test_the_page_names_every_flag(self, example: Example) -> None:
        assert flags(example.ask()) == list(example.flags)

    def test_there_are_enough_and_none_twice(self) -> None:
        texts = Counter(each.text for each in requests() + edges())
        assert [text for text, count in texts.items() if count > 1] == []
        assert len(requests()) >= 850
        of = Counter(each.origin for each in requests())
        assert of["blind"] >= 160
        assert of["unseen"] >= 100
        assert {each.service for each in requests()} == {*Need, None}
        assert sum(each.lang == "es" for each in requests()) >= 100

    def test_what_is_known_to_be_wrong_is_wrong_rare_and_never_a_red_flag(self) -> None:
        wrong = [each for each in all_examples() if each.known_wrong]
        assert len(wrong) <= MOST_KNOWN_WRONG
        for each in wrong:
            assert len(each.known_wrong) > 10
            assert each.flags == ()
            assert flags(each.ask()) == [], "a false alarm is mended, not listed"
            assert each.ask().service != each.service, "it is right now: take the mark away"

    def test_no_danger_is_missed_and_no_alarm_is_false(self) -> None:
        asked = [(each, flags(each.ask())) for each in all_examples()]
        assert [each.text for each, found in asked if each.flags and not found] == []
        assert [each.text for each, found in asked if found and not each.flags] == []


class TestDanger:
    def test_it_is_answered_before_anything_else(self) -> None:
        answer = ask("I need a refill, a bill explained, and my chest hurts")
        assert answer.service == Need.URGENT_CARE
        assert answer.alternatives == []
        assert answer.now[0].action == Action.CALL_911
        assert answer.now[0].phone == "911"
        assert answer.reasons[0].code == "flag.chest_pain"

    @pytest.mark.parametrize(
        ("text", "phone"),
        [
            ("I can't breathe", "911"),
            ("I want to kill myself", "988"),
            ("my toddler drank bleach", "1-800-222-1222"),
            ("my husband beats me", "1-800-799-7233"),
        ],
    )
    def test_whom_to_call(self, text: str, phone: str) -> None:
        assert ask(text).now[0].phone == phone

    def test_several_dangers_put_the_most_urgent_first(self) -> None:
        answer = ask("I want to die. I took a whole bottle of pills.")
        assert [step.action for step in answer.now][:2] == [Action.CALL_911, Action.CRISIS_988]

    def test_it_speaks_the_language_of_the_text(self) -> None:
        answer = ask("mi esposo tiene dolor en el pecho y suda mucho")
        assert answer.language == Language.SPANISH
        assert answer.now[0].text.startswith("Llame al 911")

    @pytest.mark.parametrize(
        "text",
        [
            "no chest pain",
            "without chest pain or trouble breathing",
            "she denies chest pain",
            "no fever, cough, or chest pain",
            "sin dolor de pecho",
            "no tengo dolor en el pecho",
            "no me duele el pecho ni me falta el aire",
            "headache, no stiff neck, no fever",
        ],
    )
    def test_what_is_denied_is_set_aside_and_said(self, text: str) -> None:
        answer = ask(text)
        assert answer.red_flags == []
        assert answer.set_aside
        assert all("911" in each.text for each in answer.set_aside)

    @pytest.mark.parametrize(
        "text",
        [
            "no fever but chest pain",
            "no fever and chest pain",
            "no fever, my chest hurts",
            "No, my chest hurts",
            "I don't know why my chest hurts",
            "nothing helps my chest pain",
            "it isn't getting better, chest pain",
            "no sé por qué me duele el pecho",
            "sin fiebre pero me duele el pecho",
            "the pills don't help the chest pain",
            "I can't breathe",
            "not breathing",
            "no respira",
            "I don't want to live",
            "no quiero vivir",
            "ya no quiero estar aquí",
            "I am not safe at home",
            "I don't want to kill myself but I keep thinking about it",
            "my face is not right, it is drooping",
        ],
    )
    def test_a_no_beside_it_does_not_hide_it(self, text: str) -> None:
        assert ask(text).red_flags

    @pytest.mark.parametrize(
        ("text", "stands"),
        [
            ("I had a heart attack two years ago, need a refill", False),
            ("two years ago I had a stroke, need therapy", False),
            ("tuve un infarto hace dos años y necesito mi medicina", False),
            ("I had a heart attack two years ago and my chest hurts", True),
            ("I had a stroke last year and this feels the same", True),
            ("I have had chest pain since two years ago", True),
            ("I tried to kill myself last year", True),
            ("class about how to recognize a stroke", False),
            ("my dad died of a heart attack", False),
            ("my dad is having a heart attack", True),
        ],
    )
    def test_another_time_and_other_talk(self, text: str, stands: bool) -> None:
        assert bool(ask(text).red_flags) is stands

    def test_harmless_words_around(self) -> None:
        assert ask("stuffy nose, can't breathe through my nose").red_flags == []
        assert ask("refill of my seizure medicine").red_flags == []

    @pytest.mark.parametrize(
        ("text", "patient", "flag"),
        [
            ("some bleeding", {"pregnant": True}, "pregnancy"),
            ("fever of 101", {"immune_weak": True}, "weak_and_fever"),
            ("I bumped my head", {"blood_thinner": True}, "head_on_thinner"),
            ("fever", {"age": 0}, "infant_fever_age"),
        ],
    )
    def test_who_it_is_counts(self, text: str, patient: dict[str, object], flag: str) -> None:
        assert flags(ask(text, patient)) == [flag]
        (fact,) = patient
        assert ask(text, {fact: 40 if fact == "age" else False}).red_flags == []
        assert f"patient.{fact}" in ask(text).not_checked

    def test_a_baby_that_is_older_is_no_newborn(self) -> None:
        assert ask("my 8 month old has a fever", {"age": 0}).red_flags == []


class TestChoice:
    def test_each_reason_says_words_row_source_and_dates(self) -> None:
        answer = ask("I need a refill of my lisinopril")
        first = answer.reasons[0]
        assert first.code == "request.refill"
        assert "refill" in first.words
        assert "requests refill, from 2026-01-01, confidence medium" in first.source
        assert answer.reasons[-1].code == "service.pharmacy"

    def test_the_next_best_stand_beside_it(self) -> None:
        answer = ask("My morning sugar has crept up for two weeks and I don't know what to eat anymore")
        assert answer.service == Need.PRIMARY_CARE
        assert Need.NUTRITION in [each.service for each in answer.alternatives]

    def test_two_that_are_close_are_asked_about(self) -> None:
        answer = ask("knee pain and anxiety")
        assert not answer.sure
        assert answer.question
        assert ask("I want to quit smoking").sure

    @pytest.mark.parametrize("text", ["", "   ", "...", "🙂", "asdf qwer", "hello", "привет, помогите"])
    def test_nothing_is_guessed(self, text: str) -> None:
        answer = ask(text)
        assert (answer.kind, answer.service, answer.sure) == (None, None, False)
        assert answer.question
        assert "service" in answer.not_checked
        assert answer.reasons[0].code in ("text.empty", "text.unclear")

    def test_a_day_without_rows_is_not_checked(self) -> None:
        answer = ask("my chest hurts", on="2020-01-01")
        assert answer.service is None
        assert answer.not_checked

    def test_a_day_with_rows(self) -> None:
        assert ask("my chest hurts", on=date(2026, 3, 2).isoformat()) == ask("my chest hurts")

    def test_an_unknown_field_is_refused_by_name(self) -> None:
        with pytest.raises(decisions.InvalidFacts, match="shoe"):
            ask("hello", {"shoe": 42})


anything = st.text(max_size=400)
said = st.sampled_from([each for each in all_examples() if not each.known_wrong])
in_danger = st.sampled_from([each for each in all_examples() if each.flags and not each.patient])


class TestAlways:
    @given(anything)
    def test_no_text_raises(self, text: str) -> None:
        answer = ask(text)
        assert answer.reasons
        assert (answer.kind is None) is (answer.service is None)

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([word for each in all_examples() for word in each.text.split()]), max_size=200))
    def test_no_heap_of_words_raises(self, words: list[str]) -> None:
        answer = ask(" ".join(words))
        assert not answer.red_flags or (answer.service == Need.URGENT_CARE and answer.now)

    @given(said)
    def test_upper_and_lower_case_are_one(self, example: Example) -> None:
        for text in (example.text.upper(), example.text.lower()):
            again = ask(text, example.patient)
            assert (again.service, flags(again)) == (example.ask().service, flags(example.ask()))

    @given(in_danger, st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=3), st.booleans())
    def test_a_harmless_sentence_takes_no_danger_away(self, example: Example, more: list[str], first: bool) -> None:
        text = " ".join([*more, example.text]) if first else ". ".join([example.text, *more])
        assert set(flags(ask(text))) >= set(flags(example.ask()))

    @given(in_danger, in_danger, st.sampled_from(HARMLESS), st.randoms(use_true_random=False))
    def test_the_order_of_sentences_loses_no_danger(
        self, one: Example, other: Example, harmless: str, chance: random.Random
    ) -> None:
        sentences = [one.text + ".", other.text + ".", harmless]
        chance.shuffle(sentences)
        assert set(flags(ask(" ".join(sentences)))) >= set(flags(one.ask())) | set(flags(other.ask()))

    def test_it_is_quick(self) -> None:
        """Two milliseconds a request, by the processor's clock, on a machine that may be slow: four are let pass."""
        examples = all_examples()
        ask("warm up")
        began = time.process_time()
        for example in examples:
            example.ask()
        assert (time.process_time() - began) / len(examples) < 0.004

    def test_edges_are_few_words(self) -> None:
        assert all(len(each.text) < 200 for each in edges())
