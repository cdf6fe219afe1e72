// Attaches behaviour to HTML: data-behavior="autosave table" imports static/<app>/autosave.js and
// static/<app>/table.js and calls their default export with the element. What htmx or a live update
// puts in is attached too; what they take out is cleaned up. A module that fails leaves the page as
// it is without JavaScript, and says so on the console.

import { t } from "ui/words.js";
import { toast } from "ui/toast.js";

const imports = JSON.parse(document.querySelector('script[type="importmap"]').textContent).imports;
const modules = new Map(Object.keys(imports).map((path) => [path.split("/").pop().replace(/\.js$/, ""), path]));

// What means a behaviour by itself.
const IMPLIED = [["[data-live]", "live"], ["[data-dialog-open]", "dialog"], ['form[method="post" i]', "submit-once"]];
const SELECTOR = ["[data-behavior]", ...IMPLIED.map(([selector]) => selector)].join(",");

const attached = new Map(); // element → Map(name → cleanup, or COMING)
const COMING = Symbol("coming");

function namesOf(element) {
  const names = (element.dataset.behavior ?? "").split(/\s+/).filter(Boolean);
  for (const [selector, name] of IMPLIED) if (element.matches(selector) && !names.includes(name)) names.push(name);
  return names;
}

async function attach(element) {
  const known = attached.get(element) ?? new Map();
  attached.set(element, known);
  for (const name of namesOf(element)) {
    if (known.has(name)) continue;
    known.set(name, COMING);
    const path = modules.get(name);
    if (!path) {
      known.set(name, null);
      console.error(`no module answers to data-behavior="${name}"`);
      continue;
    }
    try {
      const module = await import(path);
      if (!element.isConnected) known.delete(name);
      else {
        known.set(name, module.default(element) ?? null);
        element.dataset.attached = [...known.keys()].filter((each) => known.get(each) !== COMING).join(" "); // for styles, and for tests that must wait
      }
    } catch (error) {
      known.set(name, null);
      console.error(`data-behavior="${name}" failed`, error);
    }
  }
  pressAgain();
}

// A press that came before what answers to it is repeated once that is there: a button that does nothing looks broken. On a
// slow line that is seconds. Only of buttons that do nothing by themselves.
const early = new Set();

// Of the nearest element that has behaviours: one of them may have answered already where others are still coming.
function behavioursOf(button) {
  const element = button.closest(SELECTOR);
  return [...(attached.get(element)?.values() ?? [])];
}

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[type="button"]') : null;
  const all = button ? behavioursOf(button) : [];
  if (all.length && all.every((each) => each === COMING)) early.add(button);
}, true);

function pressAgain() {
  for (const button of early) {
    if (behavioursOf(button).includes(COMING)) continue;
    early.delete(button);
    if (button.isConnected && !button.disabled) button.click();
  }
}

function detach(element) {
  const known = attached.get(element);
  if (!known) return;
  attached.delete(element);
  for (const cleanup of known.values()) if (typeof cleanup === "function") cleanup();
}

function scan(root) {
  if (root.matches?.(SELECTOR)) attach(root);
  root.querySelectorAll?.(SELECTOR).forEach(attach);
}

new MutationObserver((records) => {
  for (const record of records) {
    if (record.type === "attributes") attach(record.target);
    record.addedNodes.forEach(scan);
  }
  for (const element of attached.keys()) if (!element.isConnected) detach(element);
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-behavior"] });

scan(document.documentElement);
document.documentElement.dataset.js = "on";

// A request of htmx that failed must not look like one that worked.
for (const event of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(event, (failure) => {
    const status = failure.detail?.xhr?.status;
    if (status === 422 || status === 409) return; // the answer holds the form with its errors
    toast(status === 403 || status === 401 ? t("You may have been signed out. Load the page again.") : t("That didn’t reach us. Nothing was changed. Please try again."), { tone: "danger", seconds: 0 });
  });
}
// A refused form comes back with its errors and is shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  const status = event.detail.xhr.status;
  if (status === 422 || status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
