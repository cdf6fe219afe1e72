/**
 * Showing one's screen to everybody in the call. Loaded when somebody is about to.
 *
 * The screen takes the camera's place in what is sent (docs/adr/0016): nothing is negotiated, and the line carries one
 * picture as before. It ends by our button, by the browser's own, when leave is taken back, and with the call.
 */

import { problemOf } from "visits/local-media.js";

/** Text counts, not motion. */
const WISHES = { video: { frameRate: { ideal: 15, max: 15 } }, audio: false };
/** For browsers that know them: not this very page, and another window may be chosen while it goes on. */
const HINTS = { selfBrowserSurface: "exclude", surfaceSwitching: "include", systemAudio: "exclude" };

export class ScreenShare {
  /** @type {MediaStreamTrack|null} */ #track = null;
  #mesh;
  #send;
  #changed;

  /**
   * @param {object} options
   * @param {import("visits/call-mesh.js").Mesh} options.mesh
   * @param {(message: object) => boolean} options.send over the socket
   * @param {() => void} options.changed is told when it begins and ends
   */
  constructor({ mesh, send, changed }) {
    this.#mesh = mesh;
    this.#send = send;
    this.#changed = changed;
  }

  get on() {
    return this.#track !== null;
  }

  /**
   * Lets the browser ask what is to be shown. Needs a press of a moment ago.
   * @returns {Promise<"shown"|"not"|"failed">} not: the person changed her mind, or the system forbids it
   */
  async start() {
    if (this.on) return "shown";
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ ...WISHES, ...HINTS });
    } catch (error) {
      return problemOf(error) === "denied" ? "not" : "failed";
    }
    const [track] = stream.getVideoTracks();
    track.contentHint = "detail";
    track.addEventListener("ended", () => track === this.#track && this.stop()); // the browser's own button
    this.#track = track;
    this.#mesh.setScreen(track);
    this.tell();
    this.#changed();
    return "shown";
  }

  stop() {
    const track = this.#track;
    if (!track) return;
    this.#track = null;
    this.#mesh.setScreen(null);
    track.stop();
    this.tell();
    this.#changed();
  }

  /** The trail keeps that a screen was shown; said again after each welcome. */
  tell() {
    this.#send({ type: "screen", on: this.on });
  }
}
