/**
 * Sends files in parts, one file after the other.
 *
 * Each file has a key of its own, and the server says how many bytes it has: after a break, or an answer that got lost,
 * sending goes on from there. So nothing is sent twice, and nothing is called sent before the server has kept it.
 */

import { csrfToken } from "visits/signal-socket.js";
import { t } from "ui/words.js";

const PART_BYTES = 256 * 1024;
const RETRY_MS = [700, 1500, 3000, 5000];
const PART_TIMEOUT_MS = 20000;
/** @type {[number, string][]} */
const UNITS = [[1024 * 1024, "MB"], [1024, "kB"], [1, "bytes"]];

/** What the server has said for good: sending again would change nothing. */
class Refused extends Error {}

export class Sender {
  /** @type {Sending[]} */ #waiting = [];
  #busy = false;

  /** @param {HTMLElement} root @param {AbortSignal} signal ends all */
  constructor(root, signal) {
    this.url = root.dataset.url ?? "";
    this.most = Number(root.dataset.most);
    this.list = /** @type {HTMLElement} */ (root.querySelector("[data-files-list]"));
    this.said = /** @type {HTMLElement} */ (root.querySelector("[data-files-said]"));
    this.signal = signal;
    window.addEventListener("online", () => this.#waiting[0]?.hurry(), { signal });
    document.addEventListener("visits:resync", () => this.#waiting[0]?.hurry(), { signal });
  }

  /** @param {File} file @param {(id: string) => void} [sent] is told its id once it has arrived */
  add(file, sent) {
    const sending = new Sending(file, this, sent);
    this.list.append(sending.row);
    if (!file.size) return sending.refuse(t("The file is empty. Choose it again."));
    if (file.size > this.most) return sending.refuse(t("The file is over {size}. Send a smaller copy.", { size: sizeOf(this.most) }));
    this.#waiting.push(sending);
    this.#run();
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length && !this.signal.aborted) {
      await this.#waiting[0].run();
      this.#waiting.shift();
    }
    this.#busy = false;
  }
}

class Sending {
  #have = 0;
  #failures = 0;
  #over = false;
  /** Whether the server has said how much it has, and nothing has gone wrong since. */
  #sure = false;
  /** @type {(() => void)|null} */ #wake = null;

  /** @param {File} file @param {Sender} sender @param {(id: string) => void} [sent] */
  constructor(file, sender, sent) {
    this.sent = sent;
    this.file = file;
    this.sender = sender;
    this.key = crypto.randomUUID();
    this.row = document.createElement("li");
    this.name = document.createElement("span");
    this.name.textContent = file.name;
    this.bar = document.createElement("progress");
    this.bar.max = Math.max(1, file.size);
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.state = document.createElement("span");
    this.state.className = "ws-small ws-muted";
    this.state.textContent = t("Waiting");
    this.stop = document.createElement("button");
    this.stop.type = "button";
    this.stop.className = "ws-btn ws-btn--plain ws-btn--s";
    this.stop.textContent = t("Cancel");
    this.stop.setAttribute("aria-label", t("Cancel {name}", { name: file.name }));
    this.stop.addEventListener("click", () => this.#end());
    this.row.append(this.name, this.bar, this.state, this.stop);
  }

  /** Send the file to its end, whatever the line does meanwhile. */
  async run() {
    while (!this.#over && !this.sender.signal.aborted) {
      try {
        // A line that broke may have lost an answer: ask what is there before sending on.
        const answer = this.#sure ? await this.#part() : await this.#begin();
        if (this.#over) return;
        if (this.#sure) this.#failures = 0;
        this.#sure = true;
        this.#have = answer.have;
        this.bar.value = this.#have;
        this.state.textContent = t("{have} of {size}", { have: sizeOf(this.#have), size: sizeOf(this.file.size) });
        if (answer.id) return this.#done(answer.id);
      } catch (error) {
        if (this.#over || this.sender.signal.aborted) return;
        if (error instanceof Refused) return this.refuse(error.message);
        this.#sure = false;
        this.state.textContent = t("No connection. We go on by ourselves.");
        await this.#pause();
      }
    }
  }

  /** A line is back: try at once. */
  hurry() {
    this.#wake?.();
  }

  /** @param {string} why */
  refuse(why) {
    this.#over = true;
    this.bar.hidden = true;
    this.row.dataset.refused = "";
    this.state.textContent = t("Not sent. {why}", { why });
    this.sender.said.textContent = t("{name} was not sent. {why}", { name: this.file.name, why });
    this.stop.textContent = t("Close");
    this.stop.setAttribute("aria-label", t("Close the note about {name}", { name: this.file.name }));
  }

  #begin() {
    const body = new URLSearchParams({ key: this.key, name: this.file.name, size: String(this.file.size) });
    return this.#ask(this.sender.url, body);
  }

  #part() {
    const body = this.file.slice(this.#have, this.#have + PART_BYTES);
    return this.#ask(`${this.sender.url}${this.key}/?from=${this.#have}`, new Blob([body], { type: "application/octet-stream" }));
  }

  /** @param {string} url @param {BodyInit} body @returns {Promise<{have: number, id: string|null}>} */
  async #ask(url, body) {
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    const answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(PART_TIMEOUT_MS) });
    if (answer.redirected || [401, 404].includes(answer.status)) throw new Refused(t("The visit is not open here any more."));
    if (answer.ok) return answer.json();
    if ([403, 409, 410, 413, 422].includes(answer.status)) {
      const told = await answer.json().catch(() => null);
      throw new Refused(told?.error?.text ?? t("The visit is not open here any more."));
    }
    throw new Error(`answered ${answer.status}`);
  }

  async #pause() {
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    await new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
      setTimeout(resolve, wait);
    });
    this.#wake = null;
  }

  /** @param {string} id */
  #done(id) {
    this.#end();
    this.sent?.(id);
    this.sender.said.textContent = t("{name} was sent.", { name: this.file.name });
    document.dispatchEvent(new CustomEvent("visits:hint", { detail: { kind: "chat" } }));
  }

  #end() {
    this.#over = true;
    if (this.row.contains(document.activeElement)) document.querySelector("#chat-text")?.focus();
    this.row.remove();
    this.#wake?.();
  }
}

/** @param {number} bytes */
function sizeOf(bytes) {
  const [unit, name] = UNITS.find(([least]) => bytes >= least) ?? UNITS[2];
  return `${Number((bytes / unit).toFixed(unit > 1024 ? 1 : 0))} ${name}`;
}
