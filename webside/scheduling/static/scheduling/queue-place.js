// Somebody's place in line. What is new is read out once, in a place of its own beside what is drawn anew; when it is her
// turn the page goes on by itself, but only while she looks at it: a page in a pocket is nobody who has come.
//
//   <div data-behavior="live queue-place" …><p data-words>…</p> <form data-go>…</form></div>
//   <p aria-live="polite" data-queue-said></p>

import { t } from "ui/words.js";

/** Behaviour of what follows her place. */
export default function attach(section) {
  const said = document.querySelector("[data-queue-said]");
  let words = section.querySelector("[data-words]")?.textContent.trim() ?? "";
  let going = false;
  const look = () => {
    const now = section.querySelector("[data-words]")?.textContent.trim() ?? "";
    if (now && now !== words && said) said.textContent = now;
    words = now;
    const form = section.querySelector("form[data-go]");
    if (!form || going || document.visibilityState !== "visible") return;
    going = true;
    if (said) said.textContent = t("It is your turn.");
    form.requestSubmit();
  };
  const shown = (event) => {
    if (event.persisted) going = false;
  };
  section.addEventListener("live:changed", look);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", shown);
  look();
  return () => {
    section.removeEventListener("live:changed", look);
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("pageshow", shown);
  };
}
