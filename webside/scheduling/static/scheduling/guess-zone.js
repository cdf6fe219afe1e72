// Where a state has two clocks, takes the one of this device if it is one of them. The page says which
// clock it shows, and how to change it; without JavaScript it asks.

/** Behaviour of the form that asks where the visitor will be. */
export default function attach(form) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const radio of form.querySelectorAll('input[type="radio"][name="zone"]')) if (radio.value === here) radio.checked = true;
  const state = form.querySelector("select[name=state]");
  if (!state) return () => {};
  const guess = () => {
    form.querySelector('input[type="hidden"][name="zone"]')?.remove();
    const zones = (state.selectedOptions[0]?.dataset.zones ?? "").split(" ");
    if (!zones.includes(here)) return;
    const zone = Object.assign(document.createElement("input"), { type: "hidden", name: "zone", value: here });
    form.append(zone);
  };
  state.addEventListener("change", guess);
  guess();
  return () => state.removeEventListener("change", guess);
}
