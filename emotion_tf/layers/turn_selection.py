"""The words of the present turn, or those of the turns before it."""

from typing import Any

import keras

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.vocabulary import MARK_IDS, PADDING

PARTS = ("present", "earlier")


@keras.saving.register_keras_serializable(package="emotion_tf")
class TurnSelection(keras.layers.Layer):
    """Keeps the embeddings of one part of a transcript with context, as `emotion_tf.text.dialogue` writes it.

    The present turn goes to the first mark. From there on the words are those of earlier turns, and the marks are among
    them: their embeddings tell that somebody spoke, and who.

    Mask: only words of the part are let through; what is not goes on as zeros.

    Args:
        part: `present` or `earlier`.

    Call arguments:
        inputs: Word embeddings (B, M, E), and the word ids (B, M) int32 of which they are.

    Returns:
        (B, M, E).

    Raises:
        EmotionTFError: If there is no such part.

    Example:

    >>> ids = keras.ops.convert_to_tensor([[7, 8, 3, 9, 0]])
    >>> embeddings = keras.ops.ones((1, 5, 1))
    >>> TurnSelection("present")([embeddings, ids])[0, :, 0].numpy().tolist()
    [1.0, 1.0, 0.0, 0.0, 0.0]
    >>> TurnSelection("earlier")([embeddings, ids])[0, :, 0].numpy().tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0]
    """

    def __init__(self, part: str, **kwargs: Any):
        super().__init__(**kwargs)
        if part not in PARTS:
            raise EmotionTFError("no such part of a transcript", expected=" or ".join(PARTS), received=repr(part))
        self.part = part
        self.supports_masking = True

    def _selected(self, word_ids: Any) -> Any:
        """(B, M), True where a word is of the part."""
        marks = keras.ops.logical_and(word_ids >= MARK_IDS[0], word_ids <= MARK_IDS[-1])
        before = keras.ops.cumsum(keras.ops.cast(marks, "int32"), axis=1)  # (B, M): marks up to here
        of_part = before > 0 if self.part == "earlier" else keras.ops.equal(before, 0)
        return keras.ops.logical_and(of_part, keras.ops.not_equal(word_ids, PADDING))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Puts zeros in place of the other part."""
        embeddings, word_ids = inputs
        return embeddings * keras.ops.expand_dims(keras.ops.cast(self._selected(word_ids), embeddings.dtype), -1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where a word is of the part."""
        return self._selected(inputs[1])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the embeddings."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "part": self.part}
