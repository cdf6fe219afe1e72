// Undo beats "are you sure". On a form that posts:
//   data-behavior="confirm-undo" data-done="Slot removed" data-undo-url="/o/…/restore"
//   data-target="closest selector of what disappears" (default: the nearest li, tr or .ws-panel)
// The form is sent at once, the thing steps aside, and for ten seconds one press brings it back.
// What can't be undone asks instead: data-ask="Leave the visit?" data-ask-text data-ask-yes data-danger.
// Without JavaScript it is an ordinary post, and the next page's message offers the undo.

import { ask } from "ui/dialog.js";
import { toast } from "ui/toast.js";
import { csrfToken, t } from "ui/words.js";

async function post(url, body) {
  const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json, text/html" } });
  if (!answer.ok) throw new Error(`answer ${answer.status}`);
}

/** Behaviour of a form. */
export default function attach(form) {
  let confirmed = false;
  const submit = async (event) => {
    if (form.dataset.ask) {
      if (confirmed) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      confirmed = await ask({ title: form.dataset.ask, text: form.dataset.askText, yes: form.dataset.askYes ?? submitter?.textContent.trim() ?? t("Yes"), danger: "danger" in form.dataset });
      if (confirmed) form.requestSubmit(submitter);
      confirmed = false;
      return;
    }
    if (!form.dataset.undoUrl) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const target = form.closest(form.dataset.target ?? "li, tr, .ws-panel");
    const body = new FormData(form, event.submitter);
    const hide = (hidden) => target && (target.hidden = hidden);
    hide(true);
    try {
      await post(form.action, body);
    } catch {
      hide(false);
      toast(t("That didn’t reach us. Nothing was changed. Please try again."), { seconds: 0 });
      return;
    }
    const undo = async () => {
      try {
        await post(form.dataset.undoUrl, new FormData(form));
        hide(false);
        toast(t("It is back."));
      } catch {
        toast(t("It couldn’t be brought back. Load the page to see what is there."), { seconds: 0 });
      }
    };
    toast(form.dataset.done ?? t("Done"), { label: t("Undo"), action: undo, seconds: 10 });
  };
  form.addEventListener("submit", submit, true);
  return () => form.removeEventListener("submit", submit, true);
}
