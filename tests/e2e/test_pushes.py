"""Notifications in a real browser: turned on with one press, shown by the real worker, pressed, followed, turned off.

A Chromium without a maker's account has no push service: ``subscribe`` fails there whatever a page does. So this is the one
thing that stands in here: the page subscribes at the stand-in, by the key that our page hands over. What comes is sealed by
the demo's own worker, taken by the stand-in, opened with the subscriber's keys, and handed to the real service worker by the
browser's own tools (CDP, ServiceWorker.deliverPushMessage). A press on a shown notification can't be made from outside either:
the real listener gets an event of ours, and what it would open is written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import PATIENCE, PHONE, running_demo, someone, wait_until
from tests.e2e.looks import examine
from webside.integrations.web_push.stand_in import StandIn
from webside.testing.pushes import Browser

pytestmark = pytest.mark.browser

REACH = "/o/larkspur/how-we-reach-you/"
SEAM = """(() => {
  const web = (plain) => plain.replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const text = (buffer) => web(btoa(String.fromCharCode(...new Uint8Array(buffer))));
  const plain = (text) => atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = (text) => Uint8Array.from(plain(text), (each) => each.charCodeAt(0)).buffer;
  const made = ({ endpoint, p256dh, auth, key }) => ({
    endpoint, options: { applicationServerKey: bytes(key) },
    toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
    unsubscribe: async () => { localStorage.removeItem("seam"); return true; },
  });
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new Error("a browser refuses this");
    const key = text(applicationServerKey);
    const told = { ...(await window.seamSubscribe(key)), key };
    localStorage.setItem("seam", JSON.stringify(told));
    return made(told);
  };
  PushManager.prototype.getSubscription = async () => {
    const told = JSON.parse(localStorage.getItem("seam") ?? "null");
    return told && made(told);
  };
})()"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(
  ({ title, body, tag, lang, data, requireInteraction }) => ({ title, body, tag, lang, data, requireInteraction }))"""
KEPT = "caches.open('webside-push').then((each) => each.keys()).then((all) => all.length)"
NO_SERVICE = (
    "PushManager.prototype.subscribe = async () => { throw new DOMException('no push service', 'AbortError'); }"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
PRESS = """async (action) => {
  const [notification] = await registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification, action: action ?? "" });
  let done;
  event.waitUntil = (promise) => (done = promise);
  self.went = [];
  Clients.prototype.openWindow = async (url) => self.went.push(["open", url]);
  WindowClient.prototype.focus = async function () { self.went.push(["focus", new URL(this.url).pathname]); };
  dispatchEvent(event);
  await done;
  return self.went;
}"""
CHANGED = """async (fields) => {
  const event = new ExtendableEvent("pushsubscriptionchange");
  let done;
  event.waitUntil = (promise) => (done = promise);
  event.newSubscription = { toJSON: () => ({ endpoint: fields.endpoint, keys: { p256dh: fields.p256dh, auth: fields.auth } }) };
  dispatchEvent(event);
  await done;
}"""


@pytest.fixture(scope="module")
def push() -> Iterator[StandIn]:
    service = StandIn()
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    with running_demo(WEBSIDE_PUSH_HOSTS='["127.0.0.1"]') as clinic:
        yield clinic


def subscribing(page: Any, push: StandIn) -> list[Browser]:
    """Let a page subscribe at the stand-in; return the browsers that did."""
    made: list[Browser] = []

    def subscribe(key: str) -> dict[str, str]:
        made.append(Browser(push, push.subscribe(key)))
        return made[-1].fields

    page.expose_function("seamSubscribe", subscribe)
    page.add_init_script(SEAM)
    return made


def deliver(page: Any, payload: str) -> None:
    """Hand a push to the page's worker, as the browser does when its push service has one."""
    tools = page.context.new_cdp_session(page)
    found: list[Any] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    tools.send("ServiceWorker.enable")
    wait_until("the registration", lambda: page.evaluate("1") and found, PATIENCE)
    origin = page.evaluate("location.origin")
    tools.send("ServiceWorker.deliverPushMessage",
               {"origin": origin, "registrationId": found[0]["registrationId"], "data": payload})  # fmt: skip
    tools.detach()


def turn_off_others(page: Any) -> None:
    """Turn off what a first try of the test has left on."""
    page.goto(REACH)
    others = page.locator("#devices").get_by_role("button", name="Turn off")
    while others.count():
        others.first.click()
        page.get_by_text("Turned off.").wait_for()


