/**
 * The page of a call: `data-behavior="visits-call"`.
 *
 * Markup contract (sample in README.md). Only `remote` is needed; what is absent is not shown. The parts may stand anywhere in
 * the page, so that dialogs need not be inside the stage: a page holds one call.
 *
 *   root               data-ticket-url (needed), data-socket-url ("/ws"), data-left-url (where to go afterwards), data-peer-name,
 *                      data-join ("now", or "button": waits for the action join), data-ice-policy ("all" or "relay"),
 *                      data-shortcuts ("off": no single-letter keys)
 *   data-call=         remote, self (<video autoplay playsinline muted>), remote-placeholder, self-placeholder, peer-name,
 *                      peer-state, timer (<time>), quality (with [data-quality-text]), code, code-state, code-short (the
 *                      same in two words), notice, media-notice and alarm (each with [data-notice-head], [data-notice-body]),
 *                      status (aria-live), devices and leave (<dialog>), join-panel
 *   data-call-action=  join, mute, camera, picture, fullscreen, devices, leave, leave-confirm, leave-stay, sound-on,
 *                      bring-here (after another window took the call), code-same, code-different, shortcuts
 *   data-call-device=  audioinput, videoinput, audiooutput (<select>)
 *   template[data-words]  see call-words.js
 *
 * The module sets on the root data-state, data-joined, data-code and data-picture ("on"/"off": the other side's); on quality
 * data-quality and the class ws-quality--…; aria-pressed on the toggles; `hidden` on what is not to be seen.
 * Events on the root, all bubbling: "visits:hint" ({topic, kind, id}), "visits:resync" (the socket came back: fetch again what is
 * live), "visits:state" ({state}), "visits:left". Other modules may send over the socket through `attach(root).send(message)`.
 */

import { UnsentDigests } from "visits/call-quality.js";
import { mediaNoticeOf, noticeOf } from "visits/call-notice.js";
import { JOIN_STORE, LocalMedia, recall, remember, rememberDevice, rememberedDevices } from "visits/local-media.js";
import { PeerCall } from "visits/peer-call.js";
import { SignalSocket } from "visits/signal-socket.js";
import { wordsOf } from "visits/call-words.js";

const KEYS = { m: "mute", v: "camera", f: "fullscreen" };
const LOADED_WITHIN_MS = 1500;
const SHORTCUTS = "webside.call-shortcuts";
const DEVICE_KINDS = /** @type {MediaDeviceKind[]} */ (["audioinput", "videoinput", "audiooutput"]);

/** @type {WeakMap<Element, CallPage>} */
const pages = new WeakMap();

/** @param {Element} root @returns {CallPage} the one page of this element */
export function attach(root) {
  let page = pages.get(root);
  if (!page) pages.set(root, (page = new CallPage(/** @type {HTMLElement} */ (root))));
  return page;
}

/** @param {Element} root @returns {() => void} ends it without a word to the others, for an element that is taken away */
export default function attachCall(root) {
  const page = attach(root);
  return () => page.dispose();
}

export class CallPage {
  /** @type {PeerCall|null} */ call = null;
  media = new LocalMedia();

