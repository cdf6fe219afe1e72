/**
 * One call with one other person, over whatever carries its signals.
 *
 * Perfect negotiation (W3C WebRTC §10.7) with three additions that make it survive real life:
 *
 * - Each RTCPeerConnection has a random instance id, sent as `epoch` with each signal. A signal of or for an older instance is
 *   dropped; an offer of a *fresh* instance (`to: null`) from an unknown id means that the other side began anew.
 * - Steps are done strictly one after another, so an offer is never made while another description is being applied.
 * - Only ICE restarts, and how sound is to be encoded (see `wholeSound`), are ever negotiated after the first offer: both
 *   transceivers exist from the start, and microphone, camera and devices change by replaceTrack(). So glare after the first
 *   contact never touches the media lines.
 *
 * The connection outlives the socket. It is mended (ICE restart) when it is silent, disconnected or failed and the other
 * side can be reached, and built anew when 30 s of mending didn't help.
 *
 * Events: "state" ({state}), "quiet" (each second in which nothing came), "quality" (Quality), "remote-track" ({track, stream};
 * one stream for each kind), "verification-code" (Outcome of verification-code.js), "peer-state" (PeerState), "digest" (numbers,
 * every 10 s), "peer-left" (the other side said goodbye over the call itself).
 *
 * @typedef {"waiting"|"connecting"|"connected"|"reconnecting"|"failed"|"ended"} State
 *   waiting: nobody there yet; failed: broken for long, still trying
 *
 * @typedef {object} Quality
 * @property {"good"|"fair"|"poor"|"none"} label
 * @property {number|null} rttMs
 * @property {number|null} lossPct
 * @property {number} kbps received
 * @property {number|null} width of the received picture
 * @property {number|null} height
 * @property {number|null} fps
 * @property {boolean} audioOnly whether we gave up sending the picture for the sound's sake
 * @property {number} loudness of what is heard, 0 to 1
 * @property {number|null} delayMs about how old the sound is that is heard
 *
 * @typedef {object} PeerState what the other side says about itself
 * @property {boolean} mic
 * @property {boolean} camera
 * @property {boolean} hears whether sound arrived there in the last seconds
 * @property {number|null} heardPct how much of our sound arrived there in the last second
 * @property {boolean} wantsPicture
 * @property {boolean} savesSound whether it gave up its own picture for the sound's sake
 * @property {boolean} screen whether its picture is a screen
 * @property {boolean} asksForSounds whether the other side would hear heart and lungs
 * @property {"off"|"no"|"starting"|"whole"|"weak"} sounds what it sends of them: no: declined; whole: nothing is taken out;
 *   weak: the line doesn't carry them
 * @property {boolean} signs whether somebody there reads or speaks with hands, so that each frame counts
 */

import { Digest, Ladder, QualityReader, labelOf } from "visits/call-quality.js";
import { Verification } from "visits/verification-code.js";

const TICK_MS = 1000;
/** The other side says something every second, so this much silence means a dead path, sooner than ICE finds it. */
const SILENT_AFTER_MS = 3000;
/** Sound alone is fifty packets a second: one without any is reason enough to look whether the network is still there. */
const QUIET_AFTER_MS = 900;
const MEND_EVERY_MS = 5000;
/** What the other side says of itself comes each second. */
const WORD_HOLDS_MS = 2500;
const NARROW_KBPS = 140;
/** An offer without its answer was lost on the way, or the other side was not there. */
const ANSWER_WITHIN_MS = 3500;
const REBUILD_AFTER_MS = 30_000;
const FAILED_AFTER_MS = 45_000;
/** Whoever was there first leaves the first offer to the one who comes: two offers at once cost a round trip. */
const NEWCOMER_OFFERS_WITHIN_MS = 2500;
/** The bandwidth estimate of a young connection is low and means nothing yet. */
const SETTLING_MS = 6000;
const DIGEST_EVERY_MS = 10_000;
const LARGEST_LINK_MESSAGE = 1000;

