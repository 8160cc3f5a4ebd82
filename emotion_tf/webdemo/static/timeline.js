// From a recording of any length to windows, as emotion_tf/inference/streaming.py does it.

/**
 * Runs the model on window after window. The last one ends with the recording: it is moved back rather than cut.
 *
 * @param {import("./speech_model.js").SpeechModel} model
 * @param {Float32Array} samples A wave at the model's rate that is at least as long as a window.
 * @param {string} text What is said; each window gets all of it.
 * @yields {{start: number, end: number, smoothed: number[]}} Times in seconds, and what the model says, smoothed over
 *   this window and those before.
 */
export async function* timeline(model, samples, text) {
  const { sample_rate: rate, window_seconds, hop_seconds, smoothing_seconds } = model.settings;
  const window = Math.round(window_seconds * rate);
  const hop = Math.round(hop_seconds * rate);
  let smoothed = null;
  let lastEnd = 0;
  for (let next = window; lastEnd < samples.length; next += hop) {
    const end = Math.min(next, samples.length);
    const start = end - window;
    const probabilities = await model.predict(samples.subarray(start, end), text);
    const kept = Math.exp(-(end - lastEnd) / rate / smoothing_seconds);
    const before = smoothed ?? probabilities;
    smoothed = probabilities.map((value, label) => value + kept * (before[label] - value));
    lastEnd = end;
    yield { start: start / rate, end: end / rate, smoothed };
  }
}
