"""Inviting staff, changing what they may do, keys for programs."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction

from webside.accounts import policies, registry, selectors
from webside.accounts.models import ApiKey, IdentityProvider, Invitation, Membership, SignIn, User
from webside.audit.services import action, record
from webside.core import clock, frames, outgoing
from webside.core.actor import STAFF_ROLES, Actor, Role

INVITATION_DAYS = 7
_ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class NotAllowed(PermissionError):
    """The actor may not do this."""


class InvitationGone(LookupError):
    """The invitation is unknown, used, revoked or too old: all look the same."""


class LastAdministrator(ValueError):
    """A tenant keeps at least one administrator."""


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotAllowed
    return actor.user_id


def token_hash(token: str) -> bytes:
    """Return the hash under which a token is kept."""
    return hashlib.sha256(token.encode()).digest()


@action("accounts.staff.invite")
def invite_staff(*, actor: Actor, email: str, name: str, roles: list[Role], link_to: Any) -> Invitation:
    """Invite a colleague by e-mail. ``link_to(token)`` gives the address of the page that takes it.

    Raises :class:`NotAllowed` unless the actor is an administrator.
    """
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        tenant_id=frames.current_tenant_id(),
        email=email.strip().lower(),
        name=name.strip(),
        roles=[role for role in roles if role in STAFF_ROLES],
        token_hash=token_hash(token),
        invited_by_id=_person(actor),
        expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
    )
    EmailMessage(
        subject=f"Join {invitation.tenant.name} on Webside",
        body=(
            f"{actor.label} invites you to work with {invitation.tenant.name} on Webside.\n\n"
            f"Open this page within {INVITATION_DAYS} days to choose a password and a second factor:\n"
            f"{link_to(token)}\n\nIf you did not expect this, you can leave it; nothing happens.\n"
        ),
        to=[invitation.email],
    ).send()
    record("accounts.staff.invite", actor=actor, target=invitation, target_label=name, changes={"roles": list(roles)})
    return invitation


def open_invitation(token: str) -> Invitation:
    """Return the invitation of a token, or raise :class:`InvitationGone`."""
    invitation = (
        Invitation.objects.select_related("tenant")
        .filter(token_hash=token_hash(token), accepted_at=None, revoked_at=None, expires_at__gt=clock.now())
        .first()
    )
    if invitation is None:
        raise InvitationGone
    return invitation


@action("accounts.staff.join")
def accept_invitation(*, actor: Actor, token: str, password: str | None) -> User:
    """Take an invitation: make the account where there is none, and the membership.

    Somebody who has an account already must be signed in to it: a link alone never takes over an
    account, and whoever is signed in as somebody else doesn't use up a colleague's. Raises
    :class:`InvitationGone`, or :class:`NotAllowed` in these cases.
    """
    invitation = Invitation.objects.select_for_update().get(id=open_invitation(token).id)
    membership = join(
        actor=actor, email=invitation.email, name=invitation.name, password=password,
        tenant_id=invitation.tenant_id, roles=invitation.roles,
    )  # fmt: skip
    user = membership.user
    invitation.accepted_at = clock.now()
    invitation.save()
    record("accounts.staff.join", actor=actor, target=membership, target_label=user.name,
           changes={"roles": membership.roles})  # fmt: skip
    return user


def join(
    *, actor: Actor, email: str, name: str, password: str | None, tenant_id: UUID, roles: Iterable[str]
) -> Membership:
    """Give whom an invitation to ``email`` is for these roles besides her own; make her account where there is none.

    The caller has found the invitation, and writes what became of it into the trail. Raises :class:`NotAllowed` where
    the address has an account that is not signed in, or somebody else is.
    """
    user = User.objects.filter(email=email).first()
    if actor.user_id != (user.id if user else None):
        raise NotAllowed
    if user is None:
        user = User.objects.create_user(email, password, name=name)
        # Who opened the invitation, or came by her clinic's own service, has shown that the address is hers.
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    membership, made = Membership.objects.get_or_create(
        user=user, tenant_id=tenant_id, defaults={"roles": sorted(roles)}
    )
    if not made:
        # Somebody who no longer worked here gets what she is invited to, not back what she was.
        membership.roles = sorted({*(membership.roles if membership.active else ()), *roles})
        membership.active = True
        membership.save()
    return membership


@action("accounts.invitation.revoke")
def revoke_invitation(*, actor: Actor, invitation: Invitation) -> None:
    """Take an invitation back."""
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    invitation.revoked_at = clock.now()
    invitation.save()
    record("accounts.invitation.revoke", actor=actor, target=invitation, target_label=invitation.name)


@action("accounts.staff.change")
def change_membership(*, actor: Actor, membership: Membership, roles: list[Role], active: bool) -> Membership:
    """Change what a colleague may do here, or end it. Their open sockets close.

    Raises :class:`NotAllowed`, or :class:`LastAdministrator` when nobody would be left to manage.
    """
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    members = list(Membership.objects.select_for_update().filter(tenant_id=frames.current_tenant_id(), active=True))
    membership = Membership.objects.select_for_update().get(id=membership.id, tenant_id=frames.current_tenant_id())
    left = [other for other in members if other.id != membership.id and Role.ADMINISTRATOR in other.roles]
    if not left and not (active and Role.ADMINISTRATOR in roles):
        raise LastAdministrator
    before = {"roles": membership.roles, "active": membership.active}
    membership.roles = sorted(roles)
    membership.active = active
    membership.save()
    registry.revoke(membership.user_id)
    record(
        "accounts.staff.change",
        actor=actor,
        target=membership,
        target_label=str(membership.user),
        changes={"before": before, "after": {"roles": membership.roles, "active": active}},
    )
    return membership


@action("accounts.device.end")
def end_sign_ins(*, actor: Actor, sign_ins: list[SignIn], but: UUID | None = None) -> None:
    """Sign the actor out in browsers of theirs, at once. What is open there closes, and nothing is sent there any more.

    ``but``: these are all that there are except this one. Raises :class:`NotAllowed` for a browser of somebody else.
    """
    if any(sign_in.user_id != _person(actor) for sign_in in sign_ins):
        raise NotAllowed
    Session.objects.filter(session_key__in=[sign_in.session_key for sign_in in sign_ins]).delete()
    SignIn.objects.filter(id__in=[sign_in.id for sign_in in sign_ins]).delete()
    registry.revoke(_person(actor), registry.RENEWED)
    registry.left(_person(actor), [sign_in.id for sign_in in sign_ins], but)
    record("accounts.device.end", actor=actor, changes={"devices": [sign_in.device for sign_in in sign_ins]})


@action("accounts.api-key.create")
def create_api_key(*, actor: Actor, name: str, scopes: list[str]) -> tuple[ApiKey, str]:
    """Make a key for a program; return it with its secret, which is shown this once."""
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    secret = f"wsk_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        tenant_id=frames.current_tenant_id(),
        name=name,
        prefix=secret[:10],
        secret_hash=token_hash(secret),
        scopes=scopes,
        created_by_id=_person(actor),
    )
    record("accounts.api-key.create", actor=actor, target=key, target_label=name, changes={"scopes": scopes})
    return key, secret


@action("accounts.api-key.revoke")
def revoke_api_key(*, actor: Actor, key: ApiKey) -> None:
    """End a key at once."""
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    with transaction.atomic():
        key.revoked_at = clock.now()
        key.save()
    record("accounts.api-key.revoke", actor=actor, target=key, target_label=key.name)


class NoProvider(ValueError):
    """The address of a service doesn't answer as one; ``why`` is ``away``, ``answer`` or ``issuer``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def check_provider(issuer: str) -> str:
    """Read what a service says of itself; return how it takes our secret (``secret_by``). Raises :class:`NoProvider`.

    One that doesn't say takes it by HTTP Basic (OpenID Connect Discovery 1.0, sections 3 and 4).
    """
    try:
        told = json.loads(outgoing.fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    except (requests.HTTPError, ValueError) as error:
        raise NoProvider("answer") from error
    except requests.RequestException as error:
        raise NoProvider("away") from error
    if not isinstance(told, dict) or not all(told.get(name) for name in _ENDPOINTS):
        raise NoProvider("answer")
    if str(told.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise NoProvider("issuer")
    ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" if "client_secret_post" in ways else "client_secret_basic"


@action("accounts.identity-provider.create")
def add_identity_provider(*, actor: Actor, secret: str = "", **details: Any) -> IdentityProvider:
    """Let a service sign staff in: ``name``, ``issuer``, ``client_id``, ``domains``, ``asks_twice``.

    One that speaks SAML has ``protocol``, ``sign_in_url`` and ``certificates``, and no ``client_id`` and ``secret``; of
    another the caller has looked whether it answers (:func:`check_provider`). Raises :class:`NotAllowed`, or
    :class:`DomainTaken` where another service of this installation speaks for one of the domains, and
    :class:`AlreadyThere` where this very service is there for others.
    """
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    _claim(details["domains"])
    provider = IdentityProvider(tenant_id=frames.current_tenant_id(), **details)
    if secret:
        provider.secret = secret
    _save_once(provider)
    record("accounts.identity-provider.create", actor=actor, target=provider, target_label=provider.name,
           changes={"protocol": provider.protocol, "issuer": provider.issuer, "domains": provider.domains,
                    "asks_twice": provider.asks_twice})  # fmt: skip
    return provider


@action("accounts.identity-provider.change")
def change_identity_provider(
    *, actor: Actor, provider: IdentityProvider, secret: str = "", **details: Any
) -> IdentityProvider:
    """Change a service that signs staff in; an empty secret leaves the one that is kept. Raises as adding it does."""
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    _claim(details["domains"], besides=provider.id)
    if details.get("issuer", provider.issuer) != provider.issuer:
        # Whom another service calls 42 is somebody else.
        SocialAccount.objects.filter(provider=str(provider.id)).delete()
    before = provider.certificates
    for name, value in details.items():
        setattr(provider, name, value)
    if secret:
        provider.secret = secret
    certificates = provider.certificates != before
    _save_once(provider)
    record("accounts.identity-provider.change", actor=actor, target=provider, target_label=provider.name,
           changes={"issuer": provider.issuer, "domains": provider.domains, "asks_twice": provider.asks_twice,
                    "secret": bool(secret), "sign_in_url": provider.sign_in_url, "certificates": certificates})  # fmt: skip
    return provider


@action("accounts.identity-provider.end")
def end_identity_provider(*, actor: Actor, provider: IdentityProvider) -> None:
    """Let a service sign nobody in any more. Whoever is signed in by it stays until that sign-in is over."""
    if not policies.can_manage_staff(actor):
        raise NotAllowed
    provider.active = False
    provider.save()
    record("accounts.identity-provider.end", actor=actor, target=provider, target_label=provider.name)


class AlreadyThere(ValueError):
    """The clinic has this service already."""


def _save_once(provider: IdentityProvider) -> None:
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError as error:
        raise AlreadyThere from error


class DomainTaken(ValueError):
    """Another service of this clinic speaks for a domain, or of the clinic whose domain it is."""


def _claim(domains: list[str], besides: UUID | None = None) -> None:
    others = IdentityProvider.objects.filter(active=True, domains__overlap=domains).select_related("tenant")
    if besides is not None:
        others = others.exclude(id=besides)
    here = frames.current_tenant_id()
    # Anybody may write a domain down. Whose it is the operator says, so that nobody keeps another's from them.
    if any(
        each.tenant_id == here or any(selectors.speaks_for(each.tenant, one) for one in {*domains} & {*each.domains})
        for each in others
    ):
        raise DomainTaken
