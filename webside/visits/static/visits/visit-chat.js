/**
 * The chat of a visit: `data-behavior="visit-chat"`.
 *
 *   root                 data-url (GET: the lines as a fragment; POST text and key: one line)
 *   [data-chat-list]     the lines, each with data-message; [data-chat-form] with `text` and `key`
 *   [data-chat-state]    says what has not been sent; [data-chat-unread] anywhere in the page: how many lines wait
 *
 * A line that is sent gets a key of its own. Until the server has answered it is tried again with the
 * same key, so it is written once, however often it is sent; it waits in this page while the line is down.
 */

import { csrfToken } from "visits/signal-socket.js";
import { Newest } from "ui/newest.js";
import { t } from "ui/words.js";

const RETRY_MS = [700, 1500, 3000, 5000];

/** @param {HTMLElement} root */
export default function attach(root) {
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-chat-list]"));
  const form = /** @type {HTMLFormElement} */ (root.querySelector("[data-chat-form]"));
  const said = root.querySelector("[data-chat-state]");
  const url = root.dataset.url ?? "";
  const life = new AbortController();
  const newest = new Newest(life.signal);
  /** @type {{key: string, text: string}[]} */ const outbox = [];
  let sending = false;
  let failures = 0;
  let seen = lines().length;

  function lines() {
    return [...list.querySelectorAll("[data-message]")];
  }

  /** A line whose file stands otherwise is another one. @param {Element} line */
  function nameOf(line) {
    return `${line.getAttribute("data-message")} ${line.getAttribute("data-stands") ?? ""}`;
  }

  // Shut in a sheet or scrolled out of its column: nobody has read it.
  let onScreen = false;
  const isSeen = () => onScreen && document.visibilityState === "visible";
  const watcher = new IntersectionObserver((entries) => {
    onScreen = entries.some((entry) => entry.isIntersecting);
    countUnread();
  });

  function countUnread() {
    if (isSeen()) seen = lines().length;
    const own = ".ws-chat__msg--own";
    const waiting = lines().slice(seen).filter((line) => !line.matches(own)).length;
    for (const badge of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-chat-unread]"))) {
      badge.hidden = waiting === 0;
      badge.textContent = String(waiting);
      badge.title = t("{count} new messages", { count: String(waiting) });
    }
  }

  async function refresh() {
    const now = await newest.ask(url, { headers: { Accept: "text/html" } });
    if (!now?.answer.ok || now.answer.redirected) return;
    const fresh = new DOMParser().parseFromString(now.text, "text/html").body;
    const coming = [...fresh.querySelectorAll("[data-message]")];
    const known = new Map(lines().map((line) => [nameOf(line), line]));
    if (coming.length === known.size && coming.every((line) => known.has(nameOf(line)))) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    // What stands there stays: a picture isn't fetched again, and whoever reads it keeps the place.
    for (const line of coming) line.replaceWith(known.get(nameOf(line)) ?? line);
    list.replaceChildren(...fresh.childNodes);
    if (atEnd) list.scrollTop = list.scrollHeight;
    countUnread();
  }

  function say(/** @type {string} */ text) {
    if (said && said.textContent !== text) said.textContent = text;
  }

  async function send() {
    if (sending || !outbox.length) return;
    sending = true;
    const { key, text } = outbox[0];
    let answer = null;
    try {
      const body = new URLSearchParams({ key, text });
      const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
      answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(8000) });
    } catch {
      // Tried again below, with the same key.
    }
    sending = false;
    if (answer?.ok && !answer.redirected) {
      outbox.shift();
      failures = 0;
      say(outbox.length ? t("Sending…") : "");
      await refresh();
      list.scrollTop = list.scrollHeight;
      send();
    } else if (answer && [401, 403, 404, 410, 422].includes(answer.status)) {
      say(t("Not sent: the visit is closed. Your words: “{text}”", { text: outbox.map((each) => each.text).join(" / ") }));
      outbox.length = 0;
    } else {
      say(t("Not sent yet. We keep trying: “{text}”", { text: outbox.map((each) => each.text).join(" / ") }));
      setTimeout(send, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
      failures += 1;
    }
  }

  const { signal } = life;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("text"));
    const text = field.value.trim();
    if (!text) return;
    outbox.push({ key: crypto.randomUUID(), text });
    field.value = "";
    field.focus();
    say(t("Sending…"));
    send();
  }, { signal, capture: true });
  document.addEventListener("visits:hint", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.kind === "chat") refresh();
  }, { signal });
  document.addEventListener("visits:welcome", refresh, { signal });
  document.addEventListener("visits:resync", () => (refresh(), send()), { signal });
  document.addEventListener("visit:chat-open", () => {
    list.scrollTop = list.scrollHeight;
    countUnread();
  }, { signal });
  document.addEventListener("visibilitychange", countUnread, { signal });
  list.scrollTop = list.scrollHeight;
  watcher.observe(list);
  countUnread();
  return () => {
    watcher.disconnect();
    life.abort();
  };
}
