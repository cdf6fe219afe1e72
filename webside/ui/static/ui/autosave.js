// Saves a form as it is typed, and says only what is true.
//
//   <form data-behavior="autosave" data-autosave-url="…" data-version="18" data-zone="America/New_York">
//     …fields…  {% saved %}        (or [data-saved-for="<form id>"] anywhere in the page)
//
// Every change posts the whole form and `version`; what the server answers stands in webside/ui/autosave.py.
// Without an answer it tries again, for ever, with longer pauses. What was typed stays in the form.
// Another's change to a field that wasn't touched here is taken over; to one that was, both are shown.
// Events on the form: "autosave:saved" (detail: the answer), "autosave:state" (detail: the state).

import { clock, csrfToken, icon, make, t } from "ui/words.js";

const PAUSE = 700; // ms without typing before a save
const LONGEST = 4000; // ms that somebody may type on without one
const RETRIES = [1000, 2000, 4000, 8000, 15000, 30000];
const PATIENCE = 20000; // ms for an answer

const savers = new Map(); // form → Saver

class Saver {
  constructor(form) {
    this.form = form;
    this.version = form.dataset.version ?? "";
    this.base = this.drawn(); // what the server has
    this.dirtySince = 0;
    this.sending = null;
    this.failures = 0;
    this.timer = 0;
    this.conflicts = new Map(); // field name → box with the other's text
    this.blocked = ""; // why saving waits for a person
  }

  get indicators() {
    const apart = this.form.id ? [...document.querySelectorAll(`[data-saved-for="${CSS.escape(this.form.id)}"]`)] : [];
    return [...this.form.querySelectorAll("[data-saved]"), ...apart];
  }

  say(state, text) {
    for (const indicator of this.indicators) {
      if (indicator.dataset.state === state && indicator.dataset.said === text) continue;
      indicator.dataset.state = state;
      indicator.dataset.said = text;
      (indicator.querySelector("[data-saved-text]") ?? indicator).textContent = text;
    }
    this.form.dispatchEvent(new CustomEvent("autosave:state", { detail: state }));
  }

  // The form as the server drew it: what was typed before this module came, or put back after a reload, is not saved.
  drawn() {
    const form = this.form.cloneNode(true);
    form.reset();
    return this.snapshot(form);
  }

  snapshot(form = this.form) {
    const values = {};
    for (const [name, value] of new FormData(form)) {
      if (name === "csrfmiddlewaretoken" || value instanceof File) continue;
      values[name] = name in values ? `${values[name]}\u0000${value}` : value;
    }
    return values;
  }

  get dirty() {
    const now = this.snapshot();
    const names = new Set([...Object.keys(now), ...Object.keys(this.base)]);
    return [...names].some((name) => now[name] !== this.base[name]);
  }