  #root;
  #words;
  /** @type {SignalSocket|null} */ #socket = null;
  /** @type {{participant: string, name: string}|null} */ #peer = null;
  #me = "";
  #polite = false;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** @type {string} */ #icePolicy;
  #wanted = joinWishes();
  #muted = false;
  #pictureOff = false;
  #welcomed = false;
  #peerPresent = false;
  #peerLeft = false;
  #audioOnly = false;
  #soundBlocked = false;
  /** @type {"revoked"|"ended"|"replaced"|null} */ #bye = null;
  /** What the digits of this connection are. */ #code = "none";
  /** @type {""|"same"|"different"} */ #found = "";
  #foundIsKept = true;
  #theyDiffer = false;
  #stateSince = performance.now();
  /** @type {number|null} performance.now() of the visit's beginning */ #startedAt = null;
  #said = "";
  #life = new AbortController();
  #sound = new Audio();
  #digests = new UnsentDigests((message) => this.send(message));

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#words = wordsOf(root);
    this.#icePolicy = root.dataset.icePolicy ?? "all";
    this.#muted = !this.#wanted.audio;
    const { signal } = this.#life;
    // On the document, because dialogs may stand outside the stage.
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    document.addEventListener("change", (event) => this.#deviceChosen(event), { signal });
    document.addEventListener("keydown", (event) => this.#keyPressed(event), { signal });
    document.addEventListener("submit", (event) => this.#beforeTheEnd(event), { signal, capture: true });
    document.addEventListener("visibilitychange", () => this.#stayAwake(), { signal });
    document.addEventListener("fullscreenchange", () => this.#render(), { signal });
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#listDevices(), { signal });
    this.media.addEventListener("change", (event) => this.#mediaChanged(/** @type {CustomEvent} */ (event).detail.kind));
    this.media.showIn(/** @type {HTMLVideoElement|null} */ (this.#part("self")));
    if (!document.fullscreenEnabled) for (const button of this.#buttons("fullscreen")) button.hidden = true;
    const clock = setInterval(() => this.#everySecond(), 1000);
    signal.addEventListener("abort", () => clearInterval(clock));
    this.#render();
    this.media.open({ audio: true, video: this.#wanted.video });
    if (root.dataset.join !== "button") this.join();
  }

  // ---- joining and leaving ----

  join() {
    if (this.#socket) return;
    const socket = new SignalSocket({
      ticketUrl: this.#root.dataset.ticketUrl ?? "",
      url: this.#root.dataset.socketUrl || "/ws",
    });
    this.#socket = socket;
    const on = (/** @type {string} */ name, /** @type {(detail: any) => void} */ act) =>
      socket.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("welcome", (message) => this.#welcome(message));
    on("signal", ({ from, data }) => this.#signalled(from, data));
    on("peer", (message) => this.#peerChanged(message));
    on("hint", ({ topic, kind, id }) => this.#tell("visits:hint", { topic, kind, id }));
    on("verified", (message) => this.#theyCompared(message));
    on("kept", ({ key }) => this.#digests.kept(key));
    on("ice", ({ iceServers }) => this.#useIceServers(iceServers));
    on("down", () => this.#socketDown());
    on("bye", ({ reason }) => this.#saidBye(reason));
    socket.open();
    this.#root.dataset.joined = "";
    this.#show("join-panel", false);
    this.#stayAwake();
    this.#render();
  }

  /** @param {object} message @returns {boolean} whether it could be sent */
  send(message) {
    return this.#socket?.send(message) ?? false;
  }

  dispose() {
    this.#stop({ goodbye: false });
    this.#life.abort();
    pages.delete(this.#root);
  }

  /** @param {string} [to] where to go; else where the page says */
  leave(to) {
    this.#stop({ lastWord: { type: "leave" } });
    this.#goOn(to);
  }

  /** @param {{lastWord?: object, goodbye?: boolean}} [how] */
  #stop({ lastWord, goodbye = true } = {}) {
    this.call?.close({ goodbye });
    this.#socket?.close(lastWord);
    this.media.stopAll();
    this.#sound.srcObject = null;
    if (document.fullscreenElement) document.exitFullscreen();
    this.#render();
  }

  /** What was heard until the visit ends is told before the room closes. @param {SubmitEvent} event */
  #beforeTheEnd({ target }) {
    if (target instanceof HTMLElement && target.matches("[data-behavior~=visit-end]")) this.call?.report();
  }

  /** @param {string} [to] */
  #goOn(to = this.#root.dataset.leftUrl) {
    this.#tell("visits:left", {});
    // The last words over the socket and the call get a moment to leave the machine.
    if (to) setTimeout(() => location.assign(to), 300);
  }

  async #stayAwake() {
    if (document.visibilityState !== "visible" || !this.#socket) return;
    // A phone that sleeps drops the call. Where the browser has no such lock, or refuses it, nothing is lost but that.
    await navigator.wakeLock?.request("screen").catch(() => undefined);
  }

  // ---- the socket ----

  /** @param {any} message */
  #welcome({ participant: own, polite, ice_servers: iceServers, ice_policy: icePolicy, peers = [], elapsed_s: elapsed, checks = [] }) {
    this.#polite = polite;
    this.#icePolicy = icePolicy ?? this.#icePolicy;
    this.#useIceServers(iceServers ?? []);
    if (typeof elapsed === "number") this.#startedAt = performance.now() - elapsed * 1000;
    const again = this.#welcomed;
    this.#welcomed = true;
    const known = peers.find((/** @type {any} */ peer) => peer.participant === this.#peer?.participant);
    const peer = known ?? (this.call?.state === "connected" ? null : peers[0]);
    this.#peerPresent = Boolean(peer);
    if (peer) this.#meet(peer);
    this.call?.signallingUp(this.#peerPresent);
    this.#digests.again();
    if (!this.#foundIsKept) this.#foundIsKept = this.send({ type: "verified", result: this.#found });
    else if (checks.some((/** @type {any} */ each) => each.participant === own && each.result === "different")) this.#found = "different";
    this.#theyDiffer = checks.some((/** @type {any} */ each) => each.participant !== own && each.result === "different");
    this.#me = own;
    this.#showCodeState();
    if (again) this.#tell("visits:resync", {});
    this.#render();
  }

  #socketDown() {
    this.call?.signallingDown();
    this.#render();
  }

  /** @param {any} message */
  #peerChanged({ event, participant, name }) {
    if (event === "joined") {
      const other = this.#peer && this.#peer.participant !== participant;
      if (other && (this.#peerPresent || this.call?.state === "connected")) return; // a third person: this page shows one
      this.#peerPresent = true;
      this.#meet({ participant, name });
      this.call?.peerJoined();
    } else if (participant === this.#peer?.participant) {
      this.#peerPresent = false;
      if (event === "left") this.call?.peerLeft();
      else this.call?.peerAway();
      this.#peerLeft = event === "left";
    }
    this.#render();
  }

  /** @param {string} from @param {unknown} data */
  #signalled(from, data) {
    if (!this.#peer) this.#meet({ participant: from, name: "" });
    if (from === this.#peer?.participant) this.call?.receive(data);
  }

  /** @param {RTCIceServer[]} iceServers */
  #useIceServers(iceServers) {
    this.#iceServers = iceServers;
    this.call?.setIceServers(iceServers);
  }

  /** @param {string} reason */
  #saidBye(reason) {
    this.#bye = reason === "ended" || reason === "replaced" ? reason : "revoked";
    this.#stop({ goodbye: reason !== "replaced" }); // replaced: the person is still there, in another window
    if (reason === "ended") this.#goOn();
  }

  // ---- the call ----

  /** @param {{participant: string, name?: string}} peer */
  #meet({ participant, name }) {
    this.#peerLeft = false;
    if (this.#peer?.participant === participant) {
      if (name) this.#peer.name = name;
      return;
    }
    this.call?.close();
    this.#peer = { participant, name: name ?? "" };
    const call = new PeerCall({
      send: (data) => this.send({ type: "signal", to: participant, data }),
      polite: this.#polite,
      iceServers: this.#iceServers,
      icePolicy: this.#icePolicy === "relay" ? "relay" : "all",
    });
    this.call = call;
    const on = (/** @type {string} */ event, /** @type {(detail: any) => void} */ act) =>
      call.addEventListener(event, (e) => call === this.call && act(/** @type {CustomEvent} */ (e).detail));
    on("state", ({ state }) => this.#stateChanged(state));
    on("quiet", () => this.#socket?.doubt());
    on("quality", (quality) => this.#showQuality(quality));
    on("remote-track", ({ stream }) => this.#play(stream));
    on("verification-code", (outcome) => this.#showCode(outcome));
    on("peer-state", () => this.#render());
    on("peer-left", () => this.#peerChanged({ event: "left", participant }));
    on("digest", (digest) => this.#digests.add(digest));
    call.setMuted(this.#muted);
    call.setPicture(!this.#pictureOff);
    call.setTrack("audio", this.media.tracks.audio);
    call.setTrack("video", this.media.tracks.video);
    if (this.#socket?.up) call.signallingUp(false); // whoever calls this says next whether the other side is there
  }

  /** @param {import("visits/peer-call.js").State} state */
  #stateChanged(state) {
    this.#stateSince = performance.now();
    if (state === "connected") this.#startedAt ??= performance.now();
    this.#say(this.#words(`state.${state}`, this.#names()));
    this.#tell("visits:state", { state });
    this.#render();
  }

  /**
   * Picture and sound play in elements of their own: one that waits for the first frame of somebody without a camera is silent.
   * @param {MediaStream} stream of one kind
   */
  async #play(stream) {
    if (stream.getVideoTracks().length) {
      const video = /** @type {HTMLVideoElement} */ (this.#part("remote"));
      await loaded();
      video.muted = true; // so it may always play
      video.srcObject = stream;
      return;
    }
    this.#sound.srcObject = stream;
    await this.#useSpeaker();
    await this.#playSound();
  }

  async #playSound() {
    try {
      await this.#sound.play();
      this.#soundBlocked = false;
    } catch (error) {
      // Browsers let a page that nobody has touched play nothing. (AbortError: a newer stream took its place.)
      this.#soundBlocked = error instanceof DOMException && error.name === "NotAllowedError";
    }
    this.#render();
  }

  /** The chosen one, if it is still there and the browser lets us choose; else the system's. */
  async #useSpeaker() {
    const sink = rememberedDevices().audiooutput;
    if (sink && "setSinkId" in this.#sound) await this.#sound.setSinkId(sink).catch(() => undefined);
  }

  /** @param {import("visits/verification-code.js").Outcome} outcome */
  #showCode({ code, problem }) {
    const part = this.#part("code");
    if (part) {
      const pairs = (code ?? "").split(" ").filter(Boolean).map((pair) => {
        const span = document.createElement("span");
        span.textContent = pair;
        return span;
      });
      // The spaces are for those who hear or copy the code.
      part.replaceChildren(...pairs.flatMap((span, index) => (index ? [" ", span] : [span])));
    }
    this.#code = problem ?? (code ? "unverified" : "none");
    // Other digits need another look. That they differed is not forgotten: a connection can be broken on purpose.
    if (this.#found === "same") this.#found = "";
    this.#showCodeState();
  }

  /** none, unsupported, broken, unverified, same, different, theirs (the other side says different): the worst first */
  #codeState() {
    if (this.#found === "different") return "different";
    if (this.#theyDiffer) return "theirs";
    return this.#code === "unverified" && this.#found ? this.#found : this.#code;
  }

  #showCodeState() {
    const state = this.#codeState();
    this.#write("code-state", this.#words(`code.${state}`, this.#names()));
    this.#write("code-short", this.#words(`code.short.${state}`));
    this.#root.dataset.code = state;
    const alarm = ["different", "theirs", "broken"].includes(state);
    this.#fillNotice("alarm", alarm ? { head: `alarm.${state}.head`, body: ["alarm.body"] } : null);
    for (const action of ["code-same", "code-different"]) {
      for (const button of this.#buttons(action)) button.disabled = this.#code !== "unverified";
    }
  }

  /** @param {"same"|"different"} result */
  #compared(result) {
    this.#found = result;
    this.#foundIsKept = this.send({ type: "verified", result });
    this.#showCodeState();
    this.#say(this.#words(`code.${this.#codeState()}`, this.#names()));
  }

  /** @param {any} message */
  #theyCompared({ participant, result }) {
    if (participant === this.#me) return;
    this.#theyDiffer = result === "different";
    this.#showCodeState();
  }

  // ---- the person's own devices ----

  /** @param {"audio"|"video"} kind */
  #mediaChanged(kind) {
    this.call?.setTrack(kind, this.media.tracks[kind]);
    if (this.#soundBlocked) this.#playSound(); // a page that may use the microphone may also play
    this.#listDevices();
    this.#render();
  }

  async #toggleMute() {
    if (!this.media.tracks.audio) {
      if (!(await this.media.choose("audio"))) return;
      this.#muted = false;
    } else {
      this.#muted = !this.#muted;
    }
    this.call?.setMuted(this.#muted);
    this.#say(this.#words(this.#muted ? "said.muted" : "said.unmuted", this.#names()));
    this.#render();
  }

  async #toggleCamera() {
    if (this.media.tracks.video) this.media.stop("video");
    else if (!(await this.media.choose("video"))) return;
    this.#say(this.#words(this.media.tracks.video ? "said.camera-on" : "said.camera-off"));
    this.#render();
  }

  #togglePicture() {
    this.#pictureOff = !this.#pictureOff;
    this.call?.setPicture(!this.#pictureOff);
    this.#say(this.#words(this.#pictureOff ? "said.picture-off" : "said.picture-on"));
    this.#render();
  }

  async #listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    for (const kind of DEVICE_KINDS) {
      const select = /** @type {HTMLSelectElement|null} */ (document.querySelector(`select[data-call-device="${kind}"]`));
      if (!select) continue;
      const offered = devices.filter((device) => device.kind === kind && device.deviceId);
      select.replaceChildren(...offered.map((device, index) => {
        const label = device.label || this.#words("device.numbered", { number: String(index + 1) });
        return new Option(label, device.deviceId);
      }));
      select.disabled = offered.length === 0;
      const inUse = this.#deviceInUse(kind);
      if (inUse && offered.some((device) => device.deviceId === inUse)) select.value = inUse;
    }
  }

  /** @param {MediaDeviceKind} kind */
  #deviceInUse(kind) {
    if (kind === "audiooutput") return rememberedDevices().audiooutput;
    return this.media.tracks[kind === "videoinput" ? "video" : "audio"]?.getSettings().deviceId;
  }

  /** @param {Event} event */
  async #deviceChosen(event) {
    const select = event.target;
    if (!(select instanceof HTMLSelectElement)) return;
    const kind = /** @type {MediaDeviceKind|undefined} */ (select.dataset.callDevice);
    if (!kind) return;
    if (kind !== "audiooutput" && !(await this.media.choose(kind === "videoinput" ? "video" : "audio", select.value))) return;
    rememberDevice(kind, select.value);
    if (kind === "audiooutput") await this.#useSpeaker();
    this.#say(this.#words("said.device"));
  }

  // ---- buttons and keys ----

  /** @param {Event} event */
  #clicked(event) {
    if (this.#soundBlocked) this.#playSound(); // any touch of the page allows it
    const button = event.target instanceof Element ? event.target.closest("[data-call-action]") : null;
    if (button) this.#act(button.getAttribute("data-call-action") ?? "");
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    const { key, target } = event;
    const action = KEYS[/** @type {keyof typeof KEYS} */ (key.toLowerCase())];
    if (!action || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
    if (typing || !this.#shortcutsOn() || !this.#socket || document.querySelector("dialog[open]")) return;
    this.#act(action);
  }

  #fillTheScreen() {
    if (document.fullscreenElement) return document.exitFullscreen();
    // On a phone the button stands in this dialog. Left open it would lie beneath the whole screen and hold the page.
    /** @type {HTMLDialogElement|null} */ (this.#part("devices"))?.close();
    return this.#root.requestFullscreen().catch(() => undefined);
  }

  /** @param {string} action */
  #act(action) {
    switch (action) {
      case "join": return this.join();
      case "mute": return this.#toggleMute();
      case "camera": return this.#toggleCamera();
      case "picture": return this.#togglePicture();
      case "fullscreen": return this.#fillTheScreen();
      case "devices": return this.#openDialog("devices");
      case "leave": return this.#askToLeave();
      case "leave-confirm": return this.leave();
      case "leave-stay": return /** @type {HTMLDialogElement|null} */ (this.#part("leave"))?.close();
      case "bring-here": return location.reload();
      case "sound-on": return this.#playSound();
      case "code-same": return this.#compared("same");
      case "code-different": return this.#compared("different");
      case "shortcuts": return this.#toggleShortcuts();
    }
  }

  #askToLeave() {
    if (this.#part("leave")) this.#openDialog("leave");
    else if (confirm(this.#words("leave.ask"))) this.leave();
  }

  /** @param {string} name */
  #openDialog(name) {
    const dialog = this.#part(name);
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  }

  /** Single letters get in the way of speech input, so they can be switched off (WCAG 2.1.4). */
  #shortcutsOn() {
    return this.#root.dataset.shortcuts !== "off" && recall(localStorage, SHORTCUTS).off !== true;
  }

  #toggleShortcuts() {
    remember(localStorage, SHORTCUTS, { off: this.#shortcutsOn() });
    this.#render();
  }

  // ---- what is shown ----

  #everySecond() {
    const timer = this.#part("timer");
    if (timer && this.#startedAt !== null && this.call && this.call.state !== "ended") {
      const total = Math.floor((performance.now() - this.#startedAt) / 1000);
      const [minutes, seconds] = [Math.floor(total / 60), total % 60];
      timer.textContent = `${minutes}:${String(seconds).padStart(2, "0")}`;
      timer.setAttribute("datetime", `PT${minutes}M${seconds}S`);
    }
    this.#showNotice();
  }

  /** @param {import("visits/peer-call.js").Quality} quality */
  #showQuality(quality) {
    this.#audioOnly = quality.audioOnly;
    const part = this.#part("quality");
    if (!part) return;
    const soundOnly = quality.label !== "none" && (quality.audioOnly || this.call?.peer.savesSound);
    const label = soundOnly ? "poor" : quality.label;
    part.dataset.quality = label;
    for (const name of ["good", "fair", "poor", "none"]) part.classList.toggle(`ws-quality--${name}`, name === label);
    const withPicture = this.#root.dataset.picture === "on" || label === "poor" || label === "none";
    const key = soundOnly ? "quality.sound-only" : `quality.${label}${withPicture ? "" : "-sound"}`;
    const words = part.querySelector("[data-quality-text]") ?? part;
    const text = this.#words(key);
    if (words.textContent !== text) words.textContent = text;
    part.title = [quality.width && `${quality.width}×${quality.height}`, quality.rttMs && `${Math.round(quality.rttMs)} ms`]
      .filter(Boolean).join(", ");
    this.#showNotice();
  }

  #render() {
    const { call, media } = this;
    const peer = call?.peer;
    const connected = call?.state === "connected";
    const picture = connected && peer?.camera && !peer.savesSound && !this.#pictureOff;
    this.#root.dataset.state = call?.state ?? "waiting";
    this.#root.dataset.picture = picture ? "on" : "off";
    this.#press("mute", this.#muted || !media.tracks.audio);
    this.#press("camera", !media.tracks.video);
    this.#press("picture", this.#pictureOff);
    this.#press("fullscreen", Boolean(document.fullscreenElement));
    this.#press("shortcuts", this.#shortcutsOn());
    for (const button of this.#buttons("sound-on")) button.hidden = !this.#soundBlocked || this.#bye !== null;
    for (const button of this.#buttons("bring-here")) button.hidden = this.#bye !== "replaced";
    this.#show("self-placeholder", !media.tracks.video);
    this.#show("remote-placeholder", !picture);
    this.#write("peer-name", this.#names().name);
    this.#write("remote-placeholder", this.#placeholder());
    this.#write("peer-state", connected && peer && !peer.mic ? this.#words("peer.muted", this.#names()) : "");
    this.#showNotice();
    this.#fillNotice("media-notice", mediaNoticeOf(media.problems));
  }

  #placeholder() {
    const { call } = this;
    if (call?.state !== "connected") return this.#words(`state.${call?.state ?? "waiting"}`, this.#names());
    if (this.#pictureOff) return this.#words("said.picture-off");
    return this.#words(call.peer.savesSound ? "peer.saves-sound" : "peer.camera-off", this.#names());
  }

  #showNotice() {
    const notice = noticeOf({
      state: this.call?.state ?? "waiting",
      quiet: this.call?.quiet ?? false,
      bye: this.#bye,
      socketUp: this.#socket?.up ?? false,
      welcomed: this.#welcomed,
      peerPresent: this.#peerPresent,
      peerLeft: this.#peerLeft,
      soundBlocked: this.#soundBlocked,
      seconds: (performance.now() - this.#stateSince) / 1000,
      audioOnly: this.#audioOnly,
      peerHears: this.call?.peer.hears ?? false,
    });
    this.#fillNotice("notice", notice);
  }

  /** @param {string} name @param {{head: string, body: string[]}|null} notice */
  #fillNotice(name, notice) {
    const part = this.#part(name);
    if (!part) return;
    part.hidden = !notice;
    const head = part.querySelector("[data-notice-head]");
    const body = part.querySelector("[data-notice-body]");
    // Writing the same words again would make a screen reader say them again.
    const write = (/** @type {Element|null} */ element, /** @type {string} */ text) => {
      if (element && element.textContent !== text) element.textContent = text;
    };
    write(head, notice ? this.#words(notice.head, this.#names()) : "");
    write(body, notice ? notice.body.map((key) => this.#words(key, this.#names())).filter(Boolean).join(" ") : "");
  }

  #names() {
    return { name: this.#peer?.name || this.#root.dataset.peerName || this.#words("peer.unknown") };
  }

  /** @param {string} text for those who hear the page */
  #say(text) {
    const status = this.#part("status");
    if (!status || text === this.#said) return;
    this.#said = text;
    status.textContent = text;
  }

  /** @param {string} name @returns {HTMLElement|null} */
  #part(name) {
    return document.querySelector(`[data-call="${name}"]`);
  }

  /** @param {string} action @returns {NodeListOf<HTMLButtonElement>} */
  #buttons(action) {
    return document.querySelectorAll(`[data-call-action="${action}"]`);
  }

  /** @param {string} action @param {boolean} pressed */
  #press(action, pressed) {
    for (const button of this.#buttons(action)) button.setAttribute("aria-pressed", String(pressed));
  }

  /** @param {string} name @param {boolean} shown */
  #show(name, shown) {
    const part = this.#part(name);
    if (part) part.hidden = !shown;
  }

  /** @param {string} name @param {string} text */
  #write(name, text) {
    const part = this.#part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.#root.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
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

/** What the waiting room left: a person may come muted or without a picture. */
function joinWishes() {
  const wishes = recall(sessionStorage, JOIN_STORE);
  return { audio: wishes.audio !== false, video: wishes.video !== false };
}
