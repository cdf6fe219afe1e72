"""Staff who are signed in by their clinic's own service (OpenID Connect, SAML 2.0), and what such a sign-in is good for.

A clinic says which service that is, and whoever runs the service can be anybody of its addresses. So it is trusted for
that clinic alone: a browser that it signed in is nobody's in every other clinic, however many the person belongs to, and
it doesn't reach the account itself (password, e-mail, passkeys), through which the others could be had.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.signals import user_logged_in
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from webside.accounts import saml, selectors
from webside.accounts.models import IdentityProvider, Invitation, SamlRequest, User
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
_ASKED = "saml_asked"
_ASKED_AT_ONCE = 5
ANSWERED_WITHIN = timedelta(minutes=15)
"""So long somebody may take at the service, a second factor and a new password with it."""
FETCHED_WITHIN = timedelta(minutes=2)
"""So long the browser may take from the service's answer to our page: it is led there at once."""


class NotOurs(LookupError):
    """The service is sure who it is, and the clinic isn't theirs; ``why`` is ``address``, ``nobody``, ``account`` or ``once``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Said:
    """What a service says of whom it has signed in."""

    email: str
    verified: bool
    amr: list[str]
    subject: str = ""


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


# ------------------------------------------------------------------------------------------------ SAML 2.0
#
# A browser brings the answer from the service's page by a form, and sends no cookie of ours with it (SameSite): so it is
# taken without a session, kept sealed, and fetched a moment later by the browser that has asked. Nobody is signed in
# before that, so that an answer to somebody else's question, brought by a stranger's page, signs nobody in.


def ask(provider: IdentityProvider, session: SessionBase, following: str) -> str:
    """Ask a service that speaks SAML who somebody is; return where the browser is led to."""
    request_id, address = saml.question(provider)
    now = clock.now()
    SamlRequest.objects.create(provider=provider, request_id=request_id, asked_at=now, ends_at=now + ANSWERED_WITHIN)
    asked: dict[str, str] = session.get(_ASKED, {})
    session[_ASKED] = dict([*asked.items(), (request_id, following)][-_ASKED_AT_ONCE:])
    return address


def take_answer(provider: IdentityProvider, encoded: str) -> UUID:
    """Keep what a service answers until the browser that asked fetches it; return by what it is fetched.

    Once: the answer to a question that was answered, or nobody asked, is refused, and so is an assertion that was taken
    for another question. Raises :class:`saml.Refused`.
    """
    answer = saml.shape(encoded)
    with transaction.atomic():
        asked = (
            SamlRequest.objects.select_for_update()
            .filter(provider=provider, request_id=answer.in_response_to, answered_at=None, ends_at__gt=clock.now())
            .first()
        )
        if asked is None:
            raise saml.Refused("unasked")
        said = saml.believe(provider, answer, request_id=asked.request_id, now=clock.now())
        asked.answered_at, asked.assertion_id = clock.now(), said.assertion_id
        kept = Said(said.email, said.verified, [SEVERAL] if said.twice else [], said.subject)
        asked.said = json.dumps(asdict(kept)).encode()
        try:
            asked.save()
        except IntegrityError as error:
            raise saml.Refused("used") from error
    return asked.id


def fetch_answer(provider: IdentityProvider, session: SessionBase, answer_id: UUID) -> tuple[Said, str] | None:
    """Return, once, what the service answered to this browser's question, and where to go then; nothing to any other."""
    asked: dict[str, str] = session.get(_ASKED, {})
    with transaction.atomic():
        found = (
            SamlRequest.objects.select_for_update()
            .filter(id=answer_id, provider=provider, answered_at__gt=clock.now() - FETCHED_WITHIN)
            .exclude(said_sealed=b"")
            .first()
        )
        if found is None or found.request_id not in asked:
            return None
        said = Said(**json.loads(found.said))
        found.said_sealed = b""
        found.save()
    following = asked.pop(found.request_id)
    session[_ASKED] = asked
    return said, following


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
