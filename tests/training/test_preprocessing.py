import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset import Records
from emotion_tf.dataset.records import serialize
from emotion_tf.errors import EmotionTFError
from emotion_tf.training import fit_preprocessing
from emotion_tf.training.preprocessing import build_vocabulary

CONFIG = Config().override(
    "features.mel_bands=3", "features.mfcc_coefficients=3", "features.deltas=0", "model.modality=audio"
)
READS = CONFIG.override("model.modality=text", "words.min_count=2", "words.embedding_width=2")
TEXTS = ("so sad", "so glad", "so sad sad", "never never never", "sad times")


def make_records(path, frames, texts=TEXTS):
    """One record for each array of frames."""
    utterances = tuple(
        Utterance(f"u{number}", None, 0.0, None, text, "sad", "Ann")
        for number, (_, text) in enumerate(zip(frames, texts, strict=True))
    )
    with tf.io.TFRecordWriter(str(path)) as writer:
        for utterance, values in zip(utterances, frames, strict=True):
            writer.write(serialize(utterance, values))
    return Records((path,), (), utterances)


@pytest.fixture
def frames():
    """Features far from zero, so that sums of squares in float32 would be worthless."""
    rng = np.random.default_rng(0)
    return [
        rng.normal([-600, 0, 1000], [1, 30, 0.1], (length, 3)).astype(np.float32) for length in (400, 1, 37, 250, 90)
    ]


def test_mean_and_variance_of_the_training_frames(tmp_path, frames):
    records = make_records(tmp_path / "all", frames)
    fitted = fit_preprocessing(CONFIG, records, [records.utterances[place] for place in (3, 0, 1)])
    train = np.concatenate([frames[0], frames[1], frames[3]]).astype(np.float64)
    assert fitted.mean.dtype == fitted.variance.dtype == np.float32
    np.testing.assert_allclose(fitted.mean, train.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(fitted.variance, train.var(axis=0), rtol=1e-6)
    assert fitted.vocabulary is None and fitted.embeddings is None


def test_what_is_not_trained_on_changes_nothing(tmp_path, frames):
    records = make_records(tmp_path / "before", frames)
    others = [frames[0], frames[1], 3 * frames[2] + 7, frames[3], -frames[4]]
    texts = (TEXTS[0], TEXTS[1], "other", TEXTS[3], "words words words")
    changed = make_records(tmp_path / "after", others, texts)
    config = READS.override("model.modality=both")
    before, after = (
        fit_preprocessing(config, given, [given.utterances[place] for place in (0, 1, 3)])
        for given in (records, changed)
    )
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.variance, after.variance)
    assert before.vocabulary.words == after.vocabulary.words == ("", "[UNK]", "never", "so")


def test_augmented_waves_do_not_count(tmp_path, frames):
    records = make_records(tmp_path / "clean", frames)
    loud = make_records(tmp_path / "loud", [10 * values for values in frames])
    both = dataclasses.replace(records, augmented=(loud.clean,))
    np.testing.assert_array_equal(
        fit_preprocessing(CONFIG, both, both.utterances).mean,
        fit_preprocessing(CONFIG, records, records.utterances).mean,
    )


def test_constant_feature_and_utterance_without_frames(tmp_path, frames):
    for values in frames:
        values[:, 1] = -100
    frames[2] = frames[2][:0]
    records = make_records(tmp_path / "all", frames)
    fitted = fit_preprocessing(CONFIG, records, records.utterances)
    assert fitted.mean[1] == -100 and fitted.variance[1] == 1
    assert 0.009 < fitted.variance[2] < 0.011


def test_vocabulary_of_the_training_part(tmp_path):
    records = make_records(tmp_path / "all", [np.zeros((0, 3))] * 5)
    fitted = fit_preprocessing(READS, records, records.utterances[:3])
    assert fitted.vocabulary.words == ("", "[UNK]", "sad", "so")
    assert fitted.embeddings is None and not len(fitted.mean)


VECTORS = "the 1 2\nsad 3 5\nzebra 5 6\nnever 7 7\n"


