/**
 * The person's own camera and microphone: opened together, apart when one fails, changed one by one.
 *
 * A call never waits for them: whoever has no camera is seen as a name, whoever has no microphone listens.
 * The ids of chosen devices are remembered in this browser; names of devices never leave the page.
 *
 * Events: "change" ({kind}) when a track came, went or was unplugged.
 *
 * @typedef {"audio"|"video"} Kind
 * @typedef {"denied"|"missing"|"busy"|"unsuited"|"insecure"|"failed"|"taken"|"silent"} Problem
 *   denied: by the person, the browser or the system; missing: no such device; busy: another program has it;
 *   taken: it was in use here, and another program or the system took it, or it was unplugged; silent: it is open and gives nothing;
 *   unsuited: the device can't do what was asked; insecure: the page has no right to ask (no https)
 */

const DEVICES = "webside.devices";
/** Session storage: how the person left the waiting room, {audio, video}; false for muted, for no picture. */
export const JOIN_STORE = "webside.join";
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Nothing is taken out: for sounds that aren't speech. */
const WHOLE_AUDIO = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

const SILENT_AFTER_MS = 1500;

/** @type {Record<string, Problem>} by the names of W3C Media Capture §10.2 */
const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "unsuited",
};

/** @param {unknown} error @returns {Problem} */
export function problemOf(error) {
  return (error instanceof DOMException || error instanceof Error ? PROBLEMS[error.name] : undefined) ?? "failed";
}

/**
 * Reads what this browser remembers. Storage that is closed to us, or holds something else, is like an empty one.
 * @param {Storage} storage @param {string} key @returns {Record<string, any>}
 */
