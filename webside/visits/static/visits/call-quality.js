/**
 * How a call is doing, and what to give up first when the network is too weak: the picture, never the sound.
 *
 * `QualityReader` turns getStats() into one Reading a second; `labelOf` puts it into one word; `Ladder` decides what we
 * send; `Digest` sums up ten seconds for the server, and `UnsentDigests` holds them until they are kept there. All but the
 * reader are plain arithmetic.
 */

/**
 * @typedef {object} Reading what happened since the reading before; null where nothing was measured
 * @property {number} seconds
 * @property {number} bytesIn of the whole transport, so also the signs of life of a silent call
 * @property {number} kbpsIn
 * @property {number} kbpsOut
 * @property {number|null} rttMs
 * @property {number|null} lossPct of the sound that should have reached us, smoothed over about four seconds
 * @property {number|null} sentLossPct of what we sent, by the other side's reports; the worse of sound and picture, smoothed
 * @property {number|null} availableKbps what the browser believes it can send
 * @property {number|null} concealedPct sound that the browser had to make up, smoothed
 * @property {number|null} heardPct how much of what was played was sound that came, and not made up for what didn't
 * @property {boolean} sound whether sound packets came
 * @property {number} loudness of the sound that came, 0 to 1
 * @property {number|null} bufferMs how long sound waited here until it was played
 * @property {boolean} picture whether picture frames were decoded
 * @property {number} freezes
 * @property {number|null} fps
 * @property {number|null} width
 * @property {number|null} height
 * @property {boolean} relayed
 */

const SMOOTHING = 0.3;
/** The other side reports about every second on a picture, every five on sound. */
const REPORT_HOLDS_MS = 8000;

export class QualityReader {
  #pc;
  /** @type {Record<string, number>|null} */ #before = null;
  /** @type {Record<"loss"|"sentLoss"|"concealed", number|null>} */ #smooth = { loss: null, sentLoss: null, concealed: null };

  /** @param {RTCPeerConnection} pc */
  constructor(pc) {
    this.#pc = pc;
  }

