"""From the bytes of an audio file to samples: one module for each family of formats. None of them needs TensorFlow."""

from emotion_tf.audio.decode.content import decode, decode_blocks, seconds_of

__all__ = ["decode", "decode_blocks", "seconds_of"]
