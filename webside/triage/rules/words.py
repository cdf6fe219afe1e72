"""Words of a text, and phrases that are looked for in them.

A text becomes :class:`Word` objects: folded (lower case, no accents, no apostrophes), with their place in the
text, their sentence and their clause. English and Spanish are read alike, since people mix them.

A *phrase* stands in the data like this:

========================  =====================================================
``chest pain``            these words, next to each other
``chest|breast pain*``    one of several words; the beginning of a word
``chest .. hurt*``        a few words may stand between (within one sentence)
``fever & stiff neck``    both, anywhere in the text
``c_section|birth``       ``_`` joins the words of one alternative
``sugar .. 400-999``      a number within these bounds; of ``210/120`` the first
========================  =====================================================

Fillers (*my*, *the*, *really*, *mi*, *muy*) may stand between any two words. A word of the data also matches its
plural in *s*. A :class:`Phrasebook` finds all its phrases in one pass; it is indexed by first words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

TOKEN = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+(?:['’`´ʼ][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?;¡¿…]|\n\s*\n")
RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
GAP = ".."
ALL = "&"


class BadPhrase(ValueError):
    """A phrase of the data can't be read; the message holds it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: ``text`` folded, ``start`` and ``end`` in the text, and where it belongs."""

    text: str
    start: int
    end: int
    sentence: int
    clause: int
    comma: bool
    """Whether a comma follows at once."""


@dataclass(frozen=True, slots=True)
class Span:
    """Words ``first`` to ``last`` of a text (both count); ``matched`` are those of them that the phrase names."""

    first: int
    last: int
    matched: tuple[int, ...] = ()


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """Return a word as it is compared: lower case, without accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read: what the data say of spelling, clauses and fillers.

    ``spellings`` and ``pairs`` give the usual form of a word, or of two words that stand together.
    ``gap`` is how many words may stand at ``..``; ``plural_from`` is the shortest word with a plural;
    ``mend_from`` the shortest unknown word that is read as a known one a letter away.
    """

    spellings: Mapping[str, str]
    pairs: Mapping[tuple[str, str], str]
    clauses: frozenset[str]
    fillers: frozenset[str]
    gap: int
    plural_from: int
    mend_from: int


def normalised(text: str) -> str:
    """Return the text in which places of words are counted (composed letters, plain apostrophes)."""
    return unicodedata.normalize("NFC", text)


def words_of(text: str, reading: Reading) -> list[Word]:
    """Return the words of a text that :func:`normalised` made."""
    found: list[Word] = []
    sentence = clause = end = 0
    for match in TOKEN.finditer(text):
        between = text[end : match.start()]
        if found and SENTENCE_END.search(between):
            sentence += 1
            clause += 1
        elif "," in between or "\n" in between or "(" in between:
            clause += 1
            if found and between.startswith(","):
                found[-1] = _with_comma(found[-1])
        word = match.group() if match.group()[0].isdigit() else fold(match.group())
        if not word:
            continue
        word = reading.spellings.get(word, word)
        if found and found[-1].sentence == sentence and (joined := reading.pairs.get((found[-1].text, word))):
            before = found.pop()
            found.append(Word(joined, before.start, match.end(), sentence, before.clause, False))
        else:
            if word in reading.clauses:
                clause += 1
            found.append(Word(word, match.start(), match.end(), sentence, clause, False))
        end = match.end()
    return found


def _with_comma(word: Word) -> Word:
    return Word(word.text, word.start, word.end, word.sentence, word.clause, True)


# ------------------------------------------------------------------------------------------------ phrases


