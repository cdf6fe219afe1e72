"""The rule ``triage.choose_service``: a person's own words to the service that fits them.

Signs of danger come first: whoever tells of one is told what to do now, whatever else the words ask for. A
sign is set aside only if the words beside it deny it or tell of another time; in doubt it counts. Everything else
is weighed: each row of ``data/requests.yaml`` that the words point to adds to its service, most of all where it is
asked for (*I need …*). Where nothing is found, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from webside.catalog.codes import Kind, Need
from webside.core.dated import Row
from webside.core.decisions import rule
from webside.triage.codes import Action, Language, Person
from webside.triage.rules import tables
from webside.triage.rules.context import Around
from webside.triage.rules.facts import Alternative, ChooserAnswer, ChooserFacts, Ground, PatientFacts, RedFlag, Step
from webside.triage.rules.tables import Found, Lexicon
from webside.triage.rules.words import Span, Word, normalised

UNTIL_FURTHER_NOTICE = date.max
"""Asked without a day, the rows count that have no end."""

WHOLE = 100
"""Percent: a weight is counted in hundredths."""

Way = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was read."""

    text: str
    words: Sequence[Word]
    found: dict[str, list[Found]]
    around: Around
    lexicon: Lexicon
    language: Language
    day: date

    def quoted(self, way: Way) -> str:
        """Return the words of a finding as they were typed."""
        parts = [self.text[self.words[span.first].start : self.words[span.last].end] for span in sorted_spans(way)]
        return " … ".join(" ".join(part.split()) for part in dict.fromkeys(parts))

    def say(self, sentence: str, **words: str) -> str:
        """Return a sentence of the chooser in the text's language."""
        return self.lexicon.say(sentence, self.language, **words)


def sorted_spans(way: Way) -> list[Span]:
    """Return the spans of a finding in the order of the text."""
    return sorted(way, key=lambda span: (span.first, span.last))


@dataclass(frozen=True, slots=True)
class _Hit:
    """A request that the text makes: its row, the words, and what it weighs (in hundredths)."""

    row: Row
    way: Way
    weight: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """A service with all that speaks for it, the weightiest first."""

    service: Row
    hits: tuple[_Hit, ...]
    score: int

    @property
    def kind(self) -> Kind:
        """The kind of the service, unless what is asked for makes it another (a diet that treats)."""
        return Kind(self.hits[0].row.get("kind") or self.service["kind"])


@rule("triage.choose_service", facts=ChooserFacts, answer=ChooserAnswer)
def choose_service(facts: ChooserFacts) -> ChooserAnswer:
    """Say which service a person's own words ask for, and what to do at once if they tell of danger."""
    day = facts.on or UNTIL_FURTHER_NOTICE
    lexicon = tables.lexicon(day)
    if lexicon is None:
        return _nothing(
            Language.ENGLISH, None, ["The rows of the chooser do not hold on that day: nothing was checked."]
        )
    text = normalised(facts.text)
    words = lexicon.read(text)
    found = lexicon.look(words, day)
    around = Around.of(words, found["context"], lexicon)
    read = _Text(text, words, found, around, lexicon, lexicon.language(words), day)
    flags, set_aside = _red_flags(read, facts.patient)
    not_checked = _not_checked(read, facts.patient)
    if flags:
        return _emergency(read, flags, set_aside, not_checked)
    choices = _choices(read)
    if not choices:
        sentence = "unclear" if words else "empty"
        ground = Ground(
            code=f"text.{sentence}", text=read.say(sentence), source=lexicon.source(sentence, read.language), words=""
        )
        return _nothing(read.language, ground, [*not_checked, "service"], set_aside)
    return _chosen(read, choices, set_aside, not_checked)


# ------------------------------------------------------------------------------------------------ danger


