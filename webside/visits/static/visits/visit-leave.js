/**
 * A link that would take the page away from its call asks first: `data-behavior="visit-leave"` on the dialog that asks.
 *
 *   a[data-leave-beside]  opens the link in a window of its own, and the call goes on
 *   a[data-leave-go]      leaves the call, with a word to the other side, and goes there
 *
 * What shuts the dialog is of `ui/dialog.js`. Without a call there is nothing to ask.
 */

import { saveBeforeLeaving } from "ui/autosave.js";
import { open } from "ui/dialog.js";
import { attach as callOf } from "visits/visits-call.js";

/** @param {HTMLDialogElement} dialog */
export default function attach(dialog) {
  const root = /** @type {HTMLElement|null} */ (document.querySelector("[data-behavior~=visits-call]"));
  const beside = /** @type {HTMLAnchorElement} */ (dialog.querySelector("[data-leave-beside]"));
  const go = /** @type {HTMLAnchorElement} */ (dialog.querySelector("[data-leave-go]"));
  const life = new AbortController();
  const { signal } = life;

  const inCall = () => root !== null && "joined" in root.dataset && root.dataset.state !== "ended";

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || !inCall() || !leads(link, event)) return;
    event.preventDefault();
    beside.href = go.href = link.href;
    open(dialog);
  }, { signal });

  beside.addEventListener("click", () => dialog.close(), { signal });
  go.addEventListener("click", async (event) => {
    event.preventDefault();
    await saveBeforeLeaving();
    if (root) callOf(root).leave(go.href);
  }, { signal });
  return () => life.abort();
}

/**
 * Whether a press on a link takes this very page to another one.
 * @param {HTMLAnchorElement} link @param {MouseEvent} event
 */
function leads(link, event) {
  const elsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (elsewhere || (link.target && link.target !== "_self") || link.hasAttribute("download")) return false;
  if (link.closest("dialog") || !/^https?:$/.test(link.protocol)) return false;
  return !(link.hash && link.href.split("#")[0] === location.href.split("#")[0]);
}
