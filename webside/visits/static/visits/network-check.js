/**
 * What the network can do before a visit: how fast the clinic answers, whether the relay can be reached over UDP and over TCP,
 * and how much gets through it.
 */

import { SignalSocket } from "visits/signal-socket.js";

const ECHOES = 8;
const ECHO_GAP_MS = 120;
const REACH_WITHIN_MS = 8000;
const GATHER_WITHIN_MS = 5000;
const OPEN_WITHIN_MS = 6000;
/** A 720p call's worth, sent evenly: a burst would measure the queue, not the line. */
const PACE_KBPS = 3000;
const PACE_MS = 4000;
const PACKET_BYTES = 1100;
const STEP_MS = 20;
const LARGEST_BACKLOG = 65_536;

/**
 * @typedef {"works"|"blocked"|"refused"|"untested"} Reach refused: the relay answered, but not to these credentials
 * @typedef {object} NetworkResult null where nothing was measured
 * @property {boolean} reached whether the clinic answered at all
 * @property {number|null} rttMs
 * @property {Reach} relayUdp
 * @property {Reach} relayTcp
 * @property {number|null} relayMs until the relay's first candidate
 * @property {number|null} kbps that came through the relay
 * @property {number|null} lossPct
 */

/**
 * @param {{ticketUrl?: string, socketUrl?: string, echoUrl?: string}} addresses the socket is used when there is a ticket,
 *   and brings the relay's address and credentials; echoUrl only measures time
 * @returns {Promise<NetworkResult>}
 */
export async function checkNetwork({ ticketUrl, socketUrl, echoUrl }) {
  /** @type {NetworkResult} */
  const result = {
    reached: false, rttMs: null, relayUdp: "untested", relayTcp: "untested", relayMs: null, kbps: null, lossPct: null,
  };
  const { rttMs, iceServers } = ticketUrl ? await echoOnSocket(ticketUrl, socketUrl) : await echoByFetch(echoUrl ?? "/");
  if (rttMs === null) return result;
  result.reached = true;
  result.rttMs = rttMs;
  const udp = relayServers(iceServers, "udp");
  const tcp = relayServers(iceServers, "tcp");
  if (udp) [result.relayUdp, result.relayMs] = await reachRelay(udp);
  if (tcp) {
    const [reach, ms] = await reachRelay(tcp);
    result.relayTcp = reach;
    result.relayMs ??= ms;
  }
  const through = result.relayUdp === "works" ? udp : result.relayTcp === "works" ? tcp : null;
  if (through) Object.assign(result, await pacedLoopback(through));
  return result;
}

/** @param {number[]} values */
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} ticketUrl @param {string} [url] */
async function echoOnSocket(ticketUrl, url) {
  const socket = new SignalSocket({ ticketUrl, url });
  /** @type {number[]} */ const times = [];
  socket.addEventListener("rtt", (event) => times.push(/** @type {CustomEvent} */ (event).detail.ms));
  try {
    const welcome = await new Promise((resolve) => {
      socket.addEventListener("welcome", (event) => resolve(/** @type {CustomEvent} */ (event).detail));
      socket.addEventListener("bye", () => resolve(null));
      setTimeout(() => resolve(null), REACH_WITHIN_MS);
      socket.open();
    });
    if (!welcome) return { rttMs: null, iceServers: [] };
    for (let sent = 0; sent < ECHOES; sent += 1) {
      socket.ping();
      await pause(ECHO_GAP_MS);
    }
    if (times.length === 0) await pause(1000);
    return { rttMs: times.length ? median(times) : null, iceServers: welcome.ice_servers ?? [] };
  } finally {
    socket.close();
  }
}

/** @param {string} url */
async function echoByFetch(url) {
  /** @type {number[]} */ const times = [];
  for (let sent = 0; sent < ECHOES; sent += 1) {
    const before = performance.now();
    try {
      await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(REACH_WITHIN_MS / 2) });
      times.push(performance.now() - before);
    } catch {
      if (sent > 1) break; // two failures say enough
    }
  }
  return { rttMs: times.length ? median(times) : null, iceServers: [] };
}