  /** @returns {Promise<Reading|null>} null for the first call, which has nothing to compare with */
  async read() {
    const now = countersOf(await this.#pc.getStats());
    const before = this.#before;
    this.#before = now;
    if (!before) return null;
    const since = (/** @type {string} */ key) => Math.max(0, now[key] - before[key]);
    const seconds = Math.max(0.1, (now.at - before.at) / 1000);
    const expected = since("audioPackets") + since("audioLost");
    if (expected) this.#smooth.loss = smooth(this.#smooth.loss, (100 * since("audioLost")) / expected);
    const samples = since("samples");
    if (samples) this.#smooth.concealed = smooth(this.#smooth.concealed, (100 * since("concealed")) / samples);
    // Each report covers few packets: one lost of six is no line that loses 17 %.
    if (Number.isFinite(now.sentLossPct)) this.#smooth.sentLoss = smooth(this.#smooth.sentLoss, now.sentLossPct);
    const frames = since("frames");
    return {
      seconds,
      bytesIn: since("bytesIn"),
      kbpsIn: (since("bytesIn") * 8) / 1000 / seconds,
      kbpsOut: (since("bytesOut") * 8) / 1000 / seconds,
      rttMs: known(now.rttMs),
      lossPct: this.#smooth.loss,
      sentLossPct: this.#smooth.sentLoss,
      availableKbps: known(now.availableKbps),
      concealedPct: this.#smooth.concealed,
      heardPct: samples ? 100 * (1 - Math.min(1, since("missing") / samples)) : null,
      sound: since("audioPackets") > 0,
      loudness: now.loudness,
      bufferMs: since("played") ? (1000 * since("waited")) / since("played") : null,
      picture: frames > 0,
      freezes: since("freezes"),
      fps: frames ? frames / seconds : null,
      width: frames ? known(now.width) : null,
      height: frames ? known(now.height) : null,
      relayed: now.relayed === 1,
    };
  }
}

/** @param {number} value @returns {number|null} */
const known = (value) => (Number.isFinite(value) ? value : null);

/** @param {number|null} before @param {number} value */
const smooth = (before, value) => (before === null ? value : before + SMOOTHING * (value - before));

/** @param {RTCStatsReport} stats @returns {Record<string, number>} NaN where a value isn't known */
function countersOf(stats) {
  const counters = {
    at: performance.now(), bytesIn: 0, bytesOut: 0, rttMs: NaN, availableKbps: NaN, relayed: 0, sentLossPct: NaN,
    audioPackets: 0, loudness: 0, waited: 0, played: 0, audioLost: 0, samples: 0, concealed: 0, missing: 0, frames: 0, freezes: 0, width: NaN, height: NaN,
  };
  // The last report about a picture that isn't sent any more stays for ever, and it was a bad one.
  const fresh = Math.max(...[...stats.values()].map(({ timestamp }) => timestamp)) - REPORT_HOLDS_MS;
  for (const report of stats.values()) {
    if (report.type === "transport") {
      counters.bytesIn += report.bytesReceived ?? 0;
      counters.bytesOut += report.bytesSent ?? 0;
      const pair = stats.get(report.selectedCandidatePairId);
      if (!pair) continue;
      counters.rttMs = (pair.currentRoundTripTime ?? NaN) * 1000;
      counters.availableKbps = (pair.availableOutgoingBitrate ?? NaN) / 1000;
      const ends = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
      counters.relayed = ends.some((candidate) => candidate?.candidateType === "relay") ? 1 : 0;
    } else if (report.type === "inbound-rtp" && report.kind === "audio") {
      counters.audioPackets += report.packetsReceived ?? 0;
      counters.loudness = report.audioLevel ?? 0;
      counters.audioLost += report.packetsLost ?? 0;
      counters.waited += report.jitterBufferDelay ?? 0;
      counters.played += report.jitterBufferEmittedCount ?? 0;
      counters.samples += report.totalSamplesReceived ?? 0;
      counters.missing += report.concealedSamples ?? 0;
      counters.concealed += (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0);
    } else if (report.type === "inbound-rtp") {
      counters.frames += report.framesDecoded ?? 0;
      counters.freezes += report.freezeCount ?? 0;
      counters.width = report.frameWidth ?? NaN;
      counters.height = report.frameHeight ?? NaN;
    } else if (report.type === "remote-inbound-rtp" && report.fractionLost !== undefined && report.timestamp > fresh) {
      const lost = 100 * report.fractionLost;
      counters.sentLossPct = Number.isNaN(counters.sentLossPct) ? lost : Math.max(counters.sentLossPct, lost);
    }
  }
  return counters;
}

/**
 * @param {Reading} reading
 * @param {{picture: boolean}} expected whether the other side means to send a picture
 * @returns {"good"|"fair"|"poor"} for a connection that is up
 */
export function labelOf(reading, expected) {
  const loss = Math.max(reading.lossPct ?? 0, reading.sentLossPct ?? 0);
  const rtt = reading.rttMs ?? 0;
  const concealed = reading.concealedPct ?? 0;
  if (loss > 10 || rtt > 600 || concealed > 12) return "poor";
  const thin = expected.picture && (reading.fps ?? 0) < 7;
  if (loss > 3 || rtt > 300 || concealed > 4 || thin) return "fair";
  return "good";
}

/**
 * What we send: "full" picture, "lean" picture (few frames, little bitrate), "sound" only.
 *
 * Going down takes some seconds of trouble, coming up some more of peace, and each relapse doubles that time: a picture
 * that comes and goes is worse than none. Only bitrate and frame rate are limited; the browser scales the picture down
 * by itself, and a second factor on top of that leaves a stamp.
 *
 * When the other side misses a quarter of what is said, the picture goes at once: the browser's own idea of a line that has
 * just become narrow is wrong for twenty seconds (84 kbit/s for one of 50), in which most of the sound is lost.
 * While only sound is sent that idea doesn't grow, so from time to time the picture is sent again for a few seconds that
 * nobody is shown (`trying`): the browser then probes the line, and says within two seconds what it carries.
 */
export class Ladder {
  /** @type {"full"|"lean"|"sound"} */ level = "full";
  /** Whether the picture is sent to see if the line carries it. */ trying = false;
  #trouble = 0;
  #peace = 0;
  #unheard = 0;
  #tried = 0;
  /** How often the line was tried in vain. */ #failed = 0;
  #patience = Ladder.PATIENCE_S;
  #sinceUp = Infinity;