@pytest.mark.parametrize(
    ("trainable", "size", "vocabulary", "rows"),
    [
        # The unknown word, and words without a vector, take the mean of those of the vocabulary.
        (True, 100, ("sad", "so"), [[3, 5], [3, 5], [3, 5]]),
        (False, 100, ("sad", "so", "the", "zebra", "never"), [[4, 5], [3, 5], [4, 5], [1, 2], [5, 6], [7, 7]]),
        (False, 5, ("sad", "so", "the"), [[2, 3.5], [3, 5], [2, 3.5], [1, 2]]),
    ],
    ids=["fine-tuned", "frozen", "frozen and small"],
)
def test_word_vectors(tmp_path, trainable, size, vocabulary, rows):
    (tmp_path / "vectors.txt").write_text(VECTORS)
    config = READS.override(
        f"words.word_vectors={tmp_path / 'vectors.txt'}",
        f"words.trainable={str(trainable).lower()}",
        f"words.vocabulary_size={size}",
    )
    records = make_records(tmp_path / "all", [np.zeros((0, 3))] * 5)
    fitted = fit_preprocessing(config, records, records.utterances[:3])
    assert fitted.vocabulary.words == ("", "[UNK]", *vocabulary)
    np.testing.assert_allclose(fitted.embeddings, [[0, 0], *rows], rtol=1e-6)


def test_word_vectors_of_a_given_size(tmp_path):
    (tmp_path / "vectors.txt").write_text(VECTORS)
    config = READS.override(f"words.word_vectors={tmp_path / 'vectors.txt'}", "words.trainable=true")
    records = make_records(tmp_path / "all", [np.zeros((0, 3))] * 5)
    raw = fit_preprocessing(config, records, records.utterances[:3]).embeddings
    scaled = fit_preprocessing(config.override("words.vectors_rms=0.05"), records, records.utterances[:3]).embeddings
    assert np.sqrt(np.mean(scaled.astype(np.float64) ** 2)) == pytest.approx(0.05)
    np.testing.assert_allclose(scaled * raw[2, 0] / scaled[2, 0], raw, rtol=1e-6)


def test_subwords_of_the_vocabulary(tmp_path):
    records = make_records(
        tmp_path / "all", [np.zeros((0, 3))] * 5, ("hate hate", "hated hater hated hater", *TEXTS[2:])
    )
    assert fit_preprocessing(READS, records, records.utterances[:2]).subwords is None
    fitted = fit_preprocessing(READS.override("words.subwords=true"), records, records.utterances[:2])
    assert fitted.vocabulary.words[2:] == ("hate", "hated", "hater")
    # Common to all: <ha, hat, ate, <hat, hate, <hate.
    np.testing.assert_array_equal(fitted.subwords, [[0] * 6, [0] * 6, *[[1, 2, 3, 4, 5, 6]] * 3])


def test_prior_of_the_emotions(tmp_path, frames):
    """All five are sad, and nothing is impossible; where classes weigh alike, none is likelier."""
    records = make_records(tmp_path / "all", frames)
    config = CONFIG.override('labels.classes=["angry", "happy", "neutral", "sad"]')
    preprocessing = fit_preprocessing(config, records, records.utterances)
    assert preprocessing.labels == ("angry", "happy", "neutral", "sad")
    prior = np.exp(preprocessing.log_prior)
    np.testing.assert_allclose(prior, np.array([1, 1, 1, 6]) / 9, rtol=1e-6)
    balanced = fit_preprocessing(config.override("training.class_weights=balanced"), records, records.utterances)
    np.testing.assert_array_equal(balanced.log_prior, np.zeros(4))


def test_corpus_without_a_word_is_refused():
    utterances = [
        Utterance(f"u{number}", None, 0.0, None, text, "sad", "Ann") for number, text in enumerate(("...", "—"))
    ]
    with pytest.raises(
        EmotionTFError, match="no transcript of the training part holds a word; .*received 2 transcripts"
    ):
        build_vocabulary(Config(), utterances)
