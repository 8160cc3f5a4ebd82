"""TF-IDF with logistic regression against scikit-learn's."""

import importlib

import numpy as np
import pytest
import tensorflow as tf
from checks import check_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from small_models import fitted_for, small

from emotion_tf.errors import EmotionTFError
from emotion_tf.models import build

# The package has a function of the module's name.
tfidf = importlib.import_module("emotion_tf.models.tfidf")

CONFIG = small("name=tfidf", "modality=text").override("training.class_weights=balanced")
FITTED = fitted_for(CONFIG)


@pytest.fixture(autouse=True)
def small_table(monkeypatch):
    monkeypatch.setattr(tfidf, "PAIRS", 5003)


def sentences(labels, seed):
    """Word ids (N, 8), padded, that go with their class, not without overlap."""
    rng = np.random.default_rng(seed)
    words = np.zeros((len(labels), 8), "int32")
    for row, label in enumerate(labels):
        length = rng.integers(1, 9)
        words[row, :length] = 2 + (4 * label + rng.integers(0, 9, length)) % 18
    return words


def batches(words, labels):
    return tf.data.Dataset.from_tensor_slices(({"word_ids": words}, np.eye(4, dtype="float32")[labels])).batch(16)


def texts(words):
    return [" ".join(f"word{number}" for number in row if number) for row in words]


def test_contract():
    check_model(CONFIG, FITTED)


@pytest.mark.parametrize("present", [(0, 1, 2, 3), (1, 3)], ids=["four classes", "two classes"])
def test_probabilities_are_those_of_scikit_learn(present):
    labels, asked = np.resize(present, 90), np.resize(present, 20)
    labels[:20] = present[0]
    words, others = sentences(labels, 0), sentences(asked, 1)
    network, data = build(CONFIG, FITTED), batches(words, labels)
    tfidf.fit(network, data, data, data, ["Ann"] * 90, CONFIG.training)

    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(class_weight="balanced", max_iter=1000)
    ).fit(texts(words), labels)
    found = network.predict(batches(others, asked), verbose=0)
    np.testing.assert_allclose(found[:, present], pipeline.predict_proba(texts(others)), rtol=0, atol=2e-4)
    assert np.delete(found, present, axis=1).max(initial=0) < 1e-6
    assert np.ptp(found, axis=0).max() > 0.1


def test_one_class_cannot_be_separated():
    labels = np.full(8, 2)
    data = batches(sentences(labels, 0), labels)
    with pytest.raises(EmotionTFError, match="nothing to separate"):
        tfidf.fit(build(CONFIG, FITTED), data, data, data, ["Ann"] * 8, CONFIG.training)
