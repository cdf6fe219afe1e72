/**
 * The short code that two people compare to know that nobody sits between them.
 *
 * It is made of the SHA-256 fingerprints of both certificates of the *connected* DTLS transport, as this browser
 * itself sees them, never of the SDP text that the server delivered: a server that swaps fingerprints ends up as one
 * end of two transports, and the two people see two different codes.
 *
 * Six digits alone could be forced: whoever is in between could try some thousand certificates until both codes agree.
 * So each side first commits to a random number and shows it only when it holds the other side's commitment (as in
 * ZRTP, RFC 6189 §4.4.1.1). Whoever is in between then has one guess in a million, in front of two people.
 *
 * The exchange travels over a data channel of the same transport. Messages: {t: "commit", v} and {t: "reveal", v}.
 */

const LABEL = "webside-call-1";
const HEX_64 = /^[0-9a-f]{64}$/;
const HEX_32 = /^[0-9a-f]{32}$/;
/** Each exchange is one more guess for whoever is in between, so one transport gets only a few. */
const MOST_EXCHANGES = 3;
const LOOKS = 20;
const LOOK_AGAIN_MS = 150;

/**
 * @typedef {{own: string, peer: string}} Fingerprints SHA-256 over the DER certificate, lower-case hex
 * @typedef {{code: string|null, problem: "unsupported"|"broken"|null}} Outcome
 *   code: "42 17 93", or null while there is none; unsupported: this browser doesn't show its certificates;
 *   broken: the exchange contradicted itself
 */

/** @param {ArrayBuffer|Uint8Array} bytes */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {BufferSource} data */
const sha256 = (data) => crypto.subtle.digest("SHA-256", data);

/** @param {string} text */
const sha256OfText = (text) => sha256(new TextEncoder().encode(text));

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<Fingerprints|null>} null before DTLS is connected, and when the browser doesn't tell
 */
export async function transportFingerprints(pc) {
  const transport = pc.sctp?.transport ?? pc.getSenders().find((sender) => sender.transport)?.transport;
  if (transport?.state !== "connected" || !transport.getRemoteCertificates) return null;
  const [peerCertificate] = transport.getRemoteCertificates();
  const own = ownFingerprint(await pc.getStats());
  if (!peerCertificate || !own) return null;
  return { own, peer: hex(await sha256(peerCertificate)) };
}

/** @param {RTCStatsReport} stats @returns {string|null} */
function ownFingerprint(stats) {
  for (const report of stats.values()) {
    if (report.type !== "transport" || report.dtlsState !== "connected") continue;
    const certificate = stats.get(report.localCertificateId);
    if (certificate?.fingerprintAlgorithm?.toLowerCase() !== "sha-256") continue;
    return certificate.fingerprint.replaceAll(":", "").toLowerCase();
  }
  return null;
}

/**
 * @param {{fingerprint: string, nonce: string}} one
 * @param {{fingerprint: string, nonce: string}} other
 * @returns {Promise<string>} the same six digits whichever side calls it, for example "42 17 93"
 */
export async function codeOf(one, other) {
  const [low, high] = one.fingerprint < other.fingerprint ? [one, other] : [other, one];
  const digest = await sha256OfText(`${LABEL}|code|${low.fingerprint}|${low.nonce}|${high.fingerprint}|${high.nonce}`);
  const digits = String(new DataView(digest).getBigUint64(0) % 1000000n).padStart(6, "0");
  return digits.match(/../g).join(" ");
}

/** @param {string} fingerprint of the one who commits @param {string} nonce */
const commitmentOf = async (fingerprint, nonce) => hex(await sha256OfText(`${LABEL}|commit|${fingerprint}|${nonce}`));

/** One side of the exchange, for the life of one RTCPeerConnection. */
export class Verification {
  #pc;
  #send;
  #report;
  /** @type {Promise<void>} */ #steps = Promise.resolve();
  /** @type {Fingerprints|null} */ #prints = null;
  #nonce = "";
  #commitment = "";
  #done = false;
  #exchanges = 0;

  /**
   * @param {RTCPeerConnection} pc
   * @param {(message: {t: string, v: string}) => void} send
   * @param {(outcome: Outcome) => void} report called whenever the outcome changes
   */
  constructor(pc, send, report) {
    this.#pc = pc;
    this.#send = send;
    this.#report = report;
  }

  /** Call once the data channel is open (DTLS is connected then). */
  start() {
    this.#step(async () => {
      if (!this.#prints) await this.#begin(); // unless the other side's commitment came first
    });
  }

  /** @param {{t?: unknown, v?: unknown}} message from the other side, not trusted */
  receive(message) {
    this.#step(() => this.#read(message));
  }

  /** Call now and then: a transport whose certificates changed needs a new code. */
  recheck() {
    this.#step(async () => {
      if (!this.#prints) return;
      const now = await transportFingerprints(this.#pc);
      if (now && (now.own !== this.#prints.own || now.peer !== this.#prints.peer)) await this.#begin();
    });
  }

  /** @param {() => Promise<void>} step */
  #step(step) {
    this.#steps = this.#steps.then(step).catch(() => this.#report({ code: null, problem: "broken" }));
  }

  async #begin() {
    if (this.#done) this.#report({ code: null, problem: null });
    this.#prints = await this.#waitForFingerprints();
    if (!this.#prints) return this.#report({ code: null, problem: "unsupported" });
    this.#exchanges += 1;
    if (this.#exchanges > MOST_EXCHANGES) return this.#report({ code: null, problem: "broken" });
    this.#nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
    this.#commitment = "";
    this.#done = false;
    this.#send({ t: "commit", v: await commitmentOf(this.#prints.own, this.#nonce) });
  }

  /** Browsers keep statistics for a moment, so the first look may still show the time before the connection. */
  async #waitForFingerprints() {
    for (let look = 0; look < LOOKS; look += 1) {
      const prints = await transportFingerprints(this.#pc);
      if (prints || this.#pc.connectionState === "closed") return prints;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    return null;
  }

  /** @param {{t?: unknown, v?: unknown}} message */
  async #read({ t, v }) {
    if (typeof v !== "string") return;
    if (t === "commit" && HEX_64.test(v)) {
      if (this.#done || !this.#prints) await this.#begin();
      // The first commitment counts. Taking a second one after showing our number would give away the whole idea.
      if (!this.#prints || this.#commitment) return;
      this.#commitment = v;
      this.#send({ t: "reveal", v: this.#nonce });
    } else if (t === "reveal" && HEX_32.test(v) && this.#prints && this.#commitment && !this.#done) {
      this.#done = true;
      const honest = (await commitmentOf(this.#prints.peer, v)) === this.#commitment;
      if (!honest) return this.#report({ code: null, problem: "broken" });
      const code = await codeOf(
        { fingerprint: this.#prints.own, nonce: this.#nonce },
        { fingerprint: this.#prints.peer, nonce: v },
      );
      this.#report({ code, problem: null });
    }
  }
}
