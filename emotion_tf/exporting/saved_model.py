"""The SavedModel, for TensorFlow Serving: WAV bytes and transcripts in, probabilities and labels out."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from emotion_tf.audio.channels import MAX_AMPLITUDE
from emotion_tf.exporting.serving_graph import Check, decode_wavs, first_failure
from emotion_tf.inference.bundle import LABELS_FILE, VOCABULARY_FILE, ModelBundle
from emotion_tf.models import inner_network
from emotion_tf.text.graph_vocabulary import GraphVocabulary
from emotion_tf.utils.files import write_bytes

Tensors = dict[str, tf.Tensor]


def write_saved_model(model: keras.Model, bundle: ModelBundle, folder: Path) -> None:
    """Writes a SavedModel of core TensorFlow ops alone, with the files of the bundle as its assets.

    Every signature takes any number of utterances, of any lengths. What they take, as far as the model hears and reads:

    - `serving_default`: `audio` (B,) string, the bytes of 16-bit PCM WAV files at the sample rate of the model, whose
      channels are averaged; and `transcript` (B,) string, "" where nobody knows what is said.
    - `waveform`, if the model hears: `waveform` (B, N) float32, padded with anything; `num_samples` (B,) int32; and
      `transcript` (B,) string.
    - `features`: `audio` (B, T, D) float32, padded with zero frames; and `words` (B, M) int32, padded with zeros.
    - each of them, if the model takes speaker embeddings: `speaker` (B, W) float32.

    A model with `config.model.learned_placeholders` can do without one of the two. There is no recording where `audio`
    is "", `num_samples` 0, or all samples or frames are zeros; a `speaker` beside it is passed over. There are no
    words where `transcript` has none, or `words` is zeros alone.

    Every signature gives `probabilities` (B, C) float32, `classes` (B, C) string, which names them, `label` (B,) string
    and `error` (B,) string; without classes, of these `error` alone. Those that hear a wave give `heard_seconds` (B,)
    float32, how much of it was heard, and `max_seconds` (B,) float32, how much the model hears at most. With
    `config.labels.dimensions` there is `dimensions` (B, D) float32 as well, with their names in `dimension_names`
    (B, D) string and the ends of their ranges in `dimension_ranges` (B, D, 2) float32.

    `error` is "" where all is well; else it says what is wrong with this one utterance, whose label is then "" and
    whose probabilities and dimensions are zeros. A server joins the requests of several clients, and an error raised in
    the graph would fail all of them. Zeros stand there rather than NaN because JSON has no NaN. What no server joins is
    still raised: inputs that are not of one batch size.

    Args:
        model: A speech model.
        bundle: What it was built with.
        folder: The folder of this version of the model; it is made.
    """
    # The assets are copied when the SavedModel is written; until then they have to lie somewhere, under their names.
    with tempfile.TemporaryDirectory() as assets:
        service = _Service(model, bundle, Path(assets))
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.track(service)
        for name, (serve, inputs) in service.signatures().items():
            archive.add_endpoint(name, serve, [inputs])
        archive.write_out(str(folder), verbose=False)
    # Nothing in the graph reads the other files, so that Keras would not keep them; `emotion_tf.load` reads them here.
    for name, content in bundle.files().items():
        if not (folder / "assets" / name).exists():
            write_bytes(folder / "assets" / name, content)


class _Service(tf.Module):
    """What the signatures run, and the tables that they own."""

    def __init__(self, model: keras.Model, bundle: ModelBundle, assets: Path):
        super().__init__()
        self._model = model
        self._config = bundle.config
        write_bytes(assets / LABELS_FILE, bundle.files()[LABELS_FILE])
        self._classes = bundle.labels
        if bundle.labels:
            number, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
            labels = tf.lookup.TextFileInitializer(str(assets / LABELS_FILE), tf.int64, number, tf.string, line)
            self._labels = tf.lookup.StaticHashTable(labels, default_value="")
        self._scales = bundle.config.labels.scales
        self._vocabulary = None
        if bundle.vocabulary is not None:
            self._vocabulary = GraphVocabulary(bundle.vocabulary, assets / VOCABULARY_FILE)
            self._vocabulary_size = len(bundle.vocabulary)

    def signatures(self) -> dict[str, tuple[Callable[[Tensors], Tensors], dict[str, tf.TensorSpec]]]:
        """By its name the function of each signature and what its inputs are."""
        config = self._config
        # What is the same in every signature, and what the signatures of the wave and of the features add.
        speaker = {
            tensor.name: tf.TensorSpec([None, *tensor.shape[1:]], tf.float32, "speaker")
            for tensor in self._model.inputs
            if tensor.name == "speaker"
        }
        texts, features = dict(speaker), dict(speaker)
        if config.model.reads:
            texts["transcript"] = tf.TensorSpec([None], tf.string, "transcript")
            features["word_ids"] = tf.TensorSpec([None, None], tf.int32, "word_ids")
        if not config.model.hears:
            return {"serving_default": (self._from_text, texts), "features": (self._from_features, features)}
        audio = {"audio": tf.TensorSpec([None], tf.string, "audio")}
        waveform = {
            "waveform": tf.TensorSpec([None, None], tf.float32, "waveform"),
            "num_samples": tf.TensorSpec([None], tf.int32, "num_samples"),
        }
        features["features"] = tf.TensorSpec([None, None, config.features.width], tf.float32, "features")
        return {
            "serving_default": (self._from_bytes, audio | texts),
            "waveform": (self._from_waveform, waveform | texts),
            "features": (self._from_features, features),
        }

    def _from_bytes(self, inputs: Tensors) -> Tensors:
        inputs = dict(inputs)
        audio = inputs.pop("audio")
        inputs["waveform"], inputs["num_samples"], error = decode_wavs(audio, self._config.features)
        if self._config.model.learned_placeholders:
            error = tf.where(audio == "", "", error)
        return self._from_text(inputs, (error == "", error))

    def _from_waveform(self, inputs: Tensors) -> Tensors:
        inputs = dict(inputs)
        num_samples, room = inputs["num_samples"], tf.shape(inputs["waveform"])[1]
        inputs["waveform"] = tf.where(tf.sequence_mask(num_samples, room), inputs["waveform"], 0.0)
        least = 0 if self._config.model.learned_placeholders else 1
        message = f"num_samples is out of range; expected {least} to the length of waveform"
        loudest = f"waveform holds numbers that are no sound; expected finite ones, {MAX_AMPLITUDE:g} at most"
        return self._from_text(
            inputs,
            ((num_samples >= least) & (num_samples <= room), message),
            (tf.reduce_all(tf.abs(inputs["waveform"]) <= MAX_AMPLITUDE, axis=1), loudest),
        )

    def _from_text(self, inputs: Tensors, *checks: Check) -> Tensors:
        inputs = dict(inputs)
        if self._vocabulary is not None:
            inputs["word_ids"] = self._vocabulary.encode(inputs.pop("transcript"), self._config.words.max_words)
        if self._config.model.learned_placeholders:
            checks = (*checks, self._something(inputs["num_samples"] > 0, inputs["word_ids"]))
        return self._answer(self._model, inputs, *checks)

    def _from_features(self, inputs: Tensors) -> Tensors:
        inputs = dict(inputs)
        checks: list[Check] = []
        if "features" in inputs:
            finite = tf.reduce_all(tf.math.is_finite(inputs["features"]), axis=[1, 2])
            checks.append((finite, "features hold numbers that are not finite"))
        if "word_ids" in inputs:
            known = (inputs["word_ids"] >= 0) & (inputs["word_ids"] < self._vocabulary_size)
            message = f"word_ids is out of range; expected 0 to {self._vocabulary_size - 1}"
            checks.append((tf.reduce_all(known, axis=1), message))
            # The embedding of a word that does not exist would be an error of the whole batch.
            inputs["word_ids"] = tf.where(known, inputs["word_ids"], 0)
        if self._config.model.learned_placeholders:
            checks.append(self._something(tf.reduce_any(inputs["features"] != 0.0, axis=[1, 2]), inputs["word_ids"]))
        return self._answer(inner_network(self._model), inputs, *checks)

    @staticmethod
    def _something(heard: tf.Tensor, words: tf.Tensor) -> Check:
        """Whether an utterance has a recording, as `heard` (B,) bool says, or words."""
        message = "there is neither a recording nor a word; expected one of them"
        return heard | tf.reduce_any(words != 0, axis=1), message

    def _answer(self, network: keras.Model, inputs: Tensors, *checks: Check) -> Tensors:
        sizes = [tf.shape(tensor)[0] for tensor in inputs.values()]
        for size in sizes[1:]:
            tf.debugging.assert_equal(sizes[0], size, "the inputs differ in size; expected a row of each an utterance")
        if "speaker" in inputs:
            finite = tf.reduce_all(tf.math.is_finite(inputs["speaker"]), axis=1)
            checks = (*checks, (finite, "speaker holds numbers that are not finite"))
        error = first_failure(*checks, (tf.fill(sizes[:1], True), ""))
        found = network(_one_at_least(inputs, sizes[0]), training=False)
        heads = found if isinstance(found, dict) else {"probabilities": found}
        answer = {"error": error}
        if self._classes:
            probabilities = heads["probabilities"][: sizes[0]]
            answer |= {
                "probabilities": tf.where((error == "")[:, tf.newaxis], probabilities, 0.0),
                "label": tf.where(error == "", self._labels.lookup(tf.argmax(probabilities, axis=-1)), ""),
                "classes": tf.tile(tf.constant(self._classes)[tf.newaxis], [sizes[0], 1]),
            }
        if self._scales:
            ends, names = tf.constant(list(self._scales.values()), tf.float32), tf.constant(list(self._scales))
            answer |= {
                "dimensions": tf.where((error == "")[:, tf.newaxis], heads["dimensions"][: sizes[0]], 0.0),
                "dimension_names": tf.tile(names[tf.newaxis], [sizes[0], 1]),
                "dimension_ranges": tf.tile(ends[tf.newaxis], [sizes[0], 1, 1]),
            }
        if "num_samples" in inputs:
            features = self._config.features
            heard = tf.clip_by_value(inputs["num_samples"], 0, features.max_samples)
            answer["heard_seconds"] = tf.where(error == "", tf.cast(heard, tf.float32) / features.sample_rate, 0.0)
            answer["max_seconds"] = tf.fill(sizes[:1], tf.constant(features.max_seconds, tf.float32))
        return answer


def _one_at_least(inputs: Tensors, size: tf.Tensor) -> Tensors:
    """The inputs, or one utterance of zeros where there is none.

    The convolutions of oneDNN, which TensorFlow takes on some CPUs, give the channels of the input back for a batch of
    none.
    """
    missing = tf.cast(size == 0, tf.int32)
    return {
        name: tf.pad(values, [[0, missing], *[[0, 0]] * (len(values.shape) - 1)]) for name, values in inputs.items()
    }
