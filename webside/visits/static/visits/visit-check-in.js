/**
 * Keeps two parts of the check-in true while it is filled in: `data-behavior="visit-check-in"` on the form.
 *
 *   data-place-url   answers (POST of the form) what the law says of the place; after each change in #q-where, into #place-answer
 *   data-card-url    the steps and the emergency card; after each save (autosave.js), into #own-card
 *
 * Without it, nothing is lost: the same is said when the form is sent.
 */

import { csrfToken } from "visits/signal-socket.js";

/** @param {HTMLFormElement} form */
export default function attach(form) {
  const life = new AbortController();
  /** @type {Map<Element, AbortController>} */ const running = new Map();

  /** @param {Element|null} part @param {string|undefined} url @param {RequestInit} [how] the newest question counts */
  async function fill(part, url, how = {}) {
    if (!part || !url) return;
    running.get(part)?.abort();
    const asking = new AbortController();
    running.set(part, asking);
    let fresh = null;
    try {
      const answer = await fetch(url, { ...how, headers: { Accept: "text/html", "X-CSRFToken": csrfToken() }, cache: "no-store", signal: asking.signal });
      if (answer.ok && !answer.redirected) fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    } catch {
      if (asking.signal.aborted) return;
    }
    if (fresh) part.replaceChildren(...fresh.childNodes);
    // An answer about another place would be worse than none.
    else if (how.method === "POST") part.replaceChildren();
  }

  const { signal } = life;
  form.querySelector("#q-where")?.addEventListener("change", () => {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    fill(form.querySelector("#place-answer"), form.dataset.placeUrl, { method: "POST", body });
  }, { signal });
  form.addEventListener("autosave:saved", () => fill(form.querySelector("#own-card"), form.dataset.cardUrl), { signal });
  return () => {
    life.abort();
    for (const asking of running.values()) asking.abort();
  };
}
