"""What runs an artefact: the interface of all runtimes, and what they share. None of it needs TensorFlow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.utils.arrays import pad_rows

MAX_MODEL_BYTES = 2**29
"""Largest model that is loaded."""


class Runtime(Protocol):
    """Runs an artefact. Any number of threads may ask it at the same time."""

    bundle: ModelBundle
    """What the model was built with."""

    speaker_width: int | None
    """Numbers in the speaker embedding that the model takes; None if it takes none."""

    def outputs(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """What the model says of one utterance: the probabilities and then the dimensions, if it has any, (C + D,).

        Args:
            waveform: (N,) float32, if the model hears; None where there is no recording.
            transcript: The words, if it reads.
            speaker: (W,) float32 speaker embedding, if it takes one.
        """


class BatchRuntime:
    """What runtimes share that take utterances of any lengths at once."""

    def outputs(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """See `Runtime`."""
        return self.batch([waveform], [transcript], [speaker])[0]

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """Outputs (B, C + D) float32 of several utterances, of each what `outputs` takes."""
        raise NotImplementedError


def check_signature(
    path: Path,
    bundle: ModelBundle,
    inputs: Mapping[str, Sequence[int]],
    heard: list[str],
    read: list[str],
    outputs: Mapping[str, Sequence[int | None]],
) -> int | None:
    """Refuses an artefact whose inputs and outputs are not those that its own settings say.

    Args:
        path: The artefact.
        bundle: What it carries.
        inputs: The shapes of its inputs.
        heard: The inputs by which it hears, if it does.
        read: The inputs by which it reads, if it does.
        outputs: The shapes of its outputs.

    Returns:
        Its `speaker_width`.
    """
    model, speaker = bundle.config.model, bundle.config.speaker.embeddings
    expected = sorted(heard * model.hears + read * model.reads + ["speaker"] * (speaker is not None))
    if sorted(inputs) != expected:
        raise EmotionTFError(
            f"{path} is not the speech model that its settings describe",
            expected=f"the inputs {', '.join(expected)}",
            received=", ".join(sorted(inputs)) or "none of them",
        )
    for name, names in (("probabilities", bundle.labels), ("dimensions", bundle.config.labels.scales)):
        count = int(outputs[name][-1] or 0) if name in outputs else 0
        if count != len(names):
            raise EmotionTFError(
                f"the {'labels' if name == 'probabilities' else name} of {path} do not fit it",
                expected=f"{count}, one for each {'probability' if name == 'probabilities' else 'dimension'}",
                received=f"{len(names)}",
            )
    return int(inputs["speaker"][-1]) if "speaker" in inputs else None


def joined(outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Probabilities (B, C) and dimensions (B, D), if there are any, side by side."""
    parts = [np.asarray(outputs[name]) for name in ("probabilities", "dimensions") if name in outputs]
    return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def heard_inputs(waveforms: Sequence[np.ndarray | None], bundle: ModelBundle) -> dict[str, np.ndarray]:
    """The inputs `waveform` (B, N) and `num_samples` (B,) of waves (N,); nothing if the model does not hear."""
    if not bundle.config.model.hears:
        return {}
    waves = [np.zeros(0, np.float32) if waveform is None else waveform for waveform in waveforms]
    # No file takes a wave of no samples; zeros alone, too, say that there is none.
    return {"waveform": pad_rows(waves), "num_samples": np.array([len(wave) for wave in waves], np.int32)}


def read_inputs(transcripts: Sequence[str], bundle: ModelBundle) -> dict[str, np.ndarray]:
    """The input `word_ids` (B, M) of transcripts; nothing if the model does not read."""
    if bundle.vocabulary is None:
        return {}
    return {"word_ids": pad_rows([bundle.word_ids(transcript)["word_ids"][0] for transcript in transcripts])}


def speaker_inputs(speakers: Sequence[np.ndarray | None]) -> dict[str, np.ndarray]:
    """The input `speaker` (B, W) of speaker embeddings (W,); nothing without them."""
    known = [speaker for speaker in speakers if speaker is not None]
    return {"speaker": np.stack(known)} if known else {}


def first_line(error: Exception) -> str:
    """The first line of what an error says, without a full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".")
