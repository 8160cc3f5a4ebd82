"""How fast features are made, beside librosa, and records, beside real time.

python benchmarks/front_end.py [--data-dir RAVDESS]

Features: MFCC with deltas and delta-deltas of 64 utterances, in one call here, and utterance by utterance in librosa,
in as many processes as there are cores; both give the same numbers. Records: all FLAC files of the corpus, read, heard
and written with their checksums, on all cores. Without RAVDESS the demo corpus is taken.
"""

import functools
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from side_by_side import Calls, print_rows, spread, take_turns

BATCH = 64
RATE = 16_000
TOLERANCE = 1e-3
"""Largest difference of a feature that is put down to rounding; features reach 600."""


def corpus(data_dir: Path | None):
    from emotion_tf import corpora

    return corpora.load("demo" if data_dir is None else "ravdess", data_dir).utterances


def waves(data_dir: Path | None) -> list[np.ndarray]:
    """Waves of utterances from all over the corpus."""
    from emotion_tf.audio.reader import read_waveform

    utterances = corpus(data_dir)
    return [read_waveform(item.audio, RATE) for item in utterances[:: len(utterances) // BATCH][:BATCH]]


def features(wave: np.ndarray) -> np.ndarray:
    """MFCC, deltas and delta-deltas (T, 96) by librosa."""
    power = librosa.feature.melspectrogram(
        y=wave, sr=RATE, n_fft=512, hop_length=160, win_length=400, window="hamming", n_mels=40
    )
    static = librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=None), n_mfcc=32)
    deltas = [librosa.feature.delta(static, order=order, mode="nearest") for order in (1, 2)]
    return np.concatenate([static, *deltas]).T


def by_librosa(data_dir: Path | None) -> Calls:
    # Each process keeps to one core.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    pool = multiprocessing.get_context("spawn").Pool(os.cpu_count())
    utterances = waves(data_dir)
    return {"librosa": lambda: pool.map(features, utterances, chunksize=1)}


def by_us(data_dir: Path | None) -> Calls:
    import tensorflow as tf

    from emotion_tf.frontend.spectral import acoustic_features
    from emotion_tf.recipes import preset

    config = preset("paper").override("model.modality=audio")
    utterances = waves(data_dir)
    lengths = np.array([len(wave) for wave in utterances], np.int32)
    batch = np.stack([np.pad(wave, (0, lengths.max() - len(wave))) for wave in utterances])
    hear = tf.function(lambda waveform, num_samples: acoustic_features(waveform, num_samples, config.features))
    found, mask = (tensor.numpy() for tensor in hear(batch, lengths))
    for wave, heard, counts in zip(utterances, found, mask, strict=True):
        difference = np.abs(heard[counts] - features(wave)[: config.features.max_frames]).max()
        if not difference <= TOLERANCE:  # Also catches NaN.
            raise RuntimeError(f"features differ from librosa's by {difference:g}")
    return {"features": lambda: hear(batch, lengths)[0].numpy()}


def as_prepare(data_dir: Path | None) -> Calls:
    """What `emotion-tf prepare` does."""
    from emotion_tf import dataset
    from emotion_tf.recipes import preset

    dataset.share_cores_by_utterance()
    config = preset("paper").override("model.modality=audio")
    everything = corpus(data_dir)

    def records() -> None:
        with tempfile.TemporaryDirectory() as folder:
            dataset.extract(everything, config, folder)

    return {"records": records}


def seconds_of(data_dir: Path | None) -> float:
    """How long the whole corpus lasts."""
    return sum(librosa.get_duration(path=item.audio) for item in corpus(data_dir))


def measure(rounds: int, data_dir: Path | None) -> list[dict[str, Any]]:
    ways = (by_us, as_prepare, by_librosa)
    seconds = take_turns([functools.partial(way, data_dir) for way in ways], rounds)
    real_time = seconds_of(data_dir) / seconds["records"] / os.cpu_count()
    return [
        {"figure": "features of a batch, librosa's time by ours", **spread(seconds["librosa"] / seconds["features"])},
        {"figure": "files to records, times real time per core", **spread(real_time, 0)},
    ]


def main(argv: Sequence[str] | None = None) -> int:
    return print_rows(measure, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
