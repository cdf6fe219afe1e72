// The words of our modules. English stands in the code; another language comes as JSON in the page.

const holder = document.getElementById("webside-texts");
const texts = holder ? JSON.parse(holder.textContent) : {};

/** Return `text` in the page's language, with {name} replaced from `values`. */
export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** The language of the page, for Intl. */
export const language = document.documentElement.lang || "en";

/** "3:43:07 pm": a clock time as the page writes it. `zone` is an IANA name, else the device's. */
export function clock(date, { seconds = false, zone = undefined } = {}) {
  const options = { hour: "numeric", minute: "2-digit", hour12: true, timeZone: zone || undefined };
  if (seconds) options.second = "2-digit";
  return new Intl.DateTimeFormat(language, options).format(date).replace(/[\u202f\u00a0]/g, " ").replace(/([AP])(?:M|\. ?M\.)/i, (_all, half) => `${half.toLowerCase()}m`);
}

/** The CSRF token, for our own fetches. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** Build an element: make("p", { class: "x" }, "text", child). Text is text: nothing is parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of the sprite, which is loaded with the first that a module draws. */
export function icon(name, extra = "") {
  const sprite = document.querySelector('meta[name="icons"]')?.content ?? "/static/ui/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `ws-icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
