/**
 * The check before a visit: `data-behavior="visits-device-check"`.
 *
 * Markup contract (sample in README.md):
 *
 *   root                 data-ticket-url and data-socket-url (measures on the socket, and gets the relay from its welcome), or
 *                        data-echo-url (any small page: time only)
 *   data-check=          camera, microphone, speaker, network: a row each, with [data-check-words]; gets data-result
 *   data-check-preview   <video>; data-check-level: <meter min="0" max="1">; data-check-verdict: the last word;
 *   data-check-status    aria-live
 *   data-check-action=   start, chime, heard, not-heard
 *   data-check-device=   audioinput, videoinput, audiooutput (<select>)
 *   form[data-check-form]  gets the results as hidden fields: camera, microphone, speaker, network, verdict, rtt_ms, relay_udp,
 *                        relay_tcp, kbps, loss_pct. Codes and numbers, never the name of a device
 *
 * When all is known the root says "visits:checked" (detail: the same fields; bubbles).
 */

import { playNotes } from "visits/call-chime.js";
import { LocalMedia, rememberDevice, rememberedDevices, watchLevel } from "visits/local-media.js";
import { checkNetwork } from "visits/network-check.js";
import { wordsOf } from "visits/call-words.js";

const CAMERA_FRAMES = 5;
/** An old computer takes seconds for its first pictures; only a camera that gives none is waited for so long. */
const CAMERA_WITHIN_MS = 6000;
const PICTURE_EVERY_MS = 1000;
/** Mean of the three colours, 0–255. A covered lens gives 0 to 4. */
const BLACK_BELOW = 8;
const LISTEN_MS = 3000;
/** On watchLevel's scale: about -50 dB, above the noise of a muted input. */
const HEARD_ABOVE = 0.2;
/** Three rising notes. */
const CHIME_HZ = [523, 659, 784];

/**
 * @typedef {object} CheckResults codes; null while unknown
 * @property {string|null} camera works, black, still, or a Problem of local-media.js
 * @property {string|null} microphone works, silent, or a Problem
 * @property {string|null} speaker works, silent, failed
 * @property {import("visits/network-check.js").NetworkResult|null} network
 */

/**
 * How this visit can be held from here. Speaking and hearing are what a visit needs; the picture is what is given up first.
 * @param {CheckResults} results
 * @returns {"video"|"low_video"|"audio_only"|"phone"}
 */
export function verdictOf({ camera, microphone, speaker, network }) {
  const word = networkWordOf(network);
  const mute = microphone !== "works" || speaker === "silent" || speaker === "failed";
  if (mute || word === "offline" || word === "relay-blocked") return "phone";
  if (camera !== "works" && camera !== "black") return "audio_only";
  if (word === "sound" || word === "slow") return "audio_only";
  return word === "low" ? "low_video" : "video";
}

/**
 * @param {import("visits/network-check.js").NetworkResult|null} network
 * @returns {string} the end of a key `check.network.…` of call-words.js
 */
export function networkWordOf(network) {
  if (!network?.reached) return "offline";
  const relays = [network.relayUdp, network.relayTcp].filter((reach) => reach !== "untested");
  if (relays.length && relays.every((reach) => reach === "blocked")) return "relay-blocked";
  if (relays.length && !relays.includes("works")) return "relay-refused";
  const { kbps, lossPct, rttMs } = network;
  if ((kbps !== null && kbps < 100) || (lossPct !== null && kbps !== null && kbps < 1000 && lossPct > 60)) return "sound";
  if ((rttMs ?? 0) > 800) return "slow";
  if (kbps === null) return "unmeasured";
  return kbps < 300 ? "low" : "works";
}

/** @param {Element} root @returns {() => void} lets the devices go */
export default function attachDeviceCheck(root) {
  const check = new DeviceCheck(/** @type {HTMLElement} */ (root));
  return () => check.dispose();
}

export class DeviceCheck {
  media = new LocalMedia();
  /** @type {CheckResults} */ results = { camera: null, microphone: null, speaker: null, network: null };

