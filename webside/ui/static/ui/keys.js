// The keyboard: ? shows the keys, / searches, g and then a letter goes ([data-go]), a letter presses
// what carries it ([data-key]), j and k move in a list ([data-rows], its links). Single letters can be
// switched off in the help (they get in the way of speech input), and never act while somebody types.

import { open } from "ui/dialog.js";
import { make, t } from "ui/words.js";

const OFF = "webside-keys-off";
const WAIT = 1500; // after g, this long for the letter

function typing(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio|button|submit)$/.test(target.type);
}

// What stands in a shut menu is pressed by its letter all the same.
function visible(element) {
  const shown = element.closest("details.ws-menu:not([open])") ?? element;
  return shown.getClientRects().length > 0 && !element.disabled && element.getAttribute("aria-disabled") !== "true";
}

function nameOf(element) {
  return element.getAttribute("aria-label") ?? [...element.childNodes].filter((node) => node.nodeName !== "KBD" && !node.classList?.contains("wss-rc")).map((node) => node.innerText ?? node.textContent).join(" ").replace(/\s+/g, " ").trim();
}

function scope() {
  const dialogs = [...document.querySelectorAll("dialog[open]")];
  return dialogs.at(-1) ?? document;
}

function press(key) {
  const found = [...scope().querySelectorAll("[data-key]")].find((element) => element.dataset.key.toLowerCase() === key && visible(element));
  const before = document.activeElement;
  found?.click();
  if (document.activeElement === before) found?.focus?.(); // unless the click led somewhere, as to a field
  return Boolean(found);
}

function move(step) {
  const rows = [...document.querySelectorAll("[data-rows] a[href]")].filter(visible);
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const marked = rows.findIndex((row) => row.closest("[aria-current], .is-sel"));
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? Math.max(marked, 0) : at + step))].focus();
  return true;
}

function help() {
  const dialog = document.getElementById("keys-help");
  if (!dialog) return;
  const list = (title, entries) => (entries.length ? [make("h3", { class: "ws-h4" }, title), make("ul", { class: "ws-keylist" }, ...entries.map(([keys, text]) => make("li", {}, make("span", { class: "ws-keylist__keys" }, ...keys.map((key) => make("kbd", { class: "ws-kbd" }, key))), text)))] : []);
  const seen = new Set();
  const once = (elements, keys) => elements.filter(visible).map((element) => [keys(element), nameOf(element)]).filter(([found, text]) => text && !seen.has(found.join()) && seen.add(found.join()));
  const general = [[["?"], t("Show the keys")], ...(document.querySelector("[data-search]") ? [[["/"], t("Search")]] : []), ...(document.querySelector("[data-rows]") ? [[["j", "k"], t("Move down and up in the list")]] : []), [["Esc"], t("Close, or leave a field")]];
  const toggle = make("input", { type: "checkbox", id: "keys-on", checked: localStorage.getItem(OFF) === null });
  toggle.addEventListener("change", () => (toggle.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes")));
  dialog.querySelector("[data-keys-list]").replaceChildren(make("div", { class: "ws-stack" },
    ...list(t("Everywhere"), general),
    ...list(t("Go to"), once([...document.querySelectorAll("[data-go]")], (element) => ["g", element.dataset.go])),
    ...list(t("On this page"), once([...document.querySelectorAll("[data-key]")], (element) => [element.dataset.key])),
    make("label", { class: "ws-choice ws-choice--plain", for: "keys-on" }, toggle, make("span", { class: "ws-choice__text" }, t("Single letters act as keys"))),
  ));
  open(dialog);
}

/** Behaviour of the body. */
export default function attach(body) {
  let going = 0;
  document.querySelectorAll("[data-keys-hint]").forEach((hint) => (hint.hidden = false));
  const click = (event) => event.target.closest("[data-keys-help]") && help();
  const down = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = event.key.length === 1 ? event.key : event.key.toLowerCase();
    const off = localStorage.getItem(OFF) !== null;
    if (key === "?" ) {
      event.preventDefault();
      help();
      return;
    }
    if (off && event.key.length === 1) return;
    if (going && Date.now() - going < WAIT) {
      going = 0;
      const target = [...document.querySelectorAll("[data-go]")].find((element) => element.dataset.go === key);
      if (target) {
        event.preventDefault();
        target.click();
      }
      return;
    }
    const onControl = /^(A|BUTTON|SUMMARY|INPUT)$/.test(event.target.tagName);
    let done = false;
    if (key === "/" ) {
      // The page's own list before the search of the whole clinic.
      const search = [...document.querySelectorAll("main [data-search]"), ...document.querySelectorAll("[data-search]")].find(visible);
      search?.focus();
      done = Boolean(search);
    } else if (key === "g" && scope() === document && document.querySelector("[data-go]")) {
      going = Date.now();
      done = true;
    } else if ((key === "enter" || key === " ") && onControl) {
      return;
    } else if (press(key)) done = true;
    else if (key === "j" || key === "k") done = move(key === "j" ? 1 : -1);
    if (done) event.preventDefault();
  };
  document.addEventListener("keydown", down);
  body.addEventListener("click", click);
  return () => {
    document.removeEventListener("keydown", down);
    body.removeEventListener("click", click);
  };
}
