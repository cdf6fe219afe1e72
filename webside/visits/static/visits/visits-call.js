/**
 * The page of a call: `data-behavior="visits-call"`.
 *
 * What it reads of the page and says to it stands in README.md, "The page of a call": who is in a visit loads no more than is run.
 */

import { UnsentDigests } from "visits/call-quality.js";
import { mediaNoticeOf, noticeOf } from "visits/call-notice.js";
import { alarmOf, showCodes } from "visits/call-codes.js";
import { COMES_HZ, playNotes } from "visits/call-chime.js";
import { JOIN_STORE, LocalMedia, recall, remember, rememberDevice, rememberedDevices } from "visits/local-media.js";
import { Faces, seesPicture, showsScreen, whyNoPicture } from "visits/call-faces.js";
import { Mesh } from "visits/call-mesh.js";
import { SignalSocket } from "visits/signal-socket.js";
import { wordsOf } from "visits/call-words.js";

const KEYS = { m: "mute", v: "camera", f: "fullscreen" };
const SHORTCUTS = "webside.call-shortcuts";
const SIGNING = "webside.call-signing";
const LARGE = "webside.call-large";
/** Long enough to be read; what is still so stays. */
const NOTE_FOR_MS = 12_000;
const CHIME_AFTER_MS = 500;
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
  media = new LocalMedia();

  #root;
  #words;
  /** @type {SignalSocket|null} */ #socket = null;
  /** @type {Mesh} */ mesh;
  /** @type {Faces} */ #faces;
  #maySpeak = true;
  #mayShare = false;
  /** @type {import("visits/call-screen.js").ScreenShare|null} */ #screen = null;
  /** @type {import("visits/call-sounds.js").SoundsAsked|null} */ #soundsAsked = null;
  /** @type {import("visits/call-sounds.js").SoundsHeard|null} */ #soundsHeard = null;
  /** @type {import("visits/call-captions.js").Captions|null} */ #captions = null;
  /** @type {Set<import("visits/call-mesh.js").Person>} who shows a screen */ #shown = new Set();
  #signing = recall(localStorage, SIGNING).on === true;
  #noteUntil = 0;
  #lobbyNews = "";
  #wanted = joinWishes();
  #muted = false;
  #pictureOff = false;
  #welcomed = false;
  #audioOnly = false;
  #peerSavesSound = false;
  /** @type {"revoked"|"ended"|"replaced"|"lobby"|"removed"|null} */ #bye = null;
  #stateSince = performance.now();
  /** @type {number|null} performance.now() of the visit's beginning */ #startedAt = null;
  #ticked = performance.now();
  #said = "";
  #life = new AbortController();
  #digests = new UnsentDigests((message) => this.send(message));

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#words = wordsOf(root);
    this.mesh = new Mesh({
      send: (message) => this.send(message),
      icePolicy: root.dataset.icePolicy ?? "all",
      mainRole: root.dataset.mainRole,
    });
    this.#faces = new Faces(root, this.mesh, this.#words);
    this.#followMesh();
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
    if (!document.pictureInPictureEnabled) for (const button of this.#buttons("beside")) button.hidden = true;
    if (!document.fullscreenEnabled) for (const button of this.#buttons("fullscreen")) button.hidden = true;
    const clock = setInterval(() => this.#everySecond(), 1000);
    signal.addEventListener("abort", () => clearInterval(clock));
    this.mesh.setMuted(this.#muted);
    this.mesh.setSigning(this.#signing);
    this.#render();
    this.media.open({ audio: true, video: this.#wanted.video });
    if (root.dataset.join !== "button") this.join();
  }

  /** The call with the person whom the page is about. @returns {import("visits/peer-call.js").PeerCall|null} */
  get call() {
    return this.mesh.main?.call ?? null;
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
    on("signal", ({ from, data }) => this.mesh.signalled(from, data));
    on("peer", (message) => {
      this.mesh.peerChanged(message);
      this.#tell("visits:hint", { kind: "seats" }); // who is here has changed
      this.#captions?.refresh();
    });
    on("you", ({ speak, share }) => {
      this.#letSpeak(speak);
      this.#letShare(share === true);
    });
    on("hint", ({ topic, kind, id }) => {
      this.#tell("visits:hint", { topic, kind, id });
      if (kind === "captions") this.#withCaptions((captions) => captions.refresh());
    });
    on("caption", (message) => this.#captions?.heard(message));
    on("verified", (message) => this.mesh.theyCompared(message));
    on("kept", ({ key }) => this.#digests.kept(key));
    on("ice", ({ iceServers }) => this.mesh.setIceServers(iceServers));
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
    this.#screen?.stop();
    this.#captions?.stop();
    this.mesh.close({ goodbye });
    this.#socket?.close(lastWord);
    this.media.stopAll();
    this.#faces.stop();
    if (document.fullscreenElement) document.exitFullscreen();
    this.#render();
  }

  /** What was heard until the visit ends is told before the room closes. @param {SubmitEvent} event */
  #beforeTheEnd({ target }) {
    if (target instanceof HTMLElement && target.matches("[data-behavior~=visit-end]")) this.mesh.report();
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
  #welcome(message) {
    const { elapsed_s: elapsed, speak = true, share = false, inside = true } = message;
    if (!inside) return this.#saidBye("lobby"); // asked back while the socket was away
    if (typeof elapsed === "number") this.#startedAt = performance.now() - elapsed * 1000;
    const again = this.#welcomed;
    this.#welcomed = true;
    this.#letSpeak(speak);
    this.#letShare(share);
    if (this.#screen?.on) this.#screen.tell();
    this.mesh.welcome(message);
    this.#digests.again();
    if (again) this.#tell("visits:resync", {});
    else this.#tell("visits:welcome", {}); // of a line since the page was drawn nobody tells us
    if (message.captions || this.#captions) this.#withCaptions((captions) => captions.refresh());
    this.#render();
  }

  #socketDown() {
    this.mesh.socketDown();
    this.#render();
  }

  /** @param {string} reason */
  #saidBye(reason) {
    const known = /** @type {const} */ (["ended", "replaced", "lobby", "removed"]).find((each) => each === reason);
    this.#bye = known ?? "revoked";
    this.#stop({ goodbye: reason !== "replaced" }); // replaced: the person is still there, in another window
    if (known && known !== "replaced") this.#goOn();
  }

  // ---- the call ----

  #followMesh() {
    const on = (/** @type {string} */ event, /** @type {(detail: any) => void} */ act) =>
      this.mesh.addEventListener(event, (e) => act(/** @type {CustomEvent} */ (e).detail));
    const isMain = (/** @type {import("visits/call-mesh.js").Person} */ person) => this.mesh.isMain(person);
    on("came", ({ person }) => this.#announce("came", person));
    on("gone", ({ person, reason }) => {
      this.#announce(reason === "lobby" || reason === "removed" ? reason : "gone", person);
      this.#render();
    });
    on("changed", () => this.#render());
    on("state", ({ person, state }) => (isMain(person) ? this.#stateChanged(state) : this.#othersState(person, state)));
    on("quiet", () => this.#socket?.doubt());
    on("size", ({ size }) => this.media.limitPicture(size));
    on("quality", ({ person, quality }) => {
      this.#faces.heard(person, quality.loudness);
      if (isMain(person)) this.#showQuality(quality);
      this.#soundsHeard?.heard(person, quality.delayMs);
    });
    on("remote-track", async ({ person, stream }) => {
      await this.#faces.play(person, stream);
      this.#render();
    });
    on("code", () => this.#showCodes());
    on("peer-state", ({ person }) => {
      if (isMain(person)) this.#sayWhetherPictureComes();
      this.#announceScreen(person);
      this.#lookForSounds();
      this.#render();
    });
    on("digest", ({ person, digest }) => this.#digests.add(digest, person.participant));
    document.addEventListener("visits:fragment", () => {
      this.#peopleListed();
      this.#lookWhoComes();
    }, { signal: this.#life.signal });
  }

  /**
   * Nobody comes or goes unannounced: it is shown, said, and with a chime for who comes.
   * @param {"came"|"gone"|"lost"|"lobby"|"removed"} what @param {import("visits/call-mesh.js").Person} person
   */
  #announce(what, person) {
    const text = this.#words(`people.${what}`, { name: person.name, title: this.#faces.titleOf(person) });
    // Whether the person the page is about is there, all else on the page says.
    if (this.mesh.isMain(person) && what !== "came") return this.#say(text);
    this.#note(text, { chimes: what === "came", stays: what === "lost" });
  }

  /** The list of people is drawn anew: the digits of each pair go back into it; who came to the lobby is told once. */
  #peopleListed() {
    this.#showCodes();
    const news = document.querySelector("[data-people-news]")?.textContent?.trim() ?? "";
    if (news && news !== this.#lobbyNews) this.#note(news, { chimes: true });
    this.#lobbyNews = news;
  }

  /** Somebody else goes on with the visit. What that changes is fetched when it comes about: few visits are handed over. */
  async #lookWhoComes() {
    const told = /** @type {HTMLElement|null} */ (document.querySelector("[data-peer-now]"));
    if (!told || told.dataset.peerNow === this.#root.dataset.peerName) return;
    const { showWhoComes } = await import("visits/call-handed.js");
    this.#note(showWhoComes(this.#root, told), { chimes: true });
    this.#render();
  }

  /** @param {string} text @param {{chimes?: boolean, stays?: boolean}} [how] */
  #note(text, { chimes = false, stays = false } = {}) {
    this.#say(text);
    // A moment later: the picture that comes first is hers. A page that nobody has touched may stay silent.
    if (chimes) setTimeout(() => playNotes(COMES_HZ, rememberedDevices().audiooutput).catch(() => undefined), CHIME_AFTER_MS);
    this.#write("people-note", text);
    this.#show("people-note", true);
    this.#noteUntil = stays ? Infinity : performance.now() + NOTE_FOR_MS;
  }

  /** @param {import("visits/call-mesh.js").Person} person @param {string} state */
  #othersState(person, state) {
    if (state === "reconnecting") this.#announce("lost", person);
    if (state === "connected" && this.#noteUntil === Infinity) this.#noteUntil = 0;
    this.#render();
  }

  /** @param {boolean} may who may only listen sends no sound */
  #letSpeak(may) {
    this.#maySpeak = may;
    for (const button of this.#buttons("mute")) button.disabled = !may;
    this.mesh.setTrack("audio", may ? this.media.tracks.audio : null);
    this.#render();
  }

  // ---- screens ----

  /** @param {boolean} may show a screen to everybody here */
  #letShare(may) {
    this.#mayShare = may;
    if (!may) this.#screen?.stop();
    this.#render();
  }

  /** What will be seen is said first. The module comes meanwhile: the browser asks only right after a press. */
  async #askToShare() {
    if (this.#screen?.on) return this.#screen.stop();
    this.#openDialog("screen");
    const { ScreenShare } = await import("visits/call-screen.js");
    this.#screen ??= new ScreenShare({
      mesh: this.mesh,
      send: (message) => this.send(message),
      changed: () => this.#sharingChanged(),
    });
  }

  async #share() {
    /** @type {HTMLDialogElement|null} */ (this.#part("screen"))?.close();
    if (!this.#mayShare || (await this.#screen?.start()) !== "failed") return;
    this.#note(this.#words("screen.failed"));
  }

  #sharingChanged() {
    this.#say(this.#words(this.#screen?.on ? "screen.mine" : "screen.mine-ended"));
    this.#render();
  }

  /** No screen comes or goes unannounced. @param {import("visits/call-mesh.js").Person} person */
  #announceScreen(person) {
    const shows = showsScreen(person);
    if (shows === this.#shown.has(person)) return;
    if (shows) this.#shown.add(person);
    else this.#shown.delete(person);
    this.#note(this.#words(shows ? "screen.theirs" : "screen.theirs-ended", { name: person.name }));
  }

  // ---- heart and lung sounds ----

  /** What the module for them needs of this page. */
  get #forSounds() {
    return {
      media: this.media,
      mesh: this.mesh,
      part: (/** @type {string} */ name) => this.#part(name),
      words: this.#words,
      say: (/** @type {string} */ text) => this.#say(text),
      note: (/** @type {string} */ text) => this.#note(text),
      maySpeak: () => this.#maySpeak,
      unmute: () => this.#muted && this.#toggleMute(),
    };
  }

  /** Somebody asks for them, or has heard enough. */
  async #lookForSounds() {
    const asked = this.mesh.others.some(({ call }) => call.peer.asksForSounds);
    if (asked && !this.#soundsAsked && this.#part("sounds")) {
      const { SoundsAsked } = await import("visits/call-sounds.js");
      this.#soundsAsked ??= new SoundsAsked(this.#forSounds);
      this.#render();
    }
  }

  /** @param {string} [participant] of whom; else who could send them, or whom the clinician chooses of them */
  async #askForSounds(participant) {
    const { SoundsHeard } = await import("visits/call-sounds.js");
    this.#soundsHeard ??= new SoundsHeard(this.#forSounds);
    this.#soundsHeard.toggle(participant);
    this.#render();
  }

  // ---- captions ----

  /** Who reads and whose voice is written: fetched when somebody asks for it. @param {(captions: import("visits/call-captions.js").Captions) => void} act */
  async #withCaptions(act) {
    const place = this.#part("captions");
    if (!place) return;
    const { Captions } = await import("visits/call-captions.js");
    if (this.#bye) return;
    this.#captions ??= new Captions(place, {
      track: () => (this.#muted || !this.#maySpeak ? null : this.media.tracks.audio),
      nameOf: (participant) => this.mesh.person(participant)?.name ?? this.#words("peer.unknown"),
      say: (text) => this.#say(text),
      note: (text) => this.#note(text),
      changed: () => this.#press("captions", this.#captions?.reads ?? false),
    });
    act(this.#captions);
  }

  /** @param {import("visits/peer-call.js").State} state */
  #stateChanged(state) {
    this.#stateSince = performance.now();
    if (state === "connected") this.#startedAt ??= performance.now();
    this.#say(this.#words(`state.${state}`, this.#names()));
    this.#tell("visits:state", { state });
    this.#render();
  }

  #showCodes() {
    showCodes({ root: this.#root, mesh: this.mesh, words: this.#words, names: this.#names() });
    this.#fillNotice("alarm", alarmOf(this.mesh));
  }

  /** @param {"same"|"different"} result @param {string|undefined} participant of whom; else whom the page is about */
  #compared(result, participant) {
    const person = participant ? this.mesh.person(participant) : this.mesh.main;
    if (!person) return;
    this.mesh.compared(person, result);
    this.#say(this.#words(`code.${person.codeState}`, { name: person.name }));
  }

  // ---- the person's own devices ----

  /** @param {"audio"|"video"} kind */
  #mediaChanged(kind) {
    if (kind === "video" || this.#maySpeak) this.mesh.setTrack(kind, this.media.tracks[kind]);
    this.#captions?.listen();
    if (this.#faces.soundBlocked) this.#playSound(); // a page that may use the microphone may also play
    this.#listDevices();
    this.#render();
  }

  async #playSound() {
    await this.#faces.playSound();
    this.#render();
  }

  async #toggleMute() {
    if (!this.#maySpeak) return;
    if (!this.media.tracks.audio) {
      if (!(await this.media.choose("audio"))) return;
      this.#muted = false;
    } else {
      this.#muted = !this.#muted;
    }
    this.mesh.setMuted(this.#muted);
    this.#say(this.#words(this.#muted ? "said.muted" : "said.unmuted", this.#names()));
    this.#render();
  }

  async #toggleCamera() {
    if (this.media.tracks.video) this.media.stop("video");
    else if (!(await this.media.choose("video"))) return;
    this.#say(this.#words(this.media.tracks.video ? "said.camera-on" : "said.camera-off"));
    this.#render();
  }

  /** With one press; the person is heard again as she was. @param {"audio"|"video"} kind */
  async #takeBack(kind) {
    if (!(await this.media.takeBack(kind))) return;
    const muted = this.#muted ? "said.muted" : "said.unmuted";
    this.#say(this.#words(kind === "video" ? "said.camera-on" : muted, this.#names()));
    this.#render();
  }

  async #otherCamera() {
    const id = await this.media.otherCamera();
    if (!id) return;
    rememberDevice("videoinput", id);
    this.#say(this.#words("said.other-camera"));
  }

  /** The other side's picture in a small window above all others, or back here. */
  async #showBeside() {
    /** @type {HTMLDialogElement|null} */ (this.#part("devices"))?.close();
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    const video = /** @type {HTMLVideoElement|null} */ (this.#part("remote"));
    // Without a picture there is nothing to show, and the browser says no.
    await video?.requestPictureInPicture().catch(() => undefined);
  }

  #togglePicture() {
    this.#pictureOff = !this.#pictureOff;
    this.mesh.setPicture(!this.#pictureOff);
    this.#say(this.#words(this.#pictureOff ? "said.picture-off" : "said.picture-on"));
    this.#render();
  }

  async #listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const cameras = devices.filter(({ kind }) => kind === "videoinput").length;
    for (const button of this.#buttons("other-camera")) button.hidden = cameras < 2;
    for (const kind of DEVICE_KINDS) {
      const offered = devices.filter((device) => device.kind === kind && device.deviceId);
      const inUse = this.#deviceInUse(kind);
      const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (
        document.querySelectorAll(`select[data-call-device="${kind}"]`));
      for (const select of selects) {
        select.replaceChildren(...offered.map((device, index) => {
          const label = device.label || this.#words("device.numbered", { number: String(index + 1) });
          return new Option(label, device.deviceId);
        }));
        select.disabled = offered.length === 0;
        if (inUse && offered.some((device) => device.deviceId === inUse)) select.value = inUse;
      }
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
    if (kind === "audiooutput") await this.#faces.useSpeaker();
    this.#say(this.#words("said.device"));
  }

  // ---- buttons and keys ----

  /** @param {Event} event */
  #clicked(event) {
    if (this.#faces.soundBlocked) this.#playSound(); // any touch of the page allows it
    const button = event.target instanceof Element ? event.target.closest("[data-call-action]") : null;
    const about = button?.closest("[data-person]")?.getAttribute("data-person") ?? undefined;
    if (button) this.#act(button.getAttribute("data-call-action") ?? "", about);
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

  /** @param {string} action @param {string} [about] the participant in whose part of the page it was pressed */
  #act(action, about) {
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
      case "code-same": return this.#compared("same", about);
      case "code-different": return this.#compared("different", about);
      case "screen": return this.#askToShare();
      case "screen-go": return this.#share();
      case "screen-stop": return this.#screen?.stop();
      case "screen-not": return /** @type {HTMLDialogElement|null} */ (this.#part("screen"))?.close();
      case "microphone-back": return this.#takeBack("audio");
      case "camera-back": return this.#takeBack("video");
      case "other-camera": return this.#otherCamera();
      case "beside": return this.#showBeside();
      case "sounds": return this.#askForSounds();
      case "sounds-ask": return this.#askForSounds(about);
      case "sounds-on": return this.#soundsAsked?.on();
      case "sounds-not": return this.#soundsAsked?.not();
      case "sounds-off": return this.#soundsAsked?.off();
      case "captions": return this.#withCaptions((captions) => captions.toggle());
      case "sign": return this.#toggleSigning();
      case "large": return this.#toggleLarge();
      case "shortcuts": return this.#toggleShortcuts();
    }
  }

  /** Sign language: who interprets stands beside who speaks, both large, and each frame of theirs is sent. */
  #toggleSigning() {
    this.#signing = !this.#signing;
    remember(localStorage, SIGNING, { on: this.#signing });
    this.mesh.setSigning(this.#signing);
    this.#say(this.#words(this.#signing ? "said.signing" : "said.not-signing"));
    this.#render();
  }

  /** Large buttons with words, for whoever sees or aims badly; this browser remembers it. */
  #toggleLarge() {
    remember(localStorage, LARGE, { on: recall(localStorage, LARGE).on !== true });
    this.#render();
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
    const passed = performance.now() - this.#ticked;
    this.#ticked += passed;
    // While the team meets without the patient, it is no time of the visit.
    if (this.#startedAt !== null && document.querySelector("[data-meets]")) this.#startedAt += passed;
    const timer = this.#part("timer");
    if (timer && this.#startedAt !== null && this.call && this.call.state !== "ended") {
      const total = Math.floor((performance.now() - this.#startedAt) / 1000);
      const [minutes, seconds] = [Math.floor(total / 60), total % 60];
      timer.textContent = `${minutes}:${String(seconds).padStart(2, "0")}`;
      timer.setAttribute("datetime", `PT${minutes}M${seconds}S`);
    }
    if (performance.now() > this.#noteUntil) this.#show("people-note", false);
    this.#showNotice();
  }

  /** The other side's picture went for the sound's sake, or is back: who doesn't see the page hears it. */
  #sayWhetherPictureComes() {
    const saves = this.call?.peer.savesSound ?? false;
    if (saves === this.#peerSavesSound) return;
    this.#peerSavesSound = saves;
    this.#say(this.#words(saves ? "peer.saves-sound" : "said.picture-back", this.#names()));
  }

  /** @param {import("visits/peer-call.js").Quality} quality */
  #showQuality(quality) {
    if (this.#audioOnly && !quality.audioOnly) this.#say(this.#words("said.picture-mine-back"));
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
    this.#faces.render(!this.#pictureOff);
    const peer = call?.peer;
    const connected = call?.state === "connected";
    const picture = seesPicture(this.mesh.main, !this.#pictureOff);
    const sharing = this.#screen?.on ?? false;
    this.#root.dataset.state = call?.state ?? "waiting";
    const together = this.mesh.others.some((person) => person.call.state === "connected");
    this.#root.toggleAttribute("data-with-somebody", together);
    this.#root.dataset.picture = picture ? "on" : "off";
    this.#root.toggleAttribute("data-signing", this.#signing);
    this.#press("sign", this.#signing);
    const large = recall(localStorage, LARGE).on === true;
    this.#root.toggleAttribute("data-large", large);
    this.#press("large", large);
    this.#press("screen", sharing);
    this.#soundsAsked?.render();
    this.#soundsHeard?.render();
    this.#press("sounds", this.#soundsHeard?.asked ?? false);
    for (const button of this.#buttons("screen")) button.hidden = !this.#mayShare || !canShare();
    this.#show("screen-strip", sharing);
    this.#root.toggleAttribute("data-sharing", sharing);
    this.#press("mute", this.#muted || !media.tracks.audio || !this.#maySpeak);
    this.#press("camera", !media.tracks.video);
    this.#press("picture", this.#pictureOff);
    this.#press("fullscreen", Boolean(document.fullscreenElement));
    this.#press("shortcuts", this.#shortcutsOn());
    const weak = this.#part("notice-sound-only");
    if (weak) weak.hidden = !this.#audioOnly || this.#pictureOff || !connected;
    for (const button of this.#buttons("sound-on")) button.hidden = !this.#faces.soundBlocked || this.#bye !== null;
    for (const button of this.#buttons("bring-here")) button.hidden = this.#bye !== "replaced";
    this.#show("self-placeholder", !media.tracks.video);
    this.#show("remote-placeholder", !picture);
    this.#write("peer-name", this.#names().name);
    this.#write("remote-placeholder", this.#placeholder());
    this.#write("peer-state", connected && peer && !peer.mic ? this.#words("peer.muted", this.#names()) : "");
    this.#showNotice();
    this.#fillNotice("media-notice", mediaNoticeOf(media.problems));
    const gone = (/** @type {string|null} */ problem) => problem === "taken" || problem === "silent";
    for (const button of this.#buttons("microphone-back")) button.hidden = !gone(media.problems.audio);
    for (const button of this.#buttons("camera-back")) button.hidden = !gone(media.problems.video);
  }

  #placeholder() {
    const { call } = this;
    if (call?.state !== "connected") return this.#words(`state.${call?.state ?? "waiting"}`, this.#names());
    if (this.#pictureOff) return this.#words("said.picture-off");
    return this.#words(whyNoPicture(call.peer), this.#names());
  }

  #showNotice() {
    const notice = noticeOf({
      state: this.call?.state ?? "waiting",
      quiet: this.call?.quiet ?? false,
      bye: this.#bye,
      socketUp: this.#socket?.up ?? false,
      welcomed: this.#welcomed,
      peerPresent: this.mesh.main?.present ?? false,
      peerLeft: this.mesh.main?.left ?? false,
      soundBlocked: this.#faces.soundBlocked,
      seconds: (performance.now() - this.#stateSince) / 1000,
      audioOnly: this.#audioOnly,
      peerHears: this.call?.peer.hears ?? false,
    });
    this.#fillNotice("notice", notice);
  }

  /** @param {string} name @param {{head: string, body: string[], name?: string}|null} notice */
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
    const names = notice?.name ? { name: notice.name } : this.#names();
    write(head, notice ? this.#words(notice.head, names) : "");
    write(body, notice ? notice.body.map((key) => this.#words(key, names)).filter(Boolean).join(" ") : "");
  }

  #names() {
    return { name: this.mesh.main?.name || this.#root.dataset.peerName || this.#words("peer.unknown") };
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

/** Phones can't, and few browsers of tablets. */
const canShare = () => typeof navigator.mediaDevices?.getDisplayMedia === "function";

/** What the waiting room left: a person may come muted or without a picture. */
function joinWishes() {
  const wishes = recall(sessionStorage, JOIN_STORE);
  return { audio: wishes.audio !== false, video: wishes.video !== false };
}
