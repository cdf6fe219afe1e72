/**
 * The faces of a call: for each of the others a picture, what stands instead of it, her name, and her sound.
 *
 * Who the page is about has her place in the page itself (`remote` and its neighbours); for each other one a copy of
 * `template[data-call=face]` is put into `faces`. Its parts: video, [data-face-why], [data-face-name], [data-face-title],
 * [data-face-state]. The root gets data-faces (how many), which is all that the layout needs; who speaks gets data-speaking.
 */

import { rememberedDevices } from "visits/local-media.js";

const LOADED_WITHIN_MS = 1500;
/** Louder than breath and rooms. */
const SPEAKS_ABOVE = 0.02;

class Face {
  sound = new Audio();
  soundBlocked = false;

  /** @param {HTMLElement|null} element that holds all of it @param {HTMLVideoElement} video */
  constructor(element, video) {
    this.element = element;
    this.video = video;
  }

  /**
   * Picture and sound play in elements of their own: one that waits for the first frame of somebody without a camera is silent.
   * @param {MediaStream} stream of one kind
   */
  async play(stream) {
    if (stream.getVideoTracks().length) {
      await loaded();
      this.video.muted = true; // so it may always play
      this.video.srcObject = stream;
      return;
    }
    this.sound.srcObject = stream;
    await this.useSpeaker();
    await this.playSound();
  }

  async playSound() {
    if (!this.sound.srcObject) return;
    try {
      await this.sound.play();
      this.soundBlocked = false;
    } catch (error) {
      // Browsers let a page that nobody has touched play nothing. (AbortError: a newer stream took its place.)
      this.soundBlocked = error instanceof DOMException && error.name === "NotAllowedError";
    }
  }

  /** The chosen one, if it is still there and the browser lets us choose; else the system's. */
  async useSpeaker() {
    const sink = rememberedDevices().audiooutput;
    if (sink && "setSinkId" in this.sound) await this.sound.setSinkId(sink).catch(() => undefined);
  }

  stop() {
    this.sound.srcObject = null;
    this.video.srcObject = null;
  }
}

/**
 * Whether somebody's picture is to be seen; a screen only of whom the clinic lets show one.
 * @param {import("visits/call-mesh.js").Person|null} person @param {boolean} wanted whether pictures are wanted here
 */
export function seesPicture(person, wanted) {
  if (!person || person.call.state !== "connected" || !wanted) return false;
  const { camera, savesSound, screen } = person.call.peer;
  return camera && !savesSound && (!screen || person.share);
}

/** Who shows a screen that is to be seen. @param {import("visits/call-mesh.js").Person} person */
export const showsScreen = (person) => person.call.peer.screen && seesPicture(person, true);

/**
 * What is to be said where somebody's picture would be.
 * @param {import("visits/peer-call.js").PeerState} peer
 */
export function whyNoPicture({ wantsPicture, savesSound, screen }) {
  if (screen) return "peer.screen-refused";
  if (!wantsPicture) return "peer.sound-only";
  return savesSound ? "peer.saves-sound" : "peer.camera-off";
}

export class Faces {
  /** @type {Map<import("visits/call-mesh.js").Person, Face>} */ #faces = new Map();
  #root;
  #mesh;
  #words;
  /** @type {import("visits/call-mesh.js").Person|null} */ #speaker = null;

  /**
   * @param {HTMLElement} root
   * @param {import("visits/call-mesh.js").Mesh} mesh
   * @param {(key: string, values?: Record<string, string>) => string} words
   */
  constructor(root, mesh, words) {
    this.#root = root;
    this.#mesh = mesh;
    this.#words = words;
    root.dataset.faces = "1";
  }

