/**
 * What the page says of the verification codes: of the one with whom it is about in its own place, of each pair in the list of
 * people, and of all of them together in two words. Not checked never looks like fine: "same" is said of the call as a whole
 * only when each pair was compared.
 *
 *   data-call="code", "code-state", buttons code-same and code-different   of the main pair
 *   [data-person] with [data-person-code], [data-person-codestate] and such buttons   of that pair
 *   data-call="code-short", and data-code on the root                       of all
 */

const WORST_FIRST = ["different", "theirs", "broken", "unsupported", "none", "unverified", "same"];
const ALARMS = ["different", "theirs", "broken"];

/** @typedef {import("visits/call-mesh.js").Mesh} Mesh */
/** @typedef {import("visits/call-mesh.js").Person} Person */

/** @param {Mesh} mesh @returns {Person|undefined} the pair that is worst off */
const worst = (mesh) =>
  [...mesh.others].sort((one, other) => WORST_FIRST.indexOf(one.codeState) - WORST_FIRST.indexOf(other.codeState))[0];

/** @param {Mesh} mesh @returns {{head: string, body: string[], name: string}|null} keys of call-words.js */
export function alarmOf(mesh) {
  const person = worst(mesh);
  if (!person || !ALARMS.includes(person.codeState)) return null;
  return { head: `alarm.${person.codeState}.head`, body: ["alarm.body"], name: person.name };
}

/**
 * @param {object} page
 * @param {HTMLElement} page.root
 * @param {Mesh} page.mesh
 * @param {(key: string, values?: Record<string, string>) => string} page.words
 * @param {{name: string}} page.names
 */
export function showCodes({ root, mesh, words, names }) {
  const { main, others } = mesh;
  const many = others.length > 1;
  const state = main?.codeState ?? "none";
  writeDigits(document.querySelector('[data-call="code"]'), main?.code ?? "");
  write(document.querySelector('[data-call="code-state"]'), stateWords(state, many, words, names));
  for (const button of buttonsIn(document, ':not([data-person] *)')) button.disabled = !main?.canCompare;
  for (const element of document.querySelectorAll("[data-person]:not([data-face])")) {
    const person = mesh.person(element.getAttribute("data-person") ?? "");
    writeDigits(element.querySelector("[data-person-code]"), person?.code ?? "");
    const said = person ? stateWords(person.codeState, true, words, { name: person.name }) : "";
    write(element.querySelector("[data-person-codestate]"), said);
    for (const button of buttonsIn(element)) button.hidden = !person?.canCompare;
  }
  const whole = many ? (worst(mesh)?.codeState ?? "none") : state;
  root.dataset.code = whole;
  const checked = others.filter((person) => person.codeState === "same").length;
  const some = many && checked > 0 && !ALARMS.includes(whole);
  const counts = { checked: String(checked), all: String(others.length) };
  const short = some ? words(whole === "same" ? "code.short.all" : "code.short.some", counts) : words(`code.short.${whole}`);
  write(document.querySelector('[data-call="code-short"]'), short);
}

/** @param {string} state @param {boolean} many @param {(key: string, values?: Record<string, string>) => string} words @param {{name: string}} names */
const stateWords = (state, many, words, names) =>
  words(many && state === "same" ? "code.same-pair" : `code.${state}`, names);

/** @param {ParentNode} where @param {string} [but] @returns {HTMLButtonElement[]} */
const buttonsIn = (where, but = "") => [
  .../** @type {NodeListOf<HTMLButtonElement>} */ (
    where.querySelectorAll(`[data-call-action="code-same"]${but}, [data-call-action="code-different"]${but}`)
  ),
];

/** @param {Element|null} part @param {string} text */
function write(part, text) {
  if (part && part.textContent !== text) part.textContent = text;
}

/** @param {Element|null} part @param {string} code */
function writeDigits(part, code) {
  if (!part || part.getAttribute("data-digits") === code) return;
  part.setAttribute("data-digits", code);
  const pairs = code.split(" ").filter(Boolean).map((pair) => {
    const span = document.createElement("span");
    span.textContent = pair;
    return span;
  });
  // The spaces are for those who hear or copy the code.
  part.replaceChildren(...pairs.flatMap((span, index) => (index ? [" ", span] : [span])));
}
