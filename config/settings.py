"""Django's settings, all drawn from :class:`config.env.Env`."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.urls import reverse_lazy
from pydantic import ValidationError

from config import postgres
from config.env import LOOPBACK, ROOT, Env, explain

try:
    ENV = Env()
except ValidationError as refusal:
    sys.exit(explain(refusal))  # an operator reads this: a line says more than a traceback
BASE_DIR = ROOT
VAR = ENV.var

# `decide`, the checks and the linters need no database and must start without one.
NEEDS_DATABASE = not ({"decide", "check", "makemigrations", "makemessages", "compilemessages"} & set(sys.argv[1:2]))

SECRET_KEY = ENV.secret_key.get_secret_value() if ENV.secret_key else ENV.secret("secret-key").hex()
DEBUG = False
DEMO = ENV.demo
PRODUCTION = ENV.production
PUBLIC_URL = ENV.address
_public = urlsplit(PUBLIC_URL)
INSIDE_HOSTS = frozenset([*ENV.inside_hosts, *([] if PRODUCTION else LOOPBACK)])
ALLOWED_HOSTS = [_public.hostname or "localhost", *ENV.allowed_hosts, *([] if PRODUCTION else LOOPBACK)]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "webside.ui",  # before allauth and django.forms, whose templates it gives our look
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "webside.core",
    "webside.outbox",
    "webside.fhirkit",
    "webside.audit",
    "webside.accounts",
    "webside.realtime",
    "webside.people",
    "webside.notifications",
    "webside.compliance",
    "webside.catalog",
    "webside.scheduling",
    "webside.chart",
    "webside.visits",
    "webside.triage",
    "webside.billing",
    "webside.portal",
    "webside.api",
    "webside.integrations.sms",
    "webside.integrations.voice",
    "webside.integrations.captions",
    "webside.integrations.web_push",
    "webside.demo",
]

MIDDLEWARE = [
    "webside.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webside.ui.middleware.ContentSecurityPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "webside.accounts.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "webside.core.middleware.InputMiddleware",  # before whatever reads a form, and outside the frame
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webside.accounts.middleware.FrameMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.asgi.pages"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webside.ui.context_processors.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "webside.ui.templatetags.ui",
            ],
        },
    }
]

if ENV.database_url:
    _urls = {
        "app": ENV.database_url,
        "owner": ENV.database_owner_url or ENV.database_url,
        "sealer": ENV.database_sealer_url or ENV.database_url,
    }
elif NEEDS_DATABASE:
    _urls = postgres.urls(VAR)
else:
    _urls = dict.fromkeys(("app", "owner", "sealer"), "postgresql://nobody@localhost:1/none")


def _database(url: str, *, pool: int = 0) -> dict[str, object]:
    parts = postgres.parse_url(url)
    named = {"dbname", "user", "password", "host", "port"}
    options: dict[str, object] = {"application_name": "webside", **{k: v for k, v in parts.items() if k not in named}}
    if pool:
        # What could not connect for 5 s is given up and asked for anew by who waits; without that the pause between two
        # tries doubles for as long as the database is away, and goes on after it is back.
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10, "reconnect_timeout": 5}
    return {
        "ENGINE": "webside.core.postgresql",
        "NAME": parts["dbname"],
        "USER": parts["user"],
        "PASSWORD": parts["password"],
        "HOST": parts["host"],
        "PORT": parts["port"],
        "OPTIONS": options,
        "TEST": {},
    }


DATABASES = {
    "default": _database(_urls["app"], pool=ENV.database_pool),
    "owner": _database(_urls["owner"]),
    "sealer": _database(_urls["sealer"]),
}
DATABASE_ROUTERS = ["webside.core.routers.OwnerMigrates"]
# What limits tries (allauth's) counts here, in the one process that answers pages. Django keeps 300 entries: as many made-up
# names would push an account's count out. An entry is under a kilobyte, so these are 100 MB at the very most.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("portal:start")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "webside.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"reset_password": "webside.accounts.forms.ResetPasswordForm"}  # noqa: S105, RUF100 - a name
MFA_ADAPTER = "webside.accounts.adapters.MFAAdapter"
ACCOUNT_EMAIL_VERIFICATION = "optional"
# One address a person, changed in one step: the page of several is for software that has several.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
SOCIALACCOUNT_ADAPTER = "webside.accounts.adapters.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Webside"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
SESSION_ENGINE = "webside.accounts.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public.scheme == "https"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "webside_session"
CSRF_COOKIE_NAME = "webside_csrf"
LANGUAGE_COOKIE_NAME = "webside_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "webside.ui.views.errors.csrf_failure"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_SSL_REDIRECT = False  # the reverse proxy in front speaks TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"
_socket = f"{'wss' if _public.scheme == 'https' else 'ws'}://{_public.netloc}"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF, _socket],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": ["self"],
    "microphone": ["self"],
    "geolocation": ["self"],
    "display-capture": ["self"],
    "fullscreen": ["self"],
    "autoplay": ["self"],
    "payment": [],
    "usb": [],
    "publickey-credentials-get": ["self"],
}

LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English"), ("es", "Español")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "webside.core.storage.RefuseStorage"},
    "staticfiles": {"BACKEND": "webside.core.storage.HashedStaticStorage"},
}
WHITENOISE_MAX_AGE = 31536000 if PRODUCTION else 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False  # our own pages alone ask for our files
FILE_UPLOAD_HANDLERS = ["webside.core.bodies.RefuseFiles"]  # no page takes files yet
DATA_UPLOAD_MAX_MEMORY_SIZE = ENV.body_bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

EMAIL_BACKEND = "webside.notifications.backends.RecordedEmailBackend"
DEFAULT_FROM_EMAIL = ENV.email_from

LOGGING_CONFIG = "webside.core.logs.configure"
LOGGING = {"level": ENV.log_level}

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
TEST_RUNNER = "django.test.runner.DiscoverRunner"
SILENCED_SYSTEM_CHECKS: list[str] = []
PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_DATABASE_ALIAS = "default"
FIXTURE_DIRS: list[Path] = []
FORM_RENDERER = "webside.ui.forms.WebsideRenderer"
