// A menu made of details and summary: Escape and a press elsewhere close it.

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
  document.addEventListener("pointerdown", outside);
  details.addEventListener("keydown", escape);
  return () => document.removeEventListener("pointerdown", outside);
}
