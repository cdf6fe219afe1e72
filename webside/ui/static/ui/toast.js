// A short word at the foot of the page, read out by screen readers; with an action it waits for it.

import { make, t } from "ui/words.js";

/**
 * Show `text`. Options: `label` and `action` (a button), `seconds` (0 stays until closed), `tone`.
 * Returns a function that takes it away.
 */
export function toast(text, { label = "", action = null, seconds = 8, onClose = null } = {}) {
  const region = document.getElementById("toasts");
  const box = make("div", { class: "ws-toast" }, make("span", {}, text));
  let timer = 0;
  const close = (reason = "closed") => {
    clearTimeout(timer);
    if (!box.isConnected) return;
    box.remove();
    onClose?.(reason);
  };
  if (action) {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      close("action");
      action();
    });
    box.append(button);
  }
  const shut = make("button", { type: "button" }, t("Close"));
  shut.addEventListener("click", () => close("closed"));
  box.append(shut);
  const wait = () => {
    clearTimeout(timer);
    if (seconds) timer = setTimeout(() => close("time"), seconds * 1000);
  };
  // Nobody is hurried: time stands still while a pointer or the focus is on it.
  for (const event of ["pointerenter", "focusin"]) box.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["pointerleave", "focusout"]) box.addEventListener(event, wait);
  (region ?? document.body).append(box);
  wait();
  return close;
}
