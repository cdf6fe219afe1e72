// Somebody who owns the server: answers each side's offer in the other's name, ends both encryptions and passes the media on.
// In the code's exchange it can take part on both sides with numbers of its own, or pass on what the two say (mode=pass).
import { Verification } from "visits/verification-code.js";

const { room, mode } = document.body.dataset;
const lab = { legs: {}, codes: {} };
globalThis.lab = lab;

const { ticket } = await (await fetch(`/ticket?room=${room}&as=middle`, { method: "POST" })).json();
const socket = new WebSocket(`ws://${location.host}/ws`);
socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ticket }));
setInterval(() => socket.send(JSON.stringify({ type: "ping", n: 0 })), 1000);

/** One of the two people: the connection with them, under the other person's name. */
class Leg {
  constructor(name) {
    this.name = name;
    this.instance = crypto.randomUUID();
    this.sent = 0;
    this.remote = null;
    this.senders = {};
    this.forwarded = {};
    this.steps = Promise.resolve();
    this.pc = new RTCPeerConnection();
    this.pc.onicecandidate = ({ candidate }) => candidate && this.signal({ candidate });
    this.pc.ontrack = ({ track }) => this.other.forward(track);
    const link = this.pc.createDataChannel("link", { negotiated: true, id: 0 });
    const send = (message) => link.send(JSON.stringify(message));
    const exchange = new Verification(this.pc, send, ({ code }) => (lab.codes[name] = code));
    link.onopen = () => (mode === "pass" ? this.flush() : exchange.start());
    link.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      const exchanged = message.t === "commit" || message.t === "reveal";
      if (exchanged && mode !== "pass") exchange.receive(message);
      else this.other.pass(data); // whatever else they tell each other
    };
    this.link = link;
    this.waiting = [];
  }

  /** What came before this side was connected must not be lost: it may be a commitment. */
  pass(data) {
    if (this.link.readyState === "open") this.link.send(data);
    else this.waiting.push(data);
  }

  flush() {
    for (const data of this.waiting.splice(0)) this.link.send(data);
  }

  forward(track) {
    this.forwarded[track.kind] = track;
    this.senders[track.kind]?.replaceTrack(track);
  }

  signal(content) {
    this.sent += 1;
    const data = { epoch: { id: this.instance, n: this.sent }, to: this.remote, ...content };
    socket.send(JSON.stringify({ type: "signal", to: this.name, as: this.other.id, data }));
  }

  async offer() {
    if (this.remote || this.pc.signalingState !== "stable") return;
    for (const kind of ["audio", "video"]) this.pc.addTransceiver(kind);
    this.adopt();
    await this.pc.setLocalDescription();
    this.signal({ description: this.pc.localDescription });
  }

  adopt() {
    for (const transceiver of this.pc.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      transceiver.direction = "sendrecv";
      this.senders[kind] = transceiver.sender;
      if (this.forwarded[kind]) transceiver.sender.replaceTrack(this.forwarded[kind]);
    }
  }

  async read({ epoch, description, candidate }) {
    if (candidate) {
      if (epoch.id === this.remote) await this.pc.addIceCandidate(candidate);
      return;
    }
    this.remote = epoch.id;
    await this.pc.setRemoteDescription(description);
    if (description.type !== "offer") return;
    this.adopt();
    await this.pc.setLocalDescription();
    this.signal({ description: this.pc.localDescription, re: epoch.n });
  }
}

/** Whoever came second offers by itself; the first one waits to be called. */
function meet(person) {
  if (lab.legs[person.as]) return;
  const leg = new Leg(person.as);
  leg.id = person.participant;
  const first = Object.values(lab.legs)[0];
  lab.legs[person.as] = leg;
  if (!first) return;
  Object.assign(leg, { other: first });
  Object.assign(first, { other: leg });
  first.steps = first.steps.then(() => first.offer());
}

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.type === "welcome") message.peers.forEach(meet);
  if (message.type === "peer" && message.event === "joined") meet(message);
  if (message.type !== "signal") return;
  const leg = lab.legs[message.name];
  leg.steps = leg.steps.then(() => leg.read(message.data));
};