  changed() {
    if (!this.dirty) return;
    this.dirtySince ||= Date.now();
    if (this.blocked) return;
    if (this.failures) return; // the next try takes the newest text along
    this.say("saving", t("Saving…"));
    const waited = Date.now() - this.dirtySince;
    this.later(Math.max(0, Math.min(PAUSE, LONGEST - waited)));
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), ms);
  }

  /** Save now what isn't saved; resolves to true when everything typed is safe. */
  async save() {
    clearTimeout(this.timer);
    if (this.sending) {
      await this.sending;
      return this.dirty ? this.save() : true;
    }
    if (this.blocked) return false;
    if (!this.dirty) return true;
    const sent = this.snapshot();
    this.sending = this.send(sent);
    const good = await this.sending;
    this.sending = null;
    if (good && this.dirty) {
      this.dirtySince = Date.now();
      this.later(PAUSE);
      return false;
    }
    return good;
  }

  async send(sent, keepalive = false) {
    const body = new FormData(this.form);
    body.set("version", this.version);
    let answer, data;
    try {
      answer = await fetch(this.form.dataset.autosaveUrl || this.form.action, {
        method: "POST",
        body,
        keepalive,
        headers: { "X-CSRFToken": csrfToken(), "X-Autosave": "1", Accept: "application/json" },
        signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE),
      });
      data = await answer.json();
    } catch {
      data = null;
    }
    // A page instead of JSON, a redirect to the sign-in: nobody has confirmed anything.
    if (answer?.status === 200 && !answer.redirected && data?.version !== undefined && data?.saved_at) return this.saved(sent, data);
    if (answer?.status === 409 && data?.fields) return this.conflict(data);
    if (answer?.status === 422 && data?.errors) return this.refused(data.errors);
    if (answer && (answer.status === 401 || answer.status === 403 || answer.redirected)) return this.failed(t("Not saved: you are signed out. Your text stays here. Sign in in another tab; we keep trying."));
    return this.failed(t("Not saved yet. We keep trying."));
  }

  saved(sent, data) {
    this.failures = 0;
    this.version = String(data.version);
    this.form.dataset.version = this.version;
    const field = this.form.elements.namedItem("version");
    if (field && "value" in field) field.value = this.version;
    this.base = { ...sent, ...("version" in sent ? { version: this.version } : {}) };
    this.form.querySelectorAll("[data-autosave-error]").forEach((error) => error.remove());
    const time = clock(new Date(data.saved_at), { seconds: true, zone: this.form.dataset.zone });
    if (!this.dirty) {
      this.dirtySince = 0;
      this.say("saved", t("Saved {time}", { time }));
    }
    this.form.dispatchEvent(new CustomEvent("autosave:saved", { detail: data }));
    return true;
  }

  failed(text) {
    const wait = RETRIES[Math.min(this.failures, RETRIES.length - 1)];
    this.failures += 1;
    this.say("waiting", text);
    this.later(wait * (0.75 + Math.random() / 2));
    return false;
  }

  refused(errors) {
    this.failures = 0;
    this.base = { ...this.base }; // still unsaved: the next change tries again
    this.form.querySelectorAll("[data-autosave-error]").forEach((error) => error.remove());
    for (const [name, messages] of Object.entries(errors)) {
      const control = this.control(name);
      const error = make("p", { class: "ws-error", "data-autosave-error": true, role: "alert" }, icon("stop"), make("span", {}, messages.join(" ")));
      (control?.closest(".ws-field, .wss-part") ?? this.form).append(error);
    }
    this.say("conflict", t("Not saved: something needs a look."));
    return false;
  }

  control(name) {
    const found = this.form.elements.namedItem(name);
    return found instanceof RadioNodeList ? found[0] : found;
  }

  // Two people wrote. A field that only one of them changed is no conflict.
  conflict(data) {
    this.failures = 0;
    const mine = this.snapshot();
    this.version = String(data.version);
    this.form.dataset.version = this.version;
    const taken = [];
    for (const [name, theirs] of Object.entries(data.fields)) {
      const control = this.control(name);
      const before = this.base[name] ?? "";
      this.base[name] = theirs;
      if (!control || mine[name] === theirs || theirs === before) continue;
      if ((mine[name] ?? "") === before) {
        control.value = theirs;
        taken.push(name);
      } else this.ask(name, control, theirs, data);
    }
    if (this.conflicts.size) {
      this.blocked = "conflict";
      this.say("conflict", t("Not saved: {who} changed the same text. Both are shown.", { who: data.by ?? t("Somebody else") }));
      this.conflicts.values().next().value.scrollIntoView({ block: "nearest" });
    } else if (this.dirty) this.later(0);
    else {
      this.dirtySince = 0;
      this.say("saved", t("Saved {time}", { time: clock(new Date(data.saved_at), { seconds: true, zone: this.form.dataset.zone }) }));
    }
    if (taken.length) this.form.dispatchEvent(new CustomEvent("autosave:taken", { detail: taken }));
    return false;
  }

  ask(name, control, theirs, data) {
    this.conflicts.get(name)?.remove();
    const box = make("div", { class: "ws-theirs", role: "group", "aria-label": t("The other text") });
    const settle = (value) => {
      if (value !== undefined) control.value = value;
      box.remove();
      this.conflicts.delete(name);
      control.focus();
      if (this.conflicts.size) return;
      this.blocked = "";
      this.dirtySince = Date.now();
      this.say("saving", t("Saving…"));
      // What was chosen may be exactly what the server has: then there is nothing to send.
      if (this.dirty) this.later(0);
      else this.say("saved", t("Saved {time}", { time: clock(new Date(data.saved_at), { seconds: true, zone: this.form.dataset.zone }) }));
    };
    const button = (text, value, kind) => {
      const made = make("button", { type: "button", class: `ws-btn ws-btn--s ${kind}` }, text);
      made.addEventListener("click", () => settle(value()));
      return made;
    };
    const when = data.saved_at ? clock(new Date(data.saved_at), { zone: this.form.dataset.zone }) : "";
    box.append(
      make("p", {}, make("strong", {}, t("{who} wrote here at {time}:", { who: data.by ?? t("Somebody else"), time: when }))),
      make("p", { class: "ws-theirs__text" }, theirs || t("(nothing)")),
      make("p", { class: "ws-cluster" },
        button(t("Put both in"), () => (theirs ? `${control.value}\n${theirs}` : control.value), ""),
        button(t("Keep mine"), () => undefined, "ws-btn--plain"),
        button(t("Take theirs"), () => theirs, "ws-btn--plain")),
    );
    control.after(box);
    this.conflicts.set(name, box);
  }
}

