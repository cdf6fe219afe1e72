// What the pages of the clinic have a loader for: attach the module that data-behavior names.
const root = document.querySelector("[data-behavior]");
const { default: attach } = await import(`visits/${root.dataset.behavior}.js`);
attach(root);
globalThis.lab = { ready: true };
