"""Losses beside the cross-entropy of Keras: of pairs, and of votes."""

from typing import Any

import keras

from emotion_tf.config import Config


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


class VoteDivergence(keras.losses.Loss):
    """Kullback-Leibler divergence of the probabilities from the shares of the raters' votes.

    Its gradient is that of the cross-entropy; it is 0, and not the entropy of the raters, where the network says what
    the raters said.

    Args:
        label_smoothing: As in `keras.losses.CategoricalCrossentropy`.

    Call arguments:
        y_true: Shares of the votes (B, C), one-hot where there are none.
        y_pred: Probabilities (B, C).

    Example:

    >>> shares = keras.ops.convert_to_tensor([[0.75, 0.25]])
    >>> round(float(VoteDivergence()(shares, keras.ops.convert_to_tensor([[0.5, 0.5]]))), 4)
    0.1308
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Losses (B,)."""
        y_true = y_true * (1 - self.label_smoothing) + self.label_smoothing / y_true.shape[-1]
        least = keras.config.epsilon()
        kept = keras.ops.clip(y_pred, least, 1.0)
        # Where the share is 0, the logarithm of the smallest number stands for that of 0, and counts for nothing.
        terms = y_true * (keras.ops.log(keras.ops.maximum(y_true, least)) - keras.ops.log(kept))
        return keras.ops.sum(terms, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def choose_loss(config: Config) -> keras.losses.Loss:
    """The loss of the settings."""
    training = config.training
    smoothing = training.label_smoothing
    if training.verification:
        return ClassificationAndVerification(training.verification, smoothing)
    if training.focal_gamma:
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=training.focal_gamma, label_smoothing=smoothing
        )
    if config.labels.votes:
        return VoteDivergence(smoothing)
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
