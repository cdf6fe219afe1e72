/**
 * Who is in a visit: `data-behavior="visit-people"`. Its forms are sent without leaving the page, since the call would end; what
 * came of it is shown in [data-people-result]. form[data-once], unanswered and not changed
 * since, goes with the same key again: it is done once. The list itself follows the visit's hints (visit-fragment.js).
 *
 *   details[data-load]  fetches what is in it when it is opened
 *   [data-copy="id"]  copies the value of that field; [data-copied] is then shown
 */

import { t } from "ui/words.js";
import { csrfToken } from "visits/signal-socket.js";

/** Longer, and the connection is taken for dead. */
const ANSWER_MS = 10_000;

/** @param {HTMLElement} root */
export default function attach(root) {
  const life = new AbortController();
  const { signal } = life;
  const result = root.querySelector("[data-people-result]");

  /** @type {WeakMap<HTMLFormElement, string>} */ const keys = new WeakMap();

  root.addEventListener("input", ({ target }) => {
    const form = /** @type {HTMLInputElement} */ (target).form;
    if (form) keys.delete(form);
  }, { signal });
  root.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!result || form.method !== "post") return;
    event.preventDefault();
    const { submitter } = /** @type {SubmitEvent} */ (event);
    const body = new FormData(form, submitter);
    const once = "once" in form.dataset;
    if (once && !keys.has(form)) keys.set(form, crypto.randomUUID());
    if (once) body.set("key", keys.get(form) ?? "");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, headers: { "X-In-Page": "1", "X-CSRFToken": csrfToken() }, cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      // A page of its own says that we are somebody else by now; it has no place in this one.
      if (answer.status >= 500 || answer.status === 404 || answer.redirected) return fail();
      result.replaceChildren(...fresh.childNodes);
      result.scrollIntoView({ block: "nearest" });
      keys.delete(form);
      if (!answer.ok) return;
      if (form.closest("details")) /** @type {HTMLDetailsElement} */ (form.closest("details")).open = false;
      form.reset();
      /** @type {HTMLInputElement|null} */ (result.querySelector("input"))?.select();
    } catch {
      result.replaceChildren(once
        ? t("We don’t know whether that got through. Press again: they are asked once, and the newest link counts.")
        : t("We don’t know whether that got through. Look at the list before you press again."));
    }
  }, { signal });

  // A toggle doesn't bubble.
  root.addEventListener("toggle", async ({ target }) => {
    if (!(target instanceof HTMLDetailsElement) || !target.open || !target.dataset.load) return;
    try {
      const answer = await fetch(target.dataset.load, { headers: { "X-In-Page": "1" }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok || answer.redirected) return fail();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      // The summary stays in the page: it may have the focus.
      const summary = target.querySelector("summary");
      while (summary?.nextSibling) summary.nextSibling.remove();
      target.append(...fresh.childNodes);
    } catch {
      fail();
    }
  }, { signal, capture: true });

  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    const field = button && document.getElementById(button.getAttribute("data-copy") ?? "");
    if (!(field instanceof HTMLInputElement)) return;
    await navigator.clipboard.writeText(field.value).catch(() => field.select());
    root.querySelector("[data-copied]")?.removeAttribute("hidden");
  }, { signal });

  function fail() {
    result?.replaceChildren(t("That did not get through. Try again."));
  }

  return () => life.abort();
}
