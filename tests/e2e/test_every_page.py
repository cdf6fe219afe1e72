"""Every page that a person can reach by links, as that person: axe in both themes, both widths, 200 % zoom, pictures.

Pages of one's own account are looked at once for all staff. What a patient must hit with a thumb is 44 pixels high and
wide. A route that nobody looks at fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.e2e.conftest import DESKTOP, Demo, someone, wait_until
from tests.e2e.looks import ZOOMED, examine
from tests.isolation.routes import pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = (
    "Liz Moreno", "Ana Moreno", "Dr. Maya Chen", "Dr. Daniel Whitfield", "Priya Nair", "Grace Lin", "Marcus Hale", "Ingrid Vass",
    "Sol Adeyemi", "Dr. Mallory Reed",
)  # fmt: skip
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map((each) => each.href.split('#')[0])"
#: Files, and what ends the session.
NO_PAGE = re.compile(r"\.(csv|pdf|ics|json)$|/logout/|/patterns/")
#: What a link may be answered besides 200: the mailbox holds letters of others, whose links say who is signed in.
REFUSED = {"scheduling:link-open": 403}
# A link within a sentence may be as small as its words (WCAG 2.5.8); one whose ::after covers its row is as big as the row.
SMALL = """() => {
  const covers = (e) => getComputedStyle(e, '::after').position === 'absolute';
  const inSentence = (e) => e.tagName === 'A' && !e.matches('.ws-btn')
    && e.closest('p, dd')?.textContent.trim().length > e.textContent.trim().length;
  return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, textarea')]
    .filter((e) => e.checkVisibility() && !e.closest('.ws-vh, .ws-skip') && !inSentence(e) && !covers(e))
    .map((e) => [e, (e.closest('label.ws-choice, label.ws-slot') ?? e).getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 43.5 || box.height < 43.5))
    .map(([e, box]) => `${e.textContent.trim().slice(0, 30) || e.name} ${Math.round(box.width)}x${Math.round(box.height)}`);
}"""


def route_of(address: str) -> str | None:
    """Return the name of the route that an address leads to, None for what is no page of ours."""
    path = urlsplit(address).path
    if NO_PAGE.search(path):
        return None
    try:
        return resolve(path).view_name
    except Resolver404:
        return None


def pages_from(page: Any, home: str, but: set[str]) -> Iterator[str]:
    """Open each route once, by the first link that leads to it, ``but`` some; yield its name while it is open."""
    seen = set(but)
    ahead = [page.url]
    while ahead:
        address = ahead.pop(0)
        route = route_of(address)
        if route is None or route in seen or not address.startswith(home):
            continue
        seen.add(route)
        answer = page.goto(address)
        assert answer.status in {200, REFUSED.get(route)}, f"{route}: a link leads to {answer.status}"
        yield route
        ahead += page.evaluate(LINKS)


looked: set[str] = set()
"""The routes whose pages this file has looked at."""
walked: set[str] = set()
"""Whose links it has followed to their end."""
of_all_staff: set[str] = set()
"""Routes of one's own account, looked at as one who works in a clinic: they are the same for the next one."""


@pytest.mark.parametrize("name", PEOPLE)
def test_every_page_that_somebody_reaches_is_open_to_all(name: str, demo: Demo, chromium: Any) -> None:
    found = []
    patient = name == "Liz Moreno"
    with someone(chromium, demo, name) as page:
        page.watch.expect("status of 403")  # a letter of somebody else
        for route in pages_from(page, demo.address, set() if patient else set(of_all_staff)):
            who = name.split()[-1].lower()
            examine(page, f"{who}-{route.replace(':', '-')}", again=route in looked)
            found.append(route)
            if patient:
                page.set_viewport_size(ZOOMED)
                assert page.evaluate(SMALL) == [], f"{route}: too small for a thumb"
                page.set_viewport_size(DESKTOP)
    assert len(found) >= 2, f"the links of {name} lead nowhere: {found}"
    looked.update(found)
    if not patient:
        of_all_staff.update(each.name for each in pages() if not each.of_tenant and each.name in found)
    walked.add(name)


