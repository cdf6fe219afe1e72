/**
 * A form that leaves the call: `data-behavior="visit-end"`. What is typed in the note is saved first, so that
 * nobody is asked whether to lose it.
 */

import { anythingUnsaved, saveAll } from "ui/autosave.js";

const PATIENCE_MS = 5000;

/** @param {HTMLFormElement} form */
export default function attach(form) {
  let leaving = false;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    if (leaving || !anythingUnsaved()) return;
    event.preventDefault();
    const { submitter } = event;
    // Not for ever: the browser then asks, and the text stays in the page.
    await Promise.race([saveAll(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    leaving = true;
    form.requestSubmit(submitter);
    leaving = false;
  };
  form.addEventListener("submit", submit);
  return () => form.removeEventListener("submit", submit);
}
