"""Who somebody is here."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from webside.accounts.codes import Protocol
from webside.accounts.models import ApiKey, IdentityProvider, Invitation, Membership, SignIn, User
from webside.core import clock, frames
from webside.core.actor import STAFF_ROLES, Actor, ActorKind, Role, anonymous
from webside.core.models import Tenant
from webside.core.rows import first, prepared_anywhere


def tenant_by_slug(slug: str) -> Tenant | None:
    """Return the active tenant with this slug."""
    return first(_tenants(slug=slug))


@prepared_anywhere
def _tenants(slug: str) -> QuerySet[Tenant]:
    return Tenant.objects.filter(slug=slug, active=True)


def tenant_by_host(host: str) -> Tenant | None:
    """Return the active tenant that this host name is mapped to."""
    return Tenant.objects.filter(hosts__contains=[host], active=True).first()


def actor_in(user: User, tenant_id: UUID | None) -> Actor:
    """Return the actor that a user is in a tenant: a visitor with a name where they are no member."""
    if not user.is_authenticated:
        return anonymous(tenant_id)
    roles = None
    if tenant_id is not None:
        own = first(_memberships(user=user.pk, at=tenant_id))
        roles = own.roles if own else None
    return Actor(
        kind=ActorKind.PERSON,
        label=str(user),
        tenant_id=tenant_id,
        user_id=user.pk,
        roles=frozenset(Role(role) for role in roles or ()),
    )


@prepared_anywhere
def _memberships(user: UUID, at: UUID) -> QuerySet[Membership]:
    return Membership.objects.filter(user_id=user, tenant_id=at, active=True).only("roles")


def memberships_of(user: User, only: UUID | None = None) -> QuerySet[Membership]:
    """Return where a user belongs, by the tenant's name; ``only`` the one tenant whose service signed them in."""
    found = Membership.objects.filter(user=user, active=True, tenant__active=True)
    if only is not None:
        found = found.filter(tenant_id=only)
    return found.select_related("tenant").order_by("tenant__name")


def works_at(user: User, tenant_id: UUID | None = None) -> bool:
    """Whether somebody is staff of a tenant, or of any."""
    found = Membership.objects.filter(user=user, active=True, roles__overlap=[str(role) for role in STAFF_ROLES])
    return (found if tenant_id is None else found.filter(tenant_id=tenant_id)).exists()


def tenants_of(user_id: UUID) -> list[UUID]:
    """Return the tenants to which somebody belongs or belonged."""
    return list(Membership.objects.filter(user_id=user_id).order_by("id").values_list("tenant_id", flat=True))


def belongs(user_id: UUID, tenant_id: UUID) -> bool:
    """Whether somebody is anything in a tenant now."""
    found = Membership.objects.filter(user_id=user_id, tenant_id=tenant_id, active=True, user__is_active=True)
    return found.exists()


def users_of(role: Role) -> list[UUID]:
    """Return those who have a role in the frame's tenant."""
    found = Membership.objects.filter(
        tenant_id=frames.current_tenant_id(), active=True, roles__contains=[role.value], user__is_active=True
    )
    return list(found.order_by("id").values_list("user_id", flat=True))


def staff_of(actor: Actor) -> QuerySet[Membership]:
    """Return the memberships of the actor's tenant that work there."""
    return (
        Membership.objects.filter(tenant_id=frames.current_tenant_id())
        .exclude(roles__contained_by=[Role.PATIENT, Role.DELEGATE])
        .select_related("user")
        .order_by("user__name")
    )


def working_here() -> QuerySet[Membership]:
    """Return the memberships of those who work in the frame's tenant today, each with its user, by name."""
    found = Membership.objects.filter(tenant_id=frames.current_tenant_id(), active=True, user__is_active=True)
    return (
        found.filter(roles__overlap=[str(role) for role in STAFF_ROLES]).select_related("user").order_by("user__name")
    )


def emails_of(role: Role) -> list[str]:
    """Return the addresses of those who have a role in the frame's tenant."""
    found = Membership.objects.filter(
        tenant_id=frames.current_tenant_id(), active=True, roles__contains=[role.value], user__is_active=True
    ).exclude(user__email="")
    return list(found.order_by("user__name").values_list("user__email", flat=True))


def open_invitations(actor: Actor) -> QuerySet[Invitation]:
    """Return the invitations of the actor's tenant that nobody has taken or revoked."""
    return Invitation.objects.filter(tenant_id=frames.current_tenant_id(), accepted_at=None, revoked_at=None).order_by(
        "-created_at"
    )


def sign_ins(actor: Actor) -> QuerySet[SignIn]:
    """Return the browsers in which the actor is signed in, the last used first."""
    if actor.user_id is None:
        return SignIn.objects.none()
    return SignIn.objects.filter(user_id=actor.user_id, ends_at__gt=clock.now()).order_by("-seen_at")


def identity_providers(actor: Actor) -> QuerySet[IdentityProvider]:
    """Return the services that sign staff of the actor's tenant in, ended ones too."""
    return IdentityProvider.objects.filter(tenant_id=frames.current_tenant_id()).order_by("-active", "name")


def identity_provider(provider_id: UUID) -> IdentityProvider | None:
    """Return a service that signs people in now."""
    return _signing_in().filter(id=provider_id).first()


def _signing_in() -> QuerySet[IdentityProvider]:
    found = IdentityProvider.objects.filter(active=True, tenant__active=True).select_related("tenant")
    return found if settings.ENV.saml else found.exclude(protocol=Protocol.SAML)


def provider_for_address(email: str) -> IdentityProvider | None:
    """Return the service that speaks for an address, by its domain; nothing where none does, or more than one.

    Only of a clinic whose domain it is (:func:`speaks_for`): another's colleagues must not be led to a stranger's page.
    """
    domain = email.rpartition("@")[2].strip().lower()
    if not domain:
        return None
    named = _signing_in().filter(domains__contains=[domain])
    found = [each for each in named if speaks_for(each.tenant, domain)]
    return found[0] if len(found) == 1 else None


def speaks_for(tenant: Tenant, domain: str) -> bool:
    """Whether a domain of e-mail addresses is a clinic's own: the operator says so, or it is the only clinic here."""
    own = {slug: {each.lower() for each in listed} for slug, listed in settings.ENV.sign_in_domains.items()}
    return (
        domain in own.get(tenant.slug, set()) or not Tenant.objects.filter(active=True).exclude(id=tenant.id).exists()
    )


def api_keys(actor: Actor) -> QuerySet[ApiKey]:
    """Return the API keys of the actor's tenant."""
    return ApiKey.objects.filter(tenant_id=frames.current_tenant_id()).order_by("-created_at")
