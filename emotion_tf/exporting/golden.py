"""Golden vectors: what a port to a phone or a microcontroller must compute, stage by stage."""

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import soundfile
import tensorflow as tf

from emotion_tf.config import WordConfig
from emotion_tf.exporting.artefacts import artefacts
from emotion_tf.exporting.examples import Example
from emotion_tf.frontend.front_end import front_end_layer
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.text.dialogue import Turn, with_context
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.files import write_text

FEATURE_TOLERANCE = 0.01
"""Largest difference of a feature, in decibels for the bands, that no answer hangs on."""

TOLERANCES = {"float32": 1e-4, "float16": 1e-3, "dynamic": 0.03, "int8": 0.03, "mediapipe": 1e-4}
"""Largest difference of a probability by variant; integer kernels round differently from processor to processor."""

DIMENSION_TOLERANCES = {"float32": 1e-4, "float16": 5e-3, "dynamic": 0.05, "int8": 0.05}
"""Largest difference of a dimension by variant, as a share of its range."""

TRANSCRIPTS = (
    "I'm sure we DON'T know",
    "I’m sure we don’t know",
    "Café, naïve — déjà vu!",
    "Cafe\u0301",
    "zażółć gęślą jaźń",
    "Мне очень грустно",
    "أنا حزين جدا",
    "मैं खुश हूँ",
    "我很高兴",
    "state-of-the-art 24/7",
    "…!?",
    "🙂",
    " \t ",
    "",
)
"""What a port's tokeniser may stumble over: apostrophes, accents in both forms, other scripts, and no words at all."""

IN_CONTEXT = with_context("Don't!", [Turn("I see."), Turn("Do you?", same_speaker=True)], turns=2)
"""What stands behind them where the model reads earlier turns."""

PAGE = Template("""\
# Golden vectors

`golden.json` holds, for each of $count utterances, what every stage of the model computes. A port to Android, iOS or a
microcontroller is right if its numbers are these, within the tolerances that the file states.

| key of an utterance | what it is |
|---|---|
| `wav` | a file beside it, 16-bit PCM at $rate Hz: divide the samples by 32768 |
| `transcript`, `word_ids` | the words, and their positions in `vocabulary.txt`: 0 pads, 1 is the unknown word |
| `speaker` | the speaker embedding |
| `features` | what the front end makes of the wave, frames × $width; a frame of zeros alone counts as padding |
$outputs
What the model does not take is left out. If it reads, `transcripts` holds texts alone, with the `words` into which they
are split by the rules in `tokenizer.json`, and their `word_ids`: contractions, accents, other scripts, no words at all.
$absence
## Which file to take

| where it runs | file |
|---|---|
| phone, browser, small computer | `tflite/float32-fixed.tflite`; `tflite/float32.tflite` if most recordings are short |
| the same, but size counts | `tflite/float16-fixed.tflite`, then `tflite/dynamic-fixed.tflite` |
| microcontroller, int8 accelerator | `tflite/int8-fixed.tflite` |
| MediaPipe's AudioClassifier | `tflite/mediapipe.tflite` |
| ONNX Runtime, OpenVINO | `onnx/speech.onnx` |
| server | `saved_model` in TensorFlow Serving, or this folder in `emotion-tf serve` |

Not every export has all of them; `parity.json` lists those that are there, with what each loses, weighs and costs.

## How to check a port

1. Read the WAV file and compare the number of samples with `num_samples`.
2. Split the transcript into words and compare with `word_ids`. No more than `max_words` count.
3. Where the port computes features itself instead of running ours, compare them with `features`, within
   `tolerances.features`. Windowing, the mel scale and the logarithm's base are the usual suspects, in this order.
4. Feed the `.tflite` file. The plain files take `waveform` [1, N] and `word_ids` [1, M] of any length: resize both
   inputs before `allocateTensors`. Those that end in `-fixed` take `waveform` [1, $max_samples] and `word_ids`
   [1, $max_words], padded at the end, and `num_samples` [1]: how many samples count. All of them work with built-in ops
   and need no further library.
   - Android: `Interpreter.runSignature(inputs, outputs, "serving_default")` takes them by name.
   - iOS: the C API's `TfLiteInterpreterGetSignatureRunner(interpreter, "serving_default")`, or the inputs in the order
     of their names.
   - Microcontrollers: `int8-fixed.tflite`. Its wave and its probabilities are float32, and the front end computes in
     float32.
5. Compare with what the same file gives here: $compared.
""")


ABSENCE = """
The model can do without a recording or without words. An utterance whose `num_samples` is 0 has no recording: feed a
`waveform` of zeros alone, of any length, with `num_samples` 0 where that is an input. One without words has `word_ids`
of zeros alone.
"""


