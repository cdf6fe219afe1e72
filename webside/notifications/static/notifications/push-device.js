// Turns on pushes in this browser, after a press, and says why where they can't be had. The page holds the words; this shows which.

const PUSHES = "webside-push"; // the worker reads there what to say when its push service gives it another address

const apple = () => /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
const installed = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=")), (each) => each.charCodeAt(0));
const same = (buffer, key) => Boolean(buffer) && String(new Uint8Array(buffer)) === String(bytes(key));

/** Behaviour of the part that turns pushes on. */
export default function attach(element) {
  const { key, worker, renew, token } = element.dataset;
  const form = element.querySelector("form");
  const button = element.querySelector("[data-push-on]");
  const off = document.getElementById("push-off-here");

  const show = (...names) => {
    for (const each of element.querySelectorAll("[data-when]")) each.hidden = !names.includes(each.dataset.when);
  };

  const begin = async () => {
    if (!able()) return show(apple() && !installed() ? "install" : "unsupported");
    if (Notification.permission === "denied") return show("blocked");
    if (!token) return show("off");
    const registration = await navigator.serviceWorker.getRegistration(worker);
    const subscription = await registration?.pushManager.getSubscription();
    if (!subscription || !same(subscription.options.applicationServerKey, key)) return show("lost", "off");
    const kept = await caches.open(PUSHES);
    await kept.put(renew, new Response(JSON.stringify({ key, token })));
    return show();
  };

  const subscribe = async () => {
    await navigator.serviceWorker.register(worker);
    const { pushManager } = await navigator.serviceWorker.ready;
    const before = await pushManager.getSubscription();
    if (before && same(before.options.applicationServerKey, key)) return before;
    await before?.unsubscribe(); // it was made for another key, for which nothing is sent any more
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  };

  const press = async () => {
    button.disabled = true;
    try {
      const answer = await Notification.requestPermission(); // first: browsers ask only right after a press
      if (answer === "denied") return show("blocked");
      if (answer !== "granted") return show("dismissed", "off");
      const { endpoint, keys } = (await subscribe()).toJSON();
      for (const [name, value] of Object.entries({ endpoint, ...keys })) if (form.elements[name]) form.elements[name].value = value;
      form.requestSubmit();
    } catch (error) {
      console.error("no subscription for pushes", error);
      show("failed", "off");
    } finally {
      button.disabled = false;
    }
  };

  // Turned off here: the browser's own subscription ends too, where no other clinic has pushes here.
  const end = async () => {
    const kept = await caches.open(PUSHES);
    await kept.delete(renew);
    if ((await kept.keys()).length) return;
    const registration = await navigator.serviceWorker.getRegistration(worker);
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  };
  const leave = () => able() && end().catch((error) => console.error("the subscription stays until its service ends it", error));

  button.addEventListener("click", press);
  off?.addEventListener("submit", leave);
  begin().catch((error) => {
    console.error("pushes could not be looked at", error);
    show("failed");
  });
  return () => {
    button.removeEventListener("click", press);
    off?.removeEventListener("submit", leave);
  };
}
