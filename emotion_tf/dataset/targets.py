"""What a network is to answer, utterance by utterance."""

from collections.abc import Sequence

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError


def class_indices(config: Config, utterances: Sequence[Utterance], every: Sequence[Utterance] = ()) -> np.ndarray:
    """The class index (N,) int64 of each utterance; zeros where dimensions alone are learned.

    Args:
        config: Names the classes in their order.
        utterances: Those asked for.
        every: All utterances of the corpus, of whose labels the classes are made where the settings name none.

    Raises:
        EmotionTFError: If a label is none of the classes.
    """
    classes = class_names(config, every or utterances)
    # Without classes, all utterances are of one that has no name.
    places = {name: place for place, name in enumerate(classes or ("",))}
    strange = sorted({utterance.label for utterance in utterances} - places.keys())
    if strange:
        raise EmotionTFError(
            f"there is no class {', '.join(map(repr, strange))}",
            expected=f"one of {', '.join(classes)}" if classes else "no label, where dimensions alone are learned",
            fix="choose the labels of a corpus with emotion_tf.corpora.choose_labels",
        )
    return np.array([places[utterance.label] for utterance in utterances], np.int64)


Targets = np.ndarray | dict[str, np.ndarray]
"""What a network shall say: the classes, or a dict with the ratings under `dimensions`."""


def targets(config: Config, utterances: Sequence[Utterance]) -> Targets:
    """What the network shall say of all utterances of some records.

    One-hot labels (N, C) float32; with `labels.votes`, the shares of the votes where an utterance has any. With
    `labels.dimensions`, a dict of them under `probabilities`, and of the ratings (N, D) float32 under `dimensions`;
    without classes, of the ratings alone.
    """
    classes = class_names(config, utterances)
    rated = {"dimensions": ratings(config, utterances).astype(np.float32)} if config.labels.dimensions else {}
    if not classes:
        return rated
    answers = np.eye(len(classes), dtype=np.float32)[class_indices(config, utterances)]
    if config.labels.votes:
        shares = vote_shares(classes, utterances)
        answers = np.where(np.isnan(shares), answers, shares).astype(np.float32)
    return {"probabilities": answers, **rated} if rated else answers


def ratings(config: Config, utterances: Sequence[Utterance]) -> np.ndarray:
    """The ratings (N, D) float64 of `labels.dimensions`, NaN where one is missing.

    Args:
        config: Names the dimensions.
        utterances: Those asked for, as `emotion_tf.corpora.choose_labels` left them.

    Raises:
        EmotionTFError: If an utterance has ratings of other dimensions.
    """
    names = config.labels.dimensions or ()
    wrong = next((utterance for utterance in utterances if len(utterance.ratings) != len(names)), None)
    if wrong is not None and names:
        raise EmotionTFError(
            "the ratings do not fit labels.dimensions",
            expected=f"ratings of {', '.join(names)}",
            received=f"{len(wrong.ratings)} ratings of {wrong.id}",
            fix="choose the labels of a corpus with emotion_tf.corpora.choose_labels",
        )
    rows = [utterance.ratings[: len(names)] for utterance in utterances]
    return np.array(rows, np.float64).reshape(len(utterances), len(names))


def vote_shares(classes: Sequence[str], utterances: Sequence[Utterance]) -> np.ndarray:
    """The share of the votes (N, C) float64 that each class has of an utterance; NaN where it has no votes."""
    places = {name: place for place, name in enumerate(classes)}
    shares = np.full((len(utterances), len(classes)), np.nan)
    for row, utterance in enumerate(utterances):
        votes = [(places[name], number) for name, number in utterance.votes if name in places]
        if votes:
            shares[row] = 0.0
            for place, number in votes:
                shares[row, place] += number
            shares[row] /= shares[row].sum()
    return shares
