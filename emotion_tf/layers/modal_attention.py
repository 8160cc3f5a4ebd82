"""Attention of one modality over the sequence of another."""

from typing import Any

import keras

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers.masking import masked_softmax

PAIRINGS = ("paired", "all_pairs")


@keras.saving.register_keras_serializable(package="emotion_tf")
class ModalAttention(keras.layers.Layer):
    """The audio looks at the words: each pooled statistic of the audio weighs the positions of the text maps.

    For each statistic γ, with e the audio's pooled vector and h the text map at position k, the weights are the softmax
    over k of eᵀh, and the result is the sum of the h so weighted. Scores and softmax are computed in float32. The layer
    has no weights.

    Mask: masked positions take no weight, and the mask ends here. Where all positions are masked, the result is zero.

    Args:
        pairing: The paper leaves open how audio scales meet text scales. `paired` lets audio scale i look at text scale
            i, `all_pairs` every audio scale at every text scale.

    Call arguments:
        inputs: The pair of context (B, 3, S_audio, F), which `StatisticalPooling` gives, and maps (B, M, S_text, F),
            which `MultiScaleConv2D` gives.
        mask: The pair of None and the mask (B, M) of the maps; None where all positions count.
        return_attention_scores: Also return the weights.

    Returns:
        (B, 3, S, F) for `paired`, (B, 3, S_audio, S_text, F) for `all_pairs`; with `return_attention_scores`, also the
        weights (B, 3, S, M) or (B, 3, S_audio, S_text, M).

    Raises:
        EmotionTFError: If the shapes do not fit the pairing.

    Example:

    >>> context, maps = keras.ops.ones((2, 3, 4, 128)), keras.ops.ones((2, 20, 4, 128))
    >>> ModalAttention()([context, maps]).shape
    TensorShape([2, 3, 4, 128])

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """

    def __init__(self, pairing: str = "paired", **kwargs: Any):
        super().__init__(**kwargs)
        if pairing not in PAIRINGS:
            raise EmotionTFError("unknown pairing", expected=" or ".join(PAIRINGS), received=repr(pairing))
        self.pairing = pairing
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks that context and maps fit each other."""
        context, maps = input_shape
        if len(context) != 4 or len(maps) != 4 or context[-1] != maps[-1]:
            raise EmotionTFError(
                "context and maps do not fit",
                expected="(B, 3, S_audio, F) and (B, M, S_text, F) with one F",
                received=f"{context} and {maps}",
            )
        if self.pairing == "paired" and context[2] != maps[2]:
            raise EmotionTFError(
                "paired attention needs as many audio scales as text scales",
                received=f"{context[2]} and {maps[2]}",
                fix="use pairing='all_pairs'",
            )

    def call(self, inputs: Any, mask: Any = None, return_attention_scores: bool = False) -> Any:
        """Attends."""
        context, maps = (keras.ops.cast(tensor, "float32") for tensor in inputs)
        maps = keras.ops.transpose(maps, (0, 2, 1, 3))  # (B, S_text, M, F)
        context = keras.ops.transpose(context, (0, 2, 1, 3))  # (B, S_audio, 3, F)
        if self.pairing == "all_pairs":
            maps = keras.ops.expand_dims(maps, 1)  # (B, 1, S_text, M, F)
            context = keras.ops.expand_dims(context, 2)  # (B, S_audio, 1, 3, F)
        scores = keras.ops.matmul(context, keras.ops.swapaxes(maps, -1, -2))  # (B, S..., 3, M)
        if mask is None or mask[1] is None:
            weights = keras.ops.softmax(scores, axis=-1)
        else:
            shape = (-1, *[1] * (len(scores.shape) - 2), keras.ops.shape(scores)[-1])
            weights = masked_softmax(scores, keras.ops.reshape(keras.ops.cast(mask[1], "float32"), shape))
        attended = keras.ops.matmul(weights, maps)  # (B, S..., 3, F)
        # The statistics come first, as in the context.
        last = len(attended.shape) - 1
        order = (0, last - 1, *range(1, last - 1), last)
        attended = keras.ops.cast(keras.ops.transpose(attended, order), self.compute_dtype)
        return (attended, keras.ops.transpose(weights, order)) if return_attention_scores else attended

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Attention ends the mask."""
        return

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "pairing": self.pairing}
