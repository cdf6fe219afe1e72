"""What patients agreed to and took back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from webside.compliance.models import Consent, ConsentText
from webside.core import clock
from webside.core.actor import Actor
from webside.people.models import Patient

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


def texts_in_force(*scopes: str) -> dict[str, list[ConsentText]]:
    """Return for each scope (all there are, if none is named) what people agree to today, in every language of it."""
    found: dict[str, list[ConsentText]] = {scope: [] for scope in scopes}
    rows = ConsentText.objects.filter(effective_from__lte=clock.now().date())
    if scopes:
        rows = rows.filter(scope__in=scopes)
    for row in rows.order_by("-effective_from", "-version"):
        texts = found.setdefault(row.scope, [])
        if not texts or texts[0].version == row.version:
            texts.append(row)
    return found


def text_in(language: str, texts: list[ConsentText]) -> ConsentText | None:
    """Return a version's words in a language; where it isn't translated, in the next that it is written in."""
    by_language = {text.language: text for text in texts}
    wanted = (language.partition("-")[0], *LANGUAGES, *by_language)
    return next((by_language[each] for each in wanted if each in by_language), None)


def current_text(scope: str, language: str = "") -> ConsentText | None:
    """Return the words that people agree to today, in a language or, if they aren't translated, in another."""
    return text_in(language, texts_in_force(scope)[scope])


@dataclass(frozen=True, slots=True)
class InForce:
    """The version of a scope that people agree to today. ``cells``: its text for each of ``LANGUAGES``, or nothing."""

    scope: str
    version: str
    cells: list[ConsentText | None]


def versions_in_force() -> list[InForce]:
    """Return what people agree to today, by scope, with which languages it is written in."""
    return [
        InForce(
            scope,
            texts[0].version,
            [next((each for each in texts if each.language == code), None) for code in LANGUAGES],
        )
        for scope, texts in sorted(texts_in_force().items())
    ]


def are_in_force(words: str, scopes: Iterable[str]) -> bool:
    """Whether ``words``, digests with spaces between them, hold for each scope a text of today, in whatever language."""
    given = set(words.split())
    return all(given & {text.digest for text in texts} for texts in texts_in_force(*scopes).values())


def text_among(words: str, scope: str) -> ConsentText | None:
    """Return the text of a scope whose digest is among ``words``, of whatever version; the newest of equals."""
    given = set(words.split())
    texts = ConsentText.objects.filter(scope=scope).order_by("-effective_from") if given else ()
    return next((text for text in texts if text.digest in given), None)


CONSENT_FILTERS = ("everything", "standing", "visit", "withdrawn")


def consents_of(patient: Patient) -> QuerySet[Consent]:
    """Return what a patient agreed to and took back, newest first."""
    return Consent.objects.filter(patient=patient).select_related("text").order_by("-given_at")


def consents(actor: Actor, chosen: str = "everything") -> QuerySet[Consent]:
    """Return consents of the clinic's patients, newest first: all, standing ones, of one visit, taken back."""
    found = Consent.objects.select_related("patient", "text").order_by("-given_at", "-id")
    if chosen == "standing":
        return found.filter(status="active", visit_id=None)
    if chosen == "visit":
        return found.filter(status="active").exclude(visit_id=None)
    if chosen == "withdrawn":
        return found.exclude(withdrawn_at=None)
    return found


def consents_after(found: QuerySet[Consent], last_id: UUID | None) -> QuerySet[Consent]:
    """Return what follows a consent in the order of :func:`consents`."""
    last = Consent.objects.filter(id=last_id).first() if last_id else None
    if last is None:
        return found
    return found.filter(Q(given_at__lt=last.given_at) | Q(given_at=last.given_at, id__lt=last.id))


def consent_counts() -> dict[str, int]:
    """Return how many consents each filter has."""
    return {
        name: int(number or 0)
        for name, number in Consent.objects.aggregate(
            everything=Count("id"),
            standing=Count("id", filter=Q(status="active", visit_id=None)),
            visit=Count("id", filter=Q(status="active", visit_id__isnull=False)),
            withdrawn=Count("id", filter=Q(withdrawn_at__isnull=False)),
        ).items()
    }


def consents_withdrawn(*, within_days: int = 30) -> int:
    """Return how many consents were taken back in the last days."""
    return Consent.objects.filter(withdrawn_at__gte=clock.now() - timedelta(days=within_days)).count()
