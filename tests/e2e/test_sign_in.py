"""The real sign-in beside the demo's door: password, passkey, and the second factor that staff need."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

import pytest
from django.urls import reverse

from tests.e2e.conftest import DESKTOP, Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = pytest.mark.browser

PASSWORD = "webside-demo-1"  # nosec B105 - the demo shows it on its first page


def code_now(key: str) -> str:
    """Return the six digits that an authenticator app shows for a key (RFC 6238)."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    digest = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def sign_in(page: Any, email: str, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    page.goto("/accounts/login/")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def authenticator(page: Any, *, touched: bool = True) -> None:
    """Give the browser a fingerprint reader that always says yes, or one that nobody touches."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": touched,
            }
        },
    )  # fmt: skip


CUT_OFF = """() => [...document.querySelectorAll(".ws-secret, .ws-secret *, .ws-qr, input")].filter((part) =>
  part.getClientRects().length && (part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== "inline"
    || part.getBoundingClientRect().right > innerWidth)).map((part) => part.outerHTML)"""


def test_a_patient_signs_in_by_password_and_a_wrong_one_tells_nothing(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, None) as page:
        sign_in(page, "liz@moreno.example", "not the right one")
        wrong = page.get_by_role("alert").first.inner_text()
        examine(page, "sign-in-refused")
        sign_in(page, "nobody@nowhere.example", "not the right one")
        assert page.get_by_role("alert").first.inner_text() == wrong
        sign_in(page, "liz@moreno.example")
        page.get_by_role("heading", name=re.compile("Liz")).first.wait_for()


ENDS_OF_REQUESTS = """
const ask = CredentialsContainer.prototype.get;
CredentialsContainer.prototype.get = function (options) {
  sessionStorage.asked = "yes";
  const answer = ask.call(this, options);
  answer.catch((error) => { sessionStorage.ended = error.name });
  return answer;
};
"""


def test_the_password_is_sent_while_a_passkey_is_waited_for(demo: Demo, chromium: Any) -> None:
    """The request for the key is taken back, without a word of an error, and another one can be made."""
    with someone(chromium, demo, None) as page:
        page.add_init_script(ENDS_OF_REQUESTS)
        authenticator(page, touched=False)
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        wait_until("the request", lambda: page.evaluate("sessionStorage.asked"))
        page.get_by_label("Email address").fill("liz@moreno.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.evaluate("addEventListener('submit', (event) => event.preventDefault(), { once: true })")
        page.get_by_role("button", name="Sign in", exact=True).click()
        wait_until("its end", lambda: page.evaluate("sessionStorage.ended") == "AbortError")
        assert page.locator(".ws-notice").count() == 0
        page.evaluate("delete sessionStorage.asked, delete sessionStorage.ended")
        page.get_by_role("button", name="Sign in with a passkey").click()
        wait_until("the request", lambda: page.evaluate("sessionStorage.asked"))
        assert page.evaluate("sessionStorage.ended") is None
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name=re.compile("Liz")).first.wait_for()
        assert page.evaluate("sessionStorage.ended") == "AbortError"


def test_staff_set_up_a_code_app_and_are_asked_for_it(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, None) as page:
        sign_in(page, "grace.lin@larkspur.example")
        page.get_by_role("heading", name="One more step before you go in").wait_for()
        examine(page, "second-factor")
        page.get_by_role("link", name="Use a code app").click()
        key = page.get_by_label("Key").inner_text().replace(" ", "")
        for width in (1280, 390, 320, 195):  # the last is a phone's at 200 %
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(CUT_OFF) == [], width
        page.set_viewport_size(DESKTOP)
        examine(page, "second-factor-app")
        page.get_by_label("Code").fill(code_now(key))
        page.get_by_role("button", name="Switch it on").click()
        page.wait_for_load_state()
        assert page.get_by_role("heading", name="Show that it is you").count() == 0
        examine(page, "second-factor-done", route="mfa_view_recovery_codes")
        for name, route in (("renew", "mfa_generate_recovery_codes"), ("off", "mfa_deactivate_totp")):
            page.goto(reverse(route))
            examine(page, f"second-factor-{name}", route=route)
    with someone(chromium, demo, None) as page:
        sign_in(page, "grace.lin@larkspur.example")
        page.get_by_label("Code").wait_for()
        examine(page, "second-factor-asked", route="mfa_authenticate")
        page.get_by_label("Code").fill(code_now(key))
        page.get_by_role("button", name=re.compile("Sign in|Go on")).first.click()
        page.wait_for_url("**/home/**")


def test_staff_set_up_a_passkey_and_sign_in_with_it(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, None) as page:
        authenticator(page)
        sign_in(page, "marcus.hale@larkspur.example")
        page.get_by_role("link", name="Set up a passkey").click()
        page.get_by_label("What do you call it?").fill("This computer")
        page.get_by_label("Sign in with it alone, without a password").check()
        examine(page, "passkey-add")
        page.get_by_role("button", name="Make the key").click()
        page.wait_for_url(re.compile("/accounts/2fa/(?!webauthn/add)"))
        examine(page, "passkey-added")
        page.goto(reverse("mfa_list_webauthn"))
        for name, route in (("rename", "mfa_edit_webauthn"), ("remove", "mfa_remove_webauthn")):
            there = re.search(reverse(route, args=[0]).replace("/0/", r"/\d+/"), page.content())
            assert there, f"no link leads to {route}"
            page.goto(there[0])
            examine(page, f"passkey-{name}", route=route)
            page.goto(reverse("mfa_list_webauthn"))
        page.goto("/accounts/logout/")
        page.get_by_role("button", name=re.compile("Sign out")).last.click()
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/o/larkspur/claims/")
        assert "Marcus Hale" in page.inner_text("body")
