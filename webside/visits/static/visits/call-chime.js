/** A few notes: somebody comes in, or a speaker is tried. */

export const COMES_HZ = [523, 784];
const NOTE_S = 0.28;
const SOUNDS_S = 0.25;
const VOLUME = 0.25;

/**
 * Plays notes one after the other over the chosen speaker. Rejects where the browser plays nothing.
 * @param {number[]} notes in Hz @param {string|undefined} sinkId
 */
export async function playNotes(notes, sinkId) {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const audio = new Audio();
  audio.srcObject = output.stream;
  try {
    if (sinkId && "setSinkId" in audio) await audio.setSinkId(sinkId).catch(() => undefined); // unplugged: the default then
    await audio.play();
    const gain = context.createGain();
    gain.gain.value = VOLUME;
    gain.connect(output);
    notes.forEach((frequency, index) => {
      const note = context.createOscillator();
      note.frequency.value = frequency;
      note.connect(gain);
      note.start(context.currentTime + 0.1 + index * NOTE_S);
      note.stop(context.currentTime + 0.1 + index * NOTE_S + SOUNDS_S);
    });
    await new Promise((resolve) => setTimeout(resolve, 1000 * (notes.length * NOTE_S + 0.36)));
  } finally {
    await context.close();
  }
}
