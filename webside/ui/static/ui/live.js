// What changes elsewhere appears here, without moving what is being read.
//
//   <section data-live="visit:0199… queue:0199…" data-live-url="/o/larkspur/…/fragment" id="queue">
//
// One socket serves the page. A ticket is fetched (POST to <meta name="live-ticket">, form field `topic`
// once per topic, answer {"ticket": "…"}), /ws is opened, {"ticket": …} sent. Hints {"type": "hint",
// "topic", "kind", "id"} hold no content: the fragment is fetched again through its guarded view. After every connect all
// fragments are fetched, because what happened meanwhile is unknown. data-live-kinds="a b" listens
// to these kinds only. data-live-gone is the address to go to when the fragment is no longer there for this
// person (the visit went to a colleague). data-live-fast on any element asks for a heartbeat by the second.
// A fragment isn't touched while somebody types or selects text in it; it follows when they are done.
// When the line is down for some seconds the page says so in words, and asks by itself every 15 s.

import { Newest } from "ui/newest.js";
import { clock, csrfToken, icon, make, t } from "ui/words.js";

const BACKOFF = [300, 600, 1200, 2000, 3000];
const HEARTBEAT = { fast: { every: 1000, dead: 3500 }, calm: { every: 15000, dead: 40000 } };
const SAY_AFTER = 4000; // ms without a line before words appear
const ASK_EVERY = 15000; // ms between fetches while the line is down
const REVOKED = new Set(["revoked", "signed_out", "ended", "cancelled"]); // reasons of a "bye" after which nobody comes back

const elements = new Set();
const listeners = new Map(); // topic → Set(function)
let socket = null, state = "off", failures = 0, connectTimer = 0, beat = 0, heard = 0, downSince = 0, sayTimer = 0, askTimer = 0;
let subscribed = new Set();
let opening = false;

const ticketUrl = () => document.querySelector('meta[name="live-ticket"]')?.content ?? "";

function topicsOf(element) {
  return element.dataset.live.split(/\s+/).filter(Boolean);
}

function wanted() {
  return new Set([...[...elements].flatMap(topicsOf), ...listeners.keys()]);
}

/** Call `listener(hint)` for hints of `topic`; returns a function that stops it. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  ensure();
  return () => {
    listeners.get(topic)?.delete(listener);
    if (!listeners.get(topic)?.size) listeners.delete(topic);
  };
}

// ------------------------------------------------------------------ fragments

const pending = new Map(); // element → timer
const asking = new WeakMap(); // element → Newest
const waiting = new WeakSet(); // elements that changed while somebody was in them

function busy(element) {
  const active = document.activeElement;
  if (active && active !== element && element.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) return true;
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.anchorNode && element.contains(selection.anchorNode));
}

function refreshSoon(element, ms = 80) {
  if (!pending.has(element)) pending.set(element, setTimeout(() => (pending.delete(element), refresh(element)), ms));
}

async function refresh(element) {
  const url = element.dataset.liveUrl;
  if (!url || !element.isConnected) return;
  if (!asking.has(element)) asking.set(element, new Newest());
  const now = await asking.get(element).ask(url, { headers: { "X-Live": "1", Accept: "text/html" } });
  if (!now) return; // the next hint, the next connect or the next question brings it
  const { answer, text: html } = now;
  if (answer.redirected || answer.status === 401 || answer.status === 403) return gone(t("You are signed out, so this page has stopped following. Load it again to sign in."));
  if (answer.status === 404 || answer.status === 410) {
    element.dispatchEvent(new CustomEvent("live:gone", { bubbles: true }));
    if (element.dataset.liveGone) location.assign(element.dataset.liveGone);
    return;
  }
  if (!answer.ok) return;
  place(element, html);
}

function place(element, html) {
  if (busy(element)) {
    element.pendingHtml = html;
    if (!waiting.has(element)) {
      waiting.add(element);
      const done = () => setTimeout(() => {
        if (busy(element)) return;
        waiting.delete(element);
        element.removeEventListener("focusout", done);
        document.removeEventListener("selectionchange", done);
        place(element, element.pendingHtml);
      }, 0);
      element.addEventListener("focusout", done);
      document.addEventListener("selectionchange", done);
    }
    return;
  }
  const parsed = new DOMParser().parseFromString(html, "text/html").body;
  const single = parsed.children.length === 1 ? parsed.firstElementChild : null;
  const source = single && single.id && single.id === element.id ? single : parsed;
  if (source.innerHTML.trim() === element.liveHtml) return;
  element.liveHtml = source.innerHTML.trim();
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...element.querySelectorAll("details[open][id]")].map((details) => details.id);
  // Hold on to what is in the middle of the screen, and put it back where it was.
  const middle = document.elementFromPoint(innerWidth / 2, innerHeight / 3);
  const anchorId = middle && element.contains(middle) ? middle.closest("[id]")?.id : "";
  const anchor = anchorId ? null : middle;
  const before = (anchor ?? middle)?.getBoundingClientRect().top;
  const idBefore = anchorId ? document.getElementById(anchorId).getBoundingClientRect().top : 0;
  element.replaceChildren(...source.childNodes);
  window.htmx?.process(element);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  const after = anchorId ? document.getElementById(anchorId)?.getBoundingClientRect().top - idBefore : anchor?.isConnected ? anchor.getBoundingClientRect().top - before : 0;
  if (after && Math.abs(after) > 1) scrollBy(0, after);
  element.dispatchEvent(new CustomEvent("live:changed", { bubbles: true }));
}

/** Fetch what a live element shows again, now: for pages whose words grow old though nothing happens. */
export function again(element) {
  refreshSoon(element, 0);
}

