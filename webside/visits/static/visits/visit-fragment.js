/**
 * A part of a call's page that is fetched again when the visit changes: `data-behavior="visit-fragment"`.
 *
 *   data-url     where the part comes from; data-kinds: the kinds of hints that concern it (all, when absent)
 *   data-later   it is not drawn with the page, and fetched at once
 *   data-once    it comes about once (the note, when the patient is let in): an empty answer changes nothing, and the first
 *                other one stays. What is typed in it is sent before.
 *
 * It listens to the call's own socket ("visits:hint", "visits:resync"): a second socket on the same
 * topic would take the call's seat. What somebody types in it is left alone until she goes on; what she has opened and chosen
 * stays so, and she stays where she is (fragment-keep.js).
 */

import { Newest } from "ui/newest.js";

const TYPED = "textarea, select, input:not([type=checkbox], [type=radio])";

/** @param {HTMLElement} element */
export default function attach(element) {
  const kinds = element.dataset.kinds?.split(/\s+/);
  const once = "once" in element.dataset;
  const life = new AbortController();
  const newest = new Newest(life.signal);
  let placed = 0;
  let came = false;
  /** @type {Element|null} */ let typing = null;
  let shown = element.innerHTML.trim();

  async function refresh() {
    if (came) return;
    const now = await newest.ask(element.dataset.url ?? "", { headers: { Accept: "text/html" } });
    if (!now?.answer.ok || now.answer.redirected) return;
    const html = now.text.trim();
    if (!once) place(html);
    else if (html) placeOnce(html);
  }

  /** @param {string} html */
  async function place(html) {
    if (html === shown) return;
    const active = document.activeElement;
    if (active && active !== element && element.contains(active) && active.matches(TYPED)) {
      // Asked anew then: what came now may be older by then than what stands there.
      const goesOn = () => {
        typing = null;
        setTimeout(refresh, 200);
      };
      if (typing !== active) active.addEventListener("blur", goesOn, { once: true, signal: life.signal });
      typing = active;
      return;
    }
    shown = html;
    came = once;
    const round = (placed += 1);
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const held = element.contains(active) || element.querySelector("details[open]") || [...element.querySelectorAll("input")].some((each) => each.checked !== each.defaultChecked);
    // Where it can't be had the part is drawn all the same: what stands there is wrong by now.
    const kept = held ? await import("visits/fragment-keep.js").catch(() => null) : null;
    if (round !== placed || life.signal.aborted) return;
    const giveBack = kept?.hold(element);
    element.replaceChildren(...fresh.childNodes);
    // @ts-ignore: htmx is a script of its own
    window.htmx?.process(element);
    element.dispatchEvent(new CustomEvent("visits:fragment", { bubbles: true }));
    giveBack?.();
  }

  /** @param {string} html */
  function placeOnce(html) {
    if (came) return;
    const fields = /** @type {NodeListOf<HTMLInputElement>} */ (element.querySelectorAll("input:not([type=hidden]), textarea"));
    if ([...fields].some((field) => field.value !== field.defaultValue)) {
      element.addEventListener("htmx:afterSettle", () => placeOnce(html), { once: true, signal: life.signal });
      return;
    }
    place(html);
  }

  const { signal } = life;
  document.addEventListener("visits:hint", (event) => {
    const { kind } = /** @type {CustomEvent} */ (event).detail;
    if (!kinds || kinds.includes(kind)) refresh();
  }, { signal });
  document.addEventListener("visits:resync", refresh, { signal });
  if ("later" in element.dataset) refresh();
  return () => life.abort();
}
