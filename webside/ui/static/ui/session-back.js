// Tells the pages that were covered that somebody has signed in again.

/** Behaviour of the page one comes back to after signing in. */
export default function attach() {
  const channel = new BroadcastChannel("webside-session");
  channel.postMessage({ back: true });
  return () => channel.close();
}
