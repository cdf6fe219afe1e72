"""F8: what lives for a while only, made and used by a server whose clock is wrong: it holds as long as is said, no longer.

And devices whose clock is years off. No page sends a time: what a device measured comes as seconds (how many, how long
ago), what it did has the moment at which the server took it. So there is no time of a device to keep beside.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone
from tests.faults.conftest import row
from tests.faults.test_clocks import NAMES, WRONG, real
from webside.accounts import services as accounts
from webside.accounts.models import ApiKey
from webside.accounts.tests.test_links import invitation, reset, says_that_it_is_gone, words
from webside.audit.models import AuditEvent
from webside.testing.cast import PASSWORD, Cast, make_cast, sign_in
from webside.visits.engines.peer import LONGEST_SECONDS, PeerEngine
from webside.visits.engines.port import Seat
from webside.visits.lean import DIGEST
from webside.visits.models import SafeStart
from webside.visits.tests import factories

__all__ = ["invitation", "reset"]
SECOND = timedelta(seconds=1)


@pytest.fixture(params=WRONG, ids=NAMES)
def clock_(request: pytest.FixtureRequest) -> Any:
    """Let the server's clock be wrong from the beginning; a test moves on from there. It stands still."""
    with time_machine.travel(real() + request.param, tick=False) as moved:
        yield moved


# ---- what lives for a while


def test_an_invitation_lives_seven_days(clock_: Any, cast: Cast, invitation: str) -> None:
    """Shown failing with ``now()`` of the database in ``open_invitation``."""
    clock_.shift(timedelta(days=accounts.INVITATION_DAYS) - SECOND)
    assert Client().get(invitation).status_code == 200
    clock_.shift(SECOND)
    gone = Client().get(invitation)
    assert gone.status_code == 404
    assert "older than 7 days. Ask the person who invited you" in words(gone)


def test_a_link_to_a_new_password_lives_three_days(clock_: Any, cast: Cast, reset: str) -> None:
    clock_.shift(settings.PASSWORD_RESET_TIMEOUT)
    assert "Choose a new password" in words(Client().get(reset, follow=True))
    clock_.shift(SECOND)
    assert says_that_it_is_gone(Client().get(reset))


def test_a_session_lives_twelve_hours(clock_: Any, cast: Cast) -> None:
    """However much it is used, which moves the session's own end. Shown failing with the session kept a week."""
    home = reverse("portal:home", args=["larkspur"])
    client = sign_in(Client(), cast.liz_user)
    for _ in range(24):
        clock_.shift(timedelta(minutes=30) - SECOND)
        assert client.get(home).status_code == 200
    clock_.shift(24 * SECOND)
    answer = client.get(home)
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("account_login"))  # type: ignore[attr-defined]
    assert "Sign in" in words(client.get(answer.url))  # type: ignore[attr-defined]


