"""Staff signed in by their clinic's own service, in a real browser: an administrator adds it, a colleague comes in by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import PHONE, Demo, someone
from tests.e2e.looks import examine
from tests.single_sign_on.provider import CLIENT_ID, PASSWORD, SECRET
from tests.single_sign_on.running import running_saml_service, running_service
from tests.single_sign_on.saml_provider import PASSWORD as SAML_PASSWORD

pytestmark = pytest.mark.browser

ROUTES = {"sso-detail": "accounts:sso-detail", "sso-provider": "accounts:sso-provider"}


def test_a_colleague_is_invited_and_comes_in_by_the_clinics_own_service(
    demo: Demo, chromium: Any, tmp_path: Path
) -> None:
    with running_service(tmp_path) as service:
        service.says(email="nina.osei@larkspur.example")
        with someone(chromium, demo, "Sol Adeyemi") as sol:
            sol.goto("/o/larkspur/staff/")
            sol.get_by_role("link", name="Services that sign staff in").click()
            sol.get_by_role("link", name="Add a service").click()
            sol.get_by_label("Name").fill("Larkspur sign-in")
            sol.get_by_label("Address of the service").fill("http://localhost:9")
            sol.get_by_label("Client ID").fill(CLIENT_ID)
            sol.get_by_label("Client secret").fill(SECRET)
            sol.get_by_label("E-mail addresses end with").fill("larkspur.example")
            sol.get_by_label("always asks for a second factor").check()
            sol.watch.expect("422")
            sol.get_by_role("button", name="Save").click()
            sol.get_by_text("Nothing answers at this address").first.wait_for()
            sol.get_by_label("Address of the service").fill(service.address)
            sol.get_by_label("Client secret").fill(SECRET)
            sol.get_by_role("button", name="Save").click()
            sol.get_by_text("Your colleagues can sign in by Larkspur sign-in now.").wait_for()
            examine(sol, "sso-detail", route=ROUTES["sso-detail"])
            service.says(leads_back=sol.locator("code").inner_text())
            sol.goto("/o/larkspur/staff/invite/")
            sol.get_by_label("Name").fill("Nina Osei")
            sol.get_by_label("E-mail").fill("nina.osei@larkspur.example")
            sol.get_by_label("Front desk").check()
            sol.get_by_role("button", name="Send the invitation").click()
            sol.get_by_text("The invitation is on its way").wait_for()
        with someone(chromium, demo, None, size=PHONE) as nina:
            nina.goto("/accounts/login/")
            nina.get_by_role("link", name="Sign in with your clinic’s own service").click()
            nina.get_by_label("Your work e-mail").fill("nina.osei@larkspur.example")
            nina.get_by_role("button", name="Go on").click()
            nina.get_by_role("heading", name="Sign in by Larkspur sign-in").wait_for()
            examine(nina, "sso-provider", route=ROUTES["sso-provider"])
            nina.watch.expect(f"asked a stranger: {service.address}", "favicon", "404")
            nina.get_by_role("link", name="Go there").click()
            nina.wait_for_url(f"{service.address}/accounts/login/**")
            nina.locator("input[name=login]").fill("nina.osei@larkspur.example")
            nina.locator("input[name=password]").fill(PASSWORD)
            nina.locator("button[type=submit]").first.click()
            nina.wait_for_url("**/o/larkspur/home/**")
            nina.goto("/o/larkspur/staff/")
            assert nina.get_by_role("heading", name="Staff").count() == 0, "she works at the front desk"


def test_a_colleague_comes_in_by_a_service_that_speaks_saml(demo: Demo, chromium: Any) -> None:
    """Her browser carries what is said: there by an address, back by a form of the service's page, without our cookies."""
    with running_saml_service() as service:
        service.says(email="noor.haddad@saml.example")
        with someone(chromium, demo, "Sol Adeyemi") as sol:
            sol.goto("/o/larkspur/staff/services/")
            sol.get_by_role("link", name="Add one that speaks SAML").click()
            sol.get_by_label("Name", exact=True).fill("Larkspur directory")
            sol.get_by_label("Description of the service").fill("nothing of the kind")
            sol.get_by_label("E-mail addresses end with").fill("saml.example")
            sol.watch.expect("422")
            sol.get_by_role("button", name="Save").click()
            sol.get_by_text("This describes no service that signs people in").first.wait_for()
            assert sol.get_by_label("E-mail addresses end with").input_value() == "saml.example"
            sol.get_by_label("Description of the service").fill(httpx.get(f"{service.address}/metadata").text)
            sol.get_by_role("button", name="Save").click()
            sol.get_by_text("Tell the service now what stands here.").wait_for()
            examine(sol, "sso-detail-saml", route=ROUTES["sso-detail"])
            named = sol.locator("a", has_text="/metadata/").inner_text()
            service.says(knows=named, answers_to=sol.locator("code").inner_text())
            entrance = sol.locator("a", has_text="/sso/").last.get_attribute("href")
            sol.goto("/o/larkspur/staff/invite/")
            sol.get_by_label("Name").fill("Noor Haddad")
            sol.get_by_label("E-mail").fill("noor.haddad@saml.example")
            sol.get_by_label("Front desk").check()
            sol.get_by_role("button", name="Send the invitation").click()
            sol.get_by_text("The invitation is on its way").wait_for()
        with someone(chromium, demo, None, size=PHONE) as noor:
            noor.watch.expect(f"asked a stranger: {service.address}", "favicon", "404")
            noor.goto(entrance)
            noor.get_by_role("link", name="Go there").click()
            noor.wait_for_url(f"{service.address}/sign-in**")
            noor.locator("input[name=login]").fill("noor.haddad@saml.example")
            noor.locator("input[name=password]").fill(SAML_PASSWORD)
            noor.locator("button[type=submit]").click()
            noor.wait_for_url("**/o/larkspur/home/**")
            noor.goto("/o/larkspur/staff/")
            assert noor.get_by_role("heading", name="Staff").count() == 0, "she works at the front desk"
            noor.goto("/accounts/email/")
            noor.get_by_text("Your clinic’s own service signs you in").first.wait_for()