/** Save everything that is being typed in the page; true when all of it is safe. */
export async function saveAll() {
  const results = await Promise.all([...savers.values()].map((saver) => saver.save()));
  return results.every(Boolean);
}

/**
 * Save everything, but don't wait for ever: whoever leaves then is asked by the browser, and the text stays in the page.
 * @param {number} [patience] milliseconds
 */
export function saveBeforeLeaving(patience = 5000) {
  return Promise.race([saveAll(), new Promise((resolve) => setTimeout(resolve, patience))]);
}

/** Whether anything typed has not been confirmed by the server. */
export function anythingUnsaved() {
  return [...savers.values()].some((saver) => saver.dirty);
}

let leaving = false;
window.addEventListener("beforeunload", (event) => {
  if (!leaving && anythingUnsaved()) event.preventDefault();
});
// The page may be taken away without a word (a phone): hand over what there is.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const saver of savers.values()) if (saver.dirty && !saver.sending && !saver.blocked) saver.save();
});
window.addEventListener("pagehide", () => {
  for (const saver of savers.values()) if (saver.dirty && !saver.blocked) saver.send(saver.snapshot(), true);
});
window.addEventListener("online", () => {
  for (const saver of savers.values()) if (saver.failures) saver.later(0);
});

/** Behaviour of a form. */
export default function attach(form) {
  const saver = new Saver(form);
  savers.set(form, saver);
  const changed = (event) => !event.target.closest?.("[data-autosave-ignore]") && saver.changed();
  const submit = (event) => {
    // The submission carries the whole form; it must carry the newest version too.
    const field = form.elements.namedItem("version");
    if (field && "value" in field) field.value = saver.version;
    clearTimeout(saver.timer);
    setTimeout(() => {
      leaving = !event.defaultPrevented;
      setTimeout(() => (leaving = false), 5000);
    }, 0);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", submit);
  saver.changed();
  return () => {
    form.removeEventListener("input", changed);
    form.removeEventListener("change", changed);
    form.removeEventListener("submit", submit);
    clearTimeout(saver.timer);
    if (saver.dirty && !saver.blocked) saver.send(saver.snapshot(), true);
    savers.delete(form);
  };
}
