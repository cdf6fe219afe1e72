// Answers for a clinic's pages when there is no network, with its page for that. Keeps nothing of anybody.
const NAME = "webside-{{ version }}";
const KEPT = [{% for path in kept %}"{{ path }}"{% if not forloop.last %}, {% endif %}{% endfor %}];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(KEPT)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== NAME && name !== "webside-offline") await caches.delete(name);
    await registration.navigationPreload?.enable();
    await clients.claim();
  })());
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const clinic = /^\/o\/[\w-]+\//.exec(new URL(event.request.url).pathname);
    const kept = await caches.open("webside-offline");
    const found = (clinic && (await kept.match(`${clinic[0]}offline/`))) ?? (await kept.match((await kept.keys())[0] ?? ""));
    if (!found) throw error;
    return found;
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET") event.respondWith(page(event));
  else if (KEPT.includes(new URL(request.url).pathname)) event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
