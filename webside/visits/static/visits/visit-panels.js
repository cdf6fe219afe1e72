/**
 * What opens and shuts in a call: `data-behavior="visit-panels"` on the call's root.
 *
 *   button[data-panel="code"]   opens and shuts #code (hidden, and data-covered on the root)
 *   button[data-panel="chat"]   opens and shuts the sheet #chat (data-sheet on the root); says "visit:chat-open"
 *
 * Escape shuts what is open; focus goes in, and back to the button.
 *
 * The root gets data-idle while nobody has touched, moved, typed or gone anywhere by keyboard for a while: names and
 * quality then step back, and in full screen the controls do (styles decide; what warns stays).
 */

const IDLE_MS = 6000;

/** @param {HTMLElement} root */
export default function attach(root) {
  const life = new AbortController();
  const buttonsOf = (/** @type {string} */ name) =>
    /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`button[data-panel="${name}"][aria-expanded]`));
  const isSheet = (/** @type {HTMLElement} */ panel) => panel.classList.contains("ws-sheet");
  const isOpen = (/** @type {HTMLElement} */ panel) => (isSheet(panel) ? root.dataset.sheet === "open" : !panel.hidden);

  /** @param {string} name @param {boolean} open */
  function set(name, open) {
    const panel = document.getElementById(name);
    if (!panel || isOpen(panel) === open) return;
    if (isSheet(panel)) {
      if (open) root.dataset.sheet = "open";
      else delete root.dataset.sheet;
      document.dispatchEvent(new CustomEvent(open ? "visit:chat-open" : "visit:chat-shut"));
    } else {
      panel.hidden = !open;
      if (root.contains(panel)) root.toggleAttribute("data-covered", open);
    }
    for (const button of buttonsOf(name)) button.setAttribute("aria-expanded", String(open));
    const first = panel.querySelector("#chat-text") ?? panel.querySelector("[tabindex='-1']");
    if (open) /** @type {HTMLElement|null} */ (first)?.focus();
    else buttonsOf(name)[0]?.focus();
  }

  const { signal } = life;
  let idle = 0;
  const wake = () => {
    root.removeAttribute("data-idle");
    clearTimeout(idle);
    idle = setTimeout(() => {
      // A ring that shows where the keyboard is must not vanish.
      if (!root.querySelector(":focus-visible")) root.setAttribute("data-idle", "");
    }, IDLE_MS);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) {
    document.addEventListener(event, wake, { signal, passive: true });
  }
  signal.addEventListener("abort", () => clearTimeout(idle));
  wake();
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-panel]") : null;
    const name = button?.getAttribute("data-panel");
    const panel = name ? document.getElementById(name) : null;
    if (name && panel) set(name, !isOpen(panel));
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    for (const name of ["people", "code", "chat"]) {
      const panel = document.getElementById(name);
      if (panel && isOpen(panel) && buttonsOf(name).length) set(name, false);
    }
  }, { signal });
  return () => life.abort();
}