function refreshAll() {
  elements.forEach((element) => refreshSoon(element, 0));
}

// --------------------------------------------------------------------- socket

function ensure() {
  if (state === "gone" || !ticketUrl()) return;
  const topics = wanted();
  if (!topics.size) return;
  const grown = [...topics].some((topic) => !subscribed.has(topic));
  if (state === "on" && grown) socket.close(4000, "topics");
  if (state === "off" || (state === "on" && grown)) schedule(0);
}

function schedule(ms) {
  clearTimeout(connectTimer);
  connectTimer = setTimeout(connect, ms);
}

async function connect() {
  if (opening || state === "gone") return;
  opening = true;
  state = "connecting";
  const topics = wanted();
  let ticket;
  try {
    const body = new URLSearchParams([...topics].map((topic) => ["topic", topic]));
    const answer = await fetch(ticketUrl(), { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" }, signal: AbortSignal.timeout(8000) });
    if (answer.redirected || [401, 403, 404].includes(answer.status)) {
      opening = false;
      gone(answer.status === 404 ? t("This page is no longer open to you. Load it again to see what is.") : t("You are signed out, so this page has stopped following. Load it again to sign in."));
      return;
    }
    ({ ticket } = await answer.json());
    if (!answer.ok || !ticket) throw new Error("no ticket");
  } catch {
    opening = false;
    lost();
    return;
  }
  opening = false;
  const own = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = own;
  heard = Date.now();
  own.addEventListener("open", () => own.send(JSON.stringify({ ticket })));
  own.addEventListener("message", (event) => own === socket && receive(event, topics));
  own.addEventListener("close", (event) => own === socket && lost(event.code === 4000));
  watch();
}

function receive(event, topics) {
  heard = Date.now();
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  if (message.type === "bye") {
    // "refused": the ticket was too old or used; a new one is fetched, and refused if that is meant.
    if (REVOKED.has(message.reason)) gone(t("This page is no longer open to you. Load it again to see what is."));
    return;
  }
  if (state !== "on") {
    // The first word from the other side: the ticket was taken.
    state = "on";
    subscribed = topics;
    failures = 0;
    found();
    refreshAll();
    if ([...wanted()].some((topic) => !subscribed.has(topic))) ensure();
  }
  if (!message.topic) return;
  for (const element of elements) {
    const kinds = element.dataset.liveKinds?.split(/\s+/);
    if (topicsOf(element).includes(message.topic) && (!kinds || kinds.includes(message.kind))) refreshSoon(element);
  }
  listeners.get(message.topic)?.forEach((listener) => listener(message));
}

function watch() {
  clearInterval(beat);
  const own = socket;
  const { every, dead } = document.querySelector("[data-live-fast]") ? HEARTBEAT.fast : HEARTBEAT.calm;
  beat = setInterval(() => {
    if (own !== socket) return;
    if (Date.now() - heard > dead) {
      own.close();
      if (own === socket) lost(); // a dead line may take minutes to close by itself
    } else if (own.readyState === WebSocket.OPEN && state === "on") own.send('{"type":"ping"}');
  }, every);
}

function lost(onPurpose = false) {
  clearInterval(beat);
  socket = null;
  state = "off";
  subscribed = new Set();
  if (onPurpose) return schedule(0);
  downSince ||= Date.now();
  const base = document.visibilityState === "hidden" ? 30000 : BACKOFF[Math.min(failures, BACKOFF.length - 1)];
  failures += 1;
  schedule(base * (0.7 + Math.random() * 0.6));
  if (!sayTimer) sayTimer = setTimeout(() => say(t("Live updates stopped at {time}. We connect again by ourselves; until then we look every 15 seconds.", { time: clock(new Date(downSince)) })), SAY_AFTER);
  if (!askTimer) askTimer = setInterval(refreshAll, ASK_EVERY);
  return undefined;
}

function found() {
  clearTimeout(sayTimer);
  clearInterval(askTimer);
  sayTimer = askTimer = downSince = 0;
  document.getElementById("live-bar")?.remove();
  document.documentElement.dataset.liveState = "on";
}

function gone(text) {
  clearInterval(beat);
  clearInterval(askTimer);
  clearTimeout(sayTimer);
  clearTimeout(connectTimer);
  const own = socket;
  socket = null;
  state = "gone";
  own?.close();
  say(text);
}

function say(text) {
  if (!wanted().size) return; // nothing follows any more, so nothing is amiss
  document.documentElement.dataset.liveState = "off";
  const bar = document.getElementById("live-bar") ?? make("div", { id: "live-bar", class: "ws-livebar", role: "status" });
  const reload = make("a", { href: location.href }, t("Load again"));
  reload.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  bar.replaceChildren(icon("warn"), make("span", {}, text), reload);
  if (!bar.isConnected) document.getElementById("main")?.prepend(bar);
}

const awake = () => {
  if (document.visibilityState === "hidden" || state === "gone") return;
  if (state === "off" && wanted().size) schedule(0);
  else if (state === "on" && Date.now() - heard > HEARTBEAT.calm.every) socket.send('{"type":"ping"}');
};
document.addEventListener("visibilitychange", awake);
// Who was signed out, and is back in the same page, follows again.
document.addEventListener("webside:signed-in", () => {
  if (state !== "gone") return;
  state = "off";
  found();
  ensure();
});
window.addEventListener("online", awake);
window.addEventListener("pagehide", () => socket?.close(1000));
window.addEventListener("pageshow", (event) => event.persisted && lost(true));

/** Behaviour of an element with data-live. */
export default function attach(element) {
  elements.add(element);
  ensure();
  return () => elements.delete(element);
}
