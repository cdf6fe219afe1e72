/**
 * What the page says about the connection: one thing at a time, what matters most first, and what still works.
 *
 * @typedef {object} Facts
 * @property {import("visits/peer-call.js").State} state
 * @property {boolean} quiet whether nothing came over the connection for a moment
 * @property {"revoked"|"ended"|"replaced"|null} bye
 * @property {boolean} socketUp
 * @property {boolean} welcomed whether the socket has ever been up
 * @property {boolean} peerPresent whether the other side's socket is up, as far as the server knows
 * @property {boolean} peerLeft
 * @property {boolean} soundBlocked by the browser's autoplay rule
 * @property {number} seconds in this state
 * @property {boolean} audioOnly we gave up our picture
 * @property {boolean} peerHears
 */

const SLOW_CONNECTING_S = 12;

/**
 * @param {Facts} facts
 * @returns {{head: string, body: string[]}|null} keys of call-words.js
 */
export function noticeOf(facts) {
  const { state, bye } = facts;
  const about = (/** @type {string} */ name, /** @type {string[]} */ ...more) => ({
    head: `notice.${name}.head`,
    body: [`notice.${name}.body`, ...more],
  });
  if (bye) return about(bye);
  if (state === "ended") return null;
  if (facts.peerLeft) return about("left");
  const chat = facts.socketUp ? ["notice.reconnecting.chat"] : [];
  if (state === "failed") return about("failed", ...chat);
  if (state === "reconnecting") {
    return facts.socketUp && !facts.peerPresent ? about("away") : about("reconnecting", ...chat);
  }
  if (state === "connecting" && facts.seconds > SLOW_CONNECTING_S) return about("connecting-slow");
  if (facts.welcomed && !facts.socketUp) return about(state === "connected" && !facts.quiet ? "server" : "reconnecting");
  if (facts.soundBlocked) return about("sound-blocked");
  if (state === "connected" && facts.audioOnly) {
    return { head: "notice.picture-lost.head", body: [`notice.picture-lost.${facts.peerHears ? "heard" : "unheard"}`] };
  }
  return null;
}

/**
 * Which of camera and microphone is missing, and what to do about it.
 * @param {{audio: string|null, video: string|null}} problems of LocalMedia
 * @returns {{head: string, body: string[]}|null}
 */
export function mediaNoticeOf({ audio, video }) {
  if (!audio && !video) return null;
  const head = audio && video ? "no-media" : audio ? "no-microphone" : "no-camera";
  const body = [audio && `microphone.${audio}`, video && `camera.${video}`].filter((key) => typeof key === "string");
  return { head: `notice.${head}.head`, body: /** @type {string[]} */ (body) };
}
