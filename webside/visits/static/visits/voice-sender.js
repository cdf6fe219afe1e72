/**
 * One's own voice on its way to be written: a socket of its own (`/ws/voice`), beside the call and never in its way.
 *
 * What the line doesn't carry at once is dropped, and the server told that words are missing. Where the socket is lost it
 * comes back, until somebody closes it.
 */

import { csrfToken } from "visits/signal-socket.js";

const RATE = 16_000;
/** A second of sound. */
const MOST_WAITING = 2 * RATE;
const AGAIN_MS = 3000;
const ENDED = [401, 403, 404, 410];

export class VoiceSender {
  #ticketUrl;
  #track;
  #changed;
  #closed = false;
  #missed = false;
  /** @type {WebSocket|null} welcomed */ #socket = null;
  /** @type {AudioContext|null} */ #context = null;
  /** @type {AudioWorkletNode|null} */ #node = null;
  /** @type {MediaStreamAudioSourceNode|null} */ #source = null;
  #life = new AbortController();

  /**
   * @param {object} options
   * @param {string} options.ticketUrl
   * @param {() => MediaStreamTrack|null} options.track what may be heard now: nothing while she is muted
   * @param {(state: "on"|"away"|"failed") => void} options.changed whether it is being written
   */
  constructor({ ticketUrl, track, changed }) {
    this.#ticketUrl = ticketUrl;
    this.#track = track;
    this.#changed = changed;
    this.#begin();
  }

  close() {
    this.#closed = true;
    this.#life.abort();
    this.#source?.disconnect();
    this.#context?.close().catch(() => undefined);
    this.#socket?.close();
    this.#socket = null;
  }

  async #begin() {
    try {
      this.#context = new AudioContext({ sampleRate: RATE });
      await this.#context.audioWorklet.addModule(import.meta.resolve("visits/voice-worklet.js"));
      if (this.#closed) return;
      this.#node = new AudioWorkletNode(this.#context, "voice", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      this.#node.port.onmessage = ({ data }) => this.#send(data);
      this.listen();
    } catch {
      return this.#changed("failed");
    }
    this.#open();
  }

  /** The microphone is another one, or was muted. */
  listen() {
    const track = this.#track();
    if (this.#source?.mediaStream.getAudioTracks()[0] === track) return;
    this.#source?.disconnect();
    this.#source = null;
    if (!track || !this.#context || !this.#node) return;
    this.#context.resume().catch(() => undefined);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#node);
  }

  async #open() {
    const { signal } = this.#life;
    try {
      const answer = await fetch(this.#ticketUrl, {
        method: "POST", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" }, redirect: "manual", signal,
      });
      if (ENDED.includes(answer.status) || answer.type === "opaqueredirect") return;
      if (!answer.ok) throw new Error(`ticket: ${answer.status}`);
      const { ticket } = await answer.json();
      const address = new URL("/ws/voice", location.href);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = new WebSocket(address);
      signal.addEventListener("abort", () => socket.close());
      socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "hello", ticket })));
      socket.addEventListener("message", ({ data }) => this.#hear(socket, JSON.parse(data)));
      socket.addEventListener("close", () => this.#lost(socket));
    } catch {
      this.#again();
    }
  }

  /** @param {WebSocket} socket @param {{type: string, state?: "on"|"away"}} message */
  #hear(socket, { type, state }) {
    if (type === "welcome") this.#socket = socket;
    if (type === "state" && state) this.#changed(state);
  }

  /** @param {WebSocket} socket */
  #lost(socket) {
    if (this.#closed) return;
    if (this.#socket === socket) this.#socket = null;
    this.#changed("away");
    this.#again();
  }

  #again() {
    if (!this.#closed) setTimeout(() => this.#closed || this.#open(), AGAIN_MS);
  }

  /** @param {ArrayBuffer} sound */
  #send(sound) {
    this.listen();
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MOST_WAITING) return void (this.#missed = true);
    if (this.#missed) socket.send('{"type":"gap"}');
    this.#missed = false;
    // Muted between two looks: what was heard meanwhile is not hers to say.
    socket.send(this.#track() ? sound : new ArrayBuffer(sound.byteLength));
  }
}
