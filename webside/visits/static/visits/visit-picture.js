/**
 * The picture that everybody in a visit looks at: `data-behavior="visit-picture"` on its panel.
 *
 *   root    data-url (GET: which picture, and what is drawn, or as HTML what the panel holds; POST: do = show, hide, draw,
 *           undo, clear); data-looks-on: draws nothing
 *   [data-picture-show="id"] anywhere in the page shows a picture of the chat
 *
 * All that draws is in `picture-board.js`, fetched with what the panel holds when there is a picture, or when it is opened.
 */

import { csrfToken } from "visits/signal-socket.js";
import { Newest } from "ui/newest.js";
import { t } from "ui/words.js";

/** @typedef {{id: string, url: string, width: number, height: number, name: string, shown_by: string, own: boolean}} Picture */
/** @typedef {{key: string, shape: string, ink: string, points: number[], own: boolean, who: string}} Mark */
/** @typedef {{picture: Picture|null, marks: Mark[]}} State */

/** What the server said in words. */
export class Refused extends Error {}

/** @param {HTMLElement} root */
export default function attach(root) {
  const life = new AbortController();
  const { signal } = life;
  const url = root.dataset.url ?? "";
  const said = /** @type {HTMLElement} */ (root.querySelector("[data-picture-said]"));
  /** @type {Promise<import("./picture-board.js").Board>|null} */ let board = null;
  const newest = new Newest(signal);
  /** @type {string|null} */ let shown = null;
  /** Whether the panel was opened for what somebody shows, and not by a press. */
  let openedForIt = false;

  /** Whoever never sees a picture carries nothing of it. */
  const loadBoard = () =>
    (board ??= Promise.all([import("visits/picture-board.js"), fill()]).then(
      ([{ Board }]) => new Board(root, { change, signal }),
      (error) => {
        board = null; // the next press, or the next hint, tries again
        throw error;
      },
    ));

  async function fill() {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store", signal });
    if (!answer.ok || answer.redirected) throw new Error(`no panel: ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    root.querySelector("[data-picture-body]")?.replaceChildren(...fresh.childNodes);
    say("");
  }

  /** @param {string} text */
  function say(text) {
    said.textContent = text;
  }

  async function refresh() {
    const now = await newest.ask(url, { headers: { Accept: "application/json" } });
    if (!now?.answer.ok || now.answer.redirected) return;
    try {
      await take(JSON.parse(now.text));
    } catch {
      // The panel could not be had: the next hint, or the return of the socket, asks again.
    }
  }

  /** @param {State} state */
  async function take(state) {
    const id = state.picture?.id ?? null;
    if (!id && !board) return;
    (await loadBoard()).show(state);
    if (id && id !== shown && root.hidden) {
      open();
      openedForIt = true;
    } else if (!id && shown && openedForIt) shut();
    shown = id;
  }

  /**
   * Change something; what is there then is drawn. A line that is down is tried again with the same key.
   * @param {Record<string, string>} fields
   * @returns {Promise<State>}
   * @throws {Refused} what the server said
   */
  async function change(fields) {
    const body = new URLSearchParams(fields);
    const isNews = newest.turn();
    for (let tries = 0; ; tries += 1) {
      let answer = null;
      try {
        const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
        answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(8000) });
      } catch (error) {
        if (signal.aborted || tries >= 5) throw error;
      }
      if (answer?.ok && !answer.redirected) {
        const state = await answer.json();
        if (isNews()) await take(state);
        return state;
      }
      if (answer && answer.status < 500) {
        const told = await answer.json().catch(() => null);
        throw new Refused(told?.error?.text ?? t("The visit is not open here any more."));
      }
      if (tries >= 5) throw new Refused(t("That did not get through. Try again."));
      await new Promise((resolve) => setTimeout(resolve, 700 * (tries + 1)));
    }
  }

  /** Open the panel for somebody who is busy with something else: focus stays where it is. */
  function open() {
    root.hidden = false;
    for (const button of document.querySelectorAll("button[data-panel='picture'][aria-expanded]")) button.setAttribute("aria-expanded", "true");
  }

  function shut() {
    openedForIt = false;
    // Whoever put it away herself goes on from the call.
    if (root.contains(document.activeElement)) document.getElementById("main")?.focus();
    root.hidden = true;
    for (const button of document.querySelectorAll("button[data-panel='picture'][aria-expanded]")) button.setAttribute("aria-expanded", "false");
  }

  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-panel='picture']")) {
      openedForIt = false;
      await loadBoard().catch(() => say(t("That did not get through. Try again.")));
    }
    const button = /** @type {HTMLElement|null} */ (target?.closest("[data-picture-show]") ?? null);
    if (!button) return;
    try {
      await change({ do: "show", picture: button.dataset.pictureShow ?? "" });
      open();
      /** @type {HTMLElement} */ (root.querySelector("[data-board]")).focus();
    } catch (error) {
      open();
      say(error instanceof Refused ? error.message : t("That did not get through. Try again."));
    }
  }, { signal });
  document.addEventListener("visits:hint", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.kind === "picture") refresh();
  }, { signal });
  document.addEventListener("visits:resync", refresh, { signal });
  refresh();
  return () => life.abort();
}