OUTPUTS = {
    "probabilities": "| `probabilities` | by the name of the `.tflite` file, in the order of `labels` |",
    "dimensions": "| `dimensions` | by the name of the `.tflite` file, in the order of `dimensions` at the head of the "
    "file, which gives the ends of each range |",
}
"""The row of each output in the table of the page."""

COMPARED = {
    "probabilities": "`probabilities` within `tolerances.probabilities`",
    "dimensions": "`dimensions` within `tolerances.dimensions`, which are shares of the range of a dimension",
}
"""How each output is compared."""


def write_golden(folder: Path, bundle: ModelBundle, examples: Sequence[Example]) -> None:
    """Writes `golden/` into an export: WAV files, `golden.json` and a page on how to check a port against them.

    Args:
        folder: The export, with its TFLite files.
        bundle: What its model was built with.
        examples: The utterances.
    """
    features, words, scales = bundle.config.features, bundle.config.words, bundle.config.labels.scales
    golden = folder / "golden"
    golden.mkdir()
    front_end = front_end_layer(features)
    asks = {
        Path(artefact.path).stem: artefact.load(None)
        for artefact in artefacts(folder, bundle)
        if artefact.path.startswith("tflite/")
    }
    utterances = []
    for number, example in enumerate(examples):
        utterance: dict[str, Any] = {"id": example.id or f"made-{number}"}
        if example.waveform is not None:
            utterance |= {"wav": f"{number}.wav", "num_samples": len(example.waveform)}
            soundfile.write(golden / utterance["wav"], example.waveform, features.sample_rate, subtype="PCM_16")
            frames = front_end(tf.constant(example.waveform[np.newaxis]), tf.constant([len(example.waveform)]))
            utterance["features"] = _as_list(frames[0].numpy())
        elif bundle.config.model.hears:
            utterance["num_samples"] = 0
        if bundle.vocabulary is not None:
            utterance["transcript"] = example.transcript
            utterance["word_ids"] = bundle.vocabulary.encode(example.transcript, words.max_words).tolist()
        if example.speaker is not None:
            utterance["speaker"] = _as_list(example.speaker)
        outputs = {name: np.split(ask(example)(), [len(bundle.labels)]) for name, ask in asks.items()}
        if bundle.labels:
            utterance["probabilities"] = {name: _as_list(row) for name, (row, _) in outputs.items()}
        if scales:
            # The file for MediaPipe has none.
            utterance["dimensions"] = {name: _as_list(row) for name, (_, row) in outputs.items() if len(row)}
        utterances.append(utterance)
    content: dict[str, Any] = {
        "labels": bundle.labels,
        "sample_rate": features.sample_rate,
        "max_samples": features.max_samples,
        "max_words": words.max_words,
        "tolerances": _tolerances(bundle, list(asks)),
        "utterances": utterances,
    }
    if scales:
        content["dimensions"] = scales
    if bundle.vocabulary is not None:
        content["transcripts"] = _transcripts(bundle.vocabulary, words)
    # One line, since a line a number would be a hundred thousand.
    write_text(golden / "golden.json", json.dumps(content, ensure_ascii=False))
    given = ["probabilities"] * bool(bundle.labels) + ["dimensions"] * bool(scales)
    page = PAGE.substitute(
        count=len(utterances),
        rate=features.sample_rate,
        width=features.width,
        max_samples=features.max_samples,
        max_words=words.max_words,
        outputs="\n".join(OUTPUTS[name] for name in given),
        compared=", and ".join(COMPARED[name] for name in given),
        absence=ABSENCE if bundle.config.model.learned_placeholders else "",
    )
    write_text(golden / "README.md", page)


def _tolerances(bundle: ModelBundle, names: Sequence[str]) -> dict[str, Any]:
    """The largest differences of each stage, those of outputs by the names of the files."""
    variants = {name: name.removesuffix("-fixed") for name in names}
    found: dict[str, Any] = {"features": FEATURE_TOLERANCE}
    if bundle.labels:
        found["probabilities"] = {name: TOLERANCES[variant] for name, variant in variants.items()}
    if bundle.config.labels.scales:
        rated = {name: variant for name, variant in variants.items() if variant in DIMENSION_TOLERANCES}
        found["dimensions"] = {name: DIMENSION_TOLERANCES[variant] for name, variant in rated.items()}
    return found


def _transcripts(vocabulary: Vocabulary, words: WordConfig) -> list[dict[str, Any]]:
    """What `TRANSCRIPTS` are to a tokeniser, and what one with marks is where the model reads earlier turns."""
    return [
        {"transcript": text, "words": tokenize(text), "word_ids": vocabulary.encode(text, words.max_words).tolist()}
        for text in (*TRANSCRIPTS, *[IN_CONTEXT] * (words.context_turns > 0))
    ]


def _as_list(values: np.ndarray) -> list:
    """The numbers, with no more digits than a comparison needs."""
    return np.round(values.astype(np.float64), 6).tolist()
