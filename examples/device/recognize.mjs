// Names the emotion of a recording and its words with an exported model, over LiteRT.js in a browser.
//
//     await loadLiteRt("node_modules/@litertjs/core/wasm/");  // Once in a page.
//     const recognizer = await Recognizer.load("export");
//     const { label, probabilities } = await recognizer.recognize(await decode(file), "I knew it!");

import { Tensor, loadAndCompile } from "@litertjs/core";

const RATE = 16000;

/** A model and what belongs to it. */
export class Recognizer {
  /** Loads an export from its folder. */
  static async load(folder) {
    const loaded = new Recognizer();
    loaded.model = await loadAndCompile(`${folder}/tflite/float32-fixed.tflite`, { accelerator: "wasm" });
    loaded.lengths = Object.fromEntries(loaded.model.getInputDetails().map(({ name, shape }) => [name, shape.at(-1)]));
    loaded.labels = lines(await text(`${folder}/labels.txt`));
    if (loaded.lengths.word_ids) {
      loaded.ids = new Map(lines(await text(`${folder}/vocabulary.txt`)).map((word, id) => [word, id]));
      loaded.steps = JSON.parse(await text(`${folder}/tokenizer.json`)).steps;
    }
    return loaded;
  }

  /** The label, and the probability of each: of samples between -1 and 1, and of what is said, "" if nobody knows. */
  async recognize(samples, words = "") {
    const { waveform, word_ids } = this.lengths;
    const inputs = {};
    if (waveform) {
      // The length is fixed: zeros pad the end, and num_samples says how much counts.
      const heard = samples.subarray(0, waveform);
      const padded = new Float32Array(waveform);
      padded.set(heard);
      inputs.waveform = new Tensor(padded, [1, waveform]);
      inputs.num_samples = new Tensor(Int32Array.of(heard.length), [1]);
    }
    if (word_ids) {
      const ids = new Int32Array(word_ids);
      // 0 is no word, 1 a word that the model never saw.
      ids.set(tokenize(words, this.steps).slice(0, word_ids).map((word) => this.ids.get(word) ?? 1));
      inputs.word_ids = new Tensor(ids, [1, word_ids]);
    }
    const outputs = await this.model.run(inputs);
    const probabilities = Array.from(outputs.probabilities.toTypedArray());
    // Tensors lie in WebAssembly's memory, which the browser does not tidy.
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
    return { label: this.labels[probabilities.indexOf(Math.max(...probabilities))], probabilities };
  }
}

/** Splits what is said into words, by the steps of tokenizer.json. */
export function tokenize(text, steps) {
  for (const [step, what, by] of steps) {
    if (step === "replace") text = text.replaceAll(new RegExp(what, "gu"), by.replaceAll("\\", "$"));
    else text = step === "normalize" ? text.normalize(what) : text.toLowerCase();
  }
  return text.split(" ").filter(Boolean);
}

/** The samples of an audio file at the model's rate, of its first channel. */
export async function decode(file) {
  const context = new OfflineAudioContext(1, 1, RATE);
  return (await context.decodeAudioData(await file.arrayBuffer())).getChannelData(0);
}

async function text(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is missing`);
  return response.text();
}

// The last line ends too, and the first word of a vocabulary is empty.
const lines = (content) => content.replace(/\n$/, "").split("\n");
