// From a file or the microphone to a wave.

/**
 * Decodes any audio that the browser knows, as one channel at the rate wanted.
 *
 * A file of that very rate is not resampled. Chromium scales positive samples of 16 bits by 32768 / 32767, which moves
 * scores by less than 0.0001.
 *
 * @param {Blob} blob
 * @param {number} sampleRate In hertz.
 * @returns {Promise<Float32Array>} The mean of the channels.
 * @throws {Error} If the content is no audio.
 */
export async function decode(blob, sampleRate) {
  const content = await blob.arrayBuffer();
  let buffer;
  try {
    buffer = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(content);
  } catch {
    throw new Error("This file is no audio that this browser can decode. Try a WAV, FLAC, MP3 or OGG file.");
  }
  const mono = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    buffer.getChannelData(channel).forEach((value, index) => (mono[index] += value / buffer.numberOfChannels));
  }
  return mono;
}

/**
 * Starts to record from the microphone.
 *
 * @returns {Promise<() => Promise<Blob>>} A function that stops and gives what was recorded.
 * @throws {Error} If there is no microphone or it may not be used.
 */
export async function record() {
  let stream;
  try {
    // What makes calls pleasant takes away loudness and pitch, which tell of emotion.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
  } catch {
    throw new Error("The microphone cannot be used. Plug one in and allow this page to use it.");
  }
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 128_000 });
  const parts = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.start();
  return () =>
    new Promise((resolve) => {
      recorder.addEventListener("stop", () => {
        stream.getTracks().forEach((track) => track.stop());
        resolve(new Blob(parts, { type: recorder.mimeType }));
      });
      recorder.stop();
    });
}
