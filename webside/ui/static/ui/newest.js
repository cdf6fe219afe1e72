// The newest answer to a question that is asked again and again: how a part of the page stands now.
//
//   const newest = new Newest(signal);
//   const came = await newest.ask(url, { headers: { Accept: "text/html" } });
//   if (came?.answer.ok && !came.answer.redirected) show(came.text);
//
// On a bad line answers overtake each other: one from before a change never comes after one from after it. And a connection can
// die without a word to this end (the packet that says so is lost): what stays unanswered is asked again, so is what failed.

const WITHIN = 8000; // ms for an answer, all of it
const PAUSES = [500, 2000, 5000]; // ms before each further try

export class Newest {
  #asked = 0;
  #life;

  /** `signal`, when it is aborted, ends all asking. */
  constructor(signal = new AbortController().signal) {
    this.#life = signal;
  }

  /**
   * Ask now. Resolves to {answer (a Response), text}; to null when it was asked anew meanwhile, is outdated, or nothing came.
   * Never rejects. A server that fails (5xx) is asked again, what it said last is the answer.
   */
  async ask(url, how = {}) {
    const isNewest = this.outdate();
    let came = null;
    for (const pause of [...PAUSES, 0]) {
      try {
        const signal = AbortSignal.any([this.#life, AbortSignal.timeout(WITHIN)]);
        const answer = await fetch(url, { ...how, cache: "no-store", signal });
        came = { answer, text: await answer.text() };
      } catch {
        came = null;
      }
      if (!isNewest()) return null;
      if (came && came.answer.status < 500) return came;
      if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
      if (!isNewest()) return null;
    }
    return came;
  }

  /** What is under way is of no use any more: the page knows better. Returns a function that says whether nothing was asked since. */
  outdate() {
    const round = (this.#asked += 1);
    return () => round === this.#asked && !this.#life.aborted;
  }
}