def _red_flags(read: _Text, patient: PatientFacts) -> tuple[list[RedFlag], list[Ground]]:
    """Return the signs of danger that stand, the most urgent first, and those set aside."""
    stands: list[RedFlag] = []
    aside: list[Ground] = []
    for found in read.found["red_flags"]:
        row = found.row
        if not _is_about(row, patient, read.around.persons):
            continue
        harmless = [span for each in read.found[tables.EXCEPT] if each.row is row for (span, *_) in each.ways]
        grounds = {way: _why_aside(row, way, read.around, harmless) for way in found.ways}
        way = next((way for way, why in grounds.items() if why is None), None)
        if way is None:
            way, why = next(iter(grounds.items()))
            text = read.say(str(why), words=read.quoted(way))
            aside.append(
                Ground(code=f"set_aside.{row['flag']}", text=text, source=row.citation, words=read.quoted(way))
            )
            continue
        stands.append(
            RedFlag(
                code=f"flag.{row['flag']}",
                text=row[f"says_{read.language}"],
                source=row.citation,
                words=read.quoted(way),
                action=Action(row["action"]),
            )
        )
    order = list(Action)
    return sorted(stands, key=lambda flag: order.index(flag.action)), aside


def _is_about(row: Row, patient: PatientFacts, persons: Iterable[Person]) -> bool:
    """Whether a flag that is one only for some people is one for this person."""
    who = row.get("who")
    if who is not None and not (patient.says(Person(who)) or who in persons):
        return False
    not_for = row.get("not_for")
    return not_for is None or not_for not in persons


def _why_aside(row: Row, way: Way, around: Around, harmless: Sequence[Span]) -> str | None:
    """Return the name of the sentence that says why a sign doesn't count, or nothing if it does."""
    if any(each.first <= span.last and span.first <= each.last for each in harmless for span in way):
        return "elsewhere"
    if row.get("denied") != "counts" and any(around.denied(span, flag=True) for span in way):
        return "denied"
    if row.get("past") == "counts":
        return None
    if any(around.is_past(span) for span in way):
        return "past"
    return "elsewhere" if any(around.is_not_happening(span) for span in way) else None


def _emergency(read: _Text, flags: list[RedFlag], aside: list[Ground], not_checked: list[str]) -> ChooserAnswer:
    """Answer with what to do now. It is the same whatever else the words ask for."""
    row = tables.service_row(Need.URGENT_CARE, read.day)
    reasons = [
        Ground(code=flag.code, text=flag.text, source=flag.source, words=flag.words) for flag in flags
    ]  # fmt: skip
    return ChooserAnswer(
        kind=Kind.TELEMEDICINE,
        service=Need.URGENT_CARE,
        label=row[f"label_{read.language}"] if row else None,
        sure=True,
        language=read.language,
        red_flags=flags,
        now=_steps(read, flags),
        reasons=reasons,
        set_aside=aside,
        alternatives=[],
        question=None,
        not_checked=not_checked,
    )


def _steps(read: _Text, flags: Sequence[RedFlag]) -> list[Step]:
    """Return what to do, the most urgent first, each once."""
    steps = []
    for action in dict.fromkeys(flag.action for flag in flags):
        row = tables.action_row(action, read.day)
        if row is None:
            continue
        phone = row.get("phone")
        steps.append(
            Step(
                action=action,
                phone=None if phone is None else str(phone),
                text=row[f"says_{read.language}"],
                source=row.citation,
            )
        )
    return steps


def _not_checked(read: _Text, patient: PatientFacts) -> list[str]:
    """Name the facts that would have changed which words are signs of danger, and that nobody gave."""
    missing = []
    for found in read.found["red_flags"]:
        who = found.row.get("who")
        if who == Person.PREGNANT and patient.pregnant is None and who not in read.around.persons:
            missing.append("patient.pregnant")
        elif who == Person.IMMUNE_WEAK and patient.immune_weak is None and who not in read.around.persons:
            missing.append("patient.immune_weak")
        elif who == Person.BLOOD_THINNER and patient.blood_thinner is None and who not in read.around.persons:
            missing.append("patient.blood_thinner")
        elif who == Person.INFANT and patient.age is None and who not in read.around.persons:
            missing.append("patient.age")
    return list(dict.fromkeys(missing))


# ------------------------------------------------------------------------------------------------ the choice


