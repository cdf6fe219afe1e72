/**
 * What somebody holds in a part of the page that is about to be drawn anew: where she is in it, what she has opened, and what
 * she has chosen or typed and not sent yet. Loaded once there is something to hold (visit-fragment.js).
 */

const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
const FIELDS = "input:not([type=hidden]), select, textarea";

/** @typedef {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} Field */

/** @param {HTMLElement} part @returns {() => void} gives it back, once the part is drawn anew */
export function hold(part) {
  const opened = new Set([...part.querySelectorAll("details[open]")].map(nameOf));
  /** @type {Map<string, Field>} */
  const unsent = new Map();
  for (const field of /** @type {NodeListOf<Field>} */ (part.querySelectorAll(FIELDS))) {
    if (isChanged(field)) unsent.set(nameOf(field), field);
  }
  const active = document.activeElement;
  const where = active && active !== part && part.contains(active) ? nameOf(active) : "";
  return () => {
    for (const details of part.querySelectorAll("details")) details.open = opened.has(nameOf(details));
    for (const field of /** @type {NodeListOf<Field>} */ (part.querySelectorAll(FIELDS))) {
      const before = unsent.get(nameOf(field));
      if (before) field.value = before.value;
      if (before instanceof HTMLInputElement && field instanceof HTMLInputElement) field.checked = before.checked;
    }
    if (!where) return;
    const controls = /** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll(CONTROLS));
    const same = [...controls].find((each) => nameOf(each) === where && each.checkVisibility());
    (same ?? headingOf(part))?.focus({ preventScroll: true });
  };
}

/**
 * What a control is called in each drawing: by its id, else by whose row it is in and what it does. Never only by where it
 * stands: a second press of Enter must not do something else, or to somebody else.
 * @param {Element} element
 */
function nameOf(element) {
  if (element.id) return `#${element.id}`;
  const person = element.closest("[data-person]")?.getAttribute("data-person");
  const said = element.localName === "details" ? element.querySelector("summary") : element.matches(FIELDS) ? null : element;
  const does = ["name", "value", "href", "data-call-action"].map((name) => element.getAttribute(name));
  return [element.localName, person, element.closest("form")?.getAttribute("action"), ...does, said?.textContent?.trim()].join("\n");
}

/** @param {Field} field */
function isChanged(field) {
  if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

/** The nearest heading: of the section that the part is in, of the part itself, else the page. @param {HTMLElement} part @returns {HTMLElement|null} */
function headingOf(part) {
  const label = part.closest("[aria-labelledby]")?.getAttribute("aria-labelledby") ?? "";
  const heading = document.getElementById(label) ?? /** @type {HTMLElement|null} */ (part.querySelector("h1, h2, h3, h4"));
  if (heading && !heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  return heading ?? part.closest("main");
}
