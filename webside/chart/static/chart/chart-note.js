// Keeps what stands beside the note true while it is typed: its version, and which part is still needed.
//
//   <section data-behavior="chart-note"> … <form data-behavior="autosave"> …
//     <span data-note-version data-template="version {number}">version 18</span>   (the number the server gave)
//     <span data-note-hint data-note-needed="empty: needed before signing" data-note-usual="…">
//
// A link with data-note-leave, anywhere in the page, is followed when everything typed is saved.

import { anythingUnsaved, saveAll } from "ui/autosave.js";

/** Behaviour of the note. */
export default function attach(section) {
  const form = section.querySelector("form");
  if (!form) return undefined;
  const version = section.querySelector("[data-note-version]");
  const saved = (event) => {
    if (version) version.textContent = version.dataset.template.replace("{number}", event.detail.version);
  };
  const typed = (event) => {
    const hint = event.target.closest(".wss-part")?.querySelector("[data-note-needed]");
    if (!hint || event.target.tagName !== "TEXTAREA") return;
    const text = event.target.value.trim() ? hint.dataset.noteUsual : hint.dataset.noteNeeded;
    if (hint.textContent !== text) hint.textContent = text;
  };
  const leave = async (event) => {
    const link = event.target.closest?.("a[data-note-leave]");
    if (!link || event.defaultPrevented || !anythingUnsaved()) return;
    event.preventDefault();
    // What can't be saved (no network, another's text) stays on this page, which says so.
    if ((await saveAll()) && !anythingUnsaved()) window.location.assign(link.href);
  };
  document.addEventListener("click", leave);
  form.addEventListener("autosave:saved", saved);
  form.addEventListener("input", typed);
  return () => {
    document.removeEventListener("click", leave);
    form.removeEventListener("autosave:saved", saved);
    form.removeEventListener("input", typed);
  };
}
