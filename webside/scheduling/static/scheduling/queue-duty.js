// A page of somebody who takes people from the line says every half minute that it is open. When it says so no more, the
// duty ends, and who waits is told.
//
//   <div data-behavior="queue-duty" data-beat-url="/o/larkspur/queue/duty/beat/">

const EVERY = 30000;

/** Behaviour of what shows that somebody is on duty. */
export default function attach(element) {
  const url = element.dataset.beatUrl;
  if (!url) return () => {};
  const beat = async () => {
    try {
      const answer = await fetch(url, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) clearInterval(timer); // signed out, or no longer theirs
    } catch {
      // the line is down; the next beat tries again
    }
  };
  const timer = setInterval(beat, EVERY);
  beat();
  return () => clearInterval(timer);
}
