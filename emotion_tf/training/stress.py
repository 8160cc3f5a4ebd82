"""The networks of a run under stress: noise, rooms, telephones, codecs, levels and silence."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tf.audio.disturbances import Disturbance, conditions
from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import evaluate_stress
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training.conditions import predict_under, tested_by_fold
from emotion_tf.training.testing import load_fold, predictions_of, read_run_of
from emotion_tf.training.workdir import claim
from emotion_tf.utils.files import digest

BATCH_SIZE = 32

BABBLE_POOL = 48
"""Utterances of which the babble of a fold is made."""


def stress(
    workdir: str | Path, corpus: Corpus, out: str | Path, report: Callable[[str], None] = print
) -> dict[str, Any]:
    """Tests the networks of a run on disturbed audio, each on the fold that it was tested on.

    The disturbances are those of `emotion_tf.audio.disturbances.conditions`; the voices of the babble come from the
    other folds. Transcripts stay as they are. A call that was stopped goes on with the condition at which it stopped.

    Args:
        workdir: The run's folder.
        corpus: The corpus of the run.
        out: The folder that gets `config.json`, `predictions/CONDITION.csv`, `stress.json` and `report.html`.
        report: Called with lines of progress.

    Returns:
        The content of `stress.json`; see `emotion_tf.evaluation.evaluate_stress`.

    Raises:
        EmotionTFError: If `workdir` holds no finished run, or one of another corpus, of a model that does not hear, or
            of one that takes speaker embeddings; if audio cannot be read; or if `out` holds something else.
    """
    workdir, out = Path(workdir), Path(out)
    run = read_run_of(corpus, workdir)
    corpus, config = choose_labels(corpus, Config.from_dict(run["settings"]))
    if not config.model.hears or config.speaker.embeddings is not None:
        raise EmotionTFError(
            f"the models of {workdir} cannot be put under stress",
            expected="models that hear, and take no speaker embeddings, which would have to be disturbed as well",
            received=f"modality {config.model.modality}, speaker embeddings {config.speaker.embeddings}",
        )
    utterances, tested = tested_by_fold(workdir, corpus)
    models = {number: load_fold(workdir, number) for number in tested}
    voices = {}
    for number, own in tested.items():
        ids = {utterance.id for utterance in own}
        voices[number] = _voices([utterance for utterance in utterances if utterance.id not in ids], config)
    names = list(conditions([]))
    notes = [*run["notes"], "Audio was disturbed; transcripts, where the model reads, were not."]
    claim(out, {**run, "transcripts": corpus.transcripts, "notes": notes, "conditions": names})

    def predict(name: str, number: int, utterances: Sequence[Utterance]) -> Predictions:
        disturbance = conditions(voices[number])[name]
        probabilities = np.concatenate(list(_predict(*models[number], config, utterances, disturbance)))
        return predictions_of(utterances, number, probabilities)

    predict_under(names, tested, predict, out, report)
    return evaluate_stress(out)


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
        generator = np.random.default_rng(int(digest(utterance.id)[:8], 16))
        disturbed = disturb(_read(utterance, config), config.features.sample_rate, generator)
        return disturbed[: config.features.max_samples]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(utterances), BATCH_SIZE):
            batch = utterances[start : start + BATCH_SIZE]
            waves = list(pool.map(heard, batch))
            inputs = {"waveform": _padded(waves), "num_samples": np.array([len(wave) for wave in waves], np.int32)}
            if vocabulary is not None:
                inputs["word_ids"] = _padded([vocabulary.encode(item.text, config.words.max_words) for item in batch])
            yield np.asarray(model(inputs, training=False))


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of different lengths as one array, zeros behind each."""
    return keras.utils.pad_sequences(rows, dtype=rows[0].dtype, padding="post")
