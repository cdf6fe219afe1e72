"""Staff who are signed in by their clinic's own service (OpenID Connect), and what such a sign-in is good for.

A clinic says which service that is, and whoever runs the service can be anybody of its addresses. So it is trusted for
that clinic alone: a browser that it signed in is nobody's in every other clinic, however many the person belongs to, and
it doesn't reach the account itself (password, e-mail, passkeys), through which the others could be had.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.signals import user_logged_in
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from webside.accounts import selectors
from webside.accounts.models import IdentityProvider, Invitation, User
from webside.accounts.services import NotAllowed, join
from webside.audit.services import record
from webside.core import clock, frames
from webside.core.actor import anonymous
from webside.core.models import Tenant

SEVERAL = "mfa"
FACTORS = (
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "pop"}),
    frozenset({"face", "fpt", "iris", "retina", "vbm"}),
)
"""What a service says of how it asked (claim ``amr``): what one knows, has, is. Source: RFC 8176, section 2."""

_TENANT = "sign_in_tenant"
_OF_THE_ACCOUNT = ("/accounts/", "/devices/")
_ALLOWED = ("/accounts/logout/", "/accounts/login/", "/accounts/oidc/")


class NotOurs(LookupError):
    """The service is sure who it is, and the clinic isn't theirs; ``why`` is ``address``, ``nobody``, ``account`` or ``once``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def tenant_of(request: HttpRequest) -> UUID | None:
    """Return the one tenant that this browser is signed in to by its service; nothing for other sign-ins."""
    text = request.session.get(_TENANT)
    return UUID(text) if text else None


def bound(request: HttpRequest, tenant: Tenant | None) -> bool:
    """Make whoever a clinic's service signed in a visitor in every other clinic; whether the page may be shown at all."""
    only = tenant_of(request)
    if only is None:
        return True
    if tenant is not None and tenant.id != only:
        request.user = AnonymousUser()  # of this request alone
    return not request.path.startswith(_OF_THE_ACCOUNT) or request.path.startswith(_ALLOWED)


def person_of(provider: IdentityProvider, *, user: User | None, email: str, verified: bool, amr: list[str]) -> User:
    """Return whom a service has signed in, as its clinic knows them.

    ``user`` is whoever was signed in by the same subject of it before. Somebody who was invited, and has no account, gets
    one here. Raises :class:`NotOurs`.
    """
    email = email.strip().lower()
    if not verified or email.rpartition("@")[2] not in provider.domains:
        raise NotOurs("address")
    if not provider.asks_twice and not _asked_twice(amr):
        raise NotOurs("once")
    named = User.objects.filter(email=email).first()
    if user is not None and named is not None and user.id != named.id:
        raise NotOurs("account")  # its subject is one person, its address another
    known = user or named
    if known is None:
        return _join_by_invitation(provider, email)
    if not known.is_active or not selectors.works_at(known, provider.tenant_id):
        raise NotOurs("account" if known.is_active and _invitation(provider, email) else "nobody")
    return known


def _asked_twice(amr: list[str]) -> bool:
    """Whether a service says that it asked for factors of two kinds. One alone is one, however strong."""
    return SEVERAL in amr or sum(bool(kind.intersection(amr)) for kind in FACTORS) > 1


def _invitation(provider: IdentityProvider, email: str) -> Invitation | None:
    return Invitation.objects.filter(
        tenant_id=provider.tenant_id, email=email, accepted_at=None, revoked_at=None, expires_at__gt=clock.now()
    ).first()


def _join_by_invitation(provider: IdentityProvider, email: str) -> User:
    actor = anonymous(provider.tenant_id)
    with frames.begin(tenant_id=provider.tenant_id, actor=actor):
        invitation = _invitation(provider, email)
        if invitation is None:
            raise NotOurs("nobody")
        invitation = Invitation.objects.select_for_update().get(id=invitation.id)
        if invitation.accepted_at is not None:
            raise NotOurs("nobody")
        try:
            membership = join(
                actor=actor, email=email, name=invitation.name, password=None,
                tenant_id=provider.tenant_id, roles=invitation.roles,
            )  # fmt: skip
        except NotAllowed as taken:
            raise NotOurs("account") from taken
        invitation.accepted_at = clock.now()
        invitation.save()
        record("accounts.staff.join", actor=actor, target=membership, target_label=membership.user.name,
               changes={"roles": membership.roles, "by": provider.name})  # fmt: skip
    return membership.user


def _bind(request: HttpRequest, sociallogin: Any = None, **_: Any) -> None:
    """Remember by which clinic's service somebody has signed in (allauth says so after each sign-in)."""
    if sociallogin is None:
        request.session.pop(_TENANT, None)
        return
    provider = IdentityProvider.objects.get(id=sociallogin.account.provider)
    request.session[_TENANT] = str(provider.tenant_id)


def connect() -> None:
    """Hear who signs in."""
    user_logged_in.connect(_bind, dispatch_uid="accounts.single_sign_on")
