"""What TensorFlow Serving takes besides the SavedModel: requests to warm up with, and how it may batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.exporting.examples import Example
from emotion_tf.frontend.front_end import front_end_layer
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.serving_api import load_serving_api
from emotion_tf.utils.arrays import pad_rows
from emotion_tf.utils.files import replacing, write_text

WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")
"""Where the server looks for them in a SavedModel. It does not start with more than 1,000, nor with one that fails."""

BATCHING_PARAMETERS = """\
# For --enable_batching --batching_parameters_file. What is not set here follows the number of processors.
# Utterances that are computed together; a request of more is refused.
max_batch_size { value: 32 }
# How long the first request of a batch waits for others.
batch_timeout_micros { value: 2000 }
# Batches that may wait; beyond, requests are refused, which is better than answers that nobody awaits any more.
max_enqueued_batches { value: 100 }
# Joins requests whose waves differ in length. The server pads with what is not silence: the signature `waveform` goes
# by num_samples and does not mind, but requests to `features` must come padded with zeros to one length.
pad_variable_length_inputs: true
"""


def write_batching_parameters(path: Path) -> None:
    """Writes the `batching_parameters.txt` of an export, in the text format of TensorFlow Serving's message."""
    write_text(path, BATCHING_PARAMETERS)


def write_warmup_requests(folder: Path, bundle: ModelBundle, examples: Sequence[Example]) -> bool:
    """Writes the requests that TensorFlow Serving runs before it calls a model ready, for every signature.

    Args:
        folder: The SavedModel's folder.
        bundle: What its model was built with.
        examples: The utterances of which requests are made: one of the first alone, and one of them all.

    Returns:
        Whether they were written; they are not where `tensorflow-serving-api` is not installed.
    """
    api = load_serving_api()
    if api is None:
        return False
    with replacing(folder / WARMUP_FILE) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
        for batch in (examples[:1], examples):
            for signature, inputs in _requests(batch, bundle):
                log = api.PredictionLog()
                # The server runs it on the model beside which it lies, whatever that is called.
                log.predict_log.request.model_spec.signature_name = signature
                for name, values in inputs.items():
                    log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
                writer.write(log.SerializeToString())
    return True


def _requests(examples: Sequence[Example], bundle: ModelBundle) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Each signature and its inputs for one batch."""
    features, words = bundle.config.features, bundle.config.words
    voices = [item.speaker for item in examples if item.speaker is not None]
    speaker = {"speaker": np.stack(voices)} if voices else {}
    texts, frames = dict(speaker), dict(speaker)
    if bundle.vocabulary is not None:
        texts["transcript"] = np.array([item.transcript for item in examples], np.object_)
        frames["word_ids"] = pad_rows([bundle.vocabulary.encode(item.transcript, words.max_words) for item in examples])
    if not bundle.config.model.hears:
        yield "serving_default", texts
    else:
        # Where there is no recording, no bytes and no samples say so.
        waves = [np.zeros(0, np.float32) if item.waveform is None else item.waveform for item in examples]
        wavs = [_wav(wave, features.sample_rate) if len(wave) else b"" for wave in waves]
        yield "serving_default", {"audio": np.array(wavs, np.object_), **texts}
        waveform, num_samples = pad_rows(waves), np.array([len(wave) for wave in waves], np.int32)
        yield "waveform", {"waveform": waveform, "num_samples": num_samples, **texts}
        frames["features"] = front_end_layer(features)(waveform, num_samples).numpy()
    yield "features", frames


def _wav(waveform: np.ndarray, sample_rate: int) -> bytes:
    return tf.audio.encode_wav(waveform[:, np.newaxis], sample_rate).numpy()
