"""The speaker embeddings of a corpus: read from a file, or computed once and kept."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings, write_speaker_embeddings
from emotion_tf.audio.speaker.encoder import SAMPLE_RATE, SpeakerEncoder
from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.records import cache_key, corpus_hash
from emotion_tf.utils.progress import track


def speaker_embeddings(utterances: Sequence[Utterance], config: Config, folder: Path) -> np.ndarray | None:
    """The speaker embeddings that the settings want.

    Args:
        utterances: The utterances, all of them with audio that can be read.
        config: Says where the embeddings come from.
        folder: Where those that are computed are kept from run to run.

    Returns:
        (N, W) float32, or None where the settings want none.

    Raises:
        EmotionTFError: If the file of the embeddings cannot be read or lacks an utterance, or the weights of the
            speaker encoder are not installed.
    """
    source = config.speaker.embeddings
    if source is None:
        return None
    ids = [utterance.id for utterance in utterances]
    if source != "ge2e":
        return read_speaker_embeddings(source, ids)
    # What is said, or was understood, does not change the voice.
    voices = [dataclasses.replace(utterance, text="") for utterance in utterances]
    path = folder / cache_key(corpus_hash(voices), "ge2e") / "speakers.npz"
    if not path.exists():
        encoder = SpeakerEncoder()
        embeddings = [
            # An utterance without audio was refused when the features were made.
            encoder(read_waveform(cast(Path, utterance.audio), SAMPLE_RATE, utterance.start, utterance.end))
            for utterance in track(utterances, "speaker embeddings of utterances")
        ]
        write_speaker_embeddings(path, ids, np.stack(embeddings))
    return read_speaker_embeddings(path, ids)
