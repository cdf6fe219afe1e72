"""Which services of a clinic fit what somebody said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind, Need
from webside.core import clock
from webside.core.actor import Actor
from webside.core.said import Said
from webside.people.codes import Scope
from webside.people.models import Patient, Practitioner
from webside.people.selectors import patient_for
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import Urgency
from webside.scheduling.registry import Screened
from webside.scheduling.selectors import Slot
from webside.triage.codes import Action, Language
from webside.triage.rules import signs
from webside.triage.rules.chooser import choose_service
from webside.triage.rules.facts import ChooserAnswer, ChooserFacts, PatientFacts

MOST_CHOICES = 2
TIMES = 3
BY_DESK = (Need.BILLING_HELP, Need.TECHNICAL_HELP)
"""What each clinic's front desk helps with, service or not."""
STEM = 5  # letters: "diabetes" and "diabetic" speak of one thing


@dataclass(frozen=True, slots=True)
class Choice:
    """One service of the clinic, beside others: why it fits, who gives it, when, for what price."""

    service: Any
    why: str
    price: Said
    people: list[Practitioner]
    times: list[Slot]
    best: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rule answered and what this clinic has for it.

    ``missing``: what it has no service for, in the rule's words; ``by_desk``: the front desk helps with that. ``others``:
    a service of another kind, so that the difference is seen.
    """

    answer: ChooserAnswer
    choices: list[Choice]
    missing: str = ""
    by_desk: bool = False
    others: list[Any] = field(default_factory=list)


def answer(actor: Actor, text: str, *, state: str) -> Answer:
    """Return what fits somebody's own words: the rule's answer, and services of the clinic where there is no danger.

    What the record knows of who is signed in (her age) is asked with it. ``state``: where she will be, empty while that
    isn't known.
    """
    told = choose_service(
        ChooserFacts(text=text, patient=_facts(patient_for(actor, Scope.APPOINTMENTS)), on=clock.now().date())
    )
    if told.red_flags or told.service is None:
        return Answer(told, [])
    wanted = [(told.service, _because(told)), *((each.service, each.text) for each in told.alternatives)]
    offered = [service for group in catalog.services_by_kind(actor) for service in group.services]
    has_best = any(told.service in service.needs for service in offered)
    by_desk = not has_best and told.service in BY_DESK
    if not has_best and not by_desk and told.kind == Kind.TELEMEDICINE:
        wanted.append(
            (Need.PRIMARY_CARE, _("A family doctor can begin with you, and help you find who does the rest."))
        )
    picked = _pick(offered, wanted, text, told)
    givers = catalog.practitioners_for_all([service for service, _why in picked])
    timed = [service for service, _why in picked if service.kind != Kind.TELECARE]
    times: Mapping[UUID, list[Slot]] = (
        scheduling.next_times_for_all(services=timed, state=state, number=TIMES) if timed else {}
    )
    return Answer(
        told,
        [
            Choice(
                service=service,
                why=why,
                price=catalog.price_said(service),
                people=givers.get(service.id, []),
                times=times.get(service.id, []),
                best=has_best and number == 0,
            )
            for number, (service, why) in enumerate(picked)
        ],
        missing="" if has_best else told.label or "",
        by_desk=by_desk,
        others=_left_out(offered, [service for service, _why in picked]) if has_best else [],
    )


def _facts(patient: Patient | None) -> PatientFacts:
    return PatientFacts(age=_age(patient.birth_date, clock.now().date())) if patient else PatientFacts()


def _age(born: date, today: date) -> int:
    return max(today.year - born.year - ((today.month, today.day) < (born.month, born.day)), 0)


def _because(told: ChooserAnswer) -> str:
    """Return why the best service fits: the weightiest ground that quotes the person, then what it is for."""
    quoting = [ground.text for ground in told.reasons if ground.words][:1]
    return " ".join([*quoting, *(ground.text for ground in told.reasons if not ground.words)])


def _pick(
    offered: Sequence[Any], wanted: Sequence[tuple[Need, str]], text: str, told: ChooserAnswer
) -> list[tuple[Any, str]]:
    """Return at most three services with why each fits: the best for each need, then others of the first need."""
    said = _stems(" ".join([text, *(ground.text for ground in told.reasons)]))
    picked: list[tuple[Any, str]] = []

    def take(need: Need, why: str, most: int) -> None:
        fitting = [
            service for service in offered if need in service.needs and service not in [one for one, _why in picked]
        ]
        fitting.sort(key=lambda service: (-_shared(service, said), service.position))
        picked.extend((service, why) for service in fitting[:most])

    for need, why in wanted:
        take(need, why, 1)
    if wanted and len(picked) < MOST_CHOICES:
        take(*wanted[0], MOST_CHOICES - len(picked))
    return picked[:MOST_CHOICES]


def _shared(service: Any, said: frozenset[str]) -> int:
    return len(_stems(f"{service.name} {service.summary}") & said)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in re.findall(r"\w+", text.lower()) if len(word) >= STEM)


def _left_out(offered: Iterable[Any], picked: Sequence[Any]) -> list[Any]:
    """Return one service of a kind that nothing points to, so that the difference is seen."""
    shown = {service.kind for service in picked}
    return [service for service in offered if service.kind not in shown][:1]


# What is written on forms

TITLES = {
    Action.CALL_911: gettext_lazy("Call 911 now"),
    Action.CRISIS_988: gettext_lazy("Call or text 988 now"),
    Action.ED_NOW: gettext_lazy("Go to an emergency room now"),
    Action.POISON_CONTROL: gettext_lazy("Call Poison Control now"),
    Action.SAFE_PLACE: gettext_lazy("You can get help now"),
}


def asked_signs() -> list[tuple[str, str]]:
    """Return what everybody is asked to tick who wants to be seen now: names, and words in the page's language."""
    return [(each.name, each.asks) for each in signs.signs(clock.now().date(), _language())]


def screen_signs(names: Collection[str]) -> Screened | None:
    """Return what ticked signs mean, with what to do; None where nothing is ticked."""
    found = signs.ticked(names, clock.now().date(), _language())
    if not found:
        return None
    said = dict.fromkeys(text for each in found for text in (each.why, each.now) if text)
    return Screened(
        urgency=Urgency.URGENT,
        danger=True,
        title=str(TITLES[found[0].action]),
        text=" ".join(said),
        source=found[0].source,
        reason="; ".join(each.asks for each in signs.ticked(names, clock.now().date(), Language.ENGLISH)),
    )


def _language() -> Language:
    spoken = (get_language() or "")[:2]
    return Language(spoken) if spoken in set(Language) else Language.ENGLISH


def screen(text: str) -> Screened | None:
    """Return what ``triage.choose_service`` finds dangerous in a text, with what to do; None where it finds nothing."""
    if not text.strip():
        return None
    told = choose_service(ChooserFacts(text=text, on=clock.now().date()))
    if not told.red_flags:
        return None
    first = told.now[0]
    said = " ".join([*(flag.text for flag in told.red_flags), *(step.text for step in told.now)])
    return Screened(
        urgency=Urgency.URGENT,
        danger=True,
        title=str(TITLES[first.action]),
        text=said,
        source=told.red_flags[0].source,
    )
