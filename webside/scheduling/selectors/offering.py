"""Who may give a service to somebody in a state, and what the gates say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from webside.catalog import gates, law
from webside.catalog import selectors as catalog
from webside.catalog.models import HealthcareService
from webside.compliance import selectors as compliance
from webside.compliance.selectors import OnRecord
from webside.people.models import Patient, Practitioner
from webside.scheduling.selectors.consents import CONSENT_SCOPES


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a practitioner may give a service in a state, and what the gates said.

    ``record`` is what compliance has on record about everybody asked, so that it is read once for a page.
    """

    practitioner: Practitioner
    findings: list[gates.Finding] = field(default_factory=list)
    record: OnRecord | None = None

    @property
    def allowed(self) -> bool:
        """Whether nothing stands in the way of booking."""
        return not gates.stops(self.findings)

    @property
    def lacks_guardian(self) -> bool:
        """Whether a guardian is all that is missing: a child may be seen if one asks for it."""
        return law.lacks_guardian(reason.code for finding in self.why_not for reason in finding.reasons)

    @property
    def why_not(self) -> list[gates.Finding]:
        """What stands in the way."""
        return gates.stops(self.findings)


def offers(
    *, service: HealthcareService, state: str, at: datetime, patient: Patient | None = None, guardian: bool = False
) -> list[Offer]:
    """Return everybody who gives a service, with what the gates say for a patient in ``state`` at ``at``.

    The person's consent is taken as given: the booking form asks for it, and the booking asks the
    gates again with what was really given. ``guardian``: whether a guardian stands in for her. Without a state the gates
    are not asked.
    """
    people = catalog.practitioners_for(service)
    return offers_of(service, people, state, at, patient, law_record(people, state, patient), guardian=guardian)


def law_record(people: Sequence[Practitioner], state: str, patient: Patient | None) -> OnRecord | None:
    """Read once what the gates of law ask about all of them; nothing where they are not asked."""
    return compliance.on_record(people, patient) if state and people else None


def offers_of(
    service: HealthcareService,
    practitioners: Sequence[Practitioner],
    state: str,
    at: datetime,
    patient: Patient | None = None,
    record: OnRecord | None = None,
    *,
    guardian: bool = False,
) -> list[Offer]:
    """Return whether each of these practitioners may give a service; ``record`` is what was read of them before."""
    if not state:
        return [Offer(practitioner) for practitioner in practitioners]
    consents = frozenset(scope for kind, scope in CONSENT_SCOPES.items() if kind == service.kind)
    record = record or law_record(practitioners, state, patient)
    return [
        Offer(
            practitioner,
            gates.ask(
                gates.Case(
                    moment=gates.Moment.BOOK,
                    at=at,
                    service=service,
                    patient=patient,
                    practitioner=practitioner,
                    state=state,
                    facts={"consents": consents, "guardian_present": guardian, law.RECORD: record},
                )
            ),
            record,
        )
        for practitioner in practitioners
    ]