def test_a_patient_turns_it_on_is_told_presses_and_turns_it_off(demo: Any, chromium: Any, push: StandIn) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as page:
        made = subscribing(page, push)
        turn_off_others(page)
        page.get_by_text("Notifications are blocked for this page").wait_for()
        assert not page.get_by_role("button", name="Turn on notifications").is_visible()
        page.context.grant_permissions(["notifications"])
        page.reload()
        page.locator("[data-push-on]").wait_for()
        examine(page, "pushes-off", route="notifications:reach")
        page.get_by_role("button", name="Turn on notifications on this device").click()
        page.get_by_text("Notifications come to this device from now on.").wait_for()
        page.get_by_text("This device").first.wait_for()
        examine(page, "pushes-on", route="notifications:reach")
        wait_until("the token", lambda: page.evaluate(KEPT), PATIENCE)

        # The demo's worker seals and sends, the service takes it, the browser's keys open it, its worker shows it.
        page.get_by_role("button", name="Try it out").click()
        (browser,) = made
        (raw,) = wait_until("the push", browser.raw, PATIENCE)
        deliver(page, raw.decode())
        (shown,) = wait_until("the notification", lambda: page.evaluate(SHOWN), PATIENCE)
        assert (shown["title"], shown["body"]) == ("Larkspur Clinic", "Notifications work on this device.")
        assert shown["lang"] == "en" and not shown["requireInteraction"]
        assert "Liz" not in json.dumps(shown) and "Moreno" not in json.dumps(shown)
        deliver(page, raw.decode())
        wait_until("the same once", lambda: len(page.evaluate(SHOWN)) == 1, PATIENCE)

        # A press opens its page; a second one finds that tab again and leads no other away.
        worker = page.context.service_workers[0]
        address = shown["data"]["url"]
        assert worker.evaluate(PRESS) == [["open", address]]
        page.goto(address)
        assert page.url.endswith(f"/o/larkspur/home/#pushed-{address.split('/')[-2]}")
        deliver(page, raw.decode())
        wait_until("the notification again", lambda: page.evaluate(SHOWN), PATIENCE)
        assert worker.evaluate(PRESS) == [["focus", "/o/larkspur/home/"]]

        # One of its buttons leads on by its number, in a tab of its own; the page has what it asks for under the finger.
        deliver(page, raw.decode())
        wait_until("the notification once more", lambda: page.evaluate(SHOWN), PATIENCE)
        assert worker.evaluate(PRESS, "1") == [["open", f"{address}?press=1"]]
        page.goto("/o/larkspur/home/")
        visit = page.get_by_role("link", name="Move or cancel").first.get_attribute("href")
        for answer, name in (("confirm", "Confirm that I come"), ("change", "Move")):
            page.goto(f"{visit}?answer={answer}#answer")
            wait_until(name, lambda: page.evaluate("document.activeElement.id") == "answer", PATIENCE)
            assert page.locator(":focus").inner_text().strip() == name
            examine(page, f"pushes-{answer}", route="scheduling:appointment-detail")

        # What can't be read is shown in words that say nothing.
        deliver(page, "?")
        (shown,) = wait_until("some words", lambda: page.evaluate(SHOWN), PATIENCE)
        assert (shown["title"], shown["data"]["url"]) == ("Your clinic", "/")

        # Its push service gives the browser another address: the worker says so by itself.
        moved = Browser(push, push.subscribe(push.subscriptions[browser.endpoint.rpartition("/")[2]]))
        worker.evaluate(CHANGED, moved.fields)
        page.goto(REACH)

        def tried() -> list[bytes]:
            page.get_by_role("button", name="Try it out").click()
            page.get_by_text("Sent. It should be on the device").wait_for()
            return moved.raw()

        wait_until("the push at the new address", tried, PATIENCE, every=2)

        page.get_by_role("button", name="Turn off").click()
        page.get_by_text("Turned off.").wait_for()
        assert page.locator("#devices li").count() == 0
        assert page.evaluate("localStorage.getItem('seam')") is None, "the browser’s own subscription is ended too"


def test_each_reason_why_it_can_not_be_had_is_said(demo: Any, chromium: Any) -> None:
    for agent, said in (
        (IPHONE, "First put us on your home screen"),
        ("Some old browser", "This browser can’t show notifications"),
    ):
        with someone(chromium, demo, "Liz Moreno", size=PHONE, user_agent=agent) as page:
            page.add_init_script("delete window.PushManager")
            page.goto(REACH)
            page.get_by_text(said).wait_for()
            assert not page.locator("[data-push-on]").is_visible()
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as page:
        page.watch.expect("no subscription for pushes")
        page.context.grant_permissions(["notifications"])
        page.add_init_script(NO_SERVICE)
        page.goto(REACH)
        page.locator("[data-push-on]").click()
        page.get_by_text("That didn’t work").wait_for()
        assert page.locator("[data-push-on]").is_visible(), "to try again"


def test_staff_find_it_in_their_menu(demo: Any, chromium: Any, push: StandIn) -> None:
    with someone(chromium, demo, "Grace Lin") as page:
        made = subscribing(page, push)
        page.context.grant_permissions(["notifications"])
        page.locator("details.ws-menu > summary").first.click()
        page.get_by_role("link", name="Notifications").first.click()
        page.get_by_role("button", name="Turn on notifications on this device").click()
        page.get_by_text("Notifications come to this device from now on.").wait_for()
        assert len(made) == 1
        examine(page, "pushes-staff", route="notifications:device-list")
