/**
 * Draws on the picture of a visit: pen and arrow, by hand or by keys, and takes a still of one's own camera.
 *
 * What somebody draws is shown at once and sent when the line is finished; it stays faint until the server has it.
 * Marks are points from 0 to 10,000 of the picture's sides, so they lie at the same place on every screen.
 */

import { Refused } from "visits/visit-picture.js";
import { t } from "ui/words.js";

const SIDE = 10000;
const MOST_POINTS = 500;
const STEP = 250;
const NEAR = 25;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./visit-picture.js").State} State */
/** @typedef {import("./visit-picture.js").Mark} Mark */

export class Board {
  /** @type {State} */ #state = { picture: null, marks: [] };
  /** @type {Map<string, Mark>} */ #waiting = new Map();
  /** @type {{pointer: number, points: number[]}|null} */ #line = null;
  #cross = { x: SIDE / 2, y: SIDE / 2 };
  /** @type {Promise<unknown>} */ #queue = Promise.resolve();
  /** @type {Blob|null} */ #still = null;

  /** @param {HTMLElement} root @param {{change: (fields: Record<string, string>) => Promise<State>, signal: AbortSignal}} hands */
  constructor(root, { change, signal }) {
    this.root = root;
    this.change = change;
    this.board = /** @type {HTMLElement} */ (root.querySelector("[data-board]"));
    this.said = /** @type {HTMLElement} */ (root.querySelector("[data-picture-said]"));
    this.looksOn = "looksOn" in root.dataset;
    root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-picture-do]") : null;
      if (button) this.#press(button.getAttribute("data-picture-do") ?? "");
    }, { signal });
    if (this.looksOn) return;
    this.board.addEventListener("pointerdown", (event) => this.#begin(event), { signal });
    this.board.addEventListener("pointermove", (event) => this.#go(event), { signal });
    this.board.addEventListener("pointerup", (event) => this.#end(event), { signal });
    this.board.addEventListener("pointercancel", () => ((this.#line = null), this.#draw()), { signal });
    this.board.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** @param {State} state */
  show(state) {
    const before = this.#state;
    this.#state = state;
    for (const { key } of state.marks) this.#waiting.delete(key);
    /** @type {HTMLElement} */ (this.root.querySelector("[data-picture-board]")).hidden = !state.picture;
    /** @type {HTMLElement} */ (this.root.querySelector("[data-picture-start]")).hidden = Boolean(state.picture);
    if (state.picture?.id !== before.picture?.id) this.#frame();
    this.#tell(before);
    this.#draw();
  }

  /** Say what has changed, for whoever doesn't see it. @param {State} before */
  #tell(before) {
    const { picture, marks } = this.#state;
    if (!picture) {
      if (before.picture) this.said.textContent = t("The picture was put away.");
      return;
    }
    if (picture.id !== before.picture?.id) {
      this.said.textContent = picture.own ? t("Everybody in the visit sees it now.") : t("{name} shows a picture.", { name: picture.shown_by });
      return;
    }
    const known = new Set(before.marks.map((mark) => mark.key));
    const fresh = marks.filter((mark) => !known.has(mark.key) && !mark.own);
    const last = fresh.at(-1);
    if (last) {
      const told = { name: last.who, where: placeOf(last) };
      this.said.textContent = last.shape === "arrow" ? t("{name} has placed an arrow: {where}.", told) : t("{name} has drawn on the picture: {where}.", told);
    } else if (before.marks.length && !marks.length) this.said.textContent = t("The picture is clear.");
  }

  #frame() {
    this.#waiting.clear();
    this.#line = null;
    this.#cross = { x: SIDE / 2, y: SIDE / 2 };
    const { picture } = this.#state;
    const name = /** @type {HTMLElement} */ (this.root.querySelector("[data-picture-name]"));
    if (!picture) {
      this.board.replaceChildren();
      return;
    }
    const told = { picture: picture.name, name: picture.shown_by };
    name.textContent = picture.own ? t("{picture}, shown by you", told) : t("{picture}, shown by {name}", told);
    this.svg = make("svg", { viewBox: `0 0 ${picture.width} ${picture.height}`, role: "img" });
    this.marks = make("g", {});
    this.cross = make("g", { "data-cross": "" });
    this.svg.append(make("image", { href: picture.url, width: picture.width, height: picture.height }), this.marks, this.cross);
    this.board.replaceChildren(this.svg);
  }

  #draw() {
    const { picture } = this.#state;
    if (!picture || !this.svg || !this.marks || !this.cross) return;
    const own = this.#line ? [this.#mark(this.#line.points)] : [];
    const all = [...this.#state.marks, ...this.#waiting.values(), ...own];
    this.marks.replaceChildren(...all.flatMap((mark) => this.#lines(mark, picture)));
    this.svg.setAttribute("aria-label", this.#inWords(all));
    const [x, y] = [(this.#cross.x * picture.width) / SIDE, (this.#cross.y * picture.height) / SIDE];
    const arm = Math.max(picture.width, picture.height) / 30;
    const d = `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`;
    this.cross.replaceChildren(
      make("path", { d, class: "visit-cross visit-cross--edge", "stroke-width": arm / 5 }),
      make("path", { d, class: "visit-cross", "stroke-width": arm / 12 }),
    );
  }

  /** @param {Mark} mark @param {{width: number, height: number}} size */
  #lines(mark, { width, height }) {
    const thick = Math.max(width, height) / 160;
    const at = (/** @type {number} */ index) => [(mark.points[index] * width) / SIDE, (mark.points[index + 1] * height) / SIDE];
    const corners = [];
    for (let index = 0; index + 1 < mark.points.length; index += 2) corners.push(at(index).map((each) => each.toFixed(1)).join(" "));
    let d = `M${corners.join("L")}`;
    let head = "";
    if (mark.shape === "arrow") {
      const [[x1, y1], [x2, y2]] = [at(0), at(2)];
      const angle = Math.atan2(y2 - y1, x2 - x1);
      const wing = (/** @type {number} */ turn) => `${x2 - thick * 5 * Math.cos(angle + turn)} ${y2 - thick * 5 * Math.sin(angle + turn)}`;
      head = `M${wing(0.5)}L${x2} ${y2}L${wing(-0.5)}`;
    }
    const dashes = { yellow: null, blue: `${thick * 3} ${thick * 2.4}`, red: `0.1 ${thick * 2}` }[mark.ink] ?? null;
    const faint = this.#waiting.has(mark.key) ? { opacity: "0.6" } : {};
    const lines = [make("path", { d: d + head, class: "visit-mark visit-mark--edge", "stroke-width": thick * 1.8, ...faint })];
    const dashed = dashes ? { "stroke-dasharray": dashes } : {};
    lines.push(make("path", { d, class: `visit-mark visit-mark--${mark.ink}`, "stroke-width": thick, ...dashed, ...faint }));
    if (head) lines.push(make("path", { d: head, class: `visit-mark visit-mark--${mark.ink}`, "stroke-width": thick, ...faint }));
    return lines;
  }

  /** @param {Mark[]} marks */
  #inWords(marks) {
    const name = this.#state.picture?.name ?? "";
    if (!marks.length) return t("Picture {name}. Nothing is drawn on it.", { name });
    const told = marks.slice(-5).map((mark) => `${mark.own ? t("You") : mark.who}: ${mark.shape === "arrow" ? t("arrow") : t("line")}, ${placeOf(mark)}`);
    return `${t("Picture {name}. {count} marks.", { name, count: String(marks.length) })} ${told.join("; ")}`;
  }

  /** @param {number[]} points @returns {Mark} */
  #mark(points) {
    const chosen = (/** @type {string} */ field) => /** @type {HTMLInputElement} */ (this.root.querySelector(`input[name="${field}"]:checked`)).value;
    const shape = chosen("shape");
    const ends = [...points.slice(0, 2), ...points.slice(-2)];
    return { key: crypto.randomUUID(), shape, ink: chosen("ink"), points: shape === "arrow" ? ends : points, own: true, who: "" };
  }

  /** @param {PointerEvent} event @returns {[number, number]|null} */
  #at(event) {
    const box = this.svg?.getBoundingClientRect();
    const { picture } = this.#state;
    if (!box || !picture) return null;
    // The picture is fitted into the drawing: there may be room beside it.
    const scale = Math.min(box.width / picture.width, box.height / picture.height);
    const left = box.left + (box.width - picture.width * scale) / 2;
    const top = box.top + (box.height - picture.height * scale) / 2;
    const within = (/** @type {number} */ part) => Math.round(Math.min(1, Math.max(0, part)) * SIDE);
    return [within((event.clientX - left) / (picture.width * scale)), within((event.clientY - top) / (picture.height * scale))];
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const at = this.#at(event);
    if (!at || this.#line || event.button !== 0) return;
    event.preventDefault();
    this.board.setPointerCapture(event.pointerId);
    this.#line = { pointer: event.pointerId, points: at };
  }

  /** @param {PointerEvent} event */
  #go(event) {
    const at = this.#at(event);
    const line = this.#line;
    if (!at || !line || line.pointer !== event.pointerId) return;
    const [x, y] = line.points.slice(-2);
    if (Math.hypot(at[0] - x, at[1] - y) < NEAR) return;
    line.points.push(...at);
    if (line.points.length >= 2 * MOST_POINTS) line.points = line.points.filter((_, index) => index % 4 < 2);
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #end(event) {
    const line = this.#line;
    if (!line || line.pointer !== event.pointerId) return;
    this.#line = null;
    const [x, y] = line.points;
    // A tap is a dot, or an arrow that points at it.
    if (line.points.length === 2) line.points = [Math.max(0, x - 1), y, x, y];
    const tap = line.points.length === 4 && Math.hypot(line.points[2] - x, line.points[3] - y) < 2;
    const mark = this.#mark(line.points);
    if (mark.shape === "arrow" && tap) mark.points = arrowTo(x, y);
    this.#send(mark);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (!this.#state.picture || (!move && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!move) return this.#send({ ...this.#mark([]), shape: "arrow", points: arrowTo(this.#cross.x, this.#cross.y) });
    const step = event.shiftKey ? STEP / 5 : STEP;
    const within = (/** @type {number} */ value) => Math.min(SIDE, Math.max(0, value));
    this.#cross = { x: within(this.#cross.x + move[0] * step), y: within(this.#cross.y + move[1] * step) };
    this.#draw();
    this.said.textContent = t("{across} percent across, {down} percent down", { across: String(Math.round(this.#cross.x / 100)), down: String(Math.round(this.#cross.y / 100)) });
  }

  /** @param {Mark} mark */
  #send(mark) {
    this.#waiting.set(mark.key, mark);
    this.#draw();
    const { key, shape, ink } = mark;
    const picture = this.#state.picture?.id ?? "";
    this.#ask({ do: "draw", picture, key, shape, ink, points: JSON.stringify(mark.points) }, () => {
      if (shape === "arrow") this.said.textContent = t("Arrow placed: {where}.", { where: placeOf(mark) });
    }, () => this.#waiting.delete(key));
  }

  /** One after the other, so that what is taken back was there. @param {Record<string, string>} fields @param {() => void} [done] @param {() => void} [failed] */
  #ask(fields, done, failed) {
    this.#queue = this.#queue.then(() => this.change(fields)).then(done, (error) => {
      failed?.();
      this.#draw();
      this.said.textContent = error instanceof Refused ? error.message : t("That did not get through. Try again.");
    });
  }

  /** @param {string} what */
  #press(what) {
    const picture = this.#state.picture?.id ?? "";
    if (what === "still") return this.#takeStill();
    if (what === "send") return this.#sendStill();
    if (what === "discard") return this.#preview(null);
    if (what === "undo") {
      // What is under way is there by the time that this is asked.
      this.#queue = this.#queue.then(() => {
        const last = this.#state.marks.filter((mark) => mark.own).at(-1);
        if (!last) this.said.textContent = t("You have drawn nothing here.");
        else this.#ask({ do: "undo", picture, key: last.key }, () => (this.said.textContent = t("Taken back.")));
      });
    } else this.#ask({ do: what, picture });
  }

  #takeStill() {
    const video = /** @type {HTMLVideoElement|null} */ (document.querySelector("[data-call='self']"));
    const lit = video?.videoWidth && /** @type {MediaStream|null} */ (video.srcObject)?.getVideoTracks().some((track) => track.enabled && !track.muted);
    if (!video || !lit) {
      this.said.textContent = t("Your camera is off. Turn it on, then take the still.");
      return;
    }
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", t("The still of your camera"));
    canvas.toBlob((blob) => {
      this.#preview(canvas, blob);
      this.said.textContent = t("Nobody else sees it yet.");
    }, "image/jpeg", 0.92);
  }

  /** @param {HTMLCanvasElement|null} canvas @param {Blob|null} [blob] */
  #preview(canvas, blob = null) {
    this.#still = blob;
    const place = /** @type {HTMLElement} */ (this.root.querySelector("[data-picture-still]"));
    place.hidden = !canvas;
    place.replaceChildren(...(canvas ? [canvas] : []));
    for (const name of ["send", "discard"]) /** @type {HTMLElement} */ (this.root.querySelector(`[data-picture-do="${name}"]`)).hidden = !canvas;
    const button = /** @type {HTMLElement} */ (this.root.querySelector("[data-picture-do='still']"));
    /** @type {HTMLElement} */ (button.querySelector("span") ?? button).textContent = canvas ? t("Take it again") : t("Take a still");
    if (!canvas) button.focus();
  }

  #sendStill() {
    if (!this.#still) return;
    const now = new Date();
    const name = `${t("Still")} ${now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }).replace(":", ".")}.jpg`;
    const file = new File([this.#still], name, { type: "image/jpeg" });
    this.#preview(null);
    this.said.textContent = t("Sending…");
    const sent = (/** @type {string} */ id) => this.#ask({ do: "show", picture: id });
    document.dispatchEvent(new CustomEvent("visits:send-file", { detail: { file, sent } }));
  }
}

/** An arrow that points at a place, from where there is room. @param {number} x @param {number} y */
function arrowTo(x, y) {
  const from = (/** @type {number} */ at) => Math.round(at + (at > SIDE / 2 ? -0.12 : 0.12) * SIDE);
  return [from(x), from(y), Math.round(x), Math.round(y)];
}

/** Where a mark lies, in words: the end of an arrow, the middle of a line. @param {Mark} mark */
function placeOf(mark) {
  const { points } = mark;
  const start = mark.shape === "arrow" ? 2 : Math.floor(points.length / 4) * 2;
  const third = (/** @type {number} */ value) => Math.min(2, Math.floor((value * 3) / SIDE));
  const names = [
    [t("top left"), t("top"), t("top right")],
    [t("left"), t("middle"), t("right")],
    [t("bottom left"), t("bottom"), t("bottom right")],
  ];
  return names[third(points[start + 1])][third(points[start])];
}

/** @param {string} name @param {Record<string, string|number>} attributes */
function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
