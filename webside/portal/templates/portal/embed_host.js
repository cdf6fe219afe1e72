// For the clinic's own site: makes the frame with the free times as tall as what is in it.
//
//   <iframe data-webside src="https://care.example/o/clinic/embed/" …></iframe>
//   <script async src="https://care.example/o/clinic/embed.js"></script>
//
// It listens to frames that this very server fills, sets their height, and does nothing else: it reads nothing of the page,
// sends nothing, and loads nothing. Without it the frame has a scroll bar.

(() => {
  const home = new URL(document.currentScript.src).origin;
  window.addEventListener("message", (event) => {
    if (event.origin !== home || event.data?.kind !== "webside-height") return;
    const height = Number(event.data.height);
    if (!Number.isFinite(height)) return;
    for (const frame of document.querySelectorAll("iframe[data-webside]")) {
      if (frame.contentWindow === event.source) frame.style.height = `${Math.min(Math.max(height, 200), 6000)}px`;
    }
  });
})();
