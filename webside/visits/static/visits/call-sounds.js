/**
 * Heart and lung sounds: for a while one microphone, best an electronic stethoscope, is sent whole. Nothing is taken out of it
 * (no echo, noise or level control), and it has eight times the bits of speech. It is the patient's, or that of who helps her
 * on site.
 *
 * The clinician asks (action `sounds`; where several could send them, says whom), the page of who is asked says what to do and
 * turns it on with one press, and either ends it with one. `SoundsAsked` is the asked side (part `sounds`; a page that may not
 * be asked has none), `SoundsHeard` the clinician's (part `sounds-heard`).
 * Loaded when it is first asked for. What is sent and whether it is whole is PeerCall's: `setSounds`, `askForSounds`.
 *
 *   data-call=         sounds (with data-on while it is on, and [data-sounds-text]), sounds-heard (with [data-sounds-text]),
 *                      sounds-whom (<dialog>; [data-sounds-people] gets a button for each who could send them)
 *   data-call-action=  sounds (asks, or ends it), sounds-ask (with data-person: asks that one), sounds-on, sounds-not, sounds-off
 */

/** Who may ask for them. */
const LISTENERS = ["clinician", "nurse", "specialist"];
/** Who may be asked: whose page has the part `sounds`, as long as they may speak. */
const SENDERS = ["patient", "presenter"];

/**
 * @typedef {object} Page what these need of the page of the call
 * @property {import("visits/local-media.js").LocalMedia} media
 * @property {import("visits/call-mesh.js").Mesh} mesh
 * @property {(name: string) => HTMLElement|null} part
 * @property {(key: string, values?: Record<string, string>) => string} words
 * @property {(text: string) => void} say
 * @property {(text: string) => void} note says and shows it for a while
 * @property {() => boolean} maySpeak
 * @property {() => void} unmute
 */

/** @param {import("visits/call-mesh.js").Mesh} mesh @returns whoever asks to hear the sounds and may */
export function whoAsks(mesh) {
  return mesh.others.find(({ role, call }) => call.peer.asksForSounds && LISTENERS.includes(role)) ?? null;
}

/** @param {import("visits/call-mesh.js").Person} person */
const mayBeAsked = ({ role, speak, left }) => SENDERS.includes(role) && speak && !left;

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
    const { mesh, part, words, say, media, maySpeak } = this.#page;
    const asker = maySpeak() ? whoAsks(mesh) : null;
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

  /** Who was asked ends it: as if she had not been. */
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
  /** @type {import("visits/call-mesh.js").Person|null} who was asked last */ #whom = null;
  /** Whether a *no* to what was asked before still stands: the other side has not heard yet that it was asked anew. */
  #oldNo = false;
  /** @type {number|null} */ #delayMs = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @returns {boolean} whether they are asked for */
  get asked() {
    return this.#whom?.call.asksForSounds ?? false;
  }

  get #could() {
    return this.#page.mesh.others.filter(mayBeAsked);
  }

  get #choice() {
    return /** @type {HTMLDialogElement|null} */ (this.#page.part("sounds-whom"));
  }

  /** Ends it, or asks: where several could send them, first the clinician. @param {string} [participant] whom to ask */
  toggle(participant) {
    const { mesh, note, words } = this.#page;
    const could = this.#could;
    this.#choice?.close(); // and the focus is where it was
    if (this.asked) this.#whom?.call.askForSounds(false);
    else if (participant) this.#ask(could.find((person) => person.participant === participant));
    else if (could.length > 1 && this.#choice) this.#choose();
    else if (could.length) this.#ask(could[0]);
    else note(words("state.waiting", { name: mesh.main?.name ?? words("peer.unknown") }));
    this.render();
  }

  #choose() {
    this.#list();
    this.#choice?.showModal();
  }

  /** @param {import("visits/call-mesh.js").Person} [person] who may have gone in this very moment */
  #ask(person) {
    if (!person) return;
    this.#whom = person;
    this.#delayMs = null;
    this.#oldNo = person.call.peer.sounds === "no";
    person.call.askForSounds(true);
  }

  /** A button for each who could send them; drawn anew only when it is others. */
  #list() {
    const list = this.#choice?.querySelector("[data-sounds-people]");
    const could = this.#could.map(({ participant, name, role }) => [participant, `${name}, ${this.#page.words(`role.${role}`)}`]);
    const key = JSON.stringify(could);
    if (!(list instanceof HTMLElement) || list.dataset.list === key) return;
    list.dataset.list = key;
    const inIt = list.contains(document.activeElement);
    list.replaceChildren(...could.map(([participant, text]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "ws-btn";
      button.textContent = text;
      Object.assign(button.dataset, { callAction: "sounds-ask", person: participant });
      return button;
    }));
    if (inIt) list.querySelector("button")?.focus();
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {number|null} delayMs between there and here */
  heard(person, delayMs) {
    if (person !== this.#whom) return;
    this.#delayMs = delayMs;
    this.render();
  }

  render() {
    if (this.#choice?.open) this.#list();
    const panel = this.#page.part("sounds-heard");
    const person = this.#whom;
    if (!panel || !person) return;
    if (this.asked) this.#endIfOver(person);
    if (!this.asked && panel.contains(document.activeElement)) {
      /** @type {HTMLElement|null} */ (document.querySelector("[role=toolbar] [data-call-action=sounds]"))?.focus();
    }
    panel.hidden = !this.asked;
    if (!this.asked) return void (this.#said = "");
    this.#show(panel, person);
  }

  /** Who declines, leaves, or may not speak any more: told once, and then it is over. @param {import("visits/call-mesh.js").Person} person */
  #endIfOver(person) {
    const { say, note, words } = this.#page;
    const declined = person.call.peer.sounds === "no";
    if (!declined) this.#oldNo = false;
    if (mayBeAsked(person) && (!declined || this.#oldNo)) return;
    person.call.askForSounds(false);
    const text = words("sounds.declined", { name: person.name });
    if (person.left) queueMicrotask(() => say(text)); // that she left is shown, and is said before this
    else note(text);
  }

  /** @param {HTMLElement} panel @param {import("visits/call-mesh.js").Person} person */
  #show(panel, { name, call }) {
    const { mesh, words, say } = this.#page;
    const { sounds } = call.peer;
    const lost = call.state === "reconnecting" || call.state === "failed";
    const state = call.state === "connected" && sounds !== "no" ? sounds : "off";
    // Of one of several it is said whose sound that is.
    const whose = state !== "off" && mesh.others.length > 1 ? `${name}: ` : "";
    const text = whose + words(lost ? "notice.away.head" : `sounds.state.${state}`, { name });
    const delay = this.#delayMs === null ? "" : ` ${words("sounds.delay", { ms: String(10 * Math.round(this.#delayMs / 10)) })}`;
    write(panel, text + (state === "whole" ? delay : ""));
    panel.dataset.sounds = state;
    if (text !== this.#said) say(text);
    this.#said = text;
  }
}