def _choices(read: _Text) -> list[_Choice]:
    """Return the services that the words speak for, the best first."""
    by_service: dict[str, list[_Hit]] = {}
    for hit in _hits(read):
        by_service.setdefault(hit.row["service"], []).append(hit)
    further = read.lexicon.figures["further_percent"]
    choices = []
    for service, hits in by_service.items():
        row = tables.service_row(service, read.day)
        if row is None:
            continue
        hits.sort(key=lambda hit: (-hit.weight, hit.row.id))
        score = hits[0].weight + sum(hit.weight for hit in hits[1:]) * further // WHOLE
        if score >= read.lexicon.figures["least_score"]:
            choices.append(_Choice(row, tuple(hits), score))
    return sorted(choices, key=lambda choice: (-choice.score, int(choice.service["order"])))


def _hits(read: _Text) -> list[_Hit]:
    """Return each request that the text makes and doesn't deny, without those inside a longer one."""
    around = read.around
    asking = read.lexicon.figures["asking_percent"]
    hits = []
    for found in read.found["requests"]:
        ways = [way for way in found.ways if not any(around.denied(span, flag=False) for span in way)]
        ways = [way for way in ways if not _inside_another(way, found, read)]
        if not ways:
            continue
        asked = [way for way in ways if any(around.is_asked_for(span) for span in way)]
        weight = int(found.row["weight"]) * (asking if asked else WHOLE)
        hits.append(_Hit(found.row, (asked or ways)[0], weight))
    return hits


def _inside_another(way: Way, found: Found, read: _Text) -> bool:
    """Whether the words are part of a longer finding of another request: *diabetes* in *diabetes class*."""
    if len(way) > 1:
        return False
    (span,) = way
    for other in read.found["requests"]:
        if other is found or int(other.row["weight"]) < int(found.row["weight"]):
            continue
        for each in other.ways:
            longer = len(each) == 1 and each[0].first <= span.first and span.last <= each[0].last
            if longer and each[0] != span and not read.around.denied(each[0], flag=False):
                return True
    return False


def _chosen(
    read: _Text, choices: Sequence[_Choice], aside: list[Ground], not_checked: list[str]
) -> ChooserAnswer:  # fmt: skip
    """Answer with the best, and those that come next."""
    best, *others = choices
    close = bool(others) and others[0].score * WHOLE > best.score * read.lexicon.figures["sure_percent"]
    reasons = [
        Ground(
            code=f"request.{hit.row['request']}",
            text=read.say("reason", words=read.quoted(hit.way), means=hit.row[f"means_{read.language}"]),
            source=hit.row.citation,
            words=read.quoted(hit.way),
        )
        for hit in best.hits
    ]
    reasons.append(
        Ground(
            code=f"service.{best.service['service']}",
            text=best.service[f"is_for_{read.language}"],
            source=best.service.citation,
            words="",
        )
    )
    alternatives = [
        Alternative(
            kind=choice.kind,
            service=Need(choice.service["service"]),
            label=choice.service[f"label_{read.language}"],
            text=read.say(
                "alternative",
                words=read.quoted(choice.hits[0].way),
                means=choice.hits[0].row[f"means_{read.language}"],
            ),
            source=choice.hits[0].row.citation,
        )
        for choice in others[: read.lexicon.figures["most_alternatives"]]
    ]
    labels = [choice.service[f"label_{read.language}"] for choice in choices]
    return ChooserAnswer(
        kind=best.kind,
        service=Need(best.service["service"]),
        label=labels[0],
        sure=not close,
        language=read.language,
        red_flags=[],
        now=[],
        reasons=reasons,
        set_aside=aside,
        alternatives=alternatives,
        question=read.say("close", first=labels[0], second=labels[1]) if close else None,
        not_checked=not_checked,
    )


def _nothing(
    language: Language, ground: Ground | None, not_checked: list[str], aside: Sequence[Ground] = ()
) -> ChooserAnswer:
    """Answer that nothing can be chosen, and ask."""
    return ChooserAnswer(
        kind=None,
        service=None,
        label=None,
        sure=False,
        language=language,
        red_flags=[],
        now=[],
        reasons=[ground] if ground else [],
        set_aside=list(aside),
        alternatives=[],
        question=ground.text if ground else None,
        not_checked=not_checked,
    )
