/** The microphone as pieces of a fifth of a second: one channel, 16 bits, at the rate of its AudioContext. */

const SAMPLES = 3200;
const FULL = 0x7fff;

class Voice extends AudioWorkletProcessor {
  #piece = new Int16Array(SAMPLES);
  #filled = 0;

  /** @param {Float32Array[][]} inputs @returns {boolean} goes on; without a microphone it gives silence */
  process([[samples = new Float32Array(128)]]) {
    for (const sample of samples) {
      this.#piece[this.#filled] = Math.max(-1, Math.min(1, sample)) * FULL;
      this.#filled += 1;
      if (this.#filled < SAMPLES) continue;
      this.port.postMessage(this.#piece.buffer, [this.#piece.buffer]);
      this.#piece = new Int16Array(SAMPLES);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("voice", Voice);