def test_a_code_of_the_second_factor_lives_half_a_minute(clock_: Any, cast: Cast) -> None:
    """By the server's clock: a phone whose clock is another's makes codes that are refused, and a recovery code needs
    none. Shown failing with ``MFA_TOTP_TOLERANCE`` of a day."""
    cache.clear()
    cast.maya_user.set_password(PASSWORD)
    cast.maya_user.save()
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(cast.maya_user, secret)
    RecoveryCodes.activate(cast.maya_user)

    def code_at(moment: datetime) -> str:
        return totp.format_hotp_value(totp.hotp_value(secret, int(moment.timestamp()) // 30))

    def enter(code: str) -> Any:
        client = Client()
        asked = client.post(reverse("account_login"), {"login": cast.maya_user.email, "password": PASSWORD})
        assert asked.url == reverse("mfa_authenticate")
        return client.post(asked.url, {"code": code})

    start = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) // 30 * 30, UTC)
    clock_.move_to(start + 29 * SECOND)
    assert enter(code_at(start)).status_code == 302
    clock_.move_to(start + 90 * SECOND)
    # A day ago and an hour ahead are what a phone shows whose clock is right when the server's is not.
    for shown in (start, start - timedelta(hours=1), start + timedelta(hours=1), start - timedelta(days=1)):
        refused = enter(code_at(shown))
        assert refused.status_code == 200
        assert "check that your phone" in words(refused), "it says what may be wrong, and what works all the same"
    codes = RecoveryCodes(Authenticator.objects.get(user=cast.maya_user, type="recovery_codes"))
    assert enter(codes.get_unused_codes()[0]).status_code == 302


def test_a_relays_credentials_live_an_hour_at_most(clock_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown failing with ``ttl`` taken as it is in ``ice_servers``."""
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(
        update={"turn_urls": ["turn:relay.example.test"], "turn_secret": _Secret(), "turn_ttl": 10 * LONGEST_SECONDS}
    ))  # fmt: skip
    now = datetime.now(UTC)
    seat = Seat(visit_id=uuid4(), participant_id=uuid4())
    joined = asyncio.run(PeerEngine().join(seat, now))
    (relay,) = joined.ice_servers
    ends = datetime.fromtimestamp(int(relay["username"].partition(":")[0]), UTC)
    assert timedelta() <= joined.expires_at - ends < SECOND, "the page is told when to ask for new ones"
    assert timedelta(minutes=59) < ends - now <= timedelta(hours=1)


class _Secret:
    def get_secret_value(self) -> str:
        """As pydantic's."""
        return "a secret of the tests"


@pytest.mark.parametrize("wrong", WRONG, ids=NAMES)
def test_a_key_holds_until_it_is_ended_whatever_the_clock_says(
    transactional_db: None, address: str, wrong: timedelta
) -> None:
    cast = make_cast()

    def asks(secret: str) -> httpx.Response:
        return httpx.get(f"{address}/api/decide", headers={"authorization": f"Bearer {secret}"})

    with time_machine.travel(real() + wrong) as moved:
        with cast.as_(cast.admin_user) as admin:
            key, secret = accounts.create_api_key(actor=admin, name="tests", scopes=["decide"])
        assert asks(secret).status_code == 200
        used = ApiKey.objects.get(id=key.id).last_used_at
        assert used is not None and abs(used - datetime.now(UTC)) < timedelta(minutes=1)
        moved.shift(timedelta(days=400))
        assert asks(secret).status_code == 200
        with cast.as_(cast.admin_user) as admin:
            accounts.revoke_api_key(actor=admin, key=key)
        # Ended at a moment that is still to come by the right clock: it is ended all the same.
        moved.move_to(real())
        ended = asks(secret)
    assert ended.status_code == 401
    assert ended.json()["error"]["text"] == "Send a key with the scope ‘decide’ as a bearer token."


# ---- devices


TIMES = ("at", "now", "created_at", "updated_at", "saved_at", "place_said_at", "completed_at", "taken_at", "started_at")


@pytest.mark.parametrize("device", [datetime(2019, 2, 3, tzinfo=UTC), datetime(2038, 1, 19, tzinfo=UTC)])
def test_a_time_that_a_device_sends_along_is_not_taken(cast: Cast, device: datetime) -> None:
    """Shown failing with a view that passes ``place_said_at`` on, and a service that takes it."""
    now = datetime.now(UTC)
    lies = dict.fromkeys(TIMES, device.isoformat()) | {"version": "new"}
    client = sign_in(Client(), cast.liz_user)
    client.defaults |= {"HTTP_DATE": device.strftime("%a, %d %b %Y %H:%M:%S GMT"), "HTTP_X_AUTOSAVE": "1"}
    visit = factories.planned(cast)
    check_in = reverse("visits:visit-check-in", args=["larkspur", visit.id])
    saved = client.post(check_in, {**factories.FORM, **lies})
    assert abs(datetime.fromisoformat(saved.json()["saved_at"]) - now) < timedelta(minutes=1)
    with cast.as_(cast.maya_user):
        typed = SafeStart.objects.get(visit=visit)
    del client.defaults["HTTP_X_AUTOSAVE"]
    assert client.post(check_in, {**factories.FORM, **lies}).status_code == 302
    with cast.as_(cast.maya_user):
        start = SafeStart.objects.get(visit=visit)
        noted = list(AuditEvent.objects.filter(target_id=visit.id).values_list("at", flat=True))
    kept = [
        typed.place_said_at,
        typed.updated_at,
        start.created_at,
        start.updated_at,
        start.place_said_at,
        start.completed_at,
        *noted,
    ]
    assert noted
    assert all(moment is not None and abs(moment - now) < timedelta(minutes=1) for moment in kept)


def test_what_a_call_measured_has_no_time_of_the_device() -> None:
    """How long ago is all that it says (``webside/visits/tests/test_room.py`` tries what it could claim by that)."""
    assert not DIGEST & {*TIMES, "time", "date", "timestamp"}


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("device", ["2019-02-03T04:05:06Z", "2038-01-19T03:14:08Z"])
def test_a_device_whose_clock_is_years_off_decides_nothing(demo: Demo, chromium: Any, device: str) -> None:
    """Booking, what is saved as it is typed, and the check-in have the server's times, in rows and trail alike."""
    with someone(chromium, demo, "Liz Moreno") as liz:
        liz.clock.install(time=device)
        before = datetime.now(UTC)
        liz.reload()
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen")
        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        liz.wait_for_url("**/waiting/")
        after = datetime.now(UTC)
    booked, start = row(demo, "SELECT created_at, lower(period) FROM scheduling_appointment WHERE id = %s", visit)
    assert before < booked < after < start < after + timedelta(days=60)
    said = row(
        demo,
        "SELECT created_at, place_said_at, updated_at, completed_at FROM visits_safestart WHERE visit_id = %s",
        visit,
    )
    assert all(before < moment < after for moment in said), said
    (first, last, number) = row(
        demo, "SELECT min(at), max(at), count(*) FROM audit_auditevent WHERE target_id = %s AND kind <> 'R'", visit
    )
    assert before < first <= last < after and number >= 2