export function recall(storage, key) {
  try {
    const value = JSON.parse(storage.getItem(key) ?? "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

/** @param {Storage} storage @param {string} key @param {Record<string, any>} value */
export function remember(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** @returns {Record<string, string>} MediaDeviceKind → id */
export const rememberedDevices = () => recall(localStorage, DEVICES);

/** @param {MediaDeviceKind} kind @param {string} id */
export const rememberDevice = (kind, id) => remember(localStorage, DEVICES, { ...rememberedDevices(), [kind]: id });

/** @param {Kind} kind @param {string|undefined} exactId a device the person has just chosen @param {boolean} whole */
function wishes(kind, exactId, whole) {
  const base = kind === "video" ? VIDEO : whole ? WHOLE_AUDIO : AUDIO;
  if (exactId) return { ...base, deviceId: { exact: exactId } };
  // Remembered devices are a wish: one that was unplugged must not keep anybody out of a visit.
  const remembered = rememberedDevices()[kind === "video" ? "videoinput" : "audioinput"];
  return remembered ? { ...base, deviceId: { ideal: remembered } } : base;
}

/** @param {MediaStreamConstraints} constraints */
async function ask(constraints) {
  if (!navigator.mediaDevices) throw Object.assign(new Error("no mediaDevices"), { problem: "insecure" });
  return navigator.mediaDevices.getUserMedia(constraints);
}

export class LocalMedia extends EventTarget {
  /** @type {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} */ tracks = { audio: null, video: null };
  /** @type {{audio: Problem|null, video: Problem|null}} */ problems = { audio: null, video: null };
  /** Whether the microphone is sent as it is, with nothing taken out. */ whole = false;
  /** @type {HTMLVideoElement|null} */ #mirror = null;
  /** @type {{width: number, height: number}|null} */ #size = null;

  /**
   * Shows the own picture here, for as long as there is one. A video element that waits for a frame which never comes would
   * keep the page from ever finishing to load.
   * @param {HTMLVideoElement|null} video
   */
  showIn(video) {
    this.#mirror = video;
    if (video) video.muted = true;
    this.#reflect();
  }

  #reflect() {
    const track = this.tracks.video;
    if (!this.#mirror) return;
    this.#mirror.srcObject = track ? new MediaStream([track]) : null;
    this.#mirror.dataset.facing = track?.getSettings().facingMode ?? "";
  }

  /**
   * Opens what is wanted; never throws. What failed is in `problems`.
   * @param {{audio: boolean, video: boolean}} wanted
   */
  async open(wanted) {
    const kinds = /** @type {Kind[]} */ (["audio", "video"]).filter((kind) => wanted[kind] && !this.tracks[kind]);
    if (kinds.length === 2) {
      try {
        const stream = await ask({ audio: wishes("audio", undefined, this.whole), video: wishes("video", undefined, false) });
        for (const track of stream.getTracks()) this.#take(/** @type {Kind} */ (track.kind), track);
        return;
      } catch (error) {
        // Asked together, one missing camera refuses both. A person who said no to both is not asked twice more.
        if (problemOf(error) === "denied" && (await bothDenied())) {
          this.problems = { audio: "denied", video: "denied" };
          this.#changed("audio");
          this.#changed("video");
          return;
        }
      }
    }
    for (const kind of kinds) await this.choose(kind);
  }

  /**
   * Opens one device, instead of the one in use.
   * @param {Kind} kind
   * @param {string} [deviceId] a device the person has just chosen; else the remembered or the browser's own choice
   * @returns {Promise<boolean>} false: it failed, `problems` says why, and the device in use stays in use
   */
  async choose(kind, deviceId) {
    try {
      const stream = await ask({ [kind]: wishes(kind, deviceId, this.whole) });
      this.#take(kind, stream.getTracks()[0]);
      return true;
    } catch (error) {
      const problem = /** @type {any} */ (error)?.problem ?? problemOf(error);
      if (problem === "busy" && this.tracks[kind]) {
        // Many phones open one camera at a time: let go of the old one first. If that doesn't help, the old one comes back.
        this.stop(kind);
        return (await this.choose(kind, deviceId)) || ((await this.choose(kind)) && false);
      }
      this.problems[kind] = problem;
      this.#changed(kind);
      return false;
    }
  }

  /** Takes a device back that another program took, or that gives nothing. @param {Kind} kind */
  async takeBack(kind) {
    const track = this.tracks[kind];
    if (track) this.#release(kind, track);
    return this.choose(kind);
  }

  /**
   * Takes the camera that looks the other way; without such a pair, the next one.
   * @returns {Promise<string>} its id; empty: there is no other, or it failed
   */
  async otherCamera() {
    const { facingMode, deviceId } = this.tracks.video?.getSettings() ?? {};
    const cameras = (await navigator.mediaDevices?.enumerateDevices() ?? []).filter(({ kind }) => kind === "videoinput");
    const next = cameras[(cameras.findIndex((each) => each.deviceId === deviceId) + 1) % cameras.length];
    const other = facingMode === "user" ? "environment" : facingMode === "environment" ? "user" : "";
    const facing = cameras.find((each) => other && "getCapabilities" in each
      && /** @type {any} */ (each).getCapabilities().facingMode?.includes(other));
    const chosen = (facing ?? next)?.deviceId;
    if (!chosen || chosen === deviceId || !(await this.choose("video", chosen))) return "";
    return chosen;
  }

  /**
   * Opens the microphone in use anew, with nothing taken out of its sound, or as for speech.
   * @param {boolean} whole @returns {Promise<boolean>} false: it failed, and all is as it was
   */
  async setWhole(whole) {
    if (whole === this.whole) return true;
    const before = this.tracks.audio;
    const deviceId = before?.getSettings().deviceId;
    this.whole = whole;
    // Two ways of opening one microphone at once: some browsers give the second what the first one asked for.
    if (before) this.#release("audio", before);
    if (await this.choose("audio", deviceId)) return true;
    this.whole = !whole;
    await this.choose("audio", deviceId);
    return false;
  }

  /**
   * Makes the picture small enough to be sent to so many at once: each of them costs this machine an encoding of its own.
   * @param {{width: number, height: number}|null} size null: as large as the camera gives
   */
  async limitPicture(size) {
    if (size?.width === this.#size?.width) return;
    this.#size = size;
    await this.#fitPicture();
  }

  async #fitPicture() {
    const { width, height } = this.#size ?? { width: VIDEO.width.ideal, height: VIDEO.height.ideal };
    const wanted = { ...VIDEO, width: { ideal: width }, height: { ideal: height } };
    // A camera that can't stays as it is; the limits of what is sent hold all the same.
    await this.tracks.video?.applyConstraints(wanted).catch(() => undefined);
  }

  /** Lets the device go: its light goes out. @param {Kind} kind */
  stop(kind) {
    const track = this.tracks[kind];
    if (!track) return;
    this.#release(kind, track);
    this.#changed(kind);
  }

  stopAll() {
    this.stop("audio");
    this.stop("video");
  }

  /** @param {Kind} kind @param {MediaStreamTrack} track */
  #take(kind, track) {
    const before = this.tracks[kind];
    if (before) this.#release(kind, before);
    this.tracks[kind] = track;
    this.problems[kind] = null;
    if (kind === "video") this.#reflect();
    track.addEventListener("ended", () => {
      if (this.tracks[kind] !== track) return;
      this.#release(kind, track); // another program's, unplugged, or taken back in the browser's own menu
      this.problems[kind] = "taken";
      this.#changed(kind);
    });
    // The system gives nothing of it for now: another call on a phone, a key on the device. Moments of that are nothing.
    const listen = () => setTimeout(() => {
      if (this.tracks[kind] !== track || this.problems[kind] === (track.muted ? "silent" : null)) return;
      this.problems[kind] = track.muted ? "silent" : null;
      this.#changed(kind);
    }, track.muted ? SILENT_AFTER_MS : 0);
    track.addEventListener("mute", listen);
    track.addEventListener("unmute", listen);
    this.#changed(kind);
    if (kind === "video" && this.#size) this.#fitPicture();
  }

  /** @param {Kind} kind @param {MediaStreamTrack} track */
  #release(kind, track) {
    this.tracks[kind] = null;
    if (kind === "video") this.#reflect();
    track.stop();
  }

  /** @param {Kind} kind */
  #changed(kind) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind } }));
  }
}

/** Whether the browser remembers a no for both. Browsers that can't tell count as no. */
async function bothDenied() {
  try {
    const names = /** @type {PermissionName[]} */ (["camera", "microphone"]);
    const states = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    return states.every((status) => status.state === "denied");
  } catch {
    return false;
  }
}

/**
 * How loud the microphone is.
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} show 0 (silent) to 1, about fifteen times a second
 * @returns {() => void} stops it
 */
export function watchLevel(track, show) {
  const context = new AudioContext();
  // Until the person has touched the page, the browser may keep the context asleep.
  const wake = () => context.state === "suspended" && context.resume();
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    // -60 dB (a quiet room) is the left end of the meter, -10 dB (a loud voice) the right one.
    show(Math.min(1, Math.max(0, (20 * Math.log10(rms || 1e-6) + 60) / 50)));
  }, 66);
  return () => {
    clearInterval(timer);
    removeEventListener("pointerdown", wake);
    removeEventListener("keydown", wake);
    // Whoever leaves may say so twice (the track ended, the page goes); closing twice is an error.
    if (context.state !== "closed") context.close();
  };
}
