"""What billing does when something happens below it."""

from __future__ import annotations

from uuid import UUID

from webside.billing import services
from webside.chart.events import NoteSigned
from webside.chart.models import Encounter
from webside.core import frames


def draft_when_signed(event: NoteSigned, event_id: UUID) -> None:
    """Draft the claim of a signed note, where the service can have one."""
    encounter = Encounter.objects.select_related("service", "practitioner").filter(id=event.encounter_id).first()
    if encounter is not None and services.takes_a_claim(encounter):
        services.draft_claim(actor=frames.current().actor, encounter=encounter, event_id=event_id)
