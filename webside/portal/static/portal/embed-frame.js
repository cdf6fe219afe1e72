// Tells the page that shows this one in a frame how tall it is, so that nobody scrolls in a box within a page.
//
//   <main data-behavior="embed-frame" data-origins="https://www.clinic.example https://clinic.example">
//
// It is said to these origins and to no others, and nothing but a height is said. `portal/embed_host.js` listens.

export default function (element) {
  if (window.parent === window) return;
  const allowed = (element.dataset.origins ?? "").split(/\s+/).filter(Boolean);
  const shownBy = window.location.ancestorOrigins?.[0];
  const origins = shownBy ? allowed.filter((each) => each === shownBy) : allowed;
  let said = 0;
  const say = () => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    if (height === said) return;
    said = height;
    for (const origin of origins) window.parent.postMessage({ kind: "webside-height", height }, origin);
  };
  new ResizeObserver(say).observe(document.documentElement);
  say();
}