  static TROUBLE_S = 4;
  static UNHEARD_S = 2;
  static LEAST_HEARD_PCT = 75;
  static PATIENCE_S = 12;
  static LONGEST_PATIENCE_S = 60;
  static TRIAL_S = 3;
  static LEAST_TRIAL_S = 2;
  static TRIAL_KBPS = 110;
  /** A line that always loses one packet in twenty carries a picture: it must be able to come back there. */
  static CALM_LOSS_PCT = 8;
  /** Of a trial's few packets one lost is many of a hundred. */
  static TRIAL_LOSS_PCT = 12;
  /** A fall within this time after a rise is a relapse. */
  static RELAPSE_S = 40;

  /**
   * @param {Pick<Reading, "seconds"|"availableKbps"|"sentLossPct"|"rttMs"> & {heardPct?: number|null}} reading
   *   heardPct: how much of our sound reaches the other side, as that says
   * @returns {boolean} whether what is to be sent changed
   */
  step({ seconds, availableKbps, sentLossPct, rttMs, heardPct = null }) {
    this.#sinceUp += seconds;
    if (this.#sinceUp > 2 * Ladder.RELAPSE_S && this.level === "full") this.#patience = Ladder.PATIENCE_S;
    const kbps = availableKbps ?? Infinity;
    const loss = sentLossPct ?? 0;
    this.#unheard = (heardPct ?? 100) < Ladder.LEAST_HEARD_PCT ? this.#unheard + seconds : 0;
    if (this.trying) return this.#try(seconds, kbps, loss);
    const lean = this.level === "lean";
    const bad = lean ? kbps < 60 || loss > 18 : kbps < 140 || loss > 12;
    // While only sound goes out nothing measures the bandwidth, so loss, delay and what is heard must do.
    const calm = loss < Ladder.CALM_LOSS_PCT && (rttMs ?? 0) < 800 && !this.#unheard && (this.level === "sound" || kbps > 160);
    // Single good seconds between bad ones don't end the trouble at once. When speech can't be followed, be quick.
    this.#trouble = bad ? this.#trouble + (loss > 25 ? 2 : 1) * seconds : Math.max(0, this.#trouble - seconds);
    this.#peace = calm ? this.#peace + seconds : 0;
    if (this.level !== "sound" && this.#unheard >= Ladder.UNHEARD_S) return this.#move("sound", false);
    if (this.level !== "sound" && this.#trouble >= Ladder.TROUBLE_S) return this.#move(lean ? "sound" : "lean", false);
    const wait = Math.min(this.#patience * 2 ** this.#failed, Ladder.LONGEST_PATIENCE_S);
    if (this.level === "full" || this.#peace < wait) return false;
    if (lean) return this.#move("full", true);
    this.pause();
    return (this.trying = true);
  }

  /**
   * The other side came anew, often just because the picture was gone, and perhaps over another line: what was learnt of the
   * one before says little. A small picture is sent at once, and taken back in two seconds if speech suffers from it.
   */
  renew() {
    if (this.level === "sound") this.#move("lean", true);
    this.#patience = Ladder.PATIENCE_S;
    this.pause();
  }

  /** Forget the seconds counted so far, for example after a black-out, whose loss says nothing about now. */
  pause() {
    this.#trouble = 0;
    this.#peace = 0;
    this.#unheard = 0;
    this.#tried = 0;
    this.trying = false;
  }

  /** @param {number} seconds @param {number} kbps @param {number} loss */
  #try(seconds, kbps, loss) {
    this.#tried += seconds;
    if (this.#tried < Ladder.LEAST_TRIAL_S && !this.#unheard) return false;
    if (kbps >= Ladder.TRIAL_KBPS && loss < Ladder.TRIAL_LOSS_PCT && !this.#unheard) return this.#move("lean", true);
    if (this.#tried < Ladder.TRIAL_S && !this.#unheard) return false;
    this.#failed += 1;
    this.pause();
    return true;
  }

  /** @param {"full"|"lean"|"sound"} level @param {boolean} up */
  #move(level, up) {
    if (up) this.#sinceUp = 0;
    else if (this.#sinceUp < Ladder.RELAPSE_S) this.#patience = Math.min(2 * this.#patience, Ladder.LONGEST_PATIENCE_S);
    this.#failed = 0;
    this.level = level;
    this.pause();
    return true;
  }
}

const LEVEL_NUMBER = { full: 2, lean: 1, sound: 0 };

/** Ten seconds of a call in numbers. */
export class Digest {
  /** @type {Reading[]} */ #readings = [];
  #brokenSeconds = 0;

  /** @param {Reading|null} reading null for a second without a connection @param {number} seconds */
  add(reading, seconds) {
    if (reading) this.#readings.push(reading);
    else this.#brokenSeconds += seconds;
  }

  /**
   * Gives the numbers and begins anew.
   * @param {{level: "full"|"lean"|"sound", reconnects: number}} now
   * @returns {Record<string, number|null>}
   */
  take({ level, reconnects }) {
    const readings = this.#readings;
    const last = readings.at(-1);
    const total = (/** @type {(reading: Reading) => number} */ pick) => readings.reduce((sum, r) => sum + pick(r), 0);
    const mean = (/** @type {(reading: Reading) => number|null} */ pick) => {
      const values = readings.map(pick).filter((value) => value !== null);
      return values.length ? round(values.reduce((sum, value) => sum + value, 0) / values.length) : null;
    };
    const digest = {
      seconds: round(total((r) => r.seconds) + this.#brokenSeconds),
      sound_s: round(total((r) => (r.sound ? r.seconds : 0))),
      picture_s: round(total((r) => (r.picture ? r.seconds : 0))),
      rtt_ms: mean((r) => r.rttMs),
      loss_pct: mean((r) => r.lossPct),
      kbps_in: mean((r) => r.kbpsIn),
      kbps_out: mean((r) => r.kbpsOut),
      fps: mean((r) => r.fps),
      width: last?.width ?? null,
      height: last?.height ?? null,
      concealed_pct: mean((r) => r.concealedPct),
      freezes: total((r) => r.freezes),
      level: LEVEL_NUMBER[level],
      relayed: last?.relayed ? 1 : 0,
      reconnects,
      broken_s: round(this.#brokenSeconds),
    };
    this.#readings = [];
    this.#brokenSeconds = 0;
    return digest;
  }
}

/**
 * Digests that the server hasn't kept yet. They lead to minutes, and minutes to a claim, so each is sent until it is
 * acknowledged: after a time without a socket all of them, in their order, with how old they are; not all at once, since
 * the server closes a socket that says too much.
 */
export class UnsentDigests {
  /** @type {{key: string, at: number, peer: string, digest: object, sent: boolean}[]} */ #waiting = [];
  /** @type {number|undefined} */ #rest;
  #send;

  static MOST = 360; // an hour
  static AT_ONCE = 30;
  static PAUSE_MS = 3000;

  /** @param {(message: object) => boolean} send says whether there was a socket */
  constructor(send) {
    this.#send = send;
  }

  /** @param {object} digest @param {string} peer whom the numbers are about */
  add(digest, peer) {
    this.#waiting.push({ key: crypto.randomUUID(), at: performance.now(), peer, digest, sent: false });
    if (this.#waiting.length > UnsentDigests.MOST) this.#waiting.shift();
    this.#sendAll();
  }

  /** A new socket: what the old one carried may have been lost with it. */
  again() {
    for (const each of this.#waiting) each.sent = false;
    this.#sendAll();
  }

  /** @param {string} key */
  kept(key) {
    this.#waiting = this.#waiting.filter((each) => each.key !== key);
  }

  #sendAll() {
    clearTimeout(this.#rest);
    const unsent = this.#waiting.filter((each) => !each.sent);
    for (const each of unsent.slice(0, UnsentDigests.AT_ONCE)) {
      const ago = (performance.now() - each.at) / 1000;
      each.sent = this.#send({ type: "stats", key: each.key, peer: each.peer, ago_s: round(ago), digest: each.digest });
      if (!each.sent) return;
    }
    if (unsent.length > UnsentDigests.AT_ONCE) this.#rest = setTimeout(() => this.#sendAll(), UnsentDigests.PAUSE_MS);
  }
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
