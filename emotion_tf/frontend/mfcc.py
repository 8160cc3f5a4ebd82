"""The acoustic front end in the form that the paper uses."""

from typing import Any

import keras

from emotion_tf.config import FeatureConfig
from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.acoustic_front_end import AcousticFrontEnd


@keras.saving.register_keras_serializable(package="emotion_tf")
class MFCC(AcousticFrontEnd):
    """From waves to mel-frequency cepstral coefficients and their deltas.

    Args:
        features: The settings of the front end; their representation is `mfcc`.
        silence_is_absence: Whether a wave of exact zeros alone counts as no recording.

    Raises:
        EmotionTFError: If the settings ask for another representation.

    Example:

    >>> MFCC()(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 101, 96])

    Reference:
        Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980.
    """

    def __init__(self, features: FeatureConfig | None = None, silence_is_absence: bool = False, **kwargs: Any):
        super().__init__(features, silence_is_absence, **kwargs)
        if self.features.representation != "mfcc":
            raise EmotionTFError(
                "MFCC computes cepstral coefficients",
                expected="features.representation mfcc",
                received=self.features.representation,
                fix="use AcousticFrontEnd",
            )
