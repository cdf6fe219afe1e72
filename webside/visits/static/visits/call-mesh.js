/**
 * Everybody in a call: one PeerCall for each pair, so that sound and picture go straight from each to each.
 *
 * The mesh knows who is there, with whom the page's own person compared digits, and how much of the line each picture may
 * take. One of the others is the one that the page is about (`main`): for a patient her clinician, for a clinician the patient;
 * she keeps her place when she goes. Everybody else comes and goes.
 *
 * Events, all with {person}: "came" (in the room, announced to all), "gone" ({reason}), "changed" (name, leave to speak),
 * "state" ({state}), "quality" ({quality}), "remote-track" ({stream}), "code", "peer-state", "digest" ({digest}), "quiet".
 * And "size" ({size}): how large the camera's picture may be, with so many to send it to.
 */

import { PeerCall } from "visits/peer-call.js";

/** What a picture may take when there are so many others. A home's line carries about a megabit upwards. */
const SHARES = [{}, {}, { maxBitrate: 600_000, maxFramerate: 24 }, { maxBitrate: 350_000, maxFramerate: 15 }];
/** As large as the camera's picture may be then; null: as it is. */
const SIZES = [null, null, { width: 640, height: 360 }, { width: 480, height: 270 }];
/** Hands that speak are quick: each frame counts more than its sharpness. */
const SIGNING = { maxBitrate: 800_000, maxFramerate: 30 };

/** One of the others, and what is known of the pair. */
export class Person {
  name = "";
  role = "";
  relation = "";
  speak = true;
  /** Whether she may show a screen. */ share = false;
  /** Whether her socket is up, as far as the server knows. */ present = false;
  left = false;
  /** What the digits of this connection are: none, unsupported, broken, unverified. */ #problem = "none";
  /** The digits, while there are some. */ code = "";
  /** What was found here. @type {""|"same"|"different"} */ found = "";
  foundIsKept = true;
  /** Whether the other side says that the digits differ. */ theyDiffer = false;

  /** @param {string} participant @param {PeerCall} call */
  constructor(participant, call) {
    this.participant = participant;
    this.call = call;
  }

  /** @param {Record<string, any>} told by the server */
  learn({ name, role, relation, speak, share }) {
    this.name = name || this.name;
    this.role = role ?? this.role;
    this.relation = relation ?? this.relation;
    this.speak = speak !== false;
    this.share = share === true;
  }

  /** @param {import("visits/verification-code.js").Outcome} outcome */
  showed({ code, problem }) {
    this.code = code ?? "";
    this.#problem = problem ?? (code ? "unverified" : "none");
    // Other digits need another look. That they differed is not forgotten: a connection can be broken on purpose.
    if (this.found === "same") this.found = "";
  }

  get canCompare() {
    return this.#problem === "unverified";
  }

  /** none, unsupported, broken, unverified, same, different, theirs (the other side says different): the worst first */
  get codeState() {
    if (this.found === "different") return "different";
    if (this.theyDiffer) return "theirs";
    return this.#problem === "unverified" && this.found ? this.found : this.#problem;
  }
}

export class Mesh extends EventTarget {
  /** @type {Map<string, Person>} */ #people = new Map();
  #send;
  #mainRole;
  #me = "";
  #polite = false;
  #up = false;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** @type {string} */ #icePolicy;
  /** @type {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} */ #tracks = { audio: null, video: null };
  #muted = false;
  /** @type {MediaStreamTrack|null} what is sent in the camera's place */ #screen = null;
  #picture = true;
  #signs = false;

  /**
   * @param {object} options
   * @param {(message: object) => boolean} options.send over the socket
   * @param {string} options.icePolicy until the server says another one
   * @param {string} [options.mainRole] of the person the page is about; else it is the first one met
   */
  constructor({ send, icePolicy, mainRole = "" }) {
    super();
    this.#send = send;
    this.#icePolicy = icePolicy;
    this.#mainRole = mainRole;
  }

