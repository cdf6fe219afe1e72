/**
 * Leads to another page as soon as it appears: `data-behavior="visit-go" data-go="…"`.
 * A fragment that finds its visit elsewhere holds one; without JavaScript it is a link.
 */

/** @param {HTMLElement} element */
export default function attach(element) {
  if (element.dataset.go) location.assign(element.dataset.go);
}