/** Of a screen each letter counts, and little moves. */
const SCREEN_FRAMERATE = 15;
const LEAN_SCREEN_FRAMERATE = 5;
/** Undefined is the browser's own choice. */
const LEAN_VIDEO = { maxBitrate: 120_000, maxFramerate: 12 };
const FULL_VIDEO = { maxBitrate: undefined, maxFramerate: undefined };
/** Fewer bits a second, and longer packets where they help: of fifty a second more than half are headers. */
const LEAN_AUDIO = { maxBitrate: 16_000, adaptivePtime: true };
/** Of sounds that tell of heart and lungs nothing may be missing. */
const WHOLE_BITRATE = 256_000;
const WHOLE_AUDIO = { maxBitrate: WHOLE_BITRATE, adaptivePtime: false };
const FULL_AUDIO = { maxBitrate: undefined, adaptivePtime: false };

const SOUNDS = /** @type {const} */ (["off", "no", "starting", "whole", "weak"]);
/** Of the sound's way, beside the network and what waits to be played: one packet is gathered, coded and played. */
const CODING_MS = 40;

/** @type {PeerState} */
const UNKNOWN_PEER = {
  mic: false, camera: false, hears: false, heardPct: null, wantsPicture: true, savesSound: false, screen: false, signs: false,
  asksForSounds: false, sounds: "off",
};

export class PeerCall extends EventTarget {
  /** @type {State} */ state = "waiting";
  /** @type {PeerState} */ peer = UNKNOWN_PEER;
  /** How often each way of mending was used; for tests and for the digest. */
  counts = { offers: 0, ignoredOffers: 0, restarts: 0, rebuilds: 0, reconnects: 0 };

  #send;
  #polite;
  /** @type {RTCConfiguration} */ #configuration;
  /** @type {RTCPeerConnection|null} */ #pc = null;
  /** @type {Promise<void>} */ #steps = Promise.resolve();
  #ended = false;

  // Who talks with whom: our instance, theirs, and theirs that are gone.
  #instance = "";
  #sent = 0;
  /** @type {string|null} */ #remote = null;
  #seen = 0;
  /** @type {Set<string>} */ #retired = new Set();
  #offerNumber = 0;
  /** @type {number|null} */ #awaitingSince = null;

  #reachable = { signalling: false, peer: false };
  #everConnected = false;
  /** Whether the browser went to another network, over which nothing has been negotiated yet. */
  #moved = false;
  #heardAt = 0;
  #connectedAt = 0;
  /** @type {number|null} */ #brokenSince = null;
  /** @type {number|null} */ #mendingSince = null;
  #triedAt = -Infinity;
  #offerNotBefore = 0;

  /** @type {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} */ #tracks = { audio: null, video: null };
  /** @type {{audio?: RTCRtpSender, video?: RTCRtpSender}} */ #senders = {};
  #muted = false;
  #wantsPicture = true;
  #signs = false;
  #screen = false;
  /** Whether heart and lungs of the other side would be heard here. */ asksForSounds = false;
  /** What was answered to the other side, which asks for them. @type {"off"|"no"|"on"} */ sounds = "off";
  /** Whether our last description asked for them. */ #askedWhole = false;
  /** The most that a full picture may take. @type {Partial<RTCRtpEncodingParameters>} */ #share = FULL_VIDEO;
  /** Only its id counts: the other side keeps sound and picture of one stream in step. */
  #stream = new MediaStream();

  /** @type {RTCDataChannel|null} */ #link = null;
  /** @type {Verification|null} */ #verification = null;
  /** @type {QualityReader|null} */ #reader = null;
  #ladder = new Ladder();
  #digest = new Digest();
  #digestAt = performance.now() + DIGEST_EVERY_MS;
  #hears = false;
  /** @type {number|null} */ #heardPct = null;
  #toldAt = 0;
  #tickAt = performance.now();
  #ticking = false;
  #timer;
  #onMove = () => void (this.#moved = true);

