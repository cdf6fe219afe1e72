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
    // The foot may have been drawn anew meanwhile; a form that is out of the page sends nothing.
    const now = [...document.forms].find((each) => each.matches("[data-behavior~=visit-end]") && each.action === form.action);
    const pressed = [...(now?.querySelectorAll("button") ?? [])].find(({ value }) => value === submitter?.getAttribute("value"));
    leaving = true;
    now?.requestSubmit(pressed);
    leaving = false;
  };
  form.addEventListener("submit", submit);
  return () => form.removeEventListener("submit", submit);
}