@dataclass(frozen=True, slots=True)
class Part:
    """One place of a phrase: words, beginnings of words or numbers, and how many others may stand before it."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    gap: int
    numbers: tuple[tuple[float, float], ...] = ()

    def fits(self, word: str) -> bool:
        """Whether a word may stand here."""
        return (
            word in self.words
            or (bool(self.beginnings) and word.startswith(self.beginnings))
            or (bool(self.numbers) and self._counts(word))
        )

    def _counts(self, word: str) -> bool:
        found = NUMBER.match(word)
        if found is None:
            return False
        number = float(found.group().replace(",", "."))
        return any(least <= number <= most for least, most in self.numbers)


Parts = tuple[Part, ...]


def parse(phrase: str, reading: Reading) -> list[list[Parts]]:
    """Return what a phrase asks for: every item (joined by ``&``) in one of its ways.

    Raises :class:`BadPhrase` on one without words, or with a gap at an end.
    """
    items = []
    for item in phrase.split(ALL):
        pieces = _with_pairs(item.split(), reading)
        if not pieces or GAP in (pieces[0], pieces[-1]):
            raise BadPhrase(phrase)
        items.append(_ways(phrase, pieces, reading))
    return items


def _with_pairs(pieces: Sequence[str], reading: Reading) -> list[str]:
    """Write two words that stand together in their usual form, as :func:`words_of` reads them in a text."""
    joined: list[str] = []
    for piece in pieces:
        usual = reading.pairs.get((fold(joined[-1]), fold(piece))) if joined and "|" not in piece + joined[-1] else None
        if usual is None or joined[-1] == GAP:
            joined.append(piece)
        else:
            joined[-1] = usual
    return joined


def _ways(phrase: str, pieces: Sequence[str], reading: Reading) -> list[Parts]:
    """Write an item out: an alternative that is two words for the reader (``a1c|sugar``) makes another way."""
    choices: list[list[Parts]] = []
    gap = 0
    for piece in pieces:
        if piece == GAP:
            gap = reading.gap
            continue
        single: set[str] = set()
        beginnings: set[str] = set()
        longer: list[Parts] = []
        numbers: list[tuple[float, float]] = []
        for alternative in piece.split("|"):
            bounds = RANGE.fullmatch(alternative)
            if bounds is not None:
                numbers.append((float(bounds[1]), float(bounds[2])))
                continue
            open_end = alternative.endswith("*")
            parts = _alternative(alternative, reading)
            if not parts:
                raise BadPhrase(phrase)
            if len(parts) > 1:
                ends = [Part(*_forms(word, open_end and last, reading), gap=0) for word, last in _marked(parts)]
                ends[0] = Part(ends[0].words, ends[0].beginnings, gap)
                longer.append(tuple(ends))
                continue
            words, begins = _forms(parts[0], open_end, reading)
            single |= words
            beginnings.update(begins)
        if single or beginnings or numbers:
            longer.append((Part(frozenset(single), tuple(sorted(beginnings)), gap, tuple(numbers)),))
        choices.append(longer)
        gap = 0
    return [tuple(part for chosen in way for part in chosen) for way in product(*choices)]


def _alternative(alternative: str, reading: Reading) -> list[str]:
    """Return the words of an alternative; the beginning of a word has no usual form."""
    if alternative.endswith("*") and "_" not in alternative:
        return [fold(part) for part in TOKEN.findall(alternative)]
    return [word.text for word in words_of(alternative.rstrip("*"), reading)]


def _marked(parts: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for number, part in enumerate(parts, start=1):
        yield part, number == len(parts)


def _forms(word: str, open_end: bool, reading: Reading) -> tuple[frozenset[str], tuple[str, ...]]:
    if open_end:
        return frozenset(), (word,)
    plural = {word + "s"} if len(word) >= reading.plural_from and word.isalpha() else set()
    return frozenset({word} | plural), ()


@dataclass(frozen=True, slots=True)
class _Item:
    owner: str
    phrase: int
    item: int
    parts: Parts


class Phrasebook:
    """Phrases of many owners, found together in one pass over a text.

    ``phrases`` are pairs of an owner (a row's name) and a phrase; an owner may have many.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]], reading: Reading) -> None:
        self._reading = reading
        self._by_word: dict[str, list[_Item]] = {}
        self._by_beginning: dict[str, list[_Item]] = {}
        self._by_number: list[_Item] = []
        self._sizes: list[int] = []
        self.vocabulary: set[str] = set()
        self.beginnings: set[str] = set()
        for number, (owner, phrase) in enumerate(phrases):
            items = parse(phrase, reading)
            self._sizes.append(len(items))
            for place, ways in enumerate(items):
                for parts in ways:
                    self._add(_Item(owner, number, place, parts))
        self._lengths = sorted({len(beginning) for beginning in self._by_beginning})

    def _add(self, item: _Item) -> None:
        for part in item.parts:
            self.vocabulary |= part.words
            self.beginnings.update(part.beginnings)
        for word in item.parts[0].words:
            self._by_word.setdefault(word, []).append(item)
        for beginning in item.parts[0].beginnings:
            self._by_beginning.setdefault(beginning, []).append(item)
        if item.parts[0].numbers:
            self._by_number.append(item)

    def find(self, words: Sequence[Word]) -> dict[str, list[tuple[Span, ...]]]:
        """Return each owner's findings: the spans of one phrase's items, an inner list for each way it was found.

        A phrase with several items is found only where all are there; its findings are all combinations with the
        first place of the other items, so that none that is denied hides one that isn't.
        """
        single: dict[str, list[tuple[Span, ...]]] = {}
        several: dict[tuple[str, int], dict[int, list[Span]]] = {}
        for at, word in enumerate(words):
            for item in self._starting(word.text):
                places = self._match(words, at, item.parts)
                if places is None:
                    continue
                span = Span(at, places[-1], places)
                if self._sizes[item.phrase] == 1:
                    single.setdefault(item.owner, []).append((span,))
                else:
                    several.setdefault((item.owner, item.phrase), {}).setdefault(item.item, []).append(span)
        for (owner, phrase), by_item in several.items():
            if len(by_item) == self._sizes[phrase]:
                spans = [by_item[item] for item in sorted(by_item)]
                single.setdefault(owner, []).extend(self._together(spans))
        return single

    @staticmethod
    def _together(spans: Sequence[Sequence[Span]]) -> Iterator[tuple[Span, ...]]:
        firsts = [each[0] for each in spans]
        yield tuple(firsts)
        for place, each in enumerate(spans):
            for span in each[1:]:
                yield (*firsts[:place], span, *firsts[place + 1 :])
        yield tuple(each[-1] for each in spans)

    def _starting(self, word: str) -> Iterator[_Item]:
        yield from self._by_word.get(word, ())
        if word[0].isdigit():
            yield from (item for item in self._by_number if item.parts[0].fits(word))
        for length in self._lengths:
            if length > len(word):
                break
            yield from self._by_beginning.get(word[:length], ())

    def _match(self, words: Sequence[Word], at: int, parts: Parts) -> tuple[int, ...] | None:
        """Return the place of each part, if they stand from ``at`` on within one sentence."""
        sentence = words[at].sentence
        fillers = self._reading.fillers

        def rest(place: int, number: int) -> tuple[int, ...] | None:
            if number == len(parts):
                return (place,)
            part = parts[number]
            skipped = 0
            following = place + 1
            while following < len(words) and words[following].sentence == sentence:
                word = words[following].text
                if part.fits(word):
                    places = rest(following, number + 1)
                    if places is not None:
                        return (place, *places)
                if word not in fillers:
                    skipped += 1
                    if skipped > part.gap:
                        return None
                following += 1
            return None

        return rest(at, 1)


class Mender:
    """Reads an unknown word as the one meant word that is a letter away (added, lost, changed, or two swapped)."""

    def __init__(self, meant: Iterable[str], known: Phrasebook, shortest: int) -> None:
        self._shortest = shortest
        self._words = known.vocabulary
        self._beginnings = tuple(known.beginnings)
        self._near: dict[str, set[str]] = {}
        for word in meant:
            for form in {word, *_shortened(word)}:
                self._near.setdefault(form, set()).add(word)

    def mend(self, word: str) -> str:
        """Return the word that was meant, or the word as it is."""
        if len(word) < self._shortest or word in self._words or not word.isalpha():
            return word
        near = {each for form in (word, *_shortened(word)) for each in self._near.get(form, ())}
        meant = sorted(each for each in near if each[0] == word[0] and _a_letter_away(word, each))
        return word if not meant or word in near or word.startswith(self._beginnings) else meant[0]


def _shortened(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _a_letter_away(word: str, other: str) -> bool:
    if len(word) == len(other):
        differ = [place for place in range(len(word)) if word[place] != other[place]]
        if len(differ) == 1:
            return True
        if len(differ) == 2:
            first, second = differ
            return second == first + 1 and word[first] == other[second] and word[second] == other[first]
        return False
    longer, shorter = (word, other) if len(word) > len(other) else (other, word)
    return len(longer) == len(shorter) + 1 and shorter in set(_shortened(longer))
