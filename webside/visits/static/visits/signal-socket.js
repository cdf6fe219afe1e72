/**
 * The page's WebSocket: a ticket for each connection, a heartbeat of our own, and a way back after every loss.
 *
 * The heartbeat finds a dead network in about 3.5 s; the connection of a call needs 5 to 7 s for that.
 * Nothing is queued while the socket is down: an old message (above all an old SDP) is worse than none. Who has something
 * that must arrive keeps it (`UnsentDigests`).
 *
 * Events: "welcome" (detail: the server's message), "signal" ({from, data}), "peer" ({event, participant, name, role, …}),
 * "hint" ({topic, kind, id}), "kept" ({key}), "verified" ({participant, with, result}), "you" ({speak}), "caption" ({from, …}),
 * "ice" ({iceServers}),
 * "rtt" ({ms}), "down" (), "bye" ({reason}).
 */

const PING_EVERY_MS = 1000;
const DEAD_AFTER_MS = 3500;
/** A heartbeat and a half: enough when something else says as well that the network is gone. */
const DEAD_IN_DOUBT_AFTER_MS = 1500;
const WELCOME_WITHIN_MS = 6000;
/** With a ticket or an opening over a network that changed. Doubled with each attempt, so that a slow line gets there too. */
const FIRST_PATIENCE_MS = 1000;
const TICKET_WITHIN_MS = 4000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 3000;
/** The page's session or its right to be here is gone: trying again can't help. */
const REFUSED = [401, 403, 404, 410];
const FINAL = ["revoked", "cancelled", "ended", "replaced", "lobby", "removed"];
/** All pages lose a server in the same moment; they don't come back in one. */
const jitter = () => 0.7 + Math.random() * 0.6;

/** @returns {string} Django's CSRF token, from the page's meta element or else from the cookie. */
export function csrfToken() {
  const meta = document.querySelector('meta[name="csrf-token"]');
  if (meta instanceof HTMLMetaElement && meta.content) return meta.content;
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("webside_csrf="));
  return cookie ? decodeURIComponent(cookie.slice("webside_csrf=".length)) : "";
}

class Refused extends Error {}

export class SignalSocket extends EventTarget {
  /** Of one connection, from its opening on; aborted, its sockets close. @type {AbortController|null} */ #life = null;
  /** Open. @type {WebSocket|null} */ #socket = null;
  #ticketUrl;
  #url;
  #welcomed = false;
  #closed = false;
  /** Whether it is the network that was lost, not the server. */ #moved = false;
  #retryMs = FIRST_RETRY_MS;
  #lastHeard = 0;
  #pings = 0;
  /** @type {Map<number, number>} */ #pingedAt = new Map();
  /** @type {number|undefined} */ #heart;
  /** @type {number|undefined} */ #retry;
  /** @type {number|undefined} */ #doubt;

