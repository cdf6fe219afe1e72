/**
 * What opens and shuts in a call: `data-behavior="visit-panels"` on the call's root.
 *
 *   button[data-panel="code"]   opens and shuts #code (hidden, and data-covered on the root)
 *   button[data-panel="chat"]   opens and shuts the sheet #chat (data-sheet on the root); says "visit:chat-open"
 *
 * Of panels that stand in one place ([data-panels]) one is always open: the first, when no other is.
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

  const inOnePlace = (/** @type {HTMLElement} */ panel) =>
    /** @type {HTMLElement[]} */ ([...(panel.closest("[data-panels]")?.querySelectorAll(":scope > [id]") ?? [])]);

  /** @param {HTMLElement} panel @param {boolean} open */
  function turn(panel, open) {
    if (isSheet(panel)) {
      if (open) root.dataset.sheet = "open";
      else delete root.dataset.sheet;
    } else {
      panel.hidden = !open;
      if (root.contains(panel)) root.toggleAttribute("data-covered", open);
    }
    if (panel.id === "chat" && open) document.dispatchEvent(new CustomEvent("visit:chat-open"));
    for (const button of buttonsOf(panel.id)) button.setAttribute("aria-expanded", String(open));
  }

  /** @param {HTMLElement} panel @param {boolean} open */
  function set(panel, open) {
    const [first, ...others] = inOnePlace(panel);
    if (panel === first) open = true;
    if (isOpen(panel) !== open) turn(panel, open);
    for (const other of first ? [first, ...others] : []) {
      const shows = open ? other === panel : other === first;
      if (isOpen(other) !== shows) turn(other, shows);
    }
    const goal = panel.querySelector("#chat-text") ?? panel.querySelector("[tabindex='-1']");
    if (open) /** @type {HTMLElement|null} */ (goal)?.focus();
    else buttonsOf(panel.id)[0]?.focus();
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
    if (panel) set(panel, !isOpen(panel));
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    for (const name of ["picture", "people", "code", "chat"]) {
      const panel = document.getElementById(name);
      if (panel && isOpen(panel) && buttonsOf(name).length && inOnePlace(panel)[0] !== panel) set(panel, false);
    }
  }, { signal });
  return () => life.abort();
}
