"""What runs an artefact: one small class a kind of artefact, and one method that all share."""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.utils.files import read_bounded

DIGEST_LENGTH = 64
"""Bytes of a SHA-256 in hexadecimal digits."""

MAX_MODEL_BYTES = 2**29
"""Largest model that is loaded."""


class Runtime(Protocol):
    """Runs an artefact."""

    speaker_width: int | None
    """Numbers in the speaker embedding that the model takes; None if it takes none."""

    def probabilities(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """Probabilities (4,) float32 of one utterance.

        Args:
            waveform: (N,) float32, if the model hears; None where there is no recording.
            transcript: The words, if it reads.
            speaker: (W,) float32 speaker embedding, if it takes one.
        """


class BatchRuntime:
    """What runtimes share that take utterances of any lengths at once."""

    def probabilities(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """See `Runtime`."""
        return self.batch([waveform], [transcript], [speaker])[0]

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """Probabilities (B, 4) float32 of several utterances, of each what `probabilities` takes."""
        raise NotImplementedError


class KerasRuntime(BatchRuntime):
    """Runs a `.keras` file.

    Args:
        path: The file of a speech model.
        bundle: What lies beside it.

    Raises:
        EmotionTFError: If the file is damaged or holds another kind of model.
    """

    def __init__(self, path: Path, bundle: ModelBundle):
        # Keras looks up the layers by their registered names.
        import emotion_tf.layers  # noqa: F401

        _check_archive(path)
        try:
            self.model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # What Keras, h5py and the layers raise has no other ancestor in common.
            raise EmotionTFError(f"{path} cannot be loaded ({_first_line(error)})") from error
        self._bundle = bundle
        shapes = {tensor.name: tensor.shape for tensor in self.model.inputs}
        self.speaker_width = _check_inputs(path, bundle, shapes, heard=["waveform", "num_samples"], read=["word_ids"])

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """See `BatchRuntime`."""
        return self.model(self.inputs(waveforms, transcripts) | _known(speakers), training=False).numpy()

    def inputs(self, waveforms: Sequence[np.ndarray | None], transcripts: Sequence[str]) -> dict[str, np.ndarray]:
        """What the model is given of some utterances, but for the speaker embeddings."""
        return _heard(waveforms, self._bundle) | _read(transcripts, self._bundle)


class SavedModelRuntime(BatchRuntime):
    """Runs a SavedModel, which reads the transcript itself.

    Args:
        path: The folder with `saved_model.pb`.
        bundle: What lies beside it.

    Raises:
        EmotionTFError: If the folder is damaged or is not an export of this package.
    """

    def __init__(self, path: Path, bundle: ModelBundle):
        try:
            # Signatures do not keep alive the variables that they use, so the loaded object stays.
            self._loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise EmotionTFError(f"{path} cannot be loaded as a SavedModel ({_first_line(error)})") from error
        self.signatures = self._loaded.signatures
        self._signature = self.signatures.get("waveform" if bundle.config.model.hears else "serving_default")
        specs = self._signature.structured_input_signature[1] if self._signature else {}
        shapes = {name: spec.shape for name, spec in specs.items()}
        heard = ["waveform", "num_samples"]
        self.speaker_width = _check_inputs(path, bundle, shapes, heard=heard, read=["transcript"])
        self._bundle = bundle

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """See `BatchRuntime`."""
        given = _heard(waveforms, self._bundle) | _known(speakers)
        inputs = {name: tf.constant(value) for name, value in given.items()}
        if self._bundle.config.model.reads:
            inputs["transcript"] = tf.constant(list(transcripts))
        return self._signature(**inputs)["probabilities"].numpy()


class LiteRTRuntime:
    """Runs a `.tflite` file, of free or of fixed lengths, through ai-edge-litert.

    Args:
        path: The file.
        bundle: What lies beside it.
        num_threads: Number of threads; None leaves it to the runtime.

    Raises:
        EmotionTFError: If the file is damaged or is not an export of this package.
    """

    def __init__(self, path: Path, bundle: ModelBundle, num_threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        try:
            # The interpreter trusts a file and may end the process over a damaged one.
            content = _intact(path)
            self._interpreter = Interpreter(model_content=content, num_threads=num_threads)
            self._run = self._interpreter.get_signature_runner("serving_default")
        except (OSError, ValueError) as error:
            raise EmotionTFError(
                f"{path} cannot be loaded ({_first_line(error)})",
                expected="a whole .tflite file that this package exported",
                fix="copy or export it again",
            ) from error
        self._bundle = bundle
        details = self._run.get_input_details()
        shapes = {name: detail["shape_signature"] for name, detail in details.items()}
        heard = ["waveform", *["num_samples"] * ("num_samples" in shapes)]
        self.speaker_width = _check_inputs(path, bundle, shapes, heard=heard, read=["word_ids"])
        self._names = list(shapes)
        self._lengths = {name: shapes[name][1] for name in ("waveform", "word_ids") if shapes.get(name, [0, -1])[1] > 0}

    def probabilities(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """See `Runtime`."""
        inputs = _heard([waveform], self._bundle) | _read([transcript], self._bundle) | _known([speaker])
        inputs = fit_lengths(inputs, self._lengths)
        return self._run(**{name: inputs[name] for name in self._names})["probabilities"][0]


def fit_lengths(inputs: Mapping[str, np.ndarray], lengths: Mapping[str, int]) -> dict[str, np.ndarray]:
    """The inputs of one utterance as a file of fixed lengths takes them.

    Args:
        inputs: `waveform` (1, N), `word_ids` (1, M) and others.
        lengths: The length that the file gives an input; the input is cut or padded with zeros to it.

    Returns:
        The same inputs, and beside a `waveform` that got a length `num_samples` (1,) int32, how many of it count.

    Example:

    >>> fit_lengths({"word_ids": np.array([[7, 4]])}, {"word_ids": 3})
    {'word_ids': array([[7, 4, 0]])}
    """
    fitted = dict(inputs)
    for name, length in lengths.items():
        kept = inputs[name][:, :length]
        fitted[name] = np.pad(kept, ((0, 0), (0, length - kept.shape[1])))
        if name == "waveform":
            fitted["num_samples"] = np.array([kept.shape[1]], np.int32)
    return fitted


def _check_archive(path: Path) -> None:
    """Refuses a `.keras` file that is no archive, or one that would take more memory than any model of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        raise EmotionTFError(
            f"{path} is damaged", expected="a whole .keras file", fix="copy or export it again"
        ) from None
    if size > MAX_MODEL_BYTES:
        raise EmotionTFError(f"{path} is too large", expected=f"at most {MAX_MODEL_BYTES} bytes", received=f"{size}")


def _intact(path: Path) -> bytes:
    """The content of a `.tflite` file of ours, which ends in the digest of all that comes before.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not what was written.
    """
    content = read_bounded(path, MAX_MODEL_BYTES)
    if hashlib.sha256(content[:-DIGEST_LENGTH]).hexdigest().encode() != content[-DIGEST_LENGTH:]:
        raise ValueError("its digest does not fit its content")
    return content


def _check_inputs(
    path: Path, bundle: ModelBundle, shapes: Mapping[str, Sequence[int]], heard: list[str], read: list[str]
) -> int | None:
    """Refuses an artefact that takes other inputs than the settings beside it say; returns its `speaker_width`."""
    model, speaker = bundle.config.model, bundle.config.speaker.embeddings
    expected = sorted(heard * model.hears + read * model.reads + ["speaker"] * (speaker is not None))
    if sorted(shapes) != expected:
        raise EmotionTFError(
            f"{path} is not the speech model that the config.json beside it describes",
            expected=f"the inputs {', '.join(expected)}",
            received=", ".join(sorted(shapes)) or "none of them",
        )
    return int(shapes["speaker"][-1]) if "speaker" in shapes else None


def _heard(waveforms: Sequence[np.ndarray | None], bundle: ModelBundle) -> dict[str, np.ndarray]:
    """The inputs `waveform` (B, N) and `num_samples` (B,) of waves (N,); nothing if the model does not hear."""
    if not bundle.config.model.hears:
        return {}
    waves = [np.zeros(0, np.float32) if waveform is None else waveform for waveform in waveforms]
    # No file takes a wave of no samples; zeros alone, too, say that there is none.
    return {"waveform": _padded(waves), "num_samples": np.array([len(wave) for wave in waves], np.int32)}


def _read(transcripts: Sequence[str], bundle: ModelBundle) -> dict[str, np.ndarray]:
    """The input `word_ids` (B, M) of transcripts; nothing if the model does not read."""
    if bundle.vocabulary is None:
        return {}
    return {"word_ids": _padded([bundle.words(transcript)["word_ids"][0] for transcript in transcripts])}


def _known(speakers: Sequence[np.ndarray | None]) -> dict[str, np.ndarray]:
    """The input `speaker` (B, W) of speaker embeddings (W,); nothing without them."""
    known = [speaker for speaker in speakers if speaker is not None]
    return {"speaker": np.stack(known)} if known else {}


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows side by side, zeros behind the shorter ones, and at least one column."""
    batch = np.zeros((len(rows), max(1, *map(len, rows))), rows[0].dtype)
    for values, row in zip(batch, rows, strict=True):
        values[: len(row)] = row
    return batch


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
