/**
 * A visit was handed over while its call goes on: whose name stands where.
 *
 *   [data-peer-now]     brought by a fragment: who goes on; data-peer-title: what she is, in which language
 *   [data-names-peer]   holds the name of the one before; so does the page's title
 */

/**
 * Lets the name of who goes on take the place of the first one's.
 * @param {HTMLElement} root of the call @param {HTMLElement} told
 * @returns {string} what is said of it
 */
export function showWhoComes(root, told) {
  const { peerNow: name = "", peerTitle: title = "", peerLang: lang = "" } = told.dataset;
  const before = root.dataset.peerName ?? "";
  root.dataset.peerName = name;
  for (const part of document.querySelectorAll("title, [data-names-peer]")) {
    part.textContent = part.textContent?.replaceAll(before, name) ?? "";
  }
  const role = document.querySelector('[data-call="peer-title"]');
  if (role) {
    role.textContent = title;
    role.setAttribute("lang", lang || document.documentElement.lang);
  }
  document.querySelector("[data-visit-noface] .ws-avatar")?.remove(); // her initials
  return told.textContent?.trim() ?? "";
}
