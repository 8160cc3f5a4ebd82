// What of a recording is heard first, as emotion_tf.audio.reader.beginning_of has it.

const FRAME_SECONDS = 0.01;
const MARGIN_SECONDS = 0.05;
const SILENCE_DBFS = -65;
const RANGE_DB = 35;

/** The level of a stretch of a wave in decibels below full scale, without any offset. */
function level(samples, start, length) {
  const frame = samples.subarray(start, start + length);
  // Behind the end of the wave there are zeros.
  const mean = frame.reduce((sum, value) => sum + value, 0) / length;
  const zeros = (length - frame.length) * mean ** 2;
  const power = frame.reduce((sum, value) => sum + (value - mean) ** 2, zeros) / length;
  return 10 * Math.log10(power + 1e-12);
}

/** How many samples at the beginning of a wave are silence that may be left out, and whether sound follows. */
function silence(samples, sampleRate) {
  const length = Math.round(FRAME_SECONDS * sampleRate);
  const levels = [];
  for (let start = 0; start < samples.length; start += length) levels.push(level(samples, start, length));
  const loudest = levels.reduce((most, value) => Math.max(most, value), SILENCE_DBFS);
  const frame = levels.findIndex((value) => value > Math.max(SILENCE_DBFS, loudest - RANGE_DB));
  const margin = Math.min(Math.round(MARGIN_SECONDS * sampleRate), Math.floor(samples.length / 2));
  const begins = frame < 0 ? samples.length : frame * length;
  return { silent: Math.max(0, begins - margin), sounds: frame >= 0 };
}

/**
 * The part of a recording that a model hears: of a longer one, silence at its beginning is left out.
 *
 * @param {Float32Array} samples The recording.
 * @param {number} sampleRate In hertz.
 * @param {number} wanted How many samples the model hears.
 * @returns {Float32Array}
 */
export function beginning(samples, sampleRate, wanted) {
  let skipped = 0;
  let sounds = false;
  while (!sounds && samples.length - skipped > wanted) {
    const found = silence(samples.subarray(skipped, skipped + wanted), sampleRate);
    skipped += found.silent;
    sounds = found.sounds;
  }
  if (!sounds && samples.length > wanted) {
    const rest = silence(samples.subarray(skipped), sampleRate);
    skipped = rest.sounds ? skipped + rest.silent : 0;
  }
  return samples.subarray(skipped, skipped + wanted);
}
