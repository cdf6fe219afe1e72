/**
 * Heart and lung sounds: for a while the patient's microphone, best an electronic stethoscope, is sent whole. Nothing is
 * taken out of it (no echo, noise or level control), and it has eight times the bits of speech.
 *
 * The clinician asks (action `sounds`), the patient's page says what to do and turns it on with one press, and either ends
 * it with one. `SoundsAsked` is the patient's side (part `sounds`), `SoundsHeard` the clinician's (part `sounds-heard`).
 * Loaded when it is first asked for. What is sent and whether it is whole is PeerCall's: `setSounds`, `askForSounds`.
 *
 *   data-call=         sounds (with data-on while it is on, and [data-sounds-text]), sounds-heard (with [data-sounds-text])
 *   data-call-action=  sounds (asks, or ends it), sounds-on, sounds-not, sounds-off
 */

/** Who may ask for them. */
const LISTENERS = ["clinician", "nurse", "specialist"];

/**
 * @typedef {object} Page what these need of the page of the call
 * @property {import("visits/local-media.js").LocalMedia} media
 * @property {import("visits/call-mesh.js").Mesh} mesh
 * @property {(name: string) => HTMLElement|null} part
 * @property {(key: string, values?: Record<string, string>) => string} words
 * @property {(text: string) => void} say
 * @property {() => void} unmute
 */

/** @param {import("visits/call-mesh.js").Mesh} mesh @returns whoever asks to hear the sounds and may */
export function whoAsks(mesh) {
  return mesh.others.find(({ role, call }) => call.peer.asksForSounds && LISTENERS.includes(role)) ?? null;
}

/** @param {HTMLElement|null} part @param {string} text */
function write(part, text) {
  const place = part?.querySelector("[data-sounds-text]");
  if (place && place.textContent !== text) place.textContent = text;
}

export class SoundsAsked {
  #page;
  /** @type {import("visits/call-mesh.js").Person|null} who asked last */ #asker = null;
  #busy = false;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** What is asked may have changed. */
  render() {
    const { mesh, part, words, say, media } = this.#page;
    const asker = whoAsks(mesh);
    if (asker !== this.#asker) {
      if (this.#asker) this.#asker.call.setSounds("off");
      this.#asker = asker;
      if (asker) say(words("sounds.asked", { name: asker.name }));
      else if (media.whole) this.#end();
    }
    const panel = part("sounds");
    if (!panel) return;
    const on = media.whole && asker !== null;
    panel.hidden = !asker || asker.call.sounds === "no";
    panel.toggleAttribute("data-on", on);
    write(panel, asker ? words(on ? "sounds.sent" : "sounds.asked", { name: asker.name }) : "");
  }

  async on() {
    const asker = this.#asker;
    if (!asker || this.#busy) return;
    this.#busy = true;
    const began = await this.#page.media.setWhole(true);
    this.#busy = false;
    if (began && this.#asker === asker) {
      this.#page.unmute();
      asker.call.setSounds("on");
      this.#page.say(this.#page.words("sounds.sent", { name: asker.name }));
    } else if (began) {
      await this.#end();
    }
    this.render();
  }

  not() {
    this.#asker?.call.setSounds("no");
    this.render();
  }

  /** The patient ends it: as if she had not been asked. */
  async off() {
    this.#asker?.call.setSounds("no");
    await this.#end();
    this.render();
  }

  async #end() {
    await this.#page.media.setWhole(false);
    this.#page.say(this.#page.words("sounds.ended"));
  }
}

export class SoundsHeard {
  #page;
  #said = "";
  /** Whether a *no* to what was asked before still stands: the other side has not heard yet that it was asked anew. */
  #oldNo = false;
  /** @type {number|null} */ #delayMs = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @returns {boolean} whether they are asked for */
  get asked() {
    return this.#page.mesh.main?.call.asksForSounds ?? false;
  }

  toggle() {
    const call = this.#page.mesh.main?.call;
    this.#oldNo = call?.peer.sounds === "no";
    call?.askForSounds(!this.asked);
    this.render();
  }

  /** @param {number|null} delayMs between there and here */
  heard(delayMs) {
    this.#delayMs = delayMs;
    this.render();
  }

  render() {
    const { mesh, part, words, say } = this.#page;
    const person = mesh.main;
    const panel = part("sounds-heard");
    if (!person || !panel) return;
    const { sounds } = person.call.peer;
    if (sounds !== "no") this.#oldNo = false;
    if (this.asked && sounds === "no" && !this.#oldNo) {
      person.call.askForSounds(false); // told once, and then it is over
      this.#said = "";
      panel.hidden = true;
      return say(words("sounds.declined", { name: person.name }));
    }
    panel.hidden = !this.asked;
    if (!this.asked) return void (this.#said = "");
    const state = person.call.state === "connected" && sounds !== "no" ? sounds : "off";
    const delay = this.#delayMs === null ? "" : ` ${words("sounds.delay", { ms: String(10 * Math.round(this.#delayMs / 10)) })}`;
    write(panel, words(`sounds.state.${state}`, { name: person.name }) + (state === "whole" ? delay : ""));
    panel.dataset.sounds = state;
    if (state !== this.#said) say(words(`sounds.state.${state}`, { name: person.name }));
    this.#said = state;
  }
}
