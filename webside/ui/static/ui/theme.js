// The choice of light, dark, or as the device says. Kept in a cookie, so that the server sends the
// next page in the right theme at once.

import { icon, make, t } from "ui/words.js";

const COOKIE = "webside_theme";

function current() {
  return document.documentElement.dataset.theme ?? "";
}

function choose(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${theme}; Path=/; SameSite=Lax; Max-Age=${theme ? 31536000 : 0}${secure}`;
  document.dispatchEvent(new CustomEvent("webside:theme"));
}

/** Behaviour: draws the choice into an empty element. */
export default function attach(element) {
  const options = [["", t("Auto"), "settings"], ["light", t("Light"), "sun"], ["dark", t("Dark"), "moon"]];
  const buttons = options.map(([theme, text, sign]) => {
    const button = make("button", { type: "button" }, icon(sign), text);
    button.addEventListener("click", () => choose(theme));
    return [theme, button];
  });
  const show = () => buttons.forEach(([theme, button]) => button.setAttribute("aria-pressed", String(theme === current())));
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", t("Colours of the page"));
  element.replaceChildren(...buttons.map(([, button]) => button));
  element.hidden = false;
  show();
  document.addEventListener("webside:theme", show);
  return () => document.removeEventListener("webside:theme", show);
}
