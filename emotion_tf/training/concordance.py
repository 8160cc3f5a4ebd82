"""The loss of ratings such as arousal: how far predictions are from agreeing with them."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class ConcordanceLoss(keras.losses.Loss):
    """One minus the concordance correlation coefficient of a batch, as the mean over the dimensions.

    A rating that is missing, NaN, counts for nothing. A dimension without two ratings in the batch adds 0, and so does
    one whose ratings and predictions are all the same number.

    The loss belongs to the batch as a whole: every utterance gets the same.

    Call arguments:
        y_true: Ratings (B, K), NaN where one is missing.
        y_pred: Predictions (B, K).

    Example:

    >>> ratings = keras.ops.convert_to_tensor([[1.0], [2.0], [3.0]])
    >>> float(ConcordanceLoss()(ratings, ratings)), round(float(ConcordanceLoss()(ratings, ratings + 1)), 4)
    (0.0, 0.4286)

    Reference:
        Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics 45(1), 1989.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Losses (B,), all alike."""
        ops = keras.ops
        there = ops.cast(ops.logical_not(ops.isnan(y_true)), y_pred.dtype)  # (B, K)
        y_true = ops.where(there > 0, y_true, ops.zeros_like(y_true))
        count = ops.maximum(ops.sum(there, axis=0), 1)
        mean_true, mean_pred = (ops.sum(there * values, axis=0) / count for values in (y_true, y_pred))
        off_true, off_pred = there * (y_true - mean_true), there * (y_pred - mean_pred)
        covariance = ops.sum(off_true * off_pred, axis=0) / count
        spread = ops.sum(ops.square(off_true) + ops.square(off_pred), axis=0) / count
        divisor = spread + ops.square(mean_true - mean_pred)
        useful = ops.logical_and(ops.sum(there, axis=0) >= 2, divisor > 0)
        # The divisor of what counts for nothing must not be zero, or its gradient would be NaN.
        agreement = 2 * covariance / ops.where(useful, divisor, ops.ones_like(divisor))
        losses = ops.where(useful, 1 - agreement, ops.zeros_like(agreement))  # (K,)
        return ops.mean(losses) * ops.ones_like(y_pred[:, 0])
