"""The words of triage: in which languages it reads, and what is done in an emergency. What one may need is the catalogue's."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language whose words are understood and answered in (BCP 47)."""

    ENGLISH = "en"
    SPANISH = "es"


class Action(StrEnum):
    """What a person in danger does now, the most urgent first."""

    CALL_911 = "call_911"
    CRISIS_988 = "crisis_988"
    ED_NOW = "ed_now"
    POISON_CONTROL = "poison_control"
    SAFE_PLACE = "safe_place"


class Context(StrEnum):
    """What words around a finding, or about the person, may say."""

    FILLER = "filler"
    SPELLING = "spelling"
    NEGATION = "negation"
    NEGATION_END = "negation_end"
    NEGATION_JOIN = "negation_join"
    CLAUSE = "clause"
    PAST = "past"
    PAST_VERB = "past_verb"
    PRESENT = "present"
    PRESENT_SAME = "present_same"
    NOT_HAPPENING = "not_happening"
    ASKING = "asking"
    PERSON = "person"
    LANGUAGE = "language"
    TEXT = "text"
    FIGURE = "figure"


class Person(StrEnum):
    """What the facts or the words may say of the person who is ill."""

    PREGNANT = "pregnant"
    IMMUNE_WEAK = "immune_weak"
    BLOOD_THINNER = "blood_thinner"
    INFANT = "infant"
    NOT_NEWBORN = "not_newborn"
