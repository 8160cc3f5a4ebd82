"""Conditions of sound: noise, rooms, telephones, codecs, levels and silence."""

import functools
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from emotion_tf.audio.decode.container import can_write_amr
from emotion_tf.audio.disturbances import Disturbance, conditions
from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.robustness.condition import Condition
from emotion_tf.robustness.trained_run import TrainedRun
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.arrays import pad_rows
from emotion_tf.utils.files import seed_of

logger = logging.getLogger(__name__)

BATCH_SIZE = 32

BABBLE_POOL = 48
"""Utterances of which the babble of a fold is made."""


def sound_conditions(run: TrainedRun) -> dict[str, Condition]:
    """The disturbances of `emotion_tf.audio.disturbances.conditions`, by name.

    The voices of the babble come from the other folds. Transcripts stay as they are.

    Raises:
        EmotionTFError: If the models of the run do not hear, or take speaker embeddings.
    """
    config = run.config
    if not config.model.hears or config.speaker.embeddings is not None:
        raise EmotionTFError(
            f"the models of {run.workdir} cannot be put under stress",
            expected="models that hear, and take no speaker embeddings, which would have to be disturbed as well",
            received=f"modality {config.model.modality}, speaker embeddings {config.speaker.embeddings}",
        )

    @functools.cache
    def disturbances(fold: int) -> dict[str, Disturbance]:
        others = [utterance for utterance in run.utterances if run.assignment[utterance.id] != fold]
        return conditions(_voices(others, config))

    def predict(name: str, fold: int, utterances: Sequence[Utterance]) -> np.ndarray:
        disturb = disturbances(fold)[name]
        return np.concatenate(list(_predict(*run.models[fold], config, utterances, disturb)))

    if not can_write_amr():
        logger.info("no conditions of AMR-NB: PyAV or its encoder is missing; pip install 'emotion-tf[video]'")
    return {name: Condition("sound", functools.partial(predict, name)) for name in conditions([])}


def _voices(utterances: Sequence[Utterance], config: Config) -> list[np.ndarray]:
    """Some utterances as waves, the same each time."""
    order = np.random.default_rng(config.training.seed).permutation(len(utterances))
    return [_read(utterances[index], config) for index in order[:BABBLE_POOL]]


def _read(utterance: Utterance, config: Config) -> np.ndarray:
    """The wave of an utterance of a model that hears."""
    if utterance.audio is None:
        raise EmotionTFError(f"utterance {utterance.id} has no audio", expected="the corpus of the run")
    return read_waveform(utterance.audio, config.features.sample_rate, utterance.start, utterance.end)


def _predict(
    model: keras.Model,
    vocabulary: Vocabulary | None,
    config: Config,
    utterances: Sequence[Utterance],
    disturb: Disturbance,
) -> Iterator[np.ndarray]:
    """Probabilities (B, 4) of one batch of disturbed utterances after the other."""

    def heard(utterance: Utterance) -> np.ndarray:
        # The same noise at every level, and at every call.
        generator = np.random.default_rng(seed_of(utterance.id))
        disturbed = disturb(_read(utterance, config), config.features.sample_rate, generator)
        return disturbed[: config.features.max_samples]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(utterances), BATCH_SIZE):
            batch = utterances[start : start + BATCH_SIZE]
            waves = list(pool.map(heard, batch))
            inputs = {"waveform": pad_rows(waves), "num_samples": np.array([len(wave) for wave in waves], np.int32)}
            if vocabulary is not None:
                texts = [item.transcript(config.words.context_turns) for item in batch]
                inputs["word_ids"] = pad_rows([vocabulary.encode(text, config.words.max_words) for text in texts])
            answer = model(inputs, training=False)
            yield np.asarray(answer["probabilities"] if isinstance(answer, dict) else answer)
