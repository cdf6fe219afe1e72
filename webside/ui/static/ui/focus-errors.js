// After a form was refused: the focus goes to the summary, and each of its links to the field.

/** Behaviour of the error summary. */
export default function attach(summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    (field.closest(".ws-field") ?? field).scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
}