  /** @returns {Person[]} */
  get others() {
    return [...this.#people.values()];
  }

  /** @returns {Person|null} */
  get main() {
    return this.others.find((person) => this.isMain(person)) ?? null;
  }

  /** @param {Person} person */
  isMain(person) {
    return this.#mainRole ? person.role === this.#mainRole : person === this.others[0];
  }

  /** @param {string} participant @returns {Person|undefined} */
  person(participant) {
    return this.#people.get(participant);
  }

  // ---- what the server says ----

  /** @param {any} message the welcome */
  welcome({ participant, polite, ice_servers: iceServers, ice_policy: icePolicy, peers = [], checks = [] }) {
    const again = this.#me !== "";
    this.#me = participant;
    this.#polite = polite;
    this.#icePolicy = icePolicy ?? this.#icePolicy;
    this.#up = true;
    this.setIceServers(iceServers ?? []);
    const here = new Set(peers.map((/** @type {any} */ peer) => peer.participant));
    for (const person of this.others) {
      if (here.has(person.participant)) continue;
      person.present = false;
      person.call.signallingUp(false);
      this.#dropIfGone(person);
    }
    for (const peer of peers) {
      const known = this.#people.has(peer.participant);
      const person = this.#meet(peer);
      person.present = true;
      if (again && !known) this.#tell("came", person);
      person.call.signallingUp(true);
    }
    for (const person of this.others) {
      const said = (/** @type {string} */ who, /** @type {string} */ of) =>
        checks.find((/** @type {any} */ each) => each.participant === who && each.with === of)?.result;
      if (!person.foundIsKept) this.#sayCompared(person);
      else if (said(this.#me, person.participant) === "different") person.found = "different";
      person.theyDiffer = said(person.participant, this.#me) === "different";
      this.#tell("code", person);
    }
  }

  socketDown() {
    this.#up = false;
    for (const { call } of this.others) call.signallingDown();
  }

  /** @param {any} message */
  peerChanged({ event, participant, reason, ...told }) {
    const known = this.#people.get(participant);
    if (event === "joined") {
      const here = known?.present;
      const stayed = known && !known.left;
      const person = this.#meet({ participant, ...told });
      person.present = true;
      person.left = false;
      person.call.peerJoined();
      if (!here && !stayed) this.#tell("came", person);
      else this.#tell("changed", person);
    } else if (known && event === "changed") {
      known.learn(told);
      this.#tell("changed", known);
    } else if (known && event === "away") {
      known.present = false;
      known.call.peerAway();
      this.#tell("changed", known);
    } else if (known && event === "left") {
      this.#leave(known, reason);
    }
  }

  /** @param {string} from @param {unknown} data */
  signalled(from, data) {
    const person = this.#people.get(from) ?? (this.#people.size ? null : this.#meet({ participant: from }));
    person?.call.receive(data);
  }

  /** @param {any} message */
  theyCompared({ participant, with: peer, result }) {
    const person = this.#people.get(participant);
    if (!person || (peer !== undefined && peer !== this.#me)) return;
    person.theyDiffer = result === "different";
    this.#tell("code", person);
  }

  /** @param {RTCIceServer[]} iceServers */
  setIceServers(iceServers) {
    this.#iceServers = iceServers;
    for (const { call } of this.others) call.setIceServers(iceServers);
  }

  // ---- what the page says ----

  /** @param {Person} person @param {"same"|"different"} result */
  compared(person, result) {
    person.found = result;
    this.#sayCompared(person);
    this.#tell("code", person);
  }

  /** @param {"audio"|"video"} kind @param {MediaStreamTrack|null} track */
  setTrack(kind, track) {
    this.#tracks[kind] = track;
    if (kind === "video" && this.#screen) return;
    for (const { call } of this.others) call.setTrack(kind, track);
  }

  /** @param {MediaStreamTrack|null} track a screen, sent in the camera's place; null gives that back */
  setScreen(track) {
    this.#screen = track;
    for (const { call } of this.others) this.#sendPicture(call);
  }

  /** @param {PeerCall} call */
  #sendPicture(call) {
    call.setTrack("video", this.#screen ?? this.#tracks.video, { screen: this.#screen !== null });
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    for (const { call } of this.others) call.setMuted(muted);
  }

  /** @param {boolean} wanted */
  setPicture(wanted) {
    this.#picture = wanted;
    for (const { call } of this.others) call.setPicture(wanted);
  }

  /** @param {boolean} signs */
  setSigning(signs) {
    this.#signs = signs;
    for (const { call } of this.others) call.setSigning(signs);
    this.#shareTheLine();
  }

  report() {
    for (const { call } of this.others) call.report();
  }

  /** @param {{goodbye?: boolean}} [how] */
  close(how) {
    for (const { call } of this.others) call.close(how);
  }

  // ---- people ----

  /** @param {any} told @returns {Person} */
  #meet({ participant, polite, ...told }) {
    const known = this.#people.get(participant);
    if (known) {
      known.learn(told);
      known.left = false;
      return known;
    }
    const call = new PeerCall({
      send: (data) => this.#send({ type: "signal", to: participant, data }),
      polite: polite ?? this.#polite,
      iceServers: this.#iceServers,
      icePolicy: this.#icePolicy === "relay" ? "relay" : "all",
    });
    const person = new Person(participant, call);
    person.learn(told);
    this.#people.set(participant, person);
    const on = (/** @type {string} */ event, /** @type {(detail: any) => void} */ act) =>
      call.addEventListener(event, (e) => this.#people.get(participant) === person && act(/** @type {CustomEvent} */ (e).detail));
    on("state", ({ state }) => {
      this.#tell("state", person, { state });
      if (state === "failed") this.#dropIfGone(person);
    });
    on("quality", (quality) => this.#tell("quality", person, { quality }));
    on("remote-track", ({ stream }) => this.#tell("remote-track", person, { stream }));
    on("verification-code", (outcome) => {
      person.showed(outcome);
      this.#tell("code", person);
    });
    on("peer-state", () => {
      this.#shareTheLine();
      this.#tell("peer-state", person);
    });
    on("peer-left", () => this.#leave(person, "left"));
    on("digest", (digest) => this.#tell("digest", person, { digest }));
    on("quiet", () => this.#tell("quiet", person));
    call.setMuted(this.#muted);
    call.setPicture(this.#picture);
    call.setSigning(this.#signs);
    call.setTrack("audio", this.#tracks.audio);
    this.#sendPicture(call);
    this.#shareTheLine();
    if (this.#up) call.signallingUp(false); // whoever calls this says next whether the other side is there
    return person;
  }

  /** @param {Person} person @param {string} reason */
  #leave(person, reason) {
    if (person.left) return;
    person.present = false;
    person.left = true;
    // Whatever the other page would like: from here on nothing of us goes there, and nothing from there is played.
    person.call.peerLeft();
    // Asked back to wait, she is let in again as anybody is; who left by herself keeps her place.
    if (!this.isMain(person) || reason === "lobby") this.#forget(person);
    this.#tell("gone", person, { reason });
  }

  /** Who went while our own socket was down: nobody told us. @param {Person} person */
  #dropIfGone(person) {
    if (person.present || this.isMain(person) || person.call.state === "connected") return;
    this.#leave(person, "left");
  }

  /** @param {Person} person */
  #forget(person) {
    this.#people.delete(person.participant);
    person.call.close({ goodbye: false });
    this.#shareTheLine();
  }

  #shareTheLine() {
    const share = SHARES[Math.min(this.#people.size, SHARES.length - 1)];
    const many = this.#people.size > 1;
    const seen = this.others.some(({ call }) => this.#signs || call.peer.signs);
    for (const { call } of this.others) call.setShare(many && (this.#signs || call.peer.signs) ? SIGNING : share);
    const size = many && seen ? SIZES[2] : SIZES[Math.min(this.#people.size, SIZES.length - 1)];
    this.dispatchEvent(new CustomEvent("size", { detail: { size } }));
  }

  /** @param {Person} person */
  #sayCompared(person) {
    person.foundIsKept = this.#send({ type: "verified", with: person.participant, result: person.found });
  }

  /** @param {string} name @param {Person} person @param {object} [detail] */
  #tell(name, person, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail: { person, ...detail } }));
  }
}
