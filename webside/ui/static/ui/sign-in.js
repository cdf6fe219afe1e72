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
  const letGo = takesBack(element);
  const say = (event) => {
    event.preventDefault();
    const reason = event.detail.exception?.name;
    element.querySelector(".ws-notice")?.remove();
    if (reason === "AbortError") return;
    const text = (REASONS[reason] ?? (() => t("The passkey didn’t work. Try again, or sign in with your password.")))();
    element.append(make("div", { class: "ws-notice ws-notice--warning", role: "alert" }, icon("warn"), make("p", { class: "ws-notice__body" }, text)));
  };
  document.addEventListener("allauth.error", say);
  return () => {
    document.removeEventListener("allauth.error", say);
    letGo();
  };
}

// Who sends a form while the browser waits for a key has decided otherwise: the request is taken back, so that it stands
// in nobody's way. allauth's script hands no signal on, hence the way around it. A press begins a request of its own.
function takesBack(element) {
  const { credentials } = navigator;
  let request = new AbortController();
  const begin = () => {
    request = new AbortController();
  };
  const end = () => request.abort();
  for (const verb of ["get", "create"]) {
    const ask = credentials[verb].bind(credentials);
    credentials[verb] = (options) => ask({ ...options, signal: request.signal });
  }
  element.addEventListener("click", begin, true);
  document.addEventListener("submit", end);
  return () => {
    delete credentials.get;
    delete credentials.create;
    element.removeEventListener("click", begin, true);
    document.removeEventListener("submit", end);
  };
}
