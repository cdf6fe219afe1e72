/**
 * Captions: somebody reads what the others say, each of whom was asked and may take it back. Loaded when it is first asked for,
 * here or elsewhere.
 *
 *   data-call=captions  the place in the page; data-url: where its part comes from, and where what is pressed in it goes
 *   [data-reads], [data-writes]  of that part: she reads; her voice is written (the address of its tickets)
 *   [data-captions-lines], [data-captions-state], [data-captions-own], [data-captions-question], [data-captions-head] (where the focus goes), template[data-captions-words]
 *
 * What is said stands on this page alone, the last lines of it. It is for the eyes: nothing of it is said over the call.
 */

import { Newest } from "ui/newest.js";
import { t } from "ui/words.js";
import { csrfToken } from "visits/signal-socket.js";
import { VoiceSender } from "visits/voice-sender.js";

const KEPT_LINES = 4;
/** Longer, and the connection is taken for dead: she is told, and may press again. */
const ANSWER_MS = 10_000;

/**
 * @typedef {object} Page what captions need of the page of the call
 * @property {() => MediaStreamTrack|null} track the microphone, while she may be heard and is not muted
 * @property {(participant: string) => string} nameOf
 * @property {(text: string) => void} say
 * @property {(text: string) => void} note
 * @property {() => void} changed
 */

export class Captions {
  #place;
  #page;
  #newest = new Newest();
  #shown = "";
  #question = "";
  /** @type {VoiceSender|null} */ #sender = null;
  /** Whose voice the clinic's computer doesn't write now. @type {Set<string>} */ #away = new Set();
  #own = "";

  /** @param {HTMLElement} place @param {Page} page */
  constructor(place, page) {
    this.#place = place;
    this.#page = page;
    place.addEventListener("submit", (event) => {
      event.preventDefault();
      const { submitter } = event;
      this.#post(new FormData(/** @type {HTMLFormElement} */ (event.target), submitter));
    });
  }

  get reads() {
    return this.#part("[data-reads]") !== null;
  }

  /** She wants to read, or no more. */
  async toggle() {
    const body = new FormData();
    body.set("do", this.reads ? "stop" : "read");
    await this.#post(body);
    if (this.reads) this.#part(".visit-captions__head h2")?.focus();
  }

  /** Who reads, or whose voice is written, may have changed. */
  async refresh() {
    const now = await this.#newest.ask(this.#url, { headers: { Accept: "text/html" } });
    if (now?.answer.ok && !now.answer.redirected) this.#show(now.text);
  }

  /** @param {FormData} body */
  async #post(body) {
    const isNews = this.#newest.turn();
    // What is taken back is taken back at once, whether or not anybody hears of it.
    if (body.get("do") === "decline") this.#endVoice();
    try {
      const answer = await fetch(this.#url, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const html = await answer.text();
      if (isNews()) this.#show(html);
    } catch {
      this.#page.note(t("That did not get through. Try again."));
    }
  }

  /** @param {{from: string, line?: string, final?: boolean, words?: [string, boolean][], state?: string}} message */
  heard({ from, line, final = false, words = [], state }) {
    if (state === "behind") return this.#gap();
    if (!state) return line && this.#write(from, line, final, words);
    if (state === "away") this.#away.add(from);
    else this.#away.delete(from);
    this.#showState();
  }

  /** The microphone is another one. */
  listen() {
    this.#sender?.listen();
  }

  /** The call is over for her. */
  stop() {
    this.#endVoice();
    this.#show("");
  }

  /** @param {string} html */
  #show(html) {
    if (html === this.#shown) return;
    this.#shown = html;
    const lines = [...(this.#part("[data-captions-lines]")?.children ?? [])];
    const focused = this.#place.contains(document.activeElement);
    const { head, body } = new DOMParser().parseFromString(html, "text/html"); // a style sheet that comes first is in the head
    this.#place.replaceChildren(...head.childNodes, ...body.childNodes);
    this.#place.hidden = !this.#part(".visit-captions");
    this.#part("[data-captions-lines]")?.append(...lines);
    if (focused) this.#part("[data-captions-head]")?.focus();
    const question = this.#part("[data-captions-question]")?.textContent ?? "";
    if (question && question !== this.#question) this.#page.say(question);
    this.#question = question;
    this.#followVoice();
    this.#showState();
    this.#page.changed();
  }

  #followVoice() {
    const ticketUrl = this.#part("[data-writes]")?.dataset.writes;
    if (!ticketUrl) return this.#endVoice();
    this.#sender ??= new VoiceSender({
      ticketUrl,
      track: this.#page.track,
      changed: (state) => {
        this.#own = state === "on" ? "" : `own-${state}`;
        this.#showState();
      },
    });
  }

  #endVoice() {
    this.#sender?.close();
    this.#sender = null;
    this.#own = "";
  }

  #showState() {
    write(this.#part("[data-captions-own]"), this.#own && this.#words(this.#own));
    const away = [...this.#away].map((from) => this.#words("away", this.#page.nameOf(from)));
    write(this.#part("[data-captions-state]"), away.join(" "));
  }

  /** @param {string} from @param {string} line @param {boolean} final @param {[string, boolean][]} words each, and whether it is unsure */
  #write(from, line, final, words) {
    const place = this.#part("[data-captions-lines]");
    if (!place) return;
    let shown = /** @type {HTMLElement|null} */ (place.querySelector(`[data-line="${CSS.escape(line)}"]`));
    if (!words.length) return shown?.remove();
    if (!shown) {
      shown = document.createElement("p");
      shown.dataset.line = line;
      const name = document.createElement("b");
      name.textContent = `${this.#page.nameOf(from)}: `;
      shown.append(name, document.createElement("span"));
      this.#append(shown);
    }
    shown.toggleAttribute("data-final", final);
    shown.lastElementChild?.replaceChildren(...words.flatMap(([word, unsure]) => (unsure ? [this.#unsure(word), " "] : [`${word} `])));
    place.scrollTop = place.scrollHeight;
  }

  #gap() {
    const gap = document.createElement("p");
    gap.dataset.gap = "";
    gap.textContent = this.#words("behind");
    this.#append(gap);
  }

  /** @param {HTMLElement} line */
  #append(line) {
    const place = this.#part("[data-captions-lines]");
    place?.append(line);
    while (place && place.children.length > KEPT_LINES) place.firstElementChild?.remove();
  }

  /** @param {string} word @returns {HTMLElement} underlined, and said to be unsure to who doesn't see it */
  #unsure(word) {
    const marked = document.createElement("u");
    const said = document.createElement("span");
    said.className = "ws-vh";
    said.textContent = ` ${this.#words("unsure")}`;
    marked.append(word, said);
    return marked;
  }

  /** @param {string} key @param {string} [name] @returns {string} in the page's language */
  #words(key, name = "") {
    const words = /** @type {HTMLTemplateElement|null} */ (this.#place.querySelector("[data-captions-words]"));
    return (words?.content.querySelector(`[data-word="${key}"]`)?.textContent ?? "").replace("{name}", name);
  }

  get #url() {
    return this.#place.dataset.url ?? "";
  }

  /** @param {string} selector @returns {HTMLElement|null} */
  #part(selector) {
    return this.#place.querySelector(selector);
  }
}

/** @param {HTMLElement|null} place @param {string} text the same again would be said again */
function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}
