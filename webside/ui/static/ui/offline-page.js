// Keeps the clinic's page for being offline, as a visitor sees it: fetched without cookies, so that nobody's name is in it.

/** Behaviour of the element that names this page. */
export default function attach(element) {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  const keep = async () => {
    try {
      await navigator.serviceWorker.register(element.dataset.worker);
      const cache = await caches.open("webside-offline");
      const { page } = element.dataset;
      if (!(await cache.match(page))) await cache.add(new Request(page, { credentials: "omit" }));
    } catch {
      // A browser that keeps nothing (a private window) is none the worse.
    }
  };
  // After the page: nothing here is in a hurry.
  (window.requestIdleCallback ?? ((later) => setTimeout(later, 2000)))(keep);
}