/**
 * @param {RTCIceServer[]} iceServers @param {"udp"|"tcp"} transport how the browser reaches the relay
 * @returns {RTCIceServer[]|null}
 */
export function relayServers(iceServers, transport) {
  const fits = (/** @type {string} */ url) => {
    if (!/^turns?:/.test(url)) return false;
    const named = /[?&]transport=(udp|tcp)/.exec(url)?.[1];
    return (named ?? (url.startsWith("turns:") ? "tcp" : "udp")) === transport;
  };
  const chosen = iceServers
    .map((server) => ({ ...server, urls: [server.urls].flat().filter(fits) }))
    .filter((server) => server.urls.length);
  return chosen.length ? chosen : null;
}

/**
 * @param {RTCIceServer[]} iceServers
 * @returns {Promise<[Reach, number|null]>}
 */
async function reachRelay(iceServers) {
  const pc = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  const began = performance.now();
  let refused = false;
  try {
    return await new Promise((resolve) => {
      const without = () => resolve([refused ? "refused" : "blocked", null]);
      pc.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate?.type === "relay") resolve(["works", performance.now() - began]);
      });
      pc.addEventListener("icecandidateerror", ({ errorCode }) => {
        if (errorCode >= 400 && errorCode < 500) refused = true; // the browser's own codes for "no answer" are 700 and more
      });
      pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && without());
      setTimeout(without, GATHER_WITHIN_MS);
      pc.createDataChannel("reach");
      pc.setLocalDescription().catch(without);
    });
  } finally {
    pc.close();
  }
}

/**
 * Sends to ourselves through the relay, there and back over the person's own line.
 * @param {RTCIceServer[]} iceServers
 * @returns {Promise<{kbps: number|null, lossPct: number|null}>}
 */
async function pacedLoopback(iceServers) {
  const near = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  const far = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  for (const [from, to] of [[near, far], [far, near]]) {
    from.addEventListener("icecandidate", ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => undefined));
  }
  const options = { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 };
  const out = near.createDataChannel("pace", options);
  let received = 0;
  let firstAt = 0;
  let lastAt = 0;
  far.createDataChannel("pace", options).addEventListener("message", () => {
    received += 1;
    lastAt = performance.now();
    firstAt ||= lastAt;
  });
  try {
    const open = new Promise((resolve) => out.addEventListener("open", () => resolve(true)));
    await near.setLocalDescription();
    await far.setRemoteDescription(/** @type {RTCSessionDescription} */ (near.localDescription));
    await far.setLocalDescription();
    await near.setRemoteDescription(/** @type {RTCSessionDescription} */ (far.localDescription));
    if (!(await Promise.race([open, pause(OPEN_WITHIN_MS)]))) return { kbps: null, lossPct: null };
    const offered = await sendPaced(out);
    await pause(500); // what is still under way
    if (!received) return { kbps: 0, lossPct: 100 };
    const kbps = (received * PACKET_BYTES * 8) / Math.max(lastAt - firstAt, 1);
    return { kbps, lossPct: 100 * Math.max(0, 1 - received / offered) };
  } catch {
    return { kbps: null, lossPct: null };
  } finally {
    near.close();
    far.close();
  }
}

/** @param {RTCDataChannel} channel @returns {Promise<number>} packets that the line should have taken */
async function sendPaced(channel) {
  const packet = new Uint8Array(PACKET_BYTES);
  const began = performance.now();
  let offered = 0;
  while (performance.now() - began < PACE_MS) {
    const due = ((performance.now() - began) * PACE_KBPS) / 8 / PACKET_BYTES;
    for (; offered < due; offered += 1) if (channel.bufferedAmount < LARGEST_BACKLOG) channel.send(packet);
    await pause(STEP_MS);
  }
  return offered;
}
