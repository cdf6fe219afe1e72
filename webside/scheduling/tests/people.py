"""Short ways to people who are booked too."""

from __future__ import annotations

from typing import Any

from webside.scheduling import services
from webside.scheduling.codes import PersonRelation, PersonRole

ROSA = services.Guest(
    role=PersonRole.FAMILY, name="Rosa Moreno", relation=PersonRelation.SIBLING, email="rosa@example.test"
)
INTERPRETER = services.Guest(
    role=PersonRole.INTERPRETER, name="Ines Vega", email="ines@example.test", phone="518-555-0188",
    interprets="Spanish",
)  # fmt: skip


def nurse(cast: Any) -> services.Colleague:
    """Return Priya, who comes as a nurse."""
    return services.Colleague(cast.priya, PersonRole.NURSE)
