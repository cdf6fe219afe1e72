// A menu made of details and summary: Escape and a press elsewhere close it; with data-once a choice does too.

/** Behaviour of <details class="ws-menu">. */
export default function attach(details) {
  const outside = (event) => {
    if (details.open && !details.contains(event.target)) details.open = false;
  };
  const escape = (event) => {
    if (event.key === "Escape" && details.open) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  };
  const chosen = (event) => {
    if (!details.open || !event.target.closest("button, a")) return;
    details.open = false;
    details.querySelector("summary").focus(); // where a dialog that opens now leads back to
  };
  document.addEventListener("pointerdown", outside);
  if ("once" in details.dataset) details.addEventListener("click", chosen);
  details.addEventListener("keydown", escape);
  return () => document.removeEventListener("pointerdown", outside);
}
