"""Users are global; memberships say what a user is in a tenant. Neither is under RLS."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from webside.accounts.codes import Protocol
from webside.core import clock
from webside.core.actor import Role
from webside.core.crypto import keyring
from webside.core.ids import uuid7
from webside.core.models import BaseModel, Tenant


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Make a user; without a password they sign in by passkey or set one by e-mail."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who can sign in. One user may belong to several tenants."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=160, blank=True)
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Django's admin is not used: nobody is its staff."""
        return False


class Membership(BaseModel):
    """What a user is in one tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    roles = ArrayField(models.CharField(max_length=20, choices=[(role, role) for role in Role]))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "tenant"], name="membership_once")]

    def __str__(self) -> str:
        return ", ".join(self.roles)


class Invitation(BaseModel):
    """A colleague was asked to join a tenant in certain roles. Its token is kept as a hash."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=160)
    roles = ArrayField(models.CharField(max_length=20))
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class SignIn(BaseModel):
    """A browser in which somebody signed in. ``session_key`` follows its session, which may change its key.

    ``device`` is what the browser says it is, in words ("Chrome on Windows"). ``seen_at`` is right to about a minute.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    device = models.CharField(max_length=60)
    started_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "seen_at"], name="sign_in_of_user")]


class IdentityProvider(BaseModel):
    """A service (OpenID Connect or SAML 2.0) that signs a clinic's staff in. Its secret is sealed.

    ``issuer`` is its address, below which it describes itself; of one that speaks SAML the name that it gives itself (its
    entity id), which may be no address. That one has no secret: ``sign_in_url`` is where people are led, ``certificates``
    (PEM, one after the other) are those with whose keys it signs. ``domains``: of the addresses that it may speak for.
    ``secret_by``: how it takes the secret (``client_secret_post`` or ``client_secret_basic``), as it said when it was saved.
    ``asks_twice``: an administrator has said that it always asks for a second factor; otherwise it must say so each time.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    protocol = models.CharField(max_length=8, default=Protocol.OIDC)
    name = models.CharField(max_length=80)
    issuer = models.URLField(max_length=400)
    client_id = models.CharField(max_length=190, blank=True)
    secret_sealed = models.BinaryField(default=bytes)
    secret_by = models.CharField(max_length=24, blank=True)
    sign_in_url = models.URLField(max_length=400, blank=True)
    certificates = models.TextField(blank=True)
    domains = ArrayField(models.CharField(max_length=120))
    asks_twice = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "issuer", "client_id"], condition=models.Q(active=True), name="identity_provider_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """Where people are led."""
        return urlsplit(self.sign_in_url or self.issuer).netloc

    @property
    def is_saml(self) -> bool:
        """Whether it speaks SAML 2.0."""
        return self.protocol == Protocol.SAML

    @property
    def secret(self) -> str:
        """What the service knows this installation by."""
        return keyring().open(bytes(self.secret_sealed), place=f"identity-provider:{self.id}").decode()

    @secret.setter
    def secret(self, plain: str) -> None:
        self.secret_sealed = keyring().seal(plain.encode(), place=f"identity-provider:{self.id}")


class SamlRequest(BaseModel):
    """A service that speaks SAML was asked who somebody is. Its answer is taken once, and no answer to anything else is.

    ``request_id`` is what we called the question. ``said_sealed`` is what the service answered, until the browser that
    asked has come back for it. The row outlives the answer, and so does the refusal to take it again.
    """

    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="+")
    request_id = models.CharField(max_length=64, unique=True)
    assertion_id = models.CharField(max_length=200, blank=True)
    said_sealed = models.BinaryField(default=bytes)
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "assertion_id"], condition=~models.Q(assertion_id=""), name="saml_assertion_once"
            )
        ]

    @property
    def said(self) -> bytes:
        """What the service answered."""
        return keyring().open(bytes(self.said_sealed), place=f"saml-request:{self.id}")

    @said.setter
    def said(self, plain: bytes) -> None:
        self.said_sealed = keyring().seal(plain, place=f"saml-request:{self.id}")


class ApiKey(BaseModel):
    """A key for programs: hashed, scoped, of one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
