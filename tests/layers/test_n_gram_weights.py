import keras
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from emotion_tf.layers import NGramWeights

SENTENCES = ["w2 w3 w2 w4 w2 w3", "w5", "w4 w4", "w9 w2 w3 w7 w8"]
WORDS, PAIRS = 10, 1000


def ids(sentence: str, length: int = 9, before: int = 0) -> list[int]:
    found = [int(word[1:]) for word in sentence.split()]
    return [0] * before + found + [0] * (length - before - len(found))


def made() -> tuple[NGramWeights, TfidfVectorizer]:
    """A layer with the frequencies of scikit-learn."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+").fit(SENTENCES)
    layer = NGramWeights(WORDS, PAIRS)
    layer.build((None, None))
    idf = np.zeros(WORDS + PAIRS)
    for n_gram, column in vectorizer.vocabulary_.items():
        idf[row_of(layer, n_gram)] = vectorizer.idf_[column]
    layer.idf.assign(idf)
    return layer, vectorizer


def row_of(layer: NGramWeights, n_gram: str) -> int:
    words, pairs = layer.rows(np.array([ids(n_gram, 2)], "int32"))
    return int(pairs[0, 0]) if " " in n_gram else int(words[0, 0])


@pytest.mark.parametrize("before", [0, 3])
def test_weights_are_those_of_scikit_learn(before):
    layer, vectorizer = made()
    rows, weights = layer(np.array([ids(sentence, before=before) for sentence in SENTENCES], "int32"))
    expected = vectorizer.transform(SENTENCES).toarray()
    assert len({row_of(layer, n_gram) for n_gram in vectorizer.vocabulary_}) == len(vectorizer.vocabulary_)
    for sentence in range(len(SENTENCES)):
        total = np.bincount(rows[sentence], weights[sentence], WORDS + PAIRS)
        for n_gram, column in vectorizer.vocabulary_.items():
            assert total[row_of(layer, n_gram)] == pytest.approx(expected[sentence, column], abs=1e-6)
        assert total.sum() == pytest.approx(expected[sentence].sum(), abs=1e-5)


def test_unknown_words_and_padding_weigh_nothing():
    layer, _ = made()
    # 1 is the unknown word: what stands beside it is no pair.
    _, weights = layer(np.array([[1, 1, 0, 0], [0, 0, 0, 0], [2, 1, 3, 0]], "int32"))
    np.testing.assert_array_equal(weights[:2], 0)
    np.testing.assert_array_equal(weights[2, 4:], 0)
    assert layer(np.array([[2]], "int32"))[1].numpy().tolist() == [[1.0]]


def test_pairs_of_a_large_vocabulary_have_rows_of_the_table():
    layer = NGramWeights(100_000, 50)
    words, pairs = layer.rows(np.array([[99_999, 99_998, 99_999, 2]], "int32"))
    assert words.numpy().tolist() == [[99_999, 99_998, 99_999, 2]]
    assert ((pairs.numpy() >= 100_000) & (pairs.numpy() < 100_050)).all()


def test_saved_whole(tmp_path):
    layer, _ = made()
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, list(layer(inputs)))
    assert [output.shape for output in model.outputs] == [(None, None), (None, None)]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    words = np.array([ids(sentence) for sentence in SENTENCES], "int32")
    for found, expected in zip(loaded(words), model(words), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert loaded.layers[-1].get_config() == layer.get_config()
