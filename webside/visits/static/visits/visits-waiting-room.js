/**
 * The waiting room: `data-behavior="visits-waiting-room"`.
 *
 * Markup contract (sample in README.md):
 *
 *   root              data-ticket-url, data-socket-url ("/ws"), data-line-url (the fragment again), data-room-url (the call)
 *   data-waiting=     line: replaced by what data-line-url answers. When that answer (or the page itself) holds an element
 *                     with data-admitted, the person goes to data-room-url. self (<video>), self-placeholder, level (<meter>),
 *                     connection (says in words whether the clinic sees the person), media-notice, status (aria-live)
 *   data-waiting-action=  mute, camera
 *   <template data-waiting-over="cancelled">, "revoked": what the page says instead of everything when its visit was
 *                     cancelled (an element with data-over="cancelled" in the line says so too), or its link works no more
 *   data-while-waiting, outside the root: goes with the waiting room
 *
 * Presence is the open socket itself; the server also hears whether the page is on the screen ("presence").
 * A hint about the visit (any topic) fetches the line again, and is told to the page as "visits:hint"; so does each return of the socket, and, while it is away, every
 * 20 seconds. What the person chose here (muted, no picture) goes along into the call.
 */

import { mediaNoticeOf } from "visits/call-notice.js";
import { JOIN_STORE, LocalMedia, recall, remember, watchLevel } from "visits/local-media.js";
import { SignalSocket } from "visits/signal-socket.js";
import { Newest } from "ui/newest.js";
import { wordsOf } from "visits/call-words.js";

const POLL_MS = 20_000;
/** Long enough to be read, and for a screen reader to begin. */
const GO_AFTER_MS = 1200;

/** @param {Element} root @returns {() => void} for an element that is taken away */
export default function attachWaitingRoom(root) {
  const room = new WaitingRoom(/** @type {HTMLElement} */ (root));
  return () => room.dispose();
}

export class WaitingRoom {
  media = new LocalMedia();

