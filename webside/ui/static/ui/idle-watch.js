// Signs out where nobody is any more, and loses nothing that was typed.
//
// Use is a key, a press, a touch, a turn of the wheel, in any page of this browser. Two minutes before the time is over the page
// asks. Then the sign-in ends and the page is covered, not left: whoever signs in again in another window finds it as it was.
// A page with data-always (a waiting room) is used as long as it is open; where that names something
// (data-always="[data-with-somebody]"), as long as this is there: who listens in a call touches nothing.

import { csrfToken, icon, make, t } from "ui/words.js";

const WARN = 120_000; // ms before the end; the server waits as much longer
const TELL = 60_000; // ms between two words to the server
const SHARE = 5_000; // ms between two words to the other pages
const LOOK = 5_000;
const USES = ["keydown", "pointerdown", "touchstart", "wheel"];

/** Behaviour of the element that says how long somebody may be away. */
export default function attach(element) {
  const limit = Number(element.dataset.minutes) * 60_000;
  const { session, signIn } = element.dataset;
  const channel = new BroadcastChannel("webside-session");
  let used = Date.now(), told = Date.now(), shared = Date.now();
  let asking = null, cover = null, ending = false, title = "";
  const words = make("p", {}); // of the question

  const use = () => {
    if (cover || ending) return;
    used = Date.now();
    if (used - shared < SHARE) return;
    shared = used;
    channel.postMessage({ used });
  };

  async function ask(method, url = session) {
    const answer = await fetch(url, { method, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" }, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(8000) });
    return answer.status === 200 ? answer.json() : { who: "" };
  }

  async function tell() {
    told = Date.now();
    try {
      const { who } = await ask("POST");
      if (who !== element.dataset.who) hide();
    } catch {
      // No line: nothing is known, and nothing changes. The server counts for itself.
    }
  }

  function warn(ms) {
    const seconds = Math.max(Math.ceil(ms / 1000), 0);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    words.textContent = t("We sign you out in {time}, so that nobody else reads this page.", { time });
    if (asking) return;
    const stay = make("button", { type: "button", class: "ws-btn" }, t("Stay signed in"));
    stay.addEventListener("click", use);
    asking = make("dialog", { class: "ws-dialog", role: "alertdialog", "aria-labelledby": "idle-asks", "aria-describedby": "idle-says" },
      make("div", { class: "ws-dialog__head" }, make("h2", { class: "ws-h3", id: "idle-asks" }, t("Are you still there?"))),
      make("div", { class: "ws-dialog__body ws-stack", id: "idle-says" }, words, make("p", { class: "ws-dialog__act" }, stay)));
    document.body.append(asking);
    asking.showModal();
    stay.focus();
  }

  function unask() {
    asking?.close();
    asking?.remove();
    asking = null;
  }

  async function end() {
    ending = true;
    const { saveBeforeLeaving } = await import("ui/autosave.js");
    await saveBeforeLeaving(3000);
    try {
      await ask("POST", `${session}end/`);
    } catch {
      // No line: the page is covered all the same, and the server ends it by itself.
    }
    ending = false;
    hide();
  }

  function hide() {
    unask();
    if (cover) return;
    const again = make("a", { class: "ws-btn", href: signIn, target: "_blank" }, t("Sign in again"));
    const leave = make("a", { class: "ws-btn ws-btn--plain", href: "/" }, t("Leave this page"));
    const why = make("p", {}, t("Nobody used this browser for a while. What you typed here is still here: sign in again and go on."));
    cover = make("dialog", { class: "ws-cover", "aria-labelledby": "idle-over" },
      make("div", { class: "ws-stack" }, icon("lock"), make("h2", { id: "idle-over", tabindex: "-1" }, t("You are signed out")), why, make("p", { class: "ws-cluster" }, again, leave)));
    cover.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    // A phone's way back closes a dialog, the second time whatever anybody says: this one opens again.
    cover.addEventListener("close", ({ target }) => target === cover && target.showModal());
    title = document.title; // it may name somebody
    document.title = t("You are signed out");
    document.body.append(cover);
    for (const dialog of document.querySelectorAll("dialog[open]")) if (dialog !== cover) dialog.inert = true;
    cover.showModal();
    cover.querySelector("h2").focus();
  }

  async function look() {
    if (!cover || document.visibilityState === "hidden") return;
    let now;
    try {
      now = await ask("GET");
    } catch {
      return;
    }
    if (!cover || !now.who) return;
    if (now.who !== element.dataset.who) return location.assign("/"); // somebody else: this page isn't theirs
    renew(now.csrf);
    document.title = title;
    cover.remove();
    cover = null;
    for (const dialog of document.querySelectorAll("dialog[inert]")) dialog.inert = false;
    used = told = Date.now();
    document.dispatchEvent(new CustomEvent("webside:signed-in"));
  }

  const tick = () => {
    if (cover || ending) return;
    const { always } = element.dataset;
    if (always === "" || (always && document.querySelector(always))) use();
    const away = Date.now() - used;
    if (away >= limit) end();
    else if (away >= limit - WARN) warn(limit - away);
    else {
      unask();
      if (used > told && Date.now() - told >= TELL) tell();
    }
  };

  channel.addEventListener("message", ({ data }) => {
    if (data.used) used = Math.max(used, data.used);
    if (data.back) look();
  });
  for (const kind of USES) addEventListener(kind, use, { passive: true, capture: true });
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  const timer = setInterval(tick, LOOK);
  const fast = setInterval(() => asking && tick(), 1000);
  return () => {
    clearInterval(timer);
    clearInterval(fast);
    channel.close();
    for (const kind of USES) removeEventListener(kind, use, { capture: true });
    removeEventListener("focus", look);
    document.removeEventListener("visibilitychange", look);
  };
}

// Signing in made the page's tokens void.
function renew(token) {
  document.querySelector('meta[name="csrf-token"]').content = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
}
