"""The SavedModel, for TensorFlow Serving: WAV bytes and transcripts in, probabilities and labels out."""

from pathlib import Path

import keras
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.features.words import GraphVocabulary
from emotion_tf.inference.sidecar import Sidecar
from emotion_tf.models import inner_network


def write_saved_model(model: keras.Model, sidecar: Sidecar, folder: Path) -> None:
    """Writes a SavedModel of core TensorFlow ops alone.

    Every signature takes any number of utterances, of any lengths, and gives `probabilities` (B, 4) float32 and `label`
    (B,) string. What they take, as far as the model hears and reads:

    - `serving_default`: `audio` (B,) string, the bytes of 16-bit PCM WAV files at the sample rate of the model, whose
      channels are averaged; and `transcript` (B,) string.
    - `waveform`, if the model hears: `waveform` (B, N) float32, padded with anything; `num_samples` (B,) int32; and
      `transcript` (B,) string.
    - `features`: `audio` (B, T, D) float32, padded with zero frames; and `words` (B, M) int32, padded with zeros.
    - each of them, if the model takes speaker embeddings: `speaker` (B, W) float32.

    Args:
        model: A speech model.
        sidecar: What it was built with.
        folder: The folder of this version of the model; it is made.
    """
    config = sidecar.config
    network = inner_network(model)
    labels = tf.constant(sidecar.labels)
    lookup = None if sidecar.vocabulary is None else GraphVocabulary(sidecar.vocabulary)

    def answer(probabilities: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": probabilities, "label": tf.gather(labels, tf.argmax(probabilities, axis=-1))}

    def from_words(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        inputs = dict(inputs)
        if lookup is not None:
            inputs["words"] = lookup.encode(inputs.pop("transcript"), config.words.max_words)
        return answer(model(inputs, training=False))

    def from_features(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return answer(network(inputs, training=False))

    archive = keras.export.ExportArchive()
    archive.track(model)
    # What is the same in every signature, and what the signatures of the wave and of the features add.
    speakers = {
        tensor.name: tf.TensorSpec([None, *tensor.shape[1:]], tf.float32, "speaker")
        for tensor in model.inputs
        if tensor.name == "speaker"
    }
    texts, features = dict(speakers), dict(speakers)
    if lookup is not None:
        archive.track(lookup)
        texts["transcript"] = tf.TensorSpec([None], tf.string, "transcript")
        features["words"] = tf.TensorSpec([None, None], tf.int32, "words")
    if config.model.hears:
        audio = {"audio": tf.TensorSpec([None], tf.string, "audio")}
        waveform = {
            "waveform": tf.TensorSpec([None, None], tf.float32, "waveform"),
            "num_samples": tf.TensorSpec([None], tf.int32, "num_samples"),
        }
        from_waveform = archive.add_endpoint("waveform", from_words, [waveform | texts])

        def from_bytes(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            inputs = dict(inputs)
            inputs["waveform"], inputs["num_samples"] = _decode(inputs.pop("audio"), config.features)
            return from_waveform(inputs)

        archive.add_endpoint("serving_default", from_bytes, [audio | texts])
        features["audio"] = tf.TensorSpec([None, None, config.features.width], tf.float32, "audio")
    else:
        archive.add_endpoint("serving_default", from_words, [texts])
    archive.add_endpoint("features", from_features, [features])
    archive.write_out(str(folder), verbose=False)


def _decode(audio: tf.Tensor, features: FeatureConfig) -> tuple[tf.Tensor, tf.Tensor]:
    """Waves (B, N) float32 and their lengths (B,) int32 from the bytes of WAV files (B,)."""

    def decode_one(content: tf.Tensor) -> tf.Tensor:
        tf.debugging.Assert(tf.strings.length(content) > 0, ["audio is empty; expected the bytes of a WAV file"])
        samples, rate = tf.audio.decode_wav(content)
        wrong_rate = [f"audio has the wrong sample rate; expected {features.sample_rate} Hz, received", rate]
        tf.debugging.Assert(tf.equal(rate, features.sample_rate), wrong_rate)
        return tf.reduce_mean(samples, axis=1)

    waves = tf.map_fn(decode_one, audio, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0))
    return waves.to_tensor(), tf.cast(waves.row_lengths(), tf.int32)
