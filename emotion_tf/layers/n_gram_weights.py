"""TF-IDF weights of words and of pairs of words."""

from typing import Any

import keras

from emotion_tf.text.vocabulary import SPECIAL_WORDS

LARGEST = 2**31 - 1


@keras.saving.register_keras_serializable(package="emotion_tf")
class NGramWeights(keras.layers.Layer):
    """Finds the words and pairs of neighbouring words of a transcript, and weighs them by TF-IDF.

    Each word has a row of its own in a table. Pairs share `num_pairs` further rows by a hash, so that no table has to
    be searched, which TFLite could not do; two pairs seldom meet in one row. Padding, unknown words, and pairs with
    either, weigh nothing. The weights of a transcript are divided by their Euclidean length, as scikit-learn's
    `TfidfTransformer` does it. All is computed in float32.

    The inverse document frequencies are a weight that is not trained, `idf`, one a row. They are assigned once they are
    counted, and saved with the others.

    Mask: id 0 is padding, wherever it stands.

    Args:
        num_words: Size of the vocabulary, V, padding and the unknown word among it.
        num_pairs: Rows that pairs of words share, H.

    Call arguments:
        inputs: Word ids (B, M) int32.

    Returns:
        Rows (B, 2M - 1) int32 from 0 to V + H - 1, first those of words, then those of pairs; and weights (B, 2M - 1)
        float32. Where an n-gram occurs several times, each time has its weight, and the weights add up.

    Example:

    >>> rows, weights = NGramWeights(num_words=10, num_pairs=100)(keras.ops.convert_to_tensor([[4, 7, 0]]))
    >>> rows.shape, round(float(keras.ops.sum(weights**2)), 4)
    (TensorShape([1, 5]), 1.0)

    Reference:
        Salton and Buckley, "Term-weighting approaches in automatic text retrieval", Information Processing and
        Management 24(5), 1988.
    """

    def __init__(self, num_words: int, num_pairs: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_words = num_words
        self.num_pairs = num_pairs

    def build(self, input_shape: Any) -> None:
        """Makes `idf`, all ones."""
        self.idf = self.add_weight(
            shape=(self.num_words + self.num_pairs,), dtype="float32", initializer="ones", trainable=False, name="idf"
        )

    def rows(self, word_ids: Any) -> tuple[Any, Any]:
        """Rows (B, M) of words and (B, M - 1) of pairs, 0 where there is none."""
        word_ids = keras.ops.cast(word_ids, "int32")
        known = word_ids >= len(SPECIAL_WORDS)
        words = keras.ops.where(known, word_ids, 0)
        first, second = words[:, :-1], words[:, 1:]
        # The product stays below 2^31.
        stride = min(self.num_words, LARGEST // self.num_words - 1)
        pairs = self.num_words + keras.ops.mod(first * stride + second, self.num_pairs)
        return words, keras.ops.where(known[:, :-1] & known[:, 1:], pairs, 0)

    def call(self, inputs: Any) -> tuple[Any, Any]:
        """Looks rows up and weighs them."""
        rows = self.rows(inputs)
        weights, squares = [], []
        for of_kind in rows:
            idf = keras.ops.take(self.idf, of_kind, axis=0) * keras.ops.cast(of_kind > 0, "float32")
            # (B, N): how often the n-gram at each position occurs. Over its n occurrences, n idf² is n² idf² in all.
            alike = keras.ops.equal(of_kind[:, :, None], of_kind[:, None, :])
            times = keras.ops.sum(keras.ops.cast(alike, "float32"), axis=2)
            weights.append(idf)
            squares.append(keras.ops.sum(idf * idf * times, axis=1, keepdims=True))
        length = keras.ops.sqrt(keras.ops.maximum(squares[0] + squares[1], 1e-12))  # (B, 1)
        return keras.ops.concatenate(rows, axis=1), keras.ops.concatenate(weights, axis=1) / length

    def compute_output_spec(self, inputs: Any) -> tuple[Any, Any]:
        """Rows and weights (B, 2M - 1) from (B, M)."""
        batch, words = inputs.shape
        shape = (batch, None if words is None else 2 * words - 1)
        return keras.KerasTensor(shape, dtype="int32"), keras.KerasTensor(shape, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "num_words": self.num_words, "num_pairs": self.num_pairs}