#: What no link leads to: a letter does, or a mistake, or a form. Who opens it; ``{…}`` is filled in by the test.
UNLINKED = {
    None: (
        "/o/larkspur/", "{service}", "/accounts/signup/", "/accounts/inactive/", "/accounts/password/reset/done/",
        "/accounts/password/reset/key/x-y/", "/accounts/password/reset/key/done/", "/accounts/confirm-email/",
        "/accounts/confirm-email/unknown/", "/invitation/unknown/", "/o/larkspur/go/unknown/", "{invitation}",
        "/o/larkspur/offline/", "/o/larkspur/need/", "/sso/",
        "/o/larkspur/answer/unknown/", "/o/larkspur/waits/unknown/",
        "/o/larkspur/invited/unknown/",
    ),
    "Sol Adeyemi": ("/accounts/logout/", "/accounts/2fa/webauthn/", "/second-factor/", "/devices/", "/session/back/"),
    "Ingrid Vass": ("/o/larkspur/compliance/disclosures/{patient}/",),
    "Grace Lin": (
        "/o/larkspur/home/book/{patient}/{service_id}/", "/o/larkspur/people/{patient}/guardians/",
        "/o/larkspur/how-we-reach-you/{patient}/", "/o/larkspur/texts/",
    ),
    "Ana Moreno": ("/o/larkspur/acting/invitation/unknown/",),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(demo: Demo, chromium: Any) -> dict[str, str]:
    """Give what stands in the addresses of ``UNLINKED``: a patient, a service, a new invitation."""
    with someone(chromium, demo, "Dr. Maya Chen") as page:
        page.goto("/o/larkspur/patients/")
        patient = re.search(r"/patients/([0-9a-f-]{36})/", page.content())
        page.goto("/o/larkspur/")
        service = re.search(r"/o/larkspur/services/([0-9a-f-]{36})/", page.content())
    with someone(chromium, demo, "Sol Adeyemi") as page:
        page.goto("/o/larkspur/staff/invite/")
        page.get_by_label("Name").fill("Nora Quinn")
        page.get_by_label("E-mail").fill("nora.quinn@larkspur.example")
        page.get_by_label("Front desk").check()
        page.get_by_role("button", name="Send the invitation").click()

        def invitation() -> str | None:
            page.goto("/demo/mailbox/")
            letter = page.get_by_role("link", name=re.compile("^Join Larkspur")).first
            if not letter.count():
                return None
            letter.click()
            found = re.search(r"/invitation/[^/\"]+/", page.content())
            return found.group(0) if found else None

        letter = wait_until("the invitation's letter", invitation)
    assert patient and service
    return {"patient": patient[1], "service": service[0], "service_id": service[1], "invitation": letter}


@pytest.mark.parametrize("name", UNLINKED, ids=lambda name: name or "visitor")
def test_a_page_that_no_link_leads_to_is_open_to_all(
    name: str | None, filled: dict[str, str], demo: Demo, chromium: Any
) -> None:
    with someone(chromium, demo, name) as page:
        page.watch.expect("status of 404", "status of 410")
        for place in UNLINKED[name]:
            address = place.format(**filled)
            page.goto(address)
            route = resolve(urlsplit(page.url).path).view_name
            assert urlsplit(page.url).path == address, f"{address} leads on to {route}"
            examine(page, f"{(name or 'visitor').split()[-1].lower()}-{route.replace(':', '-')}-unlinked")
            looked.add(route)


#: Pages that a test looks at where they come about, since they need a visit, a code or a key.
ELSEWHERE = {
    "tests/e2e/test_walk.py": {
        "chart:summary-who", "scheduling:appointment-book", "visits:visit-waiting", "visits:visit-ended",
        "visits:visit-stopped",
    },
    "tests/e2e/test_group_visit.py": {"visits:seat", "visits:seat-join", "visits:visit-ask"},
    "tests/e2e/test_hand_over.py": {"visits:visit-colleagues", "visits:hand-over"},
    "tests/e2e/test_turned.py": {"chart:transfer-sheet", "chart:sent-ahead"},
    "tests/e2e/test_sign_in.py": {
        "mfa_authenticate", "mfa_generate_recovery_codes", "mfa_view_recovery_codes", "mfa_deactivate_totp",
        "mfa_edit_webauthn", "mfa_remove_webauthn",
    },
    "tests/e2e/test_afterwards.py": {"visits:visit-help", "visits:visit-report", "visits:visit-survey"},
    "tests/e2e/test_line.py": {"scheduling:queue-entry", "scheduling:queue-join"},
    "tests/e2e/test_single_sign_on.py": {"accounts:sso-provider", "accounts:sso-detail"},
    "tests/e2e/test_series.py": {"scheduling:series-book"},
    "tests/e2e/test_more_than_two.py": {"scheduling:appointment-people", "scheduling:person-link"},
    "webside/ui/tests/test_access.py": {"ui:pattern-list", "ui:pattern-detail"},
}  # fmt: skip
#: Routes that are no pages: what they give instead.
NO_PAGES = {
    "a file": {
        "billing:claim-csv", "chart:encounter-summary-pdf", "chart:transfer-sheet-pdf", "chart:sent-ahead-pdf",
        "compliance:trail-csv",
        "mfa_download_recovery_codes", "portal:figures-csv", "scheduling:appointment-calendar", "scheduling:feed",
        "ui:manifest", "ui:worker", "portal:embed-script",
        "visits:visit-file", "visits:seat-file", "chart:document-content", "accounts:sso-metadata",
    },
    "facts for programs": {
        "accounts:session", "accounts:session-end", "core:health-json", "core:health-live", "realtime:ticket-mint",
        "mfa_login_webauthn", "scheduling:queue-beat", "visits:seat-ticket",
        "visits:visit-sending", "visits:visit-sending-part", "visits:seat-sending", "visits:seat-sending-part",
    },
    "a part of a page": {
        "chart:diagnosis-search", "compliance:trail-state", "visits:visit-card", "visits:visit-chat", "visits:visit-door",
        "visits:visit-emergency-card", "visits:visit-gates", "visits:visit-line", "visits:visit-place",
        "visits:visit-where", "visits:visit-people", "visits:visit-phone", "visits:visit-picture", "visits:seat-picture",
        "visits:visit-who", "visits:visit-team", "visits:visit-apart",
        "visits:visit-captions", "visits:seat-captions",
        "visits:visit-keeping", "visits:seat-where", "visits:seat-people", "visits:seat-chat",
    },
    "a way on to a page": {
        "portal:start", "account_set_password", "account_confirm_login_code", "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn", "accounts:sso-begin", "openid_connect_callback",
        "accounts:sso-finish", "notifications:push-open",
    },
    "an answer to a form, which leads on to a page": {
        "chart:emergency-end", "chart:emergency-review", "people:acting-begin", "people:acting-stop",
        "people:covering-end", "people:delegation-end",
        "set_language", "accounts:device-end", "accounts:device-end-others", "accounts:invitation-revoke", "accounts:sso-end",
        "billing:claim-review",
        "chart:addendum-add", "chart:diagnosis-change",
        "chart:encounter-finish", "chart:encounter-override", "chart:list-add", "chart:list-confirm", "chart:list-end",
        "chart:list-restore", "chart:note-save", "chart:vitals-add", "chart:plan-change", "chart:plan-step-add",
        "chart:plan-step-change", "chart:plan-step-mark", "chart:to-do-mark", "compliance:override-review",
        "compliance:trail-find", "compliance:trail-verify", "notifications:event-retry",
        "notifications:job-retry", "notifications:message-retry", "notifications:text-done",
        "notifications:device-off", "notifications:device-on", "notifications:device-try",
        "notifications:timer-retry",
        "scheduling:appointment-cancel", "scheduling:appointment-close", "scheduling:appointment-confirm",
        "scheduling:appointment-noshow", "scheduling:link-send", "scheduling:person-remove",
        "scheduling:appointment-restore", "scheduling:appointment-undo-move", "scheduling:hours-add",
        "scheduling:queue-answer", "scheduling:queue-call-back", "scheduling:queue-duty", "scheduling:queue-hand-over",
        "scheduling:queue-leave", "scheduling:queue-let-go", "scheduling:queue-next", "scheduling:queue-note-call",
        "scheduling:queue-notify", "scheduling:queue-order", "scheduling:queue-return", "scheduling:queue-take",
        "scheduling:on-call-change", "scheduling:on-call-hours", "scheduling:on-call-hours-remove", "scheduling:on-call-plan",
        "scheduling:hours-end", "scheduling:hours-undo", "scheduling:time-off-add", "scheduling:time-off-remove",
        "scheduling:waitlist-answer", "scheduling:waitlist-remove", "scheduling:feed-end", "scheduling:feed-renew",
        "scheduling:series-cancel", "portal:embed-site-add", "portal:embed-site-remove",
        "scheduling:calendar-add", "scheduling:calendar-read", "scheduling:calendar-remove",
        "visits:visit-admit", "visits:visit-answer", "visits:visit-end", "visits:visit-fail", "visits:visit-hand-over",
        "visits:visit-hold", "visits:visit-identity", "visits:visit-noshow", "visits:visit-alone", "visits:visit-seat",
        "visits:site-close", "visits:site-reopen",
        "visits:help-take", "visits:help-answer", "visits:visit-propose", "visits:visit-book-again",
        "visits:visit-file-remove", "visits:seat-file-remove",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "route"), [(file, route) for file, found in ELSEWHERE.items() for route in sorted(found)]
)
def test_a_page_that_is_looked_at_elsewhere_is(file: str, route: str) -> None:
    """It hands the route to ``examine``, which makes sure that it is this page; the gallery's test draws its own."""
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f'"{route}"' in text or ("ui:pattern" in route and "findings(page) == []" in text)


def test_no_page_is_left_out() -> None:
    """Whoever adds a route says what it is, or it is looked at. Runs after the tests above it."""
    if not walked.issuperset(PEOPLE):
        pytest.skip("not everybody's pages were looked at in this run")
    named = [routes for group in (ELSEWHERE, NO_PAGES) for routes in group.values()]
    known = looked.union(*named)
    routes = {each.name for each in pages()}
    assert routes - known == set(), "nobody looks at these"
    assert {route for group in named for route in group} - routes == set(), "these are gone"
