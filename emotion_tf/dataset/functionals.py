"""openSMILE's functionals of a corpus: one vector an utterance, computed once and kept."""

import dataclasses
import importlib.util
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.records import cache_key, corpus_hash
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.child_process import run_apart
from emotion_tf.utils.files import replacing, write_json
from emotion_tf.utils.progress import tracking

logger = logging.getLogger(__name__)

AT_ONCE = 256
"""Utterances of one process, after which progress is shown."""


def functionals(
    utterances: Sequence[Utterance], feature_set: str, sample_rate: int, folder: Path, skip_bad: bool = False
) -> tuple[tuple[Utterance, ...], np.ndarray]:
    """Computes the functionals of a corpus, or finds those that an earlier call made of the same files.

    Args:
        utterances: The utterances.
        feature_set: A feature set of the package opensmile: `ComParE_2016` (6,373 numbers) or `eGeMAPSv02` (88).
        sample_rate: Rate at which the recordings are heard, in hertz.
        folder: Where functionals are kept from run to run.
        skip_bad: Leave out utterances whose audio cannot be read, and list them, instead of raising at the first.

    Returns:
        The utterances that could be read, and their functionals (N, W) float32. Numbers that are not finite, as of a
        recording without a voiced frame, are zero.

    Raises:
        EmotionTFError: If opensmile is not installed, or audio is missing or cannot be read.

    Reference:
        Eyben, Wöllmer and Schuller, "openSMILE: the Munich versatile and fast open-source audio feature extractor", ACM
        Multimedia 2010.
    """
    # What is said does not change the sound.
    voices = [dataclasses.replace(utterance, text="") for utterance in utterances]
    path = folder / cache_key(corpus_hash(voices), [feature_set, sample_rate]) / "functionals.npz"
    if not path.exists():
        values, errors = _compute(utterances, feature_set, sample_rate)
        with replacing(path) as temporary:
            np.savez(temporary, values=values, errors=errors)
    with np.load(path, allow_pickle=False) as content:
        values, errors = content["values"], content["errors"]
    skipped = [error for error in errors if error]
    if skipped and not skip_bad:
        # The file may be mended without a change of size and time.
        path.unlink()
        raise EmotionTFError(skipped[0])
    if skipped:
        listing = "".join(f"\n  {reason}" for reason in skipped)
        logger.warning("%d of %d utterances are skipped:%s", len(skipped), len(utterances), listing)
    good = errors == ""
    if not good.any():
        raise EmotionTFError("no utterance is left", expected="at least one readable audio file")
    return tuple(item for item, heard in zip(utterances, good, strict=True) if heard), values[good]


def _compute(utterances: Sequence[Utterance], feature_set: str, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """The functionals (N, W), and why some are missing."""
    if importlib.util.find_spec("opensmile") is None:
        raise EmotionTFError(
            "openSMILE's functionals need the package opensmile",
            expected="it to be installed; its licence allows research and private use",
            fix="pip install 'emotion-tf[baselines]'",
        )
    silent = next((utterance for utterance in utterances if utterance.audio is None), None)
    if silent is not None:
        raise EmotionTFError(f"utterance {silent.id} has no audio", expected="an audio file for every utterance")
    found = []
    with tempfile.TemporaryDirectory() as room, tracking("functionals of utterances", len(utterances)) as advance:
        job, out = Path(room, "job.json"), Path(room, "out.npz")
        for start in range(0, len(utterances), AT_ONCE):
            part = utterances[start : start + AT_ONCE]
            stretches = [[utterance.file, utterance.start, utterance.end] for utterance in part]
            write_json(job, {"feature_set": feature_set, "sample_rate": sample_rate, "stretches": stretches})
            run_apart("emotion_tf.audio.functionals", job, out)
            with np.load(out, allow_pickle=False) as content:
                found.append((content["values"], content["errors"]))
            advance(len(part))
    values, errors = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return values, errors
