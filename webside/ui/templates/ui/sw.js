// Answers for a clinic's pages when there is no network, with its page for that, and shows what is pushed. Keeps nothing of anybody.
const NAME = "webside-{{ version }}";
const KEPT = [{% for path in kept %}"{{ path }}"{% if not forloop.last %}, {% endif %}{% endfor %}];
const PUSHES = "webside-push"; // what a page left here to follow its push service with: no more than a token of this browser

addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(KEPT)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (![NAME, "webside-offline", PUSHES].includes(name)) await caches.delete(name);
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

// ---- what is pushed. It says which clinic, one sentence, and where to go on; the page there asks who you are.

const WORDS = { {% for each in words %}{{ each.language }}: { title: "{{ each.title|escapejs }}", body: "{{ each.body|escapejs }}" },{% endfor %} };
const wordsOf = (lang) => WORDS[(lang ?? navigator.language ?? "en").slice(0, 2)] ?? WORDS.en;

function told(data) {
  try {
    const found = data.json();
    if (typeof found.title === "string" && /^\/o\/[\w-]+\//.test(found.url)) return found;
  } catch {
    // Nothing in it, or nothing that we know: a browser wants something shown all the same.
  }
  return { title: wordsOf().title, body: wordsOf().body, url: "/", tag: "webside", actions: [] };
}

async function show(data) {
  const { title, body, lang, tag, url, actions, urgent } = told(data);
  await registration.showNotification(title, {
    body, lang, tag, actions, icon: "{{ icon }}", renotify: Boolean(urgent), requireInteraction: Boolean(urgent), data: { url },
  });
}

// A tab that this push has opened already is shown again; no other tab is led away from what somebody does there.
// A press on one of its buttons leads on to what that button says: the page asks there, and nothing is done by opening it.
async function open(url, action) {
  if (/^\d$/.test(action)) return clients.openWindow(`${url}?press=${action}`);
  const mark = `#pushed-${url.split("/").at(-2)}`;
  for (const each of await clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (new URL(each.url).hash === mark) return each.focus();
  }
  return clients.openWindow(url);
}

// The push service gave this browser another address: each clinic that has turned pushes on here is told.
async function follow(fresh) {
  const kept = await caches.open(PUSHES);
  for (const request of await kept.keys()) {
    const { key, token } = await (await kept.match(request)).json();
    const push = registration.pushManager;
    const subscription = fresh ?? (await push.getSubscription()) ?? (await push.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    const { endpoint, keys } = subscription.toJSON();
    const answer = await fetch(request.url, {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, endpoint, p256dh: keys.p256dh, auth: keys.auth }),
    });
    if (answer.status === 404) await kept.delete(request); // turned off meanwhile
  }
}

addEventListener("push", (event) => event.waitUntil(show(event.data)));
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? "/", event.action));
});
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(follow(event.newSubscription)));
