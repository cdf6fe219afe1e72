// A form is sent once: the second press does nothing, and coming back makes the form usable again.

/** Behaviour of a form. */
export default function attach(form) {
  let sent = false;
  let submitter = null;
  const ready = () => {
    sent = false;
    submitter?.removeAttribute("aria-busy");
    submitter = null;
  };
  const submit = (event) => {
    if (sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent = true;
    submitter = event.submitter;
    submitter?.setAttribute("aria-busy", "true");
    // Somebody else may stop the submission (a question, a validation): then it wasn't sent.
    setTimeout(() => event.defaultPrevented && !form.hasAttribute("hx-post") && ready(), 0);
    // An answer that is a file leaves the page as it is; after a while the form may be used again.
    setTimeout(ready, 20000);
  };
  const shown = (event) => event.persisted && ready();
  form.addEventListener("submit", submit, true);
  form.addEventListener("htmx:afterRequest", ready);
  window.addEventListener("pageshow", shown);
  return () => window.removeEventListener("pageshow", shown);
}
