// Says the chosen time beside the button: [data-chosen] of the form shows the chosen slot's day, time and person.

/** Behaviour of a form with a slot picker. */
export default function attach(form) {
  const target = form.querySelector("[data-chosen]");
  if (!target) return () => {};
  const show = () => {
    const chosen = form.querySelector('input[name="slot"]:checked');
    target.hidden = !chosen;
    if (!chosen) return;
    const box = chosen.nextElementSibling;
    const day = form.querySelector(".ws-slotgroup > legend")?.firstChild?.textContent.trim() ?? "";
    const who = document.createElement("span");
    who.textContent = box.querySelector("span")?.textContent ?? "";
    target.replaceChildren([day, box.querySelector("b").textContent].filter(Boolean).join(", "), who);
  };
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
  return () => window.removeEventListener("pageshow", show);
}
