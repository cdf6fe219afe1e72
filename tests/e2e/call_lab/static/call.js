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
  const numbers = { frames: 0, audioPackets: 0, soundSeconds: 0, pictureBytesOut: 0, pair: null, counts: page.call?.counts, sends: page.call?.sends() };
  const stats = await page.call?.stats();
  for (const report of stats?.values() ?? []) {
    if (report.type === "inbound-rtp" && report.kind === "video") numbers.frames += report.framesDecoded ?? 0;
    if (report.type === "inbound-rtp" && report.kind === "audio") {
      numbers.audioPackets += report.packetsReceived ?? 0;
      numbers.soundSeconds += ((report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0)) / 48000;
    }
    if (report.type === "outbound-rtp" && report.kind === "video") numbers.pictureBytesOut += report.bytesSent ?? 0;
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

/**
 * How loud tones are in the sound that is played here, in dB below full scale, in the cleanest of so many windows of two
 * seconds: a busy machine drops blocks of sound. `clean`: what share of all that is heard there are these tones.
 * `whose`: of several who are heard, counted in the order in which they came; else of the last.
 */
lab.tones = async (frequencies, windows, whose = -1) => {
  const context = new AudioContext({ sampleRate: 48_000 });
  await context.audioWorklet.addModule("/static/lab/recorder.js");
  const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  context.createMediaStreamSource(sounds.at(whose).srcObject).connect(recorder);
  const length = 2 * context.sampleRate;
  const samples = new Float32Array(windows * length);
  let filled = 0;
  await new Promise((resolve) => {
    recorder.port.onmessage = ({ data }) => {
      samples.set(data.subarray(0, samples.length - filled), filled);
      filled = Math.min(samples.length, filled + data.length);
      if (filled === samples.length) resolve();
    };
    context.resume();
  });
  await context.close();
  const hann = Float32Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
  const amplitude = (frequency, from) => {
    let [re, im] = [0, 0];
    for (let n = 0; n < length; n += 1) {
      const turn = (2 * Math.PI * frequency * n) / 48_000;
      re += samples[from + n] * hann[n] * Math.cos(turn);
      im += samples[from + n] * hann[n] * Math.sin(turn);
    }
    return (4 * Math.hypot(re, im)) / length;
  };
  const heard = Array.from({ length: windows }, (_, window) => {
    const from = window * length;
    const found = frequencies.map((frequency) => amplitude(frequency, from));
    const all = hann.reduce((sum, weight, n) => sum + (samples[from + n] * weight) ** 2, 0);
    const tones = found.reduce((sum, each) => sum + each ** 2 / 2, 0) * hann.reduce((sum, weight) => sum + weight ** 2, 0);
    return { clean: tones / (all || 1), levels: found.map((each) => 20 * Math.log10(each || 1e-9)) };
  });
  return heard.sort((one, two) => two.clean - one.clean)[0];
};
