// Puts the clinic on the home screen where the browser can, and lets it answer without a network.
// A page that has it hidden (data-behavior="install-app") shows it once the browser offers to install.

/** Behaviour of the offer. */
export default function attach(element) {
  const button = element.querySelector("button");
  let offer = null;
  const offered = (event) => {
    event.preventDefault();
    offer = event;
    element.hidden = false;
  };
  const installed = () => (element.hidden = true);
  const press = async () => {
    await offer.prompt();
    const { outcome } = await offer.userChoice;
    if (outcome === "accepted") installed();
  };
  addEventListener("beforeinstallprompt", offered);
  addEventListener("appinstalled", installed);
  button?.addEventListener("click", press);
  return () => {
    removeEventListener("beforeinstallprompt", offered);
    removeEventListener("appinstalled", installed);
    button?.removeEventListener("click", press);
  };
}
