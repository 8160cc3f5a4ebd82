"""The metrics by which emotion recognisers are compared, while they are trained."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class UnweightedAccuracy(keras.metrics.Metric):
    """Mean of the recalls of the classes that occur.

    Args:
        num_classes: Number of classes, C.

    Call arguments:
        y_true: One-hot labels (B, C), or shares of votes.
        y_pred: Probabilities (B, C).
    """

    def __init__(self, num_classes: int, name: str = "ua", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.num_classes = num_classes
        self.right = self.add_variable((num_classes,), keras.initializers.Zeros(), name="right")
        self.total = self.add_variable((num_classes,), keras.initializers.Zeros(), name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch; weights of examples are ignored, since recalls weigh the classes already."""
        # Of votes, the class of the majority counts.
        y_true = keras.ops.one_hot(keras.ops.argmax(y_true, axis=-1), self.num_classes, dtype=self.dtype)
        predicted = keras.ops.one_hot(keras.ops.argmax(y_pred, axis=-1), self.num_classes, dtype=self.dtype)
        self.right.assign_add(keras.ops.sum(y_true * predicted, axis=0))
        self.total.assign_add(keras.ops.sum(y_true, axis=0))

    def result(self) -> Any:
        """The mean recall so far, from 0 to 1."""
        recalls = self.right / keras.ops.maximum(self.total, 1.0)
        occurring = keras.ops.sum(keras.ops.cast(self.total > 0, self.dtype))
        return keras.ops.sum(recalls) / keras.ops.maximum(occurring, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable(package="emotion_tf")
class MeanConcordance(keras.metrics.Metric):
    """Mean of the concordance correlation coefficients of the dimensions, over all batches together.

    Ratings that are missing, NaN, count for nothing; nor does a dimension without two ratings, or whose ratings and
    predictions are all the same number.

    Args:
        dimensions: Number of dimensions, K.

    Call arguments:
        y_true: Ratings (B, K), NaN where one is missing.
        y_pred: Predictions (B, K).

    Example: the shift of 1 costs as much as it would in one batch of three.

    >>> metric = MeanConcordance(dimensions=1)
    >>> metric.update_state(keras.ops.convert_to_tensor([[1.0], [2.0]]), keras.ops.convert_to_tensor([[2.0], [3.0]]))
    >>> metric.update_state(keras.ops.convert_to_tensor([[3.0]]), keras.ops.convert_to_tensor([[4.0]]))
    >>> round(float(metric.result()), 4)
    0.5714

    Reference:
        Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance", The American Statistician 37(3), 1983,
        for the merging of batches.
    """

    def __init__(self, dimensions: int, name: str = "ccc", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.dimensions = dimensions
        # Of each: count, both means, both sums of squared deviations, and that of their products.
        self.sums = self.add_variable((6, dimensions), keras.initializers.Zeros(), name="sums")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Merges a batch into the sums; weights of examples are ignored."""
        ops = keras.ops
        there = ops.cast(ops.logical_not(ops.isnan(y_true)), self.dtype)  # (B, K)
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        y_true = ops.where(there > 0, y_true, ops.zeros_like(y_true))
        count = ops.sum(there, axis=0)
        means = [ops.sum(there * values, axis=0) / ops.maximum(count, 1) for values in (y_true, y_pred)]
        off_true, off_pred = there * (y_true - means[0]), there * (y_pred - means[1])
        products = ((off_true, off_true), (off_pred, off_pred), (off_true, off_pred))
        spreads = [ops.sum(one * other, axis=0) for one, other in products]
        before, mean_true, mean_pred, *old = ops.unstack(self.sums.value, 6)
        total = before + count
        # Merging deviations loses no digits, as a difference of two large sums would.
        shifts = means[0] - mean_true, means[1] - mean_pred
        weight = before * count / ops.maximum(total, 1)
        pairs = ((shifts[0], shifts[0]), (shifts[1], shifts[1]), (shifts[0], shifts[1]))
        merged = [was + new + weight * one * other for was, new, (one, other) in zip(old, spreads, pairs, strict=True)]
        moved = [
            was + shift * count / ops.maximum(total, 1)
            for was, shift in zip((mean_true, mean_pred), shifts, strict=True)
        ]
        self.sums.assign(ops.stack([total, *moved, *merged]))

    def result(self) -> Any:
        """The mean concordance so far, from -1 to 1; 0 where no dimension counts."""
        ops = keras.ops
        count, mean_true, mean_pred, square_true, square_pred, product = ops.unstack(self.sums.value, 6)
        divisor = square_true + square_pred + count * ops.square(mean_true - mean_pred)
        useful = ops.logical_and(count >= 2, divisor > 0)
        agreement = ops.where(useful, 2 * product / ops.where(useful, divisor, ops.ones_like(divisor)), 0.0)
        return ops.sum(agreement) / ops.maximum(ops.sum(ops.cast(useful, self.dtype)), 1.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dimensions": self.dimensions}
