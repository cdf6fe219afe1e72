// The least that makes a call between two pages: the peer that our own call is measured against.
// Same ticket, same socket, same relay of signals, same camera; no recovery, no code, no numbers.
const query = document.body.dataset.query;
const remote = document.getElementById("remote");
const lab = { firstFrameAt: null, joinedAt: null };
globalThis.lab = lab;
remote.requestVideoFrameCallback(() => (lab.firstFrameAt = performance.now()));

const stream = await navigator.mediaDevices.getUserMedia({
  audio: true,
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
});
document.getElementById("self").srcObject = stream;
lab.warm = true;

document.getElementById("join").addEventListener("click", async () => {
  lab.joinedAt = performance.now();
  const response = await fetch(`/ticket?${query}`, { method: "POST" });
  const { ticket } = await response.json();
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "hello", ticket });
  setInterval(() => send({ type: "ping", n: 0 }), 1000);
  let pc;
  let peer;
  const build = (iceServers) => {
    pc = new RTCPeerConnection({ iceServers });
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    pc.ontrack = ({ streams }) => (remote.srcObject = streams[0]);
    pc.onicecandidate = ({ candidate }) => candidate && send({ type: "signal", to: peer, data: { candidate } });
  };
  let steps = Promise.resolve();
  const read = async (message) => {
    if (message.type === "welcome") {
      build(message.ice_servers);
      peer = message.peers[0]?.participant;
      if (!peer) return;
      await pc.setLocalDescription();
      send({ type: "signal", to: peer, data: { description: pc.localDescription } });
    } else if (message.type === "signal") {
      peer = message.from;
      const { description, candidate } = message.data;
      if (candidate) return pc.addIceCandidate(candidate);
      await pc.setRemoteDescription(description);
      if (description.type !== "offer") return;
      await pc.setLocalDescription();
      send({ type: "signal", to: peer, data: { description: pc.localDescription } });
    }
  };
  socket.onmessage = ({ data }) => (steps = steps.then(() => read(JSON.parse(data))));
});
