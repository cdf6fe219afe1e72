// A page of the line is fetched again each half minute, though nobody says that it has changed: minutes pass, and when what
// looks after the line stands still, nobody would say so.
//
//   <div data-behavior="live queue-watch" data-live="queue:0199…" data-live-url="…">

import { again } from "ui/live.js";

const EVERY = 30000;

/** Behaviour of a live element. */
export default function attach(element) {
  const timer = setInterval(() => document.visibilityState === "visible" && again(element), EVERY);
  return () => clearInterval(timer);
}
