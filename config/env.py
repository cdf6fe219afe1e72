"""Every setting that an operator may turn, typed and checked before anything starts."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.postgres import default_var

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECRET_KEY_LETTERS = 32
DATA_KEY_BYTES = 32
LONGEST_KEY_ID = 40
P256_BYTES = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2
SAML_PACKAGES = ("lxml", "xmlsec", "onelogin")
E164 = re.compile(r"\+[1-9]\d{6,14}")


class CaptionsServer(BaseModel):
    """Where a clinic's recogniser of one language is, and how often it was wrong when the clinic measured it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: str
    word_error: float | None = Field(None, ge=0, le=100)
    measured: date | None = None

    @model_validator(mode="after")
    def _refuse_wrong(self) -> CaptionsServer:
        parts = urlsplit(self.url)
        if parts.scheme not in ("wss", "ws") or not parts.hostname:
            raise ValueError("url must look like wss://host:2700")
        if parts.scheme == "ws" and parts.hostname not in LOOPBACK:
            raise ValueError("url must be a wss address unless it is on this machine: people's voices go there")
        if (self.word_error is None) != (self.measured is None):
            raise ValueError(
                "word_error and measured belong together: how many words of 100 were wrong, and on which day"
            )
        return self


class Env(BaseSettings):
    """The environment of one installation. Unknown values of ``WEBSIDE_*`` are left alone.

    Raises a validation error that names the variable when a value is unusable or when a
    combination would be unsafe in production.
    """

    # A refusal is printed and logged: it must not quote what was set, secrets stand there.
    model_config = SettingsConfigDict(
        env_prefix="WEBSIDE_", env_file=ROOT / ".env", extra="ignore", hide_input_in_errors=True
    )

    var: Path = Field(default_factory=default_var, description="Folder for data, files, logs and keys.")
    mode: Literal["development", "production"] = Field("development", description="How strict the checks are.")
    demo: bool = Field(False, description="The demo clinic: one-click sign-in, mailbox page. Loopback only.")
    host: str = Field("127.0.0.1", description="Address that the web process binds.")
    port: int = Field(8000, description="Port that the web process binds.")
    only_proxy_connects: bool = Field(
        False,
        description="The operator states that nothing but their own proxy can reach WEBSIDE_HOST (by a firewall or a "
        "private network). Production on an address other than loopback needs it.",
    )
    public_url: str = Field("", description="Address that people type; default http://localhost:<port>.")
    inside_hosts: list[str] = Field(
        default_factory=list,
        description="Hosts of your own network that this server may ask where an administrator enters an address, "
        "also without https.",
    )
    allowed_hosts: list[str] = Field(default_factory=list, description="Host names served beside the public one.")
    secret_key: SecretStr | None = Field(
        None, description="Signs sessions and links; 32 letters or more. Made at first start if absent."
    )
    data_keys: SecretStr | None = Field(
        None, description="Field and file encryption keys, 'id:base64' separated by commas, newest first."
    )
    database_url: str = Field("", validation_alias="DATABASE_URL", description="PostgreSQL, as webside_app.")
    database_owner_url: str = Field("", validation_alias="DATABASE_OWNER_URL", description="As webside_owner.")
    database_sealer_url: str = Field("", validation_alias="DATABASE_SEALER_URL", description="As webside_sealer.")
    database_pool: int = Field(12, description="Most connections of one process to PostgreSQL.")
    web_threads: int = Field(16, description="Threads that serve pages in one process.")
    body_bytes: int = Field(
        2_621_440, gt=0, description="Most bytes of one request to a page; more is answered 413. Pages take no files."
    )
    body_seconds: float = Field(
        10, gt=0, description="Seconds within which a request to a page must be here whole; slower is answered 408."
    )
    email_url: str = Field("", description="smtp://user:password@host:port?tls=1; empty: the local stand-in.")
    email_from: str = Field("Webside <no-reply@localhost>", description="Sender of e-mails.")
    sms_url: SecretStr | None = Field(
        None,
        description="https://account:token@host of a text-message service with Twilio's interface; empty: no texts leave "
        "(in the demo: the local stand-in).",
    )
    sms_numbers: dict[str, str] = Field(
        default_factory=dict,
        description='Each clinic\'s sending number by its slug, as JSON: {"larkspur": "+15185550100"}. A clinic without one '
        "sends no texts.",
    )
    voice_url: SecretStr | None = Field(
        None,
        description="https://account:token@host of a telephone service with Twilio's interface, by which people come into "
        "visits by phone; empty: no number is shown (in the demo: the local stand-in).",
    )
    voice_numbers: dict[str, str] = Field(
        default_factory=dict,
        description='Each clinic\'s number for visits by phone by its slug, as JSON: {"larkspur": "+15185550190"}, each '
        "number once. A clinic without one shows none.",
    )
    captions: dict[str, dict[str, CaptionsServer]] = Field(
        default_factory=dict,
        description="Each clinic's own recognisers (vosk-server's WebSocket) by its slug and the language they write, as JSON: "
        '{"larkspur": {"en": {"url": "wss://captions.larkspur.example:2700", "word_error": 12.5, "measured": '
        '"2026-11-20"}}}. ``word_error``: words of 100 that were wrong when you measured it; people are told. A clinic without '
        "one has no captions.",
    )
    phone_regions: list[str] = Field(
        default=["US", "PR", "VI", "GU", "AS", "MP"],
        description="Countries, by their two letters (ISO 3166), whose numbers are called and texted. Numbers at which "
        "somebody earns by being called never are.",
    )
    push_key: SecretStr | None = Field(
        None,
        description="The private key by which push services know this installation: 32 bytes in base64url. Made at first "
        "start if absent; in production nothing is pushed without one.",
    )
    push_hosts: list[str] = Field(
        default=[
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "*.push.apple.com",
            "*.notify.windows.com",
        ],
        description="Hosts of the push services to which notifications may be sent: those of Chrome, Firefox, Safari and "
        "Edge. A browser that names another one is refused.",
    )
    sign_in_domains: dict[str, list[str]] = Field(
        default_factory=dict,
        description='With what the e-mail addresses of each clinic\'s staff end, by its slug: {"larkspur": '
        '["larkspur.example"]}. Who types such an address to sign in is led to that clinic\'s own service, if it has one. '
        "Where only one clinic is on this installation, all are its own.",
    )
    saml: bool = Field(
        False,
        description="Staff may also be signed in by services that speak SAML 2.0; administrators add them as those that speak "
        "OpenID Connect. Needs the packages that `make saml` installs.",
    )
    turn_urls: list[str] = Field(default_factory=list, description="turn:host:port?transport=udp, …")
    turn_secret: SecretStr | None = Field(None, description="coturn's static-auth-secret.")
    turn_ttl: int = Field(3600, le=3600, description="Seconds that a relay credential lives; an hour at most.")
    idle_minutes: int = Field(30, gt=2, description="Minutes without use after which a patient is signed out.")
    idle_minutes_staff: int = Field(15, gt=2, description="The same for everybody who works for a clinic.")
    force_relay: bool = Field(False, description="Calls go through TURN only (hides addresses, tests).")
    cpt_licence: bool = Field(False, description="The operator states that they hold an AMA licence for CPT.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")

    @property
    def address(self) -> str:
        """The address people type, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def production(self) -> bool:
        """Whether this is a real clinic with real people."""
        return self.mode == "production"

    @property
    def loads_cpt(self) -> bool:
        """CPT rows load in demo and development with their notice, in production with a licence."""
        return self.cpt_licence or not self.production

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Env:
        if self.demo and self.host not in LOOPBACK:
            raise ValueError("WEBSIDE_DEMO signs anyone in: it runs on a loopback address only (WEBSIDE_HOST)")
        if self.demo and self.production:
            raise ValueError("WEBSIDE_DEMO and WEBSIDE_MODE=production exclude each other")
        if self.production:
            missing = [
                name
                for name, value in {
                    "WEBSIDE_SECRET_KEY": self.secret_key,
                    "WEBSIDE_DATA_KEYS": self.data_keys,
                    "WEBSIDE_PUBLIC_URL": self.public_url,
                    "WEBSIDE_EMAIL_URL": self.email_url,
                }.items()
                if not value
            ]
            if missing:
                raise ValueError(f"production needs {', '.join(missing)}")
            if not self.public_url.startswith("https://"):
                raise ValueError("production is served over https only (WEBSIDE_PUBLIC_URL)")
            if self.secret_key and len(self.secret_key.get_secret_value()) < SECRET_KEY_LETTERS:
                raise ValueError(
                    f"WEBSIDE_SECRET_KEY is too short: production needs {SECRET_KEY_LETTERS} random letters or more;"
                    ' make some: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
                )
            if self.host not in LOOPBACK and not self.only_proxy_connects:
                raise ValueError(
                    f"WEBSIDE_HOST is {self.host}, and whoever reaches it past the proxy is believed to come by https;"
                    " set it to 127.0.0.1, or, if a firewall lets your proxy alone through, set"
                    " WEBSIDE_ONLY_PROXY_CONNECTS=1"
                )
        self._refuse_wrong_carriers()
        if self.saml and not all(map(find_spec, SAML_PACKAGES)):
            raise ValueError("WEBSIDE_SAML needs packages that are not installed; install them: make saml")
        self.encryption_keys()
        if self.push_key:
            self.push_signing_key()
        return self

    def _refuse_wrong_carriers(self) -> None:
        if self.sms_url:
            _refuse_wrong_carrier("SMS", self.sms_url, self.sms_numbers, "sending number", "texts name people's clinic")
        if self.voice_url:
            numbers = self.voice_numbers
            _refuse_wrong_carrier("VOICE", self.voice_url, numbers, "number", "it says who calls whom")
            if len(set(numbers.values())) < len(numbers):
                raise ValueError("WEBSIDE_VOICE_NUMBERS names a number twice: a code is looked for in one clinic")

    def encryption_keys(self) -> dict[str, bytes]:
        """Return the data keys by their ids, newest first; none when none are set.

        Raises ``ValueError`` that says which entry is wrong and what to do, without the entry's text.
        """
        keys: dict[str, bytes] = {}
        entries = self.data_keys.get_secret_value().split(",") if self.data_keys else []
        for number, entry in enumerate(entries, 1):
            name, _, encoded = entry.strip().partition(":")
            where = f"WEBSIDE_DATA_KEYS, entry {number}:"
            if not name or not encoded or not name.isascii() or len(name) > LONGEST_KEY_ID:
                raise ValueError(f"{where} write an id of up to {LONGEST_KEY_ID} plain letters, a colon, and the key")
            if name in keys:
                raise ValueError(f"{where} its id stands before another key too; give each key an id of its own")
            try:
                keys[name] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                keys[name] = b""
            if len(keys[name]) != DATA_KEY_BYTES:
                raise ValueError(
                    f"{where} the key is not {DATA_KEY_BYTES} bytes in base64; make one: python3 -c"
                    ' "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
                )
        return keys

    def push_signing_key(self) -> bytes:
        """Return the private key for pushes, a number of the curve P-256; nothing in production while none is set.

        Raises ``ValueError`` that says what to do, without the key's text.
        """
        if self.push_key is None:
            return b"" if self.production else self.secret("push-key", P256_BYTES - 1)
        text = self.push_key.get_secret_value().strip()
        try:
            key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != P256_BYTES or not 0 < int.from_bytes(key) < P256_ORDER:
            raise ValueError(
                "WEBSIDE_PUSH_KEY is no key: make one: python3 -c"
                " \"import base64, os; print(base64.urlsafe_b64encode(b'\\0' + os.urandom(31)).decode())\""
            )
        return key

    def secret(self, name: str, size: int = 32) -> bytes:
        """Return a secret of this installation, made once and kept readable for its owner alone."""
        path = self.var / "keys" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(size))
            try:
                os.link(draft, path)  # the first of two processes wins, the other reads its key
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return bytes.fromhex(path.read_text().strip())


def _refuse_wrong_carrier(kind: str, url: SecretStr, numbers: dict[str, str], what: str, why: str) -> None:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("https", "http") or not (parts.hostname and parts.username and parts.password):
        raise ValueError(f"WEBSIDE_{kind}_URL must look like https://account:token@host")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"WEBSIDE_{kind}_URL must be an https address: {why}")
    if not numbers or not all(E164.fullmatch(number) for number in numbers.values()):
        raise ValueError(
            f'WEBSIDE_{kind}_NUMBERS must name each clinic\'s {what}, such as {{"larkspur": "+15185550100"}}'
        )


def explain(refusal: ValidationError) -> str:
    """Return what is wrong with the settings, a line for each: the variable, and what it should be."""
    lines = []
    for error in refusal.errors(include_url=False, include_input=False, include_context=False):
        name = str(error["loc"][0]) if error["loc"] else ""
        variable = name.upper() if name.startswith("DATABASE_") else f"WEBSIDE_{name}".upper()
        text = error["msg"].removeprefix("Value error, ")
        lines.append(f"webside: {variable}: {text}" if name else f"webside: {text}")
    return "\n".join(lines)
