"""What a network is to answer, utterance by utterance."""

from collections.abc import Sequence

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError


def class_indices(config: Config, utterances: Sequence[Utterance], every: Sequence[Utterance] = ()) -> np.ndarray:
    """The class index (N,) int64 of each utterance.

    Args:
        config: Names the classes in their order.
        utterances: Those asked for.
        every: All utterances of the corpus, of whose labels the classes are made where the settings name none.

    Raises:
        EmotionTFError: If a label is none of the classes.
    """
    classes = class_names(config, every or utterances)
    places = {name: place for place, name in enumerate(classes)}
    strange = sorted({utterance.label for utterance in utterances} - places.keys())
    if strange:
        raise EmotionTFError(
            f"there is no class {', '.join(map(repr, strange))}",
            expected=f"one of {', '.join(classes)}",
            fix="choose the labels of a corpus with emotion_tf.corpora.choose_labels",
        )
    return np.array([places[utterance.label] for utterance in utterances], np.int64)


def targets(config: Config, utterances: Sequence[Utterance]) -> np.ndarray:
    """One-hot labels (N, C) float32 of all utterances of some records."""
    classes = class_names(config, utterances)
    return np.eye(len(classes), dtype=np.float32)[class_indices(config, utterances)]