  #root;
  #words;
  #socket;
  #muted;
  /** Whether she would be seen. A camera that failed, or that is still starting as she is let in, is no choice. */ #picture;
  #admitted = false;
  /** @type {() => void} */ #stopMeter = () => undefined;
  /** @type {MediaStreamTrack|null} */ #metered = null;
  /** Camera and microphone are still starting: who mutes now means the microphone that comes. */ #opening = true;
  #life = new AbortController();
  #newest = new Newest(this.#life.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#words = wordsOf(root);
    const before = recall(sessionStorage, JOIN_STORE);
    this.#muted = before.audio === false;
    this.#picture = before.video !== false;
    this.media.showIn(/** @type {HTMLVideoElement|null} */ (this.#part("self")));
    this.media.addEventListener("change", () => this.#mediaChanged());
    root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-waiting-action]") : null;
      if (button) this.#act(button.getAttribute("data-waiting-action") ?? "");
    });
    this.#socket = new SignalSocket({ ticketUrl: root.dataset.ticketUrl ?? "", url: root.dataset.socketUrl || "/ws" });
    this.#socket.addEventListener("welcome", () => this.#online());
    this.#socket.addEventListener("down", () => this.#write("connection", this.#words("waiting.offline")));
    this.#socket.addEventListener("hint", (event) => {
      this.refresh();
      this.#tell("visits:hint", /** @type {CustomEvent} */ (event).detail);
    });
    this.#socket.addEventListener("bye", (event) => this.#saidBye(/** @type {CustomEvent} */ (event).detail.reason));
    const { signal } = this.#life;
    document.addEventListener("visibilitychange", () => this.#tellPresence(), { signal });
    addEventListener("pagehide", () => this.media.stopAll(), { signal });
    const poll = setInterval(() => !this.#socket.up && this.refresh(), POLL_MS);
    signal.addEventListener("abort", () => clearInterval(poll));
    this.#socket.open();
    this.media.open({ audio: true, video: this.#picture }).finally(() => (this.#opening = false));
    this.#admitIfTold(root);
  }

  /** Fetches the line again. */
  async refresh() {
    const { lineUrl } = this.#root.dataset;
    const line = this.#part("line");
    if (!lineUrl || !line || this.#admitted) return;
    const now = await this.#newest.ask(lineUrl, { headers: { Accept: "text/html" } });
    if (!now?.answer.ok || now.answer.redirected) return;
    const fresh = new DOMParser().parseFromString(now.text, "text/html").body;
    // The same words again would move what is being read, and be said again.
    if (fresh.innerHTML.trim() !== line.innerHTML.trim()) line.replaceChildren(...fresh.childNodes);
    if (line.querySelector('[data-over="cancelled"]')) this.#close("cancelled");
    else this.#admitIfTold(line);
  }

  #online() {
    this.#write("connection", this.#words("waiting.online"));
    this.#tellPresence();
    this.refresh();
    this.#tell("visits:resync", {});
  }

  /** As the page of a call does, for parts that follow the visit (visit-fragment.js). @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.#root.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  #tellPresence() {
    this.#socket.send({ type: "presence", visible: document.visibilityState === "visible" });
  }

  /** @param {Element} where */
  #admitIfTold(where) {
    const { roomUrl } = this.#root.dataset;
    if (this.#admitted || !roomUrl || !where.querySelector("[data-admitted]")) return;
    this.#admitted = true;
    this.#write("status", this.#words("waiting.admitted"));
    this.#rememberChoice();
    setTimeout(() => {
      this.dispose();
      location.assign(roomUrl);
    }, GO_AFTER_MS);
  }

  dispose() {
    this.#life.abort();
    this.#socket.close();
    this.#stopMeter();
    this.media.stopAll();
  }

  /** @param {string} reason */
  #saidBye(reason) {
    // Let in and asked back before this page had followed: it is the right one still, with a socket of its own.
    if (reason === "lobby") return location.reload();
    // Who came by a link finds no page of the visit any more: what is to be said was brought along.
    if (this.#close(reason)) return;
    if (reason === "ended") this.refresh();
    const key = ["ended", "replaced"].includes(reason) ? reason : "revoked";
    this.#write("connection", `${this.#words(`notice.${key}.head`)} ${this.#words(`notice.${key}.body`)}`.trim());
    this.media.stopAll();
  }

  /**
   * Lets the words that the page has for this end take the place of the waiting room.
   * @param {string} end @returns {boolean} whether it has any
   */
  #close(end) {
    const words = /** @type {HTMLTemplateElement|null} */ (this.#root.querySelector(`template[data-waiting-over="${end}"]`));
    const main = this.#root.closest("main");
    if (!words || !main) return false;
    this.dispose();
    for (const each of document.querySelectorAll("[data-while-waiting]")) each.remove();
    const wrap = main.querySelector(".ws-wrap") ?? main;
    main.className = "ws-main";
    wrap.replaceChildren(words.content.cloneNode(true));
    if (wrap !== main) main.replaceChildren(wrap);
    const heading = /** @type {HTMLElement|null} */ (main.querySelector("h1"));
    document.title = heading?.textContent ?? document.title;
    heading?.focus();
    return true;
  }

  /** @param {string} action */
  async #act(action) {
    if (action === "mute") {
      if (!this.media.tracks.audio && !this.#opening) this.#muted = !(await this.media.choose("audio"));
      else this.#muted = !this.#muted;
    } else if (action === "camera") {
      if (this.media.tracks.video) this.media.stop("video");
      else await this.media.choose("video");
      this.#picture = Boolean(this.media.tracks.video || this.media.problems.video);
    }
    this.#mediaChanged();
    this.#rememberChoice();
  }

  #rememberChoice() {
    remember(sessionStorage, JOIN_STORE, { audio: !this.#muted, video: this.#picture });
  }

  #mediaChanged() {
    const { tracks, problems } = this.media;
    if (tracks.audio) tracks.audio.enabled = !this.#muted;
    this.#press("mute", this.#muted || (!tracks.audio && !this.#opening));
    this.#press("camera", !tracks.video);
    const placeholder = this.#part("self-placeholder");
    if (placeholder) placeholder.hidden = Boolean(tracks.video);
    const notice = this.#part("media-notice");
    const found = mediaNoticeOf(problems);
    if (notice) {
      notice.hidden = !found;
      // The head of the call ("they can't see you") would be wrong here: nobody sees anybody yet.
      notice.textContent = found ? found.body.map((key) => this.#words(key)).join(" ") : "";
    }
    this.#meter(tracks.audio);
  }

  /** @param {MediaStreamTrack|null} track */
  #meter(track) {
    const meter = /** @type {HTMLMeterElement|null} */ (this.#part("level"));
    if (!meter || track === this.#metered) return;
    this.#metered = track;
    this.#stopMeter();
    this.#stopMeter = () => undefined;
    meter.value = 0;
    if (track) this.#stopMeter = watchLevel(track, (level) => (meter.value = level));
  }

  /** @param {string} action @param {boolean} pressed */
  #press(action, pressed) {
    for (const button of this.#root.querySelectorAll(`[data-waiting-action="${action}"]`)) {
      button.setAttribute("aria-pressed", String(pressed));
    }
  }

  /** @param {string} name @param {string} text */
  #write(name, text) {
    const part = this.#part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }

  /** @param {string} name @returns {HTMLElement|null} */
  #part(name) {
    return this.#root.querySelector(`[data-waiting="${name}"]`);
  }
}
