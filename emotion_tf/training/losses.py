"""A loss of pairs beside the loss of classes."""

from typing import Any

import keras


class ClassificationAndVerification(keras.losses.Loss):
    """Cross-entropy of the classes plus that of the request whether two utterances have the same emotion.

    Two utterances with the probabilities p and q have the same emotion with the probability pᵀq, if each class is drawn
    by itself. Every pair of the batch is asked; an utterance's loss is the mean over its partners, and nothing in a
    batch of one.

    Args:
        weight: Weight of the verification.
        label_smoothing: As in `keras.losses.CategoricalCrossentropy`; pairs are not smoothed.

    Call arguments:
        y_true: One-hot labels (B, C).
        y_pred: Probabilities (B, C).

    Example: the pair has the same emotion, and the network says so with the probability 0.9² + 0.1² = 0.82.

    >>> labels = keras.ops.convert_to_tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> answers = keras.ops.convert_to_tensor([[0.9, 0.1], [0.9, 0.1]])
    >>> both, classes = (ClassificationAndVerification(weight)(labels, answers) for weight in (1.0, 0.0))
    >>> round(float(keras.ops.exp(classes - both)), 3)
    0.82

    Reference:
        Hsu et al., "Multi-class Classification without Multi-class Labels", ICLR 2019, for the likelihood of a pair.
    """

    def __init__(self, weight: float, label_smoothing: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.weight = weight
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Losses (B,)."""
        classes = keras.losses.categorical_crossentropy(y_true, y_pred, label_smoothing=self.label_smoothing)
        same = keras.ops.matmul(y_true, keras.ops.transpose(y_true))  # (B, B)
        answer = keras.ops.matmul(y_pred, keras.ops.transpose(y_pred))
        count = keras.ops.shape(y_true)[0]
        others = 1 - keras.ops.eye(count, dtype=y_pred.dtype)
        pairs = others * keras.ops.binary_crossentropy(same, answer)
        partners = keras.ops.maximum(keras.ops.sum(others, axis=1), 1)
        return classes + self.weight * keras.ops.sum(pairs, axis=1) / partners

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "weight": self.weight, "label_smoothing": self.label_smoothing}
