// The model and what runs it.

import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";
import { Vocabulary } from "./tokenizer.js";

const MEND = "Build the page again with emotion-tf demo, or try another browser.";

/** An exported speech model: wave and words in, probabilities and dimensions out. */
export class SpeechModel {
  constructor(settings, vocabulary, compiled) {
    this.settings = { dimensions: [], ...settings };
    this.vocabulary = vocabulary;
    this.compiled = compiled;
  }

  /**
   * Loads the model that lies beside this page.
   *
   * @returns {Promise<SpeechModel>}
   * @throws {Error} If a file is missing or the browser cannot run it.
   */
  static async load() {
    const settings = await (await get("settings.json")).json();
    const vocabulary = settings.reads ? new Vocabulary(await (await get("vocabulary.txt")).text(), settings) : null;
    const content = new Uint8Array(await (await get("model.tflite")).arrayBuffer());
    // LiteRT writes its log, errors or not, where errors belong.
    globalThis.Module = { printErr: console.debug };
    try {
      await loadLiteRt("litertjs/core/wasm/");
      return new SpeechModel(settings, vocabulary, await loadAndCompile(content, { accelerator: "wasm" }));
    } catch (error) {
      throw new Error(`This browser cannot run model.tflite (${error.message}). ${MEND}`);
    }
  }

  /**
   * Runs the model on one utterance.
   *
   * @param {Float32Array | null} samples The wave at the model's rate, of which it hears the first `max_samples`; null
   *   if it does not hear.
   * @param {string} text What is said; empty where nobody knows.
   * @returns {Promise<number[]>} The probability of each label, and behind them where each dimension lies between the
   *   ends of its range, 0 to 1.
   */
  async predict(samples, text) {
    const { hears, reads, max_samples, dimensions } = this.settings;
    const inputs = {};
    if (hears) {
      const heard = samples.subarray(0, max_samples);
      const padded = new Float32Array(max_samples);
      padded.set(heard);
      inputs.waveform = new Tensor(padded, [1, max_samples]);
      inputs.num_samples = new Tensor(Int32Array.of(heard.length), [1]);
    }
    if (reads) {
      const ids = this.vocabulary.encode(text);
      inputs.word_ids = new Tensor(ids, [1, ids.length]);
    }
    let outputs = {};
    try {
      outputs = await this.compiled.run(inputs);
      const values = dimensions.length ? Array.from(outputs.dimensions.toTypedArray()) : [];
      const shares = values.map((value, index) => {
        const { low, high } = dimensions[index];
        return (value - low) / (high - low);
      });
      return [...outputs.probabilities.toTypedArray(), ...shares];
    } finally {
      // They live in WebAssembly's memory, which nobody else cleans.
      for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
    }
  }
}

/** Fetches a file of the page. */
async function get(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing. ${MEND}`);
  return response;
}