  /** @returns {boolean} whether the browser keeps somebody's sound off until the page is touched */
  get soundBlocked() {
    return [...this.#faces.values()].some((face) => face.soundBlocked);
  }

  async playSound() {
    await Promise.all([...this.#faces.values()].map((face) => face.playSound()));
  }

  async useSpeaker() {
    await Promise.all([...this.#faces.values()].map((face) => face.useSpeaker()));
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {MediaStream} stream */
  async play(person, stream) {
    await this.#faceOf(person).play(stream);
  }

  /** Draws everybody but the one whom the page itself draws, and takes away who went. @param {boolean} withPicture */
  render(withPicture) {
    const { others } = this.#mesh;
    for (const [person, face] of this.#faces) {
      if (others.includes(person)) continue;
      face.stop();
      face.element?.remove();
      this.#faces.delete(person);
      if (this.#speaker === person) this.#speaker = null;
    }
    for (const [person, face] of this.#faces) this.#place(person, face);
    for (const person of others) {
      const face = this.#faceOf(person);
      face.sound.muted = !person.speak; // who may only listen is not heard, whatever her page sends
      if (face.element) this.#draw(person, face, withPicture);
    }
    const main = document.querySelector('[data-call="main-face"]');
    const mainPerson = this.#mesh.main;
    if (main instanceof HTMLElement && mainPerson) {
      main.dataset.role = mainPerson.role;
      main.toggleAttribute("data-screen", withPicture && showsScreen(mainPerson));
      this.#write(main, "name", mainPerson.name);
      this.#write(main, "title", this.titleOf(mainPerson));
    }
    this.#root.dataset.faces = String(Math.max(1, others.filter((person) => !this.#mesh.isMain(person)).length + 1));
  }

  /** @param {import("visits/call-mesh.js").Person} person @returns {string} why she is here: "interpreter", "husband or wife" */
  titleOf({ role, relation }) {
    return (relation && this.#words(`relation.${relation}`)) || this.#words(`role.${role}`);
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {number} loudness */
  heard(person, loudness) {
    const louder = loudness > SPEAKS_ABOVE && person.speak;
    if (louder) this.#speaker = person;
    for (const [each, face] of this.#faces) {
      const element = face.element ?? document.querySelector('[data-call="main-face"]');
      element?.toggleAttribute("data-speaking", this.#faces.size > 1 && each === this.#speaker);
    }
  }

  stop() {
    for (const face of this.#faces.values()) face.stop();
  }

  /** @param {import("visits/call-mesh.js").Person} person */
  #faceOf(person) {
    let face = this.#faces.get(person);
    if (!face) this.#faces.set(person, (face = this.#mesh.isMain(person) ? this.#own() : this.#another(person)));
    return face;
  }

  /**
   * Who handed the visit over was the one the page is about, and is a guest by now: her picture goes into a face of her own
   * and makes room for who comes. Her sound goes on without a gap.
   * @param {import("visits/call-mesh.js").Person} person @param {Face} face
   */
  #place(person, face) {
    const inThePage = face.video === document.querySelector('[data-call="remote"]');
    if (inThePage === this.#mesh.isMain(person)) return;
    const stream = face.video.srcObject;
    face.video.srcObject = null;
    face.element?.remove();
    this.#faces.delete(person);
    const next = this.#faceOf(person);
    next.sound = face.sound;
    next.soundBlocked = face.soundBlocked;
    next.video.muted = true;
    next.video.srcObject = stream;
  }

  #own() {
    return new Face(null, /** @type {HTMLVideoElement} */ (document.querySelector('[data-call="remote"]')));
  }

  /** @param {import("visits/call-mesh.js").Person} person */
  #another(person) {
    const template = /** @type {HTMLTemplateElement|null} */ (document.querySelector('template[data-call="face"]'));
    const copy = /** @type {HTMLElement|null} */ (template?.content.firstElementChild?.cloneNode(true) ?? null);
    const video = copy?.querySelector("video") ?? document.createElement("video");
    if (!copy) return new Face(null, video); // a page without a place for it: heard, not seen
    copy.dataset.person = person.participant;
    document.querySelector('[data-call="faces"]')?.append(copy);
    return new Face(copy, video);
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {Face} face @param {boolean} withPicture */
  #draw(person, { element, video }, withPicture) {
    const { call, name } = person;
    const root = /** @type {HTMLElement} */ (element);
    const connected = call.state === "connected";
    const picture = seesPicture(person, withPicture);
    root.toggleAttribute("data-screen", picture && call.peer.screen);
    root.dataset.role = person.role;
    root.dataset.picture = picture ? "on" : "off";
    video.setAttribute("aria-label", this.#words("face.picture", { name }));
    this.#write(root, "name", name);
    this.#write(root, "title", this.titleOf(person));
    this.#write(root, "why", picture ? "" : this.#why(person, withPicture));
    this.#write(root, "state", connected && person.speak && !call.peer.mic ? this.#words("peer.muted-short") : "");
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {boolean} withPicture */
  #why({ call, name }, withPicture) {
    if (call.state !== "connected") return this.#words(`face.${call.state}`, { name });
    if (!withPicture) return this.#words("said.picture-off");
    return this.#words(whyNoPicture(call.peer), { name });
  }

  /** @param {HTMLElement} root @param {string} name @param {string} text */
  #write(root, name, text) {
    const part = root.querySelector(`[data-face-${name}]`);
    if (part && part.textContent !== text) part.textContent = text;
  }
}

/** A picture that starts while the page still loads would hold up its load event; but nobody waits long for that. */
function loaded() {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    addEventListener("load", resolve, { once: true });
    setTimeout(resolve, LOADED_WITHIN_MS);
  });
}
