"""Who acts. Every read and write in Webside is done by an :class:`Actor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person does in one tenant. A person may have several."""

    PATIENT = "patient"
    DELEGATE = "delegate"
    """Acts for a patient, once she has chosen for whom (:class:`OnBehalf`); opens nothing by itself."""
    CLINICIAN = "clinician"
    COACH = "coach"
    COORDINATOR = "coordinator"
    BILLER = "biller"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"


STAFF_ROLES = frozenset(Role) - {Role.PATIENT, Role.DELEGATE}


class ActorKind(StrEnum):
    """How the actor was recognised."""

    PERSON = "person"
    LINK = "link"
    GUEST = "guest"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """The patient for whom somebody else acts: by which grant, for what, until when.

    ``scopes`` are words of ``people.codes.Scope``; ``relation`` is how the trail keeps what she is to the patient.
    ``hidden`` are topics of services that the law keeps between a minor and the clinic. A grant that is over
    (``stands`` is false) lets her do nothing, and doesn't make her herself: what she sends then was meant for another.
    """

    grant_id: UUID
    patient_id: UUID
    name: str = ""
    relation: str = ""
    scopes: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    until: datetime | None = None
    stands: bool = True
    by_law: bool = False
    """Whether she is a guardian, or a court named her: her word counts as a guardian's."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that acts in one tenant.

    ``label`` is what the audit trail shows; it stays there when the account is long gone.
    ``user_id`` is empty for the system and for a visitor; ``subject_id`` names the one thing that a
    link opens, when a person came by a link; ``identified`` says that she has shown besides that it is
    she who came (:attr:`only_by_link`). A guest was asked into one visit: ``subject_id`` is her seat there, and she is
    nobody anywhere else. ``on_behalf`` is set while a person acts for another one; she is then nobody else, whatever
    roles her account has.
    """

    kind: ActorKind
    label: str
    tenant_id: UUID | None = None
    user_id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    subject_id: UUID | None = None
    identified: bool = False
    on_behalf: OnBehalf | None = None

    @property
    def only_by_link(self) -> bool:
        """Whether a link is all that this person has shown: a forwarded e-mail is enough for that."""
        return self.kind in (ActorKind.LINK, ActorKind.GUEST) and not self.identified

    @property
    def acts_for(self) -> UUID | None:
        """The patient for whom this person acts, if she acts for another one."""
        return self.on_behalf.patient_id if self.on_behalf else None

    @property
    def is_guardian(self) -> bool:
        """Whether this person acts for another one as her guardian."""
        return self.on_behalf is not None and self.on_behalf.by_law

    def may(self, *scopes: str) -> bool:
        """Whether any of ``scopes`` was given to who acts for another person. Who acts for herself needs none."""
        return self.on_behalf is None or not self.on_behalf.scopes.isdisjoint(scopes)

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
