"""What an operator may set: what is weak or can't be read is refused, in one line that quotes no secret."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from config.env import ROOT, Env, explain

KEY = base64.b64encode(b"k" * 32).decode()
OLD = base64.b64encode(b"o" * 32).decode()
GOOD = {
    "mode": "production",
    "public_url": "https://clinic.example",
    "secret_key": "s3cret-of-thirty-two-letters-abc",
    "data_keys": f"2026a:{KEY}",
    "email_url": "smtp://mail.example:587",
}


def _env(**changed: Any) -> Env:
    return Env(_env_file=None, **{**GOOD, **changed})


def _refusal(**changed: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        _env(**changed)
    told = explain(caught.value)
    assert "\n" not in told
    for secret in (str(changed.get("secret_key", "")), str(changed.get("data_keys", "")), GOOD["secret_key"], KEY):
        assert len(secret) < 5 or secret not in told + str(caught.value)
    return told


def test_a_good_production_starts() -> None:
    assert _env().production
    assert _env(data_keys=f" 2026b:{KEY}, 2026a:{OLD}").encryption_keys() == {"2026b": b"k" * 32, "2026a": b"o" * 32}
    assert list(_env(data_keys=f"b:{KEY},a:{OLD}").encryption_keys()) == ["b", "a"]


@pytest.mark.parametrize("key", ["x", "short-key-of-a-clinic", "a" * 31])
def test_a_short_secret_key_is_refused(key: str) -> None:
    assert _refusal(secret_key=key).startswith("webside: WEBSIDE_SECRET_KEY is too short: production needs 32")


@pytest.mark.parametrize("mode", ["production", "development"])
@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("a:notbase64", "entry 1: the key is not 32 bytes in base64"),
        (f"a:{KEY[:-8]}", "entry 1: the key is not 32 bytes in base64"),
        (f"a:{KEY},b:*{OLD[1:]}", "entry 2: the key is not 32 bytes in base64"),
        (f"a:{KEY},a:{OLD}", "entry 2: its id stands before another key too"),
        (KEY, "entry 1: write an id"),
        (f":{KEY}", "entry 1: write an id"),
        (f"a:{KEY},", "entry 2: write an id"),
        (f"schlüssel:{KEY}", "entry 1: write an id"),
    ],
)
def test_data_keys_are_read_at_the_start(keys: str, told: str, mode: str) -> None:
    assert f"WEBSIDE_DATA_KEYS, {told}" in _refusal(data_keys=keys, mode=mode)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "clinic.example"])  # noqa: S104 - refused, not bound
def test_production_beyond_loopback_needs_a_word_about_the_proxy(host: str) -> None:
    told = _refusal(host=host)
    assert f"WEBSIDE_HOST is {host}" in told
    assert "WEBSIDE_ONLY_PROXY_CONNECTS=1" in told
    assert _env(host=host, only_proxy_connects=True).host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_production_on_loopback_needs_none(host: str) -> None:
    assert _env(host=host).host == host


def test_development_may_listen_anywhere() -> None:
    assert Env(_env_file=None, host="0.0.0.0").host  # noqa: S104 - not bound


def test_a_refusal_is_one_line_at_the_terminal() -> None:
    environment = {**os.environ, **{f"WEBSIDE_{name}".upper(): value for name, value in GOOD.items()}}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env={**environment, "WEBSIDE_SECRET_KEY": "tooshort"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("webside: WEBSIDE_SECRET_KEY is too short")
    assert done.stderr.count("\n") == 1
    wrong = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env={**environment, "WEBSIDE_PORT": "eighty"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert wrong.stderr.startswith("webside: WEBSIDE_PORT: Input should be a valid integer")


def test_saml_without_its_packages_is_a_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _env().saml
    assert _env(saml=True).saml
    monkeypatch.setattr("config.env.find_spec", lambda name: None if name == "xmlsec" else object())
    assert _refusal(saml=True) == "webside: WEBSIDE_SAML needs packages that are not installed; install them: make saml"
    assert _env().production, "who doesn't want it isn't asked for them"


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("lxml", "xmlsec", "onelogin")))  # as where they are not installed
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.core.checks import run_checks
from django.urls import get_resolver
run_checks()
print(len(get_resolver().url_patterns) > 5)
"""
LOADED = """
import sys, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(sorted({"lxml", "xmlsec", "onelogin"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("code", "said"), [(WITHOUT, "True"), (LOADED, "[]")])
def test_a_clinic_without_saml_needs_and_loads_nothing_of_it(code: str, said: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "WEBSIDE_SAML"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "check"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == (said, 0), done.stderr


MEASURED = {"url": "wss://captions.example:2700", "word_error": 12.5, "measured": "2026-11-20"}
ASTRAY = {
    "no socket": {"url": "https://captions.example"},
    "in clear": {"url": "ws://captions.example:2700"},
    "no host": {"url": "wss://"},
    "no day": {"url": "wss://captions.example", "word_error": 12},
    "no number": {"url": "wss://captions.example", "measured": "2026-11-20"},
    "over a hundred": MEASURED | {"word_error": 120},
    "misspelt": {"url": "wss://captions.example", "word_eror": 12},
}


@pytest.mark.parametrize("given", ASTRAY.values(), ids=ASTRAY.keys())
def test_a_recogniser_by_which_a_voice_would_go_astray_or_half_is_said_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _env(captions={"larkspur": {"en": given}})


def test_a_recogniser_is_read_with_what_the_clinic_measured() -> None:
    read = _env(captions={"larkspur": {"en": MEASURED, "es": {"url": "ws://127.0.0.1:2701"}}}).captions["larkspur"]
    assert (read["en"].word_error, str(read["en"].measured)) == (12.5, "2026-11-20")
    assert (read["es"].word_error, read["es"].measured) == (None, None)
