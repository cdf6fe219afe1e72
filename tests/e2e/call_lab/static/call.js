// Hands the page's insides to the tests; the modules themselves leave nothing on `window`.
import { attach } from "visits/visits-call.js";

const root = document.querySelector('[data-behavior="visits-call"]');
const page = attach(root);
// The sound plays in an element of no page; its clock shows whether it is heard.
const sounds = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (this instanceof HTMLAudioElement && !sounds.includes(this)) sounds.push(this);
  return play.call(this);
};
const remote = document.querySelector('[data-call="remote"]');

const lab = { page, states: [], digests: [], firstFrameAt: null, joinedAt: null };
globalThis.lab = lab;
root.addEventListener("visits:state", (event) => lab.states.push(event.detail.state));
const join = document.querySelector('[data-call-action="join"]');
join.addEventListener("click", () => (lab.joinedAt ??= performance.now()), { capture: true });
remote.requestVideoFrameCallback(() => (lab.firstFrameAt = performance.now()));

lab.heardSeconds = () => sounds.at(-1)?.currentTime ?? 0;

/** Numbers of the connection that the tests read: frames and sound packets that arrived, and how they came. */
lab.numbers = async () => {
  const numbers = { frames: 0, audioPackets: 0, pair: null, counts: page.call?.counts };
  const stats = await page.call?.stats();
  for (const report of stats?.values() ?? []) {
    if (report.type === "inbound-rtp" && report.kind === "video") numbers.frames += report.framesDecoded ?? 0;
    if (report.type === "inbound-rtp" && report.kind === "audio") numbers.audioPackets += report.packetsReceived ?? 0;
    if (report.type === "transport" && report.selectedCandidatePairId) {
      const pair = stats.get(report.selectedCandidatePairId);
      const local = stats.get(pair.localCandidateId);
      const protocol = local.relayProtocol ?? local.protocol;
      numbers.pair = { local: local.candidateType, protocol, rttMs: pair.currentRoundTripTime * 1000 };
    }
  }
  return numbers;
};

/** The same of each pair: who is connected, and how many frames and packets came from there. */
lab.pairs = async () => {
  const pairs = {};
  for (const person of page.mesh.others) {
    const numbers = { state: person.call.state, frames: 0, audioPackets: 0, code: person.code, found: person.codeState, restarts: person.call.counts.restarts };
    for (const report of (await person.call.stats())?.values() ?? []) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video") numbers.frames += report.framesDecoded ?? 0;
      else numbers.audioPackets += report.packetsReceived ?? 0;
    }
    pairs[person.name] = numbers;
  }
  return pairs;
};
