"""TF-IDF weights and logistic regression: the yardstick of models that read."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from emotion_tf.config import Config, TrainingConfig
from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import NGramWeights, SparseDense
from emotion_tf.models.blocks import Encoding, text_input
from emotion_tf.models.preprocessing import Preprocessing
from emotion_tf.text.vocabulary import SPECIAL_WORDS

PAIRS = 2**18
"""Rows that pairs of words share: MELD and GoEmotions have some 60,000 pairs in their training parts."""

NEVER = -20.0
"""Logit of a class that the training part lacks."""


def tfidf(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Words and pairs of words by TF-IDF, and logistic regression over them.

    `fit` counts document frequencies and finds the coefficients with scikit-learn: C = 1, balanced classes if
    `training.class_weights` says so. The result is a network like any other, and is exported as such.

    Args:
        config: The settings; those of `config.model` do not matter.
        preprocessing: Vocabulary.

    Returns:
        The input `word_ids` (B, M) int32, padded with zeros; and rows and weights of the n-grams, which `classify`
        gets.
    """
    if preprocessing.vocabulary is None:
        raise EmotionTFError("a model that reads needs a vocabulary", fix="Preprocessing(vocabulary=Vocabulary(...))")
    word_ids = text_input()
    return {"word_ids": word_ids}, list(NGramWeights(len(preprocessing.vocabulary), PAIRS, name="n_grams")(word_ids))


def classify(vectors: list[Any], config: Config, preprocessing: Preprocessing) -> Any:
    """Probabilities (B, C) float32: a linear function of the weights of the n-grams."""
    rows, weights = vectors
    size = len(preprocessing.vocabulary or ()) + PAIRS
    logits = SparseDense(size, len(preprocessing.labels), name="logits")(rows, weights)
    return keras.layers.Softmax(dtype="float32", name="probabilities")(logits)


def fit(
    network: keras.Model,
    train: tf.data.Dataset,
    dev: tf.data.Dataset,
    plain: tf.data.Dataset,
    speakers: Sequence[str],
    training: TrainingConfig,
) -> None:
    """Counts document frequencies and finds the coefficients of the logistic regression.

    Args:
        network: A network that `build` made of `tfidf`; its weights are set.
        train: Batches of the training part, once.
        dev: Batches of the dev part; not used.
        plain: Batches of the training part, not augmented; not used.
        speakers: The speaker of each utterance of `plain`; not used.
        training: Gives the seed, and whether classes are balanced.

    Raises:
        EmotionTFError: If the training part has one class alone.
    """
    n_grams, output = network.get_layer("n_grams"), network.get_layer("logits")
    counts, classes = _count(n_grams, train)
    if len(set(classes)) < 2:
        raise EmotionTFError("nothing to separate in the training part", expected="two emotions or more")
    # Row 0, of padding and of what is not known, is not counted.
    used = np.setdiff1d(counts.indices, range(len(SPECIAL_WORDS)))
    counts = counts[:, used]
    weigher = TfidfTransformer().fit(counts)
    idf = np.zeros(n_grams.idf.shape)  # What training never saw weighs nothing.
    idf[used] = weigher.idf_
    n_grams.idf.assign(idf)
    balance = "balanced" if training.class_weights == "balanced" else None
    regression = LogisticRegression(C=1.0, class_weight=balance, max_iter=1000, random_state=training.seed)
    regression.fit(weigher.transform(counts), classes)
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:
        # One logit tells the second class from the first.
        coefficients, intercepts = (np.concatenate([-side, side]) / 2 for side in (coefficients, intercepts))
    kernel, bias = np.zeros(output.kernel.shape), np.full(output.bias.shape, NEVER)
    kernel[np.ix_(used, regression.classes_)] = coefficients.T
    bias[regression.classes_] = intercepts
    output.set_weights([kernel, bias])


def _count(n_grams: NGramWeights, batches: tf.data.Dataset) -> tuple[csr_matrix, np.ndarray]:
    """How often each n-gram occurs in each transcript (N, V + H), and the classes (N,)."""
    places, rows, classes, count = [], [], [], 0
    for inputs, labels in batches:
        found = np.concatenate(n_grams.rows(inputs["word_ids"]), axis=1)
        places.append(found[found > 0])
        rows.append(count + np.nonzero(found)[0])
        classes.append(labels.numpy().argmax(axis=1))
        count += len(found)
    truth, row, place = np.concatenate(classes), np.concatenate(rows), np.concatenate(places)
    shape = (len(truth), n_grams.num_words + n_grams.num_pairs)
    return csr_matrix((np.ones(len(place)), (row, place)), shape=shape), truth
