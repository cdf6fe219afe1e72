// The newest answer to a question that is asked again and again: how a part of the page stands now.
//
//   const newest = new Newest(signal);
//   const came = await newest.ask(url, { headers: { Accept: "text/html" } });
//   if (came?.answer.ok && !came.answer.redirected) show(came.text);
//
// On a bad line answers overtake each other: one from before a change never comes after one from after it. And a connection can
// die without a word to this end (the packet that says so is lost): what stays unanswered is asked again, so is what failed.

const WITHIN = 8000; // ms for an answer, all of it; each further try has twice as long: a slow line is not a dead one
const PAUSES = [500, 2000, 5000]; // ms before each further try

export class Newest {
  #asked = 0;
  #came = 0; // the youngest question whose answer is shown
  #life;

  /** `signal`: once it is aborted nothing is asked again, and no answer is of use. */
  constructor(signal = new AbortController().signal) {
    this.#life = signal;
  }

  /**
   * Ask now. Resolves to {answer (a Response), text}; to null when a younger answer came before it, or none came.
   * Never rejects. A server that fails (5xx) is asked again, what it said last is the answer.
   */
  async ask(url, how = {}) {
    const isNews = this.turn();
    const round = this.#asked;
    let within = WITHIN;
    for (const pause of [...PAUSES, 0]) {
      let came = null;
      try {
        const answer = await fetch(url, { ...how, cache: "no-store", signal: AbortSignal.timeout(within) });
        came = { answer, text: await answer.text() };
      } catch {
        // asked again below
      }
      if (came && (came.answer.status < 500 || !pause)) return isNews() ? came : null;
      // All pages lose a server in the same moment; they don't ask again in one.
      if (pause) await new Promise((resolve) => setTimeout(resolve, pause * (0.7 + Math.random() * 0.6)));
      if (round !== this.#asked || this.#life.aborted) return null; // whoever asked since goes on
      within *= 2;
    }
    return null;
  }

  /** A question that is asked elsewhere (a form that is sent): returns a function that says whether its answer is news. */
  turn() {
    const round = (this.#asked += 1);
    return () => {
      if (round < this.#came || this.#life.aborted) return false;
      this.#came = round;
      return true;
    };
  }
}
