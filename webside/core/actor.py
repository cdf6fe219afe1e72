"""Who acts. Every read and write in Webside is done by an :class:`Actor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person does in one tenant. A person may have several."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    COACH = "coach"
    COORDINATOR = "coordinator"
    BILLER = "biller"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"


STAFF_ROLES = frozenset(Role) - {Role.PATIENT}


class ActorKind(StrEnum):
    """How the actor was recognised."""

    PERSON = "person"
    LINK = "link"
    GUEST = "guest"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that acts in one tenant.

    ``label`` is what the audit trail shows; it stays there when the account is long gone.
    ``user_id`` is empty for the system and for a visitor; ``subject_id`` names the one thing that a
    link opens, when a person came by a link; ``identified`` says that she has shown besides that it is
    she who came (:attr:`only_by_link`). A guest was asked into one visit: ``subject_id`` is her seat there, and she is
    nobody anywhere else.
    """

    kind: ActorKind
    label: str
    tenant_id: UUID | None = None
    user_id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    subject_id: UUID | None = None
    identified: bool = False

    @property
    def only_by_link(self) -> bool:
        """Whether a link is all that this person has shown: a forwarded e-mail is enough for that."""
        return self.kind in (ActorKind.LINK, ActorKind.GUEST) and not self.identified

    @property
    def is_staff(self) -> bool:
        """Whether the person works for the tenant."""
        return bool(self.roles & STAFF_ROLES)

    def has(self, *roles: Role) -> bool:
        """Whether the actor holds any of ``roles`` in this tenant."""
        return not self.roles.isdisjoint(roles)


def system(part: str, tenant_id: UUID | None = None) -> Actor:
    """Return the actor for what Webside does by itself; ``part`` is shown in the trail."""
    return Actor(kind=ActorKind.SYSTEM, label=part, tenant_id=tenant_id)


def anonymous(tenant_id: UUID | None = None) -> Actor:
    """Return the actor for a visitor whom nobody has recognised."""
    return Actor(kind=ActorKind.ANONYMOUS, label="visitor", tenant_id=tenant_id)