  /**
   * @param {object} options
   * @param {(data: object) => boolean} options.send hands a signal to the other side; false when it could not be sent
   * @param {boolean} options.polite given by the server to the participant; opposite on the two sides
   * @param {RTCIceServer[]} [options.iceServers]
   * @param {RTCIceTransportPolicy} [options.icePolicy] "relay" hides the person's address from the other side
   */
  constructor({ send, polite, iceServers = [], icePolicy = "all" }) {
    super();
    this.#send = send;
    this.#polite = polite;
    this.#configuration = { iceServers, iceTransportPolicy: icePolicy, bundlePolicy: "max-bundle" };
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    addEventListener("online", this.#onMove);
  }

  // ---- what the page tells ----

  /** @param {RTCIceServer[]} iceServers fresh credentials; used from the next ICE restart on */
  setIceServers(iceServers) {
    this.#configuration = { ...this.#configuration, iceServers };
    this.#pc?.setConfiguration(this.#configuration);
  }

  /**
   * The socket has been welcomed.
   * @param {boolean} peerPresent whether the other side has an open socket
   */
  signallingUp(peerPresent) {
    this.#reachable = { signalling: true, peer: peerPresent };
    if (!peerPresent) return this.#evaluate();
    // We are the one who comes. Nothing that was under way when the socket went can be trusted to have arrived.
    this.#awaitingSince = null;
    if (!this.#remote) this.#offer();
    else if (this.#offered || this.#moved || !this.#healthy(QUIET_AFTER_MS)) this.#offer({ restart: true });
    this.#evaluate();
  }

  signallingDown() {
    this.#reachable = { signalling: false, peer: false };
    this.#mendingSince = null;
    this.#evaluate();
  }

  /** The other side's socket came, after us. */
  peerJoined() {
    this.#reachable.peer = true;
    this.#offerNotBefore = performance.now() + NEWCOMER_OFFERS_WITHIN_MS;
    // An offer of ours that went to nobody stands in the way of theirs, so it goes first.
    if (this.#remote && this.#offered) this.#offer({ restart: true });
    if (!this.#pc) this.#step(async () => void (this.#pc ?? this.#build())); // ready when the offer comes
    this.#evaluate();
  }

  /** The other side's socket went. The call itself may go on. */
  peerAway() {
    this.#reachable.peer = false;
    this.#mendingSince = null;
    this.#evaluate();
  }

  /** The other side left on purpose: back to waiting, and ready for its return. */
  peerLeft() {
    this.#reachable.peer = false;
    this.#discard();
    this.#ladder.renew();
    this.#everConnected = false;
    this.#brokenSince = null;
    this.#evaluate();
  }

  /** @param {unknown} data a signal of the other side, not trusted */
  receive(data) {
    const signal = parseSignal(data);
    if (signal) this.#step(() => this.#read(signal));
  }

  /**
   * Sends this track from now on, without negotiating.
   * @param {"audio"|"video"} kind @param {MediaStreamTrack|null} track null sends nothing
   * @param {{screen?: boolean}} [what] screen: this picture is one
   */
  async setTrack(kind, track, { screen = false } = {}) {
    this.#tracks[kind] = track;
    if (kind === "video" && screen !== this.#screen) {
      this.#screen = screen;
      this.#limitSending();
    }
    if (kind === "audio" && track) track.enabled = !this.#muted;
    await this.#senders[kind]?.replaceTrack(track);
    this.#tellState();
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    if (this.#tracks.audio) this.#tracks.audio.enabled = !muted;
    this.#tellState();
  }

  /**
   * Picture off both ways, to save data or strength; the sound goes on.
   * @param {boolean} wanted
   */
  setPicture(wanted) {
    this.#wantsPicture = wanted;
    this.#tellState();
    this.#limitSending();
  }

  /** @param {boolean} signs whether hands must be seen clearly here; the other side then sends each frame */
  setSigning(signs) {
    this.#signs = signs;
    this.#tellState();
  }

  /**
   * Asks the other side to send its sound whole, or says that it is enough.
   * @param {boolean} wanted
   */
  askForSounds(wanted) {
    this.asksForSounds = wanted;
    this.#tellState();
    this.#askByOffer();
  }

  /** @param {"off"|"no"|"on"} sounds what the person here answered; with "on" our sound is sent whole to the other side */
  setSounds(sounds) {
    this.sounds = sounds;
    this.#limitSending();
  }

  /**
   * How much a full picture may take of a line that carries others too.
   * @param {Partial<RTCRtpEncodingParameters>} share maxBitrate and maxFramerate; what is absent is the browser's own choice
   */
  setShare(share) {
    this.#share = { ...FULL_VIDEO, ...share };
    this.#limitSending();
  }

  /** Mends now, whether it seems necessary or not. */
  restart() {
    this.#offer({ restart: true });
  }

  /** Builds a new connection; the other side follows. */
  rebuild() {
    this.#step(async () => {
      this.counts.rebuilds += 1;
      this.#build();
    });
    this.#offer();
  }

  /**
   * Ends the call.
   * @param {{goodbye?: boolean}} [how] goodbye: tells the other side over the call itself that the person has left
   */
  close({ goodbye = true } = {}) {
    if (goodbye && this.#link?.readyState === "open") this.#link.send(JSON.stringify({ t: "bye" }));
    this.report();
    this.#ended = true;
    clearInterval(this.#timer);
    removeEventListener("online", this.#onMove);
    // The goodbye needs a moment to go out before the transport closes.
    const pc = this.#pc;
    this.#pc = null;
    setTimeout(() => pc?.close(), 200);
    this.#evaluate();
  }

  /** Tells now what was measured since the last digest, for a page that goes. */
  report() {
    if (!this.#ended) this.#sendDigest(performance.now());
  }

  /** @returns {Promise<RTCStatsReport|null>} the browser's own statistics, for tests and the details panel */
  async stats() {
    return (await this.#pc?.getStats()) ?? null;
  }

  /** @returns {{maxBitrate: number|null, maxFramerate: number|null}} of the picture that is sent, for tests */
  limits() {
    const { maxBitrate = null, maxFramerate = null } = this.#senders.video?.getParameters().encodings[0] ?? {};
    return { maxBitrate, maxFramerate };
  }

  /** @returns {{level: "full"|"lean"|"sound", picture: boolean, soundBitrate: number|null, surface: string|null}} for tests */
  sends() {
    const [video, audio] = [this.#senders.video, this.#senders.audio].map((sender) => sender?.getParameters().encodings[0]);
    const { displaySurface: surface = null } = this.#senders.video?.track?.getSettings() ?? {};
    return { level: this.#ladder.level, picture: video?.active ?? false, soundBitrate: audio?.maxBitrate ?? null, surface };
  }

  // ---- negotiation ----

  /** @param {() => Promise<void>} step */
  #step(step) {
    this.#steps = this.#steps.then(async () => {
      if (this.#ended) return;
      try {
        await step();
      } catch (error) {
        // A step that failed leaves a connection that the next mending repairs; the name says enough and holds no data.
        console.warn("call step failed:", error instanceof Error ? error.name : error);
      }
    });
  }

  #discard() {
    if (this.#remote) this.#retired.add(this.#remote);
    this.#pc?.close();
    this.#pc = null;
    this.#link = null;
    this.#verification = null;
    this.#reader = null;
    this.#senders = {};
    this.#remote = null;
    this.#awaitingSince = null;
    this.#hears = false;
    this.peer = UNKNOWN_PEER;
  }

  #build() {
    const replaces = this.#pc !== null;
    this.#discard();
    const pc = new RTCPeerConnection(this.#configuration);
    this.#pc = pc;
    this.#instance = crypto.randomUUID();
    this.#sent = 0;
    this.#seen = 0;
    this.#askedWhole = false;
    this.#reader = new QualityReader(pc);
    pc.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate && pc === this.#pc) this.#signal({ candidate: candidate.toJSON() });
    });
    pc.addEventListener("track", ({ track }) => {
      if (pc !== this.#pc) return;
      this.#emit("remote-track", { track, stream: new MediaStream([track]) });
    });
    pc.addEventListener("connectionstatechange", () => {
      if (pc !== this.#pc) return;
      if (pc.connectionState === "connected") this.#heardAt = performance.now();
      this.#evaluate();
    });
    this.#openLink(pc);
    if (replaces) this.#emit("verification-code", { code: null, problem: null });
    return pc;
  }

  /** @param {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit, re?: number}} content */
  #signal(content) {
    this.#sent += 1;
    this.#send({ epoch: { id: this.#instance, n: this.#sent }, to: this.#remote, ...content });
    return this.#sent;
  }

  #offer({ restart = false } = {}) {
    this.#triedAt = performance.now();
    this.#moved = false;
    this.#step(async () => {
      const pc = this.#pc ?? this.#build();
      if (pc.signalingState === "stable") {
        if (pc.getTransceivers().length === 0) this.#addTransceivers(pc);
        if (restart && this.#remote) {
          this.counts.restarts += 1;
          pc.restartIce();
        }
        await pc.setLocalDescription();
      } // else: an offer that got no answer; sent again as it is, with the candidates found since. It is not rolled back:
      // on the side that answered the first offer, Chromium takes the media away with it and says "connected" all the same.
      if (!pc.localDescription || pc !== this.#pc) return;
      this.counts.offers += 1;
      this.#awaitingSince = performance.now();
      this.#offerNumber = this.#signal({ description: this.#described(pc.localDescription) });
    });
  }

  /** @param {RTCSessionDescription} description of ours, as the other side shall read it */
  #described({ type, sdp }) {
    this.#askedWhole = this.#listens;
    return { type, sdp: this.#listens ? wholeSound(sdp) : sdp };
  }

  /** How the sound that comes is to be encoded has changed: our description says it. */
  #askByOffer() {
    if (this.#listens !== this.#askedWhole && this.#reachable.peer) this.#offer();
  }

  /** Whether the other side sends sounds that we asked for. */
  get #listens() {
    return this.asksForSounds && ["starting", "whole", "weak"].includes(this.peer.sounds);
  }

  /** What we send of the sounds that were asked for. @returns {PeerState["sounds"]} */
  get #sendsSounds() {
    if (this.sounds !== "on") return this.sounds;
    if (this.#ladder.level === "sound") return "weak";
    return takesWhole(this.#pc?.remoteDescription?.sdp) && isWhole(this.#tracks.audio) ? "whole" : "starting";
  }

  /** @param {RTCPeerConnection} pc */
  #addTransceivers(pc) {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const transceiver = pc.addTransceiver(this.#tracks[kind] ?? kind, { direction: "sendrecv", streams: [this.#stream] });
      this.#senders[kind] = transceiver.sender;
    }
  }

  /** Before an offer is applied: tracks added now take its media lines by themselves. @param {RTCPeerConnection} pc */
  #addTracks(pc) {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const track = this.#tracks[kind];
      if (track && !this.#senders[kind]) this.#senders[kind] = pc.addTrack(track, this.#stream);
    }
  }

  /**
   * After it: what we have no track for yet is sent over the offer's line later, without negotiating.
   * @param {RTCPeerConnection} pc
   */
  #adoptTransceivers(pc) {
    for (const transceiver of pc.getTransceivers()) {
      const kind = /** @type {"audio"|"video"} */ (transceiver.receiver.track.kind);
      if (this.#senders[kind]) continue;
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(this.#stream); // older browsers can't; the two may then drift a little
      this.#senders[kind] = transceiver.sender;
      // The track may have come while the offer was applied.
      if (this.#tracks[kind]) transceiver.sender.replaceTrack(this.#tracks[kind]);
    }
  }

  /** @param {Signal} signal */
  async #read({ epoch, to, description, candidate, re }) {
    if (this.#retired.has(epoch.id)) return;
    const known = epoch.id === this.#remote;
    if (known && epoch.n <= this.#seen) return;
    if (to !== null && to !== this.#instance) {
      // The other side still talks with a connection of ours that is gone: let it know the one we have.
      const idle = performance.now() - this.#triedAt > 1000;
      if (description?.type === "offer" && idle && !this.#healthy()) this.#offer();
      return;
    }
    if (description?.type === "offer") await this.#readOffer(epoch, known, to, description);
    else if (description?.type === "answer") await this.#readAnswer(epoch, known, description, re);
    else if (candidate && known) {
      this.#seen = epoch.n;
      // Candidates of an offer that we ignored don't fit; they are meant to fail.
      await this.#pc?.addIceCandidate(candidate).catch(() => undefined);
    }
  }

  /** @param {Epoch} epoch @param {boolean} known @param {string|null} to @param {RTCSessionDescriptionInit} description */
  async #readOffer(epoch, known, to, description) {
    if (!known && to !== null) return;
    const collision = this.#pc?.signalingState === "have-local-offer";
    const anew = !known && this.#remote !== null;
    if (collision && !anew && !this.#polite) {
      if (known) this.#seen = epoch.n;
      this.counts.ignoredOffers += 1;
      return;
    }
    // A first offer of ours that collides is not rolled back but forgotten: a rolled-back one leaves its transceivers.
    if (!this.#pc || anew || (collision && !known)) this.#build();
    if (anew) this.#ladder.renew();
    const pc = /** @type {RTCPeerConnection} */ (this.#pc);
    this.#remote = epoch.id;
    this.#seen = epoch.n;
    this.#awaitingSince = null;
    this.#triedAt = performance.now();
    this.#reachable.peer = this.#reachable.signalling;
    this.#addTracks(pc);
    await pc.setRemoteDescription(description);
    this.#adoptTransceivers(pc);
    await pc.setLocalDescription();
    if (pc.localDescription) this.#signal({ description: this.#described(pc.localDescription), re: epoch.n });
    this.#evaluate();
  }

  /**
   * @param {Epoch} epoch @param {boolean} known
   * @param {RTCSessionDescriptionInit} description @param {number|null} re
   */
  async #readAnswer(epoch, known, description, re) {
    const pc = this.#pc;
    const expected = pc?.signalingState === "have-local-offer" && re === this.#offerNumber;
    if (!pc || !expected || (!known && this.#remote !== null)) return;
    this.#remote = epoch.id;
    this.#seen = epoch.n;
    this.#awaitingSince = null;
    await pc.setRemoteDescription(description);
    this.#evaluate();
  }

  // ---- the link: a data channel for what the two pages tell each other, and for the code ----

  /** @param {RTCPeerConnection} pc */
  #openLink(pc) {
    const link = pc.createDataChannel("link", { negotiated: true, id: 0 });
    this.#link = link;
    const send = (/** @type {object} */ message) => {
      if (link.readyState === "open") link.send(JSON.stringify(message));
    };
    const report = (/** @type {object} */ outcome) => {
      if (pc === this.#pc) this.#emit("verification-code", outcome);
    };
    const verification = new Verification(pc, send, report);
    this.#verification = verification;
    link.addEventListener("open", () => {
      verification.start();
      this.#tellState();
    });
    link.addEventListener("message", ({ data }) => {
      if (pc !== this.#pc || typeof data !== "string" || data.length > LARGEST_LINK_MESSAGE) return;
      this.#heardAt = performance.now();
      const message = parseObject(data);
      if (message?.t === "state") this.#readState(message);
      else if (message?.t === "bye") this.#saidBye();
      else if (message) verification.receive(message);
    });
  }

  /** Heard over the call itself, perhaps while the server is away. */
  #saidBye() {
    this.peerLeft();
    this.#emit("peer-left", {});
  }

  #tellState() {
    if (this.#link?.readyState !== "open") return;
    const message = {
      t: "state",
      mic: Boolean(this.#tracks.audio) && !this.#muted,
      camera: Boolean(this.#tracks.video) && this.#wantsPicture,
      hears: this.#hears,
      heardPct: this.#heardPct === null ? null : Math.round(this.#heardPct),
      wantsPicture: this.#wantsPicture,
      savesSound: this.#ladder.level === "sound",
      screen: this.#screen,
      asksForSounds: this.asksForSounds,
      sounds: this.#sendsSounds,
      signs: this.#signs,
    };
    this.#link.send(JSON.stringify(message));
  }

  /** @param {Record<string, unknown>} message */
  #readState(message) {
    const before = this.peer;
    this.#toldAt = performance.now();
    this.peer = {
      mic: message.mic === true,
      camera: message.camera === true,
      hears: message.hears === true,
      heardPct: typeof message.heardPct === "number" ? message.heardPct : null,
      wantsPicture: message.wantsPicture !== false,
      savesSound: message.savesSound === true,
      screen: message.screen === true,
      asksForSounds: message.asksForSounds === true,
      sounds: SOUNDS.find((each) => each === message.sounds) ?? "off",
      signs: message.signs === true,
    };
    const told = (/** @type {PeerState} */ state) => JSON.stringify({ ...state, heardPct: null });
    if (told(before) === told(this.peer)) return;
    if (before.wantsPicture !== this.peer.wantsPicture) this.#limitSending();
    this.#askByOffer();
    this.#emit("peer-state", this.peer);
  }

  // ---- health ----

  /** Whether an offer of ours waits for its answer. */
  get #offered() {
    return this.#pc?.signalingState === "have-local-offer";
  }

  /** Whether nothing came for a moment over a connection that stood: not yet a reason to mend it. */
  get quiet() {
    return this.#everConnected && performance.now() - this.#heardAt > QUIET_AFTER_MS;
  }

  /** @param {number} [silenceMs] */
  #healthy(silenceMs = SILENT_AFTER_MS) {
    return this.#pc?.connectionState === "connected" && performance.now() - this.#heardAt < silenceMs;
  }

  /** Finds the state, says it, and mends what is broken and can be mended. */
  #evaluate() {
    const now = performance.now();
    const healthy = this.#healthy();
    const somebody = this.#reachable.peer || this.#remote !== null;
    if (healthy) {
      if (this.state !== "connected") {
        this.#connectedAt = now;
        this.#ladder.pause();
        this.#limitSending();
      }
      this.#everConnected = true;
      this.#brokenSince = null;
      this.#mendingSince = null;
    } else if (somebody) {
      this.#brokenSince ??= now;
    }
    const tooLong = this.#brokenSince !== null && now - this.#brokenSince > FAILED_AFTER_MS;
    /** @type {State} */ let state = "waiting";
    if (this.#ended) state = "ended";
    else if (healthy) state = "connected";
    else if (somebody && tooLong) state = "failed";
    else if (somebody) state = this.#everConnected ? "reconnecting" : "connecting";
    if (state !== this.state) {
      if (state === "reconnecting") this.counts.reconnects += 1;
      this.state = state;
      this.#emit("state", { state });
    }
    if (somebody && !healthy && !this.#ended) this.#mend(now);
  }

  /** @param {number} now */
  #mend(now) {
    if (!this.#reachable.signalling || !this.#reachable.peer || now < this.#offerNotBefore) return;
    const unanswered = this.#awaitingSince !== null && now - this.#awaitingSince > ANSWER_WITHIN_MS;
    if (!unanswered && now - this.#triedAt < MEND_EVERY_MS) return;
    if (this.#everConnected) this.#mendingSince ??= now;
    if (this.#mendingSince !== null && now - this.#mendingSince > REBUILD_AFTER_MS) {
      this.#mendingSince = now;
      this.rebuild();
    } else {
      this.#offer({ restart: true });
    }
  }

  async #tick() {
    if (this.#ticking) return;
    this.#ticking = true;
    const now = performance.now();
    const seconds = (now - this.#tickAt) / 1000;
    this.#tickAt = now;
    try {
      const reader = this.#reader;
      const reading = (await reader?.read()) ?? null;
      if (reader !== this.#reader || this.#ended) return;
      if (reading?.bytesIn) this.#heardAt = now;
      this.#evaluate();
      if (this.quiet) this.#emit("quiet", {});
      const connected = this.state === "connected";
      this.#hears = connected && Boolean(reading?.sound);
      this.#heardPct = connected ? (reading?.heardPct ?? null) : null;
      if (connected && reading) {
        this.#judge(reading, now);
        // A picture that is only tried is shown to nobody.
        this.#digest.add({ ...reading, picture: reading.picture && !this.peer.savesSound }, seconds);
      } else if (!connected && this.state !== "waiting") {
        this.#emit("quality", noQuality(this.#ladder.level === "sound"));
        if (this.#everConnected) this.#digest.add(null, seconds);
      }
      this.#tellState();
      // The offer that asks for whole sound, or its answer, may have been lost.
      const lost = this.#listens && this.peer.sounds === "starting" && now - this.#triedAt > ANSWER_WITHIN_MS;
      if (lost && connected && this.#reachable.peer) this.#offer();
      else if (connected) this.#askByOffer();
      this.#verification?.recheck();
      if (now >= this.#digestAt) this.#sendDigest(now);
    } finally {
      this.#ticking = false;
    }
  }

  /** @param {import("visits/call-quality.js").Reading} reading @param {number} now */
  #judge(reading, now) {
    const settled = now - this.#connectedAt > SETTLING_MS;
    // Where not even its word comes through our own ear stands for the other side's; on a narrow line it hears nothing.
    const ours = (reading.availableKbps ?? Infinity) < NARROW_KBPS ? 0 : reading.heardPct;
    const theirs = now - this.#toldAt < WORD_HOLDS_MS ? this.peer.heardPct : ours;
    const heardPct = this.#tracks.audio ? theirs : null;
    if (settled && this.#sendsPicture() && this.#ladder.step({ ...reading, heardPct })) this.#limitSending();
    // A screen on which nothing moves gives few frames, and nothing is wrong with it.
    const picture = this.peer.camera && !this.peer.screen && !this.peer.savesSound && this.#wantsPicture && settled;
    /** @type {Quality} */
    const quality = {
      label: labelOf(reading, { picture }),
      rttMs: reading.rttMs,
      lossPct: reading.lossPct,
      kbps: reading.kbpsIn,
      width: reading.width,
      height: reading.height,
      fps: reading.fps,
      audioOnly: this.#ladder.level === "sound",
      loudness: reading.loudness,
      delayMs: reading.rttMs === null || reading.bufferMs === null ? null : reading.rttMs / 2 + reading.bufferMs + CODING_MS,
    };
    this.#emit("quality", quality);
  }

  /** @param {number} now */
  #sendDigest(now) {
    this.#digestAt = now + DIGEST_EVERY_MS;
    if (!this.#everConnected) return;
    this.#emit("digest", this.#digest.take({ level: this.#ladder.level, reconnects: this.counts.reconnects }));
  }

  /** Whether there is a picture that the ladder has a say over. */
  #sendsPicture() {
    return Boolean(this.#tracks.video) && this.#wantsPicture && this.peer.wantsPicture;
  }

  async #limitSending() {
    const { level, trying } = this.#ladder;
    const active = (level !== "sound" || trying) && this.#wantsPicture && this.peer.wantsPicture;
    const most = { ...(level === "full" ? this.#share : LEAN_VIDEO) };
    if (this.#screen) most.maxFramerate = level === "full" ? SCREEN_FRAMERATE : LEAN_SCREEN_FRAMERATE;
    await limit(this.#senders.video, { active, ...most });
    const whole = this.sounds === "on" ? WHOLE_AUDIO : FULL_AUDIO;
    await limit(this.#senders.audio, level === "sound" ? LEAN_AUDIO : whole);
    this.#tellState();
  }

  /** @param {string} name @param {object} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {boolean} audioOnly @returns {Quality} */
const noQuality = (audioOnly) => ({
  label: "none", rttMs: null, lossPct: null, kbps: 0, width: null, height: null, fps: null, audioOnly, loudness: 0,
  delayMs: null,
});

/**
 * How sound is encoded is asked for by who receives it. Two channels are the way to tell Opus that it isn't speech, from
 * which it would take all below 60 Hz (of one channel it does, at any bitrate).
 * @param {string} sdp @returns {string}
 */
function wholeSound(sdp) {
  const payload = /^a=rtpmap:(\d+) opus\//m.exec(sdp)?.[1];
  if (!payload) return sdp;
  const wish = `stereo=1;maxaveragebitrate=${WHOLE_BITRATE}`;
  return sdp.replace(new RegExp(`^(a=fmtp:${payload} [^\\r\\n]*)`, "m"), `$1;${wish}`);
}

/** @param {string|undefined} sdp of the other side @returns {boolean} whether it takes whole sound */
const takesWhole = (sdp) => /^a=fmtp:\d+ .*\bstereo=1\b/m.test(sdp ?? "");

/** @param {MediaStreamTrack|null} track @returns {boolean} whether nothing is taken out of it, as far as the browser says */
function isWhole(track) {
  const { echoCancellation, noiseSuppression, autoGainControl } = track?.getSettings() ?? {};
  return [echoCancellation, noiseSuppression, autoGainControl].every((on) => on === false);
}

/** @param {RTCRtpSender|undefined} sender @param {Partial<RTCRtpEncodingParameters>} wanted */
async function limit(sender, wanted) {
  const parameters = sender?.getParameters();
  if (!sender || !parameters?.encodings?.length) return; // not negotiated yet; asked again once connected
  // Even without a difference, setting them anew costs the encoder a fifth of a second, and a young call its first frame.
  const encoding = parameters.encodings[0];
  if (Object.entries(wanted).every(([key, value]) => encoding[/** @type {keyof typeof encoding} */ (key)] === value)) return;
  Object.assign(encoding, wanted);
  // Two changes at once make the first one stale; the second carries the newer wish.
  await sender.setParameters(parameters).catch(() => undefined);
}

/**
 * @typedef {{id: string, n: number}} Epoch
 * @typedef {object} Signal
 * @property {Epoch} epoch
 * @property {string|null} to
 * @property {RTCSessionDescriptionInit|null} description
 * @property {RTCIceCandidateInit|null} candidate
 * @property {number|null} re
 */

/** @param {any} data @returns {Signal|null} */
function parseSignal(data) {
  const { epoch, to = null, description = null, candidate = null, re = null } = data ?? {};
  if (typeof epoch?.id !== "string" || !Number.isInteger(epoch.n)) return null;
  if (to !== null && typeof to !== "string") return null;
  if (description && (!["offer", "answer"].includes(description.type) || typeof description.sdp !== "string")) return null;
  return { epoch, to, description, candidate, re };
}

/** @param {string} text @returns {Record<string, unknown>|null} */
function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
