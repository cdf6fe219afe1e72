"""One clinic while it is made: who acts in it, and what every clinic has."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from webside.accounts import selectors as accounts
from webside.accounts.models import User
from webside.catalog.models import HealthcareService
from webside.compliance.models import ConsentText
from webside.core.actor import Actor, system
from webside.core.models import Tenant
from webside.demo.people import CONSENTS
from webside.people.models import Patient, Practitioner


@dataclass(slots=True)
class Demo:
    """What the generator knows while it works in one tenant."""

    tenant: Tenant
    users: dict[str, User]
    practitioners: dict[str, Practitioner] = field(default_factory=dict)
    patients: dict[str, Patient] = field(default_factory=dict)
    services: dict[str, HealthcareService] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(20261123))  # noqa: S311 - a seeded demo

    @property
    def machine(self) -> Actor:
        """Webside itself."""
        return system("demo", self.tenant.id)

    def actor(self, key: str) -> Actor:
        """One of the people, as they act here."""
        return accounts.actor_in(self.users[key], self.tenant.id)


def add_consent_texts() -> None:
    """Add the words that people agree to, where they are not there. No lawyer has confirmed them, in either language."""
    for (scope, language), (title, body) in CONSENTS.items():
        ConsentText.objects.get_or_create(
            scope=scope,
            version="2026-01-01",
            language=language,
            defaults={"title": title, "body": body, "effective_from": date(2026, 1, 1)},
        )


def key_of(name: str) -> str:
    """Return the same idempotency key for the same name."""
    return uuid5(NAMESPACE_URL, f"urn:webside:demo:{name}").hex
