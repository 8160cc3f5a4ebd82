"""From a transcript to word ids inside a TensorFlow graph, as `tokenizer` and `vocabulary` do it in Python."""

from pathlib import Path

import tensorflow as tf

from emotion_tf.text.graph_normalization import normalize_graph
from emotion_tf.text.tokenizer import STEPS
from emotion_tf.text.vocabulary import PADDING, PADDING_LINE, UNKNOWN, Vocabulary
from emotion_tf.utils.files import write_text


def tokenize_graph(texts: tf.Tensor) -> tf.RaggedTensor:
    """`tokenize` for a batch of transcripts, in core TensorFlow ops.

    Args:
        texts: (B,) strings in UTF-8. Bytes that are not UTF-8 part words.

    Returns:
        (B, None) strings, the tokens.

    Example:

    >>> tokenize_graph(tf.constant(["Don't go!", ""])).to_list()
    [[b'do', b'not', b'go', b'!'], []]
    """
    for step in STEPS:
        if step[0] == "replace":
            texts = tf.strings.regex_replace(texts, step[1], step[2])
        elif step[0] == "normalize":
            texts = normalize_graph(texts)
        else:
            # Beyond ASCII, TensorFlow listens to the locale: I becomes ı where that is Turkish. So none is left then.
            texts = tf.strings.lower(tf.strings.lower(texts), encoding="utf-8")
    return tf.strings.split(texts)


class GraphVocabulary(tf.Module):
    """A vocabulary in the graph. Whatever exports a graph with it has to track it, since it owns a table.

    Args:
        vocabulary: Words and ids.
        asset: A file that is written, for a SavedModel to take along as the asset from which it reads the words: the
            lines of `Vocabulary.save`, but with `PADDING_LINE` for the first. None keeps the words in the graph.

    Example:

    >>> vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "so", "sad")))
    >>> vocabulary.encode(tf.constant(["So very sad", ""]), max_words=128).numpy()
    array([[2, 1, 3],
           [0, 0, 0]], dtype=int32)
    """

    def __init__(self, vocabulary: Vocabulary, asset: Path | None = None):
        super().__init__()
        initializer: tf.lookup.KeyValueTensorInitializer | tf.lookup.TextFileInitializer
        if asset is None:
            ids = tf.range(len(vocabulary), dtype=tf.int64)
            initializer = tf.lookup.KeyValueTensorInitializer(vocabulary.words, ids)
        else:
            write_text(asset, "".join(f"{word or PADDING_LINE}\n" for word in vocabulary.words))
            line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            initializer = tf.lookup.TextFileInitializer(str(asset), tf.string, line, tf.int64, number)
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    def encode(self, texts: tf.Tensor, max_words: int) -> tf.Tensor:
        """`Vocabulary.encode` for a batch.

        Args:
            texts: (B,) strings in UTF-8.
            max_words: Where to cut each transcript, in tokens.

        Returns:
            (B, M) int32, padded with 0 to the longest of the batch, M being at least 1.
        """
        ids = tf.cast(self._table.lookup(tokenize_graph(texts)[:, :max_words]), tf.int32).to_tensor(PADDING)
        return tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]], constant_values=PADDING)
