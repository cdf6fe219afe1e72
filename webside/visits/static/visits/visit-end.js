/**
 * A form that leaves the call: `data-behavior="visit-end"`. What is typed in the note is saved first, so that
 * nobody is asked whether to lose it.
 */

import { anythingUnsaved, saveBeforeLeaving } from "ui/autosave.js";

/** @param {HTMLFormElement} form */
export default function attach(form) {
  let leaving = false;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    if (leaving || !anythingUnsaved()) return;
    event.preventDefault();
    const { submitter } = event;
    await saveBeforeLeaving();
    leaving = true;
    form.requestSubmit(submitter);
    leaving = false;
  };
  form.addEventListener("submit", submit);
  return () => form.removeEventListener("submit", submit);
}
