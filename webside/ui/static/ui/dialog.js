// Dialogs. A button or link with data-dialog-open="<id>" opens <dialog id="<id>">; anything with
// data-dialog-close inside shuts it, so does Escape, and focus goes back to where it was.

import { icon, make, t } from "ui/words.js";

function shut(dialog, value) {
  if (dialog.open) dialog.close(value);
  if (location.hash === `#${dialog.id}`) history.replaceState(history.state, "", location.pathname + location.search);
}

function prepare(dialog) {
  if (dialog.dataset.prepared) return;
  dialog.dataset.prepared = "yes";
  dialog.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-dialog-close]");
    if (closer || event.target === dialog) {
      event.preventDefault();
      shut(dialog, closer?.value ?? "");
    }
  });
}

/** Open a dialog, by element or by id. */
export function open(target) {
  const dialog = typeof target === "string" ? document.getElementById(target) : target;
  if (!dialog || dialog.open) return;
  prepare(dialog);
  dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("h2[tabindex]"))?.focus();
}

/** Ask once; resolves to true or false. For what can't be undone. */
export function ask({ title, text = "", yes, no = t("Cancel"), danger = false }) {
  return new Promise((resolve) => {
    const confirm = make("button", { type: "button", class: danger ? "ws-btn ws-btn--danger" : "ws-btn", value: "yes", "data-dialog-close": true }, yes);
    const cancel = make("button", { type: "button", class: "ws-btn ws-btn--plain", value: "", "data-dialog-close": true, autofocus: true }, no);
    const corner = make("button", { type: "button", class: "ws-btn ws-btn--quiet ws-btn--icon", value: "", "data-dialog-close": true, "aria-label": t("Close") }, icon("close"));
    const heading = make("h2", { class: "ws-h3", id: `ask-${Date.now()}`, tabindex: "-1" }, title);
    const dialog = make(
      "dialog",
      { class: "ws-dialog", "aria-labelledby": heading.id },
      make("div", { class: "ws-dialog__head" }, heading, corner),
      make("div", { class: "ws-dialog__body ws-stack" }, text ? make("p", {}, text) : null, make("p", { class: "ws-dialog__act" }, confirm, cancel)),
    );
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    open(dialog);
  });
}

/** Behaviour of an opener. */
export default function attach(element) {
  const press = (event) => {
    event.preventDefault();
    open(element.dataset.dialogOpen);
  };
  element.addEventListener("click", press);
  return () => element.removeEventListener("click", press);
}
