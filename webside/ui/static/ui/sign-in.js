// Passkeys: shown only where the browser has them; when one fails, says why in words.

import { icon, make, t } from "ui/words.js";

const REASONS = {
  NotAllowedError: () => t("That was cancelled, or took too long. Nothing is wrong; you can try again."),
  InvalidStateError: () => t("This key is already one of yours."),
  SecurityError: () => t("Passkeys work only at the clinic’s own address. Check the address above."),
};

/** Behaviour of the block that needs a passkey. */
export default function attach(element) {
  if (!window.PublicKeyCredential) return undefined;
  element.hidden = false;
  const say = (event) => {
    event.preventDefault();
    const text = (REASONS[event.detail.exception?.name] ?? (() => t("The passkey didn’t work. Try again, or sign in with your password.")))();
    element.querySelector(".ws-notice")?.remove();
    element.append(make("div", { class: "ws-notice ws-notice--warning", role: "alert" }, icon("warn"), make("p", { class: "ws-notice__body" }, text)));
  };
  document.addEventListener("allauth.error", say);
  return () => document.removeEventListener("allauth.error", say);
}
