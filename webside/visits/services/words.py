"""What the clinic says to who waits."""

from __future__ import annotations

from collections.abc import Mapping

from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.visits import policies, selectors
from webside.visits.models import WaitingWords
from webside.visits.selectors import Words
from webside.visits.services.errors import NotAllowed

MOST_LINES = 6
LONGEST_LINE = 120
LONGEST_TEXT = 600
MOST_LINKS = 3


@action("visits.waiting-words.change")
def set_waiting_words(*, actor: Actor, service: HealthcareService, said: Mapping[str, Words]) -> None:
    """Keep what people read while they wait for a service, in each language; a language without words has none.

    Raises :class:`NotAllowed`, and :class:`ValueError` for what is too long, or a link that is no page of the clinic.
    """
    if not policies.can_set_waiting_words(actor):
        raise NotAllowed
    if not all(fits(words, service.tenant.slug) for words in said.values()):
        raise ValueError("not words for the waiting room")
    lock(service)
    before = selectors.waiting_words(service.id)
    changed = {}
    for language, words in said.items():
        if parts := words.differs_from(before.get(language, Words(language))):
            changed[language] = parts
            _keep(actor, service, words)
    record("visits.waiting-words.change", actor=actor, target=service, target_label=service.name, changes=changed)


def _keep(actor: Actor, service: HealthcareService, words: Words) -> None:
    if not words:
        WaitingWords.objects.filter(service=service, language=words.language).delete()
        return
    WaitingWords.objects.update_or_create(
        service=service, language=words.language,
        defaults={"ready": words.ready, "text": words.text, "links": list(words.links), "changed_by": actor.label},
    )  # fmt: skip


def fits(words: Words, slug: str) -> bool:
    """Whether it can be read on a telephone while one waits, and leads nowhere but to the clinic itself."""
    return (
        words.language in selectors.LANGUAGES
        and len(words.lines) <= MOST_LINES
        and all(len(line) <= LONGEST_LINE for line in words.lines)
        and len(words.text) <= LONGEST_TEXT
        and len(words.links) <= MOST_LINKS
        and all(link["name"] and selectors.is_own_page(link["address"], slug) for link in words.links)
    )