  #root;
  #words;
  /** @type {() => void} */ #stopMeter = () => undefined;
  /** @type {number|undefined} */ #pictureTimer;
  #running = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#words = wordsOf(root);
    root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-check-action]") : null;
      if (button) this.#act(button.getAttribute("data-check-action") ?? "");
    });
    root.addEventListener("change", (event) => this.#deviceChosen(event));
    for (const name of ["camera", "microphone", "speaker", "network"]) this.#showRow(name, "waiting", "check.waiting");
    addEventListener("pagehide", () => this.dispose());
  }

  dispose() {
    this.#stopMeter();
    clearInterval(this.#pictureTimer);
    this.media.stopAll();
  }

  /** Camera, microphone and network, one beside the other; the speaker waits for the person. */
  async run() {
    if (this.#running) return;
    this.#running = true;
    this.results = { ...this.results, camera: null, microphone: null, network: null };
    for (const name of ["camera", "microphone", "network"]) this.#showRow(name, "running", "check.running");
    this.#say("check.running");
    if (!this.results.speaker) this.#showRow("speaker", "asking", "check.speaker.ask");
    await Promise.all([this.#checkMedia(), this.#checkNetwork()]);
    await this.#listDevices();
    this.#running = false;
    this.#conclude();
  }

  /** @param {string} action */
  #act(action) {
    if (action === "start") this.run();
    else if (action === "chime") this.#chime();
    else if (action === "heard" || action === "not-heard") this.#heard(action === "heard" ? "works" : "silent");
  }

  async #checkMedia() {
    await this.media.open({ audio: true, video: true });
    await Promise.all([this.#checkCamera(), this.#checkMicrophone()]);
  }

  async #checkCamera() {
    clearInterval(this.#pictureTimer);
    this.results.camera = this.media.tracks.video ? await this.#look() : (this.media.problems.video ?? "failed");
    this.#showDevice("camera", this.results.camera);
  }

  async #look() {
    const preview = /** @type {HTMLVideoElement|null} */ (this.#root.querySelector("[data-check-preview]"));
    const video = preview ?? document.createElement("video");
    video.playsInline = true;
    this.media.showIn(video);
    // The frames decide: a page in the background refuses to play, and without a first picture this promise is never kept.
    video.play().catch(() => undefined);
    const found = (await framesCome(video)) ? (isBlack(video) ? "black" : "works") : "still";
    if (found !== "works") this.#watchPicture(video);
    return found;
  }

  /** As with the microphone: a slow camera, or a lens that is uncovered now, is put right under one's eyes. */
  #watchPicture(/** @type {HTMLVideoElement} */ video) {
    let seen = video.currentTime;
    this.#pictureTimer = setInterval(() => {
      const moves = video.currentTime > seen;
      seen = video.currentTime;
      if (!moves || !["still", "black"].includes(this.results.camera ?? "") || isBlack(video)) return;
      clearInterval(this.#pictureTimer);
      this.results.camera = "works";
      this.#showDevice("camera", "works");
      this.#conclude();
    }, PICTURE_EVERY_MS);
  }

  async #checkMicrophone() {
    this.#stopMeter();
    const track = this.media.tracks.audio;
    this.results.microphone = track ? await this.#listen(track) : (this.media.problems.audio ?? "failed");
    this.#showDevice("microphone", this.results.microphone);
  }

  /** The meter goes on after the verdict, so that a silent microphone can be put right under one's eyes. */
  async #listen(/** @type {MediaStreamTrack} */ track) {
    const meter = /** @type {HTMLMeterElement|null} */ (this.#root.querySelector("[data-check-level]"));
    let loudest = 0;
    this.#stopMeter = watchLevel(track, (level) => {
      loudest = Math.max(loudest, level);
      if (meter) meter.value = level;
      if (this.results.microphone === "silent" && level > HEARD_ABOVE) {
        this.results.microphone = "works";
        this.#showRow("microphone", "works", "check.microphone.works");
        this.#conclude();
      }
    });
    await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
    return loudest > HEARD_ABOVE ? "works" : "silent";
  }

  async #checkNetwork() {
    const { ticketUrl, socketUrl, echoUrl } = this.#root.dataset;
    this.results.network = await checkNetwork({ ticketUrl, socketUrl, echoUrl });
    const word = networkWordOf(this.results.network);
    this.#showRow("network", word, `check.network.${word}`);
  }

  async #chime() {
    // Asked before it ends: who answers while it still sounds must not be asked again.
    this.#showRow("speaker", "asking", "check.speaker.ask");
    try {
      await playNotes(CHIME_HZ, rememberedDevices().audiooutput);
    } catch {
      this.#heard("failed");
    }
  }

  /** @param {"works"|"silent"|"failed"} result */
  #heard(result) {
    this.results.speaker = result;
    this.#showRow("speaker", result, `check.speaker.${result}`);
    this.#conclude();
  }

  /** @param {Event} event */
  async #deviceChosen(event) {
    const select = event.target;
    if (!(select instanceof HTMLSelectElement) || !select.dataset.checkDevice) return;
    const kind = /** @type {MediaDeviceKind} */ (select.dataset.checkDevice);
    if (kind === "videoinput" && (await this.media.choose("video", select.value))) await this.#checkCamera();
    else if (kind === "audioinput" && (await this.media.choose("audio", select.value))) await this.#checkMicrophone();
    else if (kind !== "audiooutput") return;
    rememberDevice(kind, select.value);
    this.#conclude();
  }

  async #listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    for (const select of this.#root.querySelectorAll("select[data-check-device]")) {
      const kind = /** @type {HTMLElement} */ (select).dataset.checkDevice;
      const offered = devices.filter((device) => device.kind === kind && device.deviceId);
      select.replaceChildren(...offered.map((device, index) => {
        const label = device.label || this.#words("device.numbered", { number: String(index + 1) });
        return new Option(label, device.deviceId);
      }));
      /** @type {HTMLSelectElement} */ (select).disabled = offered.length === 0;
    }
  }

  /** Says what to do in the words of this page, where the call has others. @param {"camera"|"microphone"} name @param {string} result */
  #showDevice(name, result) {
    const own = `check.${name}.${result}`;
    this.#showRow(name, result, this.#words(own) ? own : `${name}.${result}`);
  }

  /** @param {string} name @param {string} result @param {string} key */
  #showRow(name, result, key) {
    const row = /** @type {HTMLElement|null} */ (this.#root.querySelector(`[data-check="${name}"]`));
    if (!row) return;
    row.dataset.result = result;
    const words = row.querySelector("[data-check-words]") ?? row;
    words.textContent = this.#words(key);
  }

  /** @param {string} key to those who see, and to those who hear */
  #say(key) {
    const text = this.#words(key);
    for (const part of this.#root.querySelectorAll("[data-check-verdict], [data-check-status]")) part.textContent = text;
  }

  #conclude() {
    const { camera, microphone, speaker, network } = this.results;
    if (this.#running || !camera || !microphone || !network) return;
    const verdict = verdictOf(this.results);
    const fields = {
      camera, microphone, speaker: speaker ?? "unknown", network: networkWordOf(network), verdict,
      rtt_ms: whole(network.rttMs), relay_udp: network.relayUdp, relay_tcp: network.relayTcp,
      kbps: whole(network.kbps), loss_pct: whole(network.lossPct),
    };
    const form = this.#root.querySelector("form[data-check-form]");
    if (form) for (const [name, value] of Object.entries(fields)) setField(/** @type {HTMLFormElement} */ (form), name, value);
    this.#say(`check.verdict.${verdict}`);
    this.#root.dataset.verdict = verdict;
    this.#root.dispatchEvent(new CustomEvent("visits:checked", { detail: fields, bubbles: true }));
  }
}

/** @param {number|null} value */
const whole = (value) => (value === null ? "" : String(Math.round(value)));

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function setField(form, name, value) {
  let field = /** @type {HTMLInputElement|null} */ (form.elements.namedItem(name));
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    form.append(field);
  }
  field.value = value;
}

/** @param {HTMLVideoElement} video @returns {Promise<boolean>} whether pictures arrive, not only one */
function framesCome(video) {
  return new Promise((resolve) => {
    let frames = 0;
    const count = () => {
      frames += 1;
      if (frames >= CAMERA_FRAMES) resolve(true);
      else video.requestVideoFrameCallback(count);
    };
    const began = video.currentTime;
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(count);
    // Older browsers have no frame callback: there the clock of the video has to do.
    setTimeout(() => resolve(!("requestVideoFrameCallback" in video) && video.currentTime > began), CAMERA_WITHIN_MS);
  });
}

/** @param {HTMLVideoElement} video */
function isBlack(video) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 18 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
  return sum / (canvas.width * canvas.height * 3) < BLACK_BELOW;
}