  /** @param {{ticketUrl: string, url?: string}} options addresses relative to the page */
  constructor({ ticketUrl, url = "/ws" }) {
    super();
    this.#ticketUrl = ticketUrl;
    const address = new URL(url, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#url = address.href;
    addEventListener("online", this.#anotherNetwork);
  }

  /** @returns {boolean} whether the server has welcomed this socket and it is alive, as far as we know */
  get up() {
    return this.#welcomed;
  }

  open() {
    if (this.#closed || this.#life) return;
    clearTimeout(this.#retry);
    const life = new AbortController();
    this.#life = life;
    this.#lastHeard = performance.now();
    this.#heart = setInterval(() => this.#beat(life), PING_EVERY_MS);
    // Side by side, not one after the other: on a far network each of the two costs a round trip.
    Promise.all([this.#fetchTicket(life.signal, this.#moved), openSocket(this.#url, life.signal, this.#moved)]).then(
      ([ticket, socket]) => this.#greet(life, socket, ticket),
      (error) => (error instanceof Refused && life === this.#life ? this.#bye("revoked") : this.#lost(life)),
    );
  }

  /**
   * @param {object} message
   * @returns {boolean} false when there is no connection; the message is then gone
   */
  send(message) {
    if (!this.#welcomed || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Beside the heartbeat's own, for who wants to measure sooner; the answer is an "rtt" event. */
  ping() {
    const n = this.#pings + 1;
    if (this.send({ type: "ping", n })) this.#pingedAt.set(n, performance.now());
    this.#pings = n;
  }

  /** The connection of the call is silent. A socket that is silent too is given up sooner, and its way back begins at once. */
  doubt() {
    const life = this.#life;
    if (!life || !this.#welcomed) return;
    const silent = () => performance.now() - this.#lastHeard;
    const giveUp = () => {
      if (silent() < DEAD_IN_DOUBT_AFTER_MS || life !== this.#life) return;
      this.#moved = true;
      this.#lost(life, 0);
    };
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(giveUp, Math.max(0, DEAD_IN_DOUBT_AFTER_MS - silent()));
  }

  /** Closes for good, after a last word if there is one. @param {object} [lastWord] */
  close(lastWord) {
    if (lastWord) this.send(lastWord);
    this.#closed = true;
    clearTimeout(this.#retry);
    removeEventListener("online", this.#anotherNetwork);
    this.#drop(1000);
  }

  /**
   * A lost packet of a new connection costs seconds here as it does in `openSocket`: on another network one that takes long is
   * given up and asked for anew.
   * @param {AbortSignal} signal @param {boolean} hasty
   */
  async #fetchTicket(signal, hasty) {
    for (let patience = hasty ? FIRST_PATIENCE_MS : TICKET_WITHIN_MS; ; patience *= 2) {
      try {
        return await this.#askForTicket(Math.min(patience, TICKET_WITHIN_MS));
      } catch (error) {
        const slow = error instanceof DOMException && error.name === "TimeoutError" && patience < TICKET_WITHIN_MS;
        if (!slow || signal.aborted) throw error;
      }
    }
  }

  /** @param {number} within milliseconds */
  async #askForTicket(within) {
    const response = await fetch(this.#ticketUrl, {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual", // a redirect leads to the sign-in page: the session is over
      signal: AbortSignal.timeout(within),
    });
    if (REFUSED.includes(response.status) || response.type === "opaqueredirect") throw new Refused();
    if (!response.ok) throw new Error(`ticket: ${response.status}`);
    return (await response.json()).ticket;
  }

  /** @param {AbortController} life @param {WebSocket} socket @param {string} ticket */
  #greet(life, socket, ticket) {
    if (life !== this.#life) return;
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#read(life, event.data));
    socket.addEventListener("close", () => this.#lost(life));
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "hello", ticket }));
    else this.#lost(life); // closed while the ticket was on its way
  }

  /** @param {AbortController} life @param {unknown} text */
  #read(life, text) {
    if (life !== this.#life) return;
    this.#lastHeard = performance.now();
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return;
    }
    switch (message?.type) {
      case "welcome":
        this.#welcomed = true;
        this.#moved = false;
        this.#retryMs = FIRST_RETRY_MS;
        this.#emit("welcome", message);
        break;
      case "signal":
        this.#emit("signal", { from: message.from, data: message.data });
        break;
      case "ice":
        this.#emit("ice", { iceServers: message.ice_servers });
        break;
      case "pong":
        this.#measure(message.n);
        break;
      case "peer":
      case "hint":
      case "kept":
      case "verified":
      case "you":
      case "caption":
        this.#emit(message.type, message);
        break;
      case "bye":
        // Other reasons (a ticket that came too late, a server that goes) are answered with a new ticket.
        if (FINAL.includes(message.reason)) this.#bye(message.reason);
        else this.#lost(life);
    }
  }

  /** @param {number} n */
  #measure(n) {
    const sentAt = this.#pingedAt.get(n);
    if (sentAt === undefined) return;
    this.#pingedAt.delete(n);
    this.#emit("rtt", { ms: performance.now() - sentAt });
  }

  /** @param {AbortController} life */
  #beat(life) {
    const limit = this.#welcomed ? DEAD_AFTER_MS : WELCOME_WITHIN_MS;
    if (performance.now() - this.#lastHeard > limit) {
      this.#lost(life);
    } else {
      this.ping();
    }
  }

  /** Forgets the socket without waiting for it: closing over a dead network takes minutes. @param {number} [code] why */
  #drop(code) {
    clearInterval(this.#heart);
    clearTimeout(this.#doubt);
    this.#pingedAt.clear();
    this.#socket?.close(code);
    this.#life?.abort();
    this.#socket = null;
    this.#life = null;
    this.#welcomed = false;
  }

  /** @param {AbortController} life @param {number} [retryMs] until the first attempt to come back */
  #lost(life, retryMs = this.#retryMs) {
    if (life !== this.#life) return;
    const wasUp = this.#welcomed;
    this.#drop();
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.open(), retryMs * jitter());
    this.#retryMs = Math.min(this.#retryMs * 1.5, LONGEST_RETRY_MS);
    if (wasUp) this.#emit("down", {});
  }

  /** A socket that stood, or was being opened, was bound to the network that is gone. */
  #anotherNetwork = () => {
    this.#moved = true;
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#life) this.#lost(this.#life, 0);
    else this.open();
  };

  /** @param {string} reason */
  #bye(reason) {
    this.close();
    this.#emit("bye", { reason });
  }

  /** @param {string} name @param {object} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * Opens a WebSocket. Where a line loses the first packet of a connection, the system sends it again after 1, 3 and 7 s, and is slow
 * with those that follow too: a new connection is there sooner. One beside the other is no way, browsers open them in turn.
 * A server that starts answers none of them, and browsers hold back a page that gives up many: only on another network is it worth it.
 * @param {string} url
 * @param {AbortSignal} signal closes it, open or not
 * @param {boolean} hasty whether to give up an opening that takes long, and begin another
 * @returns {Promise<WebSocket>}
 * @throws when it was refused, or closed by the signal
 */
async function openSocket(url, signal, hasty) {
  for (let patience = FIRST_PATIENCE_MS; ; patience *= 2) {
    const socket = new WebSocket(url);
    signal.addEventListener("abort", () => socket.close());
    const open = await new Promise((resolve) => {
      socket.addEventListener("open", () => resolve(true));
      socket.addEventListener("close", () => resolve(false));
      if (hasty) setTimeout(() => resolve(null), patience);
    });
    if (signal.aborted || open === false) throw new Error("closed");
    if (open) return socket;
    socket.close();
  }
}
