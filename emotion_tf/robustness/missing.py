"""Conditions of a missing modality: the recording or the words that an utterance lacks."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import inner_network
from emotion_tf.robustness.condition import Condition
from emotion_tf.robustness.trained_run import TrainedRun
from emotion_tf.training.predict import INPUTS, Modality, predict


def missing_conditions(run: TrainedRun) -> dict[str, Condition]:
    """`complete`, `without-audio` and `without-words`.

    Raises:
        EmotionTFError: If the models of the run do not both hear and read.
    """
    check_both(run.workdir, run.config, "audio or words")

    def probabilities(without: Modality | None, fold: int, utterances: Sequence[Utterance]) -> np.ndarray:
        model, vocabulary = run.models[fold]
        found = predict(inner_network(model), run.records, run.config, utterances, vocabulary, fold, without)
        return found.probabilities

    left_out: dict[str, Modality | None] = {"complete": None, **{f"without-{name}": name for name in INPUTS}}
    return {name: Condition("missing", functools.partial(probabilities, without)) for name, without in left_out.items()}


def check_both(workdir: Path, config: Config, without: str) -> None:
    """Makes sure that the models of a run both hear and read, so that one of the two may be missing.

    Raises:
        EmotionTFError: If they do not.
    """
    if config.model.modality != "both":
        raise EmotionTFError(
            f"the models of {workdir} cannot be tested without {without}",
            expected="models that hear and read",
            received=f"modality {config.model.modality}",
        )
