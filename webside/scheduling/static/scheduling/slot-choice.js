// Says the chosen time beside the button and in the bar at the foot: [data-chosen-time] and [data-chosen-who] of the
// page show the chosen slot's time and person; data-day of the form names the day. [data-chosen] is shown with it.

/** Behaviour of a form with a slot picker. */
export default function attach(form) {
  const show = () => {
    const chosen = form.querySelector('input[name="slot"]:checked');
    if (!chosen) return;
    const box = chosen.nextElementSibling;
    const time = [form.dataset.day, box.querySelector("b").textContent].filter(Boolean).join(", ");
    const who = box.querySelector("span")?.textContent ?? "";
    for (const element of document.querySelectorAll("[data-chosen]")) element.hidden = false;
    for (const element of document.querySelectorAll("[data-chosen-time]")) element.textContent = time;
    for (const element of document.querySelectorAll("[data-chosen-who]")) element.textContent = who;
  };
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
  return () => window.removeEventListener("pageshow", show);
}
