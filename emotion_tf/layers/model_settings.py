"""What an answer needs beside the weights, kept inside the model."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.text.tokenizer import tokenizer_rules


@keras.saving.register_keras_serializable(package="emotion_tf")
class ModelSettings(keras.layers.Layer):
    """Passes its input on unchanged; its configuration travels in every `.keras` file of a model that holds it.

    `emotion_tf.models.build` and `backbone` end in this layer, so that `model.save("mine.keras")` needs no files beside
    it: `emotion_tf.load` finds settings, labels and vocabulary here. It has no weights, and no runtime spends an op on
    it. Masks are passed on.

    Args:
        settings: The settings of the model.
        labels: The names of the classes, in the order of the probabilities.
        vocabulary: The words by id; empty for a model that does not read.
        tokenizer: The rules by which transcripts become words; those of this release if None.
        notes: What a reader of the model's card must know, a sentence each.

    Call arguments:
        inputs: Any tensor.

    Returns:
        The same tensor.

    Example:

    >>> layer = ModelSettings(Config(), labels=["calm", "tense"])
    >>> ModelSettings.from_config(layer.get_config()).labels
    ('calm', 'tense')
    >>> layer(keras.ops.ones((1, 2))).shape
    TensorShape([1, 2])
    """

    def __init__(
        self,
        settings: Config,
        labels: Sequence[str],
        vocabulary: Sequence[str] = (),
        tokenizer: dict[str, Any] | None = None,
        notes: Sequence[str] = (),
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.settings = settings
        self.labels = tuple(labels)
        self.vocabulary = tuple(vocabulary)
        self.tokenizer = tokenizer_rules() if tokenizer is None else tokenizer
        self.notes = tuple(notes)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Gives back `inputs`."""
        return inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the settings as plain values."""
        return {
            **super().get_config(),
            "settings": self.settings.as_dict(),
            "labels": list(self.labels),
            "vocabulary": list(self.vocabulary),
            "tokenizer": dict(self.tokenizer),
            "notes": list(self.notes),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ModelSettings":
        """The inverse of `get_config`."""
        return cls(**{**config, "settings": Config.from_dict(config["settings"])})

    @staticmethod
    def of(model: keras.Model) -> "ModelSettings | None":
        """The layer of this class in a model or in a model inside it; None if there is none."""
        for layer in model.layers:
            if isinstance(layer, ModelSettings):
                return layer
            found = ModelSettings.of(layer) if isinstance(layer, keras.Model) else None
            if found is not None:
                return found
        return None
