/**
 * Sending files in the chat of a visit: `data-behavior="visit-files"`, within the chat's root.
 *
 *   root                  data-url (where a file is begun; a part goes to data-url + key), data-most (bytes of one file)
 *   input[data-files-pick], [data-files-list] (what is on its way), [data-files-said] (read aloud)
 *   form[data-chat-act]   anywhere in the page: posted without leaving it; the answer holds `text`
 *
 * Files are also dropped on the chat, or pasted into it. What sends them (`file-sending.js`) is fetched when the first
 * one is chosen: the page of a call is light for whoever sends none.
 */

import { csrfToken } from "visits/signal-socket.js";
import { t } from "ui/words.js";

/** @param {HTMLElement} root */
export default function attach(root) {
  const chat = /** @type {HTMLElement} */ (root.closest("[data-behavior~='visit-chat']"));
  const life = new AbortController();
  const { signal } = life;
  const said = /** @type {HTMLElement} */ (root.querySelector("[data-files-said]"));
  /** @type {Promise<import("./file-sending.js").Sender>|null} */ let sender = null;

  /** @param {Iterable<File>} files @param {(id: string) => void} [sent] is told the id of each that has arrived */
  async function send(files, sent) {
    const chosen = [...files];
    if (!chosen.length) return;
    sender ??= import("visits/file-sending.js").then(({ Sender }) => new Sender(root, signal));
    try {
      for (const file of chosen) (await sender).add(file, sent);
    } catch {
      sender = null;
      said.textContent = t("That did not get through. Try again.");
    }
  }

  root.hidden = false;
  for (const pick of /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("[data-files-pick]"))) {
    pick.addEventListener("change", () => {
      send([...(pick.files ?? [])]);
      pick.value = "";
    }, { signal });
  }

  /** @param {DragEvent} event */
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  chat.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    chat.dataset.dropping = "";
  }, { signal });
  chat.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && chat.contains(event.relatedTarget))) delete chat.dataset.dropping;
  }, { signal });
  chat.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    delete chat.dataset.dropping;
    send(event.dataTransfer?.files ?? []);
  }, { signal });
  chat.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    send(files);
  }, { signal });
  // Another part of the page sends a picture that it has made: see `visit-picture.js`.
  document.addEventListener("visits:send-file", (event) => {
    const { file, sent } = /** @type {CustomEvent} */ (event).detail;
    send([file], sent);
  }, { signal });

  // What is pressed about a file must not leave the page, which would end the call.
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("[data-chat-act]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form, event.submitter)));
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers, signal: AbortSignal.timeout(8000) });
      const told = await answer.json();
      said.textContent = answer.redirected ? t("The visit is not open here any more.") : told.text;
    } catch {
      said.textContent = t("That did not get through. Try again.");
    }
    for (const kind of ["chat", "keeping"]) document.dispatchEvent(new CustomEvent("visits:hint", { detail: { kind } }));
  }, { signal, capture: true });

  return () => life.abort();
}
