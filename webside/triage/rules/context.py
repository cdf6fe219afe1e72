"""What stands around a finding: whether it is denied, of another time, or not happening at all.

A wrong *no* here hides an emergency, so each of these needs its words close by: within the sentence, within a
bounded reach, and not behind a word that begins something new (*but*, *pero*, *I*, *my*).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webside.triage.codes import Context, Person
from webside.triage.rules.tables import Found, Lexicon
from webside.triage.rules.words import Span, Word


@dataclass(frozen=True, slots=True)
class Around:
    """The words of a text with the findings of the context in it."""

    words: Sequence[Word]
    lexicon: Lexicon
    negations: tuple[Span, ...]
    ends: frozenset[int]
    ends_for_flags: frozenset[int]
    joins: frozenset[int]
    past: tuple[Span, ...]
    past_verbs: tuple[Span, ...]
    present: tuple[Span, ...]
    feels_the_same: bool
    not_happening: tuple[Span, ...]
    asking: tuple[Span, ...]
    persons: frozenset[Person]

    @classmethod
    def of(cls, words: Sequence[Word], found: Iterable[Found], lexicon: Lexicon) -> Around:
        """Sort the findings of the context by what they say."""
        spans: dict[str, list[Span]] = {context: [] for context in Context}
        only_for_flags: list[Span] = []
        persons = set()
        for each in found:
            here = [span for way in each.ways for span in way]
            if each.row["context"] == Context.NEGATION_END and each.row.get("only") == "flags":
                only_for_flags += here
            else:
                spans[each.row["context"]] += here
            if each.row["context"] == Context.PERSON:
                persons.add(Person(each.row["person"]))
        ends = _places(spans[Context.NEGATION_END])
        return cls(
            words=words,
            lexicon=lexicon,
            negations=tuple(spans[Context.NEGATION]),
            ends=ends,
            ends_for_flags=ends | _places(only_for_flags),
            joins=_places(spans[Context.NEGATION_JOIN]),
            past=tuple(spans[Context.PAST]),
            past_verbs=tuple(spans[Context.PAST_VERB]),
            present=tuple(spans[Context.PRESENT]),
            feels_the_same=bool(spans[Context.PRESENT_SAME]),
            not_happening=tuple(spans[Context.NOT_HAPPENING]),
            asking=tuple(spans[Context.ASKING]),
            persons=frozenset(persons),
        )

    def denied(self, span: Span, *, flag: bool) -> bool:
        """Whether the words say that this is not so: *no chest pain*, *sin dolor*, *denies*.

        A finding that has the negation in itself (*can't breathe*, *don't want to live*) is never denied.
        """
        named = set(span.matched)
        if any(place in named for each in self.negations for place in range(each.first, each.last + 1)):
            return False
        return any(
            self._reaches(each, place, flag=flag)
            for each in self.negations
            for place in span.matched
            if each.last < place and (place == span.first or (flag and each.first > span.first))
        )

    def _reaches(self, negation: Span, denied: int, *, flag: bool) -> bool:
        ends = self.ends_for_flags if flag else self.ends
        said = self.words[negation.last]
        if said.sentence != self.words[denied].sentence or said.comma:
            return False
        between = range(negation.last + 1, denied)
        if any(place in ends for place in between):
            return False
        if any(self.words[place].comma for place in between) and not self._is_list(negation):
            return False  # *no fever, my chest hurts*: only a list (*no fever, cough or pain*) goes on behind a comma
        fillers = self.lexicon.reading.fillers
        passed = sum(self.words[place].text not in fillers for place in between)
        return passed <= self.lexicon.figures["negation_reach"]

    def _is_list(self, negation: Span) -> bool:
        sentence = self.words[negation.last].sentence
        return any(
            place > negation.last and place < len(self.words) and self.words[place].sentence == sentence
            for place in self.joins
        )

    def is_past(self, span: Span) -> bool:
        """Whether the words tell of another time, and nothing beside them says that it is so now."""
        if self.feels_the_same:
            return False  # *I had a heart attack in 2020. This feels the same.*
        told = self.words[span.first]
        for each in self.past:
            marker = self.words[each.first]
            if marker.sentence != told.sentence:
                continue
            if self._clause_has(self.present, told.clause):
                return False
            if marker.clause == told.clause or self._just_before(self.past_verbs, span):
                return True
        return False

    def _clause_has(self, spans: Iterable[Span], clause: int) -> bool:
        return any(self.words[each.first].clause == clause for each in spans)

    def _just_before(self, spans: Iterable[Span], span: Span) -> bool:
        reach = self.lexicon.figures["past_verb_reach"]
        return any(
            0 <= span.first - each.last <= reach and self.words[each.last].clause == self.words[span.first].clause
            for each in spans
        )

    def is_not_happening(self, span: Span) -> bool:
        """Whether it is only talked about: a class about it, a fear of it, somebody who died of it."""
        told = self.words[span.first]
        return any(
            self.words[each.first].sentence == told.sentence and each.last < span.first and not self._parted(each, span)
            for each in self.not_happening
        ) and not self._clause_has(self.present, told.clause)

    def _parted(self, before: Span, span: Span) -> bool:
        return any(place in self.ends for place in range(before.last + 1, span.first))

    def is_asked_for(self, span: Span) -> bool:
        """Whether it follows words of asking: *I need*, *can you*, *quiero*."""
        reach = self.lexicon.figures["asking_reach"]
        return any(
            each.last < span.first <= each.last + reach
            and self.words[each.last].sentence == self.words[span.first].sentence
            for each in self.asking
        )


def _places(spans: Iterable[Span]) -> frozenset[int]:
    return frozenset(place for span in spans for place in range(span.first, span.last + 1))
