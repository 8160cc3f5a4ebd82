"""The metric by which emotion recognisers are compared, while they are trained."""

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
