"""Embeddings that words share with others that are spelled alike."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class SubwordEmbedding(keras.layers.Layer):
    """Embeds a word as the sum of the vectors of the letter n-grams in it.

    Beside the vectors of whole words, these let rare words learn from frequent ones that are spelled alike. The sum is
    divided by the square root of the number of n-grams, so that long words get vectors about as large as short ones.

    Which n-grams a word has is a weight that is not trained, `members` (V, K), whose zeros stand for no n-gram. It is
    assigned once the layer is built, and saved with the others.

    Mask: id 0 is padding and masked.

    Args:
        num_words: Size of the vocabulary, V, padding among it.
        num_subwords: Number of n-grams and one, since their ids count from 1.
        max_subwords: Most n-grams that a word has, K.
        width: Width of the embeddings, E.

    Call arguments:
        inputs: Word ids (B, M) int32.

    Returns:
        (B, M, E).

    Example:

    >>> layer = SubwordEmbedding(num_words=4, num_subwords=3, max_subwords=2, width=300)
    >>> layer(keras.ops.convert_to_tensor([[3, 2, 0]])).shape
    TensorShape([1, 3, 300])

    Reference:
        Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017.
    """

    def __init__(self, num_words: int, num_subwords: int, max_subwords: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_words = num_words
        self.num_subwords = num_subwords
        self.max_subwords = max_subwords
        self.width = width
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes the vectors of the n-grams, and `members`."""
        self.embeddings = self.add_weight(
            shape=(self.num_subwords, self.width), initializer="random_uniform", name="embeddings"
        )
        self.members = self.add_weight(
            shape=(self.num_words, self.max_subwords),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            name="members",
        )

    def call(self, inputs: Any) -> Any:
        """Adds up the vectors of each word's n-grams."""
        members = keras.ops.take(self.members, inputs, axis=0)  # (B, M, K)
        present = keras.ops.cast(members > 0, self.compute_dtype)
        count = keras.ops.maximum(keras.ops.sum(present, axis=-1, keepdims=True), 1)
        vectors = keras.ops.take(self.embeddings, members, axis=0)  # (B, M, K, E)
        return keras.ops.sum(vectors * keras.ops.expand_dims(present, -1), axis=2) / keras.ops.sqrt(count)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where there is a word."""
        return keras.ops.not_equal(inputs, 0)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, M, E) from (B, M)."""
        return (*input_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_words": self.num_words,
            "num_subwords": self.num_subwords,
            "max_subwords": self.max_subwords,
            "width": self.width,
        }
