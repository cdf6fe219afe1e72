"""A real OpenID Connect provider for the tests: allauth's own, as a Django site of its own, on this machine.

Run as ``python -m tests.single_sign_on.provider PORT FOLDER``. It knows one client, and people with the one password.
``POST /control/`` (JSON) says to which address it leads back, and what it claims of somebody: those are the provider's
own pages in the world, which a test has no use for.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

CLIENT_ID, SECRET, PASSWORD = "webside", "a secret of both", "one password for all"

HERE = "tests.single_sign_on.provider"


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def configure(folder: Path, port: int) -> None:
    """Make this process the provider's site."""
    import django
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=HERE,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite3")}},
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
            "allauth", "allauth.account", "allauth.idp.oidc",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        ACCOUNT_LOGIN_METHODS={"email"}, ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_SIGNUP_FIELDS=["email*", "password1*"],
        ACCOUNT_RATE_LIMITS=False,
        SESSION_COOKIE_NAME=f"provider_{port}",
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        IDP_OIDC_PRIVATE_KEY=key.decode(), IDP_OIDC_ADAPTER=f"{HERE}.Adapter",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True,
    )  # fmt: skip
    django.setup()


CLAIMS: dict[str, dict[str, Any]] = {}


def __getattr__(name: str) -> Any:
    """Give what can be made only once the site is set up: its adapter and its addresses."""
    if name == "Adapter":
        from allauth.idp.oidc.adapter import DefaultOIDCAdapter

        class Adapter(DefaultOIDCAdapter):
            """Claims what the tests say."""

            def get_claims(self, purpose: Any, user: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
                """Return the usual claims, with what was said of the person."""
                claims: dict[str, Any] = super().get_claims(purpose, user, *args, **kwargs)
                return claims | CLAIMS.get(user.email, {})

        return Adapter
    if name == "urlpatterns":
        from django.urls import include, path

        return [
            path("control/", control),
            path("accounts/", include("allauth.account.urls")),
            path("", include("allauth.idp.urls")),
        ]
    raise AttributeError(name)


def control(request: Any) -> Any:
    """Take what a test says: ``leads_back``, or ``email`` with claims."""
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.http import HttpResponse

    said = json.loads(request.body)
    if "leads_back" in said:
        Client.objects.update_or_create(
            id=CLIENT_ID,
            defaults={"name": "Webside", "secret": make_password(SECRET), "scopes": "openid\nprofile\nemail",
                      "redirect_uris": said["leads_back"], "skip_consent": True},
        )  # fmt: skip
    if "email" in said:
        people = get_user_model().objects
        if not people.filter(email=said["email"]).exists():
            person = people.create_user(username=said["email"], email=said["email"], password=PASSWORD)
            EmailAddress.objects.create(user=person, email=said["email"], primary=True, verified=True)
        CLAIMS[said["email"]] = said.get("claims", {})
    return HttpResponse("kept")


def main() -> None:
    """Serve until stopped; say so when ready."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    configure(folder, port)
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.views.decorators.csrf import csrf_exempt

    globals()["control"] = csrf_exempt(control)
    sys.modules[HERE] = sys.modules["__main__"]
    call_command("migrate", verbosity=0)
    with make_server("localhost", port, get_wsgi_application(), handler_class=Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
