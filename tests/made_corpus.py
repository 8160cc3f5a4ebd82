"""A corpus of hums that differ by emotion and speaker, each with a few words, for tests that need files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from made_waves import RATE, noise

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR

WORDS = {
    "angry": "get out now!",
    "happy": "so glad to see you today",
    "neutral": "the train leaves at nine",
    "sad": "i miss her",
}

TINY = Config().override(
    "features.mel_bands=8",
    "features.mfcc_coefficients=5",
    "features.deltas=0",
    "words.min_count=1",
    "words.embedding_width=6",
    "model.filters=4",
    "model.dense_units=8",
    "training.epochs=3",
    "training.batch_size=4",
    "training.learning_rate=0.01",
)
"""Settings with which a network of hums and words is trained in seconds."""


def write_hum(path: Path, label: str, seconds: float, seed: int) -> None:
    """Writes a 16-bit WAV whose pitch tells the emotion, under noise that tells the seed."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 150 * (1 + FOUR.index(label)) * (1 + 0.02 * seed % 0.2)
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch * time) + 0.2 * noise(len(time), seed), RATE)


def make_corpus(folder: Path, speakers: int, takes: int = 1, emotions: Sequence[str] = FOUR) -> Corpus:
    """Utterances of 0.2 seconds and more, no two of a speaker alike in length; `s0-angry-0` is the first."""
    folder.mkdir(parents=True, exist_ok=True)
    utterances = []
    for speaker in range(speakers):
        for take in range(takes):
            for place, label in enumerate(emotions):
                number = take * len(emotions) + place
                id = f"s{speaker}-{label}-{take}"
                write_hum(folder / f"{id}.wav", label, 0.2 + 0.03 * number, seed=speaker * 100 + number)
                utterances.append(
                    Utterance(id, folder / f"{id}.wav", 0.0, None, WORDS[label], label, speaker=f"s{speaker}")
                )
    return Corpus("made", "nobody", "none", False, tuple(utterances))
