"""One convolution over the sound, and one pooling."""

from emotion_tf.config import Config
from emotion_tf.layers import StatisticalPooling
from emotion_tf.models.blocks import Encoding, audio_input, convolution, normalize
from emotion_tf.models.preprocessing import Preprocessing


def cnn(config: Config, preprocessing: Preprocessing) -> Encoding:
    """A single-layer convolution with global maximum or global average pooling: MSCNN-SPU without its two ideas.

    It stems from no paper of its own. The presets give it kernels of one size, 7 frames, in the midst of those of
    MSCNN.

    Args:
        config: `config.model` gives `audio_kernel_sizes`, `filters`, `pooling` and the classifier.
        preprocessing: Normalisation.

    Returns:
        The input `features` (B, T, D) float32, padded with zero frames; and the vector that the classifier gets.
    """
    features = audio_input(config)
    frames = normalize(features, config, preprocessing)  # (B, T, D)
    maps = convolution(config, config.model.audio_kernel_sizes, "audio_cnn")(frames)  # (B, T, S, F)
    pooled = StatisticalPooling((config.model.pooling,), name="pooling")(maps)  # (B, 1, S, F)
    return {"features": features}, [pooled]
